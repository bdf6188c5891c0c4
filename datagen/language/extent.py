"""How much memory records and pools may take, estimated before a run: what can't fit is a problem of the spec.

Lists inside of lists multiply: their lengths count with what is usual, the outermost with what is rare.
"""

from collections.abc import Iterator

from datagen.plugin.dimension import Dimension
from datagen.plugin.distribution import MOST_ITEMS, Distribution, Extent
from datagen.plugin.pooled import PooledDimension
from datagen.problems import Path_

# Characters and items of the values in a pool. They are kept as values and as text, each in an array of Arrow, which
# holds at most 2**31 bytes; together with room to grow that is 4 GB.
_MOST_IN_POOL = 1_000_000_000
_BYTES = 40  # that an item or a character takes while it is drawn

Found = Iterator[tuple[Path_, str]]


def too_large(path: Path_, dimensions: list[Dimension]) -> Found:
    """Yield what can't fit into memory among dimensions that are made together, which stand at a path."""
    found = [line for number, part in enumerate(dimensions) for line in value_too_large((*path, number), part)]
    most = sum(part.extent().most for part in dimensions)
    if most > MOST_ITEMS and not found:
        found = [(path, _message("a record", most))]
    yield from found


def value_too_large(path: Path_, dimension: Dimension) -> Found:
    """Yield what can't fit into memory of a dimension that stands at a path."""
    inner = [line for at, part in dimension.nested() for line in value_too_large((*path, *at), part)]
    yield from inner
    extent = dimension.extent()
    if extent.most > MOST_ITEMS and not inner:
        yield path, _message("a value", extent.most)
    elif isinstance(dimension, PooledDimension) and _in_pool(dimension, extent) > _MOST_IN_POOL:
        count = f"{_in_pool(dimension, extent):.3g}"
        message = f"a pool of these values can't fit into memory: about {count} items and characters"
        yield (*path, "cardinality"), f"{message}; at most {_MOST_IN_POOL:,} can"


def _in_pool(dimension: PooledDimension, extent: Extent) -> float:
    """Return how many items and characters the values of a pool have, as far as it is picked from."""
    picker, size = dimension.cardinality_distribution, dimension.cardinality
    return extent.mean * (min(size, picker.extent().most + 1) if isinstance(picker, Distribution) else size)


def _message(what: str, most: float) -> str:
    gigabytes = most * _BYTES / 1e9
    return (
        f"{what} can't be made in memory: with about {most:.3g} items and characters in its lists and strings it could "
        f"take {gigabytes:.3g} GB; at most {MOST_ITEMS:,} can"
    )
