"""The dimension ``python``."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import repeat
from traceback import walk_tb
from typing import Annotated, Any, ClassVar, Self

import pyarrow as pa
from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from datagen.plugin.dimension import Rows
from datagen.plugin.fallible import Fallible
from datagen.plugin.model import Maker, invalid, maker_of
from datagen.problems import Path_, RunFailed, did_you_mean, show
from datagen.records.types import plain, present
from datagen.records.values import given, python_values
from datagen.script.failure import failure
from datagen.script.makes import TYPES, Makes, Unfit, array_of, column_of
from datagen.script.numbers import Numbers
from datagen.script.rand import Rand

_REFUSED = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
    inspect.Parameter.POSITIONAL_ONLY: "positional-only ",
}


@dataclass(frozen=True)
class UserFunction:
    """A function of a user's file, by the name that a spec gives it."""

    name: str
    call: Callable[..., Any]

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.call).parameters

    def place(self, error: BaseException) -> str:
        """Return where in its file an exception arose."""
        own = [
            f"{frame.f_code.co_filename}:{line}"
            for frame, line in walk_tb(error.__traceback__)
            if frame.f_globals is self.call.__globals__
        ]
        return own[-1] if own else self.name


def _function(value: Any, info: "ValidationInfo[Maker]") -> UserFunction:
    if isinstance(value, UserFunction):
        return value
    if not isinstance(value, str):
        raise ValueError(f'must be such as "module:name", found {show(value)}')
    found = UserFunction(value, maker_of(info).function(value))
    for parameter in found.parameters.values():
        if parameter.kind in _REFUSED:
            text = "a function is given what its parameters are called, by name"
            raise ValueError(f"{value} has the parameter {_REFUSED[parameter.kind]}{parameter.name}; {text}")
    return found


class Python(Fallible):
    """What a function of your own gives, from a file that is loaded with `--plugins`.

    Its parameters are called as what it reads: fields that stand above, variables, `time`, `constants`; and `rand`,
    which draws as in [templates](../templates.md#chance). It is called for each record, which takes 0.5 µs and what it
    takes itself; with `columns` once for many, with Arrow arrays, and `rows` in place of `rand`.

    Example: {"type": "python", "name": "total", "function": "shop:total", "makes": "number", "constants": {"price": 9.5}}
    """

    kind: ClassVar[str] = "python"
    function: Annotated[UserFunction, PlainValidator(_function), WithJsonSchema({"type": "string"})] = Field(
        description="the function, `module:name`, of a file that is loaded with `--plugins module.py`"
    )
    constants: dict[str, Any] = Field({}, description="values of parameters, by their names")
    columns: bool = Field(False, description="whether it takes arrays, and returns an array, for many records at once")
    makes: Makes = Field(
        "json", description="what its values are; targets with columns have one of this type, for `json` one of texts"
    )

    @model_validator(mode="after")
    def _knows_its_constants(self) -> Self:
        known = self.function.parameters
        lines: list[tuple[Path_, str]] = [
            (("constants", name), f"{self.function.name} has no such parameter{did_you_mean(name, known)}")
            for name in self.constants
            if name not in known
        ]
        if self.columns and self.on_error == "skip":
            lines.append((("on_error",), 'can\'t be "skip" with "columns": nobody knows which of the records failed'))
        if lines:
            raise invalid(self.kind, lines)
        return self

    @property
    def _drawing(self) -> str:
        return "rows" if self.columns else "rand"

    @property
    def _read(self) -> list[str]:
        """Return the parameters that are looked up."""
        return [name for name in self.function.parameters if name not in self.constants]

    def draws(self) -> bool:
        return self._drawing in self._read

    def goes_in_order(self) -> bool:
        return True

    def by_row(self) -> Iterator[str]:
        yield f"function {show(self.function.name)}"

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        sure = [name for name in self._read if not self._may_lack(name)]
        yield from ((("function",), name) for name in self.meant(sure))

    def guesses(self) -> Iterator[tuple[Path_, str]]:
        unsure = [name for name in self._read if self._may_lack(name)]
        yield from ((("function",), name) for name in self.meant(unsure))

    def _may_lack(self, name: str) -> bool:
        return name == self._drawing or self.function.parameters[name].default is not inspect.Parameter.empty

    def make(self, rows: Rows) -> pa.Array:
        if not len(rows):
            return pa.array([], TYPES[self.makes])
        found = self.known_here(rows, self._read)
        known = {name: present(plain(found[name])) for name in self._read if name in found}
        return self._of_columns(rows, known) if self.columns else self._of_rows(rows, known)

    def _of_columns(self, rows: Rows, known: Mapping[str, pa.Array]) -> pa.Array:
        offered = {"rows": rows} if self.draws() and "rows" not in known else {}
        try:
            return column_of(self.function.call(**known, **offered, **self.constants), len(rows), self.makes)
        except Exception as error:  # a user's code may raise anything
            raise self._failure(rows, 0, error, known) from error

    def _of_rows(self, rows: Rows, known: Mapping[str, pa.Array]) -> pa.Array:
        values = [python_values(column, rows.world.zone) for column in known.values()]
        records = zip(*values, strict=True) if values else repeat((), len(rows))
        call = self.function.call
        constants = {name: given(value) for name, value in self.constants.items()}
        numbers = Numbers(rows.keys, rows.key("call"))
        if self.draws() and "rand" not in known:
            constants["rand"] = Rand(numbers)
        found: list[Any] = []
        for row, own in enumerate(records):  # 0.5 µs a record beside what the function takes
            numbers.begin(row)
            try:
                found.append(call(**dict(zip(known, own, strict=True)), **constants))
            except Exception as error:  # a user's code may raise anything
                self.fail(rows, row, partial(self._failure, rows, row, error, known))
                found.append(None)
        return array_of(
            found,
            self.makes,
            lambda error: self.fail(rows, error.row, partial(self._failure, rows, error.row, error, known)),
        )

    def _failure(self, rows: Rows, row: int, error: Exception, known: Mapping[str, pa.Array]) -> RunFailed:
        """Return what to raise where the function failed for a row, or gave what it should not."""
        where = self.function.name if isinstance(error, Unfit) else self.function.place(error)
        return failure(rows, row, error, where, {} if self.columns else known)
