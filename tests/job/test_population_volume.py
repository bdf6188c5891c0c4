"""Volumes of populations: each has as many workers as its own asks for, and the others live as they would without."""

import json
from collections import Counter
from math import sqrt
from typing import Any

import pytest

import datagen
from datagen.job.options import Options
from datagen.job.volume import scaled
from datagen.moment import parse_moment
from tests.worlds import READY, START, constant, exponential, state, write_json

WHO = {"name": "who", "type": "expression", "value": "population"}
NUMBER = {"name": "number", "type": "expression", "value": "born"}
EMITTER = {"name": "e", "dimensions": [WHO, NUMBER, {"name": "n", "type": "enum", "values": ["x", "yy"]}]}
WALK = [state("in", {"in": 0.5, "stop": 0.5}, delay=exponential(30))]
SHOP = {"states": WALK, "arrivals": {"type": "poisson", "rate": 0.5}}
BANK = {"states": WALK, "interarrival": exponential(2)}
WEEK, MONDAY = 7 * 86400, "2024-01-01T00:00:00"


def of(populations: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"populations": populations, "emitters": [EMITTER], **keys}


def records(spec: dict, only: tuple = (), **options: Any) -> list[dict]:
    options = {"start": START, "seed": 1} | options
    return list(datagen.records(datagen.load(spec, only=only), **options))


def constants(spec: dict, only: tuple = (), **options: Any) -> dict[str, float]:
    """Return the constants of a spec, by population."""
    given = Options.of({"seed": 1, "start": START} | options)
    _, scales = scaled(datagen.load(spec, only=only), given, parse_moment(START))
    return {scale.population: scale.constant for scale in scales}


def whose(found: list[dict], name: str) -> list[dict]:
    return [record for record in found if record["who"] == name]


# A source, and what it is with three times as many workers.
THRICE = [
    ({"type": "poisson", "rate": 0.5}, {"rate": 1.5}),
    ({"type": "even", "rate": "30/M"}, {"rate": "90/M"}),
    ({"type": "even", "total": 7, "from": "+1M", "until": "+5M"}, {"total": 21}),
    ({"type": "at_start", "total": 4, "spread": 20}, {"total": 12}),
    ({"type": "interarrival", "distribution": constant(6)}, {"distribution": constant(2)}),
    ({"type": "every", "every": 10, "size": 2}, {"size": 6}),
    ({"type": "periodic", "period": "1M", "multiplier": 8}, {"multiplier": 24}),
    ({"type": "stages", "stages": [{"for": "2M", "rate": 0.5}]}, {"stages": [{"for": "2M", "rate": 1.5}]}),
    ({"type": "stages", "stages": [{"for": "2M", "alive": 3}]}, {"stages": [{"for": "2M", "alive": 9}]}),
    ({"type": "cron", "expression": "* * * * *"}, {}),
]


@pytest.mark.parametrize(("source", "more"), THRICE, ids=[f"{one['type']}-{n}" for n, (one, _) in enumerate(THRICE)])
def test_a_constant_is_as_if_sources_were_written_with_more_workers(source: dict, more: dict) -> None:
    """As the oracle would have it: the sources of this population alone say so many more."""
    shop, many = {"states": WALK}, 10**6
    pinned = records(of({"shop": shop | {"arrivals": source, "volume_scale": 3}, "bank": BANK}), duration="5M")
    written = {"shop": shop | {"arrivals": source | more, "max_workers": many}, "bank": BANK}
    assert pinned == records(of(written), duration="5M")
    assert whose(pinned, "shop")


def test_populations_without_a_volume_keep_their_records_and_their_limits() -> None:
    crowded = BANK | {"interarrival": exponential(0.1)}
    plain, more = (
        records(of({"a": SHOP | own, "bank": crowded, "shop": SHOP}), duration="10M")
        for own in ({}, {"volume": "70/s"})
    )
    for name in ("bank", "shop"):
        assert whose(more, name) == whose(plain, name)
    assert len(whose(more, "a")) > 30 * len(whose(plain, "a"))


# A family: who is spawned, and where, and what all of them share with nobody.
NIGHT = {"night": {"type": "hour_of_day", "factors": {"9": 3, "10": 5, "22": 2, "3": 0}}}
PARENT = {
    "states": [state("rings", {"rings": 0.5, "stop": 0.5}, delay=exponential(60), spawn=[{"state": "kid"}])],
    "profiles": NIGHT,
    "arrivals": [
        {"name": "web", "type": "poisson", "rate": "1/H", "profile": "night"},
        {"name": "jobs", "type": "cron", "expression": "*/10 * * * *"},
    ],
}
ROOT = {"name": "root", "type": "variable", "variable": "root"}


def family(**own: Any) -> dict[str, Any]:
    """A population of parents, whose children live in another one, which has workers of its own."""
    root = [{"name": "root", "type": "constant", "value": "parents"}]
    kept = [{"state": "kid", "population": "kids", "count": 2, "variables": [ROOT]}]
    rings = PARENT["states"][0] | {"spawn": kept}
    parents = PARENT | own | {"states": [rings]}
    parents["arrivals"] = [source | {"variables": root} for source in PARENT["arrivals"]]
    kids = {
        "states": [state("kid", delay=exponential(20))],
        "arrivals": {
            "type": "poisson",
            "rate": "30/H",
            "variables": [{"name": "root", "type": "constant", "value": "kids"}],
        },
    }
    both = {"parents": parents, "kids": kids}
    return of(both) | {"emitters": [{"name": "e", "dimensions": [WHO, ROOT, EMITTER["dimensions"][2]]}]}


def roots(found: list[dict], *, in_bytes: bool = False) -> Counter:
    total: Counter = Counter()
    for one in found:
        total[one["root"]] += len(json.dumps(one, separators=(",", ":"))) + 1 if in_bytes else 1
    return total


@pytest.mark.parametrize("volume", ["6/M", "6/M peak", "300B/M"])
def test_a_week_has_what_was_asked_for_of_a_population_with_its_children_wherever_they_live(volume: str) -> None:
    """A life has 2 steps with 2 kids each on average: 6 records, and 36 · 3 of their square; four standard errors."""
    spec = family(volume=volume)
    found = records(spec, start=MONDAY, duration="7D")
    in_bytes = "B" in volume
    count = roots(found, in_bytes=in_bytes)["parents"]
    wanted = (300 if in_bytes else 6) * WEEK / 60
    if "peak" in volume:
        mean = datagen.explain(spec, seed=1, start=START)["records_per_second"]["mean"] - 30 / 3600
        assert mean * 60 < 5
        wanted = mean * WEEK
    lives = roots(found)["parents"] / 6
    assert count == pytest.approx(wanted, rel=max(0.02, 4 * sqrt(3) / sqrt(lives)))
    assert roots(found)["kids"] == roots(records(family(), start=MONDAY, duration="7D"))["kids"]


def test_the_volume_of_the_spec_is_reached_by_those_who_have_none_of_their_own() -> None:
    spec = of({"a": SHOP | {"volume": "2/s"}, "b": SHOP | {"volume_scale": 1.5}, "c": BANK, "d": SHOP}, volume="20/s")
    found = Counter(record["who"] for record in records(spec, duration="1H"))
    rates = {name: count / 3600 for name, count in found.items()}
    error = 4 * sqrt(3 / 3600 * 20)  # a life has 2 records, and 6 of their square
    assert rates["a"] == pytest.approx(2, abs=error)
    assert rates["b"] == pytest.approx(1.5, abs=error)
    assert rates["c"] + rates["d"] == pytest.approx(16.5, abs=error)
    assert sum(rates.values()) == pytest.approx(20, abs=error)
    assert constants(spec) == pytest.approx({"a": 2, "b": 1.5, "": 8.25})
    assert constants(spec, rate="40/s") == pytest.approx({"a": 2, "b": 1.5, "": 18.25})
    assert constants(spec | {"volume_scale": 3}) == pytest.approx({"a": 2, "b": 1.5, "": 3})


def test_bytes_of_the_spec_count_those_of_populations_with_their_own() -> None:
    """The one asks for records, the other for bytes; lines of b are longer by a name of so many letters."""
    long = {"a": SHOP | {"volume": "5/s"}, "b" * 50: SHOP}
    found = records(of(long, volume="2kB/s"), duration="1H")
    size = sum(len(json.dumps(one, separators=(",", ":"))) + 1 for one in found)
    assert len(whose(found, "a")) / 3600 == pytest.approx(5, rel=4 * sqrt(3 / 18000))
    assert size / 3600 == pytest.approx(2000, rel=0.04)


def test_a_population_of_which_a_run_has_next_to_nothing_is_measured_alone() -> None:
    rare = SHOP | {"arrivals": {"type": "poisson", "rate": "1/D"}, "volume": "1kB/s"}
    long = {"name": "text", "type": "constant", "value": "x" * 900}
    rare = rare | {"emitters": [{"name": "r", "dimensions": [WHO, long]}]}
    rare["states"] = [WALK[0] | {"emitter": "r"}]
    spec = of({"rare": rare, "usual": SHOP | {"arrivals": {"type": "poisson", "rate": 100}}})
    [constant] = constants(spec).values()
    line = len(json.dumps({"time": START + ".000", "who": "rare", "text": "x" * 900}, separators=(",", ":"))) + 1
    assert constant == pytest.approx(86400 * 1000 / 2 / line, rel=0.001)


def test_a_population_alone_is_what_it_is_among_the_others() -> None:
    spec = of({"a": SHOP | {"volume": "4kB/s"}, "b": BANK | {"volume": "8/s"}, "c": BANK}, volume="90/s")
    whole = records(spec, duration="2M")
    assert constants(spec, only=("a",)) == {"a": constants(spec)["a"]}
    assert records(spec, ("a",), duration="2M") == whose(whole, "a")
    assert records(spec, ("a", "b"), duration="2M") == [one for one in whole if one["who"] != "c"]


def test_populations_that_share_what_they_wait_for_reach_their_volumes_together() -> None:
    """A desk with two places; each stays for as long as the line lets it, and then comes again or not."""
    desk = {"resources": {"desk": {"capacity": 2}}, "shared": {"calm": True}}
    patient = state("in", "stop", use="desk", delay=exponential(0.2), timeout={"after": constant(0.5), "next": "gone"})
    own = {"states": [patient, state("gone", emitter=None)], "arrivals": {"type": "poisson", "rate": 0.1}}
    spec = of({"a": own | {"volume": "3/s"}, "b": own | {"volume": "2/s"}, "c": own}, **desk)
    assert all(constant > 20 for constant in constants(spec).values())
    found = Counter(record["who"] for record in records(spec, duration="1H"))
    assert found["a"] / 3600 == pytest.approx(3, rel=0.05)
    assert found["b"] / 3600 == pytest.approx(2, rel=0.05)


def test_a_volume_of_hundreds_of_times_what_there_is_is_reached_where_there_is_enough_to_wait_for() -> None:
    desk = {"resources": {"desk": {"capacity": 10_000}}}
    spec = of({"a": {"states": [state("in", use="desk", delay=constant(1))], "interarrival": exponential(1)}}, **desk)
    assert constants(spec, rate="900/s") == pytest.approx({"": 900})


FLEET = {"states": [state("on", "on", delay=exponential(10))], "interarrival": exponential(1), "max_workers": 5}


def test_the_limit_of_a_fleet_grows_and_that_of_others_stays() -> None:
    spec = of({"fleet": FLEET | {"volume": "20/s"}, "shop": SHOP | {"max_workers": 200, "volume": "3/s"}, "bank": BANK})
    options, _ = scaled(datagen.load(spec), Options.of({"seed": 1}), None)
    assert options.limits(datagen.load(spec).spec) == {"fleet": 200, "shop": 200, "bank": 100}
    with pytest.raises(datagen.InvalidInput, match=r"populations.fleet.volume: workers never stop, and -m says"):
        constants(spec, max_workers={"fleet": 9})
    assert constants(spec, max_workers={"bank": 9}) == constants(spec)


OWN_TIMES = {"type": "cron", "expression": "* * * * *"}
REFUSED = [
    ({"a": SHOP | {"volume": "0/s"}}, {}, {}, "populations.a.volume: must be above 0"),
    ({"a": SHOP | {"volume_scale": -1}}, {}, {}, "populations.a.volume_scale: must be greater than 0"),
    ({"a": SHOP | {"volume": "2/s"}}, {"volume": "5/s"}, {}, "volume: nothing can be scaled: each population has a"),
    ({"a": SHOP | {"volume": "2/s"}}, {}, {"rate": "5/s"}, "volume 5/s: nothing can be scaled: each population has"),
    (
        {"a": SHOP | {"volume": "7/s"}, "b": BANK},
        {"volume": "5/s"},
        {},
        "volume: the populations with a volume of their own, and sources with times of their own, make 7/s already",
    ),
    (
        {"a": {"states": WALK, "arrivals": OWN_TIMES, "volume": "5/s"}, "b": BANK},
        {},
        {},
        "populations.a.volume: nothing can be scaled: the sources have times of their own",
    ),
    (
        {"a": SHOP | {"max_workers": 20, "volume": "50/s"}, "b": BANK | {"volume": "5/s"}},
        {},
        {},
        'populations.a.volume: no constant can reach it: with the limit of 20 workers of "a" at most 0.6667/s can be',
    ),
    (
        {"a": SHOP | {"volume": "5/s"}, "b": BANK},
        {},
        {"max_workers": {"a": 20}},
        'populations.a.volume: no constant can reach it: with the limit of 20 workers of "a" at most 0.6667/s can be',
    ),
    (
        {"a": {"states": [state("s", spawn=[{"population": "k", "state": "k"}])], "interarrival": exponential(1)}}
        | {"k": {"states": [state("k")], "volume": "5/s"}},
        {},
        {},
        "populations.k.volume: nobody comes of a source here: those who are spawned count in the volume of who spawns",
    ),
    (
        {"a": {"states": WALK, "arrivals": {"type": "at_start", "total": 5}, "volume_scale": 2}, "b": FLEET},
        {},
        {"volume": "1GB/D", "max_workers": {"b": 2}},
        "volume 1GB/D: workers never stop, and -m says how many there are",
    ),
]


@pytest.mark.parametrize(("populations", "keys", "options", "text"), REFUSED)
def test_a_volume_that_no_constant_can_reach_is_refused(
    populations: dict, keys: dict, options: dict, text: str
) -> None:
    with pytest.raises(datagen.InvalidInput) as error:
        constants(of(populations, **keys), **options)
    assert text in str(error.value)


def test_a_volume_may_be_a_parameter_and_is_told_by_check_and_explain(command, tmp_path) -> None:
    shop = SHOP | {"parameters": {"much": "2/s"}, "volume": "${much}"}
    spec = write_json(tmp_path / "spec.json", of({"shop": shop, "bank": BANK}, volume="10/s"))
    checked = command("--check", spec, "--set", "shop.much=4/s")
    assert 'volume 4/s of "shop": 4 times as many workers as the spec says' in checked.err
    assert "volume 10/s: 6 times as many workers as the spec says" in checked.err
    told = command("explain", spec).out
    assert "scale      shop: 2 times as many workers as the spec says\n" in told
    assert "scale      all others: 8 times as many workers as the spec says\n" in told
    found = json.loads(command("explain", spec, "--json").out)
    assert found["populations"]["shop"]["volume_scale"] == {"constant": pytest.approx(2), "error": 0}
    assert found["populations"]["bank"]["volume_scale"] is None
    assert found["volume_scale"]["constant"] == pytest.approx(8)
    sources = {one["name"]: one["workers_per_second"] for one in found["sources"]}
    assert sources == pytest.approx({"bank": 4, "shop": 1})
    assert command("--check", spec, "--set", "shop.much=0/s").code == 2


def test_a_run_that_is_continued_takes_its_constants_and_is_proved_with_them(command, tmp_path) -> None:
    example = {key: READY["example"][key] for key in ("states", "interarrival")}
    whole = of({"shop": example | {"volume": "1GB/D"}, "bank": BANK}, volume="2GB/D")
    whole["emitters"] = [*whole["emitters"], *READY["example"]["emitters"]]
    write_json(tmp_path / "target.json", {"type": "file", "path": str(tmp_path / "out.json")})

    def run(spec: dict, number: int, *more: Any) -> Any:
        path = write_json(tmp_path / "spec.json", spec)
        kept = ["-s", START, "--state", tmp_path / "state", "-t", tmp_path / "target.json"]
        return command(path, *kept, "-n", number, *more)

    first = run(whole, 100, "--seed", 1)
    [constant] = [line.split(": ")[1].split()[0] for line in first.err.splitlines() if 'of "shop"' in line]
    assert run(whole, 200).code == 0
    audit = ("audit", tmp_path / "spec.json", "--state", tmp_path / "state", "-t", tmp_path / "target.json")
    assert "200 expected, 200 found, 0 missing" in command(*audit).out
    other = {**whole, "populations": whole["populations"] | {"shop": example | {"volume": "1.5GB/D"}}}
    refused = run(other, 300)
    assert refused.code == 2
    assert "different: number of times more workers" in refused.err
    pinned = {**whole, "populations": whole["populations"] | {"shop": example | {"volume_scale": float(constant)}}}
    assert run(pinned, 300).code == 0
    assert len((tmp_path / "out.json").read_text().splitlines()) == 300


def test_a_limit_that_the_busiest_hour_is_above_is_told_of_with_the_workers_of_the_volume(command, tmp_path) -> None:
    """About 120 workers are alive on average, and some seven times as many at nine; without the volume 60 then."""
    busy = {"type": "poisson", "rate": 0.1, "profile": {"type": "hour_of_day", "factors": {"9": 10}}}
    shop = {"states": WALK, "arrivals": busy, "max_workers": 300}
    spec = write_json(tmp_path / "spec.json", of({"shop": shop | {"volume": "4/s"}, "bank": BANK}))
    assert 'of "shop" about 8' in command("--check", spec).err
    write_json(tmp_path / "spec.json", of({"shop": shop, "bank": BANK}))
    assert "about" not in command("--check", spec).err
