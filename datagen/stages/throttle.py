"""The stage ``throttle``."""

from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from datagen.draw import Integers
from datagen.plugin.stage import LONGEST, Scope, Stage, State
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout, Part
from datagen.records.pattern import find, is_known
from datagen.records.text import json_text

_FEWEST = 1024  # windows that are remembered before ended ones are looked for

Names = Annotated[
    list[str],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class Throttle(Stage):
    """Lets of each key only some records in a stretch of time pass: the first, say, or those after the third.

    A window begins with a key's first record and lasts for `timeframe` seconds; the key's next record after it begins
    another one. Of the records in a window those pass whose number lies between `min_count` and `max_count`.
    The key is the value of a dimension, or the values of several; null and missing are a key of their own.

    Example: {"type": "throttle", "key": "time", "timeframe": 60}
    Example: {"type": "throttle", "key": ["time"], "timeframe": 60, "min_count": 1, "max_count": 10}
    """

    kind: ClassVar[str] = "throttle"
    key: Names = Field(min_length=1, description="a dimension, `a.b` for a key inside one, or several")
    timeframe: int | float = Field(600, ge=0.001, le=LONGEST, description="seconds that a window lasts")
    min_count: int = Field(1, ge=1, description="number in the window of the first record that passes")
    max_count: int = Field(1, ge=1, description="number in the window of the last record that passes")
    _windows: dict[str, tuple[int, int]] = PrivateAttr()  # by key: when it began, and how many records it had
    _most: int = PrivateAttr(_FEWEST)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min_count > self.max_count:
            raise ValueError(f'"min_count" ({self.min_count}) must not be above "max_count" ({self.max_count})')
        return self

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        self._windows = {}
        return [
            f'"key": no emitter has {show(name)}{did_you_mean(name, layout.names())}'
            for name in self.key
            if not is_known(layout, name)
        ]

    def through(self, batch: Batch, until: int) -> Batch:
        if not len(batch):
            return batch
        keys = batch.in_order([self._keys(part) for part in batch.parts]).dictionary_encode()
        number = self._numbers(batch.due, keys.indices.to_numpy(), keys.dictionary.to_pylist())
        self._forget(int(batch.due[-1]))
        passing = (number >= self.min_count) & (number <= self.max_count)
        return batch if passing.all() else batch.take(np.flatnonzero(passing))

    def _keys(self, part: Part) -> pa.Array:
        """Write the key of each record as JSON, each value at one place."""
        found = [find(part.columns, name) for name in self.key]
        texts = ["null" if array is None else json_text(array) for array in found]
        if all(isinstance(text, str) for text in texts):
            return pa.repeat(",".join(texts), len(part.rows))
        return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, ",")

    def _numbers(self, due: Integers, codes: npt.NDArray[np.int32], keys: list[str]) -> Integers:
        """Give the number of each record in its window."""
        length = round(self.timeframe * 1e9)
        rows = np.argsort(codes, kind="stable")  # by key, then by time
        codes, times, place = codes[rows], due[rows], np.arange(len(rows))
        begins = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1])
        ends = np.concatenate([begins[1:], [len(rows)]])
        # Where windows begin: a row's window would be over at the row of the same key that is due ``length`` later.
        packed = codes.astype(np.int64) * len(rows) + rows
        over = _place_of(packed, codes, np.searchsorted(due, times + length))
        over = np.where(over < np.repeat(ends, ends - begins), over, len(rows))
        windows, own = self._windows, [keys[code] for code in codes[begins].tolist()]
        since, count = np.array([windows.get(key, (-length, 0)) for key in own], np.int64).T
        first = _place_of(packed, codes[begins], np.searchsorted(due, since + length))
        starts = _reached(np.where(first < ends, first, len(rows)), over)
        # The number is counted from the window's first row, or from that many rows before the key's first.
        origin = np.where(starts, place, 0)
        origin[begins] = np.where(starts[begins], begins, begins - count)
        changes = starts.copy()
        changes[begins] = True
        last_change = np.maximum.accumulate(np.where(changes, place, 0))
        numbers = place - origin[last_change] + 1
        last = ends - 1
        began = np.where(starts[last_change[last]], times[last_change[last]], since)
        # This and the list above take a step in Python for each key in the batch: some 0.4 µs.
        windows.update(zip(own, zip(began.tolist(), numbers[last].tolist(), strict=True), strict=True))
        result = np.empty(len(rows), np.int64)
        result[rows] = numbers
        return result

    def _forget(self, now: int) -> None:
        """Forget windows that have ended, once there are twice as many as there were after the last time."""
        if len(self._windows) > self._most:
            begin = now - round(self.timeframe * 1e9)
            self._windows = {key: window for key, window in self._windows.items() if window[0] > begin}
            self._most = max(2 * len(self._windows), _FEWEST)

    def state(self) -> State:
        windows: dict[str, Any] = {"keys": pa.array(self._windows.keys(), pa.string())}
        since, counts = zip(*self._windows.values(), strict=True) if self._windows else ((), ())
        return windows | {"since": np.array(since, np.int64), "counts": np.array(counts, np.int64)}

    def restore(self, state: State) -> None:
        windows = zip(state["since"].tolist(), state["counts"].tolist(), strict=True)
        self._windows = dict(zip(state["keys"].to_pylist(), windows, strict=True))


def _place_of(packed: Integers, codes: npt.NDArray[np.int32], rows: Integers) -> Integers:
    """Find for keys the first place of a row that is not before a row of the batch."""
    return np.searchsorted(packed, codes.astype(np.int64) * len(packed) + rows)


def _reached(first: Integers, over: Integers) -> npt.NDArray[np.bool_]:
    """Mark (n,) what is reached from some places by going on from each place to the next one; n is behind the end.

    The steps are doubled, so the longest way takes log2 of its length in rounds.
    """
    reached = np.zeros(len(over) + 1, bool)
    reached[first] = True
    jump = np.append(over, len(over))
    while True:
        found = jump[np.flatnonzero(reached)]
        if reached[found].all():
            return reached[:-1]
        reached[found] = True
        jump = jump[jump]
