"""Ends: of records, time and bytes the first that is reached ends a run, and what came before is the same."""

import json
from collections.abc import Callable

import pytest

import datagen
from datagen.moment import parse_moment
from tests.conftest import Outcome
from tests.engine.test_laws import MIXED
from tests.stepping import SteppingClock
from tests.worlds import READY, START, constant, records_of, run_of, world, write_json

SPECS = {"mixed": MIXED, "clickstream": READY["clickstream"], "sensors": READY["sensors"]}
LINE = 35  # bytes of a record without dimensions


def lines_of(spec: dict, **options: object) -> list[str]:
    """The lines of compact JSON that records are."""
    return [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records_of(spec, **options)]


def size(lines: list[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


@pytest.mark.parametrize("name", SPECS)
def test_a_run_until_a_time_is_the_beginning_of_a_longer_one(name: str) -> None:
    long = records_of(SPECS[name], 3000)
    end = long[1500]["time"]
    found = records_of(SPECS[name], until=end)
    assert found == [record for record in long if record["time"] < end]


@pytest.mark.parametrize("end", ["2024-01-01T00:00:05", "2024-01-01T00:00:05Z", "2024-01-01T02:00:05+02:00", "+5S"])
def test_a_record_at_the_end_is_out(end: str) -> None:
    assert len(records_of(world(gap=1), until=end)) == 5


def test_a_run_may_end_where_it_starts() -> None:
    assert records_of(world(gap=1), until=START) == []


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"records": 7, "until": "+5S"}, 5),
        ({"records": 3, "until": "+5S"}, 3),
        ({"duration": "4S", "until": "+5S"}, 4),
        ({"duration": "6S", "until": "+5S"}, 5),
        ({"records": 7, "bytes": 5 * LINE - 3}, 5),
        ({"records": 3, "bytes": 5 * LINE}, 3),
        ({"duration": "4S", "bytes": 5 * LINE}, 4),
        ({"until": "+9S", "duration": "8S", "bytes": 5 * LINE}, 5),
    ],
)
def test_the_end_that_is_reached_first_ends_a_run(options: dict, count: int) -> None:
    assert size(lines_of(world(gap=1), records=1)) == LINE
    assert len(records_of(world(gap=1), **options)) == count


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_record_that_fills_the_bytes_is_the_last(name: str, threads: int) -> None:
    lines = lines_of(SPECS[name], records=4000)
    for count in (1, 2, 17, 1700):
        full = size(lines[:count])
        assert lines_of(SPECS[name], bytes=full, threads=threads) == lines[:count]
        assert lines_of(SPECS[name], bytes=full - 1, threads=threads) == lines[:count]
        assert lines_of(SPECS[name], bytes=full + 1, threads=threads) == lines[: count + 1]


def test_no_bytes_are_no_records() -> None:
    assert records_of(world(gap=1), bytes=0) == []


def test_windows_change_nothing_of_what_fits_into_some_bytes() -> None:
    whole = run_of(MIXED, 1000)
    expected = sum(map(len, whole.batches()))
    total = size(lines_of(MIXED, records=1000))
    for step in (10**7, 10**9, 10**11):
        run = run_of(MIXED, size=total, clock=SteppingClock(parse_moment(START), step))
        assert sum(map(len, run.batches())) == expected
        assert run.bytes == total


@pytest.mark.parametrize("options", [("-f", "csv"), ("-t", "t.json"), ()])
def test_format_and_target_change_nothing_of_what_fits_into_some_bytes(
    command, tmp_path, monkeypatch, options: tuple
) -> None:
    monkeypatch.chdir(tmp_path)
    stages = [{"type": "delay", "delay": constant(3)}]
    write_json(tmp_path / "t.json", {"type": "stdout", "record_id": True, "through": stages})
    spec = write_json(tmp_path / "spec.json", world(gap=1))
    outcome = command("-c", spec, "-s", START, "--bytes", "3.5k", *options)
    assert len(outcome.lines) == 100 + (options[:1] == ("-f",))
    assert outcome.err.splitlines()[-1].startswith("100 records, 00:01:39.000 simulated")
    assert " bytes as JSON" in outcome.err


@pytest.mark.parametrize(
    ("text", "count"), [("350", 10), ("350B", 10), ("0.35kB", 10), ("0.35k", 10), (" 0.35 KB", 10), ("1KiB", 30)]
)
def test_bytes_have_units(text: str, count: int) -> None:
    assert len(records_of(world(gap=1), bytes=text)) == count


@pytest.mark.parametrize("text", ["5X", "-1", "GB", "1.5", "1e9", ""])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(datagen.InvalidInput, match="bytes: must be a whole number"):
        records_of(world(), bytes=text)


@pytest.fixture
def continued(command, tmp_path) -> Callable[..., Outcome]:
    """Run the mixed spec into a file, with a state."""
    path = write_json(tmp_path / "spec.json", MIXED)
    target = write_json(tmp_path / "t.json", {"type": "file", "path": str(tmp_path / "out.json")})
    line = ["-c", path, "-t", target, "--state", tmp_path / "state", "-s", START, "--seed", 1]
    return lambda *ends: command(*line, *ends)


def test_bytes_are_counted_on_when_a_run_is_continued(continued, tmp_path) -> None:
    lines = lines_of(MIXED, records=3000)
    for count in (10, 700, 2000):
        continued("--bytes", size(lines[:count]))
        assert (tmp_path / "out.json").read_text().splitlines() == lines[:count]


def test_a_run_that_has_not_counted_its_bytes_is_not_continued_with_a_number_of_bytes(
    continued, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("datagen.delivery.resume._SNAPSHOT_EVERY", 0)
    continued("-r", "20M")
    assert len(records_of(MIXED, duration="20M")) > 1000
    outcome = continued("--bytes", "1G")
    assert outcome.code == 2
    assert "does not know how many bytes came so far" in outcome.err


def test_a_run_whose_time_never_passes_may_end_after_some_bytes(generate) -> None:
    spec = world(gap=0)
    assert generate(spec).code == 2
    assert len(generate(spec, "--bytes", 10 * LINE).lines) == 10
