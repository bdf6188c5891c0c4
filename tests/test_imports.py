"""The shape of the code: dependencies point one way, and what only one module may do only that one does."""

import ast
from pathlib import Path

import pytest

from tests.worlds import ROOT

PACKAGE = ROOT / "datagen"
PLUGIN_FOLDERS = ("distributions", "dimensions", "formatters", "stages", "targets")

# From the inside out. A module may import those of earlier lines, and those of its own line.
LAYERS = [
    ["problems", "draw"],
    ["batch", "moment"],
    ["clock", "text"],
    ["arrays"],
    ["archive", "pattern", "expression"],
    ["plugin"],
    ["stage", "fault"],
    ["target"],
    ["periodic"],
    ["systems"],
    ["registry", "environment"],
    ["spec"],
    ["plan"],
    ["arrival"],
    ["population"],
    ["store"],
    ["path"],
    ["walk", "columns"],
    ["pool"],
    [*PLUGIN_FOLDERS],  # a dimension is given its rows by columns; nothing but the registry knows a plug-in
    ["lane"],
    ["journal"],
    ["run"],
    ["inputs", "audit"],
    ["schema"],
    ["reference"],
    ["cli", "__init__"],
    ["__main__"],
]
# Exceptions: the API encodes records as JSON itself, and the schema has to know which keys of a timestamp are times.
ALLOWED = {("__init__", "formatters"), ("schema", "dimensions")}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def layer_name(path: Path) -> str:
    """The module, or the plug-in folder, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, str]]:
    """The modules that a file imports, outside of ``if TYPE_CHECKING``, as (module, name)."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found += [(str(node.module), alias.name) for alias in node.names]
    return found


def own_imports(path: Path) -> set[str]:
    """The layers' names that a file imports of this package."""
    found = set()
    for module, name in imports(path):
        first, *rest = module.split(".")
        if first == "datagen":
            inside = rest[0] if rest else name
            found.add(inside if (PACKAGE / f"{inside}.py").exists() or (PACKAGE / inside).is_dir() else "__init__")
    return found


def rank(name: str) -> int:
    found = [number for number, names in enumerate(LAYERS) if name in names]
    assert found, f"{name} has no place in the layers of this test; see docs and the design"
    return found[0]


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", modules(), ids=ids)
def test_dependencies_point_one_way(path: Path) -> None:
    name = layer_name(path)
    for other in own_imports(path):
        assert rank(other) <= rank(name) or (name, other) in ALLOWED, f"{name} must not import {other}"


@pytest.mark.parametrize("path", [path for path in modules() if layer_name(path) in PLUGIN_FOLDERS], ids=ids)
def test_plugins_never_import_one_another(path: Path) -> None:
    assert own_imports(path).isdisjoint(PLUGIN_FOLDERS)


@pytest.mark.parametrize("path", [path for path in modules() if layer_name(path) not in PLUGIN_FOLDERS], ids=ids)
def test_nobody_imports_a_plugin_but_the_registry(path: Path) -> None:
    allowed = {other for name, other in ALLOWED if name == layer_name(path)}
    assert own_imports(path).isdisjoint(set(PLUGIN_FOLDERS) - allowed)


def calls(path: Path) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", modules(), ids=ids)
def test_only_the_command_prints(path: Path) -> None:
    if layer_name(path) not in ("cli", "__main__"):
        assert not {"print", "sys.stdout.write", "sys.stderr.write"} & calls(path)


@pytest.mark.parametrize("path", modules(), ids=ids)
def test_only_the_clock_reads_the_time(path: Path) -> None:
    if layer_name(path) != "clock":
        assert "time" not in {module for module, _ in imports(path)}
        assert not any(call.endswith((".now", ".utcnow", ".today")) for call in calls(path))


@pytest.mark.parametrize("path", modules(), ids=ids)
def test_only_draw_makes_randomness(path: Path) -> None:
    found = {module for module, _ in imports(path)} & {"random", "secrets", "uuid", "numpy.random"}
    assert found <= ({"secrets"} if layer_name(path) == "run" else set())  # a seed, when none is given
    assert not any("np.random" in call or "urandom" in call for call in calls(path))
    if layer_name(path) != "draw":
        assert "hashlib" not in {module for module, _ in imports(path)}


@pytest.mark.parametrize("path", modules(), ids=ids)
def test_no_module_has_state(path: Path) -> None:
    """No ``global``, and nothing at module level that could be changed and is: lists, dicts and sets are constants."""
    tree = ast.parse(path.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    containers = set()
    for node in tree.body:
        value = getattr(node, "value", None)
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
            containers |= {target.id for target in targets if isinstance(target, ast.Name)}
    changing = {"append", "extend", "insert", "add", "update", "pop", "popitem", "remove", "discard", "clear"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changing:
            assert ast.unparse(node.func.value) not in containers
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            assert ast.unparse(node.value) not in containers


@pytest.mark.parametrize("path", modules(), ids=ids)
def test_importing_has_no_side_effect(path: Path) -> None:
    """At module level stand only imports, definitions, constants and docstrings."""
    allowed = (
        ast.Import,
        ast.ImportFrom,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Assign,
        ast.AnnAssign,
        ast.If,
    )
    for node in ast.parse(path.read_text()).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert docstring or isinstance(node, allowed), ast.unparse(node)
        if isinstance(node, ast.If):
            assert ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")


@pytest.mark.parametrize("path", modules(), ids=ids)
def test_a_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert len(path.read_text().splitlines()) <= 400
