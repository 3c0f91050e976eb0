"""``sidecar run`` as a process: signals, exit codes, standard output, open files."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.child import child
from tests.support.raw_client import RawClient
from tests.support.scripted_provider import OK, Peer, ScriptedProvider, answer
from tests.support.sidecar_process import ROOT, SidecarProcess, complete, first_line_of

GET = b"GET /p/x HTTP/1.1\r\nHost: app\r\n\r\n"


def config(provider: ScriptedProvider, **more: Any) -> dict[str, Any]:
    return {"providers": {"p": {"base_url": provider.url}}, **more}


def run(*args: str, folder: Path, text: str | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    file = folder / "sidecar.yaml"
    if text is not None:
        file.write_text(text)
    command = [sys.executable, "-m", "sidecar.cli.main", *args, "-c", str(file)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=environ, check=False, **options)


# ---- signals ----


def test_sigterm_drains_and_a_reload_came_before() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.hold()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")

    with ScriptedProvider(script) as slow, ScriptedProvider(answer(OK)) as quick:
        settings = config(slow)
        settings["providers"]["q"] = {"base_url": quick.url}
        sidecar = SidecarProcess(settings)
        with sidecar, sidecar.client() as app:
            sidecar.send_signal(signal.SIGHUP)
            sidecar.wait_event("reloaded")
            app.send(GET)
            slow.wait_requests(1)
            sidecar.send_signal(signal.SIGTERM)
            sidecar.wait_event("draining")
            with sidecar.client() as other:
                got = other.ask(b"GET /q/x HTTP/1.1\r\nHost: app\r\n\r\n")
            assert (got.status, got.get("connection")) == (200, b"close")
            status, body = sidecar.get("/readyz")
            assert (status, b"[-] draining" in body) == (503, True)
            slow.let_go()
            got = app.read_answer()
            assert (got.status, got.body, got.get("connection")) == (200, b"slow", b"close")
            assert sidecar.process.wait(10) == 0
        assert [line["path"] for line in sidecar.requests()] == ["/q/x", "/p/x"]
        assert sidecar.lines[-1]["event"] == "stopped"


def test_second_sigterm_ends_at_once() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.hold()

    with ScriptedProvider(script) as provider:
        with SidecarProcess(config(provider)) as sidecar, sidecar.client() as app:
            app.send(GET)
            provider.wait_requests(1)
            sidecar.send_signal(signal.SIGTERM)
            sidecar.wait_event("draining")
            sidecar.send_signal(signal.SIGTERM)
            assert sidecar.process.wait(10) == 0
            assert app.read_until_close() == b""
        assert sidecar.lines[-1]["cut"] == 1
        assert len(sidecar.requests()) == 1


def test_sigint_waits_for_nobody() -> None:
    with ScriptedProvider(answer(OK)) as provider, SidecarProcess(config(provider)) as sidecar, sidecar.client() as app:
        assert app.ask(GET).status == 200
        sidecar.stop(signal.SIGINT)
        assert sidecar.wait_event("draining")["reason"] == "SIGINT"


# ---- starts that fail ----


def test_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        whole = complete({"listen": address, "providers": {"p": {"base_url": "http://127.0.0.1:1"}}})
        done = run("run", folder=tmp_path, text=json.dumps(whole))
    assert done.returncode == 2
    assert done.stdout == ""
    what, where, todo = done.stderr.strip().splitlines()[-3:]
    assert what == "error: a listener cannot be opened"
    assert where == f"where: listen: {address}: address already in use"
    assert todo.startswith("do: ")


def test_unix_path_that_is_served_by_another(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        whole = complete({"listen": f"unix:{path}", "providers": {"p": {"base_url": "http://127.0.0.1:1"}}})
        done = run("run", folder=tmp_path, text=json.dumps(whole))
    assert done.returncode == 2
    assert f"where: listen: unix:{path}" in done.stderr


@pytest.mark.parametrize("text", ["version: 1\nproviders: {p: {base_urll: 'http://x'}}\n", "", None])
def test_bad_configuration(tmp_path: Path, text: str | None) -> None:
    done = run("run", folder=tmp_path, text=text)
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "do: " in done.stderr
    assert "Traceback" not in done.stderr


def test_unusable_log_file(tmp_path: Path) -> None:
    whole = complete({
        "log": {"output": str(tmp_path / "no" / "such" / "folder.log")},
        "providers": {"p": {"base_url": "http://127.0.0.1:1"}},
    })  # fmt: skip
    done = run("run", folder=tmp_path, text=json.dumps(whole))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "where: " in done.stderr


# ---- where lines go ----


def test_log_to_a_file(tmp_path: Path) -> None:
    log = tmp_path / "sidecar.log"
    whole = complete({"log": {"output": f"file:{log}"}, "providers": {"p": {"base_url": "http://127.0.0.1:1"}}})
    file = tmp_path / "sidecar.yaml"
    file.write_text(json.dumps(whole))
    command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(file)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as process:
        started = first_line_of(log, process)
        with RawClient(int(started["listen"]["listen"].rpartition(":")[2])) as app:
            assert app.ask(GET).status == 502
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (out, err, process.returncode) == (b"", b"", 0)
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == [
        "started", "request", "draining", "stopped",
    ]  # fmt: skip
    assert os.stat(log).st_mode & 0o777 == 0o640 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_standard_output_that_is_closed(tmp_path: Path) -> None:
    """Started with ``>&-`` there is no standard output at all."""
    port = free_port()
    whole = complete({"listen": f"127.0.0.1:{port}", "providers": {"p": {"base_url": "http://127.0.0.1:1"}}})
    file = tmp_path / "sidecar.yaml"
    file.write_text(json.dumps(whole))
    shell = f'exec "{sys.executable}" -m sidecar.cli.main run -c "{file}" >&-'
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with child(["/bin/sh", "-c", shell], stderr=subprocess.PIPE, env=environ) as process:
        try:
            with connect(port, process) as app:
                got = app.ask(GET)
                assert (got.status, got.body[:1]) == (502, b"{")
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=10)
    assert (err, process.returncode) == (b"", 0)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def connect(port: int, process: subprocess.Popen[bytes]) -> RawClient:
    """A connection, as soon as the process listens."""
    done = threading.Event()
    while process.poll() is None:
        try:
            return RawClient(port)
        except ConnectionRefusedError:
            done.wait(0.01)
    raise AssertionError(process.communicate())


def test_reader_of_the_log_that_has_gone(tmp_path: Path) -> None:
    port = free_port()
    whole = complete({"listen": f"127.0.0.1:{port}", "providers": {"p": {"base_url": "http://127.0.0.1:1"}}})
    (tmp_path / "sidecar.yaml").write_text(json.dumps(whole))
    command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(tmp_path / "sidecar.yaml")]
    reading, writing = os.pipe()
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with child(command, stdout=writing, stderr=subprocess.PIPE, env=environ) as process:
        os.close(writing)
        os.close(reading)
        try:
            with connect(port, process) as app:
                for _ in range(20):
                    assert app.ask(GET).status == 502
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=10)
    assert (err, process.returncode) == (b"", 0)


def test_reader_of_the_log_that_reads_nothing(tmp_path: Path) -> None:
    """A full pipe holds up no call; lines over the buffer's cap are dropped and counted."""
    port, ops = free_port(), free_port()
    whole = complete({
        "listen": f"127.0.0.1:{port}",
        "ops": {"listen": f"127.0.0.1:{ops}"},
        "providers": {"p": {"base_url": "http://127.0.0.1:1"}},
    })  # fmt: skip
    (tmp_path / "sidecar.yaml").write_text(json.dumps(whole))
    command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(tmp_path / "sidecar.yaml")]
    reading, writing = os.pipe()
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    path = b"/" + b"x" * 30_000
    with child(command, stdout=writing, stderr=subprocess.PIPE, env=environ) as process:
        os.close(writing)
        try:
            with connect(port, process) as app:
                for _ in range(700):
                    assert app.ask(b"GET %b HTTP/1.1\r\nHost: app\r\n\r\n" % path).status == 404
            with RawClient(ops) as client:
                text = client.ask(b"GET /metrics HTTP/1.1\r\nHost: app\r\n\r\n").body.decode()
            (dropped,) = [line for line in text.splitlines() if line.startswith("sidecar_log_lines_dropped_total")]
            assert float(dropped.split()[1]) > 100
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=15)
            os.close(reading)
    assert (err, process.returncode) == (b"", 0)


# ---- what stays open ----


def open_files(pid: int) -> list[str]:
    """Kinds of the descriptors a process has open; one that closes meanwhile is none."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(link).partition(":")[0])
        except OSError:
            continue
    return sorted(found)


def test_no_descriptor_is_left_by_many_faults() -> None:
    def script(peer: Peer) -> None:
        request = peer.read_request_head()
        kind = request.target
        if kind == b"/reset":
            peer.reset()
        elif kind == b"/half":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        elif kind == b"/garbage":
            peer.send(b"garbage\r\n\r\n")
        elif kind == b"/hang":
            peer.read_until_close()
        else:
            peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedProvider(script) as provider:
        settings = config(provider)
        settings["providers"]["p"]["timeouts"] = {"head": "20ms"}
        settings["providers"]["refused"] = {"base_url": "http://127.0.0.1:1"}
        settings["providers"]["tls"] = {"base_url": f"https://127.0.0.1:{provider.port}", "timeouts": {"tls": "20ms"}}
        with SidecarProcess(settings) as sidecar:
            before = open_files(sidecar.process.pid)
            paths = [b"/p/reset", b"/p/half", b"/p/garbage", b"/p/hang", b"/p/ok", b"/refused/", b"/tls/", b"/none"]
            for number in range(160):
                with sidecar.client() as app:
                    app.send(b"GET %b HTTP/1.1\r\nHost: app\r\n\r\n" % paths[number % 8])
                    if number % 3:
                        app.read_until(b"\r\n\r\n")
                    else:
                        app.reset()
            waited = threading.Event()
            for _ in range(500):
                after = open_files(sidecar.process.pid)
                if after == before:
                    break
                waited.wait(0.01)
            assert after == before
