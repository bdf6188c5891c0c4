"""Which variables the walk can know while it goes on, and why it can't know others."""

from collections.abc import Collection

import pyarrow as pa

from datagen.plugin.arrival import BATCH, WORKER
from datagen.plugin.dimension import Dimension
from datagen.plugin.life import ITEM
from datagen.plugin.listing import Listing
from datagen.plugin.memory import parts_of
from datagen.plugin.order import follows_others
from datagen.plugin.pooled import PooledDimension
from datagen.problems import show

WHY_NO_GIFT = (
    "the walk can't draw it at once, from a distribution of this type, when the time has come that a worker waits for; "
    "draw it in a state"
)
_DRAWN = ("bool", "int", "float", "enum", "constant", "row", "column")
_READABLE = (
    "bool, int, float, enum, constant, row, column, now, counter, an expression of these, what has a `cardinality`, "
    "and lists"
)


def is_expression(dimension: object) -> bool:
    """Return whether it is calculated of other values."""
    return isinstance(dimension, Dimension) and (dimension.kind == "expression" or is_time(dimension))


def is_counter(dimension: object) -> bool:
    """Return whether a generator counts on with every step that sets it, of all workers or of one."""
    return isinstance(dimension, Dimension) and dimension.kind == "counter" and dimension.is_ours


def is_time(dimension: Dimension) -> bool:
    """Return whether a generator makes the time as it is."""
    keys = ("format", "timezone", "offset", "step")
    return dimension.kind == "now" and dimension.is_ours and all(getattr(dimension, key) is None for key in keys)


def is_listed(dimension: object) -> bool:
    """Return whether all values come from one list."""
    pooled = isinstance(dimension, PooledDimension) and dimension.cardinality > 0
    return pooled or (isinstance(dimension, Dimension) and dimension.fixed)


def taken_by(dimension: object) -> str:
    """Return by which number a whole row is picked, of a worker, its batch or its item, and by nothing else; or ""."""
    if not isinstance(dimension, Dimension) or dimension.kind != "row":
        return ""
    name = {"worker": WORKER, "each": ITEM, "batch": f"{BATCH}.index"}.get(getattr(dimension, "pick", ""), "")
    return name if {read for _, read in dimension.all_names()} == {name} else ""


def why_not(dimension: object) -> str | None:
    """Return why the walk can't know what a generator makes; None when it can."""
    assert isinstance(dimension, Dimension), "no fact of a birth"
    if is_counter(dimension):
        return None
    absent = [key for key in ("when", "keyed_by") if getattr(dimension, key) is not None]
    pooled = isinstance(dimension, PooledDimension) and dimension.cardinality > 0
    if absent:
        return f"it is set with {show(absent[0])}"
    if is_expression(dimension):
        share = [key for key in ("percent_missing", "percent_nulls") if getattr(dimension, key)]
        made = "an expression" if dimension.kind == "expression" else "a time"
        return f"it is {made} with {show(share[0])}" if share else None
    skeleton = dimension.skeleton() if isinstance(dimension, Listing) and not pooled else None
    if not dimension.is_ours or not (pooled or skeleton or dimension.kind in _DRAWN):
        return f"what sets it is of the type {show(dimension.kind)}; what can be read are {_READABLE}"
    dimension = skeleton or dimension
    if any(part.counts() for _, part in dimension.whole()):
        return f"what sets it, of the type {show(dimension.kind)}, counts"
    if by := taken_by(dimension):
        absent = [key for key in ("percent_missing", "percent_nulls") if getattr(dimension, key)]
        return f"it is a row by {by} with {show(absent[0])}" if absent else None
    if any(True for _, part in dimension.whole() for _ in part.of_workers()):
        return f"what sets it, of the type {show(dimension.kind)}, follows from the worker's steps"
    if any(True for _ in dimension.all_names()) or any(True for _ in dimension.all_reads()):
        return f"what sets it, of the type {show(dimension.kind)}, reads other values"
    return None


def why_no_number(type_: pa.DataType, names: Collection[str]) -> str:
    """Return why the walk can't know values of a type that come from no list, and those calculated of some names."""
    if any(map(parts_of, names)):
        return (
            "it is drawn in one place, and what a template remembers in another; draw another variable there, and "
            "calculate this one of it"
        )
    has = "texts" if pa.types.is_string(type_) else "not only numbers, or not only true and false"
    return f"it has {has}, and no list of values; an enum, or a `cardinality`, makes one"


def why_not_inside(dimension: object) -> str:
    """Return why the walk can't know what is in the lists that a generator makes; "" when it can."""
    assert isinstance(dimension, Dimension), "no fact of a birth"
    for path, part in dimension.whole():
        what = f"{show('.'.join(map(str, path)))}, of the type {show(part.kind)}," if path else "it"
        if follows_others(part):
            return f"{what} may depend on what was made before"
    for path, _ in dimension.unfit_for_pools():
        return f"{show('.'.join(map(str, path)))} depends on more than the draw, and a list that does is made later"
    return ""
