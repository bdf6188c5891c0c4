"""Templates that only put values into a text, as columns."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import nodes

from datagen.draw import Integers
from datagen.records.decimal import is_decimal
from datagen.records.expression.moment import zone_of
from datagen.records.text import Piece, plain_text
from datagen.records.types import is_optional, plain_type
from datagen.zone import MINUTE, SECOND, Zone

Part = str | nodes.Expr  # a constant text, or what is written there

_FILTERS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "lower": pc.ascii_lower,
    "trim": partial(pc.utf8_trim, characters=" \t\n\r\v\f\x1c\x1d\x1e\x1f"),  # white space as Python has it
    "upper": pc.ascii_upper,
}
_LEAST_ALIKE, _LEAST_UNLIKE = 1e-4, 1e9  # of floats
_MOST_DIGITS = 6  # after the point of a decimal: beyond, Python writes small ones with an exponent
_SECONDS = 19  # letters of a time without the part behind its seconds


def parts_of(body: Sequence[nodes.Node]) -> list[Part] | None:
    """Return what the text of a template consists of; None where it does more than to put values into it."""
    if not all(isinstance(node, nodes.Output) for node in body):
        return None
    outputs = [part for node in body for part in node.nodes]  # type: ignore[attr-defined]
    return [part.data if isinstance(part, nodes.TemplateData) else part for part in outputs]


def names_in(expression: nodes.Expr) -> set[str]:
    """Return the names in an expression."""
    own = {expression.name} if isinstance(expression, nodes.Name) else set()
    return own | {node.name for node in expression.find_all(nodes.Name)}


def by_value(array: pa.Array, write: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return the texts of values, where those of a dictionary are written once each."""
    if not pa.types.is_dictionary(array.type) or len(array.dictionary) > len(array) or array.indices.null_count:
        return write(array)
    return pa.DictionaryArray.from_arrays(array.indices, write(array.dictionary))


def shown(array: pa.Array, zone: str, missing: str = "") -> Piece | None:
    """Return values as Jinja2 shows them; None where that has to be asked of each: for objects, lists, any JSON.

    What is ``missing`` is nothing, or another text.
    """
    type_ = plain_type(array.type)
    if is_optional(type_):
        inside = None if pa.types.is_dictionary(array.type) else shown(array.flatten()[0], zone)
        return None if inside is None else pc.if_else(array.is_valid(), _texts(inside), missing)
    simple = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_timestamp)
    short = is_decimal(type_) and type_.scale <= _MOST_DIGITS
    if not (short or any(is_simple(type_) for is_simple in simple)):
        return None
    return by_value(array, lambda values: _with_none(values, _written(values, zone)))


def filtered(expression: nodes.Expr, array: pa.Array, zone: str) -> Piece | None:
    """Return values through a filter that columns have, too; None for any other.

    Also for texts with letters beyond ASCII, of which Python and Arrow do not always think the same.
    """
    if not isinstance(expression, nodes.Filter) or not isinstance(expression.node, nodes.Name):
        return None
    if expression.name in ("d", "default") and len(expression.args) == 1 and not expression.kwargs:
        [default] = expression.args
        return shown(array, zone, str(default.value)) if isinstance(default, nodes.Const) else None
    change = None if expression.args or expression.kwargs else _FILTERS.get(expression.name)
    piece = shown(array, zone) if change is not None else None
    if change is None or not isinstance(piece, pa.Array) or pa.types.is_dictionary(piece.type):
        return None
    texts = _texts(piece)
    return change(texts) if pc.all(pc.string_is_ascii(texts), min_count=0).as_py() else None


def _texts(piece: Piece) -> pa.Array:
    assert isinstance(piece, pa.Array)
    array = piece.dictionary_decode() if pa.types.is_dictionary(piece.type) else piece
    return array if pa.types.is_string(array.type) else plain_text(array)


def _with_none(values: pa.Array, written: pa.Array) -> pa.Array:
    return pc.if_else(values.is_valid(), _texts(written), "None") if values.null_count else written


def _written(values: pa.Array, zone: str) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_boolean(values.type):
        return pc.if_else(values, "True", "False")
    if pa.types.is_floating(values.type) and not _are_alike(values):
        return pa.array([str(value) for value in values.to_pylist()])
    return _moments(values, zone_of(zone)) if pa.types.is_timestamp(values.type) else values


def _are_alike(values: pa.Array) -> bool:
    """Return whether JSON writes numbers as Python does, which do differ in zeros with a sign, exponents and NaN."""
    numbers = values.fill_null(1).to_numpy()
    sizes = np.abs(numbers)
    alike = ((sizes >= _LEAST_ALIKE) & (sizes < _LEAST_UNLIKE)) | ((numbers == 0) & ~np.signbit(numbers))
    return pa.types.is_float64(values.type) and bool(alike.all())


def _moments(times: pa.Array, zone: Zone) -> pa.Array:
    """Return times as Python writes them: with microseconds if there are any, and the offset."""
    at = times.cast(pa.timestamp("us", times.type.tz)).cast(pa.int64()).fill_null(0).to_numpy()
    is_wall = times.type.tz is None
    wall = at if is_wall else zone.local(at)
    ahead = wall - (zone.instants(wall) if is_wall else at)
    long = pa.array(wall).cast(pa.timestamp("us")).cast(pa.string())
    whole = pa.array(wall % SECOND == 0)
    clock = pc.if_else(whole, pc.utf8_slice_codeunits(long, 0, _SECONDS), long)
    return pc.binary_join_element_wise(clock, _offsets(ahead), "")


def _offsets(ahead: Integers) -> pa.Array:
    different, which = np.unique(ahead, return_inverse=True)
    return pa.array([_offset(one) for one in different.tolist()], pa.string()).take(pa.array(which))


def _offset(ahead: int) -> str:
    minutes = abs(ahead) // MINUTE
    return f"{'-' if ahead < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
