"""What templates remember: strictly in the order of events, whatever the windows and threads, and over a stop."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import datagen
from datagen.engine.run import Run
from datagen.moment import parse_moment
from datagen.problems import InvalidInput, RunFailed
from datagen.records.values import GivenList, GivenObject, as_kept, from_kept
from tests.stepping import SteppingClock
from tests.worlds import START, counter, enum, integer, records_of, run_of, state, uniform, world, write_json

TEXT = """\
{% do seen.set('count', (seen.count or 0) + 1) %}{% do seen.set('last', ((seen.last or []) + [n])[-3:]) %}\
{{ seen.count }} {{ seen.last }} {{ seen.before }}{% do seen.update({'before': time, 'row': tables.t[0]}) %}"""


def remembering(text: str = TEXT, name: str = "v", **keys: object) -> dict:
    return {"name": name, "type": "template", "text": text, "memory": {"seen": "template"}, **keys}


SPEC = world(
    integer("n", uniform(0, 99)),
    remembering(),
    remembering(name="w"),
    states=[state("s", {"s": 0.6, "t": 0.2, "stop": 0.2}, delay=uniform(0, 3)), state("t", emitter="f")],
    tables={"t": {"rows": [{"a": 1}]}},
)
SPEC["emitters"].append({"name": "f", "dimensions": [integer("n", uniform(0, 99)), remembering()]})


def test_a_template_remembers_what_it_did_for_the_records_before() -> None:
    seen: dict[bool, list] = {True: [], False: []}  # records of each emitter, told by the field that one of them has
    times: dict[bool, str] = {}
    for record in records_of(SPEC, 400):
        own = seen["w" in record]
        own.append(record["n"])
        count, rest = record["v"].split(" ", 1)
        last, before = rest[: rest.index("]") + 1], rest[rest.index("]") + 2 :]
        assert (int(count), last) == (len(own), str(own[-3:]))
        assert record.get("w", record["v"]) == record["v"]  # each its own memory
        assert before[:19] == times.get("w" in record, "None")
        times["w" in record] = record["time"][:19].replace("T", " ")


@pytest.mark.parametrize("threads", [1, 3])
def test_windows_and_threads_change_nothing(threads: int) -> None:
    def texts(run: Run) -> list[str]:
        return [text for batch in run.batches() for part in batch.parts for text in part.columns["v"].to_pylist()]

    expected = sorted(texts(run_of(SPEC, 300)))
    clock = SteppingClock(parse_moment(START), 10**10)
    assert sorted(texts(run_of(SPEC, 300, threads=threads, clock=clock))) == expected


def test_a_continued_run_remembers(command: Callable, tmp_path: Path) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC)
    target = write_json(tmp_path / "target.json", {"type": "file", "path": str(tmp_path / "out"), "append": True})
    options = ("-c", spec, "-s", START, "--state", tmp_path / "state", "-t", target, "--seed", 1)
    for duration in ("40S", "80S", "120S"):
        assert command(*options, "-r", duration).code == 0
    assert (tmp_path / "out").read_bytes() == command("-c", spec, "-s", START, "--seed", 1, "-r", "120S").data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ seen.x is none }}{{ seen['x'] is none }}{{ seen.get('x', 1) }}", "TrueTrue1"),
        ("{% do seen.update({'a': 1, 'b': [2]}) %}{{ seen.as_dict() }}", "{'a': 1, 'b': [2]}"),
        ("{% do seen.set('a', 1) %}{{ seen.pop('a') }}{{ seen.pop('a', 'gone') }}{{ seen.a }}", "1goneNone"),
        ("{% do seen.set('get', 1) %}{{ seen['get'] }}{% do seen.clear() %}{{ seen.as_dict() }}", "1{}"),
        ("{% do seen.set('l', (1, 2)) %}{{ seen.l }}", "(1, 2)"),
    ],
)
def test_a_memory_has_values_by_keys(text: str, expected: str) -> None:
    assert records_of(world(remembering(text)), 1)[0]["v"] == expected


def test_a_memory_keeps_a_copy_that_can_not_be_changed() -> None:
    text = "{% set l = [1] %}{% do seen.set('l', l) %}{% do l.append(2) %}{{ seen.l }}"
    assert records_of(world(remembering(text)), 1)[0]["v"] == "[1]"
    with pytest.raises(RunFailed, match="append would change what others read too; change a copy"):
        records_of(world(remembering("{% do seen.set('l', []) %}{% do seen.l.append(rand) %}")), 1)


@pytest.mark.parametrize("value", ["rand", "{1: 2}", "[rand]", "'x'.upper"])
def test_what_a_snapshot_could_not_hold_is_refused(value: str) -> None:
    with pytest.raises(RunFailed, match=r'line 1: ValueError: "k" can\'t be remembered as .*: only values of JSON'):
        records_of(world(remembering(f"{{% do seen.set('k', {value}) %}}")), 1)


def test_a_memory_outlives_records_that_are_left_out() -> None:
    text = "{% do seen.set('n', (seen.n or 0) + 1) %}{{ seen.n }}{{ 1 // (n % 2) }}"
    found = [record["v"] for record in records_of(world(counter("n"), remembering(text, on_error="skip")), 4)]
    assert found == ["21", "41", "61", "81"]


def test_what_is_kept_comes_back_as_it_was() -> None:
    zones = [UTC, timezone(timedelta(hours=-3)), timezone(timedelta(hours=1), "CET"), ZoneInfo("Europe/Berlin"), None]
    times = [datetime(2024, 10, 27, 2, 30, 0, 5, zone, fold=1) for zone in zones]
    values = {"a": [1, 2.5, "x", None, True, (1, [2])], "t": times, "g": GivenObject(x=GivenList([1])), "time": {}}
    found = from_kept(as_kept(values))
    assert found == values
    assert [str(time) for time in found["t"]] == list(map(str, times))
    assert (type(found["g"]), type(found["g"]["x"]), type(found["a"])) == (GivenObject, GivenList, list)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"memory": {"seen": "everywhere"}}, "memory.seen: must be 'template', 'population' or 'run', found"),
        ({"constants": {"seen": 1}}, "memory.seen: there is a constant of this name"),
        ({"keyed_by": "n"}, "keyed_by: can't be where values are counted"),
    ],
)
def test_a_bad_memory_is_a_problem_with_its_place(keys: dict, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(world(enum("n", 1), remembering("{{ seen.x }}", **keys)))
    assert f"emitters[0].dimensions[1].{problem}" in str(caught.value)
