import re
from itertools import pairwise

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.kinds import CLASS_OF, MARKERS
from sidecar.redaction.vendors import FORMATS, VENDOR_FAMILY
from tests.unit.redaction.vendor_values import TEMPLATES, VALUES, made

TRIGGER = re2.compile(VENDOR_FAMILY.trigger.encode())


def found(text: str) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in VENDOR_FAMILY.find(text, "")]


def test_at_least_160_formats_each_with_a_name_a_known_kind_and_a_source():
    assert len({form.name for form in FORMATS}) == len(FORMATS) >= 160
    assert {form.kind for form in FORMATS} <= set(CLASS_OF)
    assert all("." in form.source and "://" not in form.source for form in FORMATS)


def test_every_format_has_a_value_in_the_tables():
    values = [value for value, _ in VALUES]
    without = [
        form.name
        for form in FORMATS
        if not any(re.fullmatch(form.head + form.pattern, value, re.ASCII) for value in values)
    ]
    assert without == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_value_of_every_vendor_is_found_whole_and_with_its_kind(template):
    for seed in range(5):
        value = made(template, seed)
        assert found(value) == [(value, TEMPLATES[template])]


SURROUNDINGS = [
    '"{}"',
    "'{}'",
    "`{}`",
    "token={}",
    "token = {}",
    "export KEY={}",
    'key: "{}"',
    "- {}",
    "{},next",
    "a,{},b",
    "({})",
    "<k>{}</k>",
    '\\"{}\\"',
    "\\n{}\\n",
    "x=%22{}%22",
    "a%3D{}&b=1",
    "\\x22{}\\x22",
    "\\u0022{}\\u0022",
    "https://{}@github.com/o/r.git",
    "https://x/y?t={}&z=1",
    "https://x/y#{}",
    "It is {}.",
    "It is {}, and",
    "KEY_{}",
    "[{}]",
    "{{{}}}",
    "\x1b[31m{}\x1b[0m",
    "2024-01-01T10:00:00Z ERROR {}: refused",
    "|{}|",
    "\t{}\r\n",
    "é{}é",
    "{}\u200b",
]
PLAIN = ["ghp_{A36}", "glpat-{A20}", "AKIA{C16}", "sk_live_{A24}", "npm_{A36}", "hvs.{A90}", "gsk_{A52}", "shpat_{h32}"]


@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@pytest.mark.parametrize("template", PLAIN)
def test_what_stands_around_a_secret_does_not_hide_it(template, surrounding):
    value = made(template, 3)
    assert [text for text, _ in found(surrounding.format(value))] == [value]


def test_every_secret_of_a_text_is_found_in_order():
    values = [made("ghp_{A36}", 1), made("{A76}AZDO{A4}", 1), made("npm_{A36}", 2), made("{B76}+ASt{A6}==", 1)]
    text = " ".join(values)
    assert [value for value, _ in found(text)] == values


LOOK_ALIKES = [
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "00ef54461cfa02571ae0db9a0dc1e0cdb5577484",
    "00" + "ef54461cfa02571ae0db9a0dc1e0cdb5577484" * 2,
    "123e4567-e89b-12d3-a456-426614174000",
    "00000000-0000-0000-0000-000000000000",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "sha512-" + "aB3+" * 21 + "aB==",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "sk-learn-documentation-index-page-v2",
    "sk-circle-fade-dot-animation-delay-12",
    "SG. Smith and SG. Jones",
    "key-value-store-with-a-long-name-inside",
    "github_pattern_matcher",
    "github_pat_is_a_prefix_of_personal_access_tokens",
    "npm_config_registry_override_for_tests",
    "hf_hub_download_with_retries_and_cache",
    "glpat-your-token-goes-here",
    "test_user_can_log_in_with_valid_credentials_2",
    "test_2fa_login_flow_with_backup_codes",
    "test_issue43124_putcmd_escapes_newline_in_text",
    "test_MultivariateNormalShapiroInverseTransform",
    "live_preview_of_the_document_in_the_editor",
    "secret_key_base_is_not_set_in_this_environment",
    "s.someObjectProperty",
    "xoxb-not-a-real-token-just-words",
    "sk-ant-api03-your-key-here-please",
    "dp.pt.example",
    "re_match_any_character",
    "ghp_" + "x" * 36,
    "AKIA" + "X" * 16,
    "sk_" + "live_...",
    "sk_" + "test_" + "x" * 24,
    "<YOUR_API_KEY>",
    "sk_test_your_key_here",
    "sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "hvs.XXXXXXXXXXXXXXXXXXXXXXXX",
    "xoxb-************",
    "AIza" + "0" * 35,
    "pk_" + "live_51HqLyjWDarjtT1zdp7dc",
    "pk.eyJ1IjoiZm9vIiwiYSI6ImNqcGxrM3YifQ.abcDEF123abcDEF123abcd",
    "phc_abcDEF123abcDEF123abcDEF123abcDEF123abc",
    "AC" + "0123456789abcdef" * 2,
    "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "cus_NffrFeUfNV2Hib",
    "ch_3MmlLrLkdIwHu7ix0snN0B15",
    "evt_1NG8Du2eZvKYlo2CUI79vXWy",
    "price_1MoBy5LkdIwHu7ixZhnattbh",
    "FLWPUBK_TEST-0123456789abcdef0123456789abcdef-X",
    "sb_publishable_abcDEF123abcDEF123abc",
    "pk-lf-123e4567-e89b-12d3-a456-426614174000",
    "https://github.com/o/r/blob/da39a3ee5e6b4b0d3255bfef95601890afd80709/x.py",
    "arn:aws:iam::123456789012:user/x",
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvJ",
    "application/vnd.github.v3+json",
    "2024-01-01T10:00:00.000Z",
]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_a_secret_stays(text):
    assert found(text) == []
    assert found(f'{{"value": "{text}"}}') == []


@pytest.mark.parametrize(
    "text",
    [
        "xghp_{A36}",
        "0AKIA{C16}",
        "ghp_{A20}",
        "AKIA{C10}",
        "sk_live_{A5}",
        "x/s.{A24}",
        "a-t-{h24}-{h24}",
        "00{h41}",
        "s.{A25}",
        "oy2{l44}",
        "{A75}-AZDO{A4}",
        "{h31}-us12",
    ],
)
def test_what_is_too_short_too_long_or_inside_a_word_is_no_secret(text):
    assert found(made(text, 1)) == []


@pytest.mark.parametrize("marker", MARKERS.values())
def test_a_marker_is_never_a_secret_nor_part_of_one(marker):
    value = made("ghp_{A36}", 1)
    assert found(marker) == []
    assert found(f"{value}{marker}{value}") == [(value, "token"), (value, "token")]
    assert found(f"ghp_{marker}") == []


def test_short_texts_are_not_searched_and_hold_no_secret():
    assert min(len(value) for value, _ in VALUES) >= 16
    assert found("") == []


PIECES = st.sampled_from([value for value, _ in VALUES] + [value[: len(value) // 2] for value, _ in VALUES])
GLUE = st.text(alphabet="aZ09 _-./\\\"'=:%nx@?&\n\x1b[31m\u00e9\u4e2d", max_size=6) | st.text(max_size=4)


@st.composite
def texts(draw):
    return "".join([draw(GLUE) + draw(PIECES) for _ in range(draw(st.integers(1, 4)))]) + draw(GLUE)


@given(texts())
@settings(max_examples=600, deadline=None)
def test_where_anything_is_found_the_trigger_matches_and_spans_are_apart(text):
    spans = list(VENDOR_FAMILY.find(text, ""))
    if spans:
        assert TRIGGER.search(text.encode("utf-8", "surrogatepass")) is not None
    assert all(0 <= start < end <= len(text) for start, end, _ in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize("value", [value for value, _ in VALUES])
def test_the_trigger_matches_every_value_alone(value):
    assert TRIGGER.search(value.encode()) is not None


@pytest.mark.parametrize(
    "text", ["ghp_" * 500, "sk-" * 700, "AKIA AKIA " * 200, "://a:" * 400, "eyJ" * 700, "00-" * 700]
)
def test_prefixes_without_a_secret_are_none(text):
    assert found(text) == []
