"""Audits: what is missing, doubled, out of order or altered is found and counted."""

import os

import numpy as np
import pytest

from datagen.delivery.audit import Finding, compared
from tests.worlds import counter, enum, exponential, state, world, write_json

SPEC = world(counter("n"), enum("x", "é", 'a"b'), states=[state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(1))])


def found(expected: list[int], *streams: tuple[str, list[int]]) -> tuple[int, int, int, int]:
    """(missing, duplicated, out of order, unknown) of records that are known by numbers."""
    records = [number for _, numbers in streams for number in numbers]
    finding = compared(
        "here",
        np.array(expected, np.int64),
        np.array(records, np.int64),
        [(name, len(numbers)) for name, numbers in streams],
    )
    assert (finding.expected, finding.found) == (len(expected), len(records))
    return finding.missing, finding.duplicated, finding.out_of_order, finding.unknown


@pytest.mark.parametrize(
    ("expected", "records", "counts"),
    [
        ([], [], (0, 0, 0, 0)),
        ([1, 2, 3], [1, 2, 3], (0, 0, 0, 0)),
        ([1, 2, 3], [], (3, 0, 0, 0)),
        ([], [1, 2], (0, 0, 0, 2)),
        ([1, 2, 3], [1, 3], (1, 0, 0, 0)),
        ([1, 2, 3], [1, 2, 2, 3, 3, 3], (0, 3, 0, 0)),
        ([1, 2, 3], [1, 2, 3, 1, 2, 3], (0, 3, 0, 0)),
        ([1, 2, 3], [1, 3, 2], (0, 0, 1, 0)),
        ([1, 2, 3, 4], [4, 3, 2, 1], (0, 0, 3, 0)),
        ([1, 2, 3], [1, 9, 3], (1, 0, 0, 1)),
        ([9, 1, 5], [9, 1, 5], (0, 0, 0, 0)),
        # Records that are alike: each counts
        ([7, 7, 7], [7, 7], (1, 0, 0, 0)),
        ([7, 7, 8, 7], [7, 7, 8, 7], (0, 0, 0, 0)),
        ([7, 8, 7], [7, 7, 8], (0, 0, 1, 0)),
        ([7, 7], [7, 7, 7], (0, 1, 0, 0)),
    ],
)
def test_records_are_counted(expected, records, counts) -> None:
    assert found(expected, ("topic", records)) == counts


def test_every_part_with_a_name_has_an_order_of_its_own() -> None:
    assert found([1, 2, 3, 4], ("a", [3, 4]), ("b", [1, 2])) == (0, 0, 0, 0)
    assert found([1, 2, 3, 4], ("a", [3]), ("b", [1, 2]), ("a", [4])) == (0, 0, 0, 0)
    assert found([1, 2, 3, 4], ("a", [4]), ("b", [1, 2]), ("a", [3])) == (0, 0, 1, 0)


def test_what_has_no_name_has_no_order() -> None:
    assert found([1, 2, 3], ("", [3, 2, 1])) == (0, 0, 0, 0)


def test_counts_agree_with_a_plain_count() -> None:
    """Against a count record by record, of random multisets."""
    random = np.random.default_rng(1)
    for _ in range(200):
        expected, records = (random.integers(0, 12, random.integers(0, 20)).tolist() for _ in range(2))
        missing, duplicated, _, unknown = found(expected, ("x", records))
        left = list(expected)
        for record in records:
            if record in left:
                left.remove(record)
        assert missing == len(left)
        assert unknown == sum(record not in expected for record in records)
        assert duplicated == len(records) - unknown - (len(expected) - missing)


def test_a_finding_reads_like_a_sentence() -> None:
    assert str(Finding("file x", 9, 8, 1, 0, 2, 3, first_missing=4)) == (
        "file x: 9 expected, 8 found, 1 missing (the first is record 5), 0 duplicated, 2 out of order, "
        "3 altered or not of this run"
    )


# The command

RUN = ("-s", "2024-01-01T00:00:00", "--seed", 1, "-n", 2000)


@pytest.fixture
def audited(command, tool, tmp_path):
    """Run a spec into ``out.json``, change the file, audit it."""

    def run(change=lambda lines: lines, *arguments: object, **keys: object):
        spec = write_json(tmp_path / "spec.json", SPEC)
        path = tmp_path / "out.json"
        target = write_json(tmp_path / "t.json", {"type": "file", "path": str(path), **keys})
        assert command("-c", spec, "-t", target, *RUN, *arguments).code == 0
        path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
        return tool("audit", "-c", spec, "-t", target, *RUN, *arguments)

    return run


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (lambda lines: lines, 0, "2000 found, 0 missing, 0 duplicated, 0 out of order, 0 altered"),
        (lambda lines: lines[:5] + lines[6:], 1, "1999 found, 1 missing (the first is record 6), 0 duplicated, 0 out"),
        (lambda lines: lines + lines[10:20], 0, "2010 found, 0 missing, 10 duplicated, 0 out of order, 0 altered"),
        (lambda lines: lines[::-1], 0, "0 missing, 0 duplicated, 1999 out of order, 0 altered"),
        (lambda lines: [lines[0].replace("0", "1"), *lines[1:]], 1, "1 missing (the first is record 1), 0 dup"),
        (lambda lines: ["{}\n", *lines], 0, "2001 found, 0 missing, 0 duplicated, 0 out of order, 1 altered"),
        (lambda lines: [], 1, "0 found, 2000 missing (the first is record 1)"),
    ],
)
def test_a_changed_file_is_found_out(audited, change, code: int, text: str) -> None:
    outcome = audited(change)
    assert (outcome.code, outcome.err) == (code, "")
    assert text in outcome.out


@pytest.mark.parametrize(
    "keys", [{"record_id": True}, {"format": "csv"}, {"through": [{"type": "drop", "share": 0.3}]}], ids=str
)
def test_an_audit_knows_what_becomes_of_records_on_their_way(audited, keys: dict) -> None:
    outcome = audited(**keys)
    assert outcome.code == 0, outcome.out + outcome.err
    assert " 0 missing, 0 duplicated, 0 out of order, 0 altered" in outcome.out
    assert ("2000 expected" in outcome.out) == ("through" not in keys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["-s", "2024-01-01", "--seed", 1],
            "an audit needs the number of records or duration of the run",
        ),
        (["-s", "2024-01-01", "-n", 5], "an audit needs the seed of the run that it proves"),
        (["--seed", 1, "-n", 5], "an audit needs the start of the run that it proves"),
    ],
)
def test_an_audit_says_what_it_needs(tool, tmp_path, arguments, message: str) -> None:
    outcome = tool("audit", "-c", write_json(tmp_path / "spec.json", SPEC), *arguments)
    assert outcome.code == 2
    assert message in outcome.err


OPTIONS = ("-s", "2024-01-01", "-n", 9, "--seed", 1)


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 1)])
def test_a_target_that_can_not_be_read_back_is_said_and_does_not_count(
    command, tool, tmp_path, strict: tuple, code: int
) -> None:
    readable = {"type": "file", "path": str(tmp_path / "out.json")}
    spec = write_json(tmp_path / "spec.json", SPEC | {"target": [{"type": "stdout"}, readable]})
    command(spec, *OPTIONS)
    outcome = tool("audit", spec, *OPTIONS, *strict)
    assert outcome.code == code
    assert "reading standard output back: this kind of target does not give back what it was given" in outcome.err
    assert "9 expected, 9 found, 0 missing" in outcome.out


def test_an_audit_that_can_read_nothing_back_proves_nothing(tool, tmp_path) -> None:
    outcome = tool("audit", write_json(tmp_path / "spec.json", SPEC), *OPTIONS)
    assert outcome.code == 1
    assert outcome.err.endswith("no target could be read back, so nothing is proved\n")


def test_a_target_that_failed_to_be_read_counts(command, tool, tmp_path) -> None:
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    targets = [{"type": "file", "path": str(path)} for path in paths]
    spec = write_json(tmp_path / "spec.json", SPEC | {"target": targets})
    command(spec, *OPTIONS)
    paths[0].unlink()
    paths[0].mkdir()
    outcome = tool("audit", spec, *OPTIONS)
    assert (outcome.code, "9 found" in outcome.out) == (1, True), outcome.err


def test_some_of_a_runs_targets_can_be_audited(command, tool, tmp_path) -> None:
    targets = [{"type": "file", "path": str(tmp_path / name)} for name in ("a.json", "b.json", "c.json")]
    spec = write_json(tmp_path / "spec.json", SPEC)
    state = ("--state", tmp_path / "state")
    command(spec, *OPTIONS, *state, "-t", write_json(tmp_path / "all.json", targets))
    some = write_json(tmp_path / "some.json", targets[2])
    assert "c.json: 9 expected, 9 found, 0 missing" in tool("audit", spec, "-t", some, *state).out
    other = write_json(tmp_path / "other.json", {"type": "file", "path": str(tmp_path / "d.json")})
    outcome = tool("audit", spec, "-t", other, *state)
    assert (outcome.code, "different: targets or formats" in outcome.err) == (2, True)
    assert outcome.err.endswith("1 problem found\n")


def test_an_audit_of_a_state_knows_seed_start_and_end(command, tool, tmp_path) -> None:
    """A live run, stopped after some records, is proved from what its state says."""
    spec = write_json(tmp_path / "spec.json", world(counter("n"), gap=0.001))
    target = write_json(tmp_path / "t.json", {"type": "file", "path": str(tmp_path / "out.json")})
    options = ("-c", spec, "-t", target, "--state", tmp_path / "state")
    assert command(*options, "-r", "0.3S").code == 0
    count = len((tmp_path / "out.json").read_text().splitlines())
    outcome = tool("audit", *options)
    assert outcome.code == 0, outcome.err
    assert f"{count} expected, {count} found, 0 missing" in outcome.out
    assert b'"clock": "system"' in (tmp_path / "state" / "run").read_bytes()


@pytest.mark.parametrize("kind", ["file", "parquet"])
def test_an_audit_needs_no_permission_to_write(command, tool, tmp_path, monkeypatch, kind: str) -> None:
    """Neither to the target nor to the state; the tests may run as root, who may write everywhere."""
    spec = write_json(tmp_path / "spec.json", SPEC)
    target = write_json(tmp_path / "t.json", {"type": kind, "path": str(tmp_path / "out")})
    options = ("-c", spec, "-t", target, "--state", tmp_path / "state")
    assert command(*options, *RUN).code == 0
    before, opened = os.open, []

    def only_reading(path: object, flags: int, *more: object, **keys: object) -> int:
        opened.append(path)
        ours = str(path).startswith(str(tmp_path))
        assert not ours or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT), path
        return before(path, flags, *more, **keys)

    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, mode: mode != os.W_OK)
        patched.setattr(os, "open", only_reading)
        outcome = tool("audit", *options)
    assert (outcome.code, "2000 found, 0 missing" in outcome.out) == (0, True), outcome.err
    assert tmp_path / "state" / "lock" in opened
