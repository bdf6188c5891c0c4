"""Requests that carry many records: how records are cut into them, and what a refusal means."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.draw import Integers
from datagen.plugin.model import Model
from datagen.plugin.target import Gather, Undelivered
from datagen.problems import readable
from datagen.records.lines import Lines

_PASSING = (408, 425, 429)  # statuses of a request that may succeed later, as may all from 500 on
_SHOWN = 200  # characters of an answer


class BulkSize(Model):
    """How much goes into one request, and how long records are gathered for it."""

    records: int = Field(5000, ge=1, description="at most this many records in one request")
    bytes: int = Field(5_000_000, ge=1, description="at most this many bytes, but always at least one record")
    seconds: int | float = Field(
        0, ge=0, le=10, description="how long records of a live run are gathered before they are sent; 0: not at all"
    )

    def gather(self) -> Gather:
        """Return how many records a sink wants at once for one full request."""
        return Gather(self.records, self.bytes, self.seconds)


def cuts(ends: Integers, size: BulkSize) -> Iterator[tuple[int, int]]:
    """Cut records that end at (n,) into requests: yield the first record of each, and the one behind its last."""
    start = 0
    while start < len(ends):
        begin = ends[start - 1] if start else 0
        fitting = int(np.searchsorted(ends, begin + size.bytes, "right"))
        stop = min(start + size.records, max(fitting, start + 1))
        yield start, stop
        start = stop


def array_of(lines: Lines) -> pa.Array:
    """Return lines as a string array, each with its line end, without a copy."""
    places = np.concatenate([[0], lines.ends]).astype(np.int32)
    return pa.StringArray.from_buffers(len(lines), pa.py_buffer(places), pa.py_buffer(lines.data))


def refused(status: int, answer: str, records: int = 0) -> Undelivered:
    """Return the error that a system has refused a request, of which the first ``records`` are there all the same."""
    text = " ".join(answer.split())
    text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return Undelivered(f"refused with status {status}: {text}", records, lasting=not is_passing(status))


def is_passing(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status in _PASSING or status >= 500


def unsuitable_ca_file(verify: bool, ca_file: str | None) -> str | None:
    """Return why a certificate can't be checked in this way, if so."""
    if ca_file is None:
        return None
    if not verify:
        return '"ca_file" has no meaning where "verify" is false'
    return None if readable(ca_file) else f'"ca_file": {ca_file} can\'t be read'
