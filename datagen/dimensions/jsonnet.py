"""The dimension ``jsonnet``."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any, ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.dimension import Rows
from datagen.plugin.model import invalid
from datagen.problems import InvalidInput, Path_, read_text, show
from datagen.records.expression.name import found_in
from datagen.records.types import JSON_TEXT
from datagen.records.values import python_values
from datagen.script.failure import Known, failure
from datagen.script.jsonnet import (
    BLOCK,
    ENGINES,
    KEEPS_ORDER,
    Failure,
    Program,
    engine,
    folder_of,
    names_imported,
    names_read,
)
from datagen.script.makes import array_of
from datagen.script.numbers import Numbers
from datagen.script.scripted import Scripted

_MOST_EXACT = 2**53  # of whole numbers: those of Jsonnet are floats


class Jsonnet(Scripted):
    """What a text in [Jsonnet](../templates.md#jsonnet) gives for the record: an object, a list, any value.

    `std.extVar("name")` is a field that stands above, a variable, `time` or a constant; null where it is missing,
    and a text for what Jsonnet would round: a whole number beyond 2^53, and an exact decimal.
    `std.native("integer")(1, 6)` and others draw. Keys come out in the order of their names, as Jsonnet has it, or as
    they stand in the text. By row: it takes about 0.1 ms a record.

    Example: {"type": "jsonnet", "name": "order", "text": "local n = std.native('integer')(1, 3); {items: n, lines: [{sku: std.native('hex')(6)} for i in std.range(1, n)]}"}
    """

    kind: ClassVar[str] = "jsonnet"
    sort_keys: bool = Field(
        True,
        description="whether keys come out in the order of their names; `false`: as they stand in the text, which "
        "needs the library rjsonnet",
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if self._engine is None:
            needed = " or ".join(f'"{package}"' for package in (ENGINES if self.sort_keys else [KEEPS_ORDER]))
            raise ValueError(f"needs a library that is not installed: pip install {needed}")
        try:
            self._program.check()
        except Failure as error:
            raise invalid(self.kind, [(self.key, f"{error.place}: {error}")]) from error
        return self

    @cached_property
    def _program(self) -> Program:
        return Program(self.source.text, self.source.file, self._imported, sort_keys=self.sort_keys)

    @property
    def _engine(self) -> str | None:
        return engine(sort_keys=self.sort_keys)

    @cached_property
    def _imported(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Return the files that are imported, by the folder of who imports them and their name: their paths and texts."""
        found: dict[tuple[str, str], tuple[str, str]] = {}
        todo = [(self.source.file, self.source.text)]
        while todo:
            importing, text = todo.pop()
            for name in names_imported(text):
                key = folder_of(importing), name
                file = (
                    None
                    if key in found
                    else _found([key[0], *self.source.searched] if importing else self.source.searched, name)
                )
                if file is not None:
                    found[key] = file
                    todo.append(file)
        return found

    def files(self) -> list[str]:
        own = [self.source.file] if self.source.file else []
        return [*own, *dict.fromkeys(path for path, _ in self._imported.values())]

    def libraries(self) -> list[str]:
        return [self._engine or ""]

    def by_row(self) -> Iterator[str]:
        yield f"jsonnet {show(self.name)}"

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        yield from ((self.key, name) for name in self.meant(self._read))

    @property
    def _read(self) -> list[str]:
        return [name for name in names_read(self.source.text) if name not in self.constants]

    def make(self, rows: Rows) -> pa.Array:
        known = self.known_here(rows, self._read)
        columns = [_exact(python_values(found_in(known, name), rows.world.zone)) for name in self._read]
        numbers = Numbers(rows.keys, rows.key("call"))
        found: list[pa.Array] = []
        for first in range(0, len(rows), BLOCK):  # 0.1 ms a record
            block = [column[first : first + BLOCK] for column in columns]
            cells = zip(*block, strict=True) if block else repeat((), min(BLOCK, len(rows) - first))
            records = [self.constants | dict(zip(self._read, row, strict=True)) for row in cells]
            found.append(array_of(self._values(rows, known, records, numbers, first), "json"))
        return pa.concat_arrays(found) if found else pa.array([], JSON_TEXT)

    def _values(
        self, rows: Rows, known: Known, records: list[dict[str, Any]], numbers: Numbers, first: int
    ) -> list[Any]:
        """Return the values of a block of records; where that fails, of one after the other, to know which it is."""
        try:
            return self._program.values(records, numbers, first)
        except Failure:
            return [self._value(rows, known, record, numbers, first + place) for place, record in enumerate(records)]

    def _value(self, rows: Rows, known: Known, record: dict[str, Any], numbers: Numbers, row: int) -> Any:
        try:
            return self._program.values([record], numbers, row)[0]
        except Failure as error:
            failed = error
        self.fail(rows, row, lambda: failure(rows, row, failed, failed.place, known))
        return None


def _exact(values: list[Any]) -> list[Any]:
    """Return values with texts in place of the whole numbers that Jsonnet would round."""
    return [str(value) if type(value) is int and abs(value) > _MOST_EXACT else value for value in values]


def _found(folders: Sequence[str], name: str) -> tuple[str, str] | None:
    """Return the path and the text of a file in the first of some folders that has it; None where none has."""
    if os.path.isabs(name) or os.pardir in name.split("/"):
        return None
    paths = [os.path.join(folder, name) for folder in folders]
    path = next((path for path in paths if os.path.isfile(path)), None)
    try:
        return None if path is None else (path, read_text(path))
    except InvalidInput as error:
        raise ValueError(str(error)) from error
