"""E-mail addresses as mail systems use them: RFC 5321 4.1.2 without quoted names, RFC 6531 and IDNA for letters."""

import re
from string import ascii_letters, digits

from sidecar.redaction.context import listed, outside_markers
from sidecar.redaction.family import Family, Span
from sidecar.redaction.phones import PHONE_FAMILY

__all__ = ["EMAIL_FAMILY", "PHONE_FAMILY"]

_DOMAIN = (
    r"(?!v?[0-9]+\.[0-9xX])(?:"
    r"(?:[^\W_][\w\-]{0,62}+(?<![\-_])\.){1,8}(?P<top>xn--[0-9A-Za-z\-]{2,59}|[^\W\d_]{2,24})(?![\w@])"
    r"|\[(?:IPv6:[0-9A-Fa-f:.]{2,45}|[0-9]{1,3}(?:\.[0-9]{1,3}){3})\])"
)
"""Labels and a top-level domain of letters, or an address literal; not the version of a package."""
_AT = re.compile(f"@{_DOMAIN}")
_AT_OR_ENCODED = re.compile(f"(?:@|%40){_DOMAIN}")
"""``%40`` stands in URLs. Without it, the sign is found at the speed of memory."""

_LOCAL_BACKWARDS = re.compile(r"(?:[Bb]2%|[\w.+'~\-])++")
"""What may stand before the sign, read backwards. Of RFC 5321 the signs that people and lists use; ``%2B`` is a plus.

Not ``= & / ! #``, which part an address from what is before it; nor ``*``, which a masked address has.
"""
_LOCAL_ASCII = ascii_letters + digits + "_.+'~-"
_ESCAPES = frozenset({"20", "22", "26", "27", "2C", "2F", "3A", "3B", "3C", "3D", "3F"})
"""What stands before an address in percent-encoded text, less its ``%``."""
_LOCAL_CHARS = 128
"""RFC 5321 4.5.3.1.1 allows 64, and addresses of bounces exceed it."""

_FILES = listed("""
    png jpg jpeg gif svg webp avif ico bmp tif tiff pdf css scss less js mjs cjs jsx ts tsx vue json jsonl xml yml yaml
    toml html htm txt csv log lock map wasm woff ttf otf eot exe dll jar war whl tar gz tgz bz rar deb rpm dmg iso bin
    conf cfg ini service socket timer slice mount automount swap
    """)
_NO_DOMAINS = _FILES | {ending.upper() for ending in _FILES} | {ending.title() for ending in _FILES}
"""Endings of files and units that are no top-level domains: ``icon@2x.png``, ``getty@tty1.service``."""

_PATH_CHARS = 205
_PATH = re.compile(r":(?![0-9]+(?:[/\s]|\Z))\S{1,200}?\.git(?![\w.])")
_REMOTES = frozenset({"git", "hg", "svn", "gitea", "gitlab", "gitolite", "ssh", "cvs"})
"""``git@host:path`` and ``user@host:path.git`` name a place (git-clone(1), "GIT URLS"), not a person."""


def _find(text: str, key: str) -> list[Span]:  # noqa: ARG001 - an address is one under every name
    spans: list[Span] = []
    plain = text.isascii() and "%" not in text
    search = (_AT if plain or "%40" not in text else _AT_OR_ENCODED).search
    past = end = 0
    while (match := search(text, end)) is not None:
        at, end = match.span()
        low = at - _LOCAL_CHARS
        before = text[low if low > past else past : at]
        if plain:
            name = before[len(before.rstrip(_LOCAL_ASCII)) :].lstrip(".'-~")
        else:
            local = _LOCAL_BACKWARDS.match(before[::-1])
            name = local[0][::-1].lstrip(".'-~") if local is not None else ""
        start = at - len(name)
        if not plain and text[start - 1 : start] == "%" and name[:2].upper() in _ESCAPES:
            start += 2
        if not name or match["top"] in _NO_DOMAINS or (start > 2 and text[start - 3 : start] == "://"):
            continue
        if text[end : end + 1] != ":" or not _is_place(text, end, name):
            past = end
            spans.append((start, end, "email"))
    return spans


def _is_place(text: str, at: int, name: str) -> bool:
    """Whether a colon behind an address makes it a remote repository."""
    after = text[at + 1 : at + 2]
    if after in ("/", "~") or (name in _REMOTES and after.strip() != ""):
        return True
    return text.find(".git", at, at + _PATH_CHARS) > 0 and _PATH.match(text, at) is not None


EMAIL_FAMILY = Family(
    "email",
    # As above, without what the exact search looks at more closely.
    r"[\w.+'~\-\x{80}-\x{10ffff}](?:@|%40)[0-9A-Za-z\[\x{80}-\x{10ffff}]",
    outside_markers(_find),
)
"""``find`` tells addresses as ``email``, those of machines and ``noreply`` too."""
