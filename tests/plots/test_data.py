"""The numbers behind the pictures, against what can be counted or worked out by hand."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import datetime

import numpy as np
import pytest
from scipy import stats

import datagen
from datagen import plots
from datagen.plots.data.arrival import Source
from datagen.plots.data.incident import bands
from datagen.plots.data.pilot import MOST_STEPS, Pilot
from datagen.problems import InvalidInput
from tests.fresh import some
from tests.worlds import READY, constant, counter, enum, exponential, integer, normal, read, state, uniform, world

MONDAY = "2024-01-01T00:00:00Z"
DAY = {"type": "hour_of_day", "factors": {"8": 3, "9": 5}}


def source(kind: str, name: str, **keys: object) -> dict:
    """A source whose workers know its name as ``who``."""
    return {"type": kind, "name": name, "variables": [enum("who", name)], **keys}


SOURCES = {
    "states": [state("s", delay=constant(2)), state("turned")],
    "emitters": [{"name": "e", "dimensions": [read("who")]}],
    "profiles": {"day": DAY},
    "arrivals": [
        source("poisson", "visitors", rate="20/H", profile="day"),
        source("cron", "job", expression="0 9 * * *"),
        source("at_start", "fleet", total=3),
        source("even", "later", rate=1, most=3, **{"from": {"after": "fleet"}}),
        source("interarrival", "calls", distribution=exponential(1800), profile="day"),
        source("periodic", "letters", period="1D", multiplier=24),
        source("poisson", "few", rate=1, max_workers=1, when_full="drop"),
    ],
}


def seconds_of(record: dict) -> float:
    return (datetime.fromisoformat(record["time"]) - datetime.fromisoformat(MONDAY)).total_seconds()


def of(found: plots.Arrivals, name: str) -> Source:
    return next(source for source in found.sources if source.name == name)


def test_the_bars_are_the_workers_of_the_run_hour_by_hour_and_source_by_source() -> None:
    found = plots.arrivals(SOURCES, seed=4, span="2D")
    records = datagen.records(SOURCES, start=MONDAY, duration="2D", seed=4)
    hours = Counter((record["who"], int(seconds_of(record) // found.bin_seconds)) for record in records)
    for each in found.sources:
        assert each.counted == [hours[each.name, hour] for hour in range(len(found.seconds))], each.name
    assert sum(hours.values()) > 1000


def test_the_line_of_a_rate_is_its_integral() -> None:
    found = plots.arrivals(SOURCES, span="1D", bin_seconds=3600)
    assert of(found, "visitors").expected == pytest.approx([20.0] * 8 + [60.0, 100.0] + [20.0] * 14)
    assert of(found, "calls").expected == pytest.approx([2.0] * 8 + [6.0, 10.0] + [2.0] * 14, rel=2e-3)


def test_the_line_of_a_source_with_times_of_its_own_is_these_times() -> None:
    found = plots.arrivals(SOURCES, span="1D", bin_seconds=3600)
    assert of(found, "job").expected == [0.0] * 9 + [1.0] + [0.0] * 14
    assert of(found, "fleet").expected == [3.0] + [0.0] * 23
    assert of(found, "later").expected == pytest.approx([3.0] + [0.0] * 23)


def test_the_line_of_a_drawn_batch_is_a_mean_of_seeds() -> None:
    expected = of(plots.arrivals(SOURCES, span="2D", bin_seconds=3600), "letters").expected
    assert expected is not None
    assert sum(expected) == pytest.approx(48)
    assert np.ptp(expected) > 0


def test_who_keeps_so_many_alive_has_no_line() -> None:
    spec = world(states=[state("s", delay=constant(5))])
    del spec["interarrival"]
    spec["arrivals"] = {"type": "stages", "stages": [{"alive": 3, "for": "1M"}]}
    assert plots.arrivals(spec, span="5M").sources[0].expected is None


def test_a_line_begins_and_ends_where_its_source_does() -> None:
    spec = world()
    del spec["interarrival"]
    spec["arrivals"] = {"type": "poisson", "rate": "60/H", "from": "+1H", "until": "+2H30M"}
    found = plots.arrivals(spec, span="4H", bin_seconds=3600).sources[0]
    assert found.expected == pytest.approx([0, 60, 30, 0])
    assert found.counted[0] == found.counted[3] == 0


def test_a_run_that_is_cut_says_so_and_leaves_the_rest_open() -> None:
    found = plots.arrivals(READY["clickstream"])
    assert found.is_cut
    assert found.reached_seconds < 7 * 86_400
    known = int(found.reached_seconds // found.bin_seconds)
    assert None not in found.sources[0].counted[:known]
    assert set(found.sources[0].counted[known:]) == {None}
    assert plots.states(READY["clickstream"]).states[0].entered < MOST_STEPS
    assert not plots.arrivals(READY["clickstream"], span="1M").is_cut


def test_workers_who_are_all_turned_away_are_work_that_is_cut_too() -> None:
    spec = world(states=[state("s", {"s": 1}, delay=constant(1000))])
    del spec["interarrival"]
    spec["arrivals"] = {"type": "even", "rate": 100_000, "when_full": "drop"}
    assert plots.arrivals(spec, max_workers=1).is_cut


def test_visits_and_stays_are_those_of_the_chain() -> None:
    states = [state("a", {"a": 0.5, "b": 0.25, "stop": 0.25}, delay=exponential(2)), state("b", delay=constant(3))]
    found = plots.states(world(states=states), span="1H")
    assert [each.visits for each in found.states] == pytest.approx([2, 0.5])
    assert [each.mean_stay for each in found.states] == pytest.approx([2, 3], rel=1e-3)
    assert found.life == pytest.approx(5.5, rel=1e-3)
    assert [(way.next, way.probability) for way in found.states[0].ways] == [("a", 0.5), ("b", 0.25), ("stop", 0.25)]
    assert found.states[0].entered == pytest.approx(2 * found.born, rel=0.05)
    assert found.states[0].sources == ["interarrival"]


def test_states_have_whom_workers_bring_about_there_and_count_with_the_life() -> None:
    entries = [{"state": "kid", "count": 3}]
    parent = state("parent", {"parent": 0.5, "stop": 0.5}, delay=constant(1), spawn=entries)
    found = plots.states(world(states=[parent, state("kid", delay=constant(2))]), span="1M")
    assert [[asdict(child) for child in each.children] for each in found.states] == [[{"state": "kid", "count": 3}], []]
    assert [each.visits for each in found.states] == [pytest.approx(2), pytest.approx(6)]


def test_bands_are_the_incidents_of_the_run() -> None:
    given = {"from": "-1H", "until": "+10M"}
    drawn = {"every": constant(900), "lasts": constant(60)}
    often = {"every": constant(1), "lasts": constant(1)}
    spec = world(counter("n"), incidents={"given": given, "drawn": drawn, "often": often})
    found = bands(Pilot.of(spec, {"span": "1H"}), 2000 * 10**9)
    assert [(band.incident, band.begin, band.end) for band in found] == [
        ("given", 0, 600),
        ("drawn", 900, 960),
        ("drawn", 1860, 1920),
    ]


def test_workers_who_never_stop_have_no_visits() -> None:
    found = plots.states(READY["sensors"], span="1H")
    assert found.life is None
    assert {each.visits for each in found.states} == {None}


def test_the_number_alive_is_what_constants_make_it() -> None:
    found = plots.alive(world(states=[state("s", delay=constant(10))]), span="240S")
    assert found.bin_seconds == 1
    assert found.mean[:12] == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10])
    assert set(found.lowest[12:]) == set(found.highest[12:]) == {10}
    assert found.limit == 100
    assert found.expected == pytest.approx([10] * 240)


def test_the_number_alive_is_never_above_the_limit() -> None:
    found = plots.alive(world(states=[state("s", delay=constant(10))]), max_workers=5, span="240S")
    assert max(found.highest) == found.limit == 5


def test_a_life_is_the_states_in_order_with_their_stays() -> None:
    states = [state("a", "b"), state("b", "c", delay=constant(2)), state("c", delay=constant(5))]
    found = plots.lives(world(states=states), span="1H", count=3)
    assert [life.worker for life in found.lives] == [0, found.born // 2 - 1, found.born - 1]
    stays = [(stay.state, stay.begin, stay.seconds) for stay in found.lives[0].stays]
    assert stays == [("a", 0, 0), ("b", 0, 2), ("c", 2, 5)]
    assert [life.ends for life in found.lives] == [True, True, False]


def test_who_waits_for_a_resource_is_alive_and_his_life_shows_it() -> None:
    """One comes a second, and one is served every two."""
    served = {"name": "s", "emitter": "e", "use": "desk", "delay": constant(2)}
    found = world(states=[served], resources={"desk": {"capacity": 1}})
    assert plots.alive(found, span="240S", max_workers=200).highest[-1] == pytest.approx(120, abs=1)
    lives = plots.lives(found, span="240S", count=240, max_workers=200).lives
    assert [(stay.state, stay.seconds) for stay in lives[3].stays] == [("waits for s", 3), ("s", 2)]
    assert [(stay.state, life.ends) for life in lives[-1:] for stay in life.stays] == [("waits for s", False)]


def test_a_life_has_the_states_of_a_child_and_not_what_it_is_given() -> None:
    given = [{"name": "of", "type": "expression", "value": "spawn.index"}]
    spawn = [{"state": "kid", "delay": constant(3), "variables": given}]
    states = [state("a", spawn=spawn), state("kid", delay=constant(2))]
    found = plots.lives(world(states=states), span="1M", count=60)
    assert {tuple(stay.state for stay in life.stays) for life in found.lives} == {("a",), ("kid",)}
    assert found.born == 60 + 57


def test_a_life_is_that_of_the_records() -> None:
    spec = READY["clickstream"]
    life = plots.lives(spec, span="1M", seed=3, count=1).lives[0]
    records = list(datagen.records(spec, start=MONDAY, duration="1M", seed=3))
    own = [each["event"] for each in records if each["session"] == records[0]["session"]]
    assert [stay.state for stay in life.stays][: len(own)] == own


def field(spec: dict, name: str, **options: object) -> plots.Values:
    return next(each for each in plots.values(spec, **options) if each.field == name)


def test_whole_numbers_are_as_likely_as_their_distribution_says() -> None:
    found = field(world(integer("n", uniform(0, 9))), "n", span="2H")
    assert found.form == "numbers"
    assert found.edges == [each - 0.5 for each in range(11)]
    assert found.expected == pytest.approx([720] * 10, abs=0.2)
    assert sum(found.counted) == 7200
    assert stats.chisquare(found.counted).pvalue > 1e-4


@pytest.mark.parametrize("precision", [None, 1])
def test_real_numbers_have_the_density_of_their_distribution(precision: int | None) -> None:
    made = {"type": "float", "name": "x", "distribution": normal(20, 2)} | (
        {"precision": precision} if precision else {}
    )
    found = field(world(made), "x", span="2H")
    theory = 7200 * np.diff(stats.norm(20, 2).cdf(found.edges))
    assert found.expected == pytest.approx(theory, rel=0.02, abs=2)
    assert np.abs(np.array(found.counted) - theory).max() < 5 * np.sqrt(theory.max())


def test_values_of_an_enum_have_the_shares_of_the_index() -> None:
    made = enum("v", "a", "b", "a", "c", cardinality_distribution=uniform(0, 3))
    found = field(world(made), "v", span="1H")
    assert found.form == "texts"
    assert dict(zip(found.texts, found.expected or [], strict=True)) == pytest.approx(
        {"a": 1800, "b": 900, "c": 900}, rel=1e-3
    )


def test_missing_and_null_are_counted_and_expected() -> None:
    found = field(world(integer("n", uniform(0, 9), percent_missing=50, percent_nulls=20)), "n", span="2H")
    assert (found.expected_missing, found.expected_nulls) == (0.5, 0.2)
    assert found.records == 7200
    assert found.missing == pytest.approx(3600, abs=200)
    assert found.nulls == pytest.approx(720, abs=120)
    assert sum(found.counted) == found.records - found.missing - found.nulls


def test_a_variable_has_the_theory_of_the_only_one_that_sets_it() -> None:
    states = [
        state("a", "b", variables=[integer("n", uniform(1, 2)), enum("m", "x")]),
        state("b", variables=[enum("m", "y")]),
    ]
    spec = world(read("n"), read("m"), states=states)
    assert field(spec, "n", span="1M").expected == pytest.approx([60, 60])
    assert field(spec, "m", span="1M").expected is None


def test_what_is_nested_is_shown_field_by_field() -> None:
    inner = [
        integer("n", uniform(1, 2)),
        {"type": "list", "name": "l", "elements": [enum("x", 1, 2)], "length_distribution": uniform(0, 2)},
    ]
    found = plots.values(world({"type": "object", "name": "o", "dimensions": inner}, counter("c")), span="5M")
    assert [(each.field, each.form) for each in found] == [
        ("o.n", "numbers"), ("o.l", "lengths"), ("o.l[]", "texts"), ("c", "different"),
    ]  # fmt: skip
    assert found[1].expected == pytest.approx([100, 100, 100], abs=0.1)
    assert found[3].texts == ["0", "1", "2"]


def test_a_far_tail_is_counted_and_not_shown() -> None:
    made = enum("v", *[{"i": number} for number in range(40)])
    found = field(world(made), "v", span="1H")
    assert len(found.texts) == 10
    assert found.different == 40
    assert sum(found.counted) + found.outside == found.records


@pytest.mark.parametrize("name", some(READY))
def test_there_are_values_of_every_field_that_is_emitted(name: str) -> None:
    spec = READY[name]
    found = {(each.emitter, each.field.split(".")[0].split("[")[0]) for each in plots.values(spec, span="1H")}
    emitted = {emitter for emitter, _ in found}
    fields = {(emitter["name"], each["name"]) for emitter in spec["emitters"] for each in emitter["dimensions"]}
    fields |= {(emitter["name"], emitter["incidents"]) for emitter in spec["emitters"] if "incidents" in emitter}
    odd = [
        (emitter["name"], each.get("outliers", {})) for emitter in spec["emitters"] for each in emitter["dimensions"]
    ]
    fields |= {(name, outliers["label"]) for name, outliers in odd if "label" in outliers}
    assert found == {(emitter, name) for emitter, name in fields if emitter in emitted}


def test_all_of_it_is_plain_data() -> None:
    spec, span = READY["social_posts"], "1H"
    for made in (plots.arrivals, plots.states, plots.alive, plots.lives):
        json.dumps(asdict(made(spec, span=span)), allow_nan=False)
    json.dumps([asdict(each) for each in plots.values(spec, span=span)], allow_nan=False)


def test_the_numbers_follow_from_spec_seed_and_start() -> None:
    spec = READY["example"]
    assert plots.values(spec, span="1H") == plots.values(spec, span="1H", seed=0, start=MONDAY)
    assert plots.lives(spec, span="1H") != plots.lives(spec, span="1H", seed=1)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"span": "soon"}, "span: must be a duration"),
        ({"span": 0}, "span: must be above 0"),
        ({"start": "soon"}, "start: must be a time such as"),
        ({"max_workers": 0}, "max_workers: must be a whole number, 1 or more"),
    ],
)
def test_what_can_be_no_option_is_refused(options: dict, text: str) -> None:
    with pytest.raises(InvalidInput, match=text):
        plots.alive(world(), **options)


def test_a_clock_that_never_moves_on_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no gap and no delay is ever above 0"):
        plots.arrivals(world(gap=0))


def test_who_is_born_as_a_bin_ends_is_in_the_next_one() -> None:
    assert plots.arrivals(world(gap=60), span="1H", bin_seconds=600).sources[0].counted == [10] * 6


@pytest.mark.parametrize(
    ("keys", "missing", "nulls"),
    [
        ({"type": "expression", "value": "worker % 2 = 0 ? 1 : null", "percent_missing": 50}, 0.5, None),
        ({"type": "constant", "value": 1, "when": "worker % 2 = 0"}, None, None),
        ({"type": "lookup", "emitter": "e", "dimension": "time"}, 0.0, None),
        ({"type": "previous", "of": "time"}, 0.0, None),
    ],
)
def test_what_a_condition_leaves_out_is_not_foretold(keys: dict, missing: float | None, nulls: float | None) -> None:
    found = field(world({"name": "v", **keys}), "v", span="1H")
    assert (found.expected_missing, found.expected_nulls) == (missing, nulls)
    assert found.missing + found.nulls > 0


def test_a_null_among_the_values_of_an_enum_is_expected() -> None:
    found = field(world(enum("v", None, "a", percent_nulls=50)), "v", span="1H")
    assert found.expected_nulls == 0.75
    assert found.expected == [found.records - found.nulls]


def test_workers_of_the_warm_up_are_alive_at_the_start_and_are_no_arrivals() -> None:
    spec = world(states=[state("s", delay=constant(10))], warm_up=60)
    assert plots.alive(spec, span="240S").mean == pytest.approx([10] * 240)
    found = plots.arrivals(spec, span="240S", bin_seconds=60).sources[0]
    assert found.counted == found.expected == [60] * 4
    assert plots.lives(spec, span="240S").born == plots.states(spec, span="240S").born == 240
    assert field(world(counter("n"), warm_up=60), "n", span="240S").records == 240


def test_a_volume_is_that_of_the_picture() -> None:
    spec = world()
    del spec["interarrival"]
    spec |= {"arrivals": {"type": "poisson", "rate": 1}, "volume": "3/s"}
    assert plots.arrivals(spec, span="1H", bin_seconds=3600).sources[0].expected == pytest.approx([10_800], rel=1e-3)


def test_a_volume_of_a_population_is_that_of_the_picture() -> None:
    own = {"states": [state("s")], "arrivals": {"type": "poisson", "rate": 1}}
    spec = {"populations": {"a": own | {"volume": "3/s"}, "b": own}, "emitters": world()["emitters"]}
    found = plots.arrivals(spec, span="1H", bin_seconds=3600).sources
    assert [source.expected[0] for source in found] == pytest.approx([10_800, 3600], rel=1e-3)
    assert [source.counted[0] for source in found] == pytest.approx([10_800, 3600], rel=0.07)


def test_the_number_alive_is_expected_by_the_hour_of_the_week() -> None:
    spec = world(states=[state("s", delay=constant(60))])
    del spec["interarrival"]
    spec["arrivals"] = {"type": "poisson", "rate": "60/M", "profile": {"type": "hour_of_day", "factors": {"9": 5}}}
    found = plots.alive(spec, span="1D", start="2024-01-03T00:00:00+09:00")
    assert found.expected is not None
    assert found.expected[:85] == pytest.approx([60] * 85, rel=0.01)
    assert found.expected[93:99] == pytest.approx([300] * 6, rel=0.02)


def test_a_run_that_is_over_expects_nobody_and_ends_with_the_last_stop() -> None:
    spec = world(states=[state("s", delay=constant(30))])
    del spec["interarrival"]
    spec["arrivals"] = {"type": "stages", "stages": [{"alive": 3, "for": "5M"}]}
    assert plots.alive(spec).expected is None
    assert Pilot.of(spec).busy == 300 * 10**9


def test_a_source_of_very_many_is_counted_with_fewer_seeds() -> None:
    spec = world()
    del spec["interarrival"]
    spec["arrivals"] = {"type": "every", "every": 60, "size": 30}
    assert plots.arrivals(spec, bin_seconds=3600, max_workers=1000).sources[0].expected == pytest.approx([1_800] * 168)


@pytest.mark.parametrize(
    ("option", "value", "change"),
    [("rate", "70/H", 2.8), ("volume", "70/H", 2.8), ("timezone", "Asia/Tokyo", 1), ("warm_up", "2H", 1)],
)
def test_a_picture_is_one_of_the_run_with_its_options(option: str, value: str, change: float) -> None:
    spec = {**SOURCES, "arrivals": source("poisson", "visitors", rate="20/H", profile="day"), "max_workers": 1000}
    pilots = [
        Pilot.of(spec, {"start": "2024-01-01T00:00:00", "span": "7D", **given}) for given in ({}, {option: value})
    ]
    before, after = (float(pilot.expectation.rate) for pilot in pilots)
    hours = [pilot.population.timezone for pilot in pilots]
    assert after / before == pytest.approx(change)
    assert (hours[1] == "Asia/Tokyo") == (option == "timezone")
    assert (pilots[1].walked.warmed > 0) == (option == "warm_up")
