"""A route for one test: still time, known ids, a log that is kept, and an innermost handler that plays a script."""

from dataclasses import replace
from typing import Any

from sidecar.core.body import Body
from sidecar.core.env import Env
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.http.head import Edit
from sidecar.policies.order import fold
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Settings
from sidecar.policies.site import Origin, Site
from sidecar.redaction.redactor import DEFAULT
from sidecar.rules.classify import outcome
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.failures import Failures
from sidecar.telemetry.stats import Stats


class KeptLog(AccessLog):
    """Keeps its lines."""

    def __init__(self, stats: Stats, level: str = "info") -> None:
        super().__init__((), replace(Env(), wall=lambda: 784111777.5), stats, DEFAULT.text, level)
        self.lines: list[dict[str, Any]] = []

    def line(self, record: dict[str, Any]) -> None:
        self.lines.append(record)

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == "request"]


class Stage:
    """``now``: monotonic seconds. ``script``: what the innermost handler gives or raises, one after the other.

    ``seen``: what reached it. ``takes``: seconds that pass in it. ``slept``: the waits of policies; ``now`` moves with
    them. ``drawn``: where in its range every random number lies, 0 to 1.
    """

    def __init__(self, *, level: str = "info", **settings: Settings) -> None:
        self.now = 100.0
        self.takes = 0.0
        self.ids = 0
        self.drawn = 0.5
        self.stats = Stats()
        self.slept: list[float] = []
        self.log = KeptLog(self.stats, level)
        self.script: list[Response | BaseException] = []
        self.seen: list[Exchange] = []
        self.site = Site(
            provider="payments",
            route="charge",
            settings=settings,
            env=replace(
                Env(),
                clock=lambda: self.now,
                wall=lambda: 784111677.0 + self.now,
                new_id=self._id,
                uniform=lambda low, high: low + (high - low) * self.drawn,
                sleep=self._sleep,
            ),
            log=self.log,
            stats=self.stats.route("payments", "charge"),
            provider_stats=self.stats.provider("payments"),
            origin=Origin("https", "api.test", 443, "api.test", "/base"),
            edit=Edit(),
            failures=Failures(100, 1024 * 1024),
        )

    def _id(self, digits: int) -> str:
        self.ids += 1
        return f"{self.ids:0{digits}x}"

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def build(self, *policies: Policy) -> Handler:
        """The stack of these policies around the script."""
        return fold(self._innermost, self.site, policies)

    async def _innermost(self, exchange: Exchange) -> Response:
        self.seen.append(exchange)
        self.now += self.takes
        step = self.script.pop(0) if self.script else respond()
        if isinstance(step, BaseException):
            raise step
        return step


def ask(target: bytes = b"/v1/x", *headers: tuple[bytes, bytes], method: bytes = b"GET") -> Exchange:
    """A request of the app that came at 100.0 s and was routed."""
    exchange = Exchange(method, target, Headers.of(headers), None, "127.0.0.1", 100.0)
    exchange.provider, exchange.route = "payments", "charge"
    return exchange


def respond(status: int = 200, *headers: tuple[bytes, bytes], body: Body | None = None) -> Response:
    """An answer of the provider."""
    response = Response(status, b"", Headers.of(headers), body or Body.of(b""))
    response.outcome = outcome(status, response.headers.index)
    return response
