"""What the examples of the pages talk to: a sidecar as a reader has it, with emulators for the real providers."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT, page
from tests.sdk.emulators.launch import emulator
from tests.support.child import child
from tests.support.sidecar_process import SidecarProcess

Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def readme_config() -> str:
    """The configuration that the README shows."""
    return next(block.text for block in page("README.md").blocks if block.language == "yaml")


@pytest.fixture(scope="session")
def demo_provider() -> Iterator[str]:
    """The demo provider on a free port, calm, so that nothing happens by chance; its URL."""
    command = [sys.executable, "-m", "sidecar.demo.provider", "--calm", "--listen", "127.0.0.1:0"]
    with child(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split(",")[0].removeprefix("demo provider: ")
        assert url.startswith("http://127.0.0.1:")
        yield url
        process.terminate()


@pytest.fixture(scope="session")
def running(readme_config: str, demo_provider: str) -> Iterator[SidecarProcess]:
    """A sidecar with the README's providers and ``demo``, in front of emulators."""
    providers = yaml.safe_load(readme_config)["providers"]
    with ExitStack() as stack:
        for name, kind in {"stripe": "stripe", "openai": "openai", "s3": "aws"}.items():
            providers[name]["base_url"] = stack.enter_context(emulator(kind))
        providers["s3"]["listen"] = "127.0.0.1:0"
        providers["demo"] = {"base_url": demo_provider}
        process = stack.enter_context(SidecarProcess({"defaults": {"profile": "user-flow"}, "providers": providers}))
        yield process
        process.stop(signal.SIGINT)


@pytest.fixture(scope="session")
def addresses(running: SidecarProcess) -> dict[str, str]:
    """The addresses that the pages name -> where they are here."""
    return {
        "127.0.0.1:8080": running.listen["listen"],
        "127.0.0.1:8101": running.listen["providers.s3.listen"],
        "127.0.0.1:9090": running.listen["ops.listen"],
        "127.0.0.1:9091": running.listen["admin.listen"],
    }


@pytest.fixture
def run(addresses: dict[str, str], readme_config: str, tmp_path: Path) -> Run:
    """Runs a command of a page as a reader would, in a folder that holds the README's ``sidecar.yaml``."""
    (tmp_path / "sidecar.yaml").write_text(readme_config)
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environ |= {"PYTHONPATH": str(ROOT)}

    def go(command: str) -> "subprocess.CompletedProcess[str]":
        for there, here in addresses.items():
            command = command.replace(there, here)
        arguments = ["sh", "-c", command]
        if not command.startswith(("curl ", ".venv/")):
            arguments = [sys.executable, "-c", command]
        arguments[-1] = arguments[-1].replace(".venv/bin/sidecar", f"{sys.executable} -m sidecar.cli.main")
        return subprocess.run(
            arguments, capture_output=True, text=True, timeout=60, env=environ, cwd=tmp_path, check=False
        )

    return go
