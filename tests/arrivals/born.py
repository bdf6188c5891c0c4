"""When the workers of a source are born, through the real engine."""

from datagen.clock import SimulatedClock
from datagen.moment import parse_moment
from tests.worlds import START, run_of, state

EMITTERS = [{"name": "e", "dimensions": []}]


def spec_of(*sources: dict, states: list[dict] | None = None, **keys: object) -> dict:
    """A spec with some sources; unless told otherwise every worker emits one record and stops."""
    return {"states": states or [state("s")], "emitters": EMITTERS, "arrivals": list(sources), **keys}


def born(source: dict, duration: str, *, seed: int = 1, start: str = START, **keys: object) -> list[int]:
    """When its workers are born who emit one record and stop, in ns since the start."""
    clock = SimulatedClock(parse_moment(start))
    run = run_of(spec_of(source, **keys), duration=duration, seed=seed, max_workers=10**6, clock=clock)
    return [time for batch in run.batches() for time in batch.due.tolist()]
