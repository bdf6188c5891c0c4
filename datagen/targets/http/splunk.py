"""Splunk's HTTP Event Collector: the envelope that it wants around each record, and its answers."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.moment import Moment
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.model import Model
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.pattern import TextPattern, patterned
from datagen.records.text import join, json_text
from datagen.targets.request import array_of

_VALUES = "`{{dimension}}` stands for a value, an empty text is left out"


class SplunkHec(Model):
    """What the envelope of Splunk's HTTP Event Collector says of every record."""

    host: str | None = Field(None, min_length=1, description=f"host that the record is said to come from; {_VALUES}")
    source: str | None = Field(None, min_length=1, description=f"source that it is said to come from; {_VALUES}")
    sourcetype: str | None = Field(None, min_length=1, description=f"source type, such as _json; {_VALUES}")
    index: str | None = Field(None, min_length=1, description=f"index that it goes to; {_VALUES}")

    def patterns(self, layout: Layout) -> dict[str, TextPattern]:
        """Return what each key that is given says of a record."""
        return {key: TextPattern(text, layout) for key, text in self if text is not None}


class EventWriter(LineWriter):
    """Writes each record as an event: its line, in Splunk's envelope. A line that is not JSON becomes a text in it."""

    def __init__(self, formatter: Formatter, layout: Layout, hec: SplunkHec, start: Moment) -> None:
        super().__init__()
        self._writer = formatter.begin(layout)
        self._is_json = formatter.is_json
        self._patterns = hec.patterns(layout)
        self._start = start

    def lines(self, batch: Batch) -> Lines:
        text = pc.binary_slice(array_of(self._writer.lines(batch)).cast(pa.binary()), 0, -1).cast(pa.string())
        is_json = [self._is_json and (part.whole is None or part.whole.is_json) for part in batch.parts]
        event = text if all(is_json) else _events(text, batch, is_json)
        milliseconds = (self._start.microseconds + batch.emitted // 1000) // 1000
        time = json_text(pa.array(milliseconds / 1000))
        said = [_said(key, patterned(batch, pattern, self._start)) for key, pattern in self._patterns.items()]
        return Lines.of(join(['{"time":', time, *said, ',"event":', event, "}\n"], len(batch)))


def _events(texts: pa.Array, batch: Batch, is_json: list[bool]) -> pa.Array:
    """Return the lines that are JSON, by the parts that they are of, and the others as texts in JSON."""
    stays = np.zeros(len(batch), bool)
    for part, as_it_is in zip(batch.parts, is_json, strict=True):
        stays[part.rows] = as_it_is
    return pc.if_else(pa.array(stays), texts, json_text(texts))


def _said(key: str, texts: pa.Array) -> pa.Array:
    """Write a key of the envelopes, where there is a text for it; once for each different text."""
    encoded = texts.dictionary_encode()
    members = pc.binary_join_element_wise(f',"{key}":', json_text(encoded.dictionary), "")
    members = pc.if_else(pc.equal(encoded.dictionary, ""), "", members)
    return pa.DictionaryArray.from_arrays(encoded.indices, members)


def is_accepted(answer: str) -> bool:
    """Return whether the collector says that it took the events: code 0."""
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("code") == 0
