"""What a generator of Eventer says is said in our language: a schema in Jsonnet, so many of them, at an interval."""

import json
from pathlib import Path

from tests.peers.told import ONCE, told

SCHEMA = """
local one_of = std.native('get_one_of');
local whole = std.native('get_integer');
local kind = one_of('book, toy, food');

{
  id: whole(1, 100000),
  placed: std.native('get_timestamp')('2024-01-01', '2024-01-31', '15m'),
  lines: [{ kind: kind, price: std.native('get_number')(1, 20) } for i in std.range(1, 3)],
  delivery: {
    way: one_of('post, van, pick up'),
    detail: { [if self.way == 'van' then 'van' else null]: { floor: whole(0, 9), order: $.id } },
  },
}
"""


def test_a_schema_is_a_record_and_its_schedule_a_source(tmp_path: Path) -> None:
    """schema, count: 100, interval: 250ms; the first event comes one interval after the start."""
    state = {"name": "order", "emitter": "order", "transitions": ONCE}
    record = {"type": "jsonnet", "text": SCHEMA}
    emitter = {"name": "order", "time": None, "record": record}
    source = {"type": "every", "every": 0.25, "first": 0.25, "times": 100}
    found = [
        json.loads(line) for line in told(tmp_path, {"arrivals": source, "states": [state], "emitters": [emitter]})
    ]
    assert len(found) == 100
    for order in found:
        assert set(order) == {"id", "placed", "lines", "delivery"}
        assert 1 <= order["id"] < 100_000
        assert order["placed"] % 900 == 0
        assert {line["kind"] for line in order["lines"]} < {"book", "toy", "food"}  # a local is drawn once
        assert all(1 <= line["price"] < 20 for line in order["lines"])
        van = order["delivery"]["detail"].get("van")
        assert (van is not None) == (order["delivery"]["way"] == "van")
        assert van is None or van["order"] == order["id"]
