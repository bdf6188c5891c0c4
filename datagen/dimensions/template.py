"""The dimension ``template``."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

import pyarrow as pa
from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from datagen.dimensions.script.closure import Closure
from datagen.dimensions.script.failure import failure, place_in_template
from datagen.dimensions.script.memory import Memory
from datagen.dimensions.script.program import Program
from datagen.dimensions.script.source import Source
from datagen.plugin import fake
from datagen.plugin.dimension import Rows
from datagen.plugin.fallible import Fallible
from datagen.plugin.model import Maker, invalid
from datagen.problems import Path_, show
from datagen.records.values import given


def _of_text(value: Any, info: "ValidationInfo[Maker]") -> Closure:
    return value if isinstance(value, Closure) else Closure.of(Source.of_text(value, info))


def _of_file(value: Any, info: "ValidationInfo[Maker]") -> Closure:
    return value if isinstance(value, Closure) else Closure.of(Source.of_file(value, info))


_ENGINE = ("jinja2", "markupsafe")  # whose versions decide what comes of a template by row
_TEXT = WithJsonSchema({"type": "string"})


class Template(Fallible):
    """What a [template](../templates.md) of Jinja2 makes of the record: a text.

    It sees the fields that stand above it, variables, `time`, its `constants`, the `tables` of the spec, `rand` and
    more. If it only puts values into a text, it is computed in columns, else by row, which takes some µs a record.

    Example: {"type": "template", "name": "line", "text": "{% if worker is divisibleby 2 %}even{% else %}odd{% endif %} at {{ time.strftime('%H:%M') }}"}
    """

    kind: ClassVar[str] = "template"
    text: Annotated[Closure, PlainValidator(_of_text), _TEXT] | None = Field(None, description="the template")
    path: Annotated[Closure, PlainValidator(_of_file), _TEXT] | None = Field(
        None, description="the file of the template, relative to the spec; this or `text` is required"
    )
    constants: dict[str, Any] = Field({}, description="values that it reads, by their names")
    memory: dict[str, Literal["template"]] = Field(
        {},
        description="names of what it remembers from one record to the next; `template`: this field of this emitter, "
        "and no other",
    )
    undefined: Literal["nothing", "strict"] = Field(
        "nothing",
        description="what a name is that stands for nothing: it prints `nothing`, or `strict`: it is an error",
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.text is None) == (self.path is None):
            raise invalid(self.kind, [((), 'there must be either "text" or "path"')])
        for name in self.memory:
            if name in self.constants:
                raise invalid(self.kind, [(("memory", name), "there is a constant of this name")])
        lines = list(self._unknown_fakes()) if "fake" not in self._own else []
        if lines:
            raise invalid(self.kind, lines)
        return self

    def _unknown_fakes(self) -> Iterator[tuple[Path_, str]]:
        for (locale, *provider), place in self._closure.fakes.items():
            try:
                fake.check(".".join(provider), locale.replace("_", "-"))
            except fake.FakeProblem as error:
                yield self._key, f"{place}: {error}"

    @property
    def _closure(self) -> Closure:
        found = self.text or self.path
        assert found is not None
        return found

    @property
    def _key(self) -> Path_:
        return ("path",) if self.text is None else ("text",)

    def draws(self) -> bool:
        return self._closure.draws

    def counts(self) -> bool:
        return bool(self.memory)

    def goes_in_order(self) -> bool:
        return bool(self.memory) or super().goes_in_order()

    @cached_property
    def _own(self) -> frozenset[str]:
        """Return the names that are its own."""
        return frozenset((*self.constants, *self.memory))

    def files(self) -> list[str]:
        return [file.path for file in self._closure.files.values() if file.path]

    def libraries(self) -> list[str]:
        fakes = fake.LIBRARIES if "fake" in self._closure.names else ()
        return [*fakes, *(_ENGINE if self._program_of("UTC").is_by_row else ())]

    def by_row(self) -> Iterator[str]:
        if self._program_of("UTC").is_by_row:
            yield f"template {show(self.name)}"

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        if self.undefined == "strict":
            yield from self._doubts()

    def guesses(self) -> Iterator[tuple[Path_, str]]:
        yield from ((self._key, name) for name in sorted(self._closure.names - self._own))

    def doubts(self) -> Iterator[tuple[Path_, str]]:
        if self.undefined != "strict":
            yield from self._doubts()

    def _doubts(self) -> Iterator[tuple[Path_, str]]:
        yield from ((self._key, name) for name in sorted(self._closure.doubtful(self._own)))

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield from super().picks()
        yield from ((self._key, table, None) for table in self._closure.tables)

    def make(self, rows: Rows) -> pa.Array:
        known = rows.known(self._closure.names - self._own)

        def failed(row: int, error: Exception) -> None:
            self.fail(rows, row, lambda: failure(rows, row, error, place_in_template(error, self._closure), known))

        kept = rows.world.memories
        memories = {name: Memory(kept.setdefault(f"{rows.path}/{name}", {})) for name in self.memory}
        return self._program_of(rows.world.zone).texts(known, rows, failed, memories)

    @cached_property
    def _programs(self) -> dict[str, Program]:
        return {}

    def _program_of(self, zone: str) -> Program:
        """Return it compiled for the times of a zone."""
        if zone not in self._programs:
            constants = {name: given(value) for name, value in self.constants.items()}
            strict = self.undefined == "strict"
            self._programs[zone] = Program(self._closure, constants, zone, strict=strict, memory=self.memory)
        return self._programs[zone]
