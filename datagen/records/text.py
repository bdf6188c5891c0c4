"""Arrow arrays to text: JSON, and the plain text of a cell in a table or a pattern.

A text is kept in *pieces*, constants and string arrays, as long as possible and joined once: a join costs about 15 ns a
piece and record, far more than anything else here. So the entries of a dictionary become text once, with the constants
around them, and dictionary columns that share their indices become text together.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.records.pieces import Pieces, join
from datagen.records.types import JSON_TEXT, is_optional, list_parts

_LARGEST_PLAIN_FLOAT = 1e15  # from here on a float is written with an exponent
_SCALES = (1.0, 10.0, 100.0, 1000.0)
_EPOCH = datetime(1970, 1, 1)
_CODE = re.compile("%.", re.DOTALL)


def json_text(array: pa.Array) -> pa.Array:
    """Write each value as compact JSON."""
    if pa.types.is_dictionary(array.type):
        if len(array.dictionary) > len(array):
            return json_text(array.dictionary.take(array.indices))
        return _filled(json_text(array.dictionary).take(array.indices), "null")
    text = join(_value_pieces(array), len(array))
    return pc.if_else(array.is_valid(), text, "null") if array.null_count else text


def json_pieces(array: pa.Array) -> Pieces:
    """Write each value as compact JSON, in pieces."""
    if array.null_count or pa.types.is_dictionary(array.type):
        return [json_text(array)]
    return _value_pieces(array)


def object_pieces(fields: Iterable[tuple[str, pa.Array]]) -> Pieces:
    """Write JSON objects, in pieces; a key whose value is missing is left out."""
    pieces: Pieces = []
    size = 0
    for group in _sharing_indices(fields):
        size = len(group[0][1])
        pieces += _members(group)
    if not pieces:
        return ["{}"]
    if isinstance(pieces[0], str):
        return ["{" + pieces[0].removeprefix(","), *pieces[1:], "}"]
    return [pc.binary_replace_slice(join(pieces, size), 0, 1, "{"), "}"]


def plain_text(array: pa.Array) -> pa.Array:
    """Write each value as in a cell: strings without quotes, null and missing as the empty text, all else as JSON."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        if len(array.dictionary) > len(array):
            return plain_text(array.dictionary.take(array.indices))
        return _filled(plain_text(array.dictionary).take(array.indices), "")
    if is_optional(type_):
        return _where_valid(array, plain_text(array.field(0)))
    if pa.types.is_string(type_):
        return _filled(array, "")
    if pa.types.is_timestamp(type_):
        return _where_valid(array, join(_time_pieces(array), len(array)))
    if type_ == JSON_TEXT:
        return _plain_json(array)
    return _where_valid(array, json_text(array))


def formatted_time(array: pa.Array, pattern: str) -> pa.Array:
    """Write each time with strftime codes; a time without an offset counts as UTC.

    ``%s`` is the seconds since 1970, which strftime itself would count in the time zone of the machine.
    """
    encoded = array.dictionary_encode()
    name = array.type.tz or "UTC"
    zone, offset = _zone(name), offset_milliseconds(name)
    moments = encoded.dictionary.cast(pa.timestamp("ms")).cast(pa.int64()).to_pylist()

    counts_seconds = "%s" in _CODE.findall(pattern)

    def written(moment: int) -> str:
        codes = pattern
        if counts_seconds:
            codes = _CODE.sub(lambda code: str(moment // 1000) if code[0] == "%s" else code[0], pattern)
        return (_EPOCH + timedelta(milliseconds=moment + offset)).replace(tzinfo=zone).strftime(codes)

    text = [None if moment is None else written(moment) for moment in moments]
    return _filled(pa.array(text, pa.string()).take(encoded.indices), "")


def _escaped(array: pa.Array) -> pa.Array:
    """Escape what may not stand in a JSON string (RFC 8259, section 7)."""
    found = _special_bytes(array)
    for character in sorted(found, key=lambda character: character != "\\"):
        array = pc.replace_substring(array, character, json.dumps(character)[1:-1])
    return array


def _special_bytes(array: pa.Array) -> set[str]:
    """Return which characters to escape occur anywhere in the buffer of an array; 0.3 ns a byte."""
    data = array.buffers()[2]
    if data is None:
        return set()
    codes = np.frombuffer(data, np.uint8)
    special = codes[(codes < 0x20) | (codes == ord('"')) | (codes == ord("\\"))]
    return set(map(chr, np.unique(special))) if len(special) else set()


def _sharing_indices(fields: Iterable[tuple[str, pa.Array]]) -> list[list[tuple[str, pa.Array]]]:
    """Group neighbours that are dictionary arrays with the same indices in memory."""
    groups: list[list[tuple[str, pa.Array]]] = []
    last = None
    for name, array in fields:
        address = None
        if pa.types.is_dictionary(array.type):
            buffer = array.indices.buffers()[1]
            address = (buffer.address, array.offset, len(array.dictionary)) if buffer is not None else None
        if address is not None and address == last:
            groups[-1].append((name, array))
        else:
            groups.append([(name, array)])
        last = address
    return groups


def _members(group: list[tuple[str, pa.Array]]) -> Pieces:
    """Write ``,"name":value`` for fields that share their indices, or for one field."""
    name, array = group[0]
    key = f",{json.dumps(name, ensure_ascii=False)}:"
    if pa.types.is_dictionary(array.type):
        if len(array.dictionary) > len(array):
            return [
                piece for name, array in group for piece in _members([(name, array.dictionary.take(array.indices))])
            ]
        pieces = [piece for name, array in group for piece in _members([(name, array.dictionary)])]
        text = join(pieces, len(array.dictionary))
        if array.indices.null_count:
            return [pc.fill_null(text.take(array.indices), f"{key}null")]
        return [pa.DictionaryArray.from_arrays(array.indices, text)]
    if is_optional(array.type):
        text = join([key, *json_pieces(array.field(0))], len(array))
        return [_where_valid(array, text)]
    return [key, *json_pieces(array)]


def _value_pieces(array: pa.Array) -> Pieces:
    """Write values, none of them null or in a dictionary; what is written for a null does not matter."""
    type_ = array.type
    if pa.types.is_string(type_):
        return ['"', _escaped(array), '"']
    if pa.types.is_floating(type_):
        return [_float_piece(array)]
    if pa.types.is_integer(type_):
        return [_integer_piece(array)]
    if pa.types.is_timestamp(type_):
        return ['"', *_time_pieces(array), '"']
    if is_optional(type_):
        return json_pieces(array.field(0))
    if pa.types.is_struct(type_):
        return object_pieces((type_.field(index).name, array.field(index)) for index in range(type_.num_fields))
    if pa.types.is_list(type_):
        offsets, items = list_parts(array)
        return ["[", pc.binary_join(pa.ListArray.from_arrays(offsets, json_text(items)), ","), "]"]
    if pa.types.is_null(type_):
        return ["null"]
    return [array.cast(pa.string())]


def _integer_piece(array: pa.Array) -> pa.Array:
    if pa.types.is_uint64(array.type):
        return array.cast(pa.string())
    numbers = (array.fill_null(0) if array.null_count else array).to_numpy().astype(np.int64)
    return _of_range(numbers, partial(_fraction_text, None)) or array.cast(pa.string())


def _float_piece(array: pa.Array) -> pa.Array:
    """Write floats; where all have at most a few digits after the point, each number of their range once."""
    values = (array.fill_null(0.0) if array.null_count else array).to_numpy()
    for scale in _SCALES:
        if _have_digits(values[:64], scale) and _have_digits(values, scale):
            numbers = np.rint(values * scale).astype(np.int64)
            return _of_range(numbers, partial(_fraction_text, scale)) or _float_text(array)
    return _float_text(array)


def _fraction_text(scale: float | None, numbers: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(numbers).cast(pa.string()) if scale is None else _float_text(pa.array(numbers / scale))


def _have_digits(values: npt.NDArray[np.float64], scale: float) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * scale)
    return bool((np.abs(scaled) < _LARGEST_PLAIN_FLOAT).all() and (scaled / scale == values).all())


def _of_range(numbers: npt.NDArray[np.int64], write: Callable[[npt.NDArray[np.int64]], pa.Array]) -> pa.Array | None:
    """Write each number of a range once, as a dictionary array: 3 ns a number instead of 15 to 110."""
    low, high = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    if 4 * (high - low) > len(numbers):
        return None
    indices = (numbers - low).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices), write(np.arange(low, high + 1)))


def _float_text(array: pa.Array) -> pa.Array:
    """Write floats so that they read back as the same floats; JSON has no infinity, so what is not finite is null."""
    values = array.to_numpy(zero_copy_only=False)
    text = array.cast(pa.string())
    whole = (np.rint(values) == values) & (np.abs(values) < _LARGEST_PLAIN_FLOAT)
    if whole.any():
        digits = pa.array(np.where(whole, values, 0).astype(np.int64)).cast(pa.string())
        text = pc.if_else(pa.array(whole), pc.binary_join_element_wise(digits, ".0", ""), text)
    finite = np.isfinite(values)
    return text if finite.all() else pc.if_else(pa.array(finite), text, "null")


def _time_pieces(array: pa.Array) -> Pieces:
    """Write times as ISO 8601 with milliseconds; a second that comes several times in a row is written once."""
    zone = array.type.tz
    milliseconds = array.cast(pa.timestamp("ms")).cast(pa.int64()).to_numpy(zero_copy_only=False)
    if array.null_count:
        milliseconds = np.nan_to_num(milliseconds).astype(np.int64)
    if zone is not None:
        milliseconds = milliseconds + offset_milliseconds(zone)
    seconds, rest = np.divmod(milliseconds, 1000)
    begins = np.concatenate([[True], seconds[1:] != seconds[:-1]])[: len(seconds)]
    text = pa.array(seconds[begins]).cast(pa.timestamp("s")).cast(pa.string())
    text = pc.binary_replace_slice(text, 10, 11, "T")
    suffix = "" if zone is None else "Z" if zone == "UTC" else zone
    number = pa.array(np.cumsum(begins, dtype=np.int32) - np.int32(1))
    return [
        pa.DictionaryArray.from_arrays(number, text),
        pa.DictionaryArray.from_arrays(pa.array(rest.astype(np.int32)), _thousandths(suffix)),
    ]


@cache
def _thousandths(suffix: str) -> pa.Array:
    return pa.array([f".{number:03}{suffix}" for number in range(1000)])


@cache
def _zone(name: str) -> tzinfo | None:
    return datetime.fromisoformat(f"2000-01-01T00:00:00{'Z' if name == 'UTC' else name}").tzinfo


def offset_milliseconds(zone: str) -> int:
    """Return how many milliseconds the clocks of an offset such as ``+02:00``, or of ``UTC``, are ahead of UTC."""
    offset = datetime.fromisoformat(f"2000-01-01T00:00:00{'Z' if zone == 'UTC' else zone}").utcoffset()
    return 0 if offset is None else offset // timedelta(milliseconds=1)


def _plain_json(array: pa.Array) -> pa.Array:
    encoded = array.dictionary_encode()
    values = [None if text is None else (text.decode(), json.loads(text)) for text in encoded.dictionary.to_pylist()]
    text = [
        "" if pair is None or pair[1] is None else pair[1] if isinstance(pair[1], str) else pair[0] for pair in values
    ]
    return _filled(pa.array(text, pa.string()).take(encoded.indices), "")


def _where_valid(array: pa.Array, text: pa.Array) -> pa.Array:
    """Keep the text of valid values; it is empty for what is null or missing."""
    return pc.if_else(array.is_valid(), text, "") if array.null_count else text


def _filled(text: pa.Array, instead: str) -> pa.Array:
    return pc.fill_null(text, instead) if text.null_count else text
