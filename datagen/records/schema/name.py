"""Names that other programs take: letters, digits and underscores."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import pyarrow as pa

from datagen.problems import show
from datagen.records.types import is_optional


def plain_name(name: str) -> str:
    """Return a name with ``_`` for what is no letter of ASCII, digit or underscore, and before a digit in front."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{name}" if not name or name[0].isdigit() else name


def camel(name: str) -> str:
    """Return a name as types have them: ``first_name`` becomes ``FirstName``."""
    return plain_name("".join(part[:1].upper() + part[1:] for part in plain_name(name).split("_")))


def json_name(name: str) -> str:
    """Return what protoc calls a field of a name in JSON: ``first_name`` becomes ``firstName``."""
    return re.sub(r"_+(.?)", lambda found: found[1].upper(), plain_name(name))


def free(name: str, taken: Iterable[str]) -> str:
    """Return a name, with underscores behind it until it is not taken."""
    while name in taken:
        name += "_"
    return name


def doubles(names: Iterable[str], called: Callable[[str], str]) -> Iterator[str]:
    """Yield what is wrong with names that would be called the same."""
    known: dict[str, str] = {}
    for name in names:
        own = called(name)
        if own in known:
            both = "two values" if known[own] == name else f"{show(known[own])} and {show(name)}"
            yield f"{both} would both be called {show(own)}"
        known.setdefault(own, name)


def clashes(types: Mapping[str, pa.DataType], called: Callable[[str], str]) -> Iterator[str]:
    """Yield what is wrong with columns of plain types, and keys inside them, that would be called the same."""
    yield from doubles(types, called)
    for type_ in types.values():
        while pa.types.is_list(type_) or is_optional(type_):
            type_ = type_.field(0).type
        if pa.types.is_struct(type_):
            yield from clashes({field.name: field.type for field in type_}, called)
