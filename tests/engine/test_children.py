"""Children: when they are born and of whom, what they know, who waits for them, and what is refused."""

import duckdb
import pytest

import datagen
from datagen.moment import parse_moment
from tests.stepping import SteppingClock
from tests.worlds import START, constant, exponential, records_of, seconds, steps_of, world

KID = {"name": "kid", "emitter": "e", "delay": constant(1)}
ROLE = {"name": "state", "type": "variable", "variable": "role"}


def calculated(name: str, value: str | None = None) -> dict:
    return {"name": name, "type": "expression", "value": value or name}


def role(name: str) -> dict:
    return {"name": "role", "type": "constant", "value": name}


def family(*entries: dict, kid: dict = KID, then: tuple[dict, ...] = (), gap: float = 100, **keys: object) -> dict:
    """A world whose parents spawn by these entries; ``then`` are the states of parents behind the first."""
    parent = {"name": "parent", "variables": [role("parent")], "emitter": "e", "delay": constant(3)}
    parent |= {"spawn": list(entries), "next": then[0]["name"] if then else "stop"} | keys.pop("parent", {})
    kid = kid | {"variables": [role("kid"), *kid.get("variables", [])]}
    fields = [ROLE, calculated("born"), calculated("worker"), *keys.pop("fields", [])]
    return world(*fields, states=[parent, *then, kid], gap=constant(gap), **keys)


def found(spec: dict, count: int, *names: str) -> list[tuple]:
    """Return of some records the seconds since the start, and some fields."""
    return [(seconds(record), *(record[name] for name in names)) for record in records_of(spec, count)]


def joining(**keys: object) -> tuple[dict, ...]:
    return ({"name": "waiting", "variables": [role("waiting")], "emitter": "e", "join": True, **keys},)


def test_a_child_is_born_at_once_and_behind_the_record_of_its_parent() -> None:
    expected = [(0, "parent", 0, 0), (0, "kid", 1, None), (100, "parent", 2, 1), (100, "kid", 3, None)]
    assert found(family({"state": "kid"}), 4, "state", "born", "worker") == expected


def test_a_child_with_a_delay_is_born_that_long_behind_the_record() -> None:
    parent = {"use": "desk", "delay": constant(7)}
    spec = family({"state": "kid", "delay": constant(2)}, gap=1, parent=parent, resources={"desk": {"capacity": 1}})
    assert found(spec, 4, "state") == [(0, "parent"), (2, "kid"), (7, "parent"), (9, "kid")]


def test_a_parent_that_has_stopped_still_has_its_children() -> None:
    spec = family({"state": "kid", "delay": constant(50)}, parent={"delay": constant(0)})
    assert found(spec, 3, "state", "born") == [(0, "parent", 0), (50, "kid", 1), (100, "parent", 2)]


@pytest.mark.parametrize(
    ("count", "born"),
    [(3, 3), (0, 0), ("0 - 2", 0), (2.9, 2), ("visits + 1", 2), ("1.5 * 1.5", 2), ("0 / 0", 0), ("0 - 1", 0)],
)
def test_there_are_as_many_children_as_the_count_says_rounded_down(count: float | str, born: int) -> None:
    spec = family({"state": "kid", "count": count})
    assert [name for _, name in found(spec, born + 2, "state")] == ["parent", *["kid"] * born, "parent"]


def test_entries_bear_one_after_the_other_in_their_order() -> None:
    entries = [{"name": name, "state": "kid", "count": 2} for name in ("b", "a")]
    for entry in entries:
        entry["variables"] = [{"name": "of", "type": "constant", "value": entry["name"]}]
        entry["variables"].append(calculated("place", "spawn.index"))
    spec = family(*entries, fields=[calculated("of"), calculated("place")])
    assert [row[1:] for row in found(spec, 5, "of", "place")][1:] == [("b", 0), ("b", 1), ("a", 0), ("a", 1)]


def test_children_know_of_their_parent_what_they_are_given_and_nothing_else() -> None:
    given = [
        {"name": "id", "type": "variable", "variable": "id"},
        {"name": "of", "type": "variable", "variable": "id"},
        calculated("copy", "id"),
        calculated("was", "born"),
        calculated("entered", "visits"),
    ]
    own = [{"name": name, "type": "hex", "length": 8} for name in ("id", "secret")]
    fields = [calculated(name) for name in ("id", "of", "copy", "was", "entered", "secret")]
    spec = family({"state": "kid", "variables": given}, fields=fields, parent={"variables": [role("parent"), *own]})
    parent, kid = records_of(spec, 2)
    assert parent["secret"] is not None
    assert kid["id"] == kid["of"] == kid["copy"] == parent["id"]
    assert (kid["was"], kid["entered"], kid["secret"]) == (0, 1, None)


def drawn(*more: dict, fields: tuple[dict, ...] = ()) -> set[tuple]:
    """Return what the children of an entry called "own" draw, and when they move on, beside other entries."""
    draws = [
        {"name": "of", "type": "constant", "value": "own"},
        *fields,
        {"name": "id", "type": "hex", "length": 12},
    ]
    own = {"name": "own", "state": "kid", "count": 3, "delay": exponential(1), "variables": draws}
    kid = KID | {"delay": exponential(1), "next": "grown"}
    then = ({"name": "grown", "emitter": "e"},)
    spec = family(*more, own, fields=[calculated("of"), calculated("id")], kid=kid, then=then)
    made = records_of(spec, duration="20M")
    return {(record["time"], record["id"]) for record in made if record["of"] == "own"}


def test_what_children_draw_depends_on_no_other_entry_and_no_other_field() -> None:
    own = drawn()
    assert len({id_ for _, id_ in own}) == 12 * 3
    assert drawn({"name": "other", "state": "kid", "count": 2}) == own
    assert drawn(fields=({"name": "more", "type": "hex", "length": 8},)) == own


@pytest.mark.parametrize(
    ("kid", "home", "is_told"),
    [
        ({"next": "kid"}, {}, True),
        ({"transitions": [{"next": "kid", "probability": 0.9}, {"next": "stop", "probability": 0.1}]}, {}, False),
        ({"transitions": [{"next": "kid", "when": "visits < 9"}]}, {}, False),
        ({"next": "kid"}, {"timeout": {"after": constant(9), "next": "stop"}}, False),
    ],
)
def test_who_joins_children_that_never_stop_is_told(kid: dict, home: dict, is_told: bool) -> None:
    warnings = datagen.load(family({"state": "kid"}, kid=KID | kid, then=joining(**home))).warnings
    text = 'states[1].join: waits for children who never stop: there is no way out behind "kid"; give them one'
    assert any(text in str(warning) for warning in warnings) == is_told


def test_there_are_the_same_children_whatever_the_window() -> None:
    spec = family({"state": "kid", "count": "born % 4", "delay": exponential(2)}, gap=0.5, then=joining())

    expected = steps_of(spec, 3000)
    for windows in (1, 7, 100):
        clock = SteppingClock(parse_moment(START), expected[-1][0] // windows)
        assert steps_of(spec, 3000, clock=clock) == expected


def test_children_take_no_place_under_the_limit_of_workers() -> None:
    spec = family({"state": "kid", "count": 5}, gap=1, max_workers=1)
    assert found(spec, 12, "state") == [(at, name) for at in (0, 3) for name in ["parent", *["kid"] * 5]]


def test_a_join_is_over_when_the_last_child_has_stopped_those_yet_unborn_included() -> None:
    spec = family({"state": "kid", "count": 2}, {"name": "late", "state": "kid", "delay": constant(40)}, then=joining())
    assert found(spec, 5, "state")[3:] == [(40, "kid"), (41, "waiting")]


def test_a_join_without_children_is_over_at_once() -> None:
    assert found(family({"state": "kid", "count": 0}, then=joining()), 2, "state") == [(0, "parent"), (3, "waiting")]


def test_a_join_waits_for_what_children_wait_for() -> None:
    kid = KID | {"use": "desk", "delay": constant(10)}
    spec = family({"state": "kid", "count": 3}, kid=kid, then=joining(), resources={"desk": {"capacity": 1}})
    assert found(spec, 5, "state")[1:] == [(0, "kid"), (10, "kid"), (20, "kid"), (30, "waiting")]


def test_a_join_may_be_given_up() -> None:
    last = {"name": "given up", "variables": [role("given up")], "emitter": "e"}
    waiting = joining(timeout={"after": constant(2), "next": "given up"})
    spec = family({"state": "kid", "delay": constant(40)}, then=(*waiting, last))
    assert found(spec, 3, "state") == [(0, "parent"), (5, "given up"), (40, "kid")]


def test_the_children_of_who_has_stopped_are_not_those_of_who_took_its_place() -> None:
    """One place is free at a time, and the children of the worker before end while the next one waits for its own."""
    entry = {"state": "kid", "delay": constant(4.5)}
    waiting = joining(timeout={"after": constant(2), "next": "stop"})
    spec = family(entry, gap=1, max_workers=1, parent={"delay": constant(1)}, then=waiting)
    names = [name for _, name in found(spec, 200, "state")]
    assert set(names) == {"parent", "kid"}


@pytest.mark.parametrize(
    ("entries", "keys", "message"),
    [
        ([{"state": "kit"}], {}, 'states[0].spawn[0].state: unknown state "kit"; did you mean "kid"?'),
        ([{"state": "kid"}, {"state": "kid"}], {}, 'spawn[1].name: the name "kid" is taken already; give it another'),
        (
            [{"state": "kid", "count": "spawn.index"}],
            {},
            'count: "spawn.index" is neither a variable nor what is known',
        ),
        ([{"state": "kid", "count": "lot"}], {}, 'states[0].spawn[0].count: "lot" is neither a variable nor what'),
        ([{"state": "kid", "variables": [calculated("x", "lot")]}], {}, 'variables[0].value: "lot" is not a variable'),
        ([{"state": "kid"}], {"fields": [calculated("x", "spawn.index")]}, '"spawn.index" is not a dimension'),
        ([{"state": "kid"}], {"parent": {"variables": [calculated("x", "spawn.index")]}}, '"spawn.index" is not a'),
        ([{"state": "kid", "count": -1}], {}, "spawn[0].count: must be greater than or equal to 0, found -1"),
        ([{"state": "kid"}], {"most_children": 0}, "most_children: must be greater than or equal to 1, found 0"),
        ([{"state": "parent"}], {}, "states[0]: a worker can spawn others without ever waiting who do the same"),
    ],
)
def test_what_can_not_be_spawned_is_refused(entries: list[dict], keys: dict, message: str) -> None:
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(family(*entries, **keys), 1)
    assert message in str(refused.value)


def test_too_many_children_end_the_run_with_a_message(generate) -> None:
    outcome = generate(family({"state": "kid", "count": 5, "delay": constant(9)}, most_children=4), "-n", 3)
    assert outcome.code == 1
    assert (
        'there are 4 children at once, which is the most that may be, and state "parent" spawns more ("kid"); '
        "raise `most_children` if that is meant" in outcome.err
    )


def test_as_many_children_as_may_be_are_no_problem() -> None:
    assert len(records_of(family({"state": "kid", "count": 5}, most_children=5), 20)) == 20


def test_who_spawns_itself_later_goes_on_for_ever() -> None:
    spec = family({"state": "parent", "delay": constant(1)}, parent={"delay": constant(0)}, most_children=2, gap=1e9)
    assert [at for at, _ in found(spec, 50, "state")] == list(range(50))


def test_a_family_that_grows_at_one_instant_is_allowed_where_its_count_ends_it() -> None:
    given = [calculated("depth", "coalesce(depth, 0) + 1")]
    entry = {"state": "parent", "count": "coalesce(depth, 0) < 3 ? 2 : 0", "variables": given}
    assert [at for at, _ in found(family(entry), 16, "state")] == [*[0] * 15, 100]


def test_who_takes_turns_at_a_resource_may_spawn_the_next_one_at_once() -> None:
    spec = family({"state": "parent"}, parent={"use": "desk"}, resources={"desk": {"capacity": 1}}, gap=1000)
    assert [at for at, _ in found(spec, 5, "state")] == [0, 3, 6, 9, 12]


def test_who_waits_for_children_that_wait_for_it_is_told() -> None:
    spec = family({"state": "kid"}, kid=KID | {"use": "desk"}, then=joining(), parent={"acquire": "desk"})
    spec |= {"resources": {"desk": {"capacity": 1}}, "max_workers": 1}
    message = 'waiting are 1 worker to enter state "waiting", 1 worker for "desk"'
    with pytest.raises(datagen.RunFailed, match=f"nothing can happen any more; {message}"):
        records_of(spec, 5)


def test_a_join_of_who_has_no_children_is_warned_of() -> None:
    def warnings(spec: dict) -> list[str]:
        return [str(warning) for warning in datagen.load(spec).warnings]

    text = "states[1].join: no worker that comes to this state has spawned others before"
    spec = family(then=joining(), kid=KID | {"spawn": []})
    assert any(text in warning for warning in warnings(spec))
    assert not warnings(family({"state": "kid"}, then=joining()))
    first = family({"state": "kid"}, parent={"join": True})
    assert any("states[0].join: no worker" in warning for warning in warnings(first))


def test_no_child_comes_before_its_parent_in_a_million_records(tmp_path) -> None:
    given = [calculated("of", "own"), calculated("place", "spawn.index")]
    given.append({"name": "asked", "type": "variable", "variable": "asked"})
    entry = {"state": "kid", "count": "asked", "delay": exponential(5), "variables": given}
    own = [role("parent"), {"name": "asked", "type": "int", "distribution": {"type": "uniform", "min": 0, "max": 6}}]
    own.append(calculated("own", "born"))
    fields = [calculated("of", "role = 'kid' ? of : own"), calculated("place"), calculated("asked")]
    spec = family(entry, parent={"variables": own}, then=joining(), fields=fields, gap=0.1, max_workers=1000)
    path = tmp_path / "records.jsonl"
    datagen.run(spec, {"type": "file", "path": str(path)}, start=START, records=10**6, seed=5)
    [(families, early, late, wrong)] = duckdb.execute(
        f"""with r as (select *, row_number() over () rank from read_json('{path}', sample_size = -1)),
        families as (select of,
            min(rank) filter (state = 'parent') begins, min(rank) filter (state = 'waiting') ends,
            min(rank) filter (state = 'kid') first, max(rank) filter (state = 'kid') last,
            count(*) filter (state = 'kid') many, max(place) + 1 places, any_value(asked) asked from r group by of)
        select count(*), count(*) filter (begins is null or first < begins), count(*) filter (last > ends),
            count(*) filter (ends is not null and (many != asked or coalesce(places, 0) != asked)) from families"""
    ).fetchall()
    assert (early, late, wrong) == (0, 0, 0)
    assert families > 100_000


def test_children_inherit_what_their_parent_was_given_at_birth() -> None:
    given = [{"name": "ticket", "type": "variable", "variable": "ticket"}]
    spec = family({"state": "kid", "count": 2, "variables": given}, fields=[calculated("ticket")])
    source = {"type": "interarrival", "distribution": constant(9)}
    source |= {"variables": [{"name": "ticket", "type": "counter", "start": 5}]}
    del spec["interarrival"]
    assert [ticket for _, ticket in found(spec | {"arrivals": source}, 5, "ticket")] == [5, 5, 5, 6, 6]
