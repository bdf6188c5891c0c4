"""Volumes: so many more workers that a run makes what was asked for."""

import json
from math import sqrt

import numpy as np
import pytest

import datagen
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.job.options import Options
from datagen.job.volume import scaled
from datagen.moment import parse_moment
from datagen.plugin.volume import parse_volume
from tests.worlds import READY, START, constant, counter, exponential, state, world, write_json

SHOP = {
    "states": [state("a", {"a": 0.5, "stop": 0.5}, delay=exponential(60))],
    "emitters": [{"name": "e", "dimensions": [{"name": "n", "type": "enum", "values": ["x", "yy"]}]}],
    "profiles": {"office": {"type": "hour_of_day", "factors": {"9": 3, "10": 5, "3": 0}}},
    "arrivals": [
        {"name": "web", "type": "poisson", "rate": 0.1, "profile": "office"},
        {"name": "gaps", "type": "interarrival", "distribution": exponential(20), "profile": "office"},
        {"name": "even", "type": "even", "rate": "100/H"},
        {"name": "nightly", "type": "every", "every": "1D", "first": "2H", "size": 500},
        {"name": "calls", "type": "periodic", "period": "1D", "multiplier": 800.5, "deviation": 0.1},
        {"name": "jobs", "type": "cron", "expression": "*/10 * * * *"},
    ],
}


def volume_of(spec: dict, **options: object):
    loaded = datagen.load(spec)
    made, [scale] = scaled(loaded, Options.of({"seed": 1, "start": START} | options), parse_moment(START))
    return loaded, made, scale


@pytest.mark.parametrize(
    ("given", "amount", "in_bytes", "at_peak"),
    [
        ("5000/s", 5000, False, False),
        (20, 20, False, False),
        ("20", 20, False, False),
        ("2k/M peak", 2000 / 60, False, True),
        ("10GB/D", 1e10 / 86400, True, False),
        ("1.5 MiB / h  PEAK", 1.5 * 1024**2 / 3600, True, True),
        ("100B/s", 100, True, False),
    ],
)
def test_a_volume_is_read(given: object, amount: float, in_bytes: bool, at_peak: bool) -> None:
    found = parse_volume(given)
    assert (found.amount, found.in_bytes, found.at_peak) == (pytest.approx(amount), in_bytes, at_peak)


@pytest.mark.parametrize(
    "given", ["", "fast", "5GB", "5/w", "0/s", 0, -1, True, None, [5], "5 GB/D often", "1e99GB/s/s"]
)
def test_what_is_no_volume_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r"must be (a volume|a text|above 0)"):
        parse_volume(given)


@pytest.mark.parametrize("name", sorted(name for name, spec in READY.items() if "interarrival" in spec))
@pytest.mark.parametrize("wanted", ["rate", "volume"])
def test_a_ready_spec_makes_what_was_asked_for(name: str, wanted: str) -> None:
    """Counted from the tenth mean life on, by 50 stretches of time: within 2 % or four standard errors."""
    asked = {"rate": "40/s"} if wanted == "rate" else {"volume": "9kB/s"}
    limit = {} if name == "sensors" else {"max_workers": 10**6}
    loaded, options, _ = volume_of(READY[name], **limit, **asked)
    run = Walk(Plan(loaded.spec, parse_moment(START), scale=options.scale), 7, options.limit(loaded.spec))
    emits = np.array([bool(each.emitter) for each in loaded.spec.states])
    second, begin, span = 10**9, 3000, 9000
    counts = np.zeros(50)
    while run.next_time < (begin + span) * second:
        steps = run.advance((begin + span) * second)
        part = (steps.time[emits[steps.state]] // second - begin) * 50 // span
        counts += np.bincount(part[part >= 0], minlength=50)
    rates = counts / (span / 50)
    target = 40.0
    if wanted == "volume":
        each = datagen.explain(READY[name], **limit, **asked, seed=1, start=START)["bytes_per_second"]["per_record"]
        target = 9000 / each
    error = 4 * rates.std() / sqrt(50)
    assert rates.mean() == pytest.approx(target, abs=max(0.02 * target, error))


KID = {"state": "kid", "count": 3, "delay": exponential(2)}
FAMILY = {
    "states": [
        state("rings", emitter=None, delay=exponential(5), spawn=[KID, {"state": "loner", "count": "born % 3"}]),
        state("kid", {"kid": 0.5, "stop": 0.5}, delay=exponential(3), spawn=[{"state": "loner"}]),
        state("loner", delay=exponential(1)),
    ],
    "emitters": [{"name": "e", "dimensions": [{"name": "n", "type": "enum", "values": ["x", "yy"]}]}],
    "arrivals": {"type": "poisson", "rate": 1},
}


@pytest.mark.parametrize("asked", [{"rate": "500/s"}, {"volume": "22kB/s"}], ids=str)
def test_children_are_counted_in_a_volume(asked: dict) -> None:
    """Each worker makes 3 · 2 records by its kids, as many by theirs, and one by others: 13."""
    _, options, scale = volume_of(FAMILY, **asked)
    line = len('{"time":"2024-01-01T00:00:00.000","n":"yy"}\n') - 0.5
    wanted = 500 if "rate" in asked else 22000 / line
    assert scale.constant == pytest.approx(wanted / 13, rel=0.01)
    loaded = datagen.load(FAMILY)
    walk = Walk(Plan(loaded.spec, parse_moment(START), scale=options.scale), 7, options.limit(loaded.spec))
    emits, second, made = np.array([False, True, True]), 10**9, 0
    while walk.next_time < 400 * second:
        steps = walk.advance(400 * second)
        made += int(emits[steps.state[steps.time >= 100 * second]].sum())
    assert made / 300 == pytest.approx(wanted, rel=0.02)


def test_a_volume_of_children_without_an_end_is_refused() -> None:
    endless = {**FAMILY, "states": [state("a", spawn=[{"state": "kid"}]), state("kid", "kid", delay=constant(1))]}
    with pytest.raises(datagen.InvalidInput, match="workers whom others spawn may never stop, or be more and more"):
        volume_of(endless, rate="500/s")


@pytest.mark.parametrize("name", ["shop", "call_centre", "sensor_fleet"])
def test_a_week_of_a_ready_spec_makes_what_was_asked_for(name: str) -> None:
    spec = READY[name]
    if "incidents" in spec:
        past = {"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}
        spec = spec | {"incidents": dict.fromkeys(spec["incidents"], past)}
    loaded, options, _ = volume_of(spec, rate="2/s")
    walk = Walk(Plan(loaded.spec, parse_moment("2024-02-05T00:00:00"), scale=options.scale), 3, 10**6)
    emits = np.array([bool(each.emitter) for each in loaded.spec.states])
    count, end = 0, 7 * 86400 * 10**9
    while walk.next_time < end:
        count += int(emits[walk.advance(end).state].sum())
    drawn = 4 * 0.1 / sqrt(3 * 7) if name == "call_centre" else 0.0  # a deviation a day
    assert count == pytest.approx(2 * 7 * 86400, rel=max(0.02, drawn))


def test_a_load_test_makes_what_was_asked_for_while_it_lasts() -> None:
    """Its stages take six minutes; 74 000 workers vary by some 5 records each: four standard errors are 1.5 %."""
    made = datagen.batches(READY["load_test"], start=START, rate="1000/s", max_workers=10**5, seed=1)
    assert sum(map(len, made)) == pytest.approx(360_000, rel=0.02)


def test_bytes_are_those_of_a_run() -> None:
    lines = [
        json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        for record in datagen.records(
            READY["clickstream"], start=START, seed=1, rate="100/s", max_workers=10**5, duration="20M"
        )
    ]
    volume = sum(len(line.encode()) + 1 for line in lines) / len(lines)
    found = datagen.explain(READY["clickstream"], volume="1MB/M", max_workers=10**5, seed=1, start=START)
    assert found["bytes_per_second"]["per_record"] == pytest.approx(volume, rel=0.005)
    assert found["bytes_per_second"]["mean"] == pytest.approx(1e6 / 60, rel=1e-3)  # another pilot


def test_a_whole_week_with_profiles_is_what_was_asked_for() -> None:
    count = sum(1 for _ in datagen.records(SHOP, start="2024-01-01T00:00:00", duration="7D", seed=3, rate="0.6/s"))
    wanted = 0.6 * 7 * 86400
    assert count == pytest.approx(wanted, abs=max(0.02 * wanted, 4 * sqrt(4 * wanted)))


def test_a_peak_is_that_of_the_highest_minute() -> None:
    mean, peak = (volume_of(SHOP, volume=text)[2] for text in ("2/s", "2/s peak"))
    assert peak.constant < mean.constant
    found = datagen.explain(SHOP, volume="2/s peak")["records_per_second"]
    assert found["peak"] == pytest.approx(2, rel=0.001)
    assert found["mean"] < 1


def test_sources_with_times_of_their_own_stay_as_they_are() -> None:
    found = {each["name"]: each["workers_per_second"] for each in datagen.explain(SHOP, rate="6/s")["sources"]}
    assert found["jobs"] == pytest.approx(1 / 600)
    assert sum(found.values()) == pytest.approx(3)


def test_a_volume_of_the_spec_counts_and_an_option_wins() -> None:
    spec = world(gap=exponential(1), volume="10/s")
    assert volume_of(spec)[2].constant == pytest.approx(10)
    assert volume_of(spec, rate="20/s")[2].constant == pytest.approx(20)
    assert volume_of(spec | {"volume_scale": 3.5})[2].constant == 3.5
    assert volume_of(spec | {"volume_scale": 3.5}, rate="20/s")[2].constant == pytest.approx(20)


def test_with_a_volume_a_limit_that_nobody_gave_is_none() -> None:
    spec = world(states=[state("s", delay=constant(60))])
    records = list(datagen.records(spec, start=START, records=3000, seed=1, rate="1000/s"))
    assert records[-1]["time"].startswith("2024-01-01T00:00:02")


def test_the_limit_of_a_fleet_grows_with_it() -> None:
    _, options, scale = volume_of(READY["sensors"], rate="89/s")
    assert scale.constant == pytest.approx(10, rel=0.01)
    assert options.max_workers == round(100 * scale.constant)


def test_delays_stay_as_they_are() -> None:
    spec = world(states=[state("a", "b", delay=constant(7)), state("b")], gap=constant(2))
    times = [record["time"][17:23] for record in datagen.records(spec, start=START, records=8, seed=1, rate="1/s")]
    assert times == ["00.000", "02.000", "04.000", "06.000", "07.000", "08.000", "09.000", "10.000"]


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_matter(threads: int) -> None:
    spec = READY["example"] | {"volume": "2MB/M"}
    first, other = (list(datagen.records(spec, start=START, records=500, seed=1, threads=n)) for n in (1, threads))
    assert first == other


REFUSED = [
    (world(gap=1, arrivals=[], volume="0/s"), {}, "volume: must be above 0"),
    (world(gap=1, volume="5 lightyears"), {}, "volume: must be a volume such as 5000/s"),
    (world(gap=1, volume_scale=0), {}, "volume_scale: must be greater than 0"),
    (world(gap=1), {"rate": "0/s"}, "rate: must be above 0"),
    (world(gap=1), {"rate": "10GB/D"}, "rate: must be records a time"),
    (world(gap=1), {"rate": "1/s", "volume": "1/s"}, "rate and volume exclude each other"),
    (world(gap=1, states=[state("s", "s", delay=constant(1))], volume="5/s"), {}, "volume: workers may never stop"),
    (READY["sensors"], {"rate": "5/s", "max_workers": 10}, "volume 5/s: workers never stop, and -m says how many"),
    (
        world(gap=1, states=[state("s", delay=constant(10))], max_workers=20, volume="50/s"),
        {},
        "volume: no constant can reach it: with the limit of 20 workers at most 2/s can be; about 600 would do",
    ),
    (
        {**world(), "interarrival": None, "arrivals": {"type": "cron", "expression": "* * * * *"}},
        {"rate": "5/s"},
        "volume 5/s: nothing can be scaled: the sources have times of their own",
    ),
    (
        {**world(), "interarrival": None, "arrivals": {"type": "at_start", "total": 5}},
        {"rate": "5/s"},
        "volume 5/s: nothing can be scaled: there are only so many workers altogether",
    ),
    (READY["batch_jobs"], {"rate": "5/s"}, "volume 5/s: nothing can be scaled: the sources have times of their own"),
    (READY["replay"], {"volume": "1GB/D"}, "volume 1GB/D: nothing can be scaled: the sources have times of their own"),
    (SHOP, {"rate": "0.001/s"}, "volume 0.001/s: the sources with times of their own make 0.003333/s already"),
    (world(gap=0), {"rate": "5/s"}, "volume 5/s: no gap is ever above 0"),
]


@pytest.mark.parametrize(("spec", "options", "text"), REFUSED)
def test_a_volume_that_no_constant_can_reach_is_refused(spec: dict, options: dict, text: str) -> None:
    spec = {key: value for key, value in spec.items() if value not in (None, [])}
    with pytest.raises(datagen.InvalidInput) as error:
        volume_of(spec, **options)
    assert text in str(error.value)


def test_a_place_is_said(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(gap=0, volume="5/s"))
    outcome = command(spec, "-s", START, "-n", 5)
    assert outcome.code == 2
    assert outcome.err.startswith(f"{spec}:1:")
    assert ": volume: no gap is ever above 0" in outcome.err


def test_the_constant_is_said_and_kept(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", READY["example"])
    asked = [spec, "-s", START, "--state", tmp_path / "state", "-t", tmp_path / "target.json", "--volume"]
    write_json(tmp_path / "target.json", {"type": "file", "path": str(tmp_path / "out.json")})
    first = command(*asked, "1GB/D", "-n", 100, "--seed", 1)
    assert "volume 1GB/D: " in first.err
    assert " times as many workers as the spec says (± 0." in first.err
    other = command(*asked, "2GB/D", "-n", 200)
    assert other.code == 2
    assert "different: number of times more workers" in other.err
    assert command(*asked, "1GB/D", "-n", 200).code == 0
    audit = ("audit", *asked[:1], "--state", tmp_path / "state", "-t", tmp_path / "target.json", "--volume", "1GB/D")
    assert "200 expected, 200 found, 0 missing" in command(*audit).out


def test_a_run_that_is_continued_takes_its_constant(tmp_path) -> None:
    loaded = datagen.load(READY["example"])
    made, [scale] = scaled(loaded, Options.of({"rate": "5/s"}), None, {"": ("5/s", 1.25)})
    assert (made.scale, scale.constant) == (1.25, 1.25)
    assert scaled(loaded, Options.of({"rate": "6/s"}), None, {"": ("5/s", 1.25)})[1][0].constant != 1.25


def test_a_constant_that_was_said_can_be_pinned(tmp_path) -> None:
    target, options = {"type": "file", "path": str(tmp_path / "out.json")}, {"start": START, "seed": 1}
    said: list[str] = []
    kept = options | {"state": tmp_path / "state", "max_workers": 10**6}
    datagen.run(READY["example"], target, volume="1GB/D", records=5, say=said.append, **kept)
    constant = float(said[-1].split(": ")[1].split()[0])
    assert datagen.run(READY["example"] | {"volume_scale": constant}, target, records=20, **kept).before == 5


def test_another_constant_is_another_run(tmp_path) -> None:
    spec, target = world(gap=1), {"type": "file", "path": str(tmp_path / "out.json")}
    datagen.run(spec | {"volume_scale": 2}, target, start=START, records=5, seed=1, state=tmp_path / "state")
    with pytest.raises(datagen.InvalidInput, match="different: number of times more workers"):
        datagen.run(spec | {"volume_scale": 3}, target, start=START, records=9, seed=1, state=tmp_path / "state")


SEVERAL = {
    "text": {"type": "list", "elements": [{"name": "x", "type": "enum", "values": ["a", "bcd"]}]},
    "record": {"type": "list", "elements": [{"name": "x", "type": "object", "dimensions": [counter("n")]}]},
}


def several(key: str) -> dict:
    """A spec in which a step of one state has 3 records on average, in a life of two such steps, and of another one."""
    made = SEVERAL[key] | {"length_distribution": {"type": "poisson", "mean": 3}}
    ways = {"a": 0.5, "b": 0.5}
    spec = world(states=[state("a", ways, delay=exponential(20)), state("b", emitter="f")], gap=exponential(1))
    spec["emitters"] = [{"name": "e", key: made}, {"name": "f", "dimensions": [counter("n")]}]
    return spec


@pytest.mark.parametrize("key", SEVERAL)
def test_a_volume_counts_the_several_records_of_a_step(key: str) -> None:
    _, _, scale = volume_of(several(key), volume="70/s")
    assert 0 < scale.error < 0.02
    assert abs(scale.constant / 10 - 1) < 4 * scale.error  # 2 steps of 3 records, and another record
    made = datagen.load(several(key) | {"volume": "70/s"})
    count = sum(1 for _ in datagen.records(made, start=START, seed=2, duration="20M"))
    workers = 1200 * scale.constant
    assert abs(count / (1200 * 70) - 1) < 4 * (scale.error + sqrt(9 / 49 + 1) / sqrt(workers)) + 0.02


def test_a_volume_in_bytes_counts_the_several_records_of_a_step() -> None:
    spec = several("text")
    _, _, scale = volume_of(spec, volume="1kB/s")
    made = datagen.load(spec | {"volume": "1kB/s"})
    found = datagen.records(made, start=START, seed=2, duration="40M")
    texts = (one["text"] if "text" in one else json.dumps(one, separators=(",", ":")) for one in found)
    size = sum(len(text) + 1 for text in texts)
    assert abs(size / 2_400_000 - 1) < 4 * scale.error + 0.05


def test_a_pilot_without_a_record_can_not_reach_a_volume() -> None:
    spec = several("text")
    spec["emitters"][0]["text"]["length_distribution"] = constant(0)
    spec["states"] = [state("a", {"a": 0.5, "stop": 0.5}, delay=exponential(20))]
    with pytest.raises(datagen.InvalidInput, match="a pilot has made none"):
        volume_of(spec, volume="70/s")
