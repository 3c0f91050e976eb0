"""Stripe: localstripe's objects behind our edge."""

import asyncio

from aiohttp import web
from localstripe import resources, server

from tests.sdk.emulators import stripe_edge
from tests.sdk.emulators.launch import serve_until_told


async def _run() -> None:
    # It would keep its objects in one file in /tmp, shared by every run on the machine.
    resources.Store.dump_to_disk = lambda _self: None
    stripe_edge.install(server.app)
    runner = web.AppRunner(server.app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    await asyncio.to_thread(serve_until_told, f"http://{host}:{port}")
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_run())
