"""The gallery's call centre: nobody is on two calls, and lines and patience are what they are said to be."""

import json

from tests.worlds import ROOT

SPEC, RECORDS = "call_centre", 1_000_000
AGENTS = {
    name: one["capacity"]
    for name, one in json.loads((ROOT / "conf/gen/call_centre.json").read_text())["resources"].items()
}


def test_no_agent_is_on_two_calls(ask) -> None:
    """Counted in every group at every instant: calls that are answered, and not yet closed, are no more than agents."""
    found = ask(
        """with busy as (
            select "group", instant, place, case event when 'answered' then 1 else -1 end as change
            from r where event in ('answered', 'closed')),
        running as (select "group", sum(change) over (partition by "group" order by place) as busy from busy)
        select "group", max(busy), min(busy) from running group by 1"""
    )
    assert {group: (most, least) for group, most, least in found} == {group: (n, 0) for group, n in AGENTS.items()}


def test_an_agent_who_is_free_and_one_who_is_not_are_all(ask) -> None:
    [(wrong, rows)] = ask(
        """with known as (select "group", agents_free, place, event,
            sum(case event when 'answered' then 1 when 'closed' then -1 else 0 end)
                over (partition by "group" order by place) as busy from r)
        select count(*) filter (busy + agents_free != case "group" when 'billing' then 4 else 9 end), count(*)
        from known where event in ('hung up', 'answered')"""
    )
    assert rows > 10_000
    assert wrong == 0


def test_who_waits_waits_for_an_answer_or_gives_up(ask) -> None:
    """What a record says of the wait is what lies between it and the one before."""
    assert ask("select count(*) from r where event = 'answered' and abs(waited_s - since_s) > 0.6") == [(0,)]
    [(given_up, answered, most)] = ask(
        """select count(*) filter (event = 'given up'), count(*) filter (event = 'answered'),
        max(in_line) filter (event = 'ringing') from r"""
    )
    assert 0.1 < given_up / answered < 0.3
    assert most == 6


def test_important_customers_wait_less(ask) -> None:
    found = dict(ask("select vip, avg(waited_s) from r where event = 'answered' group by 1"))
    assert found[True] < found[False] / 1.5
