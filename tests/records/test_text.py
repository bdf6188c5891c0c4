"""Text of Arrow arrays: against a rendering in plain Python, for arrays of every type, also cut from other arrays."""

import csv
import io
import json
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.records.text import join, json_text, plain_text, put_json, put_plain, written
from datagen.records.types import JSON_TEXT, OPTIONAL, is_optional

MISSING = object()
SPECIAL = [*map(chr, range(0x20)), *'",\\/ aé€😀\x7f\u2028']
CHARACTERS = st.text(st.sampled_from(SPECIAL), max_size=6) | st.text(max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | CHARACTERS
JSON_VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(CHARACTERS, SCALARS, max_size=2)
FLOATS = (
    st.floats()
    | st.sampled_from([-0.0, 1e15, 1e16, 1e-7, 1e-6, 1e9, 1e10, 5e-324, 999999999999999.9, 2.0**60])
    | st.builds(lambda number, digits: number / 10**digits, st.integers(-(10**7), 10**7), st.integers(0, 8))
)
MILLISECONDS = st.integers(-62100000000000, 253400000000000)  # years 2 to 9999
NOW = st.integers(1704067200000, 1704067203000)
ZONES = {None: 0, "UTC": 0, "+05:30": 330, "-08:00": -480}
UNITS = {"s": (1, 1000), "ms": (1, 1), "us": (1000, 1), "ns": (1000000, 1)}
INTEGERS = [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()]
MOST_ROWS = 6


# Arrays


def _range(type_: pa.DataType) -> st.SearchStrategy[int]:
    limits = np.iinfo(type_.to_pandas_dtype())
    return st.integers(limits.min, limits.max) | st.sampled_from([limits.min, limits.max])


@st.composite
def times(draw: Any, size: int) -> pa.Array:
    unit, zone = draw(st.sampled_from(sorted(UNITS))), draw(st.sampled_from(list(ZONES)))
    factor, cut = UNITS[unit]
    moments = NOW if unit == "ns" else NOW | MILLISECONDS  # 2**63 ns is in 2262
    values = draw(st.lists(st.none() | moments, min_size=size, max_size=size))
    numbers = [None if value is None else value * factor // cut for value in values]
    return pa.array(numbers, pa.int64()).cast(pa.timestamp(unit, zone))


@st.composite
def leaves(draw: Any, size: int) -> pa.Array:
    type_, values = draw(
        st.sampled_from(
            [
                *((type_, _range(type_)) for type_ in INTEGERS),
                (pa.float64(), FLOATS),
                (pa.float32(), st.floats(width=32)),
                (pa.bool_(), st.booleans()),
                (pa.string(), CHARACTERS),
                (pa.large_string(), CHARACTERS),
                (pa.null(), st.none()),
                (JSON_TEXT, JSON_VALUES.map(compact).map(str.encode)),
            ]
        )
    )
    some = draw(st.sampled_from([values, values | st.none()]))
    return pa.array(draw(st.lists(some, min_size=size, max_size=size)), type_)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@st.composite
def dictionaries(draw: Any, size: int, depth: int) -> pa.Array:
    values = draw(arrays(draw(st.integers(1, MOST_ROWS)), depth))
    codes = st.integers(0, len(values) - 1) | st.none() if draw(st.booleans()) else st.integers(0, len(values) - 1)
    type_ = draw(st.sampled_from([pa.int8(), pa.uint16(), pa.int32(), pa.int64()]))
    return pa.DictionaryArray.from_arrays(pa.array(draw(st.lists(codes, min_size=size, max_size=size)), type_), values)


@st.composite
def structs(draw: Any, size: int, depth: int) -> pa.Array:
    names = draw(st.lists(CHARACTERS.filter(lambda name: name != OPTIONAL), max_size=3, unique=True))
    if not names:
        return pa.array(draw(st.lists(st.none() | st.just({}), min_size=size, max_size=size)), pa.struct([]))
    shared = draw(st.booleans())
    codes = pa.array(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)), pa.int32())
    columns = [
        pa.DictionaryArray.from_arrays(codes, draw(arrays(2, depth))) if shared else draw(arrays(size, depth, True))
        for _ in names
    ]
    fields = [pa.field(name, column.type) for name, column in zip(names, columns, strict=True)]
    return pa.StructArray.from_arrays(columns, fields=fields, mask=draw(masks(size)))


def masks(size: int) -> st.SearchStrategy[pa.Array | None]:
    return st.none() | st.lists(st.booleans(), min_size=size, max_size=size).map(partial(pa.array, type=pa.bool_()))


@st.composite
def lists(draw: Any, size: int, depth: int) -> pa.Array:
    lengths = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    offsets = pa.array(np.cumsum([0, *lengths]).astype(np.int32))
    items = draw(arrays(sum(lengths), depth, True))
    return pa.ListArray.from_arrays(offsets, items, mask=draw(masks(size)))


@st.composite
def optionals(draw: Any, size: int, depth: int) -> pa.Array:
    values = draw(arrays(size, depth))
    return pa.StructArray.from_arrays([values], fields=[pa.field(OPTIONAL, values.type)], mask=draw(masks(size)))


@st.composite
def arrays(draw: Any, size: int, depth: int, may_miss: bool = False) -> pa.Array:
    """An array of ``size`` values that may be cut from a longer one."""
    before, behind = draw(st.sampled_from([(0, 0), (0, 0), (1, 0), (3, 2)]))
    whole = before + size + behind
    nested = [dictionaries, structs, lists, *([optionals] if may_miss else [])] if depth else []
    kind = draw(st.sampled_from([leaves, times, *nested, *nested]))
    array = draw(kind(whole, depth - 1) if kind in nested else kind(whole))
    return array.slice(before, size)


# What the text should be


def value_of(array: pa.Array, row: int) -> Any:
    """A value with times, texts of JSON and floats as they are; objects as pairs, MISSING where there is no key."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        code = array.indices[row].as_py()
        return None if code is None else value_of(array.dictionary, code)
    if not array[row].is_valid:
        return MISSING if is_optional(type_) else None
    if is_optional(type_):
        return value_of(array.field(0), row)
    if pa.types.is_struct(type_):
        return {type_.field(index).name: value_of(array.field(index), row) for index in range(type_.num_fields)}
    if pa.types.is_list(type_):
        begin, end = array.offsets[row].as_py(), array.offsets[row + 1].as_py()
        return [value_of(array.values, item) for item in range(begin, end)]
    if pa.types.is_timestamp(type_):
        return time_text(array[row].value * UNITS[type_.unit][1] // UNITS[type_.unit][0], type_.tz)
    if pa.types.is_float32(type_):
        return float32_value(array[row].as_py())
    return array[row].as_py()


def time_text(milliseconds: int, zone: str | None) -> str:
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds, minutes=ZONES[zone])
    return moment.isoformat(timespec="milliseconds") + ("" if zone is None else "Z" if zone == "UTC" else zone)


def float32_value(value: float) -> float:
    """The float that the shortest text of 32 bits says, unless it is a whole number."""
    if not math.isfinite(value) or (value == round(value) and abs(value) < 1e15):
        return value
    return float(str(np.float32(value)))


def float_text(value: float) -> str:
    if not math.isfinite(value):
        return "null"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value)}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, first = "".join(map(str, digits)), len(digits) - 1 + int(exponent)
    if -6 <= first < 10:
        written = f"{Decimal(repr(abs(value))):f}"
    else:
        written = f"{text[0]}{'.' if text[1:] else ''}{text[1:]}e{'+' if first >= 0 else '-'}{abs(first)}"
    return "-" * sign + written


def rendered(value: Any) -> str:
    if value is MISSING or value is None:
        return "null"
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        members = [f"{compact(key)}:{rendered(inner)}" for key, inner in value.items() if inner is not MISSING]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(rendered, value)) + "]"
    return compact(value)


def rendered_plain(value: Any) -> str:
    if value is MISSING or value is None:
        return ""
    if isinstance(value, bytes):
        value = json.loads(value)
        return "" if value is None else value if isinstance(value, str) else compact(value)
    return value if isinstance(value, str) else rendered(value)


def values_of(array: pa.Array) -> list[Any]:
    return [value_of(array, row) for row in range(len(array))]


ARRAYS = st.integers(0, MOST_ROWS).flatmap(lambda size: arrays(size, 3, True))


@given(ARRAYS)
@settings(max_examples=600, deadline=None)
def test_every_array_is_written_as_json_and_as_cells(array: pa.Array) -> None:
    array.validate(full=True)
    values = values_of(array)
    assert json_text(array).to_pylist() == list(map(rendered, values))
    assert plain_text(array).to_pylist() == list(map(rendered_plain, values))


@given(ARRAYS, st.sampled_from(",\t"))
@settings(deadline=None)
def test_a_table_reads_back_as_its_cells(array: pa.Array, separator: str) -> None:
    cell = partial(put_plain, array, separator=separator)
    lines = join([cell, separator, "x", separator, cell, "\n"], len(array)).to_pylist()
    cells = [list(csv.reader(io.StringIO(line, newline=""), delimiter=separator, strict=True)) for line in lines]
    assert cells == [[[text, "x", text]] for text in map(rendered_plain, values_of(array))]


# Floats


def assert_as_arrow(values: np.ndarray) -> None:
    """Whole numbers are written another way; all others as Arrow does, which has tested its writer with its reader."""
    values = values[np.isfinite(values)]
    values = values[(values != np.rint(values)) | (np.abs(values) >= 1e15)]
    assert json_text(pa.array(values)).equals(pa.array(values).cast(pa.string()))


@pytest.mark.parametrize("digits", [None, 1, 2, 6, 9])
def test_floats_of_few_and_of_many_digits_are_written_as_arrow_does(digits: int | None) -> None:
    values = np.random.default_rng(1).normal(0, 1000, 100_000)
    assert_as_arrow(values if digits is None else np.round(values, digits))


def test_floats_of_any_bits_are_written_as_arrow_does() -> None:
    bits = np.random.default_rng(2).integers(0, 2**64, 1_000_000, np.uint64)
    assert_as_arrow(bits.view(np.float64))
    assert_as_arrow((bits >> np.uint64(12)).view(np.float64))  # all of them subnormal


def test_floats_near_powers_of_two_and_ten_are_written_as_arrow_does() -> None:
    powers = np.concatenate([2.0 ** np.arange(-1074, 1024), [float(f"1e{exponent}") for exponent in range(-323, 309)]])
    for values in (powers, np.nextafter(powers, np.inf), np.nextafter(powers, 0)):
        assert_as_arrow(np.concatenate([values, -values]))


def test_a_float_that_has_more_digits_than_those_before_it_keeps_them() -> None:
    assert json_text(pa.array([0.5] * 100 + [0.1234567])).to_pylist()[-1] == "0.1234567"


# Rows


@given(st.lists(st.integers(0, 3), max_size=60), st.booleans())
def test_the_rows_of_parts_come_in_the_order_of_all_rows(owners: list[int], named: bool) -> None:
    parts = [np.flatnonzero(np.array(owners) == number) for number in range(4)]
    said = [[f"{number}:" * named, partial(put_json, pa.array(rows)), "\n"] for number, rows in enumerate(parts)]
    lines = written(zip(parts, said, strict=True), len(owners)).lines()
    texts = [f"{owner}:" * named + f"{row}\n" for row, owner in enumerate(owners)]
    assert bytes(lines.data).decode() == "".join(texts)
    assert lines.ends.tolist() == np.cumsum([len(text) for text in texts]).tolist()


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_column_of_another_length_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} texts for 3 records"):
        join([pa.array(["a"] * count, pa.string()), "\n"], 3)


@pytest.mark.parametrize("rows", [[1], [0, 0, 1], [0, 1, 5]], ids=["too few", "twice", "beyond"])
def test_rows_that_do_not_fit_their_parts_are_refused(rows: list[int]) -> None:
    with pytest.raises((ValueError, IndexError)):
        written([(np.array([2]), ["a"]), (np.array(rows), ["b"])], 3)


def test_a_code_beyond_its_dictionary_is_refused() -> None:
    broken = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int32()), pa.array(["a", "b"]), safe=False)
    with pytest.raises(ValueError, match="beyond its buffers"):
        json_text(broken)


def test_offsets_that_do_not_ascend_are_refused() -> None:
    offsets = pa.py_buffer(np.array([0, 3, 1, 2], np.int32))
    broken = pa.StringArray.from_buffers(3, offsets, pa.py_buffer(b"abc"))
    with pytest.raises(ValueError, match="beyond its buffers"):
        json_text(broken)


def test_a_text_that_ends_its_buffer_is_written_from_what_is_its_own() -> None:
    text = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 3], np.int32)), pa.py_buffer(b"abc"))
    assert json_text(text).to_pylist() == ['"abc"']


def test_several_threads_write_at_once() -> None:
    columns = [pa.array(np.arange(20_000) * factor) for factor in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(json_text, columns))
    assert [text.to_pylist() for text in texts] == [list(map(str, column.to_pylist())) for column in columns]


def test_lines_live_as_long_as_their_memory_is_looked_at() -> None:
    data = written([(np.arange(3), [pa.array([1, 2, 3]), "\n"])], 3).lines().data
    for _ in range(100):
        json_text(pa.array([9] * 1000))
    assert bytes(data) == b"1\n2\n3\n"
