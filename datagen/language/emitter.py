"""The model of an emitter: what a record is made of, fields, one text or one object."""

from collections.abc import Collection, Iterable
from functools import cached_property, partial
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from datagen.plugin.dimension import AnyDimension, Dimension
from datagen.plugin.model import Maker, Model, each_of, invalid, make_of_group, maker_of
from datagen.problems import show
from datagen.records.batch import TIME, Whole
from datagen.records.note import Note

TEXT, RECORD = "text", "record"  # the names of generators of whole records, unless they have another


def _named(name: str, described: Any, info: "ValidationInfo[Maker]") -> Any:
    """Return a generator of whole records, which needs no name."""
    if not isinstance(described, dict):
        return make_of_group("dimension", described, info)
    above = [field.name for field in info.data.get("dimensions", ())]
    return hiding(above, maker_of(info)).make("dimension", {"name": name, **described})


def _fields(described: Any, info: "ValidationInfo[Maker]") -> Any:
    """Return fields that read no shared values by names that those above them have."""
    if info.context is None or not isinstance(described, list):
        return described
    names = [field.get("name") if isinstance(field, dict) else None for field in described]
    if hiding(names, info.context) is info.context:
        return described
    makers = [hiding(names[:place], info.context) for place in range(len(described))]
    return list(each_of(zip(makers, described, strict=True), lambda pair: pair[0].make("dimension", pair[1])))


def hiding(names: Collection[Any], maker: Maker) -> Maker:
    """Return what makes parts for which names are those of fields, not of shared values."""
    space = maker.namespace.hiding([name for name in names if isinstance(name, str)])
    return maker if space is maker.namespace else maker.inside_of(space)


_NAMELESS = WithJsonSchema({"group": "nameless"})
TextGenerator = Annotated[Dimension, PlainValidator(partial(_named, TEXT)), _NAMELESS]
RecordGenerator = Annotated[Dimension, PlainValidator(partial(_named, RECORD)), _NAMELESS]
ColumnType = Literal["text", "integer", "number", "boolean", "time", "json"]


class Emitter(Model):
    """What a record is made of."""

    name: str = Field(min_length=1, description="name of the emitter, unique")
    dimensions: Annotated[list[AnyDimension], BeforeValidator(_fields)] = Field(
        [],
        description="the fields of the record, after its time; required unless there is a `text` or a `record`, which "
        "reads them; they are not printed then",
    )
    text: TextGenerator | None = Field(
        None,
        description="a field generator, which needs no name, of the text that is the whole record; a list makes a "
        "record of each of its items, null or an empty list none",
    )
    record: RecordGenerator | None = Field(
        None,
        description="a field generator, which needs no name, of an object that is the record: its keys are the fields; "
        "a list makes a record of each of its items, null or an empty list none",
    )
    columns: dict[str, ColumnType] | None = Field(
        None,
        description="what the values under each key of a `record` are, which may be missing; without it the generator "
        "says so, or, where it makes JSON, its first 1,000 values",
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

    @property
    def source(self) -> Dimension | None:
        """Return the generator of whole records; None where a record consists of fields."""
        return self.text if self.text is not None else self.record

    @cached_property
    def fields(self) -> list[Dimension]:
        """Return all that is made for its records: the dimensions, and behind them what makes whole records."""
        return self.dimensions if self.source is None else [*self.dimensions, self.source]

    @property
    def whole(self) -> Whole | None:
        """Return what the whole text of a record is; None where a record consists of fields."""
        return None if self.text is None else Whole(self.text.name, self.check == "json")

    def notes(self) -> dict[str, Note]:
        """Return what is said about its columns."""
        found = {field.name: field.note() for field in self.dimensions}
        if self.text is not None:
            found[self.text.name] = self.text.note()
        return found if self.record is None else found | dict(self.record.note().inside)

    def hidden(self, columns: Iterable[str], keys: Collection[str]) -> frozenset[str]:
        """Return those of its columns that are not printed; ``keys`` are those of objects that are records."""
        if self.text is not None:
            return frozenset(columns) - {self.text.name}
        beside = {dimension.name for dimension in self.dimensions}
        if self.record is not None:
            time = None if self.time in beside else self.time
            return frozenset(columns) - {*keys, time, self.incidents}
        hidden = {dimension.name for dimension in self.dimensions if dimension.hidden}
        is_own = TIME in beside  # what is called so is not the time
        return frozenset(hidden if self.time == TIME or is_own else hidden | {TIME})

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        names = [field.name for field in self.fields]
        lines: list[tuple[tuple[str, ...], str]] = []
        if self.source is None and "dimensions" not in self.model_fields_set:
            lines.append((("dimensions",), '"dimensions" is required, or "text", or "record"'))
        if self.text is not None and self.record is not None:
            lines.append((("record",), 'there can be either a "text" or a "record"'))
        lines += [
            ((key,), f'only means something beside a "{beside}"')
            for key, beside in (("split", TEXT), ("check", TEXT), ("columns", RECORD))
            if getattr(self, key) is not None and getattr(self, beside) is None
        ]
        key = TEXT if self.text is not None else RECORD
        if self.source is not None and self.source.name in (TIME, *names[:-1]):
            lines.append(((key,), f"there is a dimension {show(self.source.name)} already; give it another name"))
        if self.source is not None and self.source.hidden:
            lines.append(((key, "hidden"), f"the {key} is what is printed"))
        if self.time != TIME and self.time in names:
            lines.append((("time",), f"there is a dimension {show(self.time)} already"))
        if lines:
            raise invalid("Emitter", lines)
        return self
