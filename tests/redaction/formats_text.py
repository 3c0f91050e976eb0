"""Builders that place labelled values in prose, logs, and the syntaxes of source and configuration.

The templates stand in ``data/prose.txt`` (by kind) and ``data/source.txt`` (by syntax; with ``+`` for those that give
no name, which only a key of recognisable shape can be found in).
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random

from tests.redaction import secret_values, vendor_tokens
from tests.redaction.drawing import ALONE, Draw
from tests.redaction.formats_json import Build, Built, made
from tests.redaction.labels import Value, styled
from tests.redaction.tables import keyed

_STYLES = ("snake", "camel", "kebab", "pascal", "upper", "dotted")


@cache
def templates(file: str) -> tuple[tuple[str, str], ...]:
    """Key and template of every line of a file."""
    return tuple((key, shape.replace("\\n", "\n")) for key, shape in keyed(file))


_CALM = (
    "2024-05-01T12:00:00.123Z INFO server listening on 0.0.0.0:8080",
    'level=info msg="request done" status=200 ms=31 id=7f1c9e1a',
    "worker 3 picked up job 48213",
    "cache hit ratio 0.93 over 10422 requests",
    "commit 6dcb09b5b57875f334f61aebed695e2e4193db5e deployed",
    "retrying in 1.5s (attempt 2/5)",
)  # fmt: skip


def prose(rng: Random) -> Built:
    """Log lines and sentences with values that stand alone."""
    lines, values = rng.sample(_CALM, 2), []
    kept = list(lines)
    draw = Draw(rng, ALONE, lambda value: value.alone and "\n" not in value.text and value.kind in _KINDS)
    for value in draw.values(1, 3):
        shape = rng.choice([text for kind, text in templates("prose.txt") if kind == value.kind])
        lines.append(shape.replace("{}", value.text))
        values.append(value)
    rng.shuffle(lines)
    return made(
        "\n".join(lines),
        values,
        kept,
        content_type=rng.choice(("text/plain", "text/plain; charset=utf-8", "text/html", "")),
    )


_KINDS = frozenset(kind for kind, _ in templates("prose.txt"))

_LABELS: tuple[Callable[[str, str], str], ...] = (
    lambda name, text: f"{styled(name, 'title')}: {text}",
    lambda name, text: f"{styled(name, 'snake')}={text}",
    lambda name, text: f'{styled(name, "snake")}="{text}"',
    lambda name, text: f"{styled(name, 'camel')}: '{text}'",
    lambda name, text: f"{styled(name, 'title')} = {text}",
    lambda name, text: f"  {styled(name, 'kebab')}: {text}",
    lambda name, text: f'"{styled(name, "snake")}": "{text}"',
)


def labelled(rng: Random) -> Built:
    """Lines of ``Name: value``: forms by mail, dumps of settings, logged arguments."""
    draw = Draw(
        rng, fits=lambda value: bool(value.names) and value.text.isprintable() and not set(value.text) & set("\"'\\")
    )
    lines, values = rng.sample(_CALM, 2), []
    kept = list(lines)
    for value in draw.values():
        shape = rng.choice(_LABELS if value.plain else (_LABELS[2], _LABELS[3], _LABELS[6]))
        if value.tier == "T1" or value.kind == "card_number":
            shape = rng.choice(_LABELS[:1] + _LABELS[2:4] + _LABELS[6:])
        lines.append(shape(rng.choice(value.names), value.text))
        values.append(value)
    rng.shuffle(lines)
    return made("\n".join(lines), values, kept, content_type=rng.choice(("text/plain", "")))


_AROUND = {
    "#": ("# deployed by ci, build 48213", "retries = 3", "timeout = 30"),
    "//": ("// see README.md, section 3", 'const region = "eu-west-1";', "return retry(3);"),
}


def written(value: Value, syntax: str, shape: str, rng: Random) -> str:
    """A line of a syntax with a value in it, between two harmless lines."""
    words = rng.choice(value.names) if value.names else "api key"
    line = shape.replace("{title}", "-".join(word.capitalize() for word in words.split()))
    for style in _STYLES:
        line = line.replace("{" + style + "}", styled(words, style))
    line = line.replace("{v}", value.text)
    first, *others = _AROUND["//" if syntax in _SLASHES else "#"]
    return "\n".join((first, line, rng.choice(others)))


_SLASHES = frozenset(
    {"javascript", "typescript", "go", "java", "kotlin", "scala", "csharp", "rust", "swift", "dart", "c", "groovy"}
)


def _source(value: Value, rng: Random) -> Built:
    fitting = [
        (syntax, shape)
        for syntax, shape in templates("source.txt")
        if (value.alone or not syntax.endswith("+")) and (value.plain or '"{v}"' in shape)
    ]
    syntax, shape = rng.choice(fitting)
    text = written(value, syntax.rstrip("+"), shape, rng)
    return made(text, [value], [text.split("\n")[0]], content_type=rng.choice(("text/plain", "")), group="vendor")


def vendor_shaped(rng: Random) -> Built:
    """A recognisable key of a vendor in a line of source, configuration or log."""
    return _source(vendor_tokens.shaped(rng), rng)


def vendor_named(rng: Random) -> Built:
    """A key that its name tells, in the same."""
    return _source(vendor_tokens.named(rng), rng)


def opaque_source(rng: Random) -> Built:
    """Random tokens and plain passwords under sensitive names, in the same."""
    draw = Draw(
        rng,
        (secret_values.opaque, secret_values.opaque, secret_values.password),
        lambda value: value.plain and "|" not in value.text,
    )
    return _source(draw.value(), rng)


def key_file(rng: Random) -> Built:
    """PEM keys: as a file, within YAML, in a string with ``\\n``, in a log."""
    value = secret_values.private_key(rng)
    lines = value.text.split("\n")
    text = rng.choice((
        lambda: value.text + "\n",
        lambda: "tls:\n  key: |\n" + "\n".join("    " + line for line in lines),
        lambda: 'PRIVATE_KEY="' + "\\n".join(lines) + '"',
        lambda: "loaded key:\r\n" + "\r\n".join(lines) + "\r\nready",
        lambda: '{"type": "service_account", "private_key": "' + "\\n".join(lines) + '\\n"}',
        lambda: "KEY: " + base64.b64encode(value.text.encode()).decode(),
    ))()  # fmt: skip
    return made(text, [value], content_type="text/plain", group="vendor")


def kubernetes_secret(rng: Random) -> Built:
    """A Secret manifest: base64 under names that its author chose."""
    draw = Draw(
        rng, (secret_values.password, vendor_tokens.named, secret_values.opaque), lambda value: len(value.text) >= 8
    )
    values = [replace(value, pieces=(base64.b64encode(value.text.encode()).decode(),)) for value in draw.values(1, 3)]
    rows = "".join(f"  {styled(rng.choice(value.names), 'kebab')}: {value.pieces[0]}\n" for value in values)
    text = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: orders-db\ntype: Opaque\ndata:\n{rows}"
    return made(text, values, ["name: orders-db", "kind: Secret"], content_type="application/yaml", group="vendor")


BUILDERS: dict[str, Build] = {
    "prose": prose,
    "labelled": labelled,
    "source-vendor": vendor_shaped,
    "source-named": vendor_named,
    "source-opaque": opaque_source,
    "pem": key_file,
    "kubernetes": kubernetes_secret,
}
