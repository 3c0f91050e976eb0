"""A fixed answer for calls that fail: the app keeps working, with less.

It stands outside of everything that can fail or refuse, and it hides nothing: the outcome, the log line and
``Proxy-Status`` stay those of the cause.
"""

import difflib
import math
import re
import warnings
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from sidecar.core import errors
from sidecar.core.body import Body
from sidecar.core.errors import ERRORS, Internal, Outcome, Side, SidecarError, Superseded
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.http.head import HOP_BY_HOP, RESPONSE_VIA, reason_of
from sidecar.policies.policy import Policy
from sidecar.policies.rescue import sent_so_far, shown
from sidecar.policies.settings import FieldName, Settings, Switchable
from sidecar.policies.site import Site
from sidecar.rules.proxy_status import NAME, proxy_status
from sidecar.telemetry.policy_stats import count

EXHAUSTED = "exhausted"
_REFUSALS: tuple[type[SidecarError], ...] = (
    errors.BreakerOpen, errors.Killed, errors.RateLimited, errors.ConcurrencyLimited, errors.PoolExhausted,
    errors.DeadlineExceeded,
)  # fmt: skip
REASONS = (
    EXHAUSTED,
    *(error.code for error in _REFUSALS),
    *(error.code for error in ERRORS if error.side is Side.PROVIDER),
)
"""The words under ``fallback.when``: the codes of our refusals, those of the provider's failures, and all of these."""

_FAILED = frozenset({Outcome.SERVER_ERROR, Outcome.TIMEOUT, Outcome.NETWORK_ERROR, Outcome.THROTTLED})
_BODILESS = (204, 205, 304)
"""Statuses whose answers have no content (RFC 9110 15.3.5, 15.3.6, 15.4.5)."""
_OURS = HOP_BY_HOP | {b"content-length", b"content-type", b"proxy-status"}
_VALUE = re.compile(r"[\x20-\x7e\t]*")


def _reason(value: Any) -> str:
    if value in REASONS:
        return str(value)
    near = difflib.get_close_matches(str(value).lower().replace("-", "_"), REASONS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"possible are {', '.join(REASONS)}"
    msg = f"not a reason for a fallback: '{value}'; {hint}"
    raise ValueError(msg)


def _headers(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if name.lower().encode() in _OURS or name.lower().startswith("sidecar-"):
            msg = f"{name} cannot be set here; for the type of the body there is content_type"
            raise ValueError(msg)
        if not _VALUE.fullmatch(text):
            msg = f"the value of {name} has a control or non-ASCII character"
            raise ValueError(msg)
    return value


Reason = Annotated[str, BeforeValidator(_reason), WithJsonSchema({"enum": list(REASONS)})]
"""One of ``REASONS``."""

FieldValues = Annotated[dict[FieldName, str], AfterValidator(_headers)]
"""Header -> value."""


with warnings.catch_warnings():
    # pydantic's own ``json()`` was renamed long ago and is not used here; in the file, ``json`` is the word.
    warnings.filterwarnings("ignore", 'Field name "json"', UserWarning)

    class FallbackAnswer(Settings):
        """What a fallback says. Without ``json`` and ``body`` it has no content."""

        status: int = Field(503, ge=200, le=599)
        """503: the app sees that it failed, and may show what it has. 200 is for bodies that say "nothing found"."""
        headers: FieldValues = Field(default_factory=dict)
        """Header -> value."""
        json: Any = None
        """The content, as JSON; anything may stand here."""
        body: str | None = None
        """The content, as text; instead of ``json``."""
        content_type: str | None = Field(None, pattern=r"^[\x20-\x7e]+$", max_length=200)
        """Default: application/json for ``json``, text/plain in UTF-8 for ``body``."""

        @model_validator(mode="after")
        def _one_content(self) -> "FallbackAnswer":
            if self.json is not None and self.body is not None:
                msg = "json and body cannot both be the content; leave one out"
                raise ValueError(msg)
            if self.status in _BODILESS and (self.json is not None or self.body is not None):
                msg = f"an answer with status {self.status} has no content; leave json and body out"
                raise ValueError(msg)
            return self


class Fallback(FallbackAnswer, Switchable):
    """A fixed answer instead of a failure or a refusal. Off unless set.

    Outcome, ``Proxy-Status``, ``Retry-After``, log and metrics stay those of the cause.
    """

    when: tuple[Reason, ...] = ("breaker_open", "killed", EXHAUSTED)
    """What it answers for. ``exhausted``: the provider failed, by an answer (5xx, 429) or without one, after all
    retries; it stands for all codes of that kind, and for ``deadline_exceeded``. Never the app's own mistakes (4xx)."""
    reasons: dict[Reason, FallbackAnswer] = Field(default_factory=dict)
    """Another answer for one of the reasons; what it leaves out is as above."""

    @model_validator(mode="after")
    def _all_used(self) -> "Fallback":
        for reason in self.reasons:
            if reason not in self.when:
                msg = f"reasons.{reason} would never be used: {reason} is not in when; add it there"
                raise ValueError(msg)
        return self


class _Answer(NamedTuple):
    """One answer, made at load time. ``names``: lower-case names of the configured headers."""

    status: int
    pairs: tuple[tuple[bytes, bytes], ...]
    names: frozenset[bytes]
    content: bytes


class _FallbackLayer:
    __slots__ = ("_answers", "_next", "_observed", "_redactor", "_stats")

    def __init__(self, inner: Handler, settings: Fallback, site: Site) -> None:
        self._next = inner
        self._answers = {reason: _made(settings, settings.reasons.get(reason)) for reason in settings.when}
        self._observed = settings.mode == "observe"
        self._redactor = site.redactor
        self._stats = site.provider_stats.policies

    async def handle(self, exchange: Exchange) -> Response:
        try:
            response = await self._next(exchange)
        except SidecarError as error:
            reason = self._reason(error)
            if reason is None or not self._used(exchange, reason):
                raise
            return self._for_error(exchange, error, self._answers[reason])
        if response.outcome in _FAILED and EXHAUSTED in self._answers and self._used(exchange, EXHAUSTED):
            return self._for_answer(exchange, response, self._answers[EXHAUSTED])
        return response

    def _reason(self, error: SidecarError) -> str | None:
        """The reason that this error is, the more exact word first; None when it is none of those asked for."""
        if error.code in self._answers:
            return error.code
        failed = error.outcome in _FAILED and not isinstance(error, Internal)
        return EXHAUSTED if failed and EXHAUSTED in self._answers else None

    def _used(self, exchange: Exchange, reason: str) -> bool:
        """Count it; False where it is only observed."""
        if self._observed:
            self._stats.would("fallback", reason)
            return False
        count(self._stats.fallbacks, reason)
        exchange.note("fallback", reason)
        return True

    def _for_error(self, exchange: Exchange, error: SidecarError, answer: _Answer) -> Response:
        """In the place of rescue: the call ended with this error, whatever the app is told."""
        error.sent = sent_so_far(exchange, error.sent)
        exchange.error = error.bare()
        after = b"%d" % math.ceil(error.retry_after) if error.retry_after is not None else None
        cause = proxy_status(error.proxy_error, shown(error.detail, exchange, self._redactor))
        return _response(exchange, answer, cause, after, error.lines)

    def _for_answer(self, exchange: Exchange, response: Response, answer: _Answer) -> Response:
        """In the place of the provider's answer, which nobody will read: one that still comes is cut off."""
        response.close(exchange, None if response.body.complete else Superseded())
        cause = b"%b; received-status=%d" % (NAME.encode(), response.status)
        lines = response.lines.replace(RESPONSE_VIA, b"")
        made = _response(exchange, answer, cause, response.headers.index.get(b"retry-after"), lines)
        made.outcome = response.outcome
        return made


def _response(exchange: Exchange, answer: _Answer, cause: bytes, after: bytes | None, lines: bytes) -> Response:
    """``after``: the cause's Retry-After. ``lines``: what the policies inside had to tell the app."""
    headers = Headers.of([*answer.pairs, (b"Proxy-Status", cause)])
    if after is not None and b"retry-after" not in answer.names:
        headers.add(b"Retry-After", after)
    body = Body.of(b"" if exchange.method == b"HEAD" else answer.content)
    response = Response(answer.status, reason_of(answer.status), headers, body)
    response.lines = b"".join(line for line in lines.splitlines(keepends=True) if _name(line) not in headers.index)
    return response


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _made(main: Fallback, own: FallbackAnswer | None) -> _Answer:
    """The answer of one reason: its own words over those for all."""
    said = own if own is not None else main
    speaks = said.json is not None or said.body is not None
    status = said.status if "status" in said.model_fields_set else main.status
    headers = main.headers | said.headers
    content, kind = _content(said if speaks else main)
    if status in _BODILESS:
        content = b""
    pairs = [(name.encode(), text.strip().encode()) for name, text in _latest(headers)]
    names = frozenset(name.lower() for name, _ in pairs)
    if content:
        pairs.append((b"Content-Type", (said.content_type or kind).encode()))
    if status not in (204, 304):
        pairs.append((b"Content-Length", b"%d" % len(content)))
    if b"cache-control" not in names:
        pairs.append((b"Cache-Control", b"no-store"))
    return _Answer(status, tuple(pairs), names, content)


def _content(said: FallbackAnswer) -> tuple[bytes, str]:
    if said.json is not None:
        return orjson.dumps(said.json), said.content_type or "application/json"
    if said.body is not None:
        return said.body.encode(), said.content_type or "text/plain; charset=utf-8"
    return b"", ""


def _latest(headers: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names may differ by case between the two levels: the later one holds."""
    latest = {name.lower(): name for name in headers}
    return ((name, headers[name]) for name in latest.values())


def build(inner: Handler, site: Site) -> Handler:
    """Answer for the failed calls of this route, if there is an answer."""
    settings = site.of("fallback", Fallback)
    return inner if settings.mode == "off" or not settings.when else _FallbackLayer(inner, settings, site).handle


POLICY = Policy("fallback", build, "fallback", Fallback)
