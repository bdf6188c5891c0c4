"""Specs with several populations: what is wrong, and where that was written."""

import json
from pathlib import Path

import pytest

import datagen
from tests.worlds import constant, exponential, state

GOOD = {"states": [state("in", delay=constant(1))], "interarrival": constant(1)}
N = {"name": "n", "type": "counter"}
HOUR = [{"from": "+1H", "until": "+2H"}]
POISSON = {"type": "poisson", "rate": 1}
EMITTERS = [{"name": "e", "dimensions": []}]


def problems(spec: dict) -> list[str]:
    with pytest.raises(datagen.InvalidInput) as refused:
        datagen.load(spec)
    return [str(problem) for problem in refused.value.problems]


def of(own: dict, **keys: object) -> dict:
    return {"populations": {"a": own, "b": GOOD}, "emitters": EMITTERS, **keys}


WRONG = {
    "none": ({"populations": {}, "emitters": EMITTERS}, "populations: must not be empty"),
    "a slash": (
        {"populations": {"a/b": GOOD}, "emitters": EMITTERS},
        'populations.a/b: the name of a population has letters, and no "/"',
    ),
    "states beside": (
        of(GOOD, states=[state("x")]),
        'states: "states" can\'t stand beside "populations"; put it into these',
    ),
    "a limit beside": (
        of(GOOD, max_workers=3),
        'max_workers: "max_workers" can\'t stand beside "populations"; put it into these',
    ),
    "no arrivals": (
        of({"states": [state("in")]}),
        'populations.a: "interarrival" is required, or "arrivals": no other population spawns its workers',
    ),
    "both": (
        of(GOOD | {"arrivals": {"type": "poisson", "rate": 1}}),
        'populations.a.interarrival: there can be either "interarrival" or "arrivals"; put it among these, with a name',
    ),
    "no states": (
        of({"interarrival": constant(1)}),
        'populations.a.states: "states" is required: a list of one or more',
    ),
    "an unknown key": (
        of(GOOD | {"max_worker": 3}),
        'populations.a.max_worker: unknown key "max_worker"; did you mean "max_workers"?',
    ),
    "an unknown state": (
        of(GOOD | {"states": [state("in", "inn", delay=constant(1))]}),
        'populations.a.states[0].transitions[0].next: unknown state "a/inn"; did you mean "a/in"?',
    ),
    "a state of another": (
        of(GOOD | {"states": [state("x", "in", delay=constant(1))]}),
        'populations.a.states[0].transitions[0].next: unknown state "a/in"; did you mean "b/in"?',
    ),
    "a wrong delay": (
        of(GOOD | {"states": [state("in", delay={"type": "constant"})]}),
        'populations.a.states[0].delay.value: "value" is required',
    ),
    "a wrong gap": (
        of(GOOD | {"interarrival": {"type": "constant"}}),
        'populations.a.interarrival.value: "value" is required',
    ),
    "an unknown population": (
        of(GOOD | {"states": [state("in", delay=constant(1), spawn=[{"population": "c", "state": "in"}])]}),
        'populations.a.states[0].spawn[0].population: unknown population "c"; known: a, b',
    ),
    "an emitter twice": (
        of(GOOD | {"emitters": [*EMITTERS, *EMITTERS]}),
        'populations.a.emitters[1].name: the name "a/e" is taken already; names must be unique',
    ),
    "an emitter without a name": (
        of(GOOD | {"emitters": [{"name": "", "dimensions": []}]}),
        "populations.a.emitters[0].name: must not be empty",
    ),
    "what is common with the name of an own part": (
        of(GOOD | {"emitters": EMITTERS}, tables={"a/t": {"columns": ["x"], "rows": [[1]]}}),
        'tables: "a/t" is what is called "t" in that population; give what is common another name',
    ),
    "an unknown profile of an invalid part": (
        of(GOOD | {"profiles": {"p": ["q"]}}, profiles={"r": 1}),
        'populations.a.profiles.p[0]: unknown profile "q"; known: a/p, r',
    ),
    "an unknown profile of a limit": (
        of(GOOD | {"limit_profile": "q"}, profiles={"r": 1}),
        'populations.a.limit_profile: unknown profile "q"; known: r',
    ),
    "a variable with the name of an own shared value": (
        of(GOOD | {"shared": {"n": 1}, "states": [state("in", delay=constant(1), variables=[N])]}),
        'populations.a.shared.n: there is a variable "n", too; give one of them another name',
    ),
    "a zone": (
        of(GOOD | {"timezone": "Europe/Berli"}),
        'populations.a.timezone: unknown time zone "Europe/Berli"; did you mean "Europe/Berlin"?',
    ),
    "a name that several others have": (
        {
            "populations": {name: GOOD | {"tables": {"t": {"columns": ["x"], "rows": [[1]]}}} for name in "ab"},
            "emitters": [{"name": "e", "dimensions": [{"name": "r", "type": "row", "table": "t"}]}],
        },
        'emitters[0].dimensions[0].table: unknown table "t"; known: a/t, b/t',
    ),
    "keys of the text in what it uses": (
        {"define": {"x": {"parameters": {"n": 1}}}, **of(GOOD | {"uses": "x"})},
        'define.x.parameters: "parameters" must stand in the population itself, not in what it uses',
    ),
    "several without names": (
        of({"states": GOOD["states"], "arrivals": [POISSON, POISSON | {"name": "x"}]}),
        'populations.a.arrivals[0]: "name" is required where there are several sources: it keys what is drawn for each',
    ),
    "a limit": (
        of(GOOD | {"max_workers": 0}),
        "populations.a.max_workers: must be greater than or equal to 1, found 0",
    ),
    "all are off": (
        {"populations": {"a": GOOD | {"off": True}}, "emitters": EMITTERS},
        "populations: all of them are off, so there would never be a worker",
    ),
    "what is no population": (of([]), "populations.a: must be an object, found []"),
}  # fmt: skip


_VANS = {"tables": {"vans": {"columns": ["k"], "rows": [[1]]}}}
WRONG |= {
    "rows of its own by the name of a variable": (
        of(GOOD | {"resources": {"n": {"rows": "vans"}}, "states": [state("in", delay=constant(1), variables=[N])]})
        | _VANS,
        'populations.a.resources.n: there is a variable "n", too; give one of them another name',
    ),
    "rows of its own by the name of an own shared value": (
        of(GOOD | {"resources": {"van": {"rows": "vans"}}, "shared": {"van": 1}}) | _VANS,
        'populations.a.shared.van: there is a variable "van", too; give one of them another name',
    ),
    "rows of an unknown table": (
        of(GOOD | {"resources": {"van": {"rows": "van"}}}) | _VANS,
        'populations.a.resources.van.rows: unknown table "van"; did you mean "vans"?',
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_where_it_was_written(name: str) -> None:
    spec, message = WRONG[name]
    assert message in [problem.removeprefix("spec: ") for problem in problems(spec)]


@pytest.mark.parametrize("populations", [[], {}, {"a/b": GOOD}, {"a": {"interarrival": constant(1)}}])
def test_what_only_follows_from_a_mistake_is_not_told(populations: object) -> None:
    assert len(problems({"populations": populations, "emitters": EMITTERS})) == 1


def test_own_names_of_an_invalid_part_are_known() -> None:
    """What stands beside a mistake is read as if it were not there."""
    conditions = {"when": "profile('p') > 1 and free('r') > 0 and s > 1 and not incident('i')"}
    wrong = state("in", delay={"type": "exponential"}) | {"transitions": [{"next": "in", **conditions}]}
    own = {"profiles": {"p": 1}, "resources": {"r": {"capacity": 1}}, "shared": {"s": 1}, "incidents": {"i": HOUR}}
    found = problems({"populations": {"a": GOOD | own | {"states": [wrong], "emitters": EMITTERS}}})
    assert [problem.partition(": ")[2] for problem in found] == [
        'populations.a.states[0].delay.mean: "mean" is required'
    ]


def test_a_population_may_use_definitions_and_its_mistakes_are_told_there(tmp_path: Path) -> None:
    base = {"states": [state("in", delay={"type": "exponential"})], "interarrival": constant(1)}
    path = tmp_path / "spec.json"
    spec = {"define": {"base": base}, "populations": {"a": {"uses": "base"}}, "emitters": EMITTERS}
    path.write_text(json.dumps(spec, indent=1))
    [problem] = [line.replace(f"{tmp_path}/", "") for line in problems(path)]
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if '"delay"' in text)
    assert problem == f'spec.json:{line}:15: define.base.states[0].delay.mean: "mean" is required'


def test_a_spawn_into_what_is_left_out_is_refused() -> None:
    parents = {"states": [state("in", spawn=[{"population": "b", "state": "in"}])], "interarrival": exponential(1)}
    with pytest.raises(datagen.InvalidInput) as refused:
        datagen.load(of(parents), only=["a"])
    [problem] = refused.value.problems
    assert str(problem).endswith('spawn[0]: spawns workers of "b", which --only leaves out; name that, too')
    assert datagen.load(of(parents), only=["b"]).spec.crowds_with_sources == ["b"]


def test_a_population_that_is_not_there_can_not_be_chosen() -> None:
    with pytest.raises(datagen.InvalidInput, match='--only: unknown population "c"; known: a, b'):
        datagen.load(of(GOOD), only=["c"])


@pytest.mark.parametrize("target", [{"type": "file", "path": "x", "populations": ["c"]}])
def test_a_target_of_an_unknown_population_is_refused(target: dict) -> None:
    with pytest.raises(datagen.InvalidInput, match='unknown population "c"'):
        datagen.run(of(GOOD), target, start="2024-01-01T00:00:00", records=1)


def test_population_is_no_name_where_there_are_none() -> None:
    field = {"name": "x", "type": "expression", "value": "population"}
    spec = {"states": GOOD["states"], "interarrival": constant(1), "emitters": [{"name": "e", "dimensions": [field]}]}
    assert any('"population" is not a dimension above' in problem for problem in problems(spec))


def test_a_spawn_into_a_population_needs_some() -> None:
    states = [state("in", delay=constant(1), spawn=[{"population": "b", "state": "in"}])]
    spec = {"states": states, "interarrival": constant(1), "emitters": EMITTERS}
    assert problems(spec)[0] == 'spec: states[0].spawn[0].population: the spec has no "populations"'


def test_placeholders_are_numbers_in_populations_and_files_add_states_and_emitters(tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text(json.dumps({"emitters": EMITTERS, "profiles": {"half": 0.5}}))
    own = {
        "states": [state("in", delay={"type": "constant", "value": "${STAY}"})],
        "arrivals": {"type": "poisson", "rate": 1, "profile": "half"},
        "max_workers": "${most}",
    }
    spec = {"parameters": {"most": 3}, "include": ["more.json"], "populations": {"a": own}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    made = datagen.load(tmp_path / "spec.json", environment={"STAY": "2.5"}, parameters={"most": 7}).spec
    assert (made.populations["a"].max_workers, made.states[0].delay.value) == (7, 2.5)


def test_a_population_that_is_off_is_run_where_it_is_chosen() -> None:
    spec = of(GOOD | {"off": True})
    assert datagen.load(spec).spec.crowds_with_sources == ["b"]
    assert datagen.load(spec, only=["a"]).spec.crowds_with_sources == ["a"]


def test_a_run_to_which_nobody_comes_is_refused() -> None:
    """Those who might be spawned are no reason to begin."""
    parents = {"states": [state("in", spawn=[{"population": "b", "state": "in"}])], "interarrival": exponential(1)}
    spec = of(parents) | {"populations": {"a": parents, "b": {"states": [state("in")]}}}
    assert datagen.load(spec, only=["a", "b"]).spec.crowds_with_sources == ["a"]
    with pytest.raises(datagen.InvalidInput, match="populations: those with sources are off, and the workers of"):
        datagen.load(spec, only=["b"])
    spec["populations"]["a"] = parents | {"off": True}
    with pytest.raises(datagen.InvalidInput, match="populations: those with sources are off, and the workers of"):
        datagen.load(spec)
