"""The stage ``corrupt``: which records are broken, how, and in which of their fields."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Annotated, ClassVar, Literal, Self, get_args

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from datagen.plugin.choice import OF_WEIGHTS, Weights, check_weights
from datagen.plugin.model import invalid
from datagen.plugin.stage import EachBatch, RunningStage, Scope
from datagen.problems import Path_, did_you_mean, show
from datagen.records.batch import TIME, Batch, Layout
from datagen.records.types import as_json
from datagen.stages.breakage import BREAKAGES
from datagen.stages.breaker import EXTRA, Breaker, Way, can_swap, path_in
from datagen.stages.fault import Fault
from datagen.stages.inside import put, type_inside

How = Literal["truncate", "wrong_type", "out_of_range", "encoding", "swap", "typo", "extra_field", "empty"]

_WANTED = {how: breakage.wanted for how, breakage in BREAKAGES.items()} | {
    "swap": "two texts, numbers, booleans or times of the same type"
}


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Hows = Annotated[
    list[How],
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(get_args(How))},
                {"type": "array", "items": {"enum": list(get_args(How))}, "minItems": 1},
            ]
        }
    ),
]


class Corrupt(Fault):
    """Breaks a share of the records on purpose, each in one way and in one of its fields.

    `truncate` cuts a text short, `typo` leaves out, doubles, swaps or mistypes one of its letters, `encoding` writes it
    as a reader with the wrong encoding has it (`Zürich` becomes `ZÃ¼rich`; without such letters, one becomes `�`).
    `out_of_range` makes a number a thousand times as large, up or down, and moves a time by a century. `wrong_type`
    makes a number, a boolean, a list or an object a text, a text a number and a time the milliseconds since 1970.
    `swap` exchanges two values of the same type, `empty` leaves an empty text, or null, and `extra_field` adds a
    dimension that nobody expects. Of several ways one is drawn for each record, among those that can change it, then
    one of the fields that it can change. A record that none can change stays whole, and its label says so.

    With `wrong_type`, the fields hold values of several types: formats and targets with columns have a column of JSON
    texts for each, as for any such dimension, so name the `fields`.

    Example: {"type": "corrupt", "share": 0.01, "how": ["typo", "truncate", "extra_field"], "label": true}
    Example: {"type": "corrupt", "share": 0.02, "how": ["wrong_type", "empty"], "weights": [1, 3], "fields": ["time"]}
    """

    kind: ClassVar[str] = "corrupt"
    label_name: ClassVar[str] = "corrupt"
    how: Hows = Field(min_length=1, description="in which way a record is broken, or in which ways")
    weights: Weights | None = Field(None, description=f"of several ways: {OF_WEIGHTS}")
    fields: list[str] | None = Field(
        None,
        min_length=1,
        description="the dimensions that may be broken, or parts of objects, such as `place.city`; all dimensions but "
        "`time` without it",
    )
    extra: str = Field("extra_field", min_length=1, description="name of the dimension that `extra_field` adds")

    @model_validator(mode="after")
    def _has_ways(self) -> Self:
        check_weights(self.kind, self.weights, len(self.how), "ways")
        for key, names in (("how", self.how), ("fields", self.fields or [])):
            twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
            if twice is not None:
                raise invalid(self.kind, [((key,), f"names {show(twice)} twice")])
        return self

    @property
    def mixes_types(self) -> bool:
        return "wrong_type" in self.how

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        if self.fields is not None and self.how == ["extra_field"]:
            yield ("fields",), 'has no effect: "extra_field" breaks none of them'

    def misfits(self, layout: Layout, scope: Scope) -> list[str]:
        names = layout.names()
        found = super().misfits(layout, scope)
        if "extra_field" in self.how and self.extra in (*names, self.label):
            found.append(f'there is a dimension {show(self.extra)} already; give another name with "extra"')
        emitters = layout.emitters.values()
        unknown = [name for name in self.fields or () if all(_type_of(columns, name) is None for columns in emitters)]
        found += [f'"fields": no emitter has {show(name)}{did_you_mean(name, names)}' for name in unknown]
        fields = self.fields or []
        inside = [
            (one, whole) for one in fields for whole in fields if one.startswith(f"{whole}.") and one not in names
        ]
        found += [f'"fields": {show(one)} is inside of {show(whole)}, which stands there too' for one, whole in inside]
        if not unknown and not inside:
            possible = {way.how for emitter in layout.emitters for way in self._ways(layout, emitter)}
            idle = [how for how in self.how if how not in possible]
            found += [f'"how": {show(how)} needs {_WANTED[how]}, and no emitter has that to break' for how in idle]
        return found

    def layout(self, layout: Layout, scope: Scope) -> Layout:
        emitters = {}
        for emitter, columns in layout.emitters.items():
            mixed = self._mixed(layout, emitter)
            made = dict(columns)
            for root, *path in (path_in(columns, name) for name in mixed):
                made[root] = put(pa.nulls(0, made[root]), path, lambda part: pa.nulls(0, as_json(part.type))).type
            emitters[emitter] = made | ({self.extra: EXTRA} if "extra_field" in self.how else {})
        return super().layout(replace(layout, emitters=emitters), scope)

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        breakers = {emitter: self._breaker(layout, emitter, scope) for emitter in layout.emitters}
        return EachBatch(lambda batch: self._broken(batch, breakers, scope))

    def _breaker(self, layout: Layout, emitter: str, scope: Scope) -> Breaker:
        weights: dict[str, float] = dict(zip(self.how, self.weights or [1] * len(self.how), strict=True))
        extra = self.extra if "extra_field" in self.how else None
        return Breaker(list(self._ways(layout, emitter)), weights, self._mixed(layout, emitter), extra, scope)

    def _broken(self, batch: Batch, breakers: dict[str, Breaker], scope: Scope) -> Batch:
        chosen = self.chosen(batch, scope)
        marks = np.zeros(len(batch), bool)
        parts = []
        for part in batch.parts:
            rows = np.flatnonzero(chosen[part.rows])
            columns, broken = breakers[part.emitter].broken(part, rows, batch.key[part.rows[rows]])
            marks[part.rows[rows[broken]]] = True
            parts.append(replace(part, columns=columns))
        return self.labelled(replace(batch, parts=tuple(parts)), marks)

    def _chosen_fields(self, layout: Layout, emitter: str) -> dict[str, pa.DataType]:
        """Return the plain types of the fields of an emitter that may be broken."""
        columns, hidden = layout.emitters[emitter], layout.hidden.get(emitter, ())
        usual = [name for name in columns if name != TIME and name not in hidden]
        types = {name: _type_of(columns, name) for name in self.fields or usual}
        return {name: type_ for name, type_ in types.items() if type_ is not None}

    def _ways(self, layout: Layout, emitter: str) -> Iterator[Way]:
        """Yield all that may be done to the records of an emitter."""
        fields = self._chosen_fields(layout, emitter)
        for how in self.how:
            if how == "extra_field":
                yield Way(how)
            elif how == "swap":
                pairs = combinations(fields, 2)
                yield from (Way(how, pair) for pair in pairs if can_swap(*(fields[name] for name in pair)))
            else:
                yield from (Way(how, (name,)) for name, type_ in fields.items() if BREAKAGES[how].takes(type_))

    def _mixed(self, layout: Layout, emitter: str) -> set[str]:
        """Return the fields of an emitter that come to hold values of several types."""
        return {name for way in self._ways(layout, emitter) if way.how == "wrong_type" for name in way.fields}


def _type_of(columns: Mapping[str, pa.DataType], field: str) -> pa.DataType | None:
    """Return the plain type of the values of a field that are there, a column or a part of one; None: there is none."""
    root, *path = path_in(columns, field)
    return type_inside(columns[root], path) if root in columns else None
