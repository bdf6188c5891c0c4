"""Believable event streams from a JSON spec: the same to the last byte for the same spec, seed and start.

import datagen

spec = datagen.load("conf/gen/example.json")
for record in datagen.records(spec, start="2024-01-01T00:00:00", records=1000, seed=1):
    print(record["client"])

report = datagen.run(spec, {"type": "file", "path": "events.json"}, start="2024-01-01T00:00:00", duration="1D")
print(report.records)

The names are those of ``datagen.api``, which is imported when one of them is first used: so the command answers signals
from its first millisecond on.
"""

import datagen.records  # noqa: F401
from datagen.version import VERSION

TYPE_CHECKING = False  # what checkers take for true; the module typing takes 10 ms
if TYPE_CHECKING:
    from datagen.api import *  # noqa: F403

del records  # type: ignore[has-type]  # noqa: F821  # the package; once it is imported its name is free for the function
__version__ = VERSION
__all__: list[str]


def __getattr__(name: str):  # type: ignore[no-untyped-def]
    """Return a name of the interface, but no module: that is imported next."""
    from importlib.util import find_spec

    if (
        name == "api"
        or not name.isidentifier()
        or (name not in ("__all__", "records") and find_spec(f"datagen.{name}"))
    ):
        raise AttributeError(name)
    from datagen import api

    if name != "__all__" and name not in api.__all__:
        raise AttributeError(f"module 'datagen' has no attribute {name!r}")
    return getattr(api, name)


def __dir__() -> list[str]:
    return [*globals(), *__getattr__("__all__")]
