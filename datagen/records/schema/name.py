"""Names that other programs take: letters, digits and underscores."""

import re
from collections.abc import Iterable, Iterator

import pyarrow as pa

from datagen.problems import show


def plain_name(name: str) -> str:
    """Return a name with ``_`` for what is no letter of ASCII, digit or underscore, and before a digit in front."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{name}" if not name or name[0].isdigit() else name


def camel(name: str) -> str:
    """Return a name as types have them: ``first_name`` becomes ``FirstName``."""
    return "".join(part[:1].upper() + part[1:] for part in plain_name(name).split("_")) or "_"


def free(name: str, taken: Iterable[str]) -> str:
    """Return a name, with underscores behind it until it is not taken."""
    while name in taken:
        name += "_"
    return name


def clashes(fields: Iterable[tuple[str, pa.DataType]]) -> Iterator[str]:
    """Yield what is wrong with names that would become the same, at any depth."""
    known: dict[str, str] = {}
    for name, type_ in fields:
        other = known.setdefault(plain_name(name), name)
        if other != name:
            yield f"{show(other)} and {show(name)} would both be called {show(plain_name(name))}"
        while pa.types.is_list(type_):
            type_ = type_.value_type
        if pa.types.is_struct(type_):
            yield from clashes((field.name, field.type) for field in type_)
