"""Jsonnet: a text evaluated for many records at once.

A block of records is one evaluation, in which each record has a ``std`` of its own: one by one takes five times as
long. Randomness is keyed by the record and the number of the call, never by the order of evaluation.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from datagen.moment import parse_duration
from datagen.problems import show
from datagen.script.makes import json_of
from datagen.script.numbers import Numbers
from datagen.script.rand import Rand, by_weights, sums_of

ENGINES = {"gojsonnet": "_gojsonnet", "rjsonnet": "rjsonnet"}  # by package: the module; the first that is there
KEEPS_ORDER = "rjsonnet"  # the one that can give keys as they stand in the text
BLOCK = 250  # records
_ROWS = "the rows of the block"  # the external variable that only the first line reads
_READ = re.compile(r"""\bextVar\s*\(\s*(["'])(?P<name>(?:(?!\1)[^\\])*)\1""")
_IMPORTED = re.compile(r"""\bimport(?:str|bin)?\s+@?(["'])(?P<name>(?:(?!\1)[^\\])*)\1""")
_PLACE = re.compile(r"(?P<file>[^\s:][^:\n]*):(?P<line>\d+):\d+")
# Natives by their parameters; those of the core take the record first, and only numbers and texts.
_NATIVES = {
    "integer": "min, max",
    "floating": "min, max",
    "chance": "p",
    "gauss": "mu, sigma",
    "exponential": "rate",
    "uuid4": "",
    "hex": "size",
    "digits": "size",
    "letters": "size",
    "ip_v4": "",
    "ip_v4_public": "",
    "ip_v4_private": "",
    "get_one_of": "values",
    "get_integer": "min, max",
    "get_number": "min, max",
    "get_timestamp": "from, to, duration",
}
_IN_JSONNET = {
    "choice": "function(items) items[__std.native('below')(__row, __std.length(items))]",
    "weighted_choice": "function(items, weights) items[__std.native('by_weights')(__row, __std.toString(weights))]",
}


def names_read(text: str) -> list[str]:
    """Return the names that a text asks ``std.extVar`` for, as far as they stand in it."""
    return list(dict.fromkeys(found["name"] for found in _READ.finditer(text)))


def folder_of(path: str) -> str:
    """Return the folder of a file, as ``Program`` is told of it."""
    return os.path.normpath(os.path.dirname(path) or os.curdir)


def names_imported(text: str) -> list[str]:
    """Return the files that a text may import."""
    return list(dict.fromkeys(found["name"] for found in _IMPORTED.finditer(text)))


def engine(*, sort_keys: bool = True) -> str | None:
    """Return the package that evaluates Jsonnet here, with keys in an order that it can keep; None where none does."""
    there = [package for package, module in ENGINES.items() if find_spec(module) is not None]
    return next((package for package in there if sort_keys or package == KEEPS_ORDER), None)


class Failure(ValueError):
    """The evaluation of a record has failed; ``place`` is where."""

    def __init__(self, text: str, place: str) -> None:
        super().__init__(text)
        self.place = place


class Program:
    """A text with all that it imports, ready to be evaluated."""

    def __init__(
        self, text: str, file: str, imported: Mapping[tuple[str, str], tuple[str, str]], *, sort_keys: bool
    ) -> None:
        """Take the text and its file ("" for one that stands in a spec), and the files by the folder of who imports
        them and their name, each with its path and text. There is an engine for it.
        """
        self._text, self._file, self._imported = text, file, imported
        evaluate = import_module(ENGINES[engine(sort_keys=sort_keys) or ""]).evaluate_snippet
        self._evaluate: Callable[..., str] = evaluate if sort_keys else partial(evaluate, preserve_order=True)

    def check(self) -> None:
        """Raise Failure when the text can't be read."""
        self._values([], {})

    def values(self, records: Sequence[Mapping[str, Any]], numbers: Numbers, first: int) -> list[Any]:
        """Return what comes of records, of which the first has a number among the rows. Raises Failure."""
        return self._values(records, _Natives(numbers, first).by_name())

    def _values(self, records: Sequence[Mapping[str, Any]], natives: dict[str, Any]) -> list[Any]:
        rows = json_of(list(records), 0)
        caught: list[Exception] = []
        callbacks = {
            name: (
                ("row", *given.split(", ")) if given else ("row",),
                partial(_kept, caught, natives.get(name, _unreachable)),
            )
            for name, given in {**_NATIVES, "below": "size", "by_weights": "weights"}.items()
        }
        text = f"{self._prelude}\n{self._text}\n) for __row in __std.range(0, {len(records) - 1})]"
        try:
            made = self._evaluate(
                self._file or "text", text, ext_codes={_ROWS: rows}, native_callbacks=callbacks,
                import_callback=partial(self._found, caught),
            )  # fmt: skip
        except RuntimeError as error:
            raise self._failure(str(error), caught) from error
        if caught:
            raise Failure(str(caught[0]), self._file or "the text")
        return json.loads(made)

    @cached_property
    def _prelude(self) -> str:
        """Return what each record's ``std`` is; it is one line, so that the text begins in the second."""
        own = [
            f"{name}: function({given}) __std.native('{name}')({', '.join(filter(None, ('__row', given)))})"
            for name, given in _NATIVES.items()
        ]
        own += [f"{name}: {function}" for name, function in _IN_JSONNET.items()]
        read = "extVar(name):: __rows[__row][name]"
        mine = f"local __of(__row) = __std + {{ {read}, native(name):: {{ {', '.join(own)} }}[name] }};"
        return f"local __std = std; local __rows = std.extVar('{_ROWS}'); {mine} [local std = __of(__row); ("

    def _found(self, caught: list[Exception], folder: str, name: str) -> tuple[str, bytes]:
        key = os.path.normpath(folder or os.curdir), name
        if key not in self._imported:
            caught.append(ValueError(f"there is no file {show(name)} beside the spec or the text"))
            return name, b"null"  # of what an importer raises, gojsonnet makes a message out of memory that is not its
        path, text = self._imported[key]
        return path, text.encode()

    def _failure(self, text: str, caught: list[Exception]) -> Failure:
        """Return a failure with the place in the text of the user; the first line of all is ours."""
        lines = text.splitlines()
        message = lines[0].removeprefix("RUNTIME ERROR: ").strip()
        if found := _PLACE.match(message):
            message = message[found.end() :].partition(" ")[2]
        if "ndefined external variable" in message:
            message += "; only the text itself reads the record: hand it to what is imported as an argument"
        places = [(found["file"], int(found["line"])) for found in map(_PLACE.search, lines) if found]
        file, line = next(
            ((file, line) for file, line in places if file != (self._file or "text") or line > 1), ("", 0)
        )
        own = file == (self._file or "text")
        line -= own
        place = f"line {line}" if own and not self._file else f"{file}:{line}" if line else self._file or "the text"
        return Failure(str(caught[0]) if caught else message, place)


def _kept(caught: list[Exception], native: Callable[..., Any], row: float, *given: Any) -> Any:
    """Call a native function; what it raises is kept, since only that it has failed comes back."""
    try:
        return native(int(row), *given)
    except Exception as error:
        caught.append(error)
        raise


def _unreachable(*_: Any) -> Any:
    raise AssertionError("no record is evaluated")


class _Natives:
    """The native functions of a block of records."""

    def __init__(self, numbers: Numbers, first: int) -> None:
        self._numbers, self._first = numbers, first
        self._calls: dict[int, int] = {}  # by record: how many numbers it has drawn

    def by_name(self) -> dict[str, Callable[..., Any]]:
        rand = Rand(self._numbers)
        functions: dict[str, Callable[..., Any]] = {
            "below": lambda size: self._numbers.below(_whole(size)),
            "by_weights": lambda weights: by_weights(_sums(weights), [self._numbers.bits()])[0],
            "integer": lambda low, high: rand.number.integer(_whole(low), _whole(high)),
            "floating": rand.number.floating,
            "chance": rand.chance,
            "gauss": rand.number.gauss,
            "exponential": rand.number.exponential,
            "uuid4": rand.crypto.uuid4,
            "hex": lambda size: rand.string.hex(_whole(size)),
            "digits": lambda size: rand.string.digits(_whole(size)),
            "letters": lambda size: rand.string.letters(_whole(size)),
            "ip_v4": rand.network.ip_v4,
            "ip_v4_public": rand.network.ip_v4_public,
            "ip_v4_private": rand.network.ip_v4_private,
            "get_one_of": lambda values: rand.choice([part.strip(" ") for part in values.split(",")]),
            "get_integer": partial(_integer, rand),
            "get_number": lambda low, high: rand.number.floating(float(low), float(high)),
            "get_timestamp": partial(_timestamp, rand),
        }
        return {name: partial(self._called, function) for name, function in functions.items()}

    def _called(self, function: Callable[..., Any], row: int, *given: Any) -> Any:
        self._numbers.begin(self._first + row, self._calls.get(row, 0))
        try:
            return function(*given)
        finally:
            self._calls[row] = self._numbers.calls


def _sums(weights: str) -> list[float]:
    numbers = json.loads(weights)
    return sums_of(numbers, len(numbers))


def _whole(number: float) -> int:
    if number != int(number):
        raise ValueError(f"{number} is no whole number")
    return int(number)


def _integer(rand: Rand, low: Any, high: Any) -> int:
    """Return a whole number from ``low`` on, below ``high``; ``low`` where they are equal. Digits are taken, too."""
    low, high = int(low), int(high)
    return low if low == high else rand.number.integer(low, high - 1)


def _timestamp(rand: Rand, begin: str, end: str, duration: str) -> float:
    """Return the seconds since 1970 of a time from the begin of one day to the end of another, on a grid of steps."""
    first, last = (datetime.fromisoformat(f"{date.fromisoformat(day)}T00:00:00+00:00") for day in (begin, end))
    step = parse_duration(duration.upper())
    if step <= 0:
        raise ValueError(f"a step must be longer than 0, found {duration}")
    nanoseconds = (last + timedelta(days=1) - first) // timedelta(microseconds=1) * 1000
    steps = max((nanoseconds - 1) // step, 0)
    seconds = first.timestamp() + rand.number.integer(0, steps) * step / 1e9
    return int(seconds) if seconds == int(seconds) else seconds
