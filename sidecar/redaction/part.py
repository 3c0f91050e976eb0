"""The header of one part of a multipart body: what the part is called, and how it is to be read."""

import re
from base64 import b64decode
from binascii import Error
from quopri import decodestring
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sidecar.redaction.encodings import to_text

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9\-]{0,60}")
_FOLD = re.compile(r"\r?\n[ \t]+")
_PARAMETER = re.compile(
    r"(;\s{0,8}(name|filename)(\*?)\s{0,4}=\s{0,4})(?:\"((?:[^\"\\]++|\\.)*+)\"?|([^\s;\"]++))",
    re.IGNORECASE | re.DOTALL,
)
"""RFC 6266 4.1, RFC 7578 4.2; ``filename*`` is encoded as RFC 8187 says."""
_DISPOSITION = re.compile(r"content-disposition:[ \t]{0,8}[a-z\-]{0,20}", re.IGNORECASE)
"""What stands before the parameters."""
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ENCODING = "content-transfer-encoding"
_PLAIN = frozenset({
    "content-type", _ENCODING, "content-length", "content-range", "content-language", "content-encoding",
    "mime-version",
})  # fmt: skip
"""Fields that say how to read a part; what their names may mean elsewhere does not count."""


class Part:
    """The header of a part, redacted as it is read.

    ``name``, ``file``: of the field, and of its file as it may be shown; ``file`` is None where there is none.
    ``lines``: the header as it is shown. ``type``: its ``Content-Type``.
    """

    __slots__ = ("_encoding", "file", "lines", "name", "type")

    def __init__(self, head: str, scrub: "Scrub") -> None:
        self.name = ""
        self.file: str | None = None
        self.type = ""
        self._encoding = ""
        self.lines: list[str] = []
        for line in _FOLD.sub(" ", head).splitlines():
            shown = self._field(line, scrub)
            if shown is not None:
                self.lines.append(shown)

    def _field(self, line: str, scrub: "Scrub") -> str | None:
        name, _, rest = line.partition(":")
        lower = name.strip().lower()
        value = rest.strip()
        if _NAME.fullmatch(name) is None:
            return scrub.text(line)
        if lower == "content-disposition":
            return self._disposition(line, scrub)
        if lower == "content-type":
            self.type = value
        elif lower == _ENCODING:
            self._encoding = value.lower()
        shown = scrub.text(value) if lower in _PLAIN else scrub.value(value, name.strip())
        return None if shown is None else line if shown == value else f"{name}: {shown}"

    def _disposition(self, line: str, scrub: "Scrub") -> str:
        """The name of the field and of its file; what is neither is text."""
        pieces: list[str] = []
        at = 0
        for match in _PARAMETER.finditer(line):
            if at:
                pieces.append(scrub.text(line[at : match.start()]))
            elif _DISPOSITION.fullmatch(line, 0, match.start()):
                pieces.append(line[: match.start()])
            else:
                pieces.append(scrub.text(line[: match.start()]))
            pieces.append(self._parameter(match, scrub))
            at = match.end()
        return "".join((*pieces, scrub.text(line[at:])))

    def _parameter(self, match: re.Match[str], scrub: "Scrub") -> str:
        before, kind, extended, quoted, token = match.groups()
        value = _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else token
        if extended:
            value = value.rpartition("'")[2]
        # Browsers write quotes and line breaks in names percent-encoded too (HTML 4.10.21.8).
        value = unquote(value)
        # The name of a field is shown like any name; that of a file is a value.
        shown = scrub.shapes(value) if kind.lower() == "name" else scrub.text(value)
        if kind.lower() == "name":
            self.name = value
        else:
            self.file = shown
        return match[0] if shown == value else f'{before.replace("*", "")}"{shown}"'

    def text(self, body: bytes) -> str:
        """The body as text, decoded from Base64 or quoted-printable (RFC 2045 6) if it is that."""
        if self._encoding == "base64":
            try:
                return to_text(b64decode(b"".join(body.split()), validate=True), self.type)
            except (Error, ValueError):
                pass
        elif self._encoding == "quoted-printable" and b"=" in body:
            return to_text(decodestring(body), self.type)
        return to_text(body, self.type)

    def decoded_lines(self) -> list[str]:
        """The header for a body that is shown decoded."""
        return [line for line in self.lines if not line.lower().startswith(_ENCODING)]
