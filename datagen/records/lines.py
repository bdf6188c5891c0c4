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

    @classmethod
    def of(cls, text: pa.Array) -> "Lines":
        """Take the buffer of a string array without nulls, as it is."""
        _, offsets, data = text.buffers()
        width = np.int64 if pa.types.is_large_string(text.type) else np.int32
        places = np.frombuffer(offsets, width)[text.offset : text.offset + len(text) + 1].astype(np.int64)
        content = memoryview(data if data is not None else b"")
        return cls(content[places[0] : places[-1]], places[1:] - places[0])

    def __len__(self) -> int:
        return len(self.ends)

    def slice(self, start: int, stop: int) -> "Lines":
        """Give some of the records, without a copy."""
        places = np.concatenate([[0], self.ends])[[start, stop]]
        return Lines(self.data[places[0] : places[1]], self.ends[start:stop] - places[0])


def pieces(lines: Lines) -> list[memoryview]:
    """Cut lines into one piece for each record, without its line end; about 0.2 µs a record."""
    ends = lines.ends.tolist()
    begins = [0, *ends][: len(ends)]
    data = lines.data
    return [data[begin : end - 1] for begin, end in zip(begins, ends, strict=True)]
