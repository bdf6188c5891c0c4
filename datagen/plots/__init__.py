"""What a spec looks like before it runs: numbers to draw, for the command ``plot``, for programs and for pages.

from datagen import plots

for source in plots.arrivals("conf/gen/clickstream.json", span="1H").sources:
    print(source.name, source.counted[:5], source.expected[:5])

Each function returns a dataclass of numbers, texts and lists, which ``dataclasses.asdict`` makes ready for JSON. They
look at one run from a start (a Monday without one) with a seed (0), cut after a million steps. ``page`` draws it all.
"""

from pathlib import Path
from typing import Unpack

from datagen.job.given import Looked, listed
from datagen.plots.data.alive import Alive
from datagen.plots.data.alive import alive as _alive
from datagen.plots.data.arrival import Arrivals
from datagen.plots.data.arrival import arrivals as _arrivals
from datagen.plots.data.life import Lives
from datagen.plots.data.life import lives as _lives
from datagen.plots.data.pilot import Pilot, SpecLike
from datagen.plots.data.state import States
from datagen.plots.data.state import states as _states
from datagen.plots.data.value import Values
from datagen.plots.data.value import values as _values
from datagen.plots.draw.output import drawn
from datagen.plots.draw.overview import page as _page


@listed
def arrivals(spec: SpecLike, bin_seconds: float | None = None, **options: Unpack[Looked]) -> Arrivals:
    """Return how many workers each source makes, bin by bin: expected, and in one run."""
    return _arrivals(Pilot.of(spec, options), bin_seconds=bin_seconds)


@listed
def states(spec: SpecLike, **options: Unpack[Looked]) -> States:
    """Return the states with their transitions, mean stays and visits."""
    return _states(Pilot.of(spec, options))


@listed
def values(spec: SpecLike, **options: Unpack[Looked]) -> list[Values]:
    """Return the values of every field: a histogram or the most frequent ones, with the theory, null and missing."""
    return _values(Pilot.of(spec, options))


@listed
def alive(spec: SpecLike, **options: Unpack[Looked]) -> Alive:
    """Return how many workers are alive over time, and the limit."""
    return _alive(Pilot.of(spec, options))


@listed
def lives(spec: SpecLike, count: int = 20, **options: Unpack[Looked]) -> Lives:
    """Return a sample of workers with the states that each went through."""
    return _lives(Pilot.of(spec, options), count)


@listed
def page(spec: SpecLike, ending: str = ".html", **options: Unpack[Looked]) -> bytes:
    """Return all of it as a page: the content of a file that ends in ``.html``, ``.svg`` or ``.png``."""
    name = Path(spec).stem if isinstance(spec, str | Path) else "spec"
    return drawn(_page(Pilot.of(spec, options), name), ending)
