"""Encoded records: the text of many, one after the other, and where each of them ends."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from datagen.draw import Integers


@dataclass(frozen=True)
class Lines:
    """Encoded records, one after the other in one buffer, each with its line end."""

    data: memoryview
    ends: Integers  # (n,) where in the data each record ends, ascending
    end: int = 1  # bytes of a line end; binary records have none

    @classmethod
    def of(cls, text: pa.Array) -> "Lines":
        """Return the strings (n,) of an array without nulls as lines, without a copy of its text."""
        _, offsets, data = text.buffers()
        width = np.int64 if pa.types.is_large_string(text.type) else np.int32
        cuts = np.frombuffer(offsets, width)[text.offset : text.offset + len(text) + 1].astype(np.int64)
        content = memoryview(data if data is not None else b"")
        return cls(content[cuts[0] : cuts[-1]], cuts[1:] - cuts[0])

    def __len__(self) -> int:
        return len(self.ends)

    def slice(self, start: int, stop: int) -> "Lines":
        """Return the records from ``start`` to before ``stop``, without a copy."""
        cuts = np.concatenate([[0], self.ends])[[start, stop]]
        return Lines(self.data[cuts[0] : cuts[1]], self.ends[start:stop] - cuts[0], self.end)


def pieces(lines: Lines) -> list[memoryview]:
    """Return the text of each record, without its line end; about 0.2 µs a record."""
    ends = lines.ends.tolist()
    begins = [0, *ends][: len(ends)]
    data = lines.data
    return [data[begin : end - lines.end] for begin, end in zip(begins, ends, strict=True)]
