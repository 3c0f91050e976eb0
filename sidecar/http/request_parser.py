"""From bytes to requests: the reading half of an app's connection.

llhttp (the parser of Node.js, by httptools) splits heads and chunks, in strict mode; this file adds the rules of
RFC 9110 and 9112 that it leaves to its user. It knows no sockets: it is fed bytes, and tells its owner about
heads, body chunks and errors.
"""

from typing import Protocol

import httptools

from sidecar.core.body import Body, Source, Trailers
from sidecar.core.errors import BadRequest, MethodRefused, SidecarError
from sidecar.core.headers import Headers, index_of
from sidecar.http.fields import FieldCollector
from sidecar.http.head import block_of, tokens
from sidecar.http.limits import Limits
from sidecar.http.request_head import HOST_BYTES, Head, check_target, strip_host


class Owner(Source, Protocol):
    """Who is told what was read."""

    def on_head(self, head: Head) -> None:
        """A request head is complete; its body, if any, follows into ``head.body``."""

    def on_bad_head(self, error: SidecarError, head: Head) -> None:
        """The request cannot be read; ``head`` holds what was understood. Nothing more will be read."""


class _Stop(Exception):
    """Leaves the parser's callback."""


class RequestParser(FieldCollector):
    """Feeds one connection's bytes through the parser.

    ``in_head``: bytes of an incomplete head are waiting. ``current``: the head whose body is still coming.
    ``stopped``: nothing more is read, because of an error or because the request was the last one. ``waiting``: the
    provider may take an upgrade; what comes until then is kept in ``early``. ``failed``: the app's bytes broke a rule.
    """

    __slots__ = (
        "_data", "_head_bytes", "_left", "_limits", "_owner", "_parser", "_read", "_seen", "_target",
        "_unseen", "current", "early", "failed", "stopped", "waiting",
    )  # fmt: skip

    def __init__(self, owner: Owner, limits: Limits) -> None:
        self._owner = owner
        self._limits = limits
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._data = b""
        self._fields = []
        self._head_bytes = 0
        self._read = 0
        self._left = 0
        self._seen = 0
        self._unseen = 0
        self.current: Head | None = None
        self.early = b""
        self.stopped = False
        self.waiting = False
        self.failed = False

    @property
    def in_head(self) -> bool:
        """Whether a request has begun whose head is not complete."""
        return self.current is None and bool(self._head_bytes or self._target or self._fields)

    def feed(self, data: bytes) -> None:
        """Take what was read. Never raises: what is wrong goes to the owner."""
        if self._left:
            data = self._feed_plain(data)
            if not data:
                return
        if self.stopped:
            if self.waiting:
                self.early += data
            return
        self._read = len(data)
        if self.current is None:
            # Only a head that begins where ``data`` begins is at hand in one piece.
            self._data = b"" if self._head_bytes or self._fields or self._target else data
            self._head_bytes += self._read
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

    def _half_head(self) -> Head:
        fields = self._fields[: self._limits.headers + 1]
        return Head(b"", self._target, Headers(fields, index_of(fields)))

    # ---- a body with Content-Length does not go through the parser ----

    def _read_plain(self, head: Head) -> None:
        body = head.body
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
        self._parser = httptools.HttpRequestParser(self)
        body.feed(data if len(data) == left else data[:left])
        self._complete()
        return data[left:]

    # ---- callbacks of the parser ----

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
        head = Head(self._parser.get_method(), self._target, Headers(fields, index_of(fields)))
        self._target = b""
        if self._data:
            head.headers.block = block_of(self._data)
            self._data = b""
        if (self._head_bytes > limits.header_bytes or self._read > limits.header_bytes) and (
            len(head.target) + sum(len(name) + len(value) + 4 for _, name, value in fields) > limits.header_bytes
        ):
            self._too_large(head)
            raise _Stop
        self._head_bytes = 0
        error = self._check(head)
        if error is not None:
            self._refuse(error, head)
            raise _Stop
        self.current = head
        self._owner.on_head(head)

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
        head = self.current
        if head is None:
            return
        body = head.body
        if body is not None and self._parser.should_upgrade():
            return  # the parser skips the body of a request that offers an upgrade: it is read in _upgrade
        self._complete()

    # ---- rules ----

    def _check(self, head: Head) -> SidecarError | None:
        """The rules of a head that the parser leaves to us; fills in ``head``."""
        index = head.headers.index
        head.keep_alive = self._parser.should_keep_alive()
        # Without a Connection field, only HTTP/1.1 keeps alive: the version need not be asked for.
        if not head.keep_alive or b"connection" in index:
            version = self._parser.get_http_version()
            if version != "1.1":
                if version != "1.0":
                    return BadRequest(f"HTTP/{version} is not spoken here, use HTTP/1.1", status=505)
                head.http10 = True
        if head.method in (b"CONNECT", b"TRACE"):
            return MethodRefused(f"{head.method.decode()} is never forwarded")
        if len(head.headers.fields) > self._limits.headers:
            return BadRequest(f"more than {self._limits.headers} header fields (limits.headers)", status=431)
        host = index.get(b"host")
        if host is None:
            if not head.http10:
                return BadRequest("the Host field is missing (RFC 9112 3.2)")
        elif host.translate(None, HOST_BYTES) and not strip_host(head):
            return BadRequest("the Host field is not valid, or there is more than one (RFC 9112 3.2)")
        if head.target[:1] != b"/" or b"#" in head.target:
            error = check_target(head)
            if error is not None:
                return error
        return self._check_body(head, index)

    def _check_body(self, head: Head, index: dict[bytes, bytes]) -> SidecarError | None:
        coding = index.get(b"transfer-encoding")
        if coding is not None:
            if head.http10:
                return BadRequest("Transfer-Encoding in an HTTP/1.0 request (RFC 9112 6.1)")
            if coding.strip().lower() != b"chunked":
                return BadRequest("only the transfer coding 'chunked' is understood", status=501)
            head.body = Body(self._owner)
        else:
            declared = index.get(b"content-length")
            length = int(declared) if declared else 0
            if length:
                limit = self._limits.body
                if limit and length > limit:
                    return BadRequest(f"the request body is larger than {limit} bytes (limits.body)", status=413)
                head.body = Body(self._owner, length)
        offered = index.get(b"upgrade")
        if offered is not None and not head.http10 and b"upgrade" in tokens(index.get(b"connection")):
            # h2c is declined by silence (RFC 9113 3.1 deprecates it); anything else is the provider's to take.
            protocols = [token for token in tokens(offered) if token != b"h2c"]
            head.upgrade = b", ".join(protocols) or None
        return None

    # ---- ends ----

    def _complete(self) -> None:
        head = self.current
        assert head is not None
        fields = self._fields
        trailers: Trailers = []
        if fields:
            if len(fields) > self._limits.headers:
                self._fail_body(BadRequest("too many trailer fields (limits.headers)", status=431))
            trailers = [(name, value) for _, name, value in fields]
            self._fields = []
        self.current = None
        if head.upgrade is not None:
            self.stopped = self.waiting = True
        elif not head.keep_alive:
            self.stopped = True
        if head.body is not None:
            self._seen = self._unseen = 0
            head.body.finish(trailers)

    def _upgrade(self, rest: bytes) -> None:
        """The parser stopped behind the head of a request that offers an upgrade."""
        head = self.current
        if head is not None and head.body is not None:
            # Its body was not read. The rest is read by a parser that is told how the body is framed.
            self._parser = httptools.HttpRequestParser(self)
            if head.body.length is not None:
                self._left = head.body.length
            else:
                self._resume_chunked()
            if rest:
                self.feed(rest)
        elif rest:
            self.feed(rest)

    def _resume_chunked(self) -> None:
        """Bring a new parser to where a chunked body begins."""
        head, self.current = self.current, None
        owner, self._owner = self._owner, _Nobody()
        self._parser.feed_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        self._owner = owner
        self.current = head

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

    def _too_large(self, head: Head) -> None:
        limit = self._limits.header_bytes
        status = 414 if len(head.target) > limit // 2 else 431
        what = "request target" if status == 414 else "request head"
        self._refuse(BadRequest(f"the {what} is larger than {limit} bytes (limits.header_bytes)", status=status), head)

    def _refuse(self, error: SidecarError, head: Head) -> None:
        self._stop()
        head.keep_alive = False
        self._owner.on_bad_head(error, head)

    def _fail_body(self, error: SidecarError) -> None:
        self._stop()
        assert self.current is not None
        assert self.current.body is not None
        self.current.body.fail(error)
        raise _Stop

    def _stop(self) -> None:
        self.stopped = self.failed = True
        self._head_bytes = 0


class _Nobody:
    """The owner while a parser is fed a head of our own making."""

    def on_head(self, head: Head) -> None:
        """Ignore it."""

    def on_bad_head(self, error: SidecarError, head: Head) -> None:
        """Ignore it."""

    def pause_body(self) -> None:
        """Ignore it."""

    def resume_body(self) -> None:
        """Ignore it."""


def _plain(error: Exception) -> str:
    text = str(error)
    return text[:1].lower() + text[1:] if text else "it cannot be parsed"
