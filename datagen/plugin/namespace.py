"""What names mean where they are written: in a population its own parts hide those of all.

Goes with the maker of objects through a validation; whoever reads a name of a part takes it from here.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from datagen.records.expression import Expression, parse
from datagen.records.expression.name import root
from datagen.zone import Zone

Names = Mapping[str, str]  # what a name means, by what is written; what is not among them means itself


@dataclass(frozen=True)
class Namespace:
    """What is meant by the names in one part of a spec, and whose wall clock."""

    names: Mapping[str, Names] = field(default_factory=dict)  # by the key of a spec under which the parts stand
    timezone: str | None = None  # None: that of the spec

    def meant(self, key: str, written: str) -> str:
        """Return the name, in the whole spec, of a part that is written so here; of what is shared with keys inside."""
        names = self.names.get(key, {})
        first = root(names, written) if key == "shared" else written
        return names[first] + written[len(first) :] if first in names else written

    def read(self, text: str) -> Expression:
        """Return the expression that a text is here. Raises ExpressionError."""
        return parse(text, self.meant, self.timezone)

    def hiding(self, shared: Collection[str]) -> "Namespace":
        """Return it for a place where some names are those of fields, not of shared values."""
        known = self.names.get("shared", {})
        if known.keys().isdisjoint(shared):
            return self
        left = {written: name for written, name in known.items() if written not in shared}
        return replace(self, names={**self.names, "shared": left})


EVERYWHERE = Namespace()


def namespace_of(info: "ValidationInfo[Any]") -> Namespace:
    """Return what names mean in a validation."""
    return EVERYWHERE if info.context is None else info.context.namespace


def meaning(key: str) -> Callable[[str, "ValidationInfo[Any]"], str]:
    """Return what turns a written name of a part under a key of the spec into the one that is meant."""
    return lambda written, info: namespace_of(info).meant(key, written)


def _zone_here(given: Any, info: "ValidationInfo[Any]") -> Any:
    return namespace_of(info).timezone if given is None else given


def zone_of(info: "ValidationInfo[Any]") -> Zone | None:
    """Return the zone that a population has of its own where a validation is; None for that of the spec."""
    named = namespace_of(info).timezone
    return None if named is None else Zone(named)


TableName = Annotated[str, AfterValidator(meaning("tables"))]
EmitterName = Annotated[str, AfterValidator(meaning("emitters"))]
IncidentName = Annotated[str, AfterValidator(meaning("incidents"))]
ResourceName = Annotated[str, AfterValidator(meaning("resources"))]
VariableName = Annotated[str, AfterValidator(meaning("held"))]  # which may be a resource whose row a worker holds
OF_POPULATION = BeforeValidator(_zone_here)  # of a zone that is left out: with ``validate_default``
