"""States that read what templates remember: as of when, as what, whose memory is meant, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import constant, enum, records_of, seconds, state, world, write_json


def template(text: str, scope: str = "template", name: str = "line", memory: str = "told") -> dict:
    return {"name": name, "type": "template", "memory": {memory: scope}, "text": text}


COUNTING = template("{% do told.set('n', (told.n or 0) + 1) %}{{ told.n }}")


def staying(*ways: dict, name: str = "a", emitter: str = "e", **keys: object) -> dict:
    return {"name": name, "emitter": emitter, "delay": constant(1), "transitions": [*ways], **keys}


def to(state: str, when: str | None = None) -> dict:
    return {"next": state} if when is None else {"next": state, "when": when}


def lines(spec: dict, count: int, **options: object) -> list[str]:
    return [record["line"] for record in records_of(spec, count, **options)]


def test_a_worker_is_left_with_what_its_own_record_has_just_set() -> None:
    again = staying(to("a", "memory.told.n < 3"), to("b"), ordered=True)
    clear = template("{% do told.clear() %}cleared", "run")
    spec = world(template(COUNTING["text"], "run"), states=[again, state("b", emitter="f", delay=constant(1))], gap=60)
    spec["emitters"].append({"name": "f", "dimensions": [clear]})
    assert lines(spec, 8) == ["1", "2", "3", "cleared"] * 2


def test_a_weight_reads_it_too() -> None:
    spec = world(COUNTING, states=[staying(to("a"), {"next": "stop", "probability": "memory.told.n = 4 ? 1e9 : 0"})])
    assert [seconds(record) for record in records_of(spec, 6, max_workers=1)] == [0, 1, 2, 3, 4, 5]
    assert len(records_of(spec | {"interarrival": constant(10**6)}, 9, duration="1H")) == 4


def test_what_a_state_sets_comes_before_its_record_and_its_stay_and_its_children_behind() -> None:
    parent = {"name": "a", "emitter": "e", "set": {"before": "coalesce(round(memory.told.n), -1)"}, "next": "a"}
    parent |= {"delay": constant("memory.told.n * 10"), "spawn": [{"state": "kid", "count": "memory.told.n"}]}
    kid = {"name": "kid", "emitter": "f"}
    before = {"name": "before", "type": "expression", "value": "before"}
    spec = world(COUNTING, before, states=[parent, kid], gap=10**6, shared={"before": 0})
    spec["emitters"].append({"name": "f", "dimensions": [before]})
    found = [(seconds(one), one.get("line"), one["before"]) for one in records_of(spec, 9)]
    kids = [[(time, None, before)] * count for time, before, count in ((0, -1, 1), (10, 1, 2), (30, 2, 3))]
    assert found == [(0, "1", -1), *kids[0], (10, "2", 1), *kids[1], (30, "3", 2), *kids[2]]


def test_who_waits_in_line_is_served_by_what_is_remembered_when_it_asks() -> None:
    """The later one asks, the sooner it is one's turn."""
    desk = {"resource": "desk", "priority": "0 - memory.told.n"}
    asks = {"name": "a", "emitter": "e", "next": "b"}
    spec = world(COUNTING, states=[asks, {"name": "b", "emitter": "f", "use": desk, "delay": constant(10)}], gap=1)
    spec |= {"resources": {"desk": {"capacity": 1}}, "interarrival": constant(1)}
    spec["emitters"].append({"name": "f", "dimensions": [{"name": "who", "type": "expression", "value": "worker"}]})
    assert [one["who"] for one in records_of(spec, 40) if "who" in one][:4] == [0, 9, 19, 29]


VALUES = (
    "{% do m.update({'n': 3, 'x': 2.5, 'big': 10**30, 't': 'é', 'yes': true, 'no': false, 'l': [1]}) %}"
    "{% do m.set('o', {'k': {'j': 'in'}}) %}."
)


TRUE = [
    "m.n = 3",
    "m.n != 2",
    "m.n / 2 = 1.5",
    "m.n + m.x = 5.5",
    "m.n > 2",
    "m.x < 3",
    "3 > m.x",
    "round(m.x) = 2",
    "m.big > 1e29",
    "-m.n = -3",
    "m.t = 'é'",
    "'e' != m.t",
    "m.t in ['a', 'é']",
    "m.t not in [1, 'x']",
    "m.t = lower(v)",
    "m.t != upper(v)",
    "m.t = coalesce(v, 'x')",
    "m.yes",
    "not m.no",
    "m.yes = true",
    "m.no != true",
    "m.yes != m.no",
    "m.never is null",
    "m.no is not null",
    "m.l is not null",
    "m.o.k is not null",
    "m.o.k.j = 'in'",
    "m.o.j is null",
    "m.t.k is null",
    "not m.never",
    "m.t != 3",
    "m.n != 'é'",
    "m.yes != 1",
    "not (m.yes = 1)",
    "m.n = m.n",
    "not (m.t = m.n)",
    "m.t != m.l",
    "not (m.never != 1)",
    "not (m.t > 1)",
    "m.t + 1 is null",
    "coalesce(m.never, m.yes)",
    "coalesce(m.never, 7) = 7",
    "(m.yes ? m.n : 0) = 3",
    "min(m.n, 9) = 3",
    "(m.never ? 1 : 2) = 2",
    "m.n in [3]",
    "m.n in [9223372036854775807, 3]",
    "m.n != 9223372036854775807",
    "not (m.never in [3])",
    "not (m.never not in [3])",
    "m.l not in [1]",
]


def test_a_value_is_what_it_is_compared_with() -> None:
    """Of another type it is different; what is calculated with is null if it is no number."""
    names = [f"x{number}" for number in range(len(TRUE))]
    read = [{"name": name, "type": "expression", "value": name} for name in names]
    set_ = {name: value.replace("m.", "memory.m.") for name, value in zip(names, TRUE, strict=True)}
    first = staying(to("a", "true"), set=set_, variables=[enum("v", "é")])
    spec = world(template(VALUES, memory="m"), *read, states=[first], shared=dict.fromkeys(names, False))
    record = records_of(spec, 2, max_workers=1)[1]
    assert [value for name, value in zip(names, TRUE, strict=True) if not record[name]] == []


def test_a_state_means_the_template_of_its_own_emitter_or_else_the_only_one() -> None:
    def saying(word: str, scope: str) -> dict:
        return template(f"{{% do told.set('word', '{word}') %}}{word}", scope)

    def named(name: str, emitter: str | None, to_: str) -> dict:
        other = {"next": "wrong"}
        return state(name, delay=constant(1)) | {
            "emitter": emitter,
            "ordered": True,
            "transitions": [to(to_, f"memory.told.word = '{emitter}'"), other],
        }

    states = [named("a", "e", "b"), named("b", "f", "stop"), state("wrong")]
    spec = world(saying("e", "template"), states=states)
    spec["emitters"].append({"name": "f", "dimensions": [saying("f", "template")]})
    assert lines(spec, 20, max_workers=1) == ["e", "f"] * 10
    alone = {"name": "b", "delay": constant(1), "transitions": [to("a", "memory.told.word = 'e'"), to("wrong")]}
    spec = world(saying("e", "template"), states=[named("a", "e", "b"), alone | {"ordered": True}, states[2]])
    assert [seconds(one) for one in records_of(spec, 5, max_workers=1)] == [0, 2, 4, 6, 8]


def test_a_population_reads_the_templates_of_its_own_emitters() -> None:
    own = {"states": [staying(to("a", "memory.told.n < 3"), to("stop"), ordered=True)], "interarrival": constant(60)}
    emitters = [{"name": "e", "dimensions": [COUNTING]}]
    spec = {"populations": {name: own | {"emitters": emitters} for name in ("p", "q")}}
    spec["populations"]["q"] = own | {"emitters": emitters, "interarrival": constant(7)}
    for record in records_of(spec, 12):
        assert record["line"]
    assert [one["line"] for one in records_of(spec, 40, duration="1M")].count("3") == 2


def test_a_run_goes_on_with_what_was_remembered(command: Callable, tmp_path: Path) -> None:
    again = staying(to("a", "memory.told.n % 5 > 0"), to("stop"), ordered=True)
    spec = write_json(tmp_path / "spec.json", world(COUNTING, states=[again], gap=3))
    target = write_json(tmp_path / "target.json", {"type": "file", "path": str(tmp_path / "out"), "append": True})
    options = ("-c", spec, "-s", "2024-01-01T00:00:00", "--seed", 1)
    for duration in ("10S", "20S", "40S"):
        assert command(*options, "--state", tmp_path / "state", "-t", target, "-r", duration).code == 0
    assert (tmp_path / "out").read_bytes() == command(*options, "-r", "40S").data


def test_before_the_start_nothing_is_remembered() -> None:
    spec = world(COUNTING, states=[staying(to("a", "memory.told.n < 3"), to("stop"), ordered=True)], gap=2)
    assert lines(spec | {"warm_up": 9}, 4, max_workers=1) == ["1", "2", "3", "4"]


def problems(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        records_of(spec, 1)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


TWO = [template(COUNTING["text"], name="line"), template(COUNTING["text"], name="other")]
READING = {"name": "v", "type": "expression", "value": "memory.told.n"}


@pytest.mark.parametrize(
    ("fields", "keys", "message"),
    [
        ([COUNTING], "memory.tld.n > 1", 'transitions[0].when: unknown memory "tld"; did you mean "told"?'),
        (
            [COUNTING],
            "memory.told > 1",
            'when: "memory.told" is a whole memory; what can be read is what it keeps under',
        ),
        ([COUNTING], "memory.told.n = time", "and a time can't be compared with ="),
        ([COUNTING], "memory.told.n < 'b'", "when: a text can only be equal to what a template remembers, or not"),
        ([COUNTING], "length(memory.told.l) > 1", "when: length(…) can only be calculated for a state of "),
        ([enum("x", 1)], "memory.told.n > 1", 'when: "memory.told.n" can\'t be read: no template in a field'),
        (TWO, "memory.told.n > 1", 'when: several templates have a memory "told" of their own, and this state has'),
        ([COUNTING], {"set": {"total": "memory.told.n"}}, "set.total: is a number with a point, and what it sets is"),
        ([COUNTING, READING], {}, 'dimensions[1].value: "memory.told.n" can only be read by states, and by'),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(fields: list[dict], keys: dict | str, message: str) -> None:
    when, keys = (keys, {}) if isinstance(keys, str) else ("true", keys)
    spec = world(*fields, states=[staying(to("a", when), to("stop"), **keys)], shared={"total": 0})
    [found] = problems(spec)
    assert message in found


def test_a_variable_of_the_name_is_what_the_name_stands_for() -> None:
    own = {"name": "memory", "type": "enum", "values": [{"told": {"n": 1}}]}
    spec = world(COUNTING, states=[staying(to("a", "memory.told.n = 1"), to("stop"), variables=[own])])
    assert lines(spec, 3, max_workers=1) == ["1", "2", "3"]


def test_a_pilot_remembers_nothing_and_what_it_measures_is_told_so() -> None:
    spec = world(COUNTING, states=[staying(to("a", "memory.told.n < 3"), to("stop"), ordered=True)])
    spec["arrivals"] = {"type": "at_start", "total": 9}
    del spec["interarrival"]
    assert (
        "what templates remember: states read it as null in a pilot, which makes no texts"
        in datagen.explain(spec)["left_out"]
    )
    with pytest.raises(InvalidInput, match="where templates remember something; write `volume_scale`"):
        datagen.explain(spec | {"volume": "5/s"})
    assert lines(spec | {"volume": "5/s", "volume_scale": 2}, 3)
