"""The part of the admin API about calls that failed: what ``sidecar support`` shows.

    GET /calls          the last ones, the newest first
    GET /calls/{id}     everything known of those with this id: the request id, the trace id, or one of the provider's

A packet is JSON, or with ``?format=markdown`` (or ``Accept: text/markdown``) a text to be mailed to the provider. All
of it was redacted before it was kept.
"""

import asyncio
import platform
import ssl
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from sidecar import __version__
from sidecar.admin.answers import as_json, problem, text
from sidecar.admin.packet_page import page
from sidecar.core.exchange import Exchange, Response
from sidecar.telemetry.failures import Failure, Failures

MARKDOWN = b"text/markdown; charset=utf-8"
"""RFC 7763."""


_SUMMARY = ("ts", "request_id", "provider", "route", "method", "path", "status", "outcome", "error")
"""Fields by which a call is told from others in a list."""


class Calls:
    """Answers about the calls that ``failures`` holds. Packets may be megabytes: a thread reads and writes them."""

    __slots__ = ("_failures",)

    def __init__(self, failures: Failures) -> None:
        self._failures = failures

    async def all(self) -> Response:
        """Every call that is here, in a few words."""
        return await asyncio.to_thread(_list, list(self._failures.newest()))

    async def one(self, exchange: Exchange, name: str) -> Response:
        """Every call with this id. ``name``: percent-encoded, as it stands in the path."""
        wanted = unquote(name)
        found = self._failures.find(wanted)
        if not found:
            return self._unknown(wanted)
        return await asyncio.to_thread(_answer, wanted, found, markdown=_wants_markdown(exchange))

    def _unknown(self, wanted: str) -> Response:
        kept = len(self._failures)
        detail = (
            f"no call with the id '{wanted[:200]}' is known here: only calls that failed are kept, the last ones "
            f"({kept} now), until the sidecar ends"
        )
        return problem(404, "unknown_call", "Unknown call", detail, kept=kept)


def _list(found: list[Failure]) -> Response:
    contents = [orjson.loads(failure.content) for failure in found]
    return as_json(200, {"calls": [{name: one[name] for name in _SUMMARY if name in one} for one in contents]})


def _answer(wanted: str, found: list[Failure], *, markdown: bool) -> Response:
    packets = [packet(failure) for failure in found]
    if markdown:
        return text(200, page(packets).encode(), MARKDOWN)
    return as_json(200, {"id": wanted, "calls": packets})


def packet(failure: Failure) -> dict[str, Any]:
    """All that is known of one call: what was kept of it, of its route, and what runs here."""
    found: dict[str, Any] = orjson.loads(failure.content) | failure.route
    for one in (found, *found["attempts"]):
        one["started"] = _utc(one["started"])
    return found | {"versions": versions()}


def versions() -> dict[str, str | None]:
    """What the sidecar is made of, as far as it matters to a provider: who spoke, and with which TLS."""
    return {
        "sidecar": __version__,
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "uvloop": _installed("uvloop"),
        "httptools": _installed("httptools"),
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _utc(moment: float) -> str:
    """RFC 3339, in UTC with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wants_markdown(exchange: Exchange) -> bool:
    query = exchange.target.partition(b"?")[2].decode("latin-1")
    form = parse_qs(query).get("format")
    if form is not None:
        return form[-1] in ("markdown", "md")
    return b"text/markdown" in (exchange.headers.get(b"accept") or b"").lower()
