"""The compiled core: the walk, the draws and the lines, in Cython's pure-Python mode. Part of the ground.

Each module is Python source that is compiled at install time (by the folder ``native`` beside this package), with a
stub (``.pyi``) that says what Python sees of it. They hold no state of their own, know nothing of specs, and take and
fill arrays.

To import this package is to load the whole core. Left to itself, Python would run the sources where a library is
missing, and take any library for the one that belongs to them.
"""

import struct
import zlib
from importlib import import_module
from importlib.machinery import ExtensionFileLoader, PathFinder
from pathlib import Path

from datagen.problems import CoreUnusable

_HERE = Path(__file__).parent
_VIEWS = "views"  # what all modules share, and has no source: as in native.compile


def _load() -> None:
    """Import all modules of the core; raises CoreUnusable when they can't all be loaded, or don't belong together."""
    names = [*sorted(path.stem for path in _HERE.glob("*.py") if path.stem != "__init__"), _VIEWS]
    for name in names:
        _check_library(name)
    try:
        if _import("built").sources() != _checksum():
            raise CoreUnusable(_HERE, "was compiled from other sources than those that lie beside it")
        for name in names:
            _import(name)
    except CoreUnusable:
        raise
    except Exception as error:  # of the loader or of a module that looks for another
        raise CoreUnusable(_HERE, f"can't be loaded here ({error})") from error


def _import(name: str):  # type: ignore[no-untyped-def]
    return import_module(f"{__name__}.{name}")


def _check_library(name: str) -> None:
    """Raise CoreUnusable when Python would take anything but a whole library for a module."""
    found = PathFinder.find_spec(f"{__name__}.{name}", [str(_HERE)])
    if found is None or not isinstance(found.loader, ExtensionFileLoader):
        raise CoreUnusable(_HERE, f"is not compiled ({name} is missing)")
    if _is_cut_short(Path(str(found.origin))):
        raise CoreUnusable(_HERE, f"is damaged ({found.origin} is cut short)")


def _is_cut_short(library: Path) -> bool:
    """Return whether a library for Linux ends before its table of sections, which is the last of its parts.

    To load such a file would end the process with SIGBUS; elsewhere the loader itself looks.
    """
    with library.open("rb") as file:
        head = file.read(64)
    if len(head) < 64 or not head.startswith(b"\x7fELF\x02\x01"):  # 64 bits, little-endian
        return len(head) < 64
    (sections,) = struct.unpack_from("<Q", head, 0x28)  # e_shoff, e_shentsize, e_shnum of Elf64_Ehdr, elf(5)
    size, count = struct.unpack_from("<HH", head, 0x3A)
    return library.stat().st_size < sections + size * count


def _checksum() -> int:
    """Return the checksum of the sources, as ``native.compile`` made it for the module ``built``."""
    checksum = 0
    for path in sorted([*_HERE.glob("*.py"), *_HERE.glob("*.pxd")]):
        checksum = zlib.crc32(path.read_bytes(), checksum)
    return checksum


_load()
