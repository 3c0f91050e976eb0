"""The dashboard is made from its description, and Grafana can lay it out and fill it in."""

import re
from itertools import combinations
from typing import Any

import pytest

from k8s.monitoring.dashboard import __main__ as made
from k8s.monitoring.dashboard.owner import STATES
from tests.dashboard.grafana import DASHBOARD, FILE, PANELS, TEXT, VARIABLES, expressions
from tests.docs.pages import page

ROWS = [panel for panel in PANELS if panel["type"] == "row"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
ASKING = [panel for panel in SHOWN if panel["type"] != "text"]
UNITS = {"short", "none", "reqps", "cps", "s", "bytes", "percentunit"}
OF_GRAFANA = {"__range", "__range_s", "__rate_interval", "__interval"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
MOST_BYTES = 200_000
"""`kubectl apply` writes the whole object into an annotation; all annotations together may have 262144 bytes."""


def _name(panel: dict[str, Any]) -> str:
    return str(panel["title"])


def test_the_file_is_what_its_description_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert made.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_file_is_told_and_written_anew(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "dashboard.json"
    stale.write_text("{}")
    monkeypatch.setattr(made, "FILE", stale)
    assert made.main(["--check"]) == 1
    assert "run python -m k8s.monitoring.dashboard" in capsys.readouterr().err
    assert stale.read_text() == "{}"
    assert made.main([]) == 0
    assert stale.read_text(encoding="utf-8") == FILE.read_text(encoding="utf-8")


def test_links_and_settings_that_people_rely_on() -> None:
    told = {key: DASHBOARD[key] for key in ("uid", "refresh", "timezone", "schemaVersion")}
    assert told == {"uid": "resilience-sidecar", "refresh": "30s", "timezone": "browser", "schemaVersion": 38}
    assert "id" not in DASHBOARD  # Grafana gives its own
    assert "__inputs" not in DASHBOARD  # only an import by hand fills them in
    (link,) = DASHBOARD["links"]
    assert (link["url"], VARIABLES["runbooks"]["query"]) == ("${runbooks}", "https://sidecar.invalid/runbooks")


def test_it_fits_into_an_object_that_is_applied() -> None:
    assert len(TEXT.encode()) < MOST_BYTES


def test_the_first_row_is_for_the_owner_of_the_product() -> None:
    assert [panel["title"] for panel in PANELS[:6]] == [
        "Are our providers fine, and what does it cost us?",
        "Is it fine now?",
        "What the words mean",
        "What did it cost us in the time shown?",
        "When was it not fine?",
        "Who is affected?",
    ]
    assert [panel["title"] for panel in ROWS] == [
        "Are our providers fine, and what does it cost us?",
        "Calls",
        "Latency",
        "Tries and retries",
        "Breakers and switches",
        "Limits",
        "Pools and connections",
        "The sidecar itself",
    ]


def test_every_panel_has_an_id_of_its_own() -> None:
    ids = [panel["id"] for panel in PANELS]
    assert len(ids) == len(set(ids))
    assert len(SHOWN) >= 40


def test_titles_are_not_used_twice() -> None:
    titles = [panel["title"] for panel in PANELS]
    assert sorted(titles) == sorted(set(titles))


def test_no_two_panels_overlap_and_none_stands_out() -> None:
    places = [panel["gridPos"] for panel in PANELS]
    for one in places:
        assert one["w"] > 0
        assert one["h"] > 0
        assert one["x"] >= 0
        assert one["x"] + one["w"] <= 24
    for one, other in combinations(places, 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart or below, (one, other)


def test_panels_stand_below_the_heading_they_belong_to() -> None:
    heights = [panel["gridPos"]["y"] for panel in PANELS]
    rows = [index for index, panel in enumerate(PANELS) if panel["type"] == "row"]
    for index in rows[1:]:
        assert max(heights[:index]) < heights[index]
        assert heights[index] < min(heights[index + 1 :])


@pytest.mark.parametrize("panel", SHOWN, ids=_name)
def test_every_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert len(panel["description"].split()) >= 5
    assert panel["description"].endswith((".", "?"))


@pytest.mark.parametrize("panel", ASKING, ids=_name)
def test_every_panel_has_a_unit_the_chosen_source_and_a_word_for_nothing(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    assert defaults["noValue"]
    assert panel["datasource"] == SOURCE
    assert panel["targets"]
    assert [target["datasource"] for target in panel["targets"]] == [SOURCE] * len(panel["targets"])
    letters = [target["refId"] for target in panel["targets"]]
    assert len(letters) == len(set(letters))


def test_annotations_and_variables_ask_the_chosen_source() -> None:
    marks = DASHBOARD["annotations"]["list"]
    assert [one["name"] for one in marks] == ["Breaker opened", "Kill switch", "Reload"]
    asking = [*marks, *(one for one in VARIABLES.values() if one["type"] == "query")]
    assert [one["datasource"] for one in asking] == [SOURCE] * len(asking)


def test_the_variables() -> None:
    assert list(VARIABLES) == ["datasource", "namespace", "pod", "provider", "route", "runbooks"]
    for name in ("namespace", "pod", "provider", "route"):
        assert (VARIABLES[name]["multi"], VARIABLES[name]["includeAll"]) == (True, True)


def test_every_variable_that_is_used_exists_and_every_one_is_used() -> None:
    used = set(re.findall(r"\$\{?(\w+)", TEXT))
    used.discard("__all")
    assert used - OF_GRAFANA == set(VARIABLES)


@pytest.mark.parametrize("one", expressions(), ids=str)
def test_counters_are_read_over_a_window_of_grafanas_choice(one: Any) -> None:
    """A fixed one only where the first row says five minutes."""
    fixed = set(re.findall(r"\[([^$\]]+)\]", one.text))
    assert fixed <= ({"5m"} if one.place in {"Is it fine now?", "What did it cost us in the time shown?"} else set())


def test_the_words_of_the_states_are_explained_beside_them() -> None:
    legend = next(panel for panel in PANELS if panel["type"] == "text")["options"]["content"]
    for state in STATES:
        assert f"**{state.word}**: {state.meaning}" in legend
    shown = [panel for panel in PANELS[:6] if panel["type"] in {"stat", "state-timeline"}]
    for panel in shown:
        (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
        assert {key: value["text"] for key, value in mapping["options"].items()} == {
            "0": "OK", "1": "Degraded", "2": "Down", "3": "Access denied", "4": "Switched off", "-1": "No calls",
        }  # fmt: skip


def test_the_page_about_it_has_its_words_its_columns_and_its_rows() -> None:
    about = page("docs/dashboard.md")
    assert about.table("## For the owner of a product") == [[state.word, state.meaning] for state in STATES]
    cost = about.text.partition("**What did it cost us")[2].partition("\n\n**")[0]
    columns = re.findall(r"^\| ([^|]+) \|", cost, re.MULTILINE)[1:]
    told = [name for one in columns for name in one.split(", ")]
    (table,) = [panel for panel in PANELS if panel["title"] == "What did it cost us in the time shown?"]
    assert told == [target["legendFormat"] for target in table["targets"][1:]]
    assert [row[0] for row in about.table("## For engineers")] == [panel["title"] for panel in ROWS[1:]]
