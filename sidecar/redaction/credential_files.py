"""Secrets in files of tools, quoted in a text: .npmrc, .netrc, .pgpass, hashes of passwords, AWS secret keys."""

import re
from collections.abc import Iterator
from string import ascii_letters, digits

from sidecar.redaction.family import Family, Span
from sidecar.redaction.gate import merged

_SPACE = r"(?:\s|\\[nrt])++"

# docs.npmjs.com/cli/configuring-npm/npmrc
_NPMRC = re.compile(r"_(?<![\w.]_)(authToken|password|auth)\s{0,4}=\s{0,4}\\?[\"']?([^\s\"'\\$\[]{6,})", re.ASCII)
_NPMRC_KINDS = {"authToken": "token", "password": "password", "auth": "credential"}

# gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
_LOGIN = rf"login{_SPACE}[^\s\\]{{1,128}}{_SPACE}"
_NETRC = re.compile(
    rf"(?:machine{_SPACE}[^\s\\]{{1,253}}{_SPACE}(?:{_LOGIN})?|default{_SPACE}{_LOGIN})"
    rf"(?:account{_SPACE}[^\s\\]{{1,128}}{_SPACE})?password{_SPACE}([^\s\\\[]{{1,256}})",
    re.ASCII,
)

# postgresql.org/docs/current/libpq-pgpass.html: hostname:port:database:username:password
_PGPASS = re.compile(r":(?<=[\w.*-]:)(?:[0-9]{4,5}|\*):[\w*-]{1,64}+:[\w*.-]{1,64}+:([^\s:\"'\\\[]{4,256})", re.ASCII)
_HEX_GROUPS = re.compile(r"[0-9A-Fa-f]+(?::[0-9A-Fa-f]+)+")
_HOST_CHARS = ascii_letters + digits + "_.*-"
_LONGEST_HOST = 253

# After a dollar: crypt(5) and its relatives (bcrypt, MD5, SHA-2, yescrypt, scrypt, gost), Apache, phpass, Drupal, Cisco
_CRYPT = (
    r"2[abxy]?\$[0-9]{2}\$[./0-9A-Za-z]{22,53}",
    r"(?:1|apr1|md5)\$[./0-9A-Za-z]{0,16}\$[./0-9A-Za-z]{16,}",
    r"[56]\$(?:rounds=[0-9]{1,9}\$)?[./0-9A-Za-z]{0,32}\$[./0-9A-Za-z]{20,}",
    r"(?:y|gy|7|sm3)\$[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{1,88}\$[./0-9A-Za-z]{20,}",
    r"(?:argon2(?:id|i|d)|scrypt|bcrypt-sha256)\$[0-9A-Za-z,=$+/.-]{16,}",
    r"pbkdf2(?:-sha[0-9]{1,3})?\$[0-9A-Za-z,=$+/._-]{16,}",
    r"[PH]\$[./0-9A-Za-z]{31}",
    r"S\$[./0-9A-Za-z]{52}",
    r"(?:8|9)\$[./0-9A-Za-z]{14}\$[./0-9A-Za-z]{43}",
    r"sha1\$[0-9]{1,9}\$[./0-9A-Za-z]{1,64}\$[./0-9A-Za-z]{20,}",
)
# Django, Werkzeug, PostgreSQL, LDAP (RFC 2307). Each begins with a literal, which re finds fast.
_NAMED_HASHES = (
    r"pbkdf2_sha(?:1|256|512)\$[0-9]{3,9}\$[0-9A-Za-z+/=]{1,64}\$[0-9A-Za-z+/=]{20,}",
    *(
        rf"{name}\$\$?[0-9A-Za-z,=$+/.-]{{24,}}"
        for name in ("bcrypt(?:_sha256)?", "argon2", "scrypt", "sha1", "md5", "sha256")
    ),
    r"pbkdf2:sha(?:1|256|512)(?::[0-9]{1,9})?\$[0-9A-Za-z]{1,32}\$[0-9a-f]{32,}",
    r"scrypt:[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[0-9A-Za-z]{1,32}\$[0-9a-f]{32,}",
    r"SCRAM-SHA-(?:1|256)\$[0-9]{1,9}:[0-9A-Za-z+/=]{8,}\$[0-9A-Za-z+/=]{20,}:[0-9A-Za-z+/=]{20,}",
    r"\{(?:S?SHA(?:256|512)?|S?MD5|CRYPT|PBKDF2(?:-SHA(?:1|256|512))?|ARGON2)\}[0-9A-Za-z+/=$.,-]{16,}",
)
_HASH = re.compile("|".join([rf"\$(?:{'|'.join(_CRYPT)})", *_NAMED_HASHES]), re.ASCII)
_MYSQL_HASH = re.compile(r"(?<![0-9A-Za-z*])\*[0-9A-F]{40}(?![0-9A-Za-z])", re.ASCII)

# docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html: 40 characters of Base64
_AWS = re.compile(r"(?<![\w+/=.~-])[0-9A-Za-z+/]{40}(?![\w+/=~-]|\.\w)", re.ASCII)
_AWS_BEFORE = 48
"""Characters before the key in which its name must stand."""

_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")


def _find_files(text: str, _key: str) -> list[Span]:
    """The secrets of .npmrc, .netrc and .pgpass."""
    spans: list[Span] = [(*found.span(2), _NPMRC_KINDS[found[1]]) for found in _NPMRC.finditer(text)]
    if "password" in text:
        spans += [(*found.span(1), "password") for found in _NETRC.finditer(text)]
    spans += [(*found.span(1), "password") for found in _PGPASS.finditer(text) if _has_host(text, found)]
    return merged(spans)


def _has_host(text: str, found: re.Match[str]) -> bool:
    """Whether a line of .pgpass begins with a host; ids in hexadecimal groups look like the rest (``0684:7169``)."""
    host = text[max(0, found.start() - _LONGEST_HOST) : found.start()]
    before = host.rstrip(_HOST_CHARS)
    host = host[len(before) :]
    if before[-1:] == "\\" and host[:1] == "n":
        host = host[1:]  # the escape of a line break
    elif before and before[-1] not in "\n\"'":
        return False
    return (host[:1].isalpha() or "." in host or host == "*") and _HEX_GROUPS.fullmatch(host + found[0]) is None


def _find_hashes(text: str, _key: str) -> list[Span]:
    """Hashes of passwords, as systems and frameworks store them."""
    found = list(_HASH.finditer(text)) if "$" in text or "{" in text else []
    whole = [each for each in found if each[0][0] in "${" or not text[each.start() - 1 : each.start()].isalnum()]
    mysql = list(_MYSQL_HASH.finditer(text)) if "*" in text else []
    return merged([(*each.span(), "password") for each in whole + mysql])


def _find_aws(text: str, _key: str) -> Iterator[Span]:
    """Secret access keys of AWS: they have no mark, so ``aws`` or ``secret`` must stand close before them."""
    for found in _AWS.finditer(text):
        start, end = found.span()
        before = text[max(0, start - _AWS_BEFORE) : start].rpartition("\n")[2].lower()
        value = found[0]
        if ("aws" in before or "secret" in before) and _HEX.fullmatch(value) is None and _is_random(value):
            yield start, end, "secret"


def _is_random(value: str) -> bool:
    """Whether a text has letters of both cases and digits."""
    return value.lower() != value and value.upper() != value and any(map(str.isdigit, value))


_FILES_TRIGGER = (
    r"_(?:authToken|password|auth)[\s\v]*="
    r"|(?:machine(?:[\s\v]|\\[nrt])+[^\s\\]+|default)(?:[\s\v]|\\[nrt])+(?:login|account|password)"
    r"|[\w.*-]:(?:[0-9]{4,5}|\*):[\w*-]+:[\w*.-]+:[^\s:]"
)
_HASH_TRIGGER = (
    r"\$(?:2[abxy]?|1|apr1|md5|5|6|y|gy|7|sm3|argon2[id]*|scrypt|bcrypt-sha256|pbkdf2[\w-]*|P|H|S|8|9|sha1)\$"
    r"|(?:pbkdf2_sha\d+|bcrypt|bcrypt_sha256|argon2|scrypt|sha1|md5|sha256|sha512|pbkdf2:sha[\d:]+|scrypt:[\d:]+)\$"
    r"|SCRAM-SHA-\d+\$\d|\{(?:S?SHA|S?MD5|CRYPT|PBKDF2|ARGON2)[\w-]*\}|\*[0-9A-F]{40}"
)
FILE_FAMILIES = (
    Family("files", _FILES_TRIGGER, _find_files),
    Family("hashes", _HASH_TRIGGER, _find_hashes),
    Family("aws secret keys", r"(?i:aws|secret)[^\n]*[^0-9A-Za-z+/=\n][0-9A-Za-z+/]{40}", _find_aws),
)
