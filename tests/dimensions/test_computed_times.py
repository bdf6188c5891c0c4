"""Distributions of a ``timestamp`` whose times are expressions."""

from datetime import datetime, timedelta

import pytest
from scipy import stats

import datagen
from datagen.problems import InvalidInput, RunFailed
from tests.worlds import enum, records_of, uniform, world

N = enum("n", 0, 1, 2, 3, None)


def stamp(name: str = "v", *, format: str | None = None, **distribution: object) -> dict:
    made = {"name": name, "type": "timestamp", "distribution": distribution}
    return made if format is None else made | {"format": format}


def problems_of(*dimensions: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(world(*dimensions)), start="2024-01-01", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_time_lies_where_its_record_says() -> None:
    shares = []
    for record in records_of(world(stamp(type="uniform", min="time - 3600", max="time - 60")), 4000):
        shares.append((at(record["time"]) - at(record["v"]) - timedelta(seconds=60)) / timedelta(seconds=3540))
    assert stats.kstest(shares, stats.uniform.cdf).pvalue > 0.001


def test_a_standard_deviation_is_in_seconds_and_null_makes_null() -> None:
    found: dict[object, list[float]] = {}
    for record in records_of(world(N, stamp(type="normal", mean="time", stddev="10 * n")), 5000):
        away = record["v"] and (at(record["v"]) - at(record["time"])).total_seconds()
        found.setdefault(record["n"], []).append(away)
    assert set(found[None]) == {None}
    assert set(found[0]) == {0.0}
    for n in (1, 2, 3):
        assert stats.kstest(found[n], stats.norm(0, 10 * n).cdf).pvalue > 0.001


@pytest.mark.parametrize(
    "written",
    [
        uniform("1960-01-01", "2024-12-31"),
        {"type": "constant", "value": "2024-01-31T12:00:00.5"},
        {"type": "triangular", "min": "2024-01-01", "mode": "2024-01-05", "max": "2024-02-01"},
        {"type": "normal", "mean": "2024-03-01T12:00:00", "stddev": 86400, "least": "2024-03-01", "most": "2024-03-02"},
    ],
    ids=lambda written: written["type"],
)
def test_a_draw_is_that_of_the_same_times_written_out(written: dict) -> None:
    numbers = {"stddev": "0 + 86400"} if "stddev" in written else {}
    quoted = {key: value if key == "type" else f"time('{value}')" for key, value in written.items()} | numbers
    for offset in ("", "+02:00"):
        times = {key: f"time('{text}{_from(text, offset)}')" for key, text in written.items() if _is_time(text)}
        plain = {key: f"{text}{_from(text, offset)}" for key, text in written.items() if _is_time(text)}
        given, computed = (
            [record["v"] for record in records_of(world(stamp(**one, format="epoch_ms")), 40)]
            for one in (written | plain, quoted | times)
        )
        assert given == computed


def _is_time(text: object) -> bool:
    return isinstance(text, str) and text[:2] in ("19", "20")


def _from(text: str, offset: str) -> str:
    return f"T00:00:00{offset}" if offset and "T" not in text else offset


@pytest.mark.parametrize(
    ("start", "written", "offset"),
    [
        ("2024-01-01T00:00:00+02:00", "2023-12-31T23:00:00", "+02:00"),
        ("2024-01-01T00:00:00", "2023-12-31T23:00:00", ""),
        ("2024-01-01T00:00:00", "2023-12-31T23:00:00+05:00", "+05:00"),
        ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+02:00", "+02:00"),
    ],
)
def test_times_without_an_offset_have_that_of_the_others(start: str, written: str, offset: str) -> None:
    spec = datagen.load(world(stamp(type="uniform", min=written, max="time")))
    for record in datagen.records(spec, start=start, records=20, seed=1):
        assert record["v"][23:] == offset
        low = at(written if "+" in written else written + offset)
        now = at(record["time"])
        high = now if now.tzinfo or not offset else at(record["time"] + offset)
        assert low <= at(record["v"]) <= high


def test_a_time_of_another_field_and_of_a_variable_can_be_read() -> None:
    born = stamp("born", type="uniform", min="1950-01-01", max="2000-01-01")
    for record in records_of(world(born, stamp(type="uniform", min="born", max="time")), 40):
        assert at(record["born"]) <= at(record["v"]) <= at(record["time"])


@pytest.mark.parametrize(
    ("distribution", "problems"),
    [
        (uniform("2024-13-01", "time"), [".min: must be an ISO 8601 time such as 2001-12-20T13:13:12, found"]),
        (
            uniform("1 2 a", "time"),
            ['.min: must be an ISO 8601 time such as 2001-12-20T13:13:12, found "1 2 a", or an expression: an '],
        ),
        (uniform("worker", "time"), [".min: is no time"]),
        ({"type": "normal", "mean": "time", "stddev": "time"}, [".stddev: is no number"]),
        ({"type": "normal", "mean": "time"}, [': "stddev" is required']),
        (
            {"type": "normal", "mean": "time", "sddev": 1, "stddev": 1},
            ['.sddev: unknown key "sddev"; did you mean "stddev"?'],
        ),
        ({"type": "exponential", "mean": "time"}, [".type: exponential draws times from 1970 on"]),
        (uniform("yesterday", "time"), ['.min: "yesterday" is not a dimension above, a variable or time']),
    ],
)
def test_what_is_wrong_is_told_with_its_place(distribution: dict, problems: list[str]) -> None:
    found = problems_of(stamp(**distribution))
    assert len(found) == len(problems)
    for line, problem in zip(found, problems, strict=True):
        assert line.startswith(f"emitters[0].dimensions[0].distribution{problem}")


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (
            uniform("time", "time + 2 - worker"),
            r'distribution: "min" \(.*:03.000000Z\) must not be above "max" \(.*:02.000000Z\)',
        ),
        ({"type": "normal", "mean": "time", "stddev": "2 - worker"}, "stddev: must not be below 0"),
    ],
)
def test_times_that_will_not_do_end_the_run_with_the_record(distribution: dict, text: str) -> None:
    with pytest.raises(RunFailed, match=f"making emitter/e/v: {text}; the record of 2024-01-01T00:00:03"):
        records_of(world(stamp(**distribution)), 10)
