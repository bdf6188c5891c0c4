"""Places of files: what a path means, and how whole files get there.

A path is one of this machine or a URI of an object store. Shared by the targets that write files; knows no records.
"""

import errno
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pyarrow as pa

from datagen.plugin.target import Undelivered
from datagen.problems import reason
from datagen.targets.files.mark import mark, mark_of
from datagen.targets.files.naming import Names, part_name

STORES = {"s3": "S3", "gs": "Google Cloud Storage", "gcs": "Google Cloud Storage", "abfs": "Azure", "abfss": "Azure"}

_LONGEST_NAME, _LONGEST_PATH = 255, 4096  # bytes (NAME_MAX; PATH_MAX of Linux, with the null at its end)
_VARYING = re.compile(r"\{\{.*?\}\}|%.", re.DOTALL)
_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?]*)/?(?P<path>[^?]*)(?:\?(?P<query>.*))?")
_SECRET_KEYS = re.compile(r"key|secret|token|password|sas|sig", re.IGNORECASE)
_LASTING = re.compile(
    r"ACCESS_DENIED|NO_SUCH_BUCKET|INVALID_ACCESS_KEY|SIGNATURE_DOES_NOT_MATCH|INVALID_CLIENT_TOKEN"
    r"|Bucket '.*' not found|HTTP status 40[13]|AuthenticationFailed|PERMISSION_DENIED|UNAUTHENTICATED",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Address:
    """A path of this machine, or a URI; ``str()`` leaves out what may be secret.

    A ``SecretUrl`` would hide more than is secret here: the user of an ``abfs`` URI is a container's name, and most of
    a query, such as the region, may stand in messages.
    """

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

    @property
    def root(self) -> str:
        """Return the URI of the bucket that it is in, with all that is needed to get there."""
        return f"{self.scheme}://{self.host}" + (f"?{self.query}" if self.query else "")

    @property
    def identity(self) -> str:
        """Return what tells it from others: the real path on this machine, or all of a URI, with its secrets."""
        return os.path.realpath(self.path) if self.is_local else f"{self.root} {self.path}"

    def problem(self, added: int = 0) -> str | None:
        """Return what is wrong with it, without going there; names of files get up to ``added`` bytes longer."""
        if self.is_local:
            return name_problem(self.path, added)
        if self.scheme not in STORES:
            return f'there is no place "{self.scheme}://"; a path, s3://, gs:// or abfs:// is one'
        return None if self.host and self.path else "needs the name of a bucket and a path: s3://bucket/path"

    def secrets(self) -> list[str]:
        """Return the texts that nobody may read."""
        name, _, _ = self.host.rpartition("@")
        hidden = [name.partition(":")[2]] + [value for key, value in parse_qsl(self.query) if _SECRET_KEYS.search(key)]
        return [text for value in hidden if value for text in {value, unquote(value)}]


def local_problem(folder: str, *, made: bool) -> str | None:
    """Return why files can't be written in a folder of this machine; ``made``: it is made where it does not exist."""
    path = Path(folder)
    try:
        while made and path != path.parent and not _is_there(path):
            path = path.parent
        if not _is_there(path):
            return f"the directory {path} does not exist"
        if not stat.S_ISDIR(os.stat(path).st_mode):
            return f"{path} is not a directory"
        return None if os.access(path, os.W_OK | os.X_OK) else f"{path} may not be written"
    except OSError as error:
        return f"{folder} may not be written: {reason(error)}"


def _is_there(path: Path) -> bool:
    """Return whether a path leads to something. Raises OSError when that can't be told."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def name_problem(path: str, added: int = 0) -> str | None:
    """Return why nothing on this machine can be called so; ``added`` is how many bytes longer its last part may get.

    What a pattern stands for counts as nothing, as it is not known here.
    """
    if "\0" in path:
        return "the path has a null character"
    try:
        parts = [len(part.encode()) for part in _VARYING.sub("", path).split("/")]
    except UnicodeEncodeError:
        return "the path has an unpaired surrogate"
    too_long = max(*parts, parts[-1] + added) > _LONGEST_NAME or sum(parts) + len(parts) + added > _LONGEST_PATH
    return os.strerror(errno.ENAMETOOLONG) if too_long else None


def reach(address: Address, folder: str, problem: str | None) -> None:
    """Go to the folder of some files and change nothing; ``problem`` is what is known to be wrong without going there.

    Raises OSError or Undelivered.
    """
    if problem is not None:
        raise Undelivered(problem, lasting=True)
    if not address.is_local:
        Place(address).look(folder)


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
            self._files, bucket = fs.FileSystem.from_uri(address.root)
        except (pa.ArrowException, ValueError, NotImplementedError) as error:
            raise Undelivered(reason(error), lasting=True) from error
        self._root = f"{bucket.rstrip('/')}/"

    def look(self, folder: str) -> None:
        """Ask whether a folder can be listed; it may be empty. Raises OSError or Undelivered."""
        with suppress(FileNotFoundError):
            self._list(folder, recursive=False, allow_not_found=False)  # else a missing bucket is no error

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
        """Return path, number and name of the files that are there, in order. Raises OSError or Undelivered."""
        return names.find(list(self._sizes(names)))

    def mark(self, data: Any) -> str:
        """Return the mark that a file with such a content has here."""
        return mark(len(data), data if self._local else b"")  # to read an object again takes a request

    def marks(self, names: Names) -> dict[str, str]:
        """Return the marks of the files that are there, by name. Raises OSError or Undelivered."""
        sizes = self._sizes(names)
        there = [name for _, _, name in names.find(list(sizes))]
        return {name: mark_of(name) if self._local else mark(sizes[name], b"") for name in there}

    def _sizes(self, names: Names) -> dict[str, int]:
        """Return the sizes of all files of the folder of a series, by name. Raises OSError or Undelivered."""
        found = self._list(names.folder, recursive=names.are_deep, allow_not_found=True)
        files = [info for info in found if info.is_file]
        own = "./" if not names.folder else ""
        return {info.path.removeprefix(own).removeprefix(self._root): info.size for info in files}

    def _list(self, folder: str, **selection: bool) -> list[Any]:
        """List what is in a folder. Raises OSError or Undelivered."""
        from pyarrow import fs

        where = self._root + folder if self._root + folder == "/" else (self._root + folder).rstrip("/")
        try:
            return self._files.get_file_info(fs.FileSelector(where or ".", **selection))
        except OSError as error:
            raise _explained(error) from error


def _remove_quietly(name: str) -> None:
    if os.path.lexists(name):
        os.remove(name)


def _explained(error: OSError) -> OSError | Undelivered:
    return Undelivered(reason(error), lasting=True) if _LASTING.search(str(error)) else error
