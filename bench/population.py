"""The specs that are measured, and the click stream with more visits, or faster ones, for a known number alive."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

CLICK_STREAM = "conf/gen/clickstream.json"
FLAT = "bench/flat.json"
SENSORS = "conf/gen/sensors.json"

UNLIMITED = 10**9  # workers
_SURPLUS = 1.06  # the longest lives have not all begun when the ramp is over


def steady(alive: int) -> dict[str, Any]:
    """Have about that many visits alive when no limit binds, as soon as a population counts as steady."""
    return crowd(alive * _SURPLUS)


def bound(alive: int) -> dict[str, Any]:
    """Have more visits come, ten times, than a limit of that many alive lets in."""
    return crowd(alive * 10)


def crowd(alive: float, pace: float = 1) -> dict[str, Any]:
    """Have that many visits alive, by Little's law, when no limit binds; they go by ``pace`` times faster."""
    spec = json.loads(Path(CLICK_STREAM).read_text())
    for state in spec["states"]:
        if "delay" in state:
            state["delay"]["mean"] /= pace
    return {**spec, "interarrival": {"type": "exponential", "mean": life(spec)[1] / alive}}


def life(spec: dict[str, Any]) -> tuple[float, float]:
    """Return how many records a worker makes and how many seconds it lives, on average."""
    records = seconds = 0.0
    here = Counter({spec["states"][0]["name"]: 1.0})  # which share of the workers enters which state at this step
    while here.total() > 1e-12:
        there: Counter[str] = Counter()
        for state in spec["states"]:
            share = here[state["name"]]
            records += share
            mean = state.get("delay", {"mean": 0})["mean"]
            seconds += share * float(str(mean).partition(" ")[0])  # one by expression begins with it
            for way in state["transitions"]:
                there[way["next"]] += share * way["probability"]
        del there["stop"]
        here = there
    return records, seconds
