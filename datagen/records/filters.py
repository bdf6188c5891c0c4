"""Filters: what becomes of a value on its way into a text, as in ``{{name|upper}}``."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from datagen.problems import did_you_mean, show
from datagen.records.decimal import is_decimal
from datagen.records.expression.text import number_text
from datagen.records.strftime import formatted_time, put_formatted
from datagen.records.text import Piece, json_text, plain_text
from datagen.records.types import plain, plain_type, present

_NUMBER = re.compile(r"0?\d*(\.\d+)?[fd]")
_DEFAULT = "default:"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}  # XML 1.0, section 4.6

_OF_XML = str.maketrans(_ENTITIES)

Filter = Callable[[pa.Array], pa.Array]  # of values (n,), to texts or null


class Filters:
    """The filters of a placeholder, one after the other."""

    def __init__(self, text: str) -> None:
        """Take them as they are written, with ``|`` in between; strftime codes may hold one themselves."""
        self._names: list[str] = []
        for part in text.split("|") if text else []:
            is_rest = (
                self._names and _kind(self._names[-1].strip()) == "codes" and _kind(part.strip()) in (None, "codes")
            )
            if is_rest:
                self._names[-1] += f"|{part}"
            else:
                self._names.append(part)

    def problems(self, what: str, types: Sequence[pa.DataType]) -> Iterator[str]:
        """Yield what is wrong with them for a value of some types, ``what`` in words."""
        for place, name in enumerate(self._names):
            kind = _kind(name.strip())
            if kind is None:
                yield f"unknown filter {show(name.strip())}{did_you_mean(name.strip(), _TEXTS)}"
            elif kind in ("codes", "number") and place:
                yield f"filter {show(name.strip())} must come first: behind another one there are only texts"
            elif kind == "codes" and not any(pa.types.is_timestamp(plain_type(type_)) for type_ in types):
                yield f"{what} is not a time"
            elif kind == "number" and not any(map(_is_number, types)):
                yield f"{what} is not a number"

    @property
    def codes(self) -> str:
        """Return the strftime codes that are all there is; "" where there are none, or other filters."""
        return self._names[0] if len(self._names) == 1 and _kind(self._names[0].strip()) == "codes" else ""

    def piece(self, values: pa.Array) -> Piece:
        """Return what stands in the text of records for values (n,)."""
        if not self._names:
            return values
        if self.codes and pa.types.is_timestamp(values.type):
            return partial(put_formatted, values, self.codes)
        return self._through(values)

    @cached_property
    def of_nothing(self) -> str:
        """Return what stands in the text of records that don't have the value."""
        return str(self._through(pa.nulls(1, pa.string()))[0].as_py() or "")

    def _through(self, values: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(values.type) and len(values.dictionary) < len(values) and not values.null_count:
            return pa.DictionaryArray.from_arrays(values.indices, self._through(values.dictionary))
        values = present(plain(values))
        for name in self._names:
            values = _filtered(name, values)
        return values


def _filtered(name: str, values: pa.Array) -> pa.Array:
    """Return what a filter makes of values; those that it is not for as they are."""
    match _kind(name.strip()):
        case "text" if name.strip() == "json":
            return json_text(values)  # null is a word of it
        case "text":
            return _where_valid(_TEXTS[name.strip()], values)
        case "default":
            return _or_default(name.lstrip().removeprefix(_DEFAULT), values)
        case "number" if _is_number(values.type):
            return number_text(values, name.strip())
        case "codes" if pa.types.is_timestamp(values.type):
            return _where_valid(partial(formatted_time, pattern=name), values)
    return values


def _kind(name: str) -> str | None:
    if name in _TEXTS:
        return "text"
    if name.startswith(_DEFAULT):
        return "default"
    return "codes" if "%" in name else "number" if _NUMBER.fullmatch(name) else None


def _is_number(type_: pa.DataType) -> bool:
    type_ = plain_type(type_)
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or is_decimal(type_))


def _where_valid(function: Filter, values: pa.Array) -> pa.Array:
    made = function(values)
    return pc.if_else(values.is_valid(), made, None) if values.null_count else made


def _or_default(text: str, values: pa.Array) -> pa.Array:
    return pc.if_else(values.is_valid(), _plain(values), text) if values.null_count else values


def _plain(values: pa.Array) -> pa.Array:
    return values if pa.types.is_string(values.type) else plain_text(values)


def _of_each(function: Callable[[str], str], values: pa.Array) -> pa.Array:
    """Return what a function makes of each text; it is called once for each that differs."""
    encoded = _plain(values).dictionary_encode()
    made = [None if text is None else function(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(made, pa.string()).take(encoded.indices)


_TEXTS: dict[str, Filter] = {
    "upper": lambda values: pc.utf8_upper(_plain(values)),
    "lower": lambda values: pc.utf8_lower(_plain(values)),
    "trim": lambda values: pc.utf8_trim_whitespace(_plain(values)),
    "json": json_text,
    "url": partial(_of_each, partial(quote, safe="")),
    "xml": partial(_of_each, lambda text: text.translate(_OF_XML)),
    "csv": partial(plain_text, separator=","),
}
