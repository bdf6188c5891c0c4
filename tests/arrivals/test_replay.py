"""The source ``replay``: its schedule, the values of its workers, and what it refuses."""

import gzip
import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

import datagen
from datagen.delivery.snapshot import pack, unpack
from datagen.formatters.json import Json
from datagen.moment import parse_moment
from datagen.plugin.arrival import Unreadable
from datagen.problems import InvalidInput, RunFailed
from tests.engine.test_oracle import assert_equal
from tests.stepping import SteppingClock
from tests.worlds import run_of, state, world, write_json

START = "2024-01-01T00:00:00Z"
BEGIN = datetime(2024, 3, 4, 9, tzinfo=UTC)
PATTERNS = [[r"^\[(.*?)\] (?P<word>\w+)", "%Y-%m-%d %H:%M:%S"]]
ROWS = [(0, "a"), (1, "b"), (1, "c"), (4, "d"), (9, "e")]  # seconds, word


def read(*names: str) -> list[dict]:
    return [{"name": name, "type": "variable", "variable": name} for name in names]


def replay(path: Path, *fields: str, **keys: object) -> dict:
    source = {"type": "replay", "path": str(path), "time": {"patterns": PATTERNS}} | keys
    spec = world(*read(*fields or ("word", "shift")), arrivals=source)
    del spec["interarrival"]
    return spec


def log(path: Path, rows: list[tuple[float, str]] = ROWS) -> Path:
    lines = [f"[{BEGIN + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}] {word}" for second, word in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def records(spec: dict, **options: object) -> list[dict]:
    return list(datagen.records(datagen.load(spec), **{"start": START, "seed": 1} | options))


def seconds(made: list[dict]) -> list[float]:
    start = datetime.fromisoformat(START)
    return [(datetime.fromisoformat(record["time"]) - start).total_seconds() for record in made]


def due(spec: dict) -> list[int]:
    run = run_of(spec, None)
    return [time for batch in run.batches() for time in batch.due.tolist()]


def problems(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        datagen.load(spec)
    return [str(problem) for problem in raised.value.problems]


def test_records_come_with_the_gaps_of_their_times(tmp_path: Path) -> None:
    made = records(replay(log(tmp_path / "a.log"), "word", "line"))
    assert seconds(made) == [0, 1, 1, 4, 9]
    assert [record["word"] for record in made] == list("abcde")
    assert made[3]["line"] == "[2024-03-04 09:00:04] d"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"speed": 2}, [0, 0.5, 0.5, 2, 4.5]),
        ({"speed": 0.5}, [0, 2, 2, 8, 18]),
        ({"times": 2}, [0, 1, 1, 4, 9, 9, 10, 10, 13, 18]),
        ({"times": 2, "pause": "1M"}, [0, 1, 1, 4, 9, 69, 70, 70, 73, 78]),
        ({"times": 2, "pause": 5, "speed": 10}, [0, 0.1, 0.1, 0.4, 0.9, 5.9, 6.0, 6.0, 6.3, 6.8]),
        ({"from": "+10S", "until": "+14S"}, [10, 11, 11]),
        ({"from": "-1S"}, [0, 0, 3, 8]),
        ({"most": 2}, [0, 1]),
        ({"most": 7, "times": None}, [0, 1, 1, 4, 9, 9, 10]),
    ],
)
def test_keys_change_the_schedule(tmp_path: Path, keys: dict, expected: list[float]) -> None:
    assert seconds(records(replay(log(tmp_path / "a.log"), **keys))) == expected


def test_a_recorded_clock_plays_each_record_at_its_own_time(tmp_path: Path) -> None:
    spec = replay(log(tmp_path / "a.log"), clock="recorded")
    made = records(spec, start="2024-03-04T09:00:01Z")
    assert [(record["word"], record["shift"]) for record in made] == [("b", 0), ("c", 0), ("d", 0), ("e", 0)]


def test_the_shift_is_how_many_seconds_later_a_record_is_played(tmp_path: Path) -> None:
    made = records(replay(log(tmp_path / "a.log"), speed=2))
    recorded = [datetime.fromisoformat(record["time"]) - timedelta(seconds=record["shift"]) for record in made]
    assert recorded == [BEGIN + timedelta(seconds=second) for second, _ in ROWS]


@pytest.mark.parametrize("speed", [1, 7, 1.1, 0.3])
def test_a_schedule_does_not_drift_over_a_hundred_thousand_lines(tmp_path: Path, speed: float) -> None:
    random.seed(1)
    at, path = 0, tmp_path / "long.log"
    times = [at := at + random.choice([0, 1, 333, 1_000_003]) for _ in range(100_000)]
    path.write_text("".join(f"{time // 10**6}.{time % 10**6:06} line {time}\n" for time in times))
    spec = replay(path, "shift", speed=speed, time={"patterns": [[r"^\S+", "epoch"]]})
    factor = Fraction(str(speed))
    assert due(spec) == [(time - times[0]) * 1000 * factor.denominator // factor.numerator for time in times]


def test_a_record_that_is_earlier_follows_at_once(tmp_path: Path) -> None:
    path = log(tmp_path / "a.log", [(0, "a"), (5, "b"), (3, "c"), (-2, "d"), (6, "e")])
    made = records(replay(path))
    assert seconds(made) == [0, 5, 5, 5, 6]
    assert [record["shift"] - made[0]["shift"] for record in made] == [0, 0, 2, 7, 0]


def test_records_without_a_time_are_left_out_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(
        "begin\n[2024-03-04 09:00:00] a\n\n[2024-13-04 09:00:00] x\n[2024-02-30 09:00:00] y\n[2024-03-04 09:00:02] b\n"
    )
    loaded = datagen.load(replay(path))
    assert "4 of the first 6 lines have no time that can be read and are left out: 1, 3, 4, 5" in str(
        loaded.warnings[0]
    )
    assert [record["word"] for record in datagen.records(loaded, start=START)] == ["a", "b"]


def gappy(path: Path) -> Path:
    """A log of two mebibytes in which every thousandth line has no time, and the last ones."""
    begin = BEGIN.replace(tzinfo=None)
    lines = [
        f"[{begin + timedelta(seconds=number)}] w{'x' * 60}" if number % 1000 else "broken" for number in range(25_000)
    ]
    path.write_text("\n".join([*lines, "no", "time"]) + "\n")
    return path


@pytest.mark.parametrize("keys", [{}, {"times": 3}])
def test_records_without_a_time_are_counted_to_the_end(tmp_path: Path, keys: dict) -> None:
    report = datagen.run(
        replay(gappy(tmp_path / "a.log"), "word", **keys), {"type": "file", "path": str(tmp_path / "o")}, start=START
    )
    [refused] = report.refused
    assert refused.unreadable == Unreadable(27, (1, 1001, 2001, 3001, 4001), "line")


def test_a_continued_run_counts_those_that_were_left_out_before(tmp_path: Path) -> None:
    spec = replay(gappy(tmp_path / "a.log"), "word")
    target = {"type": "file", "path": str(tmp_path / "o")}
    for count in (24_000, 24_500, None):
        report = datagen.run(spec, target, start=START, seed=1, records=count, state=tmp_path / "state")
    assert report.records == 24_975
    assert [refused.unreadable.count for refused in report.refused] == [27]


def test_the_closing_line_says_what_could_not_be_read(tmp_path: Path, command) -> None:
    spec = write_json(tmp_path / "spec.json", replay(gappy(tmp_path / "a.log"), "word", name="log"))
    said = command("-c", spec, "-s", START, "--seed", 1).err
    assert ', 27 lines of source "log" without a time that can be read left out: 1, 1001, 2001, 3001, 4001, …' in said


def test_the_first_pattern_that_can_be_read_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(
        "2024-03-04T09:00:00Z a\n1709542801 b\nMar  4 09:00:02 c\n2024-03-04T11:00:03+02:00 d\nat 1709542804500 e\n"
    )
    patterns = [
        [r"^\S+", "iso"],
        [r"^(?P<epoch>\d{10}) ", "epoch"],
        ["^.{15}", "%b %d %H:%M:%S"],
        [r"^at (?P<time>\d{13}) (?P<last>\w)", "epoch_ms"],
    ]
    made = records(replay(path, "epoch", "last", time={"patterns": patterns}))
    assert seconds(made) == [0, 1, 2, 3, 4.5]
    assert [(record["epoch"], record["last"]) for record in made] == [
        (None, None),
        (1709542801, None),
        (None, None),
        (None, None),
        (None, "e"),
    ]


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("04/Mar/2024:09:00:00 +0000", "%d/%b/%Y:%H:%M:%S %z"),
        ("04/Mar/2024:10:30:00 +01:30", "%d/%b/%Y:%H:%M:%S %z"),
        ("2024-03-04 09:00:00.000000", "%F %T.%f"),
        ("03/04/24 09:00:00 AM", "%D %I:%M:%S %p"),
        ("Monday March 4 2024 09:00", "%A %B %d %Y %R"),
        ("2024 064 9:00", "%Y %j %H:%M"),
        ("1709542800", "%s"),
        ("100 % 2024-03-04 09:00", "100 %% %F %H:%M"),
        ("2024-03-04 09:00:00 UTC", "%F %T %Z"),
    ],
)
def test_a_format_has_the_codes_of_strptime(tmp_path: Path, text: str, format_: str) -> None:
    path = tmp_path / "a.log"
    path.write_text(f"<{text}>\n")
    spec = replay(path, "shift", time={"patterns": [["<(.*)>", format_]]})
    assert records(spec, start="2024-03-04T09:00:00Z")[0]["shift"] == 0


def test_a_time_without_an_offset_is_on_the_wall_clock_of_the_spec(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2024-03-31 01:59:59 a\n2024-03-31 03:00:00 b\n")
    spec = replay(path, "shift", time={"patterns": [["^.{19}", "%F %T"]]}) | {"timezone": "Europe/Berlin"}
    assert seconds(records(spec)) == [0, 1]


def test_a_pattern_that_only_python_knows_is_searched_for_row_by_row(tmp_path: Path) -> None:
    patterns = [[r"(?<=\[)(.*?)(?=\]) (?P<word>\w+)".replace("(?=\\])", "\\]"), "%Y-%m-%d %H:%M:%S"]]
    loaded = datagen.load(replay(log(tmp_path / "a.log"), time={"patterns": patterns}))
    assert "row by row" in str(loaded.warnings[0])
    assert [record["word"] for record in datagen.records(loaded, start=START)] == list("abcde")


TABLE = {
    "at": [(BEGIN + timedelta(seconds=second)).isoformat() for second, _ in ROWS],
    "word": [word for _, word in ROWS],
    "n": [1, 2, None, 4, 5],
    "x": [0.5, 1.5, 2.5, -3.0, 1e3],
    "on": [True, False, None, True, True],
}


def table_file(folder: Path, name: str) -> Path:
    path = folder / name
    rows = [dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True)]
    match name.split(".")[1]:
        case "csv" | "tsv":
            between = "," if ".csv" in name else "\t"
            cells = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
            text = "\n".join(between.join(row) for row in [list(TABLE), *cells])
            text = text.replace("True", "true").replace("False", "false")
        case "jsonl":
            text = "\n".join(map(json.dumps, rows))
        case "json":
            text = json.dumps(rows)
        case _:
            columns = TABLE | {"at": [BEGIN + timedelta(seconds=second) for second, _ in ROWS]}
            pa.parquet.write_table(pa.table(columns), path)
            return path
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    elif name.endswith(".zst"):
        with pa.output_stream(path, compression="zstd") as stream:
            stream.write(text.encode())
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv", "t.jsonl", "t.json", "t.parquet", "t.csv.gz", "t.csv.zst", "t.jsonl.gz", "t.json.zst"]
)
def test_the_columns_of_a_table_are_variables_with_its_types(tmp_path: Path, name: str) -> None:
    made = records(replay(table_file(tmp_path, name), "word", "n", "x", "on", time={"column": "at"}))
    assert seconds(made) == [0, 1, 1, 4, 9]
    for key in ("word", "n", "x", "on"):
        assert [record[key] for record in made] == TABLE[key]


def test_packed_lines_are_played_as_plain_ones(tmp_path: Path) -> None:
    path = log(tmp_path / "a.log")
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(path.read_bytes()[:50]) + gzip.compress(path.read_bytes()[50:]))
    assert records(replay(tmp_path / "b.log.gz")) == records(replay(path))


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        ("[2024-03-04 09:00:00] a\n  more\n[2024-03-04 09:00:01] b\n", {"record": r"^\["}, ["a\n  more", "b"]),
        ("[2024-03-04 09:00:00] a;[2024-03-04 09:00:01] b;", {"separator": ";"}, ["a", "b"]),
        ("[2024-03-04 09:00:00] a\r\n[2024-03-04 09:00:01] b\r\n", {}, ["a", "b"]),
        ("[2024-03-04 09:00:00] a\n[2024-03-04 09:00:01] b", {}, ["a", "b"]),
    ],
)
def test_what_separates_records_can_be_said(tmp_path: Path, text: str, keys: dict, expected: list[str]) -> None:
    (tmp_path / "a.log").write_bytes(text.encode())
    made = records(replay(tmp_path / "a.log", "line", **keys))
    assert [record["line"].partition("] ")[2] for record in made] == expected


def test_cells_in_no_plain_form_are_texts_and_types_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("at,code,plus,n\n2024-03-04T09:00:00Z,007,+1,7\n")
    made = records(replay(tmp_path / "t.csv", "code", "plus", "n", time={"column": "at"}, types={"n": "text"}))
    assert [made[0][key] for key in ("code", "plus", "n")] == ["007", "+1", "7"]


def test_own_variables_are_made_of_the_recorded_ones(tmp_path: Path) -> None:
    upper = {"name": "loud", "type": "expression", "value": "upper(word) + '!'"}
    made = records(replay(log(tmp_path / "a.log"), "loud", variables=[upper]))
    assert [record["loud"] for record in made] == ["A!", "B!", "C!", "D!", "E!"]


def test_who_is_turned_away_leaves_the_values_of_others_as_they_are(tmp_path: Path) -> None:
    spec = replay(log(tmp_path / "a.log"), max_workers=1, when_full="drop")
    spec["states"][0]["delay"] = {"type": "constant", "value": 2}
    assert [record["word"] for record in records(spec)] == ["a", "d", "e"]


def test_a_path_is_relative_to_the_spec(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    log(tmp_path / "data/a.log")
    (tmp_path / "spec.json").write_text(json.dumps(replay(Path("data/a.log"))))
    assert len(list(datagen.records(tmp_path / "spec.json", start=START))) == 5


def long_log(path: Path, lines: int = 60_000) -> Path:
    """A log of several blocks."""
    random.seed(2)
    second = 0
    rows = [(second := second + random.choice([0, 1, 2]), f"w{number}" + 40 * "x") for number in range(lines)]
    return log(path, rows)


@pytest.mark.parametrize("keys", [{}, {"times": 2, "pause": 3}, {"speed": 3, "max_workers": 5, "when_full": "drop"}])
def test_a_run_that_is_continued_amid_a_file_gives_the_same_bytes(tmp_path: Path, keys: dict) -> None:
    spec = replay(long_log(tmp_path / "a.log"), "word", "shift", **keys)
    spec["states"][0]["delay"] = {"type": "constant", "value": 5}

    def begun():
        return run_of(spec, None, max_workers=10**6, clock=SteppingClock(parse_moment(START), 4000 * 10**9))

    def lines(run, windows=None):
        writer = Json().begin(run.layout)
        for number, window in enumerate(run.windows(), 1):
            for batch in window.batches:
                yield from bytes(writer.lines(batch).data).splitlines()
            if number == windows:
                return

    whole = list(lines(begun()))
    for windows in (1, 3, 8):
        first, second = begun(), begun()
        before = list(lines(first, windows))
        second.restore(unpack(pack(first.snapshot())))
        assert before + list(lines(second)) == whole


def test_threads_and_windows_change_no_byte(tmp_path: Path) -> None:
    spec = replay(long_log(tmp_path / "a.log", 30_000), "word", "shift")
    assert records(spec, threads=1) == records(spec, threads=4)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"speed": 1.3, "times": 3, "pause": 2},
        {"from": "-3S", "max_workers": 1, "when_full": "drop"},
        {"times": 2, "from": "+2S", "until": "+11S", "max_workers": 2},
        {"max_workers": 1, "when_full": {"state": "t"}, "most": 6},
    ],
)
def test_the_engine_equals_the_oracle(tmp_path: Path, keys: dict) -> None:
    rows = [(0, "a"), (1, "b"), (1, "c"), (0.5, "d"), (7, "e"), (7.25, "f"), (9, "g")]
    lines = [f"{(BEGIN + timedelta(seconds=second)).isoformat()} {word}" for second, word in rows]
    (tmp_path / "a.log").write_text("\n".join([*lines[:3], "no time", *lines[3:]]))
    (tmp_path / "t.csv").write_text("at\n2024-01-01T00:00:04Z\n2024-01-01T00:00:02Z\n2023-12-31T00:00:00Z\n")
    delay = {"type": "exponential", "mean": 2}
    ways = {"t": 0.5, "stop": 0.5}
    spec = world(
        *read("word", "line", "shift", "loud"), states=[state("s", ways, delay=delay), state("t", delay=delay)]
    )
    del spec["interarrival"]
    time = {"patterns": [[r"^(?P<time>\S+) (?P<word>\w+)", "iso"]]}
    own = [{"name": "loud", "type": "expression", "value": "word + text(shift)"}]
    spec["arrivals"] = [
        {"name": "r", "type": "replay", "path": str(tmp_path / "a.log"), "time": time, "variables": own} | keys,
        {"name": "l", "type": "timestamps", "path": str(tmp_path / "t.csv"), "column": "at"},
    ]
    assert_equal(spec, {"seed": 3, "records": 60, "start": START})


def test_a_change_while_a_file_is_played_ends_the_run(tmp_path: Path) -> None:
    path = long_log(tmp_path / "a.log")
    made = datagen.records(datagen.load(replay(path)), start=START)
    next(made)
    with path.open("a") as file:
        file.write("more\n")
    with pytest.raises(RunFailed, match="the file was changed while it is played"):
        list(made)


def test_a_later_cell_that_does_not_fit_ends_the_run_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{BEGIN.isoformat()},{number}{'0' * 10}" for number in range(1, 60_000)]
    path.write_text("\n".join(["at,n", *rows, f"{BEGIN.isoformat()},many"]))
    with pytest.raises(RunFailed, match=r't.csv: line 60001: "n" is taken for a whole number, found "many"'):
        records(replay(path, "n", time={"column": "at"}))


def test_another_end_of_the_file_is_another_run(tmp_path: Path) -> None:
    path = log(tmp_path / "a.log")
    (tmp_path / "spec.json").write_text(json.dumps(replay(path)))
    command = ["-c", str(tmp_path / "spec.json"), "-s", START, "--seed", "1", "--state", str(tmp_path / "state")]
    target = tmp_path / "t.json"
    target.write_text(json.dumps({"type": "file", "path": str(tmp_path / "out.json")}))
    run = [sys.executable, "-m", "datagen", *command, "-t", str(target), "-n"]
    assert subprocess.run([*run, "2"], capture_output=True).returncode == 0
    assert subprocess.run([*run, "3"], capture_output=True).returncode == 0
    with path.open("a") as file:
        file.write("[2024-03-04 10:00:00] z\n")
    again = subprocess.run([*run, "4"], capture_output=True, text=True)
    assert again.returncode == 2
    assert "another" in again.stderr


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"path": "nowhere.log"}, "arrivals.path: nowhere.log can't be read: No such file or directory"),
        ({"path": "."}, "can't be read"),
        ({"path": 5}, "arrivals.path: must be the name of a file, found 5"),
        ({"path": "EMPTY"}, "is empty"),
        ({"path": "NO_TIMES"}, "no record has a time that can be read"),
        ({"time": {}}, 'arrivals.time: "patterns" is required where the line says the time'),
        ({"time": {"column": "when"}}, 'there is no column "when"'),
        ({"time": {"patterns": [["(", "%F"]]}}, "arrivals.time.patterns[0]: is no regular expression"),
        ({"time": {"patterns": [["x", "%Q"]]}}, "arrivals.time.patterns[0]: unknown code %Q"),
        ({"time": {"patterns": [["x", "when"]]}}, "arrivals.time.patterns[0]: has no code of a time"),
        ({"time": {"patterns": [["x", "%d %d"]]}}, "arrivals.time.patterns[0]: %d stands twice"),
        (
            {"time": {"patterns": ["x"]}},
            "arrivals.time.patterns[0]: must be a list of a regular expression and a format",
        ),
        ({"speed": 0}, "arrivals.speed"),
        ({"times": 0}, "arrivals.times"),
        ({"count": 2}, "arrivals.count: a replayed record is one worker"),
        ({"clock": "recorded", "speed": 2}, 'arrivals.speed: can\'t be with the clock "recorded"'),
        (
            {"variables": [{"name": "word", "type": "counter"}]},
            'arrivals.variables[0].name: the replayed record has a variable "word" already',
        ),
        ({"record": "("}, "arrivals.record: is no regular expression"),
        ({"format": "parquet", "time": {"column": "at"}}, "a.log"),
        ({"format": "json", "time": {"column": "at"}}, "a.log"),
        ({"types": {"word": "integer"}}, 'line 1: "word" is taken for a whole number'),
    ],
)
def test_what_can_not_be_played_is_a_problem_with_its_place(tmp_path: Path, keys: dict, expected: str) -> None:
    files = {"EMPTY": "", "NO_TIMES": "one\ntwo\n"}
    if keys.get("path") in files:
        (tmp_path / "bad.log").write_text(files[str(keys["path"])])
        keys = {"path": str(tmp_path / "bad.log")}
    found = problems(replay(log(tmp_path / "a.log")) | {"arrivals": replay(tmp_path / "a.log")["arrivals"] | keys})
    assert len(found) == 1
    assert expected in found[0]


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    spec = replay(tmp_path / "no.log", count=2)
    spec["states"][0]["transitions"][0]["next"] = "nowhere"
    assert sorted(problem.split(": ")[1] for problem in problems(spec)) == [
        "arrivals.count",
        "arrivals.path",
        "states[0].transitions[0].next",
    ]
