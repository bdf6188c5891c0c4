"""What a rhythm costs: the click stream with a profile of the week, and very many births of a Poisson process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.population import CLICK_STREAM
from bench.process import ONE, Ran, answer, generate
from bench.setting import Setting, ratio
from bench.table import Line, rate

_WEEK = [
    {"type": "hour_of_day", "smooth": True, "factors": [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, *[1.2] * 14, 0.9, 0.8, 0.7, 0.6]},
    {"type": "day_of_week", "factors": {"saturday": 1.2, "sunday": 1.1}},
]
_A_SECOND = {
    "states": [{"name": "s", "emitter": "e", "transitions": [{"next": "stop", "probability": 1}]}],
    "emitters": [{"name": "e", "dimensions": []}],
    "arrivals": {"type": "poisson", "rate": 1000},
}


def rhythm(setting: Setting) -> Iterator[Line]:
    """Measure the click stream with and without a profile, in pairs, and memory over births."""
    count = setting.size(5_000_000)
    spec: dict[str, Any] = json.loads(Path(CLICK_STREAM).read_text())
    source = {"type": "interarrival", "distribution": spec.pop("interarrival"), "profile": _WEEK}
    week = setting.save("week.json", spec | {"arrivals": source})

    def pair() -> tuple[Ran, Ran]:
        return generate(CLICK_STREAM, count, ONE), generate(week, count, ONE)

    plain, paced = zip(*setting.repeat(pair), strict=True)
    yield rate("click stream with a profile of the week, to /dev/null, one core", count, paced)
    walls = ratio([ran.seconds for ran in plain], [ran.seconds for ran in paced])
    yield Line("with the profile / without", walls, "", least=0.85)
    cpu = ratio([ran.cpu_seconds for ran in plain], [ran.cpu_seconds for ran in paced])
    yield Line("the same by CPU time", cpu, "")
    yield from _births(setting)


def _births(setting: Setting) -> Iterator[Line]:
    path = setting.save("poisson.json", _A_SECOND)
    peaks = []
    for births in (setting.size(10_000_000), setting.size(100_000_000)):
        found, ran = answer("engine", "births", path, births)
        peaks.append(ran.peak_bytes / 1e6)
        each = found["cpu_seconds"] / births * 1e9
        yield Line(f"walk of {births:,} births of `poisson` at 1,000/s", each, "ns a birth", ran=ran)
    yield Line("its peak memory", peaks[1], "MB", most=peaks[0] + 10)
