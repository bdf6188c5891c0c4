"""Tables of a lake in an object store."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.servers.installed import free_port
from tests.servers.s3_server import serve
from tests.targets.lake.test_lake import MANY, RUN
from tests.worlds import write_json

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "topsecret", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(0, "lake") as address:
        yield address


def delta(address: str) -> dict:
    path = f"s3://testing:topsecret@lake/clicks?endpoint_override={address}&scheme=http&region=us-east-1"
    return {"type": "delta", "path": path, "partition_by": ["c"]}


def iceberg(address: str, folder: Path) -> dict:
    store = {"s3.access-key-id": "testing", "s3.secret-access-key": "topsecret", "s3.region": "us-east-1"}
    place = {"uri": f"sqlite:///{folder}/c.db", "warehouse": "s3://lake/warehouse", "s3.endpoint": f"http://{address}"}
    return {"type": "iceberg", "table": "web.clicks", "catalog": store | place, "partition_by": ["c"]}


def test_a_delta_table_in_an_object_store(generate, command, tmp_path, address: str) -> None:
    spec = MANY | {"target": delta(address)}
    for count in (200, 300):
        assert generate(spec, *RUN, "-n", count).code == 0
    options = {"AWS_ENDPOINT_URL": f"http://{address}", "AWS_ALLOW_HTTP": "true"} | KEYS
    table = DeltaTable("s3://lake/clicks", storage_options=options)
    assert sorted(table.to_pyarrow_table()["n"].to_pylist()) == [*range(300)]
    audit = command("audit", "-c", write_json(tmp_path / "s.json", spec), *RUN, "-n", 300)
    assert "300 expected, 300 found, 0 missing, 0 duplicated" in audit.out
    assert "topsecret" not in audit.out


def test_an_iceberg_table_in_an_object_store(generate, command, tmp_path, address: str) -> None:
    from pyiceberg.catalog import load_catalog  # takes a second

    target = iceberg(address, tmp_path)
    for count in (200, 300):
        assert generate(MANY | {"target": target}, *RUN, "-n", count).code == 0
    catalog = load_catalog("default", **target["catalog"])
    rows = catalog.load_table("web.clicks").scan().to_arrow()
    catalog.close()
    assert sorted(rows["n"].to_pylist()) == [*range(300)]


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_a_store_that_is_not_there_is_given_up_soon_and_no_secret_is_shown(generate, tmp_path, kind: str) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    target = delta(nobody) if kind == "delta" else iceberg(nobody, tmp_path)
    began = time.monotonic()
    outcome = generate(MANY | {"target": target}, *RUN, "-n", 5)
    assert outcome.code == 1
    assert f"writing to {kind} table" in outcome.err
    assert "topsecret" not in outcome.err
    assert time.monotonic() - began < 60


def test_a_bucket_that_is_not_there_is_not_tried_again(generate, address: str) -> None:
    target = delta(address) | {"on_error": "retry", "give_up_after": 5}
    target["path"] = target["path"].replace("@lake/", "@nosuch/")
    outcome = generate(MANY | {"target": target}, *RUN, "-n", 5)
    assert outcome.code == 1
    assert "trying again" not in outcome.err
