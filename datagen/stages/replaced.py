"""Columns of which some values are others."""

import numpy as np
import pyarrow as pa

from datagen.draw import Codes, Integers
from datagen.records.types import is_optional, optional, plain


def replaced(column: pa.Array, rows: Integers, values: pa.Array) -> pa.Array:
    """Return a column with other values (k,), plain ones, in some rows (k,), where none is missing.

    A dictionary array stays one, unless its dictionary is longer than it is.
    """
    if not len(rows):
        return column
    if is_optional(column.type):
        missing = column.is_null().to_numpy(zero_copy_only=False)
        return optional(replaced(plain(column).field(0), rows, values), missing)
    coded = pa.types.is_dictionary(column.type) and len(column.dictionary) <= len(column)
    known = plain(column.dictionary if coded else column)
    codes = _codes(column) if coded else np.arange(len(known))
    codes[rows] = len(known) + np.arange(len(rows))
    all_values = pa.concat_arrays([known, values.cast(known.type)])
    if not coded:
        return all_values.take(pa.array(codes))
    mask = codes < 0 if column.null_count else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), all_values)


def _codes(column: pa.DictionaryArray) -> Codes:
    """Return the indices of a dictionary array, -1 for null, for somebody to change."""
    indices = column.indices.fill_null(-1) if column.indices.null_count else column.indices
    return indices.to_numpy().copy()
