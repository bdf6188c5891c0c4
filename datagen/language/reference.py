"""The reference pages, made from the models and the command.

Stands beside the way of the data, as does the JSON Schema, from which it takes what it says about keys.
"""

import argparse
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from datagen.language.emitter import Emitter
from datagen.language.expressions import expression_page
from datagen.language.schema import Schema, described, examples, schema, target_schema, text_of
from datagen.language.spec import Spec
from datagen.language.state import State, Transition
from datagen.language.subpopulation import Subpopulation
from datagen.language.text import Text
from datagen.plugin.incident import Recurring, Stretch
from datagen.plugin.model import Plugin
from datagen.plugin.registry import Registry

Commands = Mapping[str, argparse.ArgumentParser]

_INTRODUCTIONS = {
    "distribution": "How numbers are drawn: for delays, gaps between spawns, values, lengths and indices.",
    "dimension": "The field generators of `dimensions`, `variables` and `elements`.",
    "formatter": "How records become lines: `-f NAME`, or `-f FILE` with a file that holds the text of a `pattern`.",
    "arrival": "When workers come, and as what: in `arrivals`, in place of `interarrival`.",
    "profile": "How fast the clock of an activity runs, by the time: in `profiles`, and wherever a profile is wanted.",
    "stage": "Steps between the emitters and a target, on whole batches: a target's `through`, a list of such objects.",
    "table": "Rows of reference data that are the same everywhere in a run: in `tables`, by name. The field generators "
    "[row](dimensions.md#row) and [column](dimensions.md#column) pick from them.",
    "target": "Where records go: the spec's `target`, or a file with such an object given with `-t`.",
}
_WORDS = {"integer": "whole number", "string": "text", "boolean": "true or false", "null": "null"}
_LIMITS = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}
_SPEC_MODELS = ("Spec", "State", "Transition", "Emitter", "Stretch", "Recurring", "Subpopulation")
_LONG = 60  # characters: a longer default is left to the description


def pages(registry: Registry, commands: Commands) -> dict[str, str]:
    """Return the reference pages, the text of each by its file name; ``commands`` are those of the command."""
    made = {f"{group}s.md": _lines(_group_page(group, registry)) for group in _INTRODUCTIONS}
    made["spec.md"] = _lines(_spec_page())
    made["expressions.md"] = _lines(expression_page())
    made["command.md"] = _lines(_command_page(commands))
    for name, content in (("schema.json", schema(registry)), ("target.schema.json", target_schema(registry))):
        made[name] = json.dumps(content, indent=2) + "\n"
    return made


def _lines(blocks: Iterable[str]) -> str:
    note = "<!-- Made by `datagen docs`; edit the classes instead. -->"
    return "\n\n".join([note, *blocks]) + "\n"


def _group_page(group: str, registry: Registry) -> Iterator[str]:
    kinds = registry.of(group)
    yield f"# {group.capitalize()}s"
    yield _INTRODUCTIONS[group]
    shared: dict[type[Plugin], None] = {}
    for kind in kinds.values():
        shared |= dict.fromkeys(reversed(_bases(kind)))
    for base in shared:
        yield f"## {_heading(base)}"
        yield text_of(base)
        yield _table(base, _own_keys(base))
    for name, kind in sorted(kinds.items()):
        yield f"## {name}"
        yield text_of(kind)
        yield from (_shown(group, example) for example in examples(kind))
        yield from _table_and_bases(kind)


def _bases(kind: type[Plugin]) -> list[type[Plugin]]:
    """Return the abstract classes above a kind that declare keys, nearest first."""
    bases = [base for base in kind.__mro__[1:] if issubclass(base, Plugin) and inspect.isabstract(base)]
    return [base for base in bases if _own_keys(base)]


def _own_keys(model: type[Plugin]) -> list[str]:
    """Return the keys of a model that no abstract class above it declares."""
    above = [base.model_fields for base in model.__mro__[1:] if issubclass(base, Plugin) and inspect.isabstract(base)]
    return [key for key in model.model_fields if not any(key in fields for fields in above)]


def _heading(base: type[Plugin]) -> str:
    words = re.sub(r"(?<!^)([A-Z])", r" \1", base.__name__).lower()
    return f"Keys of every {words}"


def _table_and_bases(kind: type[Plugin]) -> Iterator[str]:
    keys = _own_keys(kind)
    if keys:
        yield _table(kind, keys)
    model = described(kind)
    for key in keys:
        inner = _inner_model(model["properties"][kind.model_fields[key].alias or key])
        if inner in model.get("$defs", {}):
            yield f"Keys of `{key}`:"
            yield _key_table(model["$defs"][inner])
    headings = [_heading(base).lower() for base in reversed(_bases(kind))]
    if headings:
        yield "And the " + " and the ".join(f"[{text}](#{text.replace(' ', '-')})" for text in headings) + "."


def _inner_model(key: Schema) -> str | None:
    """Return the name of the model of the objects that a key holds; None when it holds none."""
    for choice in (key, *key.get("anyOf", ())):
        if "$ref" in choice:
            return str(choice["$ref"]).rsplit("/", 1)[1]
    return None


def _shown(group: str, example: Any) -> str:
    if group == "formatter" and example.keys() == {"type"}:
        return f"```sh\ndatagen -c conf/gen/access_log.json -s 2024-01-01T00:00:00Z -n 3 -f {example['type']}\n```"
    if group == "formatter" and example["type"] == "pattern":
        return f"```text\n{example['text']}\n```"
    return f"```json\n{json.dumps(example, ensure_ascii=False)}\n```"


def _spec_page() -> Iterator[str]:
    yield "# Spec"
    yield "`$schema` and keys that begin with `_` are comments, allowed in every object; other unknown keys are errors."
    yield "`uses`, the name of a definition whose keys are taken over, is allowed in every object inside a spec."
    for model in (Spec, Text, State, Transition, Emitter, Subpopulation, Stretch, Recurring):
        yield f"## {model.__name__}"
        yield text_of(model)
        yield _table(model, model.model_fields)


def _table(model: type[BaseModel], names: Iterable[str]) -> str:
    return _key_table(described(model), [model.model_fields[name].alias or name for name in names])


def _key_table(model: Schema, keys: Iterable[str] | None = None) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key in model["properties"] if keys is None else keys:
        value = model["properties"][key]
        default = "required" if key in model.get("required", ()) else _default(value)
        rows.append(f"| `{key}` | {_value(value)} | {default} | {_cell(value.get('description', ''))} |")
    return "\n".join(rows)


def _default(key: Schema) -> str:
    text = json.dumps(key.get("default"), ensure_ascii=False)
    return f"`{_cell(text)}`" if "default" in key and len(text) < _LONG else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _value(key: Schema) -> str:
    """Return what a key holds, in words."""
    if "$ref" in key:
        name = key["$ref"].rsplit("/", 1)[1]
        if name not in _SPEC_MODELS and name[0].isupper():
            return "object"
        page = f"spec.md#{name.lower()}" if name[0].isupper() else f"{name.split('_')[-1]}s.md"
        return f"[{name.replace('_', ' ')}]({page})"
    if "anyOf" in key:
        return " or ".join(_value(choice) for choice in key["anyOf"] if choice != {"type": "null"})
    if "enum" in key:
        return "one of " + ", ".join(f"`{json.dumps(value)}`" for value in key["enum"])
    type_ = str(key.get("type", "any JSON"))
    text = f"list of {_value(key.get('items', {}))}" if type_ == "array" else _WORDS.get(type_, type_)
    if "minimum" in key and "maximum" in key:
        return f"{text}, {key['minimum']:,} to {key['maximum']:,}"
    limits = [f"{word} {key[limit]:,}" for limit, word in _LIMITS.items() if limit in key]
    limits += ["not empty"] if key.get("minLength") or key.get("minItems") else []
    return ", ".join([text, *limits])


def _command_page(commands: Commands) -> Iterator[str]:
    """Yield the command's page; argparse's own help looks different from one Python to the next."""
    yield "# Command"
    yield "`datagen` is the same as `python -m datagen` and, in a clone, `python generator.py`. `run` may be left out."
    for name, command in commands.items():
        yield f"## datagen {name}"
        yield str(command.description)
        rows = ["| option | value | meaning |", "|---|---|---|"]
        for action in command._actions:
            options = ", ".join(f"`{option}`" for option in action.option_strings)
            value = ", ".join(f"`{value}`" for value in action.choices or [action.metavar] if value)
            rows.append(f"| {options} | {value} | {_cell(str(action.help))} |")
        yield "\n".join(rows)
        if command.epilog:
            yield f"```text\n{command.epilog.strip()}\n```"
