"""The stage ``throttle``."""

from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from datagen.draw import Integers
from datagen.plugin.stage import LONGEST, RunningStage, Scope, Snapshot, Stage
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout, Part
from datagen.records.inside import find
from datagen.records.pattern import is_known
from datagen.records.text import json_text

_FEWEST = 1024

Names = Annotated[
    list[str],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class Throttle(Stage):
    """Limits how many records per key pass in each time window: only the first, say, or only those after the third.

    A window begins with the first record of a key and lasts for `timeframe` seconds; the next record of that key
    afterwards begins another one. The records in a window are numbered from 1, and those from `min_count` to
    `max_count` pass. The key is the value of a dimension, or the values of several; null and missing count as one more
    value.

    Example: {"type": "throttle", "key": "time", "timeframe": 60}
    Example: {"type": "throttle", "key": ["time"], "timeframe": 60, "min_count": 1, "max_count": 10}
    """

    kind: ClassVar[str] = "throttle"
    key: Names = Field(min_length=1, description="a dimension, `a.b` for a key inside one, or several")
    timeframe: int | float = Field(600, ge=0.001, le=LONGEST, description="seconds that a window lasts")
    min_count: int = Field(1, ge=1, description="number of the first record in a window that passes")
    max_count: int = Field(1, ge=1, description="number of the last record in a window that passes")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min_count > self.max_count:
            raise ValueError(f'"min_count" ({self.min_count}) must not be above "max_count" ({self.max_count})')
        return self

    def misfits(self, layout: Layout, scope: Scope) -> list[str]:
        return [
            f'"key": no emitter has {show(name)}{did_you_mean(name, layout.names())}'
            for name in self.key
            if not is_known(layout, name)
        ]

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        return Throttling(self)


class Throttling(RunningStage):
    """A throttle at work."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._length = round(throttle.timeframe * 1e9)  # ns
        self._windows: dict[str, tuple[int, int]] = {}  # by key: when it ends, and how many records it counted
        self._bound = _FEWEST  # so many windows are remembered before ended ones are looked for

    def through(self, batch: Batch, until: int) -> Batch:
        if not len(batch):
            return batch
        keys = batch.in_order([self._keys(part) for part in batch.parts]).dictionary_encode()
        rows = self._passing(batch.due, keys.indices.to_numpy(), keys.dictionary.to_pylist())
        self._forget(int(batch.due[-1]))
        return batch if len(rows) == len(batch) else batch.take(rows)

    def _keys(self, part: Part) -> pa.Array:
        """Write the key of each record as JSON, each value at one place."""
        found = [find(part.columns, name) for name in self._throttle.key]
        texts = ["null" if array is None else json_text(array) for array in found]
        if all(isinstance(text, str) for text in texts):
            return pa.repeat(",".join(texts), len(part.rows))
        return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, ",")

    def _passing(self, due: Integers, codes: npt.NDArray[np.int32], keys: list[str]) -> Integers:
        """Return which records pass; the key of each is the one with its code.

        A step in Python takes 45 to 70 ns for each record (a fifth more over lists), and 0.4 µs for each different key
        of the batch.
        """
        least, most, length = self._throttle.min_count, self._throttle.max_count, self._length
        windows = [self._windows.get(key, (0, 0)) for key in keys]
        ends, counts = [end for end, _ in windows], [count for _, count in windows]
        passes = []
        for code, time in zip(codes.data, due.data, strict=True):
            if time >= ends[code]:
                ends[code], counts[code] = time + length, 0
            elif counts[code] == most:
                passes.append(False)
                continue
            counts[code] = count = counts[code] + 1
            passes.append(count >= least)
        self._windows.update(zip(keys, zip(ends, counts, strict=True), strict=True))
        return np.flatnonzero(np.frombuffer(bytes(passes), np.bool_))

    def _forget(self, now: int) -> None:
        """Forget windows that have ended, once there are twice as many as there were after the last time."""
        if len(self._windows) > self._bound:
            self._windows = {key: window for key, window in self._windows.items() if window[0] > now}
            self._bound = max(2 * len(self._windows), _FEWEST)

    def snapshot(self) -> Snapshot:
        ends, counts = zip(*self._windows.values(), strict=True) if self._windows else ((), ())
        return {
            "keys": pa.array(self._windows.keys(), pa.string()),
            "ends": np.array(ends, np.int64),
            "counts": np.array(counts, np.int64),
        }

    def restore(self, snapshot: Snapshot) -> None:
        windows = zip(snapshot["ends"].tolist(), snapshot["counts"].tolist(), strict=True)
        self._windows = dict(zip(snapshot["keys"].to_pylist(), windows, strict=True))
