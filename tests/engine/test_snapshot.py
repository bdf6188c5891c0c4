"""A run that is restored from a snapshot, between any two windows, goes on as if nothing had happened."""

import json
from collections.abc import Iterator

import pytest

from datagen.delivery.snapshot import pack, unpack
from datagen.engine.run import Run
from datagen.formatters.json import Json
from datagen.moment import parse_moment
from tests.stepping import SteppingClock
from tests.worlds import ROOT, START, counter, enum, exponential, integer, read, run_of, state, uniform, world

# Variables of several lists, of a pool, of a counter and of one another, read long after they were set.
MIXED = world(
    *(read(name) for name in ("v", "p", "n", "former")),
    counter("number"),
    states=[
        state("a", {"c": 1}, variables=[enum("v", "x", "y"), counter("n")], delay=exponential(1)),
        state("b", {"c": 0.9, "stop": 0.1}, variables=[read("v", name="former"), enum("v", "p", "q", "r")]),
        state("c", {"a": 0.3, "b": 0.3, "d": 0.4}, delay=exponential(2)),
        state(
            "d",
            {"b": 1},
            variables=[integer("p", uniform(0, 10**9), cardinality=3000, cardinality_distribution=uniform(0, 2999))],
        ),
    ],
    gap=exponential(2),
)
SPECS = {"mixed": MIXED, "clickstream": json.loads((ROOT / "conf/gen/clickstream.json").read_text())}


def begun(spec: dict, records: int) -> Run:
    return run_of(spec, records, max_workers=5, clock=SteppingClock(parse_moment(START), 2 * 10**9))


def lines(run: Run, windows: int | None = None) -> Iterator[bytes]:
    """The lines of some windows of a run, or of all that are left."""
    writer = Json().begin(run.layout)
    for number, window in enumerate(run.windows(), 1):
        for batch in window.batches:
            yield from bytes(writer.lines(batch).data).splitlines()
        if number == windows:
            return


@pytest.mark.parametrize("name", SPECS)
def test_a_restored_run_goes_on_as_if_nothing_had_happened(name: str) -> None:
    spec, records = SPECS[name], 600
    whole = list(lines(begun(spec, records)))
    assert len(whole) == records
    for windows in range(1, 12):
        first = begun(spec, records)
        before = list(lines(first, windows))
        second = begun(spec, records)
        second.restore(unpack(pack(first.snapshot())))
        assert second.held == first.held
        assert before + list(lines(second)) == whole
