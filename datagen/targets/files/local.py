"""Files of this machine that are appended to, and cut back to what they had when a run goes on.

How far each file of the run is, is all that has to be known for it.
"""

import os
import stat
from collections import OrderedDict
from typing import Any

import pyarrow as pa

from datagen.draw import Integers
from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Undelivered
from datagen.problems import reason
from datagen.records.lines import Lines
from datagen.targets.descriptor import write_lines, write_whole
from datagen.targets.files.mark import Begun, changed, mark, mark_of, marks, tail_of
from datagen.targets.files.naming import part_name, varies
from datagen.targets.files.place import Place
from datagen.targets.files.rotation import Filled
from datagen.targets.files.sink import FRAMES, FileSink, Style

_MOST_OPEN = 64


class LocalFiles(FileSink):
    """The files of a target on this machine; what is written to them is acknowledged."""

    def __init__(self, style: Style, writer: LineWriter, scope: Scope) -> None:
        super().__init__(writer, scope)
        self.style = style
        if style.compression != "none" or writer.has_blocks:
            self.gather = FRAMES
        self._begun: dict[str, Begun] = {}  # by path, all of the run
        self._kept: dict[str, int] = {}  # what was there before the run and stays: the highest number, or bytes
        self._cut_to: dict[str, int] = {}  # bytes of files that may have got more since where the run stood
        self._open: OrderedDict[str, int] = OrderedDict()  # file descriptors by path, the last used at the end
        self._touched: dict[str, Begun] = {}  # what a write has changed so far, as it was

    def open(self, position: Position) -> None:
        files = {} if position is None else position["files"]
        self._begun = {path: self._recalled(path, kept) for path, kept in files.items()}
        for path, begun in self._begun.items():
            self._cut(path, begun)
        self._kept = {} if position is None else position["kept"]
        self._cut_to = {}
        pattern = self.style.pattern
        if self.style.names.numbered or (self.style.append and not pattern.is_constant):
            self._look_around(begins=position is None)
        if pattern.is_constant:
            self._ready(pattern.constant)

    def _recalled(self, path: str, kept: list[Any]) -> Begun:
        """Return how far a path is, as it was kept. Raises Undelivered when its files are not what the run has left."""
        number, size, marked, finished, *filled = kept
        part, final = self._name(path, number), self.style.names.name(path, number)
        name = final if os.path.exists(final) and not os.path.exists(part) else part
        begun = Begun(number, size, tail_of(name, size), finished, Filled(*filled), not _is_special(name))
        if mark(size, begun.tail) != marked or (size and not begun.is_kept):
            raise changed(name)
        if path not in self._begun:  # else this process has looked at them before
            before = list(marks(finished))
            for earlier, expected in enumerate(before, number - len(before)):
                name = self.style.names.name(path, earlier)
                if mark_of(name) != expected:
                    raise changed(name)
        return begun

    def _look_around(self, *, begins: bool) -> None:
        """Remember the files of earlier runs when they are added to, or remove those with higher numbers than ours."""
        numbered = self.style.names.numbered
        for path, number, name in Place(self.style.address).find(self.style.names):
            if begins and self.style.append:
                self._kept[path] = number if numbered else os.stat(name).st_size
            elif numbered and number > self._number(path):
                os.remove(name)
            elif not numbered:
                self._cut_to.setdefault(path, self._kept.get(path, 0))

    def _number(self, path: str) -> int:
        """Return the number of the last file of a path."""
        return self._begun[path].number if path in self._begun else self._kept.get(path, 0)

    def write(self, encoded: Encoded) -> None:
        """Write records to their files; if not all, none of them where there are several paths.

        Raises OSError or Undelivered.
        """
        self._touched = {}
        for path, due, lines in self.shares(encoded):
            try:
                self._add(path, due, lines)
            except (OSError, Undelivered) as error:
                if self.style.pattern.is_constant:
                    raise
                self._undo()  # which records are first is not which files are
                raise Undelivered(reason(error)) from error

    def position(self) -> Position:
        """Return what ``open`` needs; one entry for each path."""
        return {"files": {path: begun.kept() for path, begun in self._begun.items()}, "kept": self._kept}

    def finish(self) -> None:
        """End all files, and give them their names."""
        for path, begun in self._begun.items():
            self._write_last(path)  # behind where a run that goes on cuts the file back to
            self._complete(path, begun)

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])

    # One file

    def _name(self, path: str, number: int) -> str:
        name = self.style.names.name(path, number)
        return part_name(name) if self.style.atomic else name

    def _add(self, path: str, due: Integers, lines: Lines) -> None:
        """Write records to the files of a path. Raises Undelivered with the number of those that are there."""
        done, rotation = 0, self.style.rotation
        try:
            while done < len(lines):
                begun, file = self._ready(path)
                self._touched.setdefault(path, begun.copy())
                room = len(lines) - done
                if rotation is not None:
                    room = rotation.room(begun.filled, due, lines.ends, done)
                if room:
                    self._append(begun, file, due[done : done + room], lines.slice(done, done + room))
                else:
                    self._rotate(path, begun)
                done += room
        except Undelivered as error:
            raise Undelivered(str(error), done + error.records, lasting=error.lasting) from error
        except OSError as error:
            raise Undelivered(reason(error), done) from error

    def _append(self, begun: Begun, file: int, due: Integers, lines: Lines) -> None:
        window = -1 if self.style.rotation is None else self.style.rotation.window(int(due[0]))
        try:
            block = self.writer.block(lines, begun.filled.records)
            if self.style.compression == "none":
                write_lines(file, block)
                begun.add(block.data)
            else:
                data = self.style.compressed(block.data)
                write_whole(file, data)
                begun.add(data)
        except Undelivered as error:
            whole = int(block.ends[error.records - 1]) if error.records else 0
            begun.add(block.data[:whole])
            begun.filled.add(error.records, whole, window)
            _truncate(file, begun.size)
            raise
        except OSError:
            _truncate(file, begun.size)
            raise
        begun.filled.add(len(lines), lines.size, window)

    def _ready(self, path: str) -> tuple[Begun, int]:
        """Open the file of a path, if it is not; of those open, let the one go that was not used for longest."""
        if path not in self._open:
            if len(self._open) >= _MOST_OPEN:
                os.close(self._open.popitem(last=False)[1])
            if path in self._begun:
                name = self._name(path, self._begun[path].number)
                self._open[path] = os.open(name, os.O_WRONLY | os.O_APPEND)
            else:
                self._begin(path, self._number(path) + 1 if self.style.names.numbered else 1)
        self._open.move_to_end(path)
        return self._begun[path], self._open[path]

    def _begin(self, path: str, number: int) -> None:
        """Open a file of which the run has not written anything yet."""
        name = self._name(path, number)
        if varies(self.style.address.path):
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        keeps = self.style.append and not self.style.names.numbered
        if keeps and self.writer.has_blocks:
            self._check_kind(name)
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if keeps else os.O_TRUNC), 0o666)
        begun = Begun(number, 0, is_kept=stat.S_ISREG(os.fstat(file).st_mode))
        try:
            size = os.fstat(file).st_size
            if self._cut_to.get(path, size) < size:
                _truncate(file, self._cut_to[path])
            begun.size = os.fstat(file).st_size
            begun.tail = tail_of(name, begun.size)
            begun.add(self._write_first(file, begun))
        except OSError:
            _truncate(file, begun.size)
            os.close(file)
            raise
        self._open[path], self._begun[path] = file, begun

    def _check_kind(self, name: str) -> None:
        """Look at what a file begins with. Raises Undelivered when it can't be added to, else OSError."""
        if not os.path.isfile(name) or not os.path.getsize(name):
            return
        compression = None if self.style.compression == "none" else self.style.compression
        with pa.input_stream(name, compression=compression) as file:
            if file.read(len(self.header)) != self.header:
                raise Undelivered(f"{name} can't be added to: it has another format, schema or codec", lasting=True)

    def _write_first(self, file: int, begun: Begun) -> bytes:
        """Write what comes before the records of the run to a file; return it. Raises OSError."""
        compressed = self.style.compression != "none"
        first = b"" if begun.size and not self.writer.footer else self.header
        if begun.tail and not compressed and self.writer.end and not begun.tail.endswith(b"\n"):
            first = b"\n"
        if first or (compressed and not begun.size):  # so that it is valid without records
            first = self.style.compressed(first)
            write_whole(file, first)
        return first

    def _write_last(self, path: str) -> bytes:
        """Write what comes behind the records of a file; return it. Raises OSError."""
        if not self.writer.footer:
            return b""
        last = self.style.compressed(self.writer.footer)
        write_whole(self._ready(path)[1], last)
        return bytes(last)

    def _rotate(self, path: str, begun: Begun) -> None:
        """Go on to the next file of a path."""
        begun.add(self._write_last(path))
        self._complete(path, begun)
        self._begin(path, begun.number + 1)
        self._begun[path].finished = begun.finished + mark(begun.size, begun.tail)

    def _complete(self, path: str, begun: Begun) -> None:
        if path in self._open:
            os.close(self._open.pop(path))
        if self.style.atomic:
            os.replace(self._name(path, begun.number), self.style.names.name(path, begun.number))

    def _undo(self) -> None:
        """Take back all that a write has done so far."""
        self.close()
        for path, before in self._touched.items():
            for number in range(before.number + 1, self._begun[path].number + 2):
                for name in {self._name(path, number), self.style.names.name(path, number)}:
                    if os.path.isfile(name) and self.style.names.numbered:
                        os.remove(name)
            self._cut(path, before)
            self._begun[path] = before

    def _cut(self, path: str, begun: Begun) -> None:
        """Cut a file back to what it had."""
        name, final = self._name(path, begun.number), self.style.names.name(path, begun.number)
        if name != final and os.path.exists(final) and not os.path.exists(name):
            os.replace(final, name)
        if os.path.isfile(name) and os.path.getsize(name) > begun.size:
            os.truncate(name, begun.size)


def _is_special(name: str) -> bool:
    """Return whether it is something like a named pipe, of which nothing is kept."""
    return os.path.exists(name) and not os.path.isfile(name)


def _truncate(file: int, size: int) -> None:
    if stat.S_ISREG(os.fstat(file).st_mode):
        os.ftruncate(file, size)
