"""Find the secrets that vendors made recognisable: an automaton says whether, a tree of prefixes says which.

RE2 answers for a whole text at once whether it can hold any (0.2 ms for 64 KiB). Only then ``re`` looks at each place
where a word begins, with the formats as one tree of their prefixes: it fails after a character or two.
"""

import re
from collections.abc import Iterable
from functools import cache

import re2

from sidecar.redaction.family import Family, Span
from sidecar.redaction.gate import merged
from sidecar.redaction.triggers import trigger
from sidecar.redaction.vendor_clouds import CLOUD_FORMATS
from sidecar.redaction.vendor_format import Format
from sidecar.redaction.vendor_intelligence import INTELLIGENCE_FORMATS
from sidecar.redaction.vendor_messaging import MESSAGING_FORMATS
from sidecar.redaction.vendor_payments import PAYMENT_FORMATS
from sidecar.redaction.vendor_platforms import PLATFORM_FORMATS
from sidecar.redaction.vendor_services import SERVICE_FORMATS
from sidecar.redaction.vendor_tree import Tree

FORMATS: tuple[Format, ...] = (
    *PLATFORM_FORMATS,
    *CLOUD_FORMATS,
    *PAYMENT_FORMATS,
    *INTELLIGENCE_FORMATS,
    *MESSAGING_FORMATS,
    *SERVICE_FORMATS,
)
"""Every format. The one with the longest literal prefix is tried first, and among equals the one that is first here."""

_SHORTEST = 16
"""No format is shorter, in characters: shorter texts are not searched."""

_LONGEST_PLACEHOLDER = 160
"""Nobody writes longer placeholders; longer texts of the right shape are secrets."""

# What may stand before a secret though it ends in a letter or digit: the escapes of source code and of URLs
# (``\nghp_``, ``\x22ghp_``, ``%3Dghp_``) and the colours of a terminal (``ESC[32mghp_``).
_ESCAPE = r"%[0-9A-Fa-f]{2}|\\[abefnrtv0]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\x1b\[[0-9;]{0,8}m"
_BOUNDARY = rf"(?:^|[^0-9A-Za-z]|{_ESCAPE})"
_STRICT_BOUNDARY = rf"(?:^|[^0-9A-Za-z_./-]|{_ESCAPE})"

# The same for re: one character that no word has, and the rest of an escape. Then a word long enough for a secret.
_REST_OF_ESCAPE = (
    r"(?:(?<=[%\\\x1b])"
    r"(?:(?<=%)[0-9A-Fa-f]{2}|(?<=\\)(?:[abefnrtv0]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})|(?<=\x1b)\[[0-9;]{0,8}m)|)"
)
_WORD = r"(?=[0-9A-Za-z$][^\s\"'<>]{11})"

_REPEATS = 8
"""``ghp_xxxxxxxxxxxx``: nothing but a placeholder ends in so many of one character."""
_ZEROS = "0" * 10
"""Numbers that count up are filled with zeros: ``DO00000000000000000000001``."""

# Each piece between separators is a word (also camelCase), with a few digits at either side: a name, not a secret.
_WORDS = re.compile(
    r"(?:(?:[0-9]{1,4}+[A-Za-z]{0,6}+|[A-Za-z][a-z]{0,17}+(?:[A-Z][a-z]{2,14}+)*+[0-9]{0,4}+|[A-Z]{1,18}+[0-9]{0,4}+)?"
    r"(?:[-_.:/|]|\Z))++\Z"
)


@cache
def _prefixed() -> Tree:
    """The formats with a prefix; compiled when the first text comes in which there is one: that takes 40 ms."""
    return Tree([form for form in FORMATS if not form.head], f"[^0-9A-Za-z]{_REST_OF_ESCAPE}{_WORD}")


@cache
def _marked() -> Tree:
    """The formats that are known by a mark inside."""
    return Tree([form for form in FORMATS if form.head], "")


def _is_placeholder(token: str, form: Format) -> bool:
    """Whether a text of the right shape was written by a person: a repeated letter, or nothing but words."""
    if len(token) > _LONGEST_PLACEHOLDER:
        return False
    if token.endswith(token[-1] * _REPEATS) or _ZEROS in token:
        return True
    if form.mixed and (token.lower() == token or token.upper() == token):
        return True
    return not form.plain and _WORDS.match(token) is not None


def _triggers() -> tuple[str, str]:
    """What tells the formats with a prefix, and those with a mark inside, in a body.

    Counts are small, and a boundary stands once for all formats: the automaton of many families has room for few
    states of each, and would keep a set of states for each copy of the boundary.
    """
    usual: dict[str, None] = {}
    strict: dict[str, None] = {}
    inside: dict[str, None] = {}
    marks: dict[str, None] = {}
    for form in FORMATS:
        where = marks if form.head else strict if form.strict else inside if form.trigger else usual
        where[form.trigger or trigger(form.pattern)] = None  # a set that keeps its order
    prefixes = f"{_BOUNDARY}(?:{'|'.join(usual)})|{_STRICT_BOUNDARY}(?:{'|'.join(strict)})|{'|'.join(inside)}"
    return prefixes, "|".join(marks)


@cache
def _gate() -> re2.Set:
    """An automaton that tells which of the two are in a text; a third always is, unless it gave up."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    gate = re2.Set.SearchSet(options)
    for pattern in (_WITH_PREFIX, _WITH_MARK, ""):
        gate.Add(pattern)
    gate.Compile()
    return gate


_WITH_PREFIX, _WITH_MARK = _triggers()
_NEITHER = [2]


def _find(text: str, _key: str) -> Iterable[Span]:
    """Every vendor's secret in a text."""
    if len(text) < _SHORTEST:
        return ()
    there = _gate().Match(text.encode("ascii", "replace"))
    if there == _NEITHER:
        return ()
    spans: list[Span] = []
    if there is None or 0 in there:
        # The tree wants a character before each word; a line break is one.
        for start, end, form in _prefixed().search("\n" + text):
            if not _is_placeholder(text[start - 1 : end - 1], form):
                spans.append((start - 1, end - 1, form.kind))
    if there is None or 1 in there:
        spans += [(start, end, form.kind) for start, end, form in _marked().search(text)]
        return merged(spans)
    return spans


VENDOR_FAMILY = Family("vendors", f"{_WITH_PREFIX}|{_WITH_MARK}", _find)
