"""Write the documents that are made from the code; ``--check`` only says which of them are stale.

python docs/generate.py            write what is stale of what is made: DOCUMENTS below
python docs/generate.py --check    exit 1 when a committed one differs from the code
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS)]

import journey_picture  # noqa: E402
import policy_page  # noqa: E402

from sidecar.config import fields, model  # noqa: E402
from sidecar.config.descriptions import descriptions  # noqa: E402
from sidecar.config.nodes import Node  # noqa: E402
from sidecar.config.packaged import PRESETS, PROFILES  # noqa: E402
from sidecar.config.schema import json_schema, models, plain_text  # noqa: E402
from sidecar.config.shape import is_free, is_model, members  # noqa: E402
from sidecar.config.units import Unit, show, unit_of  # noqa: E402
from sidecar.core.errors import ERRORS, BadRequest  # noqa: E402
from sidecar.policies.settings import Switchable  # noqa: E402
from sidecar.telemetry.exposition import metrics_markdown  # noqa: E402

_MADE = "<!-- Made by docs/generate.py from the code: change it there. -->"
_UNITS = {Unit.DURATION: "duration", Unit.SIZE: "size", Unit.FRACTION: "share", Unit.RATE: "rate"}
_PLAIN = {str: "text", int: "number", float: "number", bool: "true, false", fields.Listen: "address"}
_PLAIN[fields.BaseUrl] = "URL"

CONFIGURATION = """# Configuration

{made}

One YAML file; `sidecar check` reports all its mistakes at once, `sidecar explain GET /demo/orders/1` shows what holds
for a call and which line said so. `config.example.yaml` has every key. For completion in an editor, make the first
line `# yaml-language-server: $schema=docs/sidecar.schema.json` (or the file that `sidecar schema` prints).

```yaml
version: 1
providers:
  stripe:
    base_url: https://api.stripe.com
```

## How values are written

| kind | examples | |
|---|---|---|
| duration | `250ms` `1.5s` `2m` `1h30m` | a bare number is a mistake, except `0` |
| size | `64KiB` `10MB` `512` | `KiB` is 1024, `KB` 1000 bytes |
| share | `20%` `0.2` | |
| rate | `100/s` `1000/m` `50000/d` | per second, minute, hour or day: `60/m` is another quota than `1/s` |
| address | `127.0.0.1:8080` `[::1]:8080` `unix:/run/sidecar.sock` | port 0: any free one |

Only `true` and `false` are booleans (YAML 1.2): `on`, `yes`, `1:30`, `010` and dates are text. A key that stands twice,
an unknown key and a custom tag are mistakes; anchors, aliases and `<<` work.

In every value: `${{NAME}}` and `${{NAME:-default}}` are filled in from the environment, `${{file:/run/secrets/key}}`
from a file (without the line break at its end; a relative path starts at the folder of the configuration), `$$` is a
dollar. What is not set, or cannot be read, is a mistake with its line. What came from a file is never printed.

## Which setting wins

The settings of policies may stand in several places. The more specific wins, key by key; lists, JSON bodies and rules
about JSON are replaced as a whole:

`default` < profile < preset < top level ({top}) < `defaults` < provider < route

So whatever the file says wins over what a profile or preset says. `sidecar explain` shows for each value which level
said it, and on which line.

## On and off

These policies do nothing until their key is written, in the file or by a profile or preset: {switchable}.

`breaker: {{}}` switches on with the defaults. `breaker: off` (or `false`) is short for `breaker: {{mode: off}}` and
switches off what a more general level has switched on. A block at a more specific level switches on again, unless it
says `mode: off` itself.

## Profiles

`profile: {profiles}`, under `defaults`, a provider or a route; the most specific one named is in force,
alone. A profile is a set of settings that make sense together: `user-flow` for calls that somebody waits for,
`background` for jobs. Settings with a star hold where a preset or the file writes the policy's key; they do not switch
it on.

{profile_tables}
## Presets

`preset: stripe` under a provider: what its documentation says about limits, headers, errors and slowness. Presets with
a URL in this table make `base_url` unnecessary. A preset's routes come after the provider's own; one of the same name
is replaced. The sources are in the comments of `sidecar/config/presets/*.yaml`.

{preset_table}"""

ERRORS_PAGE = """# Errors

{made}

When the sidecar cannot bring an answer of the provider, it makes one: `application/problem+json` (RFC 9457) with
`code`, `provider`, `route`, `sent`, `attempts`, `retry_after` and `request_id`, and a `Proxy-Status` header (RFC 9209).

`sent` says how much of the request may have reached the provider: `nothing`, `maybe` (bytes were written and no
complete answer came: the provider may have acted), or `all`. The side is whose doing it is: `client` the app's,
`local` the sidecar's own limits, `provider` the provider's or the network's.

| code | status | side | outcome | Proxy-Status | meaning |
|---|---|---|---|---|---|
"""


def configuration() -> str:
    """docs/configuration.md."""
    top = ", ".join(f"`{key}`" for key in model.TOP_LEVEL)
    switchable = ", ".join(f"`{key}`" for key, one in model.POLICIES.items() if _is_off_until_written(one))
    text = CONFIGURATION.format(
        made=_MADE,
        top=top,
        switchable=switchable,
        profiles=" | ".join(PROFILES.names()),
        profile_tables="".join(_profile(name) for name in PROFILES.names()),
        preset_table=_presets(),
    )
    of_policies = {kind: title for key, one in model.POLICIES.items() for kind, title in _titles(one, key)}
    kinds = [kind for kind in models().values() if kind not in of_policies and kind.__name__ != "Defaults"]
    sections = [_section(kind, _title(kind)) for kind in kinds]
    return text + "".join(sections + [_section(kind, title) for kind, title in of_policies.items()])


def errors() -> str:
    """docs/errors.md."""
    rows = []
    for error in ERRORS:
        status = "400, 408, 413, 414, 431, 501, 505" if error is BadRequest else str(error.status)
        if error.code == "canceled":
            status = "(not sent)"
        meaning = plain_text(error.__doc__ or "").replace("\n\n", " ")
        rows.append(
            f"| `{error.code}` | {status} | {error.side} | `{error.outcome}` | `{error.proxy_error}` | {meaning} |"
        )
    return ERRORS_PAGE.format(made=_MADE) + "\n".join(rows) + "\n"


def schema() -> str:
    """docs/sidecar.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


DOCUMENTS: dict[str, Callable[[], str]] = {
    "configuration.md": configuration,
    "errors.md": errors,
    "journey.svg": journey_picture.picture,
    "metrics.md": metrics_markdown,
    "policies.md": lambda: policy_page.policies(_MADE, _section),
    "sidecar.schema.json": schema,
}
"""File in docs/ -> what makes its text."""


def stale() -> list[str]:
    """The documents whose committed text differs from what the code makes."""
    return [
        name
        for name, make in DOCUMENTS.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != make()
    ]


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` compare."""
    old = stale()
    if "--check" in arguments:
        for name in old:
            print(f"docs/{name} is not what the code says: run python docs/generate.py", file=sys.stderr)
        return 1 if old else 0
    for name in old:
        (DOCS / name).write_text(DOCUMENTS[name](), encoding="utf-8")
        print(f"docs/{name} written")
    return 0


_TITLES = {
    "Config": "Top level",
    "Provider": "`providers.<name>`",
    "Route": "`providers.<name>.routes[]`",
    "Match": "`providers.<name>.routes[].match`",
    "Pool": "`providers.<name>.pool`",
    "Tls": "`providers.<name>.tls`",
}


def _title(kind: type[BaseModel]) -> str:
    return _TITLES.get(kind.__name__, f"`{kind.__name__.lower()}`")


def _is_off_until_written(policy: type[BaseModel]) -> bool:
    return issubclass(policy, Switchable) and policy.unset().mode == "off"


def _titles(policy: type[BaseModel], key: str) -> Iterator[tuple[type[BaseModel], str]]:
    """A policy's model and those within it, with the keys under which each stands."""
    yield policy, f"`{key}` (policy)"
    places: dict[type[BaseModel], list[str]] = {}
    _places(policy, key, places)
    for kind, paths in places.items():
        yield kind, ", ".join(f"`{path}`" for path in paths)


def _places(kind: type[BaseModel], path: str, places: dict[type[BaseModel], list[str]]) -> None:
    for name, field in kind.model_fields.items():
        for one in members(field.annotation):
            for inner in (one, *get_args(one)):
                if is_model(inner):
                    where = f"{path}.{name}" if inner is one else f"{path}.{name}[]"
                    places.setdefault(inner, []).append(where)
                    _places(inner, where, places)


def _profile(name: str) -> str:
    """A profile as a table: setting, value."""
    root = PROFILES.read(name)
    assert root is not None
    rows = "".join(_profile_row(path, value) for path, value in _values(root))
    return f"### {name}\n\n| setting | value |\n|---|---|\n{rows}\n"


def _profile_row(path: str, value: str) -> str:
    name, prepared = path.removeprefix("when_set."), path.startswith("when_set.")
    return f"| `{name}`{' *' if prepared else ''} | `{value}` |\n"


def _presets() -> str:
    lines = ["| preset | base_url | says something about |", "|---|---|---|"]
    for name in PRESETS.names():
        root = PRESETS.read(name)
        assert root is not None
        url = root.at("base_url")
        keys = ", ".join(f"`{key}`" for key in root.value if key not in {"base_url", "when_set"})
        lines.append(f"| `{name}` | {f'`{url.text}`' if url else ''} | {keys} |")
    return "\n".join(lines) + "\n"


def _values(node: Node, path: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(node.value, dict):
        yield path, show(node.data(), Unit.NONE)
        return
    for key, child in node.value.items():
        yield from _values(child, f"{path}.{key}" if path else key)


def _section(kind: type[BaseModel], title: str) -> str:
    about = plain_text(kind.__doc__ or "")
    told = descriptions(kind)
    rows = "".join(_row(name, field, told.get(name, "")) for name, field in kind.model_fields.items())
    return f"\n## {title}\n\n{about}\n\n| key | kind | default | |\n|---|---|---|---|\n{rows}"


def _row(name: str, field: FieldInfo, description: str) -> str:
    about = plain_text(description).replace("\n\n", " ").replace("|", "\\|")
    bounds = ", ".join(_bounds(field))
    if bounds:
        about += f" ({bounds})"
    return f"| `{name}` | {_kind(field)} | {_default(field)} | {about} |\n"


def _kind(field: FieldInfo) -> str:
    unit = unit_of(field)
    if unit is not Unit.NONE:
        words = [_name(one) for one in members(field.annotation) if get_origin(one) is Literal]
        return " or ".join([_UNITS[unit], *words])
    if any(isinstance(mark, model.PolicyValue) for mark in field.metadata):
        return "policy"
    return " or ".join(_name(one) for one in members(field.annotation))


def _name(kind: Any) -> str:
    if is_model(kind):
        return "block"
    origin = get_origin(kind)
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in get_args(kind))
    if origin is tuple:
        return f"list of {' or '.join(_plural(one) for one in members(get_args(kind)[0]))}"
    if origin is dict:
        return "name -> " + _name(get_args(kind)[1])
    return "any value" if is_free(kind) else _PLAIN.get(kind, "text")


def _plural(kind: Any) -> str:
    name = _name(kind)
    return f"{name}s" if name in {"number", "block", "address", "URL"} else name


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or isinstance(default, BaseModel) or default in ((), {}):
        return ""
    return f"`{show(default, unit_of(field))}`"


def _bounds(field: FieldInfo) -> Iterator[str]:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for mark in field.metadata:
        for name, word in words.items():
            limit = getattr(mark, name, None)
            if limit is not None and not (name == "ge" and limit == 0):
                yield f"{word} {show(limit, unit_of(field))}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
