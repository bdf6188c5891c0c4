"""What is said about fields goes into the schemas that other programs read."""

import json
from pathlib import Path

import fastavro
import jsonschema
import pyarrow as pa
import pytest

from datagen.plugin.registry import Registry
from datagen.records.schema.text import SCHEMAS, arrow_schema
from tests.formatters.test_binary import message_class
from tests.worlds import counter, enum, run_of, state, world

CITY = enum("city", "Rome", description="where it's bought", tags=["place", "personal"])
SKU = {"name": "sku", "type": "hex", "length": 3, "description": "stock unit"}
ITEM = {"name": "item", "type": "object", "dimensions": [SKU]}
ITEMS = {"name": "items", "type": "list", "elements": [ITEM], "length_distribution": {"type": "constant", "value": 1}}
HOME = {"name": "home", "type": "object", "dimensions": [CITY], "description": "the shop\nof the order"}
ORDERS = world(counter("id", description="number", tags=["key"]), HOME, ITEMS)
PLAIN = world(counter("id"), {"name": "home", "type": "object", "dimensions": [enum("city", "Rome")]})


def schema(language: str, spec: dict = ORDERS) -> str:
    return SCHEMAS[language](run_of(spec, 1).layout)


def test_avro_has_them_as_doc_and_tags() -> None:
    made = json.loads(schema("avro"))
    fastavro.parse_schema(made)
    fields = {field["name"]: field for field in made["fields"]}
    assert (fields["id"]["doc"], fields["id"]["tags"]) == ("number", ["key"])
    assert fields["home"]["doc"] == "the shop\nof the order"
    city = fields["home"]["type"][1]["fields"][0]
    assert (city["doc"], city["tags"]) == ("where it's bought", ["place", "personal"])
    assert fields["items"]["type"][1]["items"][1]["fields"][0]["doc"] == "stock unit"
    assert "doc" not in fields["time"]


def test_json_schema_has_them_as_description_and_tags() -> None:
    made = json.loads(schema("json"))
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["properties"]["id"] == {"type": ["integer", "null"], "description": "number", "tags": ["key"]}
    assert made["properties"]["home"]["properties"]["city"]["description"] == "where it's bought"
    assert made["properties"]["items"]["items"]["properties"]["sku"]["description"] == "stock unit"


def test_sql_has_them_as_comments() -> None:
    assert schema("sql").splitlines()[-2:] == [
        """COMMENT ON COLUMN "record"."id" IS 'number; tags: key';""",
        """COMMENT ON COLUMN "record"."home" IS 'the shop; of the order';""",
    ]


def test_protobuf_has_them_as_comments_that_protoc_takes(tmp_path: Path) -> None:
    text = schema("protobuf")
    assert "  // number\n  // tags: key\n  optional int64 id = 2;" in text
    assert "  // the shop\n  // of the order\n  optional Home home = 3;" in text
    assert message_class(text, tmp_path).DESCRIPTOR.fields_by_name["id"]


def test_arrow_has_them_as_metadata() -> None:
    made = arrow_schema(run_of(ORDERS, 1).layout)
    assert made.field("id").metadata == {b"description": b"number", b"tags": b"key"}
    assert pa.ipc.read_schema(made.serialize()) == made


def test_a_registered_schema_has_them() -> None:
    layout = run_of(ORDERS, 1).layout
    for kind in ("avro", "protobuf", "json_schema"):
        assert "number" in Registry.load().formatter(kind).schema_of(layout).text


def test_of_several_emitters_the_first_description_counts_and_all_tags() -> None:
    spec = world(counter("id", tags=["a"]), states=[state("s", "t"), state("t", emitter="f")])
    own = counter("id", description="second", tags=["b", "a"])
    spec["emitters"].append({"name": "f", "dimensions": [own]})
    made = json.loads(schema("json", spec))["properties"]["id"]
    assert (made["description"], made["tags"]) == ("second", ["a", "b"])


def test_columns_of_tables_have_them() -> None:
    columns = [counter("id", description="number of the plan")]
    spec = world(counter("n"), tables={"plans": {"size": 2, "columns": columns, "emit": {"emitter": "plan"}}})
    assert "number of the plan" in schema("avro", spec)


@pytest.mark.parametrize("language", SCHEMAS)
def test_they_change_nothing_of_the_records_nor_of_a_schema_without_them(language: str) -> None:
    said, plain = (world(*spec["emitters"][0]["dimensions"][:2]) for spec in (ORDERS, PLAIN))
    assert [bytes(batch.json.data) for batch in run_of(said, 9).batches()] == [
        bytes(batch.json.data) for batch in run_of(plain, 9).batches()
    ]
    assert "tags" not in schema(language, plain)
    assert "COMMENT" not in schema(language, plain)
