"""The support packet of one call: everything known of it, redacted, in the words of the log line.

It holds what the log line holds, and for every attempt what went out and what came back. What is the same for all
calls of a route is told once, by ``about``.
"""

from typing import Any, NamedTuple

from sidecar.core.env import Env
from sidecar.core.exchange import Exchange
from sidecar.policies.evidence import Told
from sidecar.policies.headers import HeaderRules
from sidecar.policies.retry_settings import Retry
from sidecar.policies.site import Site
from sidecar.policies.timeouts import Timeouts
from sidecar.redaction.found import Found

_IN_ATTEMPTS = ("response_headers", "response_body")
"""Fields of the log line that a packet has once for each attempt."""
_OF_THE_LOG = ("level", "event")


def about(site: Site, base: str) -> dict[str, Any]:
    """What a packet says of the route: where its calls go, what is set there, and how long each step may take.

    ``base``: URL before the provider's path. Of configured headers the names alone are told: their values are secrets,
    as often as not.
    """
    retry = site.of("retry", Retry)
    tries = {"attempts": retry.attempts, "on": list(retry.on), "unsafe": retry.unsafe, "mode": retry.mode}
    return {
        "base_url": site.redactor.url(base, Found()) if base else None,
        "configured_headers": list(site.of("headers", HeaderRules).set),
        "settings": {
            "timeouts_s": site.of("timeouts", Timeouts).model_dump(),
            "retry": tries if retry.mode != "off" else "off",
        },
    }


class Moments(NamedTuple):
    """When a call began, in Unix seconds; and for each attempt, when it began and how far it came."""

    started: float
    attempts: list[dict[str, Any]]


def moments(exchange: Exchange, env: Env) -> Moments:
    """Taken while the call is still at hand."""
    began = exchange.started
    offset = env.wall() - env.clock()
    attempts = [
        {
            "status": attempt.status or None,
            "started": offset + attempt.started,
            "at_ms": int((attempt.started - began) * 1e6) / 1e3,
            "head_ms": int((attempt.headed - attempt.started) * 1e6) / 1e3 if attempt.headed else None,
            "outcome": attempt.outcome,
            "sent": attempt.sent,
            "span_id": attempt.span_id or None,
        }
        for attempt in exchange.attempts
    ]
    return Moments(offset + began, attempts)


def packet(line: dict[str, Any], told: Told, when: Moments) -> dict[str, Any]:
    """The packet of a call, of its log line and what else is known."""
    attempts = []
    for logged, step, added, answer in zip(line["attempts"], when.attempts, told.added, told.answers, strict=True):
        attempt = {**logged, **step, "added_headers": added}
        if answer is not None:
            attempt["response_headers"] = answer.headers
            if answer.body is not None:
                attempt["response_body"] = answer.body
        attempts.append(attempt)
    content = {
        **line,
        "started": when.started,
        "url": told.url or None,
        "added_headers": told.common,
        "attempts": attempts,
    }
    for name in _OF_THE_LOG + _IN_ATTEMPTS if any(told.answers) else _OF_THE_LOG:
        content.pop(name, None)
    return content


def without_bodies(content: dict[str, Any]) -> dict[str, Any]:
    """A packet that is too large for the ring, without what makes it so."""
    attempts = [
        {**attempt, "response_body": _LEFT_OUT} if "response_body" in attempt else attempt
        for attempt in content["attempts"]
    ]
    bodies: dict[str, Any] = {name: _LEFT_OUT for name in ("request_body", "response_body") if name in content}
    return {**content, **bodies, "attempts": attempts}


_LEFT_OUT = "(left out: the packet would be larger than support.bytes)"


def ids(content: dict[str, Any]) -> tuple[str, ...]:
    """What a packet is found by."""
    given = [content["request_id"], content["trace_id"], *[attempt["tracking_id"] for attempt in content["attempts"]]]
    return tuple([one for one in given if one])
