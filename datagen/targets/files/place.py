"""Places of files: what a path means, and how whole files get there.

A path is one of this machine or a URI of an object store. Shared by the targets that write files; knows no records.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pyarrow as pa

from datagen.plugin.target import Encoded, Position, Undelivered
from datagen.problems import reason
from datagen.targets.files.naming import Names, part_name
from datagen.targets.files.rotation import Filled, Rotation

STORES = {"s3": "S3", "gs": "Google Cloud Storage", "gcs": "Google Cloud Storage", "abfs": "Azure", "abfss": "Azure"}

_LONGEST_PATH = 4096  # bytes (PATH_MAX of Linux)
_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?]*)/?(?P<path>[^?]*)(?:\?(?P<query>.*))?")
_SECRET_KEYS = re.compile(r"key|secret|token|password|sas|sig", re.IGNORECASE)
_LASTING = re.compile(
    r"ACCESS_DENIED|NO_SUCH_BUCKET|INVALID_ACCESS_KEY|SIGNATURE_DOES_NOT_MATCH|INVALID_CLIENT_TOKEN"
    r"|Bucket '.*' not found|HTTP status 40[13]|AuthenticationFailed|PERMISSION_DENIED|UNAUTHENTICATED",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Address:
    """A path of this machine, or a URI; ``str()`` leaves out what may be secret."""

    scheme: str  # "" for this machine
    host: str
    path: str
    query: str

    @classmethod
    def of(cls, text: str) -> "Address":
        """Take a URI apart, if it is one."""
        found = _URI.fullmatch(text)
        if found is None:
            return cls("", "", text, "")
        scheme = found["scheme"].lower()
        if scheme == "file":
            return cls("", "", f"/{found['path']}", "")
        return cls(scheme, found["host"], found["path"], found["query"] or "")

    def __str__(self) -> str:
        if self.is_local:
            return self.path
        name, at, place = self.host.rpartition("@")
        kept = "" if self.scheme == "s3" else name.partition(":")[0] + at
        return f"{self.scheme}://{kept}{place}/{self.path}"

    @property
    def is_local(self) -> bool:
        return not self.scheme

    def problem(self) -> str | None:
        """Say what is wrong with it, without going there."""
        if "\0" in self.path:
            return "the path has a null character"
        if self.is_local:
            return None
        if self.scheme not in STORES:
            return f'there is no place "{self.scheme}://"; a path, s3://, gs:// or abfs:// is one'
        return None if self.host and self.path else "needs the name of a bucket and a path: s3://bucket/path"

    def secrets(self) -> list[str]:
        """Give the texts that nobody may read."""
        name, _, _ = self.host.rpartition("@")
        hidden = [name.partition(":")[2]] + [value for key, value in parse_qsl(self.query) if _SECRET_KEYS.search(key)]
        return [text for value in hidden if value for text in {value, unquote(value)}]


def local_problem(folder: str, *, made: bool) -> str | None:
    """Say why files can't be written in a folder of this machine; ``made``: it is made where it does not exist."""
    path = Path(folder)
    if len(folder.encode()) >= _LONGEST_PATH:
        return "the path is too long"
    while made and not path.exists() and path != path.parent:
        path = path.parent
    if not path.is_dir():
        return f"the directory {path} does not exist" if not path.exists() else f"{path} is not a directory"
    return None if os.access(path, os.W_OK) else f"{path} may not be written"


class Place:
    """Somewhere files can be put as a whole: a file is there complete, or not at all."""

    def __init__(self, address: Address) -> None:
        """Get ready for going there. Raises OSError or Undelivered."""
        from pyarrow import fs

        self._local = address.is_local
        if self._local:
            self._files, self._root = fs.LocalFileSystem(), ""
            return
        try:
            uri = f"{address.scheme}://{address.host}" + (f"?{address.query}" if address.query else "")
            self._files, bucket = fs.FileSystem.from_uri(uri)
        except (pa.ArrowException, ValueError, NotImplementedError) as error:
            raise Undelivered(reason(error), lasting=True) from error
        self._root = f"{bucket.rstrip('/')}/"

    def put(self, name: str, data: Any) -> None:
        """Write a file as a whole. Raises OSError or Undelivered."""
        try:
            if not self._local:
                with self._files.open_output_stream(self._root + name, compression=None) as file:
                    file.write(data)
                return
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(part_name(name), "wb") as local:
                local.write(data)
            os.replace(part_name(name), name)
        except OSError as error:
            if self._local:
                _remove_quietly(part_name(name))
            raise _explained(error) from error

    def read(self, name: str) -> bytes:
        """Read a file. Raises OSError."""
        with self._files.open_input_stream(self._root + name, compression=None) as file:
            return file.read()

    def remove(self, name: str) -> None:
        """Remove a file. Raises OSError."""
        self._files.delete_file(self._root + name)

    def find(self, names: Names) -> list[tuple[str, int, str]]:
        """Give path, number and name of the files that are there, in order. Raises OSError or Undelivered."""
        return names.find(list(self._names(names.folder, deep=names.are_deep)))

    def _names(self, folder: str, *, deep: bool) -> Iterator[str]:
        """Give the names of all files in a folder and, if ``deep``, below. Raises OSError or Undelivered."""
        from pyarrow import fs

        where = self._root + folder if self._root + folder == "/" else (self._root + folder).rstrip("/")
        try:
            found = self._files.get_file_info(fs.FileSelector(where or ".", recursive=deep, allow_not_found=True))
        except OSError as error:
            raise _explained(error) from error
        for info in found:
            if info.is_file:
                name = info.path.removeprefix("./") if not where else info.path
                yield name.removeprefix(self._root) if self._root else name


def _remove_quietly(name: str) -> None:
    if os.path.lexists(name):
        os.remove(name)


def _explained(error: OSError) -> OSError | Undelivered:
    return Undelivered(reason(error), lasting=True) if _LASTING.search(str(error)) else error


class Shipment:
    """Whole files that are put into their place together; the records in them are acknowledged then, all at once.

    The files of one shipment share a number. What a broken-off shipment left is removed when the run goes on.
    """

    def __init__(self, address: Address, names: Names, rotation: Rotation, *, append: bool) -> None:
        self._address = address
        self._names = names
        self._rotation = rotation
        self._append = append
        self._filled = Filled()
        self._place: Place | None = None
        self._number: int | None = None  # of the last shipment that is complete
        self._made: list[tuple[str, Any]] = []
        self.pending = 0  # records that are not acknowledged yet

    def open(self, position: Position) -> None:
        """Go to the place; the first time, remove what comes after the position. Raises OSError or Undelivered."""
        self._place = Place(self._address)
        if self._number is not None:  # after a failure: all that is pending is still here
            return
        number = 0 if position is None else int(position["files"])
        there = self._place.find(self._names)
        if position is None and self._append:
            number = max((found for _, found, _ in there), default=0)
        for _, found, name in there:
            if found > number:
                self._place.remove(name)
        self._number = number

    def position(self) -> Position:
        """Give what ``open`` needs."""
        return {"files": self._number or 0}

    def take(
        self,
        encoded: Encoded,
        hold: Callable[[Encoded], None],
        make: Callable[[], dict[str, Any]],
        is_full: Callable[[], bool] = lambda: False,
    ) -> None:
        """Have records held, and send the files that ``make`` gives whenever the rotation or ``is_full`` says so.

        Raises Undelivered with the number of records that are held or sent.
        """
        done = 0
        try:
            if self._made:
                self.send(make)
            while done < len(encoded):
                room = self._rotation.room(self._filled, encoded.due, encoded.lines.ends, done)
                if room:
                    part = encoded.slice(done, done + room)
                    hold(part)
                    self.pending += room
                    self._filled.add(room, len(part.lines.data), self._rotation.window(int(part.due[0])))
                    done += room
                if not room or self._filled.records == self._rotation.records or is_full():
                    self.send(make)
        except (OSError, Undelivered) as error:
            raise Undelivered(reason(error), done, lasting=getattr(error, "lasting", False)) from error

    def send(self, make: Callable[[], dict[str, Any]]) -> None:
        """Put all pending records into their place; ``make`` gives files by path. Can be called again after a failure.

        Raises OSError or Undelivered.
        """
        if not self.pending or self._place is None or self._number is None:
            return
        if not self._made:
            self._made = [(self._names.name(path, self._number + 1), data) for path, data in make().items()]
            self._filled = Filled()
        while self._made:
            self._place.put(*self._made[0])
            del self._made[0]
        self._number += 1
        self.pending = 0
