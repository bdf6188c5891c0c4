"""The targets ``opensearch`` and ``elasticsearch``, against a server that follows the documented bulk protocol."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from datagen.plugin.target import Undelivered
from datagen.targets.search.elasticsearch import Elasticsearch
from datagen.targets.search.opensearch import OpenSearch
from tests.servers.collector import Collector, self_signed
from tests.servers.installed import Proxy, free_port
from tests.servers.search_server import REJECTED, Refusal, SearchServer
from tests.worlds import MIXED, START, counter, enum, world, write_json

NUMBERS = world(counter("n"), gap=0.001)
BAD_FIELD: Refusal = (400, "document_parsing_exception", "[1:9] failed to parse field [n] of type [ip]")


@pytest.fixture
def fill(generate, server, engine):
    """Run a spec into the index ``i``."""

    def run(spec: dict, *options: object, **keys: object):
        return generate(spec | {"target": {"type": engine, "hosts": [server.url], "index": "i", **keys}}, *options)

    return run


def ns(server: SearchServer, index: str = "i") -> list[int]:
    return [source["n"] for source in server.sources(index)]


def once_each(refusal: Refusal, wanted: Callable[[dict], bool]) -> Callable[[str, str, bytes], Refusal | None]:
    """Refuse each of the documents that are wanted the first time it comes."""
    seen: set[str] = set()

    def refuse(index: str, identity: str, source: bytes) -> Refusal | None:
        if identity in seen or not wanted(json.loads(source)):
            return None
        seen.add(identity)
        return refusal

    return refuse


# Documents


@pytest.mark.parametrize("keys", [{}, {"record_id": True}, {"action": "create"}, {"id": False}])
def test_every_record_becomes_a_document(fill, generate, server, keys: dict) -> None:
    printed = generate(MIXED | {"target": {"type": "stdout", "record_id": keys.get("record_id", False)}}, "-n", 500)
    outcome = fill(MIXED, "-n", 500, batch={"records": 70}, **keys)
    assert outcome.code == 0, outcome.err
    assert server.sources("i") == printed.records
    assert max(server.bulks) == 70


def test_many_records_become_documents(fill, server) -> None:
    assert fill(NUMBERS, "-n", 100_000).code == 0
    assert ns(server) == list(range(100_000))
    assert max(server.bulks) == 5000


def test_a_request_has_at_most_so_many_bytes(fill, server) -> None:
    assert fill(NUMBERS, "-n", 1000, batch={"bytes": 1000}).code == 0
    assert ns(server) == list(range(1000))
    assert 5 < max(server.bulks) < 15


def test_no_record_makes_no_request(fill, server) -> None:
    assert fill(NUMBERS, "-n", 0).code == 0
    assert (server.bulks, server.indices) == ([], {})


def test_an_id_names_the_run_and_the_record(fill, server) -> None:
    assert fill(MIXED, "-n", 100, record_id=True).code == 0
    runs = set()
    for identity, source in server.indices["i"].items():
        run, _, record = identity.partition("-")
        assert record == json.loads(source)["record_id"]
        runs.add(run)
    assert len(runs) == 1
    assert re.fullmatch("[0-9a-f]{16}", runs.pop())


@pytest.mark.parametrize("action", ["index", "create"])
def test_the_same_run_again_changes_nothing_and_another_adds(fill, server, action: str) -> None:
    for _ in range(2):
        outcome = fill(NUMBERS, "-n", 50, action=action)
        assert outcome.code == 0, outcome.err
    assert ns(server) == list(range(50))
    assert fill(NUMBERS, "-n", 50, "--seed", 2, action=action).code == 0
    assert ns(server) == [*range(50)] * 2


def test_without_ids_the_same_run_again_doubles(fill, server) -> None:
    for _ in range(2):
        assert fill(NUMBERS, "-n", 50, id=False).code == 0
    assert sorted(ns(server)) == sorted([*range(50)] * 2)


def test_a_data_stream_takes_create(fill, server) -> None:
    server.streams.add("i")
    assert fill(NUMBERS, "-n", 5, action="create").code == 0
    outcome = fill(NUMBERS, "-n", 5, action="index")
    assert outcome.code == 1
    assert "only write ops with an op_type of create are allowed in data streams" in outcome.err


def test_the_index_follows_the_time_and_the_dimensions_of_a_record(fill, server) -> None:
    spec = world(counter("n"), enum("c", 'de"', "fr"), gap=12 * 3600)
    assert fill(spec, "-n", 6, index="l-{{c}}-%Y.%m.%d").code == 1  # a quote can't be in a name
    spec = world(counter("n"), enum("c", "de", "fr"), gap=12 * 3600)
    assert fill(spec, "-n", 6, index="l-{{c}}-%Y.%m.%d").code == 0
    found = {(index, document["n"]) for index in server.indices for document in server.sources(index)}
    assert {(index[-10:], n) for index, n in found} == {(f"2024.01.{1 + n // 2:02}", n) for n in range(6)}
    assert all(document["c"] == index[2:4] for index in server.indices for document in server.sources(index))


# Refusals


@pytest.mark.parametrize("action", ["index", "create"])
def test_what_was_refused_for_now_is_sent_again(fill, server, action: str) -> None:
    server.refuse = once_each(REJECTED, lambda document: document["n"] % 2)
    outcome = fill(NUMBERS, "-n", 40, on_error="retry", batch={"records": 40}, action=action)
    assert outcome.code == 0, outcome.err
    assert sorted(ns(server)) == list(range(40))


def test_half_a_bulk_refused_leaves_nothing_missing(fill, server) -> None:
    server.refuse = once_each(REJECTED, lambda document: 500 <= document["n"] < 1000)
    outcome = fill(NUMBERS, "-n", 20_000, on_error="retry")
    assert outcome.code == 0, outcome.err
    assert sorted(ns(server)) == list(range(20_000))
    assert sum(server.bulks) > 20_000


def test_a_refusal_for_now_ends_a_run_that_does_not_retry(fill, server) -> None:
    server.refuse = lambda index, identity, source: REJECTED if json.loads(source)["n"] >= 700 else None
    outcome = fill(NUMBERS, "-n", 1000)
    assert outcome.code == 1
    assert re.search(r"\d+ of \d+ records in a request were not taken; one with `_id` [0-9a-f]{16}-700-0 ", outcome.err)
    assert "was refused with status 429: es_rejected_execution_exception: rejected" in outcome.err
    assert "(700 records delivered)" in outcome.err


def test_a_refusal_for_good_ends_the_run_and_names_the_record(fill, server) -> None:
    wrong = {701, 705}
    server.refuse = lambda index, identity, source: (
        BAD_FIELD if json.loads(source)["n"] in wrong else REJECTED if json.loads(source)["n"] == 700 else None
    )
    outcome = fill(NUMBERS, "-n", 1000, on_error="retry")
    assert outcome.code == 1
    assert re.search(
        r"3 of \d+ records in a request were not taken; one with `_id` [0-9a-f]{16}-701-0 was", outcome.err
    )
    assert "refused with status 400: document_parsing_exception: [1:9] failed to parse field [n]" in outcome.err
    assert "(700 records delivered)" in outcome.err
    assert set(range(700)) <= set(ns(server))


def test_without_ids_a_refusal_names_none(fill, server) -> None:
    server.refuse = lambda index, identity, source: BAD_FIELD
    outcome = fill(NUMBERS, "-n", 5, id=False)
    assert outcome.code == 1
    assert "records in a request were not taken; one was refused with status 400: document_parsing" in outcome.err


def test_an_index_that_may_not_be_made_is_said(fill, server) -> None:
    server.creates_indices = False
    outcome = fill(NUMBERS, "-n", 5, on_error="retry")
    assert (outcome.code, "404: index_not_found_exception: no such index [i]" in outcome.err) == (1, True)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_request_refused_for_now_is_made_again(fill, server, status: int) -> None:
    left = [(status, "some_exception", "later")] * 2
    server.answer = lambda path: left.pop() if left and path.endswith("_bulk") else None
    outcome = fill(NUMBERS, "-n", 100, on_error="retry")
    assert outcome.code == 0, outcome.err
    assert ns(server) == list(range(100))


@pytest.mark.parametrize("status", [400, 403, 413])
def test_a_request_refused_for_good_ends_the_run(fill, server, status: int) -> None:
    server.answer = lambda path: (status, "some_exception", "it is not allowed")
    outcome = fill(NUMBERS, "-n", 5, on_error="retry")
    assert outcome.code == 1
    expected = f" index i: refused with status {status}: some_exception: it is not allowed (0 records delivered)"
    assert expected in outcome.err


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"errors":false,"items":[]}', "the answer to 1 records speaks of 0"),
        (b"{}", "the answer to 1 records speaks of 0"),
        (b"<html>", "an answer that can't be read: "),
    ],
)
def test_an_answer_that_does_not_speak_of_every_record_is_no_success(generate, engine, body, message) -> None:
    headers = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}
    with Collector() as other:
        other.answer = lambda request: (200, body, headers)
        target = {"type": engine, "hosts": [f"http://127.0.0.1:{other.port}"], "index": "i", "on_error": "retry"}
        outcome = generate(NUMBERS | {"target": target}, "-n", 1)
    assert (outcome.code, message in outcome.err) == (1, True), outcome.err


def test_elasticsearch_must_say_that_it_is(generate, server) -> None:
    server.product = False
    target = {"type": "elasticsearch", "hosts": [server.url], "index": "i", "on_error": "retry"}
    outcome = generate(NUMBERS | {"target": target}, "-n", 1)
    assert (outcome.code, "the server is not Elasticsearch" in outcome.err) == (1, True), outcome.err
    assert generate(NUMBERS | {"target": target | {"type": "opensearch"}}, "-n", 1).code == 0


# Connections and credentials


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("opensearch", {"username": "ann", "password": "right-one"}, {"username": "ann", "password": "wrong-one"}),
        ("elasticsearch", {"username": "ann", "password": "right-one"}, {"username": "ann", "password": "wrong-one"}),
        ("elasticsearch", {"api_key": "right-key"}, {"api_key": "wrong-key"}),
    ],
)
def test_credentials_are_checked_and_not_shown(generate, kind: str, right: dict, wrong: dict) -> None:
    with SearchServer(user="ann:right-one", api_key="right-key") as server:
        target = {"type": kind, "hosts": [server.url], "index": "i", "on_error": "retry"}
        outcome = generate(NUMBERS | {"target": target | wrong}, "-n", 5)
        assert (outcome.code, "wrong" in outcome.err) == (1, False)
        assert "refused with status 401: security_exception: unable to authenticate" in outcome.err
        assert generate(NUMBERS | {"target": target | right}, "-n", 5).code == 0
        assert ns(server) == list(range(5))


def test_an_engine_that_is_down_ends_the_run(generate, engine) -> None:
    target = {"type": engine, "hosts": [f"http://127.0.0.1:{free_port()}"], "index": "i"}
    outcome = generate(NUMBERS | {"target": target}, "-n", 5)
    assert outcome.code == 1
    assert "Connection refused (0 records delivered)" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_an_engine_that_is_down_is_waited_for(generate, engine) -> None:
    port, started = free_port(), []
    timer = threading.Timer(0.5, lambda: started.append(SearchServer(port)))
    timer.start()
    target = {"type": engine, "hosts": [f"http://127.0.0.1:{port}"], "index": "i", "on_error": "retry"}
    outcome = generate(NUMBERS | {"target": target}, "-n", 100)
    timer.join()
    with started[0] as server:
        assert outcome.code == 0, outcome.err
        assert ns(server) == list(range(100))


def test_a_node_that_is_down_is_passed_over(fill, server) -> None:
    hosts = [f"http://127.0.0.1:{free_port()}", server.url]
    outcome = fill(NUMBERS, "-n", 100, hosts=hosts)
    assert (outcome.code, len(outcome.err.splitlines())) == (0, 1), outcome.err
    assert ns(server) == list(range(100))


def test_nothing_is_missing_or_doubled_when_connections_are_cut(generate, server, engine) -> None:
    with Proxy(server.port) as proxy:
        seen: Counter[str] = Counter()

        def cut(path: str) -> None:
            seen[path] += 1
            if seen[path] in (3, 7, 8):
                proxy.cut()
                proxy.mend()

        server.answer = cut
        hosts = [f"http://127.0.0.1:{proxy.port}"]
        target = {"type": engine, "hosts": hosts, "index": "i", "on_error": "retry"}
        outcome = generate(NUMBERS | {"target": target}, "-n", 50_000)
    assert outcome.code == 0, outcome.err
    assert ns(server) == list(range(50_000))
    assert sum(server.bulks) > 50_000


def test_a_silent_engine_is_given_up(generate, server, engine) -> None:
    with Proxy(server.port) as proxy:
        proxy.stall()
        target = {"type": engine, "hosts": [f"http://127.0.0.1:{proxy.port}"], "index": "i", "timeout": 0.2}
        outcome = generate(NUMBERS | {"target": target}, "-n", 5)
        proxy.flow()
    assert (outcome.code, "timed out" in outcome.err) == (1, True), outcome.err


def test_a_certificate_is_checked(generate, engine, tmp_path) -> None:
    certificate = self_signed(tmp_path)
    headers = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}
    with Collector(certificate=certificate) as other:
        answer = b'{"errors":false,"items":[{"index":{"status":201}}]}'
        other.answer = lambda request: (200, answer, headers)

        def run(**keys: object):
            hosts = [f"https://127.0.0.1:{other.port}"]
            target = {"type": engine, "hosts": hosts, "index": "i", "on_error": "retry", **keys}
            return generate(NUMBERS | {"target": target}, "-n", 1)

        refused = run()
        assert (refused.code, "CERTIFICATE_VERIFY_FAILED" in refused.err) == (1, True), refused.err
        assert run(ca_file=certificate).code == 0
        insecure = run(verify=False)
        assert (insecure.code, len(insecure.err.splitlines())) == (0, 1), insecure.err


# Audits


@pytest.fixture
def audited(generate, tool, server, engine, tmp_path):
    """Run a spec, do something to the server, and audit the run; return the exit code and what is found."""

    def run(spec: dict, change: Callable[[], object], **keys: object) -> tuple[int, str]:
        path = write_json(tmp_path / "target.json", {"type": engine, "hosts": [server.url], "index": "i", **keys})
        generate(spec, "-n", 3000, "-t", path)
        change()
        run_options = ("-c", tmp_path / "spec.json", "-s", START, "--seed", 1, "-n", 3000, "-t", path)
        outcome = tool("audit", *run_options)
        return outcome.code, outcome.out + outcome.err

    return run


@pytest.mark.parametrize("keys", [{}, {"id": False}, {"index": "i-{{x}}-%H"}])
def test_an_audit_finds_every_document(audited, server, keys: dict) -> None:
    spec = MIXED if "index" not in keys else world(enum("x", "a", "b"), counter("n"))
    code, text = audited(spec, lambda: None, **keys)
    assert (code, "3000 expected, 3000 found, 0 missing, 0 duplicated" in text) == (0, True), text
    assert "0 altered" in text
    assert server.open_scrolls == 0


def test_an_audit_leaves_documents_of_other_runs_out(audited, fill, server) -> None:
    code, text = audited(NUMBERS, lambda: fill(NUMBERS, "-n", 10, "--seed", 2))
    assert len(server.sources("i")) == 3010
    assert (code, "3000 found, 0 missing" in text) == (0, True), text


def test_an_audit_finds_what_is_missing_and_altered(audited, server) -> None:
    def change() -> None:
        documents = server.indices["i"]
        first, second = list(documents)[:2]
        del documents[first]
        documents[second] = b'{"n":"other"}'

    code, text = audited(NUMBERS, change)
    assert (code, "3000 expected, 2999 found, 2 missing" in text, "1 altered" in text) == (1, True, True), text


def test_an_audit_of_an_index_that_is_not_there_fails(audited, server) -> None:
    code, text = audited(NUMBERS, server.indices.clear)
    assert (code, "no such index [i]" in text) == (1, True), text


# Checks


@pytest.fixture
def check(engine):
    """Check a target of the engine."""
    kind = {"opensearch": OpenSearch, "elasticsearch": Elasticsearch}[engine]
    return lambda url, **keys: kind.model_validate({"hosts": [url], "index": "i", **keys}).check()


def test_an_engine_that_answers_is_reached_and_not_changed(check, server) -> None:
    check(server.url)
    assert (server.bulks, server.indices) == ([], {})


def test_a_user_who_may_not_ask_the_engine_who_it_is_is_known_all_the_same(check, server) -> None:
    server.answer = lambda path: (403, "security_exception", "action [cluster:monitor/main] is unauthorized")
    check(server.url)


def test_a_wrong_password_fails_a_check(check) -> None:
    with SearchServer(user="ann:right-one") as server:
        check(server.url, username="ann", password="right-one")
        with pytest.raises(Undelivered, match="refused with status 401: security_exception: unable to authenticate"):
            check(server.url, username="ann", password="wrong-one")


def test_an_engine_that_is_down_fails_a_check(check) -> None:
    with pytest.raises(Undelivered, match="Connection refused"):
        check(f"http://127.0.0.1:{free_port()}")


# Keys


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"hosts": []}, "hosts: must not be empty"),
        ({"hosts": ["localhost"]}, 'hosts[0]: must be a URL such as http://localhost:9200, found "localhost"'),
        ({"hosts": ["http://h:port"]}, "hosts[0]: must be a URL such as http://localhost:9200"),
        ({"hosts": ["http://a:word@h"]}, 'hosts[0]: must not hold a user; "username" and "password" are keys'),
        ({"index": ""}, "index: must not be empty"),
        ({"index": "Clicks"}, 'index: an index name must not hold a capital letter, found "Clicks"'),
        ({"index": "clicks-%b"}, "index: an index name must not hold a capital letter"),
        ({"index": "a b"}, 'index: an index name must not hold " "'),
        ({"index": "_x"}, "index: an index name must not begin with -, _ or +"),
        ({"index": "{{m}}"}, '{{m}}: no emitter has "m"; known: emitter, n, time'),
        ({"action": "update"}, "action: must be 'index' or 'create', found \"update\""),
        ({"batch": {"records": 0}}, "batch.records: must be greater than or equal to 1, found 0"),
        ({"batch": {"second": 1}}, 'batch.second: unknown key "second"; did you mean "seconds"?'),
        ({"username": "a"}, '"username" and "password" belong together'),
        ({"ca_file": "/none.pem"}, '"ca_file": /none.pem can\'t be read'),
        ({"format": "csv"}, 'the format must be "json", which is what a document is; found "csv"'),
        ({"format": {"type": "pattern", "text": "{{n}}"}}, 'the format must be "json"'),
        ({"timeout": 0}, "timeout: must be greater than 0, found 0"),
    ],
)
def test_what_is_wrong_is_said_before_the_run(fill, server, keys: dict, message: str) -> None:
    outcome = fill(NUMBERS, "-n", 1, **keys)
    assert outcome.code == 2
    assert message in outcome.err
    assert "word" not in outcome.err.replace("password", "")
    assert server.bulks == []


def test_a_user_and_a_key_exclude_each_other(generate) -> None:
    target = {"type": "elasticsearch", "hosts": ["http://h"], "index": "i", "api_key": "k"}
    outcome = generate(NUMBERS | {"target": target | {"username": "a", "password": "b"}}, "-n", 1)
    assert (outcome.code, 'give "username" or "api_key", not both' in outcome.err) == (2, True)


@pytest.mark.parametrize(
    ("host", "complete"),
    [
        ("http://h", "http://h:9200"),
        ("https://h/path", "https://h:443/path"),
        ("http://[::1]", "http://[::1]:9200"),
        ("http://h:80", "http://h:80"),
    ],
)
def test_a_host_without_a_port_gets_one(host: str, complete: str) -> None:
    assert OpenSearch.model_validate({"hosts": [host], "index": "i"}).hosts == [complete]
