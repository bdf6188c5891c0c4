"""What specs of Imply's generator say, in all its generations, is said in our language and gives what theirs give."""

import itertools
import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.peers.told import ONCE, told

GAP = {"type": "exponential", "mean": 30}
WHO = {"name": "who", "type": "enum", "values": ["ann", "bo"]}
HALF = [{"next": "pause", "probability": 0.5}, {"next": "stop", "probability": 0.5}]


def constant(value: float) -> dict:
    return {"type": "constant", "value": value}


def bell(*dimensions: dict, **keys: object) -> dict:
    """Return the spec of visitors who ring until they go: timer, activity, timer, activity, gateway, end."""
    states = [
        {"name": "prepare", "variables": [WHO], "next": "pause"},
        {"name": "pause", "delay": constant(4), "next": "ring"},
        {"name": "ring", "emitter": "bell", "transitions": HALF},
    ]
    return {"interarrival": GAP, "states": states, "emitters": [{"name": "bell", "dimensions": [*dimensions]}]} | keys


def records(folder: Path, spec: dict, **options: object) -> list[dict]:
    return [json.loads(line) for line in told(folder, spec, **{"records": 60} | options)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_clock_is_a_time_of_the_worker_and_no_record_has_another(tmp_path: Path) -> None:
    """clock, in records and variables; the order that waits first takes two states."""
    opened = {"name": "opened", "type": "now"}
    states = [
        {"name": "open", "variables": [opened], "delay": constant(20), "next": "close"},
        {"name": "close", "emitter": "gate", "transitions": ONCE},
    ]
    fields = [{"name": "t", "type": "now"}, {"name": "opened", "type": "variable", "variable": "opened"}]
    emitter = {
        "name": "gate",
        "time": None,
        "dimensions": [*fields, {"name": "gate", "type": "constant", "value": "n"}],
    }
    for record in records(tmp_path, {"interarrival": constant(60), "states": states, "emitters": [emitter]}):
        assert list(record) == ["t", "opened", "gate"]
        assert at(record["t"]) - at(record["opened"]) == timedelta(seconds=20)


def test_typed_states_are_states_with_a_delay_or_an_emitter(tmp_path: Path) -> None:
    """event:start:timer, event:intermediate:timer, activity, gateway:exclusive, event:end; static values."""
    fixed = [{"name": "kind", "type": "constant", "value": "door"}, {"name": "floor", "type": "constant", "value": 3}]
    found = records(tmp_path, bell(*fixed, {"name": "who", "type": "variable", "variable": "who"}), records=2000)
    assert all(list(record) == ["time", "kind", "floor", "who"] for record in found)
    assert {record["who"] for record in found} == {"ann", "bo"}
    lasted = (at(found[-1]["time"]) - at(found[0]["time"])).total_seconds()
    assert len(found) / lasted == pytest.approx(2 / 30, rel=0.15)  # each visitor rings twice on average


def test_templates_are_chosen_by_their_names(tmp_path: Path) -> None:
    body = "{{ time.strftime('%H:%M:%S') }} {% if who %}{{ who|replace(' ', '+') }}{% else %}-{% endif %}"
    body += " {{ (micros / 1000)|int }} {{ time.timestamp()|int }}{% if who == 'ann lee' %} vip{% endif %}"
    table = {"header": "epoch,who", "body": '{{ time.timestamp()|int }},"{{ who }}"'}
    names = {"name": "who", "type": "enum", "values": ["ann lee", ""]}
    micros = {"name": "micros", "type": "int", "distribution": {"type": "uniform", "min": 1000, "max": 9000}}
    spec = bell(names, micros, templates={"line": {"body": body}, "table": table})
    form = r"\d\d:\d\d:\d\d (ann\+lee \d 17\d{8} vip|- \d 17\d{8})"
    assert all(re.fullmatch(form, line) for line in told(tmp_path, spec, records=40, format="line"))
    header, *rows = told(tmp_path, spec, records=40, format="table")
    assert header == "epoch,who"
    assert all(re.fullmatch(r'17\d{8},"(ann lee)?"', row) for row in rows)


def test_variables_are_set_on_entry_and_after_the_wait(tmp_path: Path) -> None:
    """variables_on_entry."""
    states = [
        {
            "name": "flow",
            "variables": [{"name": "start", "type": "now"}],
            "delay": {"type": "uniform", "min": 5, "max": 9},
        }
        | {"next": "end"},
        {"name": "end", "variables": [{"name": "end", "type": "now"}], "emitter": "flow", "transitions": ONCE},
    ]
    read = [{"name": name, "type": "variable", "variable": name} for name in ("start", "end")]
    emitters = [{"name": "flow", "time": None, "dimensions": read}]
    for record in records(tmp_path, {"interarrival": constant(30), "states": states, "emitters": emitters}):
        assert 5 <= (at(record["end"]) - at(record["start"])).total_seconds() <= 9


PEAKS = {
    "type": "peaks",
    "days": {"1": [{"hour": 9, "sigma": 2, "weight": 1}], "6": [{"hour": 12, "sigma": 4, "weight": 0.3}]},
}


def test_a_rhythm_of_the_week_is_a_profile_of_peaks(tmp_path: Path) -> None:
    """gmm_temporal; here no gap jumps over a morning."""
    spec = bell() | {"arrivals": {"type": "poisson", "rate": "0.1/s", "profile": PEAKS}}
    del spec["interarrival"]
    spec["states"] = [{"name": "ring", "emitter": "bell", "transitions": ONCE}]
    found = records(tmp_path, spec, start="2026-01-05T00:00:00Z", duration="1D", records=None)  # a Monday
    hours = [at(record["time"]).hour for record in found]
    assert len(found) == pytest.approx(0.1 * 3600 * 2 * (2 * 3.14159) ** 0.5, rel=0.1)
    assert sum(7 <= hour < 11 for hour in hours) / len(hours) == pytest.approx(0.683, abs=0.05)


@pytest.mark.parametrize(("profile", "most"), [(PEAKS, 20), (0.25, 5)])
def test_a_schedule_is_a_profile_of_the_limit(tmp_path: Path, profile: object, most: int) -> None:
    """--schedule, gmm_temporal or constant, with -m 20."""
    spec = bell({"name": "alive", "type": "expression", "value": "alive"}, max_workers=20, limit_profile=profile)
    spec["interarrival"] = constant(0.5)
    found = records(tmp_path, spec, start="2026-01-05T09:00:00Z", records=3000)
    assert max(record["alive"] for record in found) == most


def test_a_text_is_made_of_variables(tmp_path: Path) -> None:
    """generator:…, static, variable:template."""
    path = {"name": "path", "type": "text", "value": "/{{who}}/{{who|upper}}"}
    found = records(
        tmp_path, bell({"name": "n", "type": "counter"}, {"name": "ok", "type": "constant", "value": True}, path)
    )
    assert {record["path"] for record in found} == {"/ann/ANN", "/bo/BO"}
    assert [record["n"] for record in found] == [*range(60)]


def test_a_child_process_goes_once_through_each_of_its_items(tmp_path: Path) -> None:
    """subprocess:multi:variables with items, then subprocess: the variable stays the last one."""
    items = {"name": "items", "type": "constant", "value": ["a.css", "b.js"]}
    hit = {"name": "file", "type": "variable", "variable": "file"}
    states = [
        {"name": "page", "emitter": "page", "variables": [items], "delay": constant(0.2), "next": "loads"},
        {"name": "loads", "each": {"variable": "items", "as": "file"}, "emitter": "hit", "delay": constant(0.2)}
        | {"next": "once"},
        {"name": "once", "emitter": "last", "transitions": ONCE},
    ]
    last = {"name": "file", "type": "expression", "value": "items[-1]"}
    emitters = [{"name": "page", "dimensions": [{"name": "who", "type": "constant", "value": "ann"}]}]
    emitters += [{"name": "hit", "dimensions": [hit]}, {"name": "last", "dimensions": [last]}]
    spec = {"interarrival": constant(30), "states": states, "emitters": emitters}
    found = records(tmp_path, spec, records=4)
    assert [record.get("file", record.get("who")) for record in found] == ["ann", "a.css", "b.js", "b.js"]
    assert [record["time"][-7:] for record in found] == ["00.000Z", "00.200Z", "00.400Z", "00.600Z"]


def test_characters_that_are_whole_texts_are_a_regular_expression(tmp_path: Path) -> None:
    """chars as a list of texts."""
    found = records(tmp_path, bell({"name": "user", "type": "regex", "pattern": "(ann|bo){1,2}"}))
    assert {record["user"] for record in found} == {"ann", "bo", "annann", "annbo", "boann", "bobo"}


REPLAYED = "ts,device,temp\n" + "".join(f"{1_700_000_000 + 3 * place},d{place % 3},20.5\n" for place in range(40))


def test_a_replay_leaves_out_stretches_and_values(tmp_path: Path) -> None:
    """replay with time_skipping and null_injection: what is left out, and until when, all rows know."""
    source = {
        "type": "replay",
        "path": "log.csv",
        "time": {"column": "ts", "patterns": [[".+", "epoch"]]},
        "times": None,
    }
    now = "(time - time('2026-01-01T00:00:00Z'))"
    skip = {"name": "skip", "type": "float", "distribution": {"type": "uniform", "min": 5, "max": 20}}
    begins = {"name": "begins", "type": "bool", "probability": 0.1}
    states = [
        {
            "name": "row",
            "variables": [skip, begins],
            "ordered": True,
            "transitions": [{"next": "stop", "when": f"{now} < until"}, {"next": "seen"}],
        },
        {"name": "seen", "emitter": "row", "set": {"until": f"begins ? {now} + skip : until"}, "transitions": ONCE},
    ]
    temp = {"name": "temp", "type": "variable", "variable": "temp", "percent_nulls": 20}
    emitter = {
        "name": "row",
        "time": "ts",
        "dimensions": [{"name": "device", "type": "variable", "variable": "device"}],
    }
    emitter["dimensions"].append(temp)
    spec = {"shared": {"until": 0.0}, "arrivals": source, "states": states, "emitters": [emitter]}
    lines = told(tmp_path, spec, {"log.csv": REPLAYED}, records=500)
    found = [json.loads(line) for line in lines]
    assert all(list(record) == ["ts", "device", "temp"] for record in found)
    assert sum(record["temp"] is None for record in found) / 500 == pytest.approx(0.2, abs=0.06)
    times = [at(record["ts"]) for record in found]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert set(gaps) <= {0, 3, 6, 9, 12, 15, 18, 21}
    assert sum(gap > 3 for gap in gaps) / len(gaps) == pytest.approx(0.1, abs=0.05)


def test_a_pattern_has_values_of_the_environment(tmp_path: Path) -> None:
    """%NAME% in pattern files: here in the spec's templates, by ${NAME}."""
    body = '{"index":"${SITE}","at":{{ time.timestamp()|int }}}'
    spec = bell(templates={"hec": {"body": body}})
    first = json.loads(told(tmp_path, spec, records=1, format="hec", environment={"SITE": "north"})[0])
    assert first["index"] == "north"
