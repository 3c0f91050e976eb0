"""The pages say what the code says: rooms, headers, fields, libraries, version."""

import re
import tomllib
from typing import get_args

from sidecar import __version__
from sidecar.cli.main import COMMANDS
from sidecar.config.model import Log
from sidecar.core.errors import ERRORS, Sent
from sidecar.core.headers import OWN_NAMES
from sidecar.http.head import HOP_BY_HOP
from sidecar.policies.order import ORDER
from sidecar.policies.settings import Settings
from sidecar.policies.tracking import Tracking
from sidecar.rules.classify import outcome
from tests.docs.pages import ROOT, names, page

ROOMS = [policy.name for policy in ORDER]


def test_the_journey_has_the_rooms_of_the_code_in_their_order() -> None:
    rows = page("docs/journey.md").table("## The rooms")
    assert [row[0] for row in rows] == ["wire", "routing", *ROOMS, "pool", "wire"]
    for policy, (_, files, _) in zip(ORDER, rows[2:-2], strict=True):
        assert names(files) == {policy.build.__module__.replace(".", "/") + ".py"}


def test_the_picture_has_the_rooms_of_the_code_in_their_order() -> None:
    picture = (ROOT / "docs" / "journey.svg").read_text(encoding="utf-8")
    rooms = re.findall(r"rotate\(-90\)\">([^<]+)<", picture)
    assert rooms == ["wire", "routing", *ROOMS, "pool + wire"]


def test_the_readme_explains_the_headers_of_the_contract() -> None:
    rows = page("README.md").table("## What the headers mean")
    assert [row[0] for row in rows] == [
        f"`{name}`"
        for name in (
            Tracking().request_header, "Sidecar-Request-Id", "Sidecar-Attempts", "Sidecar-Outcome", "Proxy-Status",
            "Retry-After", "Sidecar-Timeout", "traceparent",
        )
    ]  # fmt: skip


def test_the_page_of_the_headers_has_all_of_them() -> None:
    text = page("docs/headers.md")
    headings = ("## To the provider", "## From the app to the sidecar", "## To the app")
    known = {name.lower() for heading in headings for row in text.table(heading) for name in names(row[0])}
    tracking = {name.lower() for name in (Tracking().request_header, *Tracking().response_headers)}
    assert {name.decode() for name in OWN_NAMES} | tracking <= known
    spoken = {name.lower() for name in names(text.prose)}
    assert {name.decode() for name in HOP_BY_HOP} - {"http2-settings"} <= spoken


def test_the_page_of_the_headers_has_every_outcome_and_every_sent() -> None:
    text = page("docs/headers.md")
    outcomes = {outcome(status, {}) for status in range(100, 600)} | {error.outcome for error in ERRORS}
    shown = [row[0].strip("`") for row in text.table("## Outcome")]
    assert len(shown) == len(set(shown))
    assert set(shown) == outcomes
    assert re.findall(r"^\| `(nothing|maybe|all)` ", text.text, re.MULTILINE) == list(Sent)


def test_the_decisions_name_every_library_of_the_run_time() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["cli"], *extras["otlp"]]
    rows = page("docs/decisions.md").table("### 2026-11-21: what is needed at run time")
    assert {row[0].strip("`") for row in rows} == {re.split(r"[><=~\[]", one)[0] for one in needed}


def test_every_decision_has_a_date() -> None:
    headings = re.findall(r"^### (.*)$", page("docs/decisions.md").text, re.MULTILINE)
    assert len(headings) >= 20
    assert [one for one in headings if not re.match(r"\d{4}-\d\d-\d\d: \S", one)] == []


def test_the_order_of_imports_is_the_one_that_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    order = " > ".join(layer.replace("sidecar.", "") for layer in contract["layers"])
    assert order in page("docs/decisions.md").text.replace("\n", " ")


def test_the_changelog_has_this_version_and_every_command() -> None:
    text = page("CHANGELOG.md").text
    assert re.search(rf"^## \[{re.escape(__version__)}\] - ", text, re.MULTILINE)
    assert [name for name in COMMANDS if f"`{name}`" not in text and f"`sidecar {name}`" not in text] == []


def test_every_key_of_timeouts_exists_that_a_page_names() -> None:
    known = {policy.key: policy.settings for policy in ORDER if policy.key and policy.settings} | {"log": Log}
    for each in ("README.md", "docs/headers.md", "docs/logging.md", "docs/journey.md", "docs/decisions.md"):
        for name in names(page(each).prose):
            key, _, field = name.partition(".")
            settings: type[Settings] | None = known.get(key)
            if settings is not None and re.fullmatch(r"[a-z_]+(: \w+)?", field):
                value = field.partition(": ")
                assert value[0] in settings.model_fields, name
                choices = get_args(settings.model_fields[value[0]].annotation)
                assert not value[2] or not choices or value[2] in choices, name


def test_operations_say_of_every_metric_what_to_do() -> None:
    metrics = set(re.findall(r"^\| `(\w+)`", page("docs/metrics.md").text, re.MULTILINE))
    told: list[str] = []
    for title in ("### Calls", "### The provider", "### Policies", "### The sidecar itself"):
        told += [name for row in page("docs/operations.md").table(title) for name in names(row[0])]
    assert sorted(told) == sorted(metrics)


def test_every_folder_of_tests_is_in_a_lane_of_make_test() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lanes = makefile[makefile.index("\ntest-parts:") : makefile.index("\ncheck:")]
    there = {file.relative_to(ROOT / "tests").parts[0] for file in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"tests/(\w+)", lanes)) == there
