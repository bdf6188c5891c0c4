"""The dimension ``template``."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin import fake
from datagen.plugin.dimension import Rows
from datagen.plugin.memory import memory_path
from datagen.plugin.model import invalid
from datagen.problems import Path_, show
from datagen.records.batch import TIME
from datagen.records.values import given
from datagen.script.closure import Closure
from datagen.script.dialect import DIALECTS, Scope
from datagen.script.eventum import State
from datagen.script.failure import failure, place_in_template
from datagen.script.loop import Failed
from datagen.script.memory import Memory
from datagen.script.program import Program
from datagen.script.scripted import Scripted

_MAKERS = re.compile(r"\b(faker|mimesis)\b")
_ENGINE = ("jinja2", "markupsafe")  # whose versions decide what comes of a template by row


class Template(Scripted):
    """What a [template](../templates.md) of Jinja2 makes of the record: a text.

    It sees the fields that stand above it, variables, `time`, its `constants`, the `tables` of the spec, `rand` and
    more; with `"dialect": "eventum"` the same under [Eventum's names](../templates.md#templates-of-eventum). If it only puts values into a text, it is computed in columns, else by row, which takes some µs a record.

    Example: {"type": "template", "name": "line", "text": "{% if worker is divisibleby 2 %}even{% else %}odd{% endif %} at {{ time.strftime('%H:%M') }}"}
    Example: {"type": "template", "name": "line", "dialect": "eventum", "text": "{{ timestamp.isoformat() }} {{ module.rand.network.ip_v4_public() }}"}
    """

    kind: ClassVar[str] = "template"
    memory: dict[str, Scope] = Field(
        {},
        description="names of what it remembers from one record to the next; `template`: this field of this emitter, "
        "and no other; `population`, `run`: all fields of emitters of a population, or of all, that name it",
    )
    dialect: Literal["eventum"] | None = Field(
        None, description="`eventum`: it sees what templates of Eventum do, under the names that it has there"
    )
    undefined: Literal["nothing", "strict"] = Field(
        "nothing",
        description="what a name is that stands for nothing: it prints `nothing`, or `strict`: it is an error",
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        try:
            closure = self._closure
        except ValueError as error:
            raise invalid(self.kind, [(self.key, str(error))]) from error
        lines = [] if "fake" in self._own else list(self._unknown(closure.fakes))
        lines += [
            (("memory", name), "there is a constant of this name") for name in self.memory if name in self.constants
        ]
        if lines:
            raise invalid(self.kind, lines)
        return self

    def _unknown(self, fakes: Mapping[tuple[str, ...], str]) -> Iterator[tuple[Path_, str]]:
        """Yield those of the fakes that there are not; each has its place."""
        for (locale, *provider), place in fakes.items():
            try:
                fake.check(".".join(provider), locale.replace("_", "-"))
            except fake.FakeProblem as error:
                yield self.key, f"{place}: {error}"

    @cached_property
    def _closure(self) -> Closure:
        """Return the template with all that it includes. Raises ValueError with the place of what is wrong."""
        return Closure.of(self.source, DIALECTS[self.dialect])

    def draws(self) -> bool:
        return self._closure.draws

    @cached_property
    def _memories(self) -> dict[str, Scope]:
        usual = DIALECTS[self.dialect].memories
        return {name: scope for name, scope in usual.items() if name in self._closure.names} | self.memory

    def memories(self) -> Mapping[str, str]:
        return self._memories

    def counts(self) -> bool:
        return bool(self._memories)

    def goes_in_order(self) -> bool:
        return bool(self._memories) or super().goes_in_order()

    @cached_property
    def _own(self) -> frozenset[str]:
        """Return the names that are its own."""
        return frozenset((*self.constants, *self._memories))

    def files(self) -> list[str]:
        return [file.path for file in self._closure.files.values() if file.path]

    def libraries(self) -> list[str]:
        makes = "fake" in self._closure.names or any(_MAKERS.search(file.text) for file in self._closure.files.values())
        fakes = fake.LIBRARIES if makes else ()
        return [*fakes, *(_ENGINE if self._program_of("UTC").is_by_row else ())]

    def by_row(self) -> Iterator[str]:
        if self._program_of("UTC").is_by_row:
            yield f"template {show(self.name)}"

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        if self.undefined == "strict":
            yield from self._doubts()

    def guesses(self) -> Iterator[tuple[Path_, str]]:
        yield from ((self.key, name) for name in self.meant(sorted(self._closure.names - self._own)))

    def doubts(self) -> Iterator[tuple[Path_, str]]:
        if self.undefined != "strict":
            yield from self._doubts()

    def _doubts(self) -> Iterator[tuple[Path_, str]]:
        yield from ((self.key, name) for name in self.meant(sorted(self._closure.doubtful(self._own))))

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield from super().picks()
        yield from ((self.key, self.source.tables.get(table, table), None) for table in self._closure.tables)

    def chooses_tables(self) -> bool:
        return self._closure.chooses_tables

    def make(self, rows: Rows) -> pa.Array:
        return self._program_of(rows.world.zone).texts(*self._reading(rows))

    def each_in_turn(self, rows: Rows) -> Iterator[Any] | None:
        if self.when is not None or self.keyed_by is not None or self.percent_missing or self.percent_nulls:
            return None
        return self._program_of(rows.world.zone).in_turn(*self._reading(rows))

    def as_made(self, values: list[Any]) -> pa.Array:
        return pa.array(values, pa.string())

    def _reading(self, rows: Rows) -> tuple[Mapping[str, pa.Array], Rows, Failed, dict[str, Memory]]:
        """Return what it reads, the rows, what is told of those that fail, and what it remembers."""
        known = self._known(rows)

        def failed(row: int, error: Exception) -> None:
            self.fail(rows, row, lambda: failure(rows, row, error, place_in_template(error, self._closure), known))

        kept, kind = rows.world.memories, Memory if self.dialect is None else State
        paths = {name: memory_path(rows.path, scope, name) for name, scope in self._memories.items()}
        return known, rows, failed, {name: kind(kept.setdefault(path, {})) for name, path in paths.items()}

    def _known(self, rows: Rows) -> dict[str, pa.Array]:
        """Return the values of the names that it reads, (n,), the time also under the name that a dialect has for it."""
        names = self._closure.names - self._own
        known, called = self.known_here(rows, names), DIALECTS[self.dialect].time
        if called in names and called not in known:
            known = known | {str(called): time for time in rows.known([TIME]).values()}
        return known

    @cached_property
    def _programs(self) -> dict[str, Program]:
        return {}

    def _program_of(self, zone: str) -> Program:
        """Return it compiled for the times of a zone."""
        if zone not in self._programs:
            constants = {name: given(value) for name, value in self.constants.items()}
            strict = self.undefined == "strict"
            self._programs[zone] = Program(self._closure, constants, zone, strict=strict, memory=self._memories)
        return self._programs[zone]
