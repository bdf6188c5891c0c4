"""Splunk's HTTP Event Collector: the envelope that it wants around each record, and its answers."""

import json

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.moment import Moment
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.model import Model
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.pieces import join
from datagen.records.text import json_text
from datagen.targets.request import array_of


class SplunkHec(Model):
    """What the envelope of Splunk's HTTP Event Collector says of every record."""

    host: str | None = Field(None, min_length=1, description="host that the record is said to come from")
    source: str | None = Field(None, min_length=1, description="source that it is said to come from")
    sourcetype: str | None = Field(None, min_length=1, description="source type, such as _json")
    index: str | None = Field(None, min_length=1, description="index that it goes to")


class EventWriter(LineWriter):
    """Writes each record as an event: its line, in Splunk's envelope. A line that is not JSON becomes a text in it."""

    def __init__(self, formatter: Formatter, layout: Layout, hec: SplunkHec, start: Moment) -> None:
        super().__init__(formatter.begin(layout).text)
        self._is_json = formatter.kind == "json"
        self._constants = "".join(f",{json.dumps(key)}:{json.dumps(value)}" for key, value in hec if value is not None)
        self._start = start

    def lines(self, batch: Batch) -> Lines:
        text = pc.binary_slice(array_of(super().lines(batch)).cast(pa.binary()), 0, -1).cast(pa.string())
        event = text if self._is_json else json_text(text)
        milliseconds = (self._start.microseconds + batch.emitted // 1000) // 1000
        time = json_text(pa.array(milliseconds / 1000))
        return Lines.of(join(['{"time":', time, f'{self._constants},"event":', event, "}\n"], len(batch)))


def is_accepted(answer: str) -> bool:
    """Return whether the collector says that it took the events: code 0."""
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("code") == 0
