"""A source that has no worker for long, or never again, is told soon."""

from contextlib import closing

import pytest

import datagen
from datagen.engine.rhythm import Course
from datagen.job import Options, Request, prepare
from tests.worlds import START, constant, state, world, write_json

DAY, NIGHT = (
    {"type": "between", "from": begin, "until": end, "factor": 1, "otherwise": 0}
    for begin, end in (("08:00", "12:00"), ("13:00", "20:00"))
)
SMOOTH = {"type": "hour_of_day", "factors": [0] * 24, "smooth": True}
SILENT = [
    0,
    SMOOTH,
    [SMOOTH, {"type": "growth", "per": "30D", "factor": 1.1}],
    [DAY, NIGHT, {"type": "sine", "period": "1D", "amplitude": 0.5}],
    {"type": "jitter", "low": 0, "high": 0, "each": "1H"},
    {"type": "steps", "values": [["-2D", 1], ["-1D", 0]]},
]
ONE = world(states=[state("a")])
del ONE["interarrival"]
OPTIONS = Options.of({"start": START, "seed": 1})
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


@pytest.mark.parametrize("profile", SILENT, ids=str)
@pytest.mark.parametrize("kind", [{"type": "poisson", "rate": 1}, {"type": "every", "every": 1}])
def test_a_profile_that_is_never_above_0_is_told_at_once(profile: object, kind: dict, monkeypatch) -> None:
    """No piece of a table is laid for it beyond the first one, where all time has millions of minutes."""
    pieces = Course.pieces
    laid: list[int] = []
    monkeypatch.setattr(Course, "pieces", lambda *given: laid.append(len((found := pieces(*given))[0])) or found)
    with closing(prepare(Request(ONE | {"arrivals": kind | {"profile": profile}}, options=OPTIONS))) as job:
        assert [str(warning) for warning in job.inputs.warnings] == [
            "spec: arrivals.profile: never rises above 0 from the begin of this source on, so nobody comes"
        ]
        assert sum(len(batch) for batch in job.run.batches()) == 0
    assert sum(laid) < 10_000


def test_the_first_worker_of_gaps_comes_whatever_the_profile(command, tmp_path) -> None:
    source = {"type": "interarrival", "distribution": constant(1), "profile": SMOOTH}
    outcome = command("check", write_json(tmp_path / "spec.json", ONE | {"arrivals": source}), "-s", START)
    assert "so nobody comes behind the first worker" in outcome.err


def test_a_profile_that_rises_later_is_no_warning() -> None:
    later = {"type": "steps", "values": [["+0S", 0], ["+12H", 1]]}
    with closing(
        prepare(Request(ONE | {"arrivals": {"type": "poisson", "rate": 1, "profile": [later, DAY]}}, options=OPTIONS))
    ) as job:
        assert job.inputs.warnings == []
