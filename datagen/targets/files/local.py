"""Files of this machine that are appended to, and cut back to what they had when a run goes on.

How far each file of the run is, is all that has to be known for it.
"""

import os
import stat
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from datagen.draw import Integers
from datagen.plugin.target import Encoded, Position, Undelivered
from datagen.problems import reason
from datagen.records.lines import Lines
from datagen.targets.descriptor import write_lines
from datagen.targets.files.naming import Names, part_name
from datagen.targets.files.place import Address, Place
from datagen.targets.files.rotation import Filled, Rotation

Share = tuple[
    str, Integers, Lines
]  # the path of a file, and when the records are due (ns) that go there, and their text

_MOST_OPEN = 64
# Of 1, 3 and 6 the fastest: gzip 6 needs four times as long for 1.3 times fewer bytes. Of zstd, 1 to 3 are alike.
_LEVELS = {"gzip": 1, "zstd": 1}


@dataclass(frozen=True)
class Style:
    """How the files of a target are made."""

    names: Names
    constant: str | None  # the path, when it is the same for all records
    shares: Callable[[Encoded], list[Share]]  # tells the records of each path apart
    header: bytes  # what each file begins with
    rotation: Rotation | None
    compression: str
    append: bool = False
    atomic: bool = False
    makes_folders: bool = False

    def compressed(self, data: Any) -> Any:
        """Compress bytes to a gzip member or a zstd frame; several of them behind one another are a file too."""
        if self.compression == "none":
            return data
        codec = pa.Codec(self.compression, compression_level=_LEVELS[self.compression])
        return codec.compress(pa.py_buffer(data), asbytes=True)  # the memoryview of a buffer would be too long


@dataclass
class _Begun:
    """How far the file of a path is."""

    number: int
    size: int  # bytes on the disk
    filled: Filled = field(default_factory=Filled)

    def kept(self) -> list[int]:
        """Give all of it for the position."""
        return [self.number, self.size, self.filled.records, self.filled.bytes, self.filled.window]

    def copy(self) -> "_Begun":
        return _Begun(self.number, self.size, replace(self.filled))


class LocalFiles:
    """The files of a target on this machine."""

    pending = 0  # what is written is acknowledged

    def __init__(self, style: Style) -> None:
        self._style = style
        self._names = style.names
        self._begun: dict[str, _Begun] = {}  # by path, all of the run
        self._kept: dict[str, int] = {}  # what was there before the run and stays: the highest number, or bytes
        self._cut_to: dict[str, int] = {}  # bytes of files that may have got more since where the run stood
        self._open: OrderedDict[str, int] = OrderedDict()  # file descriptors by path, the last used at the end
        self._touched: dict[str, _Begun] = {}  # what a write has changed so far, as it was

    def open(self, position: Position) -> None:
        """Go on where the position says, or begin. Raises OSError or Undelivered."""
        files = {} if position is None else position["files"]
        self._begun = {path: _Begun(number, size, Filled(*filled)) for path, (number, size, *filled) in files.items()}
        for path, begun in self._begun.items():
            self._cut(path, begun)
        self._kept = {} if position is None else position["kept"]
        self._cut_to = {}
        if self._names.numbered or (self._style.append and self._style.constant is None):
            self._look_around(begins=position is None)
        if self._style.constant is not None:
            self._ready(self._style.constant)

    def _look_around(self, *, begins: bool) -> None:
        """Remember the files of earlier runs when they are added to, or remove those with higher numbers than ours."""
        for path, number, name in Place(Address.of(".")).find(self._names):
            if begins and self._style.append:
                self._kept[path] = number if self._names.numbered else os.stat(name).st_size
            elif self._names.numbered and number > self._number(path):
                os.remove(name)
            elif not self._names.numbered:
                self._cut_to.setdefault(path, self._kept.get(path, 0))

    def _number(self, path: str) -> int:
        """Give the number of the last file of a path."""
        return self._begun[path].number if path in self._begun else self._kept.get(path, 0)

    def write(self, encoded: Encoded) -> None:
        """Write records to their files; if not all, none of them where there are several paths.

        Raises OSError or Undelivered.
        """
        self._touched = {}
        for path, due, lines in self._style.shares(encoded):
            try:
                self._add(path, due, lines)
            except (OSError, Undelivered) as error:
                if self._style.constant is not None:
                    raise
                self._undo()  # which records are first is not which files are
                raise Undelivered(reason(error)) from error

    def position(self) -> Position:
        """Give what ``open`` needs; one entry for each path."""
        return {"files": {path: begun.kept() for path, begun in self._begun.items()}, "kept": self._kept}

    def finish(self) -> None:
        """Give all files their names."""
        for path, begun in self._begun.items():
            self._complete(path, begun)

    def close(self) -> None:
        """Let go of all files."""
        while self._open:
            os.close(self._open.popitem()[1])

    # One file

    def _name(self, path: str, number: int) -> str:
        name = self._names.name(path, number)
        return part_name(name) if self._style.atomic else name

    def _add(self, path: str, due: Integers, lines: Lines) -> None:
        """Write records to the files of a path. Raises Undelivered with the number of those that are there."""
        done = 0
        try:
            while done < len(lines):
                begun, file = self._ready(path)
                self._touched.setdefault(path, begun.copy())
                room = len(lines) - done
                if self._style.rotation is not None:
                    room = self._style.rotation.room(begun.filled, due, lines.ends, done)
                if room:
                    self._append(begun, file, due[done : done + room], lines.slice(done, done + room))
                else:
                    self._rotate(path, begun)
                done += room
        except Undelivered as error:
            raise Undelivered(str(error), done + error.records, lasting=error.lasting) from error
        except OSError as error:
            raise Undelivered(reason(error), done) from error

    def _append(self, begun: _Begun, file: int, due: Integers, lines: Lines) -> None:
        window = -1 if self._style.rotation is None else self._style.rotation.window(int(due[0]))
        try:
            if self._style.compression == "none":
                write_lines(file, lines)
                begun.size += len(lines.data)
            else:
                begun.size += _write_whole(file, self._style.compressed(lines.data))
        except Undelivered as error:
            whole = int(lines.ends[error.records - 1]) if error.records else 0
            begun.size += whole
            begun.filled.add(error.records, whole, window)
            _truncate(file, begun.size)
            raise
        except OSError:
            _truncate(file, begun.size)
            raise
        begun.filled.add(len(lines), len(lines.data), window)

    def _ready(self, path: str) -> tuple[_Begun, int]:
        """Open a file, if it is not; of those open, let the one go that was not used for longest."""
        file = self._open.get(path)
        begun = self._begun.get(path)
        if file is None:
            if len(self._open) >= _MOST_OPEN:
                os.close(self._open.popitem(last=False)[1])
            if begun is None:
                begun = _Begun(self._number(path) + 1 if self._names.numbered else 1, 0)
                file = self._begin(path, begun)
            else:
                file = os.open(self._name(path, begun.number), os.O_WRONLY | os.O_APPEND)
            self._open[path], self._begun[path] = file, begun
        assert begun is not None
        self._open.move_to_end(path)
        return begun, file

    def _begin(self, path: str, begun: _Begun) -> int:
        """Open a file of which the run has not written anything yet."""
        name = self._name(path, begun.number)
        if self._style.makes_folders:
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        keeps = self._style.append and not self._names.numbered
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if keeps else os.O_TRUNC), 0o666)
        try:
            if path in self._cut_to:
                _truncate(file, self._cut_to[path])
            begun.size = os.fstat(file).st_size
            first = b"" if begun.size else self._style.header
            if begun.size and self._style.compression == "none" and not _ends_with_a_line(name):
                first = b"\n"
            if first or (not begun.size and self._style.compression != "none"):  # so that it is valid without records
                begun.size += _write_whole(file, self._style.compressed(first))
        except OSError:
            _truncate(file, begun.size)
            os.close(file)
            raise
        return file

    def _rotate(self, path: str, begun: _Begun) -> None:
        """Go on to the next file of a path."""
        self._complete(path, begun)
        following = _Begun(begun.number + 1, 0)
        self._open[path] = self._begin(path, following)
        self._begun[path] = following

    def _complete(self, path: str, begun: _Begun) -> None:
        if path in self._open:
            os.close(self._open.pop(path))
        if self._style.atomic:
            os.replace(self._name(path, begun.number), self._names.name(path, begun.number))

    def _undo(self) -> None:
        """Take back all that a write has done so far."""
        self.close()
        for path, before in self._touched.items():
            for number in range(before.number + 1, self._begun[path].number + 2):
                for name in {self._name(path, number), self._names.name(path, number)}:
                    if os.path.isfile(name) and self._names.numbered:
                        os.remove(name)
            self._cut(path, before)
            self._begun[path] = before

    def _cut(self, path: str, begun: _Begun) -> None:
        """Cut a file back to what it had."""
        name, final = self._name(path, begun.number), self._names.name(path, begun.number)
        if name != final and os.path.exists(final) and not os.path.exists(name):
            os.replace(final, name)
        found = os.stat(name) if os.path.exists(name) else None
        if found is not None and not stat.S_ISREG(found.st_mode):
            return
        size = 0 if found is None else found.st_size
        if size < begun.size:
            text = f"{name} has {size} bytes and not the {begun.size} that the run has written to it"
            raise Undelivered(f"{text}: it was changed since; begin a new run, with another state", lasting=True)
        if size > begun.size:
            os.truncate(name, begun.size)


def _write_whole(file: int, data: Any) -> int:
    """Write bytes; give how many. Raises OSError."""
    view = memoryview(data)
    done = 0
    while done < len(view):
        done += os.write(file, view[done:])
    return done


def _truncate(file: int, size: int) -> None:
    if stat.S_ISREG(os.fstat(file).st_mode):
        os.ftruncate(file, size)


def _ends_with_a_line(path: str) -> bool:
    if not os.path.isfile(path):
        return True
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
