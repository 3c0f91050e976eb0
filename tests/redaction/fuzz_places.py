"""Where the fuzzer puts a secret: a place that tells what it is, layers around it, and a cut."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from tests.redaction import secret_values
from tests.redaction.drawing import Draw, Make
from tests.redaction.formats_coded import CODINGS
from tests.redaction.formats_json import Built, made
from tests.redaction.labels import STYLES, Value, styled
from tests.redaction.score import View, leaked
from tests.redaction.shapes import fill


@dataclass(frozen=True, slots=True)
class Placed:
    """The fields of a case, how it was made, and whether its payload is JSON."""

    fields: dict[str, Any]
    format: str
    is_json: bool


_SECRETS: tuple[Make, ...] = (*secret_values.ALL, secret_values.password)
_LAYERED = frozenset({"json", "array", "pairs", "graphql-variable", "number"})
_NOISE = (
    "café",
    "naïve ☕",
    "日本語",
    "plain words",
    "a/b/c",
    'say "hi"',
    "tab\there",
    "50%",
    "x=1&y=2",
    "<b>",
    "line\nbreak",
    "",
)


def _noise(rng: Random) -> dict[str, Any]:
    """Fields around the secret: harmless, and with the characters that parsers trip over."""
    noise: dict[str, Any] = {
        "id": fill("{an:24}", rng),
        "n": rng.choice((0, -1, 1.5, 1714563045123, True, None)),
        "note": rng.choice(_NOISE),
    }
    if rng.random() < 0.3:
        noise[rng.choice(("list", "tags"))] = [rng.choice(_NOISE) for _ in range(rng.randint(0, 4))]
    return noise


def _name(value: Value, rng: Random) -> str:
    words = rng.choice(value.names) if value.names else "token"
    return styled(words, rng.choice(STYLES))


def _around(name: str, content: Any, rng: Random) -> dict[str, Any]:
    """The secret's field among others, at any depth up to four."""
    fields = [*_noise(rng).items()]
    fields.insert(rng.randint(0, len(fields)), (name, content))
    inner: dict[str, Any] = dict(fields)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        inner = rng.choice(({"data": inner}, {"items": [inner, {"k": 1}]}, {"a": 1, "result": inner}, {"x": [[inner]]}))
    return inner


def _dumps(value: Any, rng: Random) -> str:
    return json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1, 4)))


def _json(value: Value, rng: Random) -> Built:
    return made(_dumps(_around(_name(value, rng), value.text, rng), rng), [value], content_type="application/json")


def _array(value: Value, rng: Random) -> Built:
    records = [_noise(rng), _around(_name(value, rng), [value.text], rng)]
    return made(_dumps(records, rng), [value], content_type="application/json")


def _number(value: Value, rng: Random) -> Built:
    if not value.text.isdigit() or value.text[0] == "0" or len(value.text) > 18:
        return _json(value, rng)
    return made(_dumps(_around(_name(value, rng), int(value.text), rng), rng), [value], content_type="application/json")


def _pairs(value: Value, rng: Random) -> Built:
    name, key = rng.choice((("name", "value"), ("key", "value"), ("Key", "Value")))
    entries = [{name: "color", key: "red"}, {name: _name(value, rng), key: value.text}]
    rng.shuffle(entries)
    return made(_dumps({"fields": entries}, rng), [value], content_type="application/json")


def _graphql(value: Value, rng: Random) -> Built:
    query = "mutation M($input: In!) { make(input: $input) { id } }"
    return made(
        _dumps({"query": query, "variables": {"input": _around(_name(value, rng), value.text, rng)}}, rng),
        [value],
        content_type="application/json",
    )


def _graphql_inline(value: Value, rng: Random) -> Built:
    words = rng.choice(value.names) if value.names else "token"
    query = f"mutation {{ make(id: 7, {styled(words, 'camel')}: {json.dumps(value.text)}) {{ id }} }}"
    return made(json.dumps({"query": query}), [value], content_type="application/json")


def _ndjson(value: Value, rng: Random) -> Built:
    lines = [json.dumps(_noise(rng)), json.dumps(_around(_name(value, rng), value.text, rng)), json.dumps(_noise(rng))]
    rng.shuffle(lines)
    return made("\n".join(lines) + "\n", [value], content_type="application/x-ndjson")


def _events(value: Value, rng: Random) -> Built:
    body = json.dumps(_around(_name(value, rng), value.text, rng))
    return made(
        f"event: a\ndata: {json.dumps(_noise(rng))}\n\nid: 2\ndata: {body}\n\n: end\n\n",
        [value],
        content_type="text/event-stream",
    )


def _form(value: Value, rng: Random) -> Built:
    name = rng.choice(("{}", "user[{}]", "a[b][{}]")).format(_name(value, rng))
    pairs = [f"id={fill('{an:12}', rng)}", f"{quote(name)}={quote(value.text, safe='')}", "note=a+b%20c"]
    rng.shuffle(pairs)
    return made("&".join(pairs), [value], content_type="application/x-www-form-urlencoded")


def _multipart(value: Value, rng: Random) -> Built:
    fields = [("id", "7"), (_name(value, rng), value.text), ("note", "x")]
    rng.shuffle(fields)
    blocks = "".join(
        f'--XbX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields
    )
    return made(f"{blocks}--XbX--\r\n", [value], content_type="multipart/form-data; boundary=XbX")


def _element(value: Value, rng: Random) -> Built:
    name, prefix = _name(value, rng).replace(" ", ""), rng.choice(("", "n:"))
    inner = rng.choice((f"<![CDATA[{value.text}]]>", escape(value.text), escape(value.text)))
    return made(
        f'<?xml version="1.0"?>\n<r xmlns:n="urn:n"><id>7</id><{prefix}{name}>{inner}</{prefix}{name}><b a="1"/></r>',
        [value],
        content_type="application/xml",
    )


def _attribute(value: Value, rng: Random) -> Built:
    return made(
        f"<r><item id='7' {_name(value, rng)}={quoteattr(value.text)}/><x>1</x></r>", [value], content_type="text/xml"
    )


def _assignment(value: Value, rng: Random) -> Built:
    name, quoted = _name(value, rng), json.dumps(value.text, ensure_ascii=False)
    fits_bare = value.plain and any(map(str.isdigit, value.text)) and value.text.isascii()
    line = (
        rng.choice((f"{name}={value.text}", f"{name}: {value.text}"))
        if fits_bare and rng.random() < 0.5
        else f"{name} = {quoted}"
    )
    return made(f"# settings\n{line}\ntimeout = 30\n", [value], content_type="text/plain")


def _words(value: Value, rng: Random) -> Built:
    """A value that stands alone, in a sentence of a log."""
    if not value.alone or not value.plain:
        return _assignment(value, rng)
    return made(
        f"INFO call failed for {value.text} after 3 tries\nnext line\n",
        [value],
        content_type=rng.choice(("text/plain", "")),
    )


def _key_file(value: Value, rng: Random) -> Built:
    return made(rng.choice((value.text + "\n", f"key: |\n{value.text}\nend\n")), [value], content_type="text/plain")


def _header(value: Value, rng: Random) -> Built:
    text = value.text.replace("\n", " ")
    if (
        value.kind == "authorization"
        or not text.isascii()
        or value.kind in {"userinfo", "signature", "webhook", "private_key"}
    ):
        value = secret_values.credentials(rng)
        pairs = [("Authorization", value.text)]
    elif rng.random() < 0.3 and value.plain and "=" not in text:
        pairs = [("Cookie", f"theme=dark; sid={text}; a=b")]
    else:
        pairs = [(rng.choice(("X-Api-Key", "X-Auth-Token", "X-Acme-Secret")), text)]
    pairs.append(("X-Request-Id", fill("{uuid}", rng)))
    fields = made("".join(f"{name}: {text}\n" for name, text in pairs), [value], channel="headers")
    return {**fields, "payload": b"", "headers": tuple((name.encode(), text.encode()) for name, text in pairs)}


def _url(value: Value, rng: Random) -> Built:
    if value.kind in {"private_key", "authorization"} or not value.text.isascii():
        value = Draw(rng, (secret_values.opaque,)).value()
    if value.kind in {"userinfo", "signature", "webhook"} and rng.random() < 0.5:
        return made(value.text, [value], channel="url")
    joint = rng.choice(("?id=7&", "?", "#", "#state=1&"))
    coded = quote(value.text, safe="")
    if rng.random() < 0.3:
        coded = quote(coded, safe="")
    text = f"https://api.example.com/v1/x{joint}{quote(_name(value, rng))}={coded}&z=1"
    if "#" not in joint and rng.random() < 0.3:
        return made(text.removeprefix("https://api.example.com"), [value], channel="target")
    return made(text, [value], channel="url")


_PLACES: dict[str, Callable[[Value, Random], Built]] = {
    "json": _json,
    "array": _array,
    "number": _number,
    "pairs": _pairs,
    "graphql-variable": _graphql,
    "graphql-inline": _graphql_inline,
    "ndjson": _ndjson,
    "sse": _events,
    "form": _form,
    "multipart": _multipart,
    "xml-element": _element,
    "xml-attribute": _attribute,
    "assignment": _assignment,
    "words": _words,
    "header": _header,
    "url": _url,
}


def place(rng: Random) -> Placed:
    """One case: a secret, a place, up to three layers, perhaps a cut."""
    name = rng.choice(tuple(_PLACES))
    while True:
        value = rng.choice(_SECRETS)(rng)
        if "\n" in value.text and name in {"assignment", "words", "form", "url", "header", "xml-attribute"}:
            name, built = "key-file", _key_file(value, rng)
        elif name.startswith("xml") and not value.text.isprintable():
            continue
        else:
            built = _PLACES[name](value, rng)
        if all(leaked(value, View(built["plain"])) for value in built["values"]):
            break
    is_json = built.get("content_type") == "application/json"
    route = [name]
    if name in _LAYERED:
        built = _layers(built, rng, route)
    if built.get("channel", "body") == "body":
        built = _bytes(built, rng, route)
    return Placed(built, "+".join(route), is_json and built.get("whole", True))


def _layers(built: Built, rng: Random, route: list[str]) -> Built:
    """JSON in strings of JSON, as base64, with escapes."""
    text: str = built["plain"]
    look = rng.random()
    if look < 0.15:
        route.append("in-string")
        text = json.dumps({"id": 1, rng.choice(("body", "payload", "Message")): text})
    elif look < 0.2:
        route.append("in-string-twice")
        text = json.dumps({"body": json.dumps({"payload": text})})
    elif look < 0.3:
        route.append("base64")
        text = json.dumps({"message": {"data": base64.b64encode(text.encode()).decode()}})
    elif look < 0.4:
        route.append("escapes")
        text = text.replace("/", "\\/").replace("@", "\\u0040").replace("-", "\\u002d")
        text = text if _parses(text) else built["plain"]
    return {**built, "plain": text, "payload": text.encode()}


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _bytes(built: Built, rng: Random, route: list[str]) -> Built:
    """A character set, then a cut, then a coding."""
    fields = dict(built)
    text: str = fields["plain"]
    # The delimiters of multipart and the escapes of forms are ASCII by their standards (RFC 2046, RFC 1866).
    if rng.random() < 0.1 and route[0] not in {"multipart", "form"}:
        charset = rng.choice(("utf-16", "utf-8-sig", "utf-32"))
        route.append(charset)
        fields["payload"] = text.encode(charset)
        if charset != "utf-8-sig" and rng.random() < 0.5:
            fields["content_type"] = (fields["content_type"] or "text/plain") + f"; charset={charset}"
    if rng.random() < 0.3 and len(fields["payload"]) > 12:
        route.append("cut")
        fields |= _cut(fields, rng.randint(8, len(fields["payload"]) - 1), route)
    if rng.random() < 0.15:
        coding = rng.choice(tuple(CODINGS))
        route.append(coding)
        fields |= {"payload": CODINGS[coding](fields["payload"]), "content_encoding": coding}
    return fields


def _cut(fields: Built, at: int, route: list[str]) -> Built:
    """The first bytes only. A secret of which too little is left to matter is no longer looked for."""
    payload: bytes = fields["payload"][:at]
    charset = next((name for name in ("utf-16", "utf-32", "utf-8-sig") if name in route), "utf-8")
    plain = payload.decode(charset, "replace")
    view = View(plain)
    values = tuple(value for value in fields["values"] if leaked(value, view) and len(value.text) >= 8)
    return {"payload": payload, "plain": plain, "values": values, "whole": False}
