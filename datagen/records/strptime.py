r"""Times in texts, a column at a time: found with regular expressions, read as their formats say.

A format becomes a regular expression too, so that a column is read in a few steps instead of text by text, each
different text once. A regular expression is searched for by RE2; one that only Python knows (with ``(?=``, ``(?<=`` or
a reference back) is searched for row by row.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.zone import DAY, HOUR, MINUTE, SECOND, Zone

TIME = "time"  # the group that holds the time, if there is one of that name
_WHOLE = "_0"
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?|.", re.DOTALL)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_CODES = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>[0-9]{1,2})",
    "d": r"\s?(?P<d>[0-9]{1,2})",
    "j": r"(?P<j>[0-9]{1,3})",
    "b": r"(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[a-zA-Z]*\.?",
    "a": r"[a-zA-Z]+",
    "H": r"\s?(?P<H>[0-9]{1,2})",
    "I": r"\s?(?P<I>[0-9]{1,2})",
    "p": r"(?P<p>[aApP])\.?[mM]\.?",
    "M": r"(?P<M>[0-9]{1,2})",
    "S": r"(?P<S>[0-9]{1,2})",
    "f": r"(?P<f>[0-9]{1,9})",
    "z": r"(?P<z>[+-][0-9]{2}:?[0-9]{2}|Z)",
    "s": r"(?P<s>-?[0-9]{1,11})",
    "Z": r"(?P<z>UTC|GMT)",
    "%": "%",
    "n": r"\s+",
    "t": r"\s+",
} | {"e": r"\s?(?P<d>[0-9]{1,2})", "k": r"\s?(?P<H>[0-9]{1,2})", "l": r"\s?(?P<I>[0-9]{1,2})"}
_SAME = {"B": "%b", "h": "%b", "A": "%a", "T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y"}
_ISO = (
    r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})(?:[T ](?P<H>[0-9]{2}):(?P<M>[0-9]{2})"
    r"(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?\s?(?P<z>[+-][0-9]{2}:?[0-9]{2}|Z)?)?"
)
_FORMATS = {
    "iso": _ISO,
    "epoch": r"(?P<s>-?[0-9]{1,11})(?:\.(?P<f>[0-9]{1,9}))?",
    "epoch_ms": r"(?P<ms>-?[0-9]{1,14})",
    "epoch_us": r"(?P<us>-?[0-9]{1,17})",
    "epoch_ns": r"(?P<us>-?[0-9]{1,16})[0-9]{3}",
}
_ABSOLUTE = {"s": SECOND, "ms": 1000, "us": 1}
_CODE = re.compile(r"%.", re.DOTALL)


def expression_of(format_: str) -> str:
    """Return the regular expression of a format. Raises ValueError for a code that can't be read."""
    if format_ in _FORMATS:
        return f"^{_FORMATS[format_]}$"
    spelled = _CODE.sub(lambda code: _SAME.get(code[0][1], code[0]), format_)
    parts = [_part(token) for token in re.findall(r"%.|\s+|[^%\s]+|%", spelled, re.DOTALL)]
    names = re.findall(r"\?P<(\w+)>", "".join(parts))
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"%{sorted(twice)[0]} stands twice")
    if not names:
        raise ValueError("has no code of a time, such as %Y-%m-%d %H:%M:%S; or write epoch, epoch_ms or iso")
    return f"^{''.join(parts)}$"


def _part(token: str) -> str:
    if token.isspace():
        return r"\s+"
    if token[0] != "%":
        return re.escape(token)
    if token[1:] not in _CODES:
        raise ValueError(f"unknown code {token}; known: {' '.join(f'%{code}' for code in sorted({*_CODES, *_SAME}))}")
    return _CODES[token[1:]]


@dataclass(frozen=True)
class TimePattern:
    """Where a time stands in a text, and how it is written."""

    found: str  # a regular expression; the time is its group `time`, else its first group, else the whole match
    format: str

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.found)

    @cached_property
    def names(self) -> list[str]:
        """Return the names of groups, but for that of the time."""
        return [name for name in self.compiled.groupindex if name != TIME]

    @cached_property
    def _named(self) -> str:
        """Return the regular expression with a name for each group, as RE2 wants them."""
        number = 0
        pieces = []
        for piece in _PIECE.findall(self.found):
            number += piece == "("
            pieces.append(f"(?P<_{number}>" if piece == "(" else piece)
        return f"(?P<{_WHOLE}>{''.join(pieces)})"

    @cached_property
    def _time_group(self) -> str:
        if not self.compiled.groups:
            return _WHOLE
        if TIME in self.compiled.groupindex:
            return TIME
        first = [name for name, number in self.compiled.groupindex.items() if number == 1]
        return first[0] if first else "_1"

    @cached_property
    def is_by_row(self) -> bool:
        """Return whether only Python knows the regular expression."""
        try:
            pc.extract_regex(pa.array([], pa.string()), self._named)
        except pa.ArrowInvalid:
            return True
        return False

    def groups(self, texts: pa.Array) -> tuple[pa.Array, dict[str, pa.Array]]:
        """Return the texts of times (n,), null where there is none, and those of the groups, each (n,)."""
        if self.is_by_row:
            return self._groups_by_row(texts)
        found = pc.extract_regex(texts, self._named)
        fields = dict(zip((field.name for field in found.type), found.flatten(), strict=True))
        return fields[self._time_group], {name: fields[name] for name in self.names}

    def _groups_by_row(self, texts: pa.Array) -> tuple[pa.Array, dict[str, pa.Array]]:
        matches = [None if text is None else self.compiled.search(text) for text in texts.to_pylist()]
        group: str | int = {_WHOLE: 0, "_1": 1}.get(self._time_group, self._time_group)

        def column(name: str | int) -> pa.Array:
            return pa.array([match and match[name] for match in matches], pa.string())

        return column(group), {name: column(name) for name in self.names}


@dataclass(frozen=True)
class TimeReader:
    """Reads the times in texts with the first of several patterns that finds one that can be read."""

    patterns: Sequence[TimePattern]
    zone: Zone  # of times that say none
    year: int  # of dates that say none

    def read(self, texts: pa.Array) -> tuple[Integers, Integers, dict[str, pa.Array]]:
        """Return which of the texts have a time, (m,), ascending; the times (m,), in µs since 1970; and the groups."""
        left = np.arange(len(texts))
        rows: list[Integers] = []
        times: list[Integers] = []
        groups: list[dict[str, pa.Array]] = []
        for pattern in self.patterns:
            if not len(left):
                break
            found, named = pattern.groups(texts if len(left) == len(texts) else texts.take(pa.array(left)))
            read, is_time = self._times(found, pattern.format)
            rows.append(left[is_time])
            times.append(read[is_time])
            if not is_time.all():
                named = {name: array.filter(pa.array(is_time)) for name, array in named.items()}
            groups.append(named)
            left = left[~is_time]
        return self._together(rows, times, groups)

    def _together(
        self, rows: list[Integers], times: list[Integers], groups: list[dict[str, pa.Array]]
    ) -> tuple[Integers, Integers, dict[str, pa.Array]]:
        """Put what the patterns found in the order of the texts."""
        names = dict.fromkeys(name for pattern in self.patterns for name in pattern.names)
        columns = {
            name: pa.concat_arrays(
                [found.get(name, pa.nulls(len(own), pa.string())) for own, found in zip(rows, groups, strict=True)]
                or [pa.array([], pa.string())]
            )
            for name in names
        }
        if len(rows) == 1:
            return rows[0], times[0], columns
        all_rows = np.concatenate([np.zeros(0, np.int64), *rows])
        order = np.argsort(all_rows, kind="stable")
        put = pa.array(order)
        return (
            all_rows[order],
            np.concatenate([np.zeros(0, np.int64), *times])[order],
            {name: column.take(put) for name, column in columns.items()},
        )

    def _times(self, texts: pa.Array, format_: str) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """Return the times of texts, (n,), and which of them there are, (n,); each different text is read once."""
        encoded = texts.dictionary_encode()
        different = encoded.dictionary
        found = pc.extract_regex(different, expression_of(format_))
        parts = dict(zip((field.name for field in found.type), found.flatten(), strict=True))
        numbers = {name: _integers(part) for name, part in parts.items() if name not in ("b", "p", "z", "f")}
        fraction = _microseconds(parts["f"]) if "f" in parts else np.zeros(len(different), np.int64)
        absolute = [name for name in _ABSOLUTE if name in numbers]
        read: Integers
        if absolute:
            value = numbers[absolute[0]] * _ABSOLUTE[absolute[0]]
            negative = _marks(pc.starts_with(parts[absolute[0]], "-"))
            read, is_time = value + np.where(negative, -fraction, fraction), np.ones(len(different), bool)
        else:
            read, is_time = self._of_calendar(numbers, parts, fraction)
        is_time = is_time & found.is_valid().to_numpy(zero_copy_only=False)
        read, is_time = np.append(read, 0), np.append(is_time, False)  # for those that are null
        indices = encoded.indices.fill_null(len(different)).to_numpy()
        return read[indices], is_time[indices]

    def _of_calendar(
        self, numbers: dict[str, Integers], parts: dict[str, pa.Array], fraction: Integers
    ) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """Return the times of dates and clocks, and which of them there are."""
        count = len(next(iter(parts.values())))
        ones = np.ones(count, np.int64)
        year = numbers.get("Y", ones * self.year)
        if "y" in numbers:  # as POSIX has it
            year = numbers["y"] + np.where(numbers["y"] < 69, 2000, 1900)
        month = numbers.get("m", ones)
        if "b" in parts:
            names = pc.utf8_lower(parts["b"])
            month = pc.index_in(names, pa.array(_MONTHS)).cast(pa.int64()).fill_null(0).to_numpy() + 1
        day = numbers.get("j", numbers.get("d", ones))
        hour = numbers.get("H", ones * 0)
        if "I" in numbers:
            hour = numbers["I"] % 12
            if "p" in parts:
                hour = hour + 12 * _marks(pc.equal(pc.utf8_lower(parts["p"]), "p"))
        minute, second = numbers.get("M", ones * 0), numbers.get("S", ones * 0)
        begins, lasts = _months(year, month, whole_year="j" in numbers)
        is_time = (month >= 1) & (month <= 12) & (day >= 1) & (day <= lasts) & (year >= 1)
        is_time &= (hour <= 23) & (minute <= 59) & (second <= 60) & (numbers.get("I", ones) <= 12)
        wall = (begins + day - 1) * DAY + hour * HOUR + minute * MINUTE + second * SECOND + fraction
        return wall - self._offsets(wall, is_time, parts.get("z")), is_time

    def _offsets(self, wall: Integers, is_time: npt.NDArray[np.bool_], given: pa.Array | None) -> Integers:
        """Return how far each clock is ahead of UTC, in µs."""
        offsets = np.zeros(len(wall), np.int64)
        own = is_time.copy()
        if given is not None:
            own &= ~_marks(pc.greater(pc.utf8_length(given), 0))
            number = _integers(pc.replace_substring_regex(given, "[^0-9]", ""))
            ahead: Integers = number // 100 * HOUR + number % 100 * MINUTE
            offsets = np.where(_marks(pc.starts_with(given, "-")), -ahead, ahead)
        offsets[own] = wall[own] - self.zone.instants(wall[own])
        return offsets


def _marks(found: pa.Array) -> npt.NDArray[np.bool_]:
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def _integers(texts: pa.Array) -> Integers:
    """Return whole numbers, 0 for an empty text and null."""
    filled = pc.if_else(pc.equal(texts, ""), "0", texts).fill_null("0")
    return filled.cast(pa.int64()).to_numpy()


def _microseconds(digits: pa.Array) -> Integers:
    """Return the µs of the digits behind a point."""
    return _integers(pc.utf8_slice_codeunits(pc.utf8_rpad(digits, 6, "0"), 0, 6))


def _months(year: Integers, month: Integers, *, whole_year: bool) -> tuple[Integers, Integers]:
    """Return when months, or years, begin, in days since 1970, and how many days they have."""
    number = (year - 1970) * 12 + (0 if whole_year else np.clip(month, 1, 12) - 1)
    begins = number.astype("M8[M]").astype("M8[D]").astype(np.int64)
    ends = (number + (12 if whole_year else 1)).astype("M8[M]").astype("M8[D]").astype(np.int64)
    return begins, ends - begins


ISO_TIMES = TimeReader((TimePattern(r"\S.*\S", "iso"),), Zone(), 1970)  # whole cells
