"""What stateless native code does: DuckDB writes the same columns, drawn row by row, with one thread.

There are no visits, no weights and no order of rows. An indexed list is the fastest pick that DuckDB has (CASE and
split_part take longer), and hex() makes 5000 different users faster than a list of them would.
"""

import json
import time
from pathlib import Path
from typing import Any

import duckdb

from bench.population import CLICK_STREAM, FLAT

_TIME = "epoch_ms(1704067200000 + range * 14)"
_EXPONENTIAL = "-ln(1 - random())"
_NORMAL = "sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())"  # Box, Muller 1958


def copy(spec: str, records: int, output: str) -> dict[str, float]:
    """Time the statement alone: DuckDB is not charged for its start."""
    columns = {CLICK_STREAM: _clicks, FLAT: _flat}[spec](json.loads(Path(spec).read_text()))
    select = ", ".join(f"{made} AS {name}" for name, made in columns.items())
    options = "FORMAT json, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%g'"
    connection = duckdb.connect()
    connection.execute("SET threads = 1; SET preserve_insertion_order = false; SET enable_progress_bar = false")
    began, cpu = time.perf_counter(), time.process_time()
    connection.execute(f"COPY (SELECT {select} FROM range({records})) TO '{output}' ({options})")
    return {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}


def _clicks(spec: dict[str, Any]) -> dict[str, str]:
    enums: dict[str, list[Any]] = {}  # all values that the states set each to
    for state in spec["states"]:
        for variable in state["variables"]:
            if variable["type"] == "enum":
                enums.setdefault(variable["name"], []).extend(variable["values"])
    return {
        "time": _TIME,
        "user_id": "hex((random() * 4999)::BIGINT * 786433 + 268435456)",
        "session": "(1000000000 + random() * 8999999999)::BIGINT",
        **{name: _pick(values) for name, values in enums.items()},
        "load_ms": f"(180 * {_EXPONENTIAL})::INT",
    }


def _flat(spec: dict[str, Any]) -> dict[str, str]:
    made = {
        "id": "range",
        "user_id": "(1 + random() * 99999)::BIGINT",
        "latency_ms": f"(180 * {_EXPONENTIAL})::INT",
        "amount": f"round(40 * {_EXPONENTIAL}, 2)",
        "score": "round(random(), 3)",
        "temperature": f"round(20 + 4 * {_NORMAL}, 1)",
    }
    dimensions = spec["emitters"][0]["dimensions"]
    columns = {one["name"]: _pick(one["values"]) if one["type"] == "enum" else made[one["name"]] for one in dimensions}
    return {"time": _TIME, **columns}


def _pick(values: list[Any]) -> str:
    return f"{values}[1 + floor(random() * {len(values)})::INT]"
