"""What holds for every format: a record looks the same in whatever batch it comes."""

import numpy as np
import pytest

from datagen.plugin.registry import BUILT_IN, Registry
from datagen.records.lines import pieces
from tests.formatters.test_binary import SPECS
from tests.worlds import READY, batches_of, run_of

ACCESS = {"host": "h", "request": "r", "status": "{{time}}"}
KEYS = {
    "cef": {"signature": "1", "name": "{{time}}", "severity": "3"},
    "jinja": {"body": "{% for name, value in record.items() %}{{ name }}={{ value }} {% endfor %}"},
    "leef": {"event": "{{time}}"},
    "pattern": {"text": "{{time}}"},
    **dict.fromkeys(("apache_common", "apache_combined", "nginx"), ACCESS),
}
FORMATS = [{"type": kind, **KEYS.get(kind, {})} for kind in BUILT_IN["formatter"]]
FORMATS += [
    {"type": "json", "times": "epoch_ms", "nulls": False, "nest": True, "indent": 2, "ascii": True},
    {"type": "syslog", "rfc": 3164, "message": "{{time}}"},
    {"type": "msgpack", "times": "epoch_ms"},
]


@pytest.mark.parametrize("spec", [*SPECS.values(), READY["payments"]], ids=[*SPECS, "payments"])
def test_a_record_looks_the_same_in_every_batch(spec: dict) -> None:
    """Parts of batches, and records in another order, as stages give them."""
    layout = run_of(spec, 80).layout
    batches = list(batches_of(spec, 80))
    for described in FORMATS:
        formatter = Registry().make("formatter", described)
        if formatter.misfits(layout):
            continue
        writer = formatter.begin(layout)
        for batch in batches:
            whole = list(map(bytes, pieces(writer.lines(batch))))
            middle = len(batch) // 3
            for part, expected in (
                (batch.slice(middle, 2 * middle + 1), whole[middle : 2 * middle + 1]),
                (batch.take(np.arange(len(batch))[::-2]), whole[::-2]),
                (batch.slice(0, 1), whole[:1]),
            ):
                assert list(map(bytes, pieces(writer.lines(part)))) == expected, described


@pytest.mark.parametrize(
    ("format_", "alone", "several"),
    [
        ({"type": "json"}, "application/json", "application/x-ndjson"),
        ({"type": "json", "indent": 2}, "application/json", "application/json"),
        ({"type": "json_schema"}, "application/json", "application/x-ndjson"),
        ({"type": "avro"}, "avro/binary", "application/vnd.apache.avro"),
        ({"type": "xml"}, "application/xml", "application/xml"),
        ({"type": "logfmt"}, *["text/plain; charset=utf-8"] * 2),
    ],
)
def test_a_format_knows_what_http_calls_it(format_: dict, alone: str, several: str) -> None:
    formatter = Registry().make("formatter", format_)
    assert (formatter.media_type, formatter.stream_type) == (alone, several)
