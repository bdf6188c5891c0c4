"""What stateless native code does: DuckDB writes the columns of the click stream, drawn row by row, with one thread.

There are no visits, no weights and no order of rows. An indexed list is the fastest pick that DuckDB has (CASE and
split_part take longer), and hex() makes 5000 different users faster than a list of them would.
"""

import json
import time
from pathlib import Path
from typing import Any

import duckdb

from bench.population import CLICK_STREAM


def copy(records: int, output: str) -> dict[str, float]:
    """Time the statement alone: DuckDB is not charged for its start."""
    enums: dict[str, list[Any]] = {}  # all values that the states set each to
    for state in json.loads(Path(CLICK_STREAM).read_text())["states"]:
        for variable in state["variables"]:
            if variable["type"] == "enum":
                enums.setdefault(variable["name"], []).extend(variable["values"])
    columns = {
        "time": "epoch_ms(1704067200000 + range * 14)",
        "user_id": "hex((random() * 4999)::BIGINT * 786433 + 268435456)",
        "session": "(1000000000 + random() * 8999999999)::BIGINT",
        **{name: f"{values}[1 + floor(random() * {len(values)})::INT]" for name, values in enums.items()},
        "load_ms": "(-180 * ln(1 - random()))::INT",
    }
    select = ", ".join(f"{made} AS {name}" for name, made in columns.items())
    options = "FORMAT json, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%g'"
    connection = duckdb.connect()
    connection.execute("SET threads = 1; SET preserve_insertion_order = false; SET enable_progress_bar = false")
    began = time.perf_counter()
    connection.execute(f"COPY (SELECT {select} FROM range({records})) TO '{output}' ({options})")
    return {"rate": records / (time.perf_counter() - began)}
