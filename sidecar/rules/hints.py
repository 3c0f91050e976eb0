"""What a provider says about its limits: how long to wait before the next call, and how much of a quota is left.

``rules/moments.py`` says how times are read. What cannot be read counts as not said; nothing here raises.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sidecar.rules.moments import LONGEST, number, seconds_until

Fields = Mapping[bytes, bytes]
"""Lower-case name -> value; the values of a repeated name joined by ``, ``."""

_WAITS_MS = (b"retry-after-ms", b"x-ms-retry-after-ms", b"x-amz-retry-after")
"""OpenAI, Azure and AWS; finer than the Retry-After beside them, and asked first by their own SDKs."""
_WAITS = (b"retry-after", b"x-ratelimit-retry-after")
_RESET_AFTER = b"x-ratelimit-reset-after"
_REMAINING = b"x-ratelimit-remaining"

_LIMIT = re.compile(rb"\s*([0-9]{1,15})")
_WINDOW = re.compile(rb";\s*w=([0-9]{1,9})")
_USED = re.compile(rb"([0-9]{1,15})/([0-9]{1,15})")
_REVISION_07 = re.compile(rb"(limit|remaining|reset)=([0-9]{1,15})")
# An item of a structured list and its parameters (RFC 9651 3.1): possessive, so that no value makes it slow.
_ITEM = re.compile(rb'("[^"]*+"|[A-Za-z*][^;,\s]*+)((?:\s*+;\s*+[a-z*][a-z0-9_.*-]*+(?:=[^;,]*+)?)*+)')
_PARAMETER = re.compile(rb";\s*+([a-z]++)=([0-9]{1,15})(?![0-9])")


WHOLE_SECONDS = 1.0
"""How far a time may be off that is told in whole seconds: nobody says whether it was rounded up or down."""


class Quota(NamedTuple):
    """Calls that a provider still takes.

    ``reset``: seconds from now until it takes ``limit`` calls again; None: not said. ``window``: seconds that it
    counts over; None: not said. ``step``: seconds that ``reset`` may be off, as it was rounded.
    """

    limit: int | None
    remaining: int
    reset: float | None
    window: float | None = None
    step: float = WHOLE_SECONDS


class Family:
    """The names of one dialect, and how its values are read.

    ``calls``: it counts calls; else something else that may run out, such as tokens. ``unit``: seconds that a number
    under ``reset`` stands for.
    """

    __slots__ = ("calls", "limit", "remaining", "reset", "unit")

    def __init__(self, limit: bytes, remaining: bytes, reset: bytes, *, calls: bool = True, unit: float = 1.0) -> None:
        self.limit = limit
        self.remaining = remaining
        self.reset = reset
        self.calls = calls
        self.unit = unit

    def read(self, headers: Fields, wall: float) -> Quota | None:
        """The quota in this dialect; None when the number of calls left is missing or unreadable."""
        left = headers.get(self.remaining)
        remaining = _least(left) if left is not None else None
        if remaining is None:
            return None
        told = headers.get(self.reset)
        limit, window = _limit(headers.get(self.limit, b""))
        if told is None:
            return Quota(limit, remaining, None, window)
        date = headers.get(b"date")
        reset = seconds_until(told, wall, date)
        if reset is not None:
            reset *= self.unit
        return Quota(limit, remaining, reset, window, _step(told, dated=date is not None))


class _Named(Family):
    """Quotas with names (draft-ietf-httpapi-ratelimit-headers from revision 08): ``RateLimit: "hour";r=50;t=30``.

    Their limits stand in ``RateLimit-Policy: "hour";q=100;w=3600``. Revision 07 has one quota without a name:
    ``RateLimit: limit=100, remaining=50, reset=30``.
    """

    __slots__ = ()

    def read(self, headers: Fields, wall: float) -> Quota | None:
        """Of several quotas the one with the fewest calls left, the first to run out."""
        del wall  # t is always in seconds from now
        value = headers.get(self.remaining)
        if value is None:
            return None
        if b"remaining=" in value:
            told = {name: int(amount) for name, amount in _REVISION_07.findall(value)}
            remaining = told.get(b"remaining")
            return None if remaining is None else Quota(told.get(b"limit"), remaining, told.get(b"reset"))
        policies = dict(_items(headers.get(self.limit, b"")))
        found = [
            Quota(policy.get(b"q"), told[b"r"], told.get(b"t"), policy.get(b"w"))
            for name, told in _items(value)
            if b"r" in told
            for policy in (policies.get(name, {}),)
        ]
        return min(found, key=_first_to_run_out, default=None)


class _Used(Family):
    """``32/40``: used, and the limit; no word of when it starts again."""

    __slots__ = ()

    def read(self, headers: Fields, wall: float) -> Quota | None:
        """See ``Family.read``."""
        del wall
        match = _USED.search(headers.get(self.remaining, b""))
        return None if match is None else Quota(int(match[2]), max(0, int(match[2]) - int(match[1])), None)


def _family(start: bytes, end: bytes = b"", *, calls: bool = True) -> Family:
    return Family(start + b"limit" + end, start + b"remaining" + end, start + b"reset" + end, calls=calls)


def _anthropic(what: bytes, *, calls: bool = True) -> Family:
    start = b"anthropic-ratelimit-" + what
    return Family(start + b"-limit", start + b"-remaining", start + b"-reset", calls=calls)


FAMILIES: tuple[Family, ...] = (
    # OpenAI (platform.openai.com/docs/guides/rate-limits: 1s, 6m0s), Azure OpenAI, Groq.
    _family(b"x-ratelimit-", b"-requests"),
    # docs.anthropic.com/en/api/rate-limits: RFC 3339 dates.
    _anthropic(b"requests"),
    # linear.app/developers/rate-limiting: milliseconds since 1970.
    _family(b"x-ratelimit-requests-"),
    _Named(b"ratelimit-policy", b"ratelimit", b""),
    # The same draft up to revision 06: Microsoft Graph and Zendesk in seconds, GitLab with a time since 1970.
    _family(b"ratelimit-"),
    # GitHub, SendGrid, Envoy, Discord and most others: seconds, or a time since 1970.
    _family(b"x-ratelimit-"),
    # Okta, X.
    _family(b"x-rate-limit-"),
    # developers.hubspot.com/docs/api/usage-details: a rolling window, of which all is free again after its length.
    Family(
        b"x-hubspot-ratelimit-max",
        b"x-hubspot-ratelimit-remaining",
        b"x-hubspot-ratelimit-interval-milliseconds",
        unit=1e-3,
    ),
    # shopify.dev/docs/api/usage/rate-limits: a leaky bucket. Salesforce (REST API guide, Limit Info Header): a day.
    _Used(b"", b"x-shopify-shop-api-call-limit", b""),
    _Used(b"", b"sforce-limit-info", b""),
    _family(b"x-ratelimit-", b"-tokens", calls=False),
    _anthropic(b"tokens", calls=False),
    _anthropic(b"input-tokens", calls=False),
    _anthropic(b"output-tokens", calls=False),
)
"""The dialects we know. Of several in one answer the first that counts calls is the one to learn from."""

_OF_CALLS = tuple(family for family in FAMILIES if family.calls)


def retry_hint(headers: Fields, wall: float) -> float | None:
    """Seconds that the provider told us to wait before the next call; None when it said nothing. For failures only.

    An explicit wait comes first. When a quota is used up (nothing remains) it is the time until it starts again, of
    several the longest: a reset that is told while calls remain is no reason to wait. ``wall``: Unix seconds now.
    """
    for name in _WAITS_MS:
        if name in headers:
            waits = [ms for part in headers[name].split(b",") if (ms := number(part.strip())) is not None]
            if waits:
                return min(LONGEST, max(waits) / 1000)
    for name in _WAITS:
        if name in headers:
            wait = seconds_until(headers[name], wall, headers.get(b"date"))
            if wait is not None:
                return wait
    # Discord: finer than the reset beside it. It stands in every answer, and alone only when there is nothing to count.
    if _RESET_AFTER in headers and _least(headers.get(_REMAINING, b"0")) == 0:
        wait = seconds_until(headers[_RESET_AFTER], wall, headers.get(b"date"))
        if wait is not None:
            return wait
    return _until_refilled(headers, wall)


def quota(headers: Fields, wall: float) -> Quota | None:
    """How many calls the provider still takes, as any answer tells; None when this one does not."""
    family = family_of(headers)
    return None if family is None else family.read(headers, wall)


def family_of(headers: Fields) -> Family | None:
    """The dialect of this answer: a provider keeps to its own, so that it need not be looked for in each."""
    for family in _OF_CALLS:
        if family.remaining in headers:
            return family
    return None


def _until_refilled(headers: Fields, wall: float) -> float | None:
    longest: float | None = None
    for family in FAMILIES:
        if family.remaining in headers:
            found = family.read(headers, wall)
            if found is not None and found.remaining == 0 and found.reset is not None:
                longest = found.reset if longest is None else max(longest, found.reset)
    return longest


def _first_to_run_out(found: Quota) -> tuple[int, float]:
    return found.remaining, -(found.reset or 0.0)


def _least(value: bytes) -> int | None:
    """The least number of a field that may have come repeatedly. Less than 0 stands for "unknown" (Azure OpenAI)."""
    if value.isdigit() and len(value) < 16:
        return int(value)
    found = [amount for part in value.split(b",") if (amount := number(part.partition(b";")[0].strip())) is not None]
    return int(min(*found, LONGEST)) if found else None


def _limit(value: bytes) -> tuple[int | None, float | None]:
    """The first number, and the window of ``100, 100;w=60`` (revision 06, and Envoy)."""
    if value.isdigit() and len(value) < 16:
        return int(value), None
    limit, window = _LIMIT.match(value), _WINDOW.search(value)
    return None if limit is None else int(limit[1]), None if window is None else float(window[1])


def _step(told: bytes, *, dated: bool) -> float:
    """Fractions and milliseconds are told by who does not round: ``0.25``, ``88ms``, 13 digits since 1970.

    But a moment is compared with ``Date``, which has none.
    """
    whole, _, fraction = told.partition(b".")
    if dated and len(whole) > 8:
        return WHOLE_SECONDS
    return 0.0 if fraction or b"ms" in told or (len(told) > 11 and told.isdigit()) else WHOLE_SECONDS


def _items(value: bytes) -> Iterator[tuple[bytes, dict[bytes, int]]]:
    """Each name of a list, and its parameters that are numbers."""
    for name, parameters in _ITEM.findall(value):
        yield name, {key: int(amount) for key, amount in _PARAMETER.findall(parameters)}
