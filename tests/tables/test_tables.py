"""Tables: where their rows come from, what is checked of them, and what there is to pick from in a run."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import START, constant, counter, enum, integer, records_of, uniform, world

CITIES = {"columns": ["name", "country", "size"], "rows": [["Rome", "IT", 3], ["Oslo", "NO", 1], ["Milan", "IT", 2]]}
CUSTOMERS = {"size": 5, "columns": [counter("id", start=1), {"name": "home", "type": "row", "table": "cities"}]}


def all_rows(table: dict, *, size: int, **tables: dict) -> list[dict]:
    """The rows of a table, as a run sees them."""
    spec = world({"name": "row", "type": "row", "table": "t", "pick": "cycle"}, tables={"t": table, **tables})
    return [record["row"] for record in records_of(spec, size)]


def problems_of(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(spec), start="2024-01-01T00:00:00Z", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def problem_of(table: dict, **tables: dict) -> str:
    found = problems_of(world(counter("n"), tables={"t": table, **tables}))
    assert len(found) == 1, found
    return found[0].removeprefix("tables.t")


def test_rows_stand_in_the_spec_as_lists_or_objects() -> None:
    objects = {"rows": [dict(zip(CITIES["columns"], row, strict=True)) for row in CITIES["rows"]]}
    assert all_rows(CITIES, size=3) == all_rows(objects, size=3) == objects["rows"]


def test_a_key_that_an_object_does_not_have_is_null() -> None:
    assert all_rows({"rows": [{"a": 1}, {"b": "x"}]}, size=2) == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_a_column_keeps_the_types_of_its_values() -> None:
    rows = [{"v": 1}, {"v": 2.5}, {"v": "x"}, {"v": [1, {"a": None}]}, {"v": True}]
    assert all_rows({"rows": rows}, size=5) == rows


FILES = {
    "cities.csv": b"name,country,size\nRome,IT,3\nOslo,NO,1\nMilan,IT,2\n",
    "cities.tsv": b"name\tcountry\tsize\nRome\tIT\t3\nOslo\tNO\t1\nMilan\tIT\t2\n",
    "cities.csv.gz": gzip.compress(b"name,country,size\nRome,IT,3\nOslo,NO,1\nMilan,IT,2\n"),
    "cities.json": json.dumps([dict(zip(CITIES["columns"], row, strict=True)) for row in CITIES["rows"]]).encode(),
    "cities.jsonl": b"".join(
        json.dumps(dict(zip(CITIES["columns"], row, strict=True))).encode() + b"\n" for row in CITIES["rows"]
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_the_same_rows_in_every_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    assert all_rows({"path": str(tmp_path / name)}, size=3) == all_rows(CITIES, size=3)


def test_a_parquet_file_holds_the_same_rows(tmp_path: Path) -> None:
    columns = {name: [row[number] for row in CITIES["rows"]] for number, name in enumerate(CITIES["columns"])}
    pa.parquet.write_table(pa.table(columns), tmp_path / "cities.parquet")
    assert all_rows({"path": str(tmp_path / "cities.parquet")}, size=3) == all_rows(CITIES, size=3)


def test_the_cells_of_a_text_file_are_what_all_of_a_column_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,c,d\n1,007,1.5,true\n2,8,,false\n,9,2,true\n")
    assert all_rows({"path": str(tmp_path / "t.csv")}, size=3) == [
        {"a": 1, "b": "007", "c": 1.5, "d": True},
        {"a": 2, "b": "8", "c": None, "d": False},
        {"a": None, "b": "9", "c": 2.0, "d": True},
    ]


def test_cells_are_times_where_all_of_a_column_are(tmp_path: Path) -> None:
    rows = ["a,b,c,d,e", "2024-01-31T09:30:00,2024-01-31T09:30:00+02:00,2024-01-31,2024-13-01T00:00:00,", ""]
    rows[2] = "2024-02-01T00:00:00.123456,2024-01-31T09:30:00.5Z,2024-02-01T10:00,2024-01-31T09:30:00,"
    (tmp_path / "t.csv").write_text("\n".join([*rows, ",,,,", ""]))
    spec = world(
        {"name": "r", "type": "row", "table": "t", "pick": "worker"},
        {"name": "later", "type": "expression", "value": "r.a + 60"},
        {"name": "day", "type": "expression", "value": "weekday(r.b)"},
        {"name": "text", "type": "text", "value": "{{r.b|%d.%m. %H:%M}}"},
        tables={"t": {"path": str(tmp_path / "t.csv")}},
    )
    first, second, third = records_of(spec, 3)
    assert first["r"] == {
        "a": "2024-01-31T09:30:00.000",
        "b": "2024-01-31T07:30:00.000Z",
        "c": "2024-01-31",
        "d": "2024-13-01T00:00:00",  # no such month: texts
        "e": None,
    }
    assert (first["later"], first["day"], first["text"]) == ("2024-01-31T09:31:00.000", 3, "31.01. 07:30")
    assert (second["r"]["a"], second["r"]["b"]) == ("2024-02-01T00:00:00.123", "2024-01-31T09:30:00.500Z")
    assert (third["r"]["a"], third["later"]) == (None, None)


@pytest.mark.parametrize("cell", ["2024-01-31", "2024-01-31T09:30:00Z", "2024-02-30T09:30:00", "soon"])
def test_a_cell_that_is_no_time_is_told_with_its_line(tmp_path: Path, cell: str) -> None:
    (tmp_path / "t.csv").write_text(f"a,b\n2024-01-31T09:30:00,1\n{cell},2\n")
    table = {"path": str(tmp_path / "t.csv"), "types": {"a": "time"}}
    with pytest.raises(InvalidInput, match='line 3: "a" is taken for a time without an offset, such as 2024-01-31T09'):
        all_rows(table, size=2)


def test_times_in_lines_of_json_are_texts_unless_they_are_said_to_be_times(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"a": "2024-01-31T09:30:00+02:00"}\n')
    table = {"path": str(tmp_path / "t.jsonl")}
    assert all_rows(table, size=1) == [{"a": "2024-01-31T09:30:00+02:00"}]
    assert all_rows(table | {"types": {"a": "time"}}, size=1) == [{"a": "2024-01-31T07:30:00.000Z"}]


def test_types_are_as_they_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n,3\n")
    assert all_rows({"path": str(tmp_path / "t.csv"), "types": "text"}, size=2) == [
        {"a": "1", "b": "2"},
        {"a": "", "b": "3"},
    ]


def test_lines_are_rows_of_one_column(tmp_path: Path) -> None:
    (tmp_path / "t.log").write_text("one\ntwo\n")
    assert all_rows({"path": str(tmp_path / "t.log")}, size=2) == [{"line": "one"}, {"line": "two"}]


def test_another_content_of_a_file_is_another_run(tmp_path: Path) -> None:
    column = {"name": "a", "type": "column", "table": "t", "column": "a"}
    (tmp_path / "spec.json").write_text(json.dumps(world(column, tables={"t": {"path": "t.csv"}})))
    options = {"target": {"type": "file", "path": str(tmp_path / "out.json")}, "state": tmp_path / "state", "seed": 1}
    (tmp_path / "t.csv").write_text("a\n1\n")
    datagen.run(tmp_path / "spec.json", start=START, records=1, **options)
    (tmp_path / "t.csv").write_text("a\n2\n")
    with pytest.raises(InvalidInput, match="files that the spec names"):
        datagen.run(tmp_path / "spec.json", start=START, records=2, **options)


def test_made_rows_follow_from_the_seed_and_a_column_reads_those_above() -> None:
    table = {
        "size": 100,
        "columns": [integer("a", uniform(1, 9)), {"name": "b", "type": "expression", "value": "a * 2"}],
    }
    rows = all_rows(table, size=100)
    assert all(row["b"] == 2 * row["a"] for row in rows)
    assert rows == all_rows(table, size=100)
    assert len({row["a"] for row in rows}) == 9


def test_another_column_leaves_the_others_as_they_were() -> None:
    column = integer("a", uniform(1, 999))
    alone = all_rows({"size": 50, "columns": [column]}, size=50)
    beside = all_rows({"size": 50, "columns": [integer("z", uniform(1, 9)), column]}, size=50)
    assert [row["a"] for row in beside] == [row["a"] for row in alone]


def test_a_longer_table_begins_with_the_shorter_one() -> None:
    columns = [integer("a", uniform(1, 999))]
    assert all_rows({"size": 99, "columns": columns}, size=9) == all_rows({"size": 9, "columns": columns}, size=9)


def test_a_counter_of_a_table_is_not_that_of_a_record() -> None:
    spec = world(counter("id"), {"name": "c", "type": "row", "table": "t", "pick": "cycle"},
                 tables={"t": {"size": 3, "columns": [counter("id", start=1)]}})  # fmt: skip
    assert [(record["id"], record["c"]["id"]) for record in records_of(spec, 4)] == [(0, 1), (1, 2), (2, 3), (3, 1)]


def test_each_row_of_another_table_has_its_own_rows() -> None:
    lines = {
        "per": {"table": "customers", "count": uniform(0, 4)},
        "columns": [
            {"name": "customer", "type": "expression", "value": "parent.id"},
            {"name": "city", "type": "expression", "value": "parent.home.name"},
        ],
    }
    tables = {"cities": CITIES, "customers": CUSTOMERS | {"size": 500}}
    rows = all_rows(lines, size=900, **tables)
    counts = [sum(row["customer"] == number for row in rows) for number in range(1, 400)]
    assert {row["customer"] for row in rows} <= set(range(1, 501))
    assert set(counts) == {0, 1, 2, 3, 4}
    assert sorted(row["customer"] for row in rows) == [row["customer"] for row in rows]


def test_a_pooled_column_picks_from_a_pool_of_the_table() -> None:
    pooled = integer("a", uniform(1, 10**9), cardinality=3, cardinality_distribution=uniform(0, 2))
    assert len({row["a"] for row in all_rows({"size": 100, "columns": [pooled]}, size=100)}) == 3


def test_where_keeps_the_rows_for_which_it_holds() -> None:
    assert [row["name"] for row in all_rows(CITIES | {"where": "country = 'IT'"}, size=2)] == ["Rome", "Milan"]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, ': needs "path", "rows", "size" or "per", or the "type" of one that is ready-made'),
        ({"path": "nowhere.csv"}, ".path: nowhere.csv can't be read: No such file or directory"),
        ({"rows": []}, ".rows: must not be empty"),
        ({"rows": [[1]]}, ': "columns" is required where rows are lists: it names their values'),
        ({"columns": ["a"], "rows": [[1], [1, 2]]}, ".rows[1]: has 2 values for 1 column"),
        ({"columns": ["a"], "rows": [[1], {"a": 2}]}, '.rows[1]: must be a list, found {"a": 2}'),
        ({"columns": ["a", "a"], "rows": [[1, 2]]}, ".columns: names of columns must be different"),
        (CITIES | {"weight": "sizes"}, '.weight: there is no column "sizes"; did you mean "size"?'),
        (CITIES | {"weight": "name"}, '.weight: column "name" holds no numbers'),
        (CITIES | {"rows": [["Rome", "IT", -1]], "weight": "size"},
         ".weight: weights must be numbers from 0 on; row 1 has -1"),
        (CITIES | {"rows": [["Rome", "IT", 0]], "weight": "size"}, ".weight: must not be 0 in every row"),
        (CITIES | {"unique": ["country"]}, '.unique: rows 1 and 3 have the same "country"'),
        (CITIES | {"where": "size > 9"}, ".where: no row is left, and a table needs one"),
        ({"size": 1, "per": {"table": "t", "count": constant(1)}, "columns": [counter("a")]},
         ': there must be either "size" or "per"'),
        ({"size": 2, "columns": [{"name": "a", "type": "expression", "value": "b"}, counter("b")]},
         '.columns[0].value: "b" is no column above; there is none'),
        ({"size": 2, "columns": [{"name": "a", "type": "variable", "variable": "v"}]},
         '.columns[0]: variable "v" can\'t be read here: no worker is there yet'),
        ({"size": 2, "columns": [counter("a"), {"name": "b", "type": "expression", "value": "a + true"}]},
         ".columns[1].value: + can't take a number and true or false (character 1 of the expression)"),
        ({"per": {"table": "u", "count": constant(1)}, "columns": [counter("a")]},
         '.per.table: unknown table "u"; known: t'),
        ({"per": {"table": "t", "count": constant(1)}, "columns": [counter("a")]},
         ": tables can't be made of each other (t → t)"),
    ],
)  # fmt: skip
def test_a_bad_table_is_told_with_its_place(table, problem) -> None:
    assert problem_of(table) == problem


def test_a_file_that_is_not_what_it_should_be_is_told_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\nx\n")
    table = {"path": str(tmp_path / "t.csv"), "types": {"a": "integer"}}
    assert "t.csv: line 3: " in problem_of(table)


def test_names_in_rows_may_repeat() -> None:
    rows = [{"name": "a"}, {"name": "a"}]
    assert all_rows({"rows": rows}, size=2) == rows


def test_a_row_with_an_enum_reads_like_any_object() -> None:
    assert {row["plan"] for row in all_rows({"size": 20, "columns": [enum("plan", "free", "paid")]}, size=20)} == {
        "free", "paid"
    }  # fmt: skip


def test_json_values_keep_their_types(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"zip": "10115", "s": "", "b": "true", "n": 5}\n')
    assert all_rows({"path": str(tmp_path / "t.jsonl")}, size=1) == [{"zip": "10115", "s": "", "b": "true", "n": 5}]


def test_weights_and_matches_read_numbers_of_several_types() -> None:
    table = {"rows": [{"k": "a", "w": 0}, {"k": "b", "w": 1.5}], "weight": "w"}
    assert {row["k"] for row in all_rows(table | {"where": "w > 1"}, size=20)} == {"b"}
    spec = world({"name": "k", "type": "column", "table": "t", "column": "k"}, tables={"t": table})
    assert {record["k"] for record in records_of(spec, 50)} == {"b"}
    spec = world({"name": "k", "type": "column", "table": "t", "column": "k", "match": {"w": "0"}}, tables={"t": table})
    assert {record["k"] for record in records_of(spec, 5)} == {None}  # its weight is 0


def test_a_key_that_is_missing_in_a_row_is_null_in_its_column() -> None:
    columns = [counter("n"), enum("m", "x", percent_missing=50)]
    table = {"size": 40, "columns": columns, "unique": ["n"]}
    rows = all_rows(table, size=40)
    column = {"name": "m", "type": "column", "table": "t", "column": "m", "pick": "cycle", "percent_nulls": 20}
    spec = world({"name": "v", "type": "variable", "variable": "m"}, tables={"t": table})
    spec["states"][0]["variables"] = [column]
    values = [record["v"] for record in records_of(spec, 40)]
    assert {len(row) for row in rows} == {1, 2}
    assert set(values) == {None, "x"}


def test_objects_and_lists_can_be_told_apart() -> None:
    table = {"rows": [{"o": {"a": 1}, "k": 1}, {"o": {"a": 1}, "k": 2}], "unique": ["o"]}
    assert problem_of(table) == '.unique: rows 1 and 2 have the same "o"'


def test_a_file_that_changes_between_two_runs_of_a_spec_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\nold\n")
    loaded = datagen.load(world(
        {"name": "a", "type": "column", "table": "t", "column": "a"}, tables={"t": {"path": str(tmp_path / "t.csv")}}
    ))  # fmt: skip
    assert [record["a"] for record in datagen.records(loaded, start=START, records=1)] == ["old"]
    (tmp_path / "t.csv").write_text("a\nother\n")
    with pytest.raises(InvalidInput, match="has changed since the spec was read"):
        next(datagen.records(loaded, start=START, records=1))


def test_a_table_that_nothing_uses_is_told() -> None:
    [warning] = datagen.load(world(counter("n"), tables={"t": CITIES})).warnings
    assert (warning.path, warning.message) == ("tables.t", 'nothing in the spec uses table "t"')


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("a\n", "t.csv", ".path: {path}: there are no records"),
        ("[]", "t.json", ".path: {path}: there are no records"),
    ],
)
def test_a_file_without_records_is_told(tmp_path: Path, content: str, name: str, problem: str) -> None:
    (tmp_path / name).write_text(content)
    path = str(tmp_path / name)
    assert problem_of({"path": path}) == problem.format(path=path)


def test_an_unknown_column_among_types_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("price\n1\n")
    found = problem_of({"path": str(tmp_path / "t.csv"), "types": {"pric": "text"}})
    assert found == '.types.pric: there is no column "pric"; did you mean "price"?'


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        (
            "contry = 'A'",
            '.where: there is no column "contry"; did you mean "country"? (character 1 of the expression)',
        ),
        ("size", ".where: is neither true nor false"),
        ("name > 3", ".where: a text and a number can't be compared with >"),
    ],
)
def test_a_condition_of_rows_is_checked(where: str, problem: str) -> None:
    assert problem_of(CITIES | {"where": where}).startswith(problem)


@pytest.mark.parametrize("pick", ["worker", "step", "batch"])
def test_a_column_of_a_table_can_not_pick_by_a_worker(pick: str) -> None:
    columns = [counter("worker"), {"name": "c", "type": "row", "table": "u", "pick": pick}]
    found = problem_of({"size": 3, "columns": columns}, u=CITIES)
    assert found.startswith(".columns[1].pick: can't be here: no worker is there yet")


def test_a_table_that_is_too_large_is_told() -> None:
    long = {"name": "s", "type": "string", "length_distribution": constant(10_000)}
    assert "can't fit into memory: 1,000,000 rows" in problem_of({"size": 1_000_000, "columns": [long]})
    found = problem_of({"per": {"table": "u", "count": constant(9_000_000)}, "columns": [counter("n")]}, u=CITIES)
    assert found == ".per.count: makes 27,000,000 rows; at most 10,000,000 can be"


def test_a_table_whose_maker_can_not_be_is_told_once_with_its_place() -> None:
    empty = CITIES | {"where": "size > 9"}
    per = {"per": {"table": "t", "count": constant(1)}, "columns": [counter("a")]}
    assert problems_of(world(counter("n"), tables={"t": empty, "p": per}))[0].startswith(
        "tables.t.where: no row is left"
    )
    unique = {"size": 11, "columns": [integer("a", uniform(1, 10), unique=True)]}
    assert problem_of(unique).startswith(": making table/t/a: all 10 values are used up")


@pytest.mark.parametrize(("name", "form"), [("t.jsonl", "{}\n{}\n{}\n"), ("t.json", "[{},{},{}]")])
def test_a_file_of_json_has_whole_numbers_and_floats_side_by_side(tmp_path: Path, name: str, form: str) -> None:
    texts = ('{"x":1,"y":2.0}', '{"x":2.5,"y":0.5}', '{"x":10000000000000001,"y":null}')
    (tmp_path / name).write_text(form.format(*texts))
    found = all_rows({"path": str(tmp_path / name)}, size=3)
    assert [json.dumps(row, separators=(",", ":")) for row in found] == [*texts]
    found = all_rows({"path": str(tmp_path / name), "types": {"x": "number"}}, size=3)
    assert [type(row["x"]) for row in found] == [float] * 3
