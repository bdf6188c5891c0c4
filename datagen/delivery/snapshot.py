"""Values to bytes and back: what a run remembers, as JSON with the arrays behind it.

Holds data only; reading an archive never runs code. Knows nothing of what the values mean.
"""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.records.batch import Batch, Part, Whole
from datagen.records.types import once_coded, plain, plain_type

_MARK = "~"  # the key of an object that stands for something JSON does not have
_ROWS = ("due", "worker", "step", "key", "emitted")  # the columns of a batch itself
_SIZE = 8  # bytes of the length of each piece


def pack(value: Any) -> bytes:
    """Write a value of dicts, lists, strings, numbers, numpy and Arrow arrays, and batches."""
    arrays: list[bytes] = []
    text = json.dumps(_described(value, arrays)).encode()
    return b"".join(len(piece).to_bytes(_SIZE, "little") + piece for piece in [text, *arrays])


def unpack(data: bytes) -> Any:
    """Read what ``pack`` wrote.

    Raises ValueError when it is something else.
    """
    found = []
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + _SIZE], "little")
        found.append(data[place + _SIZE : place + _SIZE + size])
        place += _SIZE + size
    if not found or place != len(data):
        raise ValueError("is cut short or is no archive")
    try:
        return _made(json.loads(found[0]), found[1:])
    except (KeyError, IndexError, TypeError, pa.ArrowException) as error:
        raise ValueError(f"is damaged: {error}") from error


def _described(value: Any, arrays: list[bytes]) -> Any:
    if isinstance(value, dict):
        members = {key: _described(member, arrays) for key, member in value.items()}
        return {_MARK: "dict", "members": list(members.items())} if _MARK in members else members
    if isinstance(value, list | tuple):
        return [_described(member, arrays) for member in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {_MARK: "numpy", "array": _added(pa.array(value), arrays)}
    if isinstance(value, pa.Array):
        return {_MARK: "arrow", "array": _added(value, arrays)}
    if isinstance(value, Batch):
        parts = [_described_part(part) for part in value.parts]
        members = {name: getattr(value, name) for name in _ROWS}
        return {_MARK: "batch", **_described({**members, "parts": parts}, arrays)}
    return value


def _described_part(part: Part) -> dict[str, Any]:
    whole = None if part.whole is None else vars(part.whole)
    return vars(part) | {"hidden": sorted(part.hidden), "whole": whole}


def _made_part(part: dict[str, Any]) -> Part:
    whole = None if part["whole"] is None else Whole(**part["whole"])
    return Part(**part | {"hidden": frozenset(part["hidden"]), "whole": whole})


def _added(array: pa.Array, arrays: list[bytes]) -> int:
    """Add an array; dictionaries inside of anything are left out, for Arrow can't read them back."""
    array = once_coded(array)
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    array = array if kind == plain_type(kind) else plain(array)
    batch = pa.RecordBatch.from_arrays([array], ["array"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    arrays.append(sink.getvalue().to_pybytes())
    return len(arrays) - 1


def _made(value: Any, arrays: list[bytes]) -> Any:
    if isinstance(value, list):
        return [_made(member, arrays) for member in value]
    if not isinstance(value, dict):
        return value
    if _MARK not in value:
        return {key: _made(member, arrays) for key, member in value.items()}
    if value[_MARK] == "dict":
        return {key: _made(member, arrays) for key, member in value["members"]}
    if value[_MARK] == "batch":
        parts = _made(value["parts"], arrays)
        return Batch(
            **{name: _made(value[name], arrays) for name in _ROWS},
            parts=tuple(map(_made_part, parts)),
        )
    array = pa.ipc.open_stream(arrays[value["array"]]).read_next_batch().column(0)
    return array.to_numpy(zero_copy_only=False).copy() if value[_MARK] == "numpy" else array
