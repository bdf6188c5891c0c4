"""What decides about transitions by condition takes no instructions that read or write where there is nothing."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest

import datagen
from datagen.engine.conditions import Conditions, Programs
from datagen.engine.fleet import Fleet
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.slot import Shape, Slots
from datagen.moment import parse_moment
from datagen.native.decision import Decision
from datagen.native.instruction import INSTRUCTIONS
from datagen.native.machine import FACTS, Machine
from datagen.plugin.recipe import WEIGHED
from tests.worlds import START, constant, enum, integer, uniform, world


def programs(distribution: object = None) -> Programs:
    own = {"weights": [1, 2]} if distribution is None else {"cardinality_distribution": distribution}
    variables = [enum("x", "a", "b") | own, integer("n", distribution or uniform(0, 5))]
    ways = [
        {"next": "s", "when": "x = 'a' and n > 2 and age < 9", "probability": "visits + 1"},
        {"next": "stop", "probability": 1},
    ]
    spec = world(
        {"name": "waited", "type": "expression", "value": "waited"},
        states=[{"name": "s", "emitter": "e", "delay": constant(1), "variables": variables, "transitions": ways}],
    )
    plan = Plan(datagen.load(spec).spec, parse_moment(START))
    return Conditions(plan, Pools(plan.population, 1, Event(), "UTC").world()).programs


def decide(made: Programs) -> Decision:
    return Decision(made, Machine(made, None))


def changed(table: str, value: int, at: object = -1) -> Callable[[Programs], Programs]:
    def change(made: Programs) -> Programs:
        found = getattr(made, table).copy()
        found[at] = value
        return replace(made, **{table: found})

    return change


def replaced(fleet: Fleet, **tables: object) -> Fleet:
    found = copy(fleet)
    vars(found).update(tables)
    return found


def calling(instruction: str, argument: int) -> Callable[[Programs], Programs]:
    return lambda made: changed("argument", argument, 0)(changed("code", INSTRUCTIONS[instruction], 0)(made))


def cooking(name: str, value: int) -> Callable[[Programs], Programs]:
    def change(made: Programs) -> Programs:
        recipe = made.recipes.recipe.copy()
        recipe[name][recipe["kind"] == WEIGHED] = value
        return replace(made, recipes=replace(made.recipes, recipe=recipe))

    return change


MISFITS: dict[str, Callable[[Programs], Programs]] = {
    "an instruction that there is not": changed("code", len(INSTRUCTIONS)),
    "an instruction below 0": changed("code", -1),
    **{
        f"{name} {argument}": calling(name, argument)
        for name in ("whole", "real", "listed", "listed real", "known", "known real", "keep", "keep real")
        for argument in (-1, 1000)
    },
    **{f"{name} {argument}": calling(name, argument) for name in ("fact", "seconds") for argument in (-1, len(FACTS))},
    "a field below 0": calling("drawn", -1),
    "a recipe below 0": calling("draw", -1),
    "a recipe that there is not": calling("draw", 2),
    "a draw to a place by a recipe that there is not": calling("draw to real", 2),
    "a draw to what is not kept": cooking("kept", 1000),
    **{
        f"a recipe of {name} {value}": cooking(name, value)
        for name in ("kind", "family", "begin", "shift", "guide", "bounds")
        for value in (-1, *(() if name == "begin" else (60,)))
    },
    "a guide out of the weights": lambda made: replace(
        made, recipes=replace(made.recipes, guide=made.recipes.guide + 2)
    ),
    "weights that do not end": lambda made: replace(
        made, recipes=replace(made.recipes, bounds=made.recipes.bounds // 2)
    ),
    "a setting behind the instructions": changed("entry", 1000),
    "settings in another order": changed("entry", 1000, 0),
    "a condition behind the instructions": changed("when", 1000),
    "a condition that ends before it begins": changed("when", 1000, (0, 0)),
    "a weight before the instructions": changed("weigh", -1),
    "a way to a state that there is not": changed("target", 2),
    "ways behind the last": changed("ways", 5, 0),
    "a way of choosing that there is not": changed("kind", 4),
    "a number that is not kept": lambda made: replace(made, number=1000),
    "a birth that is not kept": lambda made: replace(made, begin=-2),
    "a count of visits that is not kept": changed("counts", 1000),
    "a note that is no instruction": changed("notes", 1000),
    "a priority behind the instructions": lambda made: replace(made, priorities=np.array([[0, 1000]], np.int32)),
    "availability behind the instructions": lambda made: replace(
        made, fleet=replaced(made.fleet, programs=np.array([[0, 1000]], np.int32))
    ),
    "items that are counted behind the instructions": changed("items", 1000),
    "items whose instructions end before they begin": changed("items", 1, (0, 0)),
    "items whose place is not kept": changed("item", 1000),
    "items of which it is not kept how many are left": lambda made: replace(
        changed("items", 1, (0, 1))(made), item=np.array([0, -1], np.int32)
    ),
    "a child that is given what is not kept": lambda made: replace(made, gives=np.zeros((1, 1000), np.uint8)),
    "too little room for what is known of an instant": lambda made: replace(made, facts=np.zeros(5, np.int64)),
    "too little room for the weights": lambda made: replace(made, sums=np.zeros(1)),
}


def test_what_the_conditions_of_a_plan_make_fits() -> None:
    decide(programs())


@pytest.mark.parametrize("misfit", MISFITS)
def test_programs_that_would_read_or_write_elsewhere_are_refused(misfit: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # which one it is, the case says
        decide(MISFITS[misfit](programs()))


def test_slots_without_what_is_drawn_are_refused() -> None:
    made = programs({"type": "lognormal", "median": 1, "sigma": 1})
    with pytest.raises(ValueError, match="2 to 2 in place of 0 to 1"):
        decide(made).house(Slots.of(1, Shape(1, 0, 1, 1, len(made.first), 0, False)))


@pytest.mark.parametrize(
    ("back", "message"), [([-1, -1, -1], "2 slots for 3 places"), ([-1, 1], "slot 1 does not stand behind 1")]
)
def test_rows_that_do_not_follow_each_other_are_refused(back: list[int], message: str) -> None:
    nothing = np.zeros(0, np.int32)
    machine = Machine(replace(programs(), code=nothing, argument=nothing), None)
    none = np.zeros((0, 0, 0), np.int64)
    has = np.zeros((2, 1), np.uint8)
    known, drawn = np.zeros((2, 1), np.int64), {"drawn": none, "drawn_real": none.view(np.float64)}
    machine.house(
        SimpleNamespace(known=known, known_real=known.view(np.float64), has=has, there=none.astype(np.uint8), **drawn)
    )
    with pytest.raises(ValueError, match=message):
        machine.follow(np.array(back))
