"""Actions: the lines of a bulk request that say what becomes of each document, in which index and under which `_id`.

The `_id` is `<run>-<worker>-<step>`, so a document that is sent again is known to be the same.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import pyarrow as pa

from datagen.plugin.stage import Scope
from datagen.records.batch import Batch, Part
from datagen.records.pattern import TextPattern, patterned
from datagen.records.text import Pieces, json_text, written


class Actions:
    """The action lines of a run, and what follows from them for the documents of an index."""

    def __init__(
        self, verb: Literal["index", "create"], index: TextPattern, scope: Scope, *, chooses_ids: bool
    ) -> None:
        """Take what is done with each document; ``chooses_ids``: its `_id` comes from us and not from the engine."""
        self._verb = verb
        self._index = index
        self._scope = scope
        self._chooses_ids = chooses_ids

    @property
    def indices(self) -> str:
        """Return a wildcard expression of all indices that documents may be in."""
        codes_filled = re.sub(r"%(.)", lambda code: "%" if code[1] == "%" else "*", self._index.filled("*"))
        return re.sub(r"\*+", "*", codes_filled)

    def pieces(self, batch: Batch) -> Pieces:
        """Write the line before each document of a batch."""
        names = patterned(batch, self._index, self._scope.start)
        index = json_text(names.slice(0, 1))[0].as_py() if self._index.is_constant else json_text(names)
        if not self._chooses_ids:
            return [f'{{"{self._verb}":{{"_index":', index, "}}\n"]
        ids = written(((part.rows, _id_pieces(batch, part)) for part in batch.parts), len(batch)).array()
        return [f'{{"{self._verb}":{{"_index":', index, f',"_id":"{self._scope.run}-', ids, '"}}\n']

    def identity(self, line: bytes) -> str | None:
        """Return the `_id` in an action line, None where the engine chooses it."""
        return json.loads(line)[self._verb].get("_id")

    def is_stored(self, status: int) -> bool:
        """Return whether a document is there; one that was there before has the `_id` that only the same record has."""
        return 200 <= status < 300 or (status == 409 and self._verb == "create" and self._chooses_ids)

    def is_ours(self, document: Mapping[str, Any]) -> bool:
        """Return whether a document is of this run; where the engine chose the ids, all are taken to be."""
        return not self._chooses_ids or str(document["_id"]).startswith(f"{self._scope.run}-")


def _id_pieces(batch: Batch, part: Part) -> Pieces:
    """Write what tells records of one run apart; what a stage made itself is numbered under the stage's name."""
    worker = batch.worker[part.rows]
    owner = pa.array(worker) if worker[0] >= 0 else json.dumps(part.emitter)[1:-1]
    return [owner, "-", batch.numbers(part)]
