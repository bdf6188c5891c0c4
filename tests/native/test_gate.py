"""The core is all there or refuses, in one sentence that says what to run; and a compiler is found or asked for."""

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from native import backend, compiler, headers
from tests.worlds import ROOT

DOORS = {
    "generator.py": [sys.executable, "generator.py", "--version"],
    "python -m datagen": [sys.executable, "-m", "datagen", "--version"],
    "datagen": [sys.executable, "-c", "from datagen.command.entry import main; main()"],
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the program, to break it."""
    shutil.copytree(ROOT / "datagen", tmp_path / "datagen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "generator.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def library(clone: Path, name: str = "draws") -> Path:
    [found] = clone.glob(f"datagen/native/{name}.*{sysconfig.get_config_var('SHLIB_SUFFIX') or '.pyd'}")
    return found


def cut(clone: Path, size: int) -> None:
    library(clone).write_bytes(library(clone).read_bytes()[:size])


def change(clone: Path, place: int, byte: int) -> None:
    content = bytearray(library(clone).read_bytes())
    content[place] = byte
    library(clone).write_bytes(content)


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "\n")


def is_elf() -> bool:
    return library(ROOT).read_bytes().startswith(b"\x7fELF")


BREAKS = {
    "one library missing": lambda clone: library(clone).unlink(),
    "all missing": lambda clone: [path.unlink() for path in clone.glob("datagen/native/*.so")],
    "the stamp missing": lambda clone: library(clone, "built").unlink(),
    "what all share missing": lambda clone: library(clone, "views").unlink(),
    "empty": lambda clone: cut(clone, 0),
    "only its head": lambda clone: cut(clone, 100),
    "half of it": lambda clone: cut(clone, library(clone).stat().st_size // 2),
    "but for its end": lambda clone: cut(clone, -1),
    "another file": lambda clone: library(clone).write_bytes(b"no library" * 100),
    "another processor's": lambda clone: change(clone, 18, 0xB7),  # e_machine: AArch64
    "32 bits": lambda clone: change(clone, 4, 1),
    "a library that is no module": lambda clone: library(clone).rename(library(clone).with_name("other.abi3.so")),
    "another module": lambda clone: shutil.copy(library(clone, "built"), library(clone)),
    "of an older source": lambda clone: edit(clone / "datagen/native/draws.py"),
    "of older declarations": lambda clone: edit(clone / "datagen/native/draws.pxd"),
    "a module more": lambda clone: (clone / "datagen/native/more.py").write_text('"""One more."""\n'),
    "a module less": lambda clone: (clone / "datagen/native/draws.py").unlink(),
}


def run(clone: Path, *line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, cwd=clone, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("door", DOORS)
def test_a_whole_core_starts(clone: Path, door: str) -> None:
    done = run(clone, *DOORS[door], *["--version"] * (door == "datagen"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("broken", BREAKS)
def test_an_unusable_core_is_one_sentence_with_the_command_to_run(clone: Path, broken: str) -> None:
    if not is_elf():
        pytest.skip("these libraries are broken as those of Linux are")
    BREAKS[broken](clone)
    done = run(clone, *DOORS["generator.py"])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"the compiled core of datagen, {clone / 'datagen/native'}, ")
    assert done.stderr.endswith(f"; run {sys.executable} -m pip install -e {clone}\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("door", DOORS)
def test_every_door_says_it(clone: Path, door: str) -> None:
    BREAKS["all missing"](clone)
    done = run(clone, *DOORS[door])
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not compiled" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_nothing_is_installed_yet_it_is_said_in_one_sentence_too(clone: Path) -> None:
    """Python without its site-packages has neither numpy nor the other libraries."""
    for prepare in (lambda: None, lambda: BREAKS["all missing"](clone)):
        prepare()
        done = run(clone, sys.executable, "-S", "generator.py", "-c", "conf/gen/example.json")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert "-m pip install" in done.stderr


def test_a_library_that_is_missing_is_named(clone: Path) -> None:
    (clone / "pyarrow.py").write_text("raise ModuleNotFoundError(\"No module named 'pyarrow'\", name='pyarrow')\n")
    done = run(clone, *DOORS["generator.py"])
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert "the library pyarrow is not installed; run" in done.stderr


def test_it_is_said_in_json_where_messages_are(clone: Path) -> None:
    library(clone).unlink()
    done = run(clone, *DOORS["generator.py"], "--log", "json")
    assert "pip install" in json.loads(done.stderr)["message"]


def test_a_program_gets_an_import_error_with_the_same_sentence(clone: Path) -> None:
    library(clone).unlink()
    said = run(clone, *DOORS["generator.py"]).stderr
    program = "import datagen\ntry: datagen.load\nexcept ImportError as error: print(error)\n"
    assert run(clone, sys.executable, "-c", program).stdout == said


def test_no_module_is_ever_run_from_its_source(clone: Path) -> None:
    library(clone).unlink()
    done = run(clone, sys.executable, "-c", "from datagen.native import draws")
    assert "CoreUnusable" in done.stderr


def test_outside_of_a_clone_the_program_is_to_be_installed_again(clone: Path) -> None:
    (clone / "pyproject.toml").unlink()
    library(clone).unlink()
    assert "pip install --force-reinstall . in the folder" in run(clone, *DOORS["generator.py"]).stderr


def test_a_compiler_is_asked_for_only_where_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [name.partition(">")[0] for name in backend.get_requires_for_build_editable()] == ["ziglang"]
    assert compiler.command()[:4] == compiler.ZIG
    works = tmp_path / "clang"
    works.write_text("#!/bin/sh\n")
    works.chmod(0o755)
    assert backend.get_requires_for_build_wheel() == []
    assert compiler.command() == ("clang",)
    works.write_text("#!/bin/sh\nexit 1\n")  # as macOS has one that only asks whether to install another
    assert backend.get_requires_for_build_wheel()
    monkeypatch.setenv("CC", "my-cc -m64")
    assert compiler.command() == ("my-cc", "-m64")
    assert backend.get_requires_for_build_wheel() == []


def test_a_python_without_headers_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(SystemExit, match="install the headers of Python"):
        headers.headers()
