"""Slots: places in the line of a record for the text of a pattern, which the keys of a format say."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeGuard

import pyarrow as pa
import pyarrow.compute as pc

from datagen.plugin.formatter import Formatter
from datagen.problems import show
from datagen.records.batch import Layout, Part
from datagen.records.escape import Escape
from datagen.records.pattern import TextPattern
from datagen.records.text import Piece, join, plain_text


@dataclass(frozen=True)
class Slot:
    """A place for the text of a pattern."""

    pattern: TextPattern
    escape: Escape | None = None
    empty: str = ""  # what stands there instead of a text of nothing
    nothing: tuple[str, ...] = ("",)

    def piece(self, part: Part) -> Piece:
        """Return what stands there for the records of an emitter."""
        pieces = [piece for piece in self.pattern.pieces(part.columns) if not isinstance(piece, str) or piece]
        if all(isinstance(piece, str) for piece in pieces):
            return self._fit(pa.array(["".join(map(str, pieces))]))[0].as_py()
        if len(pieces) == 1 and _repeats(pieces[0]):  # each of its values is looked at once
            return pa.DictionaryArray.from_arrays(pieces[0].indices, self._fit(plain_text(pieces[0].dictionary)))
        return self._fit(join(pieces, len(part.rows)))

    def _fit(self, texts: pa.Array) -> pa.Array:
        texts = self.escape(texts) if self.escape else texts
        return pc.if_else(pc.is_in(texts, pa.array(self.nothing)), self.empty, texts) if self.empty else texts


def _repeats(piece: Any) -> TypeGuard[pa.DictionaryArray]:
    """Return whether a piece is a column of values that repeat, none of them null."""
    return isinstance(piece, pa.DictionaryArray) and not piece.null_count and len(piece.dictionary) < len(piece)


class SlottedFormatter(Formatter):
    """A format some of whose keys are patterns, by default of the dimensions that usually have such a value."""

    writes_texts: ClassVar[bool] = True  # as they are, where a record is a whole text
    may_lack: ClassVar[tuple[str, ...]] = ()  # keys that stand for nothing where a spec lacks the usual dimension

    @abstractmethod
    def slots(self) -> Iterator[str]:
        """Yield the keys that are patterns."""

    def misfits(self, layout: Layout) -> list[str]:
        layout = self.filled(layout)
        return [text for key in self.slots() for text in self._problems(key, layout)] if layout.emitters else []

    def filled(self, layout: Layout) -> Layout:
        """Return the emitters whose records have slots."""
        return layout.of_columns() if self.writes_texts else layout

    def pattern(self, key: str, layout: Layout) -> TextPattern:
        """Return the pattern of a key; one of nothing where a spec may lack what it names by default, and does."""
        found = TextPattern(getattr(self, key), layout)
        if found.problems and key in self.may_lack and key not in self.model_fields_set:
            return TextPattern("", layout)
        return found

    def _problems(self, key: str, layout: Layout) -> Iterator[str]:
        is_default = key not in self.model_fields_set
        for text in self.pattern(key, layout).problems:
            help_ = f'; the key {show(key)} of the format says what it is, such as "{{{{a}}}}" or a constant text'
            yield f"{key}: {text}{help_ if is_default else ''}"
