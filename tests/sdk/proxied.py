"""A sidecar as its users run it, in front of one or more providers."""

import contextlib
import signal
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.sidecar_process import SidecarProcess


class Sidecar:
    """A running one: its addresses and its access log."""

    def __init__(self, process: SidecarProcess) -> None:
        self._process = process

    def address(self, listener: str = "listen") -> str:
        """The base URL of a listener, without a slash at the end."""
        return f"http://{self._process.listen[listener]}"

    def record(self, request_id: str) -> dict[str, Any]:
        """The access log's line of one request; waits until it is written."""
        return self.find(request_id=request_id)

    def find(self, **wanted: Any) -> dict[str, Any]:
        """The first line of the access log with these values; waits until it is written."""

        def matching(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [line for line in lines if wanted.items() <= line.items()]

        def there(lines: list[dict[str, Any]]) -> bool:
            return bool(matching([line for line in lines if line["event"] == "request"]))

        self._process.wait_lines(there)
        return matching(self._process.requests())[0]


@contextlib.contextmanager
def sidecar(providers: Mapping[str, Any]) -> Iterator[Sidecar]:
    """Serve ``providers`` on free ports; it must end by itself, with exit code 0 and nothing on standard error."""
    with SidecarProcess({"providers": dict(providers)}) as process:
        yield Sidecar(process)
        # Like Ctrl-C at a terminal: what is in flight is finished, and no more is waited for.
        process.stop(signal.SIGINT)
