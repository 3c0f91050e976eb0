"""Ends to call: the emulators and the test provider, each directly and through a sidecar process."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.sdk.emulators.launch import emulator
from tests.sdk.provider import Provider
from tests.sdk.proxied import Sidecar, sidecar

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Ends:
    """The same API twice: ``direct`` is the provider itself, ``through`` the sidecar in front. No slash at the end."""

    direct: str
    through: str
    sidecar: Sidecar

    def both(self, scenario: Callable[[str], Seen]) -> Seen:
        """Run a scenario against each; what it saw must be the same."""
        direct = scenario(self.direct)
        through = scenario(self.through)
        assert through == direct
        return through


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """The test provider, in a thread of its own."""
    with Provider() as running:
        yield running


@contextlib.contextmanager
def _ends(name: str, direct: str, **settings: Any) -> Iterator[Ends]:
    own = "listen" in settings
    with sidecar({name: {"base_url": direct, **settings}}) as running:
        address = running.address(f"providers.{name}.listen" if own else "listen")
        yield Ends(direct, address if own else f"{address}/{name}", running)


@pytest.fixture(scope="session")
def web(provider: Provider) -> Iterator[Ends]:
    """The test provider behind a path prefix."""
    with _ends("web", provider.url) as ends:
        yield ends


@pytest.fixture(scope="session")
def stripe_api() -> Iterator[Ends]:
    """Stripe's emulator."""
    with emulator("stripe") as url, _ends("stripe", url) as ends:
        yield ends


@pytest.fixture(scope="session")
def openai_api() -> Iterator[Ends]:
    """OpenAI's emulator."""
    with emulator("openai") as url, _ends("openai", url) as ends:
        yield ends


@pytest.fixture(scope="session")
def aws_api() -> Iterator[Ends]:
    """AWS's emulator, behind a listener of its own and with the Host that the SDK signed."""
    settings = {"listen": "127.0.0.1:0", "host_header": "app"}
    with emulator("aws") as url, _ends("aws", url, **settings) as ends:
        yield ends
