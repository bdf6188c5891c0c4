"""Placeholders: parameters and values of the environment in the text of a spec."""

import json

import pytest

import datagen
from tests.worlds import START, constant, counter, enum, integer, read, state, uniform, world

DICE = '''
from datagen import Dimension
import pyarrow as pa

class Dice(Dimension):
    """Dice."""
    kind = "dice"
    sides: int
    is_loaded: bool = False
    label: str = ""

    def make(self, rows):
        return pa.array([f"{self.sides} {self.is_loaded} {self.label}"] * len(rows))
'''


def first_of(spec: dict, **options: object) -> dict:
    loaded = datagen.load(spec, **options)
    return next(datagen.records(loaded, start=START, records=1, seed=1))


def refused(spec: dict, **options: object) -> str:
    with pytest.raises(datagen.InvalidInput) as error:
        datagen.load(spec, **options)
    return str(error.value)


# What a text that is one placeholder alone becomes


@pytest.mark.parametrize(
    ("dimension", "value", "made"),
    [
        (integer("x", constant("${V}")), "7", 7),
        (integer("x", {"type": "${KIND:-constant}", "value": "${V}"}), "7", 7),
        (counter("x", start="${V}"), "-3", -3),
        (counter("${V}"), "5", None),
        ({"name": "x", "type": "float", "distribution": constant(0.25), "precision": "${V}"}, "1", 0.2),
        ({"name": "x", "type": "float", "distribution": constant("${V}")}, "2.5e-1", 0.25),
        ({"name": "x", "type": "string", "chars": "${V}", "length_distribution": constant(2)}, "7", "77"),
        (enum("x", "${V}"), "7", "7"),
        (enum("x", {"a": ["${V}"]}), "true", {"a": ["true"]}),
        (enum("x", "${V}!"), "7", "7!"),
        (enum("x", "$${V}"), "7", "${V}"),
        (integer("x", constant("${V:-4}")), "", 4),
        (integer("x", constant("${W:-4}")), "", 4),
        (enum("x", "${W:-}"), "", ""),
        (enum("x", "${W:-a:-b c}"), "", "a:-b c"),
        (enum("x", "${V:-a}-${W:-b}"), "v", "v-b"),
    ],
    ids=str,
)
def test_a_value_of_the_environment_is_read_as_its_place_wants_it(dimension: dict, value: str, made: object) -> None:
    record = first_of(world(dimension), environment={"V": value})
    assert record[value if made is None else "x"] == (0 if made is None else made)


@pytest.mark.parametrize(
    ("default", "in_a_number", "in_a_text", "among_values"),
    [(7, 7, "7", 7), (7.0, None, "7.0", 7.0), ("7", 7, "7", "7"), (True, None, "true", True), ("x", None, "x", "x")],
)
def test_a_parameter_is_read_as_its_place_wants_it(
    default: object, in_a_number: object, in_a_text: str, among_values: object
) -> None:
    spec = {"parameters": {"p": default}}
    text = {"name": "${p}", "type": "enum", "values": ["${p}", "${p}!"], "cardinality_distribution": constant(0)}
    assert first_of(world(text) | spec)[in_a_text] == among_values
    text["cardinality_distribution"] = constant(1)
    assert first_of(world(text) | spec)[in_a_text] == f"{in_a_text}!"
    if in_a_number is not None:
        assert first_of(world(counter("x", start="${p}")) | spec)["x"] == in_a_number
    else:
        assert "must be a valid integer" in refused(world(counter("x", start="${p}")) | spec)


@pytest.mark.parametrize(
    ("given", "made"), [({}, "6 False 1"), ({"sides": 8, "loaded": True, "label": "x"}, "8 True x")]
)
def test_plug_ins_get_what_they_want_too(tmp_path, given: dict, made: str) -> None:
    (tmp_path / "dice.py").write_text(DICE)
    dice = {"name": "d", "type": "dice", "sides": "${sides}", "is_loaded": "${loaded}", "label": "${label}"}
    spec = world(dice) | {"parameters": {"sides": 6, "loaded": False, "label": "1"}}
    assert first_of(spec, plugins=[tmp_path / "dice.py"], parameters=given) == {"time": f"{START}.000", "d": made}


def test_a_target_takes_numbers_and_truths_from_the_environment(generate, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KEEP", "true")
    monkeypatch.setenv("MOST", "2")
    target = {"type": "file", "path": str(tmp_path / "{n}.json"), "append": "${KEEP}", "rotate": {"records": "${MOST}"}}
    generate(world(counter("n")) | {"target": target | {"path": str(tmp_path / "out.json")}}, "-n", 4)
    assert sorted(len(path.read_text().splitlines()) for path in tmp_path.glob("out*")) == [2, 2]


@pytest.mark.parametrize(
    "value", ["x", "1 2", "NaN", "Infinity", "1e400", "0x10", "[1]", "null", "", "1" * 5000, "[" * 9]
)
def test_what_is_no_number_is_refused_as_the_text_that_it_is(value: str) -> None:
    message = refused(world(gap={"type": "constant", "value": "${V}"}), environment={"V": value})
    assert "interarrival.value: must be a valid number, found " in message


def test_a_number_out_of_bounds_is_told_of() -> None:
    message = refused(world(gap={"type": "exponential", "mean": "${gap}"}) | {"parameters": {"gap": -1}})
    assert message == "spec: interarrival.mean: must be greater than 0, found -1"


def test_mistakes_elsewhere_do_not_keep_a_placeholder_from_being_read() -> None:
    spec = world(counter("x", start="${V}", increment="one"), gap={"type": "constant", "value": "${V}"}, zzz=1)
    lines = refused(spec, environment={"V": "5"}).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["emitters[0].dimensions[0].increment", "zzz"]


# Parameters


SPEC = world(
    enum("colour", "${colour}"),
    gap={"type": "constant", "value": "${gap}"},
    parameters={"gap": 5, "colour": "red", "often": True, "_why": ["no parameter"]},
)


@pytest.mark.parametrize(
    ("options", "colour", "second"),
    [
        ([], "red", 5),
        (["--set", "gap=2"], "red", 2),
        (["--set", "gap=2.5", "--set=colour=blue=green"], "blue=green", 2.5),
        (["--set", "colour="], "", 5),
        (["--set", "colour=7"], "7", 5),
        (["--set", "gap=1", "--set", "gap=3"], "red", 3),
        (["--set", "often=false"], "red", 5),
    ],
    ids=str,
)
def test_set_replaces_defaults(generate, options: list[str], colour: str, second: float) -> None:
    records = generate(SPEC, "-n", 2, *options).records
    assert records[1] == {"time": f"2024-01-01T00:00:0{second:.3f}"[:23], "colour": colour}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gap=fast", 'parameters.gap: is set to "fast", but must be a number, as its default is'),
        ("gap=true", "parameters.gap: is set to"),
        ("gap=", "parameters.gap: is set to"),
        ("gap=NaN", "parameters.gap: is set to"),
        ("often=1", 'parameters.often: is set to "1", but must be true or false, as its default is'),
        ("gapp=1", 'parameters: there is no parameter "gapp" to set; did you mean "gap"?'),
        ("HOME=1", 'there is no parameter "HOME" to set; known: colour, gap, often'),
        ("_why=1", 'there is no parameter "_why" to set'),
        ("gap", "--set gap: must be NAME=VALUE"),
    ],
)
def test_what_can_not_be_set_is_told(generate, text: str, message: str) -> None:
    outcome = generate(SPEC, "-n", 1, "--set", text)
    assert (outcome.code, message in outcome.err) == (2, True), outcome.err
    assert text == "gap" or "spec.json:1:" in outcome.err


@pytest.mark.parametrize(
    "given", [{"gap": True}, {"gap": None}, {"colour": 5}, {"often": "yes"}, {"gap": [1]}], ids=str
)
def test_python_gives_parameters_in_the_type_of_their_defaults(given: dict) -> None:
    assert "as its default is" in refused(SPEC, parameters=given)
    loaded = datagen.load(SPEC, parameters={"gap": 0.5, "colour": "blue", "often": False})
    assert [record["colour"] for record in datagen.records(loaded, start=START, records=1)] == ["blue"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (5, "parameters: must be an object of names and defaults, found 5"),
        ({"a": None}, "parameters.a: must be a text, a number, true or false, found null"),
        ({"a": [1]}, "parameters.a: must be a text, a number, true or false, found [1]"),
        ({"a b": 1}, '"a b" is no name for a parameter'),
        ({"1": 1}, '"1" is no name for a parameter'),
        ({"a": "${NO_SUCH}"}, 'parameters.a: "${NO_SUCH}" needs an environment'),
    ],
    ids=str,
)
def test_what_is_wrong_with_parameters_is_told(parameters: object, message: str) -> None:
    assert message in refused(world(parameters=parameters))


def test_a_parameter_is_never_looked_up_in_the_environment() -> None:
    assert first_of(SPEC, environment={"colour": "green", "gap": "1"})["colour"] == "red"


def test_a_default_may_come_from_the_environment_and_is_then_hidden() -> None:
    spec = world(enum("x", "${word}")) | {"parameters": {"word": "${WORD:-none}"}}
    assert [first_of(spec, environment=given)["x"] for given in ({}, {"WORD": "sesame"})] == ["none", "sesame"]
    assert "sesame" not in refused(spec | {"interarrival": "${word}"}, environment={"WORD": "sesame"})


def test_an_unknown_name_near_a_parameter_is_suggested() -> None:
    spec = world(enum("x", "${colur}")) | {"parameters": {"colour": "red"}}
    assert 'there is no parameter "colur"; did you mean "colour"?' in refused(spec, environment={})


def test_a_parameter_that_nothing_reads_is_warned_about() -> None:
    warnings = datagen.load(SPEC, environment={}).warnings
    assert [str(warning) for warning in warnings] == ["spec: parameters.often: is read nowhere"]


def test_a_loaded_spec_takes_no_parameters_any_more() -> None:
    with pytest.raises(datagen.InvalidInput, match=r"pass them to datagen\.load"):
        datagen.run(datagen.load(SPEC), parameters={"gap": 1}, start=START, records=1)


def test_only_the_text_of_the_spec_is_filled_and_no_file_that_it_names(generate, tmp_path) -> None:
    (tmp_path / "line.txt").write_text("${gap} {{colour}}")
    assert generate(SPEC, "-n", 1, "-f", tmp_path / "line.txt").out == "${gap} red\n"


def test_the_identity_of_a_run_is_that_of_the_spec_with_its_values(generate, tmp_path) -> None:
    plain = {key: value for key, value in SPEC.items() if key != "parameters"}
    written = json.loads(json.dumps(plain).replace('"${gap}"', "2").replace("${colour}", "red"))
    target = {"type": "file", "path": str(tmp_path / "out.json")}
    options = ["-n", 5, "--state", tmp_path / "state"]
    generate(SPEC | {"target": target}, *options, "--set", "gap=2")
    assert "nothing was left to do" in generate(written | {"target": target}, *options).err
    changed = generate(SPEC | {"target": target}, *options, "--set", "gap=3")
    assert (changed.code, "another" in changed.err) == (2, True), changed.err


def test_the_other_commands_take_parameters_too(command, tmp_path) -> None:
    spec = world(counter("n", start="${from}"), states=[state("s")]) | {"parameters": {"from": 1, "to": 9}}
    spec["emitters"][0]["dimensions"] += [integer("i", uniform("${from}", "${to}"))]
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    assert "n" in command("types", tmp_path / "spec.json", "--set", "from=5").out
    assert command("check", tmp_path / "spec.json", "--set", "from=5").code == 0
    assert '"min" (10) must not be above' in (bad := command("check", tmp_path / "spec.json", "--set", "from=10")).err
    assert bad.code == 2


def test_a_variable_may_be_named_by_a_parameter() -> None:
    states = [state("s", variables=[enum("${name}", "x")])]
    assert first_of(world(read("${name}"), states=states) | {"parameters": {"name": "v"}})["v"] == "x"
