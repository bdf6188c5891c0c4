"""Change streams: a shop whose customers and orders come, change and go, and what must be left of them in the end."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from datagen.records.batch import Batch, Layout, Part
from tests.worlds import enum, exponential, read, state

KEYS = {"customers": ["customer_id"], "orders": ["order_id"]}
_CITY = enum("city", "Rome", "Oslo", "Leeds")


def _moving(name: str, to: object, emitter: str, operation: str, *variables: dict, mean: float = 30) -> dict:
    variables = (*variables, enum("op", operation))
    return state(name, to, emitter, variables=list(variables), delay=exponential(mean))


SHOP = {
    "states": [
        _moving(
            "joining",
            {"ordering": 0.8, "leaving": 0.2},
            "customers",
            "insert",
            {"name": "customer_id", "type": "counter"},
            _CITY,
        ),
        _moving(
            "ordering",
            {"paying": 0.7, "cancelling": 0.3},
            "orders",
            "insert",
            {"name": "order_id", "type": "uuid"},
            enum("status", "open"),
        ),
        _moving("paying", {"moving": 0.3, "cancelling": 0.7}, "orders", "update", enum("status", "paid"), mean=600),
        _moving("moving", "cancelling", "customers", "update", _CITY),
        _moving("cancelling", {"ordering": 0.4, "leaving": 0.6}, "orders", "delete"),
        _moving("leaving", "stop", "customers", "delete"),
    ],
    "emitters": [
        {"name": "customers", "dimensions": [read("op"), read("customer_id"), read("city")]},
        {"name": "orders", "dimensions": [read("op"), read("order_id"), read("customer_id"), read("status")]},
    ],
    "interarrival": exponential(10),
    "max_workers": 200,
}


def emitter_of(record: dict) -> str:
    return "orders" if "order_id" in record else "customers"


def last_state(records: Iterable[dict]) -> dict[tuple[str, object], dict]:
    """What is left in the end, by emitter and key."""
    left: dict[tuple[str, object], dict] = {}
    for record in records:
        emitter = emitter_of(record)
        key = emitter, record[KEYS[emitter][0]]
        left.pop(key, None)
        if record["op"] != "delete":
            left[key] = record
    return left


def batch_of(records: Sequence[dict], layout: Layout) -> Batch:
    """Records in a batch of their own, one each nanosecond; each names its emitter and has all of its columns."""
    parts = []
    for emitter, types in layout.emitters.items():
        rows = np.array([n for n, record in enumerate(records) if record["emitter"] == emitter], np.int64)
        if len(rows):
            own = [records[n] for n in rows]
            columns = {name: pa.array([record[name] for record in own], type_) for name, type_ in types.items()}
            parts.append(Part(emitter, rows, columns))
    numbers = np.arange(len(records))
    return Batch(numbers, numbers, numbers, numbers.astype(np.uint64), tuple(parts), numbers)
