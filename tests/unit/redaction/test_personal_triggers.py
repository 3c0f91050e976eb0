"""What holds for every family of personal values, whatever the text: the gate, markers, and spans."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.addresses import DEVICE_FAMILY, IP_FAMILY
from sidecar.redaction.bank import ACCOUNT_FAMILY, IBAN_FAMILY
from sidecar.redaction.cards import CARD_FAMILY
from sidecar.redaction.contacts import EMAIL_FAMILY, PHONE_FAMILY
from sidecar.redaction.identities import IDENTITY_FAMILIES
from sidecar.redaction.kinds import CLASS_OF, marker
from sidecar.redaction.places import LOCATION_FAMILY, STREET_FAMILY

FAMILIES = (
    CARD_FAMILY, EMAIL_FAMILY, PHONE_FAMILY, IBAN_FAMILY, ACCOUNT_FAMILY, *IDENTITY_FAMILIES, IP_FAMILY, DEVICE_FAMILY,
    STREET_FAMILY, LOCATION_FAMILY,
)  # fmt: skip
TRIGGERS = {family.name: re2.compile(family.trigger) for family in FAMILIES}
KEYS = st.sampled_from(
    ["", "note", "contact", "phone", "caller", "order_id", "sku", "created_at", "ean", "version", "account_id"]
)
PIECES = st.sampled_from([
    "4242 4242 4242 4242", "4242424242424242", "0604 6192 0575 0000", "501870778989",
    ";4242424242424242=25121010000012345678?",
    "%B4242424242424242^DOE/JOHN^2512101000000000000?", "3782-822463-10005", "4222 222 222 222", "180096303452783",
    "alice@example.com", "alice%40example.com", "josé@пример.рф", "a@[192.0.2.1]", "git@github.com:a/b.git",
    "+44 20 7946 0958", "%2B14155552671", "(415) 555-2671", "0044 20 7946 0958", "06 12 34 56 78", "08-982 597 91",
    "(0132)-746526", "(11) 91234-5678", "138-1234-5678", "0421.323.796", "phone", "Tel.", "call me on", "0612345678",
    "98765 43210", "wa.me/14155552671", "tel:555-1234", "DE89370400440532013000", "gb29 nwbk 6016 1331 9268 19",
    "NL91 ABNA 0417164300", "routing number", "021000021", "Account No.", "12345678", "sort code", "20-00-00", "CLABE",
    "032180000118359719", "BSB", "123-45-6789", "SSN", "ssn:", "123456789", "912 70 1234", "529.982.247-25", "CPF",
    "12.ABC.345/01DE-35", "X1234567L", "RSSMRA85T10A562S", "QQ 12 34 56 C", "ZZ 649874 T", "AB123456C",
    "MORGA753116SM9IJ",
    "SMI99753116SM9IJ35", "1 84 12 76 451 089 46", "184127645108946", "756.9217.0769.85", "131052-308T", "131052A308T",
    "A123456(3)", "11010519491231002X", "360426199101010071", "GODE561231GR8", "1EG4-TE5-MK73", "numéro de sécu",
    "身份证号",
    "Steuer-ID", "86 095 742 719", "passport no.", "C01X00T47", "DL#", "Führerschein", "B072RRE2I55",
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "born", "né le", "D.O.B.",
    "12 March 1985",
    "1985-03-12", "203.0.113.9", "2001:db8::1", "326:5c1a:65cb:5bd2:1270:4f9e:92:1769", "203.0.113.9/24",
    "Chrome/126.0.0.0",
    "00:1A:2B:3C:4D:5E", "001a.2b3c.4d5e", "123 Main Street", "5593 Brian River Apt. 12", "Christine Glen", "242",
    "Johnborough, NC 98765", "P.O. Box 12", "PSC 7193, Box 9037", "APO AP 96491", "Hauptstraße 12", "12 rue de la Paix",
    "10 bis avenue Foch", "Calle Mayor 10", "40.712776,-74.005974", "[REDACTED:ssn]",
    "[REDACTED:email:k1-4242424242424242]",
    " ", "\n", ", ", ": ", "-", ".", "/", "=", "x", "é", "\\n", "_", "0", "7", "\u00a0", "\u2013", "<", ">", '"',
])  # fmt: skip
TEXTS = st.lists(PIECES | st.text("0123456789 -.+()/:@Aax", max_size=12), max_size=9).map("".join)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=400, deadline=None)
@given(text=TEXTS, key=KEYS)
def test_the_trigger_matches_wherever_something_is_found(family, text, key):
    spans = family.find(text, key)
    if spans:
        assert TRIGGERS[family.name].search(text) is not None
        # The gate searches on from the start of a text in a row of texts: nothing before it may be needed.
        before = "before\n"
        joined = (before + text).encode()
        assert re2.compile(family.trigger.encode()).search(joined, len(before)) is not None


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=200, deadline=None)
@given(text=TEXTS, key=KEYS)
def test_spans_are_in_order_inside_the_text_and_of_known_kinds(family, text, key):
    end = 0
    for start, stop, kind in family.find(text, key):
        assert end <= start < stop <= len(text)
        assert kind in CLASS_OF
        end = stop


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=300, deadline=None)
@given(text=TEXTS, key=KEYS)
def test_masking_what_was_found_leaves_nothing_to_find(family, text, key):
    masked = text
    for start, stop, kind in reversed(family.find(text, key)):
        masked = masked[:start] + marker(kind) + masked[stop:]
    again = [masked[start:stop] for start, stop, _ in family.find(masked, key)]
    assert not [value for value in again if "REDACTED" in value]
    assert len(again) == 0 or text != masked


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200), key=st.text(max_size=20))
def test_no_text_raises_anything(family, text, key):
    for start, stop, kind in family.find(text, key):
        assert text[start:stop]
        assert kind in CLASS_OF
