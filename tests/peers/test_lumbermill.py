"""What the modules of GambolPutty and LumberMill do to events on their way, our stages do."""

import json
from pathlib import Path

import pytest

from tests.peers.told import told


def passed(folder: Path, stage: dict, *, count: int, every: float = 1) -> list[dict]:
    """Return the records of so many, one a while, that come through a stage."""
    key = [{"name": name, "type": "constant", "value": name} for name in ("site", "device")]
    whole = {"name": "key", "type": "text", "value": "{{site}}/{{device}}", "hidden": True}
    number = {"name": "n", "type": "counter"}
    states = [{"name": "s", "emitter": "e", "next": "s", "delay": {"type": "constant", "value": every}}]
    emitters = [{"name": "e", "dimensions": [number, *key, whole]}]
    spec = {"arrivals": {"type": "at_start", "total": 1}, "states": states, "emitters": emitters}
    duration = every * (count - 0.5)
    return [json.loads(line) for line in told(folder, spec, duration=duration, target={"through": [stage]})]


@pytest.mark.parametrize(
    ("least", "most", "count", "expected"), [(5, 10, 5, 1), (5, 10, 1, 0), (1, 10, 19, 10), (1, 10, 6, 6)]
)
def test_a_throttle_lets_as_many_through(tmp_path: Path, least: int, most: int, count: int, expected: int) -> None:
    """Throttle, with a key of several fields: that is a text of its own, which need not be printed."""
    stage = {"type": "throttle", "key": "key", "timeframe": 60, "min_count": least, "max_count": most}
    assert len(passed(tmp_path, stage, count=count)) == expected


@pytest.mark.parametrize(("timeframe", "expected"), [(10, [0, 5, 10]), (10.001, [0, 6, 12])])
def test_what_comes_at_the_end_of_a_window_is_in_the_next_one(
    tmp_path: Path, timeframe: float, expected: list[int]
) -> None:
    """There it is still in the window: a little more says that."""
    stage = {"type": "throttle", "key": "key", "timeframe": timeframe}
    assert [record["n"] for record in passed(tmp_path, stage, count=13, every=2)] == expected


def test_statistics_count_the_values_of_each_interval(tmp_path: Path) -> None:
    stage = {"type": "statistics", "fields": ["device", "site"], "interval": 10, "only": True}
    found = passed(tmp_path, stage, count=10)
    assert [(one["field_name"], one["field_counts"], one["total_count"]) for one in found] == [
        ("device", {"device": 10}, 10),
        ("site", {"site": 10}, 10),
    ]
