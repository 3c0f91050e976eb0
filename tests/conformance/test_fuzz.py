"""Spoiled messages: no exception, no hang, nothing left behind, and no byte of one app's call at another's.

``SIDECAR_FUZZ`` sets the number of examples; ``make fuzz-wire`` runs many.
"""

import asyncio
import os
import re
from collections.abc import Callable

import h11
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.corpus import ANSWERS, LAST_ANSWERS, LAST_REQUESTS, REQUESTS
from tests.support.memory import MemoryApp, MemoryProvider, MemorySidecar

EXAMPLES = int(os.environ.get("SIDECAR_FUZZ", "400"))
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TOKENS = (b"TokenAlpha", b"TokenBravo")
"""Marks of two apps. A spoiled message may lose its mark, but never gains the other's."""

FIXED = {"tracking": {"traceparent": "off"}, "timeouts": {"head": "5s"}}
LIMITS = {"header_bytes": 4096, "headers": 40, "body": 5000}

SPECIAL = (
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b",", b";", b"0", b"0\r\n\r\n", b"5\r\n",
    b"\x7f", b"\xff",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: x\r\n",
    b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: foo\r\n", b"Upgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"Host: b.test\r\n", b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0", b"GET /p/x HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 x\r\n\r\n", b"ffffffffffffffff", b"-1", b"#", b"x" * 5000,
)  # fmt: skip


@st.composite
def spoiled(draw: Callable[..., object], messages: dict[str, bytes]) -> bytes:
    """One to three messages behind each other, changed in up to four places."""
    names = sorted(messages)
    text = b"".join(messages[draw(st.sampled_from(names))] for _ in range(draw(st.integers(1, 3))))  # type: ignore[index]
    for _ in range(draw(st.integers(0, 4))):  # type: ignore[arg-type]
        at = draw(st.integers(0, len(text)))
        upto = min(len(text), at + draw(st.integers(1, 12)))  # type: ignore[operator]
        kind = draw(st.sampled_from(["insert", "flip", "delete", "repeat", "splice"]))
        if kind == "insert":
            text = text[:at] + draw(st.sampled_from(SPECIAL)) + text[at:]  # type: ignore[operator]
        elif kind == "flip":
            text = text[:at] + draw(st.binary(min_size=1, max_size=2)) + text[at + 1 :]  # type: ignore[operator]
        elif kind == "delete":
            text = text[:at] + text[upto:]
        elif kind == "repeat":
            text = text[:upto] + text[at:]
        else:
            other = messages[draw(st.sampled_from(names))]  # type: ignore[index]
            text = text[:at] + other[draw(st.integers(0, len(other))) :]  # type: ignore[misc]
    return text


def pieces_of(draw: Callable[..., object], text: bytes) -> list[bytes]:
    """Cut anywhere, in up to five."""
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)))  # type: ignore[type-var]
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]  # type: ignore[list-item, arg-type]


def marked(text: bytes, token: bytes) -> bytes:
    """Put the app's mark into every head, target and body that has room for it."""
    text = text.replace(b"/p/x", b"/p/" + token)
    text = text.replace(b"a.test\r\n", b"a.test\r\nX-Token: " + token + b"\r\n")
    return text.replace(b"hello", token[-5:])


def other_of(token: bytes) -> bytes:
    return TOKENS[1 - TOKENS.index(token)]


class Strict(MemoryProvider):
    """Another reader of HTTP (h11) takes what the sidecar sends, and answers with what it has read."""

    def __init__(self, sidecar: MemorySidecar) -> None:
        super().__init__(sidecar)
        self.reader = h11.Connection(h11.SERVER)
        self.seen = b""

    def on_data(self, data: bytes) -> None:
        try:
            self.reader.receive_data(data)
            self._read()
        except h11.RemoteProtocolError as error:
            self.sidecar.activity.bugs.append(f"the provider cannot read {self.received!r}: {error}")

    def _read(self) -> None:
        while True:
            event = self.reader.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED):
                return
            if isinstance(event, h11.Request):
                names = [name for name, _ in event.headers]
                if any(name.startswith(b"sidecar-") for name in names) or b"http2-settings" in names:
                    self.sidecar.activity.bugs.append(f"it goes to the provider: {names}")
                self.seen = event.target + b"|" + b"|".join(value for _, value in event.headers)
                self.head = event.method == b"HEAD"
            elif isinstance(event, h11.Data):
                self.seen += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._answer()
            else:
                return

    def _answer(self) -> None:
        if sum(token in self.seen for token in TOKENS) > 1:
            self.sidecar.activity.bugs.append(f"two apps in one request: {self.seen!r}")
        body = b"" if self.head else self.seen
        answer = h11.Response(status_code=200, headers=[("Content-Length", str(len(self.seen)))])
        out = self.reader.send(answer) or b""
        if not self.head:
            out += self.reader.send(h11.Data(data=body)) or b""
        out += self.reader.send(h11.EndOfMessage()) or b""
        self.send(out)
        if self.reader.our_state is h11.DONE and self.reader.their_state is h11.DONE:
            self.reader.start_next_cycle()


def check_answers(app: MemoryApp, token: bytes) -> None:
    """What the app got can be read by another reader of HTTP, and holds nothing of the other app."""
    assert other_of(token) not in app.received, app.received
    statuses = re.findall(rb"HTTP/1\.1 (\d{3}) ", app.received)
    assert b"500" not in statuses, app.received
    if app.received:
        assert app.received.startswith(b"HTTP/1.1 "), app.received


REQUEST_TEXTS = spoiled({**REQUESTS, **LAST_REQUESTS})
ANSWER_TEXTS = spoiled({**ANSWERS, **LAST_ANSWERS})


@SETTINGS
@given(first=REQUEST_TEXTS, second=REQUEST_TEXTS, data=st.data())
def test_fuzz_requests(first: bytes, second: bytes, data: st.DataObject) -> None:
    texts = [marked(text, token) for text, token in zip((first, second), TOKENS, strict=True)]
    pieces = [(index, piece) for index, text in enumerate(texts) for piece in pieces_of(data.draw, text)]
    order = data.draw(st.permutations(range(len(pieces))))
    # Each app's pieces keep their order; only their mixture is drawn.
    whose = [pieces[at][0] for at in order]
    queues = [[piece for index, piece in pieces if index == app] for app in (0, 1)]

    async def play() -> None:
        sidecar = MemorySidecar(Strict, provider={**FIXED, "pool": {"max_connections": 3}}, limits=LIMITS)
        apps = [sidecar.app(), sidecar.app()]
        for index in whose:
            apps[index].send(queues[index].pop(0))
            if data.draw(st.booleans()):
                await asyncio.sleep(0)
        await sidecar.settle()
        # A sane third app is served whatever the others did.
        third = sidecar.app()
        third.send(b"GET /p/third HTTP/1.1\r\nHost: a\r\n\r\n")
        await sidecar.settle()
        assert third.received.startswith(b"HTTP/1.1 200 "), third.received
        assert b"/third|" in third.received
        assert not any(token in third.received for token in TOKENS)
        await sidecar.finish()
        for app, token in zip(apps, TOKENS, strict=True):
            check_answers(app, token)
        lines = sum(line["event"] == "request" for line in sidecar.log.kept)
        assert lines >= sum(len(re.findall(rb"(?m)^HTTP/1\.1 [2-9]", app.received)) > 0 for app in (*apps, third))

    asyncio.run(play())


@SETTINGS
@given(
    texts=st.lists(ANSWER_TEXTS, min_size=1, max_size=4),
    methods=st.lists(st.sampled_from(["GET", "HEAD", "POST", "OFFER"]), min_size=2, max_size=5),
    data=st.data(),
)
def test_fuzz_answers(texts: list[bytes], methods: list[str], data: st.DataObject) -> None:
    """A provider gives spoiled answers, each marked with the app it answers; whole ones must come through whole."""
    left = list(texts)

    class Spoiled(MemoryProvider):
        last = b""

        def on_data(self, chunk: bytes) -> None:
            del chunk
            asked = [token for token in TOKENS if token in self.received[len(self.last) :]]
            self.last = self.received
            if not asked:
                return
            text = left.pop(0) if left else ANSWERS["length"]
            # One write: what comes behind the answer is seen before the next request is sent.
            for piece in pieces_of(data.draw, text.replace(b"evil", asked[0]).replace(b"hello", asked[0][-5:])):
                self.send(piece)
            if data.draw(st.booleans()):
                self.close()

    async def play() -> None:
        sidecar = MemorySidecar(Spoiled, provider={**FIXED, "pool": {"max_connections": 2}})
        apps = [sidecar.app(), sidecar.app()]
        for index, method in enumerate(methods):
            token = TOKENS[index % 2]
            offer = b"Connection: upgrade\r\nUpgrade: foo\r\n" if method == "OFFER" else b""
            verb = b"GET" if method == "OFFER" else method.encode()
            head = verb + b" /p/" + token + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
            apps[index % 2].send(head + offer + b"\r\n")
            if data.draw(st.booleans()):
                await sidecar.settle()
        await sidecar.settle()
        await sidecar.finish()
        for app, token in zip(apps, TOKENS, strict=True):
            assert other_of(token) not in app.received, app.received
            assert other_of(token)[-5:] not in app.received, app.received
            if app.received:
                assert app.received.startswith(b"HTTP/1.1 "), app.received

    asyncio.run(play())
