"""Explanations of runs: their numbers against long runs and against theory, and what people and programs read."""

import json
from math import factorial, sqrt
from time import process_time

import numpy as np
import pytest

import datagen
from datagen.clock import NEVER
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.moment import parse_duration, parse_moment
from tests.fresh import some
from tests.worlds import READY, ROOT, START, constant, counter, exponential, state, world, write_json

SECOND = 10**9
STEADY = {name for name, spec in READY.items() if "interarrival" in spec}


def poisson(rate: float, **keys: object) -> dict:
    return {"type": "poisson", "rate": rate, **keys}


def spec_of(source: dict, life: float, **keys: object) -> dict:
    states = [state("s", delay=exponential(life)), state("away")]
    return {"states": states, "emitters": [{"name": "e", "dimensions": []}], "arrivals": source, **keys}


def born_in(spec: dict, limit: int, begin: int, end: int) -> float:
    """Records a second of a run between two seconds."""
    walk = Walk(Plan(datagen.load(spec).spec, parse_moment(START)), seed=3, max_workers=limit)
    count = 0
    while walk.next_time < end * SECOND:
        count += int((walk.advance(end * SECOND).time >= begin * SECOND).sum())
    return count / (end - begin)


@pytest.mark.parametrize("name", sorted(STEADY))
def test_means_are_those_of_a_long_run(name: str) -> None:
    """Counted by 40 stretches of time from 3000 s on: within 2 % or four standard errors."""
    spec = datagen.load(READY[name]).spec
    found = datagen.explain(READY[name])
    limit = found["limit"]["workers"]
    walk = Walk(Plan(spec, parse_moment(START)), seed=5, max_workers=limit)
    begin, span = 3000 * SECOND, 1000 * SECOND
    emits = np.array([bool(each.emitter) for each in spec.states])
    alive, births, records, entries = [], [], [], np.zeros(len(spec.states))
    for number in range(41):
        counts = np.zeros(3)
        while walk.next_time < begin + number * span:
            steps = walk.advance(begin + number * span)
            counts += [(steps.step == 0).sum(), emits[steps.state].sum(), 0]
            entries += np.bincount(steps.state, minlength=len(entries)) if number else 0
        alive.append(walk.alive)
        births.append(counts[0] / 1000)
        records.append(counts[1] / 1000)

    def same(expected: float, seen: list[float]) -> None:
        error = 4 * float(np.std(seen)) / sqrt(len(seen))
        assert float(np.mean(seen)) == pytest.approx(expected, abs=max(0.02 * expected, error))

    same(found["records_per_second"]["mean"], records[1:])
    same(found["workers"]["alive"], alive[1:])
    if found["life"]["always_stops"]:
        same(found["workers"]["born_per_second"], births[1:])
        lives = [records[number] / births[number] for number in range(1, 41)]
        same(found["life"]["records"], lives)
        same(found["life"]["seconds"], [alive[number] / births[number] for number in range(1, 41)])
    for count, each in zip(entries, found["states"].values(), strict=True):
        assert count / 40_000 == pytest.approx(each["per_second"], abs=max(0.02, 0.02 * each["per_second"]) + 1e-3)


def test_a_recorded_log_is_played_once() -> None:
    [source] = datagen.explain(READY["replay"])["sources"]
    assert source["workers_altogether"] == len((ROOT / "conf/gen/data/access.log").read_text().splitlines())


# Whose lives last so long that a week is no long run.
OTHERS = {"account", "orders"}


@pytest.mark.parametrize("name", some(set(READY) - STEADY - OTHERS - {"replay"}, 4))
def test_a_week_of_a_ready_spec_is_what_was_foretold(name: str) -> None:
    """Whole weeks without a holiday; of the load test, which is over, and of much that is steady, minutes."""
    spec = READY[name]
    if "incidents" in spec:
        past = {"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}
        spec = spec | {"incidents": dict.fromkeys(spec["incidents"], past)}
    population = datagen.load(spec).spec
    found = datagen.explain(spec)
    seconds = {"load_test": 360, "micro_services": 1800}.get(name, 7 * 86400)
    walk = Walk(Plan(population, parse_moment("2024-02-05T00:00:00")), 3, found["limit"]["workers"])
    emits = np.array([bool(each.emitter) for each in population.states])
    parts = np.zeros(28)
    while walk.next_time < seconds * SECOND:
        steps = walk.advance(seconds * SECOND)
        steps = steps.at(np.flatnonzero(steps.state < len(emits)))  # without births alone
        parts += np.bincount(steps.time[emits[steps.state]] * 28 // (seconds * SECOND), minlength=28)
    expected = found["records_per_second"]["mean"] * seconds
    together = max(life["family"]["records"] or 1 for life in found["lives"])  # that come with one worker
    assert parts.sum() == pytest.approx(expected, abs=max(0.02 * expected, 4 * sqrt(expected * together) * 2))


def test_hours_of_a_week_are_those_of_a_run() -> None:
    profile = {"type": "hour_of_day", "factors": {"9": 8, "10": 4, "22": 0}}
    spec = spec_of(poisson(0.2, profile=profile), 1800)
    by_hour = np.array(datagen.explain(spec, max_workers=10**6)["records_per_second"]["by_hour"])
    walk = Walk(Plan(datagen.load(spec).spec, parse_moment(START)), seed=1, max_workers=10**6)
    counts = np.zeros(24)
    while walk.next_time < 84 * 86400 * SECOND:
        counts += np.bincount(walk.advance(84 * 86400 * SECOND).time // (3600 * SECOND) % 24, minlength=24)
    wanted = by_hour.reshape(7, 24).mean(axis=0) * 3600 * 84
    assert np.abs(counts - wanted).max() < 5 * sqrt(wanted.max())


def erlang(load: float, places: int) -> float:
    """The share of a Poisson process that finds all places taken."""
    terms = [load**number / factorial(number) for number in range(places + 1)]
    return terms[-1] / sum(terms)


@pytest.mark.parametrize(
    ("source", "limit", "born"),
    [
        (poisson(10, when_full="drop"), 100, 10 * (1 - erlang(100, 100))),
        (poisson(10, when_full="drop", max_workers=5), 1000, 10 * (1 - erlang(100, 5))),
        (poisson(20), 100, 10),
        (poisson(10), 110, 10),
        ({"type": "interarrival", "distribution": exponential(0.05)}, 100, 10),
        ({"type": "interarrival", "distribution": constant(0.05)}, 100, 10),
        ({"type": "interarrival", "distribution": constant(0.1)}, 2000, 10),
    ],
)
def test_what_a_limit_costs_is_that_of_theory_and_of_a_run(source: dict, limit: int, born: float) -> None:
    spec = spec_of(source, 10)
    found = datagen.explain(spec, max_workers=limit)
    assert found["workers"]["born_per_second"] == pytest.approx(born, rel=0.01)
    assert born_in(spec, limit, 200, 6000) == pytest.approx(born, rel=0.02)


@pytest.mark.parametrize(
    "source",
    [
        {"type": "interarrival", "distribution": exponential(0.1)},  # one waits, and meanwhile no gap runs
        {"type": "interarrival", "distribution": {"type": "uniform", "min": 0, "max": 0.2}},
        {"type": "every", "every": 2, "size": 20, "when_full": "drop"},
    ],
)
def test_near_the_limit_what_it_costs_is_that_of_a_run(source: dict) -> None:
    spec = spec_of(source, 10)
    found = datagen.explain(spec, max_workers=100)
    assert found["limit"]["binds"]
    assert found["limit"]["records_lost_per_second"] > 0
    assert found["records_per_second"]["mean"] == pytest.approx(born_in(spec, 100, 200, 6000), rel=0.02)


def test_who_is_turned_away_leaves_a_record() -> None:
    spec = spec_of(poisson(10, when_full={"state": "away"}), 10)
    found = datagen.explain(spec, max_workers=50)
    assert found["records_per_second"]["mean"] == pytest.approx(10)
    assert found["workers"]["born_per_second"] == pytest.approx(4.9, rel=0.03)


def test_those_who_wait_are_more_and_more_where_more_come_than_fit() -> None:
    grows = [
        datagen.explain(spec_of(poisson(rate), 10), max_workers=100)["limit"]["queue_grows"] for rate in (5, 9, 12)
    ]
    assert grows == [False, False, True]


@pytest.mark.parametrize(
    ("options", "records", "seconds"),
    [
        ({"duration": "1D"}, 86400, 86400),
        ({"duration": "1H", "start": "2024-01-01T12:00:00"}, 7200 * 24 / 25, 3600),
        ({"duration": "1H", "start": "2024-01-01T13:00:00"}, 3600 * 24 / 25, 3600),
        ({"duration": "8D", "start": "2024-01-05T12:30:00Z"}, 8 * 86400, 8 * 86400),
        ({"until": "+1D", "start": "2024-01-01T00:00:00"}, 86400, 86400),
        ({"records": 1000}, 1000, 1000 * 25 / 24),
        ({"records": 1000, "until": "+1D"}, 1000, 1000 * 25 / 24),
        ({"records": 10**6, "until": "+1D"}, 86400, 86400),
        ({}, None, None),
    ],
)
def test_the_size_of_a_run_is_foretold(options: dict, records: float | None, seconds: float | None) -> None:
    source = {"type": "even", "rate": 24 / 25, "profile": {"type": "hour_of_day", "factors": {"12": 2}}}
    found = datagen.explain(spec_of(source, 1e-6), max_workers=10**6, **options)["run"]
    assert (found["records"], found["seconds"]) == (
        (None, None) if records is None else (pytest.approx(records, abs=2), pytest.approx(seconds, rel=1e-6))
    )


def test_a_fleet_and_those_who_come_once_are_counted() -> None:
    assert datagen.explain(spec_of({"type": "at_start", "total": 70}, 5), duration="1H")["run"]["records"] == 70
    fleet = world(states=[state("s", "s", delay=constant(2))])
    fleet = {**fleet, "arrivals": {"type": "at_start", "total": 30}, "interarrival": None}
    found = datagen.explain({key: value for key, value in fleet.items() if value is not None})
    assert (found["records_per_second"]["mean"], found["workers"]["alive"]) == (pytest.approx(15), 30)


def counted(spec: dict, span: str, runs: int, limit: int) -> tuple[float, float]:
    """Records of a run of some time, and workers alive at its end: means of several seeds."""
    end = parse_duration(span)
    records = alive = 0
    for seed in range(runs):
        walk = Walk(Plan(datagen.load(spec).spec, parse_moment(START)), seed, limit)
        while walk.next_time < end:
            records += len(walk.advance(end))
        alive += walk.alive
    return records / runs, alive / runs


ENDLESS = [state("s", "s", delay=exponential(30))]
CUT = [
    poisson(2, most=30),
    poisson(2, until="+5M"),
    poisson(2, **{"from": "+5M", "until": "+10M"}),
    [poisson(2, name="a", most=100), poisson(5, name="b", most=70, **{"from": {"after": "a"}})],
    {"type": "every", "every": 60, "size": 5, "times": 4},
    {"type": "every", "every": "1D", "size": 70, "count": 2},
    {"type": "periodic", "period": "1M", "multiplier": 7, "most": 20},
    {"type": "even", "total": 500, "until": "+50M"},
    {"type": "cron", "expression": "*/5 * * * *"},
    {"type": "at_start", "total": 70, "spread": 1000},
    {"type": "interarrival", "distribution": exponential(0.2), "most": 1000},
    {
        "type": "stages",
        "stages": [{"for": "5M", "alive": 30}, {"for": "5M", "alive": 30, "to": 90}, {"for": "1M", "rate": 5}],
    },
    poisson(2, profile={"type": "growth", "per": "10M", "factor": 3}),
    poisson(0.5, profile={"type": "steps", "values": [["+0S", 1], ["+8M", 5]]}),
]


@pytest.mark.parametrize("source", CUT, ids=str)
def test_a_run_with_an_end_has_of_its_sources_what_they_make_in_it(source: dict) -> None:
    """Within 2 %, as the mean life stands for all, or four standard errors; two records a worker at most."""
    spec = spec_of(source, 60)
    found = datagen.explain(spec, start=START, duration="20M", max_workers=10**6)
    seen, _ = counted(spec, "20M", 10, 10**6)
    assert found["run"]["records"] == pytest.approx(seen, abs=max(0.02 * seen, 4 * sqrt(seen / 10)))
    assert found["means_of"] == "run"
    assert found["records_per_second"]["mean"] == pytest.approx(found["run"]["records"] / 1200, abs=1e-3)


@pytest.mark.parametrize("source", [poisson(0.2), {"type": "at_start", "total": 40}, {"type": "even", "rate": 0.1}])
def test_a_run_fills_up_with_workers_who_never_stop(source: dict) -> None:
    """Twenty minutes are 40 stays; the count of a stay varies by its root."""
    spec = spec_of(source, 60) | {"states": ENDLESS}
    run = datagen.explain(spec, start=START, duration="20M", max_workers=100)["run"]
    seen, _ = counted(spec, "20M", 10, 100)
    assert run["records"] == pytest.approx(seen, rel=0.03)


def test_a_house_that_is_full_from_some_time_on_has_as_many_as_fit() -> None:
    found = datagen.explain(spec_of(poisson(2), 60), start=START, duration="10M", max_workers=50)
    seen, alive = counted(spec_of(poisson(2), 60), "10M", 10, 50)
    assert alive == 50
    assert found["limit"]["queue_grows"]
    assert found["run"]["records"] == pytest.approx(seen, rel=0.05)


@pytest.mark.parametrize(
    ("duration", "seconds", "warm_up"),
    [("0", 0, "0S"), ("0.001", 0.001, "0S"), ("1S", 1, "1S"), ("10S", 10, "7D"), ("36000D", 36_000 * 86_400, "0S")],
)
def test_runs_of_any_length_are_foretold(duration: str, seconds: float, warm_up: str) -> None:
    spec = spec_of(poisson(2), 5, warm_up=warm_up)
    found = datagen.explain(spec, start=START, duration=duration, max_workers=10**6)
    assert found["run"]["records"] == pytest.approx(2 * seconds, rel=0.02, abs=1)


def test_a_run_that_runs_dry_has_fewer_records_than_were_asked_for() -> None:
    found = datagen.explain(spec_of(poisson(2, most=30), 60), records=1000)["run"]
    assert (found["records"], found["seconds"]) == (30, None)


def test_hours_that_a_run_does_not_come_to_are_unknown() -> None:
    by_hour = datagen.explain(spec_of(poisson(2), 1), start="2024-01-01T05:00:00", duration="2H")["records_per_second"]
    assert [hour for hour, rate in enumerate(by_hour["by_hour"]) if rate is not None] == [5, 6]


def test_what_a_run_takes_to_compute_is_estimated() -> None:
    """Within a factor of 10, since the machine may be busy with something else."""
    spec = datagen.load(READY["example"])
    foretold = datagen.explain(spec, records=100_000)["run"]["computing_seconds"]
    began = process_time()
    count = sum(len(batch) for batch in datagen.batches(spec, start=START, records=100_000, threads=1))
    assert count == 100_000
    assert 0.1 < foretold / (process_time() - began) < 10


def test_variables_in_a_circle_and_patterns_that_only_python_knows_are_by_row(tmp_path) -> None:
    log = tmp_path / "log"
    log.write_text("1 a\n")
    pattern = r"(?=1)(\d+)"
    source = {"type": "replay", "path": str(log), "time": {"patterns": [[pattern, "epoch"]]}}
    takes = [{"name": "b", "type": "variable", "variable": "a"}], [{"name": "a", "type": "variable", "variable": "b"}]
    states = [state("s", {"t": 1}, variables=takes[0]), state("t", variables=takes[1])]
    found = datagen.explain(spec_of(source, 1) | {"states": states})["by_row"]
    assert found == [
        f"pattern {json.dumps(pattern)} of the replay of {log}",
        "variables that read each other in a circle (b → a → b)",
    ]


def test_bytes_are_those_of_the_chosen_format() -> None:
    csv, json_ = (datagen.explain(READY["example"], format=name)["bytes_per_second"] for name in ("csv", "json"))
    assert (csv["format"], json_["format"]) == ("csv", "json")
    assert 0.3 < csv["per_record"] / json_["per_record"] < 0.7
    assert json_["error"] < 0.002


def test_plug_ins_are_said_to_be_by_row(tmp_path, command) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "import datagen\n"
        "class Mine(datagen.Distribution):\n"
        '    """Mine."""\n'
        '    kind = "mine"\n'
        "    def sample(self, u):\n        return u\n"
    )
    spec = write_json(tmp_path / "spec.json", world(states=[state("s", delay={"type": "mine"})]))
    assert json.loads(command("explain", spec, "--json", "--plugins", plugin).out)["by_row"] == ["mine"]


def test_the_several_records_of_a_step_are_counted(command, tmp_path) -> None:
    """Lives of two steps with 3 records on average each, and one of another emitter."""
    listed = {"type": "list", "elements": [counter("x")], "length_distribution": {"type": "poisson", "mean": 3}}
    states = [state("a", {"a": 0.5, "b": 0.5}, delay=exponential(1)), state("b", emitter="f")]
    spec = world(states=states, gap=exponential(1))
    spec["emitters"] = [{"name": "e", "text": listed}, {"name": "f", "dimensions": [counter("n")]}]
    found = datagen.explain(spec)
    error = found["records_per_second"]["error"]
    assert 0 < error < 0.02
    assert found["records_per_second"]["mean"] == pytest.approx(7, rel=4 * error)
    assert found["life"]["records"] == pytest.approx(7, rel=4 * error)
    assert found["emitters"]["e"]["records_per_second"] == pytest.approx(6, rel=4 * error)
    assert found["emitters"]["f"]["records_per_second"] == pytest.approx(1)
    assert "as many as in a pilot (±" in command("explain", write_json(tmp_path / "s.json", spec)).out
    run = datagen.explain(spec, start=START, records=7000)["run"]
    assert run["seconds"] == pytest.approx(1000, rel=0.05)


def test_skipped_records_are_not_counted() -> None:
    failing = {"name": "v", "type": "template", "text": "{{ 1 / (n % 3) }}", "on_error": "skip"}
    found = datagen.explain(world(counter("n"), failing))["records_per_second"]
    assert found["mean"] == pytest.approx(2 / 3, rel=0.01)


def test_the_shape_of_the_json_stays() -> None:
    found = datagen.explain(READY["example"])
    assert list(found) == [
        *(
            "means_of",
            "records_per_second",
            "bytes_per_second",
            "life",
            "workers",
            "limit",
            "populations",
            "sources",
            "lives",
            "states",
            "resources",
            "incidents",
            "emitters",
        ),
        *(
            "run",
            "volume_scale",
            "at_start",
            "texts",
            "transitions",
            "items_measured",
            "stays_measured",
            "left_out",
            "by_row",
            "impure",
        ),
    ]
    assert len(found["records_per_second"]["by_hour"]) == 168
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("name", ["call_centre", "clickstream", "load_test", "replay", "sensors", "shop", "spans"])
def test_the_same_is_said_again_and_again(command, name: str) -> None:
    asked = ("explain", f"conf/gen/{name}.json", "-n", "1M")
    first, second = command(*asked), command(*asked)
    lines = [line for line in first.out.splitlines() if not line.startswith("computing")]
    assert lines == [line for line in second.out.splitlines() if not line.startswith("computing")]
    assert first.err == ""
    assert "a second" in first.out


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (spec_of(poisson(20), 10), "which costs 10 records a second, and those who wait are more and more; "),
        (world(gap=0.1), "limit      100 workers, which is enough"),
        (world(states=[state("s", "s", delay=constant(1))]), "limit      100 workers: as many are alive in the end"),
        (world(gap=1, volume="7/s"), "scale      7 times as many workers as the spec says"),
        (world(gap=1, volume="7/s"), "limit      none"),
        (world(gap=0), "records    how many is unknown"),
        (spec_of(poisson(1, most=3), 1), "ends       poisson: counted as if it went on; -r or --until counts what"),
        (
            spec_of([{"name": "a", **poisson(1)}, {"name": "b", "type": "at_start", "total": 5}], 1),
            "at_start          0           5   1 s",
        ),
    ],
)
def test_people_are_told(command, tmp_path, spec: dict, text: str) -> None:
    assert text in command("explain", write_json(tmp_path / "spec.json", spec)).out


def test_what_is_wrong_is_said(command, tmp_path) -> None:
    outcome = command("explain", write_json(tmp_path / "spec.json", world(gap=-1) | {"stats": []}))
    assert outcome.code == 2
    assert 'unknown key "stats"' in outcome.err


def test_a_limit_beyond_all_is_none() -> None:
    assert datagen.explain(world(gap=1, volume="7/s"), max_workers=NEVER)["limit"]["workers"] is None


def test_times_that_do_not_fit_the_start_are_told(command, tmp_path) -> None:
    past = {"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}
    silent = poisson(1, profile={"type": "hour_of_day", "factors": [0] * 24})
    spec = spec_of(silent, 1, incidents={"i": past}, emitters=[{"name": "e", "dimensions": [], "incidents": "on"}])
    said = command("explain", write_json(tmp_path / "spec.json", spec), "-s", START).err
    assert "incidents.i: is over before the run begins" in said
    assert "arrivals.profile: never rises above 0" in said
    late = spec_of(poisson(1, **{"from": "2024-01-02T00:00:00Z", "until": "+1H"}), 1)
    with pytest.raises(datagen.InvalidInput, match=r'arrivals\.until: must be after "from", which is 2024-01-02'):
        datagen.explain(late, start=START)
