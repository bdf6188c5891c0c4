"""What the examples of other generators make, said in this language: their counts and times, as seen."""

from collections import Counter
from datetime import datetime

import pytest

import datagen
from tests.arrivals.born import spec_of

START = "2026-01-01T00:00:00Z"
SECOND = "* * * * * *"
RATES = [
    {"type": "hour_of_day", "factors": [0.5] * 24},
    {"type": "day_of_week", "factors": [0.4] * 7},
    {"type": "minute_of_hour", "factors": [1] * 60},
]


def times(*sources: dict, start: str = START, **options: object) -> list[str]:
    made = datagen.records(spec_of(*sources), **{"start": start, "max_workers": 10**6, "seed": 1} | options)
    return [record["time"] for record in made]


def seconds(*sources: dict, **options: object) -> list[float]:
    begin = datetime.fromisoformat(START)
    return [(datetime.fromisoformat(time) - begin).total_seconds() for time in times(*sources, **options)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"type": "every", "every": 2.5, "first": 2.5, "size": 2, "times": 2}, [2.5, 2.5, 5, 5]),
        ({"type": "even", "total": 4, "until": "+1S", "endpoint": True}, [0, 0.333, 0.666, 1]),
        ({"type": "even", "total": 3, "from": "+10S", "until": "+11S"}, [10, 10.333, 10.666]),
        ({"type": "at_start", "total": 5}, [0] * 5),
        ({"type": "cron", "expression": SECOND, "count": 5, "until": "+2S"}, [0] * 5 + [1] * 5),
        ({"type": "every", "every": 1, "size": 50, "times": 2, "profile": RATES}, [0] * 10 + [1] * 10),
        ({"type": "every", "every": 60, "first": 2, "times": 1}, [2]),
    ],
)
def test_beats_and_lines_of_times(source: dict, expected: list[float]) -> None:
    assert seconds(source) == expected


def test_times_of_several_sources_at_one_instant_go_by_their_names() -> None:
    numbers = [{"name": "n", "type": "variable", "variable": "n"}]
    sources = [
        {"name": name, "type": "cron", "expression": SECOND, "count": count, "until": "+3S"}
        | {"variables": [{"name": "n", "type": "constant", "value": count}]}
        for name, count in (("b", 2), ("a", 1))
    ]
    spec = spec_of(*sources, emitters=[{"name": "e", "dimensions": numbers}])
    assert [record["n"] for record in datagen.records(spec, start=START)] == [1, 2, 2] * 3


@pytest.mark.parametrize(
    ("expression", "start", "span", "expected"),
    [
        ("0 12 * * *", "2026-03-28T00:00:00+01:00", "3D", ["12:00", "11:00", "11:00"]),  # noon of the wall clock
        ("*/30 * * * *", "2026-03-29T00:30:00+01:00", "3H", ["00:30", "01:00", "01:30", "02:00", "02:30", "03:00"]),
    ],
)
def test_cron_follows_the_wall_clock(expression: str, start: str, span: str, expected: list[str]) -> None:
    source = {"type": "cron", "expression": expression, "timezone": "Europe/Berlin"}
    assert [time[11:16] for time in times(source, start=start, duration=span)] == expected


def test_a_pattern_has_its_number_in_the_middle_half_of_each_period_and_is_cut_at_the_end() -> None:
    spread = {"type": "uniform", "low": 0.25, "high": 0.75}
    source = {"type": "periodic", "period": "1H", "multiplier": 4, "spread": spread, "until": "+150M"}
    made = [Counter(int(second // 3600) for second in seconds(source, seed=seed)) for seed in range(40)]
    assert all((counts[0], counts[1]) == (4, 4) for counts in made)
    assert 1.5 < sum(counts[2] for counts in made) / 40 < 2.5  # half of four, 4.7 standard errors


def test_a_randomized_count_of_a_fifth_is_a_tenth_up_and_down() -> None:
    vary = {"low": 0.9, "high": 1.1}
    made = Counter(seconds({"type": "every", "every": 1, "size": 20, "vary": vary, "times": 300}))
    assert set(made.values()) == {18, 19, 20, 21, 22}


def test_a_backfill_of_a_minute_has_two_in_each_of_its_intervals() -> None:
    made = seconds({"type": "periodic", "period": 10, "multiplier": 2}, duration=80)
    assert Counter(second // 10 for second in made) == dict.fromkeys(range(8), 2)
