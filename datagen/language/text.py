"""What the text of a spec, and of each of its populations, may have besides; it ends where these are put together."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from datagen.plugin.model import Model

_NAMED_VALUES = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_FILES = {"type": "array", "items": {"type": "string"}}
_DEFINITIONS = {"type": "object", "additionalProperties": {"type": "object"}}


class Text(Model):
    """What the text of a spec may have besides; it is put into the spec before that is read."""

    parameters: Annotated[Any, WithJsonSchema(_NAMED_VALUES)] = Field(
        {}, description="values that `${name}` stands for, by their names, with defaults; `--set` sets others"
    )
    include: Annotated[Any, WithJsonSchema(_FILES)] = Field(
        [],
        description="files, relative to this one, with more states, emitters, tables, profiles, incidents, definitions",
    )
    define: Annotated[Any, WithJsonSchema(_DEFINITIONS)] = Field(
        {}, description='objects by names; an object with `"uses": "name"` has their keys besides its own'
    )
