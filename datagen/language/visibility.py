"""What names mean in each population, and in what is common to all: what is nearest wins.

Own parts of a population are called ``<population>/<name>`` in the whole spec, as its states are. What they are called
inside follows from these names alone. Whoever makes objects of a part of the spec takes its names from here.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from datagen.plugin.namespace import EVERYWHERE, Names, Namespace
from datagen.problems import Path_, is_comment
from datagen.zone import Zone

NAMED = ("tables", "profiles", "incidents", "resources", "shared")
KEYS = ("emitters", *NAMED)

Namespaces = Mapping[str, Namespace]  # by population, of what is common by ``""``; none where a spec has no several


def called(population: str, name: Any) -> Any:
    """Return what a part of a population is called in the whole spec; what is no name stays."""
    return f"{population}/{name}" if isinstance(name, str) and name else name


def names_under(data: Mapping[str, Any], key: str) -> list[str]:
    """Return the names of what stands under a key of a spec, in a list or by name."""
    found = data.get(key)
    if isinstance(found, list):
        names = [one.get("name") for one in found if isinstance(one, dict)]
        return [name for name in names if isinstance(name, str)]
    return [name for name in found if not is_comment(name)] if isinstance(found, dict) else []


def names_of_rows(resources: Any) -> list[str]:
    """Return the resources that are the rows of a table, of the JSON of all."""
    named = resources.items() if isinstance(resources, dict) else ()
    return [name for name, one in named if not is_comment(name) and isinstance(one, dict) and "rows" in one]


def emissions(tables: Any) -> list[str]:
    """Return the emitters that the records of tables are of, of JSON that may be none."""
    parts = tables.values() if isinstance(tables, dict) else ()
    emits = [part["emit"] for part in parts if isinstance(part, dict) and isinstance(part.get("emit"), dict)]
    return [emit["emitter"] for emit in emits if isinstance(emit.get("emitter"), str)]


def meanings(names: Iterable[str], populations: Collection[str]) -> dict[str, Names]:
    """Return what the names of parts mean in each population, and by ``""`` in what is common.

    ``names`` are those in the whole spec. What only one other population has can be read by its name alone, too; what
    several have can't.
    """
    own: dict[str, dict[str, str]] = {population: {} for population in populations}
    common, owners = set(), dict[str, list[str]]()
    for name in names:
        population, _, inside = name.partition("/")
        if population in own and inside:
            own[population][inside] = name
            owners.setdefault(inside, []).append(name)
        else:
            common.add(name)
    foreign = {inside: having[0] for inside, having in owners.items() if len(having) == 1 and inside not in common}
    made: dict[str, Names] = {population: foreign | inside for population, inside in own.items()}
    return {"": foreign, **made}


def own_name(whole: str, populations: Collection[str]) -> str:
    """Return what a part is called where it stands: in its population, or among what is common."""
    population, _, inside = whole.partition("/")
    return inside if inside and population in populations else whole


def shown(names: Collection[str], populations: Collection[str]) -> dict[str, str]:
    """Return what parts are called where all can see them: by their own names where no other part has these."""
    alone = {meant: written for written, meant in meanings(names, populations)[""].items()}
    return {name: alone.get(name, name) for name in names}


def namespaces(data: Mapping[str, Any], populations: Mapping[str, Any]) -> dict[str, Namespace]:
    """Return what names mean in each population of a whole spec, and by ``""`` in what is common."""
    names = {key: names_under(data, key) for key in KEYS}
    names["emitters"] += emissions(data.get("tables"))
    names["held"] = names_of_rows(data.get("resources"))
    names["shared"] += names["held"]  # expressions read both by their names
    found = {key: meanings(names[key], populations) for key in names}
    zones = {name: own.get("timezone") if isinstance(own, dict) else None for name, own in populations.items()}
    return {
        population: Namespace({key: found[key][population] for key in found}, _known(zones.get(population)))
        for population in ("", *populations)
    }


def of_name(name: Any, spaces: Namespaces) -> Namespace:
    """Return what names mean in a part of the whole spec, whose name says whose it is."""
    population = name.partition("/")[0] if isinstance(name, str) else ""
    return spaces.get(population, spaces.get("", EVERYWHERE))


def space_of(data: Mapping[str, Any], path: Path_, spaces: Namespaces) -> Namespace:
    """Return what names mean at a path of the whole spec."""
    if len(path) < 2:
        return of_name("", spaces)
    key, which = path[:2]
    if isinstance(which, int):
        part = data[str(key)][which]
        return of_name(part.get("name") if isinstance(part, dict) else None, spaces)
    return of_name(which, spaces)


def _known(zone: Any) -> str | None:
    """Return a zone if there is one of its name; whoever reads the key says what is wrong with it."""
    try:
        return Zone.named(zone).name if isinstance(zone, str) else None
    except ValueError:
        return None
