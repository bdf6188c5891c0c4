"""The source of the compiled walk also runs as plain Python, where every index is checked: both make the same steps."""

import importlib.util
import math
import re
import sys
import time
from dataclasses import replace
from itertools import cycle, product
from threading import Event
from types import ModuleType, SimpleNamespace

import cython  # puts modules of its own in the places of those below, unless it is there already
import numpy as np
import pytest

import datagen
from datagen import draw
from datagen.clock import NEVER
from datagen.distributions.exponential import Exponential
from datagen.distributions.uniform import Uniform
from datagen.engine import arrivals, lasting, setter, sharing, walk
from datagen.engine.brood import spawns_of
from datagen.engine.conditions import Conditions, Programs
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.requests import requests_of
from datagen.engine.slot import Shape, Slots
from datagen.engine.step import Room, Steps
from datagen.engine.tables import foreign_waits
from datagen.moment import parse_moment
from datagen.native.agenda import Agenda
from datagen.native.children import Children
from datagen.native.decision import Decision
from datagen.native.machine import Machine
from datagen.native.resources import Resources
from datagen.native.walk import EventLoop
from tests.engine.test_snapshot import BEARING, CONDITIONAL, ITEMIZED, LINGERING, RECALLING, SHARING
from tests.fresh import some
from tests.worlds import READY, ROOT, START, constant, exponential, state, uniform, world

_WORD = 2**64 - 1


def mix(bits: int) -> int:
    bits = ((int(bits) ^ (int(bits) >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _WORD
    return bits ^ (bits >> 31)


def numbered(key: int, number: int) -> int:
    return mix((int(key) + (int(number) + 1) * 0x9E3779B97F4A7C15) & _WORD)


def standard(family: int, random: int) -> float:
    form = (None, lambda unit: unit, draw.exponential, draw.normal)[family]
    return float(form(draw.unit(np.array([random], np.uint64)))[0])


def wait(family: int, offset: float, scale: float, row: int) -> int:
    seconds = offset + (scale * standard(family, mix(row)) if family else 0)
    return min(int(np.rint(max(seconds, 0) * 1e9)) if seconds < 1e10 else NEVER, NEVER)


def place_of(random: int, bounds: np.ndarray, guide: np.ndarray, shift: int, begin: int, guided: int) -> int:
    return int(np.argmax(bounds[begin:] > random))


def first_above(random: int, bounds: np.ndarray, first: int, last: int) -> int:
    return next((place for place in range(first, last) if bounds[place] > random), last)


def module(name: str, **members: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


def as_plain_python(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"plain_{name}", ROOT / f"datagen/native/{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def plain(monkeypatch) -> tuple[type, type]:
    """The event loop and the sources as plain Python."""

    def provide(name: str, **members: object) -> None:
        monkeypatch.setitem(sys.modules, f"cython.cimports{name}", module(f"cython.cimports{name}", **members))

    monkeypatch.setattr(cython, "address", lambda place: place)
    for name in ("", ".datagen", ".datagen.native", ".libc"):
        provide(name)
    real = {"fmod": math.fmod, "isfinite": math.isfinite, "fabs": abs, "sqrt": math.sqrt, "copysign": math.copysign}
    provide(".libc.math", rint=lambda number: float(np.rint(number)), floor=math.floor, ceil=math.ceil, **real)
    high_word = {"high_word": lambda random, size: int(random) * (int(size) or 2**64) >> 64}
    plain_ = {"held": lambda x, least, most: min(max(x, least), most), "unit": lambda random: (random >> 11) / 2**53}
    rounding = {
        "off": lambda x, scale: round(x * scale) / scale,
        "to_whole": lambda x, down: math.floor(x) if down else round(x),
    }
    provide(".datagen.native.draws", mix=mix, numbered=numbered, standard=standard, **high_word, **plain_, **rounding)
    provide(".datagen.native.choice", place_of=place_of, first_above=first_above)
    provide(".datagen.native.agenda", fetch_ahead=lambda place: None)
    provide(".datagen.native.rhythm", Rhythm=list)
    waits = {
        "wait": wait,
        "time_after": lambda time, delay: min(time + delay, NEVER),
        "in_order": lambda number: number,
    }
    provide(".datagen.native.waits", **waits)
    provide(".datagen.native.sources", Crowd=list)
    agenda, sources = as_plain_python("agenda"), as_plain_python("sources")

    class Agenda(agenda.Agenda):
        def house(self, slots: Slots) -> None:
            super().house(slots)
            self.workers = slots.workers.view(np.recarray)

    class Sources(sources.Sources):
        def house(self, source: np.ndarray, times: np.ndarray, crowd: np.ndarray) -> None:
            super().house(source.view(np.recarray), times, crowd.view(np.recarray))

    provide(".datagen.native.agenda", Agenda=Agenda, Worker=list)
    provide(".datagen.native.sources", Sources=Sources, Source=list, Pace=sources.Pace)
    arithmetic = as_plain_python("arithmetic")
    provide(".datagen.native.arithmetic", **{name: part for name, part in vars(arithmetic).items() if callable(part)})
    provide(".datagen.native.recipe", Recipes=as_plain_python("recipe").Recipes)
    declared = (ROOT / "datagen/native/instruction.pxd").read_text()
    provide(".datagen.native.instruction", **{name: int(code) for name, code in re.findall(r"(\w+) = (\d+)", declared)})
    sys.modules["cython.cimports.datagen.native"].instruction = sys.modules[
        "cython.cimports.datagen.native.instruction"
    ]
    machine_source = as_plain_python("machine")

    class Machine(machine_source.Machine):
        def __init__(self, programs: Programs, pace: object) -> None:
            super().__init__(programs, pace)
            self.stack, self.reals, self.holds = [0] * 256, [0.0] * 256, [False] * 256

    provide(".datagen.native.machine", Machine=Machine)
    provide(".datagen.native.items", Items=as_plain_python("items").Items)
    decision = as_plain_python("decision")
    flags = re.findall(r"^    ([A-Z]+) = (\d+)", (ROOT / "datagen/native/decision.pxd").read_text(), re.MULTILINE)
    provide(".datagen.native.decision", Decision=decision.Decision, **{name: int(flag) for name, flag in flags})
    children_source, heaps = as_plain_python("children"), as_plain_python("heaps")

    class Children(children_source.Children):
        def house(self, slots: Slots) -> None:
            self.kin = slots.kin.view(np.recarray)

    provide(".datagen.native.children", Children=Children)
    numbers = ("REACHED", "FULL", "CROWDED", "NO_TIMES", "NO_WAITS", "UNKNOWN", "STUCK", "ENDED", "CHANGED", "BEYOND")
    paused = {name: number for number, name in enumerate((*numbers, "FAULT", "WAITING", "EXPLODED", "ASKED"))}
    provide(".datagen.native.pauses", **paused)
    sys.modules["cython.cimports.datagen.native"].pauses = sys.modules["cython.cimports.datagen.native.pauses"]

    class Heaps(heaps.Heaps):
        def house(self, rank: np.ndarray, who: np.ndarray) -> None:
            super().house(rank.view(np.recarray), who)

    provide(".datagen.native.heaps", Heaps=Heaps)
    gathering, queues = as_plain_python("gathering"), as_plain_python("queues")

    class Queues(queues.Queues):
        def house(self, post: np.ndarray) -> None:
            super().house(post.view(np.recarray))

    class Gathering(gathering.Gathering):
        def house(self, slots: Slots) -> None:
            self.workers = slots.workers.view(np.recarray)

    provide(".datagen.native.gathering", Gathering=Gathering)
    provide(".datagen.native.queues", Queues=Queues)
    provide(".datagen.native.fleet", Index=list, Link=list, Part=list)
    fleet = as_plain_python("fleet")

    class Fleet(fleet.Fleet):
        def __init__(self, tables: object, decision: object) -> None:
            views = {name: getattr(tables, name).view(np.recarray) for name in ("row", "link", "part", "index")}
            super().__init__(SimpleNamespace(**vars(tables) | views), decision)

    provide(".datagen.native.fleet", Fleet=Fleet)
    resources = as_plain_python("resources")

    class Resources(resources.Resources):
        def house(self, slots: Slots) -> None:
            super().house(slots)
            self.workers = slots.workers.view(np.recarray)

    journal, stays = as_plain_python("journal"), as_plain_python("stays")
    provide(".datagen.native.resources", Resources=Resources)
    provide(".datagen.native.journal", Journal=journal.Journal)
    provide(".datagen.native.stays", Stays=stays.Stays)
    lasting_source, threshold = as_plain_python("lasting"), as_plain_python("threshold")

    class Threshold(threshold.Threshold):
        def house(self, slots: Slots) -> None:
            super().house(slots)
            self.workers = slots.workers.view(np.recarray)

    provide(".datagen.native.lasting", Lasting=lasting_source.Lasting)
    provide(".datagen.native.threshold", Threshold=Threshold)
    nursery = as_plain_python("nursery")

    class Nursery(nursery.Nursery):
        def house(self, slots: Slots) -> None:
            super().house(slots)
            self.workers = slots.workers.view(np.recarray)

    provide(".datagen.native.nursery", Nursery=Nursery)
    walk_source = as_plain_python("walk")

    class Plain(walk_source.EventLoop):
        def house(self, slots: Slots) -> None:
            super().house(slots)
            self.workers = slots.workers.view(np.recarray)

    for owner, name, made in (
        (walk, "Machine", Machine),
        (walk, "Decision", decision.Decision),
        (lasting, "Core", lasting_source.Lasting),
        (sharing, "Agenda", Agenda),
        (sharing, "Children", Children),
        (sharing, "Resources", Resources),
    ):
        monkeypatch.setattr(owner, name, made)
    return Plain, Sources


# Waits below 0, of 0, beyond all time, and some that are both below 0 and beyond.
ODD = world(
    states=[
        state("a", {"a": 0.5, "b": 0.4, "stop": 0.1}, delay=uniform(-1, 1)),
        state("b", {"a": 0.5, "c": 0.01, "stop": 0.49}, delay=exponential(1)),
        state("c", delay=uniform(-1e300, 1e300)),
    ],
    gap=uniform(-1, 0.5),
)


# Rows by what they have, by places and by the time, with priorities and patience.
FLEET = world(
    {"name": "by", "type": "expression", "value": "cab.kind"},
    states=[
        state("a", delay=exponential(1)) | {"transitions": [{"next": "b", "probability": 1}]},
        {"name": "b", "emitter": "e", "delay": exponential(3), "next": "c"}
        | {"acquire": {"resource": "cab", "match": {"kind": "born % 3"}, "priority": "born % 5"}}
        | {"timeout": {"after": exponential(4), "next": "c"}},
        {
            "name": "c",
            "emitter": "e",
            "release": "cab",
            "use": {"resource": "cab", "units": 2},
            "delay": exponential(1),
        },
    ],
    gap=exponential(2),
    tables={"cabs": {"columns": ["kind"], "rows": [[0], [1], [2], [1], [0]]}},
    resources={"cab": {"rows": "cabs", "capacity": 2, "available": "(second(time) + minute(time)) % 9 > kind"}},
)


def walked(spec: object, max_workers: int, windows: int) -> list[Steps]:
    plan = Plan(datagen.load(spec).spec, parse_moment(START))
    made = walk.Walk(plan, seed=1, max_workers=max_workers, memories={"emitter/e/line/told": {"n": 5}})
    return [made.advance(NEVER) for _ in range(windows)]


def assert_same(found: list[Steps], expected: list[Steps]) -> None:
    for one, other in zip(found, expected, strict=True):
        for name in ("time", "worker", "step", "state", "keys"):
            assert (getattr(one, name) == getattr(other, name)).all()
        assert all((mine == theirs).all() for mine, theirs in zip(one.after, other.after, strict=True))
        assert all((one.before[group] == other.before[group]).all() for group in other.before)


OWN = ["conditional", "sharing", "fleet", "bearing", "lingering", "itemized", "recalling"]


@pytest.mark.parametrize("name", [*some(READY), *OWN])
@pytest.mark.parametrize("most", [3, 1000])
def test_the_source_as_plain_python_makes_the_same_steps(monkeypatch, request, name: str, most: int) -> None:
    monkeypatch.setattr(walk, "_FIRST_ROWS", 400)
    monkeypatch.setattr(walk, "_MOST_ROWS", 400)
    monkeypatch.setattr(walk, "_FIRST_SLOTS", 2)
    monkeypatch.setattr(walk, "_CROWD", 4)
    monkeypatch.setattr(walk, "_DAYS", 64)
    lingering = {**LINGERING, "states": [{**LINGERING["states"][0]}, *LINGERING["states"][1:]]}
    del lingering["states"][0]["delay_profile"]  # whose table only the compiled core has
    lingering["states"][0]["transitions"] = [{"next": "b", "when": "minute(time) > 1"}, {"next": "a"}]
    own = {"conditional": CONDITIONAL, "sharing": SHARING, "fleet": FLEET, "bearing": BEARING, "lingering": lingering}
    own |= {"itemized": ITEMIZED, "recalling": RECALLING}
    spec = own.get(name) or READY[name]
    windows = 60 if name == "recalling" else 3  # which end with nearly every step
    compiled = walked(spec, most, windows)
    plain = request.getfixturevalue("plain")
    monkeypatch.setattr(walk, "EventLoop", plain[0])
    monkeypatch.setattr(arrivals, "Sources", plain[1])
    assert_same(walked(spec, most, windows), compiled)


LIMITS = [1, 100, 9000]


@pytest.mark.parametrize(("name", "most"), [*zip(some(READY), cycle(LIMITS), strict=False), *product(["odd"], LIMITS)])
def test_waits_that_are_drawn_ahead_of_time_are_those_of_the_core(monkeypatch, name: str, most: int) -> None:
    """As a plug-in's are: the core knows only the built-in distributions."""
    spec = READY.get(name, ODD)
    known = walked(spec, most, 4)
    for distribution in (Exponential, Uniform):
        monkeypatch.setattr(distribution, "linear", lambda self: None)
    assert_same(walked(spec, most, 4), known)


KINDS = [
    {"type": "int", "distribution": uniform(-3, 5), "percent_nulls": 20},
    {"type": "int", "distribution": {"type": "normal", "mean": 1, "stddev": 3}},
    {"type": "int", "distribution": {"type": "normal", "mean": 1e19, "stddev": 1e19}},
    {"type": "float", "distribution": exponential(3)},
    {"type": "float", "distribution": {"type": "normal", "mean": 1, "stddev": 3}, "precision": 1},
    {"type": "float", "distribution": uniform(-1, 2), "percent_missing": 30, "percent_nulls": 30},
    {"type": "bool", "probability": 0.3, "percent_missing": 10},
    {"type": "enum", "values": [0, 1, 2, 3, None], "weights": [1, 0, 2, 0.5, 1]},
    {"type": "enum", "values": [4, 0, 1], "percent_nulls": 30},
    {"type": "enum", "values": [4, 0, 1], "cardinality_distribution": exponential(2)},
    {"type": "column", "table": "t", "column": "n"},
    {"type": "column", "table": "weighed", "column": "n", "percent_missing": 10},
    {"type": "column", "table": "weighed", "column": "n", "distribution": exponential(1)},
]


def drawing(kind: dict, *, is_number: bool) -> dict:
    """A spec whose transitions follow what is drawn, of a list or, where an expression sets it as well, a number."""
    number = "(v ? 1 : 0)" if kind["type"] == "bool" else "v"
    ways = [{"next": "a", "when": f"{number} > 0"}, {"next": "b", "when": "v is null"}, {"next": "stop"}]
    other = {"type": "expression", "value": "visits > 2" if kind["type"] == "bool" else "visits"} if is_number else kind
    tables = {
        "t": {"columns": ["n"], "rows": [[1], [0], [7], [None]]},
        "weighed": {"columns": ["n", "w"], "rows": [[1, 5], [0, 1], [7, 2]], "weight": "w"},
    }
    return world(
        states=[
            state("a", "b", delay=exponential(1)) | {"variables": [{"name": "v"} | kind], "transitions": ways},
            state("b", "a", delay=exponential(1)) | {"variables": [{"name": "v"} | other], "transitions": ways},
        ],
        gap=exponential(0.5),
        tables=tables,
    )


@pytest.mark.parametrize("is_number", [False, True])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_values_that_are_drawn_ahead_of_time_are_those_of_the_core(monkeypatch, kind: dict, is_number: bool) -> None:
    known = walked(drawing(kind, is_number=is_number), 100, 3)
    monkeypatch.setattr(setter, "recipe_of", lambda dimension, rows: None)
    assert_same(walked(drawing(kind, is_number=is_number), 100, 3), known)


def test_a_few_awake_among_many_asleep_are_walked_as_fast_as_alone() -> None:
    asleep = state("asleep", "asleep", emitter=None, delay=constant(10**6))
    awake = state("awake", "awake", delay=exponential(100))
    first = state("first", {"asleep": 0.9999, "awake": 0.0001}, delay=constant(0.5))
    plan = Plan(datagen.load(world(states=[first, asleep, awake], gap=1e-6)).spec, parse_moment(START))
    made = walk.Walk(plan, seed=1, max_workers=100_000)
    began = time.process_time()
    while len(made.advance(NEVER)) and made.next_time < 10**15:  # some 100 000 steps
        pass
    assert time.process_time() - began < 5  # a look at all sleepers with each step takes 50


@pytest.mark.parametrize("is_ahead", [False, True])
def test_a_walk_goes_on_from_a_snapshot(monkeypatch, is_ahead: bool) -> None:
    monkeypatch.setattr(walk, "_MOST_ROWS", 400)
    if is_ahead:
        for distribution in (Exponential, Uniform):
            monkeypatch.setattr(distribution, "linear", lambda self: None)
    plan = Plan(datagen.load(READY["clickstream"]).spec, parse_moment(START))
    whole, restored = (walk.Walk(plan, seed=1, max_workers=50) for _ in range(2))
    for _ in range(5):
        whole.advance(NEVER)
    restored.restore(whole.snapshot())
    assert restored.held_since == whole.held_since
    assert_same([restored.advance(NEVER) for _ in range(5)], [whole.advance(NEVER) for _ in range(5)])


def test_a_spawn_is_held_back_until_it_is_made(monkeypatch) -> None:
    """Also where a window, and a run, ends between the stop that frees its place and the spawn, at the same time."""
    monkeypatch.setattr(walk, "_MOST_ROWS", 1)
    spec = world(states=[state("a", "b", delay=constant(10)), state("b", delay=constant(1))], gap=constant(1))
    plan = Plan(datagen.load(spec).spec, parse_moment(START))
    made = walk.Walk(plan, seed=1, max_workers=2)
    found = []
    for _ in range(5):
        time = made.advance(NEVER).time[0]
        found.append((time / 1e9, made.alive, made.held_since / 1e9, sum(made.held[1]) / 1e9))
        snapshot, made = made.snapshot(), walk.Walk(plan, seed=1, max_workers=2)
        made.restore(snapshot)
    assert found[1:] == [(1, 2, 2, 0), (10, 2, 2, 0), (11, 1, 2, 0), (11, 2, 12, 9)]


@pytest.mark.parametrize("where", ["delay", "gap"])
def test_a_wait_that_is_not_a_number_ends_the_run_when_it_is_needed(monkeypatch, where: str) -> None:
    monkeypatch.setattr(Exponential, "linear", lambda self: None)
    monkeypatch.setattr(Exponential, "sample", lambda self, u: np.where(u < 0.5, np.nan, u))
    states = [state("a", "b", delay=constant(1)), state("b", delay=exponential(1) if where == "delay" else constant(1))]
    spec = world(states=states, gap=exponential(1) if where == "gap" else constant(1))
    made = walk.Walk(Plan(datagen.load(spec).spec, parse_moment(START)), seed=1, max_workers=100)
    with pytest.raises(datagen.RunFailed, match="walking on: a delay or gap is not a number"):
        made.advance(NEVER)


def loop_of(
    spec: object, slots: int = 4, rows: int = 8, requests: dict[str, object] | None = None, **tables: object
) -> EventLoop:
    """An event loop that is ready to go, with some of its tables replaced, and of those of its resources."""
    plan = Plan(datagen.load(spec).spec, parse_moment(START))
    sources = arrivals.Arrivals(plan, 1, slots, 1024, False)
    conditions = Conditions(plan, Pools(plan.population, 1, Event()).world())
    programs = conditions.programs
    machine = Machine(programs, None)
    decision = Decision(programs, machine)
    children = Children(spawns_of(plan, programs, 1), decision, 10)
    agenda = Agenda(np.empty(8, np.int32))
    shared = Resources(replace(requests_of(plan, programs), **(requests or {})), agenda, decision, children)
    late = lasting.Lasting(plan, conditions, machine, 1).core
    made = EventLoop(replace(plan.tables, **tables), [3, 4, 5, 6], sources.core, shared, late)
    sources.supply()
    waits, resources = foreign_waits(plan.population.states), len(plan.population.resources)
    shape = Shape(len(plan.groups), len(waits), 0, 0, len(programs.first), resources, shared.used)
    made.house(Slots.of(slots, shape))
    room = Room(rows, np.ones(len(plan.groups), np.int64), 0)
    made.begin(room)
    sources.core.note(room.refused_at, room.refused_by)
    return made


def test_who_is_born_takes_the_slot_of_who_has_stopped() -> None:
    """Three stop at one time, before three are born."""
    loop = loop_of(world(states=[state("s", delay=constant(10))], gap=constant(0)), slots=3, rows=1000)
    loop.agenda.schedule(62, 1, np.zeros(0, np.uint8))
    assert (loop.advance(NEVER), loop.journal.rows, loop.agenda.used) == ("full", 1000, 3)


def test_a_calendar_whose_days_bits_can_not_tell_or_that_has_no_room_for_them_is_refused() -> None:
    agenda = Agenda(np.empty(4, np.int32))
    for days in (-1, 0, 3, 8):
        with pytest.raises(ValueError, match="days are no power of two, or more than 4"):
            agenda.schedule(62, days, np.zeros(0, np.uint8))


@pytest.mark.parametrize(
    "name", ["offset", "scale", "foreign", "patience", "patience_foreign", "ways", "bound", "target", "sets"]
)
def test_tables_that_do_not_fit_together_are_refused(name: str) -> None:
    spec = READY["clickstream"]
    tables = Plan(datagen.load(spec).spec, parse_moment(START)).tables
    with pytest.raises(ValueError, match="in place of"):
        loop_of(spec, **{name: getattr(tables, name)[:-1].copy()})


@pytest.mark.parametrize("name", ["begin", "resource", "units", "priorities", "releases", "uses", "following", "lines"])
def test_tables_of_resources_that_do_not_fit_together_are_refused(name: str) -> None:
    spec = datagen.load(SHARING).spec
    plan = Plan(spec, parse_moment(START))
    requests = requests_of(plan, Conditions(plan, Pools(plan.population, 1, Event()).world()).programs)
    with pytest.raises(ValueError, match=r"in place of|one after the other"):
        loop_of(SHARING, requests={name: getattr(requests, name)[:-1].copy()})


@pytest.mark.parametrize("target", [-1, 7])
def test_a_way_to_a_state_that_there_is_not_is_refused(target: int) -> None:
    with pytest.raises(ValueError, match="a way to a state that there is not"):
        loop_of(world(), target=np.array([target], np.int32))


@pytest.mark.parametrize(
    "name", ["behind", "stored", "when", "who", "waits", "waits_from", "known", "has", "drawn", "there"]
)
def test_room_for_workers_that_does_not_fit_is_refused(name: str) -> None:
    slots = Slots.of(4, Shape(0, 0, 0, 0, 0, 0, False))
    with pytest.raises(ValueError, match="3 in place of 4"):
        loop_of(world()).house(replace(slots, **{name: getattr(slots, name)[:3]}))


@pytest.mark.parametrize(
    "name", ["worker", "step", "state", "keys", "held_at", "held_for", "birth_row", "birth_source", "birth_number"]
)
def test_room_for_steps_that_does_not_fit_is_refused(name: str) -> None:
    room = Room(8, np.ones(0, np.int64), 0)
    setattr(room, name, getattr(room, name)[:7])
    with pytest.raises(ValueError, match="7 in place of 8"):
        loop_of(world()).begin(room)


def test_room_for_the_refused_that_does_not_fit_is_refused() -> None:
    sources = arrivals.Arrivals(Plan(datagen.load(world()).spec, parse_moment(START)), 1, 4, 1024, False)
    for refused_at, refused_by in ((8, 7), (0, 0)):
        with pytest.raises(ValueError, match="in place of"):
            sources.core.note(np.empty(refused_at, np.int64), np.empty(refused_by, np.int32))


def test_room_is_made_for_few_workers_where_each_would_need_much(monkeypatch) -> None:
    monkeypatch.setattr(Exponential, "linear", lambda self: None)
    states = [state(f"s{n}", delay=exponential(1 + n)) for n in range(200)]
    plan = Plan(datagen.load(world(states=states)).spec, parse_moment(START))
    made = walk.Walk(plan, seed=1, max_workers=10**9)  # 50 GB for the first slots of them
    assert len(made.advance(10**10)) == 10
    assert len(made._slots) < 100_000
