"""What a formatter is: how records become lines."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from datagen.plugin.model import Maker, Plugin
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines


class Formatter(Plugin):
    """How records become lines."""

    group: ClassVar[str] = "formatter"

    @abstractmethod
    def text(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Write the records of one emitter; a string array without nulls, each line with its line end."""

    def prepare(self, layout: Layout) -> list[str]:
        """Get ready for the records of a spec; say what does not fit them."""
        return []

    def header(self) -> str:
        """Give what stands before the first record."""
        return ""

    def lines(self, batch: Batch) -> Lines:
        """Write the records of a batch in their order."""
        return Lines.of(batch.in_order([self.text(part.columns) for part in batch.parts]))


def _formatter(value: Any, info: "ValidationInfo[Maker]") -> Any:
    return value if isinstance(value, Plugin) else info.context.formatter(value)


AnyFormatter = Annotated[
    Formatter,
    PlainValidator(_formatter),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"group": "formatter"}]}),
]
