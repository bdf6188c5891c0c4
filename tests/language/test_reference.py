"""The JSON Schema and the reference pages, and the examples in the docstrings that they are made from."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from datagen.command.arguments import parsers
from datagen.command.main import main
from datagen.language.emitter import Emitter
from datagen.language.reference import pages
from datagen.language.schema import described, examples, schema, target_schema
from datagen.language.spec import Spec
from datagen.language.state import State, Transition
from datagen.plugin.dimension import Dimension
from datagen.plugin.registry import Registry
from tests.servers.local import HERE
from tests.worlds import ROOT

REGISTRY = Registry.load()
SCHEMAS = {"spec": schema, "target": target_schema}
GROUPS = ("distribution", "dimension", "formatter", "stage", "table", "target")
SHOP = "def total(user_id, price):\n    return user_id * price\n"  # of the example that calls it
ACCESS_LOG = ["-c", str(ROOT / "conf/gen/access_log.json")]
CITIES = {"columns": ["name", "country"], "rows": [["Rome", "IT"], ["Oslo", "NO"]]}
KINDS = [((group, name), kind) for group in GROUPS for name, kind in sorted(REGISTRY.of(group).items())]
EXAMPLES = [
    pytest.param(group, example, id=f"{group}-{name}-{number}")
    for (group, name), kind in KINDS
    for number, example in enumerate(examples(kind))
]


def tiny_spec(**changes):
    """Return a spec that sets the variable ``user_id`` and emits one record a second."""
    state = {
        "name": "only",
        "emitter": "record",
        "variables": [{"type": "counter", "name": "user_id"}],
        "delay": {"type": "constant", "value": 1},
        "transitions": [{"next": "only", "probability": 1}],
    }
    emitter = {"name": "record", "dimensions": changes.pop("dimensions", [])}
    return {"states": [state], "emitters": [emitter], "interarrival": {"type": "constant", "value": 1}, **changes}


STAGED = [
    {"type": "enum", "name": "event", "values": ["buy", "view"]},
    {"type": "int", "name": "status", "distribution": {"type": "uniform", "min": 200, "max": 599}},
    {"type": "enum", "name": "country", "values": ["de", "fr"]},
]


def check_target(example, folder, monkeypatch):
    """Check a target's example; it runs on its page, against its server."""
    for name in re.findall(r"\$\{(\w+)\}", json.dumps(example)):
        monkeypatch.setenv(name, "postgresql://localhost/test" if name == "DSN" else "127.0.0.1")
    (folder / "target.json").write_text(json.dumps(example))
    options = ["-t", str(folder / "target.json"), "-s", "2024-01-01", "-n", "3"]
    only_check = [] if example["type"] in HERE else ["--check"]
    assert main(["-c", str(ROOT / "conf/gen/clickstream.json"), *options, *only_check]) == 0


@cache
def schema_of(part):
    return SCHEMAS[part](REGISTRY)


@cache
def validator_of(part):
    return Draft202012Validator(schema_of(part))


def problems(value, part="spec"):
    return [error.message for error in validator_of(part).iter_errors(value)]


@pytest.fixture(scope="module")
def made_pages():
    return pages(REGISTRY, parsers())


def test_the_committed_reference_is_up_to_date(made_pages):
    committed = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").iterdir()}
    assert committed == made_pages, "run: python -m datagen docs docs/reference"


def test_every_key_has_a_description():
    models = [Spec, State, Transition, Emitter, *(kind for _, kind in KINDS)]
    bare = [
        f"{model.__name__}.{key}"
        for model in models
        for key, value in described(model)["properties"].items()
        if key != "type" and not value.get("description")
    ]
    assert bare == []


@pytest.mark.parametrize("kind", [pytest.param(kind, id=f"{group}-{name}") for (group, name), kind in KINDS])
def test_every_kind_has_a_text_and_an_example(kind):
    assert described(kind)["description"]
    assert examples(kind)


@pytest.mark.parametrize(("group", "example"), EXAMPLES)
def test_every_example_runs(group, example, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    changes = {}
    match group:
        case "distribution":
            changes = {"interarrival": example}
        case "dimension":
            changes = {"dimensions": [example], "tables": {"cities": CITIES}}
            Path("shop.py").write_text(SHOP)
        case "table":
            Path("cities.csv").write_text("name,country\nRome,IT\n")
            changes = {"dimensions": [{"type": "row", "name": "r", "table": "t"}], "tables": {"t": example}}
        case "target":
            check_target(example, tmp_path, monkeypatch)
            return
        case "stage":
            target = {"type": "stdout", "through": [example]}
            (tmp_path / "spec.json").write_text(json.dumps(tiny_spec(dimensions=STAGED, target=target)))
            assert main(["-c", "spec.json", "-s", "2024-01-01", "-n", "3", "--seed", "1"]) == 0
            return
        case "formatter":
            Path("target.json").write_text(json.dumps({"type": "stdout", "format": example}))
            assert main([*ACCESS_LOG, "-t", "target.json", "-s", "2024-01-01T00:00:00Z", "-n", "3", "--seed", "1"]) == 0
            assert capfd.readouterr().out
            return
    spec = tiny_spec(**changes)
    assert problems(spec) == []
    Path("spec.json").write_text(json.dumps(spec))
    plugins = ["--plugins", "shop.py"] if "function" in example else []
    code = main(["-c", "spec.json", "-s", "2024-01-01", "-n", "3", "--seed", "1", *plugins])
    out, err = capfd.readouterr()
    assert code == 0, err
    assert len(out.splitlines()) == 3


@pytest.mark.parametrize("part", SCHEMAS)
def test_the_schema_is_a_schema(part):
    Draft202012Validator.check_schema(schema_of(part))


@pytest.mark.parametrize("path", sorted((ROOT / "conf" / "gen").glob("*.json")), ids=lambda path: path.name)
def test_the_schema_takes_the_ready_specs(path):
    assert problems(json.loads(path.read_text())) == []


READY_TARGETS = sorted((ROOT / "conf" / "tar").glob("*.json"))


@pytest.mark.parametrize("path", READY_TARGETS, ids=lambda path: path.name)
def test_the_schema_takes_the_ready_targets_alone_and_in_a_list(path):
    target = json.loads(path.read_text())
    assert problems(target, "target") == problems([target, target], "target") == []
    assert problems(tiny_spec(target=target)) == []


@pytest.mark.parametrize("path", READY_TARGETS, ids=lambda path: path.name)
def test_the_schema_finds_what_is_wrong_with_a_target(path):
    target = json.loads(path.read_text())
    for wrong in (target | {"tpye": 1}, target | {"type": "nosuch"}, target | {"on_error": "rtry"}, {"path": "x"}):
        assert problems(wrong, "target") != []
        assert problems([target, wrong], "target") != []


@pytest.mark.parametrize("target", [[], "stdout", None, {}])
def test_what_is_no_target_is_found(target):
    assert problems(target, "target") != []


def test_the_schemas_have_names_that_stay():
    for part in SCHEMAS:
        assert schema_of(part)["$id"] == f"urn:datagen:schema:{part}"


@pytest.mark.parametrize(("group", "kind"), [pytest.param(group, kind, id=name) for (group, name), kind in KINDS])
def test_a_key_without_a_default_says_in_the_reference_that_it_is_required(made_pages, group, kind):
    page = made_pages[f"{group}s.md"]
    for key in described(kind).get("required", ()):
        assert re.search(rf"^\| `{key}` \| .* \| required \| ", page, re.MULTILINE)


@pytest.mark.parametrize(
    "changes",
    [
        {"interarrival": {"type": "CONSTANT", "value": 1.5}},
        {"_note": 1, "$schema": "schema.json"},
        {"interarrival": {"type": "constant", "value": 1, "_note": [], "$schema": ""}},
        {
            "dimensions": [
                {"type": "timestamp", "name": "t", "distribution": {"type": "Normal", "mean": "2024", "stddev": 1}}
            ]
        },
    ],
)
def test_the_schema_takes_comments_and_any_case(changes):
    assert problems(tiny_spec(**changes)) == []


NUMBER = {"type": "int", "distribution": {"type": "constant", "value": 1}}
MIXED = {"type": "mixture", "of": [{"type": "normal", "mean": "age", "stddev": 1}], "weights": ["age"]}
TIMES = {"type": "normal", "mean": "time - 60", "stddev": "age", "most": "time"}


@pytest.mark.parametrize(
    "field",
    [
        NUMBER | {"distribution": MIXED},
        NUMBER | {"cardinality": 9, "cardinality_distribution": {"type": "scaled", "of": MIXED, "times": "age"}},
        NUMBER | {"distribution": {"type": "empirical", "quantiles": [[0, "age"], [1, 9]], "least": "age"}},
        {"type": "timestamp", "distribution": TIMES},
    ],
    ids=json.dumps,
)
def test_the_schema_takes_expressions_for_numbers_and_times(field):
    assert problems(tiny_spec(dimensions=[field | {"name": "n"}])) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"interarival": {"type": "constant", "value": 1}},
        {"interarrival": {"value": 1}},
        {"interarrival": {"type": "constantly", "value": 1}},
        {"interarrival": {"type": "constant", "value": "1"}},
        {"interarrival": {"type": "exponential", "mean": 0}},
        {"interarrival": {"type": "exponential", "mean": 1, "stddev": 1}},
        {"states": []},
        {"dimensions": [{"type": "counter"}]},
        {"dimensions": [{"type": "counter", "name": "n", "start": 1.5}]},
        {"dimensions": [{"type": "counter", "name": "n", "percent_nulls": 101}]},
        {"dimensions": [{"type": "timestamp", "name": "t", "distribution": {"type": "constant", "value": 1}}]},
        {"interarrival": {"type": "mixture", "of": [{"type": "constant", "value": "age"}]}},
        {"target": {"type": "file"}},
    ],
    ids=json.dumps,
)
def test_the_schema_refuses(changes):
    assert problems(tiny_spec(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"interarrival": {"type": "constant", "value": "${GAP:-0.5}"}},
        {"max_workers": "${MOST}"},
        {"dimensions": [{"type": "counter", "name": "n", "start": "${start}"}], "parameters": {"start": 1}},
        {"target": {"type": "file", "path": "x", "append": "${KEEP}"}},
        {"target": {"type": "mqtt", "topic": "x", "qos": "${QOS}"}},
        {"define": {"slow": {"type": "constant", "value": 9}}, "interarrival": {"uses": "slow"}},
        {"define": {"number": NUMBER}, "dimensions": [{"uses": "number", "name": "n"}]},
        {"define": {"number": NUMBER}, "dimensions": [{"uses": "number", "type": "int", "name": "n"}]},
        {"include": ["more.yaml"], "parameters": {"a": "x", "b": 1.5, "c": True}},
    ],
    ids=json.dumps,
)
def test_the_schema_takes_placeholders_and_definitions(changes):
    assert problems(tiny_spec(**changes)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"interarrival": {"type": "constant", "value": "${GAP} s"}},
        {"interarrival": {"type": "constant", "value": "0.5"}},
        {"interarrival": {"uses": 5}},
        {"interarrival": {"uses": "slow", "type": "constant", "valeu": 1}},
        {"define": {"slow": 5}},
        {"include": "more.yaml"},
        {"parameters": {"a": None}},
        {"parameters": {"a": [1]}},
    ],
    ids=json.dumps,
)
def test_the_schema_finds_what_is_wrong_with_placeholders_and_definitions(changes):
    assert problems(tiny_spec(**changes)) != []


def test_a_spec_that_includes_files_may_lack_what_they_bring():
    assert problems({"include": ["a.json"], "interarrival": {"type": "constant", "value": 1}}) == []
    assert problems({"interarrival": {"type": "constant", "value": 1}}) != []


def test_a_target_file_takes_placeholders_and_no_definitions():
    target = {"type": "file", "path": "x", "append": "${KEEP}"}
    assert problems(target, "target") == []
    assert problems(target | {"uses": "x"}, "target") != []


def test_an_editor_is_offered_the_lower_case_names():
    names = schema_of("spec")["$defs"]["dimension"]["properties"]["type"]["anyOf"][0]["enum"]
    assert sorted(names) == sorted(REGISTRY.of("dimension"))


def test_the_tools_print_the_schema_and_write_the_pages(made_pages, tmp_path, capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema_of("spec")
    assert main(["docs", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(made_pages)


def test_a_kind_of_ones_own_is_described_too(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(
        "from datagen.dimensions.counter import Counter\n"
        "class Ticket(Counter):\n"
        '    \'A ticket.\\n\\n    Example: {"type": "ticket", "name": "t"}\'\n'
        "    kind = 'Ticket'\n"
    )
    registry = Registry.load([file])
    assert issubclass(registry.of("dimension")["Ticket"], Dimension)
    own = Draft202012Validator(schema(registry))
    assert own.is_valid(tiny_spec(dimensions=[{"type": "ticket", "name": "t", "start": 5}]))
    assert "## Ticket\n\nA ticket.\n" in pages(registry, parsers())["dimensions.md"]
