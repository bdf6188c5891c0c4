"""Workers for whom no place is free, and times before the start: counted by source, and said."""

import json

import pytest

import datagen
from datagen.clock import SystemClock
from datagen.delivery.snapshot import pack, unpack
from datagen.engine.run import Run
from datagen.engine.walked import Refused
from datagen.moment import parse_moment
from tests.stepping import SteppingClock
from tests.test_clock import FakeTime
from tests.worlds import START, constant, run_of, state

EMITTERS = [{"name": "e", "dimensions": []}]
LONG = state("long", delay=constant(10))
AWAY = state("away", delay=constant(100))
EVEN = {"type": "even", "rate": 1}


def spec_of(*sources: dict, states: list[dict] | None = None) -> dict:
    return {"states": states or [LONG, AWAY], "emitters": EMITTERS, "arrivals": list(sources)}


def ended(spec: dict, **options: object) -> Run:
    run = run_of(spec, **options)
    for _ in run.batches():
        pass
    return run


DROPPING = spec_of(
    EVEN | {"name": "a", "max_workers": 1, "when_full": "drop"},
    EVEN | {"name": "b", "max_workers": 2, "when_full": {"state": "away"}},
    EVEN | {"name": "c"},
)


def test_who_is_dropped_or_turned_away_is_counted_by_source() -> None:
    run = ended(DROPPING, duration="20S")
    # One is born at 0 and at 10; of the others two are born at 0 and 1, and at 10 and 11.
    assert run.refused == (Refused("a", dropped=18), Refused("b", turned_away=16))


@pytest.mark.parametrize("records", [1, 7, 30])
@pytest.mark.parametrize("window", [10**8, 3 * 10**9, None])
def test_only_who_came_before_the_last_record_is_counted(records: int, window: int | None) -> None:
    clock = SteppingClock(parse_moment(START), window) if window else None
    last: list[int] = []
    run = run_of(DROPPING, records, clock=clock)
    for batch in run.batches():
        last += batch.due.tolist()
    before = [second for second in range(100) if second * 10**9 < last[-1]]
    counts = {refused.source: refused.dropped + refused.turned_away for refused in run.refused}
    assert counts.get("a", 0) == sum(second % 10 != 0 for second in before)
    assert counts.get("b", 0) == sum(second % 10 > 1 for second in before)


def test_there_may_be_far_more_of_them_than_records() -> None:
    spec = spec_of({"type": "even", "rate": 10_000, "max_workers": 1, "when_full": "drop"})
    run = ended(spec, duration="30S")
    assert (run.emitted, run.refused) == (3, (Refused("", dropped=299_997),))


def test_a_restored_run_counts_on() -> None:
    whole = ended(DROPPING, duration="40S")
    first = run_of(DROPPING, duration="40S", clock=SteppingClock(parse_moment(START), 10**9))
    for number, window in enumerate(first.windows()):
        list(window.batches)
        if number == 15:
            break
    second = run_of(DROPPING, duration="40S")
    second.restore(unpack(pack(first.snapshot())))
    list(second.batches())
    assert first.refused != second.refused == whole.refused


def test_the_closing_line_and_the_report_say_so(generate) -> None:
    said = generate(DROPPING, "-r", "20S").err.splitlines()[-1]
    assert said.endswith(', 18 workers of source "a" dropped, 16 workers of source "b" turned away')
    [line] = [json.loads(line) for line in generate(DROPPING, "-r", "20S", "--log", "json").err.splitlines()[-1:]]
    assert line["refused"][0] == {"source": "a", "dropped": 18, "turned_away": 0, "left_out": 0, "unreadable": None}
    target = {"target": {"type": "stdout"}}
    report = datagen.run(DROPPING | target, start=START, seed=1, duration="20S")
    assert report.refused == (Refused("a", dropped=18), Refused("b", turned_away=16))


def test_times_before_the_start_are_left_out_and_counted(generate) -> None:
    values = ["2023-12-31T00:00:00", "+5S", "-1S", "+0S"]
    outcome = generate(spec_of({"type": "timestamps", "values": values}))
    assert [record["time"][17:19] for record in outcome.records] == ["00", "05"]
    assert outcome.err.splitlines()[-1].endswith(", 2 times before the start left out")


def test_times_before_the_start_are_counted_where_there_is_no_record() -> None:
    late = [{"type": "timestamps", "values": ["-5S", "-3S"]}, {"type": "timestamps", "values": ["+1H"]}]
    spec = spec_of(*(one | {"name": name} for name, one in zip("ab", late, strict=True)))
    lost = (Refused("a", left_out=2),)
    for records, duration in ((0, None), (None, "1M"), (1, None)):
        run = run_of(spec, records, duration=duration)
        assert sum(map(len, run.batches())) == (records or 0)
        assert run.refused == lost
    again = run_of(spec, 1)
    again.restore(unpack(pack(run.snapshot())))
    assert (list(again.batches()), again.refused) == ([], lost)


# The end


@pytest.mark.parametrize("most", [1, 3])
def test_a_run_ends_well_when_nobody_comes_and_nobody_is_alive(generate, most: int) -> None:
    outcome = generate(spec_of(EVEN | {"most": 5}), "-m", most)
    assert (outcome.code, len(outcome.records)) == (0, 5)


def test_a_live_run_ends_then_too(monkeypatch) -> None:
    fake = FakeTime()
    monkeypatch.setattr("datagen.clock.time", fake)
    clock = SystemClock()
    clock.stopped = fake
    assert ended(spec_of(EVEN | {"most": 5}), clock=clock).emitted == 5


@pytest.mark.parametrize(
    ("sources", "states", "waiting"),
    [
        ([EVEN], [LONG, state("in", "long", delay=constant(5e9))], None),
        (
            [EVEN | {"state": "in", "name": "x"}],
            [LONG, state("in", "long", delay=constant(5e9))],
            '2 workers to enter state "long", source "x" for a free place',
        ),
        ([EVEN | {"most": 1}], [state("in", delay=constant(5e9))], "1 worker to stop"),
        ([EVEN], [state("in", delay=constant(5e9))], "2 workers to stop, the next worker for a free place"),
    ],
)
def test_a_run_in_which_nobody_can_move_says_who_waits_for_what(
    generate, sources: list[dict], states: list[dict], waiting: str | None
) -> None:
    outcome = generate(spec_of(*sources, states=states), "-m", 2, "-n", 20)
    if waiting is None:
        assert (outcome.code, len(outcome.records)) == (0, 20)
        return
    assert outcome.code == 1
    text = "walking on: the clock would run past the year 9999, or 146 years after the start; waiting are"
    assert f"{text} {waiting}" in outcome.err


def test_a_run_in_which_nobody_can_move_lasts_as_long_as_it_was_asked_to(generate) -> None:
    outcome = generate(spec_of(EVEN, states=[state("in", delay=constant(5e9))]), "-m", 2, "-r", "1H")
    assert (outcome.code, len(outcome.records)) == (0, 2)
