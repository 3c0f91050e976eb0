"""One redaction under way: what every format asks about a name, a value, a text or a parsed tree."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import orjson

from sidecar.redaction import tree, urls
from sidecar.redaction.echo import in_text
from sidecar.redaction.family import Span
from sidecar.redaction.fold import fold
from sidecar.redaction.found import Found, Place
from sidecar.redaction.graphql import inline
from sidecar.redaction.key_rules import kind_of, tells
from sidecar.redaction.kinds import MARKER, SECRET_KINDS, marker
from sidecar.redaction.layers import BASE64, FOLDING, LAYERS, NESTED, PERCENT, base64_json, loaded, percent_tokens
from sidecar.redaction.pointers import restore
from sidecar.redaction.rules import Action
from sidecar.redaction.verdicts import ACT, KEEP, NAMELESS, QUERY, UNLISTED

if TYPE_CHECKING:
    from sidecar.redaction.redactor import Redactor

DEPTH = 3
"""How deep JSON in strings in JSON is looked into."""
_MOST_LEARNED = 32
"""Secrets of one exchange; each is looked for in every part of it. Headers and the query come first."""
_LOOKS = 4
"""How often a text is searched at most."""
_LEARNED_CHARS = 8
"""Shorter secrets are not looked for elsewhere: a PIN of four digits occurs everywhere."""
_LEARNED_WORD_CHARS = 12
"""A shorter one of letters alone is a word of other texts, too."""
_LINES_AT_ONCE = 256
"""Texts between two looks at the clock: a millisecond, should there be a value in each."""
_SECRETS = frozenset(SECRET_KINDS)
_DIGIT = re.compile(r"\d")
_DONE = re.compile(r"<(?:string|text|number|boolean|truncated)(?:, \d+)?>")
"""What the allow list, or a cut, has left of a value."""


_RESPITE = 0.06
"""Seconds of computing that may be added: an automaton makes its states as the first texts need them."""


class OutOfTime(Exception):
    """The redaction took longer than it may."""


class Scrub:
    """Redacts the parts of one body, header block or URL. Formats take a message apart, and ask here about each part.

    ``found``: collects. ``place``: where in the message the part stands, for ``--explain`` (``form``, ``/a/b``).
    ``depth``: how many more times an encoding inside a text is looked into. ``changed``: something was replaced.
    ``listed_only``: this is a body, and only what the allow list names may be shown of it.
    """

    __slots__ = ("_limit", "_names", "changed", "depth", "found", "listed_only", "place", "redactor")

    def __init__(self, redactor: "Redactor", found: Found, place: str = "", limit: float = 0.0) -> None:
        self.redactor = redactor
        self.found = found
        self.place = place
        self._limit = limit
        self.changed = False
        self.listed_only = False
        self.depth = DEPTH
        self._names: dict[str, bool] = {}

    # ---- what formats ask ----

    def value(self, text: str, name: str = "") -> str | None:
        """One decoded value under its name: by the name, else as ``text``; None: it is dropped, with its name."""
        return self._under(self.redactor.verdicts.of(name) if name else None, text, name)

    def in_pair(self, text: str, name: str) -> str | None:
        """The same for a value of a query, where more names count, such as ``key``."""
        return self._under(self.redactor.query_verdicts.of(name), text, name)

    def _under(self, verdict: str | None, text: str, name: str) -> str | None:
        if verdict is None:
            return self.text(text, name)
        if verdict[0] == "*":
            return self.special(verdict, text, name)
        return self.named(verdict, text, name)

    def special(self, verdict: str, text: str, name: str) -> str | None:
        """A value under a name of the configuration, or one it does not list, or that is a GraphQL document."""
        if verdict == KEEP:
            return text
        if verdict == ACT:
            shown: str | None = self.configured(text, name, self.redactor.verdicts.action(name))
            return shown
        if verdict in (UNLISTED, NAMELESS):
            return self.unlisted(text)
        return self.query_text(text) if verdict == QUERY else self.text(text, name)

    def masked(self, node: dict[str, Any], name: str, text: str, kind: str) -> bool:
        """Mask the value of a name there if that is all there is to do; False: ask ``named``."""
        mark = self.redactor.marks.get(kind)
        if mark is None or not text or text[0] in "[<" or "[REDACTED:" in text or not self.tells(kind, text):
            return False
        node[name] = mark
        self.changed = True
        counts = self.found.counts
        counts[kind] = counts.get(kind, 0) + 1
        if kind in _SECRETS and len(text) >= _LEARNED_CHARS:
            self.learn(text, kind)
        return True

    def named(self, kind: str, text: str, name: str, *, certain: bool = False) -> str | None:
        """A value under a name that announces one of a kind; ``certain``: whatever it looks like, it is one."""
        if not text or (text[0] in "[<" and is_done(text)):
            return text
        bare = text
        if "[REDACTED:" in text:
            # Markers are no part of the value, and whoever writes one beside a secret does not hide it.
            bare = MARKER.sub("", text)
            if kind not in _SECRETS or not any(map(str.isalnum, bare)):
                return text
        if not (certain or self.tells(kind, bare)):
            return text
        redactor, found = self.redactor, self.found
        mark = redactor.marks.get(kind)
        replaced = mark if mark is not None else redactor.actions.replace(kind, text)
        if replaced == text:
            return text
        self.changed = True
        found.counts[kind] = found.counts.get(kind, 0) + 1
        if found.places is not None:
            self._place(kind, name, "key")
        if kind in _SECRETS and len(text) >= _LEARNED_CHARS:
            self.learn(text, kind)
        return replaced

    def text(self, text: str, name: str = "") -> str:
        """Free text: values by their shape, ``name=value``, and the encodings inside it."""
        if self.listed_only:
            return self.unlisted(text)
        if len(text) < self.redactor.shortest:
            return text
        hits = self.redactor.gate.hits(text.encode("utf-8", "surrogatepass"))
        return self.searched(text, name, hits) if hits else text

    def left_by_name(self, text: str, name: str, hits: list[int]) -> str:
        """A value of which its name told nothing, by its shapes; ``hits``: the families whose trigger matches in it."""
        return self._rest(text, self.searched(text, name, hits), name)

    def _rest(self, text: str, shown: str, name: str) -> str:
        """What is left of such a value: where something in it was replaced, its name may tell of the rest."""
        if shown == text or not name or MARKER.fullmatch(shown):
            return shown
        verdict = self.redactor.verdicts.of(name)
        return shown if verdict is None or verdict[0] == "*" else self.named(verdict, shown, name) or ""

    def searched(self, text: str, name: str, hits: list[int]) -> str:
        """A text in which the triggers of these families match.

        Where something was replaced, values may show that others hid: it is searched again until nothing changes.
        """
        for _ in range(_LOOKS):
            shown = self._searched_once(text, name, hits)
            if shown == text or MARKER.fullmatch(shown):
                return shown
            text = shown
            hits = self.redactor.gate.hits(text.encode("utf-8", "surrogatepass"))
            if not hits:
                break
        return text

    def _searched_once(self, text: str, name: str, hits: list[int]) -> str:
        self.check_time()
        if FOLDING in hits:
            text = self._folded(text, name)
        shown = self.replace_spans(text, self.redactor.gate.spans(hits, text, name), name)
        if PERCENT in hits:
            shown = percent_tokens(shown, lambda part: self.shapes(part, name))
        if self.depth and (NESTED in hits or BASE64 in hits):
            shown = self._nested(shown)
        return shown

    def lines(self, texts: list[str], name: str) -> list[str] | None:
        """Many texts under one name, searched as lines of one; None where one is encoded: it needs a look by itself."""
        gate = self.redactor.gate
        hits = gate.hits("\n".join(texts).encode("utf-8", "surrogatepass"))
        if any(hit < len(LAYERS) for hit in hits):
            return None
        if not hits:
            return texts
        shown: list[str] = []
        for first in range(0, len(texts), _LINES_AT_ONCE):
            self.check_time()
            shown += self._some_lines(texts[first : first + _LINES_AT_ONCE], name, hits)
        return shown

    def _some_lines(self, texts: list[str], name: str, hits: list[int]) -> list[str]:
        found: dict[int, list[Span]] = {}
        starts = list(accumulate([len(text) + 1 for text in texts], initial=0))
        for start, end, kind in self.redactor.gate.spans(hits, "\n".join(texts), name):
            line = bisect_right(starts, start) - 1
            if end < starts[line + 1]:
                found.setdefault(line, []).append((start - starts[line], end - starts[line], kind))
        shown = list(texts)
        for line, spans in found.items():
            replaced = self.replace_spans(texts[line], spans, name)
            again = replaced if MARKER.fullmatch(replaced) else self.text(replaced, name)
            shown[line] = self._rest(texts[line], again, name)
        return shown

    def shapes(self, text: str, name: str = "") -> str:
        """Values by their shape alone."""
        gate = self.redactor.gate
        hits = gate.hits(text.encode("utf-8", "surrogatepass"))
        return self.replace_spans(text, gate.spans(hits, text, name), name) if hits else text

    def tree(self, value: Any) -> Any:
        """Parsed JSON: by names and values, changed in place where it can be."""
        return tree.redact(value, self)

    def document(self, root: Any) -> Any:
        """The tree of a whole document, in which the pointers of the configuration count as well."""
        held = self.redactor.pointers.apply(root, self)
        root = tree.redact(root, self)
        restore(held)
        return root

    def url(self, text: str) -> str:
        """A URL, absolute or relative."""
        return urls.in_url(text, self)

    def query(self, text: str) -> str:
        """``key=value&key=value``, percent-encoded."""
        return urls.in_query(text, self)

    def query_text(self, text: str) -> str:
        """What stands under ``query``: a GraphQL document, or any text."""
        return inline(text, self) if "{" in text else self.text(text)

    # ---- what belongs to all of them ----

    def tells(self, kind: str, value: Any) -> bool:
        """Whether a value under a name of this kind is really one. Names come again and again in one body."""
        if kind != "name" or type(value) is not str:
            return tells(kind, value)
        told = self._names.get(value)
        if told is None:
            told = self._names[value] = tells(kind, value)
        return told

    def query_kind(self, name: str) -> str | None:
        """What the name of a pair in a query says about its value."""
        return self.redactor.query_verdicts.of(name)

    def verdict(self, name: str) -> str | None:
        """What a name says about its value."""
        return self.redactor.verdicts.of(name)

    def check_time(self) -> None:
        """Stop when it has taken too long.

        Raises:
            OutOfTime: nothing of what is redacted here may be shown.
        """
        redactor = self.redactor
        if self._limit and redactor.clock is not None and redactor.clock() > self._limit:
            if not redactor.respites:
                raise OutOfTime
            redactor.respites -= 1
            self._limit = redactor.clock() + _RESPITE

    def learn(self, secret: str, kind: str) -> None:
        """Look for a secret wherever else it may occur in this exchange; not for words, nor for names of secrets."""
        secrets = self.found.secrets
        if len(secret) < _LEARNED_CHARS or len(secrets) >= _MOST_LEARNED:
            return
        is_word = secret.isalpha() and len(secret) < _LEARNED_WORD_CHARS
        if not is_word and (_DIGIT.search(secret) is not None or kind_of(secret) is None):
            secrets[secret] = kind

    def replace_spans(self, text: str, spans: Iterable[Span], name: str, rule: str = "detector") -> str:
        """The text with the values at some places replaced; what was replaced before is left alone."""
        actions = self.redactor.actions
        marked = [match.span() for match in actions.left.finditer(text)] if actions.may_be_left(text) else []
        pieces: list[str] = []
        at = passed = 0
        for start, end, kind in spans:
            while passed < len(marked) and marked[passed][1] <= start:
                passed += 1
            if kind in actions.kept or (passed < len(marked) and marked[passed][0] < end):
                continue
            value = text[start:end]
            replaced = actions.replace(kind, value)
            if replaced == value:
                continue
            if replaced is None:
                # In the middle of a text a gap would change what the words around it mean.
                replaced = "" if end - start == len(text) else marker(kind)
            pieces += (text[at:start], replaced)
            at = end
            self._note(kind, name, rule)
        if not at:
            return text
        pieces.append(text[at:])
        return "".join(pieces)

    def echoed(self, kind: str, secret: str) -> str:
        """What stands for a secret that was met again."""
        self._note(kind, "", "echo")
        return self.redactor.actions.replace(kind, secret) or ""

    def echoes(self, text: str) -> str:
        """A text without the secrets that this exchange has shown elsewhere."""
        return in_text(text, self) if self.found.secrets else text

    def unlisted(self, value: str | float) -> str:
        """What the allow list shows of a value: its type, and the length of a text."""
        if type(value) is not str:
            self.changed = True
            return "<number>"
        if not value or _DONE.fullmatch(value):
            return value
        self.changed = True
        return f"<string, {len(value)}>"

    def configured(self, value: Any, name: str, action: Action | None, rule: str = "key") -> Any:
        """What stands for a value that the configuration has an action for, whatever it is; None: it is dropped."""
        if action is Action.DROP:
            self._note(self.redactor.verdicts.kind_called(name), name, rule)
            return None
        if value is None or type(value) is bool or value in ("", [], {}):
            return value
        text = value if type(value) is str else orjson.dumps(value).decode()
        if MARKER.fullmatch(text):
            return value
        kind = self.redactor.verdicts.kind_called(name)
        if action is Action.PARTIAL and type(value) is not str and type(value) is not int:
            action = Action.MASK  # a part of what was written out says nothing
        shown = self.redactor.actions.replace(kind, text, action)
        if shown == text:
            return value
        self._note(kind, name, rule)
        if kind in _SECRETS and type(value) is str:
            self.learn(value, kind)
        return shown

    def number(self, value: int, name: str) -> str | None:
        """What stands for a number, None when it may stay: a card number is one without quotes as well."""
        text = str(value)
        shown = self.shapes(text, name)
        return None if shown == text else shown

    def _folded(self, text: str, name: str) -> str:
        """Full-width digits and zero-width characters hide a value: where the folded text shows one, it is shown."""
        folded = fold(text)
        if folded is None:
            return text
        shown = self.shapes(folded, name)
        return text if shown == folded else shown

    def _nested(self, text: str) -> str:
        """JSON written as a string, or as Base64: redacted as JSON, and written the same way."""
        self.depth -= 1
        try:
            if text.lstrip()[:1] in ("{", "["):
                inner = loaded(text)
                if inner is not None:
                    before = orjson.dumps(inner)
                    after = orjson.dumps(self.tree(inner))
                    return text if after == before else after.decode()
            return base64_json(text, self)
        finally:
            self.depth += 1

    def _note(self, kind: str, name: str, rule: str) -> None:
        self.changed = True
        self.found.count(kind)
        if self.found.places is not None:
            self._place(kind, name, rule)

    def _place(self, kind: str, name: str, rule: str) -> None:
        if self.found.places is not None:
            self.found.places.append(Place(kind, f"{self.place}/{name}" if name else self.place or "/", rule))


def is_done(text: str) -> bool:
    """Whether a value is what redaction leaves behind: to redact twice changes nothing."""
    return MARKER.fullmatch(text) is not None or _DONE.fullmatch(text) is not None
