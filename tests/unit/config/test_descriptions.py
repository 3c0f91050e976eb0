"""The docstrings of the settings' fields, read from the source."""

from pydantic import Field, create_model

from sidecar.config.descriptions import descriptions
from sidecar.config.model import CONFIG
from sidecar.config.schema import models
from sidecar.policies.settings import Settings


class Lower(Settings):
    """A model."""

    first: int = 1
    """The first,
    in two lines."""
    bare: int = 2


class Upper(Lower):
    """One derived from it."""

    second: int = Field(3, description="Said to the field.")
    first: int = 4
    """Said again."""


def test_a_field_is_described_by_the_text_below_it() -> None:
    assert descriptions(Lower) == {"first": "The first,\nin two lines."}


def test_what_the_derived_model_says_counts() -> None:
    assert descriptions(Upper) == {"first": "Said again.", "second": "Said to the field."}


def test_a_model_made_at_run_time_has_what_its_base_says() -> None:
    made = create_model("Made", __base__=Upper, third=(int, Field(5, description="Third.")))
    assert descriptions(made) == {"first": "Said again.", "second": "Said to the field.", "third": "Third."}


def test_every_setting_is_described() -> None:
    bare = {
        f"{name}.{field}": ""
        for name, model in models().items()
        for field in model.model_fields
        if not descriptions(model).get(field)
    }
    assert bare == {}
    assert "version" in descriptions(CONFIG)
