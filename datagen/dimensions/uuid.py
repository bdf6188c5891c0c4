"""The dimension ``uuid``."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.draw import Integers, Keys
from datagen.plugin.dimension import Rows
from datagen.plugin.token import uuids
from datagen.plugin.unique import UniqueDimension
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.types import plain, plain_type, present

_NODE_BITS = 62  # at the end of every UUID, behind the variant


class Uuid(UniqueDimension):
    """A UUID (RFC 9562): of version 4, which is random, or of version 7, which begins with the record's time.

    Those of version 7 ascend with the time, down to the microsecond. So many random bits repeat hardly ever; `unique`
    makes sure of it.

    Example: {"type": "uuid", "name": "event_id", "version": 7}
    """

    kind: ClassVar[str] = "uuid"
    version: Literal[4, 7] = Field(4, description="4 (random) or 7 (in the order of time)")

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        if self.version == 7:
            yield ("version",), "time"

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        types = [plain_type(type_) for type_ in layout.types("time")] if self.version == 7 else []
        if not all(map(_is_time, types)):
            yield ("version",), 'needs the record\'s time, and the dimension "time" above is none'

    def different_values(self) -> int:
        return 2**_NODE_BITS

    def count_of_unique(self) -> int:
        return 2**_NODE_BITS

    def drawn(self, rows: Rows) -> pa.Array:
        return self._texts(rows, rows.words(2))

    def numbered(self, rows: Rows, numbers: Integers) -> pa.Array:
        words = rows.words(2)
        words[:, 1] = numbers
        return self._texts(rows, words)

    def _texts(self, rows: Rows, words: Keys) -> pa.Array:
        """Return UUIDs of words (n, 2), of which only the bits that are free are taken."""
        if self.version == 7:
            words[:, 0] = _time_bits(rows)
        return uuids(words, self.version)


def _is_time(type_: pa.DataType) -> bool:
    return pa.types.is_timestamp(type_)


def _time_bits(rows: Rows) -> Keys:
    """Return 48 bits of milliseconds since 1970 and, behind the version, 12 of the part of one (n,).

    Source: RFC 9562, section 6.2, method 3. An earlier time counts as 1970.
    """
    times = present(plain(rows.known(["time"])["time"])).cast(pa.timestamp("us")).cast(pa.int64())
    microseconds = np.maximum(times.fill_null(0).to_numpy(), 0).astype(np.uint64)
    milliseconds, part = np.divmod(microseconds, np.uint64(1000))
    return (milliseconds << np.uint64(16)) | (part * np.uint64(4096) // np.uint64(1000))
