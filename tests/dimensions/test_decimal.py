"""Exact decimals: how they are drawn, what is calculated of them, and how they come out of every format."""

import io
import json
from decimal import ROUND_HALF_EVEN, Decimal

import fastavro
import numpy as np
import ormsgpack
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import datagen
from datagen.language.expressions import DECIMALS
from datagen.plugin.registry import Registry
from datagen.problems import InvalidInput
from datagen.records.batch import Layout
from datagen.records.decimal import MOST, decimals, octets_of, rescaled, to_decimal
from datagen.records.expression import Given, parse
from datagen.records.lines import pieces
from datagen.records.schema.text import SCHEMAS
from datagen.records.text import json_text, plain_text
from tests.worlds import (
    START,
    batches_of,
    constant,
    enum,
    exponential,
    integer,
    normal,
    read,
    run_of,
    state,
    uniform,
    world,
)

UNITS = [0, 1, -1, 9, -10, 127, 128, -128, -129, 1999, 10**9, MOST, -MOST]


def amount(name: str = "v", distribution: dict | None = None, scale: int = 2, **keys: object) -> dict:
    return {"name": name, "type": "decimal", "distribution": distribution or exponential(20), "scale": scale, **keys}


def expression(name: str, value: str, **keys: object) -> dict:
    return {"name": name, "type": "expression", "value": value, **keys}


def exact_records(spec: dict, count: int, format_: str = "json", **keys: object) -> list[dict]:
    """Return records with decimals as they are written."""
    lines = lines_of(spec, count, format_, **keys)
    return [json.loads(line, parse_float=Decimal) for line in lines]


def lines_of(spec: dict, count: int, format_: str, **keys: object) -> list[bytes]:
    writer = Registry().make("formatter", {"type": format_, **keys}).begin(run_of(spec, count).layout)
    return [bytes(piece) for batch in batches_of(spec, count) for piece in pieces(writer.lines(batch))]


def value_of(text: str, **columns: pa.Array) -> str:
    """Return what an expression gives for one record, as JSON has it."""
    return json_text(parse(text).values(Given(columns, 1)))[0].as_py()


@pytest.mark.parametrize("scale", [0, 1, 2, 9, 18])
def test_a_decimal_is_written_with_all_its_digits(scale: int) -> None:
    array = decimals(np.array(UNITS), scale)
    expected = [f"{Decimal(units).scaleb(-scale):f}" for units in UNITS]
    assert json_text(array).to_pylist() == plain_text(array, ",").to_pylist() == expected
    assert array.to_pylist() == list(map(Decimal, expected))


@given(st.lists(st.none() | st.integers(-MOST, MOST), max_size=40), st.integers(0, 18), st.integers(0, 9))
def test_any_decimals_are_written_read_and_cut_as_python_has_them(found: list, scale: int, first: int) -> None:
    there = np.array([units is not None for units in found], bool)
    array = decimals(np.array([units or 0 for units in found], np.int64), scale, there).slice(first)
    expected = [None if units is None else Decimal(units).scaleb(-scale) for units in found[first:]]
    assert array.to_pylist() == expected
    assert json_text(array).to_pylist() == ["null" if value is None else f"{value:f}" for value in expected]
    coarse = to_decimal(array, scale // 2).to_pylist()
    step = Decimal(1).scaleb(-(scale // 2))
    assert coarse == [None if one is None else one.quantize(step, ROUND_HALF_EVEN) for one in expected]
    octets = octets_of(decimals(np.array([units or 0 for units in found], np.int64), scale)).to_pylist()
    assert [int.from_bytes(one, "big", signed=True) for one in octets] == [units or 0 for units in found]
    assert all(len(one) == 1 or one[:1] + bytes([one[1] & 128]) not in (b"\0\0", b"\xff\x80") for one in octets)


def test_draws_are_those_of_the_distribution_to_the_last_digit() -> None:
    drawn = [float(record["v"]) for record in exact_records(world(amount(distribution=normal(100, 15))), 4000)]
    assert stats.kstest(drawn, stats.norm(100, 15).cdf).pvalue > 0.001
    assert {-value.as_tuple().exponent for value in (r["v"] for r in exact_records(world(amount()), 50))} == {2}


def test_a_draw_beyond_18_digits_is_the_largest_decimal() -> None:
    found = exact_records(world(enum("x", 1), amount(distribution=constant(1e30)), amount("w", constant(-1e17))), 1)
    assert (found[0]["v"], found[0]["w"]) == (Decimal("9999999999999999.99"), Decimal("-9999999999999999.99"))


@pytest.mark.parametrize(("text", "expected"), DECIMALS.items())
def test_the_page_of_expressions_is_right_about_decimals(text: str, expected: str) -> None:
    assert value_of(text, price=decimals(np.array([1999]), 2), n=pa.array([3])) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b", "0.30"),
        ("a * b * 100", "2.0000"),
        ("a + 0.25", "0.35"),
        ("a + (0.1 + 0.2 * 2)", "0.60"),  # of constants, a float of 15 digits
        ("a + 0.1 / 3", "0.13333333333333333"),
        ("a + x", "0.6"),
        ("a > x", "false"),
        ("a = 0.1", "true"),
        ("a in [0.1, 5]", "true"),
        ("a != 0.10000001", "true"),
        ("-a", "-0.10"),
        ("b % a", "0.00"),
        ("a % 0", "null"),
        ("a * f * f", "0.0000000000000010"),
        ("f * f * f", "1e-21"),
        ("big + big", "null"),
        ("big + a", "null"),
        ("big * 2", "null"),
        ("abs(0 - big)", "9999999999999999.99"),
        ("big > 1000000000000000000000.0", "false"),
        ("coalesce(none, a)", "0.10"),
        ("n > 1 ? a : f", "0.1000000"),
        ("n > 1 ? a : n", "0.10"),
        ("n > 1 ? a : x", "0.1"),
        ("n > 1 ? a : 9.999", "0.100"),
        ("max(a, n)", "3.00"),
        ("max(a, x)", "0.5"),
        ("max(0.5, a, b)", "0.50"),
        ("round(c, 1)", "2.4"),
        ("round(c)", "2"),
        ("round(c, 9)", "2.45"),
        ("floor(0 - c)", "-3"),
        ("ceil(c)", "3"),
        ("sqrt(a * a)", "0.1"),
        ("sum(l)", "0.30"),
        ("max(l)", "0.20"),
        ("avg(l)", "0.15000000000000002"),
        ("l[1] + 1", "1.20"),
        ("join(l, '|')", '"0.10|0.20"'),
        ("'EUR ' + a", '"EUR 0.10"'),
        ("text(a)", '"0.10"'),
        ("format(c, '07.3f') + format(c, '.0f') + format(c, '3d')", '"002.4502  2"'),
        ("decimal('12.345', 2)", "12.34"),
        ("decimal(' 1e3 ', 2)", "1000.00"),
        ("decimal('x', 2)", "null"),
        ("decimal(n / 7, 4)", "0.4286"),
        ("time + a", '"1970-01-01T00:00:00.100Z"'),
    ],
)
def test_what_is_calculated_of_decimals_is_exact(text: str, expected: str) -> None:
    whole = {"a": 10, "b": 20, "c": 245, "big": MOST}
    columns: dict[str, pa.Array] = {name: decimals(np.array([units]), 2) for name, units in whole.items()}
    columns |= {"f": decimals(np.array([1]), 7), "x": pa.array([0.5]), "n": pa.array([3])}
    columns["none"] = decimals(np.array([0]), 2, np.array([False]))
    columns["l"] = pa.ListArray.from_arrays([0, 3], decimals(np.array([10, 20, 0]), 2, np.array([True, True, False])))
    columns["time"] = pa.array([0], pa.timestamp("ms", "UTC"))
    assert parse(text).check(Layout({"e": {name: column.type for name, column in columns.items()}})) == []
    assert value_of(text, **columns) == expected


SHOP = world(
    {
        "name": "items",
        "type": "list",
        "length_distribution": uniform(1, 5),
        "elements": [
            {"name": "item", "type": "object", "dimensions": [amount("price"), integer("count", uniform(1, 3))]}
        ],
    },
    expression("total", "sum(items.price)"),
    expression("tax", "round(total * 0.19, 2)"),
    expression("gross", "total + tax"),
    {"name": "rates", "type": "partition", "total": "gross", "parts": constant(3)},
    {"name": "before", "type": "previous", "of": "gross", "default": None},
    expression("change", "gross - previous(gross)"),
    read("limit"),
    {"name": "old", "type": "lookup", "emitter": "e", "dimension": "gross", "distribution": constant(0)},
    {"name": "line", "type": "text", "value": "{{gross}} {{gross|.1f}} {{gross|09.3f}} {{gross|json}}"},
    {"name": "shown", "type": "template", "text": "{{ gross }} {{ gross * 2 }} {{ tables.t[0].price + gross }}"},
    {"name": "plain", "type": "template", "text": "{{ gross }}"},
    {"name": "list_price", "type": "column", "table": "t", "column": "price", "match": {"price": "decimal(19.5, 3)"}},
    states=[state("s", {"s": 0.8, "stop": 0.2}, delay=constant(1), variables=[amount("limit", uniform(100, 900))])],
    tables={"t": {"size": 3, "columns": [amount("price", constant(19.5))]}},
)


def test_sums_parts_and_differences_of_money_are_right_to_the_cent() -> None:
    last = None
    for record in exact_records(SHOP, 300):
        total = sum(item["price"] for item in record["items"])
        assert record["total"] == total
        assert record["tax"] == (total * Decimal("0.19")).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        assert sum(record["rates"]) == record["gross"] == total + record["tax"]
        assert record["before"] is None or record["change"] == record["gross"] - record["before"]
        assert record["old"] == last
        last = record["gross"]
        assert record["line"] == f"{last} {last:.1f} {last:09.3f} {last}"
        assert record["shown"] == f"{last} {last * 2} {last + Decimal('19.50')}"
        assert (record["plain"], record["list_price"]) == (str(last), Decimal("19.50"))
        assert -record["limit"].as_tuple().exponent == 2


@pytest.mark.parametrize("scale", [6, 7])
def test_a_template_writes_decimals_as_python_does_whether_in_columns_or_by_row(scale: int) -> None:
    value = amount("a", constant(0.0000001), scale)
    by_row = {"name": "v", "type": "template", "text": "{% if true %}{{ a }}{% endif %}"}
    [record] = exact_records(world(value, {"name": "w", "type": "template", "text": "{{ a }}"}, by_row), 1)
    assert record["w"] == record["v"] == str(Decimal(1).scaleb(-7).quantize(Decimal(1).scaleb(-scale)))


def test_a_template_remembers_decimals_and_writes_them_as_json() -> None:
    text = "{% set all = (seen.total or 0) + v %}{% do seen.set('total', all) %}"
    text += "{{ all }}{{ v|tojson }}{{ json.dumps([v]) }}"
    spec = world(amount(), {"name": "t", "type": "template", "text": text, "memory": {"seen": "template"}})
    total = Decimal(0)
    for record in exact_records(spec, 30):
        total += record["v"]
        assert record["t"] == f'{total}"{record["v"]}"["{record["v"]}"]'


PLAIN = world(amount("v", uniform(-50, 50), percent_nulls=10), amount("w", uniform(0, 1), 4, percent_missing=10))


def test_every_format_writes_all_digits(tmp_path) -> None:
    records = exact_records(PLAIN, 40)
    assert {type(record["v"]) for record in records} == {Decimal, type(None)}
    shown = [{key: str(value) for key, value in r.items() if value is not None} for r in records]
    for line, record in zip(lines_of(PLAIN, 40, "csv"), shown, strict=True):
        cells = line.decode().strip().split(",")
        assert cells[1:] == [record.get("v", ""), record.get("w", "")]
    for line, record in zip(lines_of(PLAIN, 40, "logfmt"), shown, strict=True):
        assert dict(pair.split("=") for pair in line.decode().split()) == record
    for line, record in zip(lines_of(PLAIN, 40, "xml"), shown, strict=True):
        assert all(f"<{key}>{value}</{key}>" in line.decode() for key, value in record.items())
    for line, record in zip(lines_of(PLAIN, 40, "pattern", text="{{v}}|{{w|.2f}}"), records, strict=True):
        v, w = record["v"], record.get("w")
        assert line.decode().strip() == f"{'' if v is None else v}|{'' if w is None else format(w, '.2f')}"
    for line, record in zip(lines_of(PLAIN, 40, "msgpack"), records, strict=True):
        assert ormsgpack.unpackb(line)["v"] == (None if record["v"] is None else str(record["v"]))


def test_avro_has_decimals_as_fastavro_reads_and_writes_them() -> None:
    spec = world(amount("v", uniform(-500, 500), percent_nulls=10), amount("w", uniform(-1e12, 1e12), 4))
    layout = run_of(spec, 1).layout
    schema = fastavro.parse_schema(json.loads(SCHEMAS["avro"](layout)))
    lines, records = lines_of(spec, 200, "avro"), exact_records(spec, 200)
    for line, record in zip(lines, records, strict=True):
        found = fastavro.schemaless_reader(io.BytesIO(line), schema)
        assert (found["v"], found["w"]) == (record["v"], record["w"])
        again = io.BytesIO()
        fastavro.schemaless_writer(again, schema, found)
        assert again.getvalue() == line


def test_columns_and_schemas_have_decimals_as_such(tmp_path) -> None:
    layout = run_of(PLAIN, 1).layout
    assert "v: decimal128(18, 2)" in SCHEMAS["arrow"](layout)
    assert "numeric(18, 4)" in SCHEMAS["sql"](layout)
    assert "optional string v" in SCHEMAS["protobuf"](layout)
    assert json.loads(SCHEMAS["json"](layout))["properties"]["v"]["type"] == ["number", "null"]
    datagen.run(
        datagen.load(PLAIN), {"type": "parquet", "path": str(tmp_path / "t.parquet")}, start=START, seed=1, records=40
    )
    table = pa.parquet.read_table(tmp_path / "t-00001.parquet")
    assert table.schema.field("w").type == pa.decimal128(18, 4)
    assert table["v"].to_pylist() == [record["v"] for record in exact_records(PLAIN, 40)]


def test_files_give_decimals_where_they_are_said_to_be_so(tmp_path) -> None:
    (tmp_path / "prices.csv").write_text("sku,price\na,19.9\nb,5\nc,\nd,-0.125\n")
    table = pa.table(
        {
            "p": pa.array([Decimal("1.50")], pa.decimal128(10, 2)),
            "q": pa.array([Decimal("7")], pa.decimal128(38, 0)),
        }
    )
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    spec = world(
        {"name": "p", "type": "row", "table": "prices", "pick": "worker"},
        {"name": "q", "type": "row", "table": "typed"},
        expression("twice", "p.price * 2"),
        tables={
            "prices": {"path": str(tmp_path / "prices.csv"), "types": {"price": "decimal"}},
            "typed": {"path": str(tmp_path / "t.parquet")},
        },
    )
    records = exact_records(spec, 4)
    assert [str(record["p"]["price"]) for record in records] == ["19.900", "5.000", "None", "-0.125"]
    assert [str(record["twice"]) for record in records] == ["39.800", "10.000", "None", "-0.250"]
    assert str(records[0]["q"]["p"]) == "1.50"
    assert records[0]["q"]["q"] == Decimal("7.0")  # of more digits than 18: a float


@pytest.mark.parametrize("cell", ["1.5e3", "1,5", "12345678901234567.5", "+1"])
def test_a_cell_that_is_no_decimal_is_told_with_its_place(tmp_path, cell: str) -> None:
    (tmp_path / "t.tsv").write_text(f"price\n1.25\n{cell}\n")
    spec = world(
        {"name": "p", "type": "column", "table": "t", "column": "price"},
        tables={"t": {"path": str(tmp_path / "t.tsv"), "types": {"price": "decimal"}}},
    )
    with pytest.raises(InvalidInput, match=r'line 3: "price" is taken for a decimal of at most 16 and 2 digits'):
        exact_records(spec, 1)


@pytest.mark.parametrize("table", [[1.5, 2.0], [1, 2]])
def test_a_decimal_finds_rows_with_the_same_number(table: list) -> None:
    row = {"name": "r", "type": "row", "table": "t", "match": {"x": "v"}}
    spec = world(amount(distribution=constant(2)), row, tables={"t": {"rows": [{"x": x} for x in table]}})
    assert exact_records(spec, 1)[0]["r"]["x"] == 2


def test_the_keys_of_a_decimal_are_checked() -> None:
    with pytest.raises(InvalidInput, match=r"scale: .* less than or equal to 18"):
        run_of(world(amount(scale=19)), 1)


def test_the_least_of_64_bits_has_no_room_for_more_digits() -> None:
    units, fits = rescaled(np.array([-(2**63), 2**63 - 1, -1]), 2)
    assert (units.tolist(), fits.tolist()) == ([0, 0, -100], [False, False, True])
    assert to_decimal(pa.array([-(2**63), 2]), 2).to_pylist() == [None, Decimal("2.00")]
