"""What the cells of text files hold: numbers, exact decimals, booleans, times, or texts, a column at a time."""

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from datagen.problems import RunFailed, did_you_mean, show
from datagen.records.decimal import DIGITS, decimal_type, is_decimal
from datagen.records.text import plain_text

TYPES = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "text": pa.string()}
# The plain forms: 007 and +1 are texts. 18 digits are fewer than the core has.
_FORMS = {
    "integer": r"^(-?[1-9][0-9]{0,17}|0)$",
    "number": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$",
    "boolean": r"^(true|false)$",
}
# A day and a time of it; up to the microsecond, as columns have them.
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_OFFSET = r"(Z|[+-][0-9]{2}:[0-9]{2})"
_WITH, _WITHOUT = pa.timestamp("us", "UTC"), pa.timestamp("us")  # an offset
_TIMES = {_WITH: f"{_TIME}{_OFFSET}$", _WITHOUT: f"{_TIME}$"}
_DECIMAL = "decimal"  # which only a column that is said to be so is
_NAMES = {pa.int64(): "a whole number", pa.float64(): "a number", pa.bool_(): "true or false"}


class Misfit(RunFailed):
    """A cell is not what its column holds; it stands in a row of the block."""

    def __init__(self, row: int, text: str) -> None:
        super().__init__(text)
        self.row = row


def types_of(table: pa.Table, given: Mapping[str, str] | str, *, of_cells: bool) -> dict[str, pa.DataType]:
    """Return what the columns of a table hold by all their filled cells, or what is ``given`` for them.

    Columns that were not written as cells keep their types.
    """
    if given == "text":
        return {name: pa.string() if _is_text(table[name]) else table[name].type for name in table.column_names}
    said = {} if isinstance(given, str) else given
    return {
        name: _said(said[name], table[name])
        if name in said
        else (_type if of_cells else _kept)(table[name].combine_chunks())
        for name in table.column_names
    }


def typed(table: pa.Table, types: Mapping[str, pa.DataType], *, keeps_empty: bool) -> dict[str, pa.Array]:
    """Return columns in their types; an empty cell is null, unless it is to be kept. Raises Misfit."""
    return {name: _typed(name, table[name], type_, keeps_empty) for name, type_ in types.items()}


def _typed(name: str, column: pa.ChunkedArray, type_: pa.DataType, keeps_empty: bool) -> pa.Array:
    array = supported(column)
    if is_decimal(type_) and not _is_text(array):
        array = plain_text(array)  # of floats the shortest text that is the same
    if not _is_text(array):
        return array if array.type == type_ else array.cast(type_)
    if not keeps_empty:
        array = pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)
    if pa.types.is_string(type_):
        return array
    fits = pc.fill_null(pc.match_substring_regex(array, _form(type_)), True)
    if type_ in _TIMES:
        fits = pc.and_(fits, _are_times(array))
    if not pc.all(fits, min_count=0).as_py():
        row = pc.index(fits, False).as_py()
        text = f"{show(name)} is taken for {_name(type_)}, found {show(array[row].as_py())}"
        raise Misfit(row, f'{text}; "types": {{{show(name)}: "text"}} would take it')
    return array.cast(type_)


def column_of(table: pa.Table, name: str, path: str) -> pa.Array:
    """Return a column of a table. Raises RunFailed when the file has none of that name."""
    if name not in table.column_names:
        raise RunFailed(f"reading {path}: there is no column {show(name)}{did_you_mean(name, table.column_names)}")
    return supported(table[name])


def supported(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in a type that records have."""
    array = column.combine_chunks()
    array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
    return array.cast(_supported(array.type))


def _supported(type_: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_dictionary(type_):
        return _supported(type_.value_type)
    if types.is_list(type_) or types.is_large_list(type_):
        return pa.list_(_supported(type_.value_type))
    if types.is_struct(type_):
        return pa.struct([(field.name, _supported(field.type)) for field in type_])
    if types.is_timestamp(type_):
        return pa.timestamp("us", type_.tz and "UTC")
    if types.is_integer(type_):
        return pa.uint64() if type_ == pa.uint64() else pa.int64()
    if types.is_decimal128(type_) and type_.precision <= DIGITS and 0 <= type_.scale <= DIGITS:
        return decimal_type(type_.scale)
    if types.is_floating(type_) or types.is_decimal(type_):
        return pa.float64()
    return type_ if types.is_boolean(type_) or types.is_null(type_) else pa.string()


def _kept(array: pa.Array) -> pa.DataType:
    return _supported(array.type)


def _type(array: pa.Array) -> pa.DataType:
    if not _is_text(array):
        return _supported(array.type)
    array = array.filter(pc.not_equal(array, ""))
    for name, form in _FORMS.items():
        if len(array) and pc.all(pc.match_substring_regex(array, form)).as_py():
            return TYPES[name]
    for type_, form in _TIMES.items():
        if len(array) and pc.all(pc.match_substring_regex(array, form)).as_py() and pc.all(_are_times(array)).as_py():
            return type_
    return pa.string()


def _said(kind: str, column: pa.ChunkedArray) -> pa.DataType:
    """Return the type of a column that is said to be of a kind; decimals have the most digits that a cell has."""
    cells = column.combine_chunks()
    if kind == "time":
        return _time_type(cells)
    if kind != _DECIMAL:
        return TYPES[kind]
    if pa.types.is_decimal(column.type):
        return _supported(column.type)
    found = pc.extract_regex(cells if _is_text(cells) else plain_text(cells), r"\.(?P<digits>[0-9]+)$").field("digits")
    return decimal_type(min(pc.max(pc.utf8_length(found)).as_py() or 0, DIGITS))


def _form(type_: pa.DataType) -> str:
    """Return how cells of a type are written."""
    if type_ in _TIMES:
        return _TIMES[type_]
    if not is_decimal(type_):
        return _FORMS[next(name for name, other in TYPES.items() if other == type_)]
    before, after = DIGITS - type_.scale, rf"(\.[0-9]{{1,{type_.scale}}})?" if type_.scale else ""
    return rf"^-?(0|[1-9][0-9]{{0,{before - 1}}}){after}$" if before else rf"^-?0{after}$"


def _name(type_: pa.DataType) -> str:
    if is_decimal(type_):
        return f"a decimal of at most {DIGITS - type_.scale} and {type_.scale} digits before and after the point"
    if type_ in _TIMES:
        return f"a time with{'' if type_.tz else 'out'} an offset, such as 2024-01-31T09:30:00{'Z' if type_.tz else ''}"
    return _NAMES[type_]


def _time_type(cells: pa.Array) -> pa.DataType:
    """Return the type of cells that are said to be times: as the first that is filled has an offset or none."""
    if not _is_text(cells):
        return _supported(cells.type)
    filled = cells.filter(pc.fill_null(pc.not_equal(cells, ""), False))
    return _WITH if len(filled) and pc.match_substring_regex(filled, f"{_OFFSET}$")[0].as_py() else _WITHOUT


def _are_times(cells: pa.Array) -> pa.Array:
    """Return which cells in the form of a time are one, or are empty; 1 µs for a different one where not all are."""
    try:
        cells.cast(_WITH if len(cells) and _time_type(cells).tz else _WITHOUT)
    except pa.ArrowInvalid:
        encoded = cells.dictionary_encode()
        known = [text is None or _is_time(text) for text in encoded.dictionary.to_pylist()]
        return pc.fill_null(pa.array(known, pa.bool_()).take(encoded.indices), True)
    return pa.repeat(True, len(cells)) if len(cells) else pa.array([], pa.bool_())


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_text(array: pa.Array | pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(array.type))
