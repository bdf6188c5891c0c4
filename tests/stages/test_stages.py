"""Stages: what each does, and that nothing they give depends on batches, ticks or a restart."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.clock import NEVER
from datagen.delivery.snapshot import pack, unpack
from datagen.formatters.json import Json
from datagen.moment import parse_moment
from datagen.plugin.registry import Registry
from datagen.plugin.stage import RunningStage, Scope
from datagen.records.batch import Batch, Layout
from datagen.records.lines import pieces
from datagen.records.merge import joined, merged
from datagen.stages.held import Holding
from tests.worlds import (
    ROOT,
    START,
    batches_of,
    constant,
    counter,
    enum,
    exponential,
    integer,
    read,
    run_of,
    state,
    uniform,
    world,
    write_json,
)

SECOND = 1_000_000_000
REGISTRY = Registry.load()

# Two emitters; a variable, mixed JSON, what is missing and null, an object; several records at one time.
SHOP = {
    "states": [
        state(
            "view", {"view": 0.6, "buy": 0.2, "stop": 0.2}, "view", delay=exponential(2), variables=[enum("u", *"abcd")]
        ),
        state("buy", "stop", "buy", delay=constant(0), variables=[]),
    ],
    "emitters": [
        {
            "name": "view",
            "dimensions": [
                read("u"),
                enum("mixed", 1, "1", 2.5, None, True, {"k": 1}, [1]),
                enum("status", 200, 404, 500, percent_missing=20, percent_nulls=20),
                {
                    "name": "o",
                    "type": "object",
                    "dimensions": [counter("n"), enum("kind", "x", "y", percent_missing=30)],
                },
            ],
        },
        {"name": "buy", "dimensions": [read("u"), counter("order")]},
    ],
    "interarrival": {"type": "uniform", "min": 0, "max": 1},
}
STAGES = [
    {"type": "filter", "where": "status >= 404 or o.kind = 'x' or order > 3"},
    {"type": "throttle", "key": "u", "timeframe": 3},
    {"type": "throttle", "key": ["o.kind", "mixed"], "timeframe": 10, "min_count": 2, "max_count": 4},
    {"type": "throttle", "key": "u", "timeframe": 0.001},
    {"type": "delay", "delay": constant(2.5)},
    {"type": "delay", "delay": exponential(4)},
    {"type": "late", "share": 0.3, "delay": exponential(5), "label": True},
    {"type": "duplicate", "share": 0.3, "label": True},
    {"type": "duplicate", "share": 0.3, "delay": uniform(-1, 3), "label": "again"},
    {"type": "drop", "share": 0.3},
    {"type": "drop", "share": 0.3, "label": True},
    {"type": "corrupt", "share": 0.5, "how": ["empty", "typo", "truncate", "encoding", "out_of_range"]},
    {
        "type": "corrupt",
        "share": 0.8,
        "how": ["wrong_type", "extra_field", "typo"],
        "weights": [3, 1, 1],
        "label": True,
    },
    {"type": "corrupt", "share": 1, "how": "wrong_type", "fields": ["time", "o", "mixed", "status"], "label": "bad"},
    {"type": "statistics", "fields": ["u", "o.kind", "mixed", "o"], "interval": 2.5},
    {"type": "statistics", "fields": ["order"], "interval": 7, "only": True},
    {"type": "rate", "interval": 1, "record": True},
]
IDS = [f"{number}-{described['type']}" for number, described in enumerate(STAGES)]


@cache
def shop(records: int = 300) -> tuple[Batch, Layout]:
    """The records of the shop in one batch, and what they look like."""
    run = run_of(SHOP, records, max_workers=20)
    return joined(list(run.batches())), run.layout


def scope_of(described: dict, place: int = 1) -> Scope:
    """What a stage is told of its run; ``place``: which of its kind it is."""
    return Scope(parse_moment(START), 1, "run", lambda _: None, f"through/{described['type']}/{place}")


def ready(described: dict, layout: Layout, place: int = 1) -> RunningStage:
    """A stage at work on records."""
    stage, scope = REGISTRY.make("stage", described), scope_of(described, place)
    assert stage.misfits(layout, scope) == []
    return stage.begin(layout, scope)


Row = tuple[int | None, int, int, bytes]


def rows_of(batch: Batch) -> list[Row]:
    """Each record as (due, worker, step, JSON); when the last word of a stage is due depends on how long it waited."""
    if not len(batch):
        return []
    lines = [bytes(line) for line in pieces(Json().begin(Layout()).lines(batch))]
    due = [None if worker < 0 else time for time, worker in zip(batch.due.tolist(), batch.worker.tolist(), strict=True)]
    return list(zip(due, batch.worker.tolist(), batch.step.tolist(), lines, strict=True))


def through(stage: RunningStage, batch: Batch) -> list[Row]:
    """Lead all records through a stage at once."""
    first = rows_of(stage.through(batch, int(batch.due[-1]) if len(batch) else 0))
    return first + rows_of(stage.through(Batch.empty(), NEVER))


def records_through(described: dict, records: int = 300) -> list[dict]:
    batch, layout = shop(records)
    return [json.loads(line) for _, _, _, line in through(ready(described, layout), batch)]


def cut(batch: Batch, places: list[int], ticks: list[float]) -> Iterator[tuple[Batch, int]]:
    """Cut a batch in pieces, each with how far the run has come, and a tick after some of them."""
    edges = sorted({0, len(batch), *places})
    for number, (begin, end) in enumerate(pairwise(edges)):
        last = int(batch.due[end - 1])
        yield batch.slice(begin, end), last
        share = ticks[number % len(ticks)] if ticks else 0
        if share and end < len(batch):
            yield Batch.empty(), last + int(share * (int(batch.due[end]) - last))
    yield Batch.empty(), NEVER


@pytest.mark.parametrize("described", STAGES, ids=IDS)
@settings(max_examples=25, deadline=None)
@given(places=st.lists(st.integers(1, 299), max_size=12), ticks=st.lists(st.sampled_from([0, 0, 0.5, 1]), max_size=5))
def test_neither_batches_nor_ticks_nor_a_restart_change_what_a_stage_gives(described, places, ticks) -> None:
    batch, layout = shop()
    expected = through(ready(described, layout), batch)
    kept, restarted, found, again = ready(described, layout), ready(described, layout), [], []
    for piece, until in cut(batch, places, ticks):
        found += rows_of(kept.through(piece, until))
        again += rows_of(restarted.through(piece, until))
        snapshot = unpack(pack(restarted.snapshot()))
        restarted = ready(described, layout)
        restarted.restore(snapshot)
    assert found == expected
    assert again == expected


@pytest.mark.parametrize("described", STAGES, ids=IDS)
def test_record_by_record_it_is_the_same(described) -> None:
    batch, layout = shop()
    stage, found = ready(described, layout), []
    for piece, until in cut(batch, list(range(len(batch))), [0, 1, 0.3]):
        found += rows_of(stage.through(piece, until))
    assert found == through(ready(described, layout), batch)


@pytest.mark.parametrize("described", STAGES, ids=IDS)
def test_records_look_as_the_layout_says(described) -> None:
    batch, layout = shop()
    out = ready(described, layout).through(batch, NEVER)
    after = REGISTRY.make("stage", described).layout(layout, scope_of(described)).emitters
    assert {part.emitter: list(part.columns) for part in out.parts} == {
        part.emitter: list(after[part.emitter]) for part in out.parts
    }


@pytest.mark.parametrize("described", STAGES, ids=IDS)
def test_what_is_due_comes_in_order_and_no_later_than_the_run_has_come(described) -> None:
    batch, layout = shop()
    stage, last = ready(described, layout), 0
    for piece, until in cut(batch, list(range(0, 300, 7)), [1, 0]):
        out = stage.through(piece, until)
        due = [last, *out.due.tolist()]
        assert due == sorted(due)
        assert until == NEVER or due[-1] <= until
        last = due[-1]


@pytest.mark.parametrize("described", STAGES, ids=IDS)
def test_records_as_the_run_makes_them_survive_a_restart(described) -> None:
    """Their columns are coded several times over, also inside objects."""
    held = {"name": "held", "type": "object", "dimensions": [read("u")]}
    spec = json.loads(json.dumps(SHOP))
    spec["emitters"][1]["dimensions"] += [
        held,
        {"name": "list", "type": "list", "elements": [read("u")], "length_distribution": constant(2)},
    ]
    run = run_of(spec, 300, max_workers=20)
    kept, restarted, found, again = ready(described, run.layout), ready(described, run.layout), [], []
    for piece, until in [*((batch, int(batch.due[-1])) for batch in run.batches()), (Batch.empty(), NEVER)]:
        found += rows_of(kept.through(piece, until))
        again += rows_of(restarted.through(piece, until))
        snapshot = unpack(pack(restarted.snapshot()))
        restarted = ready(described, run.layout)
        restarted.restore(snapshot)
    assert again == found
    assert len(found) > 3


# Filter


def test_a_filter_lets_pass_what_is_true() -> None:
    everything = records_through({"type": "filter", "where": "true"})
    found = records_through({"type": "filter", "where": "status >= 404 and not o.kind = 'x'"})
    assert found == [
        record for record in everything if (record.get("status") or 0) >= 404 and record["o"].get("kind") != "x"
    ]
    assert 0 < len(found) < len(everything) == 300


def test_an_emitter_without_the_dimension_reads_null() -> None:
    assert {"order" in record for record in records_through({"type": "filter", "where": "order is null"})} == {False}
    assert {"order" in record for record in records_through({"type": "filter", "where": "order >= 0"})} == {True}


def test_a_boolean_dimension_is_a_condition(generate) -> None:
    target = {"type": "stdout", "through": [{"type": "filter", "where": "ok"}]}
    outcome = generate(world(enum("ok", True, False, None)) | {"target": target}, "-n", 50)
    assert {record["ok"] for record in outcome.records} == {True}


# Throttle


def throttled(batch: Batch, layout: Layout, timeframe: float, least: int, most: int) -> list[int]:
    """Throttle by ``u``, a record at a time: the numbers of the records that pass."""
    begun: dict[object, tuple[int, int]] = {}
    passed = []
    for number, (due, _, _, line) in enumerate(rows_of(batch)):
        key = json.loads(line)["u"]
        start, count = begun.get(key, (-NEVER, 0))
        start, count = (start, count + 1) if due < start + timeframe * SECOND else (due, 1)
        begun[key] = start, count
        if least <= count <= most:
            passed.append(number)
    return passed


@pytest.mark.parametrize("timeframe", [0.001, 0.5, 3, 60, 1e9])
@pytest.mark.parametrize(("least", "most"), [(1, 1), (1, 3), (2, 2), (4, 1000)])
def test_throttle_agrees_with_the_rule_a_record_at_a_time(timeframe, least, most) -> None:
    batch, layout = shop()
    stage = ready(
        {"type": "throttle", "key": "u", "timeframe": timeframe, "min_count": least, "max_count": most}, layout
    )
    expected = throttled(batch, layout, timeframe, least, most)
    assert through(stage, batch) == rows_of(batch.take(np.array(expected, np.int64)))


def test_missing_and_null_are_one_key_of_their_own() -> None:
    found = records_through({"type": "throttle", "key": "status", "timeframe": 1e9})
    assert Counter(record.get("status") for record in found) == {200: 1, 404: 1, 500: 1, None: 1}


def test_values_of_different_types_are_different_keys() -> None:
    found = [record["mixed"] for record in records_through({"type": "throttle", "key": "mixed", "timeframe": 1e9})]
    assert sorted(map(repr, filter(None, found))) == sorted(map(repr, (1, "1", 2.5, True, {"k": 1}, [1])))


def test_ended_windows_are_forgotten() -> None:
    spec = world(counter("n"), gap=1)
    batches = list(batches_of(spec, 20_000))
    layout = Layout({"e": {name: column.type for name, column in batches[0].parts[0].columns.items()}})
    stage = ready({"type": "throttle", "key": "n", "timeframe": 10}, layout)
    for batch in batches:
        for piece, until in cut(batch, list(range(0, len(batch), 500)), []):
            if len(piece):
                stage.through(piece, until)
    assert len(stage.snapshot()["keys"]) < 3000


def test_windows_that_go_on_are_remembered_among_many() -> None:
    run = run_of(world(integer("u", uniform(0, 3000)), gap=1), 8000)
    batch = joined(list(run.batches()))
    stage, found = ready({"type": "throttle", "key": "u", "timeframe": 1500}, run.layout), []
    for piece, until in cut(batch, list(range(0, 8000, 100)), []):
        found += rows_of(stage.through(piece, until))
    assert found == rows_of(batch.take(np.array(throttled(batch, run.layout, 1500, 1, 1))))
    assert len(stage.snapshot()["keys"]) < 3000


@pytest.mark.parametrize("places", [[], [3, 4], [1, 2, 3, 4, 5, 6, 7]])
def test_a_record_at_the_very_end_of_a_window_begins_another(places) -> None:
    run = run_of(world(enum("u", "a"), gap=1), 8)
    batch = joined(list(run.batches()))
    stage = ready({"type": "throttle", "key": "u", "timeframe": 3}, run.layout)
    found = [row for piece, until in cut(batch, places, []) for row in rows_of(stage.through(piece, until))]
    assert [row[0] for row in found] == [0, 3 * SECOND, 6 * SECOND]


# Delay, late


def test_every_record_is_held_for_the_delay() -> None:
    batch, layout = shop()
    found = through(ready({"type": "delay", "delay": constant(2.5)}, layout), batch)
    assert found == [(due + 2_500_000_000, *rest) for due, *rest in rows_of(batch)]


def test_a_drawn_delay_puts_records_in_order_of_when_they_are_let_out() -> None:
    batch, layout = shop()
    found = through(ready({"type": "delay", "delay": exponential(4)}, layout), batch)
    due = [row[0] for row in found]
    assert due == sorted(due)
    assert [row[1:3] for row in found] != [row[1:3] for row in rows_of(batch)]
    assert sorted(row[1:] for row in found) == sorted(row[1:] for row in rows_of(batch))


def test_a_delay_below_zero_is_none_and_one_beyond_all_time_ends_with_the_run() -> None:
    batch, layout = shop()
    assert through(ready({"type": "delay", "delay": constant(-5)}, layout), batch) == rows_of(batch)
    forever = through(ready({"type": "delay", "delay": constant(1e300)}, layout), batch)
    assert [row[1:] for row in forever] == [row[1:] for row in rows_of(batch)]


def test_late_records_are_late_and_the_others_in_their_place() -> None:
    batch, layout = shop()
    described = {"type": "late", "share": 0.2, "delay": constant(3), "label": True}
    found = through(ready(described, layout), batch)
    label = {row[1:3]: json.loads(row[3])["late"] for row in found}
    before = {row[1:3]: row[0] for row in rows_of(batch)}
    assert {row[1:3]: row[0] - before[row[1:3]] for row in found} == {
        key: 3 * SECOND if late else 0 for key, late in label.items()
    }
    assert 30 < sum(label.values()) < 90


def test_what_is_held_is_moved_seldom_however_small_the_batches_are() -> None:
    batch, _ = shop()
    holding = Holding(lambda batch: (batch, np.array([NEVER])))
    for number in range(300):
        holding.through(batch.slice(number, number + 1), number)
    assert len(holding.snapshot()["runs"]) < 10


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=40))
def test_merged_records_are_in_order_of_due_emitted_worker_step(keys) -> None:
    columns = np.array(keys, np.int64).T
    batch, _ = shop()
    some = batch.take(np.arange(len(keys)))
    mixed = replace(some, due=columns[0], worker=columns[2], step=columns[3], emitted=columns[1])
    out = merged([mixed])
    found = list(zip(out.due.tolist(), out.emitted.tolist(), out.worker.tolist(), out.step.tolist(), strict=True))
    assert found == sorted(keys)


# Duplicate, drop


def test_a_duplicate_stands_behind_its_original() -> None:
    found = records_through({"type": "duplicate", "share": 0.3, "label": True})
    originals = [record for record in found if not record["duplicate"]]
    copies = [number for number, record in enumerate(found) if record["duplicate"]]
    assert len(originals) == 300
    assert 60 < len(copies) < 120
    assert all(found[number] == found[number - 1] | {"duplicate": True} for number in copies)


def test_a_duplicate_with_a_delay_follows_later() -> None:
    batch, layout = shop()
    described = {"type": "duplicate", "share": 0.3, "delay": constant(4), "label": True}
    found = through(ready(described, layout), batch)
    first = {row[1:3]: row[0] for row in found if not json.loads(row[3])["duplicate"]}
    copies = [row for row in found if json.loads(row[3])["duplicate"]]
    assert len(first) == 300
    assert copies
    assert all(row[0] == first[row[1:3]] + 4 * SECOND for row in copies)


@pytest.mark.parametrize(("share", "kept"), [(0, 300), (1, 0)])
def test_a_share_of_none_and_of_all(share, kept) -> None:
    assert len(records_through({"type": "drop", "share": share})) == kept


def test_two_targets_with_the_same_drop_agree_on_what_is_dropped(generate, tmp_path) -> None:
    """One target loses records, another has them all and says which the first one lost."""
    lossy = {"type": "file", "path": str(tmp_path / "lossy"), "record_id": True}
    truth = {"type": "file", "path": str(tmp_path / "truth"), "record_id": True}
    lossy["through"] = [{"type": "drop", "share": 0.2}]
    truth["through"] = [{"type": "rate", "interval": 1000}, {"type": "drop", "share": 0.2, "label": True}]
    assert generate(SHOP | {"target": [lossy, truth]}, "-n", 500).code == 0
    kept = [json.loads(line) for line in (tmp_path / "lossy").read_text().splitlines()]
    known = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
    assert len(known) == 500
    assert 350 < len(kept) < 450
    assert [record | {"dropped": False} for record in kept] == [record for record in known if not record["dropped"]]


def test_a_second_drop_draws_for_itself() -> None:
    batch, layout = shop()
    first, second = (
        rows_of(ready({"type": "drop", "share": 0.5}, layout, place).through(batch, 0)) for place in (1, 2)
    )
    assert first != second
    assert 100 < len({row[1:3] for row in first} | {row[1:3] for row in second}) < 280


# Statistics, rate


def test_statistics_count_what_passed_in_each_interval() -> None:
    everything = records_through({"type": "filter", "where": "true"})
    batch, _ = shop()
    windows = Counter(due // (5 * SECOND) for due in batch.due.tolist())
    found = records_through({"type": "statistics", "fields": ["u", "order", "status"], "interval": 5, "only": True})
    of_u = [record for record in found if record["field_name"] == "u"]
    assert [record["total_count"] for record in of_u] == [windows[number] for number in sorted(windows)]
    assert all(list(record) == ["time", "field_name", "field_counts", "total_count", "interval"] for record in found)
    for name in ("u", "order", "status"):
        total = Counter()
        for record in found:
            total += Counter(record["field_counts"]) if record["field_name"] == name else Counter()
        assert total == Counter(str(record[name]) for record in everything if record.get(name) is not None)
    status = [record for record in found if record["field_name"] == "status"]
    assert sum(record["total_count"] for record in status) == sum("mixed" in record for record in everything)


def test_statistics_stand_between_the_intervals(generate) -> None:
    target = {"type": "stdout", "through": [{"type": "statistics", "fields": ["n"], "interval": 3}]}
    records = generate(world(counter("n"), gap=1) | {"target": target}, "-n", 8).records
    assert [record.get("n", record.get("field_counts")) for record in records] == [
        *(0, 1, 2, {"0": 1, "1": 1, "2": 1}, 3, 4, 5, {"3": 1, "4": 1, "5": 1}, 6, 7, {"6": 1, "7": 1})
    ]
    assert [record["time"][17:] for record in records if "interval" in record] == ["03.000", "06.000", "09.000"]
    assert {record["interval"] for record in records if "interval" in record} == {3}


def test_the_most_frequent_values_come_first(generate) -> None:
    values = enum("v", "b", "a", 'c"', "é", cardinality_distribution=exponential(1))
    target = {"type": "stdout", "through": [{"type": "statistics", "fields": ["v"], "interval": 9999, "only": True}]}
    (record,) = generate(world(values) | {"target": target}, "-n", 200).records
    assert list(record["field_counts"]) == ["b", "a", 'c"', "é"]
    assert sum(record["field_counts"].values()) == 200


def test_intervals_without_records_give_nothing(generate) -> None:
    target = {"type": "stdout", "through": [{"type": "rate", "record": True, "interval": 1, "only": True}]}
    records = generate(world(gap=10) | {"target": target}, "-n", 3).records
    assert [(record["time"][17:], record["records"]) for record in records] == [
        ("01.000", 1),
        ("11.000", 1),
        ("21.000", 1),
    ]


def test_a_rate_counts_records_and_emitters() -> None:
    batch, _ = shop()
    found = records_through({"type": "rate", "record": True, "interval": 10, "only": True})
    windows = Counter(due // (10 * SECOND) for due in batch.due.tolist())
    assert [record["records"] for record in found] == [windows[number] for number in sorted(windows)]
    assert all(record["records_per_second"] == record["records"] / 10 for record in found)
    emitters = sum((Counter(record["emitters"]) for record in found), Counter())
    assert emitters == {part.emitter: len(part.rows) for part in batch.parts}


def test_a_rate_says_it_on_standard_error_and_changes_nothing(generate) -> None:
    spec = world(counter("n"), gap=0.5)
    plain = generate(spec, "-n", 9)
    outcome = generate(spec | {"target": {"type": "stdout", "through": [{"type": "rate", "interval": 2}]}}, "-n", 9)
    assert outcome.data == plain.data
    assert [line for line in outcome.err.splitlines() if line.startswith("rate")] == [
        "rate until 2024-01-01T00:00:02.000000: 2.0 records/s (e 4)",
        "rate until 2024-01-01T00:00:04.000000: 2.0 records/s (e 4)",
        "rate until 2024-01-01T00:00:06.000000: 0.5 records/s (e 1)",
    ]


def test_statistics_of_statistics_and_an_emitter_of_that_name(generate) -> None:
    statistics = {"type": "statistics", "fields": ["n"], "interval": 5}
    target = {"type": "stdout", "record_id": True}
    target["through"] = [statistics, statistics | {"fields": ["field_name"]}, {"type": "rate", "record": True}]
    spec = world(counter("n"), gap=1) | {"target": target}
    records = generate(spec, "-n", 10).records
    own = [record for record in records if "interval" in record]
    assert len(records) == 10 + len(own)
    assert len({record["record_id"] for record in records}) == len(records)
    assert {record["record_id"].rpartition("-")[0] for record in own} == {"statistics", "statistics/2", "rate"}


# A target of its own


def test_statistics_go_to_a_target_of_their_own(generate, tmp_path) -> None:
    aside = {"type": "file", "path": str(tmp_path / "aside"), "format": "csv"}
    stages = [
        {"type": "filter", "where": "status >= 404"},
        {"type": "rate", "interval": 1000},
        {"type": "statistics", "fields": ["u"], "interval": 30, "target": aside},
        {"type": "drop", "share": 0.5},
    ]
    both = generate(SHOP | {"target": {"type": "stdout", "through": stages}}, "-n", 400)
    del stages[2]["target"]
    stages[2]["only"] = True
    alone = generate(SHOP | {"target": {"type": "stdout", "format": "csv", "through": stages[:3]}}, "-n", 400)
    assert both.code == alone.code == 0
    assert (tmp_path / "aside").read_text() == alone.out
    assert len(alone.lines) > 3
    assert both.records
    assert not any("field_name" in record for record in both.records)
    assert sum(line.startswith("rate until") for line in both.err.splitlines()) == 1


def test_a_target_of_a_stage_has_stages_of_its_own(generate, tmp_path) -> None:
    inner = {"type": "file", "path": str(tmp_path / "inner")}
    aside = {"type": "file", "path": str(tmp_path / "aside")}
    aside["through"] = [
        {"type": "filter", "where": "total_count > 1"},
        {"type": "rate", "record": True, "interval": 1000, "target": inner},
    ]
    target = {"type": "stdout", "through": [{"type": "statistics", "fields": ["n"], "interval": 2, "target": aside}]}
    outcome = generate(world(counter("n"), gap=1) | {"target": target}, "-n", 5)
    assert [record["n"] for record in outcome.records] == [0, 1, 2, 3, 4]
    counts = [json.loads(line)["total_count"] for line in (tmp_path / "aside").read_text().splitlines()]
    assert counts == [2, 2]
    assert [json.loads(line)["records"] for line in (tmp_path / "inner").read_text().splitlines()] == [2]


# What does not fit


@pytest.mark.parametrize(
    ("stage", "parts"),
    [
        ({"type": "filter"}, ['"where" is required']),
        ({"type": "filter", "where": "nn = 1"}, ["through[0]", 'no emitter has "nn"; did you mean "n"?']),
        ({"type": "filter", "where": "n = "}, ["through[0].where", "found the end (character 5 of the expression)"]),
        ({"type": "filter", "where": "n + 1"}, ['"where" is neither true nor false']),
        ({"type": "filter", "where": ""}, ["through[0].where"]),
        ({"type": "filter", "where": 1}, ["must be a valid string, found 1"]),
        ({"type": "throttle"}, ['"key" is required']),
        ({"type": "throttle", "key": "x"}, ['"key": no emitter has "x"']),
        ({"type": "throttle", "key": []}, ["through[0].key: must not be empty"]),
        ({"type": "throttle", "key": 5}, ["through[0].key: must be a valid list, found 5"]),
        ({"type": "throttle", "key": "n", "min_count": 3, "max_count": 2}, ['"min_count" (3) must not be above']),
        ({"type": "throttle", "key": "n", "min_count": 0}, ["through[0].min_count"]),
        ({"type": "throttle", "key": "n", "timeframe": 0}, ["through[0].timeframe"]),
        ({"type": "delay"}, ['"delay" is required']),
        (
            {"type": "delay", "delay": 5},
            ['through[0].delay: must be an object such as {"type": "constant", "value": 5}'],
        ),
        ({"type": "late", "share": 0.1}, ['"delay" is required']),
        ({"type": "late", "share": 1.1, "delay": constant(1)}, ["less than or equal to 1"]),
        ({"type": "drop", "share": 0.1, "label": "n"}, ['there is a dimension "n" already']),
        ({"type": "drop", "share": 0.1, "label": "time"}, ['there is a dimension "time" already']),
        ({"type": "drop", "share": 0.1, "label": ""}, ["through[0].label: must not be empty"]),
        ({"type": "drop", "share": 0.1, "label": 5}, ["through[0].label: must be a valid string, found 5"]),
        ({"type": "drop"}, ['"share" is required']),
        ({"type": "dorp", "share": 1}, ['unknown stage type "dorp"; did you mean "drop"?']),
        ({"type": "statistics", "fields": []}, ["through[0].fields: must not be empty"]),
        ({"type": "statistics", "fields": ["m"]}, ['"fields": no emitter has "m"; known: n, time']),
        ({"type": "statistics", "fields": ["n"], "interval": 0}, ["through[0].interval"]),
        ({"type": "rate", "only": True}, ['they need "record": true']),
        ({"type": "rate", "target": {"type": "stdout"}}, ['they need "record": true']),
        (
            {"type": "rate", "record": True, "only": True, "target": {"type": "file", "path": "x"}},
            ['"only" has no meaning beside a "target"'],
        ),
        (
            {"type": "rate", "record": True, "target": {"type": "stdout", "emitters": ["e"]}},
            ['through[0].target: "emitters" has no meaning'],
        ),
        (
            {"type": "rate", "record": True, "target": {"type": "stdout"}},
            ["standard output", "two targets write to it"],
        ),
        ({"type": "rate", "record": True, "target": {"type": "file", "pth": 1}}, ["through[0].target.pth", '"path"']),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_a_wrong_stage_is_refused(generate, stage: dict, parts: list[str]) -> None:
    outcome = generate(world(counter("n")) | {"target": {"type": "stdout", "through": [stage]}}, "-n", 1)
    assert (outcome.code, outcome.data) == (2, b"")
    assert [part for part in parts if part not in outcome.err] == []


def test_a_problem_is_said_once_and_where_it_is(generate) -> None:
    """A stage before one with a target of its own is on the way to both."""
    wrong = {"type": "filter", "where": "nosuch = 1"}
    aside = {"type": "file", "path": "x", "through": [wrong | {"where": "field_nam = 'n'"}]}
    target = {"type": "stdout", "through": [wrong, {"type": "statistics", "fields": ["n"], "target": aside}]}
    outcome = generate(world(counter("n")) | {"target": target}, "-n", 1)
    assert outcome.code == 2
    assert outcome.err.count("nosuch") == 1
    assert 'target.through[1].target.through[0]: "where": no emitter has "field_nam"' in outcome.err


# Whole runs


@pytest.mark.parametrize("described", STAGES, ids=IDS)
def test_a_run_of_no_records_gives_none(generate, described) -> None:
    outcome = generate(SHOP | {"target": {"type": "stdout", "through": [described]}}, "-n", 0)
    assert (outcome.code, outcome.data) == (0, b"")


def test_all_stages_follow_one_another(generate) -> None:
    """In one list, without those that leave nothing of the rest; in CSV, which wants all columns to be known."""
    stages = [stage for stage in STAGES if not stage.get("only")]
    stages = [{key: value for key, value in stage.items() if key != "label"} for stage in stages]
    outcome = generate(
        SHOP | {"target": {"type": "stdout", "record_id": True, "through": stages[4:]}}, "-n", 500, "-f", "csv"
    )
    assert outcome.code == 0
    assert len(outcome.lines) > 100
    assert len({line.count(",") for line in outcome.lines[:1]}) == 1


def test_a_chain_is_the_same_live_and_simulated(generate, command, tmp_path) -> None:
    """Held records, windows and statistics follow from the run's clock alone."""
    stages = [
        {"type": "late", "share": 0.3, "delay": {"type": "uniform", "min": 0, "max": 0.2}},
        {"type": "statistics", "fields": ["n"], "interval": 0.25},
        {"type": "throttle", "key": "m", "timeframe": 0.1, "max_count": 4},
    ]
    spec = world(counter("n"), enum("m", 1, 2), gap=exponential(0.01)) | {
        "target": {"type": "stdout", "through": stages}
    }
    simulated = generate(spec, "-n", 60)
    live = command("-c", tmp_path / "spec.json", "--seed", 1, "-n", 60)
    assert live.code == simulated.code == 0
    without_time = [[{**record, "time": 0} for record in outcome.records] for outcome in (simulated, live)]
    assert without_time[0] == without_time[1]


def test_held_records_come_at_once_when_a_live_run_is_stopped(tmp_path) -> None:
    stages = [{"type": "delay", "delay": constant(3600)}, {"type": "rate", "record": True, "interval": 3600}]
    target = [{"type": "file", "path": "held", "through": stages}, {"type": "file", "path": "all"}]
    write_json(tmp_path / "spec.json", world(counter("n"), gap=0.02) | {"target": target})
    line = [sys.executable, ROOT / "generator.py", "-c", "spec.json"]
    running = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE)
    while not (tmp_path / "all").exists() or (tmp_path / "all").stat().st_size < 500:
        assert running.poll() is None
    assert (tmp_path / "held").read_text() == ""
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    held = [json.loads(text) for text in (tmp_path / "held").read_text().splitlines()]
    numbers = [record["n"] for record in held if "n" in record]
    assert len(numbers) >= 5
    assert numbers == list(range(len(numbers)))
