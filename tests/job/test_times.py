"""Times of a run: relative ones, time zones, history that goes on live, a pace of its own. No test waits."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

import datagen
from datagen.job.options import Options
from datagen.job.times import Times, settle
from datagen.moment import Moment, parse_moment
from tests.engine.test_laws import OWN, SEVERAL, SPECS
from tests.fresh import some
from tests.servers import installed
from tests.test_clock import SECOND, FakeTime
from tests.worlds import READY, ROOT, START, counter, records_of, world, write_json

NOW = "2023-11-14T22:13:20Z"  # where the time of these tests stands


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """The time of all clocks, and the event that each new one waits on."""
    made = FakeTime()

    def event() -> FakeTime:
        made.stopped = False
        return made

    monkeypatch.setattr("datagen.clock.time", made)
    monkeypatch.setattr("datagen.clock.threading", SimpleNamespace(Event=event))
    return made


def settled(spec_zone: str | None = None, kept: dict | None = None, **options: object) -> Times:
    return settle(Options.of(options), spec_zone, kept)


# START and END


@pytest.mark.parametrize(
    ("start", "option", "spec", "expected"),
    [
        ("now", None, None, "2023-11-14T22:13:20"),
        ("now-1D@H", None, None, "2023-11-13T22:00:00"),
        ("today", "Asia/Kolkata", None, "2023-11-15T00:00:00+05:30"),
        ("today", "Asia/Kolkata", "Europe/Berlin", "2023-11-15T00:00:00+05:30"),
        ("today", None, "Europe/Berlin", "2023-11-14T00:00:00+01:00"),
        ("now", "UTC", None, "2023-11-14T22:13:20Z"),
        ("2024-07-01T12:00", None, "Europe/Berlin", "2024-07-01T12:00:00+02:00"),
        ("2024-07-01T12:00", None, None, "2024-07-01T12:00:00"),
        ("2024-07-01T12:00Z", None, "Europe/Berlin", "2024-07-01T12:00:00Z"),
        ("2024-07-01T12:00-03:00", "Europe/Berlin", None, "2024-07-01T12:00:00-03:00"),
    ],
)
def test_a_start_is_found_in_a_zone_and_has_the_offset_of_it(
    start: str, option: str | None, spec: str | None, expected: str
) -> None:
    assert settled(spec, start=start, timezone=option).start == parse_moment(expected)


@pytest.mark.parametrize(
    ("start", "until", "zone", "seconds"),
    [
        ("2024-01-01T00:00:00", "2024-01-01T01:00", None, 3600),
        ("2024-01-01T00:00:00+02:00", "2024-01-01T01:00", None, 3600),
        ("2024-01-01T00:00:00Z", "2024-01-01T01:00", "Europe/Berlin", 0),
        ("2024-03-31T00:00:00", "2024-04-01T00:00", "Europe/Berlin", 23 * 3600),
        ("2024-10-27T00:00:00", "2024-10-28T00:00", "America/New_York", 24 * 3600),
        ("2024-10-27T00:00:00", "2024-10-28T00:00", "Europe/Berlin", 25 * 3600),
        ("-1H", "now", None, 3600),
        ("-1H", "+2H", None, 7200),
        ("-1D", "-1H", None, 23 * 3600),
        ("yesterday", "today", "Europe/Berlin", 86400),
    ],
)
def test_an_end_is_found_as_a_start_is_or_counts_from_it(
    start: str, until: str, zone: str | None, seconds: int
) -> None:
    times = settled(start=start, until=until, timezone=zone)
    assert times.start is not None
    assert times.options.span(times.start) == seconds * SECOND


@pytest.mark.parametrize(
    "options", [{"start": "now", "until": "-1S"}, {"start": START, "until": "2023-01-01"}, {"until": "2023-01-01"}]
)
def test_an_end_before_the_start_is_refused(options: dict) -> None:
    with pytest.raises(datagen.InvalidInput, match=r"the end, 2023-.*, is before the start, 20"):
        settled(**options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"then_live": True}, "then_live: needs start"),
        ({"start": "now", "then_live": True, "speed": 2}, "then_live and speed exclude each other"),
        ({"records": 1, "duration": "1S"}, "records and duration exclude each other"),
        ({"speed": 0}, "speed: must be a number from"),
        ({"speed": "fast"}, "speed: must be a number from"),
        ({"speed": float("nan")}, "speed: must be a number from"),
        ({"timezone": "Europe/Berln"}, 'timezone: unknown time zone "Europe/Berln"; did you mean "Europe/Berlin"'),
        ({"start": "soon"}, "start: must be a time such as"),
        ({"until": "now@Q"}, "until: must be a time such as"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, text: str) -> None:
    with pytest.raises(datagen.InvalidInput, match=text):
        records_of(world(), **{"start": None} | options)


@pytest.mark.parametrize("options", [{"start": "-900000D"}, {"start": START, "until": "9999-12-30"}])
def test_times_beyond_all_time_are_refused(options: dict) -> None:
    with pytest.raises(datagen.InvalidInput):
        records_of(world(), **options)


def test_an_unknown_zone_of_a_spec_is_a_problem_with_its_place(generate) -> None:
    outcome = generate(json.dumps(world(timezone="Mars/Olympus")), "-n", 1)
    assert outcome.code == 2
    assert 'timezone: unknown time zone "Mars/Olympus"' in outcome.err
    assert "spec.json:1:" in outcome.err


def test_a_wall_time_that_never_comes_is_warned_about(generate, command, tmp_path) -> None:
    path = write_json(tmp_path / "spec.json", world(timezone="Europe/Berlin"))
    for check in ([], ["--check"]):
        outcome = command(path, "-s", "2024-03-31T02:30", "-n", 1, *check)
        assert "warning: the clocks of Europe/Berlin skip 2024-03-31T02:30" in outcome.err


def test_all_times_of_a_run_have_the_offset_of_its_start() -> None:
    spec = world(gap=3600, timezone="Europe/Berlin")
    assert [record["time"] for record in records_of(spec, 3, start="2024-03-31T00:30")] == [
        "2024-03-31T00:30:00.000+01:00",
        "2024-03-31T01:30:00.000+01:00",
        "2024-03-31T02:30:00.000+01:00",
    ]


def test_a_live_run_prints_times_in_the_zone_of_its_spec() -> None:
    record = next(datagen.records(datagen.load(world(timezone="Asia/Tokyo"))))
    assert record["time"].endswith("+09:00")


# What a relative start meant is kept


def test_a_start_in_relation_to_now_is_that_of_the_run_that_is_continued(fake: FakeTime) -> None:
    first = settled(start="-30D", until="now")
    kept = {"start": first.start.text, "asked": first.asked}
    fake.epoch += 3600 * SECOND
    again = settled(start="-30D", until="now", kept=kept)
    assert (again.start, again.options.span(again.start)) == (first.start, 30 * 86400 * SECOND)
    other = settled(start="-31D", until="-1S", kept=kept)
    assert other.start == Moment(first.start.microseconds + (3600 - 86400) * 10**6)


def test_the_same_command_with_a_relative_start_continues_its_run(command, tmp_path, fake: FakeTime) -> None:
    spec, out = world(counter("n"), gap=60), tmp_path / "out.json"
    line = ["-c", write_json(tmp_path / "spec.json", spec), "--state", tmp_path / "state"]
    line += ["-t", write_json(tmp_path / "t.json", {"type": "file", "path": str(out)})]
    command(*line, "-s", "-1H", "-n", 20)
    fake.epoch += 86400 * SECOND
    assert "60 records" in command(*line, "-s", "-1H", "--until", "+1H").err
    assert [json.loads(text)["n"] for text in out.read_text().splitlines()] == list(range(60))
    assert json.loads(out.read_text().splitlines()[0])["time"] == "2023-11-14T21:13:20.000"
    for other in ("-2H", "2023-11-14T21:13:21"):
        outcome = command(*line, "-s", other, "-n", 90)
        assert outcome.code == 2
        assert "different: start" in outcome.err
    assert command(*line, "-s", "2023-11-14T21:13:20", "-n", 90).code == 0


def test_a_run_says_what_its_relative_times_were(command, tmp_path) -> None:
    outcome = command(write_json(tmp_path / "spec.json", world(gap=60)), "-s", "-1H", "--until", "now", "--seed", 1)
    last = outcome.err.splitlines()[-1]
    assert last.endswith("seed 1, from 2023-11-14T21:13:20.000000, until 2023-11-14T22:13:20.000000Z")


# History, then live


@pytest.mark.parametrize(
    ("threads", "name"), [*((2, name) for name in (*OWN, *some(READY))), *((1, name) for name in some(SEVERAL, 4))]
)
def test_history_that_goes_on_live_is_that_of_the_simulated_run(name: str, threads: int) -> None:
    options = {"start": "2023-11-14T22:11:00", "duration": "3M", "threads": threads}
    found = records_of(SPECS[name], **options, then_live=True)
    assert found == records_of(SPECS[name], **options)
    assert found or name in (
        "attack",
        "batch_jobs",
        "call_centre",
        "logins",
        "restaurant",
        "ride_hailing",
    )  # nobody at that hour


def test_history_comes_at_once_and_the_rest_when_it_is_due(fake: FakeTime) -> None:
    began, waited = fake.now, []
    options = Options.of({"start": "2023-11-14T22:12:20", "duration": "2M", "then_live": True, "threads": 1})
    run = datagen.api.compute(datagen.load(world(gap=1)), options)
    for batch in (batch for window in run.windows() for batch in window.batches):
        for first, last in run.clock.due(batch.due):
            waited += [(fake.now - began) / SECOND] * (last - first)
    assert waited[:61] == [0] * 61
    assert all(0 <= moment - due < 0.05 for due, moment in zip(range(1, 60), waited[61:], strict=True))
    assert run.history == 61
    assert run.clock.latest < 0.05 * SECOND


def test_a_start_in_the_future_is_waited_for_by_a_run_that_goes_live(fake: FakeTime) -> None:
    began = fake.now
    found = records_of(world(gap=1), start="2023-11-14T22:23:20", then_live=True, records=3)
    assert [record["time"] for record in found] == [f"2023-11-14T22:23:2{n}.000" for n in range(3)]
    assert 601 < (fake.now - began) / SECOND < 604


def test_a_run_with_stages_goes_live_too(command, tmp_path) -> None:
    stages = [{"type": "rate", "interval": 10, "record": True, "only": True}]
    spec = world(gap=1, target={"type": "stdout", "through": stages})
    path = write_json(tmp_path / "spec.json", spec)
    options = [path, "-s", "2023-11-14T22:12:20", "-r", "2M", "--seed", 1]
    assert command(*options, "--then-live").data == command(*options).data


def test_the_closing_line_says_how_much_was_history(command, tmp_path) -> None:
    path = write_json(tmp_path / "spec.json", world(gap=1))
    outcome = command(path, "-s", "2023-11-14T22:12:20", "-r", "2M", "--then-live")
    assert outcome.err.splitlines()[-1].startswith("120 records (61 of them history), 00:01:59.000 on the system clock")


def test_a_simulated_run_is_continued_live_with_the_option_alone_and_never_goes_back(command, tmp_path, fake) -> None:
    path, out = write_json(tmp_path / "spec.json", world(counter("n"), gap=1)), tmp_path / "out.json"
    target = write_json(tmp_path / "t.json", {"type": "file", "path": str(out)})
    line = [path, "-t", target, "--seed", 1, "--state", tmp_path / "state"]
    start = ["-s", "2023-11-14T22:12:20"]
    command(*line, *start, "-n", 30)
    assert command(*line, "-n", 90).code == 2
    command(*line, *start, "-n", 90, "--then-live")
    assert [json.loads(text)["n"] for text in out.read_text().splitlines()] == list(range(90))
    outcome = command(*line, *start, "-n", 120)
    assert outcome.code == 2
    assert "different: clock" in outcome.err
    command(*line, *start, "-n", 120, "--then-live")
    assert len(out.read_text().splitlines()) == 120


def test_a_run_that_goes_live_is_killed_and_continued_over_the_seam(tmp_path) -> None:
    """The only test here with the real clock: killed in history and again live, it ends as one that nobody killed."""
    hours, spec = 3, world(counter("n"), gap=0.01)
    target = {"type": "file", "path": "out.json"}
    files = [write_json(tmp_path / "s.json", spec), "-t", write_json(tmp_path / "t.json", target)]
    options = [*files, "-s", f"-{hours}H", "--until", f"+{hours}H5S", "--then-live", "--seed", 1, "--state", "state"]
    line = list(map(str, [sys.executable, ROOT / "generator.py", *options]))

    def size() -> int:
        return os.path.getsize(tmp_path / "out.json") if (tmp_path / "out.json").exists() else 0

    a_second_later = sum(len(f'{{"time":"{START}.000","n":{n}}}\n') for n in range(hours * 360_000 + 100))
    for least in (1000, a_second_later):
        with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
            installed.wait_until(lambda least=least: size() >= least)
            process.kill()
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    found = [json.loads(text)["n"] for text in (tmp_path / "out.json").read_text().splitlines()]
    assert found == list(range((hours * 3600 + 5) * 100))
    assert "of them history)" in done.stderr


# A pace of its own


@pytest.mark.parametrize(("speed", "start"), [(60, START), (0.5, START), ("60", None)])
def test_a_run_has_the_pace_of_its_speed(fake: FakeTime, speed: object, start: str | None) -> None:
    began = fake.now
    found = records_of(world(gap=1), start=start, speed=speed, records=121)
    assert found == records_of(world(gap=1), start=found[0]["time"], records=121)
    assert abs((fake.now - began) / SECOND - 120 / float(speed)) < 0.3


def test_a_run_with_a_pace_of_its_own_is_continued_at_that_pace(command, tmp_path, fake: FakeTime) -> None:
    path, out = write_json(tmp_path / "spec.json", world(counter("n"), gap=1)), tmp_path / "out.json"
    target = write_json(tmp_path / "t.json", {"type": "file", "path": str(out)})
    line = [path, "-t", target, "--seed", 1, "--state", tmp_path / "state", "--speed", 10, "-s", START]
    command(*line, "-n", 100)
    fake.epoch += 86400 * SECOND
    began = fake.now
    command(*line, "-n", 200)
    assert 9.5 < (fake.now - began) / SECOND < 10.6
    assert [json.loads(text)["n"] for text in out.read_text().splitlines()] == list(range(200))


def test_stages_measure_the_time_of_the_run_whatever_its_pace(command, tmp_path) -> None:
    stages = [{"type": "throttle", "key": "k", "timeframe": 10}]
    spec = world({"name": "k", "type": "enum", "values": ["a"]}, gap=1) | {
        "target": {"type": "stdout", "through": stages}
    }
    path = write_json(tmp_path / "spec.json", spec)
    options = [path, "-s", START, "-n", 100, "--seed", 1]
    assert command(*options, "--speed", 60).data == command(*options).data


# Audits


def test_an_audit_takes_the_ends_of_the_run(command, tool, tmp_path) -> None:
    path, out = write_json(tmp_path / "spec.json", world(counter("n"), gap=1)), tmp_path / "out.json"
    target = write_json(tmp_path / "t.json", {"type": "file", "path": str(out)})
    options = ["-c", path, "-t", target, "-s", START, "--seed", 1]
    for end in (["--until", "+50S"], ["--bytes", "2k"], ["-n", 70, "--until", "2024-01-01T00:01:00"]):
        command(*options, *end)
        outcome = tool("audit", *options, *end)
        assert outcome.code == 0
        assert " 0 missing, 0 duplicated, 0 out of order, 0 altered" in outcome.out


def test_an_audit_of_a_relative_start_needs_the_state_of_the_run(command, tool, tmp_path, fake: FakeTime) -> None:
    path, out = write_json(tmp_path / "spec.json", world(counter("n"), gap=1)), tmp_path / "out.json"
    target = write_json(tmp_path / "t.json", {"type": "file", "path": str(out)})
    options = ["-c", path, "-t", target, "-s", "-1M", "--until", "now", "--seed", 1]
    command(*options, "--state", tmp_path / "state")
    fake.epoch += SECOND
    refused = tool("audit", *options)
    assert refused.code == 2
    assert "an audit needs the very times of the run" in refused.err
    outcome = tool("audit", *options, "--state", tmp_path / "state")
    assert "60 expected, 60 found, 0 missing" in outcome.out
