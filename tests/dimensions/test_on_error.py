"""The key ``on_error`` of fields that run the code of users: the run ends, or the record is left out and counted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import datagen
from datagen.moment import parse_moment
from datagen.problems import InvalidInput, RunFailed
from tests.stepping import SteppingClock
from tests.worlds import (
    START,
    counter,
    exponential,
    integer,
    read,
    records_of,
    run_of,
    state,
    uniform,
    world,
    write_json,
)

SOURCE = "def third(n):\n    if n % 3 == 1:\n        raise ValueError('no')\n    return 'x' if n % 3 == 2 else n\n"
FAILING = {"name": "v", "type": "template", "text": "{{ 1 / (n % 3) }}", "on_error": "skip"}
JSONNET = {"name": "v", "type": "jsonnet", "text": "1 / (std.extVar('n') % 3)", "on_error": "skip"}
PYTHON = {"name": "v", "type": "python", "function": "thirds:third", "makes": "integer", "on_error": "skip"}


def numbers(field: dict, count: int | None = None, **options: object) -> list[int]:
    return [record["n"] for record in records_of(world(counter("n"), field), count, **options)]


@pytest.mark.parametrize("field", [FAILING, JSONNET])
def test_a_record_that_fails_is_left_out(field: dict) -> None:
    expected = [n for n in range(1000) if n % 3]
    for count in (0, 1, 70):
        assert numbers(field, count) == expected[:count]
    assert numbers(field, 70, threads=3) == expected[:70]
    assert numbers(field, duration="50S") == [n for n in range(50) if n % 3]


def test_a_function_that_fails_or_gives_what_it_should_not_leaves_the_record_out(tmp_path: Path) -> None:
    (tmp_path / "thirds.py").write_text(SOURCE)
    spec = datagen.load(world(counter("n"), PYTHON), plugins=[tmp_path / "thirds.py"])
    found = [record["v"] for record in datagen.records(spec, start=START, records=50, seed=1)]
    assert found == [3 * number for number in range(50)]


def test_fields_below_are_not_made_for_a_record_that_is_left_out() -> None:
    spec = world(counter("n"), FAILING, {"name": "w", "type": "template", "text": "{{ 1 / (n % 3) }}"}, counter("made"))
    assert [record["made"] for record in records_of(spec, 30)] == list(range(30))


STATES = [
    state("a", {"a": 0.3, "b": 0.4, "stop": 0.3}, delay=uniform(0, 3), variables=[integer("k", uniform(0, 5))]),
    state("b", {"a": 0.5, "stop": 0.5}, emitter="f"),
]
TWO = world(states=STATES) | {
    "emitters": [
        {"name": "e", "dimensions": [read("k"), FAILING | {"text": "{{ 1 / k }}"}]},
        {"name": "f", "dimensions": [read("k"), counter("n")]},
    ]
}


def test_a_run_is_that_of_the_spec_without_failures_and_without_these_records() -> None:
    fine = json.loads(json.dumps(TWO))
    fine["emitters"][0]["dimensions"][1] |= {"text": "{{ 1 / k if k else 'no' }}"}
    expected = [record for record in records_of(fine, 900) if record.get("v") != "no"]
    assert records_of(TWO, 600) == expected[:600]
    for windows in (10**9, 10**10):
        clock = SteppingClock(parse_moment(START), windows)
        found = [n for batch in run_of(TWO, 200, clock=clock).batches() for n in batch.due.tolist()]
        assert found == [n for batch in run_of(TWO, 200).batches() for n in batch.due.tolist()]


def test_the_last_line_counts_what_was_left_out(command: Callable, tmp_path: Path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n"), FAILING))
    reason = "making emitter/e/v: line 1: ZeroDivisionError: division by zero; the record of 2024-01-01T00:00:00.000"
    for count, threads, skipped in ((1, 1, 1), (2, 1, 1), (3, 3, 2), (400, 3, 200)):
        said = command("-c", spec, "-s", START, "-n", count, "--threads", threads, "--seed", 1)
        assert said.code == 0
        what = "record" if skipped == 1 else "records"
        assert f", {skipped} {what} skipped, the first for: {reason}" in said.err
    said = command("-c", spec, "-s", START, "-r", "10S", "--seed", 1, "--log", "json")
    assert json.loads(said.err.splitlines()[-1])["skipped"] == 4


def test_a_continued_run_counts_all_that_was_left_out(command: Callable, tmp_path: Path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n"), FAILING))
    target = write_json(tmp_path / "target.json", {"type": "file", "path": str(tmp_path / "out"), "append": True})
    options = ("-c", spec, "-s", START, "--state", tmp_path / "state", "-t", target, "--seed", 1)
    assert command(*options, "-n", 50).code == 0
    said = command(*options, "-n", 101)
    assert ", 51 records skipped" in said.err
    whole = command("-c", spec, "-s", START, "--seed", 1, "-n", 101)
    assert (tmp_path / "out").read_bytes() == whole.data


def test_where_all_records_fail_there_is_none() -> None:
    field = FAILING | {"text": "{{ 1 / 0 * n }}"}
    assert records_of(world(counter("n"), field), duration="60S") == []


LOOK_UP = {"name": "seen", "type": "lookup", "emitter": "e", "dimension": "n"}
LOOKED_BACK_AT = (
    "emitters[0].dimensions[1].on_error: no record can be skipped here: others look back at the records of this emitter"
)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        *[
            (
                world(counter("n"), FAILING | {"text": "x"}, field),
                LOOKED_BACK_AT,
            )
            for field in (LOOK_UP, {"name": "last", "type": "previous", "of": "n"}, counter("own") | {"per": "worker"})
        ],
        (
            world(states=[state("s", variables=[FAILING | {"text": "x"}])]),
            "states[0].variables[0].on_error: only a record can be skipped, and this is a field of none",
        ),
        (
            world(counter("n"), FAILING | {"on_error": "ignore"}),
            "emitters[0].dimensions[1].on_error: must be 'stop' or 'skip', found \"ignore\"",
        ),
    ],
)
def test_a_skip_where_there_is_no_record_is_a_problem(spec: dict, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(spec)
    assert [f"{found.path}: {found.message}" for found in caught.value.problems] == [problem]


def test_a_function_of_columns_can_not_skip(tmp_path: Path) -> None:
    (tmp_path / "thirds.py").write_text(SOURCE)
    with pytest.raises(InvalidInput, match="nobody knows which of the records failed"):
        datagen.load(world(counter("n"), PYTHON | {"columns": True}), plugins=[tmp_path / "thirds.py"])


def test_the_reason_is_that_of_the_first_record_that_is_left_out() -> None:
    late, soon = ({**FAILING, "name": name, "text": f"{{{{ 1 / (n - {n}) }}}}"} for name, n in (("a", 5), ("b", 2)))
    run = run_of(world(counter("n"), late, soon), 10)
    assert sum(map(len, run.batches())) == 10
    assert run.skipped_for.startswith("making emitter/e/b: ")


def test_nothing_can_be_skipped_in_a_pool() -> None:
    inside = {"name": "o", "type": "object", "dimensions": [FAILING | {"text": "{{ 1 }}"}], "cardinality": 3}
    with pytest.raises(InvalidInput, match=r'dimensions\[0\]\.on_error: can\'t be "skip" in a pool'):
        datagen.load(world(inside))


def test_many_failures_take_no_longer_than_as_many_records(tmp_path: Path) -> None:
    (tmp_path / "thirds.py").write_text("def third(n):\n    return 'x' if n % 2 else n\n")
    fields = counter("n"), PYTHON, FAILING | {"name": "w", "text": "{{ rand() and 1 / (n % 4) }}"}
    spec = datagen.load(world(*fields), plugins=[tmp_path / "thirds.py"])
    found = [record["n"] for record in datagen.records(spec, start=START, records=20_000, seed=1)]
    assert found == list(range(2, 80_000, 4))


def test_a_run_in_which_every_record_fails_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen.engine.run._MOST_FRUITLESS", 1000)
    with pytest.raises(RunFailed, match="1,000 records in a row were skipped; making emitter/e/v: line 1: ZeroDiv"):
        records_of(world(counter("n"), FAILING | {"text": "{{ 1 / (n < 50) }}"}), 100)
    assert len(records_of(world(counter("n"), FAILING | {"text": "{{ 1 / (n % 1000 == 999) }}"}), 3)) == 3


def test_a_volume_does_not_count_the_records_that_are_skipped(command: Callable, tmp_path: Path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n"), FAILING, gap=exponential(1)))
    found = command("-c", spec, "-s", START, "-r", "1H", "--seed", 1, "--volume", "5/s")
    assert "times as many workers as the spec says" in found.err
    assert abs(len(found.lines) - 18_000) < 4 * 18_000**0.5
