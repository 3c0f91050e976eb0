"""Streams and large downloads while retries are on: they are passed on as they come, and what broke off is not hidden.

The provider keeps the rest back until the app has read the beginning: an answer that was held would never be whole.
"""

from collections.abc import Callable, Iterator
from typing import Any

import openai
import orjson
import pytest
import requests

from tests.sdk.test_sdk_retries import aws
from tests.sdk.told_provider import Front, ToldProvider, answer, front
from tests.support.scripted_provider import Peer

HOLD_BYTES = 64 * 1024
"""The default of ``retry.hold_bytes``: longer answers are not held."""
CONTENT = bytes(range(256)) * (HOLD_BYTES // 256) + b"!"


@pytest.fixture
def provider() -> Iterator[ToldProvider]:
    """A provider of the test's own."""
    with ToldProvider() as running:
        yield running


def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    """One chunk of a completion (platform.openai.com/docs/api-reference/chat-streaming)."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "gpt-4o-mini"}
    data = b"data: " + orjson.dumps({**about, "choices": [choice]}) + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


def completion(*, breaks_off: bool = False) -> Callable[[Peer], None]:
    """A streamed one, whose end waits for the app; or never comes."""

    def play(peer: Peer) -> None:
        head = b"Content-Type: text/event-stream\r\nx-request-id: req_2\r\nTransfer-Encoding: chunked\r\n\r\n"
        peer.send(b"HTTP/1.1 200 OK\r\n" + head + event({"role": "assistant", "content": "Hel"}))
        peer.hold()
        if not breaks_off:
            peer.send(event({"content": "lo"}) + event({}, "stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    return play


def download(head: bytes, *, breaks_off: bool = False) -> Callable[[Peer], None]:
    """``CONTENT``, one byte more than is held, of which the second half waits for the app; or never comes."""

    def play(peer: Peer) -> None:
        half = len(CONTENT) // 2
        peer.send(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (head, len(CONTENT)) + CONTENT[:half])
        peer.hold()
        if not breaks_off:
            peer.send(CONTENT[half:])

    return play


def ask(api: openai.OpenAI) -> openai.Stream[Any]:
    """A streamed completion."""
    return api.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}], stream=True
    )


def library(sidecar: Front) -> openai.OpenAI:
    """Without tries of its own."""
    return openai.OpenAI(base_url=f"{sidecar.url}/v1", api_key="sk-test", max_retries=0)


def test_a_completion_streams_chunk_by_chunk_after_it_was_throttled(provider: ToldProvider) -> None:
    limited = answer(429, {"error": {"code": "rate_limit_exceeded"}}, {"x-request-id": "req_1", "retry-after-ms": "1"})
    provider.tell(limited, completion())
    with front("openai", provider) as sidecar:
        with library(sidecar) as api:
            stream = ask(api)
            first = next(stream).choices[0].delta.content
            provider.let_go()  # only now does the provider send the rest
            rest = [chunk.choices[0].delta.content for chunk in stream]
            attempts = stream.response.headers["sidecar-attempts"]
        sends = sidecar.sends()
    assert (first, rest, attempts) == ("Hel", ["lo", None], "2")
    assert sends == [(429, "req_1"), (200, "req_2")]


def test_a_completion_that_breaks_off_is_not_asked_for_again(provider: ToldProvider) -> None:
    """The app has read a part of it; a second one would be another text, and paid for."""
    provider.tell(completion(breaks_off=True))
    with front("openai", provider) as sidecar:
        with library(sidecar) as api:
            stream = ask(api)
            first = next(stream).choices[0].delta.content
            provider.let_go()
            with pytest.raises(openai.APIConnectionError):
                next(stream)
        line = sidecar.line()
    assert first == "Hel"
    assert len(provider.arrivals) == 1
    assert (line["outcome"], len(line["attempts"])) == ("network_error", 1)


def test_a_download_over_hold_bytes_streams(provider: ToldProvider) -> None:
    provider.tell(download(b'ETag: "1"\r\nx-amz-request-id: S3-1\r\n'))
    with front("aws-like", provider) as sidecar:
        api = aws("s3", sidecar.url, total_max_attempts=1)
        body = api.get_object(Bucket="b", Key="k")["Body"]
        first = body.read(1000)
        provider.let_go()
        rest = body.read()
        api.close()
    assert first + rest == CONTENT


def test_a_download_that_breaks_off_is_no_whole_answer(provider: ToldProvider) -> None:
    provider.tell(download(b"", breaks_off=True))
    with front("generic", provider) as sidecar, requests.get(f"{sidecar.url}/file", stream=True) as got:
        first = got.raw.read(1000)
        provider.let_go()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(got.iter_content(1000))
    assert first == CONTENT[:1000]
    assert len(provider.arrivals) == 1


@pytest.mark.parametrize("kind", [b"text/csv", b"text/event-stream"])
def test_an_answer_of_unknown_length_streams(provider: ToldProvider, kind: bytes) -> None:
    """Its end does not follow within the 20 ms that a short one is given: it is passed on as it comes."""

    def play(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n" % kind)
        peer.hold()
        peer.send(b"4\r\nlast\r\n0\r\n\r\n")

    provider.tell(play)
    with front("generic", provider) as sidecar, requests.get(f"{sidecar.url}/report", stream=True) as got:
        chunks = got.iter_content(None)
        first = next(chunks)
        provider.let_go()
        assert (first, b"".join(chunks)) == (b"first", b"last")
