"""The source of the compiled walk also runs as plain Python, where every index is checked: both make the same steps."""

import importlib.util
import sys
import time
from types import ModuleType

import cython  # noqa: F401  which puts modules of its own in the places of those below
import numpy as np
import pytest

import datagen
from datagen import draw
from datagen.clock import NEVER
from datagen.distributions.exponential import Exponential
from datagen.distributions.uniform import Uniform
from datagen.engine import walk
from datagen.engine.plan import Plan
from datagen.engine.slot import Slots
from datagen.engine.step import Steps
from datagen.moment import parse_moment
from tests.worlds import READY, ROOT, START, constant, exponential, state, world

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
def plain(monkeypatch) -> type:
    """The event loop as plain Python."""
    agenda = as_plain_python("agenda")

    class Agenda(agenda.Agenda):
        def house(self, slots: Slots) -> None:
            super().house(slots)
            self.workers = slots.workers.view(np.recarray)

    c_imports = {"": {}, ".datagen": {}, ".datagen.native": {}, ".libc": {}}
    c_imports[".datagen.native.agenda"] = {"Agenda": Agenda, "Worker": list}
    c_imports[".datagen.native.draws"] = {"mix": mix, "numbered": numbered, "standard": standard}
    c_imports[".libc.math"] = {"rint": lambda number: float(np.rint(number))}
    for name, members in c_imports.items():
        monkeypatch.setitem(sys.modules, f"cython.cimports{name}", module(f"cython.cimports{name}", **members))
    source = as_plain_python("walk")

    class Plain(source.EventLoop):
        def house(self, slots: Slots) -> None:
            super().house(slots)
            self.workers = slots.workers.view(np.recarray)

    return Plain


def walked(name: str, max_workers: int, windows: int) -> list[Steps]:
    plan = Plan(datagen.load(READY[name]).spec, parse_moment(START))
    made = walk.Walk(plan, seed=1, max_workers=max_workers)
    return [made.advance(NEVER) for _ in range(windows)]


def assert_same(found: list[Steps], expected: list[Steps]) -> None:
    for one, other in zip(found, expected, strict=True):
        for name in ("time", "worker", "step", "state", "keys"):
            assert (getattr(one, name) == getattr(other, name)).all()
        assert all((mine == theirs).all() for mine, theirs in zip(one.after, other.after, strict=True))
        assert all((one.before[group] == other.before[group]).all() for group in other.before)


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize("most", [3, 1000])
def test_the_source_as_plain_python_makes_the_same_steps(monkeypatch, plain: type, name: str, most: int) -> None:
    monkeypatch.setattr(walk, "_FIRST_ROWS", 400)
    monkeypatch.setattr(walk, "_MOST_ROWS", 400)
    monkeypatch.setattr(walk, "_FIRST_SLOTS", 2)
    monkeypatch.setattr(walk, "_CROWD", 4)
    monkeypatch.setattr(walk, "_DAYS", 64)
    compiled = walked(name, most, 3)
    monkeypatch.setattr(walk, "EventLoop", plain)
    assert_same(walked(name, most, 3), compiled)


@pytest.mark.parametrize("name", READY)
@pytest.mark.parametrize("most", [1, 100, 9000])
def test_waits_that_are_drawn_ahead_of_time_are_those_of_the_core(monkeypatch, name: str, most: int) -> None:
    """As a plug-in's are: the core knows only the built-in distributions."""
    known = walked(name, most, 5)
    for distribution in (Exponential, Uniform):
        monkeypatch.setattr(distribution, "linear", lambda self: None)
    assert_same(walked(name, most, 5), known)


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


def test_room_is_made_for_few_workers_where_each_would_need_much(monkeypatch) -> None:
    monkeypatch.setattr(Exponential, "linear", lambda self: None)
    states = [state(f"s{n}", delay=exponential(1 + n)) for n in range(200)]
    plan = Plan(datagen.load(world(states=states)).spec, parse_moment(START))
    made = walk.Walk(plan, seed=1, max_workers=10**9)  # 50 GB for the first slots of them
    assert len(made.advance(10**10)) == 10
    assert len(made._slots) < 100_000
