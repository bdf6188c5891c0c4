"""The gallery's restaurant: what is ordered is cooked and served, by as many as there are."""

import pytest

SPEC = "restaurant"


@pytest.mark.parametrize("event", ["line", "cooking"])
def test_an_order_has_as_many_lines_as_it_says_numbered_from_one_and_each_is_cooked(ask, event: str) -> None:
    [(wrong, orders)] = ask(
        f"""with served as (select visit_id from r where event = 'served'),
        lines as (select visit_id, count(*) many, min(line) least, max(line) most, count(distinct line) numbers
            from r where event = '{event}' group by 1)
        select count(*) filter (many is null or many != dishes or least != 1 or most != dishes or numbers != dishes),
            count(*)
        from r join served using (visit_id) left join lines using (visit_id) where event = 'ordered'"""
    )
    assert wrong == 0
    assert orders > 5_000


def test_lines_add_up_to_their_order_and_belong_to_one(ask) -> None:
    [(wrong, lost, orders)] = ask(
        """with orders as (select visit_id, cents from r where event = 'ordered'),
        lines as (select visit_id, sum(cents) cents from r where event = 'line' group by 1)
        select count(*) filter (orders.cents != lines.cents or lines.cents is null),
            count(*) filter (orders.visit_id is null), count(*)
        from orders full join lines using (visit_id)"""
    )
    assert (wrong, lost) == (0, 0)
    assert orders > 5_000


def test_what_is_cooked_is_what_the_line_says(ask) -> None:
    [(wrong, dishes)] = ask(
        """select count(*) filter (lines.dish is distinct from made.dish), count(*)
        from (select * from r where event = 'cooking') made
        left join (select * from r where event = 'line') lines using (visit_id, line)"""
    )
    assert wrong == 0
    assert dishes > 10_000


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
