"""What a provider's answer means: the one verdict that log, metrics, retry, breaker and fallback read.

Errors without an answer carry theirs in ``core/errors.py``; a provider's own words for "too many" that stand in a body,
and answers that only look like a success, are the matter of ``policies/success.py``.
"""

from collections.abc import Mapping

from sidecar.core.errors import Outcome

_REMAINING = (b"x-ratelimit-remaining", b"ratelimit-remaining")
_AWS_THROTTLES = (b"throttl", b"toomanyrequests", b"requestlimitexceeded", b"slowdown", b"throughputexceeded")


def outcome(status: int, headers: Mapping[bytes, bytes]) -> Outcome:
    """The verdict on an answer. ``headers``: lower-case name -> value.

    1xx, 2xx and 3xx are what the app asked for. 429 is throttling (RFC 6585 section 4). 408 says that the provider
    waited for us: the request was at fault (RFC 9110 15.5.9), so it is no time-out of ours. 504 is the provider's own
    answer about its own back end: a server error like every 5xx; ours carry an error instead.
    """
    if status < 400:
        return Outcome.SUCCESS
    if status == 429:
        return Outcome.THROTTLED
    if status < 500:
        return Outcome.THROTTLED if _throttled(status, headers) else Outcome.CLIENT_ERROR
    if status == 503 and _is_aws_throttle(headers):
        return Outcome.THROTTLED
    return Outcome.SERVER_ERROR


def _throttled(status: int, headers: Mapping[bytes, bytes]) -> bool:
    """A 4xx that means "too many" in a provider's dialect.

    403 with a remaining count of zero, or with Retry-After: GitHub's primary and secondary limits
    (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api). 400 with such an error type: AWS
    (docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html, "throttling errors").
    """
    if status == 403:
        return b"retry-after" in headers or any(headers.get(name, b"").strip() == b"0" for name in _REMAINING)
    return status == 400 and _is_aws_throttle(headers)


def _is_aws_throttle(headers: Mapping[bytes, bytes]) -> bool:
    kind = headers.get(b"x-amzn-errortype")
    return kind is not None and any(word in kind.lower() for word in _AWS_THROTTLES)
