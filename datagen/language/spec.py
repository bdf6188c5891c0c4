"""A spec: from a document to a frozen, checked ``Spec``, with every problem found at once."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationError, ValidationInfo, WithJsonSchema

from datagen.language import lone
from datagen.language.checks import Checks
from datagen.language.document import Document, problems_in
from datagen.language.emitter import Emitter
from datagen.language.extent import too_large, value_too_large
from datagen.language.making import made
from datagen.language.population import Population
from datagen.language.text import Text
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import Maker, Model, Named, maker_of
from datagen.plugin.registry import Registry
from datagen.plugin.target import Targets
from datagen.problems import InvalidInput, Path_, Problem, show


def _template(described: Any, info: "ValidationInfo[Maker]") -> Formatter:
    if isinstance(described, Formatter):
        return described
    if not isinstance(described, dict):
        raise ValueError(f"must be an object, found {show(described)}")
    found = maker_of(info).make("formatter", {"type": "jinja", **described})
    assert isinstance(found, Formatter), "a kind of format"
    return found


_TEXT = {"type": "string"}
_KEYS = dict.fromkeys(("header", "body", "path", "footer"), _TEXT) | {"records": {"type": "integer", "minimum": 1}}
AnyTemplate = Annotated[
    Formatter,
    PlainValidator(_template),
    WithJsonSchema({"type": "object", "properties": _KEYS, "additionalProperties": False}),
]


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


def read_spec(document: Document, registry: Registry) -> tuple[Spec, list[Problem]]:
    """Return the checked spec of a document, and warnings.

    Raises InvalidInput with all problems of the document.
    """
    spec = None
    problems: list[Problem] = []
    warnings: list[Problem] = []
    data = document.data
    if isinstance(data, dict):
        data = made(data, registry)
        checks = Checks(document.data, data, registry.namespaces)
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
    for name, own in spec.populations.items():
        if own.has_own_volume and name not in spec.crowds_that_come:
            key = "volume" if own.volume is not None else "volume_scale"
            text = "nobody comes of a source here: those who are spawned count in the volume of who spawns them"
            yield ("populations", name, key), text


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


def in_order(problems: list[Problem]) -> list[Problem]:
    """Return problems sorted by their place, each once."""
    places = {problem: (problem.source, problem.line or 0, problem.column or 0) for problem in problems}
    return sorted(places, key=lambda problem: places[problem])
