"""Recall, precision and harmless values lost, per kind and per format, of any redactor over cases."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sidecar.redaction.kinds import MARKER
from tests.redaction.corpus import judged
from tests.redaction.engine import Answer
from tests.redaction.labels import Case, Value
from tests.redaction.score import View, kept, leaked, leaves

Redact = Callable[[Case], Answer]


@dataclass(slots=True)
class Tally:
    """Counts over cases. Keys are (tier, kind) with a format for values, and (group, format) for harmless ones."""

    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    leaks: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    harmless: Counter[tuple[str, str]] = field(default_factory=Counter)
    altered: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    """Harmless values altered, by the kind that they were taken for."""
    refused: list[str] = field(default_factory=list)
    """Cases for which the engine gave up. It hid everything then, which is safe but no merit."""
    failures: list[tuple[Case, str, str]] = field(default_factory=list)
    """Case, what went wrong (``leak`` or ``altered``) with which text, and the output."""

    def recall(self, tier: str = "", kind: str = "", place: str = "") -> float:
        """Share of labelled values of which nothing was to be read, 1.0 if there are none."""
        chosen = [
            key
            for key in self.values
            if (not tier or key[0] == tier) and (not kind or key[1] == kind) and (not place or key[2] == place)
        ]
        total = sum(self.values[key] for key in chosen)
        return 1 - sum(self.leaks[key] for key in chosen) / total if total else 1.0

    def lost(self, group: str, place: str = "") -> float:
        """Share of harmless values of a group that were altered."""
        chosen = [key for key in self.harmless if key[0] == group and (not place or key[1] == place)]
        total = sum(self.harmless[key] for key in chosen)
        return sum(self.altered[key] for key in chosen) / total if total else 0.0

    def precision(self, kind: str) -> float:
        """Labelled values of a kind that were hidden, among those and the harmless ones taken for it."""
        hidden = sum(count - self.leaks[key] for key, count in self.values.items() if key[1] == kind)
        return hidden / (hidden + self.wrong[kind]) if hidden else 1.0


def tally(cases: Iterable[Case], redact: Redact) -> Tally:
    """Runs a redactor over cases and counts."""
    result = Tally()
    for case in cases:
        answer = redact(case)
        view = View(answer.text)
        if answer.refused:
            result.refused.append(case.name)
        for value in case.values:
            _count_value(result, case, value, view, answer)
        if case.group == "api":
            _count_leaves(result, case, answer)
        for text in case.benign:
            result.harmless[case.group, case.format] += 1
            if not kept(text, view):
                result.altered[case.group, case.format] += 1
                result.wrong.update(answer.counts if case.group == "look-alike" else ())
                result.failures.append((case, f"altered {text!r}", answer.text))
    return result


def _count_value(result: Tally, case: Case, value: Value, view: View, answer: Answer) -> None:
    key = (value.tier, value.kind, case.format)
    result.values[key] += 1
    if leaked(value, view):
        result.leaks[key] += 1
        result.failures.append((case, f"leak {value.kind} {value.text!r}", answer.text))


def _count_leaves(result: Tally, case: Case, answer: Answer) -> None:
    """Harmless leaves of an API-like body, compared one by one; in what is no JSON any more, looked for as text."""
    before = dict(leaves(json.loads(case.plain)))
    try:
        after = dict(leaves(json.loads(answer.text)))
    except ValueError:
        view = View(answer.text)
        after = {path: leaf for path, leaf in before.items() if kept(str(leaf), view) or not isinstance(leaf, str)}
    labelled = {value.text for value in case.values}
    for path, leaf in before.items():
        if leaf in labelled or (isinstance(leaf, str) and not judged(leaf)):
            continue
        result.harmless["api", case.format] += 1
        if path not in after or after[path] != leaf:
            result.altered["api", case.format] += 1
            marker = MARKER.search(str(after.get(path)))
            result.wrong[marker[0][10:-1].partition(":")[0] if marker else "other"] += 1
            result.failures.append((case, f"altered {leaf!r} -> {after.get(path)!r}", answer.text))
