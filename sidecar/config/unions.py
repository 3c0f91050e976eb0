"""Where pydantic's findings lie, and one finding per value where a value may be of several kinds.

pydantic reports a wrong ``limit: 5 | adaptive`` once per kind, each with the kind's name in its location. People want
one sentence: ``must be a whole number or 'adaptive'``.
"""

from typing import Any

from pydantic import BaseModel, ValidationError

from sidecar.config.shape import children, is_model
from sidecar.config.wording import MISMATCHES, Finding, Findings

Loc = tuple[str | int, ...]


def findings_of(error: ValidationError, model: type[BaseModel]) -> Findings:
    """What pydantic found, each at the path of a value in the file, and one for a value of several kinds."""
    found: Findings = []
    unions: dict[Loc, Findings] = {}
    for item in error.errors(include_url=False, include_input=False):
        loc, union = _path(item["loc"], model)
        finding = Finding(loc, item["type"], item["msg"], item.get("ctx", {}))
        if union is None:
            found.append(finding)
        else:
            unions.setdefault(union, []).append(finding)
    for loc, candidates in unions.items():
        found += one_of_several(loc, candidates)
    return found


def one_of_several(loc: Loc, candidates: Findings) -> Findings:
    """What to say about a value that is of none of the kinds it may have.

    The kind that came furthest was meant: one whose mistake lies deeper, or that only breaks a bound or a rule.
    Where each is a mismatch, all are named.
    """
    if len(candidates) == 1:
        return candidates
    depth = max(len(one.loc) for one in candidates)
    nearest = [one for one in candidates if len(one.loc) == depth]
    rules = [one for one in nearest if _mismatch(one) is None]
    if depth > len(loc) or rules:
        return rules or nearest
    kinds = dict.fromkeys(part for one in nearest for part in _mismatch(one) or [])
    words = [part.strip("'") for part in kinds if part.startswith("'")]
    hints = [str(one.context["error"]).partition("; ")[2] for one in nearest if "error" in one.context]
    return [Finding(loc, "union", "", {"kinds": list(kinds), "words": words, "hint": next(iter(hints), "")})]


def _path(loc: Loc, model: type[BaseModel]) -> tuple[Loc, Loc | None]:
    """The path in the file, without the names of kinds; and the path of the first value that may have several."""
    kinds: list[Any] = [model]
    path: Loc = ()
    union: Loc | None = None
    named = True
    for step in loc:
        if len(kinds) > 1 and not named:
            union = path if union is None else union
            kinds = [kind for kind in kinds if is_model(kind) and kind.__name__ == step] or kinds
            named = True
            continue
        kinds = [child for kind in kinds for child in children(kind, step)]
        path, named = (*path, step), False
    return path, union


def _mismatch(finding: Finding) -> list[str] | None:
    """What would have been right, when the value is not even of this kind; None when it breaks a bound or a rule."""
    if finding.kind == "literal_error":
        return str(finding.context["expected"]).replace(" or ", ", ").split(", ")
    if finding.kind in MISMATCHES:
        return [MISMATCHES[finding.kind].removeprefix("must be ")]
    text = str(finding.context.get("error", ""))
    if text.startswith("not a"):
        return [text.removeprefix("not ").partition(";")[0].partition(":")[0]]
    return None
