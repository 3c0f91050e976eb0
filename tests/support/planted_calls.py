"""Calls that carry planted secrets in every place of a request and of an answer, with what should come of each.

A call is told from others by its number, which is in its path. What the provider answers is said here too.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support import planted_bodies as bodies
from tests.support.planted import Planter
from tests.support.scripted_provider import Peer, Request, Script

Act = Callable[[Peer, Request], None]
"""What a provider does when it has read a request."""

PIECES = range(1, 13)
"""Bytes of each chunk in which a body comes."""
KEPT = (8, 9, 11, 14, 17)
"""Bytes that are left of a secret of 18 where a body is cut."""
LIMIT = 400
"""Bytes of a body that are looked at on the routes whose bodies are cut."""
_NUMBER = re.compile(rb"/c(\d+)/")


@dataclass(slots=True)
class Call:
    """``data``: what the app sends. ``act``: the provider's part. ``status``: what the app gets, None for no answer.

    ``told``: texts of the log line; ``blanked``: it has markers. ``leaves``: the answer breaks off, or is a tunnel.
    ``quits``: the app does not wait for it. ``unseen``: it is so broken that its line does not tell which call it was.
    """

    number: int
    data: bytes
    act: Act
    status: int | None = 200
    outcome: str = "success"
    told: list[str] = field(default_factory=list)
    blanked: bool = True
    leaves: bool = False
    quits: bool = False
    unseen: bool = False


def reply(
    status: int = 200, body: bytes = b"{}", kind: str = bodies.JSON, fields: str = "", reason: str = "x"
) -> bytes:
    """One whole answer."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    return "\r\n".join([*lines, *filter(None, fields.split("\r\n")), "", ""]).encode() + body


def chunked(body: bytes, size: int, trailers: str = "") -> bytes:
    """A body in chunks (RFC 9112 7.1), and its end."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    data = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return data + b"0\r\n" + trailers.encode() + b"\r\n"


def says(*answers: bytes) -> Act:
    """Give these answers in turn, one for each attempt; the last one again and again."""
    left = list(answers)

    def act(peer: Peer, request: Request) -> None:
        peer.send(left.pop(0) if len(left) > 1 else left[0])

    return act


def quotes(shape: str, status: int = 400) -> Act:
    """An error that repeats something of the request in prose: ``{}`` is the part that ``shape``'s group finds."""
    sentence, _, pattern = shape.partition("|")

    def act(peer: Peer, request: Request) -> None:
        found = re.search(pattern.encode(), request.head + request.body)
        assert found is not None, (pattern, request.head)
        peer.send(reply(status, sentence.encode().replace(b"{}", found[1]), "text/plain"))

    return act


def script(calls: dict[int, Call]) -> Script:
    """A provider that does for each call what the call says."""

    def serve(peer: Peer) -> None:
        while True:
            request = peer.read_request()
            number = _NUMBER.search(request.target)
            assert number is not None, request.head
            calls[int(number[1])].act(peer, request)

    return serve


class Calls:
    """Makes calls, and numbers them."""

    def __init__(self, planter: Planter) -> None:
        self.planter = planter
        self.made: dict[int, Call] = {}

    def add(
        self,
        rest: str = "x?page=2",
        fields: str = "",
        body: bytes = b"",
        kind: str = bodies.JSON,
        *,
        provider: str = "p",
        method: str = "POST",
        act: Act | None = None,
        size: int = 0,
        **expected: Any,
    ) -> Call:
        """One more call; ``size``: its body comes in chunks of so many bytes."""
        number = len(self.made)
        lines = [f"{method} /{provider}/c{number}/{rest} HTTP/1.1", "Host: app", f"X-Harmless: harmless-{number}"]
        lines += filter(None, fields.split("\r\n"))
        if body:
            lines += [f"Content-Type: {kind}"] if kind else []
            lines.append("Transfer-Encoding: chunked" if size else f"Content-Length: {len(body)}")
        data = "\r\n".join([*lines, "", ""]).encode() + (chunked(body, size) if size else body)
        call = Call(number, data, act or says(reply()), **expected)
        call.told = [*call.told, f"harmless-{number}"]
        self.made[number] = call
        return call

    def raw(self, template: str, status: int | None = 400, outcome: str = "refused", **expected: Any) -> Call:
        """One more call as it stands; ``<c>`` becomes its number."""
        number = len(self.made)
        data = template.replace("<c>", f"c{number}").encode("latin-1")
        call = Call(number, data, says(reply()), status, outcome, **expected)
        self.made[number] = call
        return call

    # ---- the request's head ----

    def headers(self) -> None:
        """Under names that say what they hold, and under names that say nothing."""
        new = self.planter
        for name in (
            "X-Api-Key", "X-Vault-Token", "Api-Key", "X-Acme-Token", "X-Auth-Token", "X-Amz-Security-Token",
            "X-Csrf-Token", "Private-Token", "X-My-Session-Token", "Stripe-Signature", "X-Acme-Secret",
        ):  # fmt: skip
            self.add(fields=f"{name}: {new.token()}")
        for scheme in ("Bearer", "bearer", "Token", "ApiKey", "SSWS", "DPoP", "Negotiate", "GenieKey", "Bot"):
            self.add(fields=f"Authorization: {scheme} {new.token('{an:40}')}", told=[scheme])
        self.add(fields=f"Authorization: {new.token()}")
        self.add(fields=f"Authorization: Basic {_basic(f'shop:{new.named()}')}", told=["Basic"])
        self.add(fields=f"Proxy-Authorization: Basic {_basic(f'shop:{new.named()}')}")
        digest = f'Digest username="shop", realm="r", nonce="n", uri="/", response="{new.token("{h:32}")}"'
        self.add(fields=f"Authorization: {digest}")
        signed = f"AWS4-HMAC-SHA256 Credential=x/20260101/eu/s3/aws4_request, Signature={new.token('{h:64}')}"
        self.add(fields=f"Authorization: {signed}")
        self.add(fields=f"Cookie: theme={new.token('{an:12}')}; sid={new.token()}", told=["theme=", "sid="])
        self.add(fields=f"Cookie: sid={new.token()}\r\nCookie: other={new.token()}")
        self.add(fields=f"X-Api-Key: {new.token()}\r\nX-Api-Key: {new.token()}")
        for secret in (new.vendor(), new.vendor(), new.jwt(), new.card(), new.person("email"), new.iban()):
            self.add(fields=f"X-Comment: {secret}")
            self.add(fields=f"X-Comment: see {secret} for more")
        self.add(fields=f"X-Comment: password={new.token()}; retries=3")
        self.add(
            fields=f"Referer: https://shop:{new.token()}@a.test/x?access_token={new.token()}&page=3", told=["page=3"]
        )
        self.add(fields=f"User-Agent: shop/1.0 (+{new.person('email')})")
        self.add(fields=f"User-Agent: shop/1.0 {new.vendor()}", told=["shop/1.0"])
        for name in ("X-Forwarded-For", "X-Real-Ip", "Cf-Connecting-Ip", "Forwarded"):
            self.add(fields=f"{name}: {new.person('ip')}")
        self.add(fields=f"From: {new.person('email')}\r\nX-User-Email: {new.person('email')}")
        self.add(fields=f"Idempotency-Key: {new.vendor()}")
        self.add(fields=f"tracestate: acme={new.vendor()}\r\ntraceparent: 00-{'ab' * 16}-{'cd' * 8}-01")
        self.add(fields=f"traceparent: {new.vendor()}")
        self.add(fields=f"X-Original-Url: /a?api_key={new.token()}")

    def ids(self) -> None:
        """In the ids by which calls are found again."""
        new = self.planter
        for secret in (new.vendor(), new.vendor(), new.vendor(), new.jwt(), new.card(), new.person(), new.iban()):
            self.add(fields=f"Trackingid: {secret}")
            self.add(act=says(reply(500, fields=f"X-Request-Id: {secret}")), status=500, outcome="server_error")
        self.add(fields=f"Trackingid: password={new.token()}")
        secret = new.token()
        self.add(fields=f"Trackingid: {secret}\r\nX-Api-Key: {secret}")
        secret = new.token()
        echo = says(reply(500, fields=f"Request-Id: {secret}"))
        self.add(fields=f"X-Api-Key: {secret}", act=echo, status=500, outcome="server_error")

    def targets(self) -> None:
        """In the query and in the path."""
        new = self.planter
        for name in ("api_key", "token", "key", "password", "access_token", "sig", "user[password]", "X-Amz-Signature"):
            self.add(f"x?page=2&{name}={new.token()}&z=1", told=["page=2"])
        self.add(f"x?page=2&token={_every(new.token())}")
        self.add(f"x?page=2&{_every('token')}={_every(_every(new.token()))}")
        self.add(f"x?page=2;token={new.token()};z=1", told=["page=2"])
        self.add(f"x?page=2&password={_every(str(new.named()))}")
        self.add(f"x?next={_every(f'https://a.test/cb?token={new.token()}&page=3')}")
        self.add(f"x?next=https://shop:{new.token()}@a.test/cb")
        for _ in range(6):
            self.add(f"x?page=2&q={_every(str(new.shaped()))}")
        self.add(f"x?page=2&{_every(str(new.person('email')))}=1")
        self.add(f"bot{new.token('{d:10}:AA{an:33}')}/sendMessage", told=["sendMessage"])
        self.add(f"token/{new.token()}/x", told=["/x"])
        self.add(f"services/T8AB12CD3/B0AB12CD3/{new.token('{an:24}')}")
        self.add(f"users/{new.person('email')}/orders", told=["/orders"])
        self.add(f"users/{_every(str(new.person('email')))}/orders", told=["/orders"])
        self.add(f"cards/{new.card()}/x")
        self.add(f"keys/{new.vendor()}/x")
        self.add(f"keys/{_every(_every(str(new.vendor())))}/x")
        self.add(f"x/{new.jwt()}")

    # ---- bodies ----

    def request_bodies(self) -> None:
        """In every format, whole and in chunks, plain and compressed; the provider refuses."""
        for build, secret in self._filled():
            kind, body = build(secret)
            self._refused(body=body, kind=kind, told=[bodies.SEEN])
        for build in (bodies.binary, bodies.multipart_file):
            kind, body = build(self.planter.named())
            self._refused(body=body, kind=kind, blanked=False)
        for coding, compress in bodies.CODINGS.items():
            kind, body = bodies.plain(self.planter.any())
            self._refused(fields=f"Content-Encoding: {coding}", body=compress(body), kind=kind, told=[bodies.SEEN])
        for size in PIECES:
            kind, body = bodies.FORMATS[size](self.planter.any())
            self._refused(body=body, kind=kind, size=size, told=[bodies.SEEN])
        for kind, body in self._cut():
            self._refused(provider="short", body=body, kind=kind, told=[bodies.SEEN], blanked=False)
        for _ in range(2):
            kind, body = bodies.large(self.planter.named())
            self._refused(provider="long", body=body, kind=kind, told=[bodies.SEEN])
            self._refused(
                provider="short", fields="Content-Encoding: gzip", body=bodies.CODINGS["gzip"](body), kind=kind
            )

    def answer_bodies(self) -> None:
        """The same from the provider, as errors and as answers that are good."""
        failed = {"status": 500, "outcome": "server_error", "told": [bodies.SEEN]}
        for build, secret in self._filled():
            kind, body = build(secret)
            self.add(act=says(reply(500, body, kind)), **dict(failed))
        for build in bodies.FORMATS[:8]:
            kind, body = build(self.planter.any())
            self.add(act=says(reply(200, body, kind)))
        for coding, compress in bodies.CODINGS.items():
            kind, body = bodies.plain(self.planter.any())
            self.add(act=says(reply(500, compress(body), kind, f"Content-Encoding: {coding}")), **dict(failed))
        for size in PIECES:
            kind, body = bodies.FORMATS[size](self.planter.any())
            head = f"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\nContent-Type: {kind or 'text/x'}\r\n\r\n"
            self.add(act=says(head.encode() + chunked(body, size)), **dict(failed))
        for kind, body in self._cut():
            self.add(provider="short", act=says(reply(500, body, kind)), **failed, blanked=False)
        for _ in range(2):
            kind, body = bodies.large(self.planter.named())
            self.add(provider="long", act=says(reply(500, body, kind)), **failed)
            packed = reply(500, bodies.CODINGS["gzip"](body), kind, "Content-Encoding: gzip")
            self.add(provider="short", act=says(packed), **failed)

    def _cut(self) -> Iterator[bodies.Body]:
        for kept in KEPT:
            for number in range(6):
                yield bodies.cut_in(self.planter.token("{an:18}"), LIMIT, kept)[number]
        for make in (self.planter.vendor, self.planter.card, self.planter.jwt):
            for number in range(3):
                yield bodies.cut_in_the_open(make(), LIMIT)[number]

    def _filled(self) -> Iterator[tuple[bodies.Format, object]]:
        for build in bodies.FORMATS:
            yield build, self.planter.named()
            yield build, self.planter.shaped()
        for build in bodies.IN_THE_OPEN:
            yield build, self.planter.shaped()
        yield bodies.number, self.planter.card()

    def _refused(self, **more: Any) -> None:
        self.add(act=says(reply(422)), status=422, outcome="client_error", **more)


def _basic(text: str) -> str:
    return bodies.base64.b64encode(text.encode()).decode()


def _every(text: object) -> str:
    """Percent-encoded, every byte of it."""
    return "".join(f"%{byte:02X}" for byte in str(text).encode())
