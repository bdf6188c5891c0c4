"""The target ``file``."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Gather, Position, Target, Unreadable
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.pattern import patterned
from datagen.targets.files.local import LocalFiles, Share, Style
from datagen.targets.files.naming import Names, PathPattern, varies
from datagen.targets.files.place import Address, Place, Shipment, local_problem
from datagen.targets.files.rotation import Rotation

_OBJECT = 64 << 20  # bytes of text: an object is held in memory until it is sent
_FRAME = 64 << 10  # bytes of text from which on compressing alone what comes pays


class File(Target):
    """A file, or many, replaced when the run begins or appended to; on this machine or in an object store.

    Strftime codes in `path` stand for the time of a record and `{{dimension}}` for a value of it, so that each record
    goes to its file; folders are made as needed. A value is made safe: slashes, backslashes and control characters
    become `_`, only dots become `_` each, nothing becomes `none`, and 100 bytes are kept. A lone `%` that begins no
    code stands for itself, `%%` is one `%`.

    With `rotate`, files are numbered, `events-00001.json`, and each has the header of its format. Files of the same
    series with higher numbers, of an earlier run, are removed when the run begins. When a file of this machine can't
    take all of the records, because the disk is full, say, it is cut back to its last whole record.

    A URI (`s3://bucket/events.json?region=…&endpoint_override=…`, `gs://`, `abfs://`) is a place in an object store,
    whose objects are always numbered, and written as a whole: records are held in memory and count as delivered once
    their object is there. Without `bytes` in `rotate` an object holds up to 64 MB of text.

    Example: {"type": "file", "path": "events.json", "append": true}

    Example: {"type": "file", "path": "events/%Y-%m-%d/hour-%H.json", "compression": "gzip"}

    Example: {"type": "file", "path": "events.csv", "format": "csv", "rotate": {"records": 100000}, "atomic": true}
    """

    kind: ClassVar[str] = "file"
    form: ClassVar[tuple[str, ...]] = ("compression", "rotate", "atomic")
    path: str = Field(min_length=1, description="where it is, from the current directory, or a URI of an object store")
    append: bool = Field(False, description="keep what is there and add to it")
    rotate: Rotation | None = Field(None, description="when the next file begins; never without it")
    compression: Literal["none", "gzip", "zstd"] = Field(
        "none", description="how files are compressed; says nothing about their names"
    )
    atomic: bool = Field(False, description="write to `.NAME.part`, and give the file its name once it is finished")
    _pattern: PathPattern = PrivateAttr()
    _style: Style = PrivateAttr()
    _files: "LocalFiles | _Objects" = PrivateAttr()

    def __str__(self) -> str:
        return f"file {Address.of(self.path)}"

    def secrets(self) -> list[str]:
        return [*super().secrets(), *Address.of(self.path).secrets()]

    def problem(self) -> str | None:
        address = Address.of(self.path)
        if self.atomic and (self.append or not address.is_local):
            other = '"append"' if self.append else "an object store, where every object is atomic"
            return f'"atomic" does not go together with {other}'
        return address.problem() or (self._local_problem(address.path) if address.is_local else None)

    def _local_problem(self, path: str) -> str | None:
        if varies(path):
            return local_problem(os.path.dirname(re.split(r"[%{]", path)[0]) or ".", made=True)
        if self.rotate is not None:
            return local_problem(os.path.dirname(path) or ".", made=False)
        if os.path.isdir(path):
            return f"{path} is a directory"
        if not os.path.isdir(os.path.dirname(path) or "."):
            return f"the directory {os.path.dirname(path)} does not exist"
        if not os.access(path if os.path.exists(path) else os.path.dirname(path) or ".", os.W_OK):
            return f"{path} may not be written"
        special = self.atomic and os.path.exists(path) and not os.path.isfile(path)
        return f'{path} is no regular file: it can\'t be "atomic"' if special else None

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        super().prepare(layout, formatter, scope)
        address = Address.of(self.path)
        self._pattern = PathPattern(address.path, layout)
        self._style = Style(
            Names.of(self._pattern, address.path, self.rotate is not None or not address.is_local),
            self._pattern.constant if self._pattern.is_constant else None,
            self._shares,
            formatter.header().encode(),
            self.rotate,
            self.compression,
            self.append,
            self.atomic,
            varies(address.path),
        )
        self._files = LocalFiles(self._style) if address.is_local else _Objects(self._style, address)
        return self._pattern.problems

    def encode(self, batch: Batch) -> Encoded:
        encoded = super().encode(batch)
        if self._pattern.is_constant:
            return encoded
        return replace(encoded, texts=(patterned(batch, self._pattern, self._scope.start),))

    def _shares(self, encoded: Encoded) -> list[Share]:
        """Tell the records of each file apart."""
        return _by_path(encoded) if encoded.texts else [(self._pattern.constant, encoded.due, encoded.lines)]

    def gathers(self) -> Gather:
        whole = self.compression == "none" and Address.of(self.path).is_local
        return Gather() if whole else Gather(_FRAME, _FRAME, 1.0)

    def open(self, position: Position) -> None:
        self._files.open(position)

    def write(self, encoded: Encoded) -> None:
        self._files.write(encoded)

    @property
    def pending(self) -> int:
        return self._files.pending

    def position(self) -> Position:
        return self._files.position()

    def finish(self) -> None:
        self._files.finish()

    def close(self) -> None:
        self._files.close()

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        place = Place(Address.of(self.path))
        one = self._style.constant if not self._style.names.numbered else None
        if one is not None and not os.path.exists(one):
            return
        if one is not None and not os.path.isfile(one):
            raise Unreadable("it is no file that could be read")
        for path, _, name in [(one, 1, one)] if one is not None else place.find(self._style.names):
            yield path, self._records(place.read(name))

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return bytes(encoded.lines.data).split(b"\n")[:-1]  # a record of several lines counts as that many

    def _records(self, data: bytes) -> list[bytes]:
        """Give the records in a file."""
        with pa.input_stream(pa.py_buffer(data), compression=_none(self.compression)) as stream:
            text = stream.read()
        return text.removeprefix(self._style.header).split(b"\n")[:-1]


class _Objects:
    """Objects of a store: each is written as a whole, those of all paths together, and acknowledged then."""

    def __init__(self, style: Style, address: Address) -> None:
        self._style = style
        rotation = style.rotation or Rotation(bytes=_OBJECT)
        rotation = rotation.model_copy(update={"bytes": rotation.bytes or _OBJECT})
        self._shipment = Shipment(address, style.names, rotation, append=style.append)
        self._held: dict[str, list[bytes]] = {}  # texts by path

    @property
    def pending(self) -> int:
        return self._shipment.pending

    def open(self, position: Position) -> None:
        self._shipment.open(position)

    def write(self, encoded: Encoded) -> None:
        self._shipment.take(encoded, self._hold, self._made)

    def position(self) -> Position:
        return self._shipment.position()

    def finish(self) -> None:
        self._shipment.send(self._made)

    def close(self) -> None:
        pass

    def _hold(self, encoded: Encoded) -> None:
        for path, _, lines in self._style.shares(encoded):
            self._held.setdefault(path, []).append(bytes(lines.data))

    def _made(self) -> dict[str, Any]:
        """Give the objects of what is held."""
        header = self._style.header
        made = {path: self._style.compressed(b"".join([header, *texts])) for path, texts in self._held.items()}
        self._held = {}
        return made


def _none(compression: str) -> str | None:
    return None if compression == "none" else compression


def _by_path(encoded: Encoded) -> list[Share]:
    """Put the records of each path together; the order of those of one path stays."""
    paths = encoded.texts[0].dictionary_encode()
    numbers = paths.indices.to_numpy()
    order = np.argsort(numbers, kind="stable")
    offsets = np.concatenate([[0], encoded.lines.ends])
    text = pa.LargeStringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(encoded.lines.data))
    lines, due = Lines.of(text.take(pa.array(order))), encoded.due[order]
    stops = np.cumsum(np.bincount(numbers, minlength=len(paths.dictionary))).tolist()
    shares, start, begin = [], 0, 0
    for path, stop in zip(paths.dictionary.to_pylist(), stops, strict=True):
        if stop > start:
            end = int(lines.ends[stop - 1])
            shares.append((path, due[start:stop], Lines(lines.data[begin:end], lines.ends[start:stop] - begin)))
            start, begin = stop, end
    return shares
