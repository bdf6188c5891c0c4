"""What the sinks of text files have in common: which file each record goes to, how files look, how they are read back.

Knows neither when a file ends nor how it is written.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.plugin.target import Encoded, Gather, NotGivenBack, Sink, Unreadable
from datagen.records.batch import Batch
from datagen.records.lines import Lines
from datagen.records.pattern import patterned
from datagen.targets.files.naming import Names, PathPattern
from datagen.targets.files.place import Address, Place
from datagen.targets.files.rotation import Rotation

_FRAME = 64 << 10  # bytes of text from which on compressing alone what comes pays
FRAMES = Gather(_FRAME, _FRAME, 1.0)
# Of 1, 3 and 6 the fastest: gzip 6 needs four times as long for 1.3 times fewer bytes. Of zstd, 1 to 3 are alike.
_LEVELS = {"gzip": 1, "zstd": 1}

Share = tuple[str, Integers, Lines]  # the path of a file; of the records that go there, when they are due (ns); text


@dataclass(frozen=True)
class Style:
    """How the files of a target are named and made."""

    address: Address
    pattern: PathPattern
    names: Names
    rotation: Rotation | None
    compression: str
    append: bool
    atomic: bool

    def compressed(self, data: Any) -> Any:
        """Compress bytes to a gzip member or a zstd frame; several of them behind one another are a file too."""
        if self.compression == "none":
            return data
        codec = pa.Codec(self.compression, compression_level=_LEVELS[self.compression])
        return codec.compress(pa.py_buffer(data), asbytes=True)  # the memoryview of a buffer would be too long


class FileSink(Sink):
    """Lines of text that go to files; whoever builds on it sets ``style``."""

    style: Style

    @property
    def header(self) -> bytes:
        """Return what each file begins with."""
        return self.writer.header

    def encode(self, batch: Batch) -> Encoded:
        encoded = super().encode(batch)
        if self.style.pattern.is_constant:
            return encoded
        return replace(encoded, texts=(patterned(batch, self.style.pattern, self.scope.start),))

    def shares(self, encoded: Encoded) -> list[Share]:
        """Tell the records of each file apart."""
        if encoded.texts:
            return _by_path(encoded)
        return [(self.style.pattern.constant, encoded.due, encoded.lines)]

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        place = Place(self.style.address)
        for path, name in self._files(place):
            yield path, self._records(place.read(name))

    def _files(self, place: Place) -> Iterator[tuple[str, str]]:
        """Yield path and name of the files that are there."""
        if self.style.names.numbered or not self.style.pattern.is_constant:
            yield from ((path, name) for path, _, name in place.find(self.style.names))
            return
        path = self.style.pattern.constant
        if os.path.isfile(path):
            yield path, path
        elif os.path.exists(path):
            raise (Unreadable if os.path.isdir(path) else NotGivenBack)("it is no file that could be read")

    def _records(self, data: bytes) -> list[bytes]:
        """Return the records in a file."""
        if not self.writer.end:
            raise NotGivenBack("records of this format are not told apart in a file")
        compression = None if self.style.compression == "none" else self.style.compression
        with pa.input_stream(pa.py_buffer(data), compression=compression) as stream:
            text = stream.read()
        return self.writer.unblocked(text).split(b"\n")[:-1]

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return bytes(encoded.lines.data).split(b"\n")[:-1]  # a record of several lines counts as that many


def _by_path(encoded: Encoded) -> list[Share]:
    """Put the records of each path together; the order of those of one path stays."""
    paths = encoded.texts[0].dictionary_encode()
    numbers = paths.indices.to_numpy()
    order = np.argsort(numbers, kind="stable")
    lines, due = encoded.lines.take(order), encoded.due[order]
    stops = np.cumsum(np.bincount(numbers, minlength=len(paths.dictionary))).tolist()
    shares, start = [], 0
    for path, stop in zip(paths.dictionary.to_pylist(), stops, strict=True):
        if stop > start:
            shares.append((path, due[start:stop], lines.slice(start, stop)))
            start = stop
    return shares
