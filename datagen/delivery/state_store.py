"""The directory that keeps where a run stands: a few named values, each with a checksum.

Knows nothing of what they mean.
"""

import fcntl
import os
import re
from pathlib import Path

from datagen.draw import fingerprint
from datagen.problems import InvalidInput, Problem, reason

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MARK = b"datagen state "  # every file begins with it, then comes the checksum


class Damaged(ValueError):
    """What a file holds is not what was written to it; the message names it."""


class Directory:
    """Files of a directory, which one run at a time may use, or while none does, several readers."""

    def __init__(self, path: str, *, reads: bool = False) -> None:
        """Take the directory, and make it; only look at it, with no need to write, if it ``reads``.

        Raises InvalidInput when that can't be.
        """
        if not path or _URL.match(path):
            raise InvalidInput([Problem("must be a directory", "state")])
        self._path = Path(path)
        try:
            if not reads:
                self._path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._path / "lock", os.O_RDONLY if reads else os.O_RDWR | os.O_CREAT, 0o666)
        except (OSError, ValueError) as error:
            is_file = os.path.isfile(path)
            text = "is a file; a directory is wanted" if is_file else f"can't be used: {reason(error)}"
            raise InvalidInput([Problem(text, f"state {path}")]) from error
        try:
            fcntl.flock(self._lock, (fcntl.LOCK_SH if reads else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise InvalidInput([Problem("is in use by another run", f"state {path}")]) from error

    def load(self, name: str, key: int = 0) -> bytes | None:
        """Return what was saved last with this key, None when nothing was. Raises OSError or Damaged."""
        try:
            found = (self._path / name).read_bytes()
        except FileNotFoundError:
            return None
        head, _, data = found.partition(b"\n")
        if not head.startswith(_MARK):
            raise Damaged(f"{name} has no checksum: it is damaged, or of another version of this program")
        if head != _head(name, key, data):
            raise Damaged(f"{name} is damaged, or of another run: its checksum is wrong")
        return data

    def save(self, name: str, data: bytes, key: int = 0) -> None:
        """Replace a file as a whole. A killed process loses nothing that it saved; a machine without power may.

        Raises OSError, also when the directory is not the one any more that was taken.
        """
        self._make_sure_that_it_is_ours()
        new = self._path / f"{name}.new"
        with new.open("wb") as file:
            file.writelines([_head(name, key, data), b"\n", data])
        new.replace(self._path / name)

    def close(self) -> None:
        """Let others use it."""
        os.close(self._lock)

    def _make_sure_that_it_is_ours(self) -> None:
        """Raise OSError when somebody has removed or replaced the lock: then another run may use the directory too."""
        lock = self._path / "lock"
        if not lock.exists() or not os.path.samestat(lock.stat(), os.fstat(self._lock)):
            raise OSError("it was removed or replaced meanwhile, so another run may use it")


def _head(name: str, key: int, data: bytes) -> bytes:
    """Return the line that stands before data: a checksum of them, another one for another name or key."""
    return _MARK + fingerprint(f"{name}/{key}/{fingerprint(data)}").encode()
