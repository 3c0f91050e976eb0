"""The JSON Schema of the configuration, for editors (``yaml-language-server``) and for ``sidecar schema``.

It is made from the models, so that it cannot drift; descriptions are the models' docstrings.
"""

from typing import Any

from pydantic import BaseModel

from sidecar.config.descriptions import descriptions
from sidecar.config.fields import Listen
from sidecar.config.model import CONFIG, POLICIES
from sidecar.config.shape import is_model, members
from sidecar.config.units import Unit, show, unit_of
from sidecar.policies.settings import Switchable

_REFERENCE = {"type": "string", "pattern": r"\$\{"}
"""Any value may be filled in from the environment or a file."""
_OFF = {"enum": ["off", False], "description": "short for {mode: off}"}
_NOISE = ("title",)
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema as plain data."""
    schema = CONFIG.model_json_schema()
    definitions = schema.pop("$defs")
    for model in POLICIES.values():
        own = model.model_json_schema()
        definitions |= own.pop("$defs", {})
        # A level may say a part: what is required must stand on one of them.
        own.pop("required", None)
        definitions[model.__name__] = own
    for name, definition in definitions.items():
        kind = _model_named(name)
        if kind is not None:
            _defaults(definition, kind)
    _defaults(schema, CONFIG)
    definitions = {name: _tidy(definitions[name]) for name in sorted(definitions)}
    # A preset may state it instead.
    definitions["Provider"]["required"].remove("base_url")
    definitions["Provider"]["anyOf"] = [{"required": ["base_url"]}, {"required": ["preset"]}]
    body = _tidy(schema)
    body["properties"]["providers"]["propertyNames"] = {"pattern": "^[a-z0-9][a-z0-9_-]*$"}
    return {"$schema": _DIALECT, "title": "Configuration of sidecar", **body, "$defs": definitions}


def models() -> dict[str, type[BaseModel]]:
    """Every model that can be written in the file, by name."""
    found: dict[str, type[BaseModel]] = {}
    _collect(CONFIG, found)
    for model in POLICIES.values():
        _collect(model, found)
    return found


def plain_text(docstring: str) -> str:
    """A docstring without the marks of reStructuredText, one paragraph a line."""
    paragraphs = [" ".join(part.split()) for part in docstring.split("\n\n")]
    return "\n\n".join(paragraphs).replace("``", "`")


def _collect(model: type[BaseModel], found: dict[str, type[BaseModel]]) -> None:
    if model.__name__ in found:
        return
    found[model.__name__] = model
    for field in model.model_fields.values():
        for kind in members(field.annotation):
            inner = [kind, *getattr(kind, "__args__", ())]
            for one in inner:
                if is_model(one):
                    _collect(one, found)


def _model_named(name: str) -> type[BaseModel] | None:
    return models().get(name)


def _defaults(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Descriptions, and defaults as people write them: ``10s``, not 10.0; none for blocks and what is off."""
    told = descriptions(model)
    for name, field in model.model_fields.items():
        entry = schema["properties"][name]
        if name in told:
            entry = schema["properties"][name] = {"description": told[name]} | entry
        unit = unit_of(field)
        if unit is not Unit.NONE and isinstance(entry.get("default"), int | float):
            entry["default"] = show(entry["default"], unit)
        elif isinstance(field.default, Listen):
            entry["default"] = str(field.default)
        elif entry.get("default", 0) is None or isinstance(entry.get("default"), dict):
            del entry["default"]


def _tidy(schema: Any) -> Any:
    """Drop what only pydantic needs, put in the policies, and allow ``${...}`` for every scalar."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "policy" in schema:
        model = POLICIES[schema["policy"]]
        about = {"description": plain_text(schema["description"])}
        settings = {"$ref": f"#/$defs/{model.__name__}"}
        return about | ({"anyOf": [settings, dict(_OFF)]} if issubclass(model, Switchable) else settings)
    tidy = {key: value for key, value in schema.items() if key not in _NOISE or not isinstance(value, str)}
    if "properties" in tidy:
        tidy["properties"] = {name: _tidy(one) for name, one in tidy["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in tidy:
            tidy[key] = _tidy(tidy[key])
    if "anyOf" in tidy:
        tidy["anyOf"] = [_tidy(one) for one in tidy["anyOf"] if one != {"type": "null"}]
        if len(tidy["anyOf"]) == 1:
            tidy |= tidy.pop("anyOf")[0] | {key: tidy[key] for key in ("description",) if key in tidy}
    if "description" in tidy:
        tidy["description"] = plain_text(tidy["description"])
    return _with_reference(tidy)


def _with_reference(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("type", [])
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    restricted = {"pattern", "enum", "const", "minLength"} & schema.keys()
    if not (restricted or kinds & {"integer", "number", "boolean"}) or kinds & {"object", "array"}:
        return schema
    about = {key: schema[key] for key in ("description", "default", "examples") if key in schema}
    rule = {key: value for key, value in schema.items() if key not in about}
    return about | {"anyOf": [rule, dict(_REFERENCE)]}
