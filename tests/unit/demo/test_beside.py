import os
import select
import socket
import subprocess
import sys

import pytest

from sidecar.demo.beside import split_address, start_beside, wait_until_ready


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:8099", ("127.0.0.1", 8099)), ("[::1]:1", ("::1", 1)), (":8099", ("127.0.0.1", 8099))],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert split_address(text) == expected


@pytest.mark.parametrize("text", ["", "8099", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536"])
def test_bad_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        split_address(text)


def test_it_ends_when_its_parent_ends() -> None:
    code = (
        "import os; from sidecar.demo.beside import start_beside; child = start_beside('127.0.0.1:0');"
        "print(child.pid, flush=True); input(); os._exit(9)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watch = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        if watch is None:
            pytest.skip("needs pidfd_open to watch a grandchild")
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        assert poll.poll(20_000), "the provider outlived its parent"
        os.close(watch)


def test_it_ends_at_sigterm_without_a_word() -> None:
    child = start_beside("127.0.0.1:0")
    child.terminate()
    assert child.wait(20) in (0, -15)  # -15: before it had its handler
    assert child.stdin is not None
    child.stdin.close()


def test_a_taken_address_is_said_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        child = start_beside(address)
        assert child.wait(20) == 2
    assert child.stdin is not None
    child.stdin.close()
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert address in error
    assert "in use" in error


def test_the_provider_is_ready_before_the_sidecar_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    child = start_beside(address)
    try:
        wait_until_ready(child, address)
        socket.create_connection(split_address(address)).close()
    finally:
        child.terminate()
        child.wait(20)
        assert child.stdin is not None
        child.stdin.close()


def test_nobody_waits_for_a_provider_that_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(2)"])
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    wait_until_ready(child, address)
    assert child.poll() == 2
