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
        "a condition over the hour": (_each(_conditional("hour(time) >= 0")), 60),
        "a condition over a profile": (_each(_conditional("profile('wave') >= 0"), profiles=_WAVE), None),
        "a delay with a number by expression": (_each(_computed), 60),
        "a delay in the time of a profile": (_each(_paced, profiles=_WAVE), None),
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


def _conditional(when: str) -> Callable[..., Spec]:
    def change(state: Spec) -> Spec:
        first, *others = state["transitions"]
        return {**state, "transitions": [{**first, "when": when}, *others]}

    return change


def _computed(state: Spec) -> Spec:
    if "delay" not in state:
        return state
    [key] = [key for key in state["delay"] if key != "type"]
    return {**state, "delay": {**state["delay"], key: f"{state['delay'][key]} + 0 * visits"}}


def _paced(state: Spec) -> Spec:
    return {**state, "delay_profile": "wave"} if "delay" in state else state


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
