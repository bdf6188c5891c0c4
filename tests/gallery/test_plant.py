"""The gallery's plant: what is measured fits what is true."""

SPEC = "plant"


def test_a_machine_is_one_thing_all_along(ask) -> None:
    assert ask("select machine from r group by 1 having count(distinct (kind, line)) > 1") == []
    assert ask("select count(distinct machine) from r") == [(30,)]
    assert ask(
        "select count(*) from r where (pressure_bar is null) != (kind in ('conveyor', 'fan')) and event = 'reading'"
    ) == [(0,)]


def test_energy_is_the_sum_of_the_power(ask) -> None:
    """Counted from reading to reading: each adds a twelfth of an hour, rounded to a thousandth."""
    [(wrong, rows)] = ask(
        """with known as (select *, lag(energy_kwh) over (partition by machine order by place) as before
            from r where event = 'reading')
        select count(*) filter (abs(energy_kwh - before - power_kw / 12) > 0.0011), count(*) from known
            where before is not null"""
    )
    assert wrong == 0 < rows


def test_worn_machines_shake_and_fail_and_are_repaired(ask) -> None:
    shakes = dict(
        ask(
            """select condition, avg(vibration_mm_s / usual) from r
            join (select kind, median(vibration_mm_s) usual from r where condition = 'healthy'
                and load_pct > 50 group by 1) using (kind)
            where load_pct > 50 and not is_vibration_spike group by 1"""
        )
    )
    assert 1.2 < shakes["worn"] / shakes["healthy"] < shakes["failing"] / shakes["healthy"]
    found = ask(
        """with known as (select *, lead(event) over w as after, lag(condition) over w as before,
            lead(instant) over w as next,
                                  lead(downtime_s) over w as down
                          from r window w as (partition by machine order by place))
        select after, before, abs(down - (next - instant) / 1000) < 0.51 from known where event = 'failure'"""
    )
    assert len(found) > 5
    assert all(
        after in ("repair", None) and before == "failing" and fits in (True, None) for after, before, fits in found
    )


def test_a_frozen_gateway_repeats_what_it_read_last(ask) -> None:
    frozen = "list_contains(incidents, 'gateway_freeze')"
    [(rows, moved)] = ask(
        f"""with known as (
            select *, {frozen} and lag({frozen}) over w and event = 'reading' and lag(event)
                over w = 'reading' as still,
                   (temperature_c, vibration_mm_s) is distinct from (lag(temperature_c) over w,
                       lag(vibration_mm_s) over w) as moves
            from r window w as (partition by machine order by place))
        select count(*), count(*) filter (moves) from known where still"""
    )
    assert moved == 0 < rows


def test_the_cooling_is_missed(ask) -> None:
    found = dict(
        ask(
            """select list_contains(incidents, 'cooling_failure'), avg(temperature_c) from r
            where load_pct > 60 and condition = 'healthy' and kind = 'pump' group by 1"""
        )
    )
    assert found[True] > found[False] + 5


def test_spikes_are_labelled_and_seldom(ask) -> None:
    [(share, far, others)] = ask(
        """with usual as (select machine, median(temperature_c) m from r where event = 'reading' group by 1)
        select avg(is_temperature_spike::int), avg(temperature_c / m) filter (is_temperature_spike),
               max(temperature_c / m) filter (not is_temperature_spike and condition = 'healthy')
        from r join usual using (machine) where event = 'reading'"""
    )
    assert 0.0001 < share < 0.001
    assert far > 1.5
    assert others < 4
