"""The ways to write a spec: JSON, JSON with comments, YAML. The same data, the same places, the same strictness."""

import json
import re

import pytest
import yaml

from datagen.language.document import Document
from datagen.language.syntax import parse
from datagen.problems import InvalidInput
from tests.worlds import READY, START, constant, counter, world

SPEC = world(counter("n"))

# The same mistake in each syntax: where ⟦ stands, the message says that it is.
MISTAKES = [
    (
        "interarrival.mean",
        '{"interarrival": {"type": "exponential",\n  "mean": ⟦-1}}',
        '// ⟨\n{"interarrival": /* "mean": 1 */ {"type": "exponential",\n  "mean": ⟦-1}} // ⟩',
        "interarrival:\n  type: exponential\n  mean: ⟦-1\n",
    ),
    (
        "interarrival.maen",
        '{"interarrival": {"type": "exponential", ⟦"maen": 1}}',
        '{"interarrival": {"type": "exponential", /*\n*/ ⟦"maen": 1}}',
        "interarrival: {type: exponential, ⟦maen: 1}",
    ),
    (
        "states[1].transitions[0].next",
        '{"states": [{}, {"transitions": [\n{"next": ⟦5, "probability": 1}]}]}',
        '{"states": [{}, {"transitions": [ // "x\n{"next": ⟦5, "probability": 1}]}]}',
        "states:\n- {}\n- transitions:\n  - next: ⟦5\n    probability: 1\n",
    ),
    (
        "emitters[0].dimensions[1].type",
        '{"emitters": [{"name": "ä😀", "dimensions": [{}, {"name": "//", "type": ⟦"nosuch"}]}]}',
        '{"emitters": [{"name": "ä😀", "dimensions": [{}, /* ä😀 */ {"name": "//", "type": ⟦"nosuch"}]}]}',
        "emitters: # ä😀\r\n- name: ä😀\r\n  dimensions: [{}, {name: //, type: ⟦nosuch}]\r\n",
    ),
    (
        "states[0].delay.type",
        '{"states": [{"delay": ⟦{"value": 1}}]}',
        '{"states": [{"delay": ⟦{"value": 1}}] /**/}',
        "states:\n- delay:\n    ⟦value: 1\n",
    ),
]


def place_of(marked: str) -> str:
    before = marked.partition("⟦")[0]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "


@pytest.mark.parametrize("ending", ["json", "jsonc", "yaml"])
@pytest.mark.parametrize(("path", "json_", "jsonc", "yaml_"), MISTAKES, ids=[path for path, *_ in MISTAKES])
def test_a_mistake_has_its_path_line_and_column_in_every_syntax(
    command, tmp_path, ending: str, path: str, json_: str, jsonc: str, yaml_: str
) -> None:
    text = {"json": json_, "jsonc": jsonc, "yaml": yaml_}[ending]
    (tmp_path / f"spec.{ending}").write_text(text.replace("⟦", ""), encoding="utf-8", newline="")
    outcome = command("-c", tmp_path / f"spec.{ending}", "-n", 1)
    assert outcome.code == 2
    shown = path.removesuffix(".type") if path == "states[0].delay.type" else path
    assert f"spec.{ending}:{place_of(text)}{shown}: " in outcome.err


class Quoting(yaml.SafeDumper):
    """Writes texts in quotes: the library takes those of YAML 1.1 for numbers, such as 017, and not those of 1.2."""


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'"))


@pytest.mark.parametrize("name", sorted(READY))
@pytest.mark.parametrize("ending", ["yaml", "YML", "jsonc"])
def test_a_spec_gives_the_same_bytes_however_it_is_written(command, tmp_path, name: str, ending: str) -> None:
    as_yaml = yaml.dump(READY[name], Dumper=Quoting, sort_keys=False)
    as_json = json.dumps(READY[name], indent=1, ensure_ascii=False)
    (tmp_path / f"spec.{ending}").write_text(as_yaml if ending == "yaml" else as_json, encoding="utf-8")
    (tmp_path / "spec.json").write_text(json.dumps(READY[name]))
    outcomes = [
        command("-c", tmp_path / file, "-s", START, "--seed", 1, "-n", 200) for file in (f"spec.{ending}", "spec.json")
    ]
    assert outcomes[0].data == outcomes[1].data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        *((text, text) for text in ("yes", "no", "on", "off", "y", "n", "No", "NO", "nULL", "tRUE")),
        *((text, text) for text in ("17:30", "190:20:30", "2024-01-31", "2024-01-31 12:00:00", "1_000", "0b11", "1,5")),
        *((text, text) for text in ("0x", "0xg", "0o8", "+0x1", "1e", "e1", ".", "+.", "1.2.3", "=", "-x", "15M")),
        ("0", 0),
        ("-17", -17),
        ("+17", 17),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("0.5", 0.5),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("+1.5E-3", 0.0015),
        ("'1'", "1"),
        ('"true"', "true"),
        ("'~'", "~"),
        ("!!str 1", "1"),
        ("!!int 1", 1),
        ("!!float 1.5", 1.5),
        ("!!null ~", None),
        ("!!seq [1]", [1]),
        ("! 1", "1"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
        ("{a: 1, 'b': [x, 2]}", {"a": 1, "b": ["x", 2]}),
        ("&x [1, 2]", [1, 2]),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
    ],
)
def test_yaml_is_read_by_the_core_schema_of_1_2(text: str, value: object) -> None:
    found = parse(f"key: {text}", "spec.yaml").data["key"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_texts_as_they_stand() -> None:
    assert parse("7: 1\nno: 2\n~: 3\n'x y': 4", "spec.yaml").data == {"7": 1, "no": 2, "~": 3, "x y": 4}


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("a: ⟦.inf", ".inf is not a JSON number"),
        ("a: [1, ⟦-.INF]", "-.INF is not a JSON number"),
        ("a: ⟦.nan", ".nan is not a JSON number"),
        ("a: ⟦1e400", "1e400 is too large a number"),
        pytest.param("a: ⟦" + "1" * 5000, "a number has too many digits", id="digits"),
        ("a: 1\nb: 2\n⟦a: 3", "a: this key stands twice in its object"),
        ("a:\n- {b: 1, ⟦b: 1}", "a[0].b: this key stands twice"),
        ("a: ⟦*x", "the alias *x names nothing"),
        ("a: &x [⟦*x]", "a[0]: the alias *x names nothing"),
        ("a: ⟦!mine 1", 'a: the tag "!mine" is not read'),
        ("a: ⟦!!binary aGk=", 'a: the tag "tag:yaml.org,2002:binary" is not read'),
        ("a: ⟦!!int x", 'a: is not what its tag "tag:yaml.org,2002:int" says'),
        ("a: &x {b: 1}\nc:\n  ⟦<<: *x", "c: merge keys are not read"),
        ("? ⟦[a]\n: 1", "a key must be a text"),
        ("a: 1\n⟦---\nb: 2", "is more than one YAML document"),
        ("a: {b: ${X}⟦}", "between brackets a placeholder stands in quotes"),
        ("a: b⟦: c", "is not YAML: mapping values are not allowed"),
        ("a:\n⟦\tb: 1", "is not YAML: a tab"),
        ("a: [1, 2⟦", "is not YAML: did not find expected ',' or ']'"),
        ("a: ⟦\x01", "is not YAML: control characters are not allowed"),
        ('a: ⟦"\\ud800"', "is not YAML"),
        ("{a: &x [1, 1], b: ⟦*y}", "the alias *y"),
    ],
)
def test_what_yaml_may_not_hold_is_refused_with_its_place(marked: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(marked.replace("⟦", ""), "spec.yaml")
    assert message in str(refused.value)
    if not any(part in marked for part in ("ud800", "[1, 2⟦", "${X}")):  # where the library says it is
        assert str(refused.value).startswith(f"spec.yaml:{place_of(marked)}")


@pytest.mark.parametrize("text", ["", " \n", "# only a comment\n"])
def test_an_empty_yaml_file_is_refused_as_such(text: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape("spec.yaml: is empty; YAML is expected")):
        parse(text, "spec.yaml")


def test_aliases_that_grow_without_bound_are_refused() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    with pytest.raises(InvalidInput, match="aliases stand for more than 1,000,000 values"):
        parse("\n".join(lines), "spec.yaml")


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_yaml_that_is_nested_too_deeply_is_refused(depth: int) -> None:
    with pytest.raises(InvalidInput, match="nest"):
        parse("[" * depth + "]" * depth, "spec.yaml")


def test_a_mistake_inside_of_an_alias_is_told_where_it_stands() -> None:
    document = parse("a: &x\n  b: 1\nc: *x\n", "spec.yaml")
    assert document.problem(("c", "b"), "is wrong").place == "spec.yaml:2:6"


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ('{"a": 1, ⟦# x\n}', "a comment is written // to the end of the line"),
        ('{"a": 1 ⟦/* x\n}', "a comment is written // to the end of the line"),
        ('{"a": 1, // x\n⟦}', 'a comma before "}"'),
        ('{"a": 1,⟦ "a": 2}', "this key stands twice"),
        ("⟦a: 1", "it looks like YAML"),
    ],
)
def test_json_with_comments_is_as_strict_as_json(marked: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(message)):
        parse(marked.replace("⟦", ""), "spec.jsonc")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a": "// no", "b": "/* no */", "c": "\\"// no"} // yes', {"a": "// no", "b": "/* no */", "c": '"// no'}),
        ("/* * / ** */ [1, /**/ 2] // */", [1, 2]),
        ('{"a": 1 // "x": {\r\n}\r\n', {"a": 1}),
    ],
)
def test_comments_end_where_they_end(text: str, data: object) -> None:
    assert parse(text, "spec.jsonc").data == data


@pytest.mark.parametrize("text", ['{"a": 1} // x', '/* x */ {"a": 1}'])
def test_a_json_file_with_comments_is_told_of_its_other_name(text: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape("comments are not allowed; name the file .jsonc")):
        parse(text, "spec.json")


@pytest.mark.parametrize(
    "text", ["a: 1", "---\na: 1", "- a", "# x\na: 1", '"a": 1', "'a b': 1", "%YAML 1.2\n---\na: 1"]
)
def test_a_json_file_that_holds_yaml_is_told_of_its_other_name(text: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape("it looks like YAML; name the file .yaml")):
        parse(text, "spec.json")


def test_a_placeholder_without_quotes_is_told_of_them() -> None:
    with pytest.raises(InvalidInput, match=r"spec\.json:1:7: is not JSON: a placeholder stands in double quotes"):
        parse('{"a": ${GAP}}', "spec.json")


WAYS = {
    "json": json.dumps(SPEC),
    "jsonc": f"// a spec\n{json.dumps(SPEC)}",
    "yaml": yaml.safe_dump(SPEC),
    "yaml with a comment": f"# a spec\n{yaml.safe_dump(SPEC)}",
    "yaml with a mark": yaml.safe_dump(SPEC, explicit_start=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_standard_input_and_names_that_say_nothing_are_recognised(command, tmp_path, way: str) -> None:
    (tmp_path / "spec.conf").write_text(WAYS[way])
    assert len(command("-s", START, "-n", 3, stdin=WAYS[way].encode()).records) == 3
    assert len(command("-c", tmp_path / "spec.conf", "-s", START, "-n", 3).records) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [("t.yaml", "type: file\npath: out.json\n"), ("t.jsonc", '// out\n{"type": "file", "path": "out.json"}')],
)
def test_a_target_may_be_written_in_any_syntax_too(command, tmp_path, monkeypatch, name: str, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    (tmp_path / name).write_text(text)
    command("-c", "spec.json", "-s", START, "-n", 3, "-t", name)
    assert len((tmp_path / "out.json").read_text().splitlines()) == 3
    (tmp_path / name).write_text(text.replace("file", "fil"))
    assert f"{name}:" in (outcome := command("-c", "spec.json", "-n", 3, "-t", name)).err
    assert outcome.code == 2


def test_a_document_without_a_text_has_paths_and_no_places() -> None:
    assert str(Document({"a": constant(1)}, "spec").problem(("a", "value"), "is wrong")) == "spec: a.value: is wrong"
