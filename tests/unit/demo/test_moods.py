import random

import pytest

from sidecar.demo.moods import CALM, MOODS, Act, Fate, draw


def test_the_calm_mood_answers_everything_at_once() -> None:
    assert draw(CALM, random.Random(1).uniform) == Fate(0.0, Act.ANSWER, 200)


@pytest.mark.parametrize("mood", MOODS)
def test_every_chance_of_a_mood_comes_up_as_often_as_it_weighs(mood: str) -> None:
    uniform = random.Random(7).uniform
    draws = [draw(mood, uniform) for _ in range(4000)]
    total = sum(chance.weight for chance in MOODS[mood])
    for act, status in {(chance.act, chance.status) for chance in MOODS[mood]}:
        weight = sum(chance.weight for chance in MOODS[mood] if (chance.act, chance.status) == (act, status))
        found = sum((fate.act, fate.status) == (act, status) for fate in draws)
        assert found / len(draws) == pytest.approx(weight / total, abs=0.03)


def test_delays_stay_within_their_bounds() -> None:
    uniform = random.Random(3).uniform
    for _ in range(500):
        delay = draw("slow", uniform).delay
        assert 0.04 <= delay <= 0.25 or 2.0 <= delay <= 4.0
