"""The profiles and presets that ship: they load, they promise what the documentation says, they are in the wheel."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest

import sidecar
from sidecar.config.load import load
from sidecar.config.packaged import PRESETS, PROFILES
from sidecar.core.units import Rate
from sidecar.policies.settings import Switchable

ROOT = Path(__file__).parents[3]
NAMES = (
    "anthropic", "aws-like", "generic", "github", "google", "hubspot", "microsoft-graph", "openai", "salesforce",
    "sendgrid", "shopify", "slack", "stripe", "twilio",
)  # fmt: skip
WITHOUT_URL = {"aws-like", "generic", "salesforce", "shopify"}
"""Presets of providers that have no one address."""


@pytest.fixture
def loaded(tmp_path):
    def loaded(preset, profile=None, more=""):
        profile = f"    profile: {profile}\n" if profile else ""
        url = "    base_url: https://x.example.com\n" if preset in {None, *WITHOUT_URL} else ""
        preset = f"    preset: {preset}\n" if preset else ""
        path = tmp_path / "sidecar.yaml"
        path.write_text(f"version: 1\nproviders:\n  x:\n{preset}{profile}{url}{more}", encoding="utf-8")
        return load(path, {})

    return loaded


def test_these_are_all():
    assert PRESETS.names() == NAMES
    assert PROFILES.names() == ("background", "user-flow")


@pytest.mark.parametrize(("preset", "profile"), list(itertools.product((None, *NAMES), (None, *PROFILES.names()))))
def test_every_pair_loads_without_a_word(loaded, preset, profile):
    assert loaded(preset, profile).warnings == ()


@pytest.mark.parametrize(("preset", "profile"), list(itertools.product(NAMES, PROFILES.names())))
def test_no_pair_would_raise_a_doubt_if_a_user_had_written_it(tmp_path, preset, profile):
    """Lints skip what is packaged; here all of it stands in the user's file."""
    said = [_text_below(PROFILES.folder / f"{profile}.yaml"), _text_below(PRESETS.folder / f"{preset}.yaml")]
    defaults, provider = (text.partition("when_set:")[0] for text in said)
    url = "    base_url: https://x.example.com\n" if preset in WITHOUT_URL else ""
    path = tmp_path / "sidecar.yaml"
    body = f"version: 1\ndefaults:\n{_indented(defaults, 2)}providers:\n  x:\n{url}{_indented(provider, 4)}"
    path.write_text(body, encoding="utf-8")
    assert [warning.headline for warning in load(path, {}).warnings] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_cites_its_sources(name):
    top = (PRESETS.folder / f"{name}.yaml").read_text(encoding="utf-8").partition("\n\n")[0]
    assert all(line.startswith("# ") for line in top.splitlines())
    assert re.search(r"[a-z]\.(com|dev|net)/|RFC \d+", top) or name == "generic"


@pytest.mark.parametrize("name", NAMES)
def test_a_base_url_is_stated_where_there_is_one_for_all(name):
    url = PRESETS.read(name).at("base_url")
    assert (url is None) == (name in WITHOUT_URL)
    assert url is None or url.text.startswith("https://")


@pytest.mark.parametrize("shelf", [PROFILES, PRESETS], ids=lambda shelf: shelf.kind)
def test_the_wheel_holds_the_files(shelf):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    package = Path(sidecar.__file__).parent
    patterns = project["tool"]["setuptools"]["package-data"]["sidecar"]
    packaged = {path for pattern in patterns for path in package.glob(pattern)}
    assert {shelf.folder / f"{name}.yaml" for name in shelf.names()} <= packaged
    assert not list(shelf.folder.glob("*.yml"))


def test_a_user_flow_says_yes_or_no_within_eight_seconds(loaded):
    config = loaded(None, "user-flow")
    settings = config.settings_for("x")
    times, retry = settings["timeouts"], settings["retry"]
    assert (times.total, times.attempt, times.head) == (8.0, 3.5, 3.5)
    assert retry.attempts == 2
    assert retry.attempts * times.attempt + retry.backoff.base <= times.total
    assert retry.attempts * times.attempt + retry.throttle_backoff.base <= times.total
    assert settings["breaker"].mode == "enforce"
    assert settings["breaker"].slow_call < times.attempt


def test_a_background_job_keeps_trying_by_the_clock(loaded):
    settings = loaded(None, "background").settings_for("x")
    assert settings["timeouts"].total == 900.0
    assert settings["retry"].attempts == 0
    assert settings["retry"].backoff.cap == 60.0
    assert settings["breaker"].mode == "off"


@pytest.mark.parametrize("profile", PROFILES.names())
def test_a_profile_limits_nothing_until_somebody_says_how_much(loaded, profile):
    settings = loaded(None, profile).settings_for("x")
    assert (settings["rate"].mode, settings["concurrency"].mode) == ("off", "off")


@pytest.mark.parametrize(("profile", "wait", "priority"), [("user-flow", 0.25, "high"), ("background", 600.0, "low")])
def test_a_limit_is_waited_for_as_the_profile_says(loaded, profile, wait, priority):
    more = "    rate: {limit: 5/s}\n    concurrency: {limit: 5}\n"
    settings = loaded(None, profile, more).settings_for("x")
    for key in ("rate", "concurrency"):
        limit = settings[key]
        assert (limit.mode, limit.max_wait, limit.priority) == ("enforce", wait, priority)


@pytest.mark.parametrize("profile", PROFILES.names())
def test_an_unsafe_request_is_never_sent_twice_by_a_profile(loaded, profile):
    assert loaded(None, profile).settings_for("x")["retry"].unsafe == "never"


@pytest.mark.parametrize("name", NAMES)
def test_only_stripe_has_keys_that_make_a_second_post_harmless(loaded, name):
    config = loaded(name)
    for route in (None, *(route.name for route in config.config.providers["x"].routes)):
        settings = config.settings_for("x", route)
        keyed = settings["retry"].unsafe, settings["idempotency"].generate and settings["idempotency"].mode == "enforce"
        assert keyed == (("with_key", True) if name == "stripe" else ("never", False))


@pytest.mark.parametrize("name", NAMES)
def test_how_long_and_how_often_is_left_to_the_profile(loaded, name):
    """Only where a provider is slow by nature does its preset speak of time."""
    alone, flow = loaded(name, "background").settings_for("x"), loaded(None, "background").settings_for("x")
    assert alone["retry"].attempts == flow["retry"].attempts
    assert (alone["timeouts"] == flow["timeouts"]) == (name not in {"openai", "anthropic"})


@pytest.mark.parametrize("name", ["openai", "anthropic"])
@pytest.mark.parametrize("profile", PROFILES.names())
def test_a_model_may_think_for_minutes(loaded, name, profile):
    settings = loaded(name, profile).settings_for("x")
    times = settings["timeouts"]
    assert (times.head, times.attempt, times.total, times.idle) == (600.0, 0.0, 600.0, 300.0)
    breaker = settings["breaker"]
    assert breaker.mode == "off" or breaker.slow_call == 0.0


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("stripe", ("Request-Id",)),
        ("github", ("X-GitHub-Request-Id",)),
        ("openai", ("x-request-id",)),
        ("anthropic", ("request-id",)),
        ("slack", ("x-slack-req-id",)),
        ("twilio", ("Twilio-Request-Id",)),
        ("hubspot", ("X-HubSpot-Correlation-Id",)),
        ("shopify", ("X-Request-Id",)),
        ("microsoft-graph", ("request-id", "client-request-id")),
        ("aws-like", ("x-amzn-RequestId", "x-amz-request-id")),
    ],
)
def test_the_providers_own_ids_are_recorded(loaded, name, headers):
    assert loaded(name).settings_for("x")["tracking"].response_headers == headers


@pytest.mark.parametrize(
    ("name", "route", "limit"),
    [
        ("stripe", None, Rate(100, 1)),
        ("stripe", "search", Rate(20, 1)),
        ("github", None, Rate(900, 60)),
        ("github", "search", Rate(30, 60)),
        ("github", "search-code", Rate(10, 60)),
        ("hubspot", None, Rate(10, 1)),
        ("hubspot", "search", Rate(4, 1)),
        ("shopify", None, Rate(160, 60)),
    ],
)
def test_published_limits_are_kept(loaded, name, route, limit):
    rate = loaded(name).settings_for("x", route)["rate"]
    assert (rate.mode, rate.limit) == ("enforce", limit)


@pytest.mark.parametrize(
    ("name", "tell", "veto"),
    [
        ("stripe", "Stripe-Should-Retry", ("Stripe-Should-Retry",)),
        ("openai", "x-should-retry", ("x-should-retry",)),
        ("anthropic", "x-should-retry", ("x-should-retry",)),
    ],
)
def test_the_vetoes_of_the_sdks_are_read_and_written(loaded, name, tell, veto):
    retry = loaded(name).settings_for("x")["retry"]
    assert (retry.tell, retry.veto) == (tell, veto)


def test_an_llm_limit_is_learned_when_asked_for(loaded):
    assert loaded("openai").settings_for("x")["rate"].mode == "off"
    assert loaded("openai", more="    rate: {}\n").settings_for("x")["rate"].learn is True


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_switches_on_only_what_it_writes(loaded, name):
    """``when_set`` prepares; nothing else can be on by a preset alone."""
    written = set(PRESETS.read(name).value) - {"when_set"}
    for key, settings in loaded(name).settings_for("x").items():
        if isinstance(settings, Switchable) and type(settings).unset().mode == "off":
            assert (settings.mode == "off") == (key not in written), key


def _text_below(path):
    return "".join(line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line[0] != "#")


def _indented(text, by):
    return "".join(" " * by + line for line in text.splitlines(keepends=True) if line.strip())
