"""Files as data: tests/config/wrong (refused), warned (served, with warnings), right (served in silence).

``name.expected`` beside a file is its whole report. After a change of wording, look at the difference of
``SIDECAR_WRITE_EXPECTED=1 pytest tests/unit/config/test_load.py``, which writes them anew.
"""

import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from sidecar.config.load import load
from sidecar.config.nodes import core_scalar
from sidecar.config.problem import ConfigErrors
from sidecar.config.schema import models
from sidecar.config.units import show, unit_of

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "config"
ENVIRON = {"PORT": "8080", "WORD": "abc", "EMPTY": ""}
SECRETS = ("hunter2", "pk_demo_4eC39HqLyjWDarjt", "no-number")


def files(folder):
    found = sorted((DATA / folder).glob("*.yaml"))
    return [pytest.param(path, id=path.stem) for path in found]


@pytest.fixture(autouse=True)
def _beside_the_data(monkeypatch):
    monkeypatch.chdir(DATA)


def expected(path, report):
    file = path.with_suffix(".expected")
    if os.environ.get("SIDECAR_WRITE_EXPECTED"):
        file.write_text(report, encoding="utf-8")
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", files("wrong"))
def test_a_wrong_file_gives_the_expected_report(path):
    with pytest.raises(ConfigErrors) as caught:
        load(path.relative_to(DATA), ENVIRON)
    report = f"{caught.value}\n"
    assert expected(path, report) == report
    assert not [secret for secret in SECRETS if secret in report]


@pytest.mark.parametrize("path", files("warned"))
def test_a_doubtful_file_gives_the_expected_warnings(path):
    loaded = load(path.relative_to(DATA), ENVIRON)
    report = "".join(f"{warning.render()}\n" for warning in loaded.warnings)
    assert expected(path, report) == report
    assert not [secret for secret in SECRETS if secret in report]


@pytest.mark.parametrize("path", files("right"))
def test_a_right_file_loads_without_a_word(path):
    assert load(path.relative_to(DATA), ENVIRON).warnings == ()


def test_there_are_enough_wrong_files():
    assert len(files("wrong")) >= 40


def test_no_report_speaks_pydantic():
    words = ("Input should", "Extra inputs", "valid string", "valid integer", "Value error", "type=")
    for file in DATA.glob("*/*.expected"):
        text = file.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], file


def test_the_example_loads_on_a_fresh_machine():
    loaded = load(ROOT / "config.example.yaml", {})
    assert loaded.warnings == ()
    assert next(iter(loaded.config.providers)) == "demo"
    assert {"stripe", "openai", "github"} <= set(loaded.config.providers)


def test_a_missing_file_says_what_to_do():
    with pytest.raises(ConfigErrors) as caught:
        load("nowhere.yaml", {})
    assert str(caught.value) == (
        "nowhere.yaml: there is no such file - "
        "write it, in a container mount it there, or name another with -c FILE or $SIDECAR_CONFIG"
    )


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigErrors, match="cannot be read \\(is a directory\\)"):
        load(tmp_path, {})


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "sidecar.yaml"
    path.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ConfigErrors, match="larger than 4 MiB"):
        load(path, {})


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_not_fatal(tmp_path, opening):
    path = tmp_path / "sidecar.yaml"
    path.write_text("a:\n " + opening * 20_000, encoding="utf-8")
    with pytest.raises(ConfigErrors):
        load(path, {})


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path):
    path = tmp_path / "sidecar.yaml"
    path.write_bytes(b"\xef\xbb\xbfversion: 1\r\nproviders:\r\n  demo: {base_url: http://127.0.0.1:1}\r\n")
    assert load(path, {}).config.version == 1


def load_text(tmp_path, text, environ=None):
    path = tmp_path / "sidecar.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ or {})


LEVELS = """\
version: 1
tracking: {request_header: X-Top, response_headers: [X-A, X-B]}
defaults:
  tracking: {traceparent: restart}
  timeouts: {total: 20s, head: 9s}
  headers: {set: {X-One: defaults, X-Two: defaults}}
providers:
  one:
    base_url: https://one.example.com
    pool: {max_idle: 7}
    tracking: {response_headers: [X-C]}
    timeouts: {total: 30s}
    headers: {set: {X-One: provider}}
    routes:
      - name: slow
        match: {path: /slow}
        timeouts: {total: 40s}
        headers: {set: {X-One: route, X-Three: route}, remove: [X-Gone]}
      - name: plain
  two:
    base_url: https://two.example.com
"""


def test_levels_are_merged_key_by_key(tmp_path):
    loaded = load_text(tmp_path, LEVELS)
    slow = loaded.settings_for("one", "slow")
    assert (slow["timeouts"].total, slow["timeouts"].head, slow["timeouts"].connect) == (40.0, 9.0, 1.0)
    assert slow["headers"].set == {"X-One": "route", "X-Two": "defaults", "X-Three": "route"}
    assert slow["headers"].remove == ("X-Gone",)
    assert slow["tracking"].request_header == "X-Top"
    assert slow["tracking"].traceparent == "restart"
    assert loaded.settings_for("one", "plain")["timeouts"].total == 30.0
    assert loaded.settings_for("one")["headers"].set["X-One"] == "provider"
    assert loaded.settings_for("two")["timeouts"].total == 20.0
    assert loaded.settings_for("two")["tracking"].response_headers == ("X-A", "X-B")


def test_a_list_is_replaced_not_joined(tmp_path):
    assert load_text(tmp_path, LEVELS).settings_for("one")["tracking"].response_headers == ("X-C",)


def test_the_most_specific_header_comes_last(tmp_path):
    names = list(load_text(tmp_path, LEVELS).settings_for("one", "slow")["headers"].set)
    assert names == ["X-Two", "X-One", "X-Three"]


def test_a_header_in_other_letters_is_the_same_header(tmp_path):
    text = LEVELS.replace("{X-One: route, X-Three: route}", "{x-one: route}")
    assert load_text(tmp_path, text).settings_for("one", "slow")["headers"].set == {
        "X-Two": "defaults",
        "x-one": "route",
    }


@pytest.mark.parametrize(
    ("provider", "route", "dotted", "level", "line"),
    [
        ("one", "slow", "timeouts.total", "route", 17),
        ("one", "slow", "timeouts.head", "defaults", 5),
        ("one", "slow", "timeouts.connect", "default", 0),
        ("one", "plain", "timeouts.total", "provider", 12),
        ("one", None, "tracking.request_header", "top level", 2),
        ("one", None, "tracking.traceparent", "defaults", 4),
        ("one", "slow", "headers.set.X-Two", "defaults", 6),
        ("one", "slow", "headers.set.X-One", "route", 18),
        ("two", None, "rewrite.location", "default", 0),
    ],
)
def test_every_value_knows_its_level_and_line(tmp_path, provider, route, dotted, level, line):
    origin = load_text(tmp_path, LEVELS).origin_of(provider, route, dotted)
    assert (origin.level, origin.line) == (level, line)


def test_what_is_no_policy_knows_its_line_too(tmp_path):
    loaded = load_text(tmp_path, LEVELS)
    assert loaded.origin_in_provider("one", ("pool", "max_idle")).line == 10
    assert loaded.origin_in_provider("one", ("pool", "prewarm")).level == "default"


def test_every_policy_key_has_settings_even_when_nothing_is_said(tmp_path):
    loaded = load_text(tmp_path, "version: 1\nproviders: {a: {base_url: http://127.0.0.1:1}}\n")
    assert set(loaded.settings_for("a")) >= {"timeouts", "tracking", "rewrite", "headers"}


def test_an_unknown_provider_is_a_key_error(tmp_path):
    with pytest.raises(KeyError):
        load_text(tmp_path, LEVELS).settings_for("three")


def test_references_are_filled_in_and_typed_again(tmp_path):
    (tmp_path / "key").write_text("sk_1\n", encoding="utf-8")
    text = """\
version: ${VERSION}
listen: 127.0.0.1:${PORT}
limits: {headers: "${COUNT}", body: "${BODY:-3MiB}"}
providers:
  demo:
    base_url: http://127.0.0.1:1
    timeouts: {total: "${TOTAL}"}
    rewrite:
      location: ${FLAG}
    headers: {set: {Authorization: "Bearer ${file:key}", X-Dollar: "$$ ${EMPTY:-two}", X-Odd: "${ODD}"}}
"""
    odd = 'a": {b: c} # d'
    environ = {"VERSION": "1", "PORT": "0", "COUNT": "50", "TOTAL": "2s", "FLAG": "false", "EMPTY": "", "ODD": odd}
    loaded = load_text(tmp_path, text, environ)
    settings = loaded.settings_for("demo")
    assert loaded.config.limits.body == 3 * 1024 * 1024
    assert settings["timeouts"].total == 2.0
    assert settings["rewrite"].location is False
    assert settings["headers"].set == {"Authorization": "Bearer sk_1", "X-Dollar": "$ two", "X-Odd": odd}
    assert loaded.config.listen.port == 0
    assert loaded.files == (tmp_path / "sidecar.yaml", tmp_path / "key")


def test_a_quoted_number_is_filled_in_as_a_number_only_where_one_is_wanted(tmp_path):
    text = 'version: 1\nproviders: {a: {base_url: http://127.0.0.1:1, headers: {set: {X-Version: "${N}"}}}}\n'
    assert load_text(tmp_path, text, {"N": "010"}).settings_for("a")["headers"].set == {"X-Version": "010"}


def test_an_unquoted_number_is_the_text_as_written(tmp_path):
    text = (
        "version: 1\nproviders: {a: {base_url: http://127.0.0.1:1, headers: {set: {X-A: 1.10, X-B: 1e3, X-C: yes}}}}\n"
    )
    assert load_text(tmp_path, text).settings_for("a")["headers"].set == {"X-A": "1.10", "X-B": "1e3", "X-C": "yes"}


def test_nothing_shows_a_secret(tmp_path):
    (tmp_path / "key").write_text("sk_live_secret\n", encoding="utf-8")
    text = """\
version: 1
admin: {token: "${file:key}"}
providers:
  demo:
    base_url: https://example.com
    proxy: http://joe:${file:key}@proxy:3128
    headers: {set: {Authorization: "Bearer ${file:key}"}}
"""
    loaded = load_text(tmp_path, text)
    assert loaded.config.admin.token == "sk_live_secret"
    shown = [loaded, loaded.config, loaded.config.admin, loaded.config.providers["demo"], loaded.settings_for("demo")]
    shown += [loaded.root, loaded.stacks, loaded.origin_of("demo", None, "headers.set.Authorization")]
    for one in shown:
        assert "sk_live_secret" not in f"{one!r} {one}"
    assert loaded.origin_of("demo", None, "headers.set.Authorization").secret


def test_merge_keys_and_anchors(tmp_path):
    loaded = load(DATA / "right" / "anchors-and-merge.yaml", ENVIRON)
    assert loaded.settings_for("demo")["timeouts"].head == 5.0
    assert loaded.settings_for("demo")["timeouts"].total == 55.0
    assert str(loaded.config.providers["other"].base_url) == "http://127.0.0.1:8098"
    third = loaded.settings_for("third")["timeouts"]
    assert (third.total, third.head) == (9.0, 5.0)


def test_other_forms(tmp_path):
    config = load(DATA / "right" / "other-forms.yaml", ENVIRON).config
    assert str(config.listen) == "unix:/run/sidecar/data.sock"
    assert config.log.output == ("/var/log/sidecar.log",)
    assert config.log.sample_success == 0.25
    demo, other = config.providers.values()
    assert (demo.base_url.host, demo.base_url.port, demo.base_url.path) == ("::1", 8099, "/api")
    assert (demo.host, demo.proxy) == (("demo.localhost",), "off")
    assert str(other.base_url) == "https://example.com"


def test_defaults_lie_within_their_own_bounds():
    wrong = []
    for model in models().values():
        for name, field in model.model_fields.items():
            default = field.get_default(call_default_factory=True)
            if isinstance(default, int | float) and not isinstance(default, bool):
                try:
                    model.model_validate({name: core_scalar(show(default, unit_of(field)))})
                except ValueError as error:
                    wrong += [(model, name) for item in error.errors() if item["loc"] == (name,)]
    assert wrong == []


def test_a_block_written_in_part_keeps_the_shown_defaults_of_the_rest():
    """A field's default block must be its model's own: pydantic fills in the model's for keys that are left out."""
    odd = []
    for model in models().values():
        for name, field in model.model_fields.items():
            default = field.get_default(call_default_factory=True)
            if isinstance(default, BaseModel) and default != type(default)():
                odd.append((model, name))
    assert odd == []
