"""Node's ``fetch`` and Java's ``HttpClient``: apps in any language see only HTTP."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.conftest import Ends
from tests.sdk.provider import BLOCK, TEXT

HERE = Path(__file__).parent


def run(*command: str) -> str:
    """What a program prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_fetch(web: Ends) -> None:
    def ask(url: str) -> Any:
        return json.loads(run("node", str(HERE / "fetch.mjs"), url))

    seen = web.both(ask)
    uploaded = b"".join(bytes([n]) * 65536 for n in range(16))
    assert seen["post"] == [200, "POST", "/echo/a?b=c", 7, "provider-1"]
    assert seen["moved"] == ["/echo/end?from=absolute", True, True]
    assert seen["gzip"] == ["gzip", hashlib.sha256(TEXT).hexdigest()]
    assert seen["upload"] == [1 << 20, "chunked", hashlib.sha256(uploaded).hexdigest()]
    assert seen["download"] == hashlib.sha256(BLOCK * 64).hexdigest()
    assert seen["head"] == [str(2 * len(BLOCK))]
    assert [status for status, _, _ in seen["statuses"]] == [204, 304, 404, 429, 503]
    assert (seen["together"], seen["aborted"], seen["expect"]) == (True, "TimeoutError", ["continue", 200])


@pytest.mark.skipif(shutil.which("javac") is None, reason="no Java compiler is installed")
def test_java_http_client(web: Ends, tmp_path: Path) -> None:
    run("javac", "-d", str(tmp_path), str(HERE / "Fetch.java"))

    def ask(url: str) -> list[str]:
        return run("java", "-cp", str(tmp_path), "-Xshare:auto", "Fetch", url).splitlines()

    seen = ask(web.through)
    assert seen == [
        "upload 200 HTTP_1_1 true",
        f"download 200 HTTP_1_1 {hashlib.sha256(BLOCK * 40).hexdigest()}",
        "moved 200 /echo/end?from=absolute",
        "expect 200 true",
        "offered false",
    ]
    # Directly the client's offer of HTTP/2 reaches the provider: that is the only difference.
    direct = ask(web.direct)
    assert [direct[0], *direct[2:4]] == [seen[0], *seen[2:4]]
