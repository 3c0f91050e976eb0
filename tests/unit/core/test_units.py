import pytest

from sidecar.core import units


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("1.5s", 1.5), ("2m", 120.0), ("1h", 3600.0), ("1d", 86400.0), ("1h30m", 5400.0), ("5us", 5e-6)],
)
def test_durations(text, seconds):
    assert units.duration(text) == pytest.approx(seconds)
    assert units.duration(f" {text} ") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "-1s", "1 s", "1S", "1s!", "!1s", "1h 30m", "1x", "1e3s", "\u0661s", "inf", "9" * 400 + "s"]
)
def test_no_durations(text):
    with pytest.raises(ValueError, match="not a duration"):
        units.duration(text)


@pytest.mark.parametrize("text", ["10", "0", "2.5"])
def test_a_duration_without_unit_asks_which(text):
    with pytest.raises(ValueError, match=f"a duration needs a unit: {text}s or {text}ms\\?"):
        units.duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [("512", 512), ("512B", 512), ("1KB", 1000), ("64KiB", 65536), ("10 MB", 10_000_000), ("1.5MiB", 1_572_864)],
)
def test_sizes(text, count):
    assert units.size(text) == count


def test_large_sizes():
    assert units.size("2GiB") == 2 * 1024**3
    assert units.size("2GB") == 2 * 1000**3


@pytest.mark.parametrize("text", ["", "64kb", "64K", "-1", "1,5MB", "many", "1 TB", "9" * 400])
def test_no_sizes(text):
    with pytest.raises(ValueError, match="not a size"):
        units.size(text)


@pytest.mark.parametrize(("text", "rate"), [("100/s", 100.0), ("90/m", 1.5), ("3600/h", 1.0), ("86400/d", 1.0)])
def test_rates(text, rate):
    parsed = units.rate(text)
    assert parsed.events / parsed.seconds == pytest.approx(rate)
    assert str(parsed) == text


@pytest.mark.parametrize("text", ["", "100", "100/", "/s", "100/ms", "100 / s", "-1/s"])
def test_no_rates(text):
    with pytest.raises(ValueError, match="not a rate"):
        units.rate(text)


@pytest.mark.parametrize(("text", "share"), [("20%", 0.2), ("0.2", 0.2), ("100 %", 1.0), ("0", 0.0), ("1", 1.0)])
def test_fractions(text, share):
    assert units.fraction(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["101%", "1.01", "20"])
def test_fractions_out_of_range(text):
    with pytest.raises(ValueError, match="out of range"):
        units.fraction(text)


@pytest.mark.parametrize("text", ["", "%", "-1%", "half", "20 percent"])
def test_no_fractions(text):
    with pytest.raises(ValueError, match="not a percentage"):
        units.fraction(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (1.5, "1.5s"), (75, "75s"), (90, "90s"), (120, "2m"), (7200, "2h"), (172800, "2d")],
)
def test_durations_are_shown_shortest(seconds, text):
    assert units.show_duration(seconds) == text


@pytest.mark.parametrize("seconds", [0.001, 0.25, 1.5, 61, 3600, 5400, 86400])
def test_a_shown_duration_reads_the_same(seconds):
    assert units.duration(units.show_duration(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (512, "512"), (65536, "64KiB"), (1000, "1000"), (3 * 1024**3, "3GiB")]
)
def test_sizes_are_shown_shortest(count, text):
    assert units.show_size(count) == text
