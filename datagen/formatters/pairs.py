"""Pairs of keys and values, ``key=value``, for formats that have neither objects nor null."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import pyarrow as pa

from datagen.records.batch import Layout
from datagen.records.decimal import is_decimal
from datagen.records.inside import inside_object
from datagen.records.schema.name import doubles
from datagen.records.table import Table
from datagen.records.text import put_plain, put_valid
from datagen.records.types import is_optional, plain, plain_type, present

Put = Callable[[pa.Array, Table], None]  # writes values that are not null


Columns = Iterable[tuple[str, pa.Array]]


def flattened(columns: Columns) -> Iterator[tuple[str, pa.Array]]:
    """Yield columns with the keys inside objects as columns of their own, ``a.b``; what is missing becomes null."""
    for name, array in columns:
        type_ = plain_type(array.type)
        if is_optional(type_):
            array = present(plain(array) if pa.types.is_dictionary(array.type) else array)
            type_ = plain_type(array.type)
        if pa.types.is_struct(type_):
            inner = ((field.name, inside_object(array, field.name)) for field in type_)
            yield from flattened((f"{name}.{key}", values) for key, values in inner if values is not None)
        else:
            yield name, array


def put_pairs(columns: Mapping[str, pa.Array], between: str, put: Put, table: Table) -> None:
    """Write ``key=value`` of each column with a text of one octet in between; what is null or missing is left out.

    ``put`` writes texts and lists; numbers, booleans and times are written as in JSON.
    """
    table.begin_joined()
    for name, array in columns.items():
        put_valid(array, partial(_put_pair, before=f"{between}{name}=", put=put), "", table)
    table.end()


def _put_pair(array: pa.Array, table: Table, before: str, put: Put) -> None:
    table.text(before)
    is_simple = pa.types.is_primitive(array.type) or is_decimal(array.type)
    (put_plain if is_simple else put)(array, table)


def clashes(
    layout: Layout,
    forbidden: str,
    chosen: Callable[[Mapping[str, pa.Array]], Columns] = lambda columns: columns.items(),
) -> Iterator[str]:
    """Yield what is wrong with dimensions, and keys inside them, that would become the same key."""
    for types in layout.shown().emitters.values():
        columns = {name: pa.nulls(0, plain_type(type_)) for name, type_ in types.items()}
        names = (name for name, _ in flattened(chosen(columns)))
        yield from doubles(names, partial(key, forbidden=forbidden))


def key(name: str, forbidden: str) -> str:
    """Return a name with ``_`` in place of characters, a class of a regular expression, that a key can't hold."""
    return re.sub(forbidden, "_", name) or "_"
