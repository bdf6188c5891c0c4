"""What every kind of thing in a spec is: a frozen model whose ``type`` chooses the class.

A plug-in is one class. Its fields are the keys of a spec, its docstring is the user's page, one method does the work on
columns. Built-in kinds and a user's own are declared, checked, documented and found in the same way.
"""

from abc import ABC
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from traceback import walk_tb
from typing import Annotated, Any, ClassVar, Protocol, Self, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from datagen.plugin.foreign import unknown_key
from datagen.plugin.namespace import Namespace
from datagen.problems import Path_, is_comment, show

_TYPES = frozenset(("str", "int", "float", "bool", "dict", "list"))
LARGEST = 1e300
COMMENTS = r"^(_|\$schema$)"  # names of keys that are allowed everywhere


class Model(BaseModel):
    """An object of a spec: frozen, strict about types, without unknown keys except comments (``_…``, ``$schema``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        data = without_comments(data)
        try:
            return handler(data)
        except ValidationError as error:
            lines = dict.fromkeys(cls._line(line) for line in error.errors())
            raise invalid(cls.__name__, lines) from error

    @classmethod
    def _line(cls, line: Any) -> tuple[tuple[str | int, ...], str]:
        """Return the path and the message, in our words, of what pydantic found; without a value that may be secret."""
        path, text = cls._described(line)
        field = cls.model_fields.get(str(line["loc"][0])) if line["loc"] else None
        secret = field is not None and (not field.repr or "Secret" in str(field.annotation))
        while path and isinstance(path[-1], str) and (path[-1] in _TYPES or "[" in path[-1]):
            path = path[:-1]  # which of several types it could be
        return path, text.partition(", found ")[0] if secret else text

    @classmethod
    def _described(cls, line: Any) -> tuple[tuple[str | int, ...], str]:
        if line["loc"][-1:] in (("int",), ("float",)):  # one of the two that a number may be
            return line["loc"][:-1], f"must be a valid number, found {show(line['input'])}"
        match line["type"]:
            case "problem":
                return line["loc"], line["msg"]
            case "extra_forbidden":
                key = line["loc"][-1]
                return line["loc"], unknown_key(key, cls.known_keys())
            case "missing":
                return line["loc"], f"{show(line['loc'][-1])} is required"
            case "value_error":
                return line["loc"], str(line["ctx"]["error"])
            case "model_type" | "dict_type" | "model_attributes_type":
                return line["loc"], f"must be an object, found {show(line['input'])}"
            case "greater_than_equal" | "less_than_equal" if (
                abs(line["ctx"].get("ge", line["ctx"].get("le"))) == LARGEST
            ):
                return line["loc"], f"must lie between -1e300 and 1e300, found {show(line['input'])}"
            case "too_short" | "string_too_short":
                return line["loc"], "must not be empty"
            case _:
                expected = line["msg"].replace("Input should be ", "must be ")
                return line["loc"], f"{expected}, found {show(line['input'])}"

    @classmethod
    def known_keys(cls) -> list[str]:
        """Return the keys that may stand in this object."""
        return [field.alias or name for name, field in cls.model_fields.items()]


def without_comments(data: Any) -> Any:
    """Return an object of JSON without the keys that are comments; anything else as it is."""
    return {key: value for key, value in data.items() if not is_comment(key)} if isinstance(data, dict) else data


T = TypeVar("T")
# What stands under names of its own.
Named = Annotated[
    dict[str, T],
    BeforeValidator(without_comments),
    Field(json_schema_extra={"patternProperties": {COMMENTS: {}}}),
]
# A finite number; the bound leaves room for the tail of any distribution.
Number = Annotated[int | float, Field(ge=-LARGEST, le=LARGEST)]


M = TypeVar("M", bound=Model)


def changed(model: M, **keys: Any) -> M:
    """Return a checked model with other values of some keys, and with nothing that was computed of the former ones."""
    kept = {key: getattr(model, key) for key in type(model).model_fields}
    return cast(M, type(model).model_construct(model.model_fields_set | keys.keys(), **(kept | keys)))


class Plugin(Model, ABC):
    """An object of a spec whose ``type`` chooses the class; ``kind`` is that type."""

    kind: ClassVar[str]
    group: ClassVar[str]

    @classmethod
    def known_keys(cls) -> list[str]:
        return ["type", *super().known_keys()]

    @property
    def is_ours(self) -> bool:
        """Return whether its kind is of this package; an object of a user's may remember what it made."""
        return type(self).__module__.startswith("datagen.")

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is valid but hardly meant, each with its path from here; not of the objects inside."""
        return iter(())

    def by_row(self) -> Iterator[str]:
        """Yield what of it is done row by row, and so is slow, in words; not of the objects inside."""
        return iter(())

    def files(self) -> list[str]:
        """Return the files that this object names and records depend on; their content is part of a run's identity."""
        return []

    def streams(self) -> list[str]:
        """Return the files that are read while the run goes on; their size and ends are part of a run's identity."""
        return []

    def libraries(self) -> list[str]:
        """Return the installed packages whose data records depend on; their versions are part of a run's identity.

        Data of our own stand there with the date that they are of: ``user_agents 2026-11``.
        """
        return []


class Maker(Protocol):
    """Makes plug-in objects of JSON ones; the context of every validation."""

    @property
    def namespace(self) -> Namespace:
        """Return what names mean where the objects stand."""

    def inside_of(self, namespace: Namespace) -> "Maker":
        """Return it for where names mean something else."""

    def make(self, group: str, data: Any) -> Any:
        """Return the object of a group that JSON describes. Raises pydantic's ValidationError."""

    def kind_of(self, group: str, data: Any) -> Any:
        """Return the class of the object of a group that JSON describes; None when there is none of that type."""

    def formatter(self, described: Any) -> Any:
        """Return the formatter of a JSON object, a format's name or a pattern file. Raises ValidationError."""

    def path(self, name: str) -> str:
        """Return the path of a file that is named in a spec."""

    def function(self, name: str) -> Callable[..., Any]:
        """Return the function of a user's file, ``module:name``. Raises ValueError when there is none."""


_PLAIN = (str, int, float, bool, type(None))
_HOLDERS = (Model, dict, list, tuple)  # what may hold parts; most members of parts are none of these


def inside(part: Any, wanted: type[T], apart: type[Model]) -> Iterator[tuple[Path_, T]]:
    """Yield what of a class is inside of a part of a spec, each with its path from there.

    Nothing that is inside of an object of the class ``apart`` is looked at.
    """
    for key, member in _members(part):
        if isinstance(member, wanted):
            yield (key,), member
        if isinstance(member, _HOLDERS) and not isinstance(member, apart):
            yield from (((key, *path), found) for path, found in inside(member, wanted, apart))


def _members(part: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(part, Model):
        yield from ((field.alias or key, getattr(part, key)) for key, field in type(part).model_fields.items())
    elif isinstance(part, dict):
        yield from part.items()
    elif isinstance(part, list | tuple):
        yield from enumerate(part)


def parts_of(part: Any) -> Iterator[Any]:
    """Yield a part of a spec and all that is in it but plain values: what keys hold, members of lists and dicts."""
    yield part
    if isinstance(part, Model):
        members: Iterable[Any] = [getattr(part, key) for key in type(part).model_fields]
    else:
        members = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ()
    for member in members:
        if type(member) not in _PLAIN:
            yield from parts_of(member)


def named_files(part: Any) -> list[str]:
    """Return the files that objects in a part of a spec name and that records depend on, each once."""
    found = (file for inner in parts_of(part) if isinstance(inner, Plugin) for file in inner.files())
    return list(dict.fromkeys(found))


def named_streams(part: Any) -> list[str]:
    """Return the files that are read while a run goes on by objects in a part of a spec, each once."""
    found = (file for inner in parts_of(part) if isinstance(inner, Plugin) for file in inner.streams())
    return list(dict.fromkeys(found))


def named_libraries(part: Any) -> list[str]:
    """Return what data records depend on in a part of a spec, each once, with its version: packages, and our own."""
    found = (name for inner in parts_of(part) if isinstance(inner, Plugin) for name in inner.libraries())
    return [name if " " in name else f"{name} {version(name)}" for name in dict.fromkeys(found)]


def invalid(title: str, lines: Iterable[tuple[tuple[str | int, ...], str]]) -> ValidationError:
    """Return a ValidationError for a validator to raise, with lines of a JSON path and a message."""
    return ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(type=PydanticCustomError("problem", "{text}", {"text": text}), loc=path, input=None)
            for path, text in lines
        ],
    )


def each_of(values: Iterable[Any], make: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return what is made of each of the members of a list; raises ValidationError with the problems of all."""
    made = []
    lines: list[tuple[tuple[str | int, ...], str]] = []
    for number, value in enumerate(values):
        try:
            made.append(make(value))
        except ValidationError as error:
            lines += [((number, *line["loc"]), line["msg"].removeprefix("Value error, ")) for line in error.errors()]
    if lines:
        raise invalid("list", lines)
    return tuple(made)


def make_of_group(group: str, value: Any, info: "ValidationInfo[Maker]") -> Any:
    """Return the plug-in object that a key of a model holds; for a PlainValidator."""
    return value if isinstance(value, Plugin) else maker_of(info).make(group, value)


def maker_of(info: "ValidationInfo[Maker]") -> Maker:
    """Return what makes objects in a validation; raises ValueError when an object is made in Python, without one."""
    maker: Maker | None = info.context
    if maker is None:
        raise ValueError("must be an object of its kind here; to describe it, describe what it belongs to as well")
    return maker


def place_in_source(error: BaseException) -> str:
    """Return where in a user's plug-in an exception arose, `` (FILE:LINE)``; "" when it was in no plug-in."""
    modules = set(_modules_of_users(Plugin))
    lines = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") in modules
    ]
    return f" ({lines[-1]})" if lines else ""


def _modules_of_users(plugin: type[Plugin]) -> Iterator[str]:
    """Yield the modules, outside of this package, that define kinds."""
    for kind in plugin.__subclasses__():
        if not kind.__module__.startswith("datagen."):
            yield kind.__module__
        yield from _modules_of_users(kind)
