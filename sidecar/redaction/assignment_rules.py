"""Whether what is assigned to a sensitive name is a value: not a variable, a label, a sentence or a type.

A quoted text is one unless it speaks: ``password = "letmein"``. What has no quotes may be code, and then names where
the value comes from; configuration files and logs have no such names, so the text as a whole is looked at, too.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from sidecar.redaction.assignment_values import Part, bare, line_end, rest_of_line
from sidecar.redaction.key_phrases import words
from sidecar.redaction.key_rules import kind_of
from sidecar.redaction.kinds import CLASS_OF, Class
from sidecar.redaction.placeholders import is_expression, is_placeholder
from sidecar.redaction.value_rules import is_message, tells

# What a configuration line may have before its name: indentation, a list mark, a comment mark, a word that exports.
_LINE_START = re.compile(
    r"[ \t]*(?:(?:[-*+>|]|#+|;|//|\d+[.)]|export|set|setx|SET|ENV|ARG"
    r"|declare -\w+|readonly|local|global)[ \t]+|#|;|\$env:"
    r"|\*\*|[\"'])*"
)
_LINE_START_CHARS = 120
_CODE = re.compile(
    r"^[ \t]*(?:import |from \w+ import|package |using |#include|def |class |function |func |fn |public |private "
    r"|protected |const |let |var |return |(?:if|for|while|switch|catch) ?\(|try ?[:{]|namespace |interface |struct "
    r"|async |await |elif |else:|impl |use [\w:\\]+;|\}|<\?php)"
    r"|[;{(]$|\) ?(?:\{|:|=>|->)[ \t]*$|=>|\bself\.|\bthis\.|\$\w+->|\bnew \w+\(",
    re.MULTILINE,
)
_CODE_CHARS = 20_000
_IDENTIFIER = re.compile(r"[@$&*!]{0,2}[A-Za-z_][\w.\-\[\]$>:]*[?!]?")
_WORDS_ONLY = re.compile(r"[^\W\d_]+(?:[ _.\-/]+[^\W\d_]+)*")
_TYPE_LIKE = re.compile(r"[A-Z][a-z]+(?:[A-Z][A-Za-z]*)+")
_SYMBOL = re.compile(r"[0-9!@#$%^&*+=~?|/]")
_MADE_UP = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Z!@#$%^&*+=~]*[A-Z!@#$%^&*+=~])(?=[^a-z]*[a-z])[\w!@#$%^&*+=~\-]{8,}")
_OPAQUE = re.compile(
    r"(?=(?:[^0-9]*[0-9]){2})(?=[^A-Za-z]*[A-Za-z])[\w\-+/=.~]{12,}|[A-Za-z0-9_\-]*[0-9][A-Za-z0-9_\-]{20,}"
)
_SPEAKING = frozenset(
    words("""
    the a an your to for of is are in on with and or if this that must please be not you it will can when as by from at
    has have was were my our their his her should
""")
)
_ARTICLES = frozenset({"the", "a", "an", "your", "to", "must", "please"})
_STATES = frozenset(
    words("""
    accepted account and are auth authentication bearer changed check code control deleted empty error expired
    expires failed failure file flow for found generated grant has header id in incorrect info is issued it length like
    mismatch missing name not of ok on or policy received refresh refreshed rejected renewed request required reset
    response revoked service set status strength string success that the to type updated used user valid validation
    value verification was will with wrong yes no
""")
)
"""Words that follow a name and a colon in prose: ``token: expired``."""
_ABOUT = frozenset(
    words("""
    password passwords passphrase pass pin code token key secret login account character characters char chars letter
    letters digit digits number numbers symbol symbols uppercase lowercase must should cannot attempt attempts try
    retry expire expires expired minute minutes day days hour hours seconds least most minimum maximum min max length
    long short invalid valid required enter choose use please step reset change field error
""")
)
"""Words of sentences that tell how a password should be, or what became of it."""
_LEAST_CHARS = 4
_LEAST_WORD = 6
_LONGEST_WORD = 400
_LONGEST_COUNT = 6
_PROSE_END = ".,;:?)\"'`*"
_MADE_KINDS = frozenset({"credential", "session", "signature", "cookie", "authorization"})
_HARD = frozenset({"password", "passphrase", "secret", "pin", "otp", "cvv"})


@dataclass(slots=True)
class Place:
    """Where a name and its operator were found. ``tight``: there is no space around the operator."""

    text: str
    name: str
    kind: str
    start: int
    value: int
    operator: str
    tight: bool
    code: "Code"

    def starts_line(self) -> bool:
        """Whether nothing but what configuration files put there stands before the name."""
        start = self.text.rfind("\n", max(0, self.start - _LINE_START_CHARS), self.start) + 1
        if start == 0 and self.start > _LINE_START_CHARS:
            return False
        return _LINE_START.fullmatch(self.text, start, self.start) is not None


@dataclass(slots=True)
class Code:
    """Whether a text is source code. Asked for at most once, and only where it matters."""

    text: str
    known: bool | None = field(default=None)

    def __bool__(self) -> bool:
        if self.known is None:
            self.known = _CODE.search(self.text, 0, _CODE_CHARS) is not None
        return self.known


def is_interpolated(text: str, opening: int, value: str) -> bool:
    """Whether a literal is filled in when the program runs, ``f"v0={digest}"``, and holds nothing else to hide."""
    if "{" not in value or opening == 0 or text[opening - 1] not in "fF$":
        return False
    rest = _FILLED_IN.sub("", value)
    return len(rest) < _LEAST_REST or not value_like(rest)


_FILLED_IN = re.compile(r"\{[^{}]*\}")
_LEAST_REST = 12


def is_quoted_value(place: Place, value: str) -> bool:
    """Whether a quoted text is the value of its name."""
    if not tells(place.kind, value):
        return False
    if CLASS_OF[place.kind] is not Class.SECRET:
        return kind_of(value) != place.kind
    if place.kind not in _HARD and len(value) < _LEAST_CHARS:
        return False
    if is_sentence(value):
        return place.kind in {"password", "passphrase"} and _is_pass_sentence(value)
    return not _is_label(place, value)


def value_like(value: str) -> bool:
    """Whether a text looks made up for the purpose: it has a digit or a symbol, and is no plain word."""
    return len(value) >= 4 and _SYMBOL.search(value) is not None


def is_made_up(value: str) -> bool:
    """Whether a text can only be a secret: letters of both cases or a symbol, and a digit among them."""
    return _MADE_UP.fullmatch(value) is not None


def is_sentence(value: str) -> bool:
    """Whether a text speaks: three words at least, and one that only joins others. Pass phrases do without articles."""
    if value.count(" ") < 2:
        return False
    said = set(value.lower().split())
    opens_or_ends = value[0].isupper() or value[-1] in ".:?!"
    return not said.isdisjoint(_SPEAKING if opens_or_ends else _ARTICLES) or is_message(value)


def _is_pass_sentence(value: str) -> bool:
    """``My river is 98 years old.``: a sentence with a number in it that does not speak of passwords."""
    if not any(map(str.isdigit, value)) or is_message(value) or is_placeholder(value):
        return False
    return _ABOUT.isdisjoint(re.findall("[a-z]+", value.lower()))


def _is_label(place: Place, value: str) -> bool:
    """A text that names its own field: ``password: "Password"``, ``TOKEN = "token"``, ``header: "X-Auth-Token"``."""
    if value_like(value) or not _WORDS_ONLY.fullmatch(value):
        return False
    if value.replace("_", "").replace("-", "").lower() == place.name.replace("_", "").replace("-", "").lower():
        return value != place.name or value.isupper() or place.kind != "password"
    named = kind_of(value)
    if named is None:
        return False
    return not value.isalpha() or value[0].isupper() or (named == place.kind and named != "password")


def bare_value(place: Place) -> Part | None:
    """The value without quotes behind the operator, if it is one."""
    text, at = place.text, place.value
    if place.operator[:2] in {"==", "!=", "->", "=>", "=~"} or text[at] in "([{<|>&*" or text.startswith("$(", at):
        return None
    if text.startswith("${", place.start - 2) and place.start > 1:
        return _default(text, at)
    starts_line = place.starts_line()
    part = rest_of_line(text, at) if starts_line and not (place.tight and place.operator == ":") else bare(text, at)
    value = _unclosed(text[part[0] : part[1]].rstrip(",;"))
    if len(value) > _LONGEST_WORD:
        return (at, at + len(value))
    if " " in value:
        if is_placeholder(value) or is_sentence(value):
            return None
        if _is_phrase(place, value, starts_line=starts_line):
            return (at, at + len(value))
        part = bare(text, at)
        value = text[part[0] : part[1]]
        starts_line = starts_line and place.tight
    else:
        part = (at, at + len(value))
    return part if value and _is_bare_value(place, value, part[1], starts_line=starts_line) else None


def _default(text: str, at: int) -> Part | None:
    """The value where a variable is not set: ``${PASSWORD:-x}`` of shells, ``${password:x}`` of Spring."""
    end = text.find("}", at, at + _LONGEST_WORD)
    at += text[at] in "-="
    return (at, end) if end > at and text[at] != "?" and not is_placeholder(text[at:end]) else None


def _unclosed(value: str) -> str:
    """A value without the brackets that close what was opened before it: ``[token=x]``."""
    while value and value[-1] in _BRACKETS and _BRACKETS[value[-1]] not in value:
        value = value[:-1]
    return value


_BRACKETS = {")": "(", "]": "[", "}": "{"}


def _is_phrase(place: Place, value: str, *, starts_line: bool) -> bool:
    """A pass phrase without quotes, in a configuration file: ``password: correct horse battery staple``."""
    if place.kind not in {"password", "passphrase"} or not starts_line or place.code or place.tight:
        return False
    if not _LEAST_PHRASE_WORDS <= value.count(" ") + 1 <= _PHRASE_WORDS:
        return False
    return place.kind == "passphrase" or (value.islower() and value.replace(" ", "").isalpha())


_LEAST_PHRASE_WORDS = 4
_PHRASE_WORDS = 24
"""Of Diceware, and of BIP 39."""


def _is_bare_value(place: Place, value: str, end: int, *, starts_line: bool) -> bool:
    if not any(map(str.isalnum, value)) or (len(value) < _LEAST_CHARS and place.kind not in _HARD):
        return False
    if value.isdecimal():
        # A number of things has no zero before it: ``otp=0079`` is a text.
        is_count = len(value) < _LONGEST_COUNT and (value[0] != "0" or value == "0")
        return tells(place.kind, int(value) if is_count else value)
    if value.lower().rstrip(".!?:") in _STATES or not tells(place.kind, value) or (value[-1] == ")" and "(" in value):
        return False
    configures = starts_line and place.tight  # NAME=value at the start of a line
    if _is_variable(place, value):
        # Another variable, unless a configuration file gives a default: PASSWORD=secret.
        return configures and not place.code and value.isalpha() and value.islower() and value != place.name
    strong = _OPAQUE.fullmatch(value) is not None and not is_expression(value)
    if place.code and not _is_configuration(place, configures=configures):
        unlike_code = _IDENTIFIER.fullmatch(value) is None or place.name.isupper() or place.kind in _HARD
        return strong or (place.tight and unlike_code and value_like(value) and not is_expression(value))
    if is_expression(value) and (place.code or not configures or "[" in value):
        return False
    if strong or value_like(value):
        return True
    if place.operator == ":":
        return _is_word_after_colon(place, value, end, starts_line=starts_line)
    return place.kind in _HARD or starts_line or place.tight


def _is_variable(place: Place, value: str) -> bool:
    """Whether a value is the name of another variable; ``hunter2secret`` is one of those that people choose."""
    if _IDENTIFIER.fullmatch(value) is None or (not place.code and any(map(str.isdigit, value))):
        return False
    return kind_of(value) is not None


def _is_configuration(place: Place, *, configures: bool) -> bool:
    """Whether a line is one of configuration, though code stands around it: ``DB_PASSWORD=x``, ``;Password=x``."""
    joined = place.tight and place.start > 0 and place.text[place.start - 1] in ";&?"
    return joined or (configures and not place.name.islower())


def _is_word_after_colon(place: Place, value: str, end: int, *, starts_line: bool) -> bool:
    """Whether a plain word behind a colon is a value: a type of a declaration, or prose, looks the same."""
    if _TYPE_LIKE.fullmatch(value) is not None or (place.tight and not starts_line):
        return False
    if starts_line:
        if not (value.islower() or value.istitle()):
            return True
        if len(value) >= _LEAST_WORD and place.kind not in _MADE_KINDS and place.name.lower() != "auth":
            return True
    return place.kind in _HARD and (starts_line or _ends_there(place.text, end))


def _ends_there(text: str, end: int) -> bool:
    """Whether a sentence or a line ends behind a value."""
    return end >= len(text) or text[end] in "\n\r,;\"'`|"


def spoken_value(place: Place, part: Part) -> Part | None:
    """The value in "the password is hunter2": only what no word of the language looks like."""
    value = place.text[part[0] : part[1]].rstrip(_PROSE_END)
    if value.isdecimal() and place.kind not in _HARD:
        return None
    if value[:1] == "$" or is_placeholder(value) or not value_like(value) or is_expression(value):
        return None
    return (part[0], part[0] + len(value))


_NAME = re.compile(r"[^\W\d_][^\W\d_'\u2019.\-]*(?:[ ][^\W\d_][\w'\u2019.\-]*){0,4}")
_TIGHT_NAME = re.compile(r"[^\W\d_][\w'\u2019.\-%+]*")
_STREET = re.compile(r"[\w][^\n\"'<>;&|{}\[\]=]{2,100}")
_NUMBER = re.compile(r"\+?\(?[A-Za-z]{0,4}[ \-]?[0-9](?:[0-9A-Za-z]|[ ./()\-](?=[0-9(A-Z]))*")
_BIRTH = re.compile(
    r"[0-9]{1,4}[ ./\-](?:[0-9]{1,2}|[A-Za-z]{3,9})[ ./\-,]{1,2}[0-9]{2,4}|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}|[0-9]{8}"
)


_ENCODED = re.compile(r"[\w.+\-]{0,80}+%[0-9A-Fa-f]{2}[\w.+%\-]{0,200}")
"""As in a URL: ``birthdate=1980%2F09%2F24``."""


def personal_value(place: Place) -> Part | None:
    """The value without quotes of a name of personal data, by what such data look like."""
    text, at, kind = place.text, place.value, place.kind
    pattern = {"name": _TIGHT_NAME if place.tight else _NAME, "street": _STREET, "date_of_birth": _BIRTH}.get(
        kind, _NUMBER
    )
    encoded = _ENCODED.match(text, at) if place.tight else None
    if encoded is not None:
        plain = unquote_plus(encoded[0])
        return encoded.span() if pattern.fullmatch(plain) is not None and tells(kind, plain) else None
    match = pattern.match(text, at, line_end(text, at))
    if match is None:
        return None
    value = match[0].rstrip(" ,.")
    if kind == "name":
        told = _is_bare_name(place, value)
    elif kind == "street":
        told = not place.code and _SYMBOL.search(value) is not None
    else:
        told = True
    return (at, at + len(value)) if told and tells(kind, value) else None


def _is_bare_name(place: Place, value: str) -> bool:
    """A person's name without quotes: ``first_name=jane``, ``First name: Jane``; no variable of that name."""
    if place.code or value.lower() in _STATES or kind_of(value) is not None:
        return False
    if " " in value:
        return value[0].isupper() and not is_sentence(value)
    return (place.tight or value[0].isupper()) and not is_expression(value)
