"""The gallery's rides: nobody is at two places, and sums are sums."""

import pytest

SPEC, RECORDS = "ride_hailing", 1_000_000


def test_a_trip_goes_from_state_to_state_in_order(ask) -> None:
    order = ["requested", "declined", "offered", "accepted", "started", "position", "completed", "rated"]
    wrong = ask(
        f"""with known as (select trip_id, event, list_position({order}, event) n, place from r
            where trip_id is not null and event != 'cancelled')
        select count(*) from (select n < lag(n) over (partition by trip_id order by place) back
            from known) where back"""
    )
    assert wrong == [(0,)]
    both = "select trip_id from r where event in ('completed', 'cancelled') group by 1 having count(*) > 1"
    assert ask(both) == []
    assert ask("select max(n) from (select count(*) n from r where event = 'position' group by trip_id)") == [(3,)]


def test_no_driver_is_in_two_trips_at_once(ask) -> None:
    [(overlaps, trips)] = ask(
        """with trips as (
            select trip_id, driver_id, min(place) filter (event = 'offered') begins, max(place)
                filter (event in ('completed', 'cancelled')) ends
            from r where event in ('offered', 'completed', 'cancelled') group by 1, 2 having driver_id is not null)
        select count(*) filter (begins < before), count(*)
        from (select begins, lag(ends) over (partition by driver_id order by begins) before from trips)"""
    )
    assert overlaps == 0
    assert trips > 0.08 * RECORDS


def test_who_drives_is_online(ask) -> None:
    wrong = ask(
        """with known as (select event,
            sum(case event when 'driver_online' then 1 when 'driver_offline' then -1 else 0 end)
                            over (partition by driver_id order by place) is_on from r
                                where driver_id is not null and event != 'declined')
        select count(*) from known where is_on != (event != 'driver_offline')::int"""
    )
    assert wrong == [(0,)]


def test_positions_lie_on_the_way_from_the_pickup_to_the_destination(ask) -> None:
    [(far, rows)] = ask(
        """select count(*) filter (
            abs(p.position.lat - s.pickup.lat - p.progress * (s.destination.lat - s.pickup.lat)) > 2e-5
            or abs(p.position.lon - s.pickup.lon - p.progress * (s.destination.lon - s.pickup.lon)) > 2e-5), count(*)
        from r p join r s using (trip_id) where p.event = 'position' and s.event = 'started'"""
    )
    assert far == 0 < rows


def test_the_distance_is_that_of_the_places_and_the_speed_that_of_a_city(ask) -> None:
    [(wrong, slowest, fastest, rows)] = ask(
        """with trips as (
            select f.distance_km / 1.28 as km, f.speed_kmh, s.pickup a, s.destination b
            from r f join r s using (trip_id) where f.event = 'completed' and s.event = 'started')
        select count(*) filter (abs(km - 12742 * asin(sqrt(pow(sin(radians(b.lat - a.lat) / 2), 2)
                     + cos(radians(a.lat)) * cos(radians(b.lat)) * pow(sin(radians(b.lon - a.lon) / 2),
                         2)))) > 0.02 * km + 0.01),
               min(speed_kmh), max(speed_kmh), count(*) from trips"""
    )
    assert wrong == 0 < rows
    assert slowest > 5
    assert fastest < 80


@pytest.mark.parametrize(
    "sum_",
    [
        "total - fare - tip",
        "fare - (base + for_distance + for_time) * surge",
        "distance_km / duration_min * 60 - speed_kmh",
    ],
)
def test_sums_are_right(ask, sum_: str) -> None:
    [(worst,)] = ask(f"select max(abs({sum_})) from r where event = 'completed'")
    assert worst <= 0.0501 if "speed" in sum_ else worst < 0.0051


def test_evenings_at_the_end_of_the_week_are_busy(ask) -> None:
    asked = dict(
        ask("""select dayofweek("time") * 100 + hour("time"), count(*)
                     from r where event = 'requested' group by 1""")
    )
    assert asked[522] > 4 * asked.get(204, 1)


def test_a_ride_gets_a_driver_of_its_part_of_the_city_or_is_told_that_there_is_none(ask) -> None:
    [(far, near)] = ask(
        """with homes as (select o.driver_id, avg(q.pickup.lon) home from r o join r q using (trip_id)
            where o.event = 'offered' and q.event = 'requested' group by 1)
        select count(*) filter ((home > 13.385) != (q.pickup.lon > 13.385)), count(*)
        from r o join r q using (trip_id) join homes h on o.driver_id = h.driver_id
        where o.event = 'offered' and q.event = 'requested'"""
    )
    assert far == 0 < near
    [(least, in_vain, rides)] = ask(
        """select min(waited_s) filter ("by" = 'system'), count(*) filter ("by" = 'system'),
            count(*) filter (event = 'requested') from r"""
    )
    assert least >= 60
    assert 0 < in_vain < 0.2 * rides
