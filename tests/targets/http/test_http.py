"""The target ``http``: what requests hold, which answers count, failing connections, Splunk's collector."""

import json
import signal
import subprocess
import sys
import threading
from itertools import count

import pytest

from datagen.plugin.target import Undelivered
from datagen.problems import counted
from datagen.targets.http.target import Http
from tests.servers.collector import HEC_TOKEN, Collector, Request, hec_answer, hec_events, self_signed
from tests.servers.installed import Proxy, free_port, wait_until
from tests.worlds import MIXED, ROOT, constant, counter, enum, world, write_json

NUMBERS = world(counter("n"), gap=0.001)


@pytest.fixture
def collector():
    with Collector() as server:
        yield server


@pytest.fixture
def send(generate, collector):
    """Run a spec into the collector."""

    def run(spec: dict, *options: object, **keys: object):
        return generate(spec | {"target": {"type": "http", "url": collector.url, **keys}}, *options)

    return run


def refusing(*answers: object):
    """Answer the first requests with these, None for success."""
    left = list(answers)
    return lambda request: left.pop(0) if left else None


def status(code: int, body: bytes = b"") -> tuple[int, bytes, dict[str, str]]:
    return code, body, {}


def ns(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["n"] for line in lines]


# What requests hold


@pytest.mark.parametrize("keys", [{}, {"record_id": True}, {"gzip": True, "concurrency": 1}])
def test_every_record_arrives_in_order_as_it_is_printed(send, generate, collector, keys: dict) -> None:
    printed = generate(MIXED | {"target": {"type": "stdout", "record_id": keys.get("record_id", False)}}, "-n", 500)
    outcome = send(MIXED, "-n", 500, batch={"records": 7}, **keys)
    assert outcome.code == 0, outcome.err
    assert b"\n".join(collector.lines) + b"\n" == printed.data
    assert max(request.body.count(b"\n") for request in collector.requests) == 7


def test_many_records_arrive(send, collector) -> None:
    assert send(NUMBERS, "-n", 200_000).code == 0
    assert ns(collector.lines) == list(range(200_000))
    assert max(len(request.raw) for request in collector.requests) <= 1_000_000


def test_a_request_has_at_most_so_many_bytes_but_one_record_at_least(send, collector) -> None:
    wide = world(counter("n"), enum("x", "short", "l" * 500))
    assert send(wide, "-n", 300, batch={"bytes": 300}).code == 0
    assert ns(collector.lines) == list(range(300))
    sizes = [(len(request.body), request.body.count(b"\n")) for request in collector.requests]
    assert all(size <= 300 or records == 1 for size, records in sizes)
    assert max(records for _, records in sizes) > 1


def test_no_request_is_made_for_no_record(send, collector) -> None:
    assert send(NUMBERS, "-n", 0).code == 0
    assert collector.requests == []


def test_an_array_holds_the_records(send, generate, collector) -> None:
    assert send(MIXED, "-n", 10, body="array", batch={"records": 4}).code == 0
    lists = [json.loads(request.body) for request in collector.requests]
    assert max(len(found) for found in lists) == 4
    printed = generate(MIXED | {"target": {"type": "stdout"}}, "-n", 10).records
    assert [record for found in lists for record in found] == printed


def test_each_record_may_have_a_request_of_its_own(send, collector) -> None:
    assert send(NUMBERS, "-n", 30, body="each").code == 0
    assert ns([request.body for request in collector.requests]) == list(range(30))
    assert not any(b"\n" in request.body for request in collector.requests)


@pytest.mark.parametrize(
    ("keys", "content_type"),
    [
        ({}, "application/x-ndjson"),
        ({"body": "array"}, "application/json"),
        ({"body": "each"}, "application/json"),
        ({"format": "csv"}, "text/csv"),
        ({"format": "tsv", "body": "each"}, "text/tab-separated-values"),
        ({"format": {"type": "pattern", "text": "<{{n}}>"}}, "text/plain; charset=utf-8"),
        ({"headers": {"Content-Type": "text/mine"}}, "text/mine"),
    ],
)
def test_the_content_type_says_what_a_body_is(send, collector, keys: dict, content_type: str) -> None:
    assert send(NUMBERS, "-n", 1, **keys).code == 0
    assert collector.requests[0].headers["content-type"] == content_type


def test_every_request_of_csv_begins_with_the_header(send, collector) -> None:
    assert send(NUMBERS, "-n", 3, format="csv", batch={"records": 2}).code == 0
    bodies = [request.body.decode().splitlines() for request in collector.requests]
    assert [lines[0] for lines in bodies] == ["time,n"] * 2
    assert [line.split(",")[1] for lines in bodies for line in lines[1:]] == ["0", "1", "2"]


def test_a_compressed_body_says_so(send, collector) -> None:
    assert send(NUMBERS, "-n", 1000, gzip=True).code == 0
    assert {request.headers["content-encoding"] for request in collector.requests} == {"gzip"}
    request = max(collector.requests, key=lambda request: len(request.body))
    assert len(request.raw) < len(request.body) / 3


@pytest.mark.parametrize(
    ("keys", "authorization"),
    [
        ({}, None),
        ({"token": "abc.def"}, "Bearer abc.def"),
        ({"username": "ann", "password": "pä:ss"}, "Basic YW5uOnDDpDpzcw=="),
        ({"headers": {"Authorization": "Custom 1"}}, "Custom 1"),
    ],
)
def test_requests_carry_the_authorisation(send, collector, keys: dict, authorization: str | None) -> None:
    outcome = send(NUMBERS, "-n", 1, method="PUT", **({"headers": {"X-Key": "one"}} | keys))
    assert outcome.code == 0, outcome.err
    (request,) = collector.requests
    assert (request.method, request.headers.get("authorization")) == ("PUT", authorization)
    assert request.headers.get("x-key") == (None if "headers" in keys else "one")


def test_a_user_in_the_url_is_sent_and_not_shown(generate, collector) -> None:
    url = f"http://ann:hidden-word@127.0.0.1:{collector.port}/in?key=secret-key&x=1"
    target = {"type": "http", "url": url}
    assert generate(NUMBERS | {"target": target}, "-n", 1).code == 0
    assert collector.requests[0].headers["authorization"] == "Basic YW5uOmhpZGRlbi13b3Jk"
    assert collector.requests[0].path == "/in?key=secret-key&x=1"
    collector.answer = lambda request: status(400, b"no hidden-word and no key=secret-key&x=1 is right")
    outcome = generate(NUMBERS | {"target": target}, "-n", 1)
    assert outcome.code == 1
    assert f"writing to http http://127.0.0.1:{collector.port}/in: refused with status 400: no …" in outcome.err
    assert "hidden-word" not in outcome.err
    assert "secret-key" not in outcome.err


# Which answers count


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again(send, collector, code: int) -> None:
    collector.answer = refusing(None, status(code), None, status(code))
    outcome = send(NUMBERS, "-n", 50, batch={"records": 10}, on_error="retry")
    assert outcome.code == 0, outcome.err
    assert ns(collector.lines) == list(range(50))


@pytest.mark.parametrize("code", [301, 400, 401, 403, 404, 413])
def test_what_would_stay_ends_the_run_with_what_was_said(send, collector, code: int) -> None:
    collector.answer = refusing(None, None, *[status(code, b"it is\r\n wrong " + b"x" * 500)] * 9)
    outcome = send(NUMBERS, "-n", 50, batch={"records": 10}, on_error="retry")
    assert outcome.code == 1
    assert f"refused with status {code}: it is wrong xxx" in outcome.err
    assert len(outcome.err) < 400
    assert 0 < len(collector.lines) < 50
    assert f"({counted(len(collector.lines), 'record')} delivered)" in outcome.err
    assert ns(collector.lines) == list(range(len(collector.lines)))


def test_on_error_stop_ends_with_the_first_failure(send, collector) -> None:
    collector.answer = refusing(None, status(503, b"busy"))
    outcome = send(NUMBERS, "-n", 50, batch={"records": 10})
    assert outcome.code == 1
    assert f"refused with status 503: busy ({counted(len(collector.lines), 'record')} delivered)" in outcome.err
    assert len(collector.requests) == 1


def test_success_may_be_said_otherwise(send, collector) -> None:
    collector.answer = refusing(status(202), status(409), status(200, b"not this"))
    outcome = send(NUMBERS, "-n", 3, batch={"records": 1}, success=[202, 409])
    assert outcome.code == 1
    assert "refused with status 200: not this (2 records delivered)" in outcome.err


# Concurrency


def test_several_requests_are_under_way_at_once(send, collector) -> None:
    under_way, seen, never = [], set(), threading.Event()

    def linger(request: Request) -> None:
        under_way.append(request)
        never.wait(0.005)
        seen.add(len(under_way))
        under_way.remove(request)

    collector.answer = linger
    assert send(NUMBERS, "-n", 600, batch={"records": 10}, concurrency=3).code == 0
    assert sorted(ns(collector.lines)) == list(range(600))
    assert max(seen) == 3


def test_nothing_is_sent_after_a_failure_so_that_order_is_kept(send, collector) -> None:
    collector.answer = refusing(None, status(500), None, None, status(500))
    assert send(NUMBERS, "-n", 50, batch={"records": 10}, on_error="retry").code == 0
    assert ns(collector.lines) == list(range(50))


@pytest.mark.parametrize("failing", [0, 3, 7])
def test_with_several_under_way_what_follows_a_failure_is_sent_again(send, collector, failing: int) -> None:
    numbers = count()
    collector.answer = lambda request: status(503) if next(numbers) == failing else None
    outcome = send(NUMBERS, "-n", 100, batch={"records": 10}, concurrency=4, on_error="retry")
    assert outcome.code == 0, outcome.err
    assert set(ns(collector.lines)) == set(range(100))
    assert len(collector.lines) <= 130  # what came with the one that failed


# Connections


def test_a_server_that_is_down_ends_the_run(generate) -> None:
    port = free_port()
    outcome = generate(NUMBERS | {"target": {"type": "http", "url": f"http://127.0.0.1:{port}/in"}}, "-n", 5)
    assert outcome.code == 1
    assert f"writing to http http://127.0.0.1:{port}/in: [Errno 111] Connection refused" in outcome.err
    assert "(0 records delivered)" in outcome.err


def test_a_server_that_is_down_is_waited_for(generate) -> None:
    port, started = free_port(), []
    timer = threading.Timer(0.5, lambda: started.append(Collector(port)))
    timer.start()
    target = {"type": "http", "url": f"http://127.0.0.1:{port}/in", "on_error": "retry"}
    outcome = generate(NUMBERS | {"target": target}, "-n", 100)
    timer.join()
    with started[0] as collector:
        assert outcome.code == 0, outcome.err
        assert ns(collector.lines) == list(range(100))


@pytest.mark.parametrize("concurrency", [1, 3])
def test_nothing_is_missing_when_connections_are_cut(generate, collector, concurrency: int) -> None:
    with Proxy(collector.port) as proxy:
        numbers = count()

        def cut(request: Request) -> None:
            if next(numbers) in (1, 5, 6):
                proxy.cut()
                proxy.mend()

        collector.answer = cut
        url = f"http://127.0.0.1:{proxy.port}/in"
        keys = {"on_error": "retry", "batch": {"records": 5000}, "concurrency": concurrency}
        outcome = generate(NUMBERS | {"target": {"type": "http", "url": url, **keys}}, "-n", 100_000)
    assert outcome.code == 0, outcome.err
    assert set(ns(collector.lines)) == set(range(100_000))
    assert list(dict.fromkeys(ns(collector.lines))) == list(range(100_000)) or concurrency > 1
    assert 100_000 < len(collector.lines) <= 100_000 + 3 * 5000 * concurrency  # sent again, for want of an answer


def test_a_silent_server_is_given_up(generate, collector) -> None:
    with Proxy(collector.port) as proxy:
        proxy.stall()
        target = {"type": "http", "url": f"http://127.0.0.1:{proxy.port}/in", "timeout": 0.2}
        outcome = generate(NUMBERS | {"target": target}, "-n", 5)
        proxy.flow()
    assert outcome.code == 1
    assert "no answer for 0.2 s (0 records delivered)" in outcome.err


def test_a_certificate_is_checked(generate, tmp_path) -> None:
    certificate = self_signed(tmp_path)
    with Collector(certificate=certificate) as collector:

        def run(**keys: object):
            target = {"type": "http", "url": collector.url, "on_error": "retry", **keys}
            return generate(NUMBERS | {"target": target}, "-n", 5)

        refused = run()
        assert (refused.code, "CERTIFICATE_VERIFY_FAILED" in refused.err) == (1, True)
        assert run(ca_file=certificate).code == 0
        assert run(verify=False).code == 0
        assert ns(collector.lines) == [*range(5)] * 2


def test_a_ca_file_without_certificates_is_said(generate, tmp_path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    target = {"type": "http", "url": "https://127.0.0.1:1/", "ca_file": str(tmp_path / "empty.pem")}
    outcome = generate(NUMBERS | {"target": target}, "-n", 5)
    assert outcome.code == 1
    assert "empty.pem holds no certificates" in outcome.err


def test_live_records_go_out_as_they_come(command, collector, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", NUMBERS | {"interarrival": constant(0.01)})
    target = write_json(tmp_path / "target.json", {"type": "http", "url": collector.url})
    assert command("-c", spec, "-t", target, "-n", 30).code == 0
    assert ns(collector.lines) == list(range(30))
    assert len(collector.requests) > 3  # one each, but for those that are due while a slow machine sends others


def test_live_records_are_gathered_for_a_time(command, collector, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", NUMBERS | {"interarrival": constant(0.01)})
    target = {"type": "http", "url": collector.url, "batch": {"seconds": 0.5}}
    assert command("-c", spec, "-t", write_json(tmp_path / "target.json", target), "-n", 80).code == 0
    assert ns(collector.lines) == list(range(80))
    assert len(collector.requests) < 20  # 0.8 s in halves, and a tail; more of them where all is slow


def test_an_interrupted_run_has_delivered_what_it_says(collector, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", NUMBERS)
    target = write_json(tmp_path / "target.json", {"type": "http", "url": collector.url})
    command = [sys.executable, ROOT / "generator.py", "-c", spec, "-t", target]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as run:
        wait_until(lambda: len(collector.requests) > 20)
        run.send_signal(signal.SIGINT)
        err = run.communicate(timeout=20)[1].decode()
    assert run.returncode == 0
    assert int(err.splitlines()[-1].split(" records,")[0]) == len(collector.lines)
    assert ns(collector.lines) == list(range(len(collector.lines)))


# Splunk


@pytest.fixture
def splunk(generate, collector):
    """Run a spec into the collector as Splunk's."""

    def run(spec: dict, *options: object, **keys: object):
        target = {"type": "http", "url": collector.hec_url, "token": HEC_TOKEN, "splunk_hec": True, **keys}
        return generate(spec | {"target": target}, *options)

    return run


def test_events_are_wrapped(splunk, generate, collector) -> None:
    hec = {"host": 'h"1', "source": "s", "sourcetype": "_json", "index": "main"}
    outcome = splunk(MIXED, "-n", 100, splunk_hec=hec, batch={"records": 30})
    assert outcome.code == 0, outcome.err
    events = [event for request in collector.requests for event in hec_events(request.body)]
    assert {key: [event[key] for event in events] for key in hec} == {key: [value] * 100 for key, value in hec.items()}
    assert [event["event"] for event in events] == generate(MIXED | {"target": {"type": "stdout"}}, "-n", 100).records
    assert max(request.body.count(b"\n") for request in collector.requests) == 30


def test_an_event_says_where_it_comes_from_with_the_values_of_its_record(splunk, collector) -> None:
    spec = world(enum("server", "a", 'b"', ""), enum("app", "shop"), gap=0.01)
    hec = {"host": "{{server}}", "source": "/var/log/{{app}}/{{server}}", "sourcetype": "{{app}}", "index": "main"}
    assert splunk(spec, "-n", 50, splunk_hec=hec).code == 0
    events = [event for request in collector.requests for event in hec_events(request.body)]
    servers = [event["event"]["server"] for event in events]
    assert set(servers) == {"a", 'b"', ""}
    assert [event.get("host", "") for event in events] == servers
    assert [event["source"] for event in events] == [f"/var/log/shop/{server}" for server in servers]
    assert {(event["sourcetype"], event["index"], "host" in event or event["event"]["server"]) for event in events} == {
        ("shop", "main", True),
        ("shop", "main", ""),
    }


def test_a_dimension_that_is_not_there_is_refused_before_the_run(splunk, collector) -> None:
    outcome = splunk(world(enum("server", "a")), "-n", 5, splunk_hec={"host": "{{sever}}"})
    assert outcome.code == 2
    assert 'target: splunk_hec.host: {{sever}}: no emitter has "sever"; did you mean "server"?' in outcome.err
    assert collector.requests == []


def test_an_event_has_the_time_of_its_record(splunk, collector) -> None:
    assert splunk(world(gap=1.25), "-n", 3).code == 0
    request = collector.requests[0]
    assert request.body.startswith(b'{"time":1704067200.0,"event":{"time":"2024-01-01T00:00:00.000"')
    times = [event["time"] for request in collector.requests for event in hec_events(request.body)]
    assert times == [1704067200.0, 1704067201.25, 1704067202.5]
    assert request.headers["authorization"] == f"Splunk {HEC_TOKEN}"
    assert request.headers["content-type"] == "application/json"


def test_an_event_that_is_no_json_is_a_text(splunk, collector) -> None:
    outcome = splunk(world(enum("x", 'é "q"')), "-n", 2, format={"type": "pattern", "text": "<{{x}}>"})
    assert outcome.code == 0, outcome.err
    assert {event["event"] for request in collector.requests for event in hec_events(request.body)} == {'<é "q">'}


def test_a_wrong_token_ends_the_run(splunk, collector) -> None:
    outcome = splunk(NUMBERS, "-n", 5, token="another-token", on_error="retry")
    assert outcome.code == 1
    assert 'refused with status 403: {"text": "Invalid token", "code": 4} (0 records delivered)' in outcome.err
    assert "another-token" not in outcome.err


def test_a_busy_splunk_is_waited_for(splunk, collector) -> None:
    collector.answer = refusing(hec_answer(9), None, hec_answer(9))
    assert splunk(NUMBERS, "-n", 20, batch={"records": 5}, on_error="retry").code == 0
    events = [event["event"]["n"] for request in collector.requests for event in hec_events(request.body)]
    assert events == list(range(20))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"text":"Success"}', b'{"code":7}'])
def test_an_answer_that_is_not_splunks_is_no_success(splunk, collector, body: bytes) -> None:
    collector.answer = lambda request: status(200, body)
    outcome = splunk(NUMBERS, "-n", 5, on_error="retry")
    assert outcome.code == 1
    assert f"the answer is not that of Splunk's collector: {json.dumps(body.decode())} (0 records" in outcome.err


# Checks


@pytest.fixture
def reached(collector, monkeypatch):
    """Check a target whose server answers OPTIONS like any other request."""
    handler = collector.RequestHandlerClass
    monkeypatch.setattr(handler, "do_OPTIONS", handler.do_POST, raising=False)
    return lambda **keys: Http.model_validate({"url": collector.url, **keys}).check()


def test_a_check_changes_nothing_and_carries_the_authorisation(reached, collector) -> None:
    reached(token="abc", method="PUT")
    (request,) = collector.requests
    assert (request.method, request.raw, request.headers["authorization"]) == ("OPTIONS", b"", "Bearer abc")


@pytest.mark.parametrize("code", [204, 302, 403, 404, 405, 501, 503])
def test_a_server_that_answers_is_reached(reached, collector, code: int) -> None:
    collector.answer = lambda request: status(code)
    reached()


def test_a_login_that_is_refused_fails_a_check(reached, collector) -> None:
    collector.answer = lambda request: status(401, b"who are you?")
    with pytest.raises(Undelivered, match=r"refused with status 401: who are you\?"):
        reached(username="ann", password="wrong")


def test_a_server_that_is_down_fails_a_check() -> None:
    with pytest.raises(Undelivered, match="Connection refused"):
        Http.model_validate({"url": f"http://127.0.0.1:{free_port()}/"}).check()


def test_a_certificate_that_is_not_trusted_fails_a_check(tmp_path) -> None:
    with Collector(certificate=self_signed(tmp_path)) as collector:
        with pytest.raises(Undelivered, match="CERTIFICATE_VERIFY_FAILED"):
            Http.model_validate({"url": collector.url}).check()
        Http.model_validate({"url": collector.url, "verify": False}).check()


# Keys


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"url": "ftp://x/"}, "url: must be a URL that begins with http:// or https:// and names a host"),
        ({"url": "http://"}, "url: must be a URL that begins with"),
        ({"url": "http://user:word@host:port/"}, "url: must be a URL that begins with"),
        ({"method": "GET"}, "method: must be 'POST', 'PUT' or 'PATCH', found \"GET\""),
        ({"headers": {"a b": "c"}}, 'headers: "a b" can\'t be a header here'),
        ({"headers": {"Content-Length": "1"}}, 'headers: "Content-Length" can\'t be a header here'),
        ({"headers": {"a": "b\nc"}}, "headers: the value of a has a character that a header can't hold"),
        ({"token": "b\n"}, "token: has a character that a header can't hold"),
        ({"batch": {"records": 0}}, "batch.records: must be greater than or equal to 1, found 0"),
        ({"batch": {"seconds": 11}}, "batch.seconds: must be less than or equal to 10, found 11"),
        ({"batch": {"record": 1}}, 'batch.record: unknown key "record"; did you mean "records"?'),
        ({"body": "list"}, "body: must be 'lines', 'array' or 'each', found \"list\""),
        ({"body": "array", "format": "csv"}, '"body": "array" needs the format "json", found "csv"'),
        ({"success": []}, "success: must not be empty"),
        ({"success": [99]}, "success[0]: must be greater than or equal to 200, found 99"),
        ({"concurrency": 0}, "concurrency: must be greater than or equal to 1, found 0"),
        ({"timeout": 0}, "timeout: must be greater than 0, found 0"),
        ({"username": "a"}, '"username" and "password" belong together'),
        ({"username": "a", "password": "b", "token": "c"}, '"username" and "token" exclude each other'),
        ({"token": "c", "headers": {"authorization": "d"}}, '"token" and authorization header exclude each other'),
        ({"token": "c", "url": "http://u:p@h/"}, 'user in the URL and "token" exclude each other'),
        ({"splunk_hec": True}, '"token" is required with "splunk_hec"'),
        ({"splunk_hec": 3, "token": "c"}, "splunk_hec: must be an object, found 3"),
        ({"splunk_hec": {"hosts": "x"}, "token": "c"}, 'splunk_hec.hosts: unknown key "hosts"; did you mean "host"?'),
        ({"splunk_hec": True, "token": "c", "body": "each"}, '"splunk_hec" has a body of its own'),
        ({"ca_file": "/none.pem"}, '"ca_file": /none.pem can\'t be read'),
        ({"ca_file": "/none.pem", "verify": False}, '"ca_file" has no meaning where "verify" is false'),
    ],
)
def test_what_is_wrong_is_said_before_the_run(send, collector, keys: dict, message: str) -> None:
    outcome = send(NUMBERS, "-n", 1, **keys)
    assert outcome.code == 2
    assert message in outcome.err
    assert "word" not in outcome.err.replace("password", "")
    assert collector.requests == []


def test_splunk_hec_may_be_false(send, collector) -> None:
    assert send(NUMBERS, "-n", 1, splunk_hec=False).code == 0
    assert ns(collector.lines) == [0]


def test_secrets_are_not_part_of_what_describes_a_target() -> None:
    keys = {"url": "http://u:first@h/p?second", "headers": {"a": "third"}, "password": "fourth", "token": "fifth"}
    target = Http.model_validate({**keys, "username": "u"})
    assert not {"first", "second", "third", "fourth", "fifth"} & set(repr(target).replace("'", " ").split())
    assert str(target) == "http http://h/p"
    assert {"first", "second", "third", "fourth", "fifth"} <= set(target.secrets())
