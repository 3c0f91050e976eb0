"""Planted secrets in what goes wrong: odd answers, echoes, refusals, broken messages, retries, upgrades."""

from typing import Any

from tests.support.planted import Planter
from tests.support.planted_bodies import JSON, plain
from tests.support.planted_calls import Act, Calls, quotes, reply, says
from tests.support.scripted_provider import Peer, Request

FAILED: dict[str, Any] = {"status": 500, "outcome": "server_error"}
REFUSED: dict[str, Any] = {"status": 400, "outcome": "client_error"}


def _sends(data: bytes, *, then: str = "close") -> Act:
    """Send this and end the connection: ``close`` it, ``reset`` it, or ``hold`` until the sidecar does."""

    def act(peer: Peer, request: Request) -> None:
        if data:
            peer.send(data)
        if then == "reset":
            peer.reset()
        elif then == "hold":
            peer.read_until_close()
        peer.close()

    return act


def _in_turn(*acts: Act) -> Act:
    """One act for each attempt."""
    left = list(acts)

    def act(peer: Peer, request: Request) -> None:
        left.pop(0)(peer, request)

    return act


def answer_heads(calls: Calls) -> None:
    """In every kind of field of an answer, in its reason and in its trailers."""
    new = calls.planter
    for name in ("X-Api-Key", "X-Session-Token", "Authentication-Info", "X-Vault-Token", "X-Acme-Secret"):
        calls.add(act=says(reply(500, fields=f"{name}: {new.token()}")), **FAILED)
    for _ in range(5):
        calls.add(act=says(reply(500, fields=f"X-Comment: for {new.shaped()} only")), **FAILED)
    cookies = f"Set-Cookie: sid={new.token()}; Path=/; HttpOnly\r\nSet-Cookie: csrf={new.token()}"
    calls.add(act=says(reply(200, fields=cookies)))
    calls.add(act=says(reply(401, fields=cookies)), status=401, outcome="client_error", told=["sid=", "HttpOnly"])
    for name in ("Location", "Content-Location", "X-Original-Url"):
        url = f"https://shop:{new.token()}@a.test/cb?token={new.token()}&page=3#access_token={new.token()}"
        calls.add(act=says(reply(302, fields=f"{name}: {url}")), status=302)
        calls.add(act=says(reply(500, fields=f"{name}: {url}")), **FAILED, told=["a.test", "page=3"])
    link = f"<https://a.test/x?page=2&api_key={new.token()}>; rel=next, </y?token={new.token()}>; rel=prev"
    calls.add(act=says(reply(500, fields=f"Link: {link}")), **FAILED, told=["rel=next"])
    calls.add(act=says(reply(500, fields=f"Refresh: 5; url=/x?token={new.token()}")), **FAILED)
    calls.add(act=says(reply(500, fields=f'WWW-Authenticate: Bearer error="no {new.jwt()}"')), **FAILED)
    calls.add(act=says(reply(500, reason=f"No {new.vendor()}")), **FAILED, blanked=False)
    calls.add(act=says(reply(500, reason=f"password={new.token()}")), **FAILED, blanked=False)
    head = f"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nX-Api-Key: {new.token()}\r\n\r\n"
    calls.add(act=says(head.encode()), **FAILED, blanked=False)


def echoes(calls: Calls, configured: list[str]) -> None:
    """The provider repeats in prose, without any name, what the request held; or what the sidecar itself sends.

    ``configured``: values of headers that the provider ``partner`` gets of the sidecar.
    """
    new = calls.planter
    for sentence in ("Cannot use {}.", "{} is revoked", '"{}"?'):
        for pattern, fields in (
            (r"Bearer (\w+)", f"Authorization: Bearer {new.token()}"),
            (r"X-Api-Key: (\w+)", f"X-Api-Key: {new.token()}"),
            (r"sid=(\w+)", f"Cookie: sid={new.token()}"),
            (r"Basic (\S+)", f"Authorization: Basic {new.token('{an:27}=')}"),
        ):
            calls.add(fields=fields, act=quotes(f"{sentence}|{pattern}"), **REFUSED)
        calls.add(f"x?api_key={new.token()}&page=2", act=quotes(f"{sentence}|api_key=(\\w+)"), **REFUSED)
        kind, body = plain(new.token())
        calls.add(body=body, kind=kind, act=quotes(sentence + '|"token": "([^"]+)"'), **REFUSED)
    for value in configured:
        word = value.rpartition(" ")[2]
        for text in (f"no {word}!", f'{{"message": "not {word}"}}', f"<p>{word}</p>"):
            answer = says(reply(403, text.encode(), ""))
            calls.add(provider="partner", act=answer, status=403, outcome="client_error")
        calls.add(provider="partner", act=says(reply(500, fields=f"X-Seen: {value}")), **FAILED)


def refusals(calls: Calls) -> None:
    """Requests that the sidecar itself answers: malformed, refused, for no provider, for one that is switched off."""
    new = calls.planter
    get, host = "GET /p/<c>/", "HTTP/1.1\r\nHost: app\r\n"
    for start in (
        f"{get}x?api_key={new.token()} HTTP/1.1\r\n\r\n",
        f"{get}x?api_key={new.token()} {host}Authorization Bearer {new.token()}\r\n\r\n",
        f"{get}x {host}X-Api-Key: {new.token()}\x00{new.vendor()}\r\n\r\n",
        f"{get}x {host}X-Api-Key : {new.token()}\r\n\r\n",
        f"{get}x#access_token={new.token()} {host}\r\n",
        f"{get}x {host}Host: {new.vendor()}\r\n\r\n",
        f"{get}x HTTP/1.1\r\nHost: shop:{new.vendor()}@app\r\n\r\n",
        f"GET http://shop:{new.token()}@app:x:/p/<c>/?token={new.token()} {host}\r\n",
        f"{get}x HTTP/9.9\r\nX-Api-Key: {new.token()}\r\n\r\n",
        f"POST /p/<c>/x {host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Api-Key: {new.token()}\r\n\r\n",
        f"POST /p/<c>/x {host}Content-Length: {new.vendor()}\r\n\r\n",
    ):
        calls.raw(start, blanked=False)
    for start in (
        f"GET p/<c>/x?token={new.token()} {host}\r\n",
        f"{new.vendor()} /p/<c>/x {host}\r\n",
        f"{new.vendor()}\r\n\r\n",
        f'{{"password": "{new.token()}"}}\r\n\r\n',
    ):
        calls.raw(start, unseen=True)
    calls.raw(f"POST /p/<c>/x {host}Transfer-Encoding: gzip\r\nX-Api-Key: {new.token()}\r\n\r\n", 501)
    calls.raw(f"{get}x?page=2&token={new.token()}&pad={'a' * 9000} {host}\r\n", 414)
    calls.raw(f"{get}x {host}X-Api-Key: {new.token()}\r\nX-Pad: {'a' * 9000}\r\n\r\n", 431)
    calls.raw(f"{get}x {host}" + f"X-Api-Key: {new.token()}\r\n" * 120 + "\r\n", 431)
    calls.raw(f"POST /p/<c>/x {host}X-Api-Key: {new.token()}\r\nContent-Length: 99999999\r\n\r\n", 413)
    chunk = f"POST /p/<c>/x {host}Transfer-Encoding: chunked\r\n\r\n"
    calls.raw(f"{chunk}5;token={new.token()}\r\nhello\r\npassword={new.token()}\r\n", blanked=False)
    calls.raw(f"TRACE /p/<c>/x?token={new.token()} {host}X-Api-Key: {new.token()}\r\n\r\n", 405)
    calls.raw(f"CONNECT a.test:443 {host}Proxy-Authorization: Basic {new.token('{an:24}')}\r\n\r\n", 405, unseen=True)
    for path in (f"token/{new.token()}", f"x?api_key={new.token()}", f"users/{new.person('email')}"):
        calls.raw(f"GET /nobody/<c>/{path} {host}X-Api-Key: {new.token()}\r\n\r\n", 404)
    calls.raw(f"GET /{new.vendor()}/<c>/ {host}\r\n", 404)
    for name, provider in (("Sidecar-Timeout", "p"), ("Sidecar-Fault", "faulty")):
        calls.add(fields=f"{name}: {new.vendor()}", provider=provider, status=400, outcome="refused")
    for fault, status in (("abort=503", 503), ("throttle", 429), ("delay=5ms", 200)):
        outcome = {503: "server_error", 429: "throttled", 200: "success"}[status]
        fields = f"Sidecar-Fault: {fault}\r\nX-Api-Key: {new.token()}"
        calls.add(f"x?token={new.token()}", fields, provider="faulty", status=status, outcome=outcome)
    for _ in range(3):
        calls.add(f"x?token={new.token()}", provider="killed", status=503, outcome="refused")


def failures(calls: Calls) -> None:
    """No answer, half of one, or one that is no HTTP."""
    new = calls.planter

    def carrying(**more: Any) -> None:
        kind, body = plain(new.named())
        calls.add(
            f"x?api_key={new.token()}&page=2", f"X-Api-Key: {new.token()}", body, kind, told=["page=2"], **more,
        )  # fmt: skip

    half = f'HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: 900\r\n\r\n{{"password": "{new.token()}'
    cut = f'HTTP/1.1 500 x\r\nContent-Type: {JSON}\r\nContent-Length: 900\r\n\r\n{{"password": "{new.token()}'
    for data in (half, cut):
        status = 200 if data is half else 500
        for then in ("close", "reset"):
            carrying(act=_sends(data.encode(), then=then), status=status, outcome="network_error", leaves=True)
        carrying(provider="slow", act=_sends(data.encode(), then="hold"), status=status, outcome="timeout", leaves=True)
    carrying(provider="slow", act=_sends(b"", then="hold"), status=504, outcome="timeout")
    late = f"Sidecar-Timeout: 80ms\r\nX-Api-Key: {new.token()}"
    calls.add(fields=late, act=_sends(b"", then="hold"), status=504, outcome="timeout")
    quits: dict[str, Any] = {"status": None, "outcome": "canceled", "quits": True}
    calls.raw(
        f'POST /p/<c>/x HTTP/1.1\r\nHost: app\r\nContent-Length: 99\r\n\r\n{{"password": "{new.token()}"', **quits
    )
    calls.add(fields=f"X-Api-Key: {new.token()}", act=_sends(b"", then="hold"), **quits)
    link = f"HTTP/1.1 103 x\r\nLink: </x?token={new.token()}>; rel=preload\r\n\r\n"
    calls.add(act=says(link.encode() + reply(500)), **FAILED, blanked=False)
    for garbage in (
        f"HTTP/1.1 200 OK\r\nAuthorization Bearer {new.token()}\r\n\r\n",
        f"HTTP/1.1 {new.vendor()} OK\r\n\r\n",
        f"{new.vendor()}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nX-Api-Key: {new.token()}\x00\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {new.vendor()}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {new.vendor()}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nX-Api-Key: {new.token()}\r\nX-Pad: {'a' * 200_000}\r\n\r\n",
    ):
        carrying(act=_sends(garbage.encode()), status=502, outcome="network_error")
    chunk = f"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\npassword={new.token()}\r\n"
    carrying(act=_sends(chunk.encode()), status=500, outcome="network_error", leaves=True)
    for provider in ("refused", "untrusted", "proxied"):
        for _ in range(2):
            carrying(provider=provider, status=502, outcome="network_error")
    carrying(provider="fallen", act=_sends(b"", then="reset"), status=200, outcome="network_error")
    carrying(provider="fallen", act=says(reply(503, plain(new.named())[1])), status=200, outcome="server_error")
    carrying(provider="judged", act=says(reply(200, _wrong(new))), status=200, outcome="server_error")


def _wrong(new: Planter) -> bytes:
    return f'{{"errors": ["the password={new.token()} is no good"]}}'.encode()


def retries(calls: Calls) -> None:
    """Every attempt is told, with what it got."""
    new = calls.planter
    for _ in range(3):
        hold, won = _sends(b"", then="hold"), says(reply(200, plain(new.any())[1]))
        fields = f"X-Api-Key: {new.token()}\r\nTrackingid: {new.vendor()}"
        calls.add(fields=fields, method="GET", provider="hedged", act=_in_turn(hold, won))
    for _ in range(4):
        kind, body = plain(new.named())
        busy = [
            reply(503, plain(new.any())[1], fields=f"Retry-After: 0\r\nSet-Cookie: sid={new.token()}") for _ in range(2)
        ]
        fields = f"Idempotency-Key: {new.vendor()}\r\nAuthorization: Bearer {new.token()}"
        more: dict[str, Any] = {"provider": "again", "method": "PUT"}
        calls.add(fields=fields, body=body, kind=kind, act=says(*busy, reply()), **more)
        calls.add(fields=fields, body=body, kind=kind, act=says(*busy), status=503, outcome="server_error", **more)


def upgrades(calls: Calls) -> None:
    """Requests for a WebSocket, and what flows after them."""
    new = calls.planter
    offer = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    switch = "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    for place, fields in (
        (f"ws?token={new.token()}", ""),
        ("ws", f"Authorization: Bearer {new.token()}"),
        ("ws", f"Sec-WebSocket-Protocol: access_token, {new.jwt()}"),
        ("ws", f"Cookie: sid={new.token()}"),
    ):
        secret = f'{switch}Set-Cookie: sid={new.token()}\r\n\r\n{{"password": "{new.token()}"}}'
        more: dict[str, Any] = {"method": "GET", "leaves": True}
        calls.add(place, f"{offer}\r\n{fields}", act=_sends(secret.encode()), status=101, **more)
        refused = reply(403, f"password={new.token()}".encode(), "text/plain")
        calls.add(place, f"{offer}\r\n{fields}", act=says(refused), status=403, outcome="client_error", method="GET")
