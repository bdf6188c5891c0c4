"""Records for targets under test, and what goes wrong on their way."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.formatters.json import Json
from datagen.moment import parse_moment
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Sink, Target, Undelivered
from datagen.records.batch import Layout
from datagen.records.lines import Lines
from tests.servers.installed import Proxy, wait_until
from tests.worlds import START, constant, counter, enum, state, world

ODD = ["", "é", '"quoted"\\', "😀", "a b", None, 0.5, {"k": {"_": "v"}}, [1, [None]]]
RICH = world(counter("n"), enum("value", *ODD), enum("seldom", "x", percent_missing=50, percent_nulls=50))
COUNTRIES = world(counter("n"), enum("country", "DE", "FR", "NL"))
TWO = {
    "states": [state("a", "b", "first"), state("b", {"a": 0.9, "stop": 0.1}, "second", delay=constant(1))],
    "emitters": [
        {"name": "first", "dimensions": [counter("n"), enum("country", "DE", "FR")]},
        {"name": "second", "dimensions": [counter("m"), enum("x", "é", None)]},
    ],
    "interarrival": constant(1),
}


def prepared(target: Target, say: Callable[[str], Any] = print) -> Sink:
    """Begin a target for records that look like nothing in particular."""
    scope, layout = Scope(parse_moment(START), 1, "run", say), Layout({"e": {"time": pa.timestamp("ms")}})
    assert target.misfits(layout, Json(), scope) == []
    return target.begin(layout, Json(), scope)


def encoded(lines: Sequence[str]) -> Encoded:
    """Records of which each is a line."""
    number = np.arange(len(lines))
    return Encoded(number, number, Lines.of(pa.array([f"{line}\n" for line in lines], pa.string())))


def once(records: Sequence[bytes | str]) -> list[bytes | str]:
    """Leave out what was there before."""
    return list(dict.fromkeys(records))


def by_country(lines: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(json.loads(line)["country"], []).append(line)
    return found


@contextmanager
def cut_after(proxy: Proxy, size: int) -> Iterator[None]:
    """Cut all connections through a proxy once so many bytes have passed; new ones are let through."""

    def work() -> None:
        wait_until(lambda: proxy.passed > size)
        proxy.cut()
        proxy.mend()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


@contextmanager
def down_at_first(proxy: Proxy) -> Iterator[None]:
    """Refuse connections through a proxy for a moment."""
    proxy.cut()
    timer = threading.Timer(0.3, proxy.mend)
    timer.start()
    yield
    timer.join()


def insist(sink: Sink, records: Encoded) -> None:
    """Write records again and again until all are delivered, as a run does that retries."""
    while len(records):
        try:
            sink.write(records)
            return
        except Undelivered as error:
            records = records.slice(error.records, len(records))
            sink.close()
            sink.open(sink.position())


def late(records: Sequence[int]) -> int:
    """Count the records that stand behind one that should come after them."""
    return int((np.maximum.accumulate(records) > records).sum())
