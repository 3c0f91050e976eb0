"""Answers that are not what they seem: a 200 that says in its body that the call has failed.

The bytes reach the app unchanged; only the verdict is another one, and with it what retry, breaker, fallback, log and
metrics make of the answer.
"""

import warnings
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sidecar.core.errors import Outcome
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.json_reader import NOT_JSON, OTHER, UNREAD, JsonReader, bodiless, media_type
from sidecar.policies.json_rule import JsonRule, Status, statuses
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Size, Switchable
from sidecar.policies.site import Site

_SUCCESS = Outcome.SUCCESS
_ALL_GOOD = frozenset(range(100, 400))

MediaType = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+-]+/[0-9A-Za-z.+-]+$", to_lower=True)]
"""Such as ``application/json``, without parameters."""


with warnings.catch_warnings():
    # pydantic's own ``json()`` was renamed long ago and is not used here; in the file, ``json`` is the word.
    warnings.filterwarnings("ignore", 'Field name "json"', UserWarning)

    class Success(Switchable):
        """What an answer below 400 must be to count as a success; all that is written here must hold.

        GraphQL: ``json: {pointer: /errors, is: absent}``. Answers to HEAD, 204 and 304 have no body and pass by their
        status alone.
        """

        mode: Literal["enforce", "off"] = "enforce"
        """``off`` takes the rules away."""
        status: tuple[Status, ...] = ()
        """Statuses of a success: ``[200, 201]``, ``[2xx]``; without it, all below 400."""
        content_type: MediaType | None = None
        """The media type of a success, if it has content. It catches pages that some proxy on the way answers with."""
        json: JsonRule | None = None  # type: ignore[assignment]
        """What the JSON of a success says. Answers of another media type pass, unless ``content_type`` asks for it; an
        answer that is called JSON and is none fails; in an empty one everything is absent."""
        outcome: Literal["client_error", "throttled", "server_error"] = "server_error"
        """What the others count as. ``server_error`` counts for the breaker; ``retry.on`` calls them ``failure``."""
        body_bytes: Size = Field(64 * 1024, ge=1, le=1024 * 1024)
        """JSON answers up to this size are held until whole, and read; longer ones and streams pass unread
        (sidecar_success_unread_total). 64 KiB take 0.5 ms to read."""

        @model_validator(mode="after")
        def _says_something(self) -> Self:
            if self.mode != "off" and not (self.status or self.content_type or self.json):
                msg = "nothing is said about a success; write status, content_type or json"
                raise ValueError(msg)
            if not statuses(self.status) <= _ALL_GOOD:
                msg = "status: an answer of 400 or more is no success; see throttled and retry for those"
                raise ValueError(msg)
            return self


class _SuccessLayer:
    __slots__ = ("_content_type", "_next", "_outcome", "_predicate", "_reader", "_statuses")

    def __init__(self, inner: Handler, settings: Success, site: Site) -> None:
        self._next = inner
        self._statuses = statuses(settings.status) or _ALL_GOOD
        self._content_type = settings.content_type.encode() if settings.content_type else b""
        self._predicate = settings.json.predicate() if settings.json is not None else None
        self._reader = JsonReader(settings.body_bytes, site)
        self._outcome = Outcome(settings.outcome)

    async def handle(self, exchange: Exchange) -> Response:
        response = await self._next(exchange)
        if response.outcome is _SUCCESS:
            wrong = await self._wrong(exchange, response)
            if wrong:
                exchange.attempts[-1].outcome = response.outcome = self._outcome
                exchange.note("judged", wrong)
        return response

    async def _wrong(self, exchange: Exchange, response: Response) -> str:
        """The rule that the answer breaks, in words; empty when it is a success."""
        if response.status not in self._statuses:
            return "status is none of success.status"
        if bodiless(exchange, response):
            return ""
        if self._content_type and response.body.length != 0 and media_type(response) != self._content_type:
            return "content type is not success.content_type"
        predicate = self._predicate
        if predicate is None:
            return ""
        document = await self._reader.read(exchange, response)
        if document is NOT_JSON:
            return "the body is not JSON"
        if document is OTHER or document is UNREAD or predicate.holds(document):
            return ""
        return predicate.said


def build(inner: Handler, site: Site) -> Handler:
    """Judge the answers of this route that look like a success, if there is a rule for them."""
    settings = site.of("success", Success)
    return inner if settings.mode == "off" else _SuccessLayer(inner, settings, site).handle


POLICY = Policy("success", build, "success", Success)
