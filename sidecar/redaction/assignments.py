r"""``name=value`` in whatever syntax: source code, configuration files, logs, shells, XML, JSON inside a text.

A pattern of RE2 finds names that hold a sensitive word and that something like an operator follows. The rules for
names (``key_rules``) judge each; the operator tells how its value is written (``assignment_forms``). Only the value
itself is told: quotes and commas stay, so that what was JSON stays JSON.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

import re2

from sidecar.redaction import assignment_tables, commands
from sidecar.redaction.assignment_forms import READERS, content
from sidecar.redaction.assignment_rules import Code, Place, is_quoted_value
from sidecar.redaction.family import Family, Span
from sidecar.redaction.key_phrases import PHRASES
from sidecar.redaction.key_rules import kind_of
from sidecar.redaction.key_words import HARMLESS_FIRST
from sidecar.redaction.kinds import CLASS_OF, MARKER, Class

# Words after which a name may go on, and words that end one.
_STEMS = (
    r"pass|pwd|psw|pssw|pasw|kennwort|contrase|senha|wachtwoord|has.?lo|heslo|mdp|parola|losenord|adgangskode|salasana"
    r"|jelszo|sifre|lozinka|secret|token|bearer|[cx]srf|saml|jwt|jws|mnemonic|phrase|credential|signature|hmac|authoriz"
    r"|cookie|session|sessid|connection.?string|dsn|assertion|verifier|cryptogram|[_.\-]pem|pin.?block"
    r"|[a-z0-9][ _.\-]?(?:code|name|number|nummer|numero|keys?)|key.?(?:material|pem)|private.?pem"
    r"|card|cartao|cc.?num|cc.?no|carte|tarjeta|track.?(?:data|[12])|account|acct|routing.?n|aba.?r|clabe|bankleitzahl"
    r"|ssn.|social.?sec|national|insurance|identi|aadha+r|pesel|personnummer|cod.{0,3}.?fisc|fiscal|citizen|kimlik"
    r"|henkilotunnus|isikukood|rodn.?.?cislo|asmens|securite|emirates.?id|voter.?id|government.?id|tc.no"
    r"|tax.?(?:id|n|p|file|ref)|vat.?(?:id|n)|itin|cnpj|partita|steuer|licen[cs]e|nhs.?n|medic|patient|health"
    r"|birth|born|bday|geburt|nacimiento|nascimento|naissance|nascita|urodzenia|geboorte|syntym|f.dels|fodsels"
    r"|name.?(?:on|first|last|middle)|holder|apellido|pr.?nom|nazwisko|voornaam|achternaam|cognome|sobrenome|nombre"
    r"|fornavn|etternavn|efternamn|famille|travel.?(?:doc|permit)|paspoort|pas[az]p|visa.?n|mrz|readable.?zone"
    r"|otp.?(?:in|val|p)|kennitala|personn"
    r"|phone|mobile|cell|msisdn|fax|tel.?n|telefon|t.l.fono|celular|puhelin|mobile.?no|contact.?no|verification.?value"
    r"|street|address|addr|stra.?se|stra.e|straat|ulica|calle|line.?[12]"
)
_WORDS = (
    r"otp|totp|pin|pan|sin|tin|ein|cvv|cvc|cvn|csc|mfa|2fa|tfa|auth|sas|sig|pw|psk|creds?|dni|nif|nie|nino|cpf|bsn|rrn"
    r"|hkid|tel|imie|vat|nric|dob|curp|mrn|nhs|ssn|iban|hetu|jmbg|oib|emso|tckn|svnr|ahv|amka|bsb|rufnummer"
    r"|cedula|cnic|niss|insz|ppsn|mykad|cuit|cuil|tfn|idnr"
)
_CHARS = r"[\w.\-\[\]\x{80}-\x{10FFFF}]"
_CLOSERS = r"(?:\\*[\"'`]|[\])}*])*"
# No counted repetitions: they would multiply the states of the automaton.
_OPERATORS = (
    r"[ \t]*(?:[?|&+!~^.:]*[=:]|->)"  # =  :  =>  ==  :=  ?=  ||=  ::
    r"|[ \t]+(?:is|was|are|to)[ \t:]+\S*[0-9!@#$%^&*+=~?|/\"'`]"
    r"|\s*(?:\|\||\?\?|[ \t]or\s|[ \t]to\s)\s*[\"'`]"
    r"|\s*,\s*[@bNL]?\\*[\"'`]"  # "name", "value"
    r"|\(\s*[@bNLfu]?\\*[\"'`]"  # name("value")
    r"|[ \t]+N?\\*[\"'`]"  # name "value"
    r"|[ \t]*\|[ \t]*[^\s|]"  # | name | value |
    r"|</\w+>\s*<\w+>"  # <key>name</key><string>value
    r"|\s*[,;]?\s*\\*[\"']?(?:value|val|default)\\*[\"']?\s*[=:]"
    r"|\s*\{[^{}]*default\s*="  # variable "name" { default = "value"
    r"|[ \t]+[*&]?\w+(?:\[\]|\(\w*\))?[ \t]+:?=[ \t]*[N@]?[\"'`]"  # name type = "value"
)
_NAME = rf"(?:(?:{_STEMS}){_CHARS}*(?: [\w.\-@()]+)?(?: [\w.\-@()]+)?|(?:{_WORDS})\d?)"
_NAMED = rf"(?i:{_NAME}{_CLOSERS}(?:{_OPERATORS}))"
# name value1
_THEN = r"(?i:(?:pass(?:word|wd|phrase)?|pwd|pw|secret|token|[a-z0-9][ _.\-]?key)[ \t]+[^\s\"'<>]*[0-9])"
# <name>value, <entry key="name" type="x">value
_ELEMENT = (
    rf"(?i:<(?:(?:[^<>\n]*[ :.\-\w\"'])?(?:{_STEMS})|(?:[^<>\n]*[ :.\-_\"'])?(?:{_WORDS}))[\w.\-]*"
    r"(?:[\"'\s][^<>\n]*)?>)"
)
_FLAG = rf"(?i:-[\w.\-]*(?:{_STEMS}|{_WORDS})[\w.\-]*[ \t]+\S)"
_OTHER_SCRIPTS = r"(?:пароль|密码|密碼|口令|パスワード|비밀번호|패스워드|비번|암호)"
# name,name  and  ,name at the end of a line: the head of a table
_HEAD = (
    rf"(?i:{_NAME}[\"']?(?:[,;\t] ?[\w\"'][^\n]*\n|[ \t]*\|)"
    rf"|[\w\"'][,;\t|] ?[\"']?[\w .\-]*(?:{_STEMS}|{_WORDS})[\w.\-]*[\"']?\r?\n)"
)
# Of an element, what stands behind the word is enough; it may stand far away, so it is searched for only once.
_TRIGGER = (
    rf"(?i:{_NAME}(?:{_CLOSERS}(?:{_OPERATORS})|(?:[\"'\s][^<>\n]*)?>))"
    f"|{_THEN}|{_FLAG}|{_OTHER_SCRIPTS}|{_HEAD}|{commands.TRIGGER}"
)

# The same once more, from the start of the name, with the place of its end and the sort of operator.
_FORM = re.compile(
    r"""
    (?P<name>[\w.\-\[\]]++(?:[ ][\w.][\w.\-]*+){0,3}?)
    (?:[ ](?:for|of)[ ][\w.@\-]++|[ ]?\([\w ,.\-]{1,40}\))?
    (?P<close>(?:\\{0,4}["'`]|[\])}*])*+)
    (?:
      (?P<attribute>[ \t]{0,4}[,;]?\s{0,40}\\{0,4}["']?(?:value|val|default)\\{0,4}["']?\s{0,4}[=:]\s{0,4}
                   |\s{0,4}\{[^{}]{0,160}?\bdefault\s{0,8}=\s{0,8})
    | (?P<type>[ \t]{0,4}:[ \t]{0,4}(?:&(?:'[a-z]+[ ])?(?:mut[ ])?)?[A-Za-z_][A-Za-z_.<>\[\]?]{0,40}
               (?:[ ]?[|,][ ]?[A-Za-z_.<>\[\]?]{1,30}){0,3}[ \t]{0,4}=[ \t]{0,4}(?=[bBfFrRuNL@$&]{0,2}["'`])
              |[ \t]{1,4}[*&]?\w{1,20}(?:\[\]|\(\w{1,8}\))?[ \t]{1,4}:?=[ \t]{0,4}(?=[N@]?["'`]))
    | (?P<assign>[ \t]{0,8}(?::=|=>|->|[?|&+!~^.:]{0,3}={1,3}[>~]?|::?(?!//))\*{0,2}[ \t]*+)
    | (?P<says>[ ]{1,3}(?:is|was|are|to)(?:[ ]?:)?[ ]{1,3})
    | (?P<or>\s{0,4}(?:\|\||\?\?|or\s|to\s)\s{0,4}(?=["'`]))
    | (?P<comma>\s{0,4},\s{0,8}(?=[@bNL]?\\{0,4}["'`]))
    | (?P<call>\(\s{0,8}(?=[@bNLfu]?\\{0,4}["'`]))
    | (?P<space>\s{1,4}(?=N?\\{0,4}["'`]))
    | (?P<cell>[ ]{0,20}\|[ ]{0,20}(?=[^\s|]))
    | (?P<then>[ \t]{1,2}(?=[^\s"'<>]{0,24}[0-9]))
    | (?P<plist></\w{1,20}>\s{0,40}<\w{1,20}>)
    )
    """,
    re.VERBOSE,
)
_FLAG_FORM = re.compile(r"(?P<name>--?[\w.\-]++)(?P<close>)(?P<flag>[ \t]{1,4}(?=[^\s\-|&;<>]))")
_ELEMENT_FORMS = (
    re.compile(r"<(?:[\w.\-]++:)?(?P<name>[\w.\-]++)(?P<close>)(?P<xml>(?:\s[^<>\n]*+)?>)"),
    re.compile(
        r"<[\w:.\-]++\s(?:[^<>\n]*?\s)?(?:name|key)\s*=\s*[\"'](?P<name>[\w.\-]++)(?P<close>[\"'])(?P<xml>[^<>\n]*+>)"
    ),
)
_TAG = re.compile(r"<[\w:.\-]++\s[^<>\n]*+>")
_ATTRIBUTES = re.compile(r"([\w:.\-]++)\s{0,4}=\s{0,4}(?:\"([^\"<>\n]++)\"|'([^'<>\n]++)'|([^\s\"'<>]++))")
_NAMING_ATTRIBUTES = frozenset({"name", "key", "id", "property", "itemprop", "http-equiv", "field"})
_VALUE_ATTRIBUTES = frozenset({"value", "content", "val", "default", "data"})
_MOST_ATTRIBUTES = 16
_RUN = re.compile(r"[\w.\-\[\]]+")

_QUOTES = frozenset("\"'`")
_ESCAPE = re.compile(r"^(?:[nrtbf]|u[0-9a-fA-F]{4})")
_MARK = len("[REDACTED:")
_ESCAPED_NAME = 3
_BEFORE_CHARS = 48
_LEAST_NAMES = 400
_CHARS_PER_NAME = 160
_HITS_PER_NAME = 4
"""A text has one sensitive name for so many characters at most, and so many that turn out to be harmless: one that has
more was written to keep us busy, and its rest is one secret."""

_NOT_HERE = frozenset(
    {"email", "ip", "certificate"} | {kind for kind, rank in CLASS_OF.items() if rank is Class.DETAIL}
)
"""Kinds that other detectors know by their values, or that are kept anyway."""

_SAME_LENGTH = {
    "пароль": "passwd",
    "密码": "pw",
    "密碼": "pw",
    "口令": "pw",
    "パスワード": "pass_",
    "비밀번호": "pwd_",
    "패스워드": "pwd_",
    "비번": "pw",
    "암호": "pw",
}
_LETTERS = str.maketrans("áàâäãåéèêëíìîïóòôöõúùûüñçßłøÁÀÂÄÉÈÊËÍÓÖÜÑŁ", "aaaaaaeeeeiiiiooooouuuuncsloAAAAEEEEIOOUNL")

_options = re2.Options()
_options.max_mem = 8 << 20
_options.log_errors = False
_search = re2.compile(f"(?i:[\\w.\\-\\[\\]]*)(?:{_NAMED}|{_THEN})|{_ELEMENT}|{_FLAG}".encode(), _options)._regexp.Match  # noqa: SLF001 - see the gate
_search_head = re2.compile(_HEAD.encode(), _options)._regexp.Match  # noqa: SLF001
_triggers = re2.compile(_TRIGGER.encode(), _options)._regexp.Match  # noqa: SLF001
_UNANCHORED = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001


def find(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - the signature of every family
    """Every value that a sensitive name announces in a text, in order."""
    raw = text.encode("utf-8", "replace")
    if _triggers(_UNANCHORED, raw, 0, len(raw))[0][0] < 0:
        return iter(())
    data = raw if len(raw) == len(text) else _one_byte_each(text)
    most = max(_LEAST_NAMES, len(text) // _CHARS_PER_NAME)
    spans = [*_named(text, data, most), *commands.find(text, data, most)]
    if "\n" in text:
        spans += assignment_tables.find(text, _heads(data))
    spans.sort()
    return _outside_markers(text, spans)


def _heads(data: bytes) -> Iterator[int]:
    """Where the head of a table may be."""
    at, end = 0, len(data)
    while (span := _search_head(_UNANCHORED, data, at, end)[0])[0] >= 0:
        yield span[0]
        at = max(data.find(b"\n", span[1] - 1), span[0] + 1)


def _one_byte_each(text: str) -> bytes:
    """The text as bytes, one for each character, without accents, so that places in one are places in the other."""
    for word, latin in _SAME_LENGTH.items():
        text = text.replace(word, latin)
    return text.translate(_LETTERS).encode("ascii", "replace")


def _named(text: str, data: bytes, most: int) -> Iterator[Span]:
    """The values of names, wherever their operators lead."""
    at, end, code = 0, len(data), Code(text)
    for _ in range(most * _HITS_PER_NAME):
        start = _search(_UNANCHORED, data, at, end)[0][0]
        if start < 0:
            return
        if text[start] == "<":
            spans, after = _elements(text, start, code)
            yield from spans
            at = max(after, start + 1)
            continue
        form = None
        if text[start] == "-" and not (start and text[start - 1].isalnum()):
            form = _FLAG_FORM.match(text, start)
        form = form or _FORM.match(text, start)
        if form is None or form.lastgroup is None:
            run = _RUN.match(text, start)
            at = run.end() if run is not None else start + 1
            continue
        name = form["name"]
        kind = _kind(text, start, name)
        at = form.end("name")
        if kind is None or kind in _NOT_HERE:
            continue
        if text.find("[REDACTED:", form.end(), form.end() + _MARK + 2) < 0:
            most -= 1  # what is masked already does not count again
            if most < 0:
                break
        operator = form[form.lastgroup]
        place = Place(text, name, kind, start, form.end(), operator.strip(" \t*"), operator == operator.strip(), code)
        if start and form.lastgroup == "assign" and place.operator == ":" and text[start - 1] == ":":
            continue  # urn:example:secret:name
        before = text[start - 1] if start else ""
        if not form["close"] and before in _QUOTES and text.startswith(before, place.value):
            continue  # the quote that the name stands in closes: input("Password: ")
        parts, after = READERS[form.lastgroup](place)
        for part in parts:
            yield (*part, kind)
        at = max(at, after)
    yield at, end, "secret"


def _elements(text: str, start: int, code: Code) -> tuple[list[Span], int]:
    """The value of an element of XML or HTML whose name, or an attribute that names it, is sensitive."""
    tag = _TAG.match(text, start)
    if tag is not None:
        span = _attribute(text, tag, code)
        if span is not None:
            return [span], tag.end()
    for pattern in _ELEMENT_FORMS:
        form = pattern.match(text, start)
        kind = kind_of(form["name"]) if form is not None else None
        if form is not None and kind is not None and kind not in _NOT_HERE and text[form.end() - 2] != "/":
            parts, after = content(Place(text, form["name"], kind, start, form.end(), ">", tight=True, code=code))
            return [(*part, kind) for part in parts], after
    return [], start


def _attribute(text: str, tag: re.Match[str], code: Code) -> Span | None:
    """The value beside a sensitive name: ``<meta name="reset-token" content="x">``, ``<add value="x" key="Key"/>``."""
    kind, name, value = None, "", None
    start = tag.start()
    for part in islice(_ATTRIBUTES.finditer(text, start, tag.end()), _MOST_ATTRIBUTES):
        told, group = part[1].lower(), part.lastindex or 0
        if told in _NAMING_ATTRIBUTES and kind is None:
            name, kind = part[group], kind_of(part[group])
        elif told in _VALUE_ATTRIBUTES and value is None:
            value = part.span(group)
        elif told == "type" and part[group].lower() == "password":
            name, kind = "password", "password"
    if kind is None or value is None or kind in _NOT_HERE:
        return None
    place = Place(text, name, kind, start, value[0], "=", tight=True, code=code)
    return (*value, kind) if is_quoted_value(place, text[slice(*value)]) else None


def _kind(text: str, start: int, name: str) -> str | None:
    """The kind of a name as it stands in a text, with the words before it that change its meaning."""
    if start >= _MARK and text.startswith("[REDACTED:", start - _MARK):
        return None
    if text.startswith("::", max(0, start - 2)) and start > 1:
        return None  # Test::Event::Pass, a class
    if name[0] == "-":
        plain = name.lstrip("-")
        name = plain if kind_of(plain) is not None or name[1:2] not in {"D", "P"} else plain[1:]
    if start and text[start - 1] == "\\" and len(name) > _ESCAPED_NAME:
        name = _ESCAPE.sub("", name)
    before, _, last = name.rpartition(" ")
    if not before and start and text[start - 1] == " ":
        before = _words_before(text, start)
    if not before:
        return kind_of(name)
    nearest = before.rpartition(" ")[2].lower()
    if nearest in HARMLESS_FIRST or PHRASES.get(f"{nearest} {last.lower()}", "") is None:
        return None
    return kind_of(name) or kind_of(f"{before} {name}" if last == name else last)


def _words_before(text: str, start: int) -> str:
    """The last words before a name, three at most: "date of" before "birth"."""
    line = text[max(0, start - _BEFORE_CHARS) : start - 1].rpartition("\n")[2]
    words: list[str] = []
    for word in reversed(line.split(" ")[-3:]):
        if not word.isalpha():
            break
        words.insert(0, word)
    return " ".join(words)


def _outside_markers(text: str, spans: list[Span]) -> Iterator[Span]:
    """What a value holds of markers stays: redacting twice changes nothing."""
    markers = [match.span() for match in MARKER.finditer(text)] if "[REDACTED:" in text else []
    at = 0
    for start, end, kind in spans:
        if start < at:
            continue  # a command and a name told of the same
        at = end
        low = bisect_right(markers, (start, start))
        if low and markers[low - 1][1] > start:
            low -= 1
        if low == len(markers) or markers[low][0] >= end:
            yield start, end, kind
            continue
        while low < len(markers) and markers[low][0] < end:
            begin, stop = markers[low]
            if any(map(str.isalnum, text[start:begin])):
                yield start, begin, kind
            start = stop
            low += 1
        if any(map(str.isalnum, text[start:end])):
            yield start, end, kind


ASSIGNMENT_FAMILY = Family("assignments", _TRIGGER, find)
"""Values that a name and an operator announce."""
