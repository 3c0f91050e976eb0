"""From bytes to responses: the reading half of a provider's connection.

As in ``request_parser``, llhttp in strict mode splits the bytes and this file adds what RFC 9112 6.3 asks of the
reader: which responses have a body, and where it ends.
"""

from typing import Protocol

import httptools

from sidecar.core.body import Body, Source, Trailers
from sidecar.core.errors import BadResponse, ResponseIncomplete, SidecarError
from sidecar.core.exchange import Response
from sidecar.core.headers import SPECIAL, Headers, index_of
from sidecar.http.fields import FieldCollector
from sidecar.http.head import tokens
from sidecar.http.quick_head import END, KEPT, QuickHead

HEAD_LIMIT = 128 * 1024
"""Bytes of a response head, interim answers included. Envoy allows 60 KiB, HAProxy 16 KiB; both are raised often."""

_BODILESS = frozenset({204, 304})
"""Answers that have no body, whatever they declare (RFC 9110 6.4.1)."""

_MOST_FIELDS = 1000
"""Header fields of one answer."""


def _whole(content: bytes) -> Body:
    """What ``Body.of`` makes; it is made for most answers, and without calls costs a third."""
    size = len(content)
    body = Body(None, size)
    if size:
        body.chunks.append(content)
        body.buffered = body.received = size
    body.complete = True
    return body


class _Stop(Exception):
    """Leaves the parser's callback."""


class Reader(Source, Protocol):
    """Who is told what was read."""

    def on_interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """An interim answer (1xx other than 101)."""

    def on_response(self, response: Response) -> None:
        """The final head is complete; the body follows into ``response.body``."""

    def on_complete(self) -> None:
        """The response is complete."""

    def on_whole(self, response: Response) -> None:
        """A response came in one piece: ``on_response`` and ``on_complete`` at once."""

    def on_broken(self, error: SidecarError) -> None:
        """What was read is not HTTP, or broke off. A body that had begun has failed already."""


class ResponseParser(FieldCollector):
    """Feeds one connection's bytes through the parser.

    ``begun``: at least one byte of the awaited response came. ``reusable``: the connection may carry another
    request after this response. ``leftover``: bytes behind a 101 head.

    A head that is likely to be ordinary (``_ordinary``: the last one was) is tried on the quick way first. ``_ready``:
    that, and not a byte of it has come.
    """

    __slots__ = (
        "_body", "_error", "_fed", "_head_only", "_left", "_ordinary", "_parser", "_quick", "_reader", "_ready",
        "_reason", "_seen", "_skip", "_until_close", "awaiting", "begun", "leftover", "reusable",
    )  # fmt: skip

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parser: httptools.HttpResponseParser | None = None
        self._quick = QuickHead(httptools.HttpResponseParser)
        self._ordinary = True
        self._ready = False
        self._body: Body | None = None
        self._left = 0
        self._fields = []
        self._reason = b""
        self._head_only = False
        self._skip = False
        self._until_close = False
        self._error: SidecarError | None = None
        self._fed = 0
        self._seen = 0
        self.awaiting = False
        self.begun = False
        self.leftover = b""
        self.reusable = True

    def expect(self, method: bytes) -> None:
        """A request was sent. The answer to HEAD has no body (RFC 9110 9.3.2)."""
        head_only = method == b"HEAD"
        self.awaiting = True
        self.begun = False
        self._ready = self._ordinary and not head_only
        self._head_only = head_only
        self._fed = self._seen = 0

    def feed(self, data: bytes) -> None:
        """Take what was read. Never raises: what is wrong goes to the reader."""
        if self._ready:
            self._ready = False
            self.begun = True
            if self._feed_quick(data):
                return
            self._ordinary = False
        if self._left:
            data = self._feed_plain(data)
            if not data:
                return
        if not self.awaiting and self._body is None:
            # Nothing was asked: whoever sends now does not keep to HTTP, and the next answer could be a wrong one.
            self.reusable = False
            return
        self._feed_parser(data)

    def _feed_parser(self, data: bytes) -> None:
        self.begun = True
        if self.awaiting:
            self._fed += len(data)
        parser = self._parser
        if parser is None:
            parser = self._parser = httptools.HttpResponseParser(self)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.leftover = data[upgrade.args[0] :]
            return
        except httptools.HttpParserError as error:
            self._unreadable(error)
            return
        body = self._body
        if body is not None:
            if body.length is not None:
                self._left = body.length - body.received
            elif body.received != self._seen:
                self._seen, self._fed = body.received, 0
            else:
                self._no_progress(len(data))
        elif self.awaiting and self._fed > HEAD_LIMIT:
            self._broken(BadResponse(f"the response head is larger than {HEAD_LIMIT} bytes"))

    def _no_progress(self, size: int) -> None:
        """Chunk extensions and trailers grow no body, and are limited as a head is."""
        self._fed += size
        if self._fed > HEAD_LIMIT:
            self._broken(BadResponse(f"the trailer section is larger than {HEAD_LIMIT} bytes"))

    def _unreadable(self, error: httptools.HttpParserError) -> None:
        if isinstance(error, httptools.HttpParserCallbackError) and self._error is None:
            raise error.__context__ or error from None  # a bug of ours, not the provider's
        self._broken(self._error or BadResponse(f"not valid HTTP/1.1: {str(error).lower()}"))

    def eof(self, *, clean: bool) -> None:
        """The provider closed. Ends a body that is framed by the close if that was ``clean``, breaks any other."""
        self.reusable = False
        body = self._body
        if body is None:
            return
        if self._until_close and clean:
            self._finish()
        else:
            got = f"{body.received} bytes" if body.length is None else f"{body.received} of {body.length} bytes"
            self._broken(ResponseIncomplete(f"the provider closed the connection after {got} of its answer"))

    # ---- an ordinary head ----

    def _feed_quick(self, data: bytes) -> bool:
        """Read a head with Content-Length and what came with it; False when it needs a closer look."""
        head, end, content = data.partition(END)
        start, _, block = head.partition(b"\r\n")
        if not end or len(head) > HEAD_LIMIT or start[:9] != b"HTTP/1.1 " or start[12:13] != b" ":
            return False
        quick = self._quick
        headers = quick.read(head + END)
        if headers is None:
            return False
        index, status = headers.index, int(start[9:12])
        declared = index.get(b"content-length")
        if (
            not declared
            or status < 200
            or status in _BODILESS
            or len(index) > _MOST_FIELDS
            or (b"connection" in index and index[b"connection"] not in KEPT)
        ):
            quick.renew()
            return False
        headers.block = block
        length, size = int(declared), len(content)
        self.awaiting = False
        if size < length:
            quick.renew()  # its parser waits for the body
            self._left = length - size
            body = self._body = Body(self._reader, length)
            self._reader.on_response(Response(status, start[13:], headers, body))
            if content:
                body.feed(content)
            return True
        if size > length:
            self.reusable = False  # nobody asked for what follows
            content = content[:length]
        if content:
            quick.skip(content)
        self._reader.on_whole(Response(status, start[13:], headers, _whole(content)))
        return True

    # ---- a body with Content-Length does not go through the parser ----

    def _feed_plain(self, data: bytes) -> bytes:
        body, left = self._body, self._left
        assert body is not None
        if len(data) < left:
            self._left = left - len(data)
            body.feed(data)
            return b""
        self._left = 0
        self._parser = None  # it waits for the body
        body.feed(data if len(data) == left else data[:left])
        self._finish()
        return data[left:]

    # ---- callbacks of the parser ----

    def on_message_begin(self) -> None:
        """The first byte of a message."""
        if not self.awaiting:
            self.reusable = False

    def on_status(self, reason: bytes) -> None:
        """A piece of the reason phrase."""
        self._reason += reason

    def on_headers_complete(self) -> None:
        """The head is complete."""
        if not self.awaiting:
            self.reusable = False
            self._skip = True
            return
        parser = self._parser
        assert parser is not None
        status = parser.get_status_code()
        fields, self._fields = self._fields, []
        if status < 100 or len(fields) > _MOST_FIELDS:
            self._error = BadResponse(f"its status is {status}" if status < 100 else f"more than {_MOST_FIELDS} fields")
            raise _Stop
        if self._fed > HEAD_LIMIT and sum(len(name) + len(value) + 4 for _, name, value in fields) > HEAD_LIMIT:
            self._error = BadResponse(f"the response head is larger than {HEAD_LIMIT} bytes")
            raise _Stop
        index = index_of(fields)
        headers = Headers(fields, index)
        reason, self._reason = self._reason, b""
        if status < 200 and status != 101:
            self._skip = True
            self._reader.on_interim(status, reason, headers)
            return
        self.awaiting = False
        self._ordinary = len(index) == len(fields) and SPECIAL.isdisjoint(index)
        keep_alive = parser.should_keep_alive() or self._keeps_alive(index, parser.get_http_version())
        body = Body(self._reader)
        bodiless = self._head_only or status in (204, 304, 101)
        if bodiless:
            body.length = 0
        elif b"transfer-encoding" in index:
            coding = index[b"transfer-encoding"].strip().lower()
            if coding != b"chunked" or parser.get_http_version() != "1.1":
                self._error = BadResponse("it has a transfer coding that was not asked for")
                raise _Stop
        elif b"content-length" in index:
            body.length = int(index[b"content-length"])
        else:
            self._until_close = True
            keep_alive = False
        self.reusable = self.reusable and keep_alive
        self._body = body
        self._reader.on_response(Response(status, reason, headers, body))
        if bodiless:
            # The parser is not told of HEAD and would wait for a body.
            if self._head_only:
                self._parser = None
            self._finish()

    def _keeps_alive(self, index: dict[bytes, bytes], version: str) -> bool:
        """What ``Connection`` says (RFC 9112 9.3); the parser asks for the end of the body as well."""
        if version not in ("1.1", "1.0"):
            self._error = BadResponse(f"it speaks HTTP/{version}")
            raise _Stop
        named = tokens(index.get(b"connection"))
        return b"close" not in named and (version == "1.1" or b"keep-alive" in named)

    def on_body(self, data: bytes) -> None:
        """A chunk of the body that came through the parser."""
        body = self._body
        if body is None:
            self.reusable = False
        else:
            body.feed(data)

    def on_message_complete(self) -> None:
        """The message is complete."""
        if self._skip:
            self._skip = False
        elif self._body is not None:
            self._finish()

    # ---- ends ----

    def _finish(self) -> None:
        body, self._body = self._body, None
        assert body is not None
        fields = self._fields
        trailers: Trailers = []
        if fields:
            trailers = [(name, value) for _, name, value in fields]
            self._fields = []
        self._left = 0
        body.finish(trailers)
        self._reader.on_complete()

    def _broken(self, error: SidecarError) -> None:
        self.reusable = False
        self.awaiting = self._ready = False
        self._left = 0
        body, self._body = self._body, None
        if body is not None:
            body.fail(error)
        self._reader.on_broken(error)
