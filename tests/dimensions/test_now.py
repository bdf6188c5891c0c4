"""The dimension ``now``: the record's time in every format, moved, and cut down to steps."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from scipy import stats

import datagen
from datagen.problems import InvalidInput
from tests.worlds import constant, counter, enum, exponential, records_of, state, uniform, world

START = "2024-03-30T22:00:00Z"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now(**keys: object) -> dict:
    return {"name": "v", "type": "now", **keys}


def moments(count: int = 50, start: str = START, **keys: object) -> list[tuple[datetime, object]]:
    """The time of each record, to the microsecond, and what is made of it."""
    exact = {"name": "us", "type": "expression", "value": "time - time('1970-01-01T00:00:00Z')"}
    spec = world(exact, now(**keys), gap=1234.567891)
    return [(EPOCH + timedelta(microseconds=round(record["us"] * 1e6)), record["v"])
            for record in records_of(spec, count, start=start)]  # fmt: skip


def test_without_a_format_it_is_a_time_like_that_of_the_record() -> None:
    spec = world(now(), {"name": "e", "type": "expression", "value": "v = time"})
    assert all(record["v"] == record["time"] for record in records_of(spec, 20, start=START))


@pytest.mark.parametrize(
    ("format_", "unit"), [("epoch_s", 10**9), ("epoch_ms", 10**6), ("epoch_us", 10**3), ("epoch_ns", 1)]
)
@pytest.mark.parametrize("start", [START, "1969-12-31T22:00:00Z"])
def test_numbers_count_from_1970_and_are_rounded_down(format_: str, unit: int, start: str) -> None:
    for moment, value in moments(start=start, format=format_):
        assert value == (moment - EPOCH) // timedelta(microseconds=1) * 1000 // unit


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", None])
def test_iso_has_the_offset_that_holds_then(zone: str | None) -> None:
    keys = {"timezone": zone} if zone else {}
    offsets = set()
    for form, spec in (("iso", "milliseconds"), ("iso_us", "microseconds")):
        for moment, value in moments(format=form, **keys):
            local = moment.astimezone(ZoneInfo(zone or "UTC"))
            assert value == local.isoformat(timespec=spec).replace("+00:00", "Z")
            offsets.add(value[-6:] if zone else "Z")
    assert len(offsets) == (2 if zone == "Europe/Berlin" else 1)  # the clocks of Berlin change that night


def test_codes_read_the_clock_of_the_zone() -> None:
    for moment, value in moments(format="%d.%m.%Y %H:%M:%S", timezone="Europe/Berlin"):
        assert value == moment.astimezone(ZoneInfo("Europe/Berlin")).strftime("%d.%m.%Y %H:%M:%S")


def test_a_time_without_an_offset_stays_one() -> None:
    record = records_of(world(now(format="iso")), 1, start="2024-01-01T10:00:00")[0]
    assert record["v"] == "2024-01-01T10:00:00.000"


def test_an_offset_is_drawn_in_seconds() -> None:
    late = [value / 1e6 - (moment - EPOCH).total_seconds()
            for moment, value in moments(2000, format="epoch_us", offset=exponential(5))]  # fmt: skip
    assert min(late) >= 0
    assert stats.kstest(late, "expon", args=(0, 5)).pvalue > 0.001


def test_a_step_cuts_the_time_down_and_each_multiple_is_equally_likely() -> None:
    made = moments(3000, format="epoch_s", offset=uniform(-1800, 900), step="15M")
    steps = Counter((value - int(moment.timestamp()) // 900 * 900) / 900 for moment, value in made)
    assert sorted(steps) == [-2, -1, 0, 1]
    assert stats.chisquare(list(steps.values())).pvalue > 0.001


def test_a_step_alone_cuts_the_time_down() -> None:
    assert all(
        value == int(moment.timestamp()) // 3600 * 3600 for moment, value in moments(format="epoch_s", step="1H")
    )


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            {"format": "isoo"},
            ".format: must be one of iso, iso_us, epoch_ns, epoch_s, epoch_ms, epoch_us, or strftime codes",
        ),
        ({"timezone": "Mars/Olympus"}, '.timezone: unknown time zone "Mars/Olympus"'),
        ({"timezone": "Europe/Berlin"}, ".timezone: can only be with a format that shows a clock"),
        ({"step": 0}, ".step: must be a microsecond or more"),
    ],
)
def test_a_bad_key_is_told_with_its_place(keys, problem) -> None:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(world(now(**keys)))
    [found] = caught.value.problems
    assert f"{found.path}: {found.message}".startswith(f"emitters[0].dimensions[0]{problem}")


def test_what_is_called_time_and_is_none_is_told() -> None:
    with pytest.raises(InvalidInput) as caught:
        records_of(world(enum("time", "x"), now()), 1)
    assert caught.value.problems[0].message == 'needs the record\'s time, and "time" is none here'


def test_a_constant_offset_moves_every_time() -> None:
    assert all(value - (moment - EPOCH) // timedelta(microseconds=1) == -90_000_000
               for moment, value in moments(format="epoch_us", offset=constant(-90)))  # fmt: skip


def test_a_variable_that_holds_a_time_is_written_in_a_format(generate) -> None:
    begun = {"name": "begun", "type": "now"}
    since = {"name": "since", "type": "variable", "variable": "begun", "format": "epoch_s"}
    day = {"name": "day", "type": "variable", "variable": "begun", "format": "%d.%m. %H", "timezone": "Asia/Kolkata"}
    part = {"name": "part", "type": "variable", "variable": "row", "path": "at", "format": "iso"}
    row = {"name": "row", "type": "row", "table": "t"}
    spec = world(since, day, part, states=[state("s", variables=[begun, row])])
    spec["tables"] = {"t": {"size": 1, "columns": [{"name": "at", "type": "timestamp", "distribution": MAY}]}}
    found = next(iter(datagen.records(datagen.load(spec), start="2024-01-01T00:00:00Z", records=1, seed=1)))
    assert found["since"] == 1704067200
    assert found["day"] == "01.01. 05"
    assert found["part"] == "2020-05-01T00:00:00.000Z"
    wrong = world({**since, "variable": "n"}, states=[state("s", variables=[counter("n")])])
    outcome = generate(wrong, "--check")
    assert outcome.code == 2
    assert 'emitters[0].dimensions[0].format: variable "n" holds no time there' in outcome.err


MAY = {"type": "uniform", "min": "2020-05-01T00:00:00Z", "max": "2020-05-01T00:00:00Z"}
