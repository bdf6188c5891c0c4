"""Records that are whole texts: none, one or several at each step."""

import json

import numpy as np
import pyarrow as pa
import pytest

import datagen
from datagen.clock import NEVER
from datagen.delivery.snapshot import pack, unpack
from datagen.engine import texts
from datagen.problems import RunFailed
from datagen.records.batch import MOST_ROWS
from datagen.records.merge import joined
from datagen.records.types import JSON_TEXT
from tests.worlds import START, constant, counter, enum, read, records_of, run_of, state, uniform, world

N = counter("n")
STAY = [state("s", {"s": 0.9, "stop": 0.1}, delay=constant(1))]


def told(text: dict, *dimensions: dict, **keys: object) -> dict:
    """A spec whose records are the texts of a generator."""
    spec = world(*dimensions, states=STAY)
    spec["emitters"][0] |= {"text": nameless(text), **keys}
    return spec


def nameless(field: dict) -> dict:
    return {key: value for key, value in field.items() if key != "name"}


def several(*texts: object, count: int = 1) -> dict:
    return {"type": "list", "elements": [enum("x", *texts)], "length_distribution": constant(count)}


def texts_of(spec: dict, count: int = 30, **options: object) -> list[str]:
    return [record["text"] for record in records_of(spec, count, **options)]


LINE = {"type": "text", "value": "number {{n}}"}


def test_a_text_is_the_whole_record() -> None:
    assert records_of(told(LINE, N), 2) == [{"text": "number 0"}, {"text": "number 1"}]


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("json", ["number 0", "number 1"]),
        ("logfmt", ["number 0", "number 1"]),
        ("xml", ["number 0", "number 1"]),
        ("cef", ["number 0", "number 1"]),
        ("apache_common", ["number 0", "number 1"]),
        ("csv", ["text", "number 0", "number 1"]),
        ({"type": "pattern", "text": "{{n}}: {{text}}"}, ["0: number 0", "1: number 1"]),
        ("json_schema", ['{"text":"number 0"}', '{"text":"number 1"}']),
    ],
)
def test_line_formats_print_it_as_it_is_and_others_have_a_column(generate, format_: object, expected: list) -> None:
    spec = told(LINE, N) | {"target": {"type": "stdout", "format": format_}}
    assert generate(spec, "-n", 2).lines == expected


def test_the_message_of_syslog_is_the_text_on_one_line(generate) -> None:
    spec = told({"type": "text", "value": "a\n{{n}}"}, N) | {"target": {"type": "stdout", "format": "syslog"}}
    line = generate(spec, "-n", 1).lines[0]
    assert line == f"<14>1 {START}.000Z localhost datagen - - - a\\n0"


@pytest.mark.parametrize("kind", ["avro", "protobuf", "msgpack", "arrow"])
def test_formats_of_columns_have_one(kind: str) -> None:
    loaded = datagen.load(told(LINE, N, enum("u", "x")))
    batch = next(iter(datagen.batches(loaded, start=START, records=5, seed=1)))
    assert batch.schema.names == ["text"]
    assert batch.column(0).to_pylist() == [f"number {n}" for n in range(5)]
    run = run_of(told(LINE, N), 5)
    lines = loaded.registry.formatter(kind).begin(run.layout).lines(joined(list(run.batches())))
    assert len(lines) == 5
    assert b"number 4" in bytes(lines.data)


def test_the_column_is_called_as_the_generator_is() -> None:
    spec = told(LINE, N)
    spec["emitters"][0]["text"] = {"name": "line", **LINE}
    assert records_of(spec, 1) == [{"line": "number 0"}]


def test_a_list_gives_a_record_for_each_item_and_null_gives_none() -> None:
    spec = told({"type": "list", "elements": [enum("a", "x"), enum("b", None), N]})
    assert texts_of(spec, 6) == ["x", "0", "x", "1", "x", "2"]
    assert texts_of(told(several("x", count=0) | {"name": "a"}, N), duration="9S") == []
    halves = told({"type": "enum", "values": ["x", None], "weights": [1, 1]})
    times = [record["text"] for record in records_of(halves, duration="1M")]
    assert 20 < len(times) < 300
    assert set(times) == {"x"}


def test_other_values_are_written_as_in_a_cell() -> None:
    values = ["x", None, 1.5, True, {"a": [1, "é"]}, [1, None, ["b"]]]
    found = texts_of(told(enum("t", *values)), 400)
    assert set(found) == {"x", "1.5", "true", '{"a":[1,"é"]}', "1", '["b"]'}


def test_each_line_can_be_a_record() -> None:
    assert texts_of(told(several("a\r\n\n b\n  \n", ""), split="lines"), 4) == ["a", " b", "a", " b"]
    assert texts_of(told(several("a\nb")), 1) == ["a\nb"]


def test_a_text_that_is_json_is_put_on_one_line_with_its_digits_and_escapes() -> None:
    text = '{\n "b": 1e5,\t"a" : "\\u00e9 \\" x", "n": [ -0.0, 12345678901234567890.10 ]\r\n}'
    expected = '{"b":1e5,"a":"\\u00e9 \\" x","n":[-0.0,12345678901234567890.10]}'
    assert texts_of(told(enum("t", text), check="json"), 1) == [expected]


@pytest.mark.parametrize("text", ["{'a': 1}", "", "1 2", "NaN", '"a\nb"'])
def test_a_text_that_is_no_json_ends_the_run(generate, text: str) -> None:
    fine = {"name": "y", "type": "constant", "value": 1}
    cases = {"type": "case", "cases": [{"when": "n = 3", "make": enum("x", text)}], "default": fine}
    outcome = generate(told(cases, N, check="json"))
    assert outcome.code == 1
    assert "making e: the record of 2024-01-01T00:00:0" in outcome.err
    assert "the text is no JSON: " in outcome.err


def test_a_step_with_a_text_that_is_no_json_is_skipped_where_its_generator_says_so(generate) -> None:
    text = {"type": "template", "text": "{{ 'no' if n % 3 == 1 else n }}\n{{ n }}", "on_error": "skip"}
    outcome = generate(told(text, N, check="json", split="lines"), "-n", 8)
    assert outcome.lines == ["0", "0", "2", "2", "3", "3", "5", "5"]
    assert "2 records skipped, the first for: making e: the record of" in outcome.err


def test_records_of_one_step_have_the_same_fields_and_ids_of_their_own(generate) -> None:
    target = {
        "type": "stdout",
        "format": {"type": "pattern", "text": "{{record_id}} {{n}} {{text}}"},
        "record_id": True,
    }
    text = {"type": "list", "elements": [enum("a", "x"), enum("b", "y"), read("v")]}
    spec = told(text, N) | {"target": target}
    spec["states"] = [state("s", delay=constant(1), variables=[enum("v", "z")])]
    assert generate(spec, "-n", 5).lines == ["0-0 0 x", "0-0-1 0 y", "0-0-2 0 z", "1-0 1 x", "1-0-1 1 y"]


def test_a_stage_takes_each_record_by_itself(generate) -> None:
    drop = {"type": "drop", "share": 0.5}
    text = {"type": "list", "elements": [enum("a", "x"), enum("b", "y")]}
    spec = told(text) | {"target": {"type": "stdout", "through": [drop]}}
    found = generate(spec, "-n", 2000).lines
    assert 900 < len(found) < 1100
    assert abs(found.count("x") - found.count("y")) < 150


def test_a_filter_and_a_path_read_what_is_beside_the_text(generate, tmp_path) -> None:
    target = {"type": "file", "path": f"{tmp_path}/{{{{n}}}}.log", "through": [{"type": "filter", "where": "n < 2"}]}
    assert generate(told(LINE, N) | {"target": target}, "-n", 4).code == 0
    assert sorted(path.name for path in tmp_path.glob("*.log")) == ["0.log", "1.log"]


def test_a_batch_of_texts_is_kept_whole() -> None:
    """Stages keep batches in the state of a run, and put them together."""
    text = {"type": "list", "elements": [enum("a", "x"), enum("b", "y")]}
    batches = list(run_of(told(text, N), 500).batches())
    again = unpack(pack(joined(batches)))
    assert again.parts[0].whole == batches[0].parts[0].whole
    assert bytes(again.json.data) == b"x\ny\n" * 250
    assert np.array_equal(again.parts[0].places, np.tile([0, 1], 250))
    assert len(set(again.key.tolist())) == 500


def test_fields_look_back_at_the_step_before_also_where_it_made_no_record() -> None:
    was = {"name": "was", "type": "previous", "of": "n", "default": -1}
    text = {
        "type": "case",
        "cases": [{"when": "n % 2 = 0", "make": {"name": "t", "type": "text", "value": "{{was}} {{n}}"}}],
    }
    spec = told(text, N, was)
    spec |= {"states": [state("s", "s", delay=constant(1))], "interarrival": constant(10**9)}
    assert texts_of(spec, 3) == ["-1 0", "1 2", "3 4"]


def test_the_end_in_bytes_counts_the_texts() -> None:
    assert texts_of(told(enum("t", "four")), bytes=12) == ["four"] * 3


def refused(spec: dict) -> str:
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(spec)
    return str(caught.value)


def test_what_does_not_fit_is_said() -> None:
    spec = told(enum("t", "x"), enum("text", "y"))
    assert 'emitters[0].text: there is a dimension "text" already; give it another name' in refused(spec)
    assert 'emitters[0].split: only means something beside a "text"' in refused(
        world(N) | {"emitters": [{"name": "e", "dimensions": [], "split": "lines"}]}
    )
    assert '"dimensions" is required, or "text"' in refused(world(N) | {"emitters": [{"name": "e"}]})
    assert "emitters[0].text.hidden: the text is what is printed" in refused(told(LINE | {"hidden": True}, N))
    assert 'emitters[0].text.value: {{m}}: no emitter has "m"' in refused(told(LINE | {"value": "{{m}}"}, N)) or (
        '"m"' in refused(told(LINE | {"value": "{{m}}"}, N))
    )
    spec = told(LINE, N)
    spec["emitters"].append(
        {"name": "f", "dimensions": [{"name": "l", "type": "lookup", "emitter": "e", "dimension": "n"}]}
    )
    assert 'emitters[1].dimensions[0].emitter: the records of "e" are whole texts' in refused(spec)


def test_a_target_that_needs_json_wants_it_to_be_sure(generate) -> None:
    target = {"type": "http", "url": "http://127.0.0.1:1/x", "body": "array"}
    outcome = generate(told(LINE, N) | {"target": target}, "--check")
    assert outcome.code == 2
    assert 'needs the format "json", found whole texts of "e", which only "check": "json" makes sure of' in outcome.err
    assert generate(told(LINE, N, check="json") | {"target": target}, "--check").code == 0


def test_indent_does_not_go_with_texts(generate) -> None:
    outcome = generate(told(LINE, N) | {"target": {"type": "stdout", "format": {"type": "json", "indent": 2}}}, "-n", 1)
    assert outcome.code == 2
    assert 'whole texts ("e") are written as they are' in outcome.err


def test_splunk_gets_json_as_objects_and_other_texts_as_texts() -> None:
    from datagen.targets.http.splunk import EventWriter, SplunkHec

    spec = told({"type": "object", "dimensions": [N]}, check="json")
    spec["emitters"].append({"name": "f", "text": nameless(enum("t", 'a "b"'))})
    spec["states"] = [state("s", "t"), state("t", emitter="f")]
    run = run_of(spec, 2)
    writer = EventWriter(datagen.load(spec).registry.formatter("json"), run.layout, SplunkHec(), run.clock.start)
    lines = b"".join(bytes(writer.lines(batch).data) for batch in run.batches()).splitlines()
    assert [json.loads(line)["event"] for line in lines] == [{"n": 0}, 'a "b"']


def test_a_limit_of_records_ends_within_a_step() -> None:
    spec = told({"type": "list", "elements": [enum("a", "x"), enum("b", "y")]})
    for count in range(5):
        assert texts_of(spec, count) == ["x", "y", "x", "y"][:count]
    run = run_of(spec, 3)
    assert [batch.due[-1] < NEVER for batch in run.batches()]
    assert run.emitted == 3


def test_uniform_lengths_give_the_mean_of_records() -> None:
    spec = told(several("x") | {"length_distribution": uniform(0, 4)})
    records = records_of(spec, duration="20M")
    steps = records_of(world(states=STAY), duration="20M")
    assert abs(len(records) / len(steps) - 2) < 4 * np.sqrt(2 / len(steps))


def test_texts_that_are_never_there_end_a_run_that_waits_for_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen.engine.run._MOST_FRUITLESS", 1000)
    never = told({"type": "constant", "value": None}, N)
    with pytest.raises(RunFailed, match="1,000 steps in a row had a text without a line"):
        list(run_of(never, 1).batches())
    rare = told({"type": "expression", "value": "n % 900 = 899 ? 'x' : null"}, N)
    assert texts_of(rare, 3) == ["x"] * 3


def test_batches_stay_small_where_a_step_has_many_records() -> None:
    sizes = [len(batch) for batch in run_of(told(several("x", count=500)), 300_000).batches()]
    assert max(sizes) <= MOST_ROWS


def test_a_list_of_texts_with_one_that_is_nested_too_deeply_ends_the_run() -> None:
    [emitter] = datagen.load(told(LINE, N)).spec.emitters
    deep = pa.array([b"[" * 5000 + b"]" * 5000], JSON_TEXT)
    with pytest.raises(RunFailed, match=r"^making e: an item of a list of texts is nested too deeply to be read"):
        texts.texts_of(emitter, emitter.text, deep, rows=None)


def test_a_text_that_is_nested_too_deeply_ends_the_run_with_its_place() -> None:
    deep = {"type": "text", "value": "[" * 200_000}
    with pytest.raises(RunFailed, match=r"^making e: .* the text is no JSON: it is nested too deeply, in"):
        texts_of(told(deep, check="json"), 3)
