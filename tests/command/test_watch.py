"""What is said of a run while it goes on: when it is long or asked for, at its end, and as JSON."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import datagen
from datagen.command.signals import Signals
from datagen.command.voice import Voice
from datagen.command.watch import Watch, say_end
from datagen.delivery.deliver import Report
from datagen.job.job import prepare
from datagen.job.limit import Limit
from datagen.job.options import Options
from datagen.job.request import Request
from tests.worlds import ROOT, START, counter, world, write_json

SPEC = world(counter("n"), gap=0.001)
SECOND = 10**9


class Listening(Voice):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, text: str, level: str = "info", **known: object) -> None:
        self.said.append(text)


@pytest.fixture
def seconds(monkeypatch) -> list[float]:
    """The time that a watch sees; a test changes it."""
    now = [0.0]
    monkeypatch.setattr("datagen.command.watch.stopwatch", lambda: now[0])
    return now


def watch_of(
    voice: Voice, signals: Signals | None = None, *, quiet: bool = False, verbose: bool = False, **options: object
) -> Watch:
    job = prepare(Request(SPEC, options=Options.of({"seed": 7} | options)))
    return Watch(job, voice, signals or Signals(), quiet=quiet, verbose=verbose)


def said_until(end: float, seconds: list[float], watch: Watch) -> None:
    while seconds[0] < end:
        seconds[0] += 0.5
        watch.look(Report(records=int(seconds[0]) * 1000, seconds=seconds[0]))


def test_an_unbounded_run_says_its_seed_at_the_start_and_how_far_it_is_every_minute(seconds) -> None:
    voice = Listening()
    watch = watch_of(voice, start=START)
    assert len(voice.said) == 1
    assert voice.said[0].startswith("datagen ")
    assert ", seed 7, to standard output" in voice.said[0]
    said_until(125, seconds, watch)
    assert len(voice.said) == 3
    assert voice.said[1].startswith("so far 60000 records, ")
    assert "1000 records/s" in voice.said[2]


@pytest.mark.parametrize("bound", [{"records": 10**9, "start": START}, {"records": 10**9}, {"duration": "30S"}])
def test_a_run_that_proves_long_says_its_seed_then(seconds, bound: dict) -> None:
    voice = Listening()
    watch = watch_of(voice, **bound)
    said_until(9, seconds, watch)
    assert voice.said == []
    said_until(11, seconds, watch)
    assert len(voice.said) == 1


def test_a_live_run_of_minutes_is_known_to_be_long(seconds) -> None:
    voice = Listening()
    watch_of(voice, duration="5M")
    assert len(voice.said) == 1


def test_a_quiet_run_says_nothing_but_warnings(seconds) -> None:
    voice = Listening()
    watch = watch_of(voice, quiet=True, start=START)
    said_until(200, seconds, watch)
    assert voice.said == []
    watch.look(Report(late=2 * SECOND, slowest="here"))
    assert voice.said == ["warning: records are 2.0 s late at here"]


def test_a_verbose_run_says_more(seconds) -> None:
    voice = Listening()
    watch = watch_of(voice, verbose=True, records=5)
    assert len(voice.said) == 1
    said_until(35, seconds, watch)
    assert len(voice.said) == 4


def test_a_stop_that_takes_long_is_explained_once(seconds) -> None:
    voice = Listening()
    signals = Signals()
    watch = watch_of(voice, signals, records=5)
    signals.asked_to_stop = True
    said_until(9, seconds, watch)
    assert voice.said == ["stopping: waiting for the last records; press Ctrl-C again to quit now"]


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (Report(records=1, seconds=0.25), "1 record, 00:00:00.000 simulated, 0.250 s, seed 7"),
        (Report(records=5000, seconds=2), "5000 records, 00:00:00.000 simulated, 2.000 s, 2500 records/s, seed 7"),
        (
            Report(records=9, before=1, seconds=4, reached=90061 * SECOND),
            "9 records, 1d 01:01:01.000 simulated, 4.000 s, 2.0 records/s, seed 7, continued after 1 record",
        ),
        (
            Report(records=2, before=2, seconds=0.5),
            "2 records, 00:00:00.000 simulated, 0.500 s, seed 7, continued after 2 records: nothing was left to do",
        ),
    ],
)
def test_the_closing_line_has_a_rate_where_it_means_something(report: Report, text: str) -> None:
    voice = Listening()
    say_end(report, Options.of({"start": START, "seed": 7}), Limit.of(Options(), datagen.load(SPEC).spec), voice)
    assert voice.said == [text]


@pytest.mark.parametrize(
    ("options", "begin", "end"),
    [
        (
            {"start": START, "then_live": True},
            "history and then live from 2024-01-01T00:00:00.000000, seed 7",
            "9 records (5 of them history), 00:00:00.000 on the system clock, 4.000 s, 2.2 records/s, seed 7",
        ),
        ({"start": START, "speed": 60}, "at speed 60 from 2024-01-01T00:00:00.000000, seed 7", "at speed 60, 4.000 s"),
        ({"start": START, "bytes": 5}, "simulated from 2024-01-01T00:00:00.000000, seed 7", ", 42 bytes as JSON, seed"),
    ],
)
def test_a_run_says_on_which_clock_it_is(options: dict, begin: str, end: str) -> None:
    voice = Listening()
    watch_of(voice, verbose=True, **options)
    report = Report(records=9, history=5, seconds=4, bytes=42 if "bytes" in options else None)
    settled = Options.of({"seed": 7} | options)
    say_end(report, settled, Limit.of(Options(), datagen.load(SPEC).spec), voice)
    assert begin in voice.said[0]
    assert end in voice.said[1]


@contextmanager
def running(tmp_path, *arguments: object, **options: object) -> Iterator[subprocess.Popen]:
    spec = write_json(tmp_path / "spec.json", SPEC)
    line = [sys.executable, ROOT / "generator.py", spec, *map(str, arguments)]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, **pipe | options) as process:
        yield process


def test_a_status_line_can_be_asked_for_with_a_signal(tmp_path) -> None:
    with running(tmp_path, stdout=subprocess.DEVNULL) as process:
        assert "seed" in process.stderr.readline()
        process.send_signal(signal.SIGUSR1)
        assert process.stderr.readline().startswith("so far ")
        process.terminate()
        assert " records, " in process.stderr.read()
    assert process.returncode == 0


def test_a_run_that_nohup_started_outlives_its_terminal(tmp_path) -> None:
    with running(tmp_path, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        assert [process.stdout.readline() for _ in range(2000)][-1]
        process.terminate()
        process.communicate()
    assert process.returncode == 0


def test_everything_that_is_said_may_be_json(command, tmp_path) -> None:
    lost = SPEC["states"] + [SPEC["states"][0] | {"name": "lost"}]
    spec = write_json(tmp_path / "spec.json", SPEC | {"states": lost})
    warning, closing = map(
        json.loads, command(spec, "-s", START, "-n", 3, "--seed", 7, "--log", "json").err.splitlines()
    )
    assert (warning["level"], warning["file"], warning["path"]) == ("warning", str(spec), "states[1]")
    assert (closing["level"], closing["records"], closing["seed"]) == ("info", 3, 7)


@pytest.mark.parametrize("arguments", [["-n", "x"], ["--nosuch"], ["-c", "nosuch.json"]])
def test_what_is_wrong_may_be_json_too(command, arguments: list) -> None:
    outcome = command(*arguments, "--log=json")
    assert outcome.code == 2
    assert {json.loads(line)["level"] for line in outcome.err.splitlines()} == {"error"}


def test_quiet_says_nothing_where_all_is_well(command, tmp_path) -> None:
    assert command(write_json(tmp_path / "spec.json", SPEC), "-s", START, "-n", 3, "-q").err == ""
