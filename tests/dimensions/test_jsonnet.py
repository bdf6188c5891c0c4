"""The dimension ``jsonnet``: texts of Jsonnet evaluated for many records at once."""

import json
from collections import Counter
from pathlib import Path

import pytest
from scipy import stats

import datagen
from datagen.plugin.model import named_files, named_libraries
from datagen.problems import InvalidInput, RunFailed
from datagen.script import jsonnet as script
from tests.worlds import START, constant, counter, enum, integer, records_of, state, uniform, world, write_json

FIELDS = (
    integer("n", uniform(1, 1000)),
    enum("word", "plain", 'é"\\', None),
    {"name": "o", "type": "object", "dimensions": [enum("a", 1, [2, None])]},
    enum("gone", 5, percent_missing=50),
)
ORDER = """
local n = std.extVar('n');
local price(size) = size * std.native('integer')(1, 9);  // drawn anew at each call
{
  id: std.native('uuid4')(),
  same: self.id,
  n: n,
  word: std.extVar('word'),
  a: std.extVar('o').a,
  inside: std.extVar('o.a'),
  gone: std.extVar('gone'),
  lines: [{ place: i, price: price(i) } for i in std.range(1, n % 3)],
  time: std.extVar("time"),
  share: 0.1 * 3,
  rate: std.extVar('rate'),
}
"""


def jsonnet(text: str, name: str = "v", **keys: object) -> dict:
    return {"name": name, "type": "jsonnet", "text": text, **keys}


def values(text: str, *fields: dict, count: int = 1, **keys: object) -> list:
    return [record["v"] for record in records_of(world(*fields, jsonnet(text, **keys)), count)]


def failure_of(spec: dict | str) -> str:
    with pytest.raises(RunFailed) as caught:
        list(datagen.records(datagen.load(spec), start=START, records=400, seed=1))
    return str(caught.value)


def problems_of(spec: dict | str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(spec), start=START, records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def test_a_text_reads_fields_variables_times_and_constants() -> None:
    spec = world(*FIELDS, jsonnet(ORDER, constants={"rate": [1.5, {"x": None}]}))
    for record in records_of(spec, 100):
        made = record["v"]
        assert made["same"] == made["id"]
        assert (made["n"], made["word"], made["gone"]) == (record["n"], record["word"], record.get("gone"))
        assert made["a"] == made["inside"] == record["o"]["a"]
        assert [line["place"] for line in made["lines"]] == list(range(1, record["n"] % 3 + 1))
        assert made["time"] == f"{record['time'][:19]}+00:00"
        assert made["share"] == 0.1 * 3
        assert made["rate"] == [1.5, {"x": None}]


def test_both_engines_make_the_same(monkeypatch) -> None:
    spec = world(*FIELDS, jsonnet(ORDER, constants={"rate": 1}))
    first = records_of(spec, 60)
    monkeypatch.setattr(script, "ENGINES", {"rjsonnet": "rjsonnet"})
    assert records_of(spec, 60) == first


def test_a_draw_depends_on_nothing_but_its_record(monkeypatch) -> None:
    walk = [state("s", {"s": 0.7, "stop": 0.3}, delay=constant(1))]
    spec = world(
        *FIELDS, jsonnet(ORDER, constants={"rate": 1}), jsonnet(ORDER, "w", constants={"rate": 1}), states=walk
    )
    expected = records_of(spec, 80)
    assert all(record["v"]["id"] != record["w"]["id"] for record in expected)
    assert records_of(spec, 80, threads=3) == expected
    monkeypatch.setattr("datagen.dimensions.jsonnet.BLOCK", 7)
    assert records_of(spec, 80) == expected


CHOICES = {
    "std.native('integer')(2, 4)": {2: 1, 3: 1, 4: 1},
    "std.native('get_integer')('2', 4)": {2: 1, 3: 1},
    "std.native('get_integer')(4, 4)": {4: 1},
    "std.native('chance')(0.25)": {True: 1, False: 3},
    "std.native('choice')([1, 'a'])": {1: 1, "a": 1},
    "std.native('weighted_choice')(['a', 'b'], [1, 3])": {"a": 1, "b": 3},
    "std.native('get_one_of')('a, b,a')": {"a": 2, "b": 1},
    "std.native('get_timestamp')('2021-12-01', '2021-12-01', '12h')": {1638316800: 1, 1638360000: 1},
    "std.length(std.native('hex')(5))": {5: 1},
    "std.floor(std.native('get_number')(10, 12))": {10: 1, 11: 1},
}


def test_natives_draw_as_they_should() -> None:
    for call, weights in CHOICES.items():
        found = Counter(values(call, count=300))
        assert found.keys() == weights.keys(), call
        expected = [300 * weight / sum(weights.values()) for weight in weights.values()]
        assert len(weights) == 1 or stats.chisquare([found[key] for key in weights], expected).pvalue > 0.001, call


def test_a_file_imports_others_of_its_folder_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "lib.libsonnet").write_text("{ twice(x):: 2 * x, words: importstr 'words.txt' }")
    (tmp_path / "parts" / "words.txt").write_text("a b")
    (tmp_path / "parts" / "order.jsonnet").write_text(
        "local lib = import 'lib.libsonnet';\n{ n: lib.twice(2), w: lib.words }"
    )
    field = {"name": "v", "type": "jsonnet", "path": "parts/order.jsonnet"}
    spec = datagen.load(write_json(tmp_path / "spec.json", world(field)))
    assert next(datagen.records(spec, start=START, records=1))["v"] == {"n": 4, "w": "a b"}
    names = ["order.jsonnet", "lib.libsonnet", "words.txt"]
    assert named_files(spec.spec) == [str(tmp_path / "parts" / name) for name in names]
    assert named_libraries(spec.spec)[0].startswith("gojsonnet ")
    for outside in ("/etc/hostname", "../spec.json", "nobody.txt"):
        message = failure_of(world(jsonnet(f"importstr '{outside}'")))
        assert f"there is no file {json.dumps(outside)} beside the spec" in message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{a: }", 'line 1: Unexpected: "}" while parsing terminal'),
        ("local x = 1;\n{a: y}", "line 2: Unknown variable: y"),
        ("{a: std.extVar('tme')}", '"tme" is not a dimension above, a variable or time; did you mean "time"?'),
    ],
)
def test_a_bad_text_is_a_problem_with_its_place(text: str, problem: str) -> None:
    assert problems_of(world(integer("n", constant(1)), jsonnet(text)))[0].startswith(
        f"emitters[0].dimensions[1].text: {problem}"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{\n a: 1 / (std.extVar('n') - 280)}", "line 2: Division by zero."),
        ("\n\n{a: error 'no'}", "line 3: no"),
        ("{a: std.native('nobody')()}", "line 1: Field does not exist: nobody"),
        ("{a: std.native('integer')(2, 1)}", "line 1: there is no whole number from 2 to 1"),
        ("{a: std.native('integer')(1.5, 2)}", "line 1: 1.5 is no whole number"),
        ("[std.native('choice')([])]", "line 1: "),
    ],
)
def test_what_fails_is_told_with_its_line_and_the_record(text: str, reason: str) -> None:
    message = failure_of(world({"name": "n", "type": "counter"}, jsonnet(text)))
    row = 280 if "280" in text else 0
    assert message.startswith(f"making emitter/e/v: {reason}")
    assert f"worker {row}, step 0" in message
    assert ("held n=280" in message) == bool(row)


@pytest.mark.parametrize(("keys", "needed"), [({}, '"gojsonnet" or "rjsonnet"'), ({"sort_keys": False}, '"rjsonnet"')])
def test_without_a_library_the_message_says_what_to_install(monkeypatch, keys: dict, needed: str) -> None:
    monkeypatch.setattr(script, "find_spec", lambda _: None)
    [problem] = problems_of(world(jsonnet("1", **keys)))
    assert problem.endswith(f"needs a library that is not installed: pip install {needed}")


@pytest.mark.parametrize(("keys", "order"), [({}, ["a", "inner", "z"]), ({"sort_keys": False}, ["z", "inner", "a"])])
def test_keys_are_in_the_order_of_their_names_or_of_the_text(keys: dict, order: list[str]) -> None:
    spec = world(counter("n"), jsonnet("{z: 1, inner: {c: 1, b: 2}, a: std.extVar('n')}", **keys))
    for number, record in enumerate(records_of(spec, 300)):
        assert list(record["v"]) == order
        assert list(record["v"]["inner"]) == (["b", "c"] if keys == {} else ["c", "b"])
        assert record["v"]["a"] == number


def test_it_is_said_to_be_by_row() -> None:
    [field] = datagen.load(world(jsonnet("1"))).spec.emitters[0].dimensions
    assert list(field.by_row()) == ['jsonnet "v"']


def test_a_file_imports_what_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one.libsonnet").write_text("import 'b/two.libsonnet'")
    (tmp_path / "a" / "b" / "two.libsonnet").write_text("import 'three.libsonnet'")
    (tmp_path / "a" / "b" / "three.libsonnet").write_text("3")
    path = write_json(tmp_path / "spec.json", world(jsonnet("import 'a/one.libsonnet'")))
    assert next(datagen.records(datagen.load(path), start=START, records=1))["v"] == 3


def test_an_imported_file_does_not_read_the_record(tmp_path: Path) -> None:
    (tmp_path / "lib.libsonnet").write_text("std.extVar('rows')")
    path = write_json(tmp_path / "spec.json", world(enum("rows", 1), jsonnet("import 'lib.libsonnet'")))
    with pytest.raises(RunFailed, match="only the text itself reads the record"):
        next(datagen.records(datagen.load(path), start=START, records=1))


def test_a_whole_number_that_would_be_rounded_is_a_text() -> None:
    fields = enum("n", 2**53 + 1), enum("m", 2**53), jsonnet("[std.extVar('n'), std.extVar('m')]")
    assert records_of(world(*fields), 1)[0]["v"] == [str(2**53 + 1), 2**53]
