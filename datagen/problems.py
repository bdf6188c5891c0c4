"""What is wrong with an input, and where: problems, the exceptions that carry them, and the words of messages.

Knows neither the text of a spec nor what it means.
"""

import json
import os
import shlex
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

Path_ = tuple[str | int, ...]

_SHORTEST_SECRET = 4
_END = 2**20  # bytes
_MOST_NAMED = 60  # known names in a message


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or odd, if it is a warning), with its place; ``str()`` is the line the user reads."""

    message: str
    source: str = ""
    line: int | None = None
    column: int | None = None
    path: str = ""

    @property
    def place(self) -> str:
        """Return the file, and the line and column where there are any."""
        return self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.path, self.message) if part)


class InvalidInput(ValueError):
    """The command, a spec, a target or a format is wrong; nothing was changed. ``problems`` is all that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Cancelled(Exception):
    """A run was asked to stop while it was computing; this is no failure."""


class RunFailed(RuntimeError):
    """A run could not go on; the message begins with what was being done."""


class CoreUnusable(ImportError):
    """The compiled core is missing, damaged, or of other sources; the message says what to run."""

    def __init__(self, folder: Path, reason: str) -> None:
        project = folder.parent.parent
        pip = f"{shlex.quote(sys.executable)} -m pip install"
        if (project / "pyproject.toml").exists():
            remedy = f"run {pip} -e {shlex.quote(str(project))}"
        else:
            remedy = f"run {pip} --force-reinstall . in the folder of the project"
        super().__init__(f"the compiled core of datagen, {folder}, {reason}; {remedy}")


class Unfillable(RunFailed):
    """A pool can't have so many different values, or a table no such rows; the path is that of the key that asks."""

    def __init__(self, path: Path_, reason: str, doing: str) -> None:
        super().__init__(f"{doing}: {reason}")
        self.path = path
        self.reason = reason


def read_text(source: str) -> str:
    """Read a UTF-8 file that the user named.

    Raises InvalidInput when it can't be read or is not UTF-8.
    """
    try:
        return read_bytes(source).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput([Problem(f"is not UTF-8 text (byte {error.start})", source)]) from error


def unreadable(source: str) -> list[Problem]:
    """Return why a file that the user named can't be read, if so; only looks."""
    try:
        open(source, "rb").close()
    except (OSError, ValueError) as error:
        return [Problem(f"can't be read: {getattr(error, 'strerror', None) or error}", source)]
    return []


def read_bytes(source: str) -> bytes:
    """Read a file that the user named.

    Raises InvalidInput when it can't be read.
    """
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput([Problem(f"can't be read: {reason}", source)]) from error


def size_and_ends(source: str) -> bytes:
    """Read the first and the last mebibyte of a file that the user named, with its size.

    Raises InvalidInput when it can't be read.
    """
    try:
        with open(source, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            first = file.read(_END)
            file.seek(max(size - _END, 0))
            return b"%d/%b%b" % (size, first, file.read(_END))
    except (OSError, ValueError) as error:
        raise InvalidInput([Problem(f"can't be read: {reason(error)}", source)]) from error


def is_comment(key: object) -> bool:
    """Return whether a key of a spec is a comment."""
    return isinstance(key, str) and (key.startswith("_") or key == "$schema")


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, also as ``show`` writes or cuts them; very short ones are left in."""
    forms = {form for secret in secrets for form in (secret, json.dumps(secret, ensure_ascii=False)[1:-1])}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) >= _SHORTEST_SECRET:
            text = text.replace(form, "…")
            for length in range(len(form) - 1, _SHORTEST_SECRET - 1, -1):
                text = text.replace(f"{form[:length]}…", "…")
    return text


def hiding(problems: Iterable[Problem], secrets: Collection[str]) -> list[Problem]:
    """Return problems that show no secret."""
    return [
        replace(problem, message=hidden(problem.message, secrets), source=hidden(problem.source, secrets))
        for problem in problems
    ]


def path_text(path: Path_) -> str:
    """Return a JSON path as text, such as ``emitters[0].dimensions[1].name``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def path_part(name: str) -> str:
    """Return a name escaped for a name path, which is joined with ``/`` (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the nearest known one, or all when none is near."""
    names = sorted(set(known))
    lower = {other.lower(): other for other in names}
    near = get_close_matches(str(name).lower(), lower, n=1)
    if near:
        return f"; did you mean {json.dumps(lower[near[0]], ensure_ascii=False)}?"
    more = f", … ({len(names)} in all)" if len(names) > _MOST_NAMED else ""
    return f"; known: {', '.join(names[:_MOST_NAMED])}{more}" if names else "; there is none"


def show(value: object, limit: int = 60) -> str:
    """Return a value as JSON for a message, cut to ``limit`` characters."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def counted(number: int, noun: str) -> str:
    """Return a number of things, such as ``1 record`` or ``2 records``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def reason(error: BaseException) -> str:
    """Return what an exception says, in one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def readable(path: str) -> bool:
    """Return whether there is a file that can be read."""
    try:
        return os.access(path, os.R_OK)
    except ValueError:  # a null character
        return False
