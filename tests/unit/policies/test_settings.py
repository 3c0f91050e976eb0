import pytest
from pydantic import ValidationError

from sidecar.policies.settings import Duration, Fraction, Settings, Size


class Model(Settings):
    """One value of each kind."""

    wait: Duration = 1.0
    size: Size = 10
    share: Fraction = 0.5
    name: str = "x"
    inner: Settings | None = None


@pytest.mark.parametrize(
    ("given", "key", "value"),
    [
        ({"wait": "250ms"}, "wait", 0.25),
        ({"wait": 0}, "wait", 0.0),
        ({"size": "64KiB"}, "size", 65536),
        ({"size": 512}, "size", 512),
        ({"share": "20%"}, "share", 0.2),
        ({"share": 0.3}, "share", 0.3),
        ({}, "wait", 1.0),
    ],
)
def test_right(given: dict[str, object], key: str, value: float) -> None:
    assert getattr(Model.model_validate(given), key) == value


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"wait": 5}, "needs a unit"),
        ({"wait": True}, "not a duration"),
        ({"wait": None}, "not a duration"),
        ({"size": True}, "not a size"),
        ({"size": 1.5}, "not a size"),
        ({"share": "120%"}, "out of range"),
        ({"share": []}, "not a percentage"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_wrong(given: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Model.model_validate(given)


def test_values_never_change() -> None:
    with pytest.raises(ValidationError):
        Model().wait = 2.0


def test_texts_do_not_show() -> None:
    shown = repr(Model(name="s3cret", inner=Settings()))
    assert "s3cret" not in shown
    assert "wait=1.0" in shown
