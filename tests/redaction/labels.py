"""What the corpus is made of: labelled values, and the cases that carry them.

The corpus judges the detectors, so nothing here reads them: values are made from the standards and the vendors'
documentation. Only the vocabulary of kinds is shared. Cases whose ``held_out`` is true show whether rules generalise;
they are all made up, so printing them is harmless, but a rule that is changed to fit one of them makes them worthless.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from sidecar.redaction.kinds import CLASS_OF, Class

HELD_OUT_TENTHS = 3


@dataclass(frozen=True, slots=True)
class Value:
    """One thing that must not be in a log.

    ``names`` are the keys it is found under in the wild, as lower-case words ("client secret"); a builder gives them
    the style of its format. ``alone`` says that the value is recognisable by its shape, whatever stands before it.
    ``pieces``, if any, replace ``text`` when leaks are looked for: each of them is a leak.
    """

    text: str
    kind: str
    names: tuple[str, ...] = ()
    alone: bool = False
    vendor: str = ""
    pieces: tuple[str, ...] = ()

    @property
    def tier(self) -> str:
        """``T0`` for secrets, ``T1`` for personal data."""
        return "T0" if CLASS_OF[self.kind] is Class.SECRET else "T1"

    @property
    def plain(self) -> bool:
        """Whether it can stand unquoted in a line of text and still be told from what follows."""
        return self.text.isprintable() and not set(self.text) & set(" \"'\\`,;&<>(){}[]#|\t\n$")


@dataclass(frozen=True, slots=True)
class Case:
    """One call of the engine, what must go, and what must stay."""

    name: str
    format: str
    payload: bytes = b""
    values: tuple[Value, ...] = ()
    benign: tuple[str, ...] = ()
    group: str = "mixed"
    """``mixed``; ``api``: API-like bodies, benign leaf by leaf; ``look-alike``; ``vendor``: source, config and logs."""
    channel: str = "body"
    """Which function is called: ``body``, ``headers``, ``target``, ``url`` or ``text``."""
    content_type: str = ""
    content_encoding: str = ""
    whole: bool = True
    headers: tuple[tuple[bytes, bytes], ...] = ()
    plain: str = field(default="", compare=False)
    """The payload as a reader sees it, all encodings undone: what is fed to tools that take only text."""

    @property
    def held_out(self) -> bool:
        """Whether the case belongs to the 30 % that nothing may be tuned on; told by its name alone."""
        return blake2b(self.name.encode(), digest_size=4).digest()[0] % 10 < HELD_OUT_TENTHS


def part(cases: Iterable[Case], name: str) -> list[Case]:
    """The cases of one part, ``tuning`` or ``held-out``."""
    return [case for case in cases if case.held_out == (name == "held-out")]


def styled(words: str, style: str) -> str:
    """A name given as lower-case words, in the style of a format: ``api key`` -> ``apiKey``, ``API_KEY``."""
    parts = words.split()
    if style == "camel":
        return parts[0] + "".join(word.capitalize() for word in parts[1:])
    if style == "pascal":
        return "".join(word.capitalize() for word in parts)
    if style == "upper":
        return "_".join(parts).upper()
    if style == "title":
        return " ".join(word.capitalize() for word in parts)
    return {"kebab": "-", "dotted": ".", "joined": "", "snake": "_"}[style].join(parts)


STYLES = ("snake", "camel", "kebab", "pascal", "upper", "snake", "camel")
