"""Specs of several files, and of definitions that they use: what comes out, and where mistakes are told."""

import json
from pathlib import Path

import pytest

import datagen
from datagen.language import composition
from tests.worlds import START, constant, counter, enum, exponential, state, world

SLOW, FAST = constant(60), constant(1)


def write(folder: Path, **files: object) -> Path:
    """Write files, by names without endings; a text as it is, anything else as JSON. Return the spec."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text)
    return folder / "spec.json"


def lines_of(path: Path, **options: object) -> list[str]:
    """Return what is wrong with a spec, without the folder in front."""
    with pytest.raises(datagen.InvalidInput) as refused:
        datagen.load(path, **options)
    return [str(problem).replace(f"{path.parent}/", "") for problem in refused.value.problems]


def records(spec: object, count: int = 20) -> list[dict]:
    return list(datagen.records(datagen.load(spec), start=START, records=count, seed=1))


# Definitions


USES = {
    "one": ({"slow": SLOW}, {"uses": "slow"}, SLOW),
    "own keys win": ({"slow": SLOW}, {"uses": "slow", "value": 2}, constant(2)),
    "a chain": ({"slow": {"uses": "base", "value": 60}, "base": FAST}, {"uses": "slow"}, SLOW),
    "the nearer wins": (
        {"a": {"uses": "b", "value": 3}, "b": {"uses": "c", "value": 4}, "c": FAST},
        {"uses": "a"},
        constant(3),
    ),
    "another kind": ({"kind": {"type": "exponential"}}, {"uses": "kind", "mean": 3}, exponential(3)),
    "without its comments": ({"slow": SLOW | {"_why": 1, "$schema": "x"}}, {"uses": "slow"}, SLOW),
    "named uses": ({"uses": SLOW}, {"uses": "uses"}, SLOW),
}  # fmt: skip


@pytest.mark.parametrize("case", USES)
def test_an_object_takes_over_the_keys_of_a_definition(case: str) -> None:
    definitions, used, same = USES[case]
    made = datagen.load(world(counter("n"), gap=used) | {"define": definitions})
    plain = datagen.load(world(counter("n"), gap=same))
    assert made.document.data == plain.document.data
    assert made.spec == plain.spec


def test_definitions_are_used_inside_of_one_another_and_in_targets() -> None:
    define = {
        "five": constant(5),
        "number": {"type": "int", "distribution": {"uses": "five"}},
        "pair": {"type": "object", "dimensions": [{"uses": "number", "name": "a"}, {"uses": "number", "name": "b"}]},
        "out": {"type": "file", "path": "out.json"},
    }
    spec = world({"uses": "pair", "name": "p"}) | {"define": define, "target": {"uses": "out", "append": True}}
    assert records(spec, 1)[0]["p"] == {"a": 5, "b": 5}
    assert datagen.load(spec).spec.target[0].append


def test_draws_are_keyed_by_where_a_definition_is_used() -> None:
    die = {"type": "int", "distribution": {"type": "uniform", "min": 1, "max": 6}}
    used = world({"uses": "die", "name": "a"}, {"uses": "die", "name": "b"}) | {"define": {"die": die}}
    assert records(used) == records(world(die | {"name": "a"}, die | {"name": "b"}))
    assert [record["a"] for record in records(used)] != [record["b"] for record in records(used)]


def test_uses_is_a_key_like_any_other_where_data_stands() -> None:
    assert records(world(enum("x", {"uses": "nothing"})), 1)[0]["x"] == {"uses": "nothing"}


def test_a_definition_may_be_chosen_by_a_parameter() -> None:
    spec = world(gap={"uses": "${pace}"}) | {"define": {"slow": SLOW, "fast": FAST}, "parameters": {"pace": "slow"}}
    paces = [datagen.load(spec, parameters=given).spec.interarrival.value for given in ({}, {"pace": "fast"})]
    assert paces == [60, 1]


@pytest.mark.parametrize(
    ("define", "used", "lines"),
    [
        ({"slow": SLOW}, "slwo", ['interarrival.uses: unknown definition "slwo"; did you mean "slow"?']),
        ({}, "slow", ['interarrival.uses: unknown definition "slow"; there is none']),
        ({"a": {"uses": "a"}}, "a", ["define.a.uses: definitions use one another: a → a"]),
        ({"a": {"uses": "b"}, "b": {"uses": "a"}}, "a", ["define.b.uses: definitions use one another: a → b → a"]),
        ({"a": {"uses": "b"}}, "a", ['define.a.uses: unknown definition "b"; known: a']),
        ({"a": {"type": "normal", "mean": 1, "stddev": {"uses": "a"}}}, "a", ["define.a.stddev.uses: definitions use"]),
        ({"a": SLOW}, 5, ["interarrival.uses: must be the name of a definition, found 5"]),
        ({"a": SLOW, "b": 5}, "a", ["define.b: must be an object, found 5"]),
        ([SLOW], "a", ["define: must be an object of names and objects", "interarrival.uses: unknown definition"]),
        ({"a": SLOW | {"value": -1, "valu": 1}}, "a", ["define.a.valu: unknown key"]),
        ({"a": {"type": "exponential", "mean": -1}}, "a", ["define.a.mean: must be greater than 0, found -1"]),
        ({"a": {"type": "exponential"}}, "a", ['interarrival.mean: "mean" is required']),
        ({"a": {"type": "exponental"}}, "a", ['define.a.type: unknown distribution type "exponental"']),
    ],
    ids=str,
)
def test_a_mistake_in_a_definition_is_told_where_it_stands(define: object, used: object, lines: list[str]) -> None:
    with pytest.raises(datagen.InvalidInput) as refused:
        datagen.load(world(gap={"uses": used}) | {"define": define})
    found = str(refused.value).splitlines()
    assert len([line for line in found if "stddev: must be" not in line]) == len(lines)
    assert all(any(line.startswith(f"spec: {part}") for line in found) for part in lines), found


def test_a_mistake_in_a_definition_has_its_line_and_column_once(tmp_path) -> None:
    text = (
        '{"define": {\n  "number": {"type": "int",\n    "distribution": {"type": "exponential", "mean": 0}}},\n'
        ' "states": [{"name": "s", "emitter": "e", "transitions": [{"next": "stop", "probability": 1}]}],\n'
        ' "emitters": [{"name": "e", "dimensions": [{"uses": "number", "name": "a"},\n   {"uses": "number"}]}],\n'
        ' "interarrival": {"type": "constant", "value": 1}}'
    )
    assert lines_of(write(tmp_path, spec=text)) == [
        "spec.json:3:53: define.number.distribution.mean: must be greater than 0, found 0",
        'spec.json:6:4: emitters[0].dimensions[1].name: "name" is required',
    ]


def test_definitions_that_grow_without_bound_are_refused(monkeypatch) -> None:
    assert composition._MOST == 1_000_000
    monkeypatch.setattr(composition, "_MOST", 10_000)  # a hundredth of the time
    define = {f"d{n}": {key: {"uses": f"d{n + 1}"} for key in "abcdefghij"} for n in range(20)} | {"d20": SLOW}
    with pytest.raises(datagen.InvalidInput, match="definitions stand for more than 10,000 values"):
        datagen.load(world(gap={"uses": "d0"}) | {"define": define})


def test_a_definition_that_nothing_uses_is_warned_about() -> None:
    warnings = datagen.load(world() | {"define": {"slow": SLOW, "_note": "x"}}).warnings
    assert [str(warning) for warning in warnings] == ["spec: define.slow: is used nowhere"]


# Files


def test_what_is_included_stands_behind_the_specs_own(tmp_path) -> None:
    (tmp_path / "lib").mkdir()
    write(tmp_path / "lib", deep={"emitters": [{"name": "deep", "dimensions": [counter("n")]}]})
    more = {
        "$schema": "x",
        "include": ["lib/deep.json"],
        "states": [state("t", "stop", "deep")],
        "define": {"slow": SLOW},
    }
    more["emitters"] = [{"name": "more", "dimensions": []}]
    own = world(counter("n"), states=[state("s", "t")], gap={"uses": "slow"}, include=["more.json"])
    whole = world(counter("n"), states=[state("s", "t"), state("t", "stop", "deep")], gap=SLOW)
    whole["emitters"] += [{"name": "more", "dimensions": []}, {"name": "deep", "dimensions": [counter("n")]}]
    path = write(tmp_path, spec=own, more=more)
    assert datagen.load(path).document.data == whole
    assert records(path) == records(whole)


def test_a_spec_may_have_all_its_states_from_files(tmp_path) -> None:
    spec = world(counter("n"))
    parts = {key: {key: spec.pop(key)} for key in ("states", "emitters")}
    assert len(records(write(tmp_path, spec=spec | {"include": ["states.json", "emitters.json"]}, **parts), 5)) == 5


def test_files_in_other_syntaxes_and_one_that_two_include_are_read_once(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text("include: [shared.jsonc]\n")
    (tmp_path / "b.yml").write_text("include: [shared.jsonc]\ndefine: {slow: {uses: fast, value: 9}}\n")
    (tmp_path / "shared.jsonc").write_text('{"define": {"fast": {"type": "constant", "value": 1}}} // fast')
    path = write(tmp_path, spec=world(gap={"uses": "slow"}, include=["a.yaml", "b.yml"]))
    loaded = datagen.load(path)
    assert loaded.spec.interarrival.value == 9
    assert [Path(file).name for file in loaded.files] == ["a.yaml", "shared.jsonc", "b.yml"]


def test_profiles_and_incidents_may_come_from_files_and_use_definitions(tmp_path) -> None:
    define = {"office": {"type": "between", "from": "09:00", "until": "17:30", "factor": 2}}
    profiles = {"uses": {"uses": "office"}, "_note": {"uses": "nothing"}}
    incidents = {"outage": {"from": "2024-01-01T01:00:00", "until": "2024-01-01T02:00:00"}}
    path = write(
        tmp_path, spec=world(include=["more.json"], define=define), more={"profiles": profiles, "incidents": incidents}
    )
    data = datagen.load(path).document.data
    assert (data["profiles"]["uses"], data["incidents"]) == (define["office"], incidents)


def test_a_profile_that_two_files_have_is_told_with_both_places(tmp_path) -> None:
    profiles = {"profiles": {"office": 1}}
    path = write(tmp_path, spec={"include": ["more.json"]} | profiles | world(), more=profiles)
    found = [line.replace(f"{tmp_path}/", "") for line in lines_of(path)]
    assert found == ['more.json:1:15: profiles.office: the name "office" is taken already, at spec.json:1:41']


def test_included_files_are_filled_as_the_spec_is(tmp_path) -> None:
    more = {"define": {"pace": {"type": "constant", "value": "${gap}"}}}
    spec = world(gap={"uses": "pace"}, include=["${which}.json"], parameters={"gap": 3, "which": "more"})
    assert datagen.load(write(tmp_path, spec=spec, more=more)).spec.interarrival.value == 3


def test_a_mistake_in_an_included_file_has_its_place_there(tmp_path) -> None:
    more = (
        '{\n "states": [{"name": "t", "transitions": [\n   {"next": "nowhere", "probability": 1}]}],\n "emiters": []}'
    )
    spec = world(states=[state("s", "t")], include=["more.json"])
    assert lines_of(write(tmp_path, spec=spec, more=more)) == [
        'more.json:3:13: states[0].transitions[0].next: unknown state "nowhere"; known: s, stop, t',
        'more.json:4:2: emiters: unknown key "emiters" of an included file; did you mean "emitters"?',
    ]


def test_a_name_that_two_files_have_is_told_with_both_places(tmp_path) -> None:
    spec = (
        '{"include": ["more.json"],\n "states": [{"name": "s", "transitions": [{"next": "stop", "probability": 1}]}],\n'
    )
    spec += ' "emitters": [], "define": {"slow": {}}, "interarrival": {"type": "constant", "value": 1}}'
    more = '{"states": [{"name": "t"},\n {"name": "s"}],\n "define": {"slow": {}}}'
    found = lines_of(write(tmp_path, spec=spec, more=more))
    assert 'more.json:2:11: states[1].name: the name "s" is taken already, at spec.json:2:22' in [
        line.replace(f"{tmp_path}/", "") for line in found
    ]
    assert any('more.json:3:13: define.slow: the name "slow" is taken already, at ' in line for line in found)


@pytest.mark.parametrize(
    ("include", "more", "line"),
    [
        (["none.json"], {}, 'spec.json:1:14: include[0]: none.json can\'t be read: No such file or directory'),
        (["more.json", "more.json"], {}, 'spec.json:1:27: include[1]: more.json is included already'),
        (["./spec.json"], {}, "spec.json:1:14: include[0]: files include one another: spec.json → spec.json"),
        (["more.json"], {"include": ["spec.json"]}, "more.json:1:14: include[0]: files include one another: spec"),
        (["more.json"], [1], "more.json:1:1: must be an object, found [1]"),
        (["more.json"], "{", "more.json:1:2: is not JSON"),
        (["more.json"], {"states": 5}, "more.json:1:12: states: must be a list, found 5"),
        (["more.json"], {"states": {}}, "more.json:1:12: states: must be a list, found {}"),
        (["more.json"], {"define": 5}, "more.json:1:12: define: must be an object, found 5"),
        (["more.json"], {"interarrival": SLOW}, 'more.json:1:2: interarrival: unknown key "interarrival" of an inc'),
        (["more.json"], {"parameters": {}}, 'more.json:1:2: parameters: unknown key "parameters" of an included'),
        ("more.json", {}, "spec.json:1:13: include: must be a list of names of files"),
        ([5], {}, "spec.json:1:13: include: must be a list of names of files"),
        (["a\0b"], {}, "include[0]: "),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_with_files_is_told(tmp_path, include: object, more: object, line: str) -> None:
    found = lines_of(write(tmp_path, spec={"include": include} | world(), more=more))
    assert any(line in other.replace(f"{tmp_path}/", "") for other in found), found


def test_a_file_that_is_missing_is_the_only_mistake_that_is_told(tmp_path) -> None:
    found = lines_of(write(tmp_path, spec=world(states=[state("s", "elsewhere")], include=["none.json"])))
    assert len(found) == 1


def test_files_are_part_of_the_identity_and_are_not_overwritten(command, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path, spec=world(counter("n"), gap={"uses": "pace"}, include=["more.json"]), more={"define": {"pace": FAST}}
    )
    options = ["-c", "spec.json", "-s", START, "-n", 5, "--seed", 1]
    (tmp_path / "over.json").write_text(json.dumps({"type": "file", "path": "more.json"}))
    over = command(*options, "-t", "over.json")
    assert (over.code, "is read for this run; it would be overwritten" in over.err) == (2, True), over.err
    (tmp_path / "out.json").write_text(json.dumps({"type": "file", "path": "out.jsonl"}))
    command(*options, "-t", "out.json", "--state", "state")
    write(tmp_path, more={"define": {"pace": SLOW}})
    changed = command(*options, "-t", "out.json", "--state", "state")
    assert changed.code == 2


def test_a_secret_in_the_name_of_a_file_is_not_shown() -> None:
    spec = world(include=["${SECRET}/more.json"])
    with pytest.raises(datagen.InvalidInput) as refused:
        datagen.load(spec, environment={"SECRET": "hunter2hunter2"})
    assert "hunter2" not in str(refused.value)


def test_a_spec_in_python_has_files_too(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, more={"define": {"pace": SLOW}})
    assert datagen.load(world(gap={"uses": "pace"}, include=["more.json"])).spec.interarrival.value == 60
