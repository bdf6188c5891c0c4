"""A user's own kinds: one class each, in a file or an installed package."""

import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable

import pytest

import datagen
from datagen.clock import NEVER
from datagen.engine.columns import Columns
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.moment import parse_moment
from datagen.plugin.model import Plugin
from datagen.plugin.registry import BUILT_IN, Registry
from datagen.plugin.world import World
from tests.worlds import ROOT, START, constant, integer, records_of, state, uniform, world, write_json

KINDS = '''
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import Dimension, Distribution, EachBatch, Formatter, LineWriter, PooledDimension, Sink, Stage, Target


class Triangle(Distribution):
    """A triangle from 0 to its base."""

    kind: ClassVar[str] = "triangle"
    base: float = Field(gt=0, description="where it ends")

    def sample(self, u):
        return self.base * np.sqrt(u)


class Evens(Distribution):
    """Even numbers, each equally likely; how many there are is told, but not which is where."""

    kind: ClassVar[str] = "evens"
    count: int = Field(gt=0, description="how many")

    def sample(self, u):
        return 2 * np.floor(self.count * u)

    def highest(self):
        return 2 * self.count - 2

    def lowest(self):
        return 0

    def whole_numbers(self):
        return self.count


class Parity(Dimension):
    """Even or odd."""

    kind: ClassVar[str] = "parity"
    of: int = Field(description="a number")

    def make(self, rows):
        return pa.array([self.of % 2] * len(rows))


class Dice(PooledDimension):
    """The sum of some dice; a plain list will do."""

    kind: ClassVar[str] = "dice"
    count: int = Field(1, ge=1, description="how many")

    def make(self, rows):
        return [sum(1 + int(rows.unit(f"die {n}")[row] * 6) for n in range(self.count)) for row in range(len(rows))]


class Shout(Formatter):
    """Names in capitals."""

    kind: ClassVar[str] = "shout"

    def begin(self, layout):
        return LineWriter(self.text, "LISTEN\\n")

    def text(self, columns):
        size = len(next(iter(columns.values())))
        return pa.array([" ".join(columns).upper() + "\\n"] * size)


class Half(Stage):
    """Every other record."""

    kind: ClassVar[str] = "half"

    def begin(self, layout, scope):
        return EachBatch(lambda batch: batch.take(np.flatnonzero(batch.worker % 2 == 0)))


class Box(Target):
    """A file in a box."""

    kind: ClassVar[str] = "box"
    path: str = Field(description="the box")

    def problem(self):
        return "the box is locked" if "locked" in self.path else None

    def begin(self, layout, formatter, scope):
        return Filling(self.path, formatter.begin(layout), scope)


class Filling(Sink):
    def __init__(self, path, writer, scope):
        super().__init__(writer, scope)
        self._path = path

    def open(self, position):
        self._file = open(self._path, "wb")

    def write(self, encoded):
        self._file.write(bytes(encoded.lines.data).replace(b"\\n", b"!\\n"))

    def close(self):
        self._file.close()
'''


@pytest.fixture
def kinds(tmp_path) -> str:
    (tmp_path / "my_kinds.py").write_text(KINDS)
    return str(tmp_path / "my_kinds.py")


@pytest.fixture
def values(kinds) -> Callable[..., list]:
    """The values of a dimension over some records."""

    def made(dimension: dict, count: int = 500) -> list:
        loaded = datagen.load(world({"name": "v", **dimension}), plugins=[kinds])
        return [record.get("v", "missing") for record in datagen.records(loaded, start=START, records=count, seed=1)]

    return made


def test_a_distribution_of_ones_own_stands_wherever_a_number_is_wanted(values, kinds) -> None:
    triangle = {"type": "Triangle", "base": 6}
    floats = values({"type": "float", "distribution": triangle}, 5000)
    assert 0 <= min(floats) <= max(floats) <= 6
    assert sum(floats) / 5000 == pytest.approx(4, abs=0.1)
    assert set(values({"type": "int", "distribution": triangle})) == set(range(7))
    assert {len(text) for text in values({"type": "string", "length_distribution": triangle})} == set(range(6))
    spec = world(gap=triangle)
    assert len(list(datagen.records(datagen.load(spec, plugins=[kinds]), start=START, records=5))) == 5


@pytest.mark.parametrize("kind", ["int", "ipaddress", "timestamp"])
def test_a_pool_of_a_distribution_that_only_tells_how_many_numbers_it_has_is_filled_by_trying(values, kind) -> None:
    drawn = {"type": kind, "distribution": {"type": "evens", "count": 100}}
    made = values(drawn | {"cardinality": 100, "cardinality_distribution": uniform(0, 99)}, 2000)
    assert len(set(made)) == 100
    assert set(made) == set(values(drawn, 2000))


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (lambda field: field, 1),
        (lambda field: {"type": "object", "dimensions": [field]}, {"v": 1}),
        (lambda field: {"type": "list", "elements": [field], "length_distribution": constant(2)}, [1, 1]),
        (lambda field: field | {"percent_nulls": 100}, None),
        (lambda field: field | {"percent_missing": 100}, "missing"),
    ],
)
def test_a_dimension_of_ones_own_stands_wherever_a_field_does(values, around, expected: object) -> None:
    assert values(around({"name": "v", "type": "parity", "of": 7}), 3) == [expected] * 3


def test_a_dimension_of_ones_own_may_have_a_pool(values) -> None:
    assert set(values({"type": "dice", "count": 2})) == set(range(2, 13))
    pool = {"cardinality": 3, "cardinality_distribution": uniform(0, 2)}
    assert len(set(values({"type": "dice", "count": 2, **pool}))) == 3


def test_draws_of_a_plugin_do_not_change_those_of_others(kinds) -> None:
    number = {"name": "n", "type": "int", "distribution": uniform(0, 10**9)}
    alone = records_of(world(number), 100)
    loaded = datagen.load(world({"name": "d", "type": "dice"}, number), plugins=[kinds])
    beside = list(datagen.records(loaded, start=START, records=100, seed=1))
    assert [record["n"] for record in alone] == [record["n"] for record in beside]


def test_a_formatter_of_ones_own_is_chosen_by_its_name(generate, kinds) -> None:
    outcome = generate(world(), "-n", 2, "-f", "SHOUT", "--plugins", kinds)
    assert outcome.lines == ["LISTEN", "TIME", "TIME"]


@pytest.mark.parametrize("place", ["spec", "option"])
def test_a_target_of_ones_own_is_chosen_by_its_type(generate, kinds, tmp_path, place: str) -> None:
    target = {"type": "box", "path": str(tmp_path / "box")}
    option = ["-t", write_json(tmp_path / "target.json", target)] if place == "option" else []
    outcome = generate(world() | ({} if option else {"target": target}), "-n", 2, "--plugins", kinds, *option)
    assert (outcome.code, outcome.data) == (0, b"")
    assert (tmp_path / "box").read_bytes().count(b"}!\n") == 2


def test_a_stage_of_ones_own_stands_in_through(generate, kinds, tmp_path) -> None:
    target = {"type": "file", "path": str(tmp_path / "half"), "through": [{"type": "half"}], "record_id": True}
    assert generate(world() | {"target": target}, "-n", 5, "--plugins", kinds).code == 0
    lines = (tmp_path / "half").read_text().splitlines()
    assert [json.loads(line)["record_id"] for line in lines] == ["0-0", "2-0", "4-0"]


def test_a_target_of_ones_own_may_refuse(generate, kinds) -> None:
    outcome = generate(world() | {"target": {"type": "box", "path": "locked"}}, "-n", 2, "--plugins", kinds)
    assert outcome.code == 2
    assert "the box is locked" in outcome.err


@pytest.mark.parametrize(
    ("dimension", "message"),
    [
        ({"type": "parity"}, 'dimensions[0].of: "of" is required'),
        ({"type": "parity", "of": "x"}, 'dimensions[0].of: must be a valid integer, found "x"'),
        ({"type": "parity", "of": 1, "off": 1}, 'unknown key "off"; did you mean "of"?'),
        ({"type": "party", "of": 1}, 'unknown dimension type "party"; did you mean "parity"?'),
        ({"type": "dice", "count": 0}, "dimensions[0].count: must be greater than or equal to 1"),
        ({"type": "dice", "cardinality": 2}, '"cardinality_distribution" is required'),
        ({"type": "dice", "cardinality": 7, "cardinality_distribution": constant(0)}, "only 6 different values"),
        ({"type": "int", "distribution": {"type": "triangle", "base": 0}}, "distribution.base: must be greater than 0"),
    ],
)
def test_the_keys_of_a_plugin_are_checked_like_any_others(generate, kinds, dimension: dict, message: str) -> None:
    outcome = generate(world({"name": "v", **dimension}), "-n", 1, "--plugins", kinds)
    assert (outcome.code, outcome.data) == (2, b"")
    assert message in outcome.err
    assert "spec.json:1:" in outcome.err


def test_without_the_file_its_kinds_are_unknown(generate) -> None:
    outcome = generate(world({"name": "v", "type": "dice"}), "-n", 1)
    assert outcome.code == 2
    assert 'unknown dimension type "dice"' in outcome.err


def test_several_files_may_be_given(generate, kinds, tmp_path) -> None:
    (tmp_path / "more.py").write_text(KINDS.replace('"dice"', '"bones"'))
    spec = world({"name": "a", "type": "dice"}, {"name": "b", "type": "bones"})
    assert generate(spec, "-n", 1, "--plugins", kinds, "--plugins", tmp_path / "more.py").code == 0


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (None, ["my.py"]),
        ("", ["my.py", "has no class that is a plug-in"]),
        ("import datagen\nfrom datagen import Dimension", ["has no class that is a plug-in"]),
        ("def broken(:", ["my.py", "SyntaxError"]),
        ("\n\n1 / 0", ["my.py", "ZeroDivisionError: division by zero (line 3)"]),
        ("import no_such_module", ["my.py", "no_such_module"]),
        ("raise RuntimeError('oh no')", ["my.py", "oh no"]),
    ],
)
def test_a_file_that_is_no_plugin_is_refused(generate, tmp_path, content: str | None, parts: list[str]) -> None:
    if content is not None:
        (tmp_path / "my.py").write_text(content)
    outcome = generate(world(), "-n", 1, "--plugins", tmp_path / "my.py")
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(part in outcome.err for part in parts), outcome.err
    assert "Traceback" not in outcome.err


BROKEN = '''
import pyarrow as pa
from datagen import Dimension

class Broken(Dimension):
    """Broken."""
    kind = "broken"
    def make(self, rows):
        {body}
'''


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("return pa.array([1] * (len(rows) + 1))", ["emitter/e/v", "broken made", "values for"]),
        ("return [1 / 0 for row in range(len(rows))]", ["emitter/e/v", "division by zero (", "my.py:9)"]),
        ("return rows.nosuch()", ["emitter/e/v", "nosuch", "my.py:9)"]),
        ("return None", ["emitter/e/v"]),
    ],
)
def test_a_plugin_that_fails_is_named_without_a_traceback(generate, tmp_path, body: str, parts: list[str]) -> None:
    (tmp_path / "my.py").write_text(BROKEN.replace("{body}", body))
    outcome = generate(world({"name": "v", "type": "broken"}), "-n", 5, "--plugins", tmp_path / "my.py")
    assert outcome.code == 1
    assert all(part in outcome.err for part in parts), outcome.err
    assert "Traceback" not in outcome.err


FAILING = """
import pyarrow as pa
from datagen import Distribution, EachBatch, Formatter, LineWriter, Sink, Stage, Target

def fail(*_):
    raise KeyError("oops")

class Draws(Distribution):
    kind = "bad"
    sample = fail

class Writes(Formatter):
    kind = "bad"
    def begin(self, layout):
        return LineWriter(fail)

class Passes(Stage):
    kind = "bad"
    def begin(self, layout, scope):
        return EachBatch(fail)

class Sends(Target):
    kind = "bad"
    def begin(self, layout, formatter, scope):
        return Sending(formatter.begin(layout), scope)

class Sending(Sink):
    def open(self, position): pass
    write = fail
    def close(self): pass
"""


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        (world(gap={"type": "bad"}), []),
        (world(integer("v", {"type": "bad"})), []),
        (world(), ["-f", "bad"]),
        (world() | {"target": {"type": "stdout", "through": [{"type": "bad"}]}}, []),
        (world() | {"target": {"type": "bad"}}, []),
    ],
    ids=["gap", "value", "format", "stage", "target"],
)
def test_what_fails_in_a_users_code_says_where(generate, tmp_path, spec: dict, options: list[str]) -> None:
    (tmp_path / "mine.py").write_text(FAILING)
    outcome = generate(spec, "-n", 5, "--plugins", tmp_path / "mine.py", *options)
    assert outcome.code == 1
    assert f"KeyError: 'oops' ({tmp_path}/mine.py:6)" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("method", ["misfits", "begin", "occupies", "problem", "files"])
def test_what_fails_before_the_run_says_where_too(generate, tmp_path, method: str) -> None:
    (tmp_path / "mine.py").write_text(FAILING.replace("class Sending", f"Sends.{method} = fail\n\nclass Sending"))
    outcome = generate(world() | {"target": {"type": "bad"}}, "-n", 5, "--plugins", tmp_path / "mine.py")
    assert outcome.code == 1
    assert f"KeyError: 'oops' ({tmp_path}/mine.py:6)" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_target_made_in_python_says_that_its_parts_are_objects_too() -> None:
    with pytest.raises(ValueError, match="must be an object of its kind here"):
        Registry.load().of("target")["file"](path="x", format="csv")


CONSTANT = """
import pyarrow as pa
from datagen import Dimension

class Constant(Dimension):
    kind = "constant_text"
    def make(self, rows):
        return pa.array(["OLD"] * len(rows))
"""


def test_an_edited_file_is_never_taken_for_what_it_was(process, tmp_path) -> None:
    """Python would take bytecode that it kept for the source if time and size are the same; and leave a folder."""
    spec = write_json(tmp_path / "spec.json", world({"name": "v", "type": "constant_text"}))
    for text in ("OLD", "NEW"):
        (tmp_path / "mine.py").write_text(CONSTANT.replace("OLD", text))
        os.utime(tmp_path / "mine.py", (10**9, 10**9))
        assert process("-c", spec, "-s", START, "-n", 1, "--plugins", "mine.py").records[0]["v"] == text
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.parametrize("what", ["plug-in", "named file"])
def test_a_state_of_other_sources_is_refused(generate, tmp_path, what: str) -> None:
    reading = CONSTANT.replace("    def make", "    path: str\n    def files(self): return [self.path]\n    def make")
    (tmp_path / "mine.py").write_text(reading)
    (tmp_path / "words.txt").write_text("OLD")
    spec = world({"name": "v", "type": "constant_text", "path": str(tmp_path / "words.txt")})
    spec |= {"target": {"type": "file", "path": str(tmp_path / "out.json")}}
    options = ("--plugins", tmp_path / "mine.py", "--state", tmp_path / "state")
    assert generate(spec, "-n", 3, *options).code == 0
    changed = "mine.py" if what == "plug-in" else "words.txt"
    (tmp_path / changed).write_text((tmp_path / changed).read_text().replace("OLD", "NEW"))
    outcome = generate(spec, "-n", 6, *options)
    assert outcome.code == 2
    assert "belongs to a different run (different: plug-ins, or files that the spec names)" in outcome.err
    assert len((tmp_path / "out.json").read_text().splitlines()) == 3


def test_an_installed_package_adds_kinds_by_its_entry_point(tmp_path, kinds) -> None:
    information = tmp_path / "my_kinds-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-kinds\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[datagen.plugins]\nmine = my_kinds\n")
    spec = json.dumps(world({"name": "v", "type": "dice"}))
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from datagen.command.main import main; main(sys.argv[1:])"
    )
    line = [sys.executable, "-c", program, "-s", START, "-n", "3"]
    done = subprocess.run(line, cwd=ROOT, input=spec, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert all(1 <= json.loads(text)["v"] <= 6 for text in done.stdout.splitlines())


def defined(package: str) -> dict[str, str]:
    """The kinds that the modules of a folder define, and the module of each."""
    folder = importlib.import_module(f"datagen.{package}")
    names = [module.name for module in pkgutil.walk_packages(folder.__path__, f"datagen.{package}.")]
    found = {}
    for name in names:
        for kind in vars(importlib.import_module(name)).values():
            if inspect.isclass(kind) and issubclass(kind, Plugin) and "kind" in vars(kind) and kind.__module__ == name:
                found[kind.kind] = name.removeprefix("datagen.")
    return found


@pytest.mark.parametrize("group", BUILT_IN)
def test_the_index_of_built_in_kinds_names_every_class_and_its_module(group: str) -> None:
    assert defined(f"{group}s") == BUILT_IN[group]
    assert list(BUILT_IN[group]) == sorted(BUILT_IN[group])
    assert list(Registry.load().of(group)) == list(BUILT_IN[group])


def test_built_in_kinds_come_in_through_the_same_door() -> None:
    registry = Registry.load()
    assert {"constant", "uniform", "exponential", "normal", "lognormal", "mixture"} <= set(registry.of("distribution"))
    assert {"enum", "int", "string", "counter", "object", "list", "variable"} <= set(registry.of("dimension"))
    assert {"json", "csv", "tsv"} <= set(registry.of("formatter"))
    assert {"stdout", "file"} <= set(registry.of("target"))
    assert all(plugin.__doc__ for plugin in registry.of("dimension").values())


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("return [1.0] * len(u)", "drawing: odd must make an array of "),
        ("return None", "numbers, and made null"),
        ("return u[:1]", "drawing: odd must make an array of "),
        ("import sys; sys.exit(0)", "a plug-in failed: SystemExit: 0"),
    ],
)
def test_a_distribution_that_does_not_draw_what_it_should_is_named(command, tmp_path, body: str, text: str) -> None:
    plugin = tmp_path / "odd.py"
    plugin.write_text(
        "from datagen import Distribution\n"
        "class Odd(Distribution):\n"
        '    """It draws what it should not."""\n'
        "    kind = 'odd'\n"
        f"    def sample(self, u):\n        {body}\n"
    )
    spec = write_json(tmp_path / "spec.json", world(states=[state("s", {"stop": 1}, delay={"type": "odd"})]))
    outcome = command(spec, "-s", START, "-n", 3, "--plugins", plugin)
    assert outcome.code == 1
    assert text in outcome.err
    assert "Traceback" not in outcome.err


def test_a_delay_without_end_ends_the_run_beyond_all_time(command, tmp_path) -> None:
    plugin = tmp_path / "endless.py"
    plugin.write_text(
        "import numpy as np\nfrom datagen import Distribution\n"
        "class Endless(Distribution):\n"
        '    """It waits for ever."""\n'
        "    kind = 'endless'\n"
        "    def sample(self, u):\n        return np.full(len(u), np.inf)\n"
    )
    states = [state("a", {"b": 1}), state("b", {"stop": 1}, delay={"type": "endless"})]
    outcome = command(write_json(tmp_path / "s.json", world(states=states)), "-s", START, "-n", 3, "--plugins", plugin)
    assert (outcome.code, len(outcome.records)) == (0, 3)


COUNTING = '''
from typing import ClassVar

from datagen import Dimension

made = []


class Counting(Dimension):
    """How many values were made before."""

    kind: ClassVar[str] = "counting"

    def make(self, rows):
        made.extend(rows.keys)
        return list(range(len(made) - len(rows), len(made)))
'''


@pytest.mark.parametrize("is_nested", [False, True])
def test_what_a_plugin_remembers_is_of_earlier_records(tmp_path, is_nested: bool) -> None:
    """On whichever threads, and in whatever order, batches are made."""
    (tmp_path / "my.py").write_text(COUNTING)
    counting = {"name": "v", "type": "counting"}
    spec = world({"name": "o", "type": "object", "dimensions": [counting]} if is_nested else counting)
    plan = Plan(datagen.load(spec, plugins=[tmp_path / "my.py"]).spec, parse_moment(START))
    columns = Columns(plan, World(seed=1))
    drafts = list(columns.drafts(Walk(plan, seed=1, max_workers=100).advance(NEVER)))
    batches = [columns.made(draft) for draft in reversed(drafts)][::-1]
    values = [value for batch in batches for value in batch.parts[0].columns["o" if is_nested else "v"].to_pylist()]
    assert [value["v"] if is_nested else value for value in values] == list(range(1024))


def test_the_walk_does_not_look_into_lists_of_what_may_remember(generate, tmp_path) -> None:
    (tmp_path / "my.py").write_text(COUNTING)
    numbers = {"name": "v", "type": "list", "elements": [{"name": "e", "type": "counting"}]}
    numbers["length_distribution"] = constant(3)
    ways = [{"next": "s", "when": "v[0] > 4"}, {"next": "stop"}]
    looking = {**state("s", delay=constant(1)), "ordered": True, "transitions": ways, "variables": [numbers]}
    outcome = generate(world(states=[looking]), "-n", 1, "--plugins", tmp_path / "my.py")
    assert outcome.code == 2
    assert 'of the type "counting", may depend on what was made before' in outcome.err
