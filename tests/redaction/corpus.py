"""The labelled corpus: values in every format, look-alikes in theirs, and API-like bodies.

Made anew at each run from fixed seeds: the same cases on every machine. Nothing may be tuned on the held-out part.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any
from urllib.parse import quote

from tests.redaction import (
    formats_coded,
    formats_json,
    formats_text,
    formats_web,
    look_alikes,
    numbers_of_people,
    personal_values,
    secret_values,
    vendor_tokens,
)
from tests.redaction.drawing import Draw, Make
from tests.redaction.formats_json import Build, Built
from tests.redaction.labels import Case, Value
from tests.redaction.score import View, leaked
from tests.redaction.shapes import fill, jwt
from tests.redaction.tables import DATA

BUILDERS: dict[str, Build] = (
    formats_json.BUILDERS | formats_web.BUILDERS | formats_text.BUILDERS | formats_coded.BUILDERS
)

CASES_PER_FORMAT = 70
_COUNTS = {
    "source-vendor": 330,
    "source-named": 120,
    "source-opaque": 120,
    "pem": 40,
    "json-single": 300,
    "redirect": 12,
    "prose": 110,
    "url": 110,
}
_BODIES = DATA / "bodies"
BODIES_DRAWN = 6
"""How often each API-like body is made, each time with other ids and people."""


@cache
def cases() -> tuple[Case, ...]:
    """Every case of the corpus."""
    return (*_labelled(), *_look_alikes(), *_api_bodies())


def build(name: str, seed: str) -> Case:
    """One labelled case, told by its format and a seed; each value of it can be read from its payload."""
    rng = Random(f"{name}/{seed}")
    while True:
        built = BUILDERS[name](rng)
        if _sound(built):
            return Case(f"{name}/{seed}", name, **built)


def _sound(built: Built) -> bool:
    """Whether every value stands in the payload, and no harmless text around it holds it too."""
    view = View(built["plain"])
    if not all(leaked(value, view) for value in built["values"]):
        return False
    rest = built["plain"]
    for value in built["values"]:
        if len(value.text) < 8 and len(re.findall(rf"(?<![\w.]){re.escape(value.text)}(?!\w)", rest)) > 1:
            return False
    return all(value.text not in text for value in built["values"] for text in built.get("benign", ()))


def _labelled() -> Iterator[Case]:
    for name in BUILDERS:
        for number in range(_COUNTS.get(name, CASES_PER_FORMAT)):
            yield build(name, f"{number:04}")


def _look_alikes() -> Iterator[Case]:
    rng = Random("look-alikes")
    for number, (name, text) in enumerate(look_alikes.pairs(rng)):
        for form, built in _harmless_pair(name, text).items():
            yield Case(f"look-alike-{form}/{number:04}", form, benign=(text,), group="look-alike", **built)
    for number, line in enumerate(look_alikes.LINES):
        as_json = json.dumps({"message": line, "level": "info"})
        yield Case(
            f"look-alike-line/{number:04}",
            "prose",
            line.encode(),
            (),
            (line,),
            "look-alike",
            content_type="text/plain",
            plain=line,
        )
        yield Case(
            f"look-alike-message/{number:04}",
            "json",
            as_json.encode(),
            (),
            (line,),
            "look-alike",
            content_type="application/json",
            plain=as_json,
        )
    for number, line in enumerate(look_alikes.URLS):
        yield Case(f"look-alike-url/{number:04}", "url", line.encode(), (), (line,), "look-alike", "url", plain=line)
        yield Case(
            f"look-alike-url-in-text/{number:04}",
            "prose",
            f"GET {line} 200".encode(),
            (),
            (line,),
            "look-alike",
            "text",
            plain=f"GET {line} 200",
        )
    for number, (name, shape) in enumerate(look_alikes.HEADERS):
        text = fill(shape, rng)
        pair = ((name.encode(), text.encode()),)
        yield Case(
            f"look-alike-header/{number:04}",
            "headers",
            b"",
            (),
            (text,),
            "look-alike",
            "headers",
            headers=pair,
            plain=f"{name}: {text}",
        )


def _harmless_pair(name: str, text: str) -> dict[str, Built]:
    """A harmless name and value in the formats in which it is one leaf."""
    as_json = json.dumps({"object": "thing", name: text, "ok": True})
    as_form = f"object=thing&{name}={quote(text, safe='')}"
    as_line = f'{name} = "{text}"' if '"' not in text else f"{name}={text}"
    return {
        "json": {"payload": as_json.encode(), "content_type": "application/json", "plain": as_json},
        "form": {"payload": as_form.encode(), "content_type": "application/x-www-form-urlencoded", "plain": as_form},
        "source": {"payload": as_line.encode(), "content_type": "text/plain", "plain": as_line},
    }


_PEOPLE: dict[str, Make] = {
    "email": personal_values.email,
    "street": personal_values.street,
    "ip": personal_values.ip,
    "iban": numbers_of_people.iban,
    "date of birth": personal_values.birth,
    "jwt": lambda rng: Value(jwt(rng), "jwt"),
    "phone": lambda rng: Draw(rng, (personal_values.phone,)).value(),
    "phone e164": lambda rng: Draw(rng, (personal_values.phone,), lambda value: value.text[0] == "+").value(),
    "full name": lambda rng: Draw(rng, (personal_values.person,), lambda value: " " in value.text).value(),
    "first name": lambda rng: Draw(
        rng, (personal_values.person,), lambda value: value.names[0] == "first name"
    ).value(),
    "last name": lambda rng: Draw(rng, (personal_values.person,), lambda value: value.names[0] == "last name").value(),
    "client secret": lambda rng: Value(fill("pi_{an:24}_secret_{an:25}", rng), "secret"),
    "cart token": lambda rng: Value(fill("{h:32}", rng), "token"),
    "access token": lambda rng: Draw(rng, (vendor_tokens.shaped,), lambda value: value.alone).value(),
    "refresh token": lambda rng: Draw(rng, (secret_values.opaque,)).value(),
}
_PLACE = re.compile(r"\{\{([a-z0-9 ]+)\}\}")
_NUMBER = re.compile(r"#(\d*\{d:\d+\})")


def _api_bodies() -> Iterator[Case]:
    for path in sorted(_BODIES.glob("*.json")):
        template = json.loads(path.read_text("utf-8"))
        for number in range(BODIES_DRAWN):
            name = f"api-{path.stem}/{number:04}"
            rng = Random(name)
            values: list[Value] = []
            text = json.dumps(_filled(template, rng, values), indent=rng.choice((None, 2)), ensure_ascii=False)
            yield Case(
                name, "api", text.encode(), tuple(values), (), "api", content_type="application/json", plain=text
            )


def _filled(value: Any, rng: Random, values: list[Value]) -> Any:
    """A template with its places filled: ``{{email}}`` labelled, ``?...`` not judged, ``#17{d:8}`` a number."""
    if isinstance(value, dict):
        return {key: _filled(inner, rng, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, rng, values) for inner in value]
    if not isinstance(value, str):
        return value
    place = _PLACE.fullmatch(value)
    if place is not None and place[1] in _PEOPLE:
        values.append(_PEOPLE[place[1]](rng))
        return values[-1].text
    number = _NUMBER.fullmatch(value)
    return int(fill(number[1], rng)) if number is not None else fill(value, rng)


def judged(text: str) -> bool:
    """Whether a leaf of an API-like body counts as harmless: those after ``?`` may go or stay."""
    return text[:1] != "?"
