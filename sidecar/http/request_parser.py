"""From bytes to requests: the reading half of an app's connection.

llhttp (the parser of Node.js, by httptools) splits heads and chunks, in strict mode; this file adds the rules of
RFC 9110 and 9112 that it leaves to its user. It knows no sockets: it is fed bytes, and tells its owner about
heads, body chunks and errors.
"""

from collections.abc import Callable
from typing import Protocol

import httptools

from sidecar.core.body import Body, Source, Trailers
from sidecar.core.errors import BadRequest, SidecarError
from sidecar.core.exchange import Exchange
from sidecar.core.headers import SPECIAL, Headers, index_of
from sidecar.http.fields import FieldCollector
from sidecar.http.head import HOST
from sidecar.http.limits import Limits
from sidecar.http.quick_head import END, KEPT, QuickHead
from sidecar.http.request_head import HOST_BYTES, check_head


class Owner(Source, Protocol):
    """Who is told what was read."""

    def on_head(self, exchange: Exchange) -> None:
        """A request head is complete; its body, if any, follows into ``exchange.body``."""

    def on_bad_head(self, error: SidecarError, exchange: Exchange) -> None:
        """The request cannot be read; ``exchange`` holds what was understood. Nothing more will be read."""


_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
"""Methods of ordinary heads; with them, a head begins where the data begins."""


class _Stop(Exception):
    """Leaves the parser's callback."""


class RequestParser(FieldCollector):
    """Feeds one connection's bytes through the parser.

    ``in_head``: bytes of an incomplete head are waiting. ``current``: the request whose body is still coming.
    ``stopped``: nothing more is read, because of an error or because the request was the last one. ``waiting``: the
    provider may take an upgrade; what comes until then is kept in ``early``. ``failed``: the app's bytes broke a rule.
    ``client``: whose requests these are.

    A head that is likely to be ordinary (``_ordinary``: the last one was) is tried on the quick way first. ``ready``:
    that, and what is read next begins a head: of what was read, nothing is left to be done.
    """

    __slots__ = (
        "_begun", "_clock", "_head_bytes", "_left", "_limits", "_ordinary", "_owner", "_parser", "_quick", "_read",
        "_seen", "_target", "_unseen", "client", "current", "early", "failed", "ready", "stopped", "waiting",
    )  # fmt: skip

    def __init__(self, owner: Owner, limits: Limits, clock: Callable[[], float]) -> None:
        self._owner = owner
        self._limits = limits
        self._clock = clock
        self._parser: httptools.HttpRequestParser | None = None
        self._quick = QuickHead(httptools.HttpRequestParser)
        self._ordinary = True
        self.ready = True
        self._begun = False
        self._target = b""
        self._fields = []
        self._head_bytes = 0
        self._read = 0
        self._left = 0
        self._seen = 0
        self._unseen = 0
        self.current: Exchange | None = None
        self.client = ""
        self.early = b""
        self.stopped = False
        self.waiting = False
        self.failed = False

    @property
    def in_head(self) -> bool:
        """Whether a request has begun whose head is not complete."""
        return self.current is None and (self._begun or self._head_bytes > 0)

    def feed(self, data: bytes) -> None:
        """Take what was read. Never raises: what is wrong goes to the owner."""
        if self.ready:
            data = self._feed_quick(data)
            if not data:
                return
        if self._left:
            data = self._feed_plain(data)
            if not data:
                return
        if self.stopped:
            if self.waiting:
                self.early += data
        else:
            self._feed_parser(data)

    def _feed_parser(self, data: bytes) -> None:
        self.ready = False
        self._read = len(data)
        if self.current is None:
            self._head_bytes += self._read
        if self._parser is None:
            self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            self._broken(error)
            return
        current = self.current
        if current is not None:
            self._read_plain(current)
        elif self._head_bytes:
            self._read_on(data)

    def _read_on(self, data: bytes) -> None:
        """``data`` has not completed the head."""
        if self._head_bytes == self._read and not data.strip(b"\r\n"):
            self._head_bytes = 0  # empty lines before a request begin none (RFC 9112 2.2)
        elif self._head_bytes > self._limits.header_bytes:
            self._too_large(self._half_head())

    def go_on(self) -> None:
        """The upgrade was not taken: read what follows as HTTP."""
        self.stopped = self.waiting = False
        early, self.early = self.early, b""
        if early:
            self.feed(early)

    def refuse(self, error: SidecarError) -> None:
        """Give up a head that has begun."""
        self._refuse(error, self._half_head())

    def _half_head(self) -> Exchange:
        fields = self._fields[: self._limits.headers + 1]
        return Exchange(b"", self._target, Headers(fields, index_of(fields)), None, self.client, self._clock())

    # ---- an ordinary head ----

    def _feed_quick(self, data: bytes) -> bytes:
        """Read the head that ``data`` begins with; what is left to be read."""
        # Looking from the end is quicker, and where two requests came at once, the head is found not to be ordinary.
        head = data if data.endswith(END) else data[: data.find(END) + 4]
        exchange = self._ordinary_head(head) if len(head) <= self._limits.header_bytes else None
        if exchange is None:
            self._ordinary = self.ready = False
            return data
        body = exchange.body
        if body is not None:
            self._quick.renew()  # its parser waits for the body
            self.ready = False
            self.current = exchange
            self._left = body.length or 0
        self._owner.on_head(exchange)
        return data[len(head) :]

    def _ordinary_head(self, head: bytes) -> Exchange | None:
        """The request, if nothing about its head needs a closer look."""
        start = head[: head.find(b"\r\n")].split(b" ")
        if len(start) != 3 or start[2] != b"HTTP/1.1" or start[0] not in _METHODS:
            return None
        method, target, _ = start
        headers = self._quick.read(head)
        if headers is None:
            return None
        index, limits = headers.index, self._limits
        host = index.get(HOST)
        if (
            host is None
            or host.translate(None, HOST_BYTES)
            or target[:1] != b"/"
            or b"#" in target
            or len(index) > limits.headers
            or (b"connection" in index and index[b"connection"] not in KEPT)
        ):
            self._quick.renew()
            return None
        body = None
        declared = index.get(b"content-length")
        if declared:
            length = int(declared)
            if limits.body and length > limits.body:
                self._quick.renew()
                return None
            if length:
                body = Body(self._owner, length)
        clock = self._clock
        return Exchange(method, target, headers, body, self.client, clock())

    # ---- a body with Content-Length does not go through the parser ----

    def _read_plain(self, exchange: Exchange) -> None:
        body = exchange.body
        if body is None:
            return
        if body.length is not None:
            # The parser copies every chunk; counting is enough. It is made anew when the body is complete.
            self._left = body.length - body.received
        elif body.received != self._seen:
            self._seen, self._unseen = body.received, 0
        else:
            # Chunk extensions and trailers grow no body, and are limited as a head is.
            self._unseen += self._read
            limit = self._limits.header_bytes
            if self._unseen > limit:
                self._stop()
                body.fail(
                    BadRequest(f"the trailer section is larger than {limit} bytes (limits.header_bytes)", status=431)
                )

    def _feed_plain(self, data: bytes) -> bytes:
        assert self.current is not None
        assert self.current.body is not None
        body, left = self.current.body, self._left
        if len(data) < left:
            self._left = left - len(data)
            body.feed(data)
            return b""
        self._left = 0
        self._parser = None  # it waits for the body
        self._begun = False
        body.feed(data if len(data) == left else data[:left])
        self._complete()
        return data[left:]

    # ---- callbacks of the parser ----

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._begun = True
        self.ready = False

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._target += url

    def on_headers_complete(self) -> None:
        """The head is complete."""
        fields, self._fields = self._fields, []
        limits = self._limits
        if len(fields) > limits.headers:
            # Refused below. The index of one name, repeated, costs the square of its count.
            fields = fields[: limits.headers + 1]
        assert self._parser is not None
        index = index_of(fields)
        headers = Headers(fields, index)
        exchange = Exchange(self._parser.get_method(), self._target, headers, None, self.client, self._clock())
        self._target = b""
        if (self._head_bytes > limits.header_bytes or self._read > limits.header_bytes) and (
            len(exchange.target) + sum(len(name) + len(value) + 4 for _, name, value in fields) > limits.header_bytes
        ):
            self._too_large(exchange)
            raise _Stop
        self._head_bytes = 0
        error = check_head(exchange, self._parser, limits, self._owner)
        if error is not None:
            self._refuse(error, exchange)
            raise _Stop
        self.current = exchange
        self._ordinary = len(index) == len(fields) and SPECIAL.isdisjoint(index)
        self._owner.on_head(exchange)

    def on_body(self, data: bytes) -> None:
        """A chunk of a body without Content-Length, or the first of one with it."""
        body = self.current.body if self.current is not None else None
        if body is None:
            return
        limit = self._limits.body
        if limit and body.received + len(data) > limit:
            self._fail_body(BadRequest(f"the request body is larger than {limit} bytes (limits.body)", status=413))
        body.feed(data)

    def on_message_complete(self) -> None:
        """The message is complete."""
        self._begun = False
        exchange = self.current
        if exchange is None:
            return
        assert self._parser is not None
        if exchange.body is not None and self._parser.should_upgrade():
            return  # the parser skips the body of a request that offers an upgrade: it is read in _upgrade
        self._complete()

    # ---- ends ----

    def _complete(self) -> None:
        exchange = self.current
        assert exchange is not None
        fields = self._fields
        trailers: Trailers = []
        if fields:
            if len(fields) > self._limits.headers:
                self._fail_body(BadRequest("too many trailer fields (limits.headers)", status=431))
            trailers = [(name, value) for _, name, value in fields]
            self._fields = []
        self.current = None
        if exchange.upgrade is not None:
            self.stopped = self.waiting = True
        elif not exchange.keep_alive:
            self.stopped = True
        else:
            self.ready = self._ordinary
        if exchange.body is not None:
            self._seen = self._unseen = 0
            exchange.body.finish(trailers)

    def _upgrade(self, rest: bytes) -> None:
        """The parser stopped behind the head of a request that offers an upgrade."""
        exchange = self.current
        if exchange is not None and exchange.body is not None:
            # Its body was not read. The rest is read by a parser that is told how the body is framed.
            parser = self._parser = httptools.HttpRequestParser(self)
            if exchange.body.length is not None:
                self._left = exchange.body.length
            else:
                self._resume_chunked(parser)
            if rest:
                self.feed(rest)
        elif rest:
            self.feed(rest)

    def _resume_chunked(self, parser: httptools.HttpRequestParser) -> None:
        """Bring a new parser to where a chunked body begins."""
        exchange, self.current = self.current, None
        owner, self._owner = self._owner, _Nobody()
        parser.feed_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        self._owner = owner
        self.current = exchange

    def _broken(self, error: httptools.HttpParserError) -> None:
        if isinstance(error, httptools.HttpParserCallbackError) and not self.failed:
            raise error.__context__ or error from None  # a bug of ours, not the app's
        if self.stopped:
            return  # a callback has stopped the parser, or these are bytes behind the last request
        problem: SidecarError = BadRequest(f"not valid HTTP/1.1: {_plain(error)}")
        if isinstance(error, httptools.HttpParserInvalidMethodError):
            problem = BadRequest("the method is not known, or this is not HTTP", status=400)
        if self.current is not None:
            self._stop()
            body = self.current.body
            if body is not None:
                body.fail(problem)
            return
        self.refuse(problem)

    def _too_large(self, exchange: Exchange) -> None:
        limit = self._limits.header_bytes
        status = 414 if len(exchange.target) > limit // 2 else 431
        what = "request target" if status == 414 else "request head"
        self._refuse(
            BadRequest(f"the {what} is larger than {limit} bytes (limits.header_bytes)", status=status), exchange
        )

    def _refuse(self, error: SidecarError, exchange: Exchange) -> None:
        self._stop()
        exchange.keep_alive = False
        self._owner.on_bad_head(error, exchange)

    def _fail_body(self, error: SidecarError) -> None:
        self._stop()
        assert self.current is not None
        assert self.current.body is not None
        self.current.body.fail(error)
        raise _Stop

    def _stop(self) -> None:
        self.stopped = self.failed = True
        self.ready = False
        self._head_bytes = 0


class _Nobody:
    """The owner while a parser is fed a head of our own making."""

    def on_head(self, exchange: Exchange) -> None:
        """Ignore it."""

    def on_bad_head(self, error: SidecarError, exchange: Exchange) -> None:
        """Ignore it."""

    def pause_body(self) -> None:
        """Ignore it."""

    def resume_body(self) -> None:
        """Ignore it."""


def _plain(error: Exception) -> str:
    text = str(error)
    return text[:1].lower() + text[1:] if text else "it cannot be parsed"
