"""The keys of the format ``json``: the same records, spelled otherwise, as Python's json and jq read them."""

import itertools
import json
import subprocess
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from datagen.formatters.reshape import without_nulls as without_nulls_of
from datagen.native import spelling
from datagen.records.types import JSON_TEXT, present
from tests.servers.installed import program
from tests.worlds import MIXED, READY, constant, counter, enum, records_of, world, write_json

DEEP = world(
    enum("s", "plain", 'q"\\', "é\n\x7f", "😀", "", "{[,:]}"),
    enum("mixed", 1, "x", None, [1, {"a": None}], {}, [], {"k": [True, "ü"]}),
    enum("f", 0.1, -2.5, None),
    {
        "name": "o",
        "type": "object",
        "dimensions": [enum("in", 1, None, percent_missing=20), enum("é", "x"), enum("t", None, percent_missing=50)],
    },
    {"name": "l", "type": "list", "elements": [enum("i", None, 1, 2)], "length_distribution": constant(3)},
    {"name": "when", "type": "timestamp", "distribution": constant("2020-02-29T01:02:03.004")},
    counter("user.id", percent_missing=10),
    enum("user.name.first", "Ann", None, percent_missing=30),
    enum("a..b", 1),
)


@pytest.fixture
def written(generate, tmp_path):
    def run(spec: object, count: int = 100, **keys: object) -> bytes:
        write_json(tmp_path / "t.json", {"type": "stdout", "format": {"type": "json", **keys}})
        outcome = generate(spec, "-n", count, "-t", tmp_path / "t.json")
        assert outcome.code == 0, outcome.err
        return outcome.data

    return run


@pytest.mark.parametrize("spec", [DEEP, MIXED, READY["sensors"]])
@pytest.mark.parametrize(("indent", "ascii"), [(2, False), (1, True), (None, True)])
def test_lines_are_spelled_as_pythons_json_does(written, spec: dict, indent: int | None, ascii: bool) -> None:
    separators = (",", ":") if indent is None else None
    expected = [
        json.dumps(record, indent=indent, ensure_ascii=ascii, separators=separators) for record in records_of(spec, 100)
    ]
    expected = [line.replace(r"\u007f", "\x7f") for line in expected]  # which is ASCII, but not to Python
    keys = {} if indent is None else {"indent": indent}
    assert written(spec, **keys, ascii=ascii).decode() == "".join(f"{line}\n" for line in expected)


def test_braces_that_do_not_match_are_written_as_they_are() -> None:
    texts = [b"}}]]", b"]{", b'}{"a":[1', b"[[[]"]
    ends = np.cumsum(list(map(len, texts)))
    made = bytes(spelling.respell(b"".join(texts), ends, 4, False, bytearray))
    assert [b"".join(made[begin:end].split()) for begin, end in itertools.pairwise([0, *ends])] == texts


def test_the_default_keys_change_no_byte(written, generate) -> None:
    plain = generate(DEEP, "-n", 100).data
    assert written(DEEP, times="iso", nulls=True, nest=False, ascii=False) == plain


def without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def test_nulls_are_left_out_at_any_depth_but_not_of_lists(written) -> None:
    records = [json.loads(line) for line in written(DEEP, nulls=False).splitlines()]
    assert records == list(map(without_nulls, records_of(DEEP, 100)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":null,"b":0.00001}', '{"b":0.00001}'),
        ('{"b":[null,{"x":null,"y":null}],"a":null,"c":null}', '{"b":[null,{}]}'),
        ('{"t":"{\\"a\\":null,","a":{"k":null},"u":"null"}', '{"t":"{\\"a\\":null,","a":{},"u":"null"}'),
        ('{"n":1.50,"s":"null"}', '{"n":1.50,"s":"null"}'),
        ('{ "a": null, "b" : 1, "c": null }', '{  "b" : 1 }'),
        ('[null,"é"]', '[null,"é"]'),
    ],
)
def test_what_stays_of_a_value_is_spelled_as_it_was(text: str, expected: str) -> None:
    made = present(without_nulls_of({"v": pa.array([text.encode(), b"1e2", b"null", None], JSON_TEXT)})["v"])
    assert made.to_pylist() == [expected.encode(), b"1e2", None, None]


def test_times_are_milliseconds_since_1970(written) -> None:
    for new, old in zip(
        map(json.loads, written(DEEP, times="epoch_ms").splitlines()), records_of(DEEP, 100), strict=True
    ):
        for key in ("time", "when"):
            assert new[key] == round(datetime.fromisoformat(old[key] + "+00:00").timestamp() * 1000)


def nested(record: dict) -> dict:
    made: dict = {}
    for name, value in record.items():
        *above, last = name.split(".") if all(name.split(".")) else [name]
        at = made
        for part in above:
            at = at.setdefault(part, {})
        at[last] = value
    return made


def test_names_with_points_become_nested_objects(written) -> None:
    records = [json.loads(line) for line in written(DEEP, nest=True).splitlines()]
    assert records == list(map(nested, records_of(DEEP, 100)))
    assert any("user" not in record for record in records)
    assert all("user.id" not in record for record in records)


def test_a_name_that_another_one_would_be_inside_of_is_refused(generate, tmp_path) -> None:
    write_json(tmp_path / "t.json", {"type": "stdout", "format": {"type": "json", "nest": True}})
    outcome = generate(world(enum("a", 1), enum("a.b", 2)), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert '"nest": "a.b" would be inside of "a", which is a dimension itself' in outcome.err


def test_jq_reads_what_is_indented_as_the_same_values(written, generate) -> None:
    jq = program("jq", "jq")
    read = [
        subprocess.run([jq, "-cS", "."], input=data, capture_output=True, check=True).stdout
        for data in (written(DEEP, indent=3, ascii=True), generate(DEEP, "-n", 100).data)
    ]
    assert read[0] == read[1]


@pytest.mark.parametrize("target", [{"type": "http", "url": "http://localhost/", "body": "array"}])
def test_a_record_of_several_lines_is_refused_where_one_line_is_wanted(generate, tmp_path, target: dict) -> None:
    write_json(tmp_path / "t.json", target | {"format": {"type": "json", "indent": 2}})
    outcome = generate(world(), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert 'needs the format "json", found "json" with "indent"' in outcome.err
