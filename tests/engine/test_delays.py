"""Delays that follow from the instant at which they begin, and what states read of the time."""

import numpy as np
import pytest

import datagen
from datagen.clock import NEVER
from datagen.engine import rhythm
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.moment import parse_moment
from datagen.plots.data.pilot import Pilot
from datagen.plots.data.state import states
from tests.worlds import START, constant, exponential, integer, records_of, uniform, world

EVERY_MINUTE = {"type": "every", "every": "1M"}


def staying(delay: object, **keys: object) -> dict:
    return {"name": "a", "emitter": "e", "delay": delay, "next": "a", **keys}


def leaving(delay: object, when: str, to: str = "a") -> dict:
    return {"name": "a", "emitter": "e", "delay": delay, "transitions": [{"next": to, "when": when}]}


def times_of(state: dict, count: int, *, start: str = START, **keys: object) -> list[str]:
    """When the records of the only worker are."""
    spec = world(states=[state], arrivals={"type": "at_start", "total": 1}, **keys)
    del spec["interarrival"]
    return [record["time"][11:19] for record in records_of(spec, count, start=start)]


def test_a_number_by_expression_is_read_when_the_delay_begins() -> None:
    """Behind the variables of the state, and not when it ends: the third visit stays for three minutes."""
    assert times_of(staying(constant("60 * visits")), 4) == ["00:00:00", "00:01:00", "00:03:00", "00:06:00"]
    counting = {"name": "n", "type": "expression", "value": "coalesce(n, 0) + 1"}
    assert times_of(staying(constant("n"), variables=[counting]), 3) == ["00:00:00", "00:00:01", "00:00:03"]


@pytest.mark.parametrize(
    ("delay", "mean"),
    [
        (exponential("2 + 0 * visits"), 2),
        (uniform("1.0", 5), 3),
        (uniform(1, "4 + 1"), 3),
        ({"type": "normal", "mean": "7 - 0", "stddev": "0.5 + 0.5"}, 7),
        ({"type": "gamma", "shape": "3.0 + 0", "scale": 2}, 6),
        ({"type": "normal", "mean": 0, "stddev": "1.0", "least": "3"}, 3.283),
        ({"type": "mixture", "of": [exponential("1 + 0 * visits"), constant(9)], "weights": [3, "0.5 + 0.5"]}, 3),
        ({"type": "scaled", "of": exponential("2 + 0 * visits"), "times": "3 * 1", "plus": 1}, 7),
    ],
)
def test_the_mean_of_delays_is_that_of_the_numbers(delay: dict, mean: float) -> None:
    plan = Plan(datagen.load(world(states=[staying(delay)], gap=1)).spec, parse_moment(START))
    walk = Walk(plan, seed=1, max_workers=40)
    steps = [walk.advance(NEVER) for _ in range(2)]
    worker, time = (np.concatenate([getattr(one, name) for one in steps]) for name in ("worker", "time"))
    order = np.argsort(worker, kind="stable")
    stays = np.diff(time[order])[np.diff(worker[order]) == 0] / 1e9
    assert len(stays) > 5000
    assert stays.mean() == pytest.approx(mean, rel=5 * stays.std() / mean / len(stays) ** 0.5)


def test_a_delay_runs_in_the_time_of_its_profile() -> None:
    slow = {"type": "steps", "values": [["+0S", 1], ["+1M", 0], ["+5M", 2]]}
    state = staying(constant(90), delay_profile=slow)
    assert times_of(state, 4) == ["00:00:00", "00:05:15", "00:06:00", "00:06:45"]
    twice = staying(constant(90), delay_profile=["twice", 0.5, "twice"])
    assert times_of(twice, 3, profiles={"twice": 2}) == ["00:00:00", "00:00:45", "00:01:30"]


def test_a_delay_may_reach_far_beyond_what_is_known_of_its_profile(monkeypatch) -> None:
    """The table of the profile is made longer, or left alone."""
    night = {"type": "hour_of_day", "factors": {"3": 5}}
    found = []
    for ahead in (rhythm._AHEAD, 1):
        monkeypatch.setattr(rhythm, "_AHEAD", ahead)
        found.append(times_of(staying(constant(30 * 86400), delay_profile=night), 4))
    assert found[0] == found[1]
    assert found[0][:2] == ["00:00:00", "16:00:00"]  # a day is worth 28 hours: after 25 days 8 by four, and 12 more


def test_two_profiles_of_a_kind_that_stand_in_states_draw_for_themselves() -> None:
    jitter = {"type": "jitter", "low": 0.5, "high": 2, "each": "10M"}
    alike = [staying(constant(600), delay_profile=jitter) | {"name": name, "next": name} for name in "ab"]
    one, other = (times_of(state, 3) for state in alike)
    assert one != other


@pytest.mark.parametrize(
    ("when", "last"),
    [
        ("hour(time) < 3", "03:00:00"),
        ("minute(time) < 40 or hour(time) = 0", "01:40:00"),
        ("date(time) = '2024-01-01' and weekday(time) = 1 and second(time) = 0", None),
        ("hour(time, 'Asia/Kolkata') < 8", "02:30:00"),
        ("format(time, '%H:%M') < '02:20'", "02:20:00"),
        ("time < '2024-01-01T01:00:00'", "01:00:00"),
        ("time - time('2024-01-01T00:00:00') <= 1800", "00:40:00"),
        ("profile('day') < 1.5", "02:30:00"),
        ("time - 600 < seen + 3600", "01:10:00"),
        ("hour(time) in [0, 1] and (visits < 100 ? true : hour(time) > 0)", "02:00:00"),
    ],
)
def test_states_read_the_time_at_the_end_of_the_delay(when: str, last: str | None) -> None:
    """Every ten minutes, up to the time given, at which it does not hold any more."""
    day = {"type": "points", "values": [["+0S", 1], ["+5H", 2]]}
    first = staying(constant(0), variables=[{"name": "seen", "type": "now"}]) | {"next": "b"}
    again = leaving(constant(600), when, to="b") | {"name": "b"}
    spec = world(states=[first, again], arrivals={"type": "at_start", "total": 1}, profiles={"day": day})
    del spec["interarrival"]
    found = [record["time"][11:19] for record in records_of(spec, 40, start=f"{START}Z")]
    assert len(found) == 40 if last is None else found[-1] == _before(last)


def _before(time: str) -> str:
    minutes = int(time[:2]) * 60 + int(time[3:5]) - 10
    return f"{minutes // 60:02}:{minutes % 60:02}:00"


def test_what_clocks_show_follows_a_change_of_clocks() -> None:
    """At two it is three in Berlin, on the last Sunday of March."""
    state = leaving(constant(600), "hour(time) != 2 and hour(time) < 4")
    found = times_of(state, 20, start="2024-03-31T00:30:00", timezone="Europe/Berlin")
    assert found == ["00:30:00", "00:40:00", "00:50:00", *[f"01:{m:02}:00" for m in range(0, 60, 10)]] + [
        f"0{2 + m // 60}:{m % 60:02}:00" for m in range(0, 60, 10)
    ]


def test_a_worker_waits_for_the_next_time_of_a_source() -> None:
    late = staying({"type": "next", "source": EVERY_MINUTE | {"first": 30}})
    assert times_of(late, 3) == ["00:00:00", "00:00:30", "00:01:30"]
    slow = [staying({"type": "next", "source": EVERY_MINUTE}, next="b"), staying(constant(90), name="b")]
    spec = world(states=slow, arrivals={"type": "at_start", "total": 1})
    del spec["interarrival"]
    found = [record["time"][14:19] for record in records_of(spec, 6)]
    assert found == ["00:00", "00:00", "01:30", "02:00", "03:30", "04:00"]  # the one at 01:00 has gone by


def test_times_at_one_instant_are_taken_one_by_one_or_once() -> None:
    several = EVERY_MINUTE | {"size": 2, "times": 2}
    assert times_of(staying({"type": "next", "source": several}), 9) == ["00:00:00"] * 3 + ["00:01:00"] * 2
    once = staying({"type": "next", "source": several | {"count": 0}})
    assert times_of(once, 9) == ["00:00:00", "00:00:00", "00:01:00"]  # it is born there, and then stops


def test_the_times_of_several_sources_are_one_timetable() -> None:
    bus, tram = EVERY_MINUTE | {"name": "bus"}, {"type": "timestamps", "name": "tram", "values": ["+90S", "+30S"]}
    found = times_of(staying({"type": "next", "source": [bus, tram]}), 5)
    assert found == ["00:00:00", "00:00:00", "00:00:30", "00:01:00", "00:01:30"]


def test_adding_a_source_to_a_timetable_leaves_the_draws_of_the_others() -> None:
    drawn = EVERY_MINUTE | {"name": "b", "size": uniform(0, 3)}
    alone = times_of(staying({"type": "next", "source": [drawn]}), 30)
    both = times_of(staying({"type": "next", "source": [EVERY_MINUTE | {"name": "a", "first": 30}, drawn]}), 60)
    assert [time for time in both[1:] if time.endswith("00")][: len(alone) - 8] == alone[1:][: len(alone) - 8]


LINES = [
    EVERY_MINUTE | {"name": "bus", "variables": [{"name": "line", "type": "constant", "value": "bus"}]},
    EVERY_MINUTE
    | {"name": "tram", "first": 30, "variables": [integer("line", uniform(0, 10**9)), {"name": "at", "type": "now"}]},
]


def test_the_variables_of_the_source_become_the_workers_when_its_time_has_come() -> None:
    """Two workers who take the same time get the same, as they would be born as the same one."""
    shown = [{"name": name, "type": "variable", "variable": name} for name in ("line", "at")]
    states = [staying({"type": "next", "source": LINES}), staying(constant(0), name="b", next="a")]
    sources = [{"type": "at_start", "total": 1, "name": name, "state": name} for name in "ab"]
    spec = world(*shown, {"name": "born", "type": "expression", "value": "born"}, states=states, arrivals=sources)
    del spec["interarrival"]
    found = records_of(spec, 12)
    one, other = ([record for record in found if record["born"] == born] for born in (0, 1))
    assert [record["line"] == "bus" for record in one[:4]] == [False, True, False, True]
    assert [record["at"] == record["time"] for record in one[:3]] == [False, False, True]
    assert one[0]["line"] is None
    assert [record["line"] for record in one[1:5]] == [record["line"] for record in other[2:6]]


def test_a_counter_of_each_worker_counts_the_times_that_it_has_waited_for() -> None:
    given = {"name": "n", "type": "counter", "per": "worker", "start": 5}
    ways = [{"next": "a", "when": "n < 8"}]
    delay = {"type": "next", "source": {"type": "every", "every": 2, "variables": [given]}}
    fields = [{"name": name, "type": "expression", "value": name} for name in ("n", "worker")]
    spec = world(*fields, states=[{"name": "a", "emitter": "e", "delay": delay, "transitions": ways}], gap=constant(5))
    made = records_of(spec, 40)
    for worker in range(5):
        assert [one["n"] for one in made if one["worker"] == worker] == [None, 5, 6, 7]


def test_conditions_read_what_a_time_gives_where_it_follows_from_what_is_known() -> None:
    counting = {"name": "rides", "type": "expression", "value": "coalesce(rides, 0) + 1"}
    delay = {"type": "next", "source": EVERY_MINUTE | {"variables": [counting]}}
    spec = world(states=[leaving(delay, "rides < 3")], arrivals={"type": "at_start", "total": 1})
    del spec["interarrival"]
    assert len(records_of(spec, 10)) == 3


POISSON = {"type": "poisson", "rate": "1/s"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"delay": {"type": "next", "source": POISSON}}, 'source.type: "poisson" has no times of its own; those that'),
        ({"delay": {"type": "next", "source": EVERY_MINUTE | {"state": "a"}}}, "source.state: is for workers who are"),
        ({"delay": {"type": "next", "source": [EVERY_MINUTE] * 2}}, 'source[1]: "name" is required where there are'),
        (
            {
                "delay": {
                    "type": "next",
                    "source": EVERY_MINUTE | {"variables": [integer("x", constant(1))], "count": 0},
                }
            },
            'source.variables: can\'t be with "count" 0',
        ),
        (
            {
                "delay": {"type": "next", "source": LINES},
                "next": None,
                "transitions": [{"next": "a", "when": "at = 1"}],
            },
            "a time and a number can't be compared",
        ),
        ({"delay": {"type": "next", "source": []}}, "delay.source: must not be empty"),
        ({"delay": {"type": "next"}}, 'delay.source: "source" is required'),
        ({"delay": {"type": "next", "source": EVERY_MINUTE | {"until": {"after": "x"}}}}, "until: must be a time"),
        ({"delay": {"type": "next", "source": EVERY_MINUTE | {"bytes": "1kB"}}}, 'source: can\'t have "bytes"'),
        ({"delay": {"type": "next", "source": {"type": "incident", "incident": "x"}}}, "source.incident: unknown"),
        ({"delay": {"type": "next", "source": EVERY_MINUTE}, "delay_profile": 2}, "delay_profile: is for a delay that"),
        ({"delay": constant("visit")}, 'delay.value: "visit" is neither a variable nor what is known of a worker'),
        ({"delay": constant("visits = 1")}, "delay.value: is no number"),
        ({"delay": constant("visits +")}, "delay.value: a dimension, a constant"),
        ({"delay": {"type": "normal", "mean": "visits", "stddev": -1}}, "delay.stddev: must be greater than or equal"),
        ({"delay": {"type": "normal", "mean": "visits"}}, 'delay: "stddev" is required'),
        ({"delay": constant("text")}, 'delay.value: variable "text" can\'t be read by a state'),
        (
            {"delay": {"type": "empirical", "table": "t", "column": "c"}},
            "delay.table: can't be here: a table can only be",
        ),
        ({"delay": constant(1), "delay_profile": "x"}, "delay_profile: unknown profile"),
        ({"delay": constant(1), "delay_profile": 0}, "delay_profile: ends in 0"),
        (
            {"delay": constant(1), "delay_profile": {"type": "steps", "values": [["+0S", 1], ["+1M", 0]]}},
            "delay_profile: ends in 0: who is in this state then would stay in it for ever",
        ),
        ({"delay": None, "delay_profile": 2}, 'delay_profile: is for "delay", and there is none'),
    ],
)
def test_what_a_delay_can_not_be_is_refused(keys: dict, message: str) -> None:
    text = {"name": "text", "type": "string", "length_distribution": constant(3)}
    state = {key: value for key, value in {**staying(None), **keys, "variables": [text]}.items() if value is not None}
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(world(states=[state]), 1, start=START)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        (exponential("2 - visits"), "mean: must be greater than 0, found 0, for worker 0 at 2024-01-01T00:00:0"),
        (uniform("visits", 2), '"min" (3) must not be above "max" (2), for worker 0'),
        (constant("0 / 0"), "value: is null, for worker 0"),
        ({"type": "normal", "mean": 1, "stddev": "0 - visits"}, "stddev: must be greater than or equal to 0, found -1"),
        ({"type": "gamma", "shape": "1 - visits", "scale": 1}, "shape: must be greater than"),
        ({"type": "mixture", "of": [constant(1), constant("0 / 0")]}, "of[1].value: is null, for worker 0"),
        ({"type": "scaled", "of": exponential("2 - visits"), "times": 2}, "of.mean: must be greater than 0, found 0"),
    ],
)
def test_a_number_that_will_not_do_ends_the_run(delay: dict, message: str) -> None:
    with pytest.raises(datagen.RunFailed) as failed:
        records_of(world(states=[staying(delay)], gap=1000), 100)
    assert 'walking on: the delay of state "a": ' in str(failed.value)
    assert message in str(failed.value)


def test_explain_measures_stays_that_follow_from_the_instant() -> None:
    states = [
        leaving(exponential("10 * visits"), "visits < 3"),
        leaving(constant(40), "false") | {"name": "b", "delay_profile": 2},
        leaving({"type": "next", "source": EVERY_MINUTE}, "false") | {"name": "c"},
    ]
    sources = [{"type": "poisson", "rate": "1/s", "name": state["name"], "state": state["name"]} for state in states]
    spec = world(states=states, arrivals=sources, max_workers=10_000)
    del spec["interarrival"]
    found = datagen.explain(spec, start=START)
    assert [found["states"][name]["seconds"] for name in "abc"] == pytest.approx([20, 20, 30], rel=0.03)
    assert found["stays_measured"] == ["a", "b", "c"]
    assert "times that they wait for" in found["left_out"][0]


def test_a_plot_knows_stays_that_follow_from_the_instant() -> None:
    state = leaving(exponential("10 * visits"), "visits < 3") | {"delay_profile": 0.5}
    pilot = Pilot.of(world(states=[state], gap=5), {"start": START, "span": "2H"})
    whole = pilot.walked.time < 7000 * 10**9
    assert pilot.stays(np.flatnonzero(whole)).mean() / 1e9 == pytest.approx(40, rel=0.05)
    assert states(pilot).states[0].mean_stay == pytest.approx(40, rel=0.02)
