"""pandas and Polars read what we write: each column as its type, each value as the record has it."""

import io
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.worlds import constant, counter, enum, exponential, integer, uniform, world, write_json

SPEC = world(
    counter("number"),
    enum("text", 'a "quoted", one', "two\nlines", "tab\tand \\", "é漢😀", "true", "0012"),
    integer("amount", uniform(-(2**62), 2**62), percent_nulls=20),
    {"name": "share", "type": "float", "distribution": exponential(1e-3)},
    {"name": "on", "type": "bool"},
    {"name": "at", "type": "now", "offset": uniform(0, 1e9)},
    {"name": "price", "type": "decimal", "distribution": exponential(20), "scale": 2},
    gap=constant(0.25),
)
NESTED = SPEC | {
    "emitters": [
        {
            "name": "e",
            "dimensions": [
                counter("number"),
                {
                    "name": "tags",
                    "type": "list",
                    "elements": [enum("t", "x", "y")],
                    "length_distribution": uniform(0, 3),
                },
                {
                    "name": "who",
                    "type": "object",
                    "dimensions": [enum("name", "Ann", "Ben"), integer("n", uniform(0, 9))],
                },
            ],
        }
    ]
}
COUNT = 300
TIMES = ("time", "at")


@pytest.fixture
def written(generate: Callable, tmp_path: Path) -> Callable[[dict, str], bytes]:
    """The bytes of a run in a format; Parquet comes from the target of that name."""

    def bytes_of(spec: dict, form: str) -> bytes:
        if form != "parquet":
            return generate(spec, "-n", COUNT, "-f", form).data
        target = write_json(tmp_path / "target.json", {"type": "parquet", "path": str(tmp_path / "records")})
        assert generate(spec, "-n", COUNT, "-t", target).code == 0
        [path] = (tmp_path / "records").rglob("*.parquet")
        return path.read_bytes()

    return bytes_of


def plain(record: dict) -> dict:
    """What a reader may have made of a value, as JSON has it: times without a zone, numbers as they are."""
    return {name: plain_value(name, value) for name, value in record.items()}


def plain_value(name: str, value: object) -> object:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if name in TIMES:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    return float(value) if name == "price" else value


PANDAS: dict[str, Callable[[Any, bytes], Any]] = {
    "csv": lambda pd, data: pd.read_csv(io.BytesIO(data), dtype={"text": str, "amount": "Int64"}),
    "tsv": lambda pd, data: pd.read_csv(io.BytesIO(data), sep="\t", dtype={"text": str, "amount": "Int64"}),
    "parquet": lambda pd, data: pd.read_parquet(io.BytesIO(data), dtype_backend="pyarrow"),
    "json": lambda pd, data: pd.read_json(io.BytesIO(data), lines=True, dtype_backend="pyarrow", engine="pyarrow"),
}
POLARS: dict[str, Callable[[Any, bytes], Any]] = {
    "csv": lambda pl, data: pl.read_csv(data, schema_overrides={"text": pl.String}),
    "tsv": lambda pl, data: pl.read_csv(data, separator="\t", schema_overrides={"text": pl.String}),
    "parquet": lambda pl, data: pl.read_parquet(data),
    "json": lambda pl, data: pl.read_ndjson(data),
    "arrow": lambda pl, data: pl.read_ipc_stream(data),
}


@pytest.fixture(scope="module")
def pd() -> ModuleType:
    import pandas

    return pandas


@pytest.fixture(scope="module")
def pl() -> ModuleType:
    import polars

    return polars


@pytest.mark.parametrize("form", PANDAS)
def test_pandas_reads_each_value(written, pd, form: str) -> None:
    expected = [plain(json.loads(line)) for line in written(SPEC, "json").splitlines()]
    found = PANDAS[form](pd, written(SPEC, form)).astype(object)
    found = found.where(found.notna(), None).to_dict("records")
    assert [plain(record) for record in found] == expected


@pytest.mark.parametrize("form", POLARS)
def test_polars_reads_each_value(written, pl, form: str) -> None:
    expected = [plain(json.loads(line)) for line in written(SPEC, "json").splitlines()]
    assert [plain(record) for record in POLARS[form](pl, written(SPEC, form)).to_dicts()] == expected


@pytest.mark.parametrize("form", ["parquet", "arrow", "json"])
def test_polars_reads_lists_and_objects(written, pl, form: str) -> None:
    expected = [plain(json.loads(line)) for line in written(NESTED, "json").splitlines()]
    assert [plain(record) for record in POLARS[form](pl, written(NESTED, form)).to_dicts()] == expected


def test_columns_have_their_types(written, pl) -> None:
    schema = POLARS["parquet"](pl, written(SPEC, "parquet")).schema
    assert (schema["number"], schema["amount"], schema["share"]) == (pl.Int64, pl.Int64, pl.Float64)
    assert (schema["text"], schema["on"], schema["price"].scale) == (pl.String, pl.Boolean, 2)
    assert isinstance(schema["at"], pl.Datetime)
    prices = POLARS["parquet"](pl, written(SPEC, "parquet"))["price"].to_list()
    expected = [json.loads(line, parse_float=Decimal)["price"] for line in written(SPEC, "json").splitlines()]
    assert prices == expected
