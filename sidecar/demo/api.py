"""The demo provider's API: a small shop, with bad days that can be ordered.

Everything is JSON. ``GET /`` lists what there is. A mood (``PUT /mood/slow``) holds for the orders until another one
is set; the other paths do what their names say at every call.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

import orjson

from sidecar.core.env import Env
from sidecar.core.errors import Reset
from sidecar.core.exchange import Exchange, Response
from sidecar.demo import orders
from sidecar.demo.answers import Fields, HangUp, error_answer, json_answer, read_body, status_answer, streamed
from sidecar.demo.moods import CALM, FLAKY, MOODS, Act, draw
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import DEFAULT

TICK = 0.2
"""Seconds between two events of ``/stream``."""
QUOTA, WINDOW = 3, 10.0
"""``/throttled`` answers so many calls in so many seconds."""

_REMEMBERED = 1000
_PATHS = {
    "GET /orders/{id}": "one order",
    "GET /orders?page=2": "a list in pages, with Link headers",
    "POST /orders": "a new order; the same Idempotency-Key gives the same order",
    "GET /flaky": "slow, failing, throttled or cut off, by chance",
    "GET /slow?ms=3000": "answers that late",
    "GET /status/503": "that status",
    "GET /stream?n=25": "server-sent events, one each 200 ms",
    "GET /echo": "the request as it arrived here",
    "GET /reset": "hangs up without an answer",
    "GET /throttled": f"{QUOTA} calls in {WINDOW:.0f} s, then 429 with Retry-After",
    "GET /mood, PUT /mood/{mood}": f"how orders are answered: {', '.join(MOODS)}",
}


@dataclass(frozen=True, slots=True)
class _Call:
    """A request taken apart: ``parts`` of the path, the last value of each query key."""

    exchange: Exchange
    method: str
    parts: list[str]
    query: dict[str, str]

    def number(self, key: str, default: int, most: int) -> int:
        """A number of the query, 0 to ``most``; the default when it is missing or none."""
        text = self.query.get(key, "")
        return min(int(text), most) if text.isascii() and text.isdigit() else default


class Api:
    """The handler of the provider's server. ``calm``: nothing fails by chance."""

    def __init__(self, env: Env, *, calm: bool = False) -> None:
        self._env = env
        self._calm = calm
        self._mood = CALM
        self._last_id = orders.COUNT
        self._by_key: dict[bytes, int] = {}
        self._calls_in_window = 0
        self._window_ends = 0.0
        self._paths: dict[str, tuple[str, Callable[[_Call], Awaitable[Response]]]] = {
            "": ("GET", self._index),
            "orders": ("GET, POST", self._orders),
            "flaky": ("GET", self._flaky),
            "slow": ("GET", self._slow),
            "status": ("GET, POST, PUT, PATCH, DELETE", self._status),
            "stream": ("GET", self._stream),
            "echo": ("GET, POST, PUT, PATCH, DELETE", self._echo),
            "reset": ("GET, POST", self._reset),
            "throttled": ("GET", self._throttled),
            "mood": ("GET, PUT", self._moods),
        }

    async def handle(self, exchange: Exchange) -> Response:
        """Answer one request.

        Raises:
            HangUp: the connection is to be closed without an answer.
        """
        if exchange.error is not None:
            response = error_answer(exchange.error.status, exchange.error.detail)
        else:
            response = await self._dispatch(exchange)
        response.headers.add(b"Server", b"demo-provider")
        response.headers.add(b"X-Request-Id", b"req_%024x" % self._env.bits(96))
        return response

    async def _dispatch(self, exchange: Exchange) -> Response:
        path, _, query = exchange.target.decode("latin-1").partition("?")
        parts = path.strip("/").split("/")
        method = exchange.method.decode("latin-1")
        known = self._paths.get(parts[0])
        if known is None:
            return error_answer(404, f"there is no {path[:100]} here; GET / lists what there is")
        allowed, handle = known
        method = "GET" if method == "HEAD" else method
        if method not in allowed.split(", "):
            return error_answer(405, f"{path[:100]} takes {allowed}", [(b"Allow", allowed.encode())])
        pairs = {key: values[-1] for key, values in parse_qs(query).items()}
        return await handle(_Call(exchange, method, parts[1:], pairs))

    async def _index(self, call: _Call) -> Response:
        del call
        return json_answer(200, {"provider": "demo", "mood": self._mood, "paths": _PATHS})

    # ---- the shop ----

    async def _orders(self, call: _Call) -> Response:
        if call.method == "POST":
            made = await self._create(call)
            return await self._by_mood(self._mood, made)
        if not call.parts:
            number = max(1, call.number("page", 1, 1_000_000))
            link = orders.links(number, _root(call)).encode("latin-1")
            return await self._by_mood(self._mood, json_answer(200, orders.page(number), [(b"Link", link)]))
        text = call.parts[0]
        if len(call.parts) > 1 or not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= orders.LAST_ID):
            return error_answer(404, f"no such order; ids are 1 to {orders.LAST_ID}")
        return await self._by_mood(self._mood, json_answer(200, orders.order(int(text[:9]))))

    async def _create(self, call: _Call) -> Response:
        data = await read_body(call.exchange)
        try:
            wanted = orjson.loads(data) if data else {}
        except orjson.JSONDecodeError:
            return error_answer(400, "the body is not JSON")
        if not isinstance(wanted, dict):
            return error_answer(400, "the body is not a JSON object")
        key = call.exchange.headers.get(b"idempotency-key")
        number = self._by_key.get(key) if key is not None else None
        replayed = number is not None
        if number is None:
            number = self._last_id = self._last_id % orders.LAST_ID + 1
            if key is not None and len(self._by_key) < _REMEMBERED:
                self._by_key[key] = number
        fields: Fields = [(b"Location", f"{_root(call)}/orders/{number}".encode("latin-1"))]
        if replayed:
            fields.append((b"Idempotent-Replayed", b"true"))
        return json_answer(201, {**wanted, "id": str(number), "status": "paid"}, fields)

    async def _moods(self, call: _Call) -> Response:
        if call.method == "PUT":
            if len(call.parts) != 1 or call.parts[0] not in MOODS:
                return error_answer(404, f"moods are {', '.join(MOODS)}")
            self._mood = call.parts[0]
        return json_answer(200, {"mood": self._mood, "moods": list(MOODS)})

    # ---- the bad days ----

    async def _by_mood(self, mood: str, good: Response) -> Response:
        fate = draw(mood, self._env.uniform)
        if fate.delay:
            await self._env.sleep(fate.delay)
        if fate.act is Act.HANG_UP:
            raise HangUp
        if fate.act is Act.BREAK_OFF:
            return self._broken_off(good)
        return good if fate.status == 200 else status_answer(fate.status)

    def _broken_off(self, good: Response) -> Response:
        """The first half of an answer; then the connection ends."""
        content = good.body.content()
        half = streamed(good.status, b"application/json", len(content))
        half.body.feed(content[: len(content) // 2])
        # Later than the head: the loop writes it first.
        asyncio.get_running_loop().call_later(0.005, half.body.fail, Reset("the provider broke off"))
        return half

    async def _flaky(self, call: _Call) -> Response:
        del call
        good = json_answer(200, orders.order(1 + self._env.bits(16) % orders.COUNT))
        return await self._by_mood(CALM if self._calm else FLAKY, good)

    async def _slow(self, call: _Call) -> Response:
        wait = call.number("ms", 1000, 60_000)
        await self._env.sleep(wait / 1000)
        return json_answer(200, {"slept_ms": wait})

    async def _status(self, call: _Call) -> Response:
        text = call.parts[0] if len(call.parts) == 1 else ""
        if not (len(text) == 3 and text.isascii() and text.isdigit() and 200 <= int(text) <= 599):
            return error_answer(404, "ask for a status of 200 to 599, such as /status/503")
        await read_body(call.exchange)
        return status_answer(int(text))

    async def _reset(self, call: _Call) -> Response:
        await read_body(call.exchange)
        raise HangUp

    async def _throttled(self, call: _Call) -> Response:
        """A fixed window with the header names of GitHub's API (X-RateLimit-*; Reset in seconds)."""
        del call
        now = self._env.clock()
        if now >= self._window_ends:
            self._calls_in_window = 0
            self._window_ends = now + WINDOW
        self._calls_in_window += 1
        left = str(max(1, math.ceil(self._window_ends - now))).encode()
        fields: Fields = [
            (b"X-RateLimit-Limit", str(QUOTA).encode()),
            (b"X-RateLimit-Remaining", str(max(0, QUOTA - self._calls_in_window)).encode()),
            (b"X-RateLimit-Reset", left),
        ]
        if self._calls_in_window > QUOTA and not self._calm:
            message = f"{QUOTA} calls in {WINDOW:.0f} s are allowed"
            return error_answer(429, message, [*fields, (b"Retry-After", left)])
        return json_answer(200, {"calls_in_this_window": self._calls_in_window}, fields)

    # ---- the wire ----

    async def _stream(self, call: _Call) -> Response:
        response = streamed(200, b"text/event-stream")
        task = self._env.spawn(self._tick(response, call.number("n", 25, 10_000)), "demo stream")

        def closed(exchange: Exchange, response: Response, error: BaseException | None) -> None:
            del exchange, response, error
            task.cancel()

        response.closers.append(closed)
        return response

    async def _tick(self, response: Response, count: int) -> None:
        for number in range(1, count + 1):
            if number > 1:
                await self._env.sleep(TICK)
            data = orjson.dumps({"tick": number, "of": count, "at": round(self._env.wall(), 3)})
            response.body.feed(b"id: %d\nevent: tick\ndata: %b\n\n" % (number, data))
        response.body.feed(b"event: end\ndata: {}\n\n")
        response.body.finish()

    async def _echo(self, call: _Call) -> Response:
        exchange = call.exchange
        data = await read_body(exchange)
        masked = DEFAULT.headers(exchange.headers.pairs(), Found())
        names = {lower.decode("latin-1"): name.decode("latin-1") for lower, name, _ in exchange.headers.fields}
        content = {
            "method": call.method,
            "target": exchange.target.decode("latin-1"),
            "headers": {names.get(lower, lower): value for lower, value in masked.items()},
            "body_bytes": len(data),
        }
        return json_answer(200, content)


def _root(call: _Call) -> str:
    """The address under which the app knows this provider."""
    return "http://" + (call.exchange.headers.get(b"host") or b"localhost").decode("latin-1")
