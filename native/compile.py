"""The modules of the core: Cython makes C of them, a compiler makes libraries of that.

``python -m native.compile`` in a clone does it for those that changed, and puts the libraries beside their sources.
"""

import os
import subprocess
import sys
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension
from setuptools.command.build_ext import build_ext

from native.compiler import FAST, command, make_library
from native.headers import headers, portable_headers, python_dll

PACKAGE = Path("datagen/native")
STAMP = "datagen.native.built"  # knows the checksum of all sources: out of date whenever one of them is
VIEWS = "datagen.native.views"  # what Cython adds to each module that has arrays; said once, all compiles in a third
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": False,
}


def modules() -> list[Extension]:
    """Return the modules of the core, as setuptools wants to know them; called in the folder of the project.

    One of them, ``VIEWS``, has no source: Cython itself makes it.
    """
    shared = sorted(map(str, PACKAGE.glob("*.pxd")))
    written = [
        Extension(f"datagen.native.{path.stem}", [str(path)], depends=shared, py_limited_api=True)
        for path in sorted(PACKAGE.glob("*.py"))
        if path.stem != "__init__"
    ]
    return [Extension(VIEWS, [], py_limited_api=True), *written]


def sources() -> int:
    """Return the checksum of all sources, which the library ``built`` carries and ``datagen.native`` compares."""
    checksum = 0
    for path in sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("*.pxd")]):
        checksum = zlib.crc32(path.read_bytes(), checksum)
    return checksum


def make_c(module: Extension, folder: Path, **directives: object) -> Path:
    """Write the C source of a module below a folder, when it is not there or older than the module; return its path."""
    if module.name == VIEWS:
        return _make_views(folder)
    [made] = cythonize(  # type: ignore[no-untyped-call]
        [Extension(module.name, list(module.sources))],
        build_dir=str(folder),
        compiler_directives=DIRECTIVES | directives,
        shared_utility_qualified_name=VIEWS,
        quiet=True,
    )
    return Path(made.sources[0])


def _make_views(folder: Path) -> Path:
    """Write the C source of what the modules share below a folder, when it is not there; return its path."""
    path = folder / Path(*VIEWS.split(".")).with_suffix(".c")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "cython", f"--generate-shared={path}"], check=True)
    return path


def make_libraries(
    pairs: Iterable[tuple[Path, Path]], command: Sequence[str], include: Path, flags: Sequence[str], platform: str
) -> None:
    """Compile C files into libraries, as many at a time as there are processors; see ``make_library``."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(make_library, c, library, command, include, flags, platform) for c, library in pairs]
    for job in jobs:
        job.result()


class BuildCore(build_ext):
    """The step ``build_ext`` of a build: one command of the compiler for each module, on every system."""

    def build_extensions(self) -> None:
        """Make the libraries of the modules, but for those that are younger than all that goes into them."""
        flags = [*FAST, f"-DCORE_SOURCES={sources()}u"]
        include = headers()
        if sys.platform == "win32":  # where its own headers are for Microsoft's compiler
            include = portable_headers()
            flags.append(str(python_dll()))
        # Cython makes C of one module while the compiler is at work on those before: it takes a third of the time.
        pairs = ((make_c(ext, Path("build/core")), self._library(ext)) for ext in self.extensions if self._is_due(ext))
        make_libraries(pairs, command(), include, flags, sys.platform)

    def _library(self, ext: Extension) -> Path:
        return Path(self.get_ext_fullpath(ext.name))

    def _is_due(self, ext: Extension) -> bool:
        library = self._library(ext)
        made_of = map(Path, [*ext.sources, *ext.depends, *glob("native/*.py")])
        is_fresh = library.exists() and library.stat().st_mtime > max(path.stat().st_mtime for path in made_of)
        return not is_fresh or ext.name == STAMP or bool(self.force)


if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"]).returncode)
