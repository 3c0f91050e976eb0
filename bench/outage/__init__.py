"""A provider's outage under steady load: what happens when, and what the app asks for meanwhile.

Times are seconds after the beginning of the load. ``bench/storm.py`` runs it once for every line of its plot.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

from bench import traffic


class Down(StrEnum):
    """What a provider that is down does with a call."""

    ANSWERS_503 = "503"
    """An answer at once, as a load balancer gives when all behind it is gone."""
    REFUSES = "refuse"
    """Nothing listens any more, and open connections are reset."""
    HANGS = "hang"
    """It takes the call and never answers; its restart resets the connections."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One storm: ``rate`` calls per second for ``seconds``, evenly spaced, whatever becomes of them.

    The provider is healthy (an answer takes ``service_time``), shaky from ``shaky_at``, down from ``down_at`` and back
    at ``up_at``. While shaky it breaks the connection of every ``break_every``-th call; of a POST only after its order
    was carried out, which is how orders get duplicated.
    """

    down: Down = Down.ANSWERS_503
    rate: int = 500
    shaky_at: float = 7.0
    down_at: float = 8.0
    up_at: float = 18.0
    seconds: float = 35.0
    break_every: int = 10
    service_time: float = 0.02


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of the plot. ``proxy``: the proxy that carries its calls; None: the app tries again by itself.

    ``environ``: what fills the proxy's configuration. ``dash``: SVG's ``stroke-dasharray``.
    """

    name: str
    proxy: str | None
    colour: str
    dash: str
    environ: tuple[tuple[str, str], ...] = ()


SIDECAR = Contender("sidecar", "sidecar", "#0072B2", "")
NO_BREAKER = Contender("sidecar, breaker off", "sidecar", "#CC79A7", "12 3", (("STORM_BREAKER", "off"),))
ENVOY = Contender("envoy", "envoy", "#D55E00", "9 4")
NAIVE = Contender("naive client", None, "#009E73", "3 2")

CONTENDERS = (SIDECAR, NO_BREAKER, ENVOY, NAIVE)
"""Colours of Okabe and Ito (jfly.uni-koeln.de/color), which stay apart for colour-blind eyes."""


PATIENCE = 10.0
"""Seconds after which the app gives a call up, whatever stands between it and the provider."""

POSTS = 0.3
"""Share of calls that make an order. Half of them carry an idempotency key."""

_GET = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: ShopApp/4.2\r\nAccept: application/json\r\n\r\n"
_POST = (
    b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: ShopApp/4.2\r\nAccept: application/json\r\n"
    b"%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the app, ``due`` at that second. ``order``: the id that a POST carries, None for a GET."""

    due: float
    order: str | None
    keyed: bool

    def request(self, prefix: bytes, port: int) -> bytes:
        """Its bytes. ``prefix`` leads a proxy to the provider; it is empty at the provider itself."""
        if self.order is None:
            return _GET % (prefix + traffic.JSON_TARGET, port)
        key = b"Idempotency-Key: key-%b\r\n" % self.order.encode() if self.keyed else b""
        body = b'{"order":"%b"}' % self.order.encode()
        return _POST % (prefix + b"/v1/orders", port, key, len(body), body)


def offered(scenario: Scenario) -> list[Call]:
    """Every call of a run, by due time; always the same ones."""
    draw = random.Random(1)
    calls = []
    for n in range(int(scenario.rate * scenario.seconds)):
        is_post = draw.random() < POSTS
        calls.append(Call(n / scenario.rate, f"order-{n}" if is_post else None, is_post and draw.random() < 0.5))
    return calls
