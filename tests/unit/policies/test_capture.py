"""What a failed call carried is in its log line: redacted, whole or cut, and never more than was asked for."""

import asyncio
import gzip
from collections.abc import Iterable
from typing import Any

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import BreakerOpen, ClientGone, Reset, ResponseIncomplete, Sent
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.policies import attempt, fallback, faults, record, rescue, retry, rewrite, success, tracking
from sidecar.policies.capture import Capture
from sidecar.policies.evidence import Evidence
from sidecar.policies.fallback import Fallback
from sidecar.policies.faults import Faults
from sidecar.policies.headers import HeaderRules
from sidecar.policies.json_rule import JsonRule
from sidecar.policies.policy import Policy
from sidecar.policies.retry import Retry
from sidecar.policies.rewrite import Rewrite
from sidecar.policies.success import Success
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor
from tests.unit.policies.stage import Stage, ask, respond

JSON = (b"Content-Type", b"application/json")
STACK = (record.POLICY, rescue.POLICY, attempt.POLICY)


class Swallow:
    """A sink that takes everything."""

    def __init__(self) -> None:
        self.data = b""

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: object) -> None:
        pass

    def body_failed(self, error: BaseException) -> None:
        pass


class Plain(Redactor):
    """Shows everything as it is, and takes down what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.bodies: list[tuple[bytes, str, str, bool]] = []

    def headers(self, pairs: Iterable[tuple[bytes, bytes]], found: Found) -> dict[str, str]:
        self.asked.append("headers")
        return {name.decode().lower(): value.decode() for name, value in pairs}

    def target(self, target: bytes, found: Found) -> tuple[str, str]:
        self.asked.append("target")
        path, _, query = target.decode().partition("?")
        return path, query

    def text(self, text: str, found: Found | None = None) -> str:
        self.asked.append("text")
        return text

    def url(self, text: str, found: Found) -> str:
        return text

    def body(
        self, data: bytes, found: Found, content_type: str = "", content_encoding: str = "", *, whole: bool = True
    ) -> str:
        self.asked.append("body")
        self.bodies.append((data, content_type, content_encoding, whole))
        found.count("email")
        return f"<{data.decode('latin-1')}>"


class Broken(Plain):
    """A redactor with a bug: it raises at one of its methods."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def headers(self, pairs: Iterable[tuple[bytes, bytes]], found: Found) -> dict[str, str]:
        if self.at == "headers":
            raise ZeroDivisionError("hunter22")
        return super().headers(pairs, found)

    def target(self, target: bytes, found: Found) -> tuple[str, str]:
        if self.at == "target":
            raise ZeroDivisionError("hunter22")
        return super().target(target, found)

    def body(self, data: bytes, found: Found, *args: Any, **more: Any) -> str:
        if self.at == "body":
            raise ZeroDivisionError("hunter22")
        return super().body(data, found, *args, **more)


def stage_of(redactor: Redactor | None = None, **settings: Any) -> Stage:
    stage = Stage(**settings)
    object.__setattr__(stage.site, "redactor", redactor or Plain())
    return stage


async def call(stage: Stage, exchange: Exchange, *policies: Policy) -> Response:
    """One call whose answer is passed on to the app, to its end."""
    response = await stage.build(*(policies or STACK))(exchange)
    response.body.attach(Swallow())
    return response


def line_of(stage: Stage) -> dict[str, Any]:
    (line,) = stage.log.requests
    return line


def posted(body: bytes, *headers: tuple[bytes, bytes]) -> Exchange:
    exchange = ask(b"/payments/v1/x?page=2", *headers, method=b"POST")
    exchange.body = Body.of(body)
    return exchange


async def test_a_failure_tells_heads_and_bodies_of_both_sides() -> None:
    stage = stage_of()
    stage.script.append(respond(422, JSON, (b"Content-Encoding", b"gzip"), body=Body.of(b"no")))
    exchange = posted(b"order", (b"Content-Type", b"text/plain"))
    (await call(stage, exchange)).close(exchange, None)
    line = line_of(stage)
    assert line["request_headers"] == {"content-type": "text/plain"}
    assert line["response_headers"] == {"content-type": "application/json", "content-encoding": "gzip"}
    assert (line["request_body"], line["response_body"]) == ("<order>", "<no>")
    assert (line["path"], line["query"]) == ("/payments/v1/x", "page=2")
    assert stage.site.redactor.bodies == [  # type: ignore[attr-defined]
        (b"order", "text/plain", "", True),
        (b"no", "application/json", "gzip", True),
    ]
    assert list(line)[6:8] == ["path", "query"]


async def test_the_request_is_read_before_the_answer_that_may_echo_it() -> None:
    stage = stage_of()
    stage.script.append(respond(400, body=Body.of(b"no")))
    exchange = posted(b"order")
    (await call(stage, exchange)).close(exchange, None)
    assert stage.site.redactor.asked == ["headers", "target", "body", "headers", "body"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("bodies", "status", "told"),
    [
        ("on_error", 200, False),
        ("on_error", 404, True),
        ("on_error", 429, True),
        ("on_error", 503, True),
        ("always", 200, True),
        ("always", 500, True),
        ("never", 200, False),
        ("never", 500, False),
    ],
)
async def test_which_bodies_are_told(bodies: Any, status: int, told: bool) -> None:
    stage = stage_of(log=Capture(bodies=bodies))
    stage.script.append(respond(status, body=Body.of(b"answer")))
    exchange = posted(b"order")
    (await call(stage, exchange)).close(exchange, None)
    line = line_of(stage)
    assert ("request_body" in line, "response_body" in line) == (told, told)
    assert ("request_headers" in line) == (told or status >= 400)


async def test_a_success_is_told_as_before() -> None:
    stage = stage_of()
    exchange = posted(b"order")
    (await call(stage, exchange)).close(exchange, None)
    assert stage.site.redactor.asked == ["target"]  # type: ignore[attr-defined]
    assert not {"redactions", "request_headers", "request_body"} & set(line_of(stage))


async def test_what_is_longer_is_cut_and_said_to_be() -> None:
    stage = stage_of(log=Capture(body_bytes=4))
    stage.script.append(respond(500, body=Body.of(b"answer")))
    exchange = posted(b"order")
    (await call(stage, exchange)).close(exchange, None)
    line = line_of(stage)
    assert (line["request_body"], line["response_body"]) == ("<orde>", "<answ>")
    assert (line["bytes_in"], line["bytes_out"]) == (5, 6)
    assert [whole for *_, whole in stage.site.redactor.bodies] == [False, False]  # type: ignore[attr-defined]


async def test_no_bytes_are_none() -> None:
    stage = stage_of(log=Capture(body_bytes=0))
    stage.script.append(respond(500, body=Body.of(b"answer")))
    exchange = posted(b"order")
    (await call(stage, exchange)).close(exchange, None)
    assert not {"request_body", "response_body"} & set(line_of(stage))


async def test_an_empty_body_is_no_body() -> None:
    stage = stage_of()
    stage.script.append(respond(500))
    exchange = posted(b"")
    (await call(stage, exchange)).close(exchange, None)
    assert not {"request_body", "response_body"} & set(line_of(stage))


async def test_bodies_that_stream_are_told_when_they_have_passed() -> None:
    stage = stage_of()
    answer, request = Body(), Body()
    stage.script.append(respond(500, body=answer))
    exchange = ask(method=b"POST")
    exchange.body = request
    response = await call(stage, exchange)
    sink = Swallow()
    request.attach(sink)
    for body in (request, answer):
        body.feed(b"one ")
        body.feed(b"two")
        body.finish()
    response.close(exchange, None)
    line = line_of(stage)
    assert (line["request_body"], line["response_body"]) == ("<one two>", "<one two>")
    assert sink.data == b"one two"
    assert [whole for *_, whole in stage.site.redactor.bodies] == [True, True]  # type: ignore[attr-defined]


async def test_a_good_answer_that_breaks_off_is_told_as_far_as_it_came() -> None:
    stage = stage_of()
    answer = Body()
    stage.script.append(respond(200, body=answer))
    exchange = ask()
    response = await call(stage, exchange)
    answer.feed(b"half an ans")
    broken = ResponseIncomplete("broken off")
    answer.fail(broken)
    response.close(exchange, broken)
    line = line_of(stage)
    assert (line["error"], line["response_body"]) == ("response_incomplete", "<half an ans>")
    assert stage.site.redactor.bodies[-1][3] is False  # type: ignore[attr-defined]


async def test_a_call_that_the_app_gives_up_is_told_as_far_as_it_came() -> None:
    stage = stage_of()
    stage.script.append(asyncio.CancelledError())
    exchange = ask(b"/", (b"X-Mine", b"1"), method=b"POST")
    exchange.body = Body()
    exchange.body.feed(b"begin")
    with pytest.raises(asyncio.CancelledError):
        await stage.build(*STACK)(exchange)
    line = line_of(stage)
    assert (line["outcome"], line["request_headers"], line["request_body"]) == ("canceled", {"x-mine": "1"}, "<begin>")
    assert not {"response_headers", "response_body"} & set(line)


async def test_an_answer_that_the_app_did_not_wait_for_is_told_too() -> None:
    stage = stage_of()
    answer = Body()
    stage.script.append(respond(200, body=answer))
    exchange = ask()
    response = await call(stage, exchange)
    answer.feed(b"begin")
    response.close(exchange, ClientGone("gone"))
    assert line_of(stage)["response_body"] == "<begin>"


async def test_a_200_that_is_none_is_told() -> None:
    stage = stage_of(success=Success(json=JsonRule(pointer="/errors", **{"is": "absent"})))
    stage.script.append(respond(200, JSON, body=Body.of(b'{"errors": []}')))
    exchange = ask()
    (await call(stage, exchange, record.POLICY, success.POLICY, attempt.POLICY)).close(exchange, None)
    line = line_of(stage)
    assert (line["outcome"], line["response_body"]) == ("server_error", '<{"errors": []}>')


async def test_an_error_of_ours_is_told_by_its_detail_and_not_by_its_body() -> None:
    stage = stage_of()
    stage.script.append(BreakerOpen("the breaker is open"))
    exchange = posted(b"order")
    (await call(stage, exchange)).close(exchange, None)
    line = line_of(stage)
    assert (line["error"], line["detail"], line["request_body"]) == ("breaker_open", "the breaker is open", "<order>")
    assert line["response_headers"]["content-type"] == "application/problem+json"
    assert "response_body" not in line


async def test_behind_an_error_of_ours_the_last_answer_of_the_provider_is_told() -> None:
    stage = stage_of(retry=Retry(attempts=2))
    stage.script += [respond(503, body=Body.of(b"busy")), Reset("gone", sent=Sent.NOTHING)]
    exchange = posted(b"order")
    exchange.deadline = 1e9
    (await call(stage, exchange, record.POLICY, rescue.POLICY, retry.POLICY, attempt.POLICY)).close(exchange, None)
    assert line_of(stage)["response_body"] == "<busy>"


async def test_behind_a_fallback_the_answer_of_the_provider_is_told() -> None:
    stage = stage_of(fallback=Fallback(status=200, body="instead"))
    stage.script.append(respond(503, (b"X-Why", b"busy"), body=Body.of(b"down")))
    exchange = ask()
    response = await call(stage, exchange, record.POLICY, rescue.POLICY, fallback.POLICY, attempt.POLICY)
    response.close(exchange, None)
    line = line_of(stage)
    assert (line["status"], line["response_body"], line["response_headers"]) == (200, "<down>", {"x-why": "busy"})


async def test_of_two_answers_the_one_that_the_app_got_is_told() -> None:
    """A hedge has two, and the later one may have lost."""
    exchange = ask()
    answers = [respond(500, body=Body.of(b"first")), respond(500, body=Body.of(b"second"))]
    for number, answer in enumerate(answers, 1):
        made = Attempt(number, 100.0)
        made.headers, made.body = answer.headers, answer.body
        exchange.attempts.append(made)
    told = [Evidence(exchange, answer, 100, "").redact(Plain(), Found()).answer for answer in answers]
    assert [shown and shown.body for shown in told] == ["<first>", "<second>"]


async def test_a_url_is_told_with_all_that_is_known_and_counts_nothing_twice() -> None:
    class Watching(Plain):
        def headers(self, pairs: Iterable[tuple[bytes, bytes]], found: Found) -> dict[str, str]:
            found.secrets["hunter22"] = "token"
            return super().headers(pairs, found)

        def url(self, text: str, found: Found) -> str:
            found.count("token")
            return f"{text} knows {found.secrets}"

    found = Found()
    told = Evidence(ask(b"/x?y=1"), None, 0, "https://api.test").redact(Watching(), found)
    assert told.url == "https://api.test/x?y=1 knows {'hunter22': 'token'}"
    assert found.counts == {}


async def test_what_the_provider_sent_is_told_and_not_what_became_of_it() -> None:
    """Rewritten links, and a body that was cut by a fault on purpose."""
    stage = stage_of(rewrite=Rewrite(), faults=Faults(percent=1.0, truncate=2))
    stage.script.append(respond(500, (b"Location", b"https://api.test/base/next"), body=Body.of(b"the whole answer")))
    exchange = ask()
    response = await call(stage, exchange, record.POLICY, faults.POLICY, rewrite.POLICY, attempt.POLICY)
    response.close(exchange, response.body.error)
    line = line_of(stage)
    assert line["response_headers"] == {"location": "https://api.test/base/next"}
    assert line["response_body"] == "<the whole answer>"


async def test_a_tunnel_has_heads_alone() -> None:
    stage = stage_of(log=Capture(bodies="always"))
    stage.script.append(respond(403, body=Body.of(b"no")))
    exchange = posted(b"x", (b"Upgrade", b"websocket"))
    exchange.upgrade = b"websocket"
    (await call(stage, exchange)).close(exchange, None)
    line = line_of(stage)
    assert "request_headers" in line
    assert not {"request_body", "response_body"} & set(line)


async def test_what_was_taken_out_is_counted_in_the_line_and_for_the_metrics() -> None:
    stage = stage_of()
    stage.script.append(respond(500, body=Body.of(b"no")))
    exchange = posted(b"order")
    (await call(stage, exchange)).close(exchange, None)
    assert line_of(stage)["redactions"] == {"email": 2}
    assert stage.site.provider_stats.redactions == {"email": 2}
    assert stage.site.provider_stats.redaction_failures == 0


async def test_what_is_taken_out_of_the_target_of_a_success_is_counted_each_time() -> None:
    class Counting(Plain):
        def target(self, target: bytes, found: Found) -> tuple[str, str]:
            found.count("token")
            return super().target(target, found)

    stage = stage_of(Counting())
    for _ in range(2):
        exchange = ask()
        (await call(stage, exchange)).close(exchange, None)
    assert [line["redactions"] for line in stage.log.requests] == [{"token": 1}, {"token": 1}]
    assert stage.site.provider_stats.redactions == {"token": 2}


async def test_a_secret_of_one_call_is_not_remembered_in_the_next() -> None:
    known: list[dict[str, str]] = []

    class Learning(Plain):
        def target(self, target: bytes, found: Found) -> tuple[str, str]:
            known.append(dict(found.secrets))
            found.secrets["hunter22"] = "token"
            return super().target(target, found)

    stage = stage_of(Learning())
    handle = stage.build(*STACK)
    for _ in range(2):
        exchange = ask()
        (await handle(exchange)).close(exchange, None)
    assert known == [{}, {}]


@pytest.mark.parametrize("at", ["headers", "target", "body"])
async def test_a_bug_of_the_redactor_costs_what_it_was_to_show_and_never_the_line(at: str) -> None:
    stage = stage_of(Broken(at))
    stage.script.append(respond(500, (b"X-Key", b"hunter22"), body=Body.of(b"hunter22")))
    exchange = posted(b"hunter22", (b"X-Key", b"hunter22"), (b"User-Agent", b"hunter22/1"))
    (await call(stage, exchange, record.POLICY, attempt.POLICY)).close(exchange, None)
    line = line_of(stage)
    assert (line["status"], line["outcome"]) == (500, "server_error")
    if at == "body":
        assert line["request_body"] == line["response_body"] == '{"redaction":"skipped","bytes":8}'
        assert line["request_headers"] == {"x-key": "hunter22", "user-agent": "hunter22/1"}
    else:
        assert line["redaction"] == "failed"
        assert not {"request_headers", "request_body", "detail"} & set(line)
        assert (line["user_agent"] == "[REDACTED:failed]") == (at == "headers")
    assert stage.site.provider_stats.redaction_failures == 1


async def test_a_bug_at_the_target_of_a_success_costs_the_target() -> None:
    stage = stage_of(Broken("target"))
    exchange = ask(b"/hunter22")
    (await call(stage, exchange)).close(exchange, None)
    line = line_of(stage)
    assert (line["path"], line["query"], line["status"]) == ("[REDACTED:failed]", "[REDACTED:failed]", 200)
    assert stage.site.provider_stats.redaction_failures == 1


async def test_nothing_of_a_call_stays_when_it_is_recorded() -> None:
    """The connection keeps its last call until the next comes, which may be an hour."""
    stage = stage_of(retry=Retry(attempts=2))
    request, answer = Body(), Body()
    request.feed(b"x")
    stage.script += [respond(503, body=Body.of(b"busy")), respond(200, body=answer)]
    exchange = ask(method=b"PUT")
    exchange.body = request
    exchange.deadline = 1e9
    response = await call(stage, exchange, record.POLICY, retry.POLICY, attempt.POLICY)
    answer.feed(b"x")
    answer.finish()
    assert answer.tapped is not None
    response.close(exchange, None)
    assert (request.tapped, answer.tapped) == (None, None)
    assert [(made.body, made.headers) for made in exchange.attempts] == [(None, None), (None, None)]


async def test_what_is_never_told_is_not_kept_either() -> None:
    stage = stage_of(log=Capture(bodies="never"))
    request, answer = Body(), Body()
    stage.script.append(respond(500, body=answer))
    exchange = ask(method=b"POST")
    exchange.body = request
    await call(stage, exchange)
    assert (request.tapped, answer.tapped) == (None, None)


async def test_secrets_that_the_sidecar_sends_are_known_when_the_provider_echoes_them() -> None:
    """By the name of their header, or because they look like a key; never what merely is configured."""
    seen: list[dict[str, str]] = []

    class Watching(Redactor):
        def body(self, data: bytes, found: Found, *args: Any, **more: Any) -> str:
            seen.append(dict(found.secrets))
            return super().body(data, found, *args, **more)

    rules = {
        "X-Partner": "abcd1234efgh5678ijkl", "X-Api-Version": "2026-01-28a", "X-Stage": "production-of-the-shop",
        "Accept": "application/vnd.acme.v3+json",
    }  # fmt: skip
    stage = stage_of(Watching(), headers=HeaderRules(set=rules))
    stage.script.append(respond(401, body=Body.of(b"no such key: abcd1234efgh5678ijkl")))
    exchange = ask()
    (await call(stage, exchange)).close(exchange, None)
    assert seen == [{"abcd1234efgh5678ijkl": "credential"}]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (b"5f0c9a0e-6d1b-4c1e-9a54-6f1f0d0f3b7a", "5f0c9a0e-6d1b-4c1e-9a54-6f1f0d0f3b7a"),
        (b"8e1f2c5a8b0f4d2e9c7b6a5948372615", "8e1f2c5a8b0f4d2e9c7b6a5948372615"),
        (b"signup-4712", "TEXT"),
        (b"12345", "TEXT"),
        (b"of ann@example.com", "TEXT"),
        (b"4242424242424242", "TEXT"),
        (b"x" * 200, "TEXT"),
    ],
)
async def test_an_id_that_no_program_makes_is_text_of_somebody(given: bytes, shown: str) -> None:
    class Marking(Plain):
        def text(self, text: str, found: Found | None = None) -> str:
            return "TEXT"

    stage = stage_of(Marking())
    stage.script.append(respond(200, (b"Trackingid", given)))
    exchange = ask(b"/", (b"Trackingid", given))
    (await call(stage, exchange, tracking.POLICY, *STACK)).close(exchange, None)
    line = line_of(stage)
    assert (line["request_id"], line["tracking_id"], line["attempts"][0]["tracking_id"]) == (shown, shown, shown)


async def test_a_compressed_answer_is_handed_on_as_it_came() -> None:
    stage = stage_of()
    packed = gzip.compress(b"plain words")
    stage.script.append(respond(500, (b"Content-Encoding", b"gzip"), body=Body.of(packed)))
    exchange = ask()
    (await call(stage, exchange)).close(exchange, None)
    assert stage.site.redactor.bodies == [(packed, "", "gzip", True)]  # type: ignore[attr-defined]


def test_what_is_looked_at() -> None:
    assert Capture().limit == 16 * 1024
    assert Capture(bodies="never").limit == 0
    assert Capture(bodies="always", body_bytes=0).limit == 0
