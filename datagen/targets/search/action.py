"""Actions: the lines of a bulk request that say what becomes of each document, in which index and under which `_id`.

The `_id` is `<run>-<worker>-<step>`, so a document that is sent again is known to be the same; or a key of the record,
under which a later document replaces an earlier one.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from datagen.plugin.key import Names, key_texts
from datagen.plugin.operation import DELETE, Operations
from datagen.plugin.stage import Scope
from datagen.records.batch import Batch, Part
from datagen.records.pattern import TextPattern, patterned
from datagen.records.text import Pieces, json_text, written
from datagen.records.worker import worker_texts


class Line(NamedTuple):
    """What an action line says."""

    verb: str
    target: str
    identity: str | None  # None where the engine chooses it


class Actions:
    """The action lines of a run, and what follows from them for the documents of an index."""

    def __init__(
        self,
        verb: Literal["index", "create"],
        index: TextPattern,
        scope: Scope,
        *,
        chooses_ids: bool,
        key: Names | dict[str, Names] | None,
        operations: Operations | None,
    ) -> None:
        """Take what is done with each document; ``chooses_ids``: its `_id` comes from us and not from the engine."""
        self._verb = verb
        self._index = index
        self._scope = scope
        self._chooses_ids = chooses_ids
        self._key = key
        self._operations = operations
        self.is_keyed = key is not None  # whether the `_id` is a key of the record

    @property
    def indices(self) -> str:
        """Return a wildcard expression of all indices that documents may be in."""
        codes_filled = re.sub(r"%(.)", lambda code: "%" if code[1] == "%" else "*", self._index.filled("*"))
        return re.sub(r"\*+", "*", codes_filled)

    def keys(self, batch: Batch) -> pa.Array | None:
        """Return the key (n,) of each record, the empty text of one without; None where the `_id` is no key."""
        if self._key is None:
            return None
        return pc.fill_null(batch.in_order([key_texts(self._key, part) for part in batch.parts]), "")

    def operations(self, batch: Batch, keys: pa.Array | None) -> pa.Array | None:
        """Return the operation (n,) of each record, as ``Operations.of``; None where all become documents."""
        if self._operations is None or keys is None:
            return None
        return self._operations.of(batch, pc.not_equal(keys, ""))  # no engine takes an empty `_id`

    def pieces(self, batch: Batch, keys: pa.Array | None, operations: pa.Array | None) -> Pieces:
        """Write the line before each document of a batch; that of a delete stands alone."""
        names = patterned(batch, self._index, self._scope.start)
        index = json_text(names.slice(0, 1))[0].as_py() if self._index.is_constant else json_text(names)
        verb = self._verb if operations is None else pc.if_else(pc.equal(operations, DELETE), DELETE, self._verb)
        start: Pieces = ['{"', verb, '":{"_index":', index]
        if keys is not None:
            return [*start, ',"_id":', json_text(keys), "}}\n"]
        if not self._chooses_ids:
            return [*start, "}}\n"]
        ids = written(
            ((part.rows, _id_pieces(batch, part, self._scope.populations)) for part in batch.parts), len(batch)
        ).array()
        return [*start, f',"_id":"{self._scope.run}-', ids, '"}}\n']

    def read(self, line: bytes) -> Line:
        """Return what an action line says."""
        ((verb, said),) = json.loads(line).items()
        return Line(verb, said["_index"], said.get("_id"))

    def place(self, index: str, identity: str) -> bytes:
        """Return what tells the document of a key from others; an alias has other names for the same index."""
        return identity.encode() if self._index.is_constant else f"{index}/{identity}".encode()

    def is_done(self, verb: str, status: int) -> bool:
        """Return whether an action has been done, or had been.

        A document that was there before has the `_id` that only the same record has; one that is to go may be gone.
        """
        if verb == DELETE:
            return 200 <= status < 300 or status == 404
        return 200 <= status < 300 or (status == 409 and self._verb == "create" and self._chooses_ids)

    def is_ours(self, document: Mapping[str, Any]) -> bool:
        """Return whether a document is of this run; where the engine chose the ids, all are taken to be."""
        return not self._chooses_ids or str(document["_id"]).startswith(f"{self._scope.run}-")


def _id_pieces(batch: Batch, part: Part, populations: tuple[str, ...]) -> Pieces:
    """Write what tells records of one run apart; what a stage made itself is numbered under the stage's name."""
    worker = batch.worker[part.rows]
    if worker[0] < 0:
        owner: Any = json.dumps(part.emitter)[1:-1]
    elif populations:
        owner = worker_texts(worker, [json.dumps(name)[1:-1] for name in populations])
    else:
        owner = pa.array(worker)
    return [owner, "-", batch.numbers(part)]
