import pytest

from sidecar.rules.classify import outcome


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, "success"), (101, "success"), (200, "success"), (204, "success"), (304, "success"), (399, "success"),
        (400, "client_error"), (403, "client_error"), (408, "client_error"), (428, "client_error"),
        (429, "throttled"), (430, "client_error"), (499, "client_error"),
        (500, "server_error"), (503, "server_error"), (504, "server_error"), (599, "server_error"),
        (999, "server_error"),
    ],
)  # fmt: skip
def test_outcome(status: int, expected: str) -> None:
    assert outcome(status, {}) == expected


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        # GitHub: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
        (403, {b"x-ratelimit-remaining": b"0"}, "throttled"),
        (403, {b"x-ratelimit-remaining": b"1"}, "client_error"),
        (403, {b"ratelimit-remaining": b" 0 "}, "throttled"),
        (403, {b"retry-after": b"60"}, "throttled"),
        (404, {b"retry-after": b"60"}, "client_error"),
        (401, {b"x-ratelimit-remaining": b"0"}, "client_error"),
        # AWS, see docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        (400, {b"x-amzn-errortype": b"ThrottlingException:http://internal.amazon.com/coral/"}, "throttled"),
        (400, {b"x-amzn-errortype": b"ProvisionedThroughputExceededException"}, "throttled"),
        (400, {b"x-amzn-errortype": b"ValidationException"}, "client_error"),
        (503, {b"x-amzn-errortype": b"SlowDown"}, "throttled"),
        (503, {b"x-amzn-errortype": b"ServiceUnavailable"}, "server_error"),
        (503, {b"retry-after": b"1"}, "server_error"),
    ],
)
def test_throttling_in_the_providers_own_words(status: int, headers: dict[bytes, bytes], expected: str) -> None:
    assert outcome(status, headers) == expected
