"""May a request be sent again? The rules that keep a retry from doing a thing twice.

RFC 9110 9.2.2 lets a proxy repeat idempotent requests only. Istio #13851 and dotnet/extensions #5248 show what comes of
less: a POST repeated after bytes had been sent, and customers charged twice.
"""

from collections.abc import Mapping
from typing import Literal

from sidecar.core.errors import Outcome, Sent

Unsafe = Literal["never", "with_key", "always"]


def harmless(unsafe: Unsafe, *, idempotent: bool, keyed: bool) -> bool:
    """Whether a request may be sent again although the provider may have carried it out.

    ``unsafe``: what the configuration allows for methods that are not idempotent. ``keyed``: the request carries an
    idempotency key.
    """
    return idempotent or unsafe == "always" or (keyed and unsafe == "with_key")


def not_processed(sent: Sent, status: int, outcome: Outcome | None, *, hinted: bool, wanted: bool) -> bool:
    """Whether an attempt certainly did nothing at the provider. ``status``: 0 without an answer.

    Nothing was sent; or the answer says so: 425 (RFC 8470 5.2), throttled, 503 with a hint when to come again
    (``hinted``, RFC 9110 15.6.4), or an explicit wish to be asked again (``wanted``).
    """
    if status == 0:
        return sent is Sent.NOTHING
    return status == 425 or outcome is Outcome.THROTTLED or wanted or (status == 503 and hinted)


_COME_AGAIN = (b"retry-after", b"retry-after-ms", b"x-ms-retry-after-ms", b"x-ratelimit-retry-after")


def invites(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the provider asks in so many words for the same call at a later time.

    The time at which a quota starts again does not: many providers tell it in every answer, also in the 503 of a call
    that they have carried out.
    """
    return any(name in headers for name in _COME_AGAIN)


def wish(headers: Mapping[bytes, bytes], names: tuple[bytes, ...]) -> bool | None:
    """What the provider says about asking again: True, False (a veto), or None when it says nothing.

    ``names``: lower-case headers such as ``x-should-retry`` (OpenAI, Anthropic) and ``stripe-should-retry``.
    """
    for name in names:
        value = headers.get(name)
        if value is not None:
            value = value.strip().lower()
            if value in (b"true", b"false"):
                return value == b"true"
    return None
