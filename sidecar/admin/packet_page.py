"""A support packet as Markdown: a text that one can mail to a provider's support as it is.

First what happened, in three lines that stand for themselves: what was called, when, what came of it, and under which
ids. Then the attempts as a table, and every head and body. What came from outside stands in fenced blocks whose fence
it cannot close, and holds no character that a terminal would obey.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_TICKS = re.compile(r"`+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 without tab and line feed, and what changes the direction of text (Unicode 9.0 UAX 9 2)."""

_FIELDS = {
    "outcome": "outcome", "sent": "sent", "error": "error", "detail": "detail", "retry_reason": "last retry because of",
    "retry_refused": "no further retry because of", "breaker": "breaker", "hedge": "hedge", "judged": "judged by",
    "fallback": "fallback for", "fault": "injected fault", "rate_wait_ms": "waited for the rate (ms)",
    "slot_wait_ms": "waited for a slot (ms)", "idempotency_key_hash": "hash of the idempotency key",
    "provider": "provider", "route": "route", "client": "called by", "duration_ms": "duration (ms)",
    "request_id": "request id", "trace_id": "trace id",
}  # fmt: skip
"""Field of a packet -> its words."""


def page(packets: Sequence[Mapping[str, Any]]) -> str:
    """All of these calls, which have an id in common."""
    return "\n".join(line for packet in packets for line in _call(packet))


def _call(packet: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Failed call {_code(packet['request_id'])}"
    yield ""
    yield _summary(packet)
    yield ""
    yield "## Timeline"
    yield ""
    yield from _timeline(packet)
    yield ""
    yield "## Facts"
    yield ""
    for name, words in _FIELDS.items():
        if packet.get(name) is not None:
            yield f"- {words}: {_code(packet[name])}"
    yield from _route(packet)
    yield ""
    yield "## Request, as the app sent it"
    yield ""
    yield from _message(f"{packet['method']} {_target(packet)}", packet["request_headers"], packet.get("request_body"))
    if packet["added_headers"]:
        yield "Added by the sidecar to every attempt:"
        yield ""
        yield from _block(_lines(packet["added_headers"]), "http")
    yield from _answers(packet)


def _summary(packet: Mapping[str, Any]) -> str:
    """What a reader at the provider needs to find the call on their side."""
    what = f"{packet['method']} {packet['url'] or _target(packet)}"
    attempts = packet["attempts"]
    theirs = [one["tracking_id"] for one in attempts if one["tracking_id"]]
    when = packet["started"].replace("T", " ").removesuffix("Z")
    lines = [
        f"On {when} UTC we called {_code(what)} and got {_came(packet)}.",
        f"Your request {'ids' if len(theirs) > 1 else 'id'}: {', '.join(map(_code, theirs)) or 'none was given'}.",
        f"Ours: {_code(packet['request_id'])}"
        + (f", trace {_code(packet['trace_id'])}." if packet["trace_id"] else "."),
    ]
    return "\n".join(lines)


def _came(packet: Mapping[str, Any]) -> str:
    attempts = packet["attempts"]
    if not attempts:
        return f"no further than our own proxy: {_code(packet.get('error') or packet['outcome'])}, nothing was sent"
    last = attempts[-1]
    times = f" after {len(attempts)} attempts" if len(attempts) > 1 else ""
    if last.get("error"):
        return f"no complete answer{times} ({_code(last['error'])})"
    return f"status {last['status']}{times}"


def _timeline(packet: Mapping[str, Any]) -> Iterator[str]:
    if not packet["attempts"]:
        yield "No attempt was made."
        return
    yield "| # | sent at (UTC) | after ms | waited ms | head ms | took ms | result | your id | connection | address |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for one in packet["attempts"]:
        cells = (
            one["n"], one["started"].partition("T")[2].removesuffix("Z"), one["at_ms"], one["wait_ms"],
            "" if one["head_ms"] is None else one["head_ms"], one["ms"], _result(one),
            one["tracking_id"] or "", one["connection"], one["addr"],
        )  # fmt: skip
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _result(attempt: Mapping[str, Any]) -> str:
    """Status, error, or both: an answer may break off."""
    return ", ".join(_plain(one) for one in (attempt.get("status"), attempt.get("error")) if one)


def _route(packet: Mapping[str, Any]) -> Iterator[str]:
    settings = packet["settings"]
    timeouts = ", ".join(f"{name} {seconds:g} s" for name, seconds in settings["timeouts_s"].items() if seconds)
    yield f"- timeouts: {timeouts or 'none'}"
    retry = settings["retry"]
    if isinstance(retry, dict):
        most = f"{retry['attempts']} attempts at most" if retry["attempts"] else "until the time is up"
        yield f"- retries: {most}, on {', '.join(retry['on'])}"
    else:
        yield "- retries: off"
    if packet["configured_headers"]:
        yield f"- headers set by configuration: {', '.join(map(_code, packet['configured_headers']))}"
    yield f"- versions: {', '.join(f'{name} {one}' for name, one in packet['versions'].items() if one)}"


def _answers(packet: Mapping[str, Any]) -> Iterator[str]:
    for one in packet["attempts"]:
        yield f"## Attempt {one['n']}: {_result(one)}"
        yield ""
        if one["added_headers"]:
            yield "Added by the sidecar to this attempt:"
            yield ""
            yield from _block(_lines(one["added_headers"]), "http")
        if "response_headers" in one:
            yield from _message(f"HTTP/1.1 {one['status']}", one["response_headers"], one.get("response_body"))
        else:
            yield "No answer."
            yield ""


def _message(start: str, headers: Mapping[str, str], body: str | None) -> Iterator[str]:
    yield from _block("\n".join([start, _lines(headers)]), "http")
    if body is not None:
        yield from _block(body, "")


def _lines(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def _block(content: str, language: str) -> Iterator[str]:
    """A fenced block; its fence is longer than every run of backticks inside (CommonMark 0.31 4.5)."""
    content = _CONTROL.sub(_escaped, content)
    longest = max((len(ticks) for ticks in _TICKS.findall(content)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield content
    yield fence
    yield ""


def _code(value: object) -> str:
    """A value inside a line, between more backticks than it has (CommonMark 0.31 6.1)."""
    content = _plain(value)
    longest = max((len(ticks) for ticks in _TICKS.findall(content)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {content} {ticks}" if longest else f"`{content}`"


def _cell(value: object) -> str:
    return _plain(value).replace("|", "\\|").replace("`", "'")


def _plain(value: object) -> str:
    """On one line, without anything that a terminal obeys."""
    return _CONTROL.sub(_escaped, str(value)).replace("\n", " ").replace("\t", " ")


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _target(packet: Mapping[str, Any]) -> str:
    query = f"?{packet['query']}" if packet["query"] else ""
    return f"{packet['path']}{query}"
