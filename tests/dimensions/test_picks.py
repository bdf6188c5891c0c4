"""The dimensions ``row`` and ``column``, and parts of a variable: which rows of a table are picked."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

import datagen
from datagen.engine.variables import CodeStore
from datagen.problems import InvalidInput, RunFailed
from tests.worlds import constant, counter, integer, read, records_of, run_of, state, uniform, world

CITIES = {
    "columns": ["name", "country", "size"],
    "rows": [["Rome", "IT", 3], ["Oslo", "NO", 1], ["Milan", "IT", 2], ["Bergen", "NO", 0]],
}
NAMES = [row[0] for row in CITIES["rows"]]
NUMBERS = {"size": 1000, "columns": [counter("n")]}


def row(name: str = "v", table: str = "cities", **keys: object) -> dict:
    return {"name": name, "type": "row", "table": table, **keys}


def column(column: str, name: str = "v", table: str = "cities", **keys: object) -> dict:
    return {"name": name, "type": "column", "table": table, "column": column, **keys}


def values(*dimensions: dict, count: int = 1000, cities: dict = CITIES, **keys: object) -> list:
    spec = world(*dimensions, tables={"cities": cities, "numbers": NUMBERS}, **keys)
    return [record["v"] for record in records_of(spec, count)]


def problems_of(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(spec), start="2024-01-01T00:00:00Z", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def test_every_row_is_equally_likely_without_weights() -> None:
    found = Counter(values(column("name"), count=4000))
    assert stats.chisquare([found[name] for name in NAMES]).pvalue > 0.001  # one seed in a thousand


def test_a_row_is_drawn_by_its_weight() -> None:
    found = Counter(values(column("name"), count=6000, cities=CITIES | {"weight": "size"}))
    assert found["Bergen"] == 0
    assert stats.chisquare([found[name] for name in NAMES[:3]], [3000, 1000, 2000]).pvalue > 0.001


def test_a_row_is_drawn_by_a_distribution_of_its_index() -> None:
    found = values(column("n", table="numbers", distribution=uniform(-5, 4)), count=2000)
    counts = np.bincount(found, minlength=5)
    assert counts.sum() == 2000
    assert stats.chisquare(counts, [1200, 200, 200, 200, 200]).pvalue > 0.001  # -5 to 0 count as the first


def test_a_whole_row_is_an_object() -> None:
    assert values(row(pick="cycle"), count=1) == [{"name": "Rome", "country": "IT", "size": 3}]


def test_a_cycle_goes_on_over_all_workers() -> None:
    assert values(column("name", pick="cycle"), count=6) == [*NAMES, "Rome", "Oslo"]


def test_a_shuffle_has_every_row_once_and_then_again_in_another_order() -> None:
    found = values(column("n", table="numbers", pick="shuffle"), count=3000)
    rounds = [found[:1000], found[1000:2000], found[2000:]]
    assert all(sorted(one) == list(range(1000)) for one in rounds)
    assert rounds[0] != rounds[1] != rounds[2]


def test_unique_values_of_a_column_come_once_each_in_another_order() -> None:
    countries = values(column("country", unique=True), count=2)
    assert sorted(countries) == ["IT", "NO"]
    numbers = values(column("n", table="numbers", unique=True))
    assert sorted(numbers) == list(range(1000)) != numbers
    assert numbers[:100] == values(column("n", table="numbers", unique=True), count=100)


def test_fewer_unique_values_of_a_column_than_records_are_refused_or_used_up() -> None:
    spec = world(column("country", unique=True), tables={"cities": CITIES})
    with pytest.raises(InvalidInput, match="unique: has 2 values of which none comes twice, and the run has 3 records"):
        records_of(spec, 3)
    with pytest.raises(RunFailed, match='all 2 values are used up, and with "unique" none comes twice'):
        records_of(spec, 9, duration=9)


def test_worker_k_has_row_k() -> None:
    states = [state("s", {"s": 0.7, "stop": 0.3}, delay=constant(1.5))]
    spec = world(column("name", pick="worker"), {"name": "w", "type": "expression", "value": "worker"},
                 states=states, tables={"cities": CITIES})  # fmt: skip
    assert all(record["v"] == NAMES[record["w"] % 4] for record in records_of(spec, 200))


def test_a_step_has_the_row_of_its_number() -> None:
    states = [state("s", {"s": 0.7, "stop": 0.3}, delay=constant(1.5))]
    spec = world(column("name", pick="step"), states=states, tables={"cities": CITIES})
    for batch in run_of(spec, 200).batches():
        names = batch.parts[0].columns["v"].to_pylist()
        assert names == [NAMES[step % 4] for step in batch.step.tolist()]


def test_a_member_of_a_batch_has_the_row_of_its_place() -> None:
    arrivals = {"type": "every", "every": 10, "size": 3}
    spec = world(column("name", pick="batch"), tables={"cities": CITIES}) | {"arrivals": arrivals}
    del spec["interarrival"]
    assert [record["v"] for record in records_of(spec, 6)] == NAMES[:3] * 2


def test_only_rows_that_match_are_drawn_by_their_weights() -> None:
    country = {"name": "c", "type": "enum", "values": ["IT", "NO", "SE"]}
    spec = world(country, column("name", match={"country": "c"}), tables={"cities": CITIES | {"weight": "size"}})
    found = Counter((record["c"], record["v"]) for record in records_of(spec, 3000))
    assert set(found) == {("IT", "Rome"), ("IT", "Milan"), ("NO", "Oslo"), ("SE", None)}
    italian = found["IT", "Rome"], found["IT", "Milan"]
    assert stats.chisquare(italian, [0.6 * sum(italian), 0.4 * sum(italian)]).pvalue > 0.001


def test_rows_match_in_several_columns_and_a_number_matches_however_it_is_written() -> None:
    size = {"name": "s", "type": "float", "distribution": uniform(1, 1)}
    assert set(values(size, column("name", match={"country": "'IT'", "size": "s + 1"}), count=50)) == {"Milan"}


def test_what_is_null_matches_nothing() -> None:
    cities = {"rows": [{"name": "Rome", "country": None}, {"name": "Oslo", "country": "NO"}]}
    assert set(values(column("name", match={"country": "null"}), count=20, cities=cities)) == {None}


def test_a_cut_of_rows_that_match_is_taken_by_turns_of_the_worker() -> None:
    picked = column("name", pick="worker", match={"country": "'NO'"})
    assert values(picked, count=4) == ["Oslo", "Bergen", "Oslo", "Bergen"]


def test_fields_with_a_label_share_a_row_of_their_record() -> None:
    fields = [column("name", "city", as_="home"), column("country", "of", as_="home")]
    fields = [{("as" if key == "as_" else key): value for key, value in field.items()} for field in fields]
    spec = world(*fields, column("country", "other"), tables={"cities": CITIES})
    records = records_of(spec, 400)
    countries = {name: country for name, country, _ in CITIES["rows"]}
    assert all(record["of"] == countries[record["city"]] for record in records)
    assert any(record["other"] != record["of"] for record in records)


def test_a_label_reaches_into_objects_of_the_record() -> None:
    inner = {"name": "o", "type": "object", "dimensions": [column("country", "of") | {"as": "home"}]}
    spec = world(column("name", "city") | {"as": "home"}, inner, tables={"cities": CITIES})
    countries = {name: country for name, country, _ in CITIES["rows"]}
    assert all(record["o"]["of"] == countries[record["city"]] for record in records_of(spec, 100))


def test_the_items_of_a_list_have_rows_of_their_own() -> None:
    items = {"name": "v", "type": "list", "elements": [column("n", "n", "numbers")], "length_distribution": constant(9)}
    assert all(len(set(found)) > 5 for found in values(items, count=20))


def test_a_variable_holds_the_workers_own_row_and_its_parts_can_be_read() -> None:
    states = [state("s", {"s": 0.7, "stop": 0.3}, delay=constant(1.5), variables=[]), ]  # fmt: skip
    states = [state("first", "s", emitter=None, variables=[row("home")]), *states]
    spec = world(
        read("home"),
        {"name": "city", "type": "variable", "variable": "home", "path": "name"},
        {"name": "text", "type": "expression", "value": "home.name + '/' + home.country"},
        states=states,
        tables={"cities": CITIES},
    )
    records = records_of(spec, 300)
    assert all(record["city"] == record["home"]["name"] for record in records)
    assert all(record["text"] == f"{record['home']['name']}/{record['home']['country']}" for record in records)
    assert len({record["city"] for record in records}) == 4


def test_a_pool_may_pick_from_a_table() -> None:
    pooled = {"name": "v", "type": "object", "cardinality": 3, "dimensions": [column("n", "n", "numbers"), row("c")]}
    found = values(pooled, count=100)
    assert len({one["n"] for one in found}) == 3


def test_another_table_or_field_leaves_the_picks_as_they_were() -> None:
    alone = values(column("name"), count=50)
    spec = world(column("n", "a", "numbers"), column("name"), tables={"numbers": NUMBERS, "cities": CITIES})
    assert [record["v"] for record in records_of(spec, 50)] == alone


@pytest.mark.parametrize(
    ("dimension", "problem"),
    [
        (column("name", table="citys"), '.table: unknown table "citys"; did you mean "cities"?'),
        (column("nam"), '.column: table "cities" has no column "nam"; did you mean "name"?'),
        (row(match={"contry": "1"}), '.match.contry: table "cities" has no column "contry"; did you mean "country"?'),
        (row(match={"country": "x"}), '.match.country: "x" is not a dimension above, a variable or time; known: age, '
         "alive, born, each.index, gather.index, gather.number, state, steps, time, visits, visits('s'), waited, "
         "worker"),
        (row(pick="cycle", match={"country": "'IT'"}), '.match: can\'t be with "pick": "cycle", which goes through all '
         "rows"),
        (row(pick="worker", distribution=constant(1)),
         '.distribution: can only be where a row is drawn, not with "pick": "worker"'),
        (row(pick="batch"), '.pick: "batch.index" can only be read where a source is of the type "every"'),
    ],
)  # fmt: skip
def test_a_bad_pick_is_told_with_its_place(dimension, problem) -> None:
    assert problems_of(world(dimension, tables={"cities": CITIES})) == [f"emitters[0].dimensions[0]{problem}"]


def test_a_part_that_a_variable_does_not_have_is_told_with_its_place() -> None:
    spec = world({"name": "c", "type": "variable", "variable": "home", "path": "nam"},
                 states=[state("s", variables=[row("home")])], tables={"cities": CITIES})  # fmt: skip
    assert problems_of(spec) == ['emitters[0].dimensions[0].path: variable "home" has no "nam" inside']


def test_a_spec_without_tables_says_so() -> None:
    assert problems_of(world(row())) == [
        'emitters[0].dimensions[0].table: unknown table "cities"; the spec has no "tables"'
    ]


def test_an_integer_picks_within_a_made_table_of_a_million() -> None:
    big = {"size": 1_000_000, "columns": [integer("n", uniform(0, 9))]}
    found = records_of(world(column("n", table="big"), tables={"big": big}), 1000)
    assert {record["v"] for record in found} == set(range(10))


def test_a_file_without_a_header_can_be_matched(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("DE,Berlin\nIT,Rome\nNO,Oslo\n")
    table = {"path": str(tmp_path / "t.csv"), "header": False}
    spec = world(column("_1", table="t", match={"_0": "'IT'"}), tables={"t": table})
    assert {record["v"] for record in records_of(spec, 20)} == {"Rome"}


def test_a_field_that_is_called_worker_is_not_the_worker() -> None:
    spec = world({"name": "worker", "type": "enum", "values": ["x"]}, column("name", pick="worker"),
                 tables={"cities": CITIES})  # fmt: skip
    assert [record["v"] for record in records_of(spec, 5)] == [*NAMES, "Rome"]


def test_keyed_fields_with_a_label_share_a_row() -> None:
    keyed = [column(name, name, keyed_by="u", **{"as": "home"}) for name in ("name", "country")]
    records = records_of(world(integer("u", uniform(1, 50)), *keyed, tables={"cities": CITIES}), 300)
    countries = {name: country for name, country, _ in CITIES["rows"]}
    assert all(record["country"] == countries[record["name"]] for record in records)
    assert len({(record["u"], record["name"]) for record in records}) == len({record["u"] for record in records})


def test_fields_with_a_label_that_pick_in_other_ways_are_told() -> None:
    fields = [column("name", "a") | {"as": "x"}, column("name", "b", pick="cycle") | {"as": "x"}]
    assert problems_of(world(*fields, tables={"cities": CITIES})) == [
        'emitters[0].dimensions[1].as: another field shares the row "x", and picks it in another way'
    ]


def test_fields_that_share_a_row_in_turn_are_in_every_record() -> None:
    field = column("name", pick="cycle", percent_nulls=5) | {"as": "x"}
    [problem] = problems_of(world(field, tables={"cities": CITIES}))
    assert problem.startswith('emitters[0].dimensions[0].percent_nulls: can\'t be with "pick": "cycle" and "as"')


def test_a_large_table_inside_of_an_object_leaves_batches_large() -> None:
    big = {"size": 300_000, "columns": [{"name": "s", "type": "hex", "length": 32}]}
    inner = {"name": "o", "type": "object", "dimensions": [column("s", table="big")]}
    sizes = [len(batch) for batch in run_of(world(inner, tables={"big": big}, gap=0.001), 100_000).batches()]
    assert max(sizes) > 20_000


def test_a_store_of_rows_does_not_grow_when_it_is_restored() -> None:
    rows = pa.array([{"a": 1}, {"a": 2}])
    store = CodeStore(rows.type)
    for _ in range(3):
        made = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int32()), pa.array([{"a": 1}, {"a": 2}]))
        store.append([(np.arange(2, dtype=np.int32) + store.size, made)])
        again = CodeStore(rows.type)
        again.restore(store.snapshot())
        store = again
    assert len(store.snapshot()["values"]) == 3
    assert store.pick(np.array([1, 4], np.int32)).to_pylist() == [{"a": 2}, {"a": 1}]
