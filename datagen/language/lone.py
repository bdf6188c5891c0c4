"""The checks of sources that fill their batches by bytes: a life is one record, which depends on nobody else."""

from collections.abc import Iterator, Sequence

from datagen.graph import reached
from datagen.language.emitter import Emitter
from datagen.language.population import Population
from datagen.language.state import State
from datagen.plugin.arrival import BATCH, Arrival
from datagen.plugin.dimension import Dimension
from datagen.plugin.life import FACTS, MAYBE
from datagen.plugin.memory import MEMORY, parts_of
from datagen.problems import Path_, show
from datagen.records.expression.name import of_former, root

Found = Iterator[tuple[Path_, str]]


def contradictions(population: Population) -> Found:
    """Yield why the records of such sources could not be measured before their workers come, each with its path."""
    states = {state.name: state for state in population.states}
    emitters = {emitter.name: emitter for emitter in population.emitters}
    for path, source in population.placed_sources():
        if source.measures:
            state = states[source.state] if source.state is not None else population.states[0]
            found = [*_other_records(states, state, emitters), *_unknown(source, state, emitters)]
            for text in (*found, *_shared(population, source, state)):
                yield (*path, "bytes"), text
            if source.when_full != "wait":
                yield (
                    (*path, "when_full"),
                    'must be "wait" with "bytes": all who are measured come',
                )


def _other_records(states: dict[str, State], state: State, emitters: dict[str, Emitter]) -> Iterator[str]:
    """Yield why a life that begins in a state is not one record at its birth."""
    if state.emitter is None:
        yield f"each of its workers must emit its record at birth, and state {show(state.name)} has no emitter"
    elif emitters[state.emitter].record is not None or emitters[state.emitter].split is not None:
        what = "lines" if emitters[state.emitter].record is None else "record"
        makes = f"the {what} of {show(state.emitter)} may be none or several"
        yield f"each of its workers must emit one record, and {makes}"
    if state.each is not None:
        yield f"each of its workers must emit one record, and state {show(state.name)} makes one for each of its items"
    ways = {name: [way.next for way in other.ways if way.next in states] for name, other in states.items()}
    for name in reached(ways, *ways[state.name]):
        if states[name].emitter is not None:
            yield f"each of its workers must emit one record and no more, and can get to state {show(name)} behind it"
            return


def _shared(population: Population, source: Arrival, state: State) -> Iterator[str]:
    """Yield what makes records that depend on what all workers share."""
    fields = next((one.fields for one in population.emitters if one.name == state.emitter), [])
    for dimension in (*source.variables, *state.variables, *fields):
        for name in {name for _, name in dimension.all_names() if population.shares(name)}:
            yield f"{show(dimension.name)} reads {show(name)}, which others may have changed by then"


def _unknown(source: Arrival, state: State, emitters: dict[str, Emitter]) -> Iterator[str]:
    """Yield what makes records that depend on what was made before."""
    own = [*source.variables, *state.variables]
    fields = emitters[state.emitter].fields if state.emitter is not None else []
    parts: Sequence[Dimension] = (*own, *fields)
    named = {dimension.name for dimension in parts}
    for dimension in parts:
        names = [name for _, name in dimension.all_names()]
        looks_back = any(of_former(name) is not None or (parts_of(name) and MEMORY not in named) for name in names)
        if looks_back or any(part.counts() or part.goes_in_order() for _, part in dimension.whole()):
            yield f"{show(dimension.name)} depends on the values made before, so nobody knows the bytes ahead"
        if any(name in (*FACTS, *MAYBE) and name not in named for _, name in dimension.all_names()):
            yield f"{show(dimension.name)} reads what is only known of workers who are born"
        if any(root([BATCH], name) and BATCH not in named for _, name in dimension.all_names()):
            yield f"{show(dimension.name)} reads {show(BATCH)}, which is only known once the records are measured"
