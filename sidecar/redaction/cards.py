"""Payment card numbers: issuer range, length, regular grouping and Luhn; also the tracks of a magnetic stripe.

Luhn alone passes one number in ten. With the ranges of the networks, 3 % of random 16-digit numbers are left: a bare
number under any name but that of a time is taken for a card, as a card number in a log is worse than a masked id.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from sidecar.redaction.checksums import DOUBLED, VALUES, luhn
from sidecar.redaction.context import listed, outside_markers, words
from sidecar.redaction.family import Family, Span

_NETWORKS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("Visa", "4000-4999", (13, 16, 19)),
    ("Mastercard", "2221-2720 5100-5599", (16,)),
    ("American Express", "3400-3499 3700-3799", (15,)),
    ("Diners Club", "3000-3059 3095 3600-3699 3800-3999", (14, 15, 16, 19)),
    ("JCB", "3528-3589", (16, 17, 18, 19)),
    ("JCB, of old and as generators of test data make them", "3500-3599", (16,)),
    ("JCB of old", "1800 2131", (15,)),
    ("Discover", "6011 6440-6599", (16, 19)),
    ("UnionPay", "6200-6299 8100-8171", (16, 17, 18, 19)),
    ("Maestro", "0604 5018 5020 5038 5893 6304 6333-6334 6390 6703-6709 6759-6771 6799", (12, 13, 16, 18, 19)),
    ("Maestro of old", "5600-5899", (12, 16)),
    ("Mir", "2200-2205", (16, 17, 18, 19)),
    ("RuPay", "5080-5089 6000-6099 8171-8299 3530-3539 3560-3569", (16,)),
    ("Troy", "9792", (16,)),
    ("Elo", "5041 5066-5067 5090 6277 6362-6363", (16,)),
    ("Verve", "5060-5061 5078-5079", (16, 18, 19)),
    ("Dankort", "5019", (16,)),
    ("InterPayment and InstaPayment", "6360-6399", (16, 19)),
    ("Uzcard and Humo", "5614 8600 9860", (16,)),
    ("Napas", "9704", (16, 19)),
)
"""Network, ranges of the first four digits, lengths.

Sources: ISO/IEC 7812-1 and the networks' own ranges: Visa Core Rules 4; Mastercard BIN table (2-series); Amex "Card
identification"; Discover "IIN ranges for acquirers" (also Diners, UnionPay, JCB); NSPK (Mir); NPCI (RuPay); BKM (Troy);
Elo "Tabela de BINs"; Interswitch (Verve); Nets (Dankort); NAPAS. Private label and closed networks are not in it.
"""

_MAESTRO = re.compile(r"5[06-8]|6[1-9]")
"""All of Maestro's range (Mastercard Rules, Maestro). Too wide for a bare number; enough for one in groups of four."""


def _lengths() -> dict[str, frozenset[int]]:
    table: dict[str, frozenset[int]] = {}
    for _, ranges, lengths in _NETWORKS:
        for part in ranges.split():
            first, _, last = part.partition("-")
            for prefix in range(int(first), int(last or first) + 1):
                table[f"{prefix:04}"] = table.get(f"{prefix:04}", frozenset()).union(lengths)
    return table


_LENGTHS = _lengths()
_NONE: frozenset[int] = frozenset()

# No-break and thin spaces, and the dashes of Unicode, stand where people paste numbers from documents.
_SEPARATOR = r"[ .\-\u00a0\u2007\u2009\u202f\u2010-\u2015\u2212]"

_NUMBER = re.compile(
    rf"""[0-689](?:(?<![0-9A-Za-z_].)|(?<=\\[nrt].))(?<![0-9][.\-].)(?:
        [0-9]{{11,18}}
      | [0-9]{{3}}(?P<four>{_SEPARATOR})[0-9]{{4}}(?P=four)[0-9]{{4}}(?P=four)[0-9]{{1,4}}
        (?P<tail>(?P=four)[0-9]{{1,3}})?
      | [0-9]{{3}}(?P<six>{_SEPARATOR})[0-9]{{6}}(?P=six)[0-9]{{4,5}}
      | [0-9]{{3}}(?P<three>{_SEPARATOR})[0-9]{{3}}(?P=three)[0-9]{{3}}(?P=three)[0-9]{{3}}
      | [0-9]{{5}}(?P<long>{_SEPARATOR})[0-9]{{13}}
    )(?![0-9A-Za-z_])""",
    re.VERBOSE,
)
"""Bare, or in the groups printed on cards: 4-4-4-4(-3), 4-6-5 and 4-6-4, 4-3-3-3, 6-13, with one separator throughout.

Not inside a word or a fraction, but after the escape of a line break that nobody undid. What stands before is looked
at after the first digit, so that the search can skip all that is no digit.
"""

_ROW = re.compile(r"[0-9]{4}(?: [0-9]{4}){7,}+(?![0-9])")
"""A row of groups of four, longer than a card: a table of numbers, or several cards in a line."""

_TRACK_1 = re.compile(r"[Bb](?<![0-9A-Za-z].)([0-9]{12,19})\^[^\^\n\[\]]{2,26}\^[0-9]{4}[^?\n\[\]]{0,60}+\??")
_TRACK_2 = re.compile(r"[0-9](?<![0-9A-Za-z].)[0-9]{11,18}+[=D][0-9]{7,26}F?\??(?![0-9A-Za-z])")
"""ISO/IEC 7813 tracks 1 and 2, the sentinels optional; D for = as in EMV tag 57 (EMV Book 3, annex A)."""

_IN_TRACK = re.compile("[0-9][=D][0-9]")

_TIMES = listed(
    "timestamp timestamps time ts date datetime created updated modified epoch millis ms nanos ns micros us"
)
_PRODUCTS = listed("ean ean13 gtin gtin13 gtin14 isbn isbn13 upc barcode sku asin jan issn")
_ACCOUNTS = listed("id ids account accounts owner order orders tracking upc arn project tenant number serial")
_PRODUCT_BEFORE = re.compile(r"(?i)\b(?:ean|gtin|isbn|upc|barcode|jan)(?:-?1[34])?\W{0,3}\Z")


def is_card(number: str) -> bool:
    """Whether bare digits, as of an integer in JSON, are a card number."""
    return len(number) in _LENGTHS.get(number[:4], _NONE) and luhn(number)


def _in_groups(number: str) -> bool:
    return is_card(number) or (12 < len(number) < 20 and _MAESTRO.match(number) is not None and luhn(number))


def _find(text: str, key: str) -> list[Span]:
    spans: list[Span] = []
    at = 0
    while (match := _NUMBER.search(text, at)) is not None:
        end = _end_of_card(text, match, key)
        if end:
            spans.append((match.start(), end, "card_number"))
            at = end
        elif match["four"] == " " and (row := _ROW.match(text, match.start())) is not None:
            spans += _row(row)
            at = row.end()
        else:
            # The groups before a card may be no part of it: "order 5512 4242 4242 4242 4242".
            at = match.start() + 4
    return spans


def _tracks(text: str) -> Iterator[Span]:
    if "^" in text:
        for match in _TRACK_1.finditer(text):
            if _in_groups(match[1]):
                yield (match.start() - text.startswith("%", match.start() - 1), match.end(), "card_number")
    if "=" in text or "D" in text:
        for match in _TRACK_2.finditer(text):
            if _in_groups(re.split("[=D]", match[0], maxsplit=1)[0]):
                yield (match.start() - text.startswith(";", max(0, match.start() - 1)), match.end(), "card_number")


def _row(row: re.Match[str]) -> Iterator[Span]:
    """Every sixteen digits in a row of groups of four, by sums from its start: Luhn takes no time per place."""
    number = row[0].replace(" ", "").encode()
    values = bytearray(len(number))
    values[0::2] = number[0::2].translate(DOUBLED)
    values[1::2] = number[1::2].translate(VALUES)
    sums = list(accumulate(values, initial=0))[::4]
    end = 0
    for group in [group for group in range(len(sums) - 4) if (sums[group + 4] - sums[group]) % 10 == 0]:
        start = row.start() + group * 5
        if start >= end and 16 in _LENGTHS.get(row[0][group * 5 : group * 5 + 4], _NONE):
            end = start + 19
            yield (start, end, "card_number")


def _end_of_card(text: str, match: re.Match[str], key: str) -> int:
    """Where a card number ends, with a third group of three or without it; 0 if it is none."""
    start, end, group = match.start(), match.end(), match.lastgroup
    if group is None:
        if text[max(0, start - 2) : start] == "0,":
            return 0  # a fraction, where a comma parts it
        return end if is_card(match[0]) and not _something_else(text, start, end, key) else 0
    separator = match[group][0] if group == "tail" else match[group]
    if text[end : end + 1] == separator != " " and text[end + 1 : end + 2].isdigit():
        return 0
    if _in_groups(match[0].replace(separator, "")):
        return end
    if group == "tail" and separator == " ":
        end = match.start("tail")
        if _in_groups(text[start:end].replace(separator, "")):
            return end
    return 0


def _something_else(text: str, start: int, end: int, key: str) -> bool:
    """Whether bare digits are plainly the fraction of a number, a time, or a product's number."""
    after = text[end : end + 2]
    if after[:1] == "." and after[1:].isdigit():
        return True
    named = words(key)
    if not named.isdisjoint(_TIMES) or ("at" in named and key[-2:].lower() == "at"):
        return True
    if end - start == 12:  # also what numbers of accounts at a cloud have, as in arn:aws:iam::123456789012:root
        return (text[start - 1 : start] == ":" == text[end : end + 1]) or not named.isdisjoint(_ACCOUNTS)
    return end - start == 13 and (
        not named.isdisjoint(_PRODUCTS) or _PRODUCT_BEFORE.search(text[max(0, start - 12) : start]) is not None
    )


def _search(text: str, key: str) -> list[Span]:
    """Tracks, and numbers outside of them."""
    if "^" not in text and (("=" not in text and "D" not in text) or _IN_TRACK.search(text) is None):
        return _find(text, key)
    spans: list[Span] = []
    rest: list[str] = []
    at = 0
    for start, end, kind in sorted(_tracks(text)):
        if start >= at:
            spans.append((start, end, kind))
            rest += (text[at:start], "\n" * (end - start))
            at = end
    spans += _find("".join(rest) + text[at:], key)
    return sorted(spans)


_TRIGGER_SEPARATOR = r"[ .\-\x{a0}\x{2007}\x{2009}\x{202f}\x{2010}-\x{2015}\x{2212}]"
CARD_FAMILY = Family(
    "card number",
    # The first digit is seldom 0 or 1 and never 7: times in milli-, micro- and nanoseconds until 2033 begin with 1.
    r"(?:(?m:^)|[^0-9.\n]|\.)(?:"
    rf"[2-689](?:[0-9]{{11}}|[0-9]{{3}}(?:{_TRIGGER_SEPARATOR}[0-9]{{3,6}}){{2}}|[0-9]{{5}}{_TRIGGER_SEPARATOR}[0-9]{{13}})"
    rf"|(?:0604|1800)(?:[0-9]{{8}}|{_TRIGGER_SEPARATOR}[0-9]{{3}}))",
    outside_markers(_search),
)
"""``find`` tells whole card numbers and whole tracks as ``card_number``."""
