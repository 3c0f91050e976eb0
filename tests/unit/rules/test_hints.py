import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.hints import FAMILIES, Quota, family_of, quota, retry_hint
from sidecar.rules.moments import LONGEST

WALL = 784111777.0
"""Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 5.6.7."""


def fields(*lines: str) -> dict[bytes, bytes]:
    return {name.lower().encode(): value.strip().encode() for name, _, value in (line.partition(":") for line in lines)}


# ---- how long to wait ----


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["Retry-After: 120"], 120.0),
        (["Retry-After: 0"], 0.0),
        (["Retry-After: 1.5"], 1.5),
        (["Retry-After: 5, 10"], 10.0),
        (["Retry-After: Sun, 06 Nov 1994 08:50:37 GMT"], 60.0),
        (["Retry-After: Sunday, 06-Nov-94 08:50:37 GMT"], 60.0),
        (["Retry-After: Sun Nov  6 08:50:37 1994"], 60.0),
        (["Retry-After: Sun, 06 Nov 1994 08:50:37 GMT", "Date: Sun, 06 Nov 1994 08:50:27 GMT"], 10.0),
        (["Retry-After: 99999999999999999999"], LONGEST),
        (["Retry-After-Ms: 1500"], 1.5),
        (["x-ms-retry-after-ms: 20"], 0.02),
        (["x-amz-retry-after: 1500"], 1.5),
        (["Retry-After-Ms: 1500, 2500"], 2.5),
        (["X-RateLimit-Retry-After: 7"], 7.0),
        (["X-RateLimit-Reset-After: 0.357", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 784111778"], 0.357),
        (["X-RateLimit-Reset-After: 0.357"], 0.357),
    ],
)
def test_a_wait_that_is_told(lines: list[str], seconds: float) -> None:
    assert retry_hint(fields(*lines), WALL) == seconds


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        # The first readable one of: milliseconds, Retry-After, Discord's, a quota that has run out.
        (["Retry-After-Ms: 1500", "Retry-After: 2"], 1.5),
        (["Retry-After-Ms: soon", "Retry-After: 2"], 2.0),
        (["Retry-After: 2", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 60"], 2.0),
        (["Retry-After: -1", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 60"], 60.0),
        (["Retry-After: x", "X-RateLimit-Reset-After: 3", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 60"], 3.0),
    ],
)
def test_which_source_comes_first(lines: list[str], seconds: float) -> None:
    assert retry_hint(fields(*lines), WALL) == seconds


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        # draft-ietf-httpapi-ratelimit-headers, up to revision 06, revision 07, and from 08.
        (["RateLimit-Limit: 100", "RateLimit-Remaining: 0", "RateLimit-Reset: 50"], 50.0),
        (["RateLimit: limit=100, remaining=0, reset=50"], 50.0),
        (['RateLimit: "default";r=0;t=30'], 30.0),
        (['RateLimit: "burst";r=0;t=5, "day";r=0;t=3600'], 3600.0),
        (['RateLimit: "burst";r=0;t=5, "day";r=9;t=3600'], 5.0),
        # GitHub, GitLab, Linear, lists of it.
        (["X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 784111837"], 60.0),
        (["RateLimit-Remaining: 0", "RateLimit-Reset: 784111837"], 60.0),
        (["X-RateLimit-Requests-Remaining: 0", "X-RateLimit-Requests-Reset: 784111837000"], 60.0),
        (["X-Rate-Limit-Remaining: 0", "X-Rate-Limit-Reset: 784111837"], 60.0),
        (["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1994-11-06T08:50:37Z"], 60.0),
        # Reddit, Envoy.
        (["X-RateLimit-Remaining: 0.0", "X-RateLimit-Reset: 420"], 420.0),
        (["X-RateLimit-Limit: 10, 10;w=1, 50;w=60", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1"], 1.0),
        # OpenAI, Groq.
        (["X-RateLimit-Remaining-Requests: 0", "X-RateLimit-Reset-Requests: 1h2m3s"], 3723.0),
        (["X-RateLimit-Remaining-Requests: 0", "X-RateLimit-Reset-Requests: 88ms"], 0.088),
        (["X-RateLimit-Remaining-Tokens: 0", "X-RateLimit-Reset-Tokens: 6m0s"], 360.0),
        # Anthropic.
        (
            ["Anthropic-RateLimit-Requests-Remaining: 0", "Anthropic-RateLimit-Requests-Reset: 1994-11-06T08:50:37Z"],
            60.0,
        ),
        (["Anthropic-RateLimit-Tokens-Remaining: 0", "Anthropic-RateLimit-Tokens-Reset: 1994-11-06T08:49:40Z"], 3.0),
        # HubSpot.
        (["X-HubSpot-RateLimit-Remaining: 0", "X-HubSpot-RateLimit-Interval-Milliseconds: 10000"], 10.0),
    ],
)  # fmt: skip
def test_a_quota_that_has_run_out(lines: list[str], seconds: float) -> None:
    assert retry_hint(fields(*lines), WALL) == seconds


def test_of_several_quotas_that_have_run_out_the_longest_wait_counts() -> None:
    requests = ["X-RateLimit-Remaining-Requests: 0", "X-RateLimit-Reset-Requests: 1s"]
    tokens = ["X-RateLimit-Remaining-Tokens: 0", "X-RateLimit-Reset-Tokens: 6m0s"]
    assert retry_hint(fields(*requests, *tokens), WALL) == 360.0


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Content-Type: text/plain"],
        ["Retry-After:"],
        ["Retry-After: -5"],
        ["Retry-After: nan"],
        ["Retry-After: inf"],
        ["Retry-After-Ms: 5s"],
        ["X-RateLimit-Reset: 60"],
        ["X-RateLimit-Remaining: 1", "X-RateLimit-Reset: 60"],
        ["X-RateLimit-Remaining: -1", "X-RateLimit-Reset: 60"],
        ["X-RateLimit-Remaining: none", "X-RateLimit-Reset: 60"],
        ["X-RateLimit-Remaining: 0"],
        ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: later"],
        ["X-RateLimit-Remaining: 4", "X-RateLimit-Reset-After: 0.5"],
        ["X-RateLimit-Remaining-Requests: 0", "X-RateLimit-Reset-Tokens: 1s"],
        ['RateLimit: "default";r=1;t=30'],
        ['RateLimit: "default";t=30'],
        ["RateLimit: nonsense"],
        ["Sforce-Limit-Info: api-usage=5000/5000"],
    ],
)
def test_nothing_is_said(lines: list[str]) -> None:
    assert retry_hint(fields(*lines), WALL) is None


# ---- how much is left ----


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["X-RateLimit-Limit: 5000", "X-RateLimit-Remaining: 4999", "X-RateLimit-Reset: 784111837"],
         Quota(5000, 4999, 60.0)),
        (["X-RateLimit-Remaining: 4999"], Quota(None, 4999, None)),
        (["X-RateLimit-Limit: many", "X-RateLimit-Remaining: 4999", "X-RateLimit-Reset: x"], Quota(None, 4999, None)),
        (["RateLimit-Limit: 100, 100;w=60", "RateLimit-Remaining: 40", "RateLimit-Reset: 20"],
         Quota(100, 40, 20.0, 60.0)),
        (["RateLimit: limit=100, remaining=40, reset=20"], Quota(100, 40, 20)),
        (['RateLimit: "hour";r=40;t=20', 'RateLimit-Policy: "hour";q=100;w=3600'], Quota(100, 40, 20, 3600)),
        (["RateLimit: hour;r=40;t=20", "RateLimit-Policy: hour; q=100; w=3600"], Quota(100, 40, 20, 3600)),
        (['RateLimit: "hour";r=40;pk=:sdfjLJUOUH==:;t=20'], Quota(None, 40, 20)),
        (["X-RateLimit-Limit-Requests: 60", "X-RateLimit-Remaining-Requests: 59", "X-RateLimit-Reset-Requests: 1s"],
         Quota(60, 59, 1.0)),
        (["Anthropic-RateLimit-Requests-Limit: 50", "Anthropic-RateLimit-Requests-Remaining: 49",
          "Anthropic-RateLimit-Requests-Reset: 1994-11-06T08:49:38Z"], Quota(50, 49, 1.0)),
        (["X-Shopify-Shop-Api-Call-Limit: 32/40"], Quota(40, 8, None)),
        (["Sforce-Limit-Info: api-usage=25/5000; per-app-api-usage=17/250(appName=x)"], Quota(5000, 4975, None)),
        (["X-RateLimit-Remaining: 12, 7", "X-RateLimit-Reset: 1, 60"], Quota(None, 7, 60.0)),
        (["X-RateLimit-Remaining: 598.0", "X-RateLimit-Reset: 420"], Quota(None, 598, 420.0)),
        ([], None),
        (["X-RateLimit-Limit: 5000"], None),
        (["X-RateLimit-Limit-Tokens: 9", "X-RateLimit-Remaining-Tokens: 9", "X-RateLimit-Reset-Tokens: 1s"], None),
        (["RateLimit: nonsense"], None),
        (["X-Shopify-Shop-Api-Call-Limit: a/b"], None),
    ],
)  # fmt: skip
def test_quota(lines: list[str], expected: Quota | None) -> None:
    assert quota(fields(*lines), WALL) == expected


def test_of_several_quotas_the_one_that_runs_out_first_counts() -> None:
    both = fields(
        'RateLimit: "second";r=3;t=1, "day";r=900;t=3600', 'RateLimit-Policy: "second";q=5;w=1, "day";q=1000;w=86400'
    )
    assert quota(both, WALL) == Quota(5, 3, 1, 1)


@pytest.mark.parametrize(
    ("reset", "step"),
    [("60", 1.0), ("784111837", 1.0), ("6m0s", 1.0), ("1994-11-06T08:50:37Z", 1.0),
     ("59.5", 0.0), ("88ms", 0.0), ("784111837000", 0.0), ("1994-11-06T08:50:37.5Z", 0.0)],
)  # fmt: skip
def test_a_reset_in_whole_seconds_may_be_off_by_one(reset: str, step: float) -> None:
    found = quota(fields("X-RateLimit-Remaining: 5", f"X-RateLimit-Reset: {reset}"), WALL)
    assert found is not None
    assert found.step == step


@pytest.mark.parametrize(
    ("reset", "step"),
    [("784111837000", 1.0), ("784111837.5", 1.0), ("1994-11-06T08:50:37.5Z", 1.0), ("59.5", 0.0), ("2m59.56s", 0.0)],
)
def test_a_moment_is_no_finer_than_the_date_that_it_is_compared_with(reset: str, step: float) -> None:
    lines = ["X-RateLimit-Remaining: 5", f"X-RateLimit-Reset: {reset}", "Date: Sun, 06 Nov 1994 08:49:37 GMT"]
    found = quota(fields(*lines), WALL)
    assert found is not None
    assert found.step == step


def test_the_family_that_was_found_reads_the_next_answer() -> None:
    family = family_of(fields("X-RateLimit-Remaining: 5"))
    assert family is not None
    assert family.read(fields("X-RateLimit-Remaining: 4", "X-RateLimit-Reset: 9"), WALL) == Quota(None, 4, 9.0)
    assert family.read(fields("Content-Type: text/plain"), WALL) is None


# ---- whatever comes ----

_NAMES = sorted(
    {name for family in FAMILIES for name in (family.limit, family.remaining, family.reset) if name}
    | {b"retry-after", b"retry-after-ms", b"x-ratelimit-reset-after", b"date"}
)
_VALUES = st.binary(max_size=30) | st.sampled_from([b"0", b"60", b"1s", b'"a";r=0;t=5', b"784111837", b"-1", b"9" * 50])


@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=8))
def test_nothing_raises_and_every_figure_is_one(headers: dict[bytes, bytes]) -> None:
    wait = retry_hint(headers, WALL)
    assert wait is None or 0.0 <= wait <= LONGEST
    found = quota(headers, WALL)
    if found is not None:
        assert 0 <= found.remaining <= LONGEST
        assert found.reset is None or 0.0 <= found.reset <= LONGEST


@pytest.mark.parametrize(
    "value", [b'"' * 60000, b"a;b=" + b" " * 60000, b";r=" * 20000, b"a;" * 30000, b'"a\\' * 20000]
)
def test_no_value_makes_it_slow(value: bytes) -> None:
    assert retry_hint({b"ratelimit": value, b"ratelimit-policy": value}, WALL) is None
