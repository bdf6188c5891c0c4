"""Whether the tables and arrays that the walk is given fit together."""

import numpy as np

from datagen.native.instruction import INSTRUCTIONS
from datagen.native.machine import FACTS

_DRAWING_TO = ("draw to", "draw to real")
WAYS_TO_CHOOSE = 4  # PLAIN, WEIGHED, ORDERED and LATE


def check(found: int, wanted: int) -> None:
    """Raise ValueError when an array has another length than it should."""
    if found != wanted:
        raise ValueError(f"{found} in place of {wanted}")


def check_tables(tables: object, begins: list) -> None:
    """Raise ValueError when tables of states have different lengths, or lead to states that there are not.

    Where sources begin is in ``begins``.
    """
    stop = len(tables.family)
    check(len(tables.ways) - 1, stop)
    check(len(tables.sets) - len(tables.inherits), stop + len(begins))
    for table in (tables.bound, tables.target):
        check(len(table), tables.ways[stop])
    check(tables.ways[0], 0)
    if min(begins, default=0) < 0 or max(begins, default=0) >= stop:
        raise ValueError("a source into a state that there is not")
    if (np.diff(tables.ways) <= 0).any():
        raise ValueError("a state without a way out of it")
    if (tables.target < 0).any() or (tables.target > stop).any():
        raise ValueError("a way to a state that there is not")


def check_within(found: object, begin: int, end: int) -> None:
    """Raise ValueError when some of the numbers (n,) are not from ``begin`` on, or not below ``end``."""
    found = np.asarray(found)
    if found.size and (found.min() < begin or found.max() >= end):
        raise ValueError(f"{found.min()} to {found.max()} in place of {begin} to {end - 1}")


def check_programs(programs: object) -> int:
    """Return how many of what is drawn ahead of time the instructions of transitions by condition read.

    Raises ValueError when the tables are of different lengths, or lead to what there is not. It does not follow the
    instructions: whether the stack is deep enough, and a place within its list, whoever makes them has to know.
    """
    stop = len(programs.kind)
    check(len(programs.ways) - 1, stop)
    check(len(programs.draws), len(programs.entry) - 1)
    check(len(programs.counts), stop)
    check(len(programs.is_real), len(programs.notes))
    check(programs.notes.shape[1], stop)
    for table in (programs.target, programs.when, programs.weigh, programs.weight):
        check(len(table), programs.ways[stop])
    check(len(programs.argument), len(programs.code))
    check(len(programs.valid), len(programs.whole))
    check(programs.ways[0], 0)
    check_within(np.diff(programs.ways), 0, len(programs.sums) + 1)
    check_within(programs.target, 0, stop + 1)
    check_within(programs.kind, 0, WAYS_TO_CHOOSE)
    check_within([programs.number, programs.begin, *programs.counts, *programs.gathered], -1, len(programs.first))
    check(programs.gives.shape[1], len(programs.first))
    check(programs.batch.shape[1], 2)
    check_within(programs.batch[:, 0], 0, len(programs.first))
    check_within(programs.batch[:, 1], 0, 3)
    check(len(programs.changes) - 1, stop)
    check(len(programs.recalls), stop)
    check_within([programs.early], 0, len(programs.notes) + 1)
    if len(programs.facts) < len(FACTS):
        raise ValueError("too little room for what is known of an instant")
    end = len(programs.code) + 1
    settings = np.stack([programs.entry[: len(programs.entry) - 1], programs.entry[1:]], axis=1)
    changes = np.stack([programs.changes[:stop], programs.changes[1:]], axis=1)
    notes = programs.notes.reshape(len(programs.notes) * stop, 2)
    for spans in (
        settings,
        changes,
        notes,
        programs.when,
        programs.weigh,
        programs.priorities,
        programs.counts_of_children,
        programs.fleet.programs,
        np.stack([programs.fleet.part["begin"], programs.fleet.part["end"]], axis=1),
    ):
        check_within(spans, 0, end)
        check_within(spans[:, 1] - spans[:, 0], 0, end)
    return _check_instructions(programs)


def _check_instructions(programs: object) -> int:
    """Return how many of what is drawn ahead instructions read; raises ValueError as ``check_programs`` does."""
    check_within(programs.code, 0, len(INSTRUCTIONS))
    constants, kept, facts = len(programs.whole), len(programs.first), len(programs.facts)
    ends = dict.fromkeys(("whole", "real", "listed", "listed real"), constants)
    ends |= dict.fromkeys(("known", "known real", "keep", "keep real"), kept)
    ends |= dict.fromkeys(("fact", "seconds"), facts) | {"off": constants}
    ends |= dict.fromkeys(("draw", *_DRAWING_TO), len(programs.recipes.recipe))
    cells = ("cell", "cell real", "cell at", "cell at real", "share", "share real", "share at", "share at real")
    ends |= dict.fromkeys(cells, len(programs.cells))
    for name, end in ends.items():
        check_within(programs.argument[programs.code == INSTRUCTIONS[name]], 0, end)
    drawn_to = programs.argument[np.isin(programs.code, [INSTRUCTIONS[name] for name in _DRAWING_TO])]
    check_within(programs.recipes.recipe["kept"][drawn_to], 0, kept)
    drawn = programs.argument[np.isin(programs.code, [INSTRUCTIONS["drawn"], INSTRUCTIONS["drawn real"]])]
    fields = int(drawn.max(initial=-1)) + 1
    check_within(drawn, 0, fields)
    return fields


def check_items(programs: object) -> None:
    """Raise ValueError when the instructions for how many items there are, or where they are counted, don't fit."""
    check(len(programs.items), len(programs.kind))
    check(len(programs.item), 2)
    check_within(programs.items, 0, len(programs.code) + 1)
    check_within(programs.items[:, 1] - programs.items[:, 0], 0, len(programs.code) + 1)
    has_any = bool((programs.items[:, 0] < programs.items[:, 1]).any())
    check_within(programs.item, 0 if has_any else -1, len(programs.first))


def check_requests(tables: object) -> None:
    """Raise ValueError when the tables of resources don't fit together."""
    resources = len(tables.free)
    for array in (tables.waiting, tables.lines):
        check(len(array), resources)
    check(len(tables.timers), 1)
    for begins, listed, least in (
        (tables.begin, tables.resource, -2),
        (tables.releases, tables.released, 0),
        (tables.uses, tables.used_up, 0),
    ):
        check(len(begins), len(tables.following) + 1)
        check(begins[len(begins) - 1], len(listed))
        if (np.diff(begins) < 0).any() or begins[0] != 0:
            raise ValueError("requests that do not come one after the other")
        if len(listed) and not least <= listed.min() <= listed.max() < resources:
            raise ValueError("a resource that there is not")
    for array in (tables.units, tables.priority, tables.priorities):
        check(len(array), len(tables.resource))
    check(len(tables.groups), len(tables.following))
    check(len(tables.gathered), 2)
    if len(tables.heads) & (len(tables.heads) - 1) or not len(tables.heads):
        raise ValueError(f"{len(tables.heads)} in place of a power of 2")
    if (tables.following > len(tables.following)).any():
        raise ValueError("a way to a state that there is not")


def check_spawns(tables: object) -> None:
    """Raise ValueError when the tables of children don't fit together."""
    last = tables.begin[len(tables.begin) - 1]
    if (np.diff(tables.begin) < 0).any() or tables.begin[0] != 0 or last != len(tables.state):
        raise ValueError("entries that do not come one after the other")
    for array in (tables.purpose, tables.count, tables.counts, tables.crowd):
        check(len(array), len(tables.state))
    if (tables.state < 0).any() or (tables.state >= len(tables.begin) - 1).any():
        raise ValueError("children in a state that there is not")


def check_slots(slots: object) -> None:
    """Raise ValueError when the arrays that have a place for each worker are of other lengths, or another shape."""
    for array in (slots.behind, slots.stored, slots.when, slots.who, slots.waits, slots.waits_from):
        check(len(array), len(slots.workers))


def check_first(first_waits: object, times: object, waits: object) -> None:
    """Raise ValueError when there are not as many first waits as there are times of workers to come, and waits."""
    check(len(first_waits), len(times))
    check(first_waits.shape[1], times.shape[1])
    check(first_waits.shape[2], waits.shape[1])
    check(first_waits.shape[3], waits.shape[2])


def check_steps(steps: object, groups: int) -> None:
    """Raise ValueError when the arrays for the next steps are of different lengths, or for other groups."""
    for array in (steps.worker, steps.step, steps.state, steps.keys, steps.held_at, steps.held_for):
        check(len(array), len(steps.time))
    for array in (steps.birth_row, steps.birth_source, steps.birth_number):
        check(len(array), len(steps.time))
    for array in (steps.after, steps.before, steps.given):
        check(array.shape[0], groups)
        check(array.shape[1], len(steps.time))
    check(len(steps.sizes), groups)
