"""What a state may have beside its delay, and what each step of the walk costs more for it."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bench.population import UNLIMITED, steady
from bench.process import answer
from bench.setting import Setting
from bench.table import Line

_ALIVE = 100
_BUSY = 1.1  # places for each worker alive: some have to wait

Spec = dict[str, Any]
_WAVE: Spec = {"wave": {"type": "sine", "period": "1D", "amplitude": 0.5}}
_ROWS: Spec = {"columns": ["n"], "rows": [[number] for number in range(1000)], "shared": {"count": 0}}


def states(setting: Setting) -> Iterator[Line]:
    """Measure the walk of a steady population with conditions and with resources, less that without, in turn."""
    cases: dict[str, tuple[Spec, float | None]] = {
        "": (steady(_ALIVE), None),
        "a condition over visits": (_each(_conditional("visits < 1000")), 40),
        "a condition over a drawn whole number": (_each(_drawing), 40),
        "a variable made of its own former value": (_each(_adding), None),
        "a condition over the hour": (_each(_conditional("hour(time) >= 0")), 60),
        "a condition over a profile": (_each(_conditional("profile('wave') >= 0"), profiles=_WAVE), None),
        "a delay with a number by expression": (_each(_computed), 60),
        "a delay in the time of a profile": (_each(_paced, profiles=_WAVE), None),
        "`set`, of the spec": (_each(_changing, shared={"total": 0}), 60),
        "`set`, of a row": (_holding(), 60),
        "`each`, with ten rows of a table": (
            _each(_going_through, tables={"ten": {**_ROWS, "rows": _ROWS["rows"][:10]}}),
            60,
        ),
        "`use`, and nobody waits": (_each(_using, resources=_desk(10**6)), 120),
        "`use`, and some wait": (_each(_using, resources=_desk(round(_ALIVE * _BUSY))), 120),
        "`use` of a row of 100,000 that matches, and nobody waits": (_each(_taking, **_fleet()), 250),
        "`use` of a row that matches, and some wait": (_each(_taking, **_fleet(round(_ALIVE * _BUSY))), 300),
    }
    paths = {name: setting.save(f"spec{place}.json", spec) for place, (name, (spec, _)) in enumerate(cases.items())}
    runs = setting.repeat(lambda: {name: _nanoseconds(setting, path) for name, path in paths.items()})
    for name, (_, most) in cases.items():
        if name:
            more = median(run[name] - run[""] for run in runs)
            yield Line(f"a step more: {name}", more, "ns", most=most)
    yield from _children(setting, paths[""])
    yield from _memory(setting)


def _children(setting: Setting, without: str) -> Iterator[Line]:
    """Measure what a child costs that each step brings about, who takes one step and stops: its birth, step and end."""
    spec, child = _each(_spawning), {"name": "child", "transitions": [{"next": "stop", "probability": 1}]}
    path = setting.save("children.json", {**spec, "states": [*spec["states"], child]})
    runs = setting.repeat(lambda: 2 * _nanoseconds(setting, path) - _nanoseconds(setting, without))
    yield Line("a step more: `spawn` of one child, with all its life", median(runs), "ns", most=150)


def _memory(setting: Setting) -> Iterator[Line]:
    """Measure whether a crowd that shares a resource takes more memory the longer it is walked."""
    alive = setting.size(1_000_000)
    path = setting.save("crowd.json", {**_each(_using, alive), "resources": _desk(round(alive * _BUSY))})
    few, many = setting.size(3_000_000), setting.size(15_000_000)
    low, high = (answer("engine", "walk", path, UNLIMITED, steps)[1].peak_bytes / 1e6 for steps in (few, many))
    yield Line(f"peak memory, {alive:,} alive who use a resource, {few:,} steps", low, "MB")
    yield Line(f"peak memory, {alive:,} alive who use a resource, {many:,} steps", high, "MB", most=low * 1.05)


def _nanoseconds(setting: Setting, path: str) -> float:
    found, _ = answer("engine", "walk", path, UNLIMITED, setting.size(3_000_000))
    return float(found["cpu_seconds"] / found["steps"] * 1e9)


def _each(change: Callable[..., Spec], alive: int = _ALIVE, **keys: Any) -> Spec:
    """Return the population with all its states changed, and other keys."""
    spec = steady(alive)
    return {**spec, **keys, "states": [change(state) for state in spec["states"]]}


def _taking(state: Spec) -> Spec:
    return {**state, "use": {"resource": "desk", "match": {"kind": "born % 2"}}}


def _fleet(rows: int = 100_000) -> Spec:
    """Return keys of a spec with a resource of so many rows, of two kinds."""
    columns = [{"name": "n", "type": "counter"}, {"name": "kind", "type": "expression", "value": "n % 2"}]
    return {"tables": {"desks": {"size": rows, "columns": columns}}, "resources": {"desk": {"rows": "desks"}}}


def _desk(capacity: int) -> Spec:
    return {"desk": {"capacity": capacity}}


def _conditional(when: str) -> Callable[..., Spec]:
    def change(state: Spec) -> Spec:
        first, *others = state["transitions"]
        return {**state, "transitions": [{**first, "when": when}, *others]}

    return change


def _drawing(state: Spec) -> Spec:
    own = {"name": "number", "type": "int", "distribution": {"type": "uniform", "min": 0, "max": 999}}
    return {**_conditional("number < 1000")(state), "variables": [*state.get("variables", []), own]}


def _adding(state: Spec) -> Spec:
    own = {"name": "total", "type": "expression", "value": "coalesce(total, 0) + 1"}
    return {**state, "variables": [*state.get("variables", []), own]}


def _computed(state: Spec) -> Spec:
    if "delay" not in state:
        return state
    [key] = [key for key in state["delay"] if key != "type"]
    return {**state, "delay": {**state["delay"], key: f"{state['delay'][key]} + 0 * visits"}}


def _paced(state: Spec) -> Spec:
    return {**state, "delay_profile": "wave"} if "delay" in state else state


def _changing(state: Spec) -> Spec:
    return {**state, "set": {"total": "total + 1"}}


def _going_through(state: Spec) -> Spec:
    return {**state, "each": {"table": "ten", "as": "row"}}


def _holding() -> Spec:
    """Return the population with a row for each worker from its first state on."""
    spec = _each(lambda state: {**state, "set": {"row.count": "row.count + 1"}}, tables={"rows": _ROWS})
    first, *others = spec["states"]
    own = {"name": "row", "type": "row", "table": "rows", "pick": "worker"}  # nothing is drawn for it
    return {**spec, "states": [{**first, "variables": [*first.get("variables", []), own]}, *others]}


def _spawning(state: Spec) -> Spec:
    return {**state, "spawn": [{"state": "child"}]}


def _using(state: Spec) -> Spec:
    return {**state, "use": "desk"}
