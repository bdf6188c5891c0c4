"""Continuing: a killed run goes on where its targets stood, and all runs together give the bytes of one."""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext, suppress
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from datagen.delivery import resume as journals
from datagen.delivery.resume import Journal
from datagen.delivery.snapshot import pack, unpack
from datagen.delivery.state_store import Directory
from datagen.engine import walk
from datagen.plugin.target import Gather, Undelivered
from datagen.problems import InvalidInput, RunFailed
from tests.lanes import Killed, Recorder, Recording, deliver
from tests.servers import installed
from tests.worlds import ROOT, counter, enum, exponential, integer, read, state, uniform, world, write_json

# Everything that a run remembers: counters, pools, variables of all kinds, the living, a limit that holds back.
RICH = {
    "states": [
        state(
            "in",
            {"on": 0.8, "stop": 0.2},
            variables=[enum("v", "a", "b", None), counter("c"), integer("big", uniform(0, 10**6), percent_nulls=9)],
            delay=exponential(2),
        ),
        state("on", {"on": 0.7, "in": 0.2, "stop": 0.1}, delay=exponential(1), variables=[counter("d", increment=7)]),
    ],
    "emitters": [
        {
            "name": "e",
            "dimensions": [
                counter("n"),
                read("v"),
                read("c"),
                read("big"),
                read("d"),
                {
                    "name": "s",
                    "type": "string",
                    "length_distribution": uniform(1, 5),
                    "cardinality": 20,
                    "cardinality_distribution": uniform(0, 19),
                    "percent_missing": 10,
                },
            ],
        }
    ],
    "interarrival": exponential(0.02),
}


@pytest.fixture(autouse=True)
def snapshots_all_the_time(monkeypatch) -> None:
    monkeypatch.setattr(journals, "_SNAPSHOT_EVERY", 0)
    monkeypatch.setattr(journals, "_SHARE", 0)


@pytest.fixture
def journal(tmp_path):
    return lambda: Journal(Directory(str(tmp_path / "state")), "state here")


@cache
def rich(records: int) -> list[bytes]:
    return whole(RICH, records)


def whole(spec: dict, records: int, **keys: object) -> list[bytes]:
    target = Recorder(**keys)
    deliver(spec, [target], records)
    return target.lines


def killed_and_continued(journal, spec: dict, records: int, kills: list[int], **keys: object) -> list[list[bytes]]:
    """What each of the processes delivered, of which all but the last are killed at some write."""
    found = []
    for kill in [*kills, None]:
        target = Recorder(**keys)
        writes = [0]

        def die(target: Recorder, _: object, writes=writes, kill=kill) -> None:
            writes[0] += 1
            if writes[0] == kill:
                raise Killed

        kept = journal()
        with nullcontext() if kill is None else suppress(RunFailed):
            deliver(spec, [target.before(die)], records, journal=kept)
        kept.close()
        found.append(target.lines)
    return found


@pytest.mark.parametrize("kills", [[1], [2], [7], [8], [1, 1, 1], [3, 6, 2, 5], [8, 7, 6, 5, 4, 3]])
def test_a_killed_run_goes_on_where_it_was_killed(journal, kills: list[int]) -> None:
    found = killed_and_continued(journal, RICH, 200_000, kills)
    assert [line for lines in found for line in lines] == rich(200_000)
    assert len([lines for lines in found if lines]) > 1 or kills == [1] * len(kills)


def test_a_run_is_not_computed_again_from_its_beginning(journal, monkeypatch) -> None:
    monkeypatch.setattr(walk, "_MOST_ROWS", 8192)
    killed_and_continued(journal, RICH, 400_000, [40])
    kept = journal()
    assert kept.snapshot is not None
    assert kept.snapshot["emitted"] > 100_000
    kept.close()


def test_a_run_that_is_done_delivers_nothing_more(journal) -> None:
    first, second = killed_and_continued(journal, RICH, 1000, [10**9])
    assert (len(first), len(second)) == (1000, 0)


def test_a_run_that_is_done_can_be_made_longer(journal) -> None:
    target = Recorder()
    for records in (1000, 3000):
        kept = journal()
        deliver(RICH, [target], records, journal=kept)
        kept.close()
    assert target.lines == whole(RICH, 3000)


def test_a_run_that_ended_inside_a_window_can_be_made_longer(journal) -> None:
    class Patient(Recording):
        gather = Gather(10**9, 10**12, 10**9)

    spec, target = world(counter("n"), gap=0.0001), Recorder(sink=Patient)
    for records in (5, 3000):
        kept = journal()
        deliver(spec, [target], records, journal=kept)
        kept.close()
    assert target.lines == whole(spec, 3000)


def test_each_target_goes_on_where_it_was(journal) -> None:
    """One target is far ahead of the other when the process is killed."""
    quick, slow = Recorder(), Recorder()
    for _ in range(3):
        writes = [0]

        def die(*_: object, writes=writes) -> None:
            writes[0] += 1
            if writes[0] == 4:
                raise Killed

        kept = journal()
        with pytest.raises(RunFailed):
            deliver(RICH, [quick, slow.before(die)], 500_000, journal=kept)
        kept.close()
        slow.acts.clear()
    kept = journal()
    deliver(RICH, [quick, slow], 500_000, journal=kept)
    kept.close()
    assert quick.lines == slow.lines == whole(RICH, 500_000)


def test_a_target_is_opened_where_it_stood(journal) -> None:
    target = Recorder().before(lambda target, _: fail() if len(target.lines) > 100 else None)
    kept = journal()
    with pytest.raises(RunFailed):
        deliver(RICH, [target], 9000, journal=kept)
    kept.close()
    target.acts.clear()
    before = len(target.lines)
    kept = journal()
    deliver(RICH, [target], 9000, journal=kept)
    kept.close()
    assert target.positions == [None, {"lines": before}]


def fail() -> None:
    raise Undelivered("no more")


# The command


SPEC = world(counter("n"), enum("x", "a", "b"), states=[state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(1))])


@pytest.fixture
def continued(generate, tmp_path):
    def run(*arguments: object, spec: dict = SPEC, **keys: object):
        target = {"type": "file", "path": str(tmp_path / "out.json"), **keys}
        target = write_json(tmp_path / "t.json", target)
        return generate(spec, "-t", target, "--state", tmp_path / "state", *arguments)

    return run


def test_the_command_continues_a_file(continued, generate, tmp_path) -> None:
    assert continued("-n", 1000).code == 0
    outcome = continued("-n", 5000)
    assert "5000 records, " in outcome.err
    assert "continued after 1000 records" in outcome.err
    assert (tmp_path / "out.json").read_bytes() == generate(SPEC, "-n", 5000).data


def test_a_file_is_cut_back_to_the_last_acknowledged_record(continued, generate, tmp_path) -> None:
    continued("-n", 1000)
    with (tmp_path / "out.json").open("ab") as file:
        file.write(b'{"half":')
    continued("-n", 5000)
    assert (tmp_path / "out.json").read_bytes() == generate(SPEC, "-n", 5000).data


def test_a_file_that_has_lost_records_is_not_continued(continued, tmp_path) -> None:
    continued("-n", 1000)
    (tmp_path / "out.json").write_text("")
    outcome = continued("-n", 5000)
    assert outcome.code == 1
    assert "out.json" in outcome.err
    assert (tmp_path / "out.json").read_text() == ""


def test_the_seed_is_kept(command, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", SPEC)
    arguments = ("-c", spec, "-s", "2024-01-01", "--state", tmp_path / "state")
    first = command(*arguments, "-n", 100)
    second = command(*arguments, "-n", 200)
    seed = first.err.split("seed ")[1].split()[0]
    assert f"seed {seed}" in second.err
    assert first.data + second.data == command("-c", spec, "-s", "2024-01-01", "-n", 200, "--seed", seed).data


@pytest.mark.parametrize(
    ("arguments", "spec", "what"),
    [
        (("--seed", 2), SPEC, "different: seed"),
        (("-m", 5), SPEC, "different: limit of workers"),
        (("-s", "2025-01-01"), SPEC, "different: start"),
        ((), SPEC | {"interarrival": exponential(2)}, "different: spec"),
        (("-f", "csv"), SPEC, "different: targets or formats"),
        (("-s", "2025-01-01", "--seed", 2), SPEC, "different: seed, start"),
    ],
)
def test_a_state_of_another_run_is_refused(continued, tmp_path, arguments, spec, what: str) -> None:
    continued("-n", 10)
    before = (tmp_path / "out.json").read_text()
    outcome = continued("-n", 20, *arguments, spec=spec)
    assert outcome.code == 2
    assert f"belongs to a different run ({what})" in outcome.err
    assert (tmp_path / "out.json").read_text() == before


LATE = {"through": [{"type": "late", "share": 0.3, "delay": {"type": "constant", "value": 5}}]}


def test_a_run_whose_stages_gave_what_they_held_can_not_be_made_longer(continued) -> None:
    """What was let out at the end of the shorter run would not be the beginning of the longer one."""
    assert continued("-n", 1000, **LATE).code == 0
    refused = continued("-n", 2000, **LATE)
    assert refused.code == 2
    assert "belongs to a different run (different: number of records or duration, or another end" in refused.err
    assert continued("-n", 1000, **LATE).code == 0


def test_an_audit_of_a_state_knows_that_stages_gave_what_they_held(continued, tool, tmp_path) -> None:
    continued("-n", 1000, **LATE)
    options = ("-c", tmp_path / "spec.json", "-t", tmp_path / "t.json", "--state", tmp_path / "state")
    outcome = tool("audit", *options)
    assert (outcome.code, "1000 expected, 1000 found, 0 missing" in outcome.out) == (0, True), outcome.out + outcome.err


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda tmp_path: write_json(tmp_path / "t.json", [{"type": "stdout"}] * 2), "two targets write to it"),
        (lambda tmp_path: write_json(tmp_path / "t.json", {"type": "stdout"}), "different: targets or formats"),
        (lambda tmp_path: write_json(tmp_path / "spec.json", world()), "different: spec"),
    ],
)
def test_an_audit_refuses_the_state_of_another_run(continued, tool, tmp_path, change, what: str) -> None:
    continued("-n", 10)
    change(tmp_path)
    outcome = tool(
        "audit", "-c", tmp_path / "spec.json", "-t", tmp_path / "t.json", "--state", tmp_path / "state", "-n", 10
    )
    assert outcome.code == 2
    assert what in outcome.err


def test_an_audit_makes_no_state(tool, tmp_path) -> None:
    outcome = tool("audit", "-c", write_json(tmp_path / "spec.json", SPEC), "--state", tmp_path / "typo")
    assert outcome.code == 2
    assert "No such file or directory" in outcome.err
    assert not (tmp_path / "typo").exists()


def test_what_was_written_before_the_first_acknowledgement_is_cut_off(journal) -> None:
    """A target learns where it stood when it was opened, so that a file that is appended to can be cut back."""
    target = Recorder().before(lambda *_: fail())
    target.lines.extend([b"of another run"] * 7)
    for _ in range(2):
        kept = journal()
        with pytest.raises(RunFailed):
            deliver(RICH, [target], 10, journal=kept)
        kept.close()
    assert target.positions == [None, {"lines": 7}]


@pytest.mark.parametrize("end", [(), ("-n", 20)])
def test_a_backfill_that_is_continued_without_its_start_is_refused(command, continued, tmp_path, end: tuple) -> None:
    continued("-n", 10)
    options = ("-c", tmp_path / "spec.json", "-t", tmp_path / "t.json", "--state", tmp_path / "state")
    before = (tmp_path / "out.json").read_bytes()
    outcome = command(*options, *end)
    assert outcome.code == 2
    assert "a run on a simulated clock; without its start this would be another one: give 2024-01-01T" in outcome.err
    assert (tmp_path / "out.json").read_bytes() == before


def test_a_state_in_use_is_refused(continued, tmp_path) -> None:
    held = Directory(str(tmp_path / "state"))
    outcome = continued("-n", 10)
    held.close()
    assert outcome.code == 2
    assert "is in use" in outcome.err
    assert continued("-n", 10).code == 0


def test_a_state_is_in_use_while_its_run_is_suspended(continued, tmp_path) -> None:
    spec = write_json(tmp_path / "live.json", SPEC)
    line = [sys.executable, ROOT / "generator.py", "-c", spec, "--state", tmp_path / "state"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as suspended:
        installed.wait_until((tmp_path / "state" / "acknowledged").exists)
        suspended.send_signal(signal.SIGSTOP)
        outcome = continued("-n", 10)
        suspended.kill()
    assert outcome.code == 2
    assert "is in use" in outcome.err


@pytest.mark.parametrize(
    "change",
    [
        {"format": "tsv"},
        {"path": "o.json"},
        {"compression": "gzip"},
        {"record_id": True},
        {"through": [{"type": "drop", "share": 0.1}]},
    ],
)
def test_another_form_or_place_of_a_target_is_another_run(continued, tmp_path, change: dict) -> None:
    continued("-n", 10, format="csv")
    before = (tmp_path / "out.json").read_text()
    outcome = continued("-n", 20, **{"format": "csv"} | change)
    assert outcome.code == 2
    assert "belongs to a different run (different: targets or formats)" in outcome.err
    assert (tmp_path / "out.json").read_text() == before


@pytest.mark.parametrize("name", ["run", "acknowledged", "snapshot"])
def test_a_state_with_any_flipped_bit_is_refused(continued, tool, tmp_path, name: str) -> None:
    """Bits of the checksum too, at places all over the file."""
    continued("-n", 5000)
    before, path = (tmp_path / "out.json").read_bytes(), tmp_path / "state" / name
    whole = path.read_bytes()
    for bit in np.linspace(0, 8 * len(whole) - 1, 60).astype(int).tolist():
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        outcome = continued("-n", 6000)
        assert outcome.code == 2, bit
        assert f"state {tmp_path / 'state'}: {name} " in outcome.err
    assert (tmp_path / "out.json").read_bytes() == before


@pytest.mark.parametrize("name", ["run", "acknowledged", "snapshot"])
def test_a_file_of_a_state_that_was_cut_short_is_refused(continued, tmp_path, name: str) -> None:
    continued("-n", 5000)
    path = tmp_path / "state" / name
    for size in (0, 5, len(path.read_bytes()) - 1):
        path.write_bytes(path.read_bytes()[:size])
        outcome = continued("-n", 6000)
        assert (outcome.code, f"{name} " in outcome.err) == (2, True)


def test_a_state_of_the_version_without_checksums_is_refused(continued, tmp_path) -> None:
    continued("-n", 10)
    for name in ("run", "acknowledged"):
        path = tmp_path / "state" / name
        path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    outcome = continued("-n", 20)
    assert outcome.code == 2
    assert "run has no checksum: it is damaged, or of another version of this program" in outcome.err


def test_an_audit_does_not_believe_a_damaged_state(continued, tool, tmp_path) -> None:
    continued("-n", 5000)
    path = tmp_path / "state" / "acknowledged"
    path.write_bytes(path.read_bytes().replace(b'"records": 5000', b'"records": 4936'))
    outcome = tool("audit", "-c", tmp_path / "spec.json", "-t", tmp_path / "t.json", "--state", tmp_path / "state")
    assert (outcome.code, outcome.out) == (2, "")
    assert "acknowledged is damaged" in outcome.err


@pytest.mark.parametrize("name", ["run", "acknowledged", "snapshot"])
def test_a_file_of_the_state_of_another_run_is_refused(continued, tmp_path, name: str) -> None:
    """Even of a run that is the same but for its place."""
    continued("-n", 5000)
    other = (tmp_path / "state").rename(tmp_path / "other")
    continued("-n", 5000)
    (tmp_path / "state" / name).write_bytes((other / name).read_bytes())
    outcome = continued("-n", 6000)
    assert outcome.code == 2
    assert "of another run" in outcome.err


def test_counts_older_than_the_snapshot_are_refused(continued, tmp_path) -> None:
    continued("-n", 10)
    older = (tmp_path / "state" / "acknowledged").read_bytes()
    continued("-n", 200_000)
    (tmp_path / "state" / "acknowledged").write_bytes(older)
    outcome = continued("-n", 300_000)
    assert outcome.code == 2
    assert "acknowledged is older than snapshot" in outcome.err


@pytest.mark.parametrize("replaced", [False, True])
def test_a_run_ends_when_its_state_is_removed_or_replaced(journal, tmp_path, replaced: bool) -> None:
    """Another run could hold the lock of a new one, and both would write."""

    def remove(target: Recorder, _: object) -> None:
        if len(target.sizes) == 3:
            shutil.rmtree(tmp_path / "state")
            if replaced:
                others.append(journal())

    kept, others, target = journal(), [], Recorder()
    with pytest.raises(RunFailed, match="keeping the state here: it was removed or replaced meanwhile"):
        deliver(RICH, [target.before(remove)], 400_000, journal=kept)
    assert len(target.sizes) == 4
    for opened in (kept, *others):
        opened.close()


def test_a_state_without_its_counts_is_refused(continued, tmp_path) -> None:
    continued("-n", 5000)
    (tmp_path / "state" / "acknowledged").unlink()
    before = (tmp_path / "out.json").read_bytes()
    assert continued("-n", 6000).code == 2
    assert (tmp_path / "out.json").read_bytes() == before


@pytest.mark.parametrize("place", ["", "s3://x/y", "REDIS://:hunter22@127.0.0.1:1/0"])
def test_a_state_is_a_directory(generate, place: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = generate(SPEC, "-n", 1, "--state", place)
    assert outcome.code == 2
    assert "state: must be a directory" in outcome.err
    assert "hunter22" not in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_a_state_that_is_a_file_is_refused(generate, tmp_path) -> None:
    (tmp_path / "s").write_text("mine")
    outcome = generate(SPEC, "-n", 1, "--state", tmp_path / "s")
    assert outcome.code == 2
    assert f"state {tmp_path / 's'}: is a file; a directory is wanted" in outcome.err
    assert (tmp_path / "s").read_text() == "mine"


def test_a_target_in_the_directory_of_the_state_is_refused(generate, tmp_path) -> None:
    target = {"type": "file", "path": str(tmp_path / "state" / "acknowledged")}
    (tmp_path / "state").mkdir()
    outcome = generate(SPEC | {"target": target}, "-n", 1, "--state", tmp_path / "state")
    assert outcome.code == 2
    assert "is in the directory of the state" in outcome.err


def test_a_state_that_can_not_be_made_is_refused(generate, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    outcome = generate(SPEC, "-n", 1, "--state", tmp_path / "file" / "state")
    assert outcome.code == 2
    assert "can't be used: Not a directory" in outcome.err


# What is kept


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        -(2**62),
        1.5,
        "ä\0",
        True,
        [],
        {},
        {"a": [1, {"b": None}], "": "x"},
        {"~": {"~": "numpy", "array": 0}},
    ],
)
def test_values_come_back(value: object) -> None:
    assert unpack(pack({"value": value})) == {"value": value}


@pytest.mark.parametrize("kind", ["int64", "int32", "uint64", "bool", "float64"])
def test_numpy_arrays_come_back(kind: str) -> None:
    for array in (np.zeros(0, kind), np.array([0, 1, 1]).astype(kind)):
        found = unpack(pack({"array": array}))["array"]
        assert found.dtype == array.dtype
        assert found.tolist() == array.tolist()
        found[:] = 0


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["a", None, "é"]).dictionary_encode(),
        pa.array([{"a": 1, "b": [1, 2]}, None]),
        pa.array([b"1", None], pa.binary()),
        pa.array(["x"] * 100).slice(7, 3),
        pa.array([], pa.timestamp("ms", "+02:00")),
        pa.nulls(3),
    ],
    ids=str,
)
def test_arrow_arrays_come_back(array: pa.Array) -> None:
    found = unpack(pack([array]))[0]
    assert found.type == array.type
    assert found.equals(array)


@pytest.mark.parametrize("data", [b"", b"x", b"\x05", pack({"a": np.arange(9)})[:-1], pack({"a": np.arange(9)})[:60]])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut short|damaged|is no archive|Expecting|decode"):
        unpack(data)


@pytest.mark.parametrize("version", [3, 6, 7, 99])
def test_a_journal_of_another_version_is_refused(tmp_path, version: int) -> None:
    """In version 3, snapshots held the paths of workers; in 6, of what is looked up not where it is kept; in 7, whose a
    worker is not with the rest of it.
    """
    store = Directory(str(tmp_path))
    store.save("run", json.dumps({"version": version}).encode())
    with pytest.raises(InvalidInput, match=rf"state here: run is of another version of this program \({version}\)"):
        Journal(store, "state here")
