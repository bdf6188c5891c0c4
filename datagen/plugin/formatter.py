"""What a formatter is: how records become lines."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from datagen.plugin.model import Maker, Plugin, maker_of
from datagen.problems import show
from datagen.records.batch import Batch, Layout, Part
from datagen.records.lines import Lines
from datagen.records.text import Pieces, written

NDJSON = "application/x-ndjson"  # JSON objects, each on a line


class LineWriter:
    """Writes the records of a run as lines: a formatter that knows what the records look like.

    Where records stand one after the other, ``header`` (bytes) comes first, then what ``block`` makes of the lines that
    are written together, and in the end ``footer``. A message is a record of ``lines`` without its line end, and knows
    none of these.
    """

    reads_hidden: ClassVar[bool] = False  # whether it is given the columns that are not printed, too
    end: ClassVar[int] = 1  # bytes of a line end, which messages don't have; binary records have none
    has_blocks: ClassVar[bool] = False  # whether more stands in a file than the lines of records
    prints_texts: ClassVar[bool] = True  # as they are, where a record is a whole text; else it is a column

    def __init__(
        self,
        text: Callable[[Mapping[str, pa.Array]], pa.Array] | None = None,
        header: str | bytes = "",
        footer: bytes = b"",
    ) -> None:
        """Take a function from the columns of an emitter to the lines of its records, and what is around all lines.

        The lines are a string array without nulls, each with its line end. A writer that makes lines in another way,
        by a method of its own, needs no such function.
        """
        self._text = text
        self.header = header.encode() if isinstance(header, str) else header
        self.footer = footer

    def pieces(self, columns: Mapping[str, pa.Array]) -> Pieces:
        """Return what the lines of an emitter's records consist of."""
        assert self._text is not None, "a function for the lines, or another method"
        return [self._text(columns)]

    def pieces_of(self, part: Part) -> Pieces:
        """Return what the lines of an emitter's records in a batch consist of."""
        return self.pieces(part.columns if self.reads_hidden else part.shown)

    def lines(self, batch: Batch) -> Lines:
        """Return the records of a batch as lines, in their order."""
        return written(((part.rows, self._record(part)) for part in batch.parts), len(batch)).lines(self.end)

    def _record(self, part: Part) -> Pieces:
        return self.pieces_of(part) if part.text is None or not self.prints_texts else [part.text, "\n"]

    def block(self, lines: Lines, before: int = 0) -> Lines:
        """Return what a file gets for records that are written together: their lines, unless a format says more.

        There are so many records ``before`` them in the file.
        """
        return lines

    def unblocked(self, data: bytes) -> bytes:
        """Return the lines of the records that stand in a file of text."""
        return data.removeprefix(self.header).removesuffix(self.footer)


class PieceWriter(LineWriter):
    """Writes lines that are said in pieces, and so without a string array of them in between."""

    def __init__(self, pieces: Callable[[Mapping[str, pa.Array]], Pieces], header: str | bytes = "") -> None:
        super().__init__(header=header)
        self._pieces = pieces

    def pieces(self, columns: Mapping[str, pa.Array]) -> Pieces:
        return self._pieces(columns)


class ColumnWriter(PieceWriter):
    """Writes lines of columns; a whole text is one of these."""

    prints_texts: ClassVar[bool] = False


class PartWriter(LineWriter):
    """Writes lines that are said in pieces of all that is known of the records, also of what is not printed."""

    def __init__(self, pieces: Callable[[Part], Pieces], header: str | bytes = "") -> None:
        super().__init__(header=header)
        self._pieces = pieces

    def pieces_of(self, part: Part) -> Pieces:
        return self._pieces(part)


class Formatter(Plugin):
    """How records become lines."""

    group: ClassVar[str] = "formatter"
    is_text: ClassVar[bool] = True  # else records are binary, and nothing can be put around them
    has_columns: ClassVar[bool] = False  # whether all values of a dimension must have one type
    media_type: ClassVar[str] = "text/plain; charset=utf-8"  # what HTTP calls a record

    def __str__(self) -> str:
        return show(self.kind)

    @property
    def is_json(self) -> bool:
        """Return whether each record is a JSON object on a line of its own."""
        return False

    def writes_json(self, layout: Layout) -> bool:
        """Return whether each of these records is JSON on a line of its own."""
        return self.is_json and not unchecked(layout)

    @property
    def stream_type(self) -> str:
        """Return what HTTP calls records that stand one after the other."""
        return self.media_type

    def misfits(self, layout: Layout) -> list[str]:
        """Return why the formatter can't write records that look like this, one sentence for each reason."""
        return []

    def check(self) -> None:
        """Reach what it needs, but change nothing there. Raises RunFailed."""

    @abstractmethod
    def begin(self, layout: Layout) -> LineWriter:
        """Return a writer of records that look like this; only called when there are no misfits."""

    def stream(self, layout: Layout) -> LineWriter:
        """Return a writer for where records stand one after the other, such as a file, and must be told apart."""
        return self.begin(layout)


def unchecked(layout: Layout) -> list[str]:
    """Return the emitters whose records are whole texts that need not be JSON."""
    return [name for name, whole in layout.texts().items() if not whole.is_json]


def no_json(formatter: Formatter, layout: Layout) -> str:
    """Say what there is instead of records that are JSON."""
    if not formatter.is_json:
        return str(formatter)
    return f'whole texts of {", ".join(map(show, unchecked(layout)))}, which only "check": "json" makes sure of'


def _formatter(value: Any, info: "ValidationInfo[Maker]") -> Any:
    return value if isinstance(value, Plugin) else maker_of(info).formatter(value)


AnyFormatter = Annotated[
    Formatter,
    PlainValidator(_formatter),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"group": "formatter"}]}),
]
