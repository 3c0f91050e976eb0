"""Runs the redactor on a case; one output text whatever the channel."""

import json
from dataclasses import dataclass

from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor
from sidecar.redaction.rules import Rules
from tests.redaction.labels import Case


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out of a case, and how often which kind was found."""

    text: str
    counts: dict[str, int]

    @property
    def refused(self) -> bool:
        """Whether the engine gave up on the body."""
        return self.text[:12].replace(" ", "").startswith('{"redaction') and '"failed"' in self.text


def redactor() -> Redactor:
    """The engine as it is unless configured."""
    return Redactor(rules=Rules())


def redact(engine: Redactor, case: Case) -> Answer:
    """The engine's output for a case."""
    found = Found()
    if case.channel == "headers":
        text = json.dumps(engine.headers(case.headers, found), ensure_ascii=False)
    elif case.channel == "target":
        path, query = engine.target(case.payload, found)
        text = f"{path}?{query}"
    elif case.channel == "url":
        text = engine.url(case.payload.decode(), found)
    elif case.channel == "text":
        text = engine.text(case.payload.decode(), found)
    else:
        text = engine.body(case.payload, found, case.content_type, case.content_encoding, whole=case.whole)
    return Answer(text, dict(found.counts))
