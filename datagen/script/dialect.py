"""The names that templates have for what they see, in our own dialect and in that of other tools."""

from dataclasses import dataclass, field
from typing import Literal

from datagen.script.environment import BUILT_IN, DRAWING

Scope = Literal["template", "population", "run"]


@dataclass(frozen=True)
class Dialect:
    """What a template sees without being given it, by name."""

    names: frozenset[str]
    drawing: frozenset[str]  # those that draw, or end a text, so that a template that has one is made by row
    tables: str  # what the tables are called
    time: str | None = None  # what the time of the record is called beside ``time``
    memories: dict[str, Scope] = field(default_factory=dict)  # what it remembers without saying so


OURS = Dialect(BUILT_IN, DRAWING, "tables")
EVENTUM = Dialect(
    names=frozenset(
        (
            "dispatch",
            "globals",
            "locals",
            "module",
            "params",
            "samples",
            "shared",
            "subprocess",
            "tags",
            "timestamp",
            "vars",
        )
    ),
    drawing=frozenset(("dispatch", "module", "random", "samples", "shuffle", "subprocess")),
    tables="samples",
    time="timestamp",
    memories={"locals": "template", "shared": "population", "globals": "run"},
)
DIALECTS: dict[str | None, Dialect] = {None: OURS, "eventum": EVENTUM}
