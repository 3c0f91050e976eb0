"""A planted secret in a body of every format: under its name, or in the open where its shape tells what it is.

A format gives the content type and the bytes. Harmless text stands around the secret, to be found in the log.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import brotli
from backports import zstd

from tests.support.planted import Secret

Body = tuple[str, bytes]
Format = Callable[[Secret], Body]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
HARMLESS = "a lamp of brass"
SEEN = "lamp"
"""In every text body, before the secret; a word of it that every format shows."""


def _json(data: object) -> Body:
    return JSON, json.dumps(data).encode()


def _fields(secret: Secret) -> dict[str, object]:
    return {"item": HARMLESS, "id": 7, secret.name: secret.text, "max_tokens": 100}


def plain(secret: Secret) -> Body:
    return _json(_fields(secret))


def nested(secret: Secret) -> Body:
    return _json({"data": {"items": [{"k": 1}, {"deep": [[_fields(secret)]]}]}})


def escaped(secret: Secret) -> Body:
    coded = "".join(f"\\u{ord(char):04x}" for char in secret.text)
    return JSON, f'{{"item": "{HARMLESS}", "{secret.name}": "{coded}"}}'.encode()


def in_array(secret: Secret) -> Body:
    return _json({"item": HARMLESS, secret.name: [secret.text, "x"]})


def pair_list(secret: Secret) -> Body:
    return _json({"fields": [{"name": "item", "value": HARMLESS}, {"name": secret.name, "value": secret.text}]})


def pairs(secret: Secret) -> Body:
    return _json({"fields": [["item", HARMLESS], [secret.name, secret.text]]})


def in_string(secret: Secret) -> Body:
    return _json({"item": HARMLESS, "payload": json.dumps(_fields(secret))})


def in_string_twice(secret: Secret) -> Body:
    return _json({"item": HARMLESS, "body": json.dumps({"payload": json.dumps(_fields(secret))})})


def in_base64(secret: Secret) -> Body:
    inner = base64.b64encode(json.dumps(_fields(secret)).encode()).decode()
    return _json({"item": HARMLESS, "message": {"data": inner}})


def form(secret: Secret) -> Body:
    text = f"item={quote(HARMLESS)}&{quote(secret.name)}={quote(secret.text, safe='')}&page=2"
    return FORM, text.encode()


def form_twice(secret: Secret) -> Body:
    text = f"item={quote(HARMLESS)}&user[{secret.name}]={quote(quote(secret.text, safe=''), safe='')}"
    return FORM, text.encode()


def multipart(secret: Secret) -> Body:
    parts = (("item", HARMLESS), (secret.name, secret.text))
    blocks = "".join(
        f'--XbX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts
    )
    return "multipart/form-data; boundary=XbX", f"{blocks}--XbX--\r\n".encode()


def multipart_file(secret: Secret) -> Body:
    head = 'Content-Disposition: form-data; name="upload"; filename="keys.txt"\r\nContent-Type: text/plain'
    block = f'--XbX\r\nContent-Disposition: form-data; name="item"\r\n\r\n{HARMLESS}\r\n--XbX\r\n{head}'
    return "multipart/form-data; boundary=XbX", f"{block}\r\n\r\n{secret.text}\r\n--XbX--\r\n".encode()


def xml_element(secret: Secret) -> Body:
    inner = f"<item>{HARMLESS}</item><{secret.name}>{escape(secret.text)}</{secret.name}>"
    return "application/xml", f'<?xml version="1.0"?>\n<r xmlns:n="urn:n">{inner}</r>'.encode()


def xml_attribute(secret: Secret) -> Body:
    return "text/xml", f"<r><a item='{HARMLESS}' {secret.name}={quoteattr(secret.text)}/></r>".encode()


def xml_data(secret: Secret) -> Body:
    inner = f"<{secret.name}><![CDATA[{secret.text}]]></{secret.name}>"
    return "application/soap+xml", f"<e><item>{HARMLESS}</item>{inner}</e>".encode()


def ndjson(secret: Secret) -> Body:
    lines = ({"item": HARMLESS}, _fields(secret), {"n": 3})
    return NDJSON, "".join(json.dumps(line) + "\n" for line in lines).encode()


def events(secret: Secret) -> Body:
    blocks = f"event: a\ndata: {json.dumps({'item': HARMLESS})}\n\nid: 2\ndata: {json.dumps(_fields(secret))}\n\n"
    return EVENTS, f"{blocks}: end\n\n".encode()


def graphql(secret: Secret) -> Body:
    query = "mutation M($input: In!) { make(input: $input) { id } }"
    return _json({"query": query, "variables": {"input": _fields(secret)}})


def graphql_inline(secret: Secret) -> Body:
    inner = f'item: "{HARMLESS}", {secret.name.replace("-", "_")}: {json.dumps(secret.text)}'
    return _json({"query": f"mutation {{ make({inner}) {{ id }} }}"})


def assignment(secret: Secret) -> Body:
    return "text/plain", f'item = "{HARMLESS}"\n{secret.name} = {json.dumps(secret.text)}\nretries = 3\n'.encode()


def environment(secret: Secret) -> Body:
    name = secret.name.upper().replace("-", "_")
    return "", f"ITEM={HARMLESS}\nexport {name}={json.dumps(secret.text)}\n".encode()


def wide(secret: Secret) -> Body:
    return f"{JSON}; charset=utf-16", json.dumps(_fields(secret)).encode("utf-16")


def broken(secret: Secret) -> Body:
    return JSON, json.dumps(_fields(secret)).encode()[:-1] + b', "open": ['


def binary(secret: Secret) -> Body:
    return "application/octet-stream", b"\x00\x01" + secret.text.encode() + b"\xff\xfe\x00"


def large(secret: Secret) -> Body:
    """More than is redacted on the event loop, with the secret at both ends; hard to compress."""
    rows = [{"row": number, "sum": number * 2654435761 % 2**32} for number in range(4000)]
    return _json([_fields(secret), *rows, _fields(secret)])


FORMATS: tuple[Format, ...] = (
    plain, nested, escaped, in_array, pair_list, pairs, in_string, in_string_twice, in_base64, form, form_twice,
    multipart, xml_element, xml_attribute, xml_data, ndjson, events, graphql, graphql_inline, assignment, environment,
    wide, broken,
)  # fmt: skip
"""For every secret."""


def number(secret: Secret) -> Body:
    return _json({"item": HARMLESS, "value": int(secret.text)})


def dictionary_key(secret: Secret) -> Body:
    return _json({"item": HARMLESS, "by": {secret.text: {"n": 1}}})


def prose(secret: Secret) -> Body:
    return "text/plain", f"There is {HARMLESS}, but {secret.text} was not accepted here.\n".encode()


def page(secret: Secret) -> Body:
    return "text/html", f"<html><body><p>{HARMLESS}</p><pre>{escape(secret.text)}</pre></body></html>".encode()


def file_name(secret: Secret) -> Body:
    head = f'Content-Disposition: form-data; name="upload"; filename="of {secret.text}.txt"'
    block = f'--XbX\r\nContent-Disposition: form-data; name="item"\r\n\r\n{HARMLESS}\r\n--XbX\r\n{head}'
    return "multipart/form-data; boundary=XbX", f"{block}\r\n\r\nx\r\n--XbX--\r\n".encode()


IN_THE_OPEN: tuple[Format, ...] = (dictionary_key, prose, page, file_name)
"""For secrets whose shape tells them."""

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
"""Content codings (RFC 9110 8.4.1) that a body may have."""


def cut_in(secret: Secret, limit: int, kept: int) -> list[Body]:
    """Bodies of which the log keeps ``limit`` bytes, so that the last of them are ``kept`` bytes of the secret."""
    name = secret.name
    return [
        _filled(secret, limit - kept, JSON, f'{{"item": "{HARMLESS}", "{name}": "', '", "n": 1}' + " " * 80),
        _filled(secret, limit - kept, FORM, f"item={HARMLESS}&{name}=", "&n=1" + "&m=2" * 30),
        _filled(secret, limit - kept, "text/xml", f"<r><a>{HARMLESS}</a><{name}>", f"</{name}><n/></r>" + " " * 90),
        _filled(secret, limit - kept, NDJSON, f'{{"item": "{HARMLESS}"}}\n{{"{name}": "', '"}\n' + '{"n": 1}\n' * 12),
        _filled(secret, limit - kept, EVENTS, f'data: {{"item": "{HARMLESS}", "{name}": "', '"}\n\n' + ": x\n" * 30),
        _filled(secret, limit - kept, "text/plain", f"{HARMLESS}\n{name}: ", "\nmore of the same\n" * 6),
    ]


def cut_in_the_open(secret: Secret, limit: int) -> list[Body]:
    """The same in the middle of a secret without a name: of its shape too little is left to be known by."""
    start = limit - len(secret.text) // 2 - 1
    return [
        _filled(secret, start, "text/plain", f"{HARMLESS} was not paid by ", " at all\n" * 20),
        _filled(secret, start, JSON, f'{{"item": "{HARMLESS}", "error": "', ' is not known"}' + " " * 90),
        _filled(secret, start, FORM, f"item={HARMLESS}&q=", "&n=1" + "&m=2" * 30),
    ]


def _filled(secret: Secret, start: int, kind: str, before: str, after: str) -> Body:
    """A body in which the secret begins at byte ``start``."""
    gap = start - len(before.encode())
    assert gap >= 0, (before, gap)
    return kind, before.replace(HARMLESS, HARMLESS + "x" * gap).encode() + secret.text.encode() + after.encode()
