"""The gallery's accounts: no cent is lost, as somebody else's exact decimals count."""

from pathlib import Path

import duckdb
import pytest

import datagen
from tests.worlds import ROOT

MONEY = ("wanted", "amount", "balance")
RECORDS = 1_000_000


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory):
    """Return what answers a question about all bookings, whose money DuckDB has read as DECIMAL."""
    path: Path = tmp_path_factory.mktemp("account") / "records.jsonl"
    target = {"type": "file", "path": str(path)}
    datagen.run(ROOT / "conf/gen/account.json", target, start="2024-01-15T00:00:00", records=RECORDS, seed=7)
    base = duckdb.connect()
    kinds = dict.fromkeys(("account", "holder", "kind", "with", "status", *MONEY), "VARCHAR") | {"number": "BIGINT"}
    base.execute(
        f"""create table r as select row_number() over () place, *
            replace ({", ".join(f"{one}::decimal(18, 2) as {one}" for one in MONEY)})
        from read_json('{path}', columns = {kinds})"""
    )
    base.execute(
        f"""create table lines as
        select * from read_csv('{path}', columns = {{'line': 'VARCHAR'}}, delim = '', quote = '')"""
    )
    return lambda question: base.execute(question).fetchall()


def test_each_amount_is_written_to_the_cent(ask) -> None:
    """The lines themselves: DuckDB leaves out the zeros at the end of a number."""
    wrong = "select count(*) from lines where line not similar to '.*\"{}\":-?[0-9]+[.][0-9][0-9][,}}].*'"
    assert [ask(wrong.format(name)) for name in MONEY] == [[(0,)]] * 3


def test_each_balance_is_the_one_before_and_the_amount(ask) -> None:
    [(rows, wrong, gaps)] = ask(
        """with known as (select *, lag(balance) over w as before, lag(number) over w as last
            from r window w as (partition by account order by place))
        select count(*), count(*) filter (balance != coalesce(before, 0) + amount),
               count(*) filter (number != coalesce(last, 0) + 1) from known"""
    )
    assert (rows, wrong, gaps) == (RECORDS, 0, 0)


def test_no_cent_is_lost_over_all(ask) -> None:
    [(moved, held, accounts)] = ask(
        """select (select sum(amount) from r), sum(balance), count(*)
        from (select account, arg_max(balance, place) balance from r group by 1)"""
    )
    assert moved == held
    assert accounts > 1000
    assert ask("select count(*) from (select account from r group by 1 having count(distinct holder) > 1)") == [(0,)]


def test_what_an_account_can_not_pay_is_declined(ask) -> None:
    [(booked, declined, wrong)] = ask(
        """select count(*) filter (status = 'booked' and amount = wanted),
                  count(*) filter (status = 'declined' and amount = 0 and wanted < 0),
                  count(*) filter (balance < -1000 and kind != 'interest' and amount < 0) from r"""
    )
    assert booked + declined == RECORDS
    assert 0.01 < declined / RECORDS < 0.15
    assert wrong == 0


def test_interest_is_rounded_once(ask) -> None:
    wrong = """with known as (select *, lag(balance) over (partition by account order by place) as before from r)
        select count(*) filter (abs(amount - before * (case when before < 0 then 0.0094 else 0.0008 end)) > 0.005),
               count(*) from known where kind = 'interest'"""
    [(wrong_ones, rows)] = ask(wrong)
    assert wrong_ones == 0 < rows
