"""Explanations of what incidents change: against theory, and against the reference simulator."""

import pytest

import datagen
from tests.engine.reference_simulator import simulate
from tests.worlds import START, constant, exponential, state, world, write_json

HOUR = 3600.0
OUTAGE = [{"from": "+1H", "until": "+3H"}]
DRAWN = {"every": exponential(5400), "lasts": {"type": "uniform", "min": 600, "max": 3000}}
EMITTER = {"name": "e", "dimensions": [], "incidents": "on"}


def troubled(*states: dict, incident: object = OUTAGE, source: dict | None = None, **keys: object) -> dict:
    spec = world(states=[*states] or None, incidents={"outage": incident}, **keys)
    spec = {key: value for key, value in spec.items() if key != "interarrival"}
    return spec | {"arrivals": source or poisson(0.2), "emitters": keys.get("emitters", [EMITTER])}


def readers(found: dict) -> list[dict]:
    """Who reads an incident, but for those who only name it."""
    return [reader for reader in found["readers"] if not reader["place"].startswith("emitters.e.incidents")]


def poisson(rate: float, **keys: object) -> dict:
    return {"type": "poisson", "rate": rate, **keys}


def of_outage(spec: dict, **options: object) -> dict:
    return datagen.explain(spec, **options)["incidents"]["outage"]


SLOW = {"type": "during", "incident": "outage", "factor": 0.25}


def test_what_a_profile_makes_of_an_incident_is_known_without_a_pilot() -> None:
    found = of_outage(troubled(source=poisson(2, profile=[SLOW, {"type": "hour_of_day", "factors": {"9": 25}}])))
    assert found["how"] == "closed form"
    assert found["records_per_second"] == {"off": pytest.approx(4), "on": pytest.approx(1)}
    assert (found["stretches"], found["seconds"], found["per_day"], found["share"]) == (1, 7200, None, None)
    assert [reader["place"] for reader in found["readers"]] == ["arrivals.profile", "emitters.e.incidents"]
    assert readers(found) == [{"place": "arrivals.profile", "reads": "factor 0.25", "records": None}]


CALL = {"name": "call", "emitter": "e", "delay": {"type": "exponential", "mean": "incident('outage') ? 8 : 2"}}
FAILS = {"next": "failed", "probability": "incident('outage') ? 4 : 0.5"}
CALLS = troubled(
    CALL | {"transitions": [FAILS, {"next": "stop"}]},
    state("failed", delay=constant(3)),
    source=poisson(0.5, profile=SLOW),
    emitters=[EMITTER, {"name": "f", "dimensions": []}],
)
CALLS["states"][1]["emitter"] = "f"


def test_transitions_and_stays_while_an_incident_is_on_are_measured_by_a_pilot() -> None:
    found = of_outage(CALLS)
    assert found["how"] == "pilot"
    assert found["states"]["call"]["seconds"] == {"off": pytest.approx(2, rel=0.03), "on": pytest.approx(8, rel=0.03)}
    fails = found["transitions"]["call → failed"]["share"]
    assert fails == {"off": pytest.approx(1 / 3, rel=0.03), "on": pytest.approx(0.8, rel=0.03)}
    assert "seconds" not in found["states"]["failed"]


def test_records_within_and_without_an_incident_are_those_of_the_reference_simulator() -> None:
    """Two hours each, of 0.1667 and 0.225 records a worker: within four standard errors."""
    found = of_outage(CALLS)["records_per_second"]
    made = list(simulate(CALLS, seed=3, start=START, max_workers=10**6, duration_seconds=6 * HOUR))
    hours = [int(record["time"][11:13]) for record in made]
    within, without = (sum(hour in own for hour in hours) for own in ((1, 2), (4, 5)))
    assert within == pytest.approx(found["on"] * 2 * HOUR, abs=4 * (2 * found["on"] * 2 * HOUR) ** 0.5)
    assert without == pytest.approx(found["off"] * 2 * HOUR, abs=4 * (2 * found["off"] * 2 * HOUR) ** 0.5)
    assert found["on"] < 0.5 * found["off"]


def test_how_often_a_drawn_incident_comes_is_said_on_average() -> None:
    found = of_outage(troubled(incident=DRAWN))
    assert found["per_day"] == pytest.approx(86_400 / (5400 + 1800))
    assert (found["stretches"], found["seconds"], found["share"]) == (None, pytest.approx(1800), pytest.approx(0.25))


def test_the_share_of_a_run_is_that_of_its_labels() -> None:
    """Looked at once a minute, at the begin of each."""
    spec = troubled(incident=DRAWN, source={"type": "even", "rate": 1 / 60})
    made = datagen.records(spec, seed=7, start=START, duration="48H")
    seen = [bool(record["on"]) for record in made]
    begins = sum(now and not before for before, now in zip([False, *seen], seen, strict=False))
    found = of_outage(spec, start=START, duration="48H", seed=7)
    assert found["share"] == pytest.approx(sum(seen) / len(seen), abs=begins / len(seen))
    assert found["stretches"] == pytest.approx(begins, abs=2)
    assert found["per_day"] == pytest.approx(found["stretches"] / 2)


def test_an_incident_beyond_the_run_is_never_on() -> None:
    found = of_outage(troubled(), start=START, duration="30M")
    assert (found["stretches"], found["seconds"], found["share"]) == (0, None, 0)


NAMED = {"profiles": {"slow": [SLOW], "both": ["slow", 2]}}
READS = "profile('both') < 1"
LIMITED = {"resources": {"r": {"capacity": 2, "capacity_profile": SLOW}}}
SIGNAL = {"name": "v", "type": "signal", "start": 1, "during": {"outage": {"times": 2, "stuck": True}}}


@pytest.mark.parametrize(
    ("keys", "place", "reads"),
    [
        (NAMED | {"source": poisson(1, profile="both")}, "arrivals.profile", "factor 0.25"),
        (
            NAMED | {"first": {"delay": exponential(1), "delay_profile": "both"}},
            "states.s.delay_profile",
            "factor 0.25",
        ),
        (NAMED | {"first": {"transitions": [{"next": "stop", "when": READS}]}}, "states.s.transitions[0].when", READS),
        (LIMITED | {"first": {"use": "r"}}, "resources.r.capacity_profile", "factor 0.25"),
        ({"limit_profile": SLOW}, "limit_profile", "factor 0.25"),
        ({"source": {"type": "incident", "incident": "outage", "at": "end"}}, "arrivals", "a worker at its end"),
        ({"first": {"variables": [SIGNAL]}}, "states.s.variables.v.during.outage", "times 2, stuck"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_who_reads_an_incident_is_told_with_the_place(keys: dict, place: str, reads: str) -> None:
    first = {"name": "s", "emitter": "e"} | keys.pop("first", {})
    found = of_outage(troubled(first, **keys))
    assert (place, reads) in [(one["place"], one["reads"]) for one in found["readers"]]


def test_what_comes_with_an_incident_is_told_with_its_records() -> None:
    sources = [poisson(1, name="a"), {"type": "incident", "name": "alarm", "incident": "outage", "state": "rings"}]
    rings = {"name": "rings", "emitter": "e", "spawn": [{"state": "s", "count": 3}]}
    found = of_outage(troubled({"name": "s", "emitter": "e"}, rings, source=sources))
    assert readers(found)[0] == {"place": "arrivals.alarm", "reads": "a worker at its begin", "records": 4}


def test_of_workers_who_wait_for_an_incident_it_is_not_known_what_it_changes(command, tmp_path) -> None:
    waits = {"type": "next", "source": {"type": "incident", "incident": "outage"}}
    spec = troubled({"name": "s", "emitter": "e", "delay": waits, "next": "s"}, source={"type": "at_start", "total": 2})
    found = of_outage(spec)
    assert readers(found)[0]["reads"] == "waits for its begin"
    assert found["how"] is found["records_per_second"] is None
    assert (
        "what it changes of records and stays is not known"
        in command("explain", write_json(tmp_path / "s.json", spec)).out
    )


def test_names_of_populations_are_in_the_places() -> None:
    population = {
        "states": [{"name": "s", "emitter": "e", "delay": exponential(1), "delay_profile": SLOW}],
        "arrivals": poisson(1),
    }
    spec = {"incidents": {"outage": OUTAGE}, "emitters": [EMITTER], "populations": {"a": population}}
    found = of_outage(spec)
    assert readers(found)[0]["place"] == "states.a/s.delay_profile"
    assert found["states"]["a/s"]["seconds"]["on"] == pytest.approx(4, rel=0.05)


def test_what_an_incident_makes_of_a_line_is_told() -> None:
    served = {"name": "s", "emitter": "e", "use": "desk", "delay": constant(1)}
    source = poisson(0.2, profile={"type": "during", "incident": "outage", "factor": 3})
    found = of_outage(troubled(served, source=source, resources={"desk": {"capacity": 1}}))["resources"]["desk"]
    assert found["utilisation"] == {"off": pytest.approx(0.2, abs=0.03), "on": pytest.approx(0.6, abs=0.05)}


def test_people_are_told_what_incidents_change(command, tmp_path) -> None:
    said = command("explain", write_json(tmp_path / "spec.json", CALLS)).out.splitlines()
    first = next(number for number, line in enumerate(said) if line.startswith("incident "))
    assert said[first] == "incident   outage: once, for 2h"
    assert said[first + 1] == "           arrivals.profile: factor 0.25"
    assert "           states.call.delay.mean: incident('outage') ? 8 : 2" in said
    assert any(line.startswith("           while it is on (by a pilot): 0.2") for line in said)
    assert any(
        line.startswith("           call: stay 8") or line.startswith("           call: stay 7.9") for line in said
    )
    value = f"incident('outage') ? 1 : {'1 + ' * 40}0"
    variables = [{"name": f"v{number}", "type": "expression", "value": value} for number in range(20)]
    long = troubled({"name": "s", "emitter": "e", "variables": variables})
    said = command("explain", write_json(tmp_path / "long.json", long)).out
    assert "           … and 9 more" in said
    assert "…\n" in said
    assert "incident" not in command("explain", write_json(tmp_path / "calm.json", world())).out
