"""The gallery's card payments: what a detector may rely on."""

import pytest

SPEC = "fraud"


def test_every_payment_is_labelled_and_about_one_in_a_hundred_is_fraud(ask) -> None:
    [(share, both)] = ask("select avg(is_fraud::int), count(*) filter (is_fraud != (fraud_type is not null)) from r")
    assert 0.002 < share < 0.03
    assert both == 0
    kinds = {kind for (kind,) in ask("select distinct fraud_type from r where is_fraud")}
    assert kinds == {"card_testing", "account_takeover", "cloned_card"}


def test_the_facts_of_a_payment_agree(ask) -> None:
    currencies = dict(ask("select merchant.country, any_value(currency) from r group by 1"))
    assert currencies | {"DE": "EUR", "GB": "GBP", "CH": "CHF", "US": "USD", "TH": "THB"} == currencies
    for one in ("currency", "round(amount / amount_eur, 1)"):
        where = "amount_eur > 20" if "round" in one else "true"
        assert ask(f"select merchant.country from r where {where} group by 1 having count(distinct {one}) > 1") == []
    for facts in (
        "merchant.id, merchant",
        "merchant.city || merchant.country, merchant.latitude",
        "customer_id, home_country",
    ):
        key, fact = facts.rsplit(", ", 1)
        assert ask(f"select {key} from r group by 1 having count(distinct {fact}) > 1") == []


def test_the_last_payment_of_a_customer_is_the_one_before(ask) -> None:
    found = ask(
        """
        with known as (
            select *, lag(instant) over w as before, lag(merchant.country) over w as country
            from r window w as (partition by customer_id order by place)
        )
        select count(*) from known
        where last_country is distinct from country
           or (since_last_s is null) != (before is null) or abs(since_last_s - (instant - before) / 1000) > 0.51
        """
    )
    assert found == [(0,)]


def test_who_pays_at_home_or_travels_uses_few_devices_and_is_where_the_address_is(ask) -> None:
    assert ask(
        "select max(n) from (select count(distinct device_id) n from r where not is_fraud group by customer_id)"
    ) == [(3,)]
    wrong = "not is_fraud and entry = 'online' and ip_country != home_country"
    [(travelling, online)] = ask(
        f"select count(*) filter ({wrong}), count(*) filter (entry = 'online') from r where not is_fraud"
    )
    assert 0 < travelling < 0.04 * online
    assert ask("select count(*) from r where (device_id is null) = (entry = 'online')") == [(0,)]


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("card_testing", "amount_eur <= 3 and merchant.category = 'digital goods' and entry = 'online'"),
        ("account_takeover", "entry = 'online' and ip_country != home_country"),
        ("cloned_card", "entry = 'magstripe' and merchant.country != home_country"),
    ],
)
def test_fraud_looks_like_its_kind(ask, kind: str, condition: str) -> None:
    [(all_, fitting)] = ask(f"select count(*), count(*) filter ({condition}) from r where fraud_type = '{kind}'")
    assert all_ == fitting > 30


def test_numbers_are_tried_out_in_bursts_from_one_device_and_mostly_refused(ask) -> None:
    found = ask(
        """select device_id, count(*) n, count(distinct customer_id), avg(approved::int), count(distinct merchant.id)
        from r where fraud_type = 'card_testing' group by 1 having n >= 10"""
    )
    assert len(found) > 3
    assert all(
        customers > 0.9 * n and approved < 0.6 and merchants == 1 for _, n, customers, approved, merchants in found
    )


def test_amounts_have_a_heavy_tail_and_nights_are_quiet(ask) -> None:
    [(median, p99)] = ask("select median(amount_eur), quantile_cont(amount_eur, 0.99) from r where not is_fraud")
    assert 10 < median < 40
    assert p99 > 10 * median
    hours = dict(ask("select hour(time), count(*) from r where not is_fraud group by 1"))
    assert hours[18] > 10 * hours[3]
