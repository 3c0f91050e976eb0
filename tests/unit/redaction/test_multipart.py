import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.multipart import multipart
from tests.unit.redaction.plain_scrub import plain_scrub

TYPE = "multipart/form-data; boundary=b-1"


def body(*parts: str, end: str = "--b-1--\r\n") -> bytes:
    return ("".join(f"--b-1\r\n{part}\r\n" for part in parts) + end).encode()


def field(name: str, value: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}'


def shown(data: bytes, content_type: str = TYPE) -> str:
    text = multipart(data, content_type, plain_scrub())
    assert multipart(text.encode(), content_type, plain_scrub()) == text
    return text


def test_fields_with_nothing_to_redact_stay_byte_for_byte() -> None:
    data = b"before\r\n" + body(field("a", "1"), field("b", "two\r\nlines"), "\r\nno header", field("c", "")) + b"after"
    assert shown(data) == data.decode()
    assert shown(data.replace(b"\r\n", b"\n")) == data.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (field("password", "x"), field("password", "[REDACTED:password]")),
        (field("user[password]", "x"), field("user[password]", "[REDACTED:password]")),
        (field("a", "to bob@x.com"), field("a", "to [REDACTED:email]")),
        (
            "content-disposition:form-data;name=password\r\n\r\nx",
            "content-disposition:form-data;name=password\r\n\r\n[REDACTED:password]",
        ),
        (field('a\\"b', "x\r\n"), field('a\\"b', "x\r\n")),
        (field("a", '{"password": "x"}'), field("a", '{"password":"[REDACTED:password]"}')),
        (field("a", "<password>x</password>"), field("a", "<password>[REDACTED:password]</password>")),
        (
            "Content-Type: application/x-www-form-urlencoded\r\n\r\npassword=x",
            "Content-Type: application/x-www-form-urlencoded\r\n\r\npassword=[REDACTED:password]",
        ),
        (
            "Content-ID: <bob@x.com>\r\ntoken: abc\r\n\r\nx",
            "Content-ID: <[REDACTED:email]>\r\ntoken: [REDACTED:token]\r\n\r\nx",
        ),
    ],
)
def test_parts_are_redacted_by_name_and_type(part: str, expected: str) -> None:
    assert shown(body(part)) == body(expected).decode()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ('filename="a b.pdf"', " a b.pdf"),
        ("filename=a.pdf", " a.pdf"),
        ('filename=""', ""),
        ("filename*=UTF-8''caf%C3%A9.pdf", " caf\u00e9.pdf"),
        ('filename="a%22b.pdf"', ' a"b.pdf'),
        ('filename="<a>.pdf"', " a.pdf"),
    ],
)
def test_of_files_name_and_size_are_told(head: str, name: str) -> None:
    part = f'Content-Disposition: form-data; name="f"; {head}\r\nContent-Type: text/plain\r\n\r\n'
    assert shown(body(part + "password=x")) == body(part + f"<file{name}, 10 bytes>").decode()


def test_the_name_of_a_file_is_redacted() -> None:
    head = 'Content-Disposition: form-data; name="f"; filename="cv of {}"\r\n\r\n'
    hidden = "[REDACTED:email]"
    assert (
        shown(body(head.format("bob@x.com") + "abc"))
        == body(head.format(hidden) + f"<file cv of {hidden}, 3 bytes>").decode()
    )


def test_binary_parts_without_a_name_are_files() -> None:
    data = body(field("a", "1")).replace(b"\r\n1\r\n", b"\r\n\x00\x01\xff\r\n")
    assert shown(data) == body(field("a", "<file, 3 bytes>")).decode()
    assert (
        shown(body("Content-Type: image/png\r\n\r\nabc"))
        == body("Content-Type: image/png\r\n\r\n<file, 3 bytes>").decode()
    )


@pytest.mark.parametrize(
    ("encoding", "coded"), [("base64", "dG8gYm9i\r\nQHguY29t"), ("quoted-printable", "to bob=40x.c=\r\nom")]
)
def test_transfer_encodings_are_read_and_left_out_where_something_is_redacted(encoding: str, coded: str) -> None:
    head = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    assert shown(body(head + coded)) == body("Content-Type: text/plain\r\n\r\nto [REDACTED:email]").decode()
    assert shown(body(head + "YWJjZGVm")) == body(head + "YWJjZGVm").decode()


def test_multipart_in_multipart_and_requests_in_batches_are_taken_apart() -> None:
    inner = "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" + field("password", "{}") + "\r\n--c--"
    assert shown(body(inner.format("x"))) == body(inner.format("[REDACTED:password]")).decode()
    batch = "Content-Type: application/http\r\n\r\nPOST /a?b={} HTTP/1.1\r\nHost: x\r\ntoken: {}\r\n\r\n{}"
    assert (
        shown(body(batch.format("bob@x.com", "abc", '{"password":"x"}')))
        == body(batch.format("[REDACTED:email]", "[REDACTED:token]", '{"password":"[REDACTED:password]"}')).decode()
    )


def test_a_dropped_field_leaves_nothing() -> None:
    assert (
        shown(body(field("a", "1"), field("dropped", "x"), field("b", "2")))
        == body(field("a", "1"), field("b", "2")).decode()
    )


@pytest.mark.parametrize(
    "content_type",
    ["", "multipart/form-data", "multipart/form-data; boundary=other", 'multipart/mixed; boundary="b-1"'],
)
def test_the_boundary_is_told_by_the_first_line_where_the_type_does_not(content_type: str) -> None:
    assert shown(body(field("password", "x")), content_type) == body(field("password", "[REDACTED:password]")).decode()


def test_a_longer_delimiter_is_none() -> None:
    data = body(field("a", "--b-12\r\nx"))
    assert shown(data) == data.decode()


def test_without_any_boundary_it_is_text() -> None:
    assert shown(b"to bob@x.com and so on") == "to [REDACTED:email] and so <truncated>"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (field("password", "hunt"), field("password", "[REDACTED:password]")),
        (field("a", "card 4242 4242 42"), field("a", "card <truncated>")),
        (field("a", '{"password": "x", "b": 4242'), field("a", '{"password":"[REDACTED:password]","b":"<truncated>"}')),
        ('Content-Disposition: form-data; name="bob@x.c', "<truncated>"),
        ("Content-Type: text/plain\r\n", "<truncated>"),
        (field("a", "abc\r\n--b-"), field("a", "abc\r\n<truncated>")),
    ],
)
def test_a_last_part_without_its_end_was_cut(part: str, expected: str) -> None:
    data = body(field("a", "1")).replace(b"--b-1--\r\n", b"") + b"--b-1\r\n" + part.encode()
    assert shown(data) == body(field("a", "1"), end="").decode() + "--b-1\r\n" + expected


def test_parts_beyond_the_limit_are_cut() -> None:
    text = shown(body(*[field("password", "x")] * 400))
    assert text == body(*[field("password", "[REDACTED:password]")] * 256, end="--b-1\r\n<truncated>").decode()


PARTS = st.sampled_from(
    [
        b"--b-1",
        b"--b-1--",
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b'Content-Disposition: form-data; name="',
        b'"',
        b"password",
        b"; filename=",
        b"bob@x.com ",
        b"Content-Type: application/json",
        b'{"token": "x"}',
        b"\x00\xff",
        b"x",
        b"dropped",
        b": ",
        b"Content-Transfer-Encoding: base64",
    ]
)


@given(st.lists(PARTS, max_size=24).map(b"".join))
def test_redacting_twice_changes_nothing(data: bytes) -> None:
    assert "bob" not in shown(data)
    assert "bob" not in shown(b"--b-1\r\n" + data)


def test_parts_in_utf_16_are_taken_apart_too() -> None:
    assert (
        shown(body(field("password", "x")).decode().encode("utf-16"), "")
        == body(field("password", "[REDACTED:password]")).decode()
    )
