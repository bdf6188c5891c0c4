"""Tests under AddressSanitizer and UBSan: ``python -m native.sanitized [ARGUMENT OF PYTEST...]``, in a clone.

The core is compiled once more, into ``build/sanitized`` beside copies of the program and its tests, with every access
to memory, every index into an array and every overflow of signed numbers looked at. Where no compiler brings the
sanitizers it says so, and that is no failure.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from setuptools import Extension

from native.compile import PACKAGE, make_c, make_libraries, modules, sources
from native.compiler import command
from native.headers import headers

FOLDER = Path("build/sanitized")
COPIED = ("datagen", "tests", "native", "conf", "formats", "generator.py", "pyproject.toml")
FLAGS = (
    "-Og",  # takes half the time of -O1 to compile, and leaves more accesses in place to be looked at
    "-ffp-contract=off",
    "-fno-math-errno",
    "-g1",  # lines, which is what a report shows
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-fno-omit-frame-pointer",
)
CHECKED = {"boundscheck": True, "show_performance_hints": False}  # below 0 is out of bounds too: no wraparound
REPORT = (FOLDER / "report").absolute()  # pytest would take what goes to standard error with it
OPTIONS = {
    "ASAN_OPTIONS": f"detect_leaks=0:log_path={REPORT}",  # Python ends with much that it never gave back
    "UBSAN_OPTIONS": f"print_stacktrace=1:log_path={REPORT}",
    "PYTHONMALLOC": "malloc",  # its own allocator would hide where an object ends
}


def main(arguments: Sequence[str]) -> int:
    """Compile, run pytest and print what the sanitizers found; return the exit code."""
    runtime = _library("libasan.so") or _library("libclang_rt.asan.so") or _library("libclang_rt.asan-x86_64.so")
    if not runtime:
        print(f"skipped: {' '.join(command())} has no AddressSanitizer")
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in COPIED:
        copy = shutil.copytree if Path(name).is_dir() else shutil.copy
        FOLDER.mkdir(parents=True, exist_ok=True)
        copy(name, FOLDER / name)
    flags = [*FLAGS, *["-shared-libasan"] * ("clang" in runtime), f"-DCORE_SOURCES={sources()}u"]
    pairs = ((make_c(module, FOLDER / "core", **CHECKED), _copied(module)) for module in modules())
    make_libraries(pairs, command(), headers(), flags, sys.platform)
    preload = f"{runtime} {_library('libstdc++.so.6')}"  # the second, or the first knows no exceptions of C++
    line = [sys.executable, "-m", "pytest", *arguments]
    code = subprocess.run(line, cwd=FOLDER, env=os.environ | OPTIONS | {"LD_PRELOAD": preload}).returncode
    reports = [path.read_text() for path in FOLDER.glob("report.*")]
    print("\n".join(reports))
    return code or len(reports)


def _copied(module: Extension) -> Path:
    """Return where the copy of the program has the library of a module."""
    [library] = (FOLDER / PACKAGE).glob(f"{module.name.rpartition('.')[2]}.*.so")
    return library


def _library(name: str) -> str:
    """Return where the compiler has a library; nothing when it has none."""
    answer = subprocess.run([*command(), f"-print-file-name={name}"], capture_output=True, text=True).stdout.strip()
    return os.path.realpath(answer) if os.path.isabs(answer) else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
