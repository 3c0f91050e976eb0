"""A minimal reverse proxy on aiohttp's server and client: no policies, no log, on uvloop.

The least that a Python team would write in its place. ``python -m bench.peers.aiohttp_proxy PORT PLAIN TLS CA``.
"""

import ssl
import sys

import aiohttp
import uvloop
from aiohttp import web

_HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host"}


class Proxy:
    """Forwards ``/<provider>/rest`` to the provider's origin, both bodies streamed."""

    def __init__(self, plain: int, tls: int, ca: str) -> None:
        self._origins = {"plain": f"http://127.0.0.1:{plain}", "tls": f"https://127.0.0.1:{tls}"}
        self._trust = ssl.create_default_context(cafile=ca)
        self._session: aiohttp.ClientSession | None = None

    async def start(self, _app: web.Application) -> None:
        """Open the client session on the running loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=50, ssl=self._trust),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=1, sock_read=60),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def stop(self, _app: web.Application) -> None:
        """Close the pooled connections."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Forward one call."""
        assert self._session is not None
        provider, _, rest = request.raw_path[1:].partition("/")
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP]
        body = request.content if request.body_exists else None
        target = f"{self._origins[provider]}/{rest}"
        async with self._session.request(
            request.method, target, headers=headers, data=body, allow_redirects=False
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            response.headers.extend((k, v) for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response


def main() -> None:
    """Serve on the port given until SIGTERM."""
    port, plain, tls, ca = sys.argv[1:]
    proxy = Proxy(int(plain), int(tls), ca)
    app = web.Application(client_max_size=1 << 40)
    app.on_startup.append(proxy.start)
    app.on_cleanup.append(proxy.stop)
    app.router.add_route("*", "/{path:.*}", proxy.handle)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None, backlog=4096)


if __name__ == "__main__":
    main()
