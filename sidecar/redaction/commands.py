"""Secrets that commands, statements and configuration files take without a name and an operator.

Sources: the manual pages of curl, sshpass, mysql, mongosh, redis-cli, docker login, ldapsearch, smbclient, openssl,
sudo and chpasswd; the SQL of MySQL, Oracle, PostgreSQL and SQL Server; netrc(5), redis.conf, Cisco IOS.
"""

import re
from collections.abc import Iterator

import re2

from sidecar.redaction.family import Span
from sidecar.redaction.placeholders import is_placeholder

_NAMES = r"(?:password|passwd|passphrase|pwd|secret|token|api[ _]?key)"
TRIGGER = (
    r"\b(?:curl|wget|https?|sshpass|mysql\w*|mariadb(?:-dump)?|mongo\w*|sqlcmd|bcp|redis-cli|ldap\w+|smbclient|rpcclient"
    r"|echo|requirepass|masterauth|snmp-server|ConvertTo-SecureString|ENV|setenv|setx|SetEnv)[ \t]"
    r"|\blogin[ \t]+(?:-|\S+[ \t]+(?:-|password))|\bmachine[ \t]+\S+[ \t]+login[ \t]"
    r"|\b(?i:identified)[ \t]+(?i:with|by)[ \t]|-pass(?:in|out)?[ \t]"
    r"|\b(?:CVV2?|CVC2?|PIN|OTP)[ \t]#?[0-9]|\b(?i:password|secret|key|key-string|encrypted)[ \t]+[05789][ \t]"
    rf"|\bis[ \t]+(?:the|my|your)[ \t]+(?:\w+[ \t]+)?{_NAMES}\b|[\"'][ \t]*[!=]={{1,2}}[ \t]*(?i:[\w.]*{_NAMES})\b"
)
"""RE2: how any of them begins, without what may be anywhere: a search for that would take the most."""

_VALUE = r"(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s\"'|;&<>`\\\-][^\s\"'|;&<>`\\]*))"
_ARGUMENTS = r"\s(?:[^\n|;]*\s)?"
_FORMS = (
    r"(?:ENV|setenv|setx|SetEnv)[ \t]+(?i:\w*(?:PASS|PASSWORD|PASSWD|PWD|SECRET|TOKEN|KEY))\s+[\"']?([^\s\"'=]+)",
    rf"ConvertTo-SecureString\s+(?:-String\s+)?{_VALUE}",
    r"(?:CVV2?|CVC2?|PIN|OTP)[ \t]#?([0-9]{3,8})\b",
    # What stands behind the colon of a user and a password: curl -u user:password; httpie -a user:password.
    rf"(?:curl|https?|wget){_ARGUMENTS}(?:-u|-U|--user|--proxy-user|-a|--auth)[ =]?[\"']?"
    r"[^\s:\"'@/$]{1,64}:([^\s\"'\\]+)",
    rf"sshpass\s+-p\s*{_VALUE}",
    rf"(?:mysql\w*|mariadb(?:-dump)?){_ARGUMENTS}-p{_VALUE}",
    rf"(?:mongo\w*|login|sqlcmd|bcp){_ARGUMENTS}(?:-p|-P)\s*{_VALUE}",
    rf"redis-cli{_ARGUMENTS}-a\s+{_VALUE}",
    rf"ldap\w+{_ARGUMENTS}-w\s*{_VALUE}",
    rf"(?:smbclient|rpcclient){_ARGUMENTS}-U\s*[\"']?[^\s%\"']+%([^\s\"'\\]+)",
    r"-pass(?:in|out)?\s+[\"']?pass:([^\s\"'\\<>]+)",
    r"echo\s+(?:-[ne]+\s+)?[\"']?[\w.\-]+:([^\s\"'|]+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd\b",
    rf"echo\s+(?:-n\s+)?{_VALUE}\s*\|\s*(?:sudo\s+-S|sudo\s+passwd|passwd|[^\n|]*--password-stdin|gh\s+auth\s+login)\b",
    r"(?i:identified\s+(?:with\s+\S+\s+)?by\s+(?:password\s+|values\s+)?[\"']([^\"'\n]+))",
    r"IDENTIFIED\s+BY\s+([^\s\"'`;]{3,})",
    r"machine\s+\S+\s+login\s+\S+\s+password\s+([^\s\\]+)",
    r"login\s+\S+\s+password\s+([^\s\\\"'()]*[0-9!@#$%^&*][^\s\\\"'()]*)",
    r"(?:requirepass|masterauth)\s+([^\s\\]+)",
    r"(?i:password|secret|key|key-string|encrypted)\s+[05789]\s+([^\s\\]{4,})",
    r"snmp-server\s+community\s+([^\s\\]+)",
)
_form = re.compile("|".join(_FORMS)).match
_LONGEST = 300
"""Characters of a command that are looked at."""

_options = re2.Options()
_options.max_mem = 8 << 20
_options.log_errors = False
_search = re2.compile(TRIGGER.encode(), _options)._regexp.Match  # noqa: SLF001 - see the gate
_UNANCHORED = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001


def find(text: str, data: bytes, most: int) -> Iterator[Span]:
    """The secrets in a text; ``data`` is the same text, one byte for each character.

    What is left behind so many is one secret: the text was written to keep us busy.
    """
    at, end = 0, len(data)
    for _ in range(most):
        start, stop = _search(_UNANCHORED, data, at, end)[0]
        if start < 0:
            return
        at = stop
        value = _behind(text, start)
        if value is not None:
            at = max(at, value[1])
            if not is_placeholder(text[slice(*value)]):
                yield (*value, "password")
    yield at, end, "password"


def _behind(text: str, start: int) -> tuple[int, int] | None:
    """Where the value of a command that begins there stands; for two forms, it stands before."""
    if text[start] in "\"'":  # "x" == password
        opening = text.rfind(text[start], max(0, start - _LONGEST), start)
        return (opening + 1, start) if start - 1 > opening >= 0 and "\n" not in text[opening:start] else None
    if text[start : start + 2] == "is":  # x is the password
        words = text[max(0, start - _LONGEST) : start].rstrip().rsplit(None, 1)
        word = words[-1].lstrip("/#;*\"'(") if words else ""
        begin = text.rfind(word, 0, start)
        return (begin, begin + len(word)) if len(word) > 3 and any(map(str.isdigit, word)) else None
    match = _form(text, start, start + _LONGEST)
    return match.span(match.lastindex) if match is not None and match.lastindex is not None else None
