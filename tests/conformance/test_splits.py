"""Where a message is cut into pieces makes no difference: RFC 9112 knows octets, not packets."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.corpus import ANSWERS, LAST_ANSWERS, LAST_REQUESTS, REQUESTS
from tests.support.memory import MemoryProvider, MemorySidecar

_CHANGING = re.compile(rb"(?<=\r\nDate: )[^\r]+|[0-9a-f]{32}")
FIXED = {"tracking": {"traceparent": "off"}, "timeouts": {"head": "5s"}}


def steady(received: bytes) -> bytes:
    """Without what differs from run to run: dates and ids; the length stays."""
    return _CHANGING.sub(lambda found: b"*" * len(found[0]), received)


class Answering(MemoryProvider):
    """Gives the class's answer when the end of the request has come (told by ``complete``)."""

    answer = b""
    pieces: tuple[int, ...] = ()
    last = False

    def on_data(self, data: bytes) -> None:
        self.sidecar.loop.call_soon(self._answer_when_complete)

    def _answer_when_complete(self) -> None:
        if self.ended or not complete(self.received):
            return
        self.received += b"<answered>"
        start = 0
        for end in (*self.pieces, len(self.answer)):
            self.send(self.answer[start:end])
            start = end
        if self.last:
            self.close()


def complete(received: bytes) -> bool:
    """Whether the last request in ``received`` is whole; the requests here are simple enough for that."""
    message = received.rpartition(b"<answered>")[2]
    head, end, body = message.partition(b"\r\n\r\n")
    if not end:
        return False
    if b"transfer-encoding: chunked" in head.lower():
        return bool(re.search(rb"(?:^|\r\n)0\r\n(?:[^\r]+\r\n)*\r\n$", body))
    length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
    return len(body) >= int(length[1]) if length else True


async def run(
    requests: list[bytes], answer: bytes, pieces: tuple[int, ...] = (), *, last: bool = False
) -> list[object]:
    """Send the pieces of ``requests``, one read each; what the app and the provider got in the end, and the log."""
    kind = type("Kind", (Answering,), {"answer": answer, "pieces": pieces, "last": last})
    sidecar = MemorySidecar(kind, provider=FIXED)
    app = sidecar.app()
    for piece in requests:
        app.send(piece)
        await asyncio.sleep(0)
    await sidecar.settle()
    # An app that is still sending is told by FIN, and the rest is awaited for a while (RFC 9112 9.6).
    got = [steady(app.received), app.ended or app.transport.eof_written]
    got += [steady(provider.received) for provider in sidecar.providers]
    got += [(line["status"], line["outcome"], line["bytes_in"], line["bytes_out"]) for line in sidecar.log.kept]
    await sidecar.finish()
    return got


def plain(received: bytes) -> bytes:
    """Messages with each chunked body in one piece, and without optional white space around field values.

    Neither chunk borders (RFC 9112 7.1) nor that white space (5.1) are a part of a message.
    """
    found, rest = b"", received.replace(b"<answered>", b"")
    while b"\r\n\r\n" in rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        found += re.sub(rb"(?m)^([^\r:]+):[ \t]*(.*?)[ \t]*\r?$", rb"\1:\2", head) + b"\n\n"
        length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
        if b"transfer-encoding: chunked" in head.lower():
            size = -1
            while size and (line := re.match(rb"([0-9a-f]+)\r\n", rest)):
                size, start = int(line[1], 16), line.end()
                found += rest[start : start + size]
                rest = rest[start + size :].removeprefix(b"\r\n") if size else rest[start:]
        elif length is not None and not head.startswith((b"HTTP/1.1 304", b"HTTP/1.1 204")):
            found, rest = found + rest[: int(length[1])], rest[int(length[1]) :]
    return found + b"<rest>" + rest


def same(one: list[object], other: list[object]) -> bool:
    return [plain(x) if isinstance(x, bytes) else x for x in one] == [
        plain(x) if isinstance(x, bytes) else x for x in other
    ]


def cuts(message: bytes) -> Iterator[list[bytes]]:
    """In two at every byte, and in single bytes."""
    for at in range(1, len(message)):
        yield [message[:at], message[at:]]
    yield [message[at : at + 1] for at in range(len(message))]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
GET = REQUESTS["get"]


@pytest.mark.parametrize("name", [*REQUESTS, *LAST_REQUESTS])
def test_a_request_cut_at_every_byte(name: str) -> None:
    request = {**REQUESTS, **LAST_REQUESTS}[name]
    answer = HEAD_OK if name == "head" else OK

    async def every() -> None:
        whole = await run([request], answer)
        assert whole[0]
        for pieces in cuts(request):
            if name == "bad-chunk":
                # Whether the provider saw the beginning depends on when the mistake came. Never the end, though.
                assert (await run(pieces, answer))[0][9:12] == b"400"  # type: ignore[index]
            else:
                assert same(await run(pieces, answer), whole), pieces

    asyncio.run(every())


@pytest.mark.parametrize("name", [*ANSWERS, *LAST_ANSWERS])
def test_an_answer_cut_at_every_byte(name: str) -> None:
    answer = {**ANSWERS, **LAST_ANSWERS}[name]
    last = name in LAST_ANSWERS

    async def every() -> None:
        whole = await run([GET], answer, last=last)
        assert whole[0]
        for at in range(1, len(answer)):
            got = await run([GET], answer, (at,), last=last)
            if name in ("bad-chunk", "cut", "cut-chunked"):
                # What is broken before a byte of it went on can still be answered properly.
                assert got[1] is True or got[0][9:12] == b"502", got  # type: ignore[index]
            else:
                assert same(got, whole), at
        if name not in ("bad-chunk", "cut", "cut-chunked"):
            assert same(await run([GET], answer, tuple(range(1, len(answer))), last=last), whole)

    asyncio.run(every())


PIPELINE = st.lists(st.sampled_from([name for name in REQUESTS if name != "head"]), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(names=PIPELINE, data=st.data())
def test_a_pipeline_cut_anywhere(names: list[str], data: st.DataObject) -> None:
    """Requests in any order, cut anywhere, answered by an answer cut anywhere: the same as in one piece."""
    message = b"".join(REQUESTS[name] for name in names)
    answer = ANSWERS[data.draw(st.sampled_from(sorted(ANSWERS)))]
    at = sorted(data.draw(st.sets(st.integers(1, len(message) - 1), max_size=12)))
    pieces = [message[a:b] for a, b in zip([0, *at], [*at, len(message)], strict=True)]
    answer_at = tuple(sorted(data.draw(st.sets(st.integers(1, len(answer) - 1), max_size=6))))

    async def both() -> None:
        assert same(await run(pieces, answer, answer_at), await run([message], answer))

    asyncio.run(both())
