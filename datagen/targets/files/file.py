"""The target ``file``."""

import os
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Sink, Target
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.pattern import placeholders
from datagen.targets.files.local import LocalFiles
from datagen.targets.files.naming import NUMBER, PART, Names, PathPattern, fixed_folder, varies
from datagen.targets.files.objects import Objects
from datagen.targets.files.place import Address, local_problem, reach
from datagen.targets.files.rotation import Rotation
from datagen.targets.files.sink import Style


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
    with_codes: ClassVar[tuple[str, ...]] = ("path",)
    form: ClassVar[tuple[str, ...]] = ("compression", "rotate", "atomic")
    path: str = Field(min_length=1, description="where it is, from the current directory, or a URI of an object store")
    append: bool = Field(False, description="keep what is there and add to it")
    rotate: Rotation | None = Field(None, description="when the next file begins; never without it")
    compression: Literal["none", "gzip", "zstd"] = Field(
        "none", description="how files are compressed; says nothing about their names"
    )
    atomic: bool = Field(False, description="write to `.NAME.part`, and give the file its name once it is finished")

    @property
    def _address(self) -> Address:
        return Address.of(self.path)

    def __str__(self) -> str:
        return f"file {self._address}"

    def secrets(self) -> list[str]:
        return [*super().secrets(), *self._address.secrets()]

    def problem(self) -> str | None:
        address = self._address
        if self.atomic and (self.append or not address.is_local):
            other = '"append"' if self.append else "an object store, where every object is atomic"
            return f'"atomic" does not go together with {other}'
        return address.problem(NUMBER * (self.rotate is not None) + PART * self.atomic)

    def unwritable(self) -> str | None:
        path = self._address.path
        if not self._address.is_local:
            return None
        if varies(path):
            return local_problem(fixed_folder(path), made=True)
        path = path.replace("%%", "%")
        if os.path.isdir(path):
            return f"{path} is a directory"
        if self.rotate is not None or not os.path.exists(path):
            return local_problem(os.path.dirname(path) or ".", made=False)
        if not os.access(path, os.W_OK):
            return f"{path} may not be written"
        special = self.atomic and not os.path.isfile(path)
        return f'{path} is no regular file: it can\'t be "atomic"' if special else None

    def occupies(self) -> list[str]:
        return [self._address.identity]

    def check(self) -> None:
        reach(self._address, fixed_folder(self._address.path), self.problem() or self.unwritable())

    def splits_by(self) -> Iterator[tuple[Path_, str]]:
        yield from ((("path",), name) for name in placeholders(self._address.path))

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        return PathPattern(self._address.path, layout).problems

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        address = self._address
        pattern = PathPattern(address.path, layout)
        names = Names.of(pattern, address.path, self.rotate is not None or not address.is_local)
        style = Style(address, pattern, names, self.rotate, self.compression, self.append, self.atomic)
        return (LocalFiles if address.is_local else Objects)(style, formatter.stream(layout), scope)
