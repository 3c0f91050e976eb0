"""Profiles and presets as levels of the configuration, with small ones of the test's own."""

import pytest

from sidecar.config import levels, packaged
from sidecar.config.effective import effective
from sidecar.config.load import load
from sidecar.config.packaged import Shelf
from sidecar.config.problem import ConfigErrors

FILES = {
    "profiles/quick.yaml": """\
timeouts: {total: 8s, head: 3s, attempt: 3s}
when_set:
  retry: {attempts: 2}
""",
    "profiles/patient.yaml": """\
timeouts:
  total: 15m
retry:
  attempts: 0
""",
    "presets/acme.yaml": """\
base_url: https://api.acme.example/v1
pool: {max_connections: 40, max_idle: 4}
timeouts: {head: 4s}
tracking: {response_headers: [X-Acme-Id]}
routes:
  - name: search
    match: {path: /search}
    timeouts: {head: 1s, connect: 500ms}
  - name: upload
    match: {path: /upload/**}
""",
    "presets/batch.yaml": """\
profile: patient
timeouts: {head: 4s}
""",
}


@pytest.fixture
def loaded(monkeypatch, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    profiles, presets = Shelf("profile", tmp_path / "profiles"), Shelf("preset", tmp_path / "presets")
    for module in (levels, packaged):
        monkeypatch.setattr(module, "PROFILES", profiles)
        monkeypatch.setattr(module, "PRESETS", presets)
    monkeypatch.chdir(tmp_path)

    def loaded(text):
        (tmp_path / "sidecar.yaml").write_text(text, encoding="utf-8")
        return load("sidecar.yaml", {"PROFILE": "patient", "PRESET": "acme"})

    return loaded


def report(loaded, text):
    with pytest.raises(ConfigErrors) as caught:
        loaded(text)
    return [problem.headline for problem in caught.value.problems]


EVERYWHERE = """\
version: 1
tracking: {request_header: X-Top}
defaults:
  profile: quick
  timeouts: {idle: 7s}
providers:
  acme:
    preset: acme
    timeouts: {total: 30s}
    routes:
      - name: slow
        match: {path: /slow}
        timeouts: {head: 9s}
"""


@pytest.mark.parametrize(
    ("route", "dotted", "level", "where"),
    [
        ("slow", "timeouts.tls", "default", ":0"),
        ("slow", "timeouts.attempt", "profile quick", "profiles/quick.yaml:1"),
        (None, "timeouts.head", "preset acme", "presets/acme.yaml:3"),
        ("slow", "timeouts.head", "route", "sidecar.yaml:13"),
        ("slow", "timeouts.total", "provider", "sidecar.yaml:9"),
        ("slow", "timeouts.idle", "defaults", "sidecar.yaml:5"),
        ("slow", "tracking.request_header", "top level", "sidecar.yaml:2"),
        ("slow", "tracking.response_headers", "preset acme", "presets/acme.yaml:4"),
        ("search", "timeouts.connect", "preset acme", "presets/acme.yaml:8"),
        ("search", "timeouts.head", "preset acme", "presets/acme.yaml:8"),
        ("search", "timeouts.total", "provider", "sidecar.yaml:9"),
    ],
)
def test_every_value_knows_its_level_and_the_line_that_said_it(loaded, route, dotted, level, where):
    origin = loaded(EVERYWHERE).origin_of("acme", route, dotted)
    assert (origin.level, f"{origin.file}:{origin.line}") == (level, where)


def test_the_more_specific_level_wins_key_by_key(loaded):
    times = loaded(EVERYWHERE).settings_for("acme", "slow")["timeouts"]
    assert (times.tls, times.attempt, times.idle, times.total, times.head) == (2.0, 3.0, 7.0, 30.0, 9.0)


def test_what_the_user_wrote_for_everybody_wins_over_a_preset_and_its_routes(loaded):
    text = EVERYWHERE.replace("{idle: 7s}", "{idle: 7s, head: 2s}")
    assert loaded(text).settings_for("acme")["timeouts"].head == 2.0
    assert loaded(text).settings_for("acme", "search")["timeouts"].head == 2.0
    assert loaded(text).settings_for("acme", "slow")["timeouts"].head == 9.0


ONE = """\
version: 1
defaults: {profile: %s}
providers:
  a:
    preset: batch
    base_url: http://127.0.0.1:1
    profile: %s
    routes: [{name: r, profile: %s}]
"""


@pytest.mark.parametrize(
    ("named", "route", "profile", "level"),
    [
        (("quick", "patient", "quick"), "r", "quick", "route"),
        (("quick", "patient", "quick"), None, "patient", "provider"),
        (("patient", "quick", None), "r", "quick", "provider"),
        (("quick", None, None), "r", "quick", "defaults"),
        ((None, None, None), "r", "patient", "preset batch"),
        ((None, None, "quick"), None, "patient", "preset batch"),
        (("quick", "${PROFILE}", None), None, "patient", "provider"),
    ],
)
def test_the_most_specific_profile_is_in_force_alone(loaded, named, route, profile, level):
    text = ONE % named
    text = (
        text.replace("defaults: {profile: None}\n", "")
        .replace("    profile: None\n", "")
        .replace(", profile: None", "")
    )
    config = loaded(text)
    total = config.settings_for("a", route)["timeouts"].total
    name, origin = config.profile_of("a", route)
    assert (name, origin.level, total) == (profile, level, {"quick": 8.0, "patient": 900.0}[profile])
    # `retry.attempts` is the patient one's: nothing of the other profile holds.
    assert config.settings_for("a", route)["retry"].mode == {"quick": "off", "patient": "enforce"}[profile]


def test_no_profile_is_in_force_unless_one_is_named(loaded):
    config = loaded("version: 1\nproviders: {a: {base_url: http://127.0.0.1:1}}\n")
    assert config.profile_of("a", None) is None
    assert config.settings_for("a")["timeouts"].total == 60.0
    assert config.settings_for("a")["retry"].mode == "off"


def test_what_a_profile_prepares_holds_only_when_somebody_writes_the_key(loaded):
    text = "version: 1\nproviders:\n  a:\n    base_url: http://127.0.0.1:1\n    profile: quick\n"
    config = loaded(text)
    assert config.settings_for("a")["retry"].mode == "off"
    config = loaded(text + "    retry: {body_bytes: 1KiB}\n")
    retry = config.settings_for("a")["retry"]
    assert (retry.mode, retry.attempts, retry.body_bytes) == ("enforce", 2, 1024)
    origin = config.origin_of("a", None, "retry.attempts")
    assert (origin.level, origin.file, origin.line) == ("profile quick", "profiles/quick.yaml", 3)


def test_a_preset_states_what_a_provider_may_leave_out(loaded):
    config = loaded("version: 1\nproviders: {a: {preset: acme, pool: {max_idle: 9}}}\n")
    provider = config.config.providers["a"]
    assert str(provider.base_url) == "https://api.acme.example/v1"
    assert (provider.pool.max_connections, provider.pool.max_idle) == (40, 9)
    origin = config.origin_in_provider("a", ("base_url",))
    assert (origin.level, origin.file, origin.line) == ("preset acme", "presets/acme.yaml", 1)
    assert config.origin_in_provider("a", ("pool", "max_connections")).file == "presets/acme.yaml"
    assert config.origin_in_provider("a", ("pool", "max_idle")).file == "sidecar.yaml"


def test_the_base_url_of_the_file_wins_over_the_presets(loaded):
    config = loaded("version: 1\nproviders: {a: {preset: '${PRESET}', base_url: http://127.0.0.1:9}}\n")
    assert str(config.config.providers["a"].base_url) == "http://127.0.0.1:9"


def test_the_routes_of_a_preset_come_after_the_files_own(loaded):
    routes = loaded(EVERYWHERE).config.providers["acme"].routes
    assert [route.name for route in routes] == ["slow", "search", "upload"]


def test_a_route_of_the_file_takes_the_place_of_the_presets_of_the_same_name(loaded):
    text = EVERYWHERE.replace("name: slow", "name: search")
    config = loaded(text)
    routes = config.config.providers["acme"].routes
    assert [(route.name, route.match.path) for route in routes] == [("search", "/slow"), ("upload", "/upload/**")]
    assert config.settings_for("acme", "search")["timeouts"].connect == 1.0


def test_a_presets_route_behind_a_wider_one_of_the_file_is_no_doubt_of_the_user(loaded):
    text = EVERYWHERE.replace("match: {path: /slow}", "match: {path: /**}").replace("head: 9s", "head: 2s")
    assert loaded(text).warnings == ()


def test_a_doubt_about_a_value_of_the_preset_is_told_at_the_nearest_line_of_the_file(loaded):
    warning = loaded("version: 1\nproviders: {a: {preset: acme, pool: {max_connections: 2}}}\n").warnings[0]
    assert warning.headline == (
        "sidecar.yaml:2:31: providers.a.pool.max_idle: warning: max_idle (4) is more than max_connections (2)"
        " - at most max_connections can be idle"
    )


def test_an_unknown_profile_or_preset_is_a_mistake_with_a_guess_and_the_list(loaded):
    text = "version: 1\ndefaults: {profile: quik}\nproviders:\n  a: {preset: zebra}\n  b: {preset: acme, profile: 5}\n"
    assert report(loaded, text) == [
        "sidecar.yaml:2:21: defaults.profile: there is no profile 'quik' - did you mean 'quick'? "
        "possible are patient, quick",
        "sidecar.yaml:4:15: providers.a.preset: there is no preset 'zebra' - possible are acme, batch",
        "sidecar.yaml:5:30: providers.b.profile: there is no profile '5' - possible are patient, quick",
    ]


def test_a_preset_without_base_url_leaves_it_required(loaded):
    assert report(loaded, "version: 1\nproviders: {a: {preset: batch}}\n") == [
        "sidecar.yaml:2:13: providers.a: the required key 'base_url' is missing - add it: base_url: ..."
    ]


@pytest.mark.parametrize("key", ["preset: [a]", "preset: {a: 1}", "profile: [quick]", "routes: 5", "routes: {a: 1}"])
def test_values_of_the_wrong_kind_are_mistakes_and_no_crash(loaded, key):
    found = report(loaded, f"version: 1\nproviders: {{a: {{base_url: 'http://h', {key}}}}}\n")
    assert len(found) == 1
    assert f"providers.a.{key.partition(':')[0]}" in found[0]


def test_a_rule_broken_together_with_a_profile_is_told_at_the_users_line(loaded, monkeypatch):
    text = """\
version: 1
providers:
  a:
    base_url: http://127.0.0.1:1
    profile: quick
    retry:
      backoff: {cap: 50ms}
"""
    assert report(loaded, text) == [
        "sidecar.yaml:7:17: providers.a.retry.backoff.cap: base is longer than cap"
        " - base is the first, cap the longest wait"
    ]


def test_only_the_named_files_are_read(loaded, tmp_path):
    (tmp_path / "presets" / "batch.yaml").write_text("{", encoding="utf-8")
    assert loaded("version: 1\nproviders: {a: {preset: acme}}\n").config.providers["a"].preset == "acme"


def rows(config, route):
    return {row.name: (row.value, row.level, row.where) for row in effective(config, "acme", route)}


def test_explain_shows_preset_profile_and_kill_switch_with_their_places(loaded):
    text = EVERYWHERE.replace("        timeouts: {head: 9s}\n", "        enabled: false\n")
    config = loaded(text)
    shown = rows(config, None)
    assert shown["base_url"] == ("https://api.acme.example/v1", "preset acme", "presets/acme.yaml:1")
    assert shown["preset"] == ("acme", "provider", "sidecar.yaml:8")
    assert shown["profile"] == ("quick", "defaults", "sidecar.yaml:4")
    assert shown["enabled"] == ("true", "default", "")
    assert shown["timeouts.attempt"] == ("3s", "profile quick", "profiles/quick.yaml:1")
    assert rows(config, "slow")["enabled"] == ("false", "route", "sidecar.yaml:13")
    off = loaded(text.replace("    preset: acme\n", "    preset: acme\n    enabled: false\n"))
    assert rows(off, "search")["enabled"] == ("false", "provider", "sidecar.yaml:9")


def test_a_broken_file_of_the_package_names_itself(tmp_path):
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2\n", encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"bad\.yaml:2:1: a: the key 'a' stands here twice"):
        Shelf("preset", tmp_path).read("bad")


def test_an_empty_file_of_the_package_says_nothing(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing\n", encoding="utf-8")
    assert Shelf("preset", tmp_path).read("empty").value == {}
    assert Shelf("preset", tmp_path).read("missing") is None
