"""Numbers that states give to people, by shape alone: the shape is regular, and the checksum or the date must hold.

A text is looked at through its signature, in which every digit is 9, every capital is A and every other letter a: the
shapes are then plain strings in a table. Numbers without a shape of their own are found after a word (``labelled``).
"""

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

from sidecar.redaction import european_numbers as europe
from sidecar.redaction import national_numbers as nations
from sidecar.redaction.births import BIRTH_FAMILY
from sidecar.redaction.context import listed, outside_markers, words
from sidecar.redaction.documents import DOCUMENT_FAMILY
from sidecar.redaction.family import Family, Span
from sidecar.redaction.labelled import LABELLED_FAMILY


class Shape(NamedTuple):
    """A kind, and what a number must satisfy, in capitals and without separators.

    ``weak``: numbers of goods and orders may look the same, so not under their names. ``alone``: other texts hold the
    same shape by chance, so only where it is the whole text.
    """

    kind: str
    valid: Callable[[str], bool]
    weak: bool = False
    alone: bool = False


def _born_long_ago(text: str) -> bool:
    """A Swedish number of somebody born before 2013: those of children look like the dates of orders with a number."""
    long_ago = text[:4] < "2013" if len(text) == 12 else text[:2] > "30"
    return long_ago and europe.se_personnummer(text)


def _pan_of_person(text: str) -> bool:
    return text[3] == "P" and nations.in_pan(text)


def _hetu(text: str) -> bool:
    return europe.fi_hetu(text if len(text) == 11 else f"{text[:6]}-{text[6:]}")


_DNI = Shape("national_id", europe.es_dni, weak=True)
_RUT = Shape("national_id", nations.cl_rut)
_HKID = Shape("national_id", nations.hk_id)
_CURP = Shape("national_id", nations.mx_curp)
_NIR = Shape("national_id", europe.fr_nir)
_CHINESE = Shape("national_id", nations.cn_resident)

_SHAPES: dict[str, tuple[Shape, ...]] = {
    "999-99-9999": (Shape("ssn", nations.us_ssn), Shape("tax_id", nations.us_itin)),
    "999 99 9999": (Shape("ssn", nations.us_ssn, alone=True), Shape("tax_id", nations.us_itin, alone=True)),
    "999-999-999": (Shape("national_id", nations.ca_sin, weak=True),),
    "999.999.999-99": (Shape("national_id", nations.br_cpf),),
    "99.999.999/9999-99": (Shape("tax_id", nations.br_cnpj),),
    "99.999.999-9": (_RUT,),
    "99.999.999-A": (_RUT, _DNI),
    "9.999.999-9": (_RUT,),
    "9.999.999-A": (_RUT,),
    "99-99999999-9": (Shape("tax_id", nations.ar_cuit),),
    "AAAA999999AAAAAA99": (_CURP,),
    "AAAA999999AAAAAAA9": (_CURP,),
    "99999999A": (_DNI,),
    "99999999-A": (_DNI,),
    "A9999999A": (_DNI, Shape("national_id", nations.sg_nric, weak=True)),
    "A9999999-A": (_DNI,),
    "A-9999999-A": (_DNI,),
    "AA999999A": (Shape("national_id", europe.uk_nino, weak=True),),
    "9 99 99 99 999 999 99": (_NIR,),
    "9 99 99 9A 999 999 99": (_NIR,),
    "999999999999999": (Shape("national_id", europe.fr_nir_plain, weak=True),),
    "999.9999.9999.99": (Shape("national_id", europe.ch_ahv),),
    "99.99.99-999.99": (Shape("national_id", europe.be_register),),
    "99.99.99 999-99": (Shape("national_id", europe.be_register),),
    "999999-9999": (Shape("national_id", _born_long_ago, weak=True), Shape("national_id", _hetu, weak=True)),
    "99999999-9999": (Shape("national_id", _born_long_ago, weak=True),),
    "999999 99999": (Shape("national_id", europe.no_fodselsnummer),),
    "999999-999A": (Shape("national_id", _hetu),),
    "999999A9999": (Shape("national_id", europe.fi_hetu, weak=True),),
    "999999A999A": (Shape("national_id", europe.fi_hetu, weak=True),),
    "999999/9999": (Shape("national_id", europe.cz_rodne_cislo, weak=True),),
    "9999 9999 9999": (
        Shape("national_id", nations.in_aadhaar),
        Shape("national_id", nations.jp_my_number, alone=True),
    ),
    "9999-9999-9999": (Shape("national_id", nations.in_aadhaar, weak=True),),
    "AAAAA9999A": (Shape("tax_id", _pan_of_person, weak=True),),
    "99999999999999999A": (_CHINESE,),
    "999999999999999999": (_CHINESE,),
    "999999-9999999": (Shape("national_id", nations.kr_rrn_shape, weak=True),),
    "999999-99-9999": (Shape("national_id", nations.my_kad),),
    "9-9999-99999-99-9": (Shape("national_id", nations.th_id),),
    "A999999(9)": (_HKID,),
    "A999999(A)": (_HKID,),
    "AA999999(9)": (_HKID,),
    "999 999 9999": (Shape("medical_id", europe.uk_nhs, alone=True),),
    "9999 99999 9": (Shape("medical_id", nations.au_medicare, weak=True),),
}

_MIXED: tuple[tuple[str, Shape], ...] = (
    ("AAAAAA??A??A???A", Shape("national_id", europe.it_codice_fiscale)),
    ("AAAA999999???", Shape("tax_id", nations.mx_rfc_shape, weak=True)),
    ("9A?9-A?9-AA99", Shape("medical_id", nations.us_mbi)),
    *((f"{'A' * letters:9<5}999999A??AA", Shape("licence", europe.uk_licence)) for letters in range(1, 6)),
    *((f"{'A' * letters:9<5}999999A??AA99", Shape("licence", europe.uk_licence)) for letters in range(1, 6)),
)
"""Shapes where ``?`` stands for a digit or a letter."""


def _all_shapes() -> dict[str, tuple[Shape, ...]]:
    shapes = dict(_SHAPES)
    for pattern, shape in _MIXED:
        for choice in product("9A", repeat=pattern.count("?")):
            shapes[pattern.replace("?", "{}").format(*choice)] = (shape,)
    return shapes


_BY_SIGNATURE = _all_shapes()

_ASCII = bytes(range(128)).decode()
_SIGNATURE = str.maketrans(_ASCII, re.sub("[a-z]", "a", re.sub("[A-Z]", "A", re.sub("[0-9]", "9", _ASCII))))

_TOKEN = re.compile(
    r"[9A](?<![9Aa_.].)(?<=(?=[9A./\-(]{8}|[9 .]{9}).)[9A]*+(?:[./\-][9A]++|(?<=9) 9[9A]*+)*+(?:\([9A]\))?(?![a_])"
)
"""What may be a number in a signature: digits and capitals in groups, parted by a space only between digits."""

_LONGER = re.compile(r"[9A](?<![9Aa_].)(?:A (?:99 99 99|999999) A|[9A]\.[9A]{3}\.[9A]{3}/[9A]{4}-99)(?![9Aa_])")
"""British numbers in groups; the Brazilian numbers of companies, with letters anywhere since 2026."""
_PART = re.compile("(?<![^ ])[^ ]{9,}")
_SEPARATORS = str.maketrans("", "", " ./-()")

_GOODS = listed("""
    sku ean isbn upc gtin asin mpn order invoice version build release revision serial model part tracking hash sha
    checksum etag timestamp date time product item coupon promo voucher ticket batch lot barcode commit
    """)


def _find(text: str, key: str) -> list[Span]:
    signature = text.translate(_SIGNATURE)
    spans: list[Span] = []
    for match in _TOKEN.finditer(signature):
        start, end = match.span()
        kind = _kind(text, signature, start, end, key)
        if kind is not None:
            spans.append((start, end, kind))
        elif " " in match[0]:
            for part in _PART.finditer(signature, start, end):
                kind = _kind(text, signature, *part.span(), key)
                if kind is not None:
                    spans.append((*part.span(), kind))
    if "99 A" in signature or "/" in signature:
        spans += _longer(text, signature)
        spans.sort()
    return spans


def _longer(text: str, signature: str) -> Iterator[Span]:
    for match in _LONGER.finditer(signature):
        number = text[match.start() : match.end()].translate(_SEPARATORS)
        if europe.uk_nino(number):
            yield (*match.span(), "national_id")
        elif "A" in match[0] and nations.br_cnpj(number):
            yield (*match.span(), "tax_id")


def _kind(text: str, signature: str, start: int, end: int, key: str) -> str | None:
    for shape in _BY_SIGNATURE.get(signature[start:end], ()):
        if shape.alone and end - start != len(text.strip()):
            continue
        if shape.weak and not words(key).isdisjoint(_GOODS):
            continue
        if shape.valid(text[start:end].translate(_SEPARATORS)):
            return shape.kind
    return None


def _trigger(shape: str) -> str:
    """A shape as a pattern."""
    runs = [(run[0], len(run[0])) for run in re.finditer(r"(.)\1*", shape)]
    classes = {"9": "[0-9]", "A": "[A-Z]", "?": "[0-9A-Z]"}
    return "".join([f"{classes.get(run[0], '[' + run[0] + ']')}{{{length}}}" for run, length in runs])


_SPECIAL = {
    "999999999999999999": r"[1-9][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}",
    "99999999999999999A": r"[1-9][0-9]{5}(?:19|20)[0-9]{9}X",
    "AA999999A": r"[A-Z]{2}[0-9]{6}[A-DT]",
    "999999999999999": r"[12][0-9]{2}(?:0[1-9]|1[0-2])[0-9]{10}",
    "9999 9999 9999": r"[0-9]{4} [0-9]{4} [0-9]{4}(?:$|[^0-9 ]| [^0-9]| $)",
    "AAAAA9999A": r"[A-Z]{3}P[A-Z][0-9]{4}[A-Z]",
}
"""Triggers that are more exact, for shapes that ids often have."""

SHAPE_FAMILY = Family(
    "national number",
    "|".join(
        [
            rf"\b(?:{_SPECIAL.get(shape) or _trigger(shape)})"
            for shape in (*_SHAPES, *(pattern for pattern, _ in _MIXED))
        ]
        + [
            r"\b[A-Z]{2} [0-9]{2} ?[0-9]{2} ?[0-9]{2} [A-DT]",
            r"\b[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}",
        ]
    ),
    outside_markers(_find),
)
"""``find`` tells ``ssn``, ``national_id``, ``tax_id``, ``medical_id`` and ``licence``."""

IDENTITY_FAMILIES = (SHAPE_FAMILY, LABELLED_FAMILY, DOCUMENT_FAMILY, BIRTH_FAMILY)
