"""Every alert has a page, and what the pages tell people to type works."""

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from sidecar.cli.main import COMMANDS, main
from tests.alerts.rules import PAGES, RULES, alerts, missing, page_of, samples
from tests.docs.pages import ROOT, Page, page
from tests.docs.test_links import LINK, _anchors
from tests.support.prometheus import promtool

HEADINGS = [
    "## What it means", "## See more", "## Likely causes", "## What to do now", "## Tune or silence it",
    "## When it ends",
]  # fmt: skip
INDEX = page("docs/runbooks/README.md")
RUNBOOKS = {alert: page(f"docs/runbooks/{page_of(alert)}.md") for alert in alerts()}
each = pytest.mark.parametrize("runbook", RUNBOOKS.values(), ids=RUNBOOKS)


def queries(runbook: Page) -> list[str]:
    """The expressions of its PromQL blocks: one a line, without the comments."""
    lines = [line for block in runbook.blocks if block.language == "promql" for line in block.text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert {file.stem for file in PAGES.glob("*.md")} == {page_of(alert) for alert in alerts()} | {"README"}


def test_the_index_lists_every_alert_with_its_severity() -> None:
    table = INDEX.text.partition("|---|---|---|\n")[2].partition("\n\n")[0]
    listed = [tuple(cell.strip() for cell in line.strip("|").split("|"))[:2] for line in table.splitlines()]
    severities = {alert: rules[0]["labels"]["severity"] for alert, rules in alerts().items()}
    assert listed == [(f"[{alert}]({page_of(alert)}.md)", f"`{severity}`") for alert, severity in severities.items()]


@pytest.mark.parametrize("alert", alerts())
def test_a_page_begins_with_the_name_and_the_severity_of_its_alert(alert: str) -> None:
    lines = RUNBOOKS[alert].text.splitlines()
    severity = alerts()[alert][0]["labels"]["severity"]
    assert lines[0] == f"# {alert}"
    assert lines[2].startswith(f"`{severity}`: ")


@each
def test_every_page_has_the_same_shape_and_is_short(runbook: Page) -> None:
    assert re.findall(r"^## .*$", runbook.text, re.MULTILINE) == HEADINGS
    assert runbook.text.count("\n") < 60
    assert queries(runbook)
    assert "README.md#silence-one" in runbook.text


@each
def test_every_link_of_a_page_leads_somewhere(runbook: Page) -> None:
    leads(runbook)


def test_every_link_of_the_index_leads_somewhere() -> None:
    leads(INDEX)


def leads(one: Page) -> None:
    for link in LINK.findall(one.prose):
        name, _, anchor = link.partition("#")
        file = (ROOT / one.name).parent / name if name else ROOT / one.name
        assert file.exists(), link
        assert not anchor or anchor in _anchors(file.read_text(encoding="utf-8")), link


@each
def test_every_command_and_its_options_exist(runbook: Page) -> None:
    for call in re.findall(r"(?:^|[`] ?|-- )sidecar ([a-z]+[^`\n#|]*)", runbook.text, re.MULTILINE):
        command, _, rest = call.partition(" ")
        assert command in COMMANDS, call
        about = CliRunner().invoke(main, [command, "--help"]).output
        for option in re.findall(r"(?<!\S)--?[a-z-]+", rest):
            assert option in about, call


@each
def test_every_admin_call_exists(runbook: Page) -> None:
    table = page("docs/admin.md").text
    paths = re.findall(r"127\.0\.0\.1:9091(/[^\s'\"]*)", runbook.text)
    paths += re.findall(r"`(?:DELETE|PUT|POST|GET) (/[^`]*)`", runbook.text)
    for path in paths:
        assert path.replace("/stripe", "/{name}") in table, path


@each
def test_every_event_and_field_in_a_log_query_exists(runbook: Page) -> None:
    logging = page("docs/logging.md")
    events = {name for row in logging.table("## Events") for name in re.findall(r"`(\w+)`", row[0])} | {"request"}
    fields = {row[0].strip("`") for row in logging.table("## Fields of a call")}
    fields |= {name for row in logging.table("## Events") for name in re.findall(r"`(\w+)`", row[3])}
    for block in runbook.blocks:
        for query in re.findall(r"jq [^']*'([^']*)'", block.text):
            assert set(re.findall(r'\.event == "(\w+)"', query)) <= events, query
            shown = {name.strip() for one in re.findall(r"\{([^}]*)\}", query) for name in one.split(",")}
            assert shown | set(re.findall(r"(?<![\w\"])-?\.(\w+)", query)) <= fields | {"event"}, query


def test_every_query_is_promql(tmp_path: Path) -> None:
    found = [query for runbook in RUNBOOKS.values() for query in queries(runbook)]
    rules = [{"record": f"query{number}", "expr": query} for number, query in enumerate(found)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    code, output = promtool("check", "rules", file)
    assert code == 0, output
    assert f"SUCCESS: {len(rules)} rules found" in output


@each
def test_every_query_asks_for_what_there_is(runbook: Page, metrics: bytes) -> None:
    there, recorded = samples(metrics), {rule.get("record") for rule in RULES}
    for query in queries(runbook):
        names = set(re.findall(r"\w*:[\w:]+\w", query))
        assert names <= recorded, query
        wanted = re.sub(r'\{code(?:=~|!~)"[^"]*[.*][^"]*"\}', "", query)  # patterns are tried on the spot, not here
        assert missing(wanted, there) == [], query
