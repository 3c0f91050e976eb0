"""The usual time of a provider: a quantile of its last answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.latency import Latency


def fed(quantile: float, samples: list[float]) -> float | None:
    latency = Latency(quantile)
    for seconds in samples:
        latency.observe(seconds)
    return latency.value


def test_nothing_is_known_before_twenty_answers() -> None:
    assert Latency(0.95).value is None
    assert fed(0.95, [1.0] * 19) is None
    assert fed(0.95, [1.0] * 20) == 1.0


@pytest.mark.parametrize(
    ("quantile", "samples", "value"),
    [
        (0.95, [n / 100 for n in range(1, 21)], 0.20),
        (0.5, [n / 100 for n in range(1, 21)], 0.11),
        (0.5, [n / 100 for n in range(20, 0, -1)], 0.11),
        (0.95, [0.01] * 19 + [9.0], 9.0),
        (0.95, [0.01] * 51 + [9.0], 0.01),  # 52 answers: the second look; one of fifty is beyond the quantile
        (1.0, [0.01] * 19 + [9.0], 9.0),
        (0.0, [0.02] * 19 + [0.01], 0.01),
    ],
)
def test_the_quantile(quantile: float, samples: list[float], value: float) -> None:
    assert fed(quantile, samples) == value


def test_it_looks_again_every_32_answers() -> None:
    assert fed(0.95, [0.01] * 20 + [1.0] * 31) == 0.01
    assert fed(0.95, [0.01] * 20 + [1.0] * 32) == 1.0


def test_old_answers_are_forgotten() -> None:
    assert fed(0.5, [9.0] * 256 + [0.1] * 256 + [0.1] * 20) == 0.1
    latency = Latency(0.95)
    for _ in range(10_000):
        latency.observe(0.2)
    assert len(latency._samples) == 256


@given(st.lists(st.floats(0.0, 100.0), min_size=20, max_size=600))
def test_the_value_is_one_of_the_answers(samples: list[float]) -> None:
    assert fed(0.95, samples) in samples
