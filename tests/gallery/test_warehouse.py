"""The gallery's warehouse: what is on the shelves is what was there and all that was moved, and never below nothing."""

SPEC, RECORDS = "warehouse", 1_000_000


def test_every_movement_says_what_is_left(ask) -> None:
    [(moves, articles, wrong, least, emptied)] = ask(
        """with opened as (select sku, lot from r where lot is not null),
        sums as (select sku, stock, opened.lot + sum(moved) over (partition by sku order by place) expected
            from r join opened using (sku) where moved is not null)
        select count(*), count(distinct sku), count(*) filter (stock != expected), min(stock),
               count(distinct sku) filter (stock = 0) from sums"""
    )
    assert moves > 20_000
    assert articles > 290
    assert (wrong, least) == (0, 0)
    assert emptied > 10


def test_an_order_is_turned_down_only_where_there_is_too_little(ask) -> None:
    [(turned, wrong)] = ask(
        """with known as (select *, coalesce(arg_max(stock, place) filter (moved is not null) over earlier, lot) there
            from r join (select sku, lot first from r where lot is not null) using (sku)
            window earlier as (partition by sku order by place rows between unbounded preceding and 1 preceding))
        select count(*), count(*) filter (coalesce(there, first) >= quantity) from known where event = 'turned down'"""
    )
    assert turned > 30
    assert wrong == 0


def test_what_runs_low_is_bought_once_and_received(ask) -> None:
    [(bought, received, twice)] = ask(
        """with steps as (select *, sum(case event when 'bought' then 1 else -1 end) over (
            partition by sku order by place) coming from r where event in ('bought', 'received'))
        select count(*) filter (event = 'bought'), count(*) filter (event = 'received'), count(*) filter (coming > 1)
        from steps"""
    )
    assert bought >= received > 50
    assert twice == 0


def test_no_more_orders_are_packed_at_once_than_there_are_packers(ask) -> None:
    [(most,)] = ask(
        """with ends as (select a.instant begins, b.instant ends from r a join r b using ("order")
            where a.event = 'packed' and b.event = 'shipped'),
        changes as (select begins moment, 1 change from ends union all select ends, -1 from ends)
        select max(busy) from (select sum(change) over (order by moment, change) busy from changes)"""
    )
    assert most == 14
