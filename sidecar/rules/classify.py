"""What a provider's answer means: the one verdict that log, metrics, retry and breaker read.

The values are those of ``Sidecar-Outcome``. Errors without an answer carry theirs in ``core/errors.py``.
"""


def outcome(status: int) -> str:
    """``success``, ``client_error``, ``throttled`` or ``server_error`` for the status of a provider's answer.

    1xx, 2xx and 3xx are what the app asked for. 429 alone is throttling (RFC 6585 section 4). 408 says that the
    provider waited for us: the request was at fault (RFC 9110 15.5.9), so it is no time-out of ours. 504 is the
    provider's own answer about its own back end: a server error like every 5xx; ours carry an error instead.
    """
    if status < 400:
        return "success"
    if status == 429:
        return "throttled"
    return "client_error" if status < 500 else "server_error"
