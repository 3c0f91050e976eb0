"""One spelling for characters that look the same or are not seen, so that they hide no value from the detectors.

Full-width digits, digits with zero-width spaces between them, and digits with dashes that do not break are all the same
card to who reads them. Letters of other alphabets that look like Latin ones stay: in most texts they are just letters.
"""

import re
import unicodedata

_DIGIT_ZEROS = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
)  # fmt: skip
"""The zeros of all sets of decimal digits (Unicode 14, general category Nd); one to nine follow each."""

_UNSEEN = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0x1D173, 0x1D17A), (0xE0100, 0xE01EF),
)  # fmt: skip
"""Soft hyphen, zero-width and bidi characters, variation selectors (Unicode, Default_Ignorable_Code_Point)."""

_SPACES = ((0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000))
"""Unicode, general category Zs."""
_DASHES = ((0x2010, 0x2015), (0x2043, 0x2043), (0x2212, 0x2212), (0xFE58, 0xFE58))
_DOTS = ((0x3002, 0x3002), (0xFF61, 0xFF61))
"""Full stops that a host name may be written with (UTS 46, section 4)."""
_TAGS = (0xE0020, 0xE007E)
"""Tag characters: ASCII that is not shown at all."""

_COMPATIBLE = (
    (0xB2, 0xB3), (0xB9, 0xB9), (0x1D2C, 0x1D6A), (0x2024, 0x2024), (0x2070, 0x209C), (0x210A, 0x2115),
    (0x2119, 0x211D), (0x2124, 0x2134), (0x2139, 0x2139), (0x2145, 0x2149), (0x2160, 0x217F), (0x2460, 0x24EA),
    (0xFB00, 0xFB06), (0xFE13, 0xFE14), (0xFE33, 0xFE34), (0xFE4D, 0xFE6B), (0xFF01, 0xFF5E), (0x1D400, 0x1D7FF),
    (0x1F100, 0x1F14F),
)  # fmt: skip
"""Full-width, small, raised, lowered, circled and mathematical forms, which NFKC makes ASCII (UAX 15)."""


def _table() -> dict[int, str]:
    table: dict[int, str] = {}
    for ranges, plain in ((_UNSEEN, ""), (_SPACES, " "), (_DASHES, "-"), (_DOTS, ".")):
        for first, last in ranges:
            table.update(dict.fromkeys(range(first, last + 1), plain))
    for first, last in _COMPATIBLE:
        for code in range(first, last + 1):
            plain = unicodedata.normalize("NFKC", chr(code))
            if plain.isascii():
                table.setdefault(code, plain)
    for zero in _DIGIT_ZEROS:
        table.update({zero + value: str(value) for value in range(10)})
    first, last = _TAGS
    table.update({code: chr(code - first + 0x20) for code in range(first, last + 1)})
    return table


def _any_of(codes: list[int]) -> re.Pattern[str]:
    """A pattern that matches any of the characters; in ranges, since those are looked up faster."""
    pieces: list[str] = []
    start = 0
    for index, code in enumerate(codes):
        if index + 1 == len(codes) or codes[index + 1] != code + 1:
            pieces.append(f"{chr(codes[start])}-{chr(code)}")
            start = index + 1
    return re.compile(f"[{''.join(pieces)}]")


_TABLE = _table()
_FOLDABLE = _any_of(sorted(_TABLE))


def fold(text: str) -> str | None:
    """The text as it reads: with ASCII digits, letters, spaces and dashes, and nothing unseen; None if it is that."""
    if text.isascii() or _FOLDABLE.search(text) is None:
        return None
    return text.translate(_TABLE)
