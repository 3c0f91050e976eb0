"""From the bytes of a body to its text: content codings (RFC 9110 8.4.1) and charsets. Nothing raises, whatever comes.

The libraries for Brotli and Zstandard are imported when the first such body comes. Where one is missing, the body stays
what it is, and is told as binary.
"""

import codecs
import re
import sys
import zlib
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

_MOST_CODINGS = 4
"""Codings on top of each other; nobody honest uses more than two."""
_MOST_MEMBERS = 64
"""Members or frames one after another in one stream (RFC 1952 2.2, RFC 8878 3)."""
_RATIO = 256
"""What comes out may be this many times what went in: text reaches 20, JSON that repeats itself 100, bombs 1,000."""
_RATIO_FLOOR = 64 * 1024
"""Bytes that may come out however little went in."""
_ZSTD_WINDOW_LOG = 23
"""8 MiB: the largest window of the content coding (RFC 9659 3); what asks for more memory is not read."""
_PIECE = 16
"""Bytes that go at a time into a stream that is broken somewhere: no more than those are lost."""

_GZIP = (b"\x1f\x8b\x08",)
"""RFC 1952 2.3.1."""
_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60)))
"""Frames, and those to skip (RFC 8878 3.1)."""

_Machine = Any
"""``decompress(data, most bytes out)``, ``eof``, ``unused_data``, as in zlib."""


def decompress(data: bytes, content_encoding: str, cap: int) -> tuple[bytes, bool]:
    """What the codings hide, at most ``cap`` bytes, and whether that is all of it.

    A stream that ends early, or is corrupt, gives what came out of it. Left in place is a coding that is not known, and
    one of which nothing comes out: what it hides is binary, or the header tells what the body was before a proxy.
    """
    names = (name.strip().lower() for name in content_encoding.split(","))
    codings = [name for name in names if name and name != "identity"]
    if not codings:
        codings = ["gzip"] if data.startswith(_GZIP) else ["zstd"] if data.startswith(_ZSTD) else []
    whole = len(codings) <= _MOST_CODINGS
    for coding in codings[::-1][:_MOST_CODINGS]:
        undone = _undone(coding, data, min(cap, max(_RATIO_FLOOR, _RATIO * len(data))))
        if undone is not None and (undone[0] or undone[1]):
            data = undone[0]
            whole = whole and undone[1]
    return data, whole


def _undone(coding: str, data: bytes, limit: int) -> tuple[bytes, bool] | None:
    """The data without one coding, and whether all of it came out; None: it has no such coding, or it is not known."""
    if coding in {"gzip", "x-gzip"}:
        return _stream(data, partial(zlib.decompressobj, 31), limit, _GZIP) if data.startswith(_GZIP) else None
    if coding == "zstd":
        machine = _zstd() if data.startswith(_ZSTD) else None
        return _stream(data, machine, limit, _ZSTD) if machine else None
    if coding == "deflate":
        # RFC 9110 8.4.1.2: with the head of zlib (RFC 1950); some senders leave that out.
        undone = _stream(data, zlib.decompressobj, limit)
        return undone if undone[0] or undone[1] else _stream(data, partial(zlib.decompressobj, -15), limit)
    machine = _brotli() if coding == "br" else None
    return _stream(data, machine, limit) if machine else None


def _stream(data: bytes, new: Callable[[], _Machine], limit: int, marks: tuple[bytes, ...] = ()) -> tuple[bytes, bool]:
    """Member after member. If it breaks it is read again in small pieces, which keeps what comes before the break."""
    out, whole, broken = _members(data, new, limit, marks, len(data) or 1)
    if broken:
        out = _members(data, new, limit, marks, _PIECE)[0]
    return out, whole


def _members(
    data: bytes, new: Callable[[], _Machine], limit: int, marks: tuple[bytes, ...], piece: int
) -> tuple[bytes, bool, bool]:
    """What came out; whether that is all; whether the stream is broken."""
    out = bytearray()
    for _ in range(_MOST_MEMBERS):
        machine = new()
        at = 0
        while at < len(data) and not machine.eof:
            try:
                out += machine.decompress(data[at : at + piece], limit - len(out))
            except Exception:  # noqa: BLE001 - each library has errors of its own
                return bytes(out), False, True
            at += piece
            if len(out) >= limit:
                return bytes(out[:limit]), False, False
        if not machine.eof:
            return bytes(out), False, False
        data = machine.unused_data + data[at:]
        if not marks or not data.startswith(marks):
            return bytes(out), True, False
    return bytes(out), False, False


class _BrotliMachine:
    """Brotli's decompressor (RFC 7932) with the names that zlib uses."""

    __slots__ = ("_inner",)

    unused_data = b""

    def __init__(self, new: Callable[[], Any]) -> None:
        self._inner = new()

    @property
    def eof(self) -> bool:
        """Whether the stream is at its end."""
        return bool(self._inner.is_finished())

    def decompress(self, data: bytes, limit: int) -> bytes:
        """What comes out, about ``limit`` bytes at most; what is left inside is never asked for."""
        return bytes(self._inner.process(data, output_buffer_limit=limit))


@cache
def _brotli() -> Callable[[], _Machine] | None:
    try:
        return partial(_BrotliMachine, import_module("brotli").Decompressor)
    except ImportError:
        return None


@cache
def _zstd() -> Callable[[], _Machine] | None:
    try:
        library = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError:
        return None
    return partial(library.ZstdDecompressor, options={library.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


# ---- charsets ----

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32 before UTF-16, whose mark is the beginning of its own."""

_CHARSETS = frozenset({
    "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7", "iso8859-1", "ascii", "cp1250",
    "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp866", "cp437", "cp850",
    "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9",
    "iso8859-10", "iso8859-11", "iso8859-13", "iso8859-14", "iso8859-15", "iso8859-16", "koi8-r", "koi8-u",
    "mac-roman", "gb2312", "gbk", "gb18030", "big5", "euc_jp", "shift_jis", "cp932", "iso2022_jp", "euc_kr", "cp949",
    "tis-620",
})  # fmt: skip
"""Codecs of the WHATWG Encoding standard, by Python's names. Others are no charsets (``zip``), or slow (``idna``)."""
_STATEFUL = {"utf-7": b"+", "iso2022_jp": b"\x1b"}
"""Charsets that write everything in ASCII, and the byte by which they change meaning."""

_CHARSET = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?([A-Za-z0-9_.:\-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(
    rb"(?:<\?xml[^<>]{0,200}?\bencoding|<meta[^<>]{0,200}?\bcharset)\s{0,8}=\s{0,8}[\"']?([A-Za-z0-9_.:\-]{1,40})"
)
"""XML 1.0 4.3.3 and HTML 13.2.3.2: a document may say in itself what its charset is, within its first 1,024 bytes."""
_DECLARATION_BYTES = 1024
_PATTERN_BYTES = 256


def to_text(data: bytes, content_type: str = "") -> str:
    """The text of a body; what is not text in its charset becomes U+FFFD. The text can always be written as UTF-8.

    Marks and patterns in the data come first, then UTF-8 if the data is that: what is declared is wrong more often than
    a text is UTF-8 by chance.
    """
    for bom, charset in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(charset, "replace")
    charset = wide(data)
    if charset:
        return data.decode(charset, "replace")
    declared = charset_of(data, content_type)
    if declared in _STATEFUL and _STATEFUL[declared] in data:
        return _clean(data.decode(declared, "replace"))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not declared:
            return data[: error.start].decode()
        return _clean(data.decode(declared or "utf-8", "replace"))


def wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, told by where the zeros of its ASCII characters are; "" if it is neither.

    As RFC 4627 3 does for JSON; but over more characters, and where most of them are ASCII.
    """
    head = data[:_PATTERN_BYTES]
    if b"\0" not in head or len(head) < 4:
        return ""
    lanes = [head[lane::4].count(0) * 4 / len(head) for lane in range(4)]
    low = [lane < 0.1 for lane in lanes]
    high = [lane > 0.6 for lane in lanes]
    if high[1] and high[2] and high[3] and low[0]:
        return "utf-32-le"
    if high[0] and high[1] and high[2] and low[3]:
        return "utf-32-be"
    if high[1] and high[3] and low[0] and low[2]:
        return "utf-16-le"
    if high[0] and high[2] and low[1] and low[3]:
        return "utf-16-be"
    return ""


def charset_of(data: bytes, content_type: str) -> str:
    """The charset that the message declares, by Python's name; "" if none that is known."""
    match = _CHARSET.search(content_type)
    if match:
        return _codec(match[1])
    inner = _DECLARED.search(data, 0, _DECLARATION_BYTES) if b"<" in data[:64] else None
    return _codec(inner[1].decode("ascii")) if inner else ""


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    return name if name in _CHARSETS else ""


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which some codecs let through and UTF-8 cannot write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
