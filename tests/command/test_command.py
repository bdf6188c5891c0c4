"""The command: its options, exit codes, what goes to which stream, and how it ends."""

import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

import datagen
from tests.worlds import ROOT, START, constant, counter, enum, exponential, integer, state, uniform, world, write_json

SPEC = world(counter("n"), integer("x", uniform(0, 10**9)), gap=exponential(1))
CLOSING = re.compile(
    r"(?P<records>\d+) records?, (?P<span>(\d+d )?\d\d:\d\d:\d\d\.\d{3}) (?P<clock>simulated|on the system clock), "
    r"(?P<seconds>\d+\.\d{3}) s(, (?P<rate>[\d.]+) records/s)?, seed (?P<seed>-?\d+)(, up to \d+\.\d{3} s late)?"
)


@pytest.fixture
def spec_file(tmp_path):
    return write_json(tmp_path / "spec.json", SPEC)


def start_process(*arguments: object, **options: object) -> subprocess.Popen:
    line = [sys.executable, ROOT / "generator.py", *map(str, arguments)]
    return subprocess.Popen(line, bufsize=0, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options)


# Options


@pytest.mark.parametrize("config", ["-c", "--config"])
@pytest.mark.parametrize("start", ["-s", "--start"])
@pytest.mark.parametrize("records", ["-n", "--records"])
@pytest.mark.parametrize("workers", ["-m", "--max-workers"])
@pytest.mark.parametrize("format_", ["-f", "-p", "--format"])
def test_an_option_has_its_short_and_its_long_name(
    command, spec_file, config, start, records, workers, format_
) -> None:
    outcome = command(config, spec_file, start, START, records, 3, workers, 5, format_, "json", "--seed", 1)
    assert (outcome.code, len(outcome.records)) == (0, 3)


@pytest.mark.parametrize("duration", ["-r", "--duration"])
def test_a_duration_has_its_short_and_its_long_name(command, tmp_path, duration: str) -> None:
    spec = write_json(tmp_path / "spec.json", world())
    assert len(command("-c", spec, "-s", START, duration, "10S").lines) == 10


def test_an_option_may_stand_anywhere_and_be_joined_to_its_value(command, spec_file) -> None:
    first = command("--seed=5", f"--config={spec_file}", "-n3", f"-s{START}")
    other = command("-n", 3, "-s", START, "-c", spec_file, "--seed", 5)
    assert first.data == other.data != b""


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["-n", "-1"], ["-n: must be a whole number, 0 or more, found -1"]),
        (["-n", "1.5"], ["-n", "must be a whole number"]),
        (["-n", "many"], ["must be a whole number", "many"]),
        (["-n"], ["argument -n/--records: expected one argument; see datagen run --help"]),
        (["-n", "1.5k1"], ["must be a whole number"]),
        (["-n", "1.0005k"], ["must be a whole number"]),
        (["-n", "٣"], ["must be a whole number"]),
        (["-m", "0"], ["-m: must be a whole number, 1 or more, found 0"]),
        (["-m", "x"], ["must be a whole number"]),
        (["-r", "5X"], ["-r", "must be a duration", "30S", "5X"]),
        (["-r", "30M1H"], ["must be a duration"]),
        (["-r", ""], ["must be a duration"]),
        (["-r", "-5S"], ["-r"]),
        (["-r", "1H", "-n", "1"], ["-n and -r exclude each other"]),
        (["-s", "tomorrow"], ["-s", "must be a time such as", "now-1D@H", "tomorrow"]),
        (["-s", "2024-02-30"], ["must be an ISO 8601 time"]),
        (["-s", "2024-01-01T25:00:00"], ["must be an ISO 8601 time"]),
        (["-s", ""], ["must be an ISO 8601 time"]),
        (["--seed", "0.5"], ["must be a whole number"]),
        (["--seed", ""], ["must be a whole number"]),
        (["--nosuch"], ["unknown option --nosuch\n"]),
        (["--rec", "5"], ["unknown option --rec; did you mean --records?"]),
        (["other.json"], ["other.json: the spec is given already"]),
        (["-f", "a\udcff.json"], ["is no text that UTF-8 could hold"]),
        (["--log", "xml"], ["invalid choice: 'xml'"]),
        (["-f", "jsn"], ['did you mean "json"']),
        (["-t", "nosuch.json"], ["nosuch.json: there is no such file; a target is"]),
        (["--plugins", "nosuch.py"], ["nosuch.py"]),
        (["-c", "nosuch.json"], ["nosuch.json: can't be read: No such file or directory"]),
        (["-c", "."], ["can't be read: Is a directory"]),
    ],
)
def test_a_wrong_command_is_refused(command, spec_file, arguments: list[str], parts: list[str]) -> None:
    outcome = command("-c", spec_file, "-s", START, *arguments)
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(part in outcome.err for part in parts), outcome.err
    assert "Traceback" not in outcome.err
    assert "usage:" not in outcome.err


def test_help_shows_every_option_and_examples(command) -> None:
    outcome = command("--help")
    names = "-c --config -t -o --target -f -p --format -s --start -m --max-workers -n --records -r --duration"
    assert outcome.code == 0
    assert all(
        re.search(rf"(^|[\s,]){name}\b", outcome.out) for name in [*names.split(), "--seed", "--check", "--plugins"]
    )
    assert "examples:" in outcome.out


# The spec


def test_the_spec_is_read_from_standard_input(process) -> None:
    text = json.dumps(SPEC).encode()
    run = ("-s", START, "-n", 5, "--seed", 1)
    outcomes = [process(*run, input=text), process("-c", "-", *run, input=text)]
    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert outcomes[0].data == outcomes[1].data
    assert len(outcomes[0].lines) == 5


def test_a_spec_may_begin_with_a_byte_order_mark(command, tmp_path) -> None:
    (tmp_path / "spec.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(SPEC).encode())
    assert len(command("-c", tmp_path / "spec.json", "-s", START, "-n", 2).lines) == 2
    assert len(command("-s", START, "-n", 2, stdin=b"\xef\xbb\xbf" + json.dumps(SPEC).encode()).lines) == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"", ["standard input: is empty; JSON is expected\n"]),
        (b" \n", ["standard input: is empty"]),
        (b"states:\n  - name: s\n", ["standard input:2:3: states: no state that can be reached has an emitter"]),
        (b'{\n  // a comment\n  "states": []}', ["standard input:3:13: states: must not be empty"]),
        (b'{"states": [], # a comment\n}', ["standard input:1:16: is not JSON: a comment is written // to the end"]),
        (b'{"states": [],\n}', ['standard input:2:1: is not JSON: a comma before "}"']),
        (b"{'states': []}", ["texts and keys stand in double quotes"]),
        (b"{\n  nope", ["standard input:2:3: is not JSON"]),
        (b"\xff", ["standard input: is not UTF-8"]),
        (b'{"states": 5}', ["standard input:1:12: states"]),
    ],
)
def test_what_is_wrong_with_standard_input_is_said(command, text: bytes, parts: list[str]) -> None:
    outcome = command("-n", 1, stdin=text)
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(part in outcome.err for part in parts)


def test_a_terminal_is_not_waited_for() -> None:
    ours, theirs = pty.openpty()
    running = start_process("-n", 1, stdin=theirs)
    os.close(theirs)
    out, err = running.communicate(timeout=60)
    os.close(ours)
    assert (running.returncode, out) == (2, b"")
    assert b"no spec: name its file, or give it on standard input" in err


@pytest.mark.parametrize(
    "arguments", [["SPEC", "-n", 3], ["-n", 3, "SPEC"], ["run", "SPEC", "-n", 3], ["-n", "3", "-q", "SPEC"]]
)
def test_a_spec_needs_no_option_wherever_it_stands(command, spec_file, arguments: list) -> None:
    given = [spec_file if argument == "SPEC" else argument for argument in arguments]
    assert len(command(*given, "-s", START).records) == 3


@pytest.mark.parametrize(("written", "count"), [("1k", 1000), ("0.5K", 500), ("0M", 0), (" 7 ", 7)])
def test_a_number_of_records_may_be_written_in_thousands(command, spec_file, written: str, count: int) -> None:
    assert len(command(spec_file, "-s", START, "-n", written).lines) == count


@pytest.mark.parametrize(
    ("written", "seconds"), [("60", 60), ("1.5", 1.5), ("1m30s", 90), ("1h1m1s", 3661), ("2M", 120), ("PT1M", 60)]
)
def test_a_duration_is_seconds_or_has_units(command, tmp_path, written: str, seconds: float) -> None:
    spec = write_json(tmp_path / "spec.json", world(gap=0.5))
    assert len(command(spec, "-s", START, "-r", written).lines) == seconds * 2


def test_a_file_that_is_not_there_may_be_meant_to_be_an_example(command, spec_file, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    outcome = command("-c", "clickstream", "-t", "kafka", "--check")
    err = outcome.err
    assert outcome.code == 2
    assert "clickstream: there is no such file; conf/gen/clickstream.json is a spec" in err
    assert "kafka: there is no such file; conf/tar/kafka.json is a target" in err


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"target": "stdout"}, 'target: must be an object such as {"type": "stdout"}, found "stdout"'),
        ({"interarrival": 5}, 'interarrival: must be an object such as {"type": "constant", "value": 5}, found 5'),
        ({"interarrival": "soon"}, 'interarrival: must be an object with a type, found "soon"'),
    ],
)
def test_what_should_be_an_object_is_shown_as_one(command, tmp_path, change: dict, text: str) -> None:
    outcome = command(write_json(tmp_path / "spec.json", SPEC | change), "--check")
    assert (outcome.code, text in outcome.err) == (2, True), outcome.err


# One program, one name


@pytest.mark.parametrize(
    "door", [["generator.py"], ["-m", "datagen"], ["-c", "from datagen.command.entry import main; main()"]]
)
def test_every_door_leads_to_the_same_program(spec_file, door: list) -> None:
    def told(*arguments: object) -> bytes:
        line = [sys.executable, *door, *map(str, arguments)]
        return subprocess.run(line, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout

    assert told("--version") == f"datagen {datagen.__version__}\n".encode()
    assert told("run", spec_file, "-s", START, "-n", 2).count(b"\n") == 2
    assert told("types", spec_file) == b"e\n  time  timestamp[ms]\n  n     int64\n  x     int64\n"


def test_the_python_interface_is_imported_when_it_is_used() -> None:
    program = "import sys, datagen.command.entry; assert 'pyarrow' not in sys.modules; datagen.load"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_only_the_formatter_that_is_asked_for_is_imported(spec_file) -> None:
    program = """import sys
from datagen.command.main import main
main(["run", sys.argv[1], "-s", "2024-01-01", "-n", "1", "-f", "csv", "-q"])
print(*(name for name in sys.modules if name.startswith(("datagen.formatters.", "jinja2"))))"""
    line = [sys.executable, "-c", program, spec_file]
    told = subprocess.run(line, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert told.splitlines()[-1] == "datagen.formatters.csv"


def test_types_says_what_may_be_missing_and_what_is_any_json(tool, tmp_path) -> None:
    mixed = enum("any", [1, "a"]) | {"percent_missing": 50}
    spec = write_json(tmp_path / "spec.json", world(mixed))
    assert tool("types", spec).lines == ["e", "  time  timestamp[ms]", "  any   JSON (may be missing)"]


@pytest.mark.parametrize("name", ["run", "check", "schema", "types", "docs", "audit"])
def test_every_command_has_a_help(command, name: str) -> None:
    assert f"datagen {'[run]' if name == 'run' else name}" in command(name, "--help").out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["chek", "SPEC"], "chek: there is neither a command nor a file like this; did you mean check?"),
        (["-q", "check", "SPEC"], "check: is a command, which comes first"),
    ],
)
def test_a_command_that_is_misspelt_or_misplaced_is_said(command, spec_file, arguments: list, text: str) -> None:
    outcome = command(*(spec_file if argument == "SPEC" else argument for argument in arguments))
    assert (outcome.code, text in outcome.err) == (2, True), outcome.err


def test_what_comes_behind_two_dashes_is_no_option(command, spec_file) -> None:
    assert len(command("-s", START, "-n", 3, "--", spec_file).records) == 3


@pytest.mark.parametrize("name", ["schema", "types"])
def test_a_closed_standard_output_is_said(spec_file, name: str) -> None:
    line = f"{sys.executable} generator.py {name} {spec_file if name == 'types' else ''} >&-"
    done = subprocess.run(line, shell=True, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "standard output is closed\n")


def test_docs_asks_for_a_folder(tool) -> None:
    outcome = tool("docs")
    assert (outcome.code, "required: DIR" in outcome.err) == (2, True)


# Streams and the closing line


def test_data_alone_goes_to_standard_output(process, spec_file) -> None:
    outcome = process("-c", spec_file, "-s", START, "-n", 100, "--seed", 7)
    assert [record["n"] for record in outcome.records] == list(range(100))
    assert len(outcome.err.splitlines()) == 1


def test_the_closing_line_has_records_span_seconds_and_seed(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(gap=100))
    outcome = command("-c", spec, "-s", START, "-n", 1001, "--seed", -7)
    closing = CLOSING.fullmatch(outcome.err.splitlines()[-1])
    assert closing
    assert (closing["records"], closing["span"], closing["clock"], closing["seed"]) == (
        "1001",
        "1d 03:46:40.000",
        "simulated",
        "-7",
    )
    assert float(closing["seconds"]) < 10


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_the_closing_line_counts_the_records(command, spec_file, count: int) -> None:
    outcome = command("-c", spec_file, "-s", START, "-n", count)
    assert CLOSING.fullmatch(outcome.err.splitlines()[-1])["records"] == str(len(outcome.lines)) == str(count)


def test_a_run_can_be_repeated_with_the_seed_that_it_printed(command, spec_file) -> None:
    first = command("-c", spec_file, "-s", START, "-n", 50)
    seed = CLOSING.fullmatch(first.err.splitlines()[-1])["seed"]
    again = command("-c", spec_file, "-s", START, "-n", 50, "--seed", seed)
    other = command("-c", spec_file, "-s", START, "-n", 50)
    assert first.data == again.data
    assert CLOSING.fullmatch(other.err.splitlines()[-1])["seed"] != seed


@pytest.mark.parametrize("seed", [0, -1, 7, 2**64, 10**30, "+5", "007"])
def test_any_whole_number_is_a_seed(command, spec_file, seed: object) -> None:
    outcome = command("-c", spec_file, "-s", START, "-n", 5, "--seed", seed)
    assert outcome.code == 0
    assert CLOSING.fullmatch(outcome.err.splitlines()[-1])["seed"] == str(int(seed))


def test_warnings_go_to_standard_error_and_the_run_goes_on(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(states=[state("s"), state("lost")]))
    outcome = command("-c", spec, "-s", START, "-n", 2)
    assert (outcome.code, len(outcome.records)) == (0, 2)
    assert re.search(
        r'^warning: .*spec\.json:1:\d+: states\[1\]: state "lost" can\'t be reached', outcome.err, re.MULTILINE
    )


# --check


def test_check_generates_nothing(command, tmp_path) -> None:
    target = {"type": "file", "path": str(tmp_path / "out.json")}
    outcome = command("-c", write_json(tmp_path / "spec.json", SPEC | {"target": target}), "--check")
    assert (outcome.code, outcome.data) == (0, b"")
    assert "valid" in outcome.err
    assert not (tmp_path / "out.json").exists()


def test_check_says_what_is_wrong_with_spec_target_and_format_at_once(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC | {"extra": 1})
    target = write_json(tmp_path / "target.json", {"type": "nosuch"})
    outcome = command("-c", spec, "-t", target, "-f", "nosuch", "--check")
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(
        part in outcome.err
        for part in ('unknown key "extra"', 'unknown target type "nosuch"', '"nosuch" is neither a format nor a file')
    )
    assert "3 problems found" in outcome.err


def test_check_finds_a_pattern_that_does_not_fit(command, tmp_path) -> None:
    (tmp_path / "pattern").write_text("{{nosuch}}")
    outcome = command("-c", write_json(tmp_path / "spec.json", SPEC), "-f", tmp_path / "pattern", "--check")
    assert outcome.code == 2
    assert "nosuch" in outcome.err


def test_check_shows_warnings(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(states=[state("s"), state("lost")]))
    outcome = command("-c", spec, "--check")
    assert (outcome.code, outcome.data) == (0, b"")
    assert "can't be reached" in outcome.err


# The end


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("format_", ["json", "csv"])
def test_a_reader_that_closes_the_pipe_ends_the_run_quietly(tmp_path, live: bool, format_: str) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC | {"interarrival": constant(0.001)})
    running = start_process("-c", spec, "-f", format_, *([] if live else ["-s", START]))
    lines = [running.stdout.readline() for _ in range(3)]
    running.stdout.close()
    err = running.stderr.read().decode()
    assert running.wait(timeout=60) == 0
    assert all(line.endswith(b"\n") for line in lines)
    assert all(word not in err for word in ("Traceback", "Broken pipe", "Error", "Exception"))
    assert len(err.splitlines()) <= 2
    running.stderr.close()


def test_a_pipe_to_head_ends_quietly(tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC)
    line = f"set -o pipefail; {sys.executable} {ROOT / 'generator.py'} -c {spec} -s {START} | head -3"
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, text=True)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("start", [[], ["-s", START]])
def test_a_signal_ends_a_run_with_everything_delivered_that_was_emitted(
    spec_file, tmp_path, number: int, start: list
) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC | {"interarrival": constant(0.002)})
    running = start_process("-c", spec, "--seed", 1, *start)
    first = [running.stdout.readline() for _ in range(5)]
    running.send_signal(number)
    rest, err = running.communicate(timeout=60)
    data = b"".join(first) + rest
    assert running.returncode == 0
    assert data.endswith(b"\n")
    assert [json.loads(line)["n"] for line in data.splitlines()] == list(range(data.count(b"\n")))
    assert CLOSING.fullmatch(err.decode().splitlines()[-1])["records"] == str(data.count(b"\n"))


def test_a_signal_ends_a_wait_for_the_next_record(tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(gap=10**6))
    running = start_process("-c", spec)
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    assert (running.returncode, out) == (0, b"")
    assert CLOSING.fullmatch(err.decode().splitlines()[-1])["records"] == "1"


def test_a_live_run_ends_after_its_records_and_its_duration(process, tmp_path) -> None:
    write_json(tmp_path / "spec.json", world(gap=0.02))
    assert len(process("-c", "spec.json", "-n", 5).lines) == 5
    outcome = process("-c", "spec.json", "-r", "PT0.1S")
    assert len(outcome.lines) == 5
    assert CLOSING.fullmatch(outcome.err.splitlines()[-1])["clock"] == "on the system clock"


# Progress


def on_a_terminal(*arguments: object) -> tuple[bytes, str]:
    """Run with standard error on a terminal; return both streams."""
    ours, theirs = pty.openpty()
    running = start_process(*arguments, stderr=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "100"})
    os.close(theirs)
    shown = b""
    out, _ = running.communicate(timeout=60)
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return out, shown.decode()


@pytest.mark.parametrize("bound", [("-n", 1_500_000), ("-r", "400H")])
def test_a_bounded_run_shows_its_progress_on_a_terminal(tmp_path, bound: tuple) -> None:
    target = {"type": "file", "path": str(tmp_path / "out.json")}
    spec = write_json(tmp_path / "spec.json", SPEC | {"target": target})
    out, shown = on_a_terminal("-c", spec, "-s", START, *bound)
    assert out == b""
    assert re.search(r"\d+%", shown)
    assert "records/s" in shown.rpartition("\r")[0]
    assert CLOSING.search(shown)


def test_an_unbounded_run_shows_no_progress(tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC)
    ours, theirs = pty.openpty()
    running = start_process("-c", spec, "-s", START, stderr=theirs)
    os.close(theirs)
    running.stdout.read(1_000_000)
    running.stdout.close()
    assert running.wait(timeout=60) == 0
    assert b"%" not in os.read(ours, 65536)
    os.close(ours)


MINE = """
import contextlib
from datagen import Dimension

with contextlib.suppress(ImportError):
    import pandas

class Mine(Dimension):
    kind = "mine"
    def make(self, rows):
        return [1] * len(rows)
"""


@pytest.mark.parametrize("plugins", [False, True])
def test_a_start_does_not_wait_for_pandas(process, tmp_path, plugins: bool) -> None:
    """pyarrow would import it for the first array that is made of a list; plug-ins may need it."""
    (tmp_path / "pandas.py").write_text("open('imported', 'w').close()\nraise ImportError\n")
    (tmp_path / "mine.py").write_text(MINE)
    write_json(tmp_path / "spec.json", world(counter("n")))
    options = ["--plugins", "mine.py"] if plugins else []
    outcome = process("-c", "spec.json", "-s", START, "-n", 3, *options, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert (outcome.code, len(outcome.records)) == (0, 3)
    assert (tmp_path / "imported").exists() == plugins
