"""Bank accounts: IBAN by country, length, structure and checksum; other numbers only after the word that tells them.

A BIC is not among them: it names a bank, not an account.
"""

import re
from collections.abc import Iterator

from sidecar.redaction.checksums import aba_routing, clabe, mod97
from sidecar.redaction.context import lowered, outside_markers
from sidecar.redaction.family import Family, Span

_STRUCTURES = """
    AD 8n12c AE 19n AL 8n16c AT 16n AZ 4a20c BA 16n BE 12n BG 4a6n8c BH 4a14c BI 23n BR 23n1a1c BY 4c4n16c
    CH 5n12c CR 18n CY 8n16c CZ 20n DE 18n DJ 23n DK 14n DO 4c20n EE 16n EG 25n ES 20n FI 14n FK 2a12n FO 14n
    FR 10n11c2n GB 4a14n GE 2a16n GI 4a15c GL 14n GR 7n16c GT 4c20c HN 4a20n HR 17n HU 24n IE 4a14n IL 19n
    IQ 4a15n IS 22n IT 1a10n12c JO 4a4n18c KW 4a22c KZ 3n13c LB 4n20c LC 4a24c LI 5n12c LT 16n LU 3n13c LV 4a13c
    LY 21n MC 10n11c2n MD 2c18c ME 18n MK 3n10c2n MN 16n MR 23n MT 4a5n18c MU 4a19n3a NI 4a20n NL 4a10n NO 11n
    OM 3n16c PK 4a16c PL 24n PS 4a21c PT 21n QA 4a21c RO 4a16c RS 18n RU 14n15c SA 2n18c SC 4a20n3a SD 14n SE 20n
    SI 15n SK 20n SM 1a10n12c SO 19n ST 21n SV 4a20n TL 19n TN 20n TR 6n16c UA 6n19c VA 18n VG 4a16n XK 16n
    YE 4a4n18c
    AO 21n BF 2c22n BJ 2c22n CF 23n CG 23n CI 2a22n CM 23n CV 21n DZ 22n GA 23n GQ 23n GW 2c19n IR 22n KM 23n
    MA 24n MG 23n ML 2c22n MZ 21n NE 2a22n SN 2a22n TD 23n TG 2a22n
    GB 4a13n
"""
"""Country and the characters after the check digits: n digits, a letters, c either (SWIFT IBAN Registry, release 99).

The last three lines: countries whose banks use numbers of the same form without an entry in the registry; and British
ones that are a digit short, which a wide-spread generator of test data makes.
"""

_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}


def _patterns() -> dict[str, list[tuple[int, re.Pattern[str]]]]:
    parts = _STRUCTURES.split()
    table: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
    for country, structure in zip(parts[::2], parts[1::2], strict=True):
        runs = re.findall(r"([0-9]+)([nac])", structure)
        pattern = "".join([f"{_CLASSES[kind]}{{{length}}}" for length, kind in runs])
        length = 4 + sum(int(length) for length, _ in runs)
        table.setdefault(country, []).append((length, re.compile(rf"[A-Z]{{2}}[0-9]{{2}}{pattern}")))
    return table


_IBANS = _patterns()
_COUNTRY = "|".join(sorted(_IBANS))
_START = re.compile(r"[A-Z](?<![0-9A-Z_].)[A-Z][0-9]{2}(?=[ \-]?[0-9A-Z]{3})")
_GROUPS = re.compile(r"[0-9A-Za-z]++(?:[ \-][0-9A-Za-z]++)*+")

_ACCOUNT = r"(?<![0-9])(?P<account>[0-9](?:[ \-]?[0-9]){4,16}+)(?![\w.:]*[0-9])"
_TOLD = re.compile(
    r"(?<![a-z0-9])(?:"
    r"(?P<routing>routing|aba|rtn|transit routing)(?: ?(?:transit|number|no|num|nr))*[^0-9a-z\n]{1,4}(?:is )?"
    r"(?P<aba>[0-9]{4}-?[0-9]{4}-?[0-9])(?![\w\-]*[0-9])"
    r"|sort ?code[^0-9a-z\n]{1,4}(?:is )?(?P<sort>[0-9]{2}[ \-]?[0-9]{2}[ \-]?[0-9]{2})(?![\w\-]*[0-9])"
    r"|bsb(?: ?(?:number|no))?[^0-9a-z\n]{1,4}(?P<bsb>[0-9]{3}[ \-]?[0-9]{3})(?![\w\-]*[0-9])"
    r"|clabe(?: interbancaria)?[^0-9a-z\n]{1,4}(?P<clabe>[0-9]{18})(?![0-9])"
    rf"|(?:bank |checking |savings )?(?:account|acct|acc|a/c|konto|compte|cuenta|conto)"
    rf"[ \-]?(?:number|no|num|nr|nummer|#)[^0-9a-z\n]{{1,4}}(?:is )?{_ACCOUNT}"
    r"|(?P<pair>[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{8})(?![\w\-]*[0-9])"
    r")"
)
"""Numbers of banks in the US, the UK (also a sort code before eight digits), Australia, Mexico; accounts by words."""

_CHECKS = {"aba": aba_routing, "clabe": clabe}


def is_iban(text: str) -> bool:
    """Whether a text in upper case without spaces is an IBAN (ISO 13616-1)."""
    known = _IBANS.get(text[:2], ())
    return any(structure.fullmatch(text) is not None for _, structure in known) and mod97(text[4:] + text[:4])


def _find_iban(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - an IBAN is one under every name
    upper = text.upper()
    if len(upper) != len(text):
        upper = "".join([character.upper()[:1] for character in text])
    past = 0
    for match in _START.finditer(upper):
        start = match.start()
        if start < past:
            continue
        for length, _ in _IBANS.get(match[0][:2], ()):
            number = upper[start : start + 2 * length].replace(" ", "").replace("-", "")[:length]
            if len(number) == length and is_iban(number):
                end = _after(upper, start, length)
                if not upper[end : end + 1].isalnum() and _GROUPS.fullmatch(text, start, end) is not None:
                    yield (start, end, "iban")
                    past = end


def _after(text: str, at: int, count: int) -> int:
    """The place after so many characters that are no separators."""
    while count:
        count -= text[at] not in " -"
        at += 1
    return at


def _find_account(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - the word before the number tells
    for match in _TOLD.finditer(lowered(text)):
        group = match.lastgroup or ""
        check = _CHECKS.get(group)
        if check is None or check(match[group].replace("-", "")):
            yield (*match.span(group), "account_number")


IBAN_FAMILY = Family("iban", rf"(?i:\b(?:{_COUNTRY}))[0-9]{{2}}(?:[ \-]?[0-9A-Za-z]){{8}}", outside_markers(_find_iban))
"""``find`` tells IBANs, in groups or not, in capitals or not, as ``iban``."""

ACCOUNT_FAMILY = Family(
    "account number",
    r"(?i:\b(?:routing|aba|rtn|sort ?code|bsb|clabe)\b[^0-9\n]+[0-9]{2}"
    r"|(?:account|acct|acc|a/c|konto|compte|cuenta|conto)[ \-]?(?:number|no|num|nr|nummer|#)"
    r"[^0-9a-z\n]{1,4}(?:is )?[0-9])"
    r"|\b[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{8}",
    outside_markers(_find_account),
)
"""``find`` tells account, routing and branch numbers after their word as ``account_number``."""
