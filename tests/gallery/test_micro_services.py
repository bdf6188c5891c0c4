"""The gallery's services: spans lie within those of who called them, and trouble comes with the backup."""

import pytest

SPEC, RECORDS = "micro_services", 1_000_000


def test_there_is_a_root_to_each_trace_and_no_span_has_an_unknown_parent_but_of_who_has_not_answered(ask) -> None:
    """A span is told of when it is over: the last ones of a run have parents that are not over yet."""
    [(ids, spans)] = ask("select count(distinct span_id), count(*) from r")
    assert ids == spans
    [(roots, traces)] = ask("select count(*), count(distinct trace_id) from r where parent_id is null")
    assert roots == traces > 10_000
    [(dangling, answered)] = ask(
        """with answered as (select trace_id from r where parent_id is null)
        select count(*) filter (p.span_id is null or p.trace_id != r.trace_id), count(*)
        from r join answered using (trace_id) left join r p on r.parent_id = p.span_id where r.parent_id is not null"""
    )
    assert dangling == 0 < answered


def test_no_span_lies_outside_its_parent(ask) -> None:
    [(outside, many)] = ask(
        """select count(*) filter (own.start_us < p.start_us
            or own.start_us + own.duration_us > p.start_us + p.duration_us), count(*)
        from r own join r p on own.parent_id = p.span_id"""
    )
    assert outside == 0
    assert many > 50_000


def test_a_request_is_as_slow_as_its_slowest_call(ask) -> None:
    """What it does itself after that takes 1 ms on average."""
    [(own, requests)] = ask(
        """with ends as (select parent_id, max(start_us + duration_us) last from r group by 1)
        select avg(start_us + duration_us - last) / 1000, count(*) from r join ends on ends.parent_id = span_id
        where service = 'gateway'"""
    )
    assert own == pytest.approx(1, rel=0.05)
    assert requests > 10_000


def test_a_call_is_tried_again_where_it_failed_and_three_times_at_most(ask) -> None:
    calls = "from r where service in ('stock', 'prices', 'reviews')"
    [(wrong, again)] = ask(
        f"""with calls as (select *, lag(status) over (partition by parent_id, service order by place) before,
            row_number() over (partition by parent_id, service order by place) number {calls})
        select count(*) filter (attempt != number or attempt > 3 or (attempt > 1 and before != 'ERROR')),
            count(*) filter (attempt > 1) from calls"""
    )
    assert wrong == 0
    assert again > 500


@pytest.mark.parametrize(("service", "most"), [("database", 6)])
def test_no_more_queries_are_answered_at_once_than_there_are_connections(ask, service: str, most: int) -> None:
    """Every 22 ms on average one of six is through, so of all seconds the fastest has few more than 273 of them."""
    [(fastest,)] = ask(
        f"""select max(many) from (select count(*) many from r
            where service = '{service}' and status = 'OK' group by instant // 1000)"""
    )
    assert fastest < most / 0.022 * 1.3


def test_requests_fail_while_there_is_a_backup(ask) -> None:
    shares = dict(
        ask(
            """select len(incidents) > 0, avg((status = 'ERROR')::int) from r
            where service = 'gateway' group by 1"""
        )
    )
    assert shares[False] < 0.01
    assert shares[True] > 0.5
