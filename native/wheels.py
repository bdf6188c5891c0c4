"""Wheels for other machines, made on this one: ``python -m native.wheels [TARGET...]``, in a clone.

Each goes to ``dist`` and serves Python 3.11 and all that follow. It takes the packages of ``build-system.requires`` and
``ziglang``, which compiles for every target. Of Python only the headers are needed, and none of another machine:
``native/include/pyconfig.h`` stands in for what differs.
"""

import base64
import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from native.compile import make_c, modules, sources
from native.compiler import FAST, ZIG, make_library
from native.headers import portable_headers, python_dll

_DIST = Path("dist")
_CORE = Path("build/core")


@dataclass(frozen=True)
class Target:
    """A kind of machine: as zig names it, as wheels are tagged for it, and what ``sys.platform`` is there."""

    triple: str
    tag: str
    platform: str

    @property
    def suffix(self) -> str:
        """The end of a library's name that Python looks for."""
        return ".pyd" if self.platform == "win32" else ".abi3.so"


TARGETS = {
    "linux-x86_64": Target("x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64.manylinux2014_x86_64", "linux"),
    "linux-aarch64": Target("aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64.manylinux2014_aarch64", "linux"),
    "musl-x86_64": Target("x86_64-linux-musl", "musllinux_1_2_x86_64", "linux"),
    "musl-aarch64": Target("aarch64-linux-musl", "musllinux_1_2_aarch64", "linux"),
    "macos-x86_64": Target("x86_64-macos.11.0", "macosx_11_0_x86_64", "darwin"),
    "macos-arm64": Target("aarch64-macos.11.0", "macosx_11_0_arm64", "darwin"),
    "windows-x86_64": Target("x86_64-windows-gnu", "win_amd64", "win32"),
}


def main(names: Sequence[str]) -> int:
    """Make the wheels of the named targets, or of all; print their sizes and return the exit code."""
    unknown = set(names) - set(TARGETS)
    if unknown:
        print(f"no such target: {', '.join(sorted(unknown))}; known: {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    _DIST.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, "."]
        subprocess.run(line, check=True)
        [local] = Path(folder).glob("*.whl")
        for name in names or TARGETS:
            made = make_wheel(TARGETS[name], local)
            print(f"{made}  {made.stat().st_size:,} bytes")
    return 0


def make_wheel(target: Target, local: Path) -> Path:
    """Make the wheel of a target out of that of this machine: its files, but for the libraries, and its own tags."""
    tag = f"cp311-abi3-{target.tag}"
    name, version = local.name.split("-")[:2]
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(local) as wheel:
        files = {path: wheel.read(path) for path in wheel.namelist()}
    files = {path: content for path, content in files.items() if not path.endswith((".so", ".pyd", "/RECORD"))}
    facts = re.sub(rb"Tag: .*\n", b"", files[f"{about}/WHEEL"]).rstrip()
    tags = "".join(f"\nTag: cp311-abi3-{platform}" for platform in target.tag.split("."))
    files[f"{about}/WHEEL"] = facts + tags.encode() + b"\n"
    files |= libraries(target)
    files[f"{about}/RECORD"] = _record(files, f"{about}/RECORD").encode()
    made = _DIST / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)  # no times: the same wheel each time
    return made


def libraries(target: Target) -> dict[str, bytes]:
    """Return the libraries of the core for a target, by their paths in a wheel."""
    include = portable_headers()
    command = [*ZIG, "-target", target.triple, "-mcpu=baseline", "-s"]
    flags = [*FAST, f"-DCORE_SOURCES={sources()}u", *[str(python_dll())] * (target.platform == "win32")]
    made = {}
    for module in modules():
        path = module.name.replace(".", "/") + target.suffix
        library = Path("build", target.triple, path)
        make_library(make_c(module, _CORE), library, command, include, flags, target.platform)
        made[path] = library.read_bytes()
    return made


def _record(files: dict[str, bytes], record: str) -> str:
    """Return the list of a wheel's files with their digests, as the format of wheels has it (PEP 427)."""
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join(lines) + f"{record},,\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
