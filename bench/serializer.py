"""Binary formats, in process: what ours take for the records of a spec, and what fastavro takes for them."""

import io
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from fastavro import parse_schema, schemaless_writer

from bench.engine import begin, made_of
from datagen.formatters.avro import Avro
from datagen.formatters.protobuf import Protobuf
from datagen.records.batch import Batch
from datagen.records.conversion import exported_types, record_batch
from datagen.records.schema.avro import avro_schema


def times(spec: str, records: int) -> dict[str, float]:
    """Return the CPU time that messages of so many records take, in ns a record, by who makes them.

    The records are there before: as columns for ours, as dictionaries for fastavro, which writes each by itself.
    """
    run, _ = begin(spec, 100)
    batches: list[Batch] = []
    while sum(map(len, batches)) < records:
        batches += made_of(run, run._walk.advance(run.clock.horizon()))
    rows = [row for batch in batches for row in record_batch(batch, run.layout).to_pylist()]
    schema = avro_schema(exported_types(run.layout), "Record", None, run.layout.said())
    avro, protobuf = (format_.begin(run.layout) for format_ in (Avro(), Protobuf()))

    spent, sizes = {}, {}
    makers: dict[str, Callable[[], int]] = {
        "avro": lambda: sum(avro.lines(batch).size for batch in batches),
        "protobuf": lambda: sum(protobuf.lines(batch).size for batch in batches),
        "fastavro": partial(_written, rows, schema),
        "fastavro, no value may be null": partial(_written, rows, _without_null(schema)),
    }
    for name, make in makers.items():
        began = time.process_time_ns()
        sizes[name] = make()
        spent[name] = (time.process_time_ns() - began) / len(rows)
    assert sizes["avro"] == sizes["fastavro"], "the same messages"
    return spent


def _written(rows: list[dict[str, Any]], schema: dict[str, Any]) -> int:
    """Write each row as a message; return how many octets they are."""
    parsed, made = parse_schema(schema), 0
    for row in rows:
        message = io.BytesIO()
        schemaless_writer(message, parsed, row)
        made += message.tell()
    return made


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose fields are no unions with null, of which fastavro has to choose the type of each value."""
    fields = [{"name": field["name"], "type": field["type"][1]} for field in schema["fields"]]
    return {"type": "record", "name": "Whole", "fields": fields}
