"""The demo's story: scenes that change what the provider does, each with one sentence on what the sidecar does."""

from dataclasses import dataclass

HEAD_TIMEOUT_MS = 500
"""How long the demo's sidecar waits for the provider's answer to begin, in each attempt."""
TOTAL_S = 4
"""Seconds that a call may take with all its attempts."""


@dataclass(frozen=True, slots=True)
class Scene:
    """``mood``: of the provider (see moods.py); None when it is not running at all."""

    name: str
    mood: str | None
    happens: str
    does: str


STORY: tuple[Scene, ...] = (
    Scene("calm", "calm", "The provider answers at once.", "Calls are carried, tracked, counted and logged."),
    Scene(
        "slow",
        "slow",
        "Every third call hangs for 2 to 4 s.",
        f"After {HEAD_TIMEOUT_MS} ms it asks again. The app never hangs.",
    ),
    Scene(
        "broken",
        "broken",
        "Connections break, before an answer or halfway.",
        "GETs are sent again; a POST only if that is safe.",
    ),
    Scene(
        "throttled",
        "throttled",
        "The provider says 429 and 503, with Retry-After.",
        "It waits as long as told, then asks again.",
    ),
    Scene(
        "outage",
        None,
        "The provider is gone: nobody listens there.",
        "Retries in a budget; then the breaker: 503 at once.",
    ),
    Scene("recovered", "calm", "The provider is back.", "Trial calls succeed, and the breaker closes."),
)
"""Sentences of at most 56 characters: one line of a narrow terminal."""

SCENE_SECONDS = 8.0
"""How long a scene lasts when there is time for it."""


def scene_seconds(total: float | None) -> float:
    """The length of a scene, so that a demo of ``total`` seconds (None: without end) tells the whole story."""
    return SCENE_SECONDS if total is None else min(SCENE_SECONDS, total / len(STORY))


def curls(base: str) -> list[tuple[str, str]]:
    """Three commands to try, and what to look at. ``base``: the provider's address at the sidecar."""
    return [
        (f"curl -i {base}/orders/1", "look at Sidecar-Request-Id, -Attempts, -Outcome"),
        (f"curl -N {base}/stream", "a live event stream, passed on as it comes"),
        (f"curl -i {base}/reset", "a failure: problem+json, and what was sent"),
    ]
