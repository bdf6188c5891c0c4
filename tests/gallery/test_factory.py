"""The gallery's factory: a machine does one thing at a time, and is repaired before it goes on."""

SPEC, RECORDS = "factory", 1_000_000
# What keeps a machine busy, from when until when: jobs, and stops for a repair.
_SPANS = """with begun as (
    select machine, coalesce(job::varchar, 'repair') who, event, place, instant,
           lead(event) over w as next, lead(place) over w as until, lead(instant) over w as ends
    from r where event in ('begun', 'done', 'stopped', 'back')
    window w as (partition by machine, job order by place)),
spans as (select * from begun where event in ('begun', 'stopped') and until is not null)
"""


def test_what_begins_ends_before_it_begins_again(ask) -> None:
    assert ask(_SPANS + "select count(*) from spans where next not in ('done', 'back')") == [(0,)]


def test_no_machine_is_on_two_jobs_or_on_one_while_it_is_repaired(ask) -> None:
    [(overlaps, spans)] = ask(
        _SPANS
        + """, ordered as (select *, max(until) over (partition by machine order by place
            rows between unbounded preceding and 1 preceding) as busy_until from spans)
        select count(*) filter (place < busy_until), count(*) from ordered"""
    )
    assert spans > 20_000
    assert overlaps == 0


def test_the_mechanic_repairs_one_machine_at_a_time(ask) -> None:
    [(most,)] = ask(
        """with running as (select sum(case event when 'repair' then 1 else -1 end) over (order by place) n
            from r where event in ('repair', 'back'))
        select max(n) from running"""
    )
    assert most == 1


def test_a_machine_that_fails_is_stopped_before_the_next_job_begins(ask) -> None:
    """Its stop waits no longer than a job takes, whoever stands in line."""
    [(most, usual)] = ask("select max(waited_s), avg(waited_s) from r where event = 'stopped'")
    assert 0 < usual < most < 500
    [(longest,)] = ask("select max(waited_s) from r where event = 'begun'")
    assert longest > 3600


def test_downtime_lies_between_the_stop_and_the_return(ask) -> None:
    [(wrong, rows)] = ask(
        _SPANS
        + """select count(*) filter (abs(down_s - (spans.ends - spans.instant) / 1000) > 0.6), count(*)
        from spans join r on r.place = spans.until where who = 'repair'"""
    )
    assert wrong == 0 < rows


def test_urgent_jobs_wait_less(ask) -> None:
    found = dict(ask("select urgent, avg(waited_s) from r where event = 'begun' and machine like 'mill%' group by 1"))
    assert found[True] < found[False] / 2
