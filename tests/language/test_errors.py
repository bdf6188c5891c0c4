"""Mistakes: every problem of a spec at once, each with its place and what was expected; never a traceback."""

import copy
import json
import re

import pytest

import datagen
from tests.worlds import START, constant, enum, integer, read, records_of, state, uniform, world

# A spec with everything in it that tests below break.
WHOLE = {
    "$schema": "generator.json",
    "_comment": {"any": ["thing"]},
    "states": [
        {
            "name": "first",
            "emitter": "click",
            "variables": [{"name": "v", "type": "int", "distribution": uniform(0, 9)}, read("v", name="w")],
            "delay": {"type": "exponential", "mean": 2, "_why": "slow"},
            "transitions": [{"next": "second", "probability": 0.4, "_": 0}, {"next": "stop", "probability": 0.6}],
        },
        {
            "name": "second",
            "delay": {"type": "normal", "mean": 9, "stddev": 2},
            "transitions": [{"next": "first", "probability": 1}],
        },
    ],
    "emitters": [
        {
            "name": "click",
            "dimensions": [
                {"name": "e", "type": "enum", "values": ["a", 1, None], "cardinality_distribution": constant(1)},
                {
                    "name": "i",
                    "type": "int",
                    "distribution": uniform(1, 9),
                    "cardinality": 3,
                    "cardinality_distribution": uniform(0, 2),
                },
                {
                    "name": "f",
                    "type": "float",
                    "distribution": {"type": "normal", "mean": 0, "stddev": 1},
                    "precision": 2,
                },
                {"name": "s", "type": "string", "length_distribution": constant(2), "chars": "ab", "percent_nulls": 5},
                {
                    "name": "t",
                    "type": "timestamp",
                    "distribution": uniform("2020-01-01", "2021-01-01"),
                    "percent_missing": 5,
                },
                {"name": "p", "type": "ipaddress", "distribution": uniform(0, 255)},
                {"name": "c", "type": "counter", "start": 1, "increment": 2},
                {"name": "o", "type": "object", "dimensions": [{"name": "x", "type": "variable", "variable": "v"}]},
                {
                    "name": "l",
                    "type": "list",
                    "elements": [enum("x", 1), enum("y", 2)],
                    "length_distribution": constant(2),
                    "selection_distribution": uniform(0, 1),
                },
            ],
        }
    ],
    "interarrival": {"type": "exponential", "mean": 0.5},
    "target": {"type": "stdout"},
}
DIMENSION = "emitters[0].dimensions"


def changed(path: str, value: object) -> dict:
    """The whole spec with another value at a path, or without it where the value is ``...``."""
    spec = copy.deepcopy(WHOLE)
    *outer, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    place = spec
    for part in outer:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return spec


def assert_refused(outcome, *parts: str) -> None:
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(part in outcome.err for part in parts), outcome.err
    assert "Traceback" not in outcome.err
    assert re.fullmatch(r"\d+ problems? found; nothing was generated", outcome.err.splitlines()[-1])


def test_the_whole_spec_is_valid() -> None:
    assert [warning.path for warning in datagen.load(WHOLE).warnings] == [f"{DIMENSION}[0].cardinality_distribution"]
    assert len(records_of(WHOLE, 20)) == 20


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        # What other tools call it
        ("emitters[0].fields", [], '"fields"; here it is "dimensions"'),
        ("states[0].throttleMs", 5, '"throttleMs"; here it is "delay", a distribution of seconds'),
        ("throttle_ms", 5, '"throttle_ms"; here it is "interarrival", a distribution of the seconds from one worker'),
        (f"{DIMENSION}[0].throttleMs", 5, "the seconds between records are the "),
        (f"{DIMENSION}[0].oneOf", ["a"], '"oneOf"; here it is "values"'),
        (f"{DIMENSION}[2].distribution.sd", 5, '"sd"; here it is "stddev"'),
        (f"{DIMENSION}[2].nullRate", 0.1, '"nullRate"; here it is "percent_nulls", which is a share of 100'),
        (f"{DIMENSION}[2].options", [], '"options"; known: '),
        # What is required
        ("states", ..., '"states" is required'),
        ("emitters", ..., '"emitters" is required'),
        ("interarrival", ..., '"interarrival" is required'),
        ("states", [], "states: "),
        ("states[0].name", ..., 'states[0].name: "name" is required'),
        ("states[0].transitions", [], "states[0].transitions: "),
        ("states[0].transitions[0].next", ..., 'states[0].transitions[0].next: "next" is required'),
        ("states[0].transitions[0].probability", ..., '.probability: "probability" is required'),
        ("emitters[0].name", ..., 'emitters[0].name: "name" is required'),
        ("emitters[0].dimensions", ..., 'emitters[0].dimensions: "dimensions" is required'),
        *((f"{DIMENSION}[{n}].name", ..., f'{DIMENSION}[{n}].name: "name" is required') for n in range(9)),
        *((f"{DIMENSION}[{n}].type", ..., f'{DIMENSION}[{n}]: "type" is required') for n in range(9)),
        *((f"{DIMENSION}[{n}].distribution", ..., '"distribution" is required') for n in (1, 2, 4, 5)),
        *((f"{DIMENSION}[{n}].length_distribution", ..., '"length_distribution" is required') for n in (3, 8)),
        (f"{DIMENSION}[0].values", ..., '"values" is required'),
        (f"{DIMENSION}[1].cardinality_distribution", ..., '"cardinality_distribution" is required with a'),
        (f"{DIMENSION}[7].dimensions", ..., '"dimensions" is required'),
        (f"{DIMENSION}[8].elements", ..., '"elements" is required'),
        (f"{DIMENSION}[7].dimensions[0].variable", ..., '"variable" is required'),
        ("states[0].delay.mean", ..., 'states[0].delay.mean: "mean" is required'),
        ("states[0].delay.type", ..., 'states[0].delay: "type" is required'),
        ("interarrival", {"type": "constant"}, 'interarrival.value: "value" is required'),
        ("interarrival", {"type": "uniform", "min": 1}, 'interarrival.max: "max" is required'),
        ("interarrival", {"type": "uniform", "max": 1}, 'interarrival.min: "min" is required'),
        ("interarrival", {"type": "normal", "mean": 1}, 'interarrival.stddev: "stddev" is required'),
        ("interarrival", {"type": "normal", "stddev": 1}, 'interarrival.mean: "mean" is required'),
        # Unknown names, and the nearest known one
        ("stats", [], 'stats: unknown key "stats"; did you mean "states"?'),
        ("interarival", {}, 'unknown key "interarival"; did you mean "interarrival"?'),
        ("zzz", 1, 'unknown key "zzz"; known: arrivals, define, emitters'),
        ("states[0].emiter", "x", 'states[0].emiter: unknown key "emiter"; did you mean "emitter"?'),
        ("states[0].transitions[0].probabilty", 1, 'unknown key "probabilty"; did you mean "probability"?'),
        ("states[0].transitions[0].zzz", 1, 'unknown key "zzz"; known: next, probability'),
        ("emitters[0].dimension", [], 'unknown key "dimension"; did you mean "dimensions"?'),
        (f"{DIMENSION}[1].distributon", {}, 'unknown key "distributon"; did you mean "distribution"?'),
        (f"{DIMENSION}[2].Precision", 1, 'unknown key "Precision"; did you mean "precision"?'),
        (f"{DIMENSION}[7].dimensions[0].varable", 1, 'unknown key "varable"; did you mean "variable"?'),
        (f"{DIMENSION}[8].elements[0].vales", 1, 'unknown key "vales"; did you mean "values"?'),
        ("states[0].delay.maen", 1, 'states[0].delay.maen: unknown key "maen"; did you mean "mean"?'),
        ("states[0].variables[0].percent_null", 1, 'did you mean "percent_nulls"?'),
        ("target.typ", 1, 'target.typ: unknown key "typ"; did you mean "type"?'),
        (f"{DIMENSION}[1].type", "integer", 'unknown dimension type "integer"'),
        (f"{DIMENSION}[3].type", "strng", 'unknown dimension type "strng"; did you mean "string"?'),
        ("states[0].delay.type", "exponental", 'unknown distribution type "exponental"; did you mean "exponential"?'),
        ("interarrival.type", "zzz", "known: beta, binomial, constant, "),
        ("target.type", "kafkka", 'unknown target type "kafkka"'),
        ("states[0].emitter", "clik", 'states[0].emitter: unknown emitter "clik"; did you mean "click"?'),
        ("states[0].emitter", "Click", 'unknown emitter "Click"; did you mean "click"?'),
        ("states[0].transitions[0].next", "secnd", '.next: unknown state "secnd"; did you mean "second"?'),
        ("states[0].transitions[1].next", "stopp", 'unknown state "stopp"; did you mean "stop"?'),
        (f"{DIMENSION}[7].dimensions[0].variable", "vv", 'variable "vv" is set in no state; did you mean "v"?'),
        ("states[0].variables[1].variable", "u", 'states[0].variables[1].variable: variable "u" is set in no state'),
        # Names are unique
        ("states[1].name", "first", 'states[1].name: the name "first" is taken already'),
        ("states[0].variables[1].name", "v", 'states[0].variables[1].name: the name "v" is taken already'),
        (f"{DIMENSION}[1].name", "e", f'{DIMENSION}[1].name: the name "e" is taken already'),
        (f"{DIMENSION}[7].dimensions", [enum("x", 1), enum("x", 2)], "dimensions[1].name: the name"),
        (f"{DIMENSION}[8].elements[1].name", "x", 'elements[1].name: the name "x" is taken already'),
        ("emitters", [WHOLE["emitters"][0]] * 2, 'emitters[1].name: the name "click" is taken already'),
        *(("states[1].name", stop, f'a state must not be called "{stop}"') for stop in ("stop", "STOP", "Stop")),
        # Numbers out of bounds
        ("states[0].transitions[0].probability", 0, "must be greater than 0, found 0"),
        ("states[0].transitions[0].probability", -0.4, "must be greater than 0, found -0.4"),
        ("states[1].transitions[0].probability", 1.005, "must be less than or equal to 1"),
        ("states[0].transitions[0].probability", 0.3, "probabilities must sum to 1, found 0.9"),
        ("states[0].transitions[0].probability", 0.5, "probabilities must sum to 1, found 1.1"),
        ("states[1].transitions[0].probability", 0.98, "probabilities must sum to 1, found 0.98"),
        (f"{DIMENSION}[1].distribution", uniform(9, 2), 'distribution: "min" (9) must not be above "max" (2)'),
        ("interarrival", uniform(0.2, 0.1), 'interarrival: "min" (0.2) must not be above "max" (0.1)'),
        ("interarrival.mean", 0, "interarrival.mean: must be greater than 0, found 0"),
        ("interarrival.mean", -1, "interarrival.mean: must be greater than 0, found -1"),
        ("states[1].delay.stddev", -1, "states[1].delay.stddev: must be greater than or equal to 0"),
        (f"{DIMENSION}[4].distribution", uniform("2021-01-01", "2020-01-01"), '"min"'),
        (f"{DIMENSION}[4].distribution.min", "yesterday", '"yesterday" is not a dimension above, a variable or time'),
        (f"{DIMENSION}[4].distribution.min", "last night", 'time such as 2001-12-20T13:13:12, found "last night", or'),
        (f"{DIMENSION}[4].distribution.min", 0, "must be an ISO 8601 time"),
        *((f"{DIMENSION}[{n}].percent_missing", 101, "must be less than or equal to 100, found 101") for n in range(9)),
        *((f"{DIMENSION}[{n}].percent_nulls", -0.1, "must be greater than or equal to 0, found -0") for n in range(9)),
        (f"{DIMENSION}[1].cardinality", -1, "must be greater than or equal to 0, found -1"),
        (f"{DIMENSION}[1].cardinality", 2.5, "cardinality: must be a valid integer, found 2.5"),
        (f"{DIMENSION}[2].precision", -1, "must be greater than or equal to 0, found -1"),
        (f"{DIMENSION}[0].values", [], f"{DIMENSION}[0].values: "),
        (f"{DIMENSION}[3].chars", "", f"{DIMENSION}[3].chars: "),
        (f"{DIMENSION}[8].elements", [], f"{DIMENSION}[8].elements: "),
        (f"{DIMENSION}[1].distribution", uniform(0.2, 0.8), "there is no whole number between"),
        (f"{DIMENSION}[1].distribution", uniform(0, 2**64), "must fit into 64 bits"),
        (f"{DIMENSION}[1].cardinality", 10, "could make only 9 different values for a cardinality of 10"),
        # Wrong types
        ("states", {}, "states: "),
        ("states[0]", "first", "states[0]: "),
        ("states[0].name", 5, "states[0].name: must be a valid string, found 5"),
        ("states[0].name", "", "states[0].name: "),
        ("states[0].emitter", 5, "states[0].emitter: must be a valid string, found 5"),
        ("states[0].transitions[0].probability", ["0.4"], 'found ["0.4"]'),
        ("states[0].transitions[0].probability", True, "found true"),
        ("states[0].delay", 5, 'states[0].delay: must be an object such as {"type": "constant", "value": 5}, found 5'),
        ("states[0].delay.mean", [2], "states[0].delay.mean: must be a valid number, found [2]"),
        ("interarrival.mean", "2", 'interarrival.mean: must be a valid number, found "2"'),
        ("interarrival", 1, 'interarrival: must be an object such as {"type": "constant", "value": 1}, found 1'),
        ("interarrival", None, "interarrival: must be an object with a type, found null"),
        (f"{DIMENSION}[0]", "e", "must be an object with a type"),
        (f"{DIMENSION}[0].values", "abc", "found"),
        (f"{DIMENSION}[3].chars", ["a"], "must be a valid string"),
        (f"{DIMENSION}[6].start", 0.5, "must be a valid integer"),
        (f"{DIMENSION}[6].increment", "1", "must be a valid integer"),
        ("target", "stdout", 'target: must be an object such as {"type": "stdout"}, found "stdout"'),
        # The clock
        ("states", [state("a", "b", "click"), state("b", "a", "click")], "the clock can never move on"),
        ("states", [state("a", "a", "click", delay=constant(0))], "states[0]: a worker can come back to this state"),
        ("states", [state("a", {"a": 0.1, "stop": 0.9}, "click", delay=constant(-1))], "the clock can never move on"),
        ("states", [state("a", "b", "click", delay=constant(1)), state("b", "c"), state("c", "b")], "never move on"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_path_and_what_was_expected(
    generate, path: str, value: object, message: str
) -> None:
    outcome = generate(changed(path, value), "-n", 1)
    assert_refused(outcome, message)
    assert all(re.match(r".*spec\.json:\d+:\d+: ", line) for line in outcome.err.splitlines()[:-1])


@pytest.mark.parametrize(
    "text",
    [
        '{"states": [{"name": "a", "transitions": [{"next": ⟦"b", "probability": 1}]}], "emitters": []}',
        '{\n  "states": [],\n  "emitters": [],\n  ⟦"interarival": 5}',
        '{\n\t"states": ⟦[],\n "emitters": []}',
        '{"a": 1, "b": {"c": [1, 2, {"d": ⟦}]}}',
        '{"states": [1, 2\n⟦"x"]}',
        '{"states": [],\r\n "ä😀": {}, ⟦"statess": {}}',
        "[1,\n 2,⟦,3]",
        "⟦nope",
        '{"states": []} ⟦{}',
        '{"interarrival": {"type": "uniform", "min": ⟦"1", "max": 2}}',
        '{"interarrival": ⟦{"type": "uniform", "min": 3, "max": 2}}',
        '{"interarrival": {"type": ⟦"unform", "min": 3, "max": 2}}',
        '{"emitters": [{"dimensions": [\n {"type": "int",\n  "distribution": {"type": "normal", "stddev": ⟦-1}}]}]}',
        '{"emitters": [{"name": "e\\"\\u00e4[", "dimensions": []}, {"name": ⟦5, "dimensions": []}]}',
    ],
)  # fmt: skip
def test_a_mistake_has_its_line_and_column(generate, text: str) -> None:
    before = text.partition("⟦")[0]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    outcome = generate(text.replace("⟦", ""), "-n", 1)
    assert_refused(outcome, f"spec.json:{line}:{column}: ")


def test_five_mistakes_are_reported_at_once_in_their_order(generate) -> None:
    spec = changed("states[0].transitions[0].probability", 0.3)
    spec["states"][0]["emitter"] = "clik"
    spec["emitters"][0]["dimensions"][1]["distribution"] = uniform(9, 2)
    spec["emitters"][0]["dimensions"][3]["charz"] = "x"
    spec["interarrival"]["mean"] = "fast"
    outcome = generate(json.dumps(spec, indent=2), "-n", 1)
    assert_refused(outcome, "5 problems found")
    expected = [
        'unknown emitter "clik"',
        "must sum to 1, found 0.9",
        '"min" (9)',
        'unknown key "charz"',
        'found "fast"',
    ]
    assert [message in line for message, line in zip(expected, outcome.err.splitlines(), strict=False)] == [True] * 5
    places = [int(re.search(r"spec\.json:(\d+):", line)[1]) for line in outcome.err.splitlines()[:5]]
    assert places == sorted(places)


def test_a_broken_part_hides_no_mistake_in_another_part() -> None:
    spec = changed("states[0].transitions[0].next", "nowhere")
    spec["emitters"][0]["dimensions"] = [{"type": "nosuch"}, read("unset"), integer("i", uniform(0, 1), cardinality=9)]
    spec["interarrival"] = {}
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(spec)
    expected = ["nowhere", "nosuch", "unset", "cardinality_distribution", '"type" is required']
    assert [part in str(caught.value) for part in expected] == [True] * 5
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("text", ["{", "nope", '{"a": }', "{'a': 1}", '{"a": 1,}', "[", '"', '{"a" 1}', "// x", "{}{}"])
@pytest.mark.parametrize("prefix", ["", "\n\n  "])
def test_what_is_not_json_is_refused(generate, text: str, prefix: str) -> None:
    assert_refused(generate(prefix + text, "-n", 1), "is not JSON: ", "spec.json:")


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_an_empty_file_is_refused_as_such(generate, text: str) -> None:
    assert_refused(generate(text, "-n", 1), "spec.json: is empty; JSON is expected")


@pytest.mark.parametrize("text", ["[]", "5", '"x"', "null", "true", "[{}]"])
def test_json_that_is_no_object_is_refused(generate, text: str) -> None:
    assert_refused(generate(text, "-n", 1), "spec.json:1:1: must be ", f"found {text}")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400, "1" * 5000])
def test_a_number_that_is_none_is_refused(generate, number: str) -> None:
    text = json.dumps(changed("interarrival.mean", "HERE")).replace('"HERE"', number)
    assert_refused(generate(text, "-n", 1), "spec.json")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"_": "\\ud800"}', "surrogate"),
        ('{"states": 1, "states": 2}', "this key stands twice"),
        ('{"emitters": [{"name": "a", "name": "b"}]}', "this key stands twice"),
    ],
)
def test_unusable_json_is_refused(generate, text: str, part: str) -> None:
    assert_refused(generate(text, "-n", 1), part)


def test_a_deeply_nested_comment_is_no_mistake(generate) -> None:
    text = json.dumps(WHOLE).replace('{"any": ["thing"]}', "[" * 200 + "]" * 200)
    assert generate(text, "-n", 1).code == 0


def test_a_spec_that_is_not_utf_8_is_refused(command, tmp_path) -> None:
    (tmp_path / "spec.json").write_bytes(json.dumps(WHOLE).encode("utf-16"))
    assert_refused(command("-c", tmp_path / "spec.json", "-s", START, "-n", 1), "spec.json: is not UTF-8")


@pytest.mark.parametrize("key", ["_x", "$schema", "_", "__type"])
def test_comments_are_allowed_in_every_object(key: str) -> None:
    def commented(part: object, outer: str = "") -> object:
        if isinstance(part, list):
            return part if outer == "values" else [commented(member) for member in part]
        if isinstance(part, dict):
            return {name: commented(member, name) for name, member in part.items()} | {key: ["a", {"comment": 1}]}
        return part

    assert records_of(commented(WHOLE), 20) == records_of(WHOLE, 20)


@pytest.mark.parametrize("kind", ["Stdout", "STDOUT"])
def test_types_are_matched_without_regard_to_case(kind: str) -> None:
    def shouted(part: object) -> object:
        if isinstance(part, list):
            return [shouted(member) for member in part]
        if isinstance(part, dict):
            return {key: value.upper() if key == "type" else shouted(value) for key, value in part.items()}
        return part

    assert records_of(shouted(WHOLE) | {"target": {"type": kind}}, 20) == records_of(WHOLE, 20)


@pytest.mark.parametrize(
    ("states", "part"),
    [
        ([state("a"), state("b")], 'states[1]: state "b" can\'t be reached'),
        ([state("a"), state("b", "c"), state("c", "b", delay=constant(1))], 'states[2]: state "c" can\'t be reached'),
    ],
)
def test_a_state_that_cannot_be_reached_is_warned_about(generate, states: list[dict], part: str) -> None:
    outcome = generate(world(states=states), "-n", 1)
    assert (outcome.code, len(outcome.records)) == (0, 1)
    assert re.search(rf"warning: .*spec\.json:1:\d+: {re.escape(part)}", outcome.err)


def test_a_cycle_whose_delays_are_sometimes_0_is_no_mistake() -> None:
    states = [state("a", "b", delay=uniform(-1, 1)), state("b", "a")]
    assert len(records_of(world(states=states), 10)) == 10


def test_a_cycle_that_cannot_be_reached_is_refused_too(generate) -> None:
    spec = world(states=[state("a"), state("b", "b")])
    assert_refused(generate(spec, "-n", 1), "the clock can never move on")


def test_a_run_whose_clock_never_moves_on_needs_a_number_of_records(generate) -> None:
    spec = world(gap=0)
    assert len(generate(spec, "-n", 10).records) == 10
    assert_refused(generate(spec, "-r", "1S"), "the clock can never move on")
    assert_refused(generate(spec), "the clock can never move on")


JUNK = [
    None,
    True,
    -1,
    0,
    1e18,
    10**30,
    0.5,
    "",
    "x",
    "stop",
    [],
    {},
    [[]],
    {"type": "constant", "value": 1},
    ["x", None],
]


def places(part: object, path: str = "") -> list[str]:
    """The paths of all that is inside a part of a spec."""
    members = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else []
    found = []
    for key, value in members:
        inner = f"{path}[{key}]" if isinstance(part, list) else f"{path}.{key}".removeprefix(".")
        found += [inner, *places(value, inner)]
    return found


@pytest.mark.parametrize("path", places(WHOLE))
def test_whatever_stands_in_a_place_it_runs_or_is_refused(path: str) -> None:
    for value in [*JUNK, ...]:
        try:
            assert 0 < len(records_of(changed(path, value), 5)) <= 5  # fewer where nobody comes before the end of time
        except datagen.InvalidInput:
            pass
        except datagen.RunFailed as error:
            assert str(error).startswith("walking on: the clock would run past")  # noqa: PT017


@pytest.mark.parametrize("probability", ["1" + "0" * 400, "-" + "9" * 400, "1e300"])
def test_a_probability_beyond_all_floats_is_refused(generate, probability: str) -> None:
    spec = json.dumps(changed("states[0].transitions[0].probability", 0.123456)).replace("0.123456", probability)
    outcome = generate(spec, "-n", 1)
    assert outcome.code == 2
    assert "probability" in outcome.err


def test_a_name_of_very_many_keys_is_unknown(generate) -> None:
    where = "a." * 5_000 + "a = 1"
    outcome = generate(changed("target", {"type": "stdout", "through": [{"type": "filter", "where": where}]}), "-n", 1)
    assert outcome.code == 2
    assert "Recursion" not in outcome.err
