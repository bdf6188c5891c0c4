"""What the plain design does: a thread for each worker, ``random`` for each value and ``json.dumps`` for each record.

Time is simulated. One thread runs at a time and hands over to the one that is due next, which is the cheapest way there
is. Of specs it knows as much as the yardsticks need; the limit, which does not bind in them, is left out.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any

_START = datetime(2024, 1, 1, tzinfo=UTC)

Draw = Callable[[], float]
Make = Callable[[dict[str, Any]], Any]  # from the variables of a worker


class Clock:
    """Simulated time, on which threads sleep."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds since the start
        self._sleeping: list[tuple[float, int, threading.Lock]] = []
        self._number = count()

    def alarm(self, seconds: float) -> threading.Lock:
        """Return a lock that is released when the time has come."""
        lock = threading.Lock()
        lock.acquire()
        heappush(self._sleeping, (self.now + seconds, next(self._number), lock))
        return lock

    def sleep(self, seconds: float) -> None:
        """Let others run until the time has come."""
        lock = self.alarm(seconds)
        self.hand_over()
        lock.acquire()

    def hand_over(self) -> None:
        """Let the thread run that is due next."""
        self.now, _, lock = heappop(self._sleeping)
        lock.release()


class Generator:
    """All workers of a spec, and the records that they make."""

    def __init__(self, spec: dict[str, Any], records: int, output: str) -> None:
        self._clock = Clock()
        self._left = records
        self._is_done = threading.Event()
        self._gap = _draw(spec["interarrival"])
        self._first = spec["states"][0]["name"]
        emitters = {emitter["name"]: _makers(emitter["dimensions"]) for emitter in spec["emitters"]}
        self._states = {state["name"]: _state(state, emitters) for state in spec["states"]}
        self._file = open(output, "w")  # noqa: SIM115 - the threads that sleep at the end hold it

    def run(self) -> None:
        """Make the records."""
        threading.Thread(target=self._spawn, daemon=True).start()
        self._is_done.wait()
        self._file.flush()

    def _spawn(self) -> None:
        while True:
            threading.Thread(target=self._live, args=[self._clock.alarm(0)], daemon=True).start()
            self._clock.sleep(self._gap())

    def _live(self, birth: threading.Lock) -> None:
        birth.acquire()
        variables: dict[str, Any] = {}
        name = self._first
        while name != "stop":
            setters, makers, delay, ways, weights = self._states[name]
            for variable, make in setters:
                variables[variable] = make(variables)
            self._emit(makers, variables)
            name = random.choices(ways, weights)[0]
            if name != "stop":
                self._clock.sleep(delay())
        self._clock.hand_over()

    def _emit(self, makers: list[tuple[str, Make]], variables: dict[str, Any]) -> None:
        moment = _START + timedelta(seconds=self._clock.now)
        record = {"time": moment.isoformat(timespec="milliseconds")}
        for field, make in makers:
            record[field] = make(variables)
        self._file.write(json.dumps(record) + "\n")
        self._left -= 1
        if not self._left:
            self._is_done.set()
            threading.Event().wait()  # for good, so that no other thread gets to run


def rate(spec: str, records: int, output: str = os.devnull) -> dict[str, float]:
    """Return how long so many records take."""
    generator = Generator(json.loads(Path(spec).read_text()), records, output)
    began, cpu = time.perf_counter(), time.process_time()
    generator.run()
    return {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}


def _state(state: dict[str, Any], emitters: dict[str, list[tuple[str, Make]]]) -> tuple[Any, ...]:
    transitions = state["transitions"]
    return (
        _makers(state.get("variables", [])),
        emitters[state["emitter"]],
        _draw(state["delay"]) if "delay" in state else float,
        [transition["next"] for transition in transitions],
        [transition["probability"] for transition in transitions],
    )


def _makers(dimensions: list[dict[str, Any]]) -> list[tuple[str, Make]]:
    return [(dimension["name"], _make(dimension)) for dimension in dimensions]


def _make(dimension: dict[str, Any]) -> Make:
    match dimension["type"]:
        case "variable":
            name = dimension["variable"]
            return lambda variables: variables[name]
        case "counter":
            numbers = count()
            return lambda _: next(numbers)
        case "enum":
            return _pick(dimension["values"], dimension)
        case "string":  # of a fixed length, and few different ones
            length = dimension["length_distribution"]["value"]
            texts = ("".join(random.choices(dimension["chars"], k=length)) for _ in range(dimension["cardinality"]))
            return _pick(list(texts), dimension)
        case "int":
            draw = _draw(dimension["distribution"])
            return lambda _: round(draw())
        case "float":
            draw, digits = _draw(dimension["distribution"]), dimension["precision"]
            return lambda _: round(draw(), digits)
        case other:
            raise ValueError(f"{other} is not among the kinds of the yardsticks")


def _pick(values: list[Any], dimension: dict[str, Any]) -> Make:
    draw, last = _draw(dimension["cardinality_distribution"]), len(values) - 1
    return lambda _: values[min(round(draw()), last)]


def _draw(distribution: dict[str, Any]) -> Draw:
    match distribution:
        case {"type": "constant", "value": value}:
            return lambda: value
        case {"type": "uniform", "min": low, "max": high}:
            return lambda: random.uniform(low, high)
        case {"type": "exponential", "mean": mean}:
            return lambda: random.expovariate(1 / mean)
        case {"type": "normal", "mean": mean, "stddev": deviation}:
            return lambda: random.gauss(mean, deviation)
        case other:
            raise ValueError(f"{other} is not among the distributions of the yardsticks")
