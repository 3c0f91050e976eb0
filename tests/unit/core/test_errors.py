import re

import pytest

from sidecar.core import errors
from sidecar.core.errors import ERRORS, BadRequest, Sent, Side, SidecarError

# RFC 9209 section 2.3, the types we may use.
PROXY_ERRORS = {
    "dns_timeout", "dns_error", "destination_not_found", "destination_unavailable", "destination_ip_prohibited",
    "destination_ip_unroutable", "connection_refused", "connection_terminated", "connection_timeout",
    "connection_read_timeout", "connection_write_timeout", "connection_limit_reached", "tls_protocol_error",
    "tls_certificate_error", "tls_alert_received", "http_request_error", "http_request_denied",
    "http_response_incomplete", "http_response_header_section_size", "http_response_header_size",
    "http_response_body_size", "http_response_trailer_section_size", "http_response_trailer_size",
    "http_response_transfer_coding", "http_response_content_coding", "http_response_timeout", "http_upgrade_failed",
    "http_protocol_error", "proxy_internal_response", "proxy_internal_error", "proxy_configuration_error",
    "proxy_loop_detected",
}  # fmt: skip
OUTCOMES = {"server_error", "timeout", "network_error", "refused", "canceled"}


def test_the_list_holds_every_error_of_the_file() -> None:
    defined = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, SidecarError) and value is not SidecarError
    }
    assert set(ERRORS) == defined
    assert len(ERRORS) == len(defined)


def test_codes_are_unique_snake_case() -> None:
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_each_error_is_described_and_consistent(error: type[SidecarError]) -> None:
    made = error("what happened")
    assert error.__doc__
    assert error.title
    assert error.proxy_error in PROXY_ERRORS
    assert error.outcome in OUTCOMES
    assert 400 <= made.status <= 599
    assert (str(made), made.detail, made.sent, made.retry_after) == (
        "what happened",
        "what happened",
        Sent.NOTHING,
        None,
    )
    # Whose fault it is shows in the status: the app's 4xx, a gateway's 502 or 504 for the provider.
    if error.side is Side.CLIENT:
        assert made.status < 500
    if error.side is Side.PROVIDER:
        assert made.status in {502, 504}
        assert error.outcome == ("timeout" if made.status == 504 else "network_error")


def test_an_error_carries_what_was_sent_and_when_to_come_back() -> None:
    error = errors.PoolExhausted("busy", sent=Sent.MAYBE, retry_after=1.5)
    assert (error.sent, error.retry_after) == (Sent.MAYBE, 1.5)


def test_a_bad_request_has_a_status_of_its_own_that_no_other_sees() -> None:
    error = BadRequest("too long", status=414, sent=Sent.ALL)
    assert (error.status, error.sent) == (414, Sent.ALL)
    assert BadRequest("x").status == 400
    assert BadRequest.status == 400


def test_values_that_reach_headers_and_logs_are_plain_text() -> None:
    assert f"{Sent.MAYBE}" == "maybe"
    assert f"{Side.PROVIDER}" == "provider"
