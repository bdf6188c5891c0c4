"""A run that is restored from a snapshot, between any two windows, goes on as if nothing had happened."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from datagen.delivery.snapshot import pack, unpack
from datagen.engine import walk
from datagen.engine.run import Run
from datagen.formatters.json import Json
from datagen.moment import parse_moment
from tests.stepping import SteppingClock
from tests.worlds import ROOT, START, constant, counter, enum, exponential, integer, read, run_of, state, uniform, world

# Variables of several lists, of a pool, of a counter and of one another, read long after they were set.
MIXED = world(
    *(read(name) for name in ("v", "p", "n", "former")),
    counter("number"),
    states=[
        state("a", {"c": 1}, variables=[enum("v", "x", "y"), counter("n")], delay=exponential(1)),
        state("b", {"c": 0.9, "stop": 0.1}, variables=[read("v", name="former"), enum("v", "p", "q", "r")]),
        state("c", {"a": 0.3, "b": 0.3, "d": 0.4}, delay=exponential(2)),
        state(
            "d",
            {"b": 1},
            variables=[integer("p", uniform(0, 10**9), cardinality=3000, cardinality_distribution=uniform(0, 2999))],
        ),
    ],
    gap=exponential(2),
)
# All that a record remembers of those before it: lives of some steps, in a circle too, and variables that count.
REMEMBERING = world(
    integer("i", uniform(0, 10**6)),
    {"name": "former", "type": "previous", "of": "o", "default": "none"},
    {"name": "o", "type": "object", "dimensions": [enum("x", "é", None, 3), counter("n", per="worker")]},
    {"name": "sum", "type": "expression", "value": "coalesce(previous(sum), 0) + i"},
    {
        "name": "level",
        "type": "signal",
        "start": uniform(0, 9),
        "step": exponential(1),
        "min": 0,
        "max": 10,
        "during": {"outage": {"stuck": True}},
    },
    read("v"),
    incidents={"outage": {"every": exponential(5), "lasts": exponential(3)}},
    states=[
        state("a", {"b": 0.8, "stop": 0.2}, variables=[counter("v", per="worker", start=7)], delay=exponential(0.2)),
        state("b", {"a": 0.5, "b": 0.5}, delay=exponential(0.4)),
    ],
    gap=exponential(0.4),
)
# What looks up earlier records: of its own emitter in a circle, each once, by a key, and for a worker's life.
LOOKING_UP = world(
    {"name": "known", "type": "lookup", "emitter": "e", "dimension": "who", "among": {"recent": 20}},
    counter("fresh"),
    {"name": "who", "type": "expression", "value": "known is null or fresh % 3 = 0 ? fresh : known"},
    {"name": "taken", "type": "lookup", "emitter": "e", "dimension": ["fresh", "time"], "once": True},
    {"name": "present", "type": "lookup", "emitter": "e", "dimension": "fresh", "among": "alive"},
    {"name": "same", "type": "lookup", "emitter": "e", "dimension": "fresh", "match": {"who": "who"}, "among": "all"},
    read("v"),
    states=[
        state("a", {"b": 0.8, "stop": 0.2}, delay=exponential(0.2)),
        state(
            "b",
            {"a": 0.5, "b": 0.5},
            variables=[{"name": "v", "type": "lookup", "emitter": "e", "dimension": "who"}],
            delay=exponential(0.4),
        ),
    ],
    gap=exponential(0.4),
)
DAY = {"type": "sine", "period": "20M", "amplitude": 0.9}
TRIANGLE = {"type": "triangular"}
# A source of every kind, in all that it can be in the middle of: ramps, waiting for another one, a pace of its own.
SOURCES = {
    **world(
        {"name": "worker", "type": "expression", "value": "worker"},
        read("v"),
        states=[state("a", {"a": 0.5, "stop": 0.5}, delay=exponential(2)), state("full", "stop")],
    ),
    "profiles": {"day": DAY},
    "incidents": {"outage": {"every": exponential(20), "lasts": exponential(5)}},
    "arrivals": [
        {"type": "poisson", "name": "p", "rate": 2, "profile": "day", "variables": [counter("v")]},
        {"type": "interarrival", "name": "i", "distribution": exponential(1), "profile": ["day", 2], "max_workers": 1},
        {
            "type": "stages",
            "name": "s",
            "stages": [{"for": "9S", "rate": 0, "to": 3}, {"for": "1M", "alive": 1, "to": 4}],
        },
        {"type": "at_start", "name": "f", "total": 4, "spread": 3, "when_full": {"state": "full"}},
        {"type": "even", "name": "e", "rate": 1, "from": {"after": "f"}, "count": uniform(1, 3), "when_full": "drop"},
        {"type": "every", "name": "v", "every": 7, "size": 2, "vary": {"low": 0, "high": 2}},
        {"type": "periodic", "name": "k", "period": 10, "multiplier": 3.5, "deviation": 0.5, "spread": TRIANGLE},
        {"type": "incident", "name": "o", "incident": "outage", "at": "end"},
        {"type": "timestamps", "name": "t", "values": ["+5S", "+12S", "+40S"]},
        {"type": "cron", "name": "c", "expression": "*/10 * * * * *"},
    ],
}
del SOURCES["interarrival"]
# Whole texts, none to three at a step, beside fields, and the rows of tables as records; all of it looks back.
TEXTS = world(
    integer("x", uniform(0, 99)),
    {"name": "was", "type": "previous", "of": "x"},
    states=[
        state("in", {"on": 0.5, "out": 0.5}, "said", delay=exponential(2)),
        state("on", {"in": 0.7, "stop": 0.3}, delay=uniform(0, 2), variables=[integer("v", uniform(0, 10**6))]),
        state("out", {"in": 0.5, "stop": 0.5}, "object"),
    ],
    gap=exponential(0.3),
    tables={
        "plans": {"size": 5, "columns": [{"name": "id", "type": "counter"}], "emit": {"emitter": "plan"}},
        "users": {
            "per": {"table": "plans", "count": {"type": "constant", "value": 3}},
            "columns": [{"name": "plan", "type": "expression", "value": "parent.id"}, integer("n", uniform(0, 9))],
            "emit": {"emitter": "user", "time": None},
        },
    },
)
TEXTS["emitters"] += [
    {
        "name": "said",
        "dimensions": [
            counter("n", per="worker"),
            {"name": "level", "type": "signal", "start": 5, "step": uniform(-1, 1)},
        ],
        "text": {
            "type": "list",
            "elements": [{"name": "line", "type": "text", "value": "{{n}} at {{level|.2f}}\n\n- {{v}}"}],
            "length_distribution": uniform(0, 2),
        },
        "split": "lines",
    },
    {
        "name": "object",
        "text": {"type": "object", "dimensions": [counter("k"), read("v")], "percent_nulls": 30},
        "check": "json",
    },
]
# What conditions read of lives: counts, ages, drawn numbers and texts, sums; and some stop since nothing is left.
CONDITIONAL = world(
    counter("n"),
    *(read(name) for name in ("tier", "k", "twice", "ok")),
    states=[
        {"name": "a", "emitter": "e", "delay": exponential(2)}
        | {
            "variables": [
                enum("tier", "gold", "silver", None),
                integer("k", uniform(0, 9), percent_nulls=10),
                {"name": "twice", "type": "expression", "value": "2 * coalesce(k, 1)"},
                counter("turn"),
            ],
            "transitions": [
                {"next": "b", "when": "tier = 'gold' and visits < 3"},
                {"next": "a", "when": "k > 4 or twice < 3 or turn % 4 = 1", "probability": "coalesce(k, 0) + 0.5"},
                {"next": "stop", "probability": 2, "when": "age > 5"},
            ],
        },
        {"name": "b", "emitter": "e", "delay": exponential(1), "ordered": True}
        | {
            "variables": [{"name": "ok", "type": "bool", "probability": 0.7}],
            "transitions": [
                {"next": "a", "when": "worker % 3 = 0 and age / steps < 2.5"},
                {"next": "b", "when": "visits('b') < 2 and alive > 2 and not ok"},
                {"next": "c"},
            ],
        },
        {"name": "c", "emitter": "e", "next": "d"},
        {"name": "d", "emitter": "e"},
    ],
    gap=exponential(0.5),
)
# Batches, and counters that begin anew, leave some out, or count for each worker.
COUNTED = world(
    *(read(name) for name in ("n", "own", "few", "device")),
    states=[
        {"name": "a", "emitter": "e", "delay": exponential(2)}
        | {
            "variables": [
                counter("n", reset="n > 6 or worker % 5 = 0"),
                counter("own", per="worker", reset="visits('b') = 2", start=3),
                counter("few", per="worker", when="steps % 3 != 0", percent_nulls=20),
            ],
            "transitions": [
                {"next": "b", "when": "n % 2 = 0 and batch.index > 1"},
                {"next": "a", "when": "own < 8 or few is null or device.kind = 'lamp'"},
                {"next": "stop", "when": "batch.number > 2 or own > 12"},
            ],
        },
        {"name": "b", "emitter": "e", "delay": exponential(1), "variables": [counter("n", start=4)]}
        | {"transitions": [{"next": "a", "when": "batch.size = 4 or n % 3 > 0"}, {"next": "stop", "probability": 0.1}]},
    ],
    tables={"devices": {"columns": ["kind"], "rows": [["door"], ["lamp"], ["pump"]]}},
    arrivals={"type": "every", "every": 6, "size": uniform(0, 9), "max_workers": 4}
    | {"variables": [{"name": "device", "type": "row", "table": "devices", "pick": "batch"}]},
)
del COUNTED["interarrival"]
# Who looks up the living has to hear of those who stop by condition.
_PRESENT = {"name": "present", "type": "lookup", "emitter": "e", "dimension": "n", "among": "alive"}
LIVES = world(
    counter("n"),
    _PRESENT,
    states=[
        {"name": "a", "emitter": "e", "delay": exponential(2)}
        | {
            "variables": [{"name": "sum", "type": "expression", "value": "coalesce(sum, 0) + 2"}],
            "transitions": [{"next": "a", "when": "sum < 6"}, {"next": "stop", "probability": "age"}],
        }
    ],
    gap=exponential(0.5),
)
SHARING = world(
    counter("n"),
    *({"name": name, "type": "expression", "value": name} for name in ("waited", "born", "waiting('desk')")),
    states=[
        {
            "name": "a",
            "emitter": "e",
            "acquire": {"resource": "desk", "priority": "worker % 2"},
            "delay": exponential(2),
        }
        | {"next": "b"},
        {"name": "b", "emitter": "e", "use": ["lift", {"resource": "hall", "units": 2}], "delay": exponential(1)}
        | {"timeout": {"after": constant(2.5), "next": "c"}, "next": "c"},
        {"name": "c", "emitter": "e", "release": "desk", "delay": constant(0.25), "next": "d"},
        {"name": "d", "emitter": "e", "use": "hall", "delay": exponential(1)}
        | {"timeout": {"after": exponential(3), "next": "stop"}},
    ],
    gap=exponential(1),
    resources={"desk": {"capacity": 2}, "lift": {"capacity": 1}, "hall": {"capacity": 3}},
)
BEARING = world(
    counter("n"),
    *(
        {"name": name, "type": "expression", "value": name}
        for name in ("lot", "rank", "twice", "born", "waited", "alive")
    ),
    states=[
        {"name": "a", "emitter": "e", "delay": exponential(2), "next": "b"}
        | {
            "variables": [integer("lot", uniform(0, 99))],
            "spawn": [
                {"state": "kid", "count": "visits + born % 2", "delay": exponential(3)}
                | {
                    "variables": [
                        {"name": "lot", "type": "variable", "variable": "lot"},
                        {"name": "rank", "type": "expression", "value": "spawn.index + lot % 3"},
                        integer("drawn", uniform(0, 9)),
                        {"name": "twice", "type": "expression", "value": "2 * drawn"},
                    ],
                },
                {"name": "later", "state": "kid", "delay": {"type": "lognormal", "mean": 2, "sigma": 1}},
            ],
        },
        {"name": "b", "emitter": "e", "join": True, "timeout": {"after": exponential(8), "next": "stop"}},
        {"name": "kid", "emitter": "e", "use": "hall", "delay": exponential(1)}
        | {"transitions": [{"next": "kid", "when": "rank > 1 and visits < 3"}, {"next": "stop"}]},
    ],
    gap=exponential(2),
    resources={"hall": {"capacity": 2}},
)
TIMETABLE = [
    {"type": "every", "name": "x", "every": "3S", "size": uniform(0, 2), "variables": [integer("line", uniform(0, 9))]},
    {"type": "every", "name": "y", "every": "5S", "count": 0},
]
# Delays by expression, in the time of a profile, and up to the times of sources; what clocks show, and profiles.
LINGERING = world(
    counter("n"),
    {"name": "visits", "type": "expression", "value": "visits"},
    {"name": "age", "type": "expression", "value": "age"},
    read("line"),
    states=[
        {"name": "a", "emitter": "e", "delay": exponential("0.5 + 0.1 * visits"), "delay_profile": "wave"}
        | {"variables": [{"name": "seen", "type": "now"}]}
        | {"transitions": [{"next": "b", "when": "profile('wave') > 1.01"}, {"next": "a", "when": "visits < 9"}]},
        {"name": "b", "emitter": "e", "delay": {"type": "gamma", "shape": "1.0 + visits % 2", "scale": 0.5}}
        | {"transitions": [{"next": "c", "when": "minute(time) % 2 = 0 or time - seen > 3"}, {"next": "a"}]},
        {"name": "c", "emitter": "e"}
        | {"delay": {"type": "next", "source": TIMETABLE}}
        | {"transitions": [{"next": "a", "when": "second(time) < 50 and age < 300"}]},
    ],
    gap=exponential(2),
    profiles={"wave": {"type": "sine", "period": "10M", "amplitude": 0.5}},
)
# What all workers share, of the spec and of rows.
CHANGING = world(
    {"name": "x", "type": "expression", "value": "total"},
    {"name": "y", "type": "expression", "value": "account.balance + account.level"},
    states=[
        state("a", {"b": 1}, variables=[{"name": "account", "type": "row", "table": "t"}], delay=exponential(1)),
        {
            "name": "b",
            "emitter": "e",
            "set": {"total": "total + 1", "account.level": "account.level / 2", "account.balance": "total - 1"},
            "transitions": [
                {"next": "a", "when": "account.balance % 3 > 0"},
                {"next": "stop", "when": "total % 7 = 0"},
            ],
        },
    ],
    gap=exponential(1),
    shared={"total": 0},
    tables={"t": {"rows": [{"k": 1}, {"k": 2}, {"k": 3}], "shared": {"balance": "k", "level": 0.5}}},
)
# Who waits for others, with something in common or alone, and who goes on with them in the middle of a window.
GATHERING = world(
    {"name": "group", "type": "expression", "value": "gather.number * 100 + gather.index"},
    states=[
        state("a", {"b": 1}, variables=[enum("k", "x", "y", None)], delay=exponential(1)),
        {
            "name": "b",
            "emitter": "e",
            "gather": {"size": 2, "by": "k"},
            "use": "hall",
            "delay": exponential(0.5),
            "timeout": {"after": exponential(6), "next": "a"},
            "transitions": [{"next": "a", "when": "gather.index = 0"}, {"next": "stop", "when": "gather.index > 0"}],
        },
    ],
    gap=exponential(1),
    resources={"hall": {"capacity": 2}},
)
# Who is in the midst of a list that is drawn, or of the rows of a table, and has children for each.
ITEMIZED = world(
    {"name": "at", "type": "expression", "value": "each.index * 100 + length(items)"},
    read("item"),
    {"name": "times", "type": "expression", "value": "row.times"},
    states=[
        state("a", "b", variables=[{"name": "items", "type": "list", "elements": [integer("n", uniform(0, 9))]}]),
        state("b", "c", each={"variable": "items", "as": "item"}, use="hall", delay=exponential("0.5 + item / 9")),
        {
            "name": "c",
            "emitter": "e",
            "each": {"table": "t", "as": "row"},
            "set": {"row.times": "row.times + each.index"},
            "delay": exponential(0.5),
            "spawn": [{"state": "d", "variables": [read("item")]}],
            "transitions": [{"next": "a", "when": "sum(items) > 7"}, {"next": "stop", "when": "row.times > 5"}],
        },
        state("d", delay=exponential(0.5)),
    ],
    gap=exponential(2),
    resources={"hall": {"capacity": 2}},
    tables={"t": {"rows": [{"k": 1}, {"k": 2}, {"k": 3}], "shared": {"times": 0}}},
)
ITEMIZED["states"][0]["variables"][0]["length_distribution"] = uniform(0, 3)
# What templates of two emitters remember together: one list under two keys, rows, a count of each alone.
TELLING = (
    "{% if not shared.a %}{% set l = [] %}"
    "{% do shared.update({'a': l, 'b': {'in': l}, 'row': samples.t[0]}) %}{% endif %}"
    "{% do shared.a.append(n) %}{% do locals.set('n', (locals.n or 0) + 1) %}"
    "{{ locals.n }} {{ shared.b['in'][-3:] }} {{ shared.row.x }}"
)
TOGETHER = world(
    states=[state("a", {"b": 0.5, "a": 0.5}, delay=exponential(1)), state("b", "a", "f", delay=exponential(1))],
    tables={"t": {"rows": [{"x": "é"}]}},
)
TOGETHER["emitters"] = [
    {"name": name, "dimensions": [counter("n")], "text": {"type": "template", "dialect": "eventum", "text": TELLING}}
    for name in ("e", "f")
]
# States that read what a template remembers, before and behind its record, and as they are left.
RECALLING = world(
    integer("n", uniform(0, 9)),
    {"name": "line", "type": "template", "memory": {"told": "template"}}
    | {
        "text": "{% do told.set('n', ((told.n or 0) + n) % 17) %}"
        "{% do told.set('word', 'odd' if n % 2 else 'even') %}{{ told.n }}"
    },
    *({"name": name, "type": "expression", "value": name} for name in ("total", "heard", "row.k")),
    states=[
        {"name": "a", "emitter": "e", "use": "hall", "set": {"total": "total + coalesce(round(memory.told.n), 0)"}}
        | {"variables": [{"name": "heard", "type": "expression", "value": "coalesce(memory.told.word, heard)"}]}
        | {"delay": constant("0.25 + memory.told.n / 8"), "spawn": [{"state": "kid", "count": "memory.told.n % 3"}]}
        | {"transitions": [{"next": "b", "when": "heard = 'odd'"}, {"next": "a", "when": "memory.told.n > 3"}]},
        {"name": "b", "emitter": "e", "gather": {"size": 2, "by": "heard"}, "delay": exponential(0.5), "next": "c"}
        | {"use": {"resource": "row", "match": {"word": "memory.told.word"}}, "timeout": {"next": "c"}},
        state("c", delay=exponential(0.25)),
        state("kid", delay=exponential(0.5)),
    ],
    gap=exponential(0.5),
    shared={"total": 0},
    tables={"rows": {"columns": ["k", "word"], "rows": [[1, "odd"], [2, "even"], [3, "odd"]]}},
    resources={"hall": {"capacity": 2}, "row": {"rows": "rows", "available": "memory.told.n > k or k = 1"}},
)
RECALLING["states"][1]["timeout"]["after"] = exponential(2)
# Records that are objects, none or several at a step, with what counts inside.
OBJECTS = world(counter("n"), states=[state("a", {"a": 0.9, "stop": 0.1}, delay=exponential(1))])
OBJECTS["emitters"][0]["record"] = {
    "type": "list",
    "length_distribution": uniform(0, 4),
    "elements": [{"name": "o", "type": "object", "dimensions": [counter("m"), enum("x", 1, "y", None)]}],
}
# Workers in line for rows of several groups, some of which come and go; who has a place, and rows that are worn.
FLEET = world(
    *({"name": name, "type": "expression", "value": name} for name in ("cab.n", "cab.worn", "waited", "free('cab')")),
    states=[
        {"name": "a", "emitter": "e", "delay": exponential(1), "next": "b"}
        | {"acquire": {"resource": "cab", "match": {"kind": "born % 2"}, "priority": "born % 3"}}
        | {"timeout": {"after": exponential(2), "next": "c"}, "set": {"cab.worn": "cab.worn + 1"}},
        {"name": "b", "emitter": "e", "delay": exponential(0.5), "next": "c"},
        {
            "name": "c",
            "emitter": "e",
            "release": "cab",
            "use": {"resource": "cab", "units": 2},
            "delay": exponential(0.2),
        },
    ],
    gap=exponential(0.05),
    tables={
        "cabs": {"columns": ["n", "kind"], "rows": [[0, 0], [1, 1], [2, 0], [3, 1], [4, 0]], "shared": {"worn": "n"}}
    },
    resources={
        "cab": {
            "rows": "cabs",
            "capacity": 2,
            "available": "second(time) % 7 != n and (worn % 9 < 8 or second(time) % 2 = 0)",
        }
    },
)
# A capacity that rises and falls while workers stand in line.
SHIFTS = world(
    {"name": "free", "type": "expression", "value": "free('desk')"},
    states=[{"name": "a", "emitter": "e", "use": "desk", "delay": exponential(1)}],
    gap=exponential(0.5),
    resources={"desk": {"capacity": 4, "capacity_profile": "shift"}},
    profiles={"shift": {"type": "steps", "values": [["+0S", 0.5], ["+5S", 1], ["+9S", 0.25], ["+15S", 0.75]]}},
)
SPECS = {
    "together": TOGETHER,
    "recalling": RECALLING,
    "objects": OBJECTS,
    "mixed": MIXED,
    "texts": TEXTS,
    "sources": SOURCES,
    "remembering": REMEMBERING,
    "looking_up": LOOKING_UP,
    "conditional": CONDITIONAL,
    "counted": COUNTED,
    "sharing": SHARING,
    "fleet": FLEET,
    "shifts": SHIFTS,
    "bearing": BEARING,
    "lingering": LINGERING,
    "changing": CHANGING,
    "gathering": GATHERING,
    "itemized": ITEMIZED,
    "lives": LIVES,
    "clickstream": json.loads((ROOT / "conf/gen/clickstream.json").read_text()),
}


def begun(spec: dict, records: int) -> Run:
    return run_of(spec, records, max_workers=5, clock=SteppingClock(parse_moment(START), 2 * 10**9))


def lines(run: Run, windows: int | None = None) -> Iterator[bytes]:
    """The lines of some windows of a run, or of all that are left."""
    writer = Json().begin(run.layout)
    for number, window in enumerate(run.windows(), 1):
        for batch in window.batches:
            yield from bytes(writer.lines(batch).data).splitlines()
        if number == windows:
            return


@pytest.mark.parametrize("name", SPECS)
def test_a_restored_run_goes_on_as_if_nothing_had_happened(name: str) -> None:
    spec, records = SPECS[name], 60 if name == "recalling" else 600  # that goes record by record
    whole = list(lines(begun(spec, records)))
    assert len(whole) == records
    for windows in (1, 2, 3, 5, 8, 11):
        first = begun(spec, records)
        before = list(lines(first, windows))
        second = begun(spec, records)
        second.restore(unpack(pack(first.snapshot())))
        assert second.held == first.held
        assert before + list(lines(second)) == whole


ENDING = {**MIXED, "arrivals": {"type": "even", "rate": "1/s", "most": 30}}
del ENDING["interarrival"]


@pytest.mark.parametrize("name", [*SPECS, "ending"])
def test_a_run_that_is_computed_ahead_is_kept_soon_after_that_is_asked_for(monkeypatch, name: str) -> None:
    """Until then, windows are walked, and batches made, that nobody has asked for."""
    monkeypatch.setattr(walk, "_MOST_ROWS", 8)
    spec, records = SPECS.get(name, ENDING), 60 if name == "recalling" else 300
    if name == "ending":
        records = None
    whole = list(lines(run_of(spec, records, max_workers=5)))
    for asked in range(1, 200) if name == "ending" else (1, 4, 9):
        run, before, windows = run_of(spec, records, max_workers=5, threads=3), [], 0
        writer = Json().begin(run.layout)
        with closing(run.crew):
            for window in run.windows(holds=lambda: windows >= asked):  # noqa: B023
                before += [line for batch in window.batches for line in bytes(writer.lines(batch).data).splitlines()]
                windows += 1
                if windows >= asked and run.is_between_windows:
                    break
        assert windows <= asked + 12  # three that were walked, and those of the batches that were begun
        again = run_of(spec, records, max_workers=5)
        again.restore(unpack(pack(run.snapshot())))
        assert before + list(lines(again)) == whole
