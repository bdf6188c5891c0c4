"""A simulation that begins before its records: the first of them already come from a full house."""

import pytest

import datagen
from tests.worlds import START, counter, exponential, records_of, state, world, write_json

# Ten records a second in the long run: two a life, which lasts 40 seconds on average.
SPEC = world(counter("n"), states=[state("a", {"a": 0.5, "stop": 0.5}, delay=exponential(20))])
del SPEC["interarrival"]
SPEC["arrivals"] = {"type": "poisson", "rate": 5}


def in_the_first_minute(**keys: object) -> float:
    made = (datagen.records(SPEC | keys, start=START, duration="1M", max_workers=10_000, seed=n) for n in range(100))
    return sum(len(list(records)) for records in made) / 100 / 60


def test_the_first_minute_is_as_full_as_any_other() -> None:
    assert in_the_first_minute(warm_up="auto") == pytest.approx(10, rel=0.02)
    assert in_the_first_minute() < 8  # while the house fills


def test_nobody_gets_what_lies_before_the_start() -> None:
    records = records_of(SPEC | {"warm_up": "5M"}, 100)
    assert records[0]["n"] == 0
    assert records[0]["time"] >= START


def test_the_option_wins(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC | {"warm_up": "1H"})
    run = ("-c", spec, "-s", START, "-n", 50, "--seed", 1, "-m", 9999)
    none, long, given = (command(*run, *option).out for option in (["--warm-up", "0"], ["--warm-up", "1H"], []))
    assert none != long == given


@pytest.mark.parametrize(
    ("given", "what"), [("soon", "must be a duration"), (-5, "must be a duration"), (None, "must be")]
)
def test_a_warm_up_is_a_duration_or_auto(given: object, what: str) -> None:
    with pytest.raises(datagen.InvalidInput, match=f'warm_up: {what}.*or "auto"'):
        datagen.load(SPEC | {"warm_up": given})
