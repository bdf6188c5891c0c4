"""The fields of states, sources and emitters as the checks see them: those of models, and of JSON that is none."""

from collections.abc import Iterator
from typing import Any

from datagen.language.emitter import RECORD, TEXT, Emitter
from datagen.language.members import members
from datagen.language.names import Field, Found, names_in_json, names_in_text
from datagen.language.state import State
from datagen.plugin.arrival import Arrival
from datagen.plugin.dimension import Dimension
from datagen.plugin.lookup import Lookup
from datagen.problems import Path_


def fields_of(owner: Any, path: Path_, key: str) -> tuple[Field, ...]:
    """Return the fields in the list under a key of a model or, as far as they can be read, of JSON."""
    if not isinstance(owner, dict):
        dimensions: list[Dimension] = getattr(owner, key)
        return tuple(_model_field((*path, key, number), dimension) for number, dimension in enumerate(dimensions))
    return tuple(
        Field(
            at,
            text_in(part, "name"),
            tuple(_json_reads(at, part)),
            tuple(_json_names(at, part)),
            copies=part.get("variable", 0) == part.get("name"),
        )
        for at, part in parts_in(owner, path, key)
    )


def fields_of_emitter(emitter: Any, path: Path_) -> tuple[Field, ...]:
    """Return the fields of an emitter, with what makes whole records; of JSON as far as it can be read."""
    fields = fields_of(emitter, path, "dimensions")
    for key in (TEXT, RECORD):
        source = emitter.get(key) if isinstance(emitter, dict) else getattr(emitter, key)
        at = (*path, key)
        if isinstance(source, Dimension):
            fields = *fields, _model_field(at, source)
        elif isinstance(source, dict):
            named = text_in(source, "name") or key
            fields = *fields, Field(at, named, tuple(_json_reads(at, source)), tuple(_json_names(at, source)))
    return fields


def leaving(state: State | dict[str, Any], path: Path_) -> Iterator[Field]:
    """Yield the expressions of a state as fields without a name, which only read."""
    if isinstance(state, State):
        numbers = ((("delay", *at), expression) for at, expression in state.delay_numbers.items())
        for inner, expression in (*state.others(), *numbers):
            at = (*path, *inner)
            yield Field(at, None, (), tuple((at, name) for name in sorted(expression.names)))
        for number, way in enumerate(state.transitions):
            for key, expression in way.expressions():
                at = (*path, "transitions", number, key)
                yield Field(at, None, (), tuple((at, name) for name in sorted(expression.names)))
        return
    for at, way in parts_in(state, path, "transitions"):
        for key in ("when", "probability"):
            if isinstance(way, dict) and isinstance(way.get(key), str):
                names = names_in_text(way[key])
                yield Field((*at, key), None, (), tuple(((*at, key), name) for name in names))


def spawned(state: State | dict[str, Any], path: Path_) -> Iterator[tuple[Path_, Any]]:
    """Yield what a state spawns, each with its path."""
    if isinstance(state, State):
        yield from (((*path, *entry.json_path(number)), entry) for number, entry in enumerate(state.entries))
    else:
        yield from parts_in(state, path, "spawn")


def _model_field(path: Path_, dimension: Dimension) -> Field:
    def placed(found: Found) -> tuple[tuple[Path_, str], ...]:
        return tuple(((*path, *inner), name) for inner, name in found)

    return Field(
        path,
        dimension.name,
        reads=tuple(_model_reads(path, dimension)),
        names=placed(dimension.sure_names()),
        picks=tuple(((*path, *inner), table, column) for inner, table, column in dimension.all_picks()),
        guesses=placed(dimension.all_names()),
        doubts=placed(dimension.all_doubts()),
        chooses_tables=dimension.chooses_tables(),
        copies=dimension.copies(),
        lookups=tuple(((*path, *inner), part) for inner, part in dimension.whole() if isinstance(part, Lookup)),
    )


def _model_reads(path: Path_, dimension: Dimension) -> Found:
    for name in dimension.reads():
        keys = [key for key in type(dimension).model_fields if getattr(dimension, key) == name and key != "name"]
        yield (*path, *keys[:1]), name
    for inner, nested in dimension.nested():
        yield from _model_reads((*path, *inner), nested)


def _json_reads(path: Path_, part: Any) -> Found:
    if isinstance(part, dict) and str(part.get("type")).lower() == "variable" and isinstance(part.get("variable"), str):
        yield (*path, "variable"), part["variable"]
    for member_path, member in members(path, part):
        yield from _json_reads(member_path, member)


def _json_names(path: Path_, part: Any) -> Found:
    yield from (((*path, key), name) for key, name in names_in_json(part))
    for member_path, member in members(path, part):
        yield from _json_names(member_path, member)


def text_in(part: dict[str, Any], key: str) -> str | None:
    """Return the text under a key of JSON; None where there is none."""
    return part[key] if isinstance(part.get(key), str) else None


def parts_in(data: Any, path: Path_, key: str) -> Iterator[tuple[Path_, Any]]:
    """Yield the objects and models in the list under a key, with their paths."""
    parts = data.get(key) if isinstance(data, dict) else None
    for index, part in enumerate(parts if isinstance(parts, list) else []):
        if isinstance(part, dict | State | Emitter | Arrival):
            yield (*path, key, index), part
