"""Each source of arrivals against its theory, through the real engine.

Seeds are fixed. Of statistical tests one in a thousand would fail by chance: their p-values are above 0.0005.
"""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

import datagen
from tests.arrivals.born import born, spec_of
from tests.worlds import START, constant, exponential, run_of, state, uniform

SECOND = 10**9
HOUR = 3600 * SECOND
LEAST = 0.0005
HOURS = {
    str(hour): factor for hour, factor in enumerate([0.2] * 6 + [1, 2, 3, 3.5, 3, 2.5] * 2 + [1.5, 1, 1, 0.5, 0.5, 0.2])
}
DAYS = {"sun": 0.3, "sat": 0.5, "fri": 1.2}
OFFICE = [{"type": "hour_of_day", "factors": HOURS}, {"type": "day_of_week", "factors": DAYS}]
PEAKS = {
    "type": "peaks",
    "days": {
        "1": [{"hour": 9, "sigma": 1.5, "weight": 3}, {"hour": 23.5, "sigma": 1, "weight": 2}],
        "6": [{"hour": 14, "sigma": 3, "weight": 1}],
    },
}


def office(wall: datetime) -> float:
    return HOURS[str(wall.hour)] * DAYS.get(wall.strftime("%a").lower(), 1)


def peaks(wall: datetime) -> float:
    hour = wall.hour + wall.minute / 60 + wall.second / 3600
    bells = PEAKS["days"]["6" if wall.isoweekday() >= 6 else "1"]
    total = 0.0
    for bell in bells:
        far = min(abs(hour - bell["hour"] + over) for over in (-24, 0, 24))
        total += bell["weight"] * math.exp(-((far / bell["sigma"]) ** 2) / 2)
    return max(total, 0.001)


def hourly(factor, hours: int, start: str, zone: str = "UTC") -> np.ndarray:
    """The integral of a factor of the wall clock over each hour, in hours, by the midpoints of its minutes."""
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    middles = [begin + timedelta(minutes=minute, seconds=30) for minute in range(60 * hours)]
    return np.array([factor(at.astimezone(ZoneInfo(zone))) for at in middles]).reshape(hours, 60).mean(axis=1)


def p_of_counts(counts: np.ndarray, expected: np.ndarray) -> float:
    """The chance that counts of a Poisson process are farther from, or nearer to, what is expected."""
    share = stats.chi2.cdf(((counts - expected) ** 2 / expected).sum(), len(counts))
    return 2 * min(share, 1 - share)


def test_gaps_of_poisson_are_exponential_and_independent() -> None:
    gaps = np.diff(born({"type": "poisson", "rate": 5}, "2H")) / SECOND
    assert len(gaps) > 35_000
    assert stats.kstest(gaps, stats.expon(scale=0.2).cdf).pvalue > LEAST
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 4 / math.sqrt(len(gaps))


@pytest.mark.parametrize(
    ("profile", "factor", "start", "zone"),
    [
        (OFFICE, office, "2024-06-03T00:00:00", "UTC"),
        (OFFICE, office, "2024-03-11T07:00:00", "Europe/Berlin"),
        (PEAKS, peaks, "2024-06-03T00:00:00", "UTC"),
        (PEAKS, peaks, "2024-10-14T13:00:00", "America/New_York"),
    ],
)
def test_counts_of_poisson_by_the_hour_follow_the_integral_of_its_profile_over_four_weeks(
    profile: object, factor, start: str, zone: str
) -> None:
    hours = 4 * 7 * 24
    found = born(
        {"type": "poisson", "rate": "300/H", "profile": profile}, f"{hours}H", start=f"{start}Z", timezone=zone
    )
    counts = np.bincount(np.array(found) // HOUR, minlength=hours)
    assert p_of_counts(counts, 300 * hourly(factor, hours, start, zone)) > LEAST


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Berlin", "2024-03-31T00:00:00", 23),
        ("Europe/Berlin", "2024-10-27T00:00:00", 25),
        ("America/New_York", "2024-03-10T00:00:00", 23),
        ("America/New_York", "2024-11-03T00:00:00", 25),
        ("Australia/Sydney", "2024-10-06T00:00:00", 23),
        ("Australia/Sydney", "2024-04-07T00:00:00", 25),
    ],
)
def test_days_of_23_and_25_hours_have_the_hours_that_the_clock_shows(zone: str, start: str, hours: int) -> None:
    profile = {"type": "hour_of_day", "factors": {str(hour): hour + 1 for hour in range(24)}}
    source = {"type": "even", "rate": "60/H", "profile": profile, "until": f"+{hours}H"}
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = born(source, "30H", start=begin.isoformat(), timezone=zone)
    shown = [(begin + timedelta(hours=number)).astimezone(ZoneInfo(zone)) for number in range(hours + 1)]
    assert (shown[0].hour, shown[-1].hour) == (0, 0)
    counts = Counter(time // HOUR for time in found)
    assert [counts[number] for number in range(hours)] == [60 * (wall.hour + 1) for wall in shown[:-1]]


# Even, at_start, every


@pytest.mark.parametrize("rate", [1, 3, "7/M", "0.3/s"])
def test_even_comes_at_the_whole_nanosecond_of_each_share(rate: float | str) -> None:
    second = {1: 1, 3: 3, "7/M": 7 / 60, "0.3/s": 0.3}[rate]
    found = born({"type": "even", "rate": rate}, "1H")
    assert found == [round(number / second * SECOND) for number in range(math.ceil(3600 * second))]


@pytest.mark.parametrize("total", [1, 2, 7, 1000])
@pytest.mark.parametrize("endpoint", [False, True])
def test_even_spreads_a_total_between_from_and_until(total: int, endpoint: bool) -> None:
    source = {"type": "even", "total": total, "from": "+10S", "until": "+20S", "endpoint": endpoint}
    parts = max(total - 1, 1) if endpoint else total
    found = born(source, "1H")
    assert found == [10 * SECOND + math.ceil(Fraction(10 * SECOND * number, parts)) for number in range(total)]
    assert not endpoint or total == 1 or found[-1] == 20 * SECOND


@pytest.mark.parametrize("endpoint", [False, True])
def test_even_spreads_a_total_over_the_base_time_of_a_profile(endpoint: bool) -> None:
    profile = {"type": "hour_of_day", "factors": {"0": 1, "1": 0, "2": 3}}
    source = {"type": "even", "total": 8 + endpoint, "until": "+3H", "profile": profile, "endpoint": endpoint}
    expected = [0, 0.5, 1, 2 + 1 / 6, 2 + 2 / 6, 2.5, 2 + 4 / 6, 2 + 5 / 6, *([3] if endpoint else [])]
    assert np.array(born(source, "4H")) / HOUR == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("total", "spread"), [(1, 0), (5, 0), (5, "10S"), (1000, 7.5)])
def test_a_fleet_is_there_at_its_begin_or_spread_evenly(total: int, spread: float | str) -> None:
    span = 10 * SECOND if spread == "10S" else round(spread * SECOND)
    source = {"type": "at_start", "total": total, "spread": spread, "from": "+3S"}
    expected = [3 * SECOND + number * span / total for number in range(total)]
    assert born(source, "1H") == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize("size", [1, 5, uniform(0, 4)])
@pytest.mark.parametrize("vary", [None, {"low": 0.5, "high": 1.5}])
@pytest.mark.parametrize("profile", [None, 2.5, {"type": "minute_of_hour", "factors": {"0": 0, "1": 1.1}}])
@pytest.mark.parametrize("times", [None, 20])
@pytest.mark.parametrize("first", [0, "3S"])
def test_every_beat_has_its_size_times_the_profile_times_a_draw(
    size: object, vary: dict | None, profile: object, times: int | None, first: float | str
) -> None:
    keys = {"vary": vary, "profile": profile, "times": times}
    source = {"type": "every", "every": "10S", "size": size, "first": first}
    source |= {key: value for key, value in keys.items() if value is not None}
    counts = Counter(born(source, "10M"))
    begin = 0 if first == 0 else 3 * SECOND
    beats = [begin + 10 * SECOND * number for number in range(times or 60)]
    assert set(counts) <= set(beats)
    low, high = (vary["low"], vary["high"]) if vary else (1, 1)
    for beat in beats:
        factor = profile if isinstance(profile, float) else 1.0
        if isinstance(profile, dict):
            factor = profile["factors"].get(str(beat // (60 * SECOND)), 1)
        sizes = [size] if isinstance(size, int) else range(5)
        least, most = (np.rint(number * factor * share) for number, share in ((sizes[0], low), (sizes[-1], high)))
        assert least <= counts[beat] <= most
        assert vary or not isinstance(size, int) or counts[beat] == np.rint(size * factor)


def test_the_draws_of_beats_are_uniform() -> None:
    source = {"type": "every", "every": 1, "size": 10_000, "times": 400, "vary": {"low": 0.5, "high": 2}}
    sizes = list(Counter(born(source, "1H")).values())
    assert stats.kstest(np.array(sizes) / 10_000, stats.uniform(0.5, 1.5).cdf).pvalue > LEAST


# Periodic


@pytest.mark.parametrize("factor", [0.1, 0.3, 0.7, 1.1, 1.3, 2.9, 0.123456789])
def test_what_a_factor_makes_whole_is_whole(factor: float) -> None:
    source = {"type": "periodic", "period": "1H", "multiplier": 10**6}
    profile = {"type": "day_of_week", "factors": {"mon": factor}}
    assert len(born(source | {"profile": profile}, "1H")) == math.floor(10**6 * factor)
    beat = {"type": "every", "every": "1H", "size": 10}
    assert len(born(beat | {"profile": [factor, 1]}, "1H")) == np.rint(10 * factor)


def test_a_period_has_exactly_its_workers_times_the_profile_rounded_down() -> None:
    profile = {"type": "day_of_week", "factors": {"sat": 0.5, "sun": 0.25, "mon": 1.31}}
    found = born({"type": "periodic", "period": "1D", "multiplier": 10.5, "profile": profile}, "14D")
    counts = Counter(time // (24 * HOUR) for time in found)
    assert [counts[day] for day in range(14)] == [13, 10, 10, 10, 10, 5, 2] * 2  # from a Monday on


@pytest.mark.parametrize(
    ("direction", "low", "high"), [("decrease", 0.6, 1), ("increase", 1, 1.4), ("mixed", 0.6, 1.4)]
)
def test_the_size_of_a_period_deviates_evenly(direction: str, low: float, high: float) -> None:
    source = {"type": "periodic", "period": "1M", "multiplier": 1000, "deviation": 0.4, "direction": direction}
    counts = Counter(time // (60 * SECOND) for time in born(source, "500M"))
    sizes = np.array([counts[number] for number in range(500)]) / 1000
    assert stats.kstest(sizes, stats.uniform(low, high - low).cdf).pvalue > LEAST


@pytest.mark.parametrize(
    ("spread", "expected"),
    [
        (None, stats.uniform()),
        ({"type": "uniform", "low": 0.25, "high": 0.5}, stats.uniform(0.25, 0.25)),
        ({"type": "triangular"}, stats.triang(0.5)),
        ({"type": "triangular", "left": 0.2, "mode": 0.2, "right": 0.6}, stats.triang(0, 0.2, 0.4)),
        ({"type": "triangular", "left": 0.2, "mode": 0.5, "right": 0.6}, stats.triang(0.75, 0.2, 0.4)),
        ({"type": "beta", "a": 2, "b": 5}, stats.beta(2, 5)),
        ({"type": "beta", "a": 0.7, "b": 0.5}, stats.beta(0.7, 0.5)),
        ({"type": "beta", "a": 60, "b": 30}, stats.beta(60, 30)),
    ],
)
def test_workers_are_spread_over_a_period_as_said(spread: dict | None, expected) -> None:
    source = {"type": "periodic", "period": "1D", "multiplier": 500} | ({"spread": spread} if spread else {})
    found = np.array(born(source, "40D"))
    assert (np.bincount(found // (24 * HOUR)) == 500).all()
    assert stats.kstest(found % (24 * HOUR) / (24 * HOUR), expected.cdf).pvalue > LEAST


# Stages


def test_an_open_ramp_follows_the_integral_of_its_rate() -> None:
    stages = [{"for": "10M", "rate": 0, "to": "20/s"}, {"for": "5M", "rate": 20}, {"for": "10M", "rate": 20, "to": 5}]
    found = np.array(born({"type": "stages", "stages": stages}, "1H")) / (60 * SECOND)
    edges = np.array([0, 2, 4, 6, 8, 10, 12, 15, 17, 19, 21, 23, 25])
    rate = np.interp(edges, [0, 10, 15, 25], [0, 20, 20, 5])
    expected = (rate[1:] + rate[:-1]) / 2 * np.diff(edges) * 60
    assert found.max() < 25
    assert p_of_counts(np.histogram(found, edges)[0], expected) > LEAST


def test_so_many_are_kept_alive_and_nobody_is_made_to_stop() -> None:
    stages = [{"for": "1M", "alive": 5}, {"for": "1M", "alive": 5, "to": 20}, {"for": "1M", "alive": 3}]
    states = [state("in", "out", delay=exponential(4)), state("out")]
    run = run_of(spec_of({"type": "stages", "stages": stages}, states=states), duration="1H", max_workers=100)
    steps = [pair for batch in run.batches() for pair in zip(batch.due.tolist(), batch.step.tolist(), strict=True)]
    alive, at = {}, 0
    for time, step in steps:
        at += 1 if step == 0 else -1
        alive[time] = at  # after all events of the instant
    assert at == 0  # the run ends when the last has stopped
    lasting = 3 * 60 * SECOND
    for time, count in alive.items():
        if time < 120 * SECOND:
            wanted = 5 if time < 60 * SECOND else 5 + (time - 60 * SECOND) * 15 // (60 * SECOND)
            assert count == wanted
    falling = [count for time, count in sorted(alive.items()) if 120 * SECOND <= time < lasting]
    reached = next(number for number, count in enumerate(falling) if count == 3)
    assert all(after == before - 1 for before, after in pairwise(falling[: reached + 1]))
    assert set(falling[reached:]) == {3}
    assert all(time < lasting for time, step in steps if step == 0)


# Incidents, counts, limits


def test_workers_come_where_incidents_begin_or_end() -> None:
    incidents = {
        "outage": [{"from": "+10S", "until": "+40S"}, {"from": "+2M", "until": "+3M"}, {"from": "-9S", "until": "+1S"}]
    }
    source = {"type": "incident", "incident": "outage"}
    assert born(source, "1H", incidents=incidents) == [10 * SECOND, 120 * SECOND]
    assert born(source | {"at": "end"}, "1H", incidents=incidents) == [SECOND, 40 * SECOND, 180 * SECOND]


def test_drawn_incidents_have_gaps_and_lengths_of_their_distributions() -> None:
    incidents = {"outage": {"every": exponential(600), "lasts": exponential(60)}}
    begins, ends = (
        np.array(born({"type": "incident", "incident": "outage", "at": at}, "500H", incidents=incidents))
        for at in ("begin", "end")
    )
    ends = ends[: len(begins)]
    lasts = (ends - begins[: len(ends)]) / SECOND
    gaps = (begins[1:] - ends[: len(begins) - 1]) / SECOND
    assert stats.kstest(lasts, stats.expon(scale=60).cdf).pvalue > LEAST
    assert stats.kstest(gaps, stats.expon(scale=600).cdf).pvalue > LEAST


@pytest.mark.parametrize("type_", ["even", "poisson", "interarrival"])
def test_so_many_workers_come_at_each_instant(type_: str) -> None:
    source = {"type": type_} | ({"distribution": exponential(1)} if type_ == "interarrival" else {"rate": 1})
    alone = born(source, "100S")
    assert Counter(born(source | {"count": 3}, "100S")) == dict.fromkeys(alone, 3)


@pytest.mark.parametrize("type_", ["even", "poisson"])
def test_the_number_at_an_instant_may_be_drawn(type_: str) -> None:
    source = {"type": type_, "rate": 10}
    alone = born(source, "400S")
    counts = Counter(born(source | {"count": uniform(0, 3)}, "400S"))
    found = np.bincount([counts[time] for time in alone], minlength=4)
    assert set(counts) <= set(alone)
    assert stats.chisquare(found).pvalue > LEAST


@pytest.mark.parametrize("most", [1, 7, 100])
def test_a_source_is_through_after_so_many(most: int) -> None:
    source = {"type": "poisson", "rate": 1}
    assert born(source | {"most": most}, "1D") == born(source, "1H")[:most]


def erlang_b(servers: int, load: float) -> float:
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


@pytest.mark.parametrize(("servers", "load"), [(1, 1), (5, 4), (10, 14)])
@pytest.mark.parametrize("own", [True, False])
def test_the_share_dropped_is_erlangs(servers: int, load: float, own: bool) -> None:
    """Erlang B; the standard error allows for dropped workers who come in bunches, four times what it were else."""
    source = {"type": "poisson", "rate": load / 10, "when_full": "drop"} | ({"max_workers": servers} if own else {})
    states = [state("in", delay=exponential(10))]
    run = run_of(spec_of(source, states=states), records=40_000, max_workers=servers if not own else 1000)
    for _ in run.batches():
        pass
    [refused] = run.refused
    dropped, blocked = refused.dropped, erlang_b(servers, load)
    total = dropped + run.emitted
    assert dropped / total == pytest.approx(blocked, abs=4 * 2 * math.sqrt(blocked * (1 - blocked) / total))


def test_who_is_turned_away_is_outside_of_the_limit() -> None:
    source = {"type": "even", "rate": 1, "when_full": {"state": "away"}}
    states = [state("in", delay=constant(1000), emitter="in"), state("away", delay=constant(1000), emitter="away")]
    emitters = [
        {"name": name, "dimensions": [{"name": "at", "type": "enum", "values": [name]}]} for name in ("in", "away")
    ]
    run = run_of(spec_of(source, states=states, emitters=emitters), duration="100S", max_workers=3)
    names = [name for batch in run.batches() for name in map(str, batch.json.data.tobytes().decode().split()) if name]
    assert ["away" in name for name in names] == [False] * 3 + [True] * 97


def test_who_waits_is_born_when_a_place_falls_free_even_after_until() -> None:
    source = {"type": "even", "rate": 1, "until": "+5S", "max_workers": 1}
    states = [state("in", delay=constant(4))]
    run = run_of(spec_of(source, states=states), duration="1H")
    assert [time for batch in run.batches() for time in batch.due.tolist()] == [4 * SECOND * n for n in range(5)]


# From, until, after


def names_of(*sources: dict, seed: int = 1, duration: str = "1M", start: str = START, **keys: object) -> list[tuple]:
    """The time in seconds, the source and a drawn number of each worker."""
    variables = [{"name": "v", "type": "int", "distribution": uniform(0, 10**9)}]
    named = [
        source | {"variables": [{"name": "source", "type": "enum", "values": [source["name"]]}, *variables]}
        for source in sources
    ]
    fields = [{"name": name, "type": "variable", "variable": name} for name in ("source", "v")]
    emitters = [{"name": "e", "dimensions": fields}]
    spec = spec_of(*named, **{"emitters": emitters, **keys})
    found = datagen.records(datagen.load(spec), start=start, seed=seed, duration=duration)
    begin = datetime.fromisoformat(start)
    return [
        ((datetime.fromisoformat(record["time"]) - begin).total_seconds(), record["source"], record["v"])
        for record in found
    ]


EVEN = {"type": "even", "rate": 1}


def test_those_before_the_start_are_left_out_and_numbers_go_on() -> None:
    whole = names_of(EVEN | {"name": "a", "until": "+20S"})
    late = names_of(EVEN | {"name": "a", "from": "-10S"}, duration="10S")
    assert [pair[2] for pair in late] == [pair[2] for pair in whole[10:]]
    assert [pair[0] for pair in late] == list(range(10))


@pytest.mark.parametrize(
    "source", [{"type": "poisson", "rate": 50}, {"type": "periodic", "period": "1M", "multiplier": 500}, EVEN]
)
def test_many_may_be_before_the_start(source: dict) -> None:
    early = born(source | {"from": "+0S"}, "1H")
    late = born(source | {"from": "-30M"}, "30M")
    assert late == [time - 1800 * SECOND for time in early if time >= 1800 * SECOND]


def test_a_source_begins_when_another_is_through_and_its_last_worker_has_stopped() -> None:
    first = EVEN | {"name": "z", "most": 3}
    second = EVEN | {"name": "y", "from": {"after": "z"}, "until": "+9S"}
    third = EVEN | {"name": "x", "until": {"after": "y"}}
    last = {"type": "at_start", "total": 1, "name": "w", "from": {"after": "x"}}
    found = names_of(first, second, third, last, states=[state("s", delay=constant(1.5))])
    times = {name: [time for time, source, _ in found if source == name] for name in "wxyz"}
    assert times["z"] == [0, 1, 2]
    assert times["y"] == [3.5, 4.5, 5.5, 6.5, 7.5, 8.5]
    assert times["x"] == list(range(10))  # y's last stops at 10: from then on nobody comes
    assert times["w"] == [10.5]


def test_of_two_sources_at_one_instant_the_first_by_name_comes_first_and_both_after_who_is_there() -> None:
    found = names_of(
        EVEN | {"name": "b"}, EVEN | {"name": "a"}, states=[state("s", "s", delay=constant(1))], duration="3S"
    )
    assert [name for _, name, _ in found] == list("ab") + list("abab") + list("ababab")


def test_a_source_more_or_less_or_in_another_place_leaves_the_draws_of_the_others() -> None:
    first, second = {"type": "poisson", "rate": 2, "name": "a"}, {"type": "poisson", "rate": 1, "name": "b"}
    third = {"type": "interarrival", "distribution": exponential(0.5), "name": "c"}
    both, turned, alone = names_of(first, second, third), names_of(third, second, first), names_of(second)
    assert both == turned
    assert [worker for worker in both if worker[1] == "b"] == alone


def test_beats_of_long_ago_go_on_after_the_start() -> None:
    source = {"type": "every", "every": "1H", "size": 3, "from": "2020-01-01T00:30:00"}
    assert Counter(born(source, "3H")) == {(2 * number + 1) * HOUR // 2: 3 for number in range(3)}
