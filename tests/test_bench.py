"""The benchmark: its yardsticks make what we make, and its table says what was reached."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.population import CLICK_STREAM, FLAT
from bench.process import Ran, answer, generate
from bench.setting import middle, ratio
from bench.table import Line, Missing


def _types(path: Path) -> dict[str, type]:
    record: dict[str, Any] = json.loads(path.read_text().splitlines()[0])
    return {field: type(value) for field, value in record.items()}


@pytest.mark.parametrize("spec", [CLICK_STREAM, FLAT])
@pytest.mark.parametrize(("module", "function"), [("yardstick", "copy"), ("thread_per_worker", "rate")])
def test_a_yardstick_writes_the_same_fields(module: str, function: str, spec: str, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    generate(spec, 50, output=str(ours))
    answer(module, function, spec, 50, str(theirs))
    assert list(_types(theirs).items()) == list(_types(ours).items())
    assert len(theirs.read_text().splitlines()) == 50


def test_what_binary_formats_are_compared_with_writes_the_same_octets() -> None:
    spent, _ = answer("serializer", "times", FLAT, 50)  # which looks at them
    assert spent.keys() == {"avro", "protobuf", "fastavro", "fastavro, no value may be null"}


def test_jinja_alone_makes_a_line_of_each_record() -> None:
    nanoseconds, _ = answer("jinja_loop", "render", FLAT, "{{ id }} {{ path }}", 50)  # which counts them
    assert nanoseconds > 0


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line("rate", 1234567.8, least=1_000_000), "| rate | 1,234,568 records/s |  | >= 1,000,000 records/s | yes |"),
        (Line("late", 12.345, "ms", most=10), "| late | 12.3 ms |  | <= 10 ms | **no** |"),
        (Line("share", 0.5, "", ran=Ran(2, 1.5)), "| share | 0.5 | 1.50 / 2.00 s |  |  |"),
        (Missing("kafka", "no broker"), "| kafka | not measured: no broker |  |  |  |"),
    ],
)
def test_a_line_says_what_was_measured_and_whether_that_is_enough(line: Line | Missing, text: str) -> None:
    assert str(line) == text


def test_runs_in_pairs_are_compared_by_the_median_of_their_ratios() -> None:
    assert ratio([2, 30, 8], [1, 10, 1]) == 3
    assert middle([Ran(3, 1), Ran(1, 2), Ran(2, 3)]) == Ran(2, 3)
