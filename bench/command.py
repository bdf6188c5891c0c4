"""The whole command, from start to end: beside DuckDB and beside a thread per worker, on one core and on two."""

from collections.abc import Iterator
from statistics import median

from bench.core import stage_times
from bench.population import CLICK_STREAM, FLAT, SENSORS
from bench.process import ONE, TWO, Ran, answer, generate
from bench.setting import PLACES, Setting, middle, ratio
from bench.table import Line, rate

_RECORDS = {"a file": 8_000_000, "/dev/null": 20_000_000}  # the start is a seventh, and a tenth, of ours
_RECORDS_OF_THREADS = {"a file": 8_000_000, "/dev/null": 40_000_000}  # there the start is a tenth with two, too
_LEAST_OF_DUCKDB = {"a file": 2.0, "/dev/null": 2.5}
_IN_ORDER = ("walk", "drafts", "write")  # stages: one does not wait for another, only for itself
_ESTIMATED = (2, 4, 8, 16)  # cores


def start_up(setting: Setting) -> Iterator[Line]:
    """Measure how long a command with ten records takes."""
    runs = [generate(CLICK_STREAM, 10) for _ in range(8)][1:]
    yield Line("`-n 10`, whole command, median of 7", middle(runs).seconds, "s", most=0.5, ran=middle(runs))


def yardsticks(setting: Setting) -> Iterator[Line]:
    """Measure the click stream and the flat spec beside what others do with them, on one core."""
    for name, spec in (("click stream", CLICK_STREAM), ("flat", FLAT)):
        for place in PLACES:
            yield from _beside_duckdb(setting, name, spec, place)
        yield from _beside_threads(setting, name, spec)


def sensors(setting: Setting) -> Iterator[Line]:
    """Measure records with lists and objects, on one core."""
    count = setting.size(3_000_000)
    runs = setting.repeat(lambda: generate(SENSORS, count, ONE))
    yield rate("sensors to /dev/null, one core", count, runs, least=1_200_000)


def threads(setting: Setting) -> Iterator[Line]:
    """Estimate what more cores bring, and measure one thread and two on two cores."""
    times = stage_times(setting)
    longest = max(_IN_ORDER, key=lambda stage: times[stage])
    serial = times[longest] / sum(times.values())
    yield Line(f"serial share: {longest}, of all stages", serial, "")
    for cores in _ESTIMATED:
        faster = 1 / (serial + (1 - serial) / cores)
        yield Line(f"{cores} threads on {cores} cores / one, estimated (Amdahl)", faster, "")
    yield Line("any number / one, when that share never waits", 1 / serial, "")
    for place in PLACES:
        yield from _one_and_two(setting, setting.size(_RECORDS_OF_THREADS[place]), place)


def memory(setting: Setting) -> Iterator[Line]:
    """Measure whether ten times the records take more memory."""
    few, many = setting.size(3_000_000), setting.size(30_000_000)
    runs = setting.repeat(lambda: [generate(CLICK_STREAM, count).peak_bytes / 1e6 for count in (few, many)])
    low, high = map(median, zip(*runs, strict=True))
    yield Line(f"peak memory, {few:,} records", low, "MB")
    yield Line(f"peak memory, {many:,} records", high, "MB", most=low + 30)


def _beside_duckdb(setting: Setting, name: str, spec: str, place: str) -> Iterator[Line]:
    count = setting.size(_RECORDS[place])

    def pair() -> tuple[Ran, Ran]:
        ours = generate(spec, count, ONE, setting.output(place))
        return ours, Ran(**answer("yardstick", "copy", spec, count, setting.output(place))[0])

    ours, theirs = zip(*setting.repeat(pair), strict=True)
    yield rate(f"{name} to {place}, {count:,} records, one core", count, ours)
    yield rate(f"DuckDB, {name} to {place}, one core", count, theirs)
    walls = ratio([ran.seconds for ran in theirs], [ran.seconds for ran in ours])
    yield Line(f"ours / DuckDB, {name} to {place}", walls, "", least=_LEAST_OF_DUCKDB[place])
    cpu = ratio([ran.cpu_seconds for ran in theirs], [ran.cpu_seconds for ran in ours])
    yield Line("the same by CPU time", cpu, "")


def _beside_threads(setting: Setting, name: str, spec: str) -> Iterator[Line]:
    count, fewer = setting.size(_RECORDS["/dev/null"]), setting.size(100_000)

    def pair() -> tuple[Ran, Ran]:
        ours = generate(spec, count, ONE)
        return ours, Ran(**answer("thread_per_worker", "rate", spec, fewer)[0])

    ours, theirs = zip(*setting.repeat(pair), strict=True)
    yield rate(f"a thread per worker, {name} to /dev/null", fewer, theirs)
    times = ratio([ran.seconds / fewer for ran in theirs], [ran.seconds / count for ran in ours])
    yield Line(f"ours / a thread per worker, {name} to /dev/null", times, "", least=100)


def _one_and_two(setting: Setting, count: int, place: str) -> Iterator[Line]:
    def pair() -> tuple[Ran, ...]:
        return tuple(generate(CLICK_STREAM, count, TWO, setting.output(place), threads) for threads in (1, 2))

    ones, twos = zip(*setting.repeat(pair), strict=True)
    for threads, runs in ((1, ones), (2, twos)):
        yield rate(f"click stream to {place}, {count:,} records, {len(TWO)} cores, `--threads {threads}`", count, runs)
        for whose, share in _shares(middle(runs)).items():
            yield Line(f"its cores' time, {whose}", 100 * share, "%")
    faster = ratio([ran.seconds for ran in ones], [ran.seconds for ran in twos])
    yield Line(f"two threads / one, to {place}", faster, "", least=1.6)
    yield Line("its peak memory", max(ran.peak_bytes for ran in twos) / 1e6, "MB")


def _shares(ran: Ran) -> dict[str, float]:
    """Return who had the two cores while a command ran: with others there it can't be as fast as it might be."""
    whole = ran.seconds * len(TWO)
    ours, idle = ran.cpu_seconds / whole, ran.idle_seconds / whole
    return {"used by it": ours, "idle": idle, "used by others": max(1 - ours - idle, 0)}
