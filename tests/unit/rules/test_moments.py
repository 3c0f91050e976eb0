import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.moments import LONGEST, number, seconds_until

WALL = 784111777.0
"""Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 5.6.7."""

DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        # A number of seconds.
        (b"0", 0.0),
        (b"120", 120.0),
        (b"1.5", 1.5),
        (b"2.", 2.0),
        (b"1e3", 1000.0),
        (b"9.5e-05", 9.5e-05),
        (b"99999999", 99999999.0),
        # A time since 1970, in s, ms, us, ns.
        (b"784111837", 60.0),
        (b"784111837.25", 60.25),
        (b"784111837000", 60.0),
        (b"784111837250", 60.25),
        (b"784111837000000", 60.0),
        (b"784111837000000000", 60.0),
        # One that is over.
        (b"784111776", 0.0),
        (b"100000000", 0.0),
        # A duration as Go and OpenAI write it.
        (b"1s", 1.0),
        (b"88ms", 0.088),
        (b"6m0s", 360.0),
        (b"1h2m3s", 3723.0),
        (b"2m59.56s", 179.56),
        (b"1d2h", 93600.0),
        (b"250us", 0.00025),
        ("250µs".encode(), 0.00025),
        (b"5ns", 5e-9),
        # The three forms of an HTTP-date.
        (b"Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        (b"Sunday, 06-Nov-94 08:50:37 GMT", 60.0),
        (b"Sun Nov  6 08:50:37 1994", 60.0),
        (b"sun, 06 nov 1994 08:50:37 gmt", 60.0),
        (b"Sun, 06 Nov 1994 08:49:60 GMT", 23.0),
        (b"Sun, 06 Nov 1994 08:49:36 GMT", 0.0),
        # ISO 8601.
        (b"1994-11-06T08:50:37Z", 60.0),
        (b"1994-11-06T08:50:37.500Z", 60.5),
        (b"1994-11-06T09:50:37+01:00", 60.0),
        (b"1994-11-06 08:50:37", 60.0),
        (b"1994-11-06 08:50:37 UTC", 60.0),
        # Several: the longest.
        (b"5, 10, 7", 10.0),
        (b"5, soon", 5.0),
        (b"1s, 1m", 60.0),
        (b"Sun, 06 Nov 1994 08:50:37 GMT, Sun, 06 Nov 1994 08:51:37 GMT", 120.0),
        # More than anybody waits.
        (b"9" * 400, LONGEST),
        (b"9" * 20000, LONGEST),
        (b"1e300", LONGEST),
        (b"1e999", LONGEST),
        (b"900000000000000d", LONGEST),
        (b"Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
    ],
)
def test_forms(value: bytes, seconds: float) -> None:
    assert seconds_until(value, WALL, None) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "value",
    [
        b"", b" ", b"-5", b"-0.001", b"+5", b"nan", b"inf", b"-inf", b"0x10", b"1_000", b"five", b"5 apples", b"5s6",
        b"s", b"1x", b",", b", ,", b"Sun, 99 Nov 1994 08:50:37 GMT", b"Sun, 06 Xxx 1994 08:50:37 GMT",
        b"Sun, 06 Nov 1994 25:50:37 GMT", b"Sun, 06 Nov 1994 08:50:61 GMT", b"1994-13-06T08:50:37Z",
        b"2" + b"0" * 50 + b"-01-01", b"\xff\xfe", b"1994-11-06T08:50:37+99:00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_said(value: bytes) -> None:
    assert seconds_until(value, WALL, None) is None


@pytest.mark.parametrize("value", [b"Sun, 06 Nov 1994 08:50:37 GMT", b"784111837", b"1994-11-06T08:50:37Z"])
@pytest.mark.parametrize("ours_is_ahead", [-86400.0, -0.5, 0.0, 0.5, 86400.0])
def test_dates_are_compared_with_the_providers_own_clock(value: bytes, ours_is_ahead: float) -> None:
    assert seconds_until(value, WALL + ours_is_ahead, DATE) == 60.0


def test_without_a_readable_date_our_clock_has_to_do() -> None:
    assert seconds_until(b"784111837", WALL + 0.5, b"today") == 59.5


def test_the_providers_clock_does_not_change_what_is_told_in_seconds() -> None:
    assert seconds_until(b"60", WALL + 5, DATE) == 60.0


@pytest.mark.parametrize(
    ("two_digits", "seconds"),
    [
        (b"95", 365 * 86400 + 60.0),
        (b"44", (50 * 365 + 13) * 86400 + 60.0),
        (b"45", 0.0),
        (b"00", (6 * 365 + 2) * 86400 + 60.0),
    ],
)
def test_a_year_of_two_digits_is_at_most_50_years_ahead(two_digits: bytes, seconds: float) -> None:
    value = b"Sunday, 06-Nov-%b 08:50:37 GMT" % two_digits
    assert seconds_until(value, WALL, None) == seconds


@pytest.mark.parametrize(
    ("value", "expected"), [(b"7", 7.0), (b"7.5", 7.5), (b"-1", None), (b"7,5", None), (b"", None)]
)
def test_number(value: bytes, expected: float | None) -> None:
    assert number(value) == expected


@given(st.binary(max_size=60) | st.from_regex(rb"[0-9.,:+TZa-zA-Z -]{0,40}", fullmatch=True))
def test_nothing_raises_and_every_wait_is_one(value: bytes) -> None:
    wait = seconds_until(value, WALL, DATE)
    assert wait is None or 0.0 <= wait <= LONGEST


@given(st.integers(0, 99_999_999), st.integers(0, 999))
def test_a_number_of_seconds_is_never_shortened(whole: int, thousandths: int) -> None:
    assert seconds_until(b"%d.%03d" % (whole, thousandths), WALL, DATE) == whole + thousandths / 1000


@given(st.integers(784111777, 2_900_000_000))
def test_the_same_moment_in_every_form_is_the_same_wait(moment: int) -> None:
    forms = [b"%d" % moment, b"%d000" % moment, b"%d000000" % moment, b"%d000000000" % moment]
    assert [seconds_until(form, WALL, None) for form in forms] == pytest.approx([moment - WALL] * 4, abs=1e-5)
