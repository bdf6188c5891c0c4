"""Runs from Python: into targets, stopped from elsewhere, side by side, and what they may read of the environment."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import zoneinfo
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
import tzdata

import datagen
from datagen.delivery.encoder import Encoder
from datagen.job import Job, Options, Request, prepare
from datagen.job.identity import identity_of, name_of
from datagen.plugin.target import Encoded
from datagen.records.batch import Batch
from tests.lanes import Recorder, Recording
from tests.worlds import ROOT, START, counter, enum, exponential, records_of, state, uniform, world, write_json

SPEC = world(counter("n"), states=[state("s", {"s": 0.5, "stop": 0.5}, delay=exponential(1))])
FOREVER = world(counter("n"), gap=0.001)


@pytest.fixture
def to_file(tmp_path):
    """A target of a name, and its lines."""
    return lambda name="out.json": {"type": "file", "path": str(tmp_path / name)}


def lines(target: dict) -> list[dict]:
    with open(target["path"]) as file:
        return [json.loads(line) for line in file]


def test_a_run_ends_with_a_report_once_all_is_delivered(to_file) -> None:
    report = datagen.run(SPEC, to_file(), start=START, records=500, seed=1)
    assert report.records == 500
    assert report.delivered == ((f"file {to_file()['path']}", 500),)
    assert lines(to_file()) == records_of(SPEC, 500)


@pytest.mark.parametrize("given", ["dict", "file", "loaded"])
def test_a_spec_and_a_target_may_be_given_in_any_form(to_file, tmp_path, given: str) -> None:
    spec, target = SPEC, to_file()
    if given == "file":
        spec, target = write_json(tmp_path / "spec.json", spec), str(write_json(tmp_path / "target.json", target))
    elif given == "loaded":
        spec, target = datagen.load(spec), [target]
    assert datagen.run(spec, target, start=START, records=5, seed=1).records == 5
    assert lines(to_file()) == records_of(SPEC, 5)


def test_the_target_of_the_spec_and_a_format_are_used(to_file) -> None:
    datagen.run(SPEC | {"target": to_file()}, start=START, records=2, seed=1, format="csv")
    with open(to_file()["path"]) as file:
        head, *rows = file.read().splitlines()
    assert head == "time,n"
    assert [row.partition(",")[2] for row in rows] == ["0", "1"]


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_touched(to_file, tmp_path) -> None:
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.run(SPEC | {"interarrival": 5}, to_file() | {"pth": 1}, format="jsn", start=START, records=1)
    assert len(caught.value.problems) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_says_how_far_it_came(to_file, tmp_path) -> None:
    with pytest.raises(datagen.RunFailed, match=r"writing to file /dev/full: No space left on device \(0 records"):
        datagen.run(SPEC, {"type": "file", "path": "/dev/full"}, start=START, records=10)


def test_progress_is_reported_from_time_to_time(to_file) -> None:
    seen: list[datagen.Report] = []
    datagen.run(SPEC, to_file(), start=START, records=100_000, seed=1, progress=seen.append)
    assert [report.records for report in seen] == sorted(report.records for report in seen)
    assert seen[-1].records == 100_000
    assert seen[0].records < 100_000


def test_a_run_is_stopped_from_another_thread_at_a_record_boundary(to_file) -> None:
    handle = datagen.start(FOREVER, to_file(), start=START, seed=1)
    while handle.report.records < 1000:
        assert handle.wait(0.01).records >= 0
    handle.stop()
    report = handle.wait()
    assert lines(to_file()) == records_of(FOREVER, report.records)


def test_a_live_run_is_stopped_while_it_waits(to_file) -> None:
    handle = datagen.start(world(gap=10**6), to_file())
    threading.Timer(0.05, handle.stop).start()
    assert handle.wait(60).seconds < 50


def test_an_interrupted_run_has_delivered_what_it_emitted(tmp_path) -> None:
    spec, out = write_json(tmp_path / "spec.json", FOREVER), tmp_path / "out.json"
    program = f"""
import datagen, sys
try:
    datagen.run({str(spec)!r}, {{"type": "file", "path": {str(out)!r}}}, start="{START}", seed=1,
                records=50_000_000, progress=lambda report: report.records and print("going", flush=True))
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "going\n"
        running.send_signal(signal.SIGINT)
        assert running.stdout.read().splitlines()[-1] == "interrupted"
    whole = out.read_text()
    assert whole.endswith("\n")
    found = [json.loads(line) for line in whole.splitlines()]
    assert found == records_of(FOREVER, len(found))


def test_what_a_stage_holds_back_comes_when_it_is_due_also_when_nothing_follows(to_file) -> None:
    target = to_file() | {"through": [{"type": "delay", "delay": {"type": "constant", "value": 0.3}}]}
    handle = datagen.start(world(counter("n"), gap=10**6), target, seed=1, duration="4S")
    while not handle.report.records:
        assert not handle.is_done
        handle.wait(0.01)
    assert handle.report.seconds < 3.5 < handle.wait().seconds


def test_a_live_run_that_is_stopped_counts_the_records_that_were_held_back_too(to_file) -> None:
    target = to_file() | {"through": [{"type": "late", "share": 0.5, "delay": uniform(0, 3)}]}
    handle = datagen.start(FOREVER, target, seed=1)
    while handle.report.records < 300:
        handle.wait(0.01)
    handle.stop()
    report = handle.wait()
    assert report.records == report.delivered[0][1] == len(lines(target))


def test_a_state_is_kept_and_gone_on_from(to_file, tmp_path) -> None:
    for records in (300, 1000):
        datagen.run(SPEC, to_file(), start=START, records=records, seed=1, state=tmp_path / "state")
    assert lines(to_file()) == records_of(SPEC, 1000)


def test_a_run_that_is_over_frees_its_state(to_file, tmp_path) -> None:
    for records in (10, 20, 30):
        handle = datagen.start(SPEC, to_file(), start=START, records=records, seed=1, state=tmp_path / "state")
        handle.wait()
        assert handle.is_done
    assert len(lines(to_file())) == 30


def test_a_state_that_is_refused_leaves_nothing_open(to_file, tmp_path) -> None:
    ours = {str(tmp_path / "state" / "lock"), to_file("x")["path"]}  # the run opens and closes others meanwhile

    def opened() -> list[str]:
        return [
            path for path in (os.path.realpath(entry.path) for entry in os.scandir("/proc/self/fd")) if path in ours
        ]

    handle = datagen.start(FOREVER, to_file(), start=START, seed=1, state=tmp_path / "state")
    for _ in range(5):
        with pytest.raises(datagen.InvalidInput, match="is in use by another run"):
            datagen.run(FOREVER, to_file("x"), start=START, seed=1, state=tmp_path / "state")
    assert len(opened()) == 1
    handle.stop()
    handle.wait()
    with pytest.raises(datagen.InvalidInput, match="belongs to a different run"):
        datagen.run(FOREVER, to_file(), start=START, seed=2, state=tmp_path / "state")
    assert not opened()
    handle = datagen.start(FOREVER, to_file(), start=START, seed=1, state=tmp_path / "state")
    handle.stop()
    handle.wait()


def test_progress_that_fails_ends_the_run_at_a_record_boundary(to_file, tmp_path) -> None:
    def progress(report: datagen.Report) -> None:
        if report.records:
            raise LookupError("oops")

    with pytest.raises(LookupError, match="oops"):
        datagen.run(FOREVER, to_file(), start=START, seed=1, progress=progress, state=tmp_path / "state")
    found = lines(to_file())
    assert found == records_of(FOREVER, len(found))
    assert not [thread for thread in threading.enumerate() if thread.name == "run" or thread.name.startswith("file")]
    handle = datagen.start(FOREVER, to_file(), start=START, seed=1, state=tmp_path / "state")  # nobody has it any more
    handle.stop()
    assert handle.wait().records >= len(found)


def test_a_stopped_run_may_be_stopped_again(to_file) -> None:
    handle = datagen.start(FOREVER, to_file(), start=START, seed=1)
    for _ in range(3):
        handle.stop()
    report = handle.wait()
    handle.stop()
    assert handle.wait() == report


class Slamming(Recording):
    def close(self) -> None:
        raise LookupError("the door is stuck")


def test_a_target_that_fails_to_close_in_whatever_way_is_a_failure() -> None:
    with pytest.raises(datagen.RunFailed, match="the door is stuck"):
        datagen.run(SPEC, Recorder(sink=Slamming), start=START, records=5)


@pytest.fixture
def reading(tmp_path) -> datagen.LoadedSpec:
    """A spec whose records depend on a file."""
    plugin = tmp_path / "reading.py"
    plugin.write_text(
        "from datagen import Dimension\n\n\nclass Reading(Dimension):\n    kind = 'reading'\n    path: str\n\n"
        "    def files(self):\n        return [self.path]\n\n"
        "    def make(self, rows):\n        with open(self.path) as file:\n"
        "            return [file.read()] * len(rows)\n"
    )
    (tmp_path / "word.txt").write_text("word")
    return datagen.load(world({"name": "w", "type": "reading", "path": str(tmp_path / "word.txt")}), plugins=[plugin])


def test_a_file_that_a_spec_reads_is_no_target(reading, to_file, tmp_path) -> None:
    with pytest.raises(datagen.InvalidInput, match=r"word.txt is read for this run; it would be overwritten"):
        datagen.run(reading, to_file("word.txt"), start=START, records=1)
    assert (tmp_path / "word.txt").read_text() == "word"
    datagen.run(reading, to_file(), start=START, records=1)
    assert lines(to_file())[0]["w"] == "word"


def test_a_file_that_a_spec_names_and_that_is_not_there_is_a_problem(reading, to_file, tmp_path) -> None:
    (tmp_path / "word.txt").unlink()
    with pytest.raises(datagen.InvalidInput, match=r"word.txt: can't be read: No such file or directory"):
        datagen.run(reading, to_file(), start=START, records=1)


def test_an_edited_pattern_file_is_another_run(to_file, tmp_path) -> None:
    for text, expected in (("{{n}}", None), ("{{n}}!", "belongs to a different run")):
        (tmp_path / "pattern.txt").write_text(text)
        run = {"start": START, "records": 5, "seed": 1, "state": tmp_path / "state", "format": tmp_path / "pattern.txt"}
        if expected is None:
            datagen.run(SPEC, to_file(), **run)
        else:
            with pytest.raises(datagen.InvalidInput, match=expected):
                datagen.run(SPEC, to_file(), **run)


def test_a_check_finds_what_the_run_would(command, tmp_path) -> None:
    standing = write_json(tmp_path / "spec.json", world(gap=0))
    for option in ("--check", "--connect"):
        outcome = command("-c", standing, "-s", START, option)
        assert outcome.code == 2
        assert "the clock can never move on" in outcome.err
        assert command("-c", standing, "-s", START, "-n", 5, option).data == b""


def test_plugins_belong_to_the_loading_of_a_spec(reading, to_file, tmp_path) -> None:
    with pytest.raises(datagen.InvalidInput, match=r"pass them to datagen\.load"):
        datagen.run(reading, to_file(), start=START, records=1, plugins=[tmp_path / "reading.py"])


def test_several_declared_targets_may_be_given() -> None:
    targets = [Recorder(), Recorder()]
    assert datagen.run(SPEC, targets, start=START, records=5, seed=1).records == 5
    assert [len(target.lines) for target in targets] == [5, 5]


# Times


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (datetime(2024, 1, 1), "2024-01-01T00:00:00"),
        (datetime(2024, 1, 1, 2, 3, 4, 567000), "2024-01-01T02:03:04.567"),
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00Z"),
        (datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-5, minutes=-30))), "2024-01-01T00:00:00-05:30"),
    ],
)
def test_a_start_may_be_a_datetime(given: datetime, text: str) -> None:
    assert records_of(SPEC, 20, start=given) == records_of(SPEC, 20, start=text)


def test_a_duration_may_be_a_timedelta_or_a_number_of_seconds() -> None:
    spans = [records_of(SPEC, duration=span) for span in (timedelta(minutes=1, seconds=0.5), "60.5S", 60.5)]
    assert spans[0] == spans[1] == spans[2] != []


@pytest.mark.parametrize("wrong", [timedelta(seconds=-1), timedelta.max, -5, 1e300, True])
def test_a_duration_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(datagen.InvalidInput, match="duration: must be a duration"):
        records_of(SPEC, duration=wrong)


def test_times_in_a_spec_may_be_datetimes_and_timedeltas() -> None:
    def spec(early: object, late: object, gap: object) -> dict:
        born = {"name": "born", "type": "timestamp", "distribution": uniform(early, late)}
        return world(born, gap={"type": "constant", "value": gap})

    typed = spec(datetime(1950, 1, 1), datetime(2005, 12, 31), timedelta(seconds=2))
    assert records_of(typed, 20) == records_of(spec("1950-01-01", "2005-12-31", 2), 20)


# The environment


SECRET = world(enum("password", "${SECRET_WORD}"))


def test_a_spec_reads_nothing_of_the_environment_of_the_process(monkeypatch) -> None:
    monkeypatch.setenv("SECRET_WORD", "swordfish")
    with pytest.raises(datagen.InvalidInput, match="needs an environment, but none was given") as caught:
        datagen.load(SECRET)
    assert "swordfish" not in str(caught.value)


def test_a_spec_reads_the_environment_that_it_is_given(monkeypatch) -> None:
    monkeypatch.setenv("SECRET_WORD", "swordfish")
    loaded = datagen.load(SECRET, environment={"SECRET_WORD": "sesame"})
    assert next(datagen.records(loaded, start=START, records=1))["password"] == "sesame"


def test_a_target_reads_the_environment_that_the_run_is_given(to_file, tmp_path) -> None:
    target = {"type": "file", "path": "${FOLDER}/out.json"}
    with pytest.raises(datagen.InvalidInput, match="needs an environment"):
        datagen.run(SPEC, target, start=START, records=1)
    assert datagen.run(SPEC, target, start=START, records=1, environment={"FOLDER": str(tmp_path)}).records == 1


def test_no_message_holds_a_value_of_the_environment() -> None:
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(world(enum("a", 1)) | {"states": "${SECRET_WORD}"}, environment={"SECRET_WORD": "sesame"})
    assert "sesame" not in str(caught.value)
    assert "sesame" not in repr(caught.value.__cause__) + repr(caught.value.__context__)


def test_no_warning_and_no_failure_holds_a_value_of_the_environment() -> None:
    spec = world(states=[state("s"), state("${SECRET_WORD}")])
    loaded = datagen.load(spec, environment={"SECRET_WORD": "sesame"})
    assert [str(warning) for warning in loaded.warnings] == [
        'spec: states[1]: state "…" can\'t be reached from the first state'
    ]
    target = {"type": "tcp", "host": "${SECRET_WORD}.invalid", "port": 1}
    with pytest.raises(datagen.RunFailed) as caught:
        datagen.run(SPEC, target, start=START, records=1, environment={"SECRET_WORD": "sesame"})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("kind", [ValueError, MemoryError])
def test_what_was_made_before_records_that_can_not_be_written_is_delivered(
    monkeypatch, tmp_path, threads: int, kind: type[Exception]
) -> None:
    def encoded(encoder: Encoder, batch: Batch) -> Encoded:
        if batch.due[0] > 0:
            raise kind("too long")
        return encode(encoder, batch)

    encode = Encoder.encoded
    monkeypatch.setattr(Encoder, "encoded", encoded)
    path = tmp_path / "out.json.gz"
    target = {"type": "file", "path": str(path), "compression": "gzip"}  # which waits for more than a few records
    with pytest.raises((datagen.RunFailed, MemoryError), match="too long"):
        datagen.run(FOREVER, target, start=START, records=100_000, seed=1, threads=threads)
    assert len(gzip.decompress(path.read_bytes()).splitlines()) == 16


ZONED = [
    {"timezone": "Europe/Berlin"},
    {"profiles": {"day": {"type": "hour_of_day", "factors": {"9": 2}, "timezone": "Europe/Berlin"}}},
    {
        "emitters": [
            {"name": "e", "dimensions": [{"name": "x", "type": "expression", "value": "hour(time, 'Asia/Tokyo')"}]}
        ]
    },
    {"interarrival": None, "arrivals": {"type": "cron", "expression": "@hourly", "timezone": "Asia/Tokyo"}},
]
OF_NO_DATA = [
    {},
    {"timezone": "UTC"},
    {"emitters": [{"name": "e", "dimensions": [{"name": "x", "type": "expression", "value": "hour(time, '+02:00')"}]}]},
]


@pytest.fixture
def packaged() -> Iterator[str]:
    """The time zones of the package, on a system without its own; their version."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([])
    yield f"tzdata {tzdata.IANA_VERSION}"
    zoneinfo.reset_tzpath(before)


def job_of(keys: dict, **options: object) -> Job:
    spec = {key: value for key, value in (world() | keys).items() if value is not None}
    with closing(prepare(Request(spec, options=Options.of({"start": START, "seed": 1} | options)))) as job:
        return job


@pytest.mark.parametrize("keys", ZONED)
def test_the_version_of_time_zones_is_part_of_what_a_run_is(keys: dict, packaged: str, monkeypatch) -> None:
    job = job_of(keys)
    assert job.libraries == [packaged]
    name = name_of(identity_of(job.inputs, job.options, job.run.clock.start))
    monkeypatch.setattr(tzdata, "IANA_VERSION", "1997a")
    assert name_of(identity_of(job.inputs, job.options, job.run.clock.start)) != name


@pytest.mark.parametrize("keys", OF_NO_DATA)
def test_a_run_without_a_named_zone_depends_on_no_data(keys: dict, packaged: str) -> None:
    assert job_of(keys).libraries == []
    assert job_of(keys, timezone="Europe/Berlin").libraries == [packaged]


def test_the_closing_line_says_of_which_data_records_are(command, tmp_path, packaged: str) -> None:
    spec = write_json(tmp_path / "spec.json", world(timezone="Europe/Berlin"))
    closing_line = command("-c", spec, "-s", START, "--seed", 1, "-n", 3).err.splitlines()[-1]
    assert closing_line.endswith(f", seed 1, {packaged}")
