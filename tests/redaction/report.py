"""Prints recall and precision per kind and per format, beside other tools on the same data.

python -m tests.redaction.report            # what `make redaction-report` runs; two to four minutes
python -m tests.redaction.report --alone    # without the other tools: ten seconds
python -m tests.redaction.report --failures # and every value that leaked or was lost, of the tuning part
"""

import argparse
import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from itertools import islice

from tests.redaction import others
from tests.redaction.corpus import cases
from tests.redaction.engine import Answer, redact, redactor
from tests.redaction.labels import Case, part
from tests.redaction.tally import Tally, tally

OURS = "sidecar"
BUDGET = 75.0
"""Seconds that one tool may take; it is then judged by the cases it got through, which are mixed evenly."""

_BODY = 500
"""Bytes of a body that times are given for."""


def _mixed(every: Sequence[Case]) -> list[Case]:
    """All cases in an order that mixes formats, so that any beginning of it is a fair sample."""
    return [case for start in range(17) for case in islice(every, start, None, 17)]


def _within(budget: float, chosen: Sequence[Case], run: Callable[[Case], Answer]) -> tuple[Tally, int]:
    """The tally of as many cases as a tool gets through in its time."""
    answers: dict[str, Answer] = {}
    end = time.perf_counter() + budget
    for case in chosen:
        if time.perf_counter() > end:
            break
        answers[case.name] = run(case)
    done = chosen[: len(answers)]
    return tally(done, lambda case: answers[case.name]), len(done)


def _microseconds(run: Callable[[Case], Answer]) -> float:
    """Time for a JSON body of 500 bytes: the fastest of three rounds over bodies of about that size, scaled."""
    near = [case for case in cases() if case.format in {"json", "api"} and 350 <= len(case.payload) <= 650][:60]
    size = sum(len(case.payload) for case in near)
    rounds = []
    for _ in range(3):
        start = time.perf_counter()
        for case in near:
            run(case)
        rounds.append(time.perf_counter() - start)
    return min(rounds) / size * _BODY * 1e6


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    print(f"\n{title}")
    for row in (head, *rows):
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _share(value: float) -> str:
    return f"{value:.3f}" if value < 0.9995 else "1"


def _totals(tallies: dict[str, Tally], micros: dict[str, float], done: dict[str, int]) -> None:
    head = (
        "tool",
        "cases",
        "T0 recall",
        "T1 recall",
        "precision",
        "api altered",
        "look-alikes altered",
        f"us per {_BODY} B",
    )
    rows = []
    for name, result in tallies.items():
        hidden = sum(result.values.values()) - sum(result.leaks.values())
        precision = hidden / (hidden + sum(result.altered.values())) if hidden else 1.0
        rows.append((
            name, f"{done[name]:,}", _share(result.recall("T0")), _share(result.recall("T1")), _share(precision),
            f"{result.lost('api'):.2%}", f"{result.lost('look-alike'):.1%}", f"{micros[name]:,.0f}",
        ))  # fmt: skip
    _table("Everything", head, rows)


def _per_kind(tallies: dict[str, Tally]) -> None:
    first = tallies[OURS]
    kinds = sorted({(tier, kind) for tier, kind, _ in first.values})
    head = ("kind", "values", *(f"{name} {word}" for name in tallies for word in ("R", "P")))
    rows = []
    for tier, kind in kinds:
        count = sum(number for key, number in first.values.items() if key[1] == kind)
        row = [f"{tier} {kind}", str(count)]
        for result in tallies.values():
            row += [_share(result.recall(kind=kind)), _precision(result, kind)]
        rows.append(row)
    _table("Per kind: recall (R) and precision (P); - where a tool never claims the kind", head, rows)


def _precision(result: Tally, kind: str) -> str:
    claims = result.recall(kind=kind) > 0 or result.wrong[kind]
    return _share(result.precision(kind)) if claims else "-"


def _tier(result: Tally, tier: str, place: str) -> str:
    known = any(key[0] == tier and key[2] == place for key in result.values)
    return _share(result.recall(tier, place=place)) if known else "-"


def _per_format(tallies: dict[str, Tally]) -> None:
    first = tallies[OURS]
    formats = sorted({place for _, _, place in first.values})
    head = ("format", "values", "T0", "T1", "harmless", "altered", *(f"{name}" for name in tallies if name != OURS))
    rows = []
    for place in formats:
        harmless = sum(count for key, count in first.harmless.items() if key[1] == place and key[0] != "look-alike")
        altered = sum(count for key, count in first.altered.items() if key[1] == place and key[0] != "look-alike")
        rows.append((
            place, str(sum(count for key, count in first.values.items() if key[2] == place)),
            *(_tier(first, tier, place) for tier in ("T0", "T1")),
            str(harmless), str(altered),
            *(_share(result.recall(place=place)) for name, result in tallies.items() if name != OURS),
        ))  # fmt: skip
    _table(f"Per format: recall of {OURS} by tier, harmless values altered; recall of the others", head, rows)


def _parts(run: Callable[[Case], Answer]) -> None:
    rows = []
    for name in ("tuning", "held-out"):
        result = tally(part(cases(), name), run)
        rows.append((
            name, str(sum(result.values.values())), _share(result.recall("T0")), _share(result.recall("T1")),
            f"{result.lost('api'):.2%}", f"{result.lost('look-alike'):.1%}",
        ))  # fmt: skip
    _table(f"{OURS}, by part of the corpus", ("part", "values", "T0", "T1", "api altered", "look-alikes altered"), rows)


def _failures(run: Callable[[Case], Answer]) -> None:
    for case, what, _ in tally(part(cases(), "tuning"), run).failures:
        print(f"{case.name}: {what[:200]}")


def main() -> int:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.redaction.report", description="accuracy of the redactor")
    parser.add_argument("--alone", action="store_true", help="without the other tools")
    parser.add_argument("--failures", action="store_true", help="also list what went wrong in the tuning part")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    engine = redactor()
    runs: dict[str, Callable[[Case], Answer]] = {OURS: lambda case: redact(engine, case)}
    for name in () if chosen.alone else others.TOOLS:
        find = others.load(name)
        if find is None:
            print(f"{name} is not installed: {others.HOW_TO_INSTALL}", file=sys.stderr)
        else:
            runs[name] = others.runner(find)
    every = _mixed(cases())
    tallies, micros, done = {}, {}, {}
    for name, run in runs.items():
        print(f"running {name}", file=sys.stderr)
        micros[name] = _microseconds(run)
        tallies[name], done[name] = _within(BUDGET, every, run)
        if done[name] < len(every):
            print(f"{name}: stopped after {BUDGET:.0f} s, judged by {done[name]:,} of {len(every):,} cases")
    values = sum(len(case.values) for case in every)
    formats = len({case.format for case in every if case.values})
    print(f"{values:,} labelled values in {formats} formats, {len(every):,} cases")
    _totals(tallies, micros, done)
    _parts(runs[OURS])
    _per_kind(tallies)
    _per_format(tallies)
    if chosen.failures:
        _failures(runs[OURS])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
