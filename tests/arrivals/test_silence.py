"""A source that has no worker for long, or never again, is told soon."""

import pytest

import datagen
from tests.worlds import START, state, world

ONE = world(states=[state("a")])
del ONE["interarrival"]
UNTIL_NOON = {"type": "steps", "values": [["+0S", 1], ["+12H", 0]]}


def records(arrivals: dict) -> list:
    return list(datagen.records(ONE | {"arrivals": arrivals}, start=START, seed=1))


@pytest.mark.parametrize("kind", [{"type": "every", "every": 1}, {"type": "periodic", "period": 1, "multiplier": 1}])
@pytest.mark.parametrize(("profile", "count"), [(0, 0), (UNTIL_NOON, 12 * 3600)])
def test_a_profile_that_stays_at_0_ends_its_source(kind: dict, profile: object, count: int) -> None:
    assert len(records(kind | {"profile": profile})) == count


def test_batches_that_are_rounded_to_nobody_end_the_run() -> None:
    with pytest.raises(datagen.RunFailed, match="batches in a row have none"):
        records({"type": "every", "every": 1, "profile": 0.4})
