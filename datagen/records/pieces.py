"""Texts in pieces: constants and string arrays, kept apart as long as possible and joined once.

A join costs about 15 ns a piece and record, far more than anything else in writing text. So constants are written into
neighbouring dictionary arrays, once per entry, and short neighbouring dictionaries become one of all combinations.
"""

from typing import TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Pieces = list[str | pa.Array]


def join(pieces: Pieces, size: int) -> pa.Array:
    """Join pieces, constants and arrays (size,), to one string array (size,)."""
    merged: Pieces = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        elif not isinstance(piece, str) or piece:
            merged.append(piece)
    if all(isinstance(piece, str) for piece in merged):
        return pa.repeat(pa.scalar("".join(map(str, merged)), pa.string()), size)
    if any(_is_dictionary(piece) for piece in merged):
        return _join_by_number(_multiplied(_folded(merged, size), size), size)
    return merged[0] if len(merged) == 1 else pc.binary_join_element_wise(*merged, "")


def _is_dictionary(piece: str | pa.Array) -> TypeGuard[pa.DictionaryArray]:
    return isinstance(piece, pa.DictionaryArray)


def _folded(pieces: Pieces, size: int) -> Pieces:
    """Write constants into a neighbouring dictionary array, once per entry instead of once per record."""
    folded: Pieces = []
    before = ""
    for number, piece in enumerate(pieces):
        if isinstance(piece, str):
            before = piece
            continue
        if _is_dictionary(piece) and 2 * len(piece.dictionary) <= size:
            after = pieces[number + 1] if number + 1 < len(pieces) else ""
            after = after if isinstance(after, str) else ""
            if number + 1 < len(pieces) and after:
                pieces[number + 1] = ""
            text = pc.binary_join_element_wise(before, piece.dictionary, after, "")
            folded.append(pa.DictionaryArray.from_arrays(piece.indices, text))
        else:
            folded += [before, piece] if before else [piece]
        before = ""
    return [*folded, before] if before else folded


def _multiplied(pieces: Pieces, size: int) -> Pieces:
    """Replace neighbours that are short dictionary arrays by one of all their combinations."""
    result: Pieces = []
    for piece in pieces:
        last = result[-1] if result else ""
        if _is_dictionary(piece) and _is_dictionary(last) and 4 * len(last.dictionary) * len(piece.dictionary) <= size:
            first, second = last.dictionary, piece.dictionary
            number = np.arange(len(first) * len(second))
            text = pc.binary_join_element_wise(
                first.take(pa.array(number // len(second))), second.take(pa.array(number % len(second))), ""
            )
            indices = last.indices.to_numpy() * np.int32(len(second)) + piece.indices.to_numpy()
            result[-1] = pa.DictionaryArray.from_arrays(pa.array(indices), text)
        else:
            result.append(piece)
    return result


def _join_by_number(pieces: Pieces, size: int) -> pa.Array:
    """Join all pieces of all records with one take: 90 ns a record of six pieces instead of 130.

    The texts of all pieces stand in one array; taking them record by record, piece by piece, writes the lines.
    """
    numbers = np.empty((size, len(pieces)), np.int32)
    texts = []
    known = 0
    for column, piece in enumerate(pieces):
        if isinstance(piece, str):
            text = pa.array([piece])
            numbers[:, column] = known
        elif _is_dictionary(piece):
            text = piece.dictionary
            np.add(piece.indices.to_numpy(), known, out=numbers[:, column], casting="same_kind")
        else:
            text = piece
            numbers[:, column] = np.arange(known, known + size)
        texts.append(text)
        known += len(text)
    taken = pa.concat_arrays(texts).take(pa.array(numbers.ravel()))
    _, offsets, data = taken.buffers()
    ends = np.frombuffer(offsets, np.int32)[: size * len(pieces) + 1 : len(pieces)]
    return pa.StringArray.from_buffers(size, pa.py_buffer(np.ascontiguousarray(ends)), data)
