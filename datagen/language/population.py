"""The models of a population: the states that workers walk through, and what they emit. Knows no target."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any, Self

import pyarrow as pa
from pydantic import Field

from datagen.language.emitter import Emitter
from datagen.language.resource import Resource
from datagen.language.state import State
from datagen.language.subpopulation import Subpopulation
from datagen.language.visibility import meanings, shown
from datagen.plugin.arrival import AnyArrivals, Arrival
from datagen.plugin.dimension import Dimension, keyed_path
from datagen.plugin.distribution import odd_span
from datagen.plugin.fallible import Fallible
from datagen.plugin.incident import AnyIncident
from datagen.plugin.instant import WarmUp
from datagen.plugin.labelled import Labelled
from datagen.plugin.lookup import Lookup
from datagen.plugin.memory import shares
from datagen.plugin.model import Model, Named, changed
from datagen.plugin.order import VARIABLE, Node, former_reads, tangles
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.profile import AnyProfile, ZoneName
from datagen.plugin.registry import source_of
from datagen.plugin.seconds import MaybeSecondsDistribution
from datagen.plugin.shared import Start
from datagen.plugin.table import AnyTable, TableProblem
from datagen.plugin.volume import AnyVolume
from datagen.plugin.world import Space
from datagen.problems import Path_, Unfillable, path_part, show
from datagen.records.batch import TIME, Layout
from datagen.records.reference import Reference

# Keys of a dimension that don't decide which values its pool has.
_GAPS = {"when", "percent_missing", "percent_nulls"}
_OF_NO_POOL = _GAPS | {"description", "tags", "keyed_by", "hidden", "cardinality_distribution"}


@dataclass(frozen=True)
class Place:
    """A dimension of a spec, with where it stands in the JSON and the name path of its draws."""

    json_path: Path_
    name_path: str
    dimension: Dimension
    emitter: str | None = None  # whose record it is a field of, not nested
    table: str | None = None  # whose column it makes

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is odd about the dimension and those inside, each with its path in the JSON."""
        yield from (((*self.json_path, *path), text) for path, text in self.dimension.oddities())
        if self.dimension.hidden and self.emitter is None:
            yield (*self.json_path, "hidden"), "only a field of a record can be hidden; what is inside of one can't"
        for place in self.nested():
            yield from place.oddities()

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        """Yield what can't be done with values of these types in it and inside, each with its path in the JSON."""
        yield from (((*self.json_path, *path), text) for path, text in self.dimension.misfits(layout, variables))
        for place in self.nested():
            yield from place.misfits(layout, variables)

    def keyed_pools(self) -> "Iterator[Place]":
        """Yield it and those inside that have a pool and are keyed, so that all of one name share it."""
        pooled = isinstance(self.dimension, PooledDimension) and self.dimension.cardinality > 0
        if pooled and self.dimension.keyed_by is not None:
            yield self
        for place in self.nested():
            yield from place.keyed_pools()

    def pool_keys(self) -> Any:
        """Return what decides which values a pool has."""
        return self.dimension.kind, [
            getattr(self.dimension, key) for key in type(self.dimension).model_fields if key not in _OF_NO_POOL
        ]

    def nested(self) -> "Iterator[Place]":
        """Yield the places of the dimensions directly inside."""
        for path, dimension in self.dimension.nested():
            yield _placed((*self.json_path, *path), self.name_path, dimension)


class Population(Model):
    """Workers: how often one is spawned, the states that it walks through and the records that it emits."""

    states: list[State] = Field(min_length=1, description="the states; a worker begins in the first")
    emitters: list[Emitter] = Field(description="what the records are made of")
    interarrival: MaybeSecondsDistribution = Field(
        None, description="seconds from one spawn of a worker to the next; this or `arrivals` is required"
    )
    arrivals: AnyArrivals = Field((), description="a source of workers, or several, in place of `interarrival`")
    profiles: Named[AnyProfile] = Field({}, description="profiles by name: how fast the clock of an activity runs")
    incidents: Named[AnyIncident] = Field({}, description="incidents by name: stretches of time")
    tables: Named[AnyTable] = Field({}, description="tables by name: rows of reference data to pick from")
    resources: Named[Resource] = Field({}, description="what workers share and wait for, by name")
    shared: Named[Start] = Field(
        {}, description="values that all workers see and that states `set`, each a number or boolean to start with"
    )
    most_children: int = Field(
        1_000_000, ge=1, strict=True, description="most workers that others have spawned, alive or still to be born"
    )
    warm_up: WarmUp = Field(
        0, description='how long before the start the simulation begins, such as "30M", or "auto": ten mean lives'
    )
    max_workers: int | None = Field(
        None, ge=1, strict=True, description="most workers alive at once; the option -m wins; 100 without both"
    )
    limit_profile: AnyProfile | None = Field(
        None, description="what the limit of workers is multiplied by, by the time: read at every whole minute"
    )
    populations: Named[Subpopulation] = Field(
        {}, description="several populations, by name, in place of `states` and arrivals; what stands beside is common"
    )
    timezone: ZoneName | None = Field(
        None, description="time zone (IANA) of times without an offset; the option `--timezone` wins"
    )
    volume: AnyVolume | None = Field(
        None,
        description='how much to make, by more workers: "5000/s" (records) or "10GB/D"; with " peak" behind it in the '
        "highest minute of a week, else on average; the options --rate and --volume win",
    )
    volume_scale: float | None = Field(
        None, gt=0, le=1e9, description="so many times more workers, in place of what `volume` would come to"
    )

    def tables_in_order(self) -> list[str]:
        """Return the names of the tables, each behind those that it is made of. Raises CycleError for a circle."""
        made_of = {name: [other for _, other in table.tables()] for name, table in self.tables.items()}
        return list(TopologicalSorter(made_of).static_order())

    @cached_property
    def sources(self) -> list[Arrival]:
        """Return the sources of arrivals, in order of their names."""
        if self.interarrival is not None:
            return [source_of(self.interarrival)]
        found = [source for _, source in self.placed_sources()]
        return sorted(found, key=lambda source: (self.crowd_of(source.name or ""), source.name or ""))

    @cached_property
    def crowds(self) -> list[str]:
        """Return the names of the populations, in order; one without a name where the spec has no several."""
        return sorted(self.populations) or [""]

    def crowd_of(self, name: str) -> int:
        """Return the number of the population that a state or source is of, by its name."""
        return self._numbers[name.partition("/")[0]] if self.populations else 0

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.crowds)}

    def is_off(self, source: Arrival) -> bool:
        """Return whether nobody comes of a source."""
        return bool(self.populations) and self.populations[self.crowds[self.crowd_of(source.name or "")]].off

    @property
    def crowds_with_sources(self) -> list[str]:
        """Return the populations that have sources; the workers of the others are spawned by those."""
        return [name for name in self.crowds_that_come if not (self.populations and self.populations[name].off)]

    @property
    def crowds_that_come(self) -> list[str]:
        """Return the populations that have sources, also those that are off."""
        numbers = {self.crowd_of(source.name or "") for source in self.sources}
        return [name for number, name in enumerate(self.crowds) if number in numbers]

    def own_name(self, name: str) -> str:
        """Return the name of a state or source in its population."""
        return name.partition("/")[2] if self.populations else name

    @cached_property
    def spaces(self) -> dict[str, Space]:
        """Return what is meant in each population and, by ``""``, in what is common; nothing without several."""
        if not self.populations:
            return {}
        tables = meanings(self.tables, self.populations)
        zones = {name: own.timezone for name, own in self.populations.items()}
        return {name: Space(zones.get(name), tables[name]) for name in tables}

    @cached_property
    def shown(self) -> dict[str, str]:
        """Return what emitters, those of the records of tables among them, are called where records are seen."""
        emissions = (table.emit.emitter for table in self.tables.values() if table.emit is not None)
        return shown([*(emitter.name for emitter in self.emitters), *emissions], self.populations)

    def limit_profile_of(self, name: str) -> AnyProfile | None:
        """Return the profile of the limit of a population."""
        return self.populations[name].limit_profile if name else self.limit_profile

    @property
    def takes_rows(self) -> bool:
        """Return whether a source takes the rows of a table, and has only its name so far."""
        return any([*source.tables()] for source in self.sources)

    def bound(self, tables: Mapping[str, Reference]) -> Self:
        """Return it with the rows of tables where sources take them. Raises Unfillable when they don't fit."""
        if not self.takes_rows:
            return self
        found = {path: _bound(path, source, tables) for path, source in self.placed_sources()}
        return changed(self, arrivals=found.get(("arrivals",), tuple(found.values())))

    def placed_sources(self) -> Iterator[tuple[Path_, Arrival]]:
        """Yield the sources as they are listed, with their paths."""
        if isinstance(self.arrivals, tuple):
            yield from ((("arrivals", number), source) for number, source in enumerate(self.arrivals))
        else:
            yield ("arrivals",), self.arrivals

    @property
    def stands_still(self) -> bool:
        """Return whether time never passes: no gap and no delay can be above 0."""
        return all(source.never_waits for source in self.sources) and all(state.never_waits for state in self.states)

    @property
    def is_swayed(self) -> bool:
        """Return whether where workers go may depend on shared values that others change."""
        return any(state.set_ for state in self.states) and any(state.is_conditional for state in self.states)

    def shares(self, name: str) -> bool:
        """Return whether a name may be that of a shared value, of the spec or of a row."""
        inner = name.rpartition(".")[2]
        return name in self.shared or (inner != name and any(inner in table.shared for table in self.tables.values()))

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is valid but hardly meant, each with its path."""
        spans = {("states", number, "delay"): state.drawn_delay for number, state in enumerate(self.states)}
        for path, source in self.placed_sources():
            yield from (((*path, *inner), text) for inner, text in source.oddities())
        for path, distribution in ({("interarrival",): self.interarrival} | spans).items():
            if odd := odd_span(distribution):
                yield path, odd
        for name, table in self.tables.items():
            yield from ((("tables", name, *inner), text) for inner, text in table.oddities())
        for place in self.places():
            yield from place.oddities()

    def contradictions(self) -> Iterator[tuple[Path_, str]]:
        """Yield what can't be together among parts that are valid each by itself, with its path."""
        yield from self._emissions()
        pools: dict[str, Place] = {}
        kinds: set[type[Dimension]] = set()
        labels: dict[tuple[Path_, str, str], Any] = {}
        kinds_of = {one.name: "texts" if one.text is not None else "objects" for one in self.emitters if one.source}
        for place in self.places():
            for path, part in place.dimension.whole():
                if isinstance(part, Lookup) and part.emitter in kinds_of:
                    made = kinds_of[part.emitter]
                    text = f"the records of {show(part.emitter)} are whole {made}, which can't be looked up"
                    yield (*place.json_path, *path, "emitter"), f"{text}; keep in a variable what others need of them"
                if isinstance(part, Fallible) and (why := self._not_to_be_skipped(part, place.emitter)):
                    yield (*place.json_path, *path, "on_error"), why
                if shares(part) and place.emitter is None:
                    text = "only what is a field of a record can remember together with others"
                    yield (*place.json_path, *path), text
                kinds.add(type(part))
                if (label := part.row_label()) is not None:
                    table, name, picking = label
                    owner = place.json_path[:2] if part.keyed_by is None else ()
                    if labels.setdefault((owner, table, name), picking) != picking:
                        text = f"another field shares the row {show(name)}, and picks it in another way"
                        yield (*place.json_path, *path, "as"), text
            for keyed in place.keyed_pools():
                first = pools.setdefault(keyed.name_path, keyed)
                if first.pool_keys() != keyed.pool_keys():
                    text = "a field of this name is keyed, too, and has another pool; give this one another name"
                    yield (*keyed.json_path, "name"), text
        if any(issubclass(kind, Lookup) for kind in kinds):
            yield from self._tangles()
        if any(issubclass(kind, Labelled) for kind in kinds):
            yield from self._labels()

    def _emissions(self) -> Iterator[tuple[Path_, str]]:
        """Yield why the rows of tables can't be records."""
        names = {emitter.name for emitter in self.emitters}
        for name, table in self.tables.items():
            if table.emit is None:
                continue
            path = ("tables", name, "emit")
            if table.emit.emitter in names:
                yield (*path, "emitter"), f"there is an emitter {show(table.emit.emitter)} already"
            if table.emit.time != TIME and table.emit.time in table.names():
                yield (*path, "time"), f"there is a column {show(table.emit.time)} already"
            names.add(table.emit.emitter)

    def _not_to_be_skipped(self, part: Fallible, emitter: str | None) -> str | None:
        """Return why no record of an emitter can be left out, if that is asked for."""
        if part.on_error != "skip":
            return None
        if emitter is None:
            return "only a record can be skipped, and this is a field of none"
        if emitter in self._remembered:
            return "no record can be skipped here: others look back at the records of this emitter"
        return None

    @cached_property
    def _remembered(self) -> set[str]:
        """Return the emitters whose records, or what was made for them, others take something from."""
        whole = [(one.name, part) for one in self.emitters for field in one.fields for _, part in field.whole()]
        found = {name for name, part in whole if part.remembers()}
        found |= {one.name for one in self.emitters if former_reads(one.fields)}
        return found | {
            part.emitter for place in self.places() for _, part in place.dimension.whole() if isinstance(part, Lookup)
        }

    def _labels(self) -> Iterator[tuple[Path_, str]]:
        """Yield the labels of fields that can't be added to a record."""
        names: dict[str | None, set[str | None]] = {
            one.name: {TIME, one.time, one.incidents, *(field.name for field in one.fields)} for one in self.emitters
        }
        for place in self.places():
            for path, part in place.dimension.whole():
                label = part.label if isinstance(part, Labelled) else None
                at = (*place.json_path, *path)
                if label is not None and (path or place.emitter is None):
                    yield (
                        at,
                        f"only a field of a record can have a label ({show(label)}); what is inside of one can't",
                    )
                elif label is not None and label in names[place.emitter]:
                    yield at, f"there is a field {show(label)} already; give the label another name"
                elif label is not None:
                    names[place.emitter].add(label)

    def _tangles(self) -> Iterator[tuple[Path_, str]]:
        """Yield the circles in which emitters, or emitters and variables, look each other up, each at a field."""
        emitters = {emitter.name: emitter.fields for emitter in self.emitters}
        variables: dict[str, list[Dimension]] = {}
        paths: dict[Node, Path_] = {}
        for place in self.places():
            node = (place.emitter or VARIABLE, place.dimension.name)
            if place.table is None:
                paths.setdefault(node, place.json_path)
            if place.table is None and place.emitter is None:
                variables.setdefault(place.dimension.name, []).append(place.dimension)
        for circle in tangles(emitters, variables):
            names = [f"variable {show(name)}" if not of else f"{show(name)} of {of}" for of, name in circle]
            text = f"is made of records that are made of it ({' → '.join(names)}); look up something else there"
            yield paths[next(node for node in circle if node in paths)], text

    @cached_property
    def skips(self) -> bool:
        """Return whether a record may be left out where something fails for it."""
        parts = (part for place in self.places() for _, part in place.dimension.whole())
        return any(isinstance(part, Fallible) and part.on_error == "skip" for part in parts)

    @property
    def one_each(self) -> bool:
        """Return whether each step that emits makes one record."""
        return not self.skips and all(emitter.source is None for emitter in self.emitters)

    def places(self) -> Iterator[Place]:
        """Yield the places of the dimensions of tables and emitters, and of all variables, without nested ones.

        Those of a table come behind those of the tables that it is made of.
        """
        for name in self.tables_in_order():
            for number, dimension in enumerate(self.tables[name].dimensions()):
                place = _placed(("tables", name, "columns", number), f"table/{path_part(name)}", dimension)
                yield replace(place, table=name)
        for number, emitter in enumerate(self.emitters):
            name_path = f"emitter/{path_part(emitter.name)}"
            yield from _places(("emitters", number, "dimensions"), name_path, emitter.dimensions, emitter.name)
            if emitter.source is not None:
                key = "text" if emitter.text is not None else "record"
                yield _placed(("emitters", number, key), name_path, emitter.source, emitter.name)
        for number, state in enumerate(self.states):
            name_path = f"state/{path_part(state.name)}"
            yield from _places(("states", number, "variables"), name_path, state.variables)
            for index, entry in enumerate(state.entries):
                at: Path_ = ("states", number, *entry.json_path(index), "variables")
                yield from _places(at, "/".join([name_path, *map(path_part, entry.names)]), entry.variables)
        for path, source in self.placed_sources():
            name_path = "source" if source.name is None else f"source/{path_part(source.name)}"
            yield from _places((*path, "variables"), name_path, source.variables)


def _bound(path: Path_, source: Arrival, tables: Mapping[str, Reference]) -> Arrival:
    try:
        return source.bound(tables)
    except TableProblem as problem:
        raise Unfillable((*path, *problem.path), str(problem), f"reading tables for {source.kind}") from problem


def _places(path: Path_, name_path: str, dimensions: list[Dimension], emitter: str | None = None) -> Iterator[Place]:
    for number, dimension in enumerate(dimensions):
        yield _placed((*path, number), name_path, dimension, emitter)


def _placed(path: Path_, name_path: str, dimension: Dimension, emitter: str | None = None) -> Place:
    is_keyed = dimension.keyed_by is not None
    drawn = keyed_path(dimension) if is_keyed else f"{name_path}/{path_part(dimension.name)}"
    return Place(path, drawn, dimension, emitter)
