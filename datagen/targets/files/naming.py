"""Names of files: paths that say which file a record goes to, and the numbers of the files of a series.

Knows nothing of where files are or how they are written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.pattern import TextPattern
from datagen.records.text import Piece, join

_CODES = frozenset("aAbBdfFGHIjmMpSTuUVwWyYzZ")  # of strftime; those that could write a slash are left out
_PERCENT = re.compile(r"%(.?)", re.DOTALL)
_BEFORE_CODES = re.compile(rf"(?:[^%]|%%|%(?![{''.join(_CODES)}]))*")
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f]")
_LONGEST_VALUE = 100  # bytes; a file name may have 255 (NAME_MAX)
NUMBER, PART = len("-00001"), len("..part")  # bytes that these add to the name of a file
_SUFFIX = re.compile(r"(?:\.[A-Za-z]\w*)?(?:\.(?:gz|zst))?$")


class PathPattern(TextPattern):
    """A path with strftime codes of a record's time and ``{{dimension}}``, whose values never lead to other folders.

    ``%%`` is a percent sign; so is one that begins no code.
    """

    def __init__(self, text: str, layout: Layout) -> None:
        super().__init__(_PERCENT.sub(_escaped, re.sub("/+", "/", text)), layout.named(), with_time=True)

    @property
    def is_constant(self) -> bool:
        return all(isinstance(part, str) and "%" not in part.replace("%%", "") for part in self._parts)

    @property
    def constant(self) -> str:
        """Return the path, where it is the same for every record."""
        return "".join(part.replace("%%", "%") for part in self._parts if isinstance(part, str))

    @property
    def folder(self) -> str:
        """Return the folder that all files are in, as far as it is the same for every record."""
        return _folder_before_codes(self._parts[0] if isinstance(self._parts[0], str) else "")

    @property
    def expression(self) -> str:
        """Return a regular expression for all texts that it can make."""
        found = ""
        for part in self._parts:
            if isinstance(part, str):
                pieces = [piece.replace("\0", "%") for piece in re.split(r"%.", part.replace("%%", "\0"))]
                found += "[^/]*".join(map(re.escape, pieces))
            else:
                found += ".*" if "/" in part.filters.codes else "[^/]*"
        return found

    def _piece(self, part: Any, columns: Mapping[str, pa.Array], time: pa.Array | None) -> Piece:
        piece = super()._piece(part, columns, time)
        if isinstance(part, str):
            return piece
        if isinstance(piece, str):
            return safe_name(piece)
        encoded = join([piece], len(next(iter(columns.values())))).dictionary_encode()
        values = encoded.dictionary.to_pylist()  # 1 µs for each different value
        names = [(value or safe_name(value)) if part.filters.codes else safe_name(value) for value in values]
        return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(names, pa.string()))


def fixed_folder(path: str) -> str:
    """Return the folder that all files of a path are in, as far as it is the same whatever dimensions there are.

    It has a slash at its end; "" is the current folder of this machine, or the bucket.
    """
    return _folder_before_codes(path.partition("{")[0])


def varies(path: str) -> bool:
    """Return whether a path may have codes or dimensions in it, so that its folders are made."""
    return "{" in path or any(code in _CODES for code in _PERCENT.findall(path))


def safe_name(value: str) -> str:
    """Turn a value into a part of a file name: no slash, no control character, not empty, not only dots."""
    value = _UNSAFE.sub("_", value).encode()[:_LONGEST_VALUE].decode(errors="ignore")
    return value if value.strip(".") else "_" * len(value) or "none"


def _folder_before_codes(text: str) -> str:
    before = _BEFORE_CODES.match(text)
    fixed = re.sub("/+", "/", before[0]).replace("%%", "%") if before else ""
    return fixed[: fixed.rfind("/") + 1]


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[1] == "%" or match[1] in _CODES else "%%" + match[1]


@dataclass(frozen=True)
class Names:
    """How the files of a path are called: as the path says, or with a number, ``events-00001.json``."""

    expression: str  # for all the paths that may be
    folder: str  # that all are in, with a slash at its end, or ""
    suffix: str  # the number stands before it
    numbered: bool

    @classmethod
    def of(cls, pattern: PathPattern, text: str, numbered: bool) -> "Names":
        """Name the files of a path pattern."""
        suffix = _SUFFIX.search(text)
        return cls(pattern.expression, pattern.folder, suffix[0] if suffix else "", numbered)

    @property
    def are_deep(self) -> bool:
        """Return whether files may be in folders inside the folder."""
        return "/" in self.expression.removeprefix(re.escape(self.folder))

    def name(self, path: str, number: int) -> str:
        """Return the name of a file."""
        return f"{path.removesuffix(self.suffix)}-{number:05}{self.suffix}" if self.numbered else path

    def find(self, names: list[str]) -> list[tuple[str, int, str]]:
        """Return path, number and name of those that are called like this, in order; without a number it is 1."""
        end = re.escape(self.suffix)
        stem = self.expression.removesuffix(end)
        numbers = r"-(\d{5,})" if self.numbered else "()"
        form = re.compile(f"({stem}){numbers}{end}", re.DOTALL)
        found = [(match, name) for name in names if (match := form.fullmatch(name))]
        return sorted((match[1] + self.suffix, int(match[2] or 1), name) for match, name in found)


def part_name(name: str) -> str:
    """Return the name that a file has until it is finished."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}.{last}.part"
