"""What populations have of their own: it is meant inside, whatever else there is of the same name."""

import json
from itertools import islice
from pathlib import Path

import pytest

import datagen
from tests.worlds import START, constant, state

ONE = {"type": "at_start", "total": 1}


def population(*fields: dict, **own: object) -> dict:
    """One worker who emits records of an own emitter once a second."""
    states = [state("s", "s", emitter="e", delay=constant(1))]
    made = {"arrivals": ONE, "states": states} | own
    return made | {"emitters": [{"name": "e", "dimensions": [*fields]}]} if fields else made


def common(*fields: dict, **keys: object) -> dict:
    return {"emitters": [{"name": "e", "dimensions": [*fields]}], **keys}


def records(populations: dict, count: int = 6, only: tuple = (), **keys: object) -> list[dict]:
    loaded = datagen.load({"populations": populations, "emitters": [], **keys}, only=only)
    return list(datagen.records(loaded, start=START, records=count, seed=1))


def expression(name: str, value: str) -> dict:
    return {"name": name, "type": "expression", "value": value}


def table(*values: object) -> dict:
    return {"columns": ["x"], "rows": [[value] for value in values]}


X = {"name": "x", "type": "column", "table": "t", "column": "x"}
TEMPLATE = {"name": "x", "type": "template", "text": "{{tables.t[0].x}}"}
# Of each kind: the parts of all, those of a population, and a field that reads them, with its values there.
KINDS = {
    "tables": ({"t": table("all")}, {"t": table("own")}, X, "all", "own"),
    "templates": ({"t": table(1)}, {"t": table(2)}, TEMPLATE, "1", "2"),
    "profiles": ({"p": 2}, {"p": 3}, expression("x", "profile('p')"), 2.0, 3.0),
    "incidents": (
        {"i": [{"from": "+1H", "until": "+2H"}]},
        {"i": [{"from": "-1H", "until": "+2H"}]},
        expression("x", "incident('i')"),
        False,
        True,
    ),
    "resources": ({"r": {"capacity": 1}}, {"r": {"capacity": 5}}, expression("x", "free('r')"), 1, 5),
    "shared": ({"n": 1}, {"n": 2}, expression("x", "n"), 1, 2),
    "shared, in a text": ({"n": 1}, {"n": 2}, {"name": "x", "type": "text", "value": "{{n|02d}}"}, "01", "02"),
    "shared, in a template": ({"n": 1}, {"n": 2}, {"name": "x", "type": "template", "text": "{{ n + 1 }}"}, "2", "3"),
    "shared, by a field of its name": ({"x": 1}, {"x": 2}, expression("x", "x"), 1, 2),
}


VANS = common(expression("x", "van.k")) | {
    "tables": {"vans": {"columns": ["k"], "rows": [[1]]}},
    "resources": {"van": {"rows": "vans"}},
}
OWN_ROWS = {
    "tables": {"cars": {"columns": ["k"], "rows": [[7]], "shared": {"used": "k + 3"}}},
    "resources": {"van": {"rows": "cars"}},
}
OF_ROWS = {"arrivals": ONE, "states": [state("s", "s", emitter="e", delay=constant(1), use="van")]}


@pytest.mark.parametrize("kind", KINDS)
def test_an_own_name_wins_inside_and_that_of_all_is_meant_elsewhere(kind: str) -> None:
    of_all, own, field, first, second = KINDS[kind]
    key = "tables" if kind == "templates" else kind.partition(",")[0]
    made = records({"a": population(), "b": population(field, **{key: own})}, **common(field), **{key: of_all})
    assert [record["x"] for record in made[:4]] == [first, second] * 2


def test_a_common_emitter_means_common_parts_whoever_uses_it() -> None:
    made = records({"a": population(tables={"t": table("own")})}, **common(X), tables={"t": table("all")})
    assert {record["x"] for record in made} == {"all"}


def test_a_field_hides_an_own_shared_value_from_those_below_it() -> None:
    fields = [expression("x", "n"), {"name": "n", "type": "constant", "value": 7}, expression("y", "n")]
    [made] = records({"a": population(*fields, shared={"n": 2})}, 1, shared={"n": 1})
    assert (made["x"], made["n"], made["y"]) == (2, 7, 7)


def test_states_change_the_shared_values_of_their_population() -> None:
    states = [state("s", "s", emitter="e", delay=constant(1), set={"n": "n + 1"})]
    both = {"states": states, "arrivals": ONE}
    own = both | {"shared": {"n": 10}, "emitters": [{"name": "e", "dimensions": [expression("x", "n")]}]}
    made = records({"a": both, "b": own}, **common(expression("x", "n")), shared={"n": 0})
    assert [record["x"] for record in made] == [1, 11, 2, 12, 3, 13]


def test_workers_wait_for_the_resource_of_their_population() -> None:
    states = [state("s", "s", emitter="e", delay=constant(1), use="r")]
    two = {"states": states, "arrivals": {"type": "at_start", "total": 2}}
    many, keys = {"resources": {"r": {"capacity": 2}}}, {"resources": {"r": {"capacity": 1}}}
    made = records({"a": two | many, "b": two}, 6, **common(expression("x", "population")), **keys)
    assert [record["x"] for record in made if record["time"].startswith(START)] == ["a", "a", "b"]


@pytest.mark.parametrize(
    "field",
    [
        expression("x", "van.k"),
        {"name": "x", "type": "variable", "variable": "van", "path": "k"},
        {"name": "x", "type": "text", "value": "{{van.k}}"},
        {"name": "x", "type": "template", "text": "{{ van.k }}"},
    ],
    ids=lambda field: field["type"],
)
def test_workers_read_the_row_that_they_hold_of_their_population_by_its_own_name(field: dict) -> None:
    made = records(
        {"a": OF_ROWS, "b": OF_ROWS | OWN_ROWS | {"emitters": [{"name": "e", "dimensions": [field]}]}}, **VANS
    )
    assert [str(record["x"]) for record in made] == ["1", "7"] * 3


def test_states_change_and_read_the_row_of_their_population() -> None:
    ways = [{"next": "s", "when": "van.used < 13"}, {"next": "stop"}]
    own = {"name": "s", "emitter": "e", "delay": constant(1), "set": {"van.used": "van.used + 1"}, "transitions": ways}
    first = {"name": "first", "acquire": {"resource": "van", "match": {"k": "6 + 1"}}, "next": "s"}
    states = [first, own | {"ordered": True, "variables": [expression("k", "van.k")]}]
    fields = [expression("x", "van.used"), {"name": "k", "type": "variable", "variable": "k"}]
    made = records({"b": OWN_ROWS | {"arrivals": ONE, "states": states}}, 9, **common(*fields))
    assert [(record["x"], record["k"]) for record in made] == [(11, 7), (12, 7), (13, 7)]


def test_a_row_that_several_populations_have_is_named_with_the_population() -> None:
    both = {"a": OF_ROWS | OWN_ROWS, "b": OF_ROWS | OWN_ROWS}
    fields = [expression("x", "`a/van.k`"), {"name": "y", "type": "variable", "variable": "b/van", "path": "k"}]
    assert [(one["x"], one["y"]) for one in records(both, 2, **common(*fields))] == [(7, None), (None, 7)]
    with pytest.raises(datagen.InvalidInput, match=r'"van.k" is not a dimension above, a variable or time'):
        records(both, 2, **common(expression("x", "van.k")))


def test_what_only_another_population_has_can_be_read_by_its_name() -> None:
    made = records({"a": population(tables={"t": table("a")}), "b": population(X)}, **common(X))
    assert {record["x"] for record in made} == {"a"}


def test_what_several_populations_have_is_named_with_the_population() -> None:
    owners = {name: population(tables={"t": table(name)}) for name in "ab"}
    assert records(owners, 1, **common(X | {"table": "b/t"}))[0]["x"] == "b"


def test_draws_of_an_own_part_follow_from_its_population_and_name_alone() -> None:
    """So a part of the same name that comes or goes changes nothing, and two of them draw apart."""
    field = {"name": "x", "type": "int", "distribution": {"type": "uniform", "min": 0, "max": 10**9}}
    field |= {"cardinality": 50, "cardinality_distribution": {"type": "uniform", "min": 0, "max": 50}}
    own = population(field, {"name": "y", "type": "row", "table": "t"}, tables={"t": {"type": "people", "size": 50}})
    alone, both = records({"a": own}, 9), records({"a": own, "b": own}, 18, **common(), tables={"t": table(1)})
    assert both[::2] == alone
    assert all(
        one["x"] != other["x"] and one["y"] != other["y"] for one, other in zip(both[::2], both[1::2], strict=True)
    )


def test_drawn_incidents_of_one_name_are_apart() -> None:
    often = {"every": {"type": "exponential", "mean": 60}, "lasts": {"type": "exponential", "mean": 60}}
    own = population(expression("x", "incident('i')"), incidents={"i": often})
    made = records({"a": own, "b": own}, 2000)
    assert [record["x"] for record in made[::2]] != [record["x"] for record in made[1::2]]


# What users see


def test_an_emitter_is_called_by_its_own_name_where_no_other_has_it(tmp_path: Path) -> None:
    one, other = {"name": "x", "type": "constant", "value": 1}, {"name": "y", "type": "constant", "value": 2}
    spec = {"populations": {"a": population(one), "b": population(other)}, "emitters": []}
    assert datagen.load(spec).spec.shown == {"a/e": "a/e", "b/e": "b/e"}
    assert datagen.load(spec | {"populations": {"a": population(one)}}).spec.shown == {"a/e": "e"}
    files = {"type": "file", "path": str(tmp_path / "{{emitter}}.json"), "emitters": ["b/e"]}
    datagen.run(spec, files, start=START, records=4, seed=1)
    [made] = tmp_path.iterdir()
    assert (made.name, len(made.read_text().splitlines())) == ("b_e.json", 2)


def test_a_filter_knows_own_incidents_by_both_names(tmp_path: Path) -> None:
    field = {"name": "x", "type": "constant", "value": 1}
    spec = {"populations": {"a": population(field, incidents={"i": [{"from": "+2S", "until": "+4S"}]})}, "emitters": []}
    for name in ("i", "a/i"):
        through = {"type": "filter", "where": f"incident('{name}')"}
        datagen.run(spec, {"type": "file", "path": str(tmp_path / "x"), "through": [through]}, start=START, records=6)
        assert len((tmp_path / "x").read_text().splitlines()) == 2
        (tmp_path / "x").unlink()


def test_a_target_knows_emitters_by_the_names_that_users_see() -> None:
    field = {"name": "x", "type": "constant", "value": 1}
    spec = {"populations": {"a": population(field), "b": population(field)}, "emitters": []}
    with pytest.raises(datagen.InvalidInput, match='unknown emitter "e"; known: a/e, b/e'):
        datagen.run(spec, {"type": "file", "path": "x", "emitters": ["e"]}, start=START, records=1)


def test_a_look_up_takes_records_of_the_nearest_emitter() -> None:
    who = expression("who", "population")
    seen = {"name": "seen", "type": "lookup", "emitter": "e", "dimension": "who"}
    watch = {"states": [state("w", "w", emitter="w", delay=constant(1))], "arrivals": ONE | {"from": "+1S"}}
    mine = watch | {"emitters": [{"name": "w", "dimensions": [seen]}, {"name": "e", "dimensions": [who]}]}
    mine["states"] = [*mine["states"][:1], state("x", "x", emitter="e", delay=constant(1))]
    mine["arrivals"] = [ONE | {"name": "1", "state": "x"}, ONE | {"name": "2", "from": "+1S", "state": "w"}]
    far = watch | {"emitters": [{"name": "w", "dimensions": [seen | {"emitter": "m/e"}]}]}
    made = records({"a": population(), "m": mine, "z": far}, 9, **common(who))
    assert {record["seen"] for record in made if "seen" in record} == {"m"}


def test_the_records_of_own_tables_are_of_own_emitters() -> None:
    own = population(X, tables={"t": table(1) | {"emit": {"emitter": "row"}}})
    loaded = datagen.load({"populations": {"a": own, "b": own}, "emitters": []})
    assert list(loaded.spec.shown) == ["a/e", "b/e", "a/row", "b/row"]
    assert len(list(datagen.records(loaded, start=START, records=2, seed=1))) == 2


# Parameters, definitions, files, a time zone


def test_parameters_of_a_population_win_inside_and_are_set_by_its_name() -> None:
    field = {"name": "x", "type": "constant", "value": "${word}"}
    spec = {
        "parameters": {"word": "all"},
        "populations": {
            "a": population(field),
            "b": population(field, parameters={"word": "own"}),
            "c": population(field, parameters={"word": "${word}!", "much": 1}, max_workers="${much}"),
            "d": population(field, parameters={"much": 2}, max_workers="${much}"),
        },
        "emitters": [],
    }

    def words(**given: object) -> list:
        loaded = datagen.load(spec, parameters=given)
        found = [record["x"] for record in datagen.records(loaded, start=START, records=4, seed=1)]
        return [*found, loaded.spec.populations["c"].max_workers, loaded.spec.populations["d"].max_workers]

    assert words() == ["all", "own", "all!", "all", 1, 2]
    assert words(word="new") == ["new", "own", "new!", "new", 1, 2]
    assert words(**{"b.word": "new", "d.much": 5}) == ["all", "new", "all!", "all", 1, 5]
    assert words(much=9) == ["all", "own", "all!", "all", 9, 9]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"wrd": 1}, 'parameters: there is no parameter "wrd" to set; did you mean "b.wrd2"?'),
        ({"b.wrd2": "x"}, 'populations.b.parameters.wrd2: is set to "x", but must be a number, as its default is'),
    ],
)
def test_what_can_not_be_set_in_a_population_is_told(given: dict, message: str) -> None:
    own = population(X, tables={"t": table("${wrd2}")}, parameters={"wrd2": 1})
    with pytest.raises(datagen.InvalidInput) as refused:
        datagen.load({"populations": {"b": own}, "emitters": []}, parameters=given)
    assert message in str(refused.value)


def test_a_parameter_with_the_name_of_one_of_a_population_is_refused() -> None:
    own = population(X, tables={"t": table("${word}")}, parameters={"word": 1})
    with pytest.raises(datagen.InvalidInput, match=r'parameters.b.word: sets "word" of that population, too'):
        datagen.load({"parameters": {"b.word": 2}, "populations": {"b": own}, "emitters": []})


def test_a_definition_of_a_population_wins_inside_and_one_of_all_uses_those_of_all() -> None:
    one, two = {"type": "constant", "value": "all"}, {"type": "object", "dimensions": [{"name": "x", "uses": "one"}]}
    fields = [{"name": "x", "uses": "one"}, {"name": "y", "uses": "two"}]
    own = population(*fields, define={"one": one | {"value": "own"}})
    other = population({"name": "x", "uses": "one"})
    made = records({"a": own, "b": other}, 2, define={"one": one, "two": two})
    assert [(record["x"], record.get("y")) for record in made] == [("own", {"x": "all"}), ("all", None)]


def test_a_definition_that_only_a_population_has_is_known_there_alone() -> None:
    field, more = {"name": "x", "uses": "mine"}, {"define": {"mine": {"type": "constant", "value": 1}}}
    assert records({"a": population(field, **more)}, 1)[0]["x"] == 1
    with pytest.raises(datagen.InvalidInput, match=r'populations.b.emitters\[0\].* unknown definition "mine"'):
        datagen.load({"populations": {"a": population(field, **more), "b": population(field)}, "emitters": []})


def test_a_population_with_files_may_use_a_definition_whose_mistakes_are_told_there(tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text('{"emitters": [{"name": "e", "dimensions": []}]}')
    base = {"states": [state("s", emitter="e", delay={"type": "constant"})], "arrivals": ONE}
    spec = {"define": {"base": base}, "populations": {"a": {"uses": "base", "include": ["more.json"]}}}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(datagen.InvalidInput, match=r'define.base.states\[0\].delay.value: "value" is required'):
        datagen.load(tmp_path / "spec.json")
    spec["define"]["base"] |= {"emitters": []}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(
        datagen.InvalidInput, match=r'populations\.a\.uses: what it uses has "emitters", and so have its'
    ):
        datagen.load(tmp_path / "spec.json")


def test_a_file_that_a_population_includes_adds_to_it_alone(tmp_path: Path) -> None:
    more = '{"emitters": [{"name": "e", "dimensions": [{"name": "x", "type": "constant", "value": "${word}"}]}]}'
    (tmp_path / "more.json").write_text(more)
    own = {"include": ["more.json"], "parameters": {"word": "own"}}
    spec = {"populations": {"a": population(), "b": population(**own), "c": population(**own)}}
    spec |= common({"name": "x", "type": "constant", "value": "all"})
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    made = datagen.records(datagen.load(tmp_path / "spec.json"), start=START, records=3, seed=1)
    assert [record["x"] for record in made] == ["all", "own", "own"]


def test_hours_of_a_population_are_those_of_its_zone() -> None:
    fields = [
        expression("x", "hour(time)"),
        {"name": "y", "type": "now", "format": "%H %z"},
        {"name": "z", "type": "template", "text": "{{time.hour}}"},
        expression("p", "profile('day')"),
    ]
    day = {"type": "hour_of_day", "factors": {"9": 9, "0": 5}}
    own = population(*fields, timezone="Asia/Tokyo", profiles={"day": day})
    made = records({"a": population(), "b": own}, 2, **common(*fields), profiles={"day": day}, timezone="UTC")
    assert [tuple(record[key] for key in "xyzp") for record in made] == [
        (0, "00 +0000", "0", 5.0),
        (9, "09 +0900", "9", 9.0),
    ]


def test_a_common_profile_has_the_zone_of_the_spec_inside_a_population_too() -> None:
    day = {"type": "hour_of_day", "factors": {"9": 9, "0": 5}}
    field = expression("p", "profile('day')")
    made = records({"b": population(field, timezone="Asia/Tokyo")}, 1, profiles={"day": day}, timezone="UTC")
    assert made[0]["p"] == 5.0


def test_conditions_and_sources_of_a_population_read_its_clock() -> None:
    ways = [{"next": "late", "when": "hour(time) >= 9"}, {"next": "early"}]
    states = [
        {"name": "s", "transitions": ways, "ordered": True},
        *(state(name, emitter="e") for name in ("late", "early")),
    ]
    cron = {"type": "cron", "expression": "0 9 * * *"}
    given = {"type": "timestamps", "name": "t", "values": ["2024-01-02T08:00:00"]}
    own = {"states": states, "arrivals": [cron | {"name": "c"}, given], "timezone": "Asia/Tokyo"}
    spec = {"populations": {"a": own, "b": own | {"timezone": None}}, "timezone": "UTC"}
    spec |= common(expression("x", "population + ' ' + state"))
    made = islice(datagen.records(datagen.load(spec), start=START, seed=1), 5)
    assert [(record["time"][8:16], record["x"]) for record in made] == [
        ("01T00:00", "a late"),
        ("01T09:00", "b late"),
        ("01T23:00", "a early"),
        ("02T00:00", "a late"),
        ("02T08:00", "b early"),
    ]


WALL = {"from": "2024-01-01T09:00:00", "until": "2024-01-01T10:00:00"}  # in Tokyo it is 9 where it is midnight in UTC
STEPS = [[WALL["from"], 7], [WALL["until"], 8]]
WRITTEN = {
    "an incident": ({"incidents": {"i": [WALL]}}, "incident('i')", True),
    "points": ({"profiles": {"p": {"type": "steps", "values": STEPS}}}, "profile('p')", 7.0),
    "an hour of a condition": ({}, "hour(time) = 9 ? 1 : 0", 1),
    "a text": ({}, "format(time, '%H')", "09"),
    "another zone": ({}, "hour(time, 'UTC')", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_times_that_are_written_in_a_population_are_those_of_its_clock(name: str) -> None:
    own, value, expected = WRITTEN[name]
    made = records({"a": population(expression("x", value), timezone="Asia/Tokyo", **own)}, 1, timezone="UTC")
    assert made[0]["x"] == expected


def test_incidents_of_populations_are_listed_by_their_whole_names() -> None:
    on = [{"from": "-1H", "until": "+1H"}]
    own = population({"name": "x", "type": "constant", "value": 1}, incidents={"i": on})
    own["emitters"][0]["incidents"] = "labels"
    assert records({"a": own}, 1, incidents={"i": on})[0]["labels"] == ["i", "a/i"]
