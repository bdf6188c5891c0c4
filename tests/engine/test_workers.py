"""Workers: when they are spawned, how many live, what they do on entering a state, when a run ends."""

import json
from itertools import islice, pairwise

import pytest

import datagen
from datagen.clock import SimulatedClock
from datagen.engine.run import Run
from datagen.moment import parse_moment
from tests.stepping import SteppingClock
from tests.worlds import (
    READY,
    START,
    constant,
    counter,
    enum,
    exponential,
    normal,
    read,
    records_of,
    run_of,
    seconds,
    state,
    steps_of,
    times_of,
    uniform,
    world,
)

SECOND = 10**9


def living(delay: object, gap: object = 1) -> dict:
    """A spec whose workers emit one record at their birth and stop a delay later."""
    return world(states=[state("s", delay=delay if isinstance(delay, dict) else constant(delay))], gap=gap)


# Spawning


@pytest.mark.parametrize("start", ["2024-01-01T00:00:00", "1999-12-31T23:59:59.250"])
def test_the_first_worker_is_spawned_at_the_start_time(start: str) -> None:
    assert seconds(records_of(living(1), 1, start=start)[0], start) == 0


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (constant(2), [0, 2, 4, 6]),
        (constant(0.25), [0, 0.25, 0.5, 0.75]),
        (constant(86400), [0, 86400, 172800, 259200]),
        (uniform(1.5, 1.5), [0, 1.5, 3, 4.5]),
        (normal(3, 0), [0, 3, 6, 9]),
        (constant(0), [0, 0, 0, 0]),
        (constant(-5), [0, 0, 0, 0]),
        (uniform(-5, -1), [0, 0, 0, 0]),
    ],
)
def test_the_next_worker_is_spawned_a_gap_later_and_a_negative_gap_is_0(gap: dict, expected: list[float]) -> None:
    assert times_of(living(1, gap), 4) == expected


def test_after_every_spawn_one_gap_is_drawn() -> None:
    times = [time for time, _, _ in steps_of(living(0, uniform(-1, 2)), 3000)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) == 0
    assert 0.29 < gaps.count(0) / len(gaps) < 0.37  # a third of the draws is negative; 4 standard deviations are 0.034
    assert len(set(gaps)) > len(gaps) / 2


# The limit


@pytest.mark.parametrize(
    ("life", "gap", "most", "expected"),
    [
        (10, 1, 1, [0, 10, 20, 30]),
        (10, 1, 2, [0, 1, 10, 11, 20, 21]),  # worker 2 is due at 2, held until 10; the next gap counts from there
        (10, 4, 2, [0, 4, 10, 14, 20, 24]),
        (10, 7, 2, [0, 7, 14, 21, 28]),
        (3, 3, 1, [0, 3, 6, 9]),  # a tie: the spawn comes due at the very instant of the stop
        (6, 3, 2, [0, 3, 6, 9]),
        (3, 2, 1, [0, 3, 6, 9]),
        (3, 5, 1, [0, 5, 10]),
        (5, 0, 2, [0, 0, 5, 5, 10, 10]),
        (5, 0, 3, [0, 0, 0, 5, 5, 5, 10]),
        (5, -1, 2, [0, 0, 5, 5, 10]),
        (0, 1, 1, [0, 1, 2, 3]),  # lives of no length never stand in the way
        (0, 0, 1, [0, 0, 0, 0]),
        (-2, 0.5, 1, [0, 0.5, 1]),
        (10, 4, 3, [0, 4, 8, 12, 16, 20]),  # the limit is reached at 8 and left at 10, before the next is due
        (100, 1, 1, [0, 100, 200]),
    ],
)
def test_a_spawn_is_held_back_until_a_worker_stops(life: float, gap: float, most: int, expected: list[float]) -> None:
    assert times_of(living(life, gap), len(expected), max_workers=most) == expected


@pytest.mark.parametrize("most", [1, 2, 7])
@pytest.mark.parametrize("gap", [constant(0), constant(0.5), exponential(0.4)])
def test_a_spawn_is_at_the_later_of_its_due_time_and_the_first_free_place(most: int, gap: dict) -> None:
    """``spawn[k+1] = max(spawn[k] + gap[k], first instant at which fewer than m workers are alive)``."""
    spec = world(states=[state("born", "dead", delay=exponential(3)), state("dead")], gap=gap)
    free = steps_of(world(states=[state("s")], gap=gap), 400)  # without lives, spawns are the sums of the gaps
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(free)]
    steps = steps_of(spec, 1000, max_workers=most)
    births = [time for time, _, step in steps if step == 0]
    deaths = {worker: time for time, worker, step in steps if step == 1}
    for k in range(300):
        stops = sorted(deaths[worker] for worker in range(k + 1))
        first_free = stops[k + 1 - most] if k + 1 >= most else 0  # then all but most - 1 of workers 0..k have stopped
        assert births[k + 1] == max(births[k] + gaps[k], first_free)


@pytest.mark.parametrize(("records", "expected"), [(1, (0, 0)), (2, (0, 0)), (3, (1, 2)), (4, (1, 4)), (5, (1, 4))])
def test_a_spawn_counts_as_held_back_up_to_the_last_record(records: int, expected: tuple[int, int]) -> None:
    """The second is due at 1, at the time of a record, and is at 5."""
    states = [state("a", "b", delay=constant(1)), state("b", "c", delay=constant(2)), state("c", delay=constant(2))]
    run = run_of(world(states=states, gap=1), records, max_workers=1)
    assert sum(map(len, run.batches())) == records
    assert (run.held.spawns, run.held.nanoseconds / SECOND) == expected


def test_what_is_held_back_may_be_more_nanoseconds_than_64_bits_hold() -> None:
    spec = world(states=[state("s", delay=constant(86400))])
    del spec["interarrival"]
    run = run_of(spec | {"arrivals": {"type": "even", "rate": "1/s"}}, 700, max_workers=1)
    assert sum(map(len, run.batches())) == 700
    assert run.held.nanoseconds == sum(86400 * k - k for k in range(1, 700)) * SECOND > 2**64


@pytest.mark.parametrize("ticking", [False, True])
def test_a_spawn_counts_as_held_back_up_to_the_end_of_a_duration(ticking: bool) -> None:
    run = run_of(living(10), duration="4S", max_workers=1, clock=SteppingClock(parse_moment(START), SECOND // 2))
    for window in run.windows(ticking):
        assert not run.is_between_windows
        assert sum(map(len, window.batches)) in (0, 1)
        assert run.is_between_windows
    assert (run.held.spawns, run.held.nanoseconds / SECOND) == (1, 3)


@pytest.mark.parametrize("most", [1, 3, 100])
def test_never_more_than_the_limit_are_alive(most: int) -> None:
    spec = world(states=[state("born", "dead", delay=exponential(50)), state("dead")], gap=exponential(0.1))
    alive = peak = 0
    for _, _, step in steps_of(spec, 3000, max_workers=most):
        alive += 1 if step == 0 else -1
        peak = max(peak, alive)
    assert peak <= most + 1  # a stop and the birth that it lets in are at one time, the older worker's record first
    assert peak >= most


def test_the_limit_is_100_without_an_option() -> None:
    assert [len(times_of(living(10**6, 0.001), duration="1000S", **more)) for more in ({}, {"max_workers": 7})] == [
        100,
        7,
    ]


def test_stop_frees_the_place_at_that_time() -> None:
    spec = world(states=[state("a", "b", delay=constant(2)), state("b", emitter=None, delay=constant(0.5))], gap=0.1)
    assert times_of(spec, 4, max_workers=1) == [0, 2.5, 5, 7.5]


@pytest.mark.parametrize("stop", ["stop", "STOP", "Stop", "sToP"])
def test_stop_in_any_case_ends_a_worker(stop: str) -> None:
    assert times_of(world(states=[state("s", stop, delay=constant(3))]), 3, max_workers=1) == [0, 3, 6]


# On entering a state


def test_a_worker_enters_the_first_state() -> None:
    states = [state("second", "first", delay=constant(1), emitter="e"), state("first", delay=constant(1), emitter="f")]
    spec = world(enum("at", "second"), states=states, gap=100)
    spec["emitters"].append({"name": "f", "dimensions": [enum("at", "first")]})
    assert [(record["at"], seconds(record)) for record in records_of(spec, 3)] == [
        ("second", 0),
        ("first", 1),
        ("second", 100),
    ]


def test_variables_are_set_before_the_record_is_emitted_and_the_delay_comes_after_it() -> None:
    states = [
        state("a", "b", delay=constant(5), variables=[enum("v", 1)]),
        state("b", "stop", delay=constant(7), variables=[enum("v", 2)]),
    ]
    records = records_of(world(read("v"), states=states, gap=1000), 2)
    assert [(seconds(record), record["v"]) for record in records] == [(0, 1), (5, 2)]


def test_a_state_without_an_emitter_emits_nothing_but_takes_its_time() -> None:
    states = [state("a", "b", delay=constant(1)), state("b", "c", emitter=None, delay=constant(10)), state("c")]
    assert times_of(world(states=states, gap=1000), 2) == [0, 11]


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (constant(2), [0, 2]),
        (constant(-2), [0, 0]),
        (uniform(-4, -1), [0, 0]),
        (normal(-1, 0), [0, 0]),
        (normal(1.5, 0), [0, 1.5]),
        (uniform(0.25, 0.25), [0, 0.25]),
        (None, [0, 0]),
    ],
)
def test_a_worker_waits_for_its_delay_and_a_negative_one_is_0(delay: dict | None, expected: list[float]) -> None:
    first = state("a", "b", **({} if delay is None else {"delay": delay}))
    assert times_of(world(states=[first, state("b")], gap=1000), 2) == expected


def test_the_next_state_is_drawn_from_the_transitions() -> None:
    states = [state("a", {"b": 0.3, "c": 0.7}, emitter=None), state("b"), state("c", emitter="f")]
    spec = world(enum("at", "b"), states=states)
    spec["emitters"].append({"name": "f", "dimensions": [enum("at", "c")]})
    found = [record["at"] for record in records_of(spec, 10_000)]
    assert found.count("b") == pytest.approx(3000, abs=180)  # 4 standard deviations of 46


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.693), (0.3, 0.707)])
def test_probabilities_that_nearly_sum_to_1_are_scaled(first: float, second: float) -> None:
    spec = world(states=[state("a", {"b": first, "stop": second}, emitter=None), state("b")])
    times = steps_of(spec, 3000)
    assert len(times) / times[-1][1] == pytest.approx(first / (first + second), abs=0.02)  # 4 standard deviations


@pytest.mark.parametrize("only", [0.99, 1, 1.0])
def test_a_single_way_is_always_taken(only: float) -> None:
    spec = world(states=[state("a", {"b": only}, emitter=None), state("b")])
    assert times_of(spec, 2000) == list(range(2000))


def test_a_worker_may_return_to_its_state() -> None:
    assert times_of(world(states=[state("a", "a", delay=constant(2))], gap=1000), 4) == [0, 2, 4, 6]


# Order


def test_records_come_in_order_of_time_then_worker_then_step() -> None:
    states = [
        state("a", {"b": 0.5, "c": 0.5}, delay=constant(1)),
        state("b", {"a": 0.7, "stop": 0.3}),
        state("c", {"a": 0.6, "stop": 0.4}, delay=constant(2)),
    ]
    steps = steps_of(world(states=states, gap=0.5), 5000, max_workers=20)
    assert all(earlier < later for earlier, later in pairwise(steps))
    assert len({time for time, _, _ in steps}) < len(steps) / 5  # there are many ties


def test_workers_are_numbered_by_spawn_and_steps_by_state_entry() -> None:
    states = [state("a", "b"), state("b", "c", emitter=None), state("c", delay=constant(5))]
    steps = steps_of(world(states=states, gap=1), 6)
    assert steps == [(worker * SECOND, worker, step) for worker in range(3) for step in (0, 2)]


# The end


@pytest.mark.parametrize("count", [0, 1, 2, 99, 5000, 40_000])
def test_a_run_ends_after_exactly_the_number_of_records(count: int) -> None:
    assert len(steps_of(living(3, exponential(0.2)), count)) == count


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("3S", [0, 1, 2]),  # the record at 3 s is outside
        ("PT3.000001S", [0, 1, 2, 3]),
        ("PT2.999S", [0, 1, 2]),
        ("1S", [0]),
        ("PT0.001S", [0]),
        ("0S", []),
    ],
)
def test_a_duration_ends_before_its_own_instant(duration: str, expected: list[float]) -> None:
    assert times_of(living(1), duration=duration) == expected


@pytest.mark.parametrize(
    ("duration", "count"),
    [
        *[("30S", 30), ("30s", 30), ("2M", 120), ("2m", 120), ("1H", 3600), ("1h", 3600), ("1D", 86400), ("1d", 86400)],
        *[("PT1M30S", 90), ("PT1H30M", 5400), ("pt10s", 10), ("P1DT1S", 86401), ("P1W", 604800), ("1.5M", 90)],
    ],
)
def test_a_duration_is_a_number_with_a_unit_or_iso_8601(duration: str, count: int) -> None:
    batches = datagen.batches(datagen.load(living(0)), start=START, duration=duration, seed=1)
    assert sum(len(batch) for batch in batches) == count


@pytest.mark.parametrize(
    "duration", ["", "-5", "1e3", "S", "5X", "-5S", "P", "PT", "P1DT", "5 parsecs", "1e3S", "300000D"]
)
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(datagen.InvalidInput, match=r"must be"):
        list(datagen.records(datagen.load(living(0)), start=START, duration=duration))


def test_a_run_without_an_end_goes_on() -> None:
    assert len(list(islice(datagen.records(datagen.load(living(0)), start=START), 50_000))) == 50_000


@pytest.mark.parametrize("options", [("-n", 0), ("--records", 0), ("-r", "0S")])
def test_no_record_at_all_is_not_an_error(generate, options: tuple) -> None:
    outcome = generate(living(1), *options)
    assert (outcome.code, outcome.data) == (0, b"")


def test_records_and_duration_exclude_each_other(generate) -> None:
    outcome = generate(living(1), "-n", 1, "-r", "1S")
    assert (outcome.code, outcome.data) == (2, b"")
    assert "exclude each other" in outcome.err


def test_a_duration_ends_a_run_that_has_nothing_more_to_emit(generate) -> None:
    states = [state("a", "b"), state("b", "b", emitter=None, delay=constant(60))]
    outcome = generate(world(states=states, gap=1), "-m", 3, "-r", "1H")
    assert [seconds(json.loads(line)) for line in outcome.lines] == [0, 1, 2]


def test_a_counter_over_workers_shows_that_the_limit_makes_no_record_twice() -> None:
    spec = world(counter("n"), states=[state("s", delay=exponential(5))], gap=exponential(0.5))
    assert [record["n"] for record in records_of(spec, 3000, max_workers=4)] == list(range(3000))


def test_a_way_too_unlikely_to_be_drawn_is_never_taken() -> None:
    spec = world(states=[state("a", {"a": 1, "stop": 1e-17}, delay=constant(1))], gap=1000)
    assert times_of(spec, 3) == [0, 1, 2]


def test_the_last_way_is_taken_even_if_it_is_rare() -> None:
    spec = world(states=[state("a", {"a": 0.9998, "stop": 0.0002}, delay=constant(1))])
    assert steps_of(spec, 100_000, max_workers=1)[-1][1] > 0  # but for a chance of e**-20


def test_a_run_fails_that_would_pass_the_last_moment() -> None:
    with pytest.raises(datagen.RunFailed, match="the clock would run past the year 9999"):
        times_of(world(gap=86400), 100, start="9999-12-01T00:00:00")


# Ahead of the records


def leads(spec: dict, **options: object) -> bool:
    """Whether workers may walk on while the records before are still made."""
    population = datagen.load(spec, **options).spec
    return Run(population, SimulatedClock(parse_moment(START)), seed=1, max_workers=100)._walk.may_lead


def test_who_depends_on_no_record_may_walk_ahead() -> None:
    assert leads(READY["clickstream"])
    assert leads(READY["shop"])


def test_who_reads_what_records_change_walks_behind_them() -> None:
    line = {"name": "x", "type": "template", "memory": {"told": "template"}, "text": "{% do told.set('n', 1) %}x"}
    spec = world(line, states=[state("s", delay=constant(1))])
    assert leads(spec)
    spec["states"][0]["transitions"] = [{"next": "s", "when": "memory.told.n = 1"}, {"next": "stop"}]
    assert not leads(spec)


def test_who_needs_python_for_what_it_reads_walks_behind_the_records() -> None:
    assert not leads(READY["restaurant"])  # states read dishes, which only Python draws


def test_who_comes_as_a_file_or_a_plug_in_says_walks_behind_the_records(tmp_path) -> None:
    (tmp_path / "mine.py").write_text(
        "from datagen.arrivals.even import Even\n\n\nclass Mine(Even):\n    kind = 'mine'\n", encoding="utf-8"
    )
    mine = READY["clickstream"] | {"arrivals": {"type": "mine", "rate": 1}}
    del mine["interarrival"]
    assert not leads(mine, plugins=[tmp_path / "mine.py"])
    assert not leads(READY["replay"])
