"""A declared stage or formatter serves any number of runs at once: what one run does changes nothing in the other."""

from functools import cache

import pytest

from datagen.clock import NEVER
from datagen.moment import parse_moment
from datagen.plugin.formatter import LineWriter
from datagen.plugin.registry import BUILT_IN, Registry
from datagen.plugin.stage import RunningStage, Scope, Stage
from datagen.records.batch import Batch, Layout
from datagen.records.lines import pieces
from datagen.records.merge import joined
from tests.stages.test_stages import SHOP, STAGES, Row, rows_of
from tests.worlds import START, constant, counter, enum, run_of, state, world

REGISTRY = Registry.load()
REQUEST = {"host": "{{u}}", "request": "GET /", "status": "200"}
FORMATTERS = [
    {"type": "json"},
    {"type": "csv"},
    {"type": "tsv"},
    {"type": "pattern", "text": "{{time}} {{u}} {n} {order}"},
    *[{"type": kind} for kind in ("arrow", "avro", "json_schema", "logfmt", "msgpack", "protobuf", "syslog", "xml")],
    {"type": "cef", "signature": "{{u}}", "name": "visit", "severity": "3"},
    {"type": "leef", "event": "{{u}}"},
    {"type": "jinja", "header": "{{ 1 + 1 }}", "body": "{{ time }} {{ u|upper }} {{ record.n }}", "records": 7},
    *[{"type": kind} | REQUEST for kind in ("apache_common", "apache_combined", "nginx")],
]
ASIDE = {"type": "stdout"}
CASES = {
    "formatter": FORMATTERS,
    "stage": [
        *STAGES,
        {"type": "rate", "interval": 1},
        {"type": "rate", "interval": 1, "record": True, "target": ASIDE},
        {"type": "statistics", "fields": ["u"], "target": ASIDE},
    ],
}
# Its records have other columns than those of the shop, and one of them in common.
OTHER = world(
    enum("u", "x,y", None, "z"), counter("n"), states=[state("s", {"s": 0.9, "stop": 0.1}, delay=constant(1))]
)

Piece = tuple[Batch, int]


def cases(group: str) -> list:
    return [pytest.param(case, id=f"{number}-{case['type']}") for number, case in enumerate(CASES[group])]


@pytest.mark.parametrize("group", CASES)
def test_every_kind_has_a_case(group: str) -> None:
    assert {case["type"] for case in CASES[group]} == set(BUILT_IN[group])


@cache
def records_of(which: str, seed: int) -> tuple[Layout, tuple[Piece, ...]]:
    """The records of a run in pieces, each with how far the run has come, and what they look like."""
    run = run_of(SHOP if which == "shop" else OTHER, 300, seed=seed, max_workers=20)
    batch = joined(list(run.batches()))
    cut = [(batch.slice(begin, begin + 30), int(batch.due[begin + 29])) for begin in range(0, 300, 30)]
    return run.layout, (*cut, (Batch.empty(), NEVER))


class StageRun:
    """A stage at work, and all that it has returned and said."""

    def __init__(self, stage: Stage, seed: int) -> None:
        layout, self.pieces = records_of("shop", seed)
        self.said: list[str] = []
        self.rows: list[Row] = []
        scope = Scope(parse_moment(START), seed, "run", self.said.append, f"through/{stage.kind}/1")
        assert stage.misfits(layout, scope) == []
        self.layout = stage.layout(layout, scope)
        self._running: RunningStage = stage.begin(layout, scope)

    def take(self, number: int) -> None:
        self.rows += rows_of(self._running.through(*self.pieces[number]))

    def finished(self) -> "StageRun":
        for number in range(len(self.pieces)):
            self.take(number)
        return self


@pytest.mark.parametrize("described", cases("stage"))
@pytest.mark.parametrize("seeds", [(1, 1), (1, 2)], ids=["same run twice", "two different runs"])
def test_two_runs_of_a_stage_at_once_equal_two_runs_apart(described: dict, seeds: tuple[int, int]) -> None:
    apart = [StageRun(REGISTRY.make("stage", described), seed).finished() for seed in seeds]
    stage = REGISTRY.make("stage", described)
    at_once = [StageRun(stage, seed) for seed in seeds]
    for number in range(len(at_once[0].pieces)):
        for run in at_once:
            run.take(number)
    for one, other in zip(at_once, apart, strict=True):
        assert (one.rows, one.said, one.layout) == (other.rows, other.said, other.layout)
        assert one.rows or one.said
    assert (apart[0].rows == apart[1].rows) == (seeds[0] == seeds[1])
    assert stage == REGISTRY.make("stage", described)


@pytest.mark.parametrize("described", cases("formatter"))
def test_two_runs_of_a_formatter_at_once_equal_two_runs_apart(described: dict) -> None:
    """Their records need not look alike."""
    runs = [records_of(which, 1) for which in ("shop", "other")]

    def begun(layout: Layout, formatter: object = None) -> LineWriter:
        return (formatter or REGISTRY.make("formatter", described)).begin(layout)

    def lines(writer: LineWriter, piece: Piece) -> list[bytes]:
        return [bytes(line) for line in pieces(writer.lines(piece[0]))]

    apart = [[lines(begun(layout), piece) for piece in records[:-1]] for layout, records in runs]
    formatter = REGISTRY.make("formatter", described)
    writers = [begun(layout, formatter) for layout, _ in runs]
    at_once: list[list[list[bytes]]] = [[], []]
    for both in zip(*(records[:-1] for _, records in runs), strict=True):
        for found, writer, piece in zip(at_once, writers, both, strict=True):
            found.append(lines(writer, piece))
    assert at_once == apart
    assert [writer.header for writer in writers] == [begun(layout).header for layout, _ in runs]
    assert formatter == REGISTRY.make("formatter", described)
