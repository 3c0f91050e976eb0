"""The admin API of a running scene, as an operator's script calls it."""

import json
from typing import Any

from tests.chaos.scene import Scene


async def admin(scene: Scene, method: str, path: str, body: Any = None, *lines: str) -> tuple[int, Any]:
    """Status and JSON of one request with the admin token, on a connection of its own."""
    app = await scene.app("admin.listen")
    content = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} {path} HTTP/1.1",
        f"Host: {scene.runtime.addresses['admin.listen']}",
        "Authorization: Bearer chaos-token",
        *lines,
    ]
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    app.send(("\r\n".join(head) + "\r\n\r\n").encode() + content)
    answer = await app.answer()
    app.close()
    return answer.status, json.loads(answer.body)


def events(scene: Scene, name: str) -> list[dict[str, Any]]:
    """The log lines of one event."""
    return [line for line in scene.events() if line["event"] == name]
