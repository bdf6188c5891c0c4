"""Targets: standard output and files; what was there before is not lost for a mistake."""

import ctypes
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading

import pytest

from datagen.problems import counted
from tests.worlds import ROOT, START, counter, enum, exponential, uniform, world, write_json

RUN = ("-s", START, "--seed", "1")
FAT = world({"name": "x", "type": "string", "length_distribution": uniform(50, 200)})


@pytest.fixture
def to_file(generate, tmp_path):
    """Run a spec whose target is ``out.txt``."""

    def run(spec: dict, *arguments: object, **target: object):
        return generate(spec | {"target": {"type": "file", "path": str(tmp_path / "out.txt"), **target}}, *arguments)

    return run


# Which target


def test_without_a_target_records_go_to_standard_output(generate) -> None:
    assert len(generate(world(), "-n", 3).lines) == 3


def test_the_target_of_the_spec_is_used(to_file, tmp_path) -> None:
    outcome = to_file(world(counter("n")), "-n", 3)
    assert (outcome.code, outcome.data) == (0, b"")
    assert [json.loads(line)["n"] for line in (tmp_path / "out.txt").read_text().splitlines()] == [0, 1, 2]


@pytest.mark.parametrize("option", ["-t", "-o", "--target"])
@pytest.mark.parametrize("kind", ["stdout", "STDOUT", "Stdout"])
def test_the_target_of_the_command_wins(to_file, tmp_path, option: str, kind: str) -> None:
    target = write_json(tmp_path / "target.json", {"_comment": "mine", "$schema": "x", "type": kind})
    outcome = to_file(world(), "-n", 3, option, target)
    assert len(outcome.lines) == 3
    assert not (tmp_path / "out.txt").exists()


def test_a_path_counts_from_the_current_directory(generate, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    assert generate(world() | {"target": {"type": "file", "path": "sub/ä b.json"}}, "-n", 2).code == 0
    assert len((tmp_path / "sub" / "ä b.json").read_text().splitlines()) == 2


# Replace and append


def test_a_file_is_replaced(to_file, tmp_path) -> None:
    (tmp_path / "out.txt").write_text("old\n" * 1000)
    to_file(world(counter("n")), "-n", 2)
    assert len((tmp_path / "out.txt").read_text().splitlines()) == 2
    assert "old" not in (tmp_path / "out.txt").read_text()


def test_a_file_is_appended_to(to_file, tmp_path) -> None:
    (tmp_path / "out.txt").write_text("old\n")
    to_file(world(counter("n")), "-n", 2, append=True)
    to_file(world(counter("n")), "-n", 1, append=True)
    old, *records = (tmp_path / "out.txt").read_text().splitlines()
    assert old == "old"
    assert [json.loads(line)["n"] for line in records] == [0, 1, 0]


def test_append_false_replaces(to_file, tmp_path) -> None:
    (tmp_path / "out.txt").write_text("old\n")
    to_file(world(), "-n", 1, append=False)
    assert len((tmp_path / "out.txt").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("before", "append", "expected"),
    [
        (None, True, ["time,n", "0", "1"]),
        ("", True, ["time,n", "0", "1"]),
        ("time,n\nx,9\n", True, ["time,n", "9", "0", "1"]),
        ("time,n\nx,9\n", False, ["time,n", "0", "1"]),
        (None, False, ["time,n", "0", "1"]),
    ],
)
def test_a_csv_header_is_not_repeated_when_a_file_is_appended_to(to_file, tmp_path, before, append, expected) -> None:
    if before is not None:
        (tmp_path / "out.txt").write_text(before)
    assert to_file(world(counter("n")), "-n", 2, "-f", "csv", append=append).code == 0
    header, *rows = (tmp_path / "out.txt").read_text().splitlines()
    assert [header, *(row.rpartition(",")[2] for row in rows)] == expected


# Nothing is touched before all is valid


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize(
    ("change", "arguments"),
    [
        ({"states": []}, []),
        ({"interarrival": {"type": "exponential", "mean": 0}}, []),
        ({"unknown": 1}, []),
        (
            {
                "emitters": [
                    {
                        "name": "e",
                        "dimensions": [
                            {
                                "name": "x",
                                "type": "int",
                                "distribution": uniform(0, 1),
                                "cardinality": 3,
                                "cardinality_distribution": uniform(0, 2),
                            }
                        ],
                    }
                ]
            },
            [],
        ),
        ({}, ["-f", "nosuch"]),
        ({}, ["-f", "PATTERN"]),
        ({}, ["-n", "-1"]),
        ({}, ["-m", "0"]),
        ({}, ["-r", "1 fortnight"]),
        ({}, ["-s", "tomorrow"]),
        ({}, ["--plugins", "nosuch.py"]),
        ({}, ["--nosuch"]),
        ({"interarrival": {"type": "constant", "value": 0}}, ["-r", "1S"]),
        ({}, ["--check"]),
    ],
)
def test_a_file_is_left_alone_when_anything_is_wrong(to_file, tmp_path, change, arguments, append) -> None:
    (tmp_path / "out.txt").write_text("precious\n")
    pattern = tmp_path / "pattern.txt"
    pattern.write_text("{{nosuch}}")
    arguments = [pattern if part == "PATTERN" else part for part in arguments]
    outcome = to_file(world() | change, *arguments, append=append)
    assert outcome.code == (0 if "--check" in arguments else 2)
    assert outcome.data == b""
    assert (tmp_path / "out.txt").read_text() == "precious\n"


@pytest.mark.parametrize("change", [{"states": []}, {"unknown": 1}])
def test_no_file_is_made_when_anything_is_wrong(to_file, tmp_path, change: dict) -> None:
    assert to_file(world() | change, "-n", 1).code == 2
    assert not (tmp_path / "out.txt").exists()


# What can't be a target


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ({"type": "file", "path": "{dir}"}, ["is a directory"]),
        ({"type": "file", "path": "{dir}/none/out.json"}, ["none does not exist"]),
        ({"type": "file", "path": "{dir}/spec.json/out.json"}, ["spec.json"]),
        ({"type": "file", "path": ""}, ["path"]),
        ({"type": "file", "path": "a\0b"}, ["null character"]),
        ({"type": "file"}, ['"path" is required']),
        ({"type": "file", "path": 5}, ["must be a valid string, found 5"]),
        ({"type": "file", "path": "{dir}/x", "append": "yes"}, ["append"]),
        ({"type": "file", "path": "{dir}/x", "apend": True}, ['unknown key "apend"', 'did you mean "append"']),
        ({"type": "stdout", "path": "x"}, ['unknown key "path"']),
        ({"type": "stduot"}, ["unknown target type", 'did you mean "stdout"']),
        ({"path": "x"}, ['"type" is required']),
        ({"type": None}, ["type"]),
        ("stdout", ["must be an object"]),
        (["stdout"], ["must be an object"]),
    ],
)
@pytest.mark.parametrize("place", ["spec", "option"])
def test_a_wrong_target_is_refused(generate, tmp_path, target: object, parts: list[str], place: str) -> None:
    target = json.loads(json.dumps(target).replace("{dir}", str(tmp_path)))
    if place == "spec":
        outcome = generate(world() | {"target": target}, "-n", 1)
    else:
        outcome = generate(world(), "-n", 1, "-t", write_json(tmp_path / "target.json", target))
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(part in outcome.err for part in parts)
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("content", "parts"),
    [("{", ["target.json:1:2: is not JSON"]), ('{"type": "file",\n "pth": "x"}', ["target.json:2:2", '"pth"'])],
)
def test_a_target_file_has_its_own_places(generate, tmp_path, content: str, parts: list[str]) -> None:
    (tmp_path / "target.json").write_text(content)
    outcome = generate(world(), "-n", 1, "-t", tmp_path / "target.json")
    assert outcome.code == 2
    assert all(part in outcome.err for part in parts)


def test_a_missing_target_file_is_refused(generate) -> None:
    outcome = generate(world(), "-n", 1, "-t", "no/such/target.json")
    assert outcome.code == 2
    assert "no/such/target.json: there is no such file; a target is" in outcome.err


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
@pytest.mark.parametrize("append", [False, True])
def test_the_spec_itself_is_no_target(generate, tmp_path, link, append: bool) -> None:
    path = tmp_path / ("spec.json" if link is None else "other.json")
    if link:
        (tmp_path / "spec.json").touch()
        link(tmp_path / "spec.json", path)
    spec = world() | {"target": {"type": "file", "path": str(path), "append": append}}
    outcome = generate(spec, "-n", 1)
    assert outcome.code == 2
    assert outcome.err.startswith(f"target file {path}: ")
    assert " is read for this run; it would be overwritten" in outcome.err
    assert json.loads((tmp_path / "spec.json").read_text()) == spec


@pytest.mark.parametrize("which", ["target", "pattern"])
def test_no_other_file_that_is_read_is_a_target(generate, tmp_path, which: str) -> None:
    pattern = tmp_path / "pattern"
    pattern.write_text("{{time}}")
    path = pattern if which == "pattern" else tmp_path / "target.json"
    target = write_json(tmp_path / "target.json", {"type": "file", "path": str(path)})
    before = path.read_bytes()
    assert generate(world(), "-n", 1, "-f", pattern, "-t", target).code == 2
    assert path.read_bytes() == before


def without_the_power_of_root() -> None:
    """Let permissions count for root too, after the next exec: drop two capabilities (capabilities(7), prctl(2))."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def test_a_file_that_may_not_be_written_is_refused(process, tmp_path) -> None:
    (tmp_path / "out.json").write_text("precious")
    (tmp_path / "out.json").chmod(0o444)
    write_json(tmp_path / "spec.json", world() | {"target": {"type": "file", "path": "out.json"}})
    outcome = process("-c", "spec.json", *RUN, "-n", "1", preexec_fn=without_the_power_of_root)
    assert (outcome.code, outcome.data) == (2, b"")
    assert "out.json may not be written" in outcome.err
    assert (tmp_path / "out.json").read_text() == "precious"


def test_a_directory_that_may_not_be_written_is_refused(process, tmp_path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    write_json(tmp_path / "spec.json", world() | {"target": {"type": "file", "path": "closed/out.json"}})
    outcome = process("-c", "spec.json", *RUN, "-n", "1", preexec_fn=without_the_power_of_root)
    assert (outcome.code, outcome.data) == (2, b"")
    assert "closed may not be written" in outcome.err


@pytest.mark.parametrize(
    "target",
    [
        {"type": "file", "path": "locked/o.json"},
        {"type": "file", "path": "locked/in/o.json"},
        {"type": "file", "path": "locked/in/{{a}}.json"},
        {"type": "file", "path": "locked/in/%Y.json"},
        {"type": "file", "path": "locked/in/o.json", "rotate": {"records": 2}},
        {"type": "parquet", "path": "locked/in/p"},
    ],
)
def test_a_folder_that_may_not_be_searched_is_refused(process, tmp_path, target: dict) -> None:
    (tmp_path / "locked").mkdir(mode=0o000)
    write_json(tmp_path / "spec.json", world(counter("a")) | {"target": target})
    outcome = process("-c", "spec.json", *RUN, "-n", "1", preexec_fn=without_the_power_of_root)
    assert (outcome.code, outcome.data) == (2, b"")
    assert "may not be written" in outcome.err
    assert "Traceback" not in outcome.err


LONG = "x" * 256


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"type": "file", "path": LONG}, "File name too long"),
        ({"type": "file", "path": f"no/{LONG}/{{{{a}}}}.json"}, "File name too long"),
        ({"type": "file", "path": f"{LONG}/%Y.json"}, "File name too long"),
        ({"type": "file", "path": f"{LONG}/o.json", "rotate": {"records": 2}}, "File name too long"),
        ({"type": "file", "path": "x" * 250, "rotate": {"records": 2}}, "File name too long"),
        ({"type": "file", "path": "x" * 250, "atomic": True}, "File name too long"),
        ({"type": "file", "path": "d/" * 2048 + "{{a}}"}, "File name too long"),
        ({"type": "file", "path": "./" * 2044 + "o.json", "rotate": {"records": 2}}, "File name too long"),
        ({"type": "file", "path": "{{a}}\0.json"}, "null character"),
        ({"type": "parquet", "path": LONG}, "File name too long"),
        ({"type": "parquet", "path": "x" * 240 + ".parquet"}, "File name too long"),
        ({"type": "parquet", "path": "d/" * 2048}, "File name too long"),
    ],
)
def test_a_name_that_no_file_can_have_is_refused(generate, tmp_path, monkeypatch, target: dict, reason: str) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = generate(world(counter("a")) | {"target": target}, "-n", 1)
    assert outcome.code == 2
    assert reason in outcome.err


@pytest.mark.parametrize("keys", [{}, {"rotate": {"records": 2}}, {"atomic": True}])
def test_a_name_as_long_as_a_file_may_have_is_taken(generate, tmp_path, monkeypatch, keys: dict) -> None:
    monkeypatch.chdir(tmp_path)
    target = {"type": "file", "path": "x" * (249 if keys else 255), **keys}
    assert generate(world() | {"target": target}, "-n", 1).code == 0


# What goes wrong on the way


def test_a_full_disk_ends_the_run_with_a_message(process, tmp_path) -> None:
    write_json(tmp_path / "spec.json", FAT | {"target": {"type": "file", "path": "/dev/full"}})
    outcome = process("-c", "spec.json", *RUN, "-n", 1000)
    assert outcome.code == 1
    assert "writing to file /dev/full: No space left on device" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_a_full_disk_behind_standard_output_too(process, tmp_path, format_: str) -> None:
    write_json(tmp_path / "spec.json", FAT)
    with open("/dev/full", "wb") as full:
        outcome = process(
            "-c", "spec.json", *RUN, "-n", 1000, "-f", format_, stdout=full, stderr=-1, capture_output=False
        )
    assert outcome.code == 1
    assert re.search(r"writing to (stdout|standard output): No space left on device", outcome.err)
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("limit", [40_960, 1_000_000, 7])
@pytest.mark.parametrize("format_", ["json", "csv"])
def test_a_full_disk_leaves_whole_records(process, tmp_path, append: bool, limit: int, format_: str) -> None:
    before = b"time,x\nold,1\n" if append else b""
    target = {"type": "file", "path": "out", "append": append}
    (tmp_path / "out").write_bytes(b"time,x\nold,1\n")
    write_json(tmp_path / "spec.json", FAT | {"target": target})

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + limit, len(before) + limit))

    outcome = process("-c", "spec.json", *RUN, "-n", 50_000, "-f", format_, preexec_fn=small_disk)
    found = (tmp_path / "out").read_bytes()
    assert outcome.code == 1
    assert "writing to file out: File too large" in outcome.err
    assert found.startswith(before)
    whole = found[len(before) :]
    assert whole == b"" or whole.endswith(b"\n")
    assert limit - 400 < len(whole) <= limit or limit == 7
    header = format_ == "csv" and not append and bool(whole)
    assert f"({counted(whole.count(10) - header, 'record')} delivered)" in outcome.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_fast_run_at_a_record_boundary(tmp_path, number: int) -> None:
    target = {"type": "file", "path": "out.json"}
    write_json(tmp_path / "spec.json", world(counter("n"), gap=exponential(1)) | {"target": target})
    line = [sys.executable, ROOT / "generator.py", "-c", "spec.json", *RUN]
    running = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE)
    while not (tmp_path / "out.json").exists() or not (tmp_path / "out.json").stat().st_size:
        assert running.poll() is None
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    lines = (tmp_path / "out.json").read_text().splitlines()
    assert running.returncode == 0
    assert [json.loads(line)["n"] for line in (lines[0], lines[-1])] == [0, len(lines) - 1]
    assert err.decode().splitlines()[-1].startswith(f"{len(lines)} records, ")


def test_a_named_pipe_is_a_target(generate, tmp_path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    outcome = generate(world(enum("a", 1)) | {"target": {"type": "file", "path": str(pipe)}}, "-n", 500, "-f", "csv")
    reader.join(timeout=60)
    assert outcome.code == 0
    assert read[0].count(b"\n") == 501
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_that_vanishes_is_a_failure_and_no_traceback(generate, tmp_path) -> None:
    """Valid when it is checked, not any more when it is opened."""
    plugin = tmp_path / "target.py"
    plugin.write_text(
        "from datagen.targets.files.file import File\n"
        "class Vanishing(File):\n"
        '    """It can be checked and not opened."""\n'
        "    kind = 'vanishing'\n"
        "    def unwritable(self):\n"
        "        return None\n"
    )
    path = str(tmp_path / "none" / "out.json")
    outcome = generate(world() | {"target": {"type": "vanishing", "path": path}}, "-n", 1, "--plugins", plugin)
    assert outcome.code == 1
    assert "No such file or directory" in outcome.err
    assert outcome.err.startswith("writing to")


def test_a_reader_that_is_gone_before_the_header_is_no_failure(tmp_path) -> None:
    line = [sys.executable, ROOT / "generator.py", "-c", ROOT / "conf/gen/example.json", *RUN, "-n", "5", "-f", "csv"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(line, stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert done.returncode == 0, done.stderr


def test_two_names_of_one_file_are_one_file(generate, tmp_path) -> None:
    (tmp_path / "a").touch()
    os.link(tmp_path / "a", tmp_path / "b")
    outcome = generate(world() | {"target": [{"type": "file", "path": str(tmp_path / name)} for name in "ab"]}, "-n", 1)
    assert outcome.code == 2
    assert "two targets write to it; their records would be mixed" in outcome.err
