"""The gallery's restaurant: what is ordered is cooked and served, by as many as there are."""

import pytest

SPEC = "restaurant"


def test_an_order_has_as_many_lines_as_it_says_numbered_from_one(ask) -> None:
    [(wrong, orders)] = ask(
        """with served as (select visit_id from r where event = 'served'),
        lines as (select visit_id, count(*) many, min(line) least, max(line) most, count(distinct line) numbers
            from r where event = 'cooking' group by 1)
        select count(*) filter (many is null or many != dishes or least != 1 or most != dishes or numbers != dishes),
            count(*)
        from r join served using (visit_id) left join lines using (visit_id) where event = 'ordered'"""
    )
    assert wrong == 0
    assert orders > 5_000


def test_no_dish_comes_before_its_order_and_none_is_served_before_the_last_is_ready(ask) -> None:
    [(early, late, visits)] = ask(
        """with visits as (select visit_id, min(place) filter (event = 'ordered') ordered,
            min(place) filter (event = 'cooking') first, max(place) filter (event = 'ready') last,
            min(place) filter (event = 'served') served from r group by 1)
        select count(*) filter (first < ordered or (first is not null and ordered is null)),
            count(*) filter (last > served), count(*) from visits"""
    )
    assert (early, late) == (0, 0)
    assert visits > 5_000


@pytest.mark.parametrize(
    ("begins", "ends", "most"), [("cooking", ["ready"], 7), ("seated", ["paid"], 18)], ids=["cooks", "tables"]
)
def test_no_cook_has_two_dishes_and_no_table_two_parties(ask, begins: str, ends: list[str], most: int) -> None:
    """A table is given back behind the record of paying, so records never tell of more parties than tables."""
    [(busiest,)] = ask(
        f"""select max(busy) from (select sum(case when event = '{begins}' then 1 else -1 end)
            over (order by place) busy from r where event in ('{begins}', {", ".join(map(repr, ends))}))"""
    )
    assert busiest == most


def test_dishes_are_cooked_in_the_order_in_which_they_were_asked_for(ask) -> None:
    [(overtaken, dishes)] = ask(
        """with asked as (select visit_id, place asked from r where event = 'ordered'),
        begun as (select asked * 100 + line number, place from r join asked using (visit_id) where event = 'cooking')
        select count(*) filter (number < before), count(*)
        from (select number, lag(number) over (order by place) before from begun)"""
    )
    assert overtaken == 0
    assert dishes > 10_000


def test_evenings_at_the_end_of_the_week_are_busy_and_guests_give_up_then(ask) -> None:
    seen = dict(
        ask("""select dayofweek("time") in (5, 6), avg((event = 'gave up')::int) from r
        where event in ('seated', 'gave up') group by 1""")
    )
    assert seen[True] > 2 * seen[False]
