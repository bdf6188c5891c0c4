"""The limit of workers: who chooses it, what it is said to do, and what it has done."""

import json

import pytest

import datagen
from datagen.engine import columns, walk
from datagen.engine.walked import Held
from datagen.job.limit import Limit
from datagen.job.options import Options
from tests.worlds import START, constant, counter, exponential, records_of, run_of, state, world, write_json

# 20 workers arrive a second and live for 10: 200 are alive.
CROWDED = world(counter("n"), states=[state("s", {"stop": 1}, delay=exponential(10))], gap=exponential(0.05))
FLEET = world(counter("n"), states=[state("s", {"s": 1}, delay=constant(1))], gap=0)


def limit_of(spec: dict, most: int | None = None) -> Limit:
    return Limit.of(Options(max_workers=most), datagen.load(spec).spec)


@pytest.mark.parametrize(
    ("in_spec", "option", "most"), [(None, None, 100), (7, None, 7), (None, 5, 5), (7, 5, 5), (7, 9, 9)]
)
def test_the_option_wins_over_the_spec_and_100_over_none(in_spec, option, most: int) -> None:
    spec = FLEET | ({} if in_spec is None else {"max_workers": in_spec})
    first = records_of(spec, duration="1S", max_workers=option)
    assert len(first) == most
    assert limit_of(spec, option).workers == most


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "5", True])
def test_a_limit_in_a_spec_is_a_whole_number(wrong: object) -> None:
    with pytest.raises(datagen.InvalidInput, match="max_workers"):
        datagen.load(FLEET | {"max_workers": wrong})


def test_a_state_goes_on_whoever_says_the_same_limit(command, tmp_path) -> None:
    target = write_json(tmp_path / "t.json", {"type": "file", "path": str(tmp_path / "out.json")})
    options = ("-s", START, "--seed", 1, "-t", target, "--state", tmp_path / "state")
    command(write_json(tmp_path / "a.json", FLEET | {"max_workers": 7}), "-n", 10, *options)
    command(write_json(tmp_path / "b.json", FLEET), "-n", 20, "-m", 7, *options)
    assert command(tmp_path / "b.json", "-n", 30, *options).code == 2


@pytest.mark.parametrize(
    ("spec", "most", "text"),
    [
        (CROWDED, None, "about 200 workers are alive; the limit is 100; about 260 would do (-m, or max_workers"),
        (CROWDED, 300, None),
        (
            FLEET,
            None,
            "the number of workers alive grows up to the limit, 100; workers may never stop: choose how many",
        ),
        (FLEET, 50, None),
    ],
)
def test_a_limit_that_will_bind_is_foretold(spec: dict, most: int | None, text: str | None) -> None:
    forecast = limit_of(spec, most).forecast()
    assert forecast is None if text is None else forecast.startswith(text)


@pytest.mark.parametrize(
    ("spec", "most", "held", "text"),
    [
        (
            CROWDED,
            None,
            Held(1234, 56 * 10**9),
            "the limit of 100 workers held 1234 spawns back, for 56.000 s in all; ",
        ),
        (
            CROWDED,
            1,
            Held(1, 10**9),
            "the limit of 1 worker held 1 spawn back, for 1.000 s in all; about 260 would have",
        ),
        (CROWDED, None, Held(), None),
        (FLEET, 50, Held(1, 10**9), None),
    ],
)
def test_what_a_limit_has_done_is_said(spec: dict, most: int | None, held: Held, text: str | None) -> None:
    summary = limit_of(spec, most).summary(held)
    assert summary is None if text is None else summary.startswith(text)


def test_a_run_that_is_cut_says_so(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", CROWDED)
    err = command(spec, "-s", START, "-r", "10M", "--seed", 1).err.splitlines()
    assert [line for line in err if line.startswith("warning: the limit of 100 workers held ")]
    assert "limit" not in command(spec, "-s", START, "-r", "10M", "--seed", 1, "-m", 300).err
    assert f"{spec}:1:" in (checked := command("check", spec).err)
    assert "interarrival: about 200 workers are alive; the limit is 100" in checked


def test_a_report_has_what_was_held_back(tmp_path) -> None:
    options = {"start": START, "duration": "10M", "seed": 1, "target": {"type": "file", "path": str(tmp_path / "o")}}
    free, cut = (datagen.run(CROWDED, max_workers=most, **options) for most in (1000, 100))
    assert free.held == Held()
    assert 2500 < cut.held.spawns < cut.records
    assert 2.5e11 < cut.held.nanoseconds < 6e11


def test_what_was_held_back_is_counted_over_all_of_a_run_that_was_continued(tmp_path) -> None:
    def run(records: int, name: str) -> datagen.Report:
        target = {"type": "file", "path": str(tmp_path / f"{name}.json")}
        return datagen.run(CROWDED, target, start=START, records=records, seed=1, state=tmp_path / name)

    run(5000, "in two")
    assert run(20_000, "in two").held == run(20_000, "at once").held
    assert json.loads((tmp_path / "at once.json").read_text().splitlines()[-1])["n"] == 19_999


@pytest.mark.parametrize("threads", [1, 4])
def test_a_stop_does_not_wait_for_the_end_of_a_window(threads: int) -> None:
    long = {"name": "x", "type": "string", "length_distribution": constant(100_000)}
    run = run_of(world(long, gap=0), 100_000, threads=threads)
    taken = 0
    for window in run.windows():
        for batch in window.batches:
            taken += len(batch)
            run.stop()
    assert taken == run.emitted <= 16 * 5  # each thread may have begun with the next batch


def test_a_run_that_is_stopped_counts_what_was_held_back_up_to_its_last_record(monkeypatch) -> None:
    monkeypatch.setattr(columns, "MOST_ROWS", 16)
    monkeypatch.setattr(walk, "_FIRST_ROWS", 10_000)
    spec = world(states=[state("s", delay=constant(1))], gap=0.1)
    stopped = run_of(spec, max_workers=1)
    batches = next(stopped.windows()).batches
    first = next(batches)
    stopped.stop()
    assert list(batches) == []
    cut = run_of(spec, stopped.emitted, max_workers=1)
    assert sum(map(len, cut.batches())) == len(first) == 16
    assert stopped.held == cut.held
