"""The one way to any output: logs, problem details, tracebacks, the demo's screen, support packets.

A ``Redactor`` is made once per set of rules; nothing but what it returns may be written anywhere. Whatever goes wrong
inside it, the value itself is never what comes out.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import unquote_plus

import orjson

from sidecar.redaction import bodies, echo, headers, urls
from sidecar.redaction.actions import Actions
from sidecar.redaction.detectors import gate_for
from sidecar.redaction.found import Found
from sidecar.redaction.key_rules import kind_of, kind_of_header, kind_of_query
from sidecar.redaction.pointers import Pointers
from sidecar.redaction.rules import Action, Rules
from sidecar.redaction.scrub import Scrub
from sidecar.redaction.unforeseen import without_made
from sidecar.redaction.verdicts import ITSELF, NAMELESS, Verdicts

TIME_LIMIT = 0.009
"""Seconds of computing that a part of up to 64 KiB may take, and each further 64 KiB: the event loop waits for it."""
RESPITES = 2
"""How often in its life a redactor may take longer: the first texts make the automata ready."""
_PER_BYTES = 64 * 1024
FAILED = "[REDACTED:failed]"
"""In place of a text or header that could not be redacted."""


_SHORTEST = 5
"""Shorter texts hold no value that is known by its shape, unless a pattern of the configuration says so."""
_LONGEST_REMEMBERED = 256
_MOST_REMEMBERED = 4096
_Key = TypeVar("_Key")


class Redactor:
    """Redacts by one set of rules. Every method takes what was found so far in the same exchange, and adds to it.

    ``clock``: seconds of computing of this thread; with it, a part that takes longer than ``TIME_LIMIT`` fails. What
    fails is told by its length alone, and counted in ``found.failures``. No method raises.
    """

    __slots__ = (
        "_clean_targets",
        "_query_known",
        "actions",
        "allow_list",
        "clean_fields",
        "clock",
        "gate",
        "header_names",
        "header_verdicts",
        "keeps_names",
        "marks",
        "pointers",
        "query_verdicts",
        "respites",
        "shortest",
        "verdicts",
    )  # fmt: skip

    def __init__(self, rules: Rules | None = None, clock: Callable[[], float] | None = None) -> None:
        rules = rules or Rules()
        self.clock = clock
        self.respites = RESPITES
        self.allow_list = rules.allow_list
        self.keeps_names = Action.KEEP in rules.keys.values()
        self.actions = Actions(rules)
        self.marks = self.actions.marks
        self.pointers = Pointers(rules.pointers)
        kept = self.actions.kept
        patterns = tuple(rules.patterns.items())
        self.shortest = 1 if patterns else _SHORTEST
        details = not {"device_id", "location"} <= kept
        self.gate = gate_for(patterns, details=details)
        self.verdicts = Verdicts(kind_of, rules, self.gate, kept)
        self.query_verdicts = Verdicts(_kind_of_query, rules, self.gate, kept)
        self.header_verdicts = Verdicts(kind_of_header, rules, self.gate, kept)
        self._query_known = self.query_verdicts.known
        self.header_names: dict[bytes, tuple[str, str | None]] = {}
        # Targets in which there was nothing: apps call the same few again and again (0.1 us instead of 1.5).
        self._clean_targets: dict[bytes, tuple[str, str]] = {}
        # Header fields in which there was nothing, as lower-case name and text: most come in every call.
        self.clean_fields: dict[tuple[bytes, bytes], tuple[str, str]] = {}

    def target(self, target: bytes, found: Found) -> tuple[str, str]:
        """Path and query of a request target; the query without its ``?``."""
        known = self._clean_targets.get(target)
        if known is not None and not (found.secrets and echo.heard(target.decode(), found)):
            return known
        try:
            try:
                text = target.decode()
            except UnicodeDecodeError:
                text = target.decode("utf-8", "replace")
            path, _, query = text.partition("?")
            if self._is_clean(target, query) and text.isascii() and not (found.secrets and echo.heard(text, found)):
                if len(target) <= _LONGEST_REMEMBERED:
                    _bounded(self._clean_targets)[target] = (path, query)
                return path, query
            scrub = self._scrub(found, "query")
            shown = urls.in_query(query, scrub) if query else ""
            scrub.place = "path"
            path = urls.in_path(path, scrub) if path[:1] == "/" else urls.in_url(path, scrub)
            return scrub.echoes(path), scrub.echoes(shown)
        except Exception:  # noqa: BLE001 - whatever went wrong, the target is not shown
            found.failures += 1
            return FAILED, FAILED if b"?" in target else ""

    def _is_clean(self, target: bytes, query: str) -> bool:
        """Whether one look shows that there is nothing to redact: most targets."""
        if ";" in query or self.gate.hits(target):
            return False
        if "+" in query and self.gate.hits(target.replace(b"+", b" ")):
            return False
        if query:
            known = self._query_known
            for pair in query.split("&"):
                # A name that was not judged yet counts as suspicious; it is known from then on.
                name = pair.partition("=")[0]
                if known.get(name, name) is not None:
                    return False
        return True

    def headers(self, pairs: Iterable[tuple[bytes, bytes]], found: Found) -> dict[str, str]:
        """Lower-case name -> value; the values of a repeated name are joined by ``", "``."""
        try:
            scrub = self._scrub(found, "header")
            shown = headers.redact(pairs, scrub)
            if found.secrets and echo.heard("\n".join(shown.values()), found):
                shown = {name: echo.in_text(text, scrub) for name, text in shown.items()}
        except Exception:  # noqa: BLE001 - whatever went wrong, no value is shown
            found.failures += 1
            return {name.decode("latin-1").lower(): FAILED for name, _ in pairs}
        return shown

    def url(self, text: str, found: Found) -> str:
        """An absolute or relative URL."""
        try:
            scrub = self._scrub(found, "url")
            return scrub.echoes(urls.in_url(text, scrub))
        except Exception:  # noqa: BLE001 - whatever went wrong, the URL is not shown
            found.failures += 1
            return FAILED

    def text(self, text: str, found: Found | None = None) -> str:
        """Free text, such as the message of an exception. Lone surrogates, which are no UTF-8, are escaped."""
        found = found or Found()
        try:
            if not text.isascii():
                text = text.encode("utf-8", "backslashreplace").decode()
            elif not found.secrets and not self.gate.hits(text.encode()):
                return text  # ids and the like, one or two in every line
            scrub = self._scrub(found, "text")
            return scrub.echoes(scrub.text(text))
        except Exception:  # noqa: BLE001 - whatever went wrong, the text is not shown
            found.failures += 1
            return FAILED

    def unforeseen(self, text: str, found: Found | None = None) -> str:
        """The text of an error that nobody foresaw, or of a library: without anything that looks made by a machine."""
        found = found or Found()
        try:
            return without_made(self.text(text, found), lambda: self._scrub(found, "text").echoed("secret", ""))
        except Exception:  # noqa: BLE001 - whatever went wrong, the text is not shown
            found.failures += 1
            return FAILED

    def body(
        self, data: bytes, found: Found, content_type: str = "", content_encoding: str = "", *, whole: bool = True
    ) -> str:
        """A body as text, redacted; ``whole`` False: it was cut here, or broke off.

        What is no text is told by type, length and SHA-256. What cannot be redacted is told by its length alone.
        """
        if not data:
            return ""
        counts = dict(found.counts)
        try:
            return bodies.redact(data, self._scrub(found, size=len(data)), content_type, content_encoding, whole=whole)
        except Exception:  # noqa: BLE001 - whatever went wrong, the body is not shown
            found.counts = counts
            found.failures += 1
            return orjson.dumps({"redaction": "failed", "bytes": len(data)}).decode()

    def header_name(self, raw: bytes) -> tuple[str, str | None]:
        """A header's name in lower case, and what it says about its value; a cached look-up."""
        known = self.header_names.get(raw)
        if known is None:
            name = raw.decode("latin-1").lower()
            verdict = self.header_verdicts.of(name)
            if verdict in (ITSELF, NAMELESS):  # a name that is a value itself
                name = Scrub(self, Found()).shapes(name)
            known = (name, verdict)
            if len(raw) <= 64 and len(self.header_names) < 4096:
                self.header_names[raw] = known
        return known

    def remember_clean(self, field: tuple[bytes, bytes], name: str, text: str) -> None:
        """A header field needs no redaction: its name in lower case, and its value as text."""
        if len(field[0]) + len(field[1]) <= _LONGEST_REMEMBERED:
            _bounded(self.clean_fields)[field] = (name, text)

    def _scrub(self, found: Found, place: str = "", size: int = 0) -> Scrub:
        if self.clock is None:
            return Scrub(self, found, place)
        return Scrub(self, found, place, self.clock() + TIME_LIMIT * (1 + size // _PER_BYTES))


def _bounded(known: dict[_Key, tuple[str, str]]) -> dict[_Key, tuple[str, str]]:
    """What is remembered comes from strangers: it begins anew when there is too much."""
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    return known


def _kind_of_query(name: str) -> str | None:
    return kind_of_query(name) if "%" not in name and "+" not in name else kind_of_query(unquote_plus(name))


DEFAULT = Redactor()
"""For what belongs to no route: events of the process, calls that match no provider."""


def warm() -> None:
    """Compile what is compiled when it is first needed: 0.1 s that no body should have to wait for.

    One text in which the triggers of vendors and of authentication schemes match, and one in JSON.
    """
    key = "sk_" + "live_" + "0123456789abcdefghijABCD"
    text = f"Authorization: Bearer {key}, a@b.example, 4242 4242 4242 4242, +1 415 555 2671"
    redactor = Redactor()
    redactor.text(text)
    redactor.body(orjson.dumps({"note": text}), Found())
