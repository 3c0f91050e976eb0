"""The ``openai`` library against llmock, and against a provider that streams when the test says so."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from tests.sdk.conftest import Ends
from tests.sdk.provider import Provider

MODEL = "gpt-4o-mini"
QUESTION: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Say hello to the sidecar."}]


def client(url: str) -> openai.OpenAI:
    """As an application makes it: only the base URL differs."""
    return openai.OpenAI(base_url=f"{url}/v1", api_key="sk-test", max_retries=0)


def expect(ends: Ends, *behaviors: dict[str, Any]) -> None:
    """Tell the emulator what to do with the next calls."""
    body = json.dumps({"behaviors": behaviors}).encode()
    request = urllib.request.Request(f"{ends.direct}/_llmock/scenario", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def run(scenario: Callable[[openai.OpenAI], Any]) -> Callable[[str], Any]:
    """A scenario for one client, which is closed at its end."""

    def scene(url: str) -> Any:
        with client(url) as api:
            return scenario(api)

    return scene


def test_a_chat_completion(openai_api: Ends) -> None:
    def ask(api: openai.OpenAI) -> tuple[Any, ...]:
        expect(openai_api, {"type": "reply", "text": "Hello, sidecar. Grüße!"})
        answer = api.chat.completions.create(model=MODEL, messages=QUESTION)
        assert answer.usage is not None
        return answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage.total_tokens > 0

    assert openai_api.both(run(ask)) == ("Hello, sidecar. Grüße!", "stop", True)


def test_a_streamed_chat_completion(openai_api: Ends) -> None:
    text = " ".join(f"word{n}" for n in range(300))

    def ask(api: openai.OpenAI) -> list[Any]:
        expect(openai_api, {"type": "reply", "text": text})
        stream = api.chat.completions.create(
            model=MODEL, messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        return [
            [(choice.delta.content, choice.finish_reason) for choice in chunk.choices] or chunk.usage is not None
            for chunk in stream
        ]

    chunks = openai_api.both(run(ask))
    assert "".join(content or "" for chunk in chunks[:-1] for content, _ in chunk) == text
    assert len(chunks) > 300
    assert chunks[-1] is True


def test_tool_calls_embeddings_files_and_lists(openai_api: Ends) -> None:
    def use(api: openai.OpenAI) -> tuple[Any, ...]:
        expect(openai_api, {"type": "reply", "tool_calls": [{"name": "look", "arguments": {"at": "x"}}]})
        answer = api.chat.completions.create(
            model=MODEL, messages=QUESTION, tools=[{"type": "function", "function": {"name": "look", "parameters": {}}}]
        )
        call = (answer.choices[0].message.tool_calls or [])[0]
        assert call.type == "function"
        vector = api.embeddings.create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
        sent = api.files.create(file=("batch.jsonl", b'{"n": 1}\n' * 5000), purpose="batch")
        back = api.files.content(sent.id).read()
        names = [model.id for model in api.models.list()]
        return call.function.name, call.function.arguments, len(vector.data), sent.bytes, len(back), names[0]

    seen = openai_api.both(run(use))
    assert seen == ("look", '{"at":"x"}', 2, 45000, 45000, "gpt-4o") or seen[1] == '{"at": "x"}'


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_errors_map_to_the_same_exceptions(openai_api: Ends, status: int, kind: type[openai.APIStatusError]) -> None:
    def fail(api: openai.OpenAI) -> tuple[Any, ...]:
        expect(openai_api, {"type": "fail", "status": status, "retry_after": 3, "message": "as told"})
        with pytest.raises(kind) as error:
            api.chat.completions.create(model=MODEL, messages=QUESTION)
        value = error.value
        return value.status_code, value.message, value.body, value.response.headers.get("retry-after")

    seen = openai_api.both(run(fail))
    assert seen[0] == status
    assert "as told" in seen[1]


def test_a_stream_that_breaks_off_breaks_off_for_the_app_too(openai_api: Ends) -> None:
    def ask(api: openai.OpenAI) -> tuple[int, str]:
        expect(
            openai_api,
            {"type": "reply", "text": "one two three four five six"},
            {"type": "stream_fault", "kind": "disconnect", "after_chunks": 3},
        )
        stream = api.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)
        got = [next(stream) for _ in range(3)]
        with pytest.raises(openai.APIConnectionError) as error:
            next(stream)
        return len(got), type(error.value).__name__

    assert openai_api.both(run(ask)) == (3, "APIConnectionError")


def test_chunks_arrive_while_the_provider_still_holds_back_the_last(web: Ends, provider: Provider) -> None:
    def ask(api: openai.OpenAI, gate: str) -> tuple[Any, ...]:
        stream = api.chat.completions.create(model=MODEL, messages=QUESTION, stream=True, user=gate)
        request_id = stream.response.headers["x-request-id"]
        chunks = iter(stream)
        first = next(chunks).choices[0].delta.content
        provider.open_gate(gate)  # only now does the provider send the rest
        rest = [chunk.choices[0].delta.content for chunk in chunks]
        return request_id, first, rest

    with client(web.direct) as direct, client(web.through) as through:
        seen = ask(through, "openai-through")
        assert seen == ask(direct, "openai-direct") == ("req_gated", "Hel", ["lo", None])


async def test_the_async_client_streams_too(web: Ends, provider: Provider) -> None:
    async def ask(url: str, gate: str) -> tuple[Any, ...]:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-test", max_retries=0) as api:
            stream = await api.chat.completions.create(model=MODEL, messages=QUESTION, stream=True, user=gate)
            chunks = aiter(stream)
            first = (await anext(chunks)).choices[0].delta.content
            provider.open_gate(gate)
            rest = [chunk.choices[0].delta.content async for chunk in chunks]
            return first, rest, stream.response.headers["openai-processing-ms"]

    seen = await ask(web.through, "async-through")
    assert seen == await ask(web.direct, "async-direct") == ("Hel", ["lo", None], "7")


async def test_many_async_calls_at_once_get_their_own_answers(openai_api: Ends) -> None:
    async with openai.AsyncOpenAI(base_url=f"{openai_api.through}/v1", api_key="sk-test", max_retries=0) as api:

        async def embed(n: int) -> int:
            answer = await api.embeddings.create(
                model="text-embedding-3-small", input=["x"] * (n + 1), encoding_format="float"
            )
            return len(answer.data)

        assert await asyncio.gather(*(embed(n) for n in range(24))) == list(range(1, 25))


def test_the_sidecars_headers_are_visible(openai_api: Ends) -> None:
    with client(openai_api.through) as api:
        raw = api.models.with_raw_response.list()
    assert raw.headers["sidecar-outcome"] == "success"
    assert raw.headers["sidecar-attempts"] == "1"
    record = openai_api.sidecar.record(raw.headers["sidecar-request-id"])
    assert (record["provider"], record["path"], record["status"]) == ("openai", "/openai/v1/models", 200)
    assert "sk-test" not in json.dumps(record)
