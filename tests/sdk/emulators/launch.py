"""Emulators of real providers, each a process of its own, written by others, with state of their own.

localstripe has Stripe's objects (what it lacks of Stripe's wire stands in ``stripe_edge``), llmock OpenAI's API, moto
that of AWS.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@contextlib.contextmanager
def emulator(name: str) -> Iterator[str]:
    """Run ``stripe``, ``openai`` or ``aws``; its base URL."""
    command = [sys.executable, "-W", "ignore", "-m", f"tests.sdk.emulators.{name}"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), f"the {name} emulator did not start"
        yield url
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve_until_told(url: str) -> None:
    """Say where the emulator is, and wait for the end of standard input: none outlives the tests, however they end."""
    print(url, flush=True)
    sys.stdin.read()
