"""A provider for the clients' own features: redirects, cookies, compression, streams. In a thread of its own."""

import asyncio
import gzip
import hashlib
import threading
import zlib
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

BLOCK = bytes(range(256)) * 256
"""64 KiB that show when a piece is missing, doubled or moved."""
TEXT = b"the quick brown fox jumps over the lazy dog\n" * 200


class Provider:
    """Serves until the ``with`` block ends. ``gate`` holds back the second half of gated answers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._gates: dict[str, asyncio.Event] = {}
        self.host = ""
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    def open_gate(self, name: str) -> None:
        """Let the answer that waits at ``name`` go on."""
        self._loop.call_soon_threadsafe(lambda: self._gate(name).set())

    def _gate(self, name: str) -> asyncio.Event:
        return self._gates.setdefault(name, asyncio.Event())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/echo{tail:.*}", echo)
        app.router.add_route("*", "/moved/{kind}", self._moved)
        app.router.add_get("/cookies/set", self._set_cookies)
        app.router.add_get("/account/seen", seen_cookies)
        app.router.add_get("/elsewhere/seen", seen_cookies)
        app.router.add_get("/page/{number}", self._page)
        app.router.add_get("/compressed/{coding}", compressed)
        app.router.add_get("/bytes/{blocks}", stream)
        app.router.add_get("/status/{code}", status)
        app.router.add_get("/hang", self._hang)
        app.router.add_get("/gated/{name}", self._gated)
        app.router.add_post("/gated-upload/{name}", self._gated_upload)
        app.router.add_post("/v1/chat/completions", self._completions)
        app.router.add_route("*", "/upload", upload)
        app.router.add_route("*", "/no-upload", no_upload, expect_handler=refuse_upload)
        app.router.add_get("/websocket", websocket)
        runner = web.AppRunner(app, auto_decompress=False, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        self.host = f"{host}:{port}"
        self.url = f"http://{self.host}"
        self._ready.set()
        await self._stop.wait()
        for gate in self._gates.values():
            gate.set()
        await runner.cleanup()

    async def _moved(self, request: web.Request) -> web.Response:
        """Redirects in each form of RFC 9110 10.2.2; 307 keeps method and body (15.4.8)."""
        kind = request.match_info["kind"]
        targets = {
            "absolute": (302, f"{self.url}/echo/end?from=absolute"),
            "path": (302, "/echo/end?from=path"),
            "relative": (302, "../echo/end?from=relative"),
            "again": (301, f"{self.url}/moved/absolute"),
            "keep": (307, f"{self.url}/echo/end?from=keep"),
            "see-other": (303, f"{self.url}/echo/end?from=see-other"),
        }
        code, target = targets[kind]
        return web.Response(status=code, headers={"Location": target})

    async def _set_cookies(self, request: web.Request) -> web.Response:
        response = web.Response(text="set")
        response.headers.add("Set-Cookie", f"session=s1; Path=/; Domain={request.url.host}; HttpOnly")
        response.headers.add("Set-Cookie", "scoped=s2; Path=/account")
        response.headers.add("Set-Cookie", "safe=s3; Path=/; Secure; SameSite=Lax")
        return response

    async def _page(self, request: web.Request) -> web.Response:
        """Three pages, linked as GitHub's are (RFC 8288; docs.github.com, using pagination in the REST API)."""
        number = int(request.match_info["number"])
        headers = {}
        if number < 3:
            headers["Link"] = (
                f'<{self.url}/page/{number + 1}?size=2>; rel="next", <{self.url}/page/3?size=2>; rel="last"'
            )
        return web.json_response({"page": number}, headers=headers)

    async def _hang(self, request: web.Request) -> web.Response:
        await self._stop.wait()
        return web.Response()

    async def _gated(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(b"first")
        await self._gate(request.match_info["name"]).wait()
        await response.write(b"last")
        await response.write_eof()
        return response

    async def _gated_upload(self, request: web.Request) -> web.Response:
        """Opens the gate when the first chunk of the request is here."""
        chunks = [await request.content.readany()]
        self._gate(request.match_info["name"]).set()
        chunks += [chunk async for chunk in request.content.iter_any()]
        return web.Response(body=b"".join(chunks))

    async def arrived(self, name: str) -> None:
        """Wait until the gate ``name`` is open; from another loop."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._wait(name), self._loop))

    async def _wait(self, name: str) -> None:
        await self._gate(name).wait()

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        """A streamed chat completion that waits for the test before its last chunk.

        Wire form: platform.openai.com/docs/api-reference/chat-streaming; the ids in the head:
        platform.openai.com/docs/api-reference/debugging-requests.
        """
        asked = await request.json()
        head = {"Content-Type": "text/event-stream", "x-request-id": "req_gated", "openai-processing-ms": "7"}
        response = web.StreamResponse(headers=head)
        await response.prepare(request)
        await response.write(_chunk(asked["model"], {"role": "assistant", "content": "Hel"}))
        await self._gate(asked["user"]).wait()
        await response.write(_chunk(asked["model"], {"content": "lo"}) + _chunk(asked["model"], {}, "stop"))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response


def _chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": model}
    return f"data: {web.json_response({**about, 'choices': [choice]}).text}\n\n".encode()


async def echo(request: web.Request) -> web.Response:
    """What arrived, byte for byte."""
    body = await request.read()
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.raw_headers]
    about = {
        "method": request.method,
        "target": request.raw_path,
        "version": f"{request.version.major}.{request.version.minor}",
        "headers": headers,
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return web.json_response(about, headers={"X-Request-Id": "provider-1", "X_Under_Score": "kept"})


async def seen_cookies(request: web.Request) -> web.Response:
    """The cookies the client sent here."""
    return web.json_response(dict(sorted(request.cookies.items())))


async def compressed(request: web.Request) -> web.Response:
    """A text in a content coding, if the client accepts it (RFC 9110 12.5.3)."""
    coding = request.match_info["coding"]
    if coding not in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=TEXT, content_type="text/plain")
    body = gzip.compress(TEXT, mtime=0) if coding == "gzip" else zlib.compress(TEXT)
    return web.Response(body=body, content_type="text/plain", headers={"Content-Encoding": coding})


async def stream(request: web.Request) -> web.StreamResponse:
    """Many blocks, chunked; or with a length when the client asks for one."""
    blocks = int(request.match_info["blocks"])
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    if "sized" in request.query:
        response.content_length = blocks * len(BLOCK)
    await response.prepare(request)
    if request.method == "GET":
        for _ in range(blocks):
            await response.write(BLOCK)
    await response.write_eof()
    return response


async def status(request: web.Request) -> web.Response:
    """An answer with the status asked for."""
    code = int(request.match_info["code"])
    if code in (204, 304):
        return web.Response(status=code, headers={"ETag": '"v1"'})
    return web.json_response({"code": code}, status=code, headers={"Retry-After": "7", "X-Request-Id": "provider-9"})


async def upload(request: web.Request) -> web.Response:
    """Read a body as it comes."""
    digest, length = hashlib.sha256(), 0
    async for chunk in request.content.iter_any():
        digest.update(chunk)
        length += len(chunk)
    about = {
        "length": length,
        "sha256": digest.hexdigest(),
        "expect": request.headers.get("Expect"),
        "content-length": request.headers.get("Content-Length"),
        "transfer-encoding": request.headers.get("Transfer-Encoding"),
        "content-type": request.headers.get("Content-Type"),
    }
    return web.json_response(about)


async def refuse_upload(request: web.Request) -> web.StreamResponse | None:
    """A final answer instead of 100 Continue (RFC 9110 10.1.1)."""
    return web.json_response({"error": "too large"}, status=413, headers={"Connection": "close"})


async def no_upload(request: web.Request) -> web.Response:
    """Never reached by a client that asks first."""
    return web.json_response({"reached": True})


async def websocket(request: web.Request) -> web.WebSocketResponse:
    """Echo."""
    socket = web.WebSocketResponse(protocols=("v2", "v1"))
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket
