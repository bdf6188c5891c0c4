"""Lanes: several targets, choice of emitters, retries, bounded memory, record ids, secrets."""

import json
import subprocess
import sys
import threading

import pytest

import datagen
from datagen.plugin.registry import Registry
from datagen.plugin.target import Encoded, Undelivered
from datagen.problems import InvalidInput, RunFailed
from datagen.records.batch import MOST_ROWS
from tests.lanes import Recorder, Recording, deliver
from tests.worlds import ROOT, START, constant, counter, enum, state, world, write_json

TWO = {
    "states": [state("a", "b", "first"), state("b", {"a": 0.9, "stop": 0.1}, "second", delay=constant(1))],
    "emitters": [
        {"name": "first", "dimensions": [counter("n")]},
        {"name": "second", "dimensions": [counter("m"), enum("x", "é", None)]},
    ],
    "interarrival": constant(1),
}


def fails(times: int, error: Exception):
    """Fail at the first writes."""
    left = [times]

    def before(target: Recorder, encoded: Encoded) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return before


def numbers(target: Recorder) -> list[int]:
    return [json.loads(line)["n"] for line in target.lines]


# Several targets


def test_every_target_gets_every_record_in_order() -> None:
    targets = [Recorder(), Recorder(), Recorder()]
    report, lanes = deliver(world(counter("n")), targets, 100_000)
    assert [numbers(target) for target in targets] == [list(range(100_000))] * 3
    assert (report.records, [lane.delivered for lane in lanes]) == (100_000, [100_000] * 3)


def test_a_target_may_choose_its_emitters() -> None:
    targets = [Recorder(emitters=["second"]), Recorder(emitters=["first"]), Recorder(emitters=["second", "first"])]
    report, _ = deliver(TWO, targets, 1001)
    seconds, firsts, both = (target.lines for target in targets)
    assert report.records == 1001
    assert all(b'"m":' in line for line in seconds)
    assert all(b'"n":' in line for line in firsts)
    assert len(seconds) + len(firsts) == len(both) == 1001
    assert [line for line in both if b'"n":' in line] == firsts


def test_each_target_has_its_own_format(generate, tmp_path) -> None:
    (tmp_path / "line.txt").write_text("{{n}}!")
    targets = [
        {"type": "file", "path": str(tmp_path / "a"), "format": "csv"},
        {"type": "file", "path": str(tmp_path / "b"), "format": str(tmp_path / "line.txt")},
        {"type": "file", "path": str(tmp_path / "c"), "format": {"type": "pattern", "text": "<{{n}}>"}},
        {"type": "stdout"},
    ]
    outcome = generate(world(counter("n")) | {"target": targets}, "-n", 2, "-f", "tsv")
    assert outcome.code == 0, outcome.err
    assert outcome.lines == ["time\tn", f"{START}.000\t0", "2024-01-01T00:00:01.000\t1"]
    assert (tmp_path / "a").read_text() == f"time,n\n{START}.000,0\n2024-01-01T00:00:01.000,1\n"
    assert ((tmp_path / "b").read_text(), (tmp_path / "c").read_text()) == ("0!\n1!\n", "<0>\n<1>\n")


def test_the_closing_lines_say_what_each_target_got(generate, tmp_path) -> None:
    targets = [{"type": "file", "path": str(tmp_path / "a"), "emitters": ["first"]}, {"type": "stdout"}]
    outcome = generate(TWO | {"target": targets}, "-n", 10)
    assert outcome.err.splitlines()[0].startswith("10 records, ")
    assert f"5 records delivered to file {tmp_path / 'a'}" in outcome.err
    assert "10 records delivered to standard output" in outcome.err


@pytest.mark.parametrize(
    ("target", "messages"),
    [
        ([], ["target: must not be empty"]),
        ([{"type": "stdout"}, {"type": "fil"}], ['target[1].type: unknown target type "fil"; did you mean "file"?']),
        ([{"type": "stdout"}, 5], ["target[1]: must be an object with a type, found 5"]),
        ([{"type": "stdout"}, {"type": "stdout"}], ["target standard output: two targets write to it"]),
        (
            {"type": "stdout", "emitters": ["frist"]},
            ['target.emitters[0]: unknown emitter "frist"; did you mean "first"'],
        ),
        ([{"type": "stdout", "emitters": []}], ["target[0].emitters: must not be empty"]),
        (
            {"type": "stdout", "format": "cvs"},
            ['target.format: "cvs" is neither a format nor a file; did you mean "csv"'],
        ),
        (
            {"type": "stdout", "format": {"type": "pattern", "text": "{{zz}}"}},
            ['target.format: {{zz}}: no emitter has "zz"'],
        ),
        ({"type": "stdout", "on_error": "ignore"}, ["target.on_error: must be 'stop' or 'retry', found \"ignore\""]),
        ({"type": "stdout", "give_up_after": -1}, ["target.give_up_after: "]),
        ({"type": "stdout", "through": [{"type": "drob"}]}, ['target.through[0].type: unknown stage type "drob"']),
    ],
)
def test_what_is_wrong_with_a_target_is_said_with_its_place(generate, target, messages) -> None:
    outcome = generate(TWO | {"target": target}, "-n", 1)
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(message in outcome.err for message in messages), outcome.err


def test_a_target_file_may_hold_a_list(generate, tmp_path) -> None:
    path = write_json(tmp_path / "t.json", [{"type": "stdout"}, {"type": "file", "path": str(tmp_path / "a")}])
    outcome = generate(world(), "-n", 3, "-t", path)
    assert outcome.lines == (tmp_path / "a").read_text().splitlines()


# Errors


def test_a_failing_target_ends_the_run_and_says_what_was_delivered() -> None:
    good, bad = Recorder(), Recorder().before(fails(1, Undelivered("the disk is on fire")))
    with pytest.raises(RunFailed) as failed:
        deliver(world(counter("n")), [good, bad], 100)
    assert "writing to recorder: the disk is on fire" in str(failed.value)
    assert "records delivered to recorder; 0 records delivered to recorder" in str(failed.value)
    assert bad.calls == ["open", "close"]


def test_retry_sends_again_what_was_not_acknowledged_and_nothing_else() -> None:
    def before(target: Recorder, encoded: Encoded) -> None:
        if len(encoded) > 5 and len(target.calls) < 9:
            target.keep(encoded.slice(0, 5))
            raise Undelivered("cut", 5)

    target = Recorder(on_error="retry").before(before)
    deliver(world(counter("n")), [target], 1000)
    assert numbers(target) == list(range(1000))
    assert target.calls == ["open", *["close", "open"] * 4, "finish", "close"]
    assert target.positions[0] is None
    assert all(position["lines"] > 0 for position in target.positions[1:])


def test_a_target_that_is_down_at_the_start_is_tried_again() -> None:
    class Down(Recording):
        def open(self, position) -> None:
            super().open(position)
            if self.recorder.calls.count("open") < 3:
                raise ConnectionRefusedError(111, "Connection refused")

    target = Recorder(sink=Down, on_error="retry")
    deliver(world(counter("n")), [target], 10)
    assert numbers(target) == list(range(10))
    assert target.calls == ["open", "close", "open", "close", "open", "finish", "close"]


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"on_error": "retry", "give_up_after": 0}, Undelivered("no")),
        ({"on_error": "retry"}, Undelivered("no", lasting=True)),
        ({"on_error": "stop"}, Undelivered("no")),
        ({"on_error": "retry"}, ZeroDivisionError("no")),
    ],
)
def test_a_run_ends_when_trying_again_is_of_no_use(keys: dict, error: Exception) -> None:
    with pytest.raises(RunFailed, match=r"writing to recorder: .*no( \(.*\))? \(0 records delivered\)"):
        deliver(world(), [Recorder(**keys).before(fails(1000, error))], 10)


def test_an_error_of_the_last_act_fails_the_run() -> None:
    class Unfinished(Recording):
        def finish(self) -> None:
            raise Undelivered("the last part is lost")

    with pytest.raises(RunFailed, match="the last part is lost"):
        deliver(world(), [Recorder(sink=Unfinished)], 10)


def test_memory_is_bounded_whatever_a_target_does() -> None:
    """A target that accepts nothing stops the computing after four batches: two wait, one is written, one is made."""
    made: list[int] = []
    looks: list[int] = []
    stalled = threading.Event()

    class Slow(Recording):
        def encode(self, batch) -> Encoded:
            made.append(len(batch))
            return super().encode(batch)

    def watch(report) -> None:
        """Called again and again while there is no room."""
        looks.append(len(made))
        if looks[-3:] == [looks[-1]] * 3:
            stalled.set()

    at_first_write: list[int] = []
    target = Recorder(sink=Slow).before(lambda *_: at_first_write.append(len(made)) if stalled.wait(20) else None)
    deliver(world(counter("n"), gap=0.0001), [target], 300_000, watch=watch)
    assert at_first_write[0] == 4
    assert numbers(target) == list(range(300_000))


def test_what_stages_held_goes_out_in_batches_of_the_same_bound() -> None:
    """All records are held until the end, when they come at once."""
    delay = {"type": "delay", "delay": constant(10**6)}
    target = Recorder.model_validate({"through": [delay]}, context=Registry.load())
    deliver(world(counter("n"), gap=0.001), [target], 150_000)
    assert max(target.sizes) == MOST_ROWS
    assert numbers(target) == list(range(150_000))


def test_an_error_on_closing_does_not_hide_what_came_before() -> None:
    class Stuck(Recording):
        def close(self) -> None:
            raise OSError("can't close either")

    with pytest.raises(RunFailed, match="the table is gone"):
        deliver(world(), [Recorder(sink=Stuck).before(fails(1, Undelivered("the table is gone")))], 10)
    with pytest.raises(RunFailed, match="can't close either"):
        deliver(world(), [Recorder(sink=Stuck)], 10)


def test_who_waits_for_a_target_is_told_so() -> None:
    said: list[str] = []
    target = Recorder(on_error="retry").before(fails(2, Undelivered("no route to host")))
    deliver(world(counter("n")), [target], 10, say=said.append)
    assert said == ["warning: recorder: no route to host; trying again"]
    assert numbers(target) == list(range(10))


def test_a_broken_pipe_of_a_target_is_a_failure_like_any_other() -> None:
    target = Recorder(on_error="retry").before(fails(1, BrokenPipeError(32, "Broken pipe")))
    deliver(world(counter("n")), [target], 10)
    assert numbers(target) == list(range(10))


def test_a_reader_who_goes_away_ends_the_run_quietly_unless_somebody_else_reads(process, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n")))
    both = write_json(tmp_path / "t.json", [{"type": "stdout"}, {"type": "file", "path": "out.json"}])
    command = f"{sys.executable} {ROOT / 'generator.py'} -c {spec} -s {START} -n 3000000"
    for targets, code, said in (("", 0, ""), (f"-t {both}", 1, "writing to standard output: nobody reads it any more")):
        line = f"{command} {targets} 2>err | head -1; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, timeout=60)
        assert (done.returncode, said in (tmp_path / "err").read_text()) == (code, True)


# Record ids


def test_a_record_id_names_worker_and_step() -> None:
    target = Recorder(record_id=True)
    deliver(TWO, [target], 1000)
    records = [json.loads(line) for line in target.lines]
    assert all(list(record)[-1] == "record_id" for record in records)
    assert [record["record_id"] for record in records[:4]] == ["0-0", "0-1", "0-2", "0-3"]
    assert len({record["record_id"] for record in records}) == 1000


def test_a_record_id_is_a_column_of_a_table_too(generate, tmp_path) -> None:
    target = {"type": "stdout", "record_id": True, "format": "csv"}
    assert generate(world(counter("n")) | {"target": target}, "-n", 1).lines == [
        "time,n,record_id",
        f"{START}.000,0,0-0",
    ]


@pytest.mark.parametrize(
    ("dimension", "through"),
    [(enum("record_id", "x"), []), (counter("n"), [{"type": "drop", "share": 0.5, "label": "record_id"}])],
)
def test_a_record_id_does_not_take_the_place_of_a_dimension(generate, dimension: dict, through: list) -> None:
    target = {"type": "stdout", "record_id": True, "through": through}
    outcome = generate(world(dimension) | {"target": target}, "-n", 1)
    assert outcome.code == 2
    assert '"record_id": there is a dimension record_id already' in outcome.err


# The environment


def test_strings_may_hold_values_of_the_environment(generate, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("COLOUR", "green")
    spec = world(
        enum(
            "x", "${COLOUR}", "$${COLOUR}", "$COLOUR", cardinality_distribution={"type": "uniform", "min": 0, "max": 2}
        )
    )
    outcome = generate(spec | {"target": {"type": "file", "path": "${FOLDER}/out.json"}}, "-n", 50)
    assert outcome.code == 0, outcome.err
    values = {json.loads(line)["x"] for line in (tmp_path / "out.json").read_text().splitlines()}
    assert values == {"green", "${COLOUR}", "$COLOUR"}


def test_a_missing_variable_is_a_problem_with_its_place(generate, monkeypatch) -> None:
    monkeypatch.setenv("DATAGEN_FOLDER", "x")
    outcome = generate(world() | {"target": {"type": "file", "path": "${DATAGEN_FOLDR}/x"}}, "-n", 1)
    assert outcome.code == 2
    assert 'target.path: the environment has no variable "DATAGEN_FOLDR"; did you mean "DATAGEN_FOLDER"?' in outcome.err
    assert "PATH" not in outcome.err


@pytest.mark.parametrize(
    "target",
    [
        {"type": "file", "path": "x", "append": "${SECRET}"},
        {"type": "${SECRET}"},
        {"type": "file", "path": "/no/such/${SECRET}/x"},
        {"type": "file", "path": "x", "format": "${SECRET}"},
        "${SECRET}",
        {"type": "file", "path": "x", "emitters": ["${SECRET}"]},
    ],
)
def test_a_value_of_the_environment_is_never_shown(generate, target, monkeypatch) -> None:
    monkeypatch.setenv("SECRET", 'hunter2-"é"-' + "x" * 80)
    outcome = generate(world() | {"target": target}, "-n", 1)
    assert outcome.code == 2
    assert "hunter2" not in outcome.err


def test_comments_are_left_alone(generate) -> None:
    assert generate(world() | {"_comment": "${NO_SUCH_VARIABLE}"}, "-n", 1).code == 0


@pytest.mark.parametrize(
    "keys",
    [
        {"token": 12345678},
        {"headers": {"Authorization": ["Bearer hunter2"]}},
        {"headers": "hunter2"},
        {"password": ["hunter2"], "username": "me"},
        {"token": {"a": "hunter2"}},
    ],
    ids=str,
)
def test_a_secret_of_the_wrong_type_is_not_shown(generate, keys: dict) -> None:
    outcome = generate(world() | {"target": {"type": "http", "url": "http://127.0.0.1:1/", **keys}}, "-n", 1)
    assert outcome.code == 2
    assert next(iter(keys)) in outcome.err
    assert "hunter2" not in outcome.err
    assert "12345678" not in outcome.err


def test_python_does_not_show_values_of_the_environment_either() -> None:
    with pytest.raises(InvalidInput, match="found") as refused:
        datagen.load(world() | {"interarrival": "${SECRET}"}, environment={"SECRET": "hunter2hunter2"})
    assert "hunter2" not in str(refused.value)
