"""Values inside of objects, in columns: to take out, and to put others in their place."""

from collections.abc import Callable, Sequence

import pyarrow as pa

from datagen.records.types import is_optional, null_mask, optional, plain, plain_type, present

Change = Callable[[pa.Array], pa.Array]


def type_inside(type_: pa.DataType, path: Sequence[str]) -> pa.DataType | None:
    """Return the plain type of what is there at a path in objects; None where these have no such key."""
    for key in path:
        type_ = _there(type_)
        if not pa.types.is_struct(type_) or is_optional(type_) or type_.get_field_index(key) < 0:
            return None
        type_ = type_.field(key).type
    return _there(type_)


def _there(type_: pa.DataType) -> pa.DataType:
    type_ = plain_type(type_)
    return type_.field(0).type if is_optional(type_) else type_


def taken(column: pa.Array, path: Sequence[str]) -> pa.Array:
    """Return what is at a path in the values of a column (n,), null where it is not there."""
    column = present(plain(column))
    for key in path:
        column = present(column.flatten()[column.type.get_field_index(key)])
    return column


def put(column: pa.Array, path: Sequence[str], change: Change) -> pa.Array:
    """Return a column (n,) in which what is at a path is changed, all of it at once."""
    if not path:
        return change(column)
    column = plain(column)
    if is_optional(column.type):
        inner = put(column.field(0), path, change)
        return optional(inner, column.is_null().to_numpy(zero_copy_only=False))
    names = [field.name for field in column.type]
    values = [column.field(place) for place in range(len(names))]
    place = names.index(path[0])
    values[place] = put(values[place], path[1:], change)
    fields = [pa.field(name, value.type) for name, value in zip(names, values, strict=True)]
    return pa.StructArray.from_arrays(values, fields=fields, mask=null_mask(column))
