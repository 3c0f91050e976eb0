"""Values that stand where a secret would stand and are none: placeholders, masks, references, expressions of code.

``password = get_password()`` and ``token: ${TOKEN}`` say where a secret comes from, and a log is read for that.
Weak passwords (``changeme``, ``secret``) are no placeholders: they open doors. Two questions are asked: a quoted text
can only be a placeholder, while an unquoted one may be code as well.
"""

import re
from itertools import pairwise

from sidecar.redaction.key_phrases import words
from sidecar.redaction.kinds import MARKER

_LONGEST = 400
"""No placeholder is longer, in characters; what is, is a value."""

_NO_VALUES = frozenset(
    words("""
    null none nil undefined true false empty example todo fixme tbd tba n/a na nan unset redacted masked hidden removed
    filtered omitted str int integer number bool boolean string text varchar void optional required placeholder not_set
    not_provided notset missing disabled enabled - -- <> () {} [] "" ''
""")
)
"""Whole values, lower case, that tell that there is no secret, or of which type it would be."""

# ${TOKEN} ${TOKEN:?error} $(command) {{ token }} #{token} %{token} <%= token %> {% token %}; ${X:-hunter2} is a value.
_TEMPLATE = (
    r"\$\{[\w.\- \[\]()/]*(?::[?+][^{}\n]*|:-?)?\}|\$\([^\n]+\)|[$#]?\{\{[^{}\n]*\}\}|[#%]\{[\w.\- \[\]()'\"@$]*\}"
    r"|<%[^%\n]*%>|\{%[^%\n]*%\}"
)
_EMBEDDED = re.compile(_TEMPLATE)
_FILLING = re.compile(r"[A-Za-z _\-:/@.,]{0,12}")
_FORMAT = re.compile(r"\{[A-Za-z_]?[\w.\[\]()\"' !:]*\}|%\([\w.\-]+\)[sdr]|%[sdvq]")
# <your token>  <token  [token]  {token}  %NAME%  @NAME@  __NAME__  $TOKEN  $env:TOKEN  $db_password  !Ref Password
_BRACKETED = (
    rf"<[A-Za-z][^<>\n]*>?|\[[A-Za-z][A-Za-z _\-]*\]|\{{[A-Za-z_][\w.\- ]*\}}"
    rf"|%[A-Z_][A-Z0-9_]+%|@@?[A-Z][A-Z0-9_.\-]+@@?"
    rf"|__[A-Z][A-Z0-9_]+__|\$[A-Z_][A-Z0-9_]*|(?i:\$env:)\w+|\$[1-9]|\?"
    rf"|\$(?:[a-z]+_)*(?:pass|password|passwd|pwd|token|secret|key|auth|pin|otp|user|username|name|value)"
    rf"|!(?:Ref|Sub|GetAtt|ImportValue|vault|env|secret|Base64)\b[^\n]*|{_TEMPLATE}"
)
# ****  xxxx-1234  ....  ####  ____  ••••1234  ab****yz
_MASK = (
    r"[xX]{3,}|(?:[xX]{2,}[- ])+[\dxX]{2,4}|[xX]{4,}[\d]{2,4}|\.{3,}|#{3,}|-{3,}|_{3,}|\?{3,}"
    r"|\{[#*xX]+\}|[\w@.\-]{0,6}(?:\*{3,}|[\u2022\u25cf\u2217\uff0a]{2,}|\u2026)[\w@.\-* ]{0,12}|\*+"
)
# vault:secret/data/x  op://vault/item  arn:aws:...  projects/p/secrets/s  ENC(...)  /run/secrets/x  ./key.pem
_MASKED = re.compile(r"\*{2}|[xX]{3}|[\u2022\u25cf\u2026]")
_EXTENSIONS = r"(?:pem|key|crt|cer|p12|pfx|jks|json|ya?ml|env|txt|asc|gpg|pub|der)"
_REFERENCE = (
    r"(?:vault|ssm|secretref|secretsmanager|keyring|env|file|awssm|gcpsm|azkv|aws-sm|aws-ssm|keychain|doppler)"
    r":(?://)?[A-Za-z/.][^\s\"']*|(?:op|ref\+[a-z]+|akv|gsm)://[^\s\"']+|arn:aws[a-z\-]*:[^\s\"']+"
    r"|projects/[\w\-]+/[^\s\"']+|@Microsoft\.KeyVault\([^\n]*|ENC[(\[][^\n]*"
    r"|/(?:app|bin|certs?|config|data|dev|etc|home|keys|lib|mnt|opt|path|proc|root|run|secrets?|srv|tmp|usr|var|vault|Users)"
    r"/[\w.@ /\-]+|(?:\.{1,2}|~)/[\w.@/\-]+|[A-Z]:\\[\w.@ \\\-]+"
    rf"|[\w\-]+\.{_EXTENSIONS}"
)
_URL = r"[a-z][a-z0-9+.\-]{1,20}://[^\s@?\"']+"
_SYNTAX = re.compile(f"{_BRACKETED}|{_MASK}|{_REFERENCE}|{_URL}")
_SPOKEN_WORD = re.compile(r"[ _\-.]+")
_SPOKEN_FIRST = frozenset(
    words("your enter insert put add paste provide specify replace some sample example dummy fake the")
)
_SPOKEN_LAST = frozenset(
    words("""
    password passwd pwd pass passphrase token secret key apikey pin id credential credentials here value hash code it
    this me placeholder example
""")
)

# get_token()  await x.y(z)  !f(  new Foo(  make([]byte
_CALL = re.compile(
    r"(?:(?:await|new|async|not|typeof|yield|return|lambda)\s+)?!?[&*@$]?[A-Za-z_][\w$]*+"
    r"(?:(?:\?\.|\.|->|::)[A-Za-z_$][\w$]*+|\[[^\]\n]*\]|<[\w, .]*>)*+!?\([^\n]*"
)
# config.token  self.password  os.environ["X"]  a?.b  Foo::BAR  props->x  token!
_MEMBER = re.compile(
    r"!?(?:[&*@$]|\.{3})?[A-Za-z_$][\w$]*+!?(?:(?:\?\.|\.|->|::)[A-Za-z_$@][\w$]*+!?|\[[^\]\n]*\]?)++[;,]?"
)
# &'static str  Optional[str]  String?  string | undefined  varchar(64)  SecretStr
_TYPE = re.compile(
    r"(?:&?(?:'\w+\s+)?(?:mut\s+)?)(?:str|string|bytes?|int(?:eger)?|number|bool(?:ean)?|float|any|object|unknown|never"
    r"|char|charsequence|securestring|option|optional|union|list|dict|literal|array|vec|box|promise|maybe|n?varchar|text"
    r"|bytea|nil|null|none|undefined|uuid|date|datetime|\w*(?:str|string|type))(?:[\[<(][^\n]*|[?!*]|\[\])*+"
    r"(?:\s*\|\s*[\w\[\]<>\"']+)*+\s*[;,]?",
    re.IGNORECASE,
)
_COMMON_VARIABLES = frozenset(
    words("""
    a args argv arg b body buf buffer c cfg conf config content ctx current data default e el element entry env err
    event f field form h hash i id idx input item it k key kwargs line m match msg n name new old opts option options p
    param params parsed payload parts prev props r raw rec record ref req request res resp response result row s self
    session settings setting state str t target temp text this tmp u user v val value values var vars x y z
""")
)


_FILLED = re.compile(
    rf"(?=[^0-9\n]*+[0-9])(?![\w\-]++\.{_EXTENSIONS}\Z)[0-9A-WYZa-wyz][\w !@#^&+=~,;|?.\-]*+", re.ASCII
)
"""With a digit, and none of the signs that any placeholder begins with or holds: most values are told by this alone."""


def is_placeholder(value: str) -> bool:
    """Whether a literal value only holds a secret's place: ``<your-token>``, ``${TOKEN}``, ``xxxx``, ``[REDACTED]``."""
    value = value.strip()
    if value.isalnum():  # most values: no pattern needs to look
        lower = value.lower()
        return lower in _NO_VALUES or lower.startswith("your") or (lower.strip("x") == "" and len(lower) > 2)
    if _FILLED.fullmatch(value) is not None:
        return False
    if value.replace(" ", "").isalpha():
        lower = value.lower()
        spoken = lower[:4] == "your" or lower.endswith(" here") or lower.partition(" ")[0] in _SPOKEN_FIRST
        return _is_spoken(value) if spoken else lower[0] == "x" and lower.strip("x ") == ""
    if "[REDACTED:" in value and not any(map(str.isalnum, MARKER.sub("", value))):
        return True
    if not value or len(value) > _LONGEST:
        return not value
    return (
        value.lower() in _NO_VALUES or _SYNTAX.fullmatch(value) is not None or _is_spoken(value) or _is_filled_in(value)
    )


def is_masked(value: str) -> bool:
    """Whether a value was masked by whoever sent it: ``****1234``, ``XXX-XX-1234``."""
    if value.isascii() and "**" not in value and "xxx" not in value.lower():
        return False
    return _MASKED.search(value) is not None


def is_expression(value: str) -> bool:
    """Whether an unquoted value is code whose value is made elsewhere: a call, a member, a type, a common variable."""
    return len(value) <= _LONGEST and (
        value in _COMMON_VARIABLES
        or _CALL.fullmatch(value) is not None
        or (_MEMBER.fullmatch(value) is not None and not any(map(_is_random, _PARTS.findall(value))))
        or _TYPE.fullmatch(value) is not None
    )


_PARTS = re.compile(r"[A-Za-z0-9_]{10,}")
_DIGIT_GROUPS = re.compile(r"[0-9]+")
_UNNATURAL = re.compile(r"[A-Z]{2,}+(?=[a-z])|[0-9](?=[A-Za-z])")
"""What names seldom have: capitals in a row before small letters, and digits before letters."""
_LONGEST_WORD = 24
_RANDOM_GROUPS = 3


def _is_random(name: str) -> bool:
    """Whether a part of ``v1.e3hULmTP6rOBw5jfH7`` is no name: digits in three places, or letters beyond any word."""
    if len(_DIGIT_GROUPS.findall(name)) >= _RANDOM_GROUPS:
        return True
    if len(_UNNATURAL.findall(name)) >= _RANDOM_GROUPS:
        return True
    if "_" in name:
        return False
    if len(name) >= _LONGEST_WORD and (name.islower() or name.isupper()):
        return True
    changes = sum(1 for first, second in pairwise(name) if _sort(first) != _sort(second))
    return changes > len(name) // 2


def _sort(char: str) -> int:
    return 0 if char.isdigit() else 1 if char.islower() else 2


def _is_spoken(value: str) -> bool:
    """``YOUR_API_KEY``, ``your-token-here``, ``REPLACE_ME``: words, and no digit among them."""
    words = _SPOKEN_WORD.split(value.strip("<>[](){}").lower())
    if len(words) < 2:
        return False
    first, last = words[0], words[-1]
    if first.startswith("your"):
        return "".join(words).isalpha()
    return (first in _SPOKEN_FIRST or last == "here") and last in _SPOKEN_LAST and "".join(words).isalpha()


def _is_filled_in(value: str) -> bool:
    """``Bearer ${token}``, ``{user}:{password}``, ``prefix-{{ id }}``: all but a few letters is filled in later."""
    if "{" not in value and "%" not in value and "$(" not in value:
        return False
    rest = _EMBEDDED.sub("", value)
    if rest != value:
        return _FILLING.fullmatch(rest) is not None
    rest = _FORMAT.sub("", value)
    return rest != value and not any(map(str.isalnum, rest.replace("Bearer", "").replace("Basic", "")))
