"""Reads the JSON of an answer before the app gets it: a little of it, for a moment, and without changing a byte."""

import asyncio
import zlib
from typing import Any, Final

import orjson

from sidecar.core.errors import ClientGone, Sent, SidecarError
from sidecar.core.exchange import NEVER, Exchange, Response
from sidecar.policies.site import Site
from sidecar.rules.predicate import ABSENT

OTHER: Final[Any] = object()
"""The answer is of another media type, or has no body by its nature."""

UNREAD: Final[Any] = object()
"""The answer is too long, still streams or cannot be decoded: it passes unread."""

NOT_JSON: Final[Any] = object()
"""The answer says that it is JSON, and is not."""

_WINDOW = {b"gzip": 47, b"x-gzip": 47, b"deflate": 47}
"""Content codings that can be undone -> zlib's window bits: 47 takes gzip and zlib (RFC 9110 8.4.1)."""
_RAW = -15
"""Deflate without the zlib around it, as some servers send it against RFC 9110 8.4.1.2."""
_BOM = b"\xef\xbb\xbf"
"""May be skipped (RFC 8259 8.1), and .NET likes to write it."""


def bodiless(exchange: Exchange, response: Response) -> bool:
    """Whether an answer has no body by its nature (RFC 9110 6.4.1): HEAD, 204, 304, and 101, which has a tunnel."""
    return response.status in (204, 304, 101) or exchange.method == b"HEAD"


def media_type(response: Response) -> bytes:
    """The media type of an answer in lower case, without parameters; empty when it says none."""
    return response.headers.index.get(b"content-type", b"").partition(b";")[0].strip().lower()


class JsonReader:
    """``limit``: bytes to read at most, before and after decoding."""

    __slots__ = ("_clock", "_limit", "_stats")

    def __init__(self, limit: int, site: Site) -> None:
        self._limit = limit
        self._clock = site.env.clock
        self._stats = site.provider_stats.policies

    async def read(self, exchange: Exchange, response: Response) -> Any:
        """The document; ``ABSENT`` for an empty body; or ``OTHER``, ``UNREAD`` or ``NOT_JSON``.

        Raises:
            SidecarError: the body broke off while it was held; the attempt is over, and may be made again.
        """
        kind = media_type(response)
        if not _is_json(kind) or bodiless(exchange, response):
            return OTHER
        body = response.body
        coding = response.headers.index.get(b"content-encoding", b"").strip().lower()
        if (
            (coding and coding not in _WINDOW and coding != b"identity")
            or (body.length or 0) > self._limit
            or not await self._whole(exchange, response)
        ):
            self._stats.unread += 1
            return UNREAD
        content: bytes | None = body.content()
        if content and coding in _WINDOW:
            content = _decoded(content, _WINDOW[coding], self._limit)
        if content is None:
            self._stats.unread += 1
            return UNREAD
        return _parsed(content)

    async def _whole(self, exchange: Exchange, response: Response) -> bool:
        """Wait for the end of the body, no longer than the call has time; whether it is here and short enough."""
        body = response.body
        if not body.ended:
            left = exchange.deadline - self._clock()
            try:
                await body.hold(self._limit, None if left == NEVER else left)
            except asyncio.CancelledError:
                gone = ClientGone("the app closed the connection while its answer was read")
                response.close(exchange, exchange.error or gone)
                raise
        if body.error is not None:
            error = body.error
            if isinstance(error, SidecarError):
                error.sent = Sent.MAYBE
            response.close(exchange, error)
            raise error
        return body.complete and body.received <= self._limit


def _is_json(kind: bytes) -> bool:
    """Whether it names one JSON text (RFC 8259 11, RFC 6839 3.1), or AWS's form of it; not a stream of them."""
    if kind == b"application/json" or kind.startswith(b"application/x-amz-json-"):
        return True
    return kind.endswith(b"+json") and kind != b"application/stream+json"


def _decoded(content: bytes, window: int, limit: int) -> bytes | None:
    """The content without its coding; None when it is broken, or longer than ``limit``."""
    for bits in (window, _RAW):
        inflate = zlib.decompressobj(bits)
        try:
            plain = inflate.decompress(content, limit + 1)
        except zlib.error:
            continue
        return plain if inflate.eof and len(plain) <= limit else None
    return None


def _parsed(content: bytes) -> Any:
    if not content:
        return ABSENT
    try:
        return orjson.loads(content.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        return NOT_JSON
