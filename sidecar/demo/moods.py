"""What becomes of a call at the demo provider: its moods, as data.

A mood is a list of chances; a draw decides over one call. The mood holds for the orders, as a bad day of a real
provider would; the mix of ``/flaky`` is a mood as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Act(Enum):
    """What the provider does after the delay."""

    ANSWER = "answer"
    HANG_UP = "hang up"
    BREAK_OFF = "break off"


@dataclass(frozen=True, slots=True)
class Chance:
    """One possible fate. ``weight``: share among its mood's chances; ``low`` and ``high``: delay in seconds.

    ``status`` 200 stands for the answer that the path would give in a good mood.
    """

    weight: float
    low: float = 0.0
    high: float = 0.0
    act: Act = Act.ANSWER
    status: int = 200


@dataclass(frozen=True, slots=True)
class Fate:
    """A drawn chance, its delay in seconds fixed."""

    delay: float
    act: Act
    status: int


CALM = "calm"
FLAKY = "flaky"

MOODS: dict[str, tuple[Chance, ...]] = {
    CALM: (Chance(1),),
    "slow": (Chance(65, 0.04, 0.25), Chance(35, 2.0, 4.0)),
    "broken": (Chance(60, 0.005, 0.03), Chance(25, 0.005, 0.02, Act.HANG_UP), Chance(15, 0.005, 0.02, Act.BREAK_OFF)),
    "throttled": (Chance(45, 0.005, 0.03), Chance(40, 0.001, 0.004, status=429), Chance(15, 0.001, 0.004, status=503)),
    FLAKY: (
        Chance(55, 0.02, 0.15),
        Chance(8, 1.0, 3.0),
        Chance(10, 0.01, 0.05, status=500),
        Chance(9, 0.001, 0.01, status=503),
        Chance(9, 0.001, 0.01, status=429),
        Chance(9, 0.01, 0.05, Act.BREAK_OFF),
    ),
}
"""Name -> chances. In the calm mood every call is answered at once."""


def draw(mood: str, uniform: Callable[[float, float], float]) -> Fate:
    """Decide over one call. ``uniform(low, high)`` draws a float."""
    chances = MOODS[mood]
    left = uniform(0, sum(chance.weight for chance in chances))
    for chance in chances[:-1]:
        left -= chance.weight
        if left < 0:
            break
    else:
        chance = chances[-1]
    return Fate(uniform(chance.low, chance.high) if chance.high else 0.0, chance.act, chance.status)
