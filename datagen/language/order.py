"""The order in which variables are set: what of it can't be, where some are made of each other in a circle."""

from collections.abc import Collection, Sequence

from datagen.graph import circles
from datagen.language.names import Field, Found
from datagen.problems import show
from datagen.records.expression.name import root

Lists = Sequence[tuple[Field, ...]]


def disorder(states: Lists, sources: Lists) -> Found:
    """Yield the variables of sources that can't be set; takes the lists of variables of all states and sources."""
    in_states = [field for fields in states for field in fields]
    at_birth = [field for fields in sources for field in fields]
    known = dict.fromkeys(field.name for field in (*in_states, *at_birth) if field.name is not None)
    reads: dict[str | None, list[str]] = {name: [] for name in (*known, None)}
    reads_there: dict[str | None, list[str]] = {name: [] for name in (*known, None)}
    for field in (*in_states, *at_birth):
        reads[field.name] += _read(field, known)
    for fields in sources:
        for place, field in enumerate(fields):
            before = {earlier.name for earlier in fields[:place]}
            reads_there[field.name] += (name for name in _read(field, known) if name in before)
    for circle in circles(reads):
        set_twice = {field.name for field in in_states}
        for field in at_birth:
            if field.name in set_twice:
                yield field.path, _message(field.name, circle)
        break
    for circle in circles(reads_there):
        way = " → ".join(map(str, circle))
        first = next(field for field in at_birth if field.name == circle[0])
        yield first.path, f"sources set variables that are made of each other ({way}); let them be made in one order"


def _read(field: Field, known: Collection[str]) -> list[str]:
    """Return the variables that a generator reads, its own former value included."""
    return [*(name for _, name in field.reads), *(root(known, name) for _, name in field.names)]


def _message(name: str | None, circle: Sequence[str | None]) -> str:
    way = " → ".join(map(str, circle))
    return (
        f"{show(name)} can't be set at birth and by a state while variables are made of each other ({way}); set "
        f"another one here, and read it where the first is null: coalesce({name}, other)"
    )
