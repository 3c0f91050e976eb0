"""Numbers of people after the word that tells them: ``BSN 111222333``, ``born on 12 March 1985``.

The checksum must hold where there is one. The word stands at most 32 characters before the number, in the same line.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sidecar.redaction import european_numbers as europe
from sidecar.redaction import national_numbers as nations
from sidecar.redaction.checksums import digits
from sidecar.redaction.context import any_of, lowered, outside_markers, word_trigger
from sidecar.redaction.family import Family, Span


class Label(NamedTuple):
    """Words, in lower case, that announce a number; its kind; the rules of which one must hold."""

    words: str
    kind: str
    rules: tuple[Callable[[str], bool], ...]


def _hetu(text: str) -> bool:
    return europe.fi_hetu(text if len(text) == 11 else f"{text[:6]}-{text[6:]}")


def _nino(text: str) -> bool:
    """A British number, given out or not."""
    return len(text) == 9 and text[:2].isalpha() and digits(text[2:8], 6) and text[8].isalpha()


def _twelve(text: str) -> bool:
    """An Aadhaar number, mistyped or not: nothing else is told with that word."""
    return digits(text, 12)


def _some_id(text: str) -> bool:
    """Whatever a state may have given: eight digits and more."""
    return 8 <= sum(map(str.isdigit, text)) <= 18


def _some_record(text: str) -> bool:
    """Hospitals and insurers number their patients as they like: six digits and more."""
    return 6 <= sum(map(str.isdigit, text)) <= 18


def _vat(text: str) -> bool:
    """A VAT number by country (directive 2006/112/EC article 215): eight to twelve characters, most of them digits."""
    return 8 <= len(text) <= 15 and sum(map(str.isdigit, text)) >= 7


_LABELS: tuple[Label, ...] = (
    # Americas
    Label("ssn|ssns|social security|soc sec|social sec", "ssn", (nations.us_ssn,)),
    Label("itin", "tax_id", (nations.us_itin,)),
    Label("ein|fein|employer identification|employer id|federal tax id", "tax_id", (nations.us_ein,)),
    Label("npi|national provider", "medical_id", (nations.us_npi,)),
    Label("mbi|medicare beneficiary", "medical_id", (nations.us_mbi,)),
    Label("sin|social insurance|nas|numéro d'assurance sociale", "national_id", (nations.ca_sin,)),
    Label("curp", "national_id", (nations.mx_curp,)),
    Label("rfc", "tax_id", (nations.mx_rfc_shape,)),
    Label("cpf", "national_id", (nations.br_cpf,)),
    Label("cnpj", "tax_id", (nations.br_cnpj,)),
    Label("rut", "national_id", (nations.cl_rut,)),
    Label("cuit|cuil", "tax_id", (nations.ar_cuit,)),
    # Europe
    Label("nhs", "medical_id", (europe.uk_nhs,)),
    Label("nino|national insurance|ni number|ni no", "national_id", (_nino,)),
    Label("pps|ppsn", "national_id", (europe.ie_pps,)),
    Label("nir|insee|sécurité sociale|securite sociale|numéro de sécu", "national_id", (europe.fr_nir,)),
    Label(
        "steuer-id|steuerid|steuer-idnr|steueridnr|steuer-identifikationsnummer|steueridentifikationsnummer|idnr|"
        "steuerliche identifikationsnummer|german tax id",
        "tax_id",
        (europe.de_steuer_id,),
    ),
    Label("bsn|burgerservicenummer|sofinummer|citizen service", "national_id", (europe.nl_bsn,)),
    Label("rijksregister|rijksregisternummer|registre national|insz|niss", "national_id", (europe.be_register,)),
    Label("dni|nie|nif|documento nacional|documento", "national_id", (europe.es_dni, europe.pt_nif)),
    Label("contribuinte", "tax_id", (europe.pt_nif,)),
    Label("codice fiscale|cod. fisc|cod.fisc|cod fisc|c.f", "national_id", (europe.it_codice_fiscale,)),
    Label("ahv|avs|oasi", "national_id", (europe.ch_ahv,)),
    Label(
        "personnummer|personal identity|samordningsnummer|pnr",
        "national_id",
        (europe.se_personnummer, europe.no_fodselsnummer),
    ),
    Label("fødselsnummer|fodselsnummer|fnr|d-nummer", "national_id", (europe.no_fodselsnummer,)),
    Label("cpr", "national_id", (europe.dk_cpr,)),
    Label("hetu|henkilötunnus|henkilotunnus|personbeteckning", "national_id", (_hetu,)),
    Label("pesel", "national_id", (europe.pl_pesel,)),
    Label("rodné číslo|rodne cislo|rodné č|birth number", "national_id", (europe.cz_rodne_cislo,)),
    Label("svnr|sozialversicherungsnummer|sv-nummer", "national_id", (europe.at_svnr,)),
    Label("isikukood|asmens kodas", "national_id", (europe.baltic_code,)),
    Label("egn|егн", "national_id", (europe.bg_egn,)),
    Label("amka|αμκα", "national_id", (europe.gr_amka,)),
    Label("jmbg|emso|emšo|јмбг", "national_id", (europe.jmbg,)),
    Label("kennitala", "national_id", (europe.is_kennitala,)),
    Label("oib", "tax_id", (europe.hr_oib,)),
    Label("cnp", "national_id", (europe.ro_cnp,)),
    Label("kimlik|tckn|tc no", "national_id", (europe.tr_kimlik,)),
    # Asia, Africa, Oceania
    Label("aadhaar|aadhar|uidai|आधार", "national_id", (_twelve,)),
    Label("pan", "tax_id", (nations.in_pan,)),
    Label("身份证|身份证号|居民身份证|resident identity|shenfenzheng", "national_id", (nations.cn_resident,)),
    Label("rrn|resident registration|주민등록번호", "national_id", (nations.kr_rrn_shape,)),
    Label("my number|マイナンバー|個人番号|individual number", "national_id", (nations.jp_my_number,)),
    Label("nric|fin number", "national_id", (nations.sg_nric, nations.my_kad)),
    Label("hkid|hong kong id", "national_id", (nations.hk_id,)),
    Label("身分證|taiwan id", "national_id", (nations.tw_id,)),
    Label("thai id|เลขประจำตัวประชาชน", "national_id", (nations.th_id,)),
    Label("mykad|ic number|ic no", "national_id", (nations.my_kad,)),
    Label("south african id|rsa id|sa id", "national_id", (nations.za_id,)),
    Label("teudat zehut|israeli id|תעודת זהות", "national_id", (nations.il_id,)),
    Label("tfn|tax file", "tax_id", (nations.au_tfn,)),
    Label("medicare", "medical_id", (nations.au_medicare, nations.us_mbi)),
    Label("ird", "tax_id", (nations.nz_ird,)),
    # Anywhere
    Label("vat|ust-idnr|ust-id|ustid|ustidnr|tva|partita iva|p. iva|p.iva|btw", "tax_id", (_vat,)),
    Label(
        "national id|national identity|national identification|identity card|identity number|citizen id|government id|"
        "personal identification|personal id",
        "national_id",
        (_some_id,),
    ),
    Label("tax id|tin|taxpayer id|taxpayer identification|tax identification|tax number", "tax_id", (_some_id,)),
    Label("mrn|medical record|patient id|health card|health insurance|medicaid", "medical_id", (_some_record,)),
)
_BY_WORDS = {words: label for label in _LABELS for words in label.words.split("|")}

_GAP = (
    r"(?:[^0-9a-z\n]{0,3}(?:number|numbers|no|nr|num|nummer|numero|número|numéro|is|was|id|card|code|of|the|for|are|us|"
    r"kimlik|tax|holder|and|customer|patient|my|your|his|her|their|user|with|n°|nº|identification|service|identity)"
    r"(?![a-z])){0,4}[^0-9a-z\n]{0,4}"
)
_WORD = re.compile(rf"(?<![a-z0-9_])(?:{any_of('|'.join(_BY_WORDS))})(?![a-z])(?={_GAP}[0-9a-z]{{0,8}} ?[0-9])")
_DIGITS = re.compile(r"[0-9](?:[ ./\-]?[0-9a-zA-Z]){3}")
_VALUE = re.compile(
    rf"{_GAP}(?P<value>(?=[a-z]{{0,6}} ?[0-9])[0-9a-z]++(?:[./\-][0-9a-z]++|[ ](?=[0-9]|[a-z](?![a-z]))[0-9a-z]++)*+)"
)
_SEPARATORS = str.maketrans("", "", " ./-()")


def _find(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - the word before the number tells
    if _DIGITS.search(text) is None:
        return
    lower = lowered(text)
    past = 0
    for match in _WORD.finditer(lower):
        value = _VALUE.match(lower, match.end())
        if value is None or match.start() < past or value.end() - value.start("value") < 6:
            continue
        label = _BY_WORDS[match[0]]
        start = value.start("value")
        end = _valid_end(text[start : value.end()].upper(), label.rules)
        if end:
            past = start + end
            yield (start, past, label.kind)


def _valid_end(value: str, rules: tuple[Callable[[str], bool], ...]) -> int:
    """How much of a value a rule holds for: all, or less by the groups after the last spaces; 0 for nothing."""
    end = len(value[:48])
    for _ in range(8):
        number = value[:end].translate(_SEPARATORS)
        if any(rule(number) for rule in rules):
            return end
        end = value.rfind(" ", 0, end)
        if end <= 0:
            break
    return 0


LABELLED_FAMILY = Family("labelled number", word_trigger("|".join(_BY_WORDS)), outside_markers(_find))
"""``find`` tells ``ssn``, ``national_id``, ``tax_id`` and ``medical_id``."""
