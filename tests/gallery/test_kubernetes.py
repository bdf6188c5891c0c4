"""The gallery's containers: lines fit their pods, and a request is told of by all that have seen it."""

import json

SPEC = "kubernetes"


def test_what_is_known_of_a_pod_is_the_same_in_every_line(ask) -> None:
    lines = "from r where kubernetes is not null"
    assert ask(f"select kubernetes.pod_name {lines} group by 1 having count(distinct kubernetes) > 1") == []
    wrong = """not starts_with(kubernetes.pod_name,
        kubernetes.container_name || '-' || kubernetes.labels['pod-template-hash'])
        or kubernetes.container_image != 'registry.example/' || kubernetes.namespace_name || '/'
           || kubernetes.container_name || ':' || kubernetes.labels['app.kubernetes.io/version']"""
    assert ask(f"select count(*) from r where {wrong}") == [(0,)]


def test_lines_of_services_are_json_with_the_time_of_the_record(ask) -> None:
    found = ask("""select log, strftime("time", '%Y-%m-%dT%H:%M:%S.%gZ') from r where log like '{%'""")
    assert len(found) > 1000
    assert all(json.loads(line)["ts"] == time for line, time in found)


def test_a_request_has_one_line_of_a_service_and_one_of_the_gateway_and_they_agree(ask) -> None:
    found = ask(
        r"""with s as (select log->>'request_id' id, log->>'path' p, coalesce((log->>'status')::int,
            500) status from r where log like '%request_id%'),
             g as (select regexp_extract(log, '(\w+)$', 1) id, regexp_extract(log, '"[A-Z]+ (\S+) HTTP', 1) p,
                          regexp_extract(log, 'HTTP/1.1" (\d+)', 1)::int status from r
                              where kubernetes.container_name = 'gateway')
        select count(*) filter (s.id is null), count(*) filter (g.id is null), count(*) filter (s.p != g.p
            or s.status != g.status), count(*)
        from s full join g using (id)"""
    )
    [(no_service, no_gateway, different, rows)] = found
    assert no_service == different == 0
    assert no_gateway <= 5  # on their way when the run ended
    assert rows > 1000


def test_a_crash_loop_waits_longer_each_time(ask) -> None:
    found = ask(
        """select event.involved_object, event.count, lead(instant) over w - instant, list_contains(incidents,
            'bad_release')
        from r where event is not null window w as (partition by event.involved_object order by place)"""
    )
    assert len({pod for pod, *_ in found}) > 1
    for _, count, gap, _ in found:
        assert gap is None or [10, 20, 40, 80, 160, 300][min(count, 6) - 1] * 1000 < gap < 320_000
    lines = ask("select distinct stream from r where log like 'panic:%'")
    assert lines == [("stderr",)]
