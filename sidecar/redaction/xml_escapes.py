"""Character references of XML and HTML, read and written."""

import re
from html.entities import html5

from sidecar.redaction.cut import TRUNCATED

_REFERENCE = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MOST = 4096
"""References in one text that are read, beside those of brackets and quotes, which XML written as text is full of."""
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def unescaped(text: str) -> str:
    """With characters in the place of their references (XML 1.0 4.1; HTML 13.5 names them). Others are left alone.

    A text with too many to read is ``<truncated>``: what they hide would stay hidden from the detectors too.
    """
    if "&" not in text:
        return text
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'")
    if "&" not in text:
        return text
    return _REFERENCE.sub(_character, text) if text.count("&") <= _MOST else TRUNCATED


def escaped(text: str) -> str:
    """Text that may stand between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(text: str) -> str:
    """Text that may stand in an attribute, whatever its quotes."""
    return escaped(text).replace('"', "&quot;").replace("'", "&#39;")


def unquoted(text: str) -> str:
    """Text that may stand in an attribute that has no quotes: with some, if it needs them."""
    text = quoted(text)
    return f'"{text}"' if not text or any(map(str.isspace, text)) else text


def in_cdata(text: str) -> str:
    """Text that may stand in a CDATA section (XML 1.0 2.7): its end is split over two."""
    return text.replace("]]>", "]]]]><![CDATA[>")


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "#":
        return html5.get(f"{name};", match[0])
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(code) if 0 < code <= _LAST_CHARACTER and code not in _SURROGATES else match[0]
