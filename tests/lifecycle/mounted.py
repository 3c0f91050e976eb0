"""A sidecar in a test's event loop whose configuration and secrets are mounted volumes."""

import json
from collections.abc import Mapping
from typing import Any

from sidecar.config.load import load
from tests.chaos.provider_script import OK, Wire
from tests.chaos.scene import Scene, eventually
from tests.support.kubelet import Volume

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


class Partner:
    """A provider that keeps the heads it got; it takes only calls whose key is in ``keys``, when there are any."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.keys: set[str] = set()

    async def script(self, wire: Wire) -> None:
        """Answer every call."""
        while True:
            head = await wire.head()
            self.heads.append(head)
            known = not self.keys or any(f"Bearer {key}\r\n".encode() in head for key in self.keys)
            await wire.send(OK if known else REFUSED)

    def last(self, name: str) -> str:
        """A header of the last call."""
        return self.heads[-1].partition(f"{name}: ".encode())[2].partition(b"\r\n")[0].decode()


class Pod:
    """``config`` and ``secret`` are volumes; the sidecar reads ``sidecar.yaml`` of the first."""

    def __init__(self, scene: Scene, partner: Partner, port: int) -> None:
        self.scene = scene
        self.partner = partner
        self._port = port
        self.secret = Volume(scene.folder / "secret", {"key": "key-0\n"})
        self.config = Volume(scene.folder / "config", {"sidecar.yaml": self.text({})})
        scene.config = self.config / "sidecar.yaml"

    def text(self, headers: Mapping[str, str], **more: Any) -> str:
        """A configuration whose calls carry these headers."""
        provider = {"base_url": f"http://127.0.0.1:{self._port}", "headers": {"set": dict(headers)}}
        return json.dumps({
            "version": 1,
            "listen": "127.0.0.1:0",
            "ops": {"listen": "127.0.0.1:0"},
            "admin": {"listen": "127.0.0.1:0", "token": "chaos-token"},
            "log": {"output": str(self.scene.log)},
            "providers": {"p": provider},
            **more,
        })  # fmt: skip

    def configure(self, headers: Mapping[str, str], **more: Any) -> None:
        """An update of the ConfigMap."""
        self.config.write({"sidecar.yaml": self.text(headers, **more)})

    async def start(self, environ: Mapping[str, str] | None = None) -> None:
        """Serve what is mounted."""

        variables = {} if environ is None else environ
        await self.scene.run(lambda: load(self.scene.config, variables), variables)

    async def call(self) -> int:
        """One call to the partner: its status."""
        got = await self.scene.get("/p/x")
        await self.scene.call()
        return got.status

    async def reloaded(self, times: int) -> None:
        """Wait until that many reloads have succeeded."""
        await eventually(lambda: self.scene.runtime.stats.reloads["success"] >= times)

    async def refused(self, times: int) -> None:
        """Wait until that many reloads have failed."""
        await eventually(lambda: self.scene.runtime.stats.reloads["failure"] >= times)

    async def ready(self) -> int:
        """What the readiness probe gets."""
        app = await self.scene.app("ops.listen")
        app.get("/readyz", "Connection: close")
        return (await app.answer()).status


async def pod(scene: Scene) -> Pod:
    """A provider, and volumes that lead to it; nothing is started yet."""
    partner = Partner()
    provider = await scene.provider(partner.script)
    return Pod(scene, partner, provider.port)
