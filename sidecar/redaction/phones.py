"""Phone numbers: international ones by country code and length, national ones by shapes or by the word before them.

The shapes are those in which numbers are written (ITU-T E.123 and the national habits it sums up). Digits alone are a
phone number only after a word such as ``phone``, or under such a name.
"""

import re
from collections.abc import Iterator

from sidecar.redaction.context import any_of, listed, lowered, outside_markers, words
from sidecar.redaction.family import Family, Span

_COUNTRIES = listed("""
    1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86
    90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238
    239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268
    269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 379 380 381 382
    383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670
    672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853 855 856 870 878
    880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 993 994 995 996
    998
    """)
"""Assigned country codes (ITU-T E.164, list of 1 November 2016 and its amendments)."""

_CODES = {
    start: next(start[:length] for length in (1, 2, 3) if start[:length] in _COUNTRIES)
    for start in map(str, range(100, 1000))
    if any(start[:length] in _COUNTRIES for length in (1, 2, 3))
}
"""The first three digits of a number -> its country code: no code is the beginning of another."""

_NATIONAL_DIGITS = {
    "1": (9, 10), "7": (10, 10), "20": (8, 10), "27": (9, 9), "30": (10, 10), "31": (9, 9), "32": (8, 9), "33": (9, 9),
    "34": (9, 9), "36": (8, 9), "39": (6, 11), "40": (9, 9), "41": (9, 9), "43": (6, 13), "44": (9, 10), "45": (8, 8),
    "46": (7, 10), "47": (8, 8), "48": (9, 9), "49": (6, 13), "51": (8, 9), "52": (10, 11), "54": (10, 11),
    "55": (10, 11), "56": (9, 9), "57": (8, 10), "60": (8, 10), "61": (9, 9), "62": (7, 12), "63": (8, 10),
    "64": (8, 10), "65": (8, 8), "66": (8, 9), "81": (9, 10), "82": (8, 11), "84": (9, 10), "86": (10, 11),
    "90": (10, 10), "91": (10, 10), "92": (9, 10), "98": (10, 10), "351": (9, 9), "353": (7, 9), "358": (5, 12),
    "380": (9, 9), "420": (9, 9), "971": (8, 9), "972": (8, 9),
}  # fmt: skip
"""Fewest and most digits after the country code and trunk zero (national numbering plans at the ITU). Others: 5 to 12.

+1 has ten; nine are let through for ``+1234567890``, which people write as an example.
"""

_GAP = r"[ .\-/()\u00a0\u2007\u2009\u202f\u2010-\u2015\u2212]"
_EXTENSION = re.compile(r"(?:[ ,;]{0,2}(?:ext|extension|Ext|EXT)\b[ .:=]{0,2}| ?[xX#] ?)[0-9]{1,6}(?!\w)")
_DIGITS = re.compile(r"[0-9]+")
_FIVE = re.compile(rf"[0-9](?:{_GAP}{{0,3}}[0-9]){{4}}")
"""Fewer digits are no number."""

_INTERNATIONAL = re.compile(
    rf"[+%0](?:(?<=\+)|(?<=%)2[Bb]|(?<=0)(?<![\w.\-/,].)0(?=[ ]?[2-9][0-9]{{0,2}}{_GAP}))"
    rf" ?(?P<number>\(?[1-9](?:{_GAP}{{0,3}}+[0-9]){{5,24}}+)"
)
"""A plus (also as ``%2B``) and digits in any groups; or 00 and a country code that stands by itself."""

_SHAPE = re.compile(
    r"""[(0-9](?<![\w+].)(?<![\w)][.\-/+].)(?:
        (?<=\()[0-9]{3}\)[ \-]?[0-9]{3}[ .\-][0-9]{4}
      | (?<=\()0[0-9]{1,4}\)[ .\-]?[0-9]{3,8}(?:[ .\-][0-9]{2,5}){0,3}
      | (?<=\()[1-9][0-9]\)[ ]?9?[0-9]{4}-[0-9]{4}
      | (?:(?<=1)|(?<=0)01)[ .\-]?\([0-9]{3}\)[ \-]?[0-9]{3}[ .\-][0-9]{4}
      | (?:(?<=1)-[0-9]|(?<=0)01-[0-9]|(?<=[0-9]))[0-9]{2}-[0-9]{3}-[0-9]{4}
      | (?:(?<=1)[ .][2-9]|(?<=[2-9]))[0-9]{2}(?:\.[2-9][0-9]{2}\.|[ /][2-9][0-9]{2}-)[0-9]{4}
      | (?<=1)[3-9][0-9]-[0-9]{4}-[0-9]{4}
      | (?<=0)[0-9]{1,3}-[0-9]{2,3}(?:[ ][0-9]{2,3}){2} | (?<=0)[0-9]{2,3}-[0-9]{3}[ ][0-9]{2,3}
      | (?<=0)(?P<national>[1-9][0-9]{0,3}
            (?:(?:[ ][0-9]{2,8}){1,4} | (?:-[0-9]{2,8}){1,4} | (?:\.[0-9]{2}){4} | (?:\.[0-9]{3}){2}))
    )(?:(?!\w)|(?=[xX][0-9]))(?![.\-/][0-9])""",
    re.VERBOSE,
)
"""North America's (415) 555-2671, 1-415-555-2671, 415.555.2671, 415 555-2671; area codes in brackets: (020) 7946 0958,
(11) 91234-5678; China's 138-1234-5678; Sweden's 08-123 456 78; and what begins with a trunk zero, in
groups that ``_GROUPS`` knows.
"""

_GROUPS = frozenset({
    (5, 6), (4, 7), (4, 6), (3, 8), (3, 7), (2, 8), (4, 8), (5, 5), (5, 7), (3, 6),
    (3, 4, 4), (4, 3, 4), (5, 3, 3), (4, 3, 3), (2, 4, 4), (3, 3, 4), (2, 3, 4), (4, 2, 4), (3, 4, 3), (4, 4, 3),
    (3, 3, 2, 2), (2, 3, 2, 2), (4, 2, 2, 2), (3, 2, 2, 2), (4, 3, 2, 2), (2, 2, 2, 2, 2),
})  # fmt: skip
"""Groups of national numbers with their trunk zero: British, Dutch, German, Japanese, Korean, Australian, Swiss, ..."""

_STRONG = (
    "phone|phones|telephone|tel|cell|cellphone|mobile|fax|whatsapp|msisdn|hotline|helpline|voicemail|viber|landline|ph|mob|"
    "telefon|telefono|teléfono|telefone|téléphone|tél|telefoon|handy|mobil|móvil|movil|celular|cellulare|portable|"
    "handynummer|telefonnummer|telefoonnummer|rufnummer|mobilnummer"
)
_WEAK = "call|called|dial|dialed|ring|text|texted|sms|reach|contact|callback"
_FILLER = (
    "number|numbers|no|nr|num|is|was|at|on|us|me|him|her|them|back|now|to|the|my|our|your|home|work|office|or|and|"
    "phone|mobile|cell|changed|from|for|via|line|direct|número|numero|numéro|nummer|primary|contact|please|new|old"
)
_AFTER_WORD = re.compile(
    rf"(?<![a-z0-9_])(?:(?:{any_of(_STRONG)})|(?P<weak>{any_of(_WEAK)}))(?![a-z0-9])"
    rf"(?P<filler>[^0-9a-z\n]{{1,3}}(?:{any_of(_FILLER)})(?![a-z0-9])){{0,4}}[^0-9a-z\n]{{0,4}}"
    rf"(?<![.,_\-])(?P<number>[0-9](?:{_GAP}{{0,2}}[0-9]){{5,14}}+)(?![\w%:])"
)
_URI = re.compile(
    r"(?:(?<!\w)(?:tel|sms|callto|whatsapp):(?://)?|(?<!\w)wa\.me/)(?P<number>\+?[0-9(][0-9.()\-]{3,24}[0-9])"
)
"""RFC 3966, RFC 5724 and their relatives: what follows is a number, local ones of few digits too."""

_OTHER = re.compile(
    r"(?:19|20)[0-9]{2}([.\-/ ]?)(?:0[1-9]|1[0-2])\1(?:[0-2][0-9]|3[01])(?![0-9]{3})"
    r"|[0-3]?[0-9]([.\-/ ])[0-3]?[0-9]\2(?:19|20)[0-9]{2}(?![0-9])|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])"
)
"""Dates and IPv4 addresses, which have as many digits as short phone numbers."""

_PARTS = re.compile("[ .-]")
_LEAST_WORDS = 8
"""Characters around a number that make it one in a sentence."""
_LONGEST_BARE = 16
_LEAST_DIGITS = 5
_FEW = 4
_NAMES = listed("contact contacts recipient caller callee whatsapp sms mobile cell tel telephone phone fax")
_OTHER_NAMES = listed("""
    id ids sku isbn ean upc gtin asin order invoice version build release serial model part tracking hash sha checksum
    timestamp date time amount price total coordinates range zip ref reference ticket case size
    """)
"""Under these names a shape without a plus is something else, as the ``415-555-2671`` of a Google Ads customer id."""


def _find(text: str, key: str) -> list[Span]:
    if _FIVE.search(text) is None:
        return []
    found: list[tuple[int, int]] = []
    if "+" in text or "00" in text or "%2" in text:
        for match in _INTERNATIONAL.finditer(text):
            end = _international_end(text, match)
            if end:
                found.append((match.start(), end))
    if _are_left(text, found) and _SHAPE.search(text) is not None:
        found += _national(text, key)
        found.sort()
    if _are_left(text, found):
        if text.lower() != text.upper():  # there are letters
            found += _after_words(text)
            if ":" in text or "wa.me/" in text:
                found += _in_uris(text)
            found.sort()
        elif len(text) <= _LONGEST_BARE and _is_bare(text) and not words(key).isdisjoint(_NAMES):
            return [(0, len(text), "phone")]
    spans: list[Span] = []
    end = 0
    for start, stop in found:
        if start >= end:
            extension = _EXTENSION.match(text, stop) if stop < len(text) else None
            end = extension.end() if extension is not None else stop
            spans.append((start, end, "phone"))
    return spans


def _are_left(text: str, found: list[tuple[int, int]]) -> bool:
    """Whether there are digits for another number beside those that were found; of a few, as most texts hold one."""
    if not found or len(found) > _FEW:
        return True
    end = 0
    for start, stop in found:
        if start - end >= _LEAST_DIGITS and _FIVE.search(text, end, start) is not None:
            return True
        end = max(end, stop)
    return len(text) - end >= _LEAST_DIGITS and _FIVE.search(text, end) is not None


def _is_bare(text: str) -> bool:
    """Whether a text is digits, perhaps in groups, as many as a number with its country may have."""
    bare = text.replace(" ", "")
    return bare.isdecimal() and bare.isascii() and 9 <= len(bare) <= 12 and text[0] != " " != text[-1]


def _in_uris(text: str) -> Iterator[tuple[int, int]]:
    for match in _URI.finditer(text):
        if sum(map(str.isdigit, match["number"])) >= _LEAST_DIGITS:
            yield match.span("number")


def _international_end(text: str, match: re.Match[str]) -> int:
    """Where an international number ends; 0 if no country has one of this length."""
    begin = match.start()
    before = text[begin - 1] if begin else " "
    if before in "_+" or (before.isalnum() and (begin < 2 or text[begin - 2] != "\\")):
        return 0
    start, stop = match.span("number")
    if stop < len(text) and (text[stop].isalnum() or text[stop] == "_") and _EXTENSION.match(text, stop) is None:
        # The last group belongs to a word.
        stop = start + len(text[start:stop].rstrip("0123456789"))
    shown = text[start:stop]
    plain = shown.isdigit()
    digits = shown if plain else "".join(_DIGITS.findall(shown))
    code = _CODES.get(digits[:3])
    if code is None or digits[len(code) :].strip("0") == "":
        return 0
    fewest, most = _NATIONAL_DIGITS.get(code, (5, 12))
    # A trunk zero is written though it is not dialled: +44 (0)20 7946 0958.
    most += digits.startswith("0", len(code))
    if plain:
        amount = digits.endswith("000000")
        return stop if fewest <= len(digits) - len(code) <= most and not amount else 0
    end, count = 0, -len(code)
    for group in _DIGITS.finditer(text, start, stop):
        count += group.end() - group.start()
        if count > most:
            break  # a date or an amount after the number
        if count >= fewest:
            end = group.end()
    return end


def _national(text: str, key: str) -> Iterator[tuple[int, int]]:
    """Numbers by their shape alone."""
    for match in _SHAPE.finditer(text):
        if match["national"] is not None and tuple(map(len, _PARTS.split(match[0]))) not in _GROUPS:
            continue
        start, end = match.span()
        # Under the name of another number, only what stands in a sentence, or has the brackets of an area code.
        if (
            text[start] == "("
            or words(key).isdisjoint(_OTHER_NAMES)
            or (end - start + _LEAST_WORDS < len(text) and text.count(" ") > 1)
        ):
            yield start, end


def _after_words(text: str) -> Iterator[tuple[int, int]]:
    """Digits in any groups, after a word that tells what they are."""
    lower = lowered(text)
    for match in _AFTER_WORD.finditer(lower):
        number = match["number"]
        count = sum(map(str.isdigit, number))
        fewest = 6 if match["weak"] is None else 7 if match["filler"] is not None else 9
        if count >= fewest and _OTHER.match(lower, match.start("number")) is None:
            # A bracket of the area code belongs to the number.
            yield match.start("number") - lower.startswith("(", match.start("number") - 1), match.end("number")


_TRIGGER_GAP = r"[ .\-/()\x{a0}\x{2007}\x{2009}\x{202f}\x{2010}-\x{2015}\x{2212}]"
PHONE_FAMILY = Family(
    "phone",
    rf"(?:\+|%2[Bb]|\b00) ?\(?[1-9](?:{_TRIGGER_GAP}{{0,3}}[0-9]){{5}}"
    r"|[0-9]{3}(?:-[0-9]{3}-|\)[ \-]?[0-9]{3}[ .\-]|\.[2-9][0-9]{2}\.|[ /][2-9][0-9]{2}-)[0-9]{4}"
    r"|\((?:0[0-9]{1,4}|[1-9][0-9])\)[ .\-]?[0-9]{3}|\b0[0-9]{1,3}-[0-9]{2,3} [0-9]{2,3}\b"
    r"|\b1[3-9][0-9]-[0-9]{4}-[0-9]{4}|\b0[1-9](?:[ .\-]?[0-9]){7}"
    rf"|(?i:\b(?:{_STRONG}|{_WEAK}))[^0-9A-Za-z\n][^0-9\n]*[0-9](?:{_TRIGGER_GAP}{{0,2}}[0-9]){{5}}"
    r"|\b(?:tel|sms|callto|whatsapp):|\bwa\.me/"
    r"|(?m:^)[0-9][0-9 ]{7,14}[0-9](?m:$)",
    outside_markers(_find),
)
"""``find`` tells numbers with their extension as ``phone``."""
