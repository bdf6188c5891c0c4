"""The model of an emitter: what a record is made of, fields or one text."""

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from datagen.plugin.dimension import AnyDimension, Dimension
from datagen.plugin.model import Maker, Model, invalid, make_of_group
from datagen.problems import show
from datagen.records.batch import TIME, Whole

TEXT = "text"  # the name of the column of whole texts, unless their generator has another


def _of_texts(described: Any, info: "ValidationInfo[Maker]") -> Any:
    """Return the generator of whole texts, which needs no name."""
    if isinstance(described, dict):
        described = {"name": TEXT, **described}
    return make_of_group("dimension", described, info)


TextGenerator = Annotated[Dimension, PlainValidator(_of_texts), WithJsonSchema({"group": "nameless"})]


class Emitter(Model):
    """What a record is made of."""

    name: str = Field(min_length=1, description="name of the emitter, unique")
    dimensions: list[AnyDimension] = Field(
        [], description="the fields of the record, after its time; required unless there is a `text`, which reads them"
    )
    text: TextGenerator | None = Field(
        None,
        description="a field generator, which needs no name, of the text that is the whole record; a list makes a "
        "record of each of its items, null or an empty list none",
    )
    split: Literal["lines"] | None = Field(
        None, description="`lines`: each line of the text is a record of its own; blank ones are none"
    )
    check: Literal["json"] | None = Field(
        None, description="`json`: each text must be JSON, and is put on one line; the run fails where it is not"
    )
    time: str | None = Field(
        TIME, min_length=1, description="what the time of the record is called; null: it is not printed"
    )
    incidents: str | None = Field(
        None, min_length=1, description="name of a field to add behind these: the list of the incidents that are on"
    )

    @cached_property
    def fields(self) -> list[Dimension]:
        """Return all that is made for its records: the dimensions, and behind them the text."""
        return self.dimensions if self.text is None else [*self.dimensions, self.text]

    @property
    def whole(self) -> Whole | None:
        """Return what the whole text of a record is; None where a record consists of fields."""
        return None if self.text is None else Whole(self.text.name, self.check == "json")

    def hidden(self, columns: Iterable[str]) -> frozenset[str]:
        """Return those of its columns that are not printed."""
        if self.text is not None:
            return frozenset(columns) - {self.text.name}
        hidden = {dimension.name for dimension in self.dimensions if dimension.hidden}
        is_own = any(dimension.name == TIME for dimension in self.dimensions)  # what is called so is not the time
        return frozenset(hidden if self.time == TIME or is_own else hidden | {TIME})

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        names = [field.name for field in self.fields]
        lines: list[tuple[tuple[str, ...], str]] = []
        if self.text is None and "dimensions" not in self.model_fields_set:
            lines.append((("dimensions",), '"dimensions" is required, or "text"'))
        lines += [
            ((key,), 'only means something beside a "text"')
            for key in ("split", "check")
            if getattr(self, key) is not None and self.text is None
        ]
        if self.text is not None and self.text.name in (TIME, *names[:-1]):
            lines.append((("text",), f"there is a dimension {show(self.text.name)} already; give it another name"))
        if self.text is not None and self.text.hidden:
            lines.append((("text", "hidden"), "the text is what is printed"))
        if self.time != TIME and self.time in names:
            lines.append((("time",), f"there is a dimension {show(self.time)} already"))
        if lines:
            raise invalid("Emitter", lines)
        return self
