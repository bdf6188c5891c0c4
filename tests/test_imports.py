"""The shape of the house: dependencies point one way, and what only one module may do only that one does."""

import ast
import itertools
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter

from tests.worlds import ROOT

PACKAGE = ROOT / "datagen"
# Who may import whom: what stands to the right in its own line, and so on from there. `-/>` takes it back.
RULE = """
command, service -> plots -> job
api, command, service -> job -> delivery -> engine -> language.population -> plugin -> records -> ground
job -> language -> language.population
delivery -/> language, language.population
engine -/> delivery, targets
distributions, dimensions, arrivals, formatters, profiles, stages, tables, targets -> plugin
dimensions, formatters -> script -> plugin
plugin.registry names the modules of these eight, as text
"""
GROUND = ("clock", "moment", "draw", "graph", "native", "problems", "version", "when", "zone")
# The models of a population.
_MODELS = ("population", "delay", "each", "emitter", "resource", "state", "subpopulation", "text", "visibility")
POPULATION = tuple(f"language.{name}" for name in _MODELS)
LEAVES = ("distributions", "dimensions", "arrivals", "formatters", "profiles", "stages", "tables", "targets")


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax tree of every module, by its name inside the package; "" is the package itself."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[name.removesuffix("__init__").rstrip(".")] = ast.parse(path.read_text())
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """The names of modules that a module imports, anywhere in it, for its types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name.removeprefix("datagen.") in modules() else str(node.module) for name in inner)


def own_imports(tree: ast.Module) -> set[str]:
    names = {name.removeprefix("cython.cimports.") for name in imported(tree)}
    names = {name for name in names if name.split(".")[0] == "datagen"}
    return {name.removeprefix("datagen").removeprefix(".") for name in names}


def room(module: str) -> str:
    """The part of the house that a module is in."""
    first = module.split(".")[0]
    if module in POPULATION:
        return "language.population"
    return "ground" if first in GROUND else first


def allowed() -> dict[str, set[str]]:
    """The rooms that each room may import."""
    ways: dict[str, set[str]] = {}
    for line in re.findall(r"^.* -> .*$", RULE, re.MULTILINE):
        rooms = [part.split(", ") for part in line.split(" -> ")]
        for left, right in itertools.pairwise(rooms):
            for name in left:
                ways.setdefault(name, set()).update(right)
    taken = {left: set(right.split(", ")) for left, right in re.findall(r"^(.*) -/> (.*)$", RULE, re.MULTILINE)}

    def reached(name: str) -> set[str]:
        onward = ways.get(name, set())
        return onward.union(*(reached(other) for other in onward))

    return {name: (reached(name) | {name}) - taken.get(name, set()) for name in [*ways, "ground"]}


def calls(tree: ast.Module) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_dependencies_point_one_way() -> None:
    rooms = allowed()
    assert not {"delivery", "language", "targets"} & rooms["engine"]  # the rule is read as it is meant
    assert not {"job", "language", "language.population"} & rooms["delivery"]
    assert rooms["targets"] == {"targets", "plugin", "records", "ground"}
    assert rooms["ground"] == {"ground"}
    wrong = [
        f"{name} must not import {other}"
        for name, tree in modules().items()
        for other in own_imports(tree)
        if name not in ("", "__main__") and room(other) not in rooms[room(name)]
    ]
    assert not wrong, "\n".join([*wrong, RULE])


def test_no_module_needs_itself_in_the_end() -> None:
    graph = {name: own_imports(tree) - {name} for name, tree in modules().items()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_only_the_registry_names_the_leaves() -> None:
    named = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        for other in own_imports(tree)
        if room(other) in LEAVES and room(name) != room(other)
    ]
    assert not named


def test_only_the_command_prints() -> None:
    printing = {"print", "sys.stdout.write", "sys.stderr.write"}
    assert not [name for name, tree in modules().items() if room(name) != "command" and printing & calls(tree)]


def test_only_the_clock_reads_the_time_and_only_draw_makes_randomness() -> None:
    may = {"time": "clock", "hashlib": "draw", "secrets": "draw", "random": "", "uuid": "", "numpy.random": ""}
    for name, tree in modules().items():
        wrong = {module for module in imported(tree) if module in may and may[module] != name}
        assert not wrong, f"{name} imports {wrong}"
        last = re.compile(r"(^|\.)(now|utcnow|today|urandom|getrandom)$|np\.random")
        assert not [call for call in calls(tree) if last.search(call)], name


def test_no_module_has_state() -> None:
    """No ``global``, and nothing at module level that could be changed and is: lists, dicts and sets are constants."""
    changing = {"append", "extend", "insert", "add", "update", "pop", "popitem", "remove", "discard", "clear"}
    for name, tree in modules().items():
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)], name
        containers = set()
        for node in tree.body:
            value = getattr(node, "value", None)
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
                containers |= {target.id for target in targets if isinstance(target, ast.Name)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changing:
                assert ast.unparse(node.func.value) not in containers, name
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                assert ast.unparse(node.value) not in containers, name


def test_importing_has_no_side_effect() -> None:
    """At module level stand only imports, definitions, constants and docstrings; the core alone loads itself."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for name, tree in modules().items():
        for node in tree.body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            loads = name == "native" and ast.unparse(node) == "_load()"
            ok = docstring or loads or isinstance(node, (ast.Import, ast.ImportFrom, ast.If, ast.Delete, *definitions))
            assert ok, f"{name}: {ast.unparse(node)}"
            if isinstance(node, ast.If):
                assert ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"), name


def test_a_module_says_what_it_owns_and_is_no_longer_than_it_may_be() -> None:
    for name, tree in modules().items():
        assert ast.get_docstring(tree), name
        assert max((node.end_lineno for node in tree.body), default=0) <= 400, name


def test_what_builds_the_core_needs_nothing_of_the_program() -> None:
    """It runs before the program and its libraries are installed."""
    known = {*sys.stdlib_module_names, "native", "setuptools", "Cython"}
    for path in (ROOT / "setup.py", *(ROOT / "native").glob("*.py")):
        assert {name.split(".")[0] for name in imported(ast.parse(path.read_text()))} <= known, path
    assert not [name for name, tree in modules().items() if any(part.startswith("native") for part in imported(tree))]
