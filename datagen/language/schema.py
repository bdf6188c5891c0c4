"""The JSON Schemas of specs and target files, made from the models, with which an editor completes and checks them.

Stands beside the way of the data. Knows the models and the registry; must not know how anything runs.
"""

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from datagen.language.spec import Spec
from datagen.language.text import Text
from datagen.plugin.distribution import MOMENT_KEYS
from datagen.plugin.model import COMMENTS, Plugin
from datagen.plugin.registry import Registry
from datagen.plugin.seconds import SECONDS_KEYS
from datagen.plugin.table import KINDS_BY_KEY

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = "urn:datagen:schema"  # a name and no address: nobody has to fetch it
_TIME = {"type": "string", "description": "ISO 8601 time, or an expression that is a time"}
_TEXT = {"type": "string"}
_DURATION = {
    "type": "string",
    "pattern": r"^\s*-?([0-9][0-9.]*[A-Za-z]|[Pp])[0-9.A-Za-z]*\s*$",
    "description": "duration such as 15M",
}
_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
_PLACEHOLDER = r"^\$\{[^{}]+\}$"
_USES = {"type": "string", "description": "name of a definition whose keys are taken over besides its own"}
_NO_BOUND = 1e300
_EXAMPLE = re.compile(r"^Example: (.*)$", re.MULTILINE)


class _Generator(GenerateJsonSchema):
    """pydantic's generator, with comments allowed in every object and the bounds of every number."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: Any) -> Schema:
        made = super().model_schema(schema)
        for name, field in schema["cls"].model_fields.items():
            key = made.get("properties", {}).get(field.alias or name)
            if key is not None and {"type": "integer"} in key.get("anyOf", ()):
                key["type"] = key.pop("anyOf")[1]["type"]
                _set_bounds(key, field.metadata)
        return made | {"patternProperties": {COMMENTS: {}}}


def _set_bounds(key: Schema, metadata: Iterable[Any]) -> None:
    """Set the bounds of a key that is an integer or another number, for which pydantic has names of its own."""
    for word, keyword in _BOUNDS.items():
        key.pop(word, None)
        found = [getattr(limit, word) for limit in metadata if hasattr(limit, word)]
        if found and abs(found[0]) < _NO_BOUND:
            key[keyword] = found[0]


def schema(registry: Registry) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a spec with the kinds of a registry.

    Under ``$defs``, each group of kinds has a schema that chooses by ``type``, in any case.
    """
    spec = described(Spec)
    spec["properties"] |= described(Text)["properties"]
    spec["anyOf"] = [{"required": [key]} for key in ("include", "populations")] + [{"required": spec.pop("required")}]
    defs = _using(spec.pop("$defs") | _definitions(registry))
    return _fillable({"$schema": _DIALECT, "$id": f"{_NAME}:spec", **spec, "$defs": defs})


def target_schema(registry: Registry) -> Schema:
    """Return the JSON Schema of a target file: of one target, or a list of several."""
    one = {"$ref": "#/$defs/target"}
    made = {
        "$schema": _DIALECT,
        "$id": f"{_NAME}:target",
        "title": "Target",
        "description": "Where records go, one target or several.",
        "type": ["object", "array"],
        "if": {"type": "array"},  # an editor then says what is wrong with the one that it is
        "then": {"items": one, "minItems": 1},
        "else": one,
        "$defs": _definitions(registry),
    }
    return _fillable(made)


def _definitions(registry: Registry) -> Schema:
    """Return what the groups of kinds are."""
    defs: Schema = {}
    for group in ("arrival", "distribution", "dimension", "formatter", "profile", "stage", "table", "target"):
        kinds = {name.lower(): described(kind) for name, kind in registry.of(group).items()}
        defs |= _choice(group, kinds, KINDS_BY_KEY if group == "table" else {})
    defs |= _nameless(defs)
    drawing = {name: kind for name, kind in registry.of("distribution").items() if getattr(kind, "draws_times", True)}
    times = {name.lower(): _with_times(described(kind)) for name, kind in drawing.items()}
    numbers = {name.lower(): _with_texts(described(kind)) for name, kind in registry.of("distribution").items()}
    seconds = {name.lower(): _with_durations(described(kind)) for name, kind in registry.of("distribution").items()}
    defs |= _choice("time_distribution", times) | _choice("number_distribution", numbers)
    return defs | _choice("seconds_distribution", seconds)


def _nameless(defs: Schema) -> Schema:
    """Return the definitions of field generators that are asked for their names at another place, or not at all."""
    changed = {}
    for name, kind in defs.items():
        if name.startswith("dimension.") and "name" in kind.get("required", ()):
            changed[name] = kind | {"required": [key for key in kind["required"] if key != "name"]}
    unnamed = defs["dimension"]
    return {**changed, "dimension": {**unnamed, "required": ["type", "name"]}, "nameless": unnamed}


def described(model: type[BaseModel]) -> Schema:
    """Return the schema of a model; its description and examples are those of the docstring."""
    found: Schema = _linked(model.model_json_schema(schema_generator=_Generator))
    if issubclass(model, Plugin):
        found["description"] = text_of(model)
        found["properties"] = {"type": {}, **found["properties"]}
        found["examples"] = examples(model)
    return found


def _linked(part: Any) -> Any:
    """Return a schema with references where a key holds a plug-in of a group, and without defaults that are null.

    What is an integer or another number is a number.
    """
    if isinstance(part, list):
        return [_linked(member) for member in part]
    if not isinstance(part, dict):
        return part
    linked = {key: _linked(value) for key, value in part.items() if (key, value) != ("default", None)}
    if isinstance(linked.get("group"), str):
        linked["$ref"] = f"#/$defs/{linked.pop('group')}"
    if linked.get("anyOf") == [{"type": "integer"}, {"type": "number"}]:  # a number inside of a key
        del linked["anyOf"]
        bounds = {keyword: linked.pop(word) for word, keyword in _BOUNDS.items() if word in linked}
        kept = {keyword: bound for keyword, bound in bounds.items() if abs(bound) < _NO_BOUND}
        linked |= {"type": "number"} | kept
    return linked


def _choice(group: str, kinds: Mapping[str, Schema], by_key: Mapping[str, str] = MappingProxyType({})) -> Schema:
    """Return definitions that choose a kind by ``type``: an editor offers lower-case names, then the kind's keys.

    Where there is no type, the first of some keys may say the kind.
    """
    defs: Schema = {}
    cases = []
    for name, kind in kinds.items():
        own = kind.pop("$defs", {})  # models inside this one; another kind's may have the same name
        names = {f"#/$defs/{inner}": f"#/$defs/{group}.{name}.{inner}" for inner in own}
        defs |= {f"{group}.{name}.{inner}": _renamed(part, names) for inner, part in own.items()}
        defs[f"{group}.{name}"] = _renamed(kind, names)
        chosen = {"required": ["type"], "properties": {"type": {"pattern": _any_case(name)}}}
        cases.append({"if": chosen, "then": {"$ref": f"#/$defs/{group}.{name}"}})
    types = {"type": "string", "anyOf": [{"enum": list(kinds)}, *({"pattern": _any_case(name)} for name in kinds)]}
    for place, (key, name) in enumerate(by_key.items()):
        others = [{"required": [other]} for other in ("type", *list(by_key)[:place])]
        cases.append({"if": {"required": [key], "not": {"anyOf": others}}, "then": {"$ref": f"#/$defs/{group}.{name}"}})
    needed = {"anyOf": [{"required": [key]} for key in ("type", *by_key)]} if by_key else {"required": ["type"]}
    return {group: {"type": "object", **needed, "properties": {"type": types}, "allOf": cases}, **defs}


def _fillable(part: Any) -> Any:
    """Return a schema that takes a placeholder wherever it takes a number, true or false."""
    if isinstance(part, list):
        return [_fillable(member) for member in part]
    if not isinstance(part, dict):
        return part
    made = {key: value if key in ("default", "examples", "enum") else _fillable(value) for key, value in part.items()}
    if made.get("type") not in ("number", "integer", "boolean"):
        return made
    if "enum" not in made:
        return made | {"type": [made["type"], "string"], "pattern": _PLACEHOLDER}
    wanted = {"enum": made.pop("enum"), "type": made.pop("type")}
    return made | {"anyOf": [wanted, {"type": "string", "pattern": _PLACEHOLDER}]}


def _using(part: Any) -> Any:
    """Return a schema whose objects may use a definition, from which the keys that they need may come."""
    if isinstance(part, list):
        return [_using(member) for member in part]
    if not isinstance(part, dict):
        return part
    made = {key: value if key in ("default", "examples") else _using(value) for key, value in part.items()}
    if made.get("type") == "object" and "properties" in made:
        made["properties"] |= {"uses": _USES}
        if "required" in made:
            made["anyOf"] = [{"required": ["uses"]}, {"required": made.pop("required")}]
    return made


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """Return a schema whose references have new names."""
    if isinstance(part, list):
        return [_renamed(member, names) for member in part]
    if not isinstance(part, dict):
        return part
    return {key: names.get(value, value) if key == "$ref" else _renamed(value, names) for key, value in part.items()}


def _any_case(name: str) -> str:
    letters = (f"[{c.lower()}{c.upper()}]" if c.isalpha() else re.escape(c) for c in name)
    return f"^{''.join(letters)}$"


def _with_texts(distribution: Schema) -> Schema:
    """Return the schema of a distribution whose numbers may be expressions, also in those that it is made of."""
    changed = _renamed(distribution, {"#/$defs/distribution": "#/$defs/number_distribution"})
    changed = {key: value for key, value in changed.items() if key != "examples"}
    changed["properties"] = {key: _or(_TEXT, part) for key, part in changed["properties"].items()}
    if "values" in changed["properties"]:
        changed["properties"] |= {"table": {"type": "string"}, "column": {"type": "string"}}
        changed["required"] = [key for key in changed.get("required", []) if key != "values"]
    return changed


def _is_number(part: Schema) -> bool:
    """Return whether a schema takes numbers."""
    return part.get("type") in ("number", "integer") or any(map(_is_number, part.get("anyOf", [])))


def _with_times(distribution: Schema) -> Schema:
    """Return the schema of a distribution of times instead of numbers."""
    changed = deepcopy({key: value for key, value in distribution.items() if key != "examples"})
    for key in MOMENT_KEYS:
        if key in changed["properties"]:
            changed["properties"][key] = _TIME
    changed["properties"] = {key: _or(_TEXT, part) for key, part in changed["properties"].items()}
    return changed


def _with_durations(distribution: Schema) -> Schema:
    """Return the schema of a distribution of seconds, which may be durations, also in those that it is made of."""
    changed = _renamed(distribution, {"#/$defs/distribution": "#/$defs/seconds_distribution"})
    properties = {
        key: _or(_DURATION, part) if key in SECONDS_KEYS else part for key, part in changed["properties"].items()
    }
    return {key: value for key, value in changed.items() if key != "examples"} | {"properties": properties}


def _or(other: Schema, part: Schema) -> Schema:
    """Return a schema in which a number, or each number of a list, may be something else."""
    if "items" in part:
        return part | {"items": _or(other, part["items"])}
    if "anyOf" in part:
        return part | {"anyOf": [_or(other, one) for one in part["anyOf"]]}
    return {"anyOf": [part, other], "description": part.get("description", "")} if _is_number(part) else part


def examples(kind: type[Plugin]) -> list[Any]:
    """Return the examples in the docstring of a kind."""
    return [json.loads(text) for text in _EXAMPLE.findall(inspect.getdoc(kind) or "")]


def text_of(kind: type) -> str:
    """Return the docstring of a class without its examples."""
    return _EXAMPLE.sub("", inspect.getdoc(kind) or "").strip()
