"""The gallery's app: sessions hang together, and a version rolls out."""

SPEC = "mobile_telemetry"


def test_a_session_is_of_one_user_with_one_device_and_one_version(ask) -> None:
    assert (
        ask("select session_id from r group by 1 having count(distinct (user_id, app_version, device, carrier)) > 1")
        == []
    )
    assert ask("select user_id from r group by 1 having count(distinct (device, carrier, city, timezone)) > 1") == []


def test_a_session_begins_and_ends_once_and_its_events_are_numbered(ask) -> None:
    assert ask("select session_id from r group by 1 having min(sequence) != 1 or max(sequence) != count(*)") == []
    assert ask("select count(*) from r where (sequence = 1) != (event = 'app_start')") == [(0,)]
    assert (
        ask("""select session_id from r where event in ('crash', 'app_background')
            group by 1 having count(*) > 1""")
        == []
    )


def test_the_screen_before_and_the_time_on_it_are_those_of_the_event_before(ask) -> None:
    [(wrong, rows)] = ask(
        """with known as (select *, lag(screen) over w before, instant - lag(instant) over w gap
                          from r window w as (partition by session_id order by sequence))
        select count(*) filter (from_screen is distinct from before or abs(on_it_ms - gap) > 1), count(*)
            from known"""
    )
    assert wrong == 0 < rows


def test_a_user_never_goes_back_to_an_older_version_and_most_have_the_new_one_in_the_end(ask) -> None:
    [(back,)] = ask(
        """select count(*) from (select app_version < lag(app_version)
            over (partition by user_id order by place) b from
           (select * from r where event = 'app_start')) where b"""
    )
    assert back == 0
    found = dict(
        ask(
            """select date_trunc('day', "time")::date::text, avg((app_version = '7.4.0')::int) from r
                group by 1 order by 1"""
        )
    )
    shares = list(found.values())
    assert shares[0] < 0.02
    assert shares == sorted(shares)
    assert shares[-1] > 0.4


def test_the_new_version_crashes_more_often(ask) -> None:
    rates = dict(
        ask("select app_version, count(*) filter (event = 'crash') / count(distinct session_id) from r group by 1")
    )
    assert rates["7.4.0"] > 2 * rates["7.3.2"] > 0
    assert ask("select count(*) from r where (exception is null) = (event = 'crash')") == [(0,)]
    of_the_new = "exception like '%CheckoutViewModel%' and app_version != '7.4.0'"
    assert ask(f"select count(*) from r where {of_the_new}") == [(0,)]


def test_batteries_run_down_or_are_charged_and_what_is_offline_comes_late(ask) -> None:
    assert ask(
        """select count(*) from (select is_charging, battery_pct - lag(battery_pct)
            over (partition by session_id order by sequence) d from r)
        where case when is_charging then d < 0 else d > 0 end"""
    ) == [(0,)]
    late = dict(ask("""select network = 'offline', median(epoch_ms(received_at) - instant) from r group by 1"""))
    assert late[False] < 1000 < 60_000 < late[True]
    assert ask("select count(*) from r where epoch_ms(received_at) < instant") == [(0,)]
