import re

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import ERRORS
from sidecar.rules.proxy_status import MAX_DETAILS, proxy_status

# RFC 8941 section 3.3.3, for one parameter of type string.
STRING = re.compile(rb'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"')


def test_error_alone() -> None:
    assert proxy_status("dns_error") == b"sidecar; error=dns_error"


def test_all_parameters() -> None:
    value = proxy_status("http_response_incomplete", "12 of 40 bytes", next_hop="api.x.com", received_status=200)
    assert value == (
        b'sidecar; error=http_response_incomplete; received-status=200; next-hop="api.x.com"; details="12 of 40 bytes"'
    )


def test_quotes_and_backslashes_are_escaped_and_the_rest_is_dropped() -> None:
    assert proxy_status("e", 'a "b" \\ c\r\nX: y\x7fé') == b'sidecar; error=e; details="a \\"b\\" \\\\ cX: y"'


def test_long_details_are_cut_before_they_are_escaped() -> None:
    value = proxy_status("e", '"' * 1000)
    assert value.endswith(b'details="' + b'\\"' * MAX_DETAILS + b'"')


def test_every_error_type_of_ours_is_a_token() -> None:
    for error in ERRORS:
        assert re.fullmatch(rb"sidecar; error=[a-z_]+", proxy_status(error.proxy_error))


@given(st.text(), st.text())
def test_any_text_makes_valid_structured_fields(details: str, hop: str) -> None:
    value = proxy_status("e", details, next_hop=hop)
    rest = value.removeprefix(b"sidecar; error=e")
    for name in (b"; next-hop=", b"; details="):
        if rest.startswith(name):
            match = STRING.match(rest, len(name))
            assert match is not None
            rest = rest[match.end() :]
    assert rest == b""
