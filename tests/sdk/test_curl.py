"""``curl``: the command as a person types it."""

import asyncio
import gzip
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.conftest import Ends
from tests.sdk.provider import BLOCK, TEXT, Provider
from tests.sdk.seen import arrived
from tests.support.child import child

MIB = 1024 * 1024

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def curl(*arguments: str, data: bytes = b"") -> bytes:
    """What curl writes to standard output; it must succeed."""
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--max-time", "20", *arguments], input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def heads(output: bytes) -> list[str]:
    """The status lines in curl's ``-i`` or ``-v`` output."""
    lines = output.decode("latin-1").splitlines()
    return [line.removeprefix("< ") for line in lines if line.removeprefix("< ").startswith("HTTP/1")]


def test_a_get_and_its_path(web: Ends) -> None:
    def ask(url: str) -> Any:
        return arrived(json.loads(curl(f"{url}/echo/%7Euser/a%2fb?x=%2F&y=a+b", "-H", "X_Y: z")))

    assert web.both(ask)["target"] == "/echo/%7Euser/a%2fb?x=%2F&y=a+b"


def test_path_as_is(web: Ends) -> None:
    """Dot segments inside of the provider pass as they are."""

    def ask(url: str) -> Any:
        return json.loads(curl("--path-as-is", f"{url}/echo/a/./b/..;x//c"))["target"]

    assert web.both(ask) == "/echo/a/./b/..;x//c"


def test_a_chunked_upload_from_a_pipe(web: Ends) -> None:
    body = BLOCK * 40

    def send(url: str) -> Any:
        return json.loads(curl("-T", "-", f"{url}/upload", data=body))

    seen = web.both(send)
    assert (seen["length"], seen["transfer-encoding"]) == (len(body), "chunked")
    assert seen["sha256"] == hashlib.sha256(body).hexdigest()


@pytest.fixture
def two_mebibytes(tmp_path: Path) -> Path:
    """A file that curl asks about before it sends it."""
    file = tmp_path / "upload.bin"
    file.write_bytes(BLOCK * 32)
    return file


def test_expect_100_continue(web: Ends, two_mebibytes: Path) -> None:
    def send(url: str) -> Any:
        # Without an answer to its question curl would wait for this long.
        out = curl("-i", "--expect100-timeout", "15", "-T", str(two_mebibytes), f"{url}/upload")
        return heads(out), json.loads(out.rpartition(b"\r\n\r\n")[2])

    lines, about = web.both(send)
    assert lines == ["HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"]
    assert about["sha256"] == hashlib.sha256(BLOCK * 32).hexdigest()
    assert about["expect"] == "100-continue"


def test_expect_100_continue_refused(web: Ends, two_mebibytes: Path) -> None:
    def send(url: str) -> Any:
        command = ["-i", "--expect100-timeout", "15", "-w", "\n%{size_upload}", "-T", str(two_mebibytes)]
        out = curl(*command, f"{url}/no-upload")
        return heads(out), out.rpartition(b"\n")[2]

    assert web.both(send) == (["HTTP/1.1 413 Request Entity Too Large"], b"0")


@pytest.mark.parametrize("path", ["/echo/old", "/bytes/4", "/bytes/4?sized", "/status/204"])
def test_http_1_0(web: Ends, path: str) -> None:
    def ask(url: str) -> Any:
        out = curl("--http1.0", "-o", "-", "-w", "\n%{http_code}", url + path)
        body, _, code = out.rpartition(b"\n")
        return (json.loads(body)["method"] if "echo" in path else hashlib.sha256(body).hexdigest()), code

    seen, code = web.both(ask)
    assert code == (b"204" if "204" in path else b"200")
    if "bytes" in path:
        assert seen == hashlib.sha256(BLOCK * 4).hexdigest()


def test_http_1_0_keep_alive_and_no_chunks(web: Ends) -> None:
    out = curl("--http1.0", "-i", f"{web.through}/bytes/1")
    head = out.partition(b"\r\n\r\n")[0].lower()
    assert b"transfer-encoding" not in head
    assert out.endswith(BLOCK)


def test_head(web: Ends) -> None:
    def ask(url: str) -> Any:
        out = curl("-I", f"{url}/bytes/3?sized", "--next", "-sS", "-I", f"{url}/echo")
        return heads(out), out.lower().count(b"content-length: 196608")

    assert web.both(ask) == (["HTTP/1.1 200 OK", "HTTP/1.1 200 OK"], 1)


def test_compressed(web: Ends) -> None:
    def ask(url: str) -> Any:
        unpacked = curl("--compressed", f"{url}/compressed/gzip")
        raw = curl("-H", "Accept-Encoding: gzip", f"{url}/compressed/gzip")
        return unpacked, gzip.decompress(raw)

    assert web.both(ask) == (TEXT, TEXT)


def test_location(web: Ends) -> None:
    def ask(url: str) -> Any:
        out = curl("-L", "-w", "\n%{num_redirects} %{url_effective}", f"{url}/moved/again")
        body, _, told = out.rpartition(b"\n")
        count, _, last = told.decode().partition(" ")
        return json.loads(body)["target"], count, last.removeprefix(url)

    assert web.both(ask) == ("/echo/end?from=absolute", "2", "/echo/end?from=absolute")


def test_location_with_a_body(web: Ends) -> None:
    def ask(url: str) -> Any:
        about = json.loads(curl("-L", "-d", "body", f"{url}/moved/keep"))
        return about["method"], about["length"]

    assert web.both(ask) == ("POST", 4)


def test_a_cookie_jar(web: Ends, tmp_path: Path) -> None:
    def ask(url: str) -> Any:
        jar = str(tmp_path / f"jar-{url.rpartition('/')[2]}")
        curl("-c", jar, f"{url}/cookies/set")
        account = json.loads(curl("-b", jar, f"{url}/account/seen"))
        elsewhere = json.loads(curl("-b", jar, f"{url}/elsewhere/seen"))
        # Whether a Secure cookie goes back over http to this machine is curl's own choice, and changed with time.
        return {name: account.get(name) for name in ("scoped", "session")}, "scoped" in elsewhere, elsewhere["session"]

    assert web.both(ask) == ({"scoped": "s2", "session": "s1"}, False, "s1")
    jar = (tmp_path / "jar-web").read_text()
    assert "/web/account" in jar


@pytest.mark.parametrize("arguments", [(), ("-d", "x" * 100)])
def test_an_offer_of_http2_is_answered_as_http1(web: Ends, arguments: tuple[str, ...]) -> None:
    """``--http2`` on plain http offers ``Upgrade: h2c``; a server may ignore it (RFC 9110 7.8)."""

    if "HTTP2" not in curl("--version").decode():
        pytest.skip("this curl was built without HTTP/2")
    said = curl("-v", "--stderr", "-", "-o", os.devnull, "--http2", *arguments, f"{web.through}/echo/h2")
    assert b"> Upgrade: h2c" in said
    assert heads(said) == ["HTTP/1.1 200 OK"]
    about = json.loads(curl("--http2", *arguments, f"{web.through}/echo/h2"))
    assert (about["method"], about["length"]) == (("POST", 100) if arguments else ("GET", 0))
    names = [name.lower() for name, _ in about["headers"]]
    assert not {"upgrade", "http2-settings"} & set(names)


def test_several_requests_share_a_connection(web: Ends) -> None:
    def ask(url: str) -> Any:
        out = curl("-w", "\n%{num_connects}\n", f"{url}/echo/[1-5]")
        lines = out.decode().splitlines()
        return [json.loads(line)["target"] for line in lines[::2]], lines[1::2]

    targets, connects = web.both(ask)
    assert targets == [f"/echo/{n}" for n in range(1, 6)]
    assert connects == ["1", "0", "0", "0", "0"]


def test_unbuffered_output_while_the_provider_holds_back(web: Ends, provider: Provider) -> None:
    command = ["curl", "-sS", "-N", "--noproxy", "*", "--max-time", "20", f"{web.through}/gated/curl"]
    with child(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"first"
        provider.open_gate("curl")
        assert process.stdout.read() == b"last"
    assert process.returncode == 0


def test_ranges_forms_and_odd_methods_pass(web: Ends) -> None:
    def ask(url: str) -> Any:
        form = json.loads(curl("-F", "a=b", "-F", "f=@-;filename=x.bin", f"{url}/upload", data=BLOCK))
        odd = arrived(json.loads(curl("-X", "PROPFIND", "-r", "0-9", "-u", "me:pw", "-e", "ref", f"{url}/echo")))
        return form["length"] > len(BLOCK), odd

    _, odd = web.both(ask)
    assert odd["method"] == "PROPFIND"
    assert ["Range", "bytes=0-9"] in odd["headers"]


def test_the_sidecars_answer_is_a_problem(web: Ends) -> None:
    root = web.through.removesuffix("/web")
    problem = json.loads(curl(f"{root}/nobody/x"))
    assert (problem["code"], problem["status"], problem["sent"]) == ("no_route", 404, "nothing")


async def test_an_upload_goes_on_while_it_is_read(web: Ends, provider: Provider) -> None:
    """The provider has the first bytes before the app has sent the last."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-N", "--noproxy", "*", "--max-time", "20", "-X", "POST", "-T", "-",
        f"{web.through}/gated-upload/curl-up", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"first")
    await process.stdin.drain()
    await provider.arrived("curl-up")
    out, _ = await process.communicate(b"last")
    assert out == b"firstlast"
