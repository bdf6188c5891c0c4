"""Texts whose parts are replaced: against Python's own ``re``, one rule after the other."""

import json
import re
from pathlib import Path

import pytest

from tests.tables.test_tables import problems_of
from tests.worlds import counter, records_of, values_of, world

LINES = [f"2014-01-04 20:00:{n:02d} WINDBAG Event {n} randint @@i and @@j @@i" for n in range(12)] + [
    "nothing",
    "only @@j",
]
SAMPLE = {"name": "sample", "type": "column", "table": "lines", "column": "line", "pick": "cycle"}
TABLE = {"lines": {"columns": ["line"], "rows": [[line] for line in LINES]}}
TIME = {"name": "at", "type": "now", "format": "%Y-%m-%d %H:%M:%S"}
DIGIT = {"name": "i", "type": "int", "distribution": {"type": "uniform", "min": 1, "max": 9}}


def replace(source: dict, *rules: tuple[str, dict], **keys: object) -> dict:
    return {
        "name": "line",
        "type": "replace",
        "in": source,
        "with": [{"match": m, "value": v} for m, v in rules],
    } | keys


@pytest.mark.parametrize("in_turn", [True, False])
def test_rules_replace_what_python_would_replace(in_turn: bool) -> None:
    field = replace(SAMPLE, (r"\d{4}-\S+ \S+", TIME), ("@@i", DIGIT), ("@@j", counter("j")), in_turn=in_turn)
    lines = [record["line"] for record in records_of(world(field, tables=TABLE), 280)]
    digits = iter(range(1000))
    for number, line in enumerate(lines):
        text = LINES[number % len(LINES)]
        second = f"2024-01-01 00:{number // 60:02d}:{number % 60:02d}"
        text = re.sub(r"\d{4}-\S+ \S+", second, text)
        drawn = re.search(r"randint (\d)", line)
        text = text.replace("@@i", drawn[1] if drawn else "?")
        text = text.replace("@@j", str(next(digits))) if "@@j" in text else text
        assert line == text


def test_both_ways_put_the_same_values() -> None:
    rules = (r"(\d\d) WIND", DIGIT), ("@@i", DIGIT | {"name": "k"}), ("@@j", counter("j")), ("^", TIME)
    found = [
        [record["line"] for record in records_of(world(replace(SAMPLE, *rules, in_turn=turn), tables=TABLE), 200)]
        for turn in (True, False)
    ]
    assert found[0] == found[1]


def test_a_rule_in_turn_sees_what_those_before_it_left() -> None:
    source = {"name": "s", "type": "constant", "value": "a1b"}
    rules = (
        ("1", {"name": "x", "type": "constant", "value": "22"}),
        ("2", {"name": "y", "type": "constant", "value": "33"}),
    )
    assert values_of(replace(source, *rules, in_turn=True), 1) == ["a3333b"]
    assert values_of(replace(source, *rules), 1) == ["a22b"]


def test_rules_whose_matches_overlap_go_one_after_the_other() -> None:
    source = {"name": "s", "type": "enum", "values": ["at 20:15:10 x", "at - x"]}
    clock = (r"\d\d:\d\d:\d\d", {"name": "c", "type": "constant", "value": "11:22:33"})
    found = {*values_of(replace(source, clock, (r":(\d\d) ", counter("n", start=10))), 100)}
    assert {line[:-4] for line in found} == {"at 11:22:", "at"}
    assert {line[-4:] for line in found if ":" in line} == {f"{n} x" for n in range(10, 10 + len(found) - 1)}


def test_a_rule_without_a_match_makes_no_value() -> None:
    source = {"name": "s", "type": "enum", "values": ["#", "-"]}
    found = values_of(replace(source, ("#", counter("n"))), 200)
    numbers = [int(line) for line in found if line != "-"]
    assert numbers == [*range(len(numbers))]
    assert 0 < len(numbers) < 200


def test_null_stays_null() -> None:
    source = {"name": "s", "type": "enum", "values": ["#", None]}
    assert {*values_of(replace(source, ("#", {"name": "v", "type": "constant", "value": "x"})), 50)} == {"x", None}


@pytest.mark.parametrize(("format_", "written"), [("%d/%b/%Y:%H:%M:%S", "03/Mar/2020:10:00:{:02d}"), ("epoch", "{}")])
def test_times_of_a_replayed_line_move_as_far_as_it_does(tmp_path: Path, format_: str, written: str) -> None:
    seconds = range(0, 50, 7)
    recorded = [written.format(s if "%" in format_ else 1583229600 + s) for s in seconds]
    (tmp_path / "log").write_text("".join(f"[{time}] GET seen {time} no time\n" for time in recorded))
    pattern = [r"\[(.+?)\]", format_]
    spec = world(
        {"name": "line", "type": "replace", "in": {"name": "l", "type": "variable", "variable": "line"}}
        | {
            "with": [
                {"match": pattern[0], "moved": {"format": format_}},
                {"match": "no (time)", "moved": {"format": format_}},
            ]
        }
    )
    del spec["interarrival"]
    spec["arrivals"] = {
        "type": "replay",
        "path": str(tmp_path / "log"),
        "format": "lines",
        "time": {"patterns": [pattern]},
    }
    base = "01/Jan/2024:00:00:{:02d}" if "%" in format_ else "{}"
    expected = [
        f"[{base.format(s if '%' in format_ else 1704067200 + s)}] GET seen {time} no time"
        for s, time in zip(seconds, recorded, strict=True)
    ]
    assert [record["line"] for record in records_of(spec, len(recorded))] == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"match": "(", "value": DIGIT}, "with[0].match: is no regular expression: missing ), unterminated subpattern"),
        ({"match": "x"}, 'with[0]: there must be either "value" or "moved"'),
        ({"match": "x", "moved": {"format": "%Q"}}, "with[0].moved.format: unknown code %Q"),
        ({"match": "x", "moved": {"format": "iso"}}, "with[0].moved.format: must be epoch, epoch_ms or strftime codes"),
        ({"match": "x", "moved": {"format": "%F"}}, "with[0].moved"),
        ({"match": "x", "value": DIGIT | {"type": "it"}}, "with[0].value"),
    ],
)
def test_a_bad_rule_is_told_with_its_place(rule: dict, expected: str) -> None:
    field = {"name": "line", "type": "replace", "in": constant_text("x"), "with": [rule]}
    found = problems_of(world(field))
    assert any(f"emitters[0].dimensions[0].{expected}" in problem for problem in found), json.dumps(found)


def constant_text(text: str) -> dict:
    return {"name": "s", "type": "constant", "value": text}
