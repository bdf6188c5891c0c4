"""The gallery's web server: requests of a visit hang together."""

import re

from tests.worlds import ROOT

SPEC = "nginx"


def test_a_referrer_of_the_shop_is_a_page_that_the_client_has_been_at(ask) -> None:
    [(lost, all_)] = ask(
        """select count(*) filter (not exists (select 1 from r b where b.host = a.host and b.place < a.place
            and 'https://shop.example' || b.path = a.referrer)), count(*) from r a
                where referrer like 'https://shop.example%'"""
    )
    assert lost == 0 < all_


def test_what_an_asset_weighs_and_an_error_says_is_always_the_same(ask) -> None:
    files = "from r where path like '/static/%' and status = 200"
    assert ask(f"select path {files} group by 1 having count(distinct bytes) > 1") == []
    assert ask("select count(*) from r where status in (304, 303) and bytes != 0") == [(0,)]
    assert dict(
        ask("select status, min(bytes) from r where status >= 500 group by 1 having min(bytes) = max(bytes)")
    ) == {
        500: 177,
        502: 157,
        504: 167,
    }


def test_bad_gateways_come_with_the_outage_alone(ask) -> None:
    assert ask("select count(*) from r where status in (502, 504) and not list_contains(labels, 'outage')") == [(0,)]
    [(share,)] = ask("select avg((status >= 500)::int) from r where list_contains(labels, 'outage')")
    assert 0.3 < share < 0.9


def test_a_client_has_one_browser_and_a_scanner_finds_nothing(ask) -> None:
    people = "from r where host not like '203.0.113.%'"
    assert ask(f"select host {people} group by 1 having count(distinct agent) > 1") == []
    [(rows, found)] = ask("select count(*), count(*) filter (status < 400) from r where host like '203.0.113.%'")
    assert found == 0 < rows


def test_the_lines_are_those_of_nginx(command) -> None:
    lines = command(
        "-c", ROOT / "conf/gen/nginx.json", "-s", "2024-01-15T12:00:00", "-n", 500, "-f", "nginx", "-q"
    ).lines
    line = r'[\d.]+ - - \[\d\d/Jan/2024:\d\d:\d\d:\d\d -0500\] "(GET|POST) /\S* HTTP/1\.1" \d{3} \d+ "[^"]+" "[^"]+"'
    assert len(lines) == 500
    assert all(re.fullmatch(line, text) for text in lines)
