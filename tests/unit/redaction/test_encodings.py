import gzip
import zlib
from collections.abc import Callable
from random import Random

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction import encodings
from sidecar.redaction.encodings import decompress, to_text

MIB = 1 << 20
DRAW = Random(7)
"""Always the same: a corrupt stream without a checksum may by chance be a right one."""
TEXT = b"".join(b'{"id": %d, "name": "%s"}\n' % (number, DRAW.randbytes(8).hex().encode()) for number in range(200))


def raw_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate),
    ("br", brotli.compress), ("zstd", zstd.compress),
]  # fmt: skip


@pytest.mark.parametrize(("name", "compress"), CODINGS)
def test_codings_are_undone(name: str, compress: Callable[[bytes], bytes]) -> None:
    assert decompress(compress(TEXT), name, MIB) == (TEXT, True)
    assert decompress(compress(TEXT), f" {name.upper()} ", MIB) == (TEXT, True)
    assert decompress(compress(b""), name, MIB) == (b"", True)


def test_codings_are_undone_in_reverse_order() -> None:
    assert decompress(brotli.compress(gzip.compress(TEXT)), "gzip, br", MIB) == (TEXT, True)
    assert decompress(gzip.compress(TEXT), "identity, gzip, identity", MIB) == (TEXT, True)


@pytest.mark.parametrize("header", ["", "identity"])
def test_gzip_and_zstandard_are_told_by_their_first_bytes(header: str) -> None:
    assert decompress(gzip.compress(TEXT), header, MIB) == (TEXT, True)
    assert decompress(zstd.compress(TEXT), header, MIB) == (TEXT, True)
    assert decompress(TEXT, header, MIB) == (TEXT, True)


@pytest.mark.parametrize(("name", "compress"), [coding for coding in CODINGS if coding[0] != "zstd"])
def test_a_stream_that_ends_early_gives_what_came_out(name: str, compress: Callable[[bytes], bytes]) -> None:
    data = compress(TEXT)
    out, whole = decompress(data[: len(data) // 2], name, MIB)
    assert len(out) > 1000
    assert TEXT.startswith(out)
    assert not whole


def test_zstandard_gives_whole_blocks_and_where_there_is_none_the_body_stays() -> None:
    text = DRAW.randbytes(300_000).hex().encode()
    data = zstd.compress(text)
    out, whole = decompress(data[: len(data) // 2], "zstd", MIB)
    assert text.startswith(out)
    assert len(out) >= 128 * 1024
    assert not whole
    assert decompress(data[:500], "zstd", MIB) == (data[:500], True)


@pytest.mark.parametrize(("name", "compress"), [coding for coding in CODINGS if coding[0] in {"gzip", "deflate"}])
def test_a_corrupt_stream_gives_what_came_out_before(name: str, compress: Callable[[bytes], bytes]) -> None:
    data = compress(TEXT)
    middle = len(data) // 2
    out, whole = decompress(data[:middle] + bytes(200) + data[middle + 200 :], name, MIB)
    assert out[:1000] == TEXT[:1000]
    assert not whole


def test_a_wrong_checksum_is_no_reason_to_lose_the_text() -> None:
    out, whole = decompress(gzip.compress(TEXT)[:-8] + bytes(8), "gzip", MIB)
    assert len(out) > len(TEXT) - 400
    assert not whole


@pytest.mark.parametrize(("name", "compress"), CODINGS)
def test_a_bomb_stops_at_the_cap_and_at_the_ratio(name: str, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(bytes(20 * MIB))
    out, whole = decompress(bomb, name, MIB)
    assert 0 < len(out) <= min(MIB, max(64 * 1024, 256 * len(bomb)))
    assert not whole
    assert decompress(bomb, name, 1000)[0] == bytes(1000)


def test_members_one_after_another_are_one_stream() -> None:
    assert decompress(gzip.compress(TEXT) + gzip.compress(b"more"), "gzip", MIB) == (TEXT + b"more", True)
    assert decompress(zstd.compress(TEXT) + zstd.compress(b"more"), "zstd", MIB) == (TEXT + b"more", True)
    assert decompress(gzip.compress(TEXT) + b"rubbish", "gzip", MIB) == (TEXT, True)


def test_members_without_end_are_cut() -> None:
    assert decompress(gzip.compress(b"") * 1000, "gzip", MIB) == (gzip.compress(b"") * 1000, True)
    assert decompress(gzip.compress(b"x") * 1000, "gzip", MIB) == (b"x" * 64, False)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "aes128gcm", "compress", "utf-8", "dcb"])
def test_what_the_data_does_not_bear_out_is_left_in_place(name: str) -> None:
    assert decompress(b'{"plain": "text"}', name, MIB) == (b'{"plain": "text"}', True)


def test_too_many_codings_are_not_all_undone() -> None:
    data = TEXT
    for _ in range(6):
        data = gzip.compress(data)
    out, whole = decompress(data, ",".join(["gzip"] * 6), MIB)
    assert gzip.decompress(gzip.decompress(out)) == TEXT
    assert not whole


def test_a_missing_library_leaves_the_body_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(encodings, "import_module", missing)
    encodings._brotli.cache_clear()
    encodings._zstd.cache_clear()
    try:
        for name, data in (("br", brotli.compress(TEXT)), ("zstd", zstd.compress(TEXT))):
            assert decompress(data, name, MIB) == (data, True)
    finally:
        encodings._brotli.cache_clear()
        encodings._zstd.cache_clear()


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "br", "zstd", "br, gzip", "x"]))
def test_no_data_raises(data: bytes, name: str) -> None:
    out, _ = decompress(data, name, 1000)
    assert len(out) <= max(1000, len(data))
    assert decompress(b"\x1f\x8b\x08" + data, name, 1000)
    assert decompress(b"\x28\xb5\x2f\xfd" + data, name, 1000)


@pytest.mark.parametrize(
    ("data", "content_type", "text"),
    [
        (b'{"a": 1}', "application/json", '{"a": 1}'),
        ("h\u00e9".encode(), "", "h\u00e9"),
        ("h\u00e9".encode(), "text/plain; charset=iso-8859-1", "h\u00e9"),
        ("h\u00e9".encode("latin-1"), "text/plain; charset=ISO-8859-1", "h\u00e9"),
        ("h\u00e9".encode("latin-1"), 'text/plain; charset="windows-1252"', "h\u00e9"),
        ("h\u00e9llo".encode("latin-1"), "", "h\ufffdllo"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "text/xml", None),
        (b"<html><meta charset='latin1'>\xe9", "text/html", None),
        ("\u65e5\u672c".encode("shift_jis"), "text/plain; charset=Shift_JIS", "\u65e5\u672c"),
        ("\u65e5\u672c".encode("iso2022_jp"), "text/plain; charset=ISO-2022-JP", "\u65e5\u672c"),
        (b"bob+AEA-x", "text/plain; charset=utf-7", "bob@x"),
        (b"bob+AEA-x", "text/plain", "bob+AEA-x"),
        ("{1}".encode("utf-16"), "", "{1}"),
        ("{1}".encode("utf-32"), "", "{1}"),
        ("\ufeff{1}".encode("utf-16-be"), "", "{1}"),
        ("\ufeff{1}".encode(), "", "{1}"),
        ('{"a": 1}'.encode("utf-16-le"), "", '{"a": 1}'),
        ('{"a": 1}'.encode("utf-16-be"), "application/json; charset=utf-8", '{"a": 1}'),
        ('{"a": 1}'.encode("utf-32-le"), "", '{"a": 1}'),
        ('{"a": 1}'.encode("utf-32-be"), "", '{"a": 1}'),
        ("\u65e5\u672c".encode("utf-16-le"), "text/plain; charset=utf-16", "\u65e5\u672c"),
        (b'{"a": 1}', "text/plain; charset=utf-16", '{"a": 1}'),
        (b"caf\xc3", "", "caf"),
        (b"caf\xc3\xa9 \xe2\x82", "", "caf\u00e9 "),
        (b"abc\xff", "text/plain; charset=idna", "abc\ufffd"),
        (b"abc\xff", "text/plain; charset=nonsense", "abc\ufffd"),
        (b"abc\xff", "text/plain; charset=zip", "abc\ufffd"),
    ],
)
def test_charsets_by_mark_by_pattern_and_as_declared(data: bytes, content_type: str, text: str | None) -> None:
    assert to_text(data, content_type) == (text if text is not None else data.decode("latin-1"))


@given(st.binary(max_size=200), st.sampled_from(sorted(encodings._CHARSETS)))
def test_any_data_gives_a_text_that_can_be_written(data: bytes, charset: str) -> None:
    assert isinstance(to_text(data, f"text/plain; charset={charset}").encode(), bytes)
    assert isinstance(to_text(b"\x1b+" + data, f"text/plain; charset={charset}").encode(), bytes)
