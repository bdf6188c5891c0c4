"""The dimension ``replace``."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from datagen.draw import Integers
from datagen.plugin.dimension import AnyDimension, Dimension, Rows
from datagen.plugin.model import Model
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.expression.moment import formatted, zone_of
from datagen.records.holes import Cut, cut, filled, first_found, put_into
from datagen.records.strptime import TimePattern, TimeReader, expression_of
from datagen.records.text import plain_text
from datagen.records.types import plain, present

_SHIFT = "shift"  # the variable of replayed records: how many seconds later they are played than recorded
_EPOCHS = {"epoch": 1_000_000, "epoch_ms": 1000}  # µs in one
_LEAP_YEAR = 2000  # of dates that say no year
_MOST_KEPT = 100_000  # texts that are cut already


class Moved(Model):
    """A time that moves along with a replayed record."""

    format: str = Field(description="how the time is written: strftime codes, `epoch` or `epoch_ms`")

    @field_validator("format")
    @classmethod
    def _can_be_read(cls, format_: str) -> str:
        if format_ not in _EPOCHS and "%" not in format_:
            raise ValueError("must be epoch, epoch_ms or strftime codes such as %Y-%m-%d %H:%M:%S")
        expression_of(format_)
        return format_

    def times(self, recorded: pa.Array, rows: Rows) -> pa.Array:
        """Return recorded texts as times, (n,), moved by the shift; what is no time stays as it is."""
        shift = plain(rows.known([_SHIFT])[_SHIFT])
        zone = rows.world.zone
        own, times, _ = TimeReader((TimePattern(".+", self.format),), zone_of(zone), _LEAP_YEAR).read(recorded)
        is_moved = shift.is_valid().to_numpy(zero_copy_only=False)[own]
        own, times = own[is_moved], times[is_moved]
        moved = times + np.rint(shift.take(pa.array(own)).to_numpy() * 1e6).astype(np.int64)
        if self.format in _EPOCHS:
            texts = pa.array(moved // _EPOCHS[self.format]).cast(pa.string())
        else:
            texts = formatted(pa.array(moved).cast(pa.timestamp("us", "UTC")), self.format, zone)
        is_time = np.zeros(len(recorded), bool)
        is_time[own] = True
        return pc.replace_with_mask(recorded, pa.array(is_time), texts.cast(pa.string()))


class Rule(Model):
    """What is replaced, and by what."""

    match: str = Field(min_length=1, description="a regular expression; its group 1 is replaced, or all that matches")
    value: AnyDimension | None = Field(None, description="the field generator of the new text; its name is not printed")
    moved: Moved | None = Field(None, description="the time that matches, moved as far as the replayed record is")

    @field_validator("match")
    @classmethod
    def _is_an_expression(cls, match: str) -> str:
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return match

    @model_validator(mode="after")
    def _has_one_value(self) -> Self:
        if (self.value is None) == (self.moved is None):
            raise ValueError('there must be either "value" or "moved"')
        return self


class Replace(Dimension):
    r"""A recorded text with parts of it replaced: a sample line whose time, address and amount are new each time.

    `in` makes the text: a `column` of a table of lines, say, or a variable that holds one. Each rule of `with` replaces
    what its regular expression matches (group 1, or the whole match) by one value, which is the same for all matches in a
    text; where nothing matches none is made. Rules look at the text as `in` made it, so each different text is cut into
    pieces once, and values are put between them in columns. Where the matches of two rules overlap, or with `in_turn`
    everywhere, each rule looks at what those before it left, text by text, which is slow. With `moved`, a time of a replayed
    record moves as far as the record does.

    Example: {"type": "replace", "name": "line", "in": {"type": "constant", "name": "sample", "value": "GET /cart?id=17 200"}, "with": [{"match": "id=(\\d+)", "value": {"type": "int", "name": "id", "distribution": {"type": "uniform", "min": 1, "max": 99}}}]}
    """

    kind: ClassVar[str] = "replace"
    in_: AnyDimension = Field(alias="in", description="the field generator of the text; its name is not printed")
    with_: list[Rule] = Field(alias="with", min_length=1, description="what is replaced, in order")
    in_turn: bool = Field(False, description="each rule looks at what those before it left, text by text")

    def draws(self) -> bool:
        return False

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        yield from ((("with", place, "moved"), _SHIFT) for place, rule in enumerate(self.with_) if rule.moved)

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        if any(not pa.types.is_floating(type_) for type_ in layout.types(_SHIFT)):
            moved = next(place for place, rule in enumerate(self.with_) if rule.moved)
            yield ("with", moved, "moved"), 'needs the variable "shift" of a replayed record, which is a number'

    def make(self, rows: Rows) -> pa.Array:
        made = rows.make(self.in_)
        if _is_coded(made):
            return self._replaced(made, rows)
        texts = present(plain(made))
        if not texts.null_count:
            return self._replaced(plain_text(texts).dictionary_encode(), rows)
        there = texts.is_valid().to_numpy(zero_copy_only=False)
        left = plain_text(texts.filter(pa.array(there))).dictionary_encode()
        made = self._replaced(left, rows.at(np.flatnonzero(there)))
        return made.take(pa.array(np.cumsum(there) - 1, mask=~there))

    def _replaced(self, texts: pa.DictionaryArray, rows: Rows) -> pa.Array:
        work = _Work(self, texts, rows)
        for rule in range(len(self.with_)):
            work.make_values(rule)
        return work.texts()

    @cached_property
    def patterns(self) -> list[re.Pattern[str]]:
        """Return the regular expressions of the rules."""
        return [re.compile(rule.match) for rule in self.with_]

    @cached_property
    def cut(self) -> Callable[[str], Cut | None]:
        """Return what cuts a text; None where rules must go one after the other."""
        return lru_cache(_MOST_KEPT)(lambda text: None if self.in_turn else cut(text, self.patterns))


def _is_coded(array: pa.Array) -> bool:
    """Return whether each value is an index into a list of texts that is not longer; none of them is null."""
    if not pa.types.is_dictionary(array.type) or array.type.value_type != pa.string():
        return False
    return len(array.dictionary) <= len(array) and not array.null_count and not array.dictionary.null_count


class _Work:
    """The replacing in the texts of some rows, one rule after the other."""

    def __init__(self, replace: Replace, texts: pa.DictionaryArray, rows: Rows) -> None:
        self._replace, self._rows = replace, rows
        different = texts.dictionary.to_pylist()
        codes = texts.indices.to_numpy()
        cuts = [replace.cut(text) for text in different]
        is_cut = np.array([one is not None for one in cuts], bool)
        self._cut_rows = np.flatnonzero(is_cut[codes])
        self._cuts = [one for one in cuts if one is not None]
        self._codes = (np.cumsum(is_cut) - 1)[codes[self._cut_rows]]
        self._in_turn = {row: different[codes[row]] for row in np.flatnonzero(~is_cut[codes]).tolist()}
        self._values: dict[int, tuple[Integers, pa.Array]] = {}

    def make_values(self, number: int) -> None:
        """Make the values of a rule for the rows where it matches, and put them where texts go one after the other."""
        rule, expression = self._replace.with_[number], self._replace.patterns[number]
        has_hole = np.array([number in one.found for one in self._cuts], bool)
        chosen = np.flatnonzero(has_hole[self._codes])
        found = {row: first_found(text, expression) for row, text in self._in_turn.items()}
        in_turn = [row for row, text in found.items() if text is not None]
        rows = self._cut_rows[chosen]
        if in_turn:
            rows = np.sort(np.concatenate([rows, np.array(in_turn, np.int64)]))
        made = self._rows if len(rows) == len(self._rows) else self._rows.at(rows)
        if rule.value is not None:
            values = made.make(rule.value)
            values = plain_text(values) if in_turn else values
        elif rule.moved is not None:
            found |= {
                row: self._cuts[code].found[number]
                for row, code in zip(self._cut_rows[chosen].tolist(), self._codes[chosen].tolist(), strict=True)
            }
            values = rule.moved.times(pa.array([found[row] for row in rows.tolist()], pa.string()), made)
        self._values[number] = rows, values
        for row in in_turn:
            value = values[int(np.searchsorted(rows, row))].as_py()
            self._in_turn[row] = put_into(self._in_turn[row], expression, value)

    def texts(self) -> pa.Array:
        """Return the texts with all that was put into them, (n,)."""
        texts = filled(self._cuts, self._codes, self._cut_rows, self._values)
        if not self._in_turn:
            return texts
        order = np.concatenate([self._cut_rows, np.array(list(self._in_turn), np.int64)])
        both = pa.concat_arrays([texts.cast(pa.string()), pa.array(list(self._in_turn.values()), pa.string())])
        return both.take(pa.array(np.argsort(order)))
