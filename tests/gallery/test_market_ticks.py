"""The gallery's exchange: prices fit quotes, and auctions and interruptions their hours."""

import json

from tests.worlds import ROOT

SPEC, RECORDS = "market_ticks", 1_000_000


def test_a_trade_is_at_the_bid_or_the_ask_of_its_quote(ask) -> None:
    [(wrong, late, rows)] = ask(
        """select count(*) filter (t.price != case t.side when 'buy' then q.ask else q.bid end
            or t.symbol != q.symbol),
                  count(*) filter (t.place < q.place), count(*)
        from r t join r q on t.quote_id = q.quote_id and q.event in ('quote', 'indication') where t.event = 'trade'"""
    )
    assert wrong == late == 0 < rows
    assert ask("select count(*) from r where event = 'trade'") == [(rows,)]


def test_prices_are_whole_ticks_and_the_ask_is_above_the_bid(ask) -> None:
    table = json.loads((ROOT / "conf/gen/market_ticks.json").read_text())["tables"]["instruments"]
    ticks = {row[0]: row[table["columns"].index("tick")] for row in table["rows"]}
    for symbol, tick in ticks.items():
        wrong = " or ".join(
            f"abs({price} / {tick} - round({price} / {tick})) > 1e-6" for price in ("bid", "ask", "price")
        )
        assert ask(f"select count(*) from r where symbol = '{symbol}' and ({wrong})") == [(0,)]
    assert ask("select count(*) from r where ask <= bid") == [(0,)]


def test_quotes_come_in_the_hours_of_the_exchange(ask) -> None:
    [(out,)] = ask(
        """select count(*) from r where event in ('quote', 'trade') and
        (isodow("time") > 5 or "time"::time not between '09:01:00' and '17:30:02')"""
    )
    assert out == 0
    found = ask(
        """select auction, date_trunc('day', "time"), count(*), min("time"::time), max("time"::time)
        from r where auction != 'volatility' group by 1, 2"""
    )
    assert found
    for kind, _, count, first, last in found:
        assert count <= 12
        hours = ("09:00:00", "09:00:30") if kind == "opening" else ("17:35:00", "17:35:30")
        assert hours[0] <= str(first) <= str(last) <= hours[1]


def test_nothing_is_traded_while_a_share_is_interrupted(ask) -> None:
    [(traded, rows)] = ask(
        """with known as (select *, last_value(phase ignore nulls)
            over (partition by symbol order by place rows unbounded preceding) state from r)
        select count(*) filter (event in ('trade', 'quote')), count(*) from known where state = 'interrupted'"""
    )
    assert traded == 0 < rows


def test_the_reference_walks_like_a_price(ask) -> None:
    """Steps of a minute: independent, normal, of the volatility that the share has."""
    [(spread, together, wide)] = ask(
        """with s as (select symbol, ln(value / lag(value) over w) step from r where event = 'reference'
            window w as (partition by symbol order by place)),
             t as (select symbol, step, lag(step) over (partition by symbol) before from s where step is not null)
        select stddev(step) filter (symbol = 'FNX'), corr(step, before) filter (symbol = 'FNX'),
            max(abs(step)) / stddev(step) from t where symbol = 'FNX'"""
    )
    assert abs(spread - 0.00045) < 0.00003
    assert abs(together) < 0.06
    assert 3 < wide < 6
