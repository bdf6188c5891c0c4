"""Continuing: a killed run goes on where its targets stood, and all runs together give the bytes of one."""

import json
from contextlib import nullcontext, suppress

import numpy as np
import pyarrow as pa
import pytest

from datagen.delivery import resume as journals
from datagen.delivery.resume import Journal
from datagen.delivery.snapshot import pack, unpack
from datagen.delivery.state_store import Directory, Redis
from datagen.plugin.target import Gather, Undelivered
from datagen.problems import InvalidInput, RunFailed
from tests.lanes import Killed, Recorder, Recording, deliver
from tests.servers import installed
from tests.worlds import counter, enum, exponential, integer, read, state, uniform, world, write_json

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


@pytest.mark.parametrize("kills", [[1], [2], [7], [9], [20], [1, 1, 1], [3, 9, 2, 25], [12, 11, 10, 9, 8, 7]])
def test_a_killed_run_goes_on_where_it_was_killed(journal, kills: list[int]) -> None:
    found = killed_and_continued(journal, RICH, 200_000, kills)
    assert [line for lines in found for line in lines] == whole(RICH, 200_000)
    assert len([lines for lines in found if lines]) > 1 or kills == [1] * len(kills)


def test_a_run_is_not_computed_again_from_its_beginning(journal, monkeypatch) -> None:
    killed_and_continued(journal, RICH, 400_000, [14])
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
            if writes[0] == 8:
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
    assert "belongs to a different run (different: number of records or duration, at which" in refused.err
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
    assert "a run on a simulated clock, which would go on without end; give its start, 2024-01-01T" in outcome.err
    assert (tmp_path / "out.json").read_bytes() == before


def test_a_state_in_use_is_refused(continued, tmp_path) -> None:
    held = Directory(str(tmp_path / "state"))
    outcome = continued("-n", 10)
    held.close()
    assert outcome.code == 2
    assert "is in use" in outcome.err
    assert continued("-n", 10).code == 0


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
def test_a_damaged_state_is_refused(continued, tmp_path, name: str) -> None:
    continued("-n", 10)
    (tmp_path / "state" / name).write_bytes(b"\x00{")
    outcome = continued("-n", 20)
    assert outcome.code == 2
    assert f"state {tmp_path / 'state'}: can't be read" in outcome.err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("run", content) for content in ("[]", "5", '"x"', "{}", '{"version": 1}')),
        *(("acknowledged", content) for content in ("5", '"x"', "[1]", "[{}]", "[]", "null", "{}")),
        ("acknowledged", '[{"records": -5, "position": null, "passed": 0, "reached": 0}]'),
        ("acknowledged", '[{"records": 5000, "position": null, "passed": 0, "reached": 0}]'),
        ("acknowledged", '[{"records": "x", "position": {}, "passed": 0, "reached": 0}]'),
        *(("snapshot", pack(content)) for content in ([], 5, "x", {}, {"lanes": [{"made": 0}]})),
    ],
    ids=str,
)
def test_a_foreign_state_is_refused_and_nothing_is_touched(continued, tmp_path, name: str, content) -> None:
    continued("-n", 5000)
    before = (tmp_path / "out.json").read_bytes()
    assert (tmp_path / "state" / "snapshot").exists()
    (tmp_path / "state" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = continued("-n", 6000)
    assert outcome.code == 2, outcome.err
    assert f"state {tmp_path / 'state'}: " in outcome.err
    assert (tmp_path / "out.json").read_bytes() == before


def test_a_state_without_its_counts_is_refused(continued, tmp_path) -> None:
    continued("-n", 5000)
    (tmp_path / "state" / "acknowledged").unlink()
    before = (tmp_path / "out.json").read_bytes()
    assert continued("-n", 6000).code == 2
    assert (tmp_path / "out.json").read_bytes() == before


@pytest.mark.parametrize("place", ["", "s3://x/y", "REDIS://:hunter22@127.0.0.1:1/0"])
def test_a_state_is_a_directory_or_redis(generate, place: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = generate(SPEC, "-n", 1, "--state", place)
    assert outcome.code == 2
    assert "hunter22" not in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_a_target_in_the_directory_of_the_state_is_refused(generate, tmp_path) -> None:
    target = {"type": "file", "path": str(tmp_path / "state" / "acknowledged")}
    (tmp_path / "state").mkdir()
    outcome = generate(SPEC | {"target": target}, "-n", 1, "--state", tmp_path / "state")
    assert outcome.code == 2
    assert "is in the directory of the state" in outcome.err


def test_a_state_that_can_not_be_made_is_refused(generate, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    outcome = generate(SPEC, "-n", 1, "--state", tmp_path / "file")
    assert outcome.code == 2
    assert "can't be used: " in outcome.err


def test_the_state_may_stand_in_redis(generate, command, tmp_path) -> None:
    url = installed.redis()
    place = f"{url}#test-{tmp_path.name}-{np.random.default_rng().integers(10**12)}"
    try:
        first, second = (generate(SPEC, "-n", count, "--state", place) for count in (100, 5000))
        assert (first.code, second.code) == (0, 0), second.err
        assert first.data + second.data == generate(SPEC, "-n", 5000).data
        held = Redis(place)
        refused = generate(SPEC, "-n", 6000, "--state", place)
        held.close()
        assert refused.code == 2
        assert "is in use" in refused.err
    finally:
        import redis

        client = redis.Redis.from_url(url)
        client.delete(*client.keys(f"{place.split('#')[1]}:*"))
        client.close()


@pytest.mark.parametrize(
    "url",
    [
        "redis://me:hunter22@127.0.0.1:{}/0",
        "redis://:hunter22@hunter23@127.0.0.1:{}/0#name",
        "redis://127.0.0.1:{}/0?password=hunter22",
        "redis://:hunter22/x@127.0.0.1:{}/0",
        "redis://:hunter22%2F@127.0.0.1:{}/0",
    ],
)
def test_a_redis_that_is_not_there_is_a_problem_without_its_password(generate, url: str) -> None:
    outcome = generate(SPEC, "-n", 1, "--state", url.format(installed.free_port()))
    assert outcome.code == 2
    assert "can't be used" in outcome.err
    assert "hunter2" not in outcome.err


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


def test_a_journal_of_another_version_is_refused(tmp_path) -> None:
    (tmp_path / "run").write_text(json.dumps({"version": 99}))
    with pytest.raises(InvalidInput, match=r"state here: can't be read: it was written by another version"):
        Journal(Directory(str(tmp_path)), "state here")
