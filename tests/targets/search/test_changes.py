"""Change streams through search engines, against a server that follows the documented bulk protocol."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.changes import KEYS, SHOP, last_state
from tests.servers.search_server import REJECTED, SearchServer
from tests.worlds import START, counter, enum, records_of, world, write_json


@pytest.fixture
def to(server: SearchServer, engine: str) -> Callable[..., dict]:
    """A target with an index for customers and one for orders."""

    def make(**keys: object) -> dict:
        own = {"index": "shop-{{emitter}}", "key": KEYS, "operation": "op", "batch": {"records": 300}}
        return {"type": engine, "hosts": [server.url], **own, **keys}

    return make


def state_of(server: SearchServer) -> dict:
    return {
        (emitter, document[KEYS[emitter][0]]): document
        for emitter in KEYS
        for document in map(json.loads, server.indices[f"shop-{emitter}"].values())
    }


def test_the_last_state_is_what_the_records_say(generate, tool, server, to, tmp_path: Path) -> None:
    done = generate(SHOP | {"target": to()}, "-n", 5000)
    assert done.code == 0, done.err
    expected = last_state(records_of(SHOP, 5000))
    assert state_of(server) == expected
    assert server.indices["shop-orders"].keys() == {key for emitter, key in expected if emitter == "orders"}
    line = ["audit", "-c", write_json(tmp_path / "s.json", SHOP | {"target": to()}), "-n", 5000, "-s", START]
    done = tool(*line, "--seed", 1)
    assert done.code == 0, done.err
    assert f"{len(expected)} keys expected, {len(expected)} found, 0 missing, 0 with another record" in done.out
    orders = server.indices["shop-orders"]
    orders.pop(min(orders))
    orders[max(orders)] = b'{"status": "lost"}'
    server.indices["shop-customers"] |= {"0": b"{}", "stranger": b"{}"}  # 0 was deleted
    done = tool(*line, "--seed", 1)
    assert done.code == 1
    assert "1 missing, 1 with another record, 1 not deleted, 1 not of this run" in done.out


def test_changes_that_are_sent_again_leave_the_same(generate, server, to) -> None:
    seen: set[bytes] = set()

    def refuse(index: str, identity: str, source: bytes):
        if len(seen) < 40 and source not in seen and b"paid" in source:
            seen.add(source)
            return REJECTED
        return None

    server.refuse = refuse
    done = generate(SHOP | {"target": to(on_error="retry")}, "-n", 2000)
    assert done.code == 0, done.err
    assert len(seen) == 40
    assert state_of(server) == last_state(records_of(SHOP, 2000))


def test_a_key_replaces_without_an_operation(generate, server, to) -> None:
    spec, bar = world(counter("n"), enum("a", "x", "x|y"), enum("b", "z", "y|z")), "\\|"
    target = to(index="i", key=["a", "b"])
    target.pop("operation")
    assert generate(spec | {"target": target}, "-n", 300).code == 0
    records = records_of(spec, 300)
    assert len({(record["a"], record["b"]) for record in records}) == len(server.indices["i"]) == 4
    last = {f"{record['a'].replace('|', bar)}|{record['b'].replace('|', bar)}": record for record in records}
    assert {key: json.loads(value) for key, value in server.indices["i"].items()} == last


@pytest.mark.parametrize(
    ("key", "operation", "message"),
    [
        (
            ["n"],
            "n = 3 ? s : 'insert'",
            'operation: "no" is not insert, update, upsert or delete, for the record {"time":',
        ),
        (["t"], "'insert'", 'a record without a key can have no operation: {"time":'),
        (["u"], "'insert'", 'a record without a key can have no operation: {"time":'),  # an `_id` can't be empty
    ],
)
def test_what_has_no_operation_ends_the_run_at_its_record(generate, server, to, key, operation, message) -> None:
    spec = world(counter("n"), enum("s", "no"), {**counter("t"), "when": "n != 3"})
    spec["emitters"][0]["dimensions"].append({"name": "u", "type": "expression", "value": "n = 3 ? '' : 'u' + n"})
    done = generate(spec | {"target": to(index="i", key=key, operation=operation)}, "-n", 9)
    assert done.code == 1, done.err
    assert message in done.err
    assert "(3 records delivered)" in done.err
    assert len(server.indices["i"]) == 3


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"key": None}, '"operation" requires a "key"'),
        ({"index": "shop-{{emitter}}-%Y"}, 'index: a strftime code can\'t stand beside "operation"'),
        (
            {"index": "shop-{{status}}"},
            'index: "status" is no part of the key of the emitter "customers", "orders", so a later change',
        ),
        ({"key": []}, "key: must not be empty"),
        ({"key": ["customer"]}, 'key: no emitter has "customer"'),
        ({"action": "create"}, '"key" needs "action": "index" and "id": true'),
        ({"id": False}, '"key" needs "action": "index" and "id": true'),
        ({"operation": "'index'"}, 'operation: "index" is no operation, which is insert, update, upsert or delete'),
    ],
)
def test_wrong_keys_are_problems(generate, to, keys: dict, message: str) -> None:
    done = generate(SHOP | {"target": to(**keys)}, "-n", 3)
    assert done.code == 2
    assert message in done.err
