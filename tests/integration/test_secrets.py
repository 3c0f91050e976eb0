"""Secrets of the app and of the configuration are in no log line, no problem, no metric: at any level, in any fault."""

import pytest

from tests.chaos.provider_script import Wire
from tests.chaos.scene import Scene

INJECTED = "sk_live_injected0123456789"
SECRETS = (INJECTED, "app-p4ssword", "qu3ry-s3cret", "c00kie-value", "Zx81secretpath", "prov1der-cookie", "body-s3cret")


async def reset(wire: Wire) -> None:
    await wire.head()
    wire.reset()


async def refuse(wire: Wire) -> None:
    head = b"HTTP/1.1 401 Unauthorized\r\nSet-Cookie: sid=prov1der-cookie\r\nX-Api-Key: app-p4ssword\r\n"
    await wire.head()
    await wire.send(head + b"Location: https://u:app-p4ssword@x.test/?token=qu3ry-s3cret\r\nContent-Length: 0\r\n\r\n")


async def garbage(wire: Wire) -> None:
    await wire.head()
    await wire.send(b"HTTP/1.1 200 OK\r\nAuthorization Bearer app-p4ssword\r\n\r\n")


async def hang(wire: Wire) -> None:
    await wire.gone()


REQUEST = (
    "POST /p/token/Zx81secretpath/x?api_key=qu3ry-s3cret&page=2 HTTP/1.1\r\nHost: app\r\nContent-Length: 26\r\n"
    "Authorization: Basic app-p4ssword\r\nCookie: s=c00kie-value\r\nX-Vault-Token: app-p4ssword\r\n\r\n"
    '{"password":"body-s3cret"}'
)


@pytest.mark.parametrize("script", [reset, refuse, garbage, hang])
@pytest.mark.parametrize("level", ["debug", "info"])
async def test_in_every_fault(scene: Scene, script: object, level: str) -> None:
    rules = {"set": {"Authorization": f"Bearer {INJECTED}"}}
    log = {"output": str(scene.log), "level": level}
    await scene.serve(script, {"log": log}, headers=rules, timeouts={"head": "40ms"})  # type: ignore[arg-type]
    app = await scene.app()
    app.send(REQUEST.encode())
    got = await app.answer()
    assert got.status >= 400
    await scene.call()
    shown = scene.log.read_text() + str(await scene.metrics())
    if got.headers.get("content-type") == "application/problem+json":
        shown += str(got)
    assert [secret for secret in SECRETS if secret in shown] == []
    assert "page=2" in shown


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /none/token/Zx81secretpath?api_key=qu3ry-s3cret HTTP/1.1\r\nHost: app\r\nX-Api-Key: app-p4ssword\r\n\r\n",
        b"GET /p/?api_key=qu3ry-s3cret HTTP/1.1\r\nX-Api-Key: app-p4ssword\r\n\r\n",
        b"GET /p/?api_key=qu3ry-s3cret HTTP/1.1\r\nHost: app\r\nAuthorization Bearer app-p4ssword\r\n\r\n",
        b"GET http://u:app-p4ssword@host/p/?api_key=qu3ry-s3cret HTTP/1.1\r\nHost: app\r\n\r\n",
        b"TRACE /p/?api_key=qu3ry-s3cret HTTP/1.1\r\nHost: app\r\nX-Api-Key: app-p4ssword\r\n\r\n",
    ],
)
async def test_in_every_refusal(scene: Scene, request_bytes: bytes) -> None:
    await scene.serve(hang, {"log": {"output": str(scene.log), "level": "debug"}})
    app = await scene.app()
    app.send(request_bytes)
    got = await app.answer()
    assert got.status in (400, 404, 405)
    await scene.call()
    shown = scene.log.read_text() + str(got)
    assert [secret for secret in SECRETS if secret in shown] == []


async def test_in_a_bug(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The traceback of an internal error shows texts of the call."""
    await scene.serve(hang)

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("cannot read api_key=qu3ry-s3cret of Bearer app-p4ssword")

    monkeypatch.setattr(type(scene.pool()), "take", broken)
    got = await scene.get()
    assert (got.status, got.problem["code"]) == (500, "internal")
    line = await scene.call()
    assert line["error"] == "internal"
    (bug,) = [event for event in scene.events() if event["event"] == "internal_error"]
    assert "RuntimeError" in bug["traceback"]
    shown = scene.log.read_text() + str(got)
    assert [secret for secret in SECRETS if secret in shown] == []
    scene.bugs_expected = 1
