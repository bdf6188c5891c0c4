"""What field generators have in common whose values come of a text of the user's own."""

from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen.plugin.fallible import Fallible
from datagen.plugin.model import invalid
from datagen.problems import Path_
from datagen.script.source import Source

_TEXT = WithJsonSchema({"type": "string"})


class Scripted(Fallible):
    """A field generator with a text of the user's own."""

    text: Annotated[Source, PlainValidator(Source.of_text), _TEXT] | None = Field(None, description="the text")
    path: Annotated[Source, PlainValidator(Source.of_file), _TEXT] | None = Field(
        None, description="the file of the text, relative to the spec; this or `text` is required"
    )
    constants: dict[str, Any] = Field({}, description="values that the text reads, by their names")

    @model_validator(mode="after")
    def _has_a_text(self) -> Self:
        if (self.text is None) == (self.path is None):
            raise invalid(self.kind, [((), 'there must be either "text" or "path"')])
        return self

    @property
    def source(self) -> Source:
        """Return the text, with where it stands."""
        found = self.text or self.path
        assert found is not None
        return found

    @property
    def key(self) -> Path_:
        """Return the path of the key that says the text."""
        return ("path",) if self.text is None else ("text",)
