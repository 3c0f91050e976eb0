"""Builders that place labelled values in JSON and in what is made of JSON.

Each takes a draw (values, names, style) and gives what a case is made of.
"""

import base64
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

from tests.redaction.drawing import ALONE, Draw, name_of, named, sentence
from tests.redaction.labels import STYLES, Value

Built = dict[str, Any]
"""The fields of a case."""

Build = Callable[[Random], Built]


def made(text: str, values: list[Value], benign: list[str] | None = None, **fields: Any) -> Built:
    """A case whose payload is the text as UTF-8."""
    payload = fields.pop("payload", None) or text.encode()
    return {"payload": payload, "values": tuple(values), "benign": tuple(benign or ()), "plain": text, **fields}


def document(rng: Random, draw: Draw, *, deep: bool = True) -> tuple[dict[str, Any], list[Value], list[str]]:
    """An object with values and harmless fields, some of them in objects and arrays."""
    style = draw.style()
    values = draw.values()
    harmless = draw.benign(rng.randint(2, 5), style)
    fields: list[tuple[str, Any]] = [*(named(value, rng, style) for value in values), *harmless]
    rng.shuffle(fields)
    root: dict[str, Any] = {"object": "event", "ok": True, "count": rng.randint(0, 90)}
    place = root
    for name, text in fields:
        if deep and rng.random() < 0.3:
            inner: dict[str, Any] = {"kind": "item"}
            place[rng.choice(("data", "attributes", "payload", "object", "item")) + str(len(place))] = (
                inner if rng.random() < 0.6 else [inner]
            )
            place = inner
        if name in place:
            place = place.setdefault(f"more{len(place)}", {})
        place[name] = text
    return root, values, [text for _, text in harmless]


def dumps(value: Any, rng: Random) -> str:
    """JSON as the wild writes it: compact, with spaces, indented, ASCII or not."""
    style = rng.choice(({"separators": (",", ":")}, {}, {"indent": 2}, {"indent": "\t"}))
    return json.dumps(value, ensure_ascii=rng.random() < 0.4, **style)  # type: ignore[arg-type]


def plain_json(rng: Random) -> Built:
    """An object, nested, in any layout."""
    root, values, benign = document(rng, Draw(rng))
    return made(
        dumps(root, rng),
        values,
        benign,
        content_type=rng.choice(
            ("application/json", "application/json; charset=utf-8", "application/problem+json", "")
        ),
    )


def single(rng: Random) -> Built:
    """One value and nothing else, so that no other finding opens the door to a close look at the body."""
    value = Draw(rng, fits=lambda value: bool(value.names)).value()
    root: Any = {name_of(value, rng, rng.choice(STYLES), harmless=0): value.text}
    for _ in range(rng.randint(0, 3)):
        root = rng.choice(({"data": root}, [root], {"id": 7, "result": root}, {"items": [{"k": 1}, root]}))
    return made(dumps(root, rng), [value], content_type="application/json")


def array(rng: Random) -> Built:
    """A top-level array of records of one shape, and arrays of values under one name."""
    draw = Draw(rng)
    records, values, benign = [], [], []
    for _ in range(rng.randint(2, 3)):
        root, inner, harmless = document(rng, draw, deep=False)
        records.append(root)
        values += inner
        benign += harmless
    value = draw.value()
    name = name_of(value, rng, "snake")
    records.append({f"{name}" if value.alone else name: [value.text]})
    return made(dumps(records, rng), [*values, value], benign, content_type="application/json")


def numbers(rng: Random) -> Built:
    """Digits as JSON numbers, as careless clients send them."""
    draw = Draw(rng, fits=lambda value: value.text.isdigit() and value.text[0] != "0" and len(value.text) < 19)
    values = draw.values(1, 3)
    root: dict[str, Any] = {
        "amount": rng.randint(100, 9999),
        "created": 1_700_000_000 + rng.randint(0, 9_999_999),
        "live": False,
    }
    for value in values:
        root[name_of(value, rng, draw.style(), harmless=0)] = int(value.text)
    kept = [str(root["created"])]
    return made(dumps({"data": root}, rng), values, kept, content_type="application/json")


def nested_string(rng: Random) -> Built:
    """JSON in a string of JSON, up to three deep, as queues and log shippers make."""
    root, values, benign = document(rng, Draw(rng))
    text = dumps(root, rng)
    for _ in range(rng.choice((1, 1, 2))):
        text = json.dumps(
            {"id": rng.randint(1, 999), rng.choice(("body", "message", "payload", "Message", "data")): text}
        )
    return made(text, values, benign, content_type="application/json")


def base64_json(rng: Random) -> Built:
    """JSON as base64 in a field, as Pub/Sub and Kinesis carry it."""
    root, values, _ = document(rng, Draw(rng))
    encode = rng.choice((base64.b64encode, base64.urlsafe_b64encode))
    blob = encode(dumps(root, rng).encode()).decode()
    text = json.dumps(
        {"message": {"data": blob, "messageId": "136969346945"}, "subscription": "projects/p/subscriptions/s"}
    )
    return made(text, values, ["projects/p/subscriptions/s"], content_type="application/json")


def escaped(rng: Random) -> Built:
    """Every character that may be escaped is, some of the time; names too (RFC 8259 section 7)."""
    root, values, benign = document(rng, Draw(rng))
    rate = rng.choice((0.2, 1.0))

    def escape(match: re.Match[str]) -> str:
        char = match[0]
        if char == "/":
            return "\\/"
        return f"\\u{ord(char):04{rng.choice('xX')}}" if rng.random() < rate else char

    pieces = re.split(r'("(?:[^"\\]|\\.)*")', json.dumps(root))
    text = "".join(
        re.sub(r"(?<!\\)(?:[@/+=._-]|(?<=[a-z])[aeiou])", escape, piece) if piece[:1] == '"' else piece
        for piece in pieces
    )
    assert json.loads(text) == root
    return made(text, values, benign, content_type="application/json")


_PAIRS = (
    ("name", "value"), ("key", "value"), ("k", "v"), ("Key", "Value"), ("Name", "Value"), ("name", "content"),
    ("field", "value"),
)  # fmt: skip


def pair_list(rng: Random) -> Built:
    """Names and values as data: lists of objects, or of pairs."""
    draw = Draw(rng)
    values, style = draw.values(), draw.style()
    harmless = [pair for pair in draw.benign(3, style) if pair[1][:1] != "@"]
    fields = [*((name_of(value, rng, style), value.text) for value in values), *harmless]
    rng.shuffle(fields)
    name, content = rng.choice(_PAIRS)
    entries: list[Any] = [[key, text] for key, text in fields]
    if rng.random() < 0.75:
        entries = [{name: key, content: text} for key, text in fields]
    key = rng.choice(("headers", "parameters", "custom_fields", "env", "attributes", "fields"))
    return made(
        dumps({"id": 7, key: entries}, rng), values, [text for _, text in harmless], content_type="application/json"
    )


def keys(rng: Random) -> Built:
    """Personal data and secrets as names of fields: maps by e-mail, by token, by number."""
    draw = Draw(rng, ALONE, lambda value: value.alone and not value.pieces)
    values = draw.values(1, 4)
    harmless = draw.benign(2, "snake")
    root = {value.text: rng.choice(({"seen": 3}, 17, "active", None, ["a"])) for value in values} | dict(harmless)
    return made(dumps({"by_key": root}, rng), values, [text for _, text in harmless], content_type="application/json")


def broken(rng: Random) -> Built:
    """What is almost JSON: trailing commas, single quotes, NaN, comments, names without quotes, Python's own form."""
    simple = Draw(rng, fits=lambda value: value.text.isprintable() and not set(value.text) & set("\"'\\"))
    root, values, benign = document(rng, simple)
    text = json.dumps(root, indent=rng.choice((None, 2)), ensure_ascii=False)
    spoil = rng.choice((
        lambda: re.sub(r"([}\]])", r",\1", text),
        lambda: text.replace('"', "'"),
        lambda: repr(root),
        lambda: text[:-1] + ', "ratio": NaN, "limit": -Infinity}',
        lambda: "// a comment\n" + text.replace('"ok"', '/* state */ "ok"'),
        lambda: re.sub(r'"(\w+)":', r"\1:", text),
        lambda: text.rstrip("}"),
        lambda: text + "}}",
        lambda: text.replace('"ok": true', '"ok": True'),
        lambda: text.replace("{", '{"note": "line\nbreak", ', 1),
        lambda: ")]}',\n" + text,
        lambda: f"callback({text});",
    ))  # fmt: skip
    return made(spoil(), values, benign, content_type="application/json")


def ndjson(rng: Random) -> Built:
    """One JSON text a line (bulk APIs, log shippers); one of the lines may be broken."""
    draw = Draw(rng)
    lines, values, benign = [], [], []
    for _ in range(rng.randint(2, 4)):
        root, inner, harmless = document(rng, draw)
        lines.append(json.dumps(root, ensure_ascii=False))
        values += inner
        benign += harmless
    if rng.random() < 0.2:
        lines.insert(1, '{"index": {"_id": "7"')
    return made(
        rng.choice(("\n", "\r\n")).join(lines) + "\n",
        values,
        benign,
        content_type=rng.choice(("application/x-ndjson", "application/jsonl", "")),
    )


def server_events(rng: Random) -> Built:
    """Server-sent events with JSON and plain data (WHATWG HTML, section 9.2)."""
    draw = Draw(rng)
    text, values, benign = "", [], []
    for number in range(rng.randint(2, 4)):
        root, inner, harmless = document(rng, draw)
        body = json.dumps(root, indent=rng.choice((None, None, 1)), ensure_ascii=False)
        data = "".join(f"data: {line}\n" for line in body.split("\n"))
        text += f"id: {number}\nevent: update\n{data}\n"
        values += inner
        benign += harmless
    value = Draw(rng, ALONE, lambda value: value.alone and value.plain).value()
    text += f": keep-alive\n\ndata: {sentence(value, rng)}\n\ndata: [DONE]\n\n"
    return made(text, [*values, value], benign, content_type="text/event-stream")


def graphql(rng: Random) -> Built:
    """A GraphQL request over HTTP: variables, and arguments written into the query."""
    draw = Draw(rng, fits=lambda value: value.text.isprintable() and not set(value.text) & set("\"'\\"))
    values = draw.values()
    inline, variables = values[: len(values) // 2], values[len(values) // 2 :]
    arguments = ", ".join(f'{name_of(value, rng, "camel", 0.2)}: "{value.text}"' for value in inline)
    call = f"createThing({arguments}, kind: PRIMARY)" if arguments else "createThing(input: $input)"
    query = f"mutation Make($input: ThingInput!) {{ {call} {{ id status createdAt }} }}"
    body = {
        "operationName": "Make",
        "query": query,
        "variables": {"input": dict(named(value, rng, "camel") for value in variables)},
    }
    if rng.random() < 0.2:
        return made(query, inline, ["createdAt"], content_type="application/graphql")
    return made(dumps(body, rng), values, ["createdAt"], content_type="application/json")


BUILDERS: dict[str, Build] = {
    "json": plain_json,
    "json-single": single,
    "json-array": array,
    "json-numbers": numbers,
    "json-in-string": nested_string,
    "json-base64": base64_json,
    "json-escapes": escaped,
    "json-pairs": pair_list,
    "json-keys": keys,
    "json-invalid": broken,
    "ndjson": ndjson,
    "sse": server_events,
    "graphql": graphql,
}
