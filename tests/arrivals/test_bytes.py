"""Beats that are filled by bytes: to the record, and only where each life is one record that depends on nobody else."""

import itertools

import pytest

import datagen
from datagen.clock import SimulatedClock
from datagen.engine.expectation import Expectation
from datagen.engine.run import Run
from datagen.moment import parse_moment
from datagen.problems import RunFailed
from tests.arrivals.born import spec_of
from tests.engine.test_oracle import assert_equal
from tests.worlds import constant, enum, exponential, state, uniform

START = "2024-01-01T00:00:00Z"
EVERY = {"type": "every", "every": "1M", "bytes": "2kB"}
LONG = {"name": "long", "type": "string", "length_distribution": uniform(0, 300), "chars": "abcé\\"}
WORDS = enum("word", *("x" * length for length in range(9)))
READS = [{"name": name, "type": "variable", "variable": name} for name in ("word", "long")]
NUMBER = {"name": "number", "type": "expression", "value": "worker"}
MINUTE = {"name": "minute", "type": "string", "length_distribution": constant(3), "when": "minute(time) % 2 = 0"}


def filling(source: dict, *fields: dict, states: list | None = None, **keys: object) -> dict:
    states = states or [state("s", variables=[WORDS])]
    emitters = [{"name": "e", "dimensions": [*READS, NUMBER, *fields]}]
    return spec_of(source | {"variables": [LONG]}, states=states, emitters=emitters, **keys)


def beats(spec: dict, **options: object) -> list[list[int]]:
    """Return the bytes of the records, beat by beat."""
    found = []
    for batch in run(spec, **options).batches():
        sizes = [len(line) + 1 for line in bytes(batch.json.data).splitlines()]
        found += zip(batch.due.tolist(), sizes, strict=True)
    return [[size for _, size in group] for _, group in itertools.groupby(found, key=lambda pair: pair[0])]


def run(spec: dict, records: int | None = 200, **keys: object) -> Run:
    clock = SimulatedClock(parse_moment(START))
    return Run(datagen.load(spec).spec, clock, seed=3, max_workers=100, records=records, **keys)


@pytest.mark.parametrize("fields", [[], [MINUTE]])
def test_a_beat_has_the_records_that_fit_and_what_is_left_is_carried_on(fields: list[dict]) -> None:
    made, left = beats(filling(EVERY, *fields)), 0
    for beat in made[:-1]:
        left += 2000 - sum(beat)
        assert 0 <= left < 700  # the longest record
    assert len(made) > 10


def test_what_a_beat_leaves_is_too_little_for_the_next_record() -> None:
    made, left = beats(filling(EVERY)), 0
    for beat, after in itertools.pairwise(made[:-1]):
        left += 2000 - sum(beat)
        assert left < after[0]


def test_a_record_that_is_too_long_comes_when_there_are_enough_bytes() -> None:
    made = beats(filling(EVERY | {"bytes": 50}), records=20)
    assert [len(beat) for beat in made] == [1] * 20


def test_parts_of_bytes_are_carried_on() -> None:
    profile = {"type": "minute_of_hour", "factors": {str(minute): 0.004 for minute in range(60)}}
    source = EVERY | {"every": "1S", "bytes": 100, "profile": profile, "times": 3000}
    assert 0 <= 3000 * 0.4 - sum(map(sum, beats(filling(source)))) < 700


def test_beats_without_bytes_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen.plugin.arrival._MOST_EMPTY", 10_000)
    profile = {"type": "minute_of_hour", "factors": {"0": 0}}
    with pytest.raises(RunFailed, match="batches in a row have none"):
        list(run(filling(EVERY | {"every": "1H", "profile": profile})).batches())


def test_a_volume_scales_the_bytes() -> None:
    spec = filling(EVERY | {"every": "1H", "bytes": "200kB"}, volume="1MB/H")
    report = datagen.explain(spec, start=START, duration="2D")
    assert report["run"]["bytes"] == pytest.approx(48e6, rel=0.02)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"vary": {"low": 0, "high": 2}, "first": "3S", "times": 4},
        {"profile": {"type": "minute_of_hour", "factors": {"1": 0, "2": 3}}},
        {"bytes": "0.137kB", "until": "+1H"},
        {"from": "-90S", "most": 20, "state": "t"},
    ],
)
def test_the_engine_equals_the_oracle(keys: dict) -> None:
    states = [state("s", variables=[WORDS]), state("t", {"end": 1}, variables=[LONG]), state("end", emitter=None)]
    spec = filling({**EVERY, "every": "30S", **keys, "name": "b"}, MINUTE, states=states, warm_up=40)
    spec["arrivals"].append({"name": "a", "type": "poisson", "rate": "2/M", "state": "t"})
    assert_equal(spec, {"seed": 3, "records": 30, "start": START})


def test_a_run_that_is_continued_fills_the_same_beats() -> None:
    spec = filling(EVERY | {"bytes": "40kB"})

    def texts(made: Run, snapshots: list | None = None) -> bytes:
        found = []
        for window in made.windows():
            found += [bytes(batch.json.data) for batch in window.batches]
            if snapshots is not None and not made.is_complete:
                snapshots.append((b"".join(found), made.snapshot()))
        return b"".join(found)

    snapshots: list = []
    whole = texts(run(spec, 20_000), snapshots)
    assert len(snapshots) > 1
    for before, snapshot in snapshots:
        continued = run(spec, 20_000)
        continued.restore(snapshot)
        assert before + texts(continued) == whole


COUNTER = {"name": "n", "type": "counter"}
BATCH = {"name": "n", "type": "expression", "value": "batch.index"}
AGAIN = [state("s", {"s": 0.5, "stop": 0.5}, delay=exponential(1), variables=[WORDS])]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (filling(EVERY, COUNTER), '"n" depends on the values made before'),
        (filling(EVERY, {"name": "n", "type": "object", "dimensions": [COUNTER]}), '"n" depends on the values made'),
        (filling(EVERY, {"name": "n", "type": "previous", "of": "time"}), '"n" depends on the values made before'),
        (filling(EVERY, BATCH), '"n" reads "batch", which is only known once the records are measured'),
        (filling(EVERY | {"when_full": "drop"}), 'must be "wait" with "bytes"'),
        (filling(EVERY, states=AGAIN), 'can get to state "s" behind it'),
        (
            filling(EVERY, states=[state("s", {"t": 1}), state("t", variables=[WORDS])]),
            'can get to state "t" behind it',
        ),
        (filling(EVERY | {"size": 3}), 'can\'t be with "bytes"'),
        (filling(EVERY | {"count": 3}), 'can\'t be with "bytes"'),
        (filling(EVERY | {"bytes": 0}), "must be from 1 byte to 1TB, found 0"),
        (filling(EVERY | {"bytes": "10"}), 'must be a number of bytes, such as 1500 or 10MB, found "10"'),
    ],
)
def test_what_can_not_be_measured_ahead_is_told(spec: dict, text: str) -> None:
    with pytest.raises(datagen.InvalidInput) as raised:
        datagen.load(spec)
    [problem] = raised.value.problems
    assert text in str(problem)


@pytest.mark.parametrize("start", ["2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+05:30"])
def test_what_is_expected_has_the_offset_of_the_run_in_its_records(start: str) -> None:
    emitters = [{"name": "e", "dimensions": [NUMBER]}]
    spec = spec_of(EVERY | {"every": "1S", "bytes": "5kB"}, states=[state("s")], emitters=emitters)
    expected = Expectation(datagen.load(spec).spec, 1.0, parse_moment(start)).rate
    assert sum(1 for _ in datagen.records(datagen.load(spec), start=start, duration="20S")) / 20 == pytest.approx(
        expected, rel=0.02
    )
