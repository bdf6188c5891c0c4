"""Ready-made tables: their facts agree, and they follow from the seed."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from zoneinfo import available_timezones

import mimesis
import pytest
from anyascii import anyascii

from datagen.language.document import Document
from datagen.language.load import load_spec
from datagen.plugin import fake
from datagen.plugin.model import named_libraries
from datagen.plugin.registry import Registry
from tests.tables.test_tables import all_rows, problem_of
from tests.worlds import records_of, world

LOCALES = ["en", "de-ch", "ja", "ru"]


def letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", anyascii(name).lower()) or "x"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_address_and_the_user_name_of_a_person_fit_the_name(locale: str) -> None:
    for person in all_rows({"type": "people", "size": 300, "locale": locale}, size=300):
        first, last = (
            re.sub("[^a-z0-9]", "", anyascii(person[f"{which}_name"]).lower()) or "x" for which in ("first", "last")
        )
        assert re.fullmatch(rf"{first}\.{last}\d*@example\.(com|net|org)", person["email"])
        assert first in person["username"] or last in person["username"]
        assert person["first_name"] in person["name"]
        assert person["last_name"] in person["name"]


def test_the_name_of_a_person_fits_the_gender() -> None:
    people = all_rows({"type": "people", "size": 3000, "locale": "ru"}, size=3000)
    men, women = ({one["last_name"] for one in people if one["gender"] == gender} for gender in ("male", "female"))
    assert min(len(men), len(women)) > 500
    assert not men & women


def test_no_two_people_have_the_same_address_or_user_name() -> None:
    people = all_rows({"type": "people", "size": 20_000}, size=20_000)
    assert all(len({person[key] for person in people}) == 20_000 for key in ("email", "username"))


@pytest.mark.parametrize("kind", ["people", "companies", "products"])
def test_a_larger_table_begins_with_the_smaller_one(kind: str) -> None:
    assert all_rows({"type": kind, "size": 50}, size=20) == all_rows({"type": kind, "size": 20}, size=20)


@pytest.mark.parametrize("kind", ["people", "companies", "products"])
def test_another_seed_makes_other_rows(kind: str) -> None:
    spec = world({"name": "row", "type": "row", "table": "t", "pick": "cycle"}, tables={"t": {"type": kind}})
    first, again, other = ([one["row"] for one in records_of(spec, 20, seed=seed)] for seed in (1, 1, 2))
    assert first == again
    assert all(row not in other for row in first)


def test_a_company_is_reached_under_its_name() -> None:
    for one in all_rows({"type": "companies", "size": 200, "locale": "fr"}, size=200):
        letters = re.sub("[^a-z0-9]", "", anyascii(one["name"]).lower())
        assert letters.startswith(re.sub(r"\d*\.example$", "", one["domain"]))
        assert one["email"] == f"info@{one['domain']}"
        assert 1 <= one["employees"] < 20_000
        assert 1900 <= one["founded"] < 2025
        assert one["country"] == "FR"


def test_a_product_has_a_number_of_its_own_and_a_price_that_looks_like_one() -> None:
    products = all_rows({"type": "products", "size": 2000}, size=2000)
    assert len({one["sku"] for one in products}) == 2000
    assert all(re.fullmatch(r"[1-9]\d+\.99|\d\.[49]9", str(one["price"])) for one in products)
    assert all(one["sku"].startswith(one["category"][:3].upper()) for one in products)
    laptops = [one["price"] for one in products if "Laptop" in one["name"]]
    pasta = [one["price"] for one in products if "Pasta" in one["name"]]
    assert max(pasta) < 30 < sum(laptops) / len(laptops)


def test_the_city_of_an_airport_and_its_country_are_in_the_other_tables() -> None:
    countries = {row["code"]: row for row in all_rows({"type": "countries"}, size=245)}
    cities = {(row["name"], row["country"]): row for row in all_rows({"type": "cities"}, size=5445)}
    airports = all_rows({"type": "airports"}, size=2652)
    assert len({row["iata"] for row in airports}) == len(airports)
    zones = available_timezones()
    for row in airports:
        assert cities[row["city"], row["country"]]["country_name"] == countries[row["country"]]["name"]
    assert all(row["country"] in countries and row["timezone"] in zones for row in cities.values())
    assert {country for _, country in cities} == {*countries}


def test_places_are_drawn_by_their_people_and_can_be_drawn_alike() -> None:
    column = {"name": "name", "type": "column", "table": "t", "column": "name"}
    shares = []
    for weight in ({}, {"weight": None}):
        records = records_of(world(column, tables={"t": {"type": "countries", **weight}}), 5000)
        shares.append(sum(record["name"] in ("China", "India") for record in records) / 5000)
    assert shares[0] == pytest.approx(0.36, abs=0.03)
    assert shares[1] == pytest.approx(2 / 245, abs=0.006)


def test_the_first_rows_are_taken_when_only_some_are_wanted() -> None:
    assert {row["name"] for row in all_rows({"type": "cities", "size": 3}, size=6)} == {
        "Shanghai",
        "Beijing",
        "Shenzhen",
    }


def test_a_user_agent_says_what_it_is() -> None:
    names = {"chrome": "Chrome", "edge": "Edg", "firefox": "Firefox", "safari": "Version"}
    rows = all_rows({"type": "user_agents"}, size=300)
    for row in rows:
        assert f"{names[row['browser']]}/{row['version']}" in row["user_agent"]
        assert ("Android" in row["user_agent"]) == (row["platform"] == "android")
    assert len({row["user_agent"] for row in rows}) == len({json.dumps(row) for row in rows}) > 80


def test_user_agents_of_a_size_are_drawn_by_their_share_and_equally_likely_then() -> None:
    rows = all_rows({"type": "user_agents", "size": 2000}, size=2000)
    assert len(rows) == 2000
    assert sum(row["browser"] == "chrome" for row in rows) / 2000 == pytest.approx(0.625, abs=0.05)
    assert all_rows({"type": "user_agents", "size": 30}, size=30) == rows[:30]


@pytest.mark.parametrize(
    "keys",
    [
        {"tables": {"t": {"type": "user_agents", "size": 9}}, "field": {"type": "row", "table": "t"}},
        {"field": {"type": "user_agent"}},
    ],
)
def test_the_date_of_user_agents_is_part_of_what_a_run_depends_on(keys: dict) -> None:
    spec = world(keys["field"] | {"name": "agent"}) | {"tables": keys.get("tables", {})}
    assert named_libraries(load_spec(Document(spec, "spec"), Registry.load(), None).spec) == ["user_agents 2026-11"]


def test_a_user_agent_can_be_asked_for_by_its_facts() -> None:
    field = {"name": "agent", "type": "user_agent", "device": "mobile", "browser": "safari"}
    assert all("iPhone" in record["agent"] for record in records_of(world(field), 100))


def test_a_fake_value_is_one_of_the_pool_of_the_library() -> None:
    field = {"name": "job", "type": "fake", "provider": "person.occupation", "locale": "fr"}
    makes = mimesis.Generic(mimesis.Locale.FR, seed="person.occupation").person.occupation
    pool = [makes() for _ in range(10_000)]
    jobs = [record["job"] for record in records_of(world(field), 2000)]
    assert {*jobs} <= {*pool}
    assert len({*jobs}) > 300


def test_arguments_go_to_the_library_and_members_of_its_enumerations_by_name() -> None:
    fields = [
        {
            "name": "first",
            "type": "fake",
            "provider": "person.first_name",
            "arguments": {"gender": "female"},
            "pool": 50,
        },
        {"name": "price", "type": "fake", "provider": "finance.price", "arguments": {"minimum": 5, "maximum": 6}},
    ]
    records = records_of(world(*fields), 500)
    assert len({record["first"] for record in records}) <= 50
    assert all(5 <= record["price"] <= 6 for record in records)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"provider": "person.full_nam"},
            'provider: unknown provider "person.full_nam"; did you mean "person.full_name"?',
        ),
        (
            {"provider": "persn.full_name"},
            'provider: unknown provider "persn.full_name"; did you mean "person.full_name"?',
        ),
        (
            {"provider": "datetime.date"},
            'can\'t be repeated: the clock of this machine decides; use the field generator "timestamp"',
        ),
        ({"provider": "person.email", "arguments": {"unique": True}}, "arguments: "),
        ({"provider": "person.email", "locale": "dee"}, 'locale: unknown locale "dee"; did you mean "de"?'),
        ({"provider": "person.first_name", "arguments": {"gender": "f"}}, 'arguments: unknown "f"'),
        ({"provider": "person.first_name", "arguments": {"sex": 1}}, 'arguments: unknown argument "sex"'),
        ({"provider": "finance.price", "arguments": {"minimum": "x"}}, "arguments: "),
    ],
)
def test_what_can_not_be_faked_is_told(keys: dict, expected: str) -> None:
    assert expected in problem_of({"size": 3, "columns": [{"name": "a", "type": "fake", **keys}]})


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"type": "people", "locale": "xx"}, '.locale: unknown locale "xx"'),
        ({"type": "people", "size": 0}, ".size: "),
        (
            {"type": "cities", "weight": "poplation"},
            '.weight: there is no column "poplation"; did you mean "population"?',
        ),
        ({"type": "cities", "where": "country == 'XX'"}, ".where: no row is left, and a table needs one"),
        ({"type": "products", "locale": "de"}, ".locale: "),
    ],
)
def test_what_can_not_be_ready_made_is_told(table: dict, expected: str) -> None:
    assert expected in problem_of(table)


def test_all_that_is_faked_is_the_same_in_another_process() -> None:
    code = "from tests.tables.test_ready import everything_faked; print(everything_faked())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert found.pop().count("[") > 150


def everything_faked() -> str:
    """What each provider makes, where it needs no arguments and makes JSON."""
    made = {}
    for provider in fake.providers(mimesis.Generic(mimesis.Locale.EN)):
        with suppress(fake.FakeProblem):
            made[provider] = fake.pool(provider, 3)
    return json.dumps(made)
