"""What is known of workers while they live: the names that expressions of states, and fields of records, may read."""

from collections.abc import Iterable

import pyarrow as pa

from datagen.records.expression.name import called

INDEX = "spawn.index"  # of a child, among those of one entry; what sets its variables may read it
GATHERED = ("gather.number", "gather.index")  # of who has gathered: the number of the group, its place there
ITEM = "each.index"  # the place of the item that a worker has come to, in the list that a state goes through
MAYBE = (*GATHERED, ITEM)  # what not everybody has
VISITS, AGE, WAITED = "visits", "age", "waited"
STATE, POPULATION = "state", "population"  # where a worker is, by name
# Of a worker in a state: how often it has entered this one, how many in all, its age and what it waited there, in
# seconds; how many are alive, and its number among all.
FACTS = {VISITS: pa.int64(), "steps": pa.int64(), AGE: pa.float64(), WAITED: pa.float64()} | {
    "alive": pa.int64(),
    "born": pa.int64(),
}


def visited(states: Iterable[str]) -> dict[str, str]:
    """Return the states, by the names of how often a worker has entered each."""
    return {called(VISITS, name): name for name in states}


def shared(resources: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return ``free`` or ``waiting`` with the resource, by the names of how many units are free, and workers wait."""
    return {called(what, name): (what, name) for name in resources for what in ("free", "waiting")}


def readable(states: Iterable[str], resources: Iterable[str], *, has_populations: bool) -> dict[str, pa.DataType]:
    """Return all names that can be read of a worker in a state, each with the type of its values."""
    named = dict.fromkeys([STATE, *([POPULATION] if has_populations else [])], pa.string())
    return FACTS | named | dict.fromkeys([*visited(states), *shared(resources), *MAYBE], pa.int64())
