"""The gallery's bank: over a million records no cent is lost, and no balance is ever below zero."""

SPEC, RECORDS = "bank", 1_000_000

# What each record does to an account: by how many cents, what the balance is then, and which of its bookings it is.
MOVED = """moved as (
    select place, from_account account, case status when 'booked' then -cents else cents end change,
           round(from_balance * 100)::bigint balance, from_booking number
    from known where status in ('booked', 'returned')
    union all
    select place, to_account, case status when 'booked' then cents else -cents end,
           round(to_balance * 100)::bigint, to_booking from known where status in ('booked', 'returned')
    union all
    select place, account, case cash when 'paid in' then cents else -cents end,
           round(balance * 100)::bigint, booking from known where cash in ('paid in', 'paid out'))"""
KNOWN = "known as (select *, round(amount * 100)::bigint cents from r where opening_cents is null)"


def test_every_balance_is_what_the_account_had_and_all_that_was_moved(ask) -> None:
    [(bookings, accounts, lost, unordered, least)] = ask(
        f"""with {KNOWN}, {MOVED}, opened as (select account, opening_cents from r where opening_cents is not null),
        sums as (
            select *, opening_cents + sum(change) over (partition by account order by place) expected,
                   row_number() over (partition by account order by place) counted
            from moved join opened using (account))
        select count(*), count(distinct account), count(*) filter (balance != expected),
               count(*) filter (number != counted), min(balance) from sums"""
    )
    assert bookings > 1.5 * RECORDS
    assert accounts == 2000
    assert (lost, unordered) == (0, 0)
    assert least >= 0


def test_all_the_money_of_the_bank_is_what_it_had_and_what_was_paid_in(ask) -> None:
    [(now, before, paid_in)] = ask(
        f"""with {KNOWN}, {MOVED}
        select (select sum(last) from (select arg_max(balance, place) last from moved group by account)),
               (select sum(opening_cents) from r),
               (select arg_max(round(since_start * 100)::bigint, place) from r where cash is not null)"""
    )
    assert now == before + paid_in


def test_what_is_refused_is_not_covered_or_goes_nowhere(ask) -> None:
    [(refused, wrong)] = ask(
        """select count(*), count(*) filter (amount <= coalesce(from_balance, balance)
            and (from_account is null or from_account != to_account))
        from r where 'refused' in (status, cash)"""
    )
    assert refused > 1000
    assert wrong == 0


def test_what_comes_back_was_booked_once_before(ask) -> None:
    [(returned, wrong)] = ask(
        """select count(*), count(*) filter (b.place is null or b.place > a.place or a.amount != b.amount)
        from r a left join r b on b.transfer = a.transfer and b.status = 'booked' where a.status = 'returned'"""
    )
    assert returned > 0.005 * RECORDS
    assert wrong == 0
