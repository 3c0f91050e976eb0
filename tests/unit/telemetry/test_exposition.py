import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from sidecar import __version__
from sidecar.telemetry.exposition import metrics_markdown, render, slices, wants_openmetrics
from sidecar.telemetry.families import FAMILIES, LOCAL_CODES
from sidecar.telemetry.family import Kind
from sidecar.telemetry.histogram import BUCKETS
from sidecar.telemetry.stats import Stats

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
BOTH = pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])


def parsed(stats, *, openmetrics):
    """The samples as Prometheus' own parsers read them: (name, labels) -> sample."""
    text = render(stats, openmetrics=openmetrics).decode()
    parse = openmetrics_parser.text_string_to_metric_families if openmetrics else text_string_to_metric_families
    families = list(parse(text))
    samples = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"twice: {key}"
            samples[key] = sample
    return samples


def value(samples, name, **labels):
    return samples[name, frozenset(labels.items())].value


def busy():
    stats = Stats()
    stats.started = stats.last_reload = 1_700_000_000.5
    stats.client_connections = 3
    stats.log_lines_dropped = 4
    stats.loop_lag = 0.0025
    stats.reloads["failure"] = 2
    route = stats.route("stripe", "charges")
    route.requests[b"GET", 200, "success"] = 7
    route.requests[b"POST", 0, "canceled"] = 1
    route.attempts = {200: 7, "head_timeout": 2}
    for seconds in (0.004, 0.005, 0.006, 3.0, 500.0):
        route.duration.observe_with(seconds, f"id-{seconds}")
    route.attempt_duration.observe(0.2)
    provider = stats.provider("stripe")
    provider.idle, provider.active, provider.in_flight, provider.connections_opened = 5, 2, 1, 9
    provider.rejected["pool_exhausted"] = 6
    provider.overhead.observe(0.001)
    provider.pool_wait.observe(0.03)
    stats.route("openai", "default")
    stats.provider("openai")
    return stats


@BOTH
def test_every_family_says_what_was_counted(openmetrics):
    samples = parsed(busy(), openmetrics=openmetrics)
    stripe = {"provider": "stripe"}
    charges = {"provider": "stripe", "route": "charges"}
    requests = "sidecar_requests_total"
    assert value(samples, requests, **charges, method="GET", code="200", outcome="success") == 7
    assert value(samples, requests, **charges, method="POST", code="0", outcome="canceled") == 1
    assert value(samples, "sidecar_attempts_total", **charges, code="head_timeout") == 2
    assert value(samples, "sidecar_rejected_total", **stripe, code="pool_exhausted") == 6
    assert value(samples, "sidecar_pool_connections", **stripe, state="idle") == 5
    assert value(samples, "sidecar_pool_connections", **stripe, state="active") == 2
    assert value(samples, "sidecar_connections_opened_total", **stripe) == 9
    assert value(samples, "sidecar_in_flight", **stripe) == 1
    assert value(samples, "sidecar_overhead_seconds_sum", **stripe) == 0.001
    assert value(samples, "sidecar_pool_wait_seconds_count", **stripe) == 1
    assert value(samples, "sidecar_attempt_duration_seconds_sum", **charges) == 0.2
    assert value(samples, "sidecar_client_connections") == 3
    assert value(samples, "sidecar_log_lines_dropped_total") == 4
    assert value(samples, "sidecar_loop_lag_seconds") == 0.0025
    assert value(samples, "sidecar_build_info", version=__version__) == 1
    assert value(samples, "sidecar_config_reloads_total", result="failure") == 2
    assert value(samples, "sidecar_config_reloads_total", result="success") == 0
    assert value(samples, "sidecar_config_last_reload_success_timestamp_seconds") == 1_700_000_000.5
    assert value(samples, "process_cpu_seconds_total") > 0


@BOTH
def test_buckets_are_cumulative_and_a_bound_belongs_to_its_own_bucket(openmetrics):
    samples = parsed(busy(), openmetrics=openmetrics)
    name = "sidecar_request_duration_seconds"
    labels = {"provider": "stripe", "route": "charges"}
    counts = [value(samples, f"{name}_bucket", **labels, le=repr(bound)) for bound in BUCKETS]
    assert counts[:2] == [2, 3]
    assert counts == sorted(counts)
    assert value(samples, f"{name}_bucket", **labels, le="120.0") == 4
    assert value(samples, f"{name}_bucket", **labels, le="+Inf") == value(samples, f"{name}_count", **labels) == 5
    assert value(samples, f"{name}_sum", **labels) == pytest.approx(503.015)


@BOTH
def test_what_was_never_asked_stands_at_zero(openmetrics):
    samples = parsed(busy(), openmetrics=openmetrics)
    for name in ("sidecar_request_duration_seconds", "sidecar_attempt_duration_seconds"):
        assert value(samples, f"{name}_count", provider="openai", route="default") == 0
        assert value(samples, f"{name}_bucket", provider="openai", route="default", le="+Inf") == 0
    assert value(samples, "sidecar_connections_opened_total", provider="openai") == 0
    assert "pool_exhausted" in LOCAL_CODES
    for code in LOCAL_CODES:
        assert value(samples, "sidecar_rejected_total", provider="openai", code=code) == 0
    assert not any(name == "sidecar_requests_total" and ("provider", "openai") in labels for name, labels in samples)


def test_exemplars_name_the_request_of_each_bucket():
    samples = parsed(busy(), openmetrics=True)
    name = "sidecar_request_duration_seconds_bucket"
    labels = {"provider": "stripe", "route": "charges"}
    exemplar = samples[name, frozenset({**labels, "le": "0.005"}.items())].exemplar
    assert (exemplar.labels, exemplar.value) == ({"request_id": "id-0.005"}, 0.005)
    assert samples[name, frozenset({**labels, "le": "+Inf"}.items())].exemplar.labels == {"request_id": "id-500.0"}
    assert samples[name, frozenset({**labels, "le": "1.0"}.items())].exemplar is None
    assert b"id-500" not in render(busy(), openmetrics=False)


def test_a_request_id_of_an_app_cannot_break_out_of_its_exemplar():
    stats = Stats()
    stats.route("a", "b").duration.observe_with(1.0, 'x"} 1\ny\\')
    assert b' # {request_id="x\\"} 1\\ny\\\\"} 1.0\n' in render(stats, openmetrics=True)


@pytest.mark.parametrize(("length", "shown"), [(118, True), (119, False)])
def test_an_exemplar_longer_than_openmetrics_allows_is_left_out(length, shown):
    stats = Stats()
    stats.route("a", "b").duration.observe_with(1.0, "x" * length)
    assert (b"xxx" in render(stats, openmetrics=True)) is shown
    parsed(stats, openmetrics=True)


@given(provider=TEXT, route=TEXT, code=TEXT)
def test_any_label_value_survives_the_text_format(provider, route, code):
    check_round_trip(provider, route, code, openmetrics=False)


@given(provider=TEXT, route=TEXT, code=TEXT)
def test_any_label_value_survives_openmetrics(provider, route, code):
    check_round_trip(provider, route, code, openmetrics=True)


def check_round_trip(provider, route, code, *, openmetrics):
    stats = Stats()
    stats.route(provider, route).attempts = {code: 5}
    # prometheus-client's parser stumbles over quotes in an exemplar; Prometheus' own does not.
    request_id = code.replace('"', "")
    stats.route(provider, route).duration.observe_with(0.2, request_id)
    stats.provider(provider).in_flight = 3
    samples = parsed(stats, openmetrics=openmetrics)
    assert value(samples, "sidecar_attempts_total", provider=provider, route=route, code=code) == 5
    assert value(samples, "sidecar_request_duration_seconds_count", provider=provider, route=route) == 1
    assert value(samples, "sidecar_in_flight", provider=provider) == 3
    if openmetrics:
        key = frozenset({"provider": provider, "route": route, "le": "0.25"}.items())
        assert samples["sidecar_request_duration_seconds_bucket", key].exemplar.labels == {"request_id": request_id}


@BOTH
def test_a_lone_surrogate_does_not_break_the_scrape(openmetrics):
    stats = Stats()
    stats.provider("a\udc80").in_flight = 1
    assert value(parsed(stats, openmetrics=openmetrics), "sidecar_in_flight", provider="a?") == 1


@BOTH
def test_slices_are_the_whole_text_and_take_what_grows_meanwhile(openmetrics):
    stats = Stats()
    for number in range(100):
        stats.route("p", f"route-{number}").requests[b"GET", 200, "success"] = number
    pieces = slices(stats, openmetrics=openmetrics)
    text = [next(pieces)]
    stats.route("p", "late").requests[b"GET", 200, "success"] = 1
    stats.route("p", "route-0").requests[b"PUT", 200, "success"] = 1
    text += pieces
    assert len(text) > 3
    assert b"".join(text).count(b"\n# TYPE ") == len(FAMILIES)
    stats.routes.pop(("p", "late"))
    whole = b"".join(slices(stats, openmetrics=openmetrics))
    assert b'route="route-99",method="GET",code="200",outcome="success"} 99\n' in whole


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        (b"", False),
        (b"*/*", False),
        (b"text/plain", False),
        (b"application/openmetrics-text", True),
        (b"Application/OpenMetrics-Text; Version=1.0.0", True),
        (b"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", True),
        (b"text/plain;version=0.0.4;q=0.8,application/openmetrics-text;version=1.0.0;q=0.5", False),
        (b"application/openmetrics-text;version=2.0.0,text/plain;q=0.1", False),
        (b"application/openmetrics-text;q=0", False),
        (b"application/openmetrics-text;q=nonsense", False),
        (b"application/vnd.google.protobuf;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1", True),
        (b";;,=;q", False),
    ],
)
def test_the_format_is_what_the_scraper_prefers(accept, expected):
    assert wants_openmetrics(accept) is expected


def test_openmetrics_ends_with_its_mark_and_the_text_format_has_none():
    assert render(busy(), openmetrics=True).endswith(b"\n# EOF\n")
    assert b"# EOF" not in render(busy(), openmetrics=False)
    assert b"\n\n" not in render(busy(), openmetrics=True)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian package prometheus)")
def test_promtool_has_nothing_to_complain_of():
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=render(busy(), openmetrics=False), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_table_keeps_the_rules_of_both_formats():
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    for family in FAMILIES:
        assert not family.name.endswith(("_total", "_info", "_count", "_sum", "_bucket")), family.name
        assert family.name.endswith(family.unit), family.name
        assert not set(family.help) & set('\\\n"|'), family.name
        assert "le" not in family.labels
        assert not family.exemplars or family.kind is Kind.HISTOGRAM


def test_the_page_lists_every_family():
    page = metrics_markdown()
    for family in FAMILIES:
        assert f"| `{family.sample_name}` | {family.kind} |" in page
    assert "0.005, 0.01" in page
