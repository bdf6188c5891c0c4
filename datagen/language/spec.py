"""A spec: from a document to a frozen, checked ``Spec``, with every problem found at once."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

from pydantic import Field, PlainValidator, TypeAdapter, ValidationError, ValidationInfo, WithJsonSchema

from datagen.language import lone
from datagen.language.checks import Checks
from datagen.language.document import Document, problems_in
from datagen.language.emitter import Emitter
from datagen.language.extent import too_large, value_too_large
from datagen.language.population import Population
from datagen.language.state import State
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import Maker, Model, Named, maker_of
from datagen.plugin.table import AnyTable
from datagen.plugin.target import Targets
from datagen.problems import InvalidInput, Path_, Problem, is_comment, show

_NAMED_VALUES = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_FILES = {"type": "array", "items": {"type": "string"}}
_DEFINITIONS = {"type": "object", "additionalProperties": {"type": "object"}}


def _template(described: Any, info: "ValidationInfo[Maker]") -> Formatter:
    if isinstance(described, Formatter):
        return described
    if not isinstance(described, dict):
        raise ValueError(f"must be an object, found {show(described)}")
    made = maker_of(info).make("formatter", {"type": "jinja", **described})
    assert isinstance(made, Formatter), "a kind of format"
    return made


_TEXT = {"type": "string"}
_KEYS = dict.fromkeys(("header", "body", "path", "footer"), _TEXT) | {"records": {"type": "integer", "minimum": 1}}
AnyTemplate = Annotated[
    Formatter,
    PlainValidator(_template),
    WithJsonSchema({"type": "object", "properties": _KEYS, "additionalProperties": False}),
]


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


class Spec(Population):
    """A generator spec: the states that workers walk through and the records that they emit."""

    target: Targets = Field([], description="where records go, one target or several; standard output without it")
    templates: Named[AnyTemplate] = Field(
        {},
        description="formats by name, for `-f` and the `format` of a target: the keys of the format `jinja`, such as "
        "`header`, `body`, `footer`",
    )

    @classmethod
    def known_keys(cls) -> list[str]:
        return [*cls.model_fields, *Text.model_fields]


def read_spec(document: Document, registry: Maker) -> tuple[Spec, list[Problem]]:
    """Return the checked spec of a document, and warnings.

    Raises InvalidInput with all problems of the document.
    """
    spec = None
    problems: list[Problem] = []
    warnings: list[Problem] = []
    data = document.data
    if isinstance(data, dict):
        # What is valid in itself is made once, and stands where its JSON stood; so a mistake in one place hides none in
        # another, and the checks across the spec see what is valid as models.
        makers: dict[str, Callable[[Any], Any]] = {
            "states": partial(State.model_validate, context=registry),
            "emitters": partial(Emitter.model_validate, context=registry),
            "arrivals": partial(registry.make, "arrival"),
        }
        data = data | {key: _made(data[key], make) for key, make in makers.items() if key in data}
        if isinstance(tables := data.get("tables"), dict):
            make = partial(TypeAdapter(AnyTable).validate_python, context=registry)
            data["tables"] = {name: part if is_comment(name) else _made(part, make) for name, part in tables.items()}
        checks = Checks(document.data, data)
        problems += [document.problem(path, message) for path, message in checks.problems()]
        problems += [document.problem(path, message) for path, message in _too_large(data)]
        warnings += [document.problem(path, message) for path, message in checks.warnings()]
    try:
        spec = Spec.model_validate(data, context=registry)
    except ValidationError as error:
        problems = problems_in(document, error) + problems
    problems += [document.problem(*found) for found in (_contradictions(spec) if spec and not problems else ())]
    if problems or spec is None:
        raise InvalidInput(in_order(problems))
    warnings += [document.problem(path, message) for path, message in spec.oddities()]
    return spec, in_order(warnings)


def _contradictions(spec: Spec) -> Iterator[tuple[Path_, str]]:
    yield from spec.contradictions()
    yield from lone.contradictions(spec)


def _too_large(data: dict[str, Any]) -> Iterator[tuple[Path_, str]]:
    """Yield what can't fit into memory among the parts that are valid."""
    for group, key in (("emitters", "dimensions"), ("states", "variables"), ("arrivals", "variables")):
        parts = data.get(group)
        for number, part in enumerate(parts if isinstance(parts, list) else [parts]):
            if isinstance(part, Model):
                path = (group, number, key) if isinstance(parts, list) else (group, key)
                yield from too_large(path, getattr(part, key))
            if isinstance(part, Emitter) and part.source is not None:
                whole = "text" if part.text is not None else "record"
                yield from value_too_large((group, number, whole), part.source)


def _made(parts: Any, make: Callable[[Any], Any]) -> Any:
    """Return a part, or a list of parts, with models for the valid ones; the others stay as they are."""
    if isinstance(parts, list):
        return [_made(part, make) for part in parts]
    try:
        return make(parts)
    except ValidationError:
        return parts


def in_order(problems: list[Problem]) -> list[Problem]:
    """Return problems sorted by their place, each once."""
    places = {problem: (problem.source, problem.line or 0, problem.column or 0) for problem in problems}
    return sorted(places, key=lambda problem: places[problem])
