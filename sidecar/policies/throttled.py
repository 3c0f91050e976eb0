"""Answers that say "too many" in the provider's own words, instead of 429.

Some that need it: Google's 403 with ``/error/errors/0/reason``, DynamoDB's 400 with ``/__type``, Salesforce's 403 with
``/0/errorCode``, Shopify's GraphQL, which throttles with 200 and ``/errors/0/extensions/code``.
"""

import warnings
from typing import Literal, Self

from pydantic import Field, model_validator

from sidecar.core.errors import Outcome
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.json_reader import NOT_JSON, OTHER, UNREAD, JsonReader
from sidecar.policies.json_rule import JsonRule, Status, statuses
from sidecar.policies.policy import Policy
from sidecar.policies.settings import FieldName, Settings, Size, Switchable
from sidecar.policies.site import Site

_THROTTLED = Outcome.THROTTLED
_NO_DOCUMENT = (OTHER, UNREAD, NOT_JSON)


class HeaderRule(Settings):
    """A header that such an answer has."""

    name: FieldName
    """Its name."""
    contains: str = ""
    """A part of its value, in small or capital letters; empty: any value will do."""


with warnings.catch_warnings():
    # pydantic's own ``json()`` was renamed long ago and is not used here; in the file, ``json`` is the word.
    warnings.filterwarnings("ignore", 'Field name "json"', UserWarning)

    class Throttled(Switchable):
        """Answers that count as throttling, beside 429 and the dialects that are always known (GitHub's, AWS's).

        All that is written here must hold. Such answers are retried as 429 is, and make an adaptive ``concurrency``
        fall.
        """

        mode: Literal["enforce", "off"] = "enforce"
        """``off`` takes the rules away."""
        status: tuple[Status, ...] = Field(("4xx",), min_length=1)
        """Statuses of such answers: ``[403]``, ``[200, 4xx]``."""
        header: HeaderRule | None = None
        """A header of such answers."""
        json: JsonRule | None = None  # type: ignore[assignment]
        """What the JSON of such answers says; one that is no JSON, or cannot be read, is none of them."""
        body_bytes: Size = Field(64 * 1024, ge=1, le=1024 * 1024)
        """JSON answers up to this size are held until whole, and read; longer ones and streams pass unread
        (sidecar_success_unread_total)."""

        @model_validator(mode="after")
        def _says_something(self) -> Self:
            if self.mode != "off" and not (self.model_fields_set & {"status", "header", "json"}):
                msg = "nothing is said about throttling; write status, header or json"
                raise ValueError(msg)
            return self


class _ThrottledLayer:
    __slots__ = ("_contains", "_header", "_next", "_predicate", "_reader", "_said", "_statuses")

    def __init__(self, inner: Handler, settings: Throttled, site: Site) -> None:
        self._next = inner
        self._statuses = statuses(settings.status)
        header, rule = settings.header, settings.json
        self._header = header.name.lower().encode() if header is not None else b""
        self._contains = header.contains.lower().encode() if header is not None else b""
        self._predicate = rule.predicate() if rule is not None else None
        self._reader = JsonReader(settings.body_bytes, site)
        seen = [
            "status",
            *([f"header {header.name}"] if header is not None else []),
            *([f"json {rule.pointer}"] if rule is not None else []),
        ]
        self._said = f"throttled by {', '.join(seen)}"

    async def handle(self, exchange: Exchange) -> Response:
        response = await self._next(exchange)
        if (
            response.status in self._statuses
            and response.outcome is not _THROTTLED
            and await self._means_it(exchange, response)
        ):
            exchange.attempts[-1].outcome = response.outcome = _THROTTLED
            exchange.note("judged", self._said)
        return response

    async def _means_it(self, exchange: Exchange, response: Response) -> bool:
        if self._header:
            value = response.headers.index.get(self._header)
            if value is None or self._contains not in value.lower():
                return False
        predicate = self._predicate
        if predicate is None:
            return True
        document = await self._reader.read(exchange, response)
        return document not in _NO_DOCUMENT and predicate.holds(document)


def build(inner: Handler, site: Site) -> Handler:
    """Tell the answers of this route that mean throttling, if there is a rule for them."""
    settings = site.of("throttled", Throttled)
    return inner if settings.mode == "off" else _ThrottledLayer(inner, settings, site).handle


POLICY = Policy("throttled", build, "throttled", Throttled)
