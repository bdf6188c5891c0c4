"""The functions of texts. What is looked for in a text, or cut out of it, is a constant."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen import draw
from datagen.draw import Integers, Marks
from datagen.records.decimal import is_decimal, rounded_units, units_of
from datagen.records.expression.facets import BOOLEAN, LIST, NUMBER, TEXT, TIME, Constant, as_numpy, has_item, text_of
from datagen.records.expression.function import Argument, Function
from datagen.records.expression.moment import formatted, no_zone
from datagen.records.expression.number import rounded

_TEXT = Argument("text", (TEXT,))
_FORMAT = re.compile(r"(?P<zeros>0?)(?P<width>\d{0,2})(?:\.(?P<digits>\d{1,2}))?(?P<kind>[df])")
_NUMERIC = r"^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\s*$"


def _part(name: str, **keys: Any) -> Argument:
    return Argument(name, (TEXT,), constant=True, **keys)


def _not_empty(value: Any) -> str | None:
    return None if value else "the text to look for must not be empty"


def _no_regex(value: Any) -> str | None:
    try:
        pc.match_substring_regex(pa.array([""]), value)
    except pa.ArrowInvalid as error:
        return str(error).splitlines()[0]
    return None


def _no_format(value: Any) -> str | None:
    if "%" in value or _FORMAT.fullmatch(value):
        return None
    return "the format must be strftime codes such as %Y-%m-%d, or of a number such as .2f or 05d"


def _contains(values: pa.Array, wanted: Constant) -> Any:
    if pa.types.is_list(values.type):
        return has_item(values, wanted)
    return pc.match_substring(values, wanted) if isinstance(wanted, str) else pc.and_(values.is_valid(), False)


def _length(values: pa.Array) -> pa.Array:
    return pc.cast((pc.utf8_length if pa.types.is_string(values.type) else pc.list_value_length)(values), pa.int64())


def _index(texts: pa.Array, part: str) -> pa.Array:
    before = pc.list_element(pc.split_pattern(texts, part, max_splits=1), 0)
    return pc.if_else(pc.match_substring(texts, part), pc.cast(pc.utf8_length(before), pa.int64()), -1)


def _substring(texts: pa.Array, starts: pa.Array, lengths: pa.Array | None = None) -> pa.Array:
    """Cut each text; once for each different pair of a start and a length, of which there are few."""
    (start, there), (length, there_too) = as_numpy(starts), as_numpy(pa.scalar(2**30) if lengths is None else lengths)
    half = 2**31
    low, long = (np.clip(np.floor(side), -half, half - 1).astype(np.int64) for side in (start, length))
    low, long = np.where(there, low, 0), np.where(there_too, long, 0)
    pairs, owner = np.unique((low + half << 32 | long + half).astype(np.uint64), return_inverse=True)
    pieces, order = [], []
    for number, pair in enumerate(pairs.tolist()):
        first, size = (pair >> 32) - half, (pair & 0xFFFFFFFF) - half
        rows = np.flatnonzero(owner == number)
        behind = pc.utf8_slice_codeunits(texts.take(pa.array(rows)), first)  # all of a text that is shorter than that
        pieces.append(pc.utf8_slice_codeunits(behind, 0, max(size, 0)))
        order.append(rows)
    made = pa.concat_arrays(pieces) if pieces else texts
    back = np.argsort(np.concatenate(order), kind="stable") if order else np.zeros(0, np.int64)
    return made.take(pa.array(back, mask=np.broadcast_to(~(there & there_too), back.shape)))


def _hash(texts: pa.Array) -> pa.Array:
    """Hash each different text; about 1 µs for each."""
    encoded = texts.dictionary_encode()
    hashes = [None if text is None else draw.digest(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(hashes, pa.int64()).take(encoded.indices)


def _number(texts: pa.Array) -> pa.Array:
    fits = pc.match_substring_regex(texts, _NUMERIC)
    trimmed = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"^\+", "")
    found = pc.cast(pc.if_else(fits, trimmed, None), pa.float64())
    return pc.if_else(pc.is_finite(found), found, None)


def _formatted(values: pa.Array, codes: str, zone: str) -> pa.Array:
    return formatted(values, codes, zone) if pa.types.is_timestamp(values.type) else number_text(values, codes)


def number_text(values: pa.Array, codes: str) -> pa.Array:
    """Return numbers as texts of a format such as ``.2f`` or ``05d``; null where they can't be written in it."""
    found = _FORMAT.fullmatch(codes)
    if found is None:
        return pa.nulls(len(values), pa.string())
    digits = int(found["digits"] or (6 if found["kind"] == "f" else 0)) if found["kind"] == "f" else 0
    return _decimal(values, min(digits, 15), int(found["width"] or 0), " 0"[bool(found["zeros"])])


def _decimal(values: pa.Array, digits: int, width: int, padding: str) -> pa.Array:
    """Write numbers with so many digits after the point; null where these do not fit into 64 bits."""
    if is_decimal(values.type):
        kept = min(digits, values.type.scale)
        units = rounded_units(units_of(values), values.type.scale - kept)
        there = values.is_valid().to_numpy(zero_copy_only=False)
        return _padded(units, kept, digits, there, width, padding)
    numbers, there = as_numpy(rounded(values, digits) if digits else values)
    if numbers.dtype == np.int64 and not digits:
        fits, scaled = numbers != -(2**63), numbers
    else:
        many = np.rint(numbers * 10.0**digits)
        fits = np.abs(many) < 2.0**63
        scaled = np.where(fits, many, 0).astype(np.int64)
    return _padded(scaled, digits, digits, there & fits, width, padding)


def _padded(units: Integers, known: int, digits: int, there: Marks, width: int, padding: str) -> pa.Array:
    """Write units (n,) with the ``known`` of so many digits after the point; null where they are not ``there``."""
    whole, rest = np.divmod(np.abs(units), 10**known)
    text = pa.array(whole).cast(pa.string())
    if digits:
        after: Any = "0" * digits
        if known:
            after = pc.utf8_rpad(pc.utf8_lpad(pa.array(rest).cast(pa.string()), known, "0"), digits, "0")
        text = pc.binary_join_element_wise(text, after, ".")
    minus = pa.array(units < 0)
    if padding == "0" and width:
        text = pc.if_else(minus, pc.utf8_lpad(text, width - 1, "0"), pc.utf8_lpad(text, width, "0"))
    text = pc.utf8_lpad(pc.binary_join_element_wise(pc.if_else(minus, "-", ""), text, ""), width, " ")
    return pc.if_else(pa.array(there), text, None)


TEXTS = (
    Function(
        "contains",
        (Argument("a", (TEXT, LIST)), Argument("x", (), constant=True)),
        BOOLEAN,
        _contains,
        "Whether a text contains another, or a list that item; false of null.",
        "contains(tags, 'red')",
        True,
    ),
    Function(
        "ends_with",
        (_TEXT, _part("end")),
        BOOLEAN,
        pc.ends_with,
        "Whether a text ends with another; false of null.",
        "ends_with(city, 'on')",
        True,
    ),
    Function(
        "format",
        (
            Argument("x", (TIME, NUMBER)),
            _part("codes", refuse=_no_format),
            _part("zone", optional=True, refuse=no_zone),
        ),
        TEXT,
        _formatted,
        "A time with [strftime codes](https://strftime.org), in the zone of the spec or another; or a number, such as "
        "`'.2f'` with two digits after the point and `'05d'` as a whole number of five digits.",
        "format(time, '%d %b, %H:%M')",
        "01 Mar, 14:05",
        in_zone=True,
    ),
    Function(
        "hash",
        (_TEXT,),
        NUMBER,
        _hash,
        "A whole number from 0 to 2^63 - 1, the same for the same text everywhere: the first 8 bytes of SHA-256 of its "
        "UTF-8, highest byte first, without their highest bit.",
        "hash(city) % 100",
        35,
    ),
    Function(
        "index",
        (_TEXT, _part("part", refuse=_not_empty)),
        NUMBER,
        _index,
        "Where a text first has another in it, counted in characters from 0; -1 where it does not.",
        "index(city, 'don')",
        3,
    ),
    Function(
        "length",
        (Argument("a", (TEXT, LIST)),),
        NUMBER,
        _length,
        "The number of characters of a text, or of items in a list.",
        "length(city)",
        6,
    ),
    Function("lower", (_TEXT,), TEXT, pc.utf8_lower, "In lower case.", "lower(city)", "london"),
    Function(
        "matches",
        (_TEXT, _part("regular expression", refuse=_no_regex)),
        BOOLEAN,
        pc.match_substring_regex,
        "Whether a [regular expression](https://github.com/google/re2/wiki/Syntax) matches anywhere; false of null.",
        "matches(city, '^L.*n$')",
        True,
    ),
    Function(
        "number",
        (_TEXT,),
        NUMBER,
        _number,
        "The number that a text says; null where it says none.",
        "number('12.50')",
        12.5,
    ),
    Function(
        "replace",
        (_TEXT, _part("part", refuse=_not_empty), _part("new")),
        TEXT,
        pc.replace_substring,
        "The text with a part of it replaced wherever it stands.",
        "replace(city, 'on', 'er')",
        "Lerder",
    ),
    Function(
        "split",
        (_TEXT, _part("at", refuse=_not_empty)),
        LIST,
        pc.split_pattern,
        "The parts of a text between others, as a list.",
        "split('a/b/c', '/')[1]",
        "b",
    ),
    Function(
        "starts_with",
        (_TEXT, _part("start")),
        BOOLEAN,
        pc.starts_with,
        "Whether a text starts with another; false of null.",
        "starts_with(city, 'Lon')",
        True,
    ),
    Function(
        "substring",
        (_TEXT, Argument("start", (NUMBER,)), Argument("length", (NUMBER,), optional=True)),
        TEXT,
        _substring,
        "The characters from a place on, counted from 0 or from -1 backwards: all, or so many.",
        "substring(city, 0, 3)",
        "Lon",
    ),
    Function(
        "text",
        (Argument("a", (NUMBER, TEXT, BOOLEAN, TIME)),),
        TEXT,
        text_of,
        "The value as a text, as a cell of a table shows it.",
        "text(price)",
        "2.5",
    ),
    Function(
        "trim",
        (_TEXT,),
        TEXT,
        pc.utf8_trim_whitespace,
        "Without spaces at both ends.",
        "trim('  a b ')",
        "a b",
    ),
    Function("upper", (_TEXT,), TEXT, pc.utf8_upper, "In upper case.", "upper(city)", "LONDON"),
)
