"""What a call carried, both ways, and how it is made fit to be shown.

``Evidence`` takes the heads and the beginnings of the bodies out of a call that has ended, as they came. ``redact``
turns them into texts; it may run in another thread, as it touches nothing of the call itself.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from sidecar.core.body import Body
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.core.headers import Headers
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor

Pairs = list[tuple[bytes, bytes]]


class Message(NamedTuple):
    """A head and the beginning of its body, as they came.

    ``body``: empty where there was none to keep, None where it was left out. ``received``: bytes that came in all.
    """

    pairs: Pairs
    body: bytes | None
    whole: bool
    received: int
    content_type: str
    coding: str


class Shown(NamedTuple):
    """The same, redacted. ``body``: None where there is none to show."""

    headers: dict[str, str]
    body: str | None


class Told(NamedTuple):
    """Everything of a call, redacted. ``answers`` and ``added``: one for each attempt.

    ``answer``: the provider's answer that the call ended with; without one, the head of our own. ``added``: the header
    lines that the sidecar added for this attempt; ``common``: those for all of them. ``url``: what was called.
    """

    path: str
    query: str
    url: str
    detail: str
    request: Shown
    answer: Shown | None
    answers: Sequence[Shown | None]
    added: Sequence[dict[str, str]]
    common: dict[str, str]


class Evidence:
    """What a call carried. ``limit``: bytes of each body; 0 for none. ``base``: URL before the provider's path.

    ``size``: bytes of all bodies in here.
    """

    __slots__ = ("_added", "_answer", "_answers", "_base", "_common", "_detail", "_path", "_request", "_target", "size")

    def __init__(self, exchange: Exchange, response: Response | None, limit: int, base: str) -> None:
        if exchange.upgrade is not None:
            limit = 0  # what follows is no message but a tunnel
        self._target = exchange.target
        self._base = base
        self._path = exchange.path
        self._detail = exchange.error.detail if exchange.error is not None else ""
        self._request = _message(exchange.headers, exchange.body, limit)
        attempts = exchange.attempts
        self._answers = [
            _message(attempt.headers, attempt.body, limit) if attempt.headers is not None else None
            for attempt in attempts
        ]
        self._added = [attempt.line for attempt in attempts]
        self._common = exchange.lines
        self._answer: int | Message | None = _last_answer(attempts, response)
        if self._answer is None and response is not None:
            # Ours, which the error tells better; or the provider's to an earlier call, given again.
            ours = exchange.error is not None or response.outcome is None
            self._answer = _message(response.headers, None if ours else response.body, limit)
        self.size = sum(len(message.body or b"") for message in self._messages())

    def _messages(self) -> Iterator[Message]:
        yield self._request
        yield from (answer for answer in self._answers if answer is not None)
        if isinstance(self._answer, Message):
            yield self._answer

    def redact(self, redactor: Redactor, found: Found) -> Told:
        """Everything as text. The request first: what it holds of secrets is blanked in the answers that echo it."""
        headers = redactor.headers(self._request.pairs, found)
        path, query = redactor.target(self._target, found)
        url = redactor.url(self._base + self._path.decode("latin-1"), _twin(found)) if self._base else ""
        common = _lines(self._common, redactor, found)
        added = [_lines(line, redactor, found) for line in self._added]
        request = Shown(headers, _body(self._request, redactor, found))
        answers = [_shown(answer, redactor, found) for answer in self._answers]
        answer = answers[self._answer] if isinstance(self._answer, int) else _shown(self._answer, redactor, found)
        detail = redactor.text(self._detail, found) if self._detail else ""
        return Told(path, query, url, detail, request, answer, answers, added, common)

    def leave_bodies_out(self) -> None:
        """Let go of the bodies: of each that there was, its length is told instead."""
        self._request = _emptied(self._request)
        self._answers = [_emptied(answer) if answer is not None else None for answer in self._answers]
        if isinstance(self._answer, Message):
            self._answer = _emptied(self._answer)
        self.size = 0


def release(exchange: Exchange) -> None:
    """Let go of what was kept of the call for its record: the call itself may stay for as long as its connection."""
    if exchange.body is not None:
        exchange.body.tapped = None
    for attempt in exchange.attempts:
        if attempt.body is not None:
            attempt.body.tapped = None
            attempt.body = attempt.headers = None


def _message(headers: Headers, body: Body | None, limit: int) -> Message:
    content = body.beginning(limit) if body is not None and limit else b""
    received = body.received if body is not None else 0
    whole = body is not None and body.complete and len(content) == received
    index = headers.index
    kind, coding = index.get(b"content-type", b""), index.get(b"content-encoding", b"")
    return Message(headers.pairs(), content, whole, received, kind.decode("latin-1"), coding.decode("latin-1"))


def _emptied(message: Message) -> Message:
    return message._replace(body=None) if message.body else message


def _shown(message: Message | None, redactor: Redactor, found: Found) -> Shown | None:
    if message is None:
        return None
    return Shown(redactor.headers(message.pairs, found), _body(message, redactor, found))


def _body(message: Message, redactor: Redactor, found: Found) -> str | None:
    if message.body is None:
        return orjson.dumps({"redaction": "skipped", "bytes": message.received}).decode()
    if not message.body:
        return None
    return redactor.body(message.body, found, message.content_type, message.coding, whole=message.whole)


def _twin(found: Found) -> Found:
    """Knows the same secrets, and counts for itself: the target is told twice, and was counted already."""
    twin = Found()
    twin.secrets = found.secrets
    return twin


def _lines(lines: bytes, redactor: Redactor, found: Found) -> dict[str, str]:
    """Header lines that the sidecar added, as they may be shown."""
    if not lines:
        return {}
    pairs = [line.partition(b": ") for line in lines.split(b"\r\n") if line]
    return redactor.headers([(name, value) for name, _, value in pairs], found)


def _last_answer(attempts: Sequence[Attempt], response: Response | None) -> int | None:
    """The attempt whose answer the app got; else the last that had one. A fallback, or an error of ours, hides it."""
    answered = [number for number, attempt in enumerate(attempts) if attempt.headers is not None]
    if response is not None:
        for number in answered:
            if attempts[number].body is response.body or attempts[number].headers is response.headers:
                return number
    return answered[-1] if answered else None
