"""What differs from one run of the tests to the next; the report of a failure says how to repeat it."""

import os
import random
import secrets
from collections.abc import Iterable
from itertools import cycle, product

# The processes of pytest-xdist inherit it. Set it to repeat what a report shows.
FRESH_SEED = int(os.environ.setdefault("DATAGEN_FRESH_SEED", str(secrets.randbelow(10**9))))
ALL = bool(os.environ.get("DATAGEN_ALL"))  # try each law on each ready spec in each way, which takes longer


def some(names: Iterable[str], most: int = 8) -> list[str]:
    """Return some of the ready specs for a law that is dear to try: others in each run of the tests."""
    names = sorted(names)
    return names if ALL else sorted(random.Random(f"{FRESH_SEED} {len(names)}").sample(names, min(most, len(names))))


def varied(names: Iterable[str], ways: Iterable[object]) -> list[tuple[str, object]]:
    """Return each of some names with one way to try a law, and each way with some name: other pairs in each run."""
    names, ways = list(names), list(ways)
    if ALL:
        return list(product(names, ways))
    shuffled = random.Random(f"{FRESH_SEED} {len(names)} {len(ways)}").sample(names, len(names))
    chosen = dict(zip(shuffled, cycle(ways), strict=False))
    return [(name, chosen[name]) for name in names]
