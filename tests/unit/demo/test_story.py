import pytest

from sidecar.demo.moods import MOODS
from sidecar.demo.story import SCENE_SECONDS, STORY, curls, scene_seconds


@pytest.mark.parametrize("scene", STORY, ids=lambda scene: scene.name)
def test_every_scene_fits_a_narrow_terminal_and_has_a_mood_that_exists(scene) -> None:
    assert scene.mood is None or scene.mood in MOODS
    assert 0 < len(scene.happens) <= 56
    assert 0 < len(scene.does) <= 56


@pytest.mark.parametrize(("total", "expected"), [(None, SCENE_SECONDS), (3, 0.5), (600, SCENE_SECONDS)])
def test_a_short_demo_tells_the_whole_story(total: float | None, expected: float) -> None:
    assert scene_seconds(total) == expected


def test_three_commands_to_try() -> None:
    commands = [command for command, _ in curls("http://h:1/demo")]
    assert commands == [
        f"curl -{c} http://h:1/demo/{path}" for c, path in (("i", "orders/1"), ("N", "stream"), ("i", "reset"))
    ]
