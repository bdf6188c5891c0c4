"""Python's headers, those of this machine and some for any, and what a linker is to know of its library."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from native.compiler import ZIG, CannotCompile

_PORTABLE = Path("build/headers")


def headers() -> Path:
    """Return the folder of the headers of this Python.

    Raises CannotCompile when there are none.
    """
    folder = Path(sysconfig.get_path("include"))
    if not (folder / "Python.h").exists():
        raise CannotCompile(
            f"compiling the core of datagen: {folder} has no Python.h; install the headers of Python "
            f"{sys.version_info[0]}.{sys.version_info[1]} (Debian, Ubuntu: python3-dev; Fedora: python3-devel)"
        )
    return folder


def portable_headers() -> Path:
    """Return a folder with the headers of this Python, but for what they tell of this machine."""
    shutil.copytree(headers(), _PORTABLE, dirs_exist_ok=True)
    shutil.copy("native/include/pyconfig.h", _PORTABLE)
    return _PORTABLE


def python_dll() -> Path:
    """Make what the linker needs to know of ``python3.dll``: the names that the headers of the limited API declare."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(headers().glob("*.h")))
    functions = set(re.findall(r"PyAPI_FUNC\([^)]*\)\s*(?:_Py_NO_RETURN\s+)?(\w+)", text))
    objects = set(re.findall(r"PyAPI_DATA\([^)]*\)\s*(\w+)", text))
    names = [*sorted(functions), *(f"{name} DATA" for name in sorted(objects))]
    definition, library = Path("build/python3.def"), Path("build/python3.lib")
    definition.write_text("LIBRARY python3.dll\nEXPORTS\n" + "".join(f"{name}\n" for name in names))
    line = [*ZIG[:-1], "dlltool", "-m", "i386:x86-64", "-d", str(definition), "-l", str(library)]
    subprocess.run(line, check=True)
    return library
