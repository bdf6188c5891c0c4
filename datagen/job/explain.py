"""Explanations: what a run would make, without running it, as an object of JSON of a stable shape."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Floats
from datagen.engine.expectation import Expectation, Inflow, hours
from datagen.engine.limited import Outcome, born, under
from datagen.engine.pilot import Sizes
from datagen.engine.plan import Plan
from datagen.job.options import Options
from datagen.job.request import Inputs, Request, load
from datagen.job.times import settle
from datagen.job.volume import Scale, measured, scaled
from datagen.language.spec import Spec
from datagen.moment import Moment
from datagen.plugin.arrival import TurnedAway
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import Plugin, parts_of
from datagen.plugin.week import BEGIN, MINUTES
from datagen.zone import MINUTE


def explain(request: Request) -> tuple[Inputs, dict[str, Any]]:
    """Return what a request names, and what its run would make; what is unknown, or infinite, is None.

    Raises InvalidInput with everything that is wrong with the request.
    """
    inputs = load(request, reads=True)
    times = settle(request.options, inputs.loaded.spec.timezone)
    options = replace(times.options, seed=request.options.seed or 0)
    options, scale = scaled(inputs.loaded, options, times.start)
    takes = inputs.targets[0].target
    formatter = takes.format or (inputs.formatter if takes.takes_format else inputs.loaded.registry.formatter("json"))
    found = measured(inputs.loaded, options, times.start, formatter)
    return inputs, _Explanation(
        options.applied(inputs.loaded.spec), options, times.start, scale, formatter, found
    ).object


@dataclass(frozen=True)
class _Explanation:
    spec: Spec
    options: Options
    start: Moment | None
    scale: Scale | None
    formatter: Formatter
    sizes: Sizes | None

    @cached_property
    def expectation(self) -> Expectation:
        return Expectation(self.spec, self.options.scale or 1.0, self.start or BEGIN)

    @cached_property
    def limit(self) -> int:
        return self.options.limit(self.spec)

    @cached_property
    def outcome(self) -> Outcome | None:
        """Return what the limit does to workers who stop some time."""
        if not self.expectation.always_stops:
            return None
        plan = Plan(self.spec, BEGIN, scale=self.options.scale or 1.0)
        return under(
            self.expectation, self.limit, lambda: born(plan, self.options.seed or 0, self.limit, self.expectation.rate)
        )

    def makes(self, weights: Floats) -> Floats | None:
        """Return what is made a second in each minute of a week (MINUTES,), by the weights of states."""
        expected = self.expectation
        endless = any(flow.rate and not flow.chain.always_stops for flow in expected.inflows)
        if endless:  # in the end all places are theirs
            return None if expected.beat is None else np.full(MINUTES, self.limit * float(expected.beat @ weights))
        if not expected.always_stops:
            made = expected.makes(weights)
            return None if made is None else made * min(self.limit / max(expected.fleet, 1), 1)
        if self.outcome is None:
            return None
        total = np.zeros(MINUTES)
        for flow, came in zip(self.outcome.flows, expected.inflows, strict=True):
            made = flow.makes(weights)
            if made is None:
                return None
            total += made + self._turned(flow, came, weights)
        return total

    def _turned(self, flow: Inflow, came: Inflow, weights: Floats) -> Floats | float:
        """Return what workers make a second who find no place and are born elsewhere."""
        if not isinstance(flow.source.when_full, TurnedAway):
            return 0.0
        visits = self.expectation.chain(flow.source.when_full.state).visits
        return 0.0 if visits is None else (came.rates - flow.rates) * float(visits @ weights)

    @cached_property
    def records(self) -> Floats | None:
        return self.makes(self.expectation.emits)

    @cached_property
    def bytes(self) -> Floats | None:
        return None if self.sizes is None else self.makes(self.expectation.emits * self.sizes.means)

    @property
    def object(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "records_per_second": _curve(self.records),
            "bytes_per_second": _curve(self.bytes) | self._record(),
            "life": self._life(),
            "workers": self._workers(),
            "limit": self._limit(),
            "sources": [self._source(flow) for flow in self.expectation.inflows],
            "states": self._states(),
            "emitters": self._emitters(),
            "run": self._run(),
            "volume_scale": None
            if self.scale is None
            else {"constant": self.scale.constant, "error": self.scale.error},
            "by_row": sorted({part.kind for part in parts_of(self.spec) if _is_plugin(part)}),
            "impure": [],
        }

    def _record(self) -> dict[str, Any]:
        known = self.sizes
        mean = _mean(self.bytes), _mean(self.records)
        return {
            "format": self.formatter.kind,
            "per_record": mean[0] / mean[1] if mean[0] and mean[1] else None,
            "error": None if known is None else known.error,
            "pilot_records": 0 if known is None else known.records,
        }

    def _life(self) -> dict[str, Any]:
        visits = self.expectation.visits
        return {
            "seconds": _finite(self.expectation.life),
            "records": None if visits is None else float(visits @ self.expectation.emits),
            "always_stops": self.expectation.always_stops,
        }

    def _workers(self) -> dict[str, Any]:
        expected, outcome = self.expectation, self.outcome
        alive = None
        if not expected.always_stops:
            alive = float(min(self.limit, self.limit if expected.alive is None else expected.alive))
        elif outcome is not None:
            alive = sum(float(curve.mean()) for flow in outcome.flows if (curve := flow.alive) is not None)
        return {
            "coming_per_second": _finite(expected.rate),
            "born_per_second": None if outcome is None else sum(flow.rate for flow in outcome.flows),
            "alive": alive,
            "alive_without_limit": _finite(expected.alive),
            "alive_at_most": _finite(expected.most_alive),
        }

    def _limit(self) -> dict[str, Any]:
        outcome, expected = self.outcome, self.expectation
        free, bound = _mean(expected.records), _mean(self.records)
        return {
            "workers": None if self.limit == NEVER else self.limit,
            "is_chosen": self.options.max_workers is not None or self.spec.max_workers is not None,
            "binds": not expected.always_stops or outcome is None or outcome.binds,
            "sufficient": _finite(expected.sufficient_limit),
            "records_lost_per_second": None if free is None or bound is None else max(free - bound, 0.0),
            "queue_grows": outcome is not None and outcome.grows,
            "how": "unknown" if outcome is None else "pilot" if outcome.is_measured else "closed form",
        }

    def _source(self, flow: Inflow) -> dict[str, Any]:
        visits = flow.chain.visits
        return {
            "name": flow.source.name,
            "type": flow.source.kind,
            "state": self.spec.states[flow.chain.begin].name,
            "workers_per_second": _finite(flow.rate),
            "workers_altogether": flow.altogether,
            "life_seconds": _finite(flow.chain.life),
            "records_per_life": None if visits is None else float(visits @ self.expectation.emits),
        }

    def _states(self) -> dict[str, Any]:
        visits, count = self.expectation.visits, len(self.spec.states)
        delays = self.expectation.inflows[0].chain.delays
        entered = _each(self.makes, count)
        return {
            state.name: {
                "visits": None if visits is None else float(visits[number]),
                "seconds": float(delays[number]),
                "per_second": entered[number],
            }
            for number, state in enumerate(self.spec.states)
        }

    def _emitters(self) -> dict[str, Any]:
        visits = self.expectation.visits
        made = {}
        for emitter in self.spec.emitters:
            own = np.array([1.0 if state.emitter == emitter.name else 0.0 for state in self.spec.states])
            records = _mean(self.makes(own))
            bytes_ = None if self.sizes is None else _mean(self.makes(own * self.sizes.means))
            made[emitter.name] = {
                "records_per_second": records,
                "records_per_life": None if visits is None else float(visits @ own),
                "bytes_per_record": bytes_ / records if records and bytes_ else None,
            }
        return made

    def _run(self) -> dict[str, Any]:
        """Return how much the run makes that is asked for, and how long it takes on its clock."""
        options, made = self.options, self.records
        span = options.span(self.start or BEGIN)
        records, seconds = options.records, None if span is None else span / 1e9
        mean = _mean(made)
        if made is not None and seconds is not None:
            records = round(self._sum(made, seconds) + self._at_once())
        elif mean and records is not None:
            seconds = max(records - self._at_once(), 0) / mean
        each = self._record()["per_record"]
        return {
            "records": records,
            "seconds": seconds,
            "bytes": records * each if records is not None and each is not None else None,
        }

    def _at_once(self) -> float:
        """Return the records of workers of whom there are only so many, and who stop."""
        total = 0.0
        for flow in self.expectation.inflows:
            if flow.rate == 0 and flow.altogether is not None and flow.chain.visits is not None:
                total += flow.altogether * float(flow.chain.visits @ self.expectation.emits)
        return total

    def _sum(self, curve: Floats, seconds: float) -> float:
        """Return how much comes together in so many seconds from the start on, on Monday at midnight without one."""
        first = 0
        if self.start is not None:
            monday = self.expectation.zone.instant(BEGIN.microseconds)
            first = (self.start.microseconds - monday) // MINUTE % MINUTES
        weeks, rest = divmod(seconds / 60, MINUTES)
        sums = np.concatenate([[0.0], np.cumsum(np.roll(curve, -first))]) * 60
        return float(weeks * sums[-1] + np.interp(rest, np.arange(MINUTES + 1), sums))


def _each(makes: Callable[[Floats], Floats | None], count: int) -> list[float | None]:
    """Return how often a second each state is entered."""
    found = []
    weights = np.zeros(count)
    for number in range(count):
        weights[number] = 1
        found.append(_mean(makes(weights)))
        weights[number] = 0
    return found


def _curve(curve: Floats | None) -> dict[str, Any]:
    if curve is None:
        return {"mean": None, "peak": None, "by_hour": None}
    return {"mean": float(curve.mean()), "peak": float(curve.max()), "by_hour": hours(curve).tolist()}


def _mean(curve: Floats | None) -> float | None:
    return None if curve is None else float(curve.mean())


def _finite(number: float | None) -> float | None:
    return None if number is None or not isfinite(number) else float(number)


def _is_plugin(part: Any) -> bool:
    return isinstance(part, Plugin) and not type(part).__module__.startswith("datagen.")
