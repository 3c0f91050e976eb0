"""Builders that put a body of another format under a coding, a character set, strange characters, or a cut."""

import gzip
import importlib
import json
import sys
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import brotli

from tests.redaction import formats_json, formats_text, formats_web
from tests.redaction.drawing import ALONE, Draw, named
from tests.redaction.formats_json import Build, Built, made
from tests.redaction.score import View, leaked

Codec = Callable[[bytes], bytes]

_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
CODINGS: dict[str, Codec] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": importlib.import_module(_ZSTD).compress,
}
"""Content codings (RFC 9110 section 8.4.1, RFC 7932, RFC 8878)."""

_BODIES = (
    formats_json.plain_json,
    formats_json.array,
    formats_json.ndjson,
    formats_web.form,
    formats_web.xml,
    formats_text.prose,
)


def compressed(rng: Random) -> Built:
    """A coded body, also deflate without its zlib frame, which some servers send."""
    built = rng.choice(_BODIES)(rng)
    name = rng.choice(tuple(CODINGS))
    data = CODINGS[name](built["payload"])
    if name == "deflate" and rng.random() < 0.4:
        raw = zlib.compressobj(wbits=-15)
        data = raw.compress(built["payload"]) + raw.flush()
    return {**built, "payload": data, "content_encoding": name if rng.random() < 0.9 else name.upper()}


_CHARSETS = ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1", "utf-32")


def charset(rng: Random) -> Built:
    """UTF-16 and UTF-32 with and without byte order marks, UTF-8 with one, Latin-1."""
    built = rng.choice((formats_json.plain_json, formats_web.xml, formats_text.prose, formats_text.labelled))(rng)
    name = rng.choice(_CHARSETS)
    try:
        payload = built["plain"].encode(name)
    except UnicodeEncodeError:
        name, payload = "utf-16", built["plain"].encode("utf-16")
    told = {"utf-8-sig": "utf-8", "latin-1": "iso-8859-1"}.get(name, name)
    kind = (built.get("content_type") or "text/plain").partition(";")[0]
    declared = (
        f"{kind}; charset={told}" if name in {"latin-1", "utf-16-le", "utf-16-be"} or rng.random() < 0.6 else kind
    )
    return {**built, "payload": payload, "content_type": declared}


_WIDE = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789@-+."}
_UNSEEN = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200c")


def disguised(rng: Random) -> Built:
    """Full-width digits, characters of no width within values, spaces that do not break."""
    draw = Draw(rng, ALONE, lambda value: value.alone and not value.pieces and value.text.isascii())
    values = draw.values(1, 4)
    root: dict[str, Any] = {"object": "note", "status": "open"}
    for value in values:
        look, text = rng.randrange(3), value.text
        if look == 0 and value.kind in {"card_number", "phone", "iban", "ssn", "email", "national_id", "tax_id"}:
            text = text.translate(_WIDE)
        elif look == 1 and " " in text:
            text = text.replace(" ", "\u00a0")
        else:
            for _ in range(rng.randint(1, 2)):
                at = rng.randint(1, len(text) - 1)
                text = text[:at] + rng.choice(_UNSEEN) + text[at:]
        name, _ = named(value, rng, "snake")
        root[name if name not in root else f"{name}_2"] = text
    if rng.random() < 0.7:
        return made(formats_json.dumps(root, rng), values, ["note", "open"], content_type="application/json")
    return made(
        "\n".join(f"{name}: {text}" for name, text in root.items()), values, ["note"], content_type="text/plain"
    )


def cut(rng: Random) -> Built:
    """The first part of a body, cut anywhere: what the capture had when it was full."""
    build = rng.choice(
        (
            *_BODIES,
            formats_json.plain_json,
            formats_json.nested_string,
            formats_web.multipart,
            formats_json.server_events,
        )
    )
    built = build(rng)
    payload: bytes = built["payload"]
    return cut_at(built, rng.randint(len(payload) // 4, len(payload) - 1))


def cut_at(built: Built, at: int) -> Built:
    """A body up to an offset, with the values of which too much was left to be shown."""
    payload: bytes = built["payload"][:at]
    plain = payload.decode("utf-8", "replace")
    view = View(plain)
    values = tuple(value for value in built["values"] if leaked(value, view))
    return {**built, "payload": payload, "plain": plain, "values": values, "benign": (), "whole": False}


def cut_compressed(rng: Random) -> Built:
    """A coded body of which only the first part came: what can be decoded of it must be clean."""
    built = rng.choice(_BODIES)(rng)
    name = rng.choice([name for name in CODINGS if name in {"gzip", "deflate"}])
    data = CODINGS[name](built["payload"])
    at = rng.randint(len(data) // 2, len(data) - 1)
    decoder = zlib.decompressobj(wbits=31 if name == "gzip" else 15)
    whole = len(built["payload"])
    read = cut_at(built, min(len(decoder.decompress(data[:at])), whole - 1))
    return {**read, "payload": data[:at], "content_encoding": name}


def lines_of_values(rng: Random) -> Built:
    """Comma-separated values with a head line: names above, values below."""
    draw = Draw(rng, fits=lambda value: value.plain and "," not in value.text)
    values = draw.values()
    fields = [("id", "48213"), *(named(value, rng, "snake") for value in values), ("status", "active")]
    columns = [(name, text if "," not in text and '"' not in text else json.dumps(text)) for name, text in fields]
    text = ",".join(name for name, _ in columns) + "\n" + ",".join(content for _, content in columns) + "\n"
    alone = [value for value in values if value.alone]
    return made(text, alone, ["48213", "active"], content_type="text/csv")


BUILDERS: dict[str, Build] = {
    "compressed": compressed,
    "charset": charset,
    "disguised": disguised,
    "cut": cut,
    "cut-compressed": cut_compressed,
    "csv": lines_of_values,
}
