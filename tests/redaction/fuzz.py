"""Random combinations of (secret, place, layers, cut): none may leak, break the engine, or be changed by a second pass.

    python -m tests.redaction.fuzz --count 1000000        # what `make fuzz-redaction` runs, on all cores
    python -m tests.redaction.fuzz --seed 1 --only 4711   # one case again, in full

Every place is one in which a reader can tell that the value is a secret. After a cut, what is left of a secret counts
when it is half of it and at least eight characters; less opens nothing.
"""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from random import Random

from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor
from tests.redaction.engine import redact, redactor
from tests.redaction.fuzz_places import Placed, place
from tests.redaction.labels import Case
from tests.redaction.score import View, leaked

BATCH = 2000


def case_of(seed: int, index: int) -> tuple[Case, Placed]:
    """The case of an index, always the same."""
    placed = place(Random(f"{seed}/{index}"))
    return Case(f"fuzz/{seed}/{index}", placed.format, **placed.fields), placed


def faults(engine: Redactor, case: Case, placed: Placed) -> Iterator[str]:
    """What is wrong with the answer to a case, if anything."""
    try:
        answer = redact(engine, case)
    except Exception as fault:  # noqa: BLE001 - no exception at all may come out
        yield f"exception {fault!r}"
        return
    if answer.refused:
        yield "redaction failed"
    view = View(answer.text)
    for value in case.values:
        if leaked(value, view):
            yield f"leak {value.kind} {value.text[:60]!r}"
    if placed.is_json and case.whole:
        try:
            json.loads(answer.text)
        except ValueError:
            yield "JSON is no JSON any more"
    again = _again(engine, case, answer.text)
    if again != answer.text:
        yield f"changed by a second pass: {_difference(answer.text, again)}"


def _again(engine: Redactor, case: Case, text: str) -> str:
    """The answer, redacted once more in the place where it stood."""
    found = Found()
    if case.channel == "headers":
        pairs = [(name.encode(), value.encode()) for name, value in json.loads(text).items()]
        return json.dumps(engine.headers(pairs, found), ensure_ascii=False)
    if case.channel == "url":
        return engine.url(text, found)
    if case.channel == "target":
        path, query = engine.target(text.encode(), found)
        return f"{path}?{query}"
    if case.channel == "text":
        return engine.text(text, found)
    # What came out is UTF-8 without a coding, whatever went in.
    return engine.body(text.encode(), found, case.content_type.partition("; charset")[0], "")


def _difference(first: str, second: str) -> str:
    at = next(
        (at for at, (one, two) in enumerate(zip(first, second, strict=False)) if one != two),
        min(len(first), len(second)),
    )
    return f"{first[max(0, at - 20) : at + 30]!r} -> {second[max(0, at - 20) : at + 30]!r}"


def run(seed: int, first: int, count: int) -> list[str]:
    """The faults of some cases, each in one line with how to see it again."""
    engine = redactor()
    lines = []
    for index in range(first, first + count):
        case, placed = case_of(seed, index)
        lines += [
            f"python -m tests.redaction.fuzz --seed {seed} --only {index}  # {case.format}: {fault}"
            for fault in faults(engine, case, placed)
        ]
    return lines


def _batch(job: tuple[int, int, int]) -> list[str]:
    return run(*job)


def _everything(seed: int, count: int, jobs: int) -> int:
    """Runs all cases over the cores; progress and failures go to standard error as they come."""
    work = [(seed, first, min(BATCH, count - first)) for first in range(0, count, BATCH)]
    done = failed = 0
    with multiprocessing.Pool(jobs) as pool:
        for (_, _, size), lines in zip(work, pool.imap(_batch, work), strict=True):
            done += size
            failed += len(lines)
            for line in lines[:20]:
                print(f"\r{line}", file=sys.stderr)
            print(f"\r{done:,} of {count:,} cases, {failed} faults", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"{count:,} cases with seed {seed}: {failed} faults")
    return 1 if failed else 0


def _one(seed: int, index: int) -> int:
    """Shows a case, its answer, and what is wrong with it."""
    case, placed = case_of(seed, index)
    print(f"format   {case.format}\nchannel  {case.channel}")
    print(f"type     {case.content_type!r} {case.content_encoding!r} whole={case.whole}")
    for value in case.values:
        print(f"secret   {value.kind}: {value.text}")
    print(f"\n{case.plain}\n\n-->\n")
    engine = redactor()
    print(redact(engine, case).text)
    found = list(faults(engine, case, placed))
    print("\n" + ("\n".join(found) or "no fault"))
    return 1 if found else 0


def main() -> int:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.redaction.fuzz", description="random cases for the redactor")
    parser.add_argument("--count", type=int, default=1_000_000, help="how many cases (default: 1,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="which cases (default: 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--only", type=int, metavar="INDEX", help="one case, shown in full")
    chosen = parser.parse_args()
    if chosen.only is not None:
        return _one(chosen.seed, chosen.only)
    return _everything(chosen.seed, chosen.count, chosen.jobs)


if __name__ == "__main__":
    raise SystemExit(main())
