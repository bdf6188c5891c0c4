"""Operations of change streams: whether a record puts a row, document or message under its key, or takes it away.

A target with a key has an expression for them, and a key that may be another one for each emitter. Its sink finds the
operation of each record ahead of time, as a text, and refuses at its turn the first record that has none.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator

from datagen.draw import Marks
from datagen.plugin.key import Names
from datagen.plugin.target import Undelivered
from datagen.problems import did_you_mean, show
from datagen.records.batch import EMITTER, Batch, Layout, Part
from datagen.records.expression import Given, parse
from datagen.records.expression.facets import TEXT, spread
from datagen.records.expression.node import Node, evaluated
from datagen.records.expression.value import Choice, Coalesce, Literal

DELETE = "delete"
OPERATIONS = ("insert", "update", "upsert", DELETE)
_WANTED = f"{', '.join(OPERATIONS[:-1])} or {DELETE}"
_FINE = pa.array(OPERATIONS)


def _read(text: str) -> str:
    parse(text)
    return text


OperationText = Annotated[str, AfterValidator(_read)]


def misfits(operation: str, layout: Layout) -> Iterator[str]:
    """Yield why an operation does not fit the records."""
    expression = parse(operation)
    layout = layout.named()
    problems = expression.check(layout)
    if not problems:
        problems += [
            f"{show(literal.value)} is no operation, which is {_WANTED}{did_you_mean(str(literal.value), OPERATIONS)}"
            for literal in _constants(expression.tree)
            if literal.value not in OPERATIONS
        ]
    if not problems:
        without = [name for name in layout.emitters if TEXT not in expression.tree.value_types(layout.of([name]))]
        problems += [f"is never a text for the emitter {show(name)}; it must be {_WANTED}" for name in without]
    yield from (f"operation: {text}" for text in problems)


def strays(what: str, places: Iterable[str], key: Names | dict[str, Names], layout: Layout) -> Iterator[str]:
    """Yield the places of a pattern, called ``what`` in a spec, by which records with one key could go apart.

    Then a change would not find what it is about, and what is left behind would be nobody's last state.
    """
    places = [name for name in places if name != EMITTER or EMITTER in layout.names()]
    for name in dict.fromkeys(places):
        parts = {emitter: key.get(emitter, [name]) if isinstance(key, dict) else key for emitter in layout.emitters}
        without = [emitter for emitter, own in parts.items() if not any(_is_of(name, part) for part in own)]
        if without:
            owner = f" of the emitter {', '.join(map(show, without))}" if isinstance(key, dict) else ""
            yield (
                f"{what}: {show(name)} is no part of the key{owner}, so a later change of the same key could go to "
                f'another {what} and leave the old one; with "operation", a {what} may hold {{{{emitter}}}} and parts '
                "of the key"
            )


def _is_of(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def _constants(node: Node) -> Iterator[Literal]:
    """Yield the constants that a node may have as its value."""
    if isinstance(node, Literal):
        yield node
    elif isinstance(node, Choice):
        for part in (*(value for _, value in node.cases), node.otherwise):
            yield from _constants(part)
    elif isinstance(node, Coalesce):
        for part in node.nodes:
            yield from (literal for literal in _constants(part) if literal.value is not None)


class Operations:
    """Finds the operations of records, in columns."""

    def __init__(self, operation: str, zone: str) -> None:
        """Take the expression, which fits the records, and the zone whose hours it means."""
        self._expression = parse(operation)
        self._zone = zone

    def of(self, batch: Batch, has_key: pa.Array) -> pa.Array:
        """Return the operation (n,) of each record; a sentence in place of one that is none, for ``refused``.

        ``has_key`` says which of the records (n,) have a key.
        """
        found = batch.in_order([self._texts(part) for part in batch.parts])
        is_one = pc.is_in(found, value_set=_FINE)
        bad = np.flatnonzero(~pc.and_(is_one, has_key).to_numpy(zero_copy_only=False))
        if not len(bad):
            return found
        first = int(bad[0])
        record = bytes(batch.slice(first, first + 1).json.data).decode().rstrip()
        if is_one[first].as_py():
            text = f"a record without a key can have no operation: {record}"
        else:
            text = f"operation: {show(found[first].as_py())} is not {_WANTED}, for the record {record}"
        return pc.if_else(pa.array(np.arange(len(batch)) == first), text, found)

    def _texts(self, part: Part) -> pa.Array:
        given = Given(part.named, len(part.rows), self._zone)
        text = evaluated(self._expression.tree, given).get(TEXT)
        return pa.nulls(given.size, pa.string()) if text is None else spread(text, given.size)


def deletes(operations: pa.Array) -> Marks:
    """Return which operations take away."""
    return pc.equal(operations, DELETE).to_numpy(zero_copy_only=False)


def refusal(operations: pa.Array) -> Undelivered | None:
    """Return the error that the first of the records without an operation is refused, the ones before it not."""
    first = pc.index(pc.is_in(operations, value_set=_FINE), False).as_py()
    return None if first < 0 else Undelivered(str(operations[first]), first, lasting=True)
