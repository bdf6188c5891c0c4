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
_ROWS: Spec = {"columns": ["n"], "rows": [[number] for number in range(1000)], "shared": {"count": 0}}


def states(setting: Setting) -> Iterator[Line]:
    """Measure the walk of a steady population with conditions and with resources, less that without, in turn."""
    cases: dict[str, tuple[Spec, float | None]] = {
        "": (steady(_ALIVE), None),
        "a condition over visits": (_each(_conditional), 40),
        "`set`, of the spec": (_each(_changing, shared={"total": 0}), 60),
        "`set`, of a row": (_holding(), 60),
        "`use`, and nobody waits": (_each(_using, resources=_desk(10**6)), 120),
        "`use`, and some wait": (_each(_using, resources=_desk(round(_ALIVE * _BUSY))), None),
    }
    paths = {name: setting.save(f"spec{place}.json", spec) for place, (name, (spec, _)) in enumerate(cases.items())}
    runs = setting.repeat(lambda: {name: _nanoseconds(setting, path) for name, path in paths.items()})
    for name, (_, most) in cases.items():
        if name:
            more = median(run[name] - run[""] for run in runs)
            yield Line(f"a step more: {name}", more, "ns", most=most)


def _nanoseconds(setting: Setting, path: str) -> float:
    found, _ = answer("engine", "walk", path, UNLIMITED, setting.size(3_000_000))
    return float(found["cpu_seconds"] / found["steps"] * 1e9)


def _each(change: Callable[..., Spec], **keys: Any) -> Spec:
    """Return the population with all its states changed, and other keys."""
    spec = steady(_ALIVE)
    return {**spec, **keys, "states": [change(state) for state in spec["states"]]}


def _desk(capacity: int) -> Spec:
    return {"desk": {"capacity": capacity}}


def _conditional(state: Spec) -> Spec:
    first, *others = state["transitions"]
    return {**state, "transitions": [{**first, "when": "visits < 1000"}, *others]}


def _changing(state: Spec) -> Spec:
    return {**state, "set": {"total": "total + 1"}}


def _holding() -> Spec:
    """Return the population with a row for each worker from its first state on."""
    spec = _each(lambda state: {**state, "set": {"row.count": "row.count + 1"}}, tables={"rows": _ROWS})
    first, *others = spec["states"]
    own = {"name": "row", "type": "row", "table": "rows", "pick": "worker"}  # nothing is drawn for it
    return {**spec, "states": [{**first, "variables": [*first.get("variables", []), own]}, *others]}


def _using(state: Spec) -> Spec:
    return {**state, "use": "desk"}
