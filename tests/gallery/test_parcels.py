"""The gallery's parcels: depots and vans take no more than they can, and every parcel goes its way."""

import json

from tests.worlds import ROOT

SPEC, RECORDS = "parcels", 1_000_000
PARCELS = json.loads((ROOT / "conf/gen/parcels.json").read_text())


def test_no_depot_sorts_more_parcels_at_once_than_it_has_sorters(ask) -> None:
    found = ask(
        """with running as (
            select depot, sum(case event when 'sorting' then 1 else -1 end) over (partition by depot order by place) n
            from r where event in ('sorting', 'sorted'))
        select depot, max(n), min(n) from running group by 1"""
    )
    expected = {depot: (sorters, 0) for depot, sorters in PARCELS["tables"]["depots"]["rows"]}
    assert {depot: (most, least) for depot, most, least in found} == expected


def test_vans_have_no_more_places_than_they_have(ask) -> None:
    [(most,)] = ask(
        """with running as (
            select sum(case event when 'out for delivery' then 1 else -1 end) over (order by place) n
            from r where event in ('out for delivery', 'delivered', 'not at home'))
        select max(n) from running"""
    )
    assert most == PARCELS["resources"]["van places"]["capacity"]


def test_a_parcel_goes_from_its_depot_to_that_of_its_receiver(ask) -> None:
    [(wrong, through_the_hub, parcels)] = ask(
        """with ways as (select parcel, any_value(origin) a, any_value("to") b,
            string_agg(depot, ' ' order by place) filter (event = 'sorted') way
            from r group by 1 having count(*) filter (event in ('delivered', 'returned')) = 1)
        select count(*) filter (way != case when a = b then a else a || ' hub ' || b end),
               count(*) filter (a != b), count(*) from ways"""
    )
    assert wrong == 0
    assert 0 < through_the_hub < parcels


def test_express_overtakes(ask) -> None:
    found = dict(ask("select express, avg(waited_s) from r where event = 'sorting' and depot = 'north' group by 1"))
    assert found[True] < found[False] / 3


def test_nobody_is_tried_more_than_three_times(ask) -> None:
    assert ask("select max(attempt) from r where event in ('out for delivery', 'not at home')")[0][0] <= 3
