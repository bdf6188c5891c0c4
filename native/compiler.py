"""The C compiler: which one, and how it makes a library that Python can load."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import which

# Every machine computes the same bytes: no product and sum in one rounding, and nothing that this processor has and
# others of its kind have not. -fno-math-errno lets sqrt be one instruction.
FAST = ("-O3", "-ffp-contract=off", "-fno-math-errno", "-g0")
ZIG = (sys.executable, "-m", "ziglang", "cc")
_LIMITED = "-DPy_LIMITED_API=0x030B0000"  # one library for Python 3.11 and all that follow


class CannotCompile(SystemExit):
    """Something is missing that no compiler can do without; the message says what to install."""


def command() -> tuple[str, ...]:
    """Return the compiler's command: ``$CC``, else the system's compiler, else zig from its wheel.

    On Windows it is always zig: the flags here are none of Microsoft's, and other compilers may use other libraries.
    """
    if os.environ.get("CC"):
        return tuple(shlex.split(os.environ["CC"]))
    if sys.platform == "win32":
        return (*ZIG, "-target", "native-windows-gnu", "-mcpu=baseline")
    return next(((name,) for name in ("cc", "gcc", "clang") if _works(name)), (*ZIG, "-mcpu=baseline"))


def _works(name: str) -> bool:
    """Return whether a compiler is there, and more than a door to its installation (macOS), and finds C's headers."""
    check = [name, "-fsyntax-only", "-x", "c", "-"]
    return bool(which(name)) and not subprocess.run(check, input=b"#include <math.h>\n", capture_output=True).returncode


def needs_zig() -> bool:
    """Return whether the compiler has to come from the package ``ziglang``."""
    return command()[:3] == ZIG[:3]


def make_library(
    source: Path, library: Path, command: Sequence[str], include: Path, flags: Sequence[str], platform: str
) -> None:
    """Compile a C file into a library that Python loads on a platform (``sys.platform``); remove one that was there."""
    library.parent.mkdir(parents=True, exist_ok=True)
    library.unlink(missing_ok=True)  # a running process keeps what it has loaded
    linked = {"darwin": ["-undefined", "dynamic_lookup"], "linux": ["-fPIC"]}.get(platform, [])
    subprocess.run(
        [*command, *flags, _LIMITED, f"-I{include}", "-shared", *linked, str(source), "-o", str(library)], check=True
    )
