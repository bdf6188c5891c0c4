"""Explanations: what a run would make, without running it, as an object of JSON of a stable shape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from threading import Event
from typing import Any

import numpy as np

from datagen.clock import NEVER, time_left
from datagen.draw import Floats
from datagen.engine.expectation import Expectation, Inflow
from datagen.engine.fit import misfits, oddities
from datagen.engine.limited import born
from datagen.engine.outlook import Outlook
from datagen.engine.pilot import Sizes
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.recall import recalls
from datagen.engine.timeline import Timeline
from datagen.engine.warm_up import warm_up_of
from datagen.job.crowd import Crowd, finite, summed
from datagen.job.incidents import Incidents, Run
from datagen.job.lives import Lives
from datagen.job.options import Options
from datagen.job.reach import measured
from datagen.job.request import Inputs, Request, load
from datagen.job.rows import with_rows
from datagen.job.scale import Scale, described
from datagen.job.times import Times, settle
from datagen.job.volume import scaled
from datagen.language.delay import Next
from datagen.language.spec import Spec
from datagen.moment import Moment
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import Plugin, parts_of
from datagen.plugin.week import BEGIN
from datagen.problems import InvalidInput, RunFailed

_SECOND = 10**9


def explain(request: Request) -> tuple[Inputs, dict[str, Any]]:
    """Return what a request names, and what its run would make; what is unknown, or infinite, is None.

    Raises InvalidInput with everything that is wrong with the request, and RunFailed where a pilot can't go on.
    """
    inputs = load(request, reads=True)
    times = settle(request.options, inputs.loaded.spec.timezone)
    options = replace(times.options, seed=request.options.seed or 0)
    inputs = replace(inputs, loaded=with_rows(inputs.loaded, options, times.start))
    inputs = _remarked(inputs, times)
    options, scales = scaled(inputs.loaded, options, times.start)
    takes = inputs.targets[0].target
    formatter = takes.format or (inputs.formatter if takes.takes_format else inputs.loaded.registry.formatter("json"))
    found = measured(inputs.loaded, options, times.start, formatter)
    spec = options.applied(inputs.loaded.spec)
    span = options.span(times.start or BEGIN)
    at_start = _at_start(spec, options, times.start)
    data = inputs.loaded.document.data
    made = _Explanation(spec, options, times.start, scales, formatter, found, at_start, data, span)
    if made.expectation.fault:
        text = f"a pilot to measure what no formula tells: {made.expectation.fault}"
        why = "; a pilot makes no texts, so in it all that templates remember is null" if recalls(made.spec) else ""
        raise RunFailed(text + why)
    return inputs, made.object


def _at_start(spec: Spec, options: Options, start: Moment | None) -> dict[str, int]:
    """Return how many rows of tables are records, by emitter; makes these tables."""
    zone = spec.timezone or (start and start.zone) or "UTC"
    tables = Pools(spec, options.seed or 0, Event(), zone).tables
    return {
        spec.shown[table.emit.emitter]: tables[name].size
        for name, table in spec.tables.items()
        if table.emit is not None
    }


def _remarked(inputs: Inputs, times: Times) -> Inputs:
    """Return inputs with what is odd about their times; raises InvalidInput when some end before they begin."""
    if times.start is None:
        return replace(inputs, remarks=times.warnings)
    spec, problem = times.options.applied(inputs.loaded.spec), inputs.loaded.document.problem
    at = Plan(spec, times.start, warm_up_of(spec)).times(times.options.seed or 0)
    if wrong := [problem(*misfit) for misfit in misfits(spec, at)]:
        raise InvalidInput(wrong)
    return replace(inputs, remarks=(*times.warnings, *(problem(*oddity) for oddity in oddities(spec, at))))


@dataclass(frozen=True)
class _Explanation:
    spec: Spec
    options: Options
    start: Moment | None
    scales: tuple[Scale, ...]
    formatter: Formatter
    sizes: Sizes | None
    at_start: dict[str, int]  # by emitter: the rows of tables that are records
    data: Any  # the JSON of the spec
    span: int | None = None  # ns: of a run that has an end; of one without it the long run is explained

    @cached_property
    def expectation(self) -> Expectation:
        scale, start = self.options.scale or 1.0, self.start or BEGIN
        spec = self.options.limited(self.spec)
        if self.span is None:
            return Expectation(spec, scale, start)
        return Outlook(spec, scale, start, self.span, warm_up_of(self.spec), self.options.seed or 0)

    @property
    def timeline(self) -> Timeline:
        return self.expectation.timeline

    @cached_property
    def crowds(self) -> dict[str, Crowd]:
        """Return the workers of each population, by its name."""
        limits = self.options.limits(self.spec)
        if isinstance(limits, int):
            return {"": self._crowd("", limits)}
        return {name: self._crowd(name, limits[name]) for name in self.spec.crowds_with_sources}

    def _crowd(self, name: str, limit: int) -> Crowd:
        start, warm_up = (BEGIN, 0) if self.span is None else (self.start or BEGIN, warm_up_of(self.spec))
        plan = Plan(self.spec, start, warm_up, self.options.scale or 1.0)
        limits, seed, own = self.options.limits(self.spec), self.options.seed or 0, self.expectation.of(name)
        chosen = self.options.max_workers, (self.spec.populations[name] if name else self.spec).max_workers

        def measure(rate: float) -> float:
            return born(plan, seed, limits, rate, self.span, name or None)

        return Crowd(own, limit, chosen != (None, None), self.emits, self.span is None, measure)

    def makes(self, weights: Floats) -> Floats | None:
        """Return what is made a second, (parts,), by the weights of states."""
        made = [crowd.makes(weights) for crowd in self.crowds.values()]
        known = [curve for curve in made if curve is not None]
        return sum(known, np.zeros(self.timeline.parts)) if len(known) == len(made) else None

    @cached_property
    def emits(self) -> Floats:
        """Return how many records a step into each state makes, (states,)."""
        return self.expectation.emits * (1.0 if self.sizes is None else self.sizes.each)

    @cached_property
    def records(self) -> Floats | None:
        return self.makes(self.emits)

    @cached_property
    def bytes(self) -> Floats | None:
        return None if self.sizes is None else self.makes(self.emits * self.sizes.means)

    @property
    def object(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "means_of": "long run" if self.span is None else "run",
            "records_per_second": self._curve(self.records) | {"error": self._records_error()},
            "bytes_per_second": self._curve(self.bytes) | self._record(),
            "life": self._life(),
            "workers": summed([crowd.workers() for crowd in self.crowds.values()]),
            "limit": summed([crowd.limits() for crowd in self.crowds.values()]),
            "populations": self._populations(),
            "sources": [self._source(flow) for flow in self.expectation.inflows],
            "lives": Lives(self.expectation, self.emits).trees(),
            "states": self._states(),
            "resources": self._resources(),
            "incidents": self._incidents(),
            "emitters": self._emitters(),
            "run": self._run(),
            "volume_scale": described(self.scales, ""),
            "at_start": self.at_start,
            "texts": [self.spec.shown[emitter.name] for emitter in self.spec.emitters if emitter.source is not None],
            "transitions": "pilot" if self.expectation.is_measured else "closed form",
            "items_measured": [state.name for state in self.spec.states if state.each is not None],
            "stays_measured": [state.name for state in self.spec.states if state.follows_the_instant],
            "left_out": list(self._left_out()),
            "by_row": list(self._by_row()),
            "impure": [],
        }

    def _left_out(self) -> Iterator[str]:
        """Yield what the numbers don't count with, in words."""
        if not self.expectation.families.ends:
            yield "workers whom others spawn, and their records: they may never stop, or be more and more"
        if self.spec.is_swayed:
            yield "shared values, beyond how they change in a pilot"
        if recalls(self.spec):
            yield "what templates remember: states read it as null in a pilot, which makes no texts"
        waits = any(state.requests or state.gather or state.each for state in self.spec.states)
        if waits and any("steps" in one.names for state in self.spec.states for one in state.expressions()):
            yield "that a wait is no step: a pilot counts each, and each list, as one more of `steps`"
        own = (one.limit_profile for one in self.spec.populations.values())
        if any(profile is not None for profile in (self.spec.limit_profile, *own)):
            yield "limit_profile, as if the limit were always the same"
        if any(isinstance(state.delay, Next) for state in self.spec.states):
            yield "that workers stop when the times that they wait for are through"
        for name, resource in self.spec.resources.items():
            if resource.capacity_profile is not None:
                yield f"capacity_profile of {name}, as if all of its units were always there"

    def _records_error(self) -> float | None:
        """Return the relative error of the number of records; None where each step makes one, so that it is known."""
        return None if self.spec.one_each or self.sizes is None or not self.sizes.records else self.sizes.each_error

    def _record(self) -> dict[str, Any]:
        known = self.sizes
        mean = self._mean(self.bytes), self._mean(self.records)
        return {
            "format": self.formatter.kind,
            "per_record": mean[0] / mean[1] if mean[0] and mean[1] else None,
            "error": None if known is None or not known.records else known.error,
            "pilot_records": 0 if known is None else known.records,
        }

    def _life(self) -> dict[str, Any]:
        return replace(next(iter(self.crowds.values())), expectation=self.expectation).life()

    def _populations(self) -> dict[str, Any]:
        """Return what is so of each of several populations."""
        return {
            name: {
                "life": crowd.life(),
                "workers": crowd.workers(),
                "limit": crowd.limits(),
                "volume_scale": described(self.scales, name),
            }
            for name, crowd in self.crowds.items()
            if name
        }

    def _source(self, flow: Inflow) -> dict[str, Any]:
        visits = flow.chain.visits
        return {
            "name": flow.source.name,
            "type": flow.source.kind,
            "state": self.spec.states[flow.chain.begin].name,
            "workers_per_second": finite(flow.rate),
            "workers_altogether": flow.altogether,
            "ends": flow.ends,
            "life_seconds": finite(flow.chain.life),
            "records_per_life": None if visits is None else float(visits @ self.emits),
        }

    def _states(self) -> dict[str, Any]:
        visits, count = self.expectation.visits, len(self.spec.states)
        delays = self.expectation.inflows[0].chain.delays
        entered, waiting = self._entered(count), self.expectation.waiting
        return {
            state.name: {
                "visits": None if visits is None else float(visits[number]),
                "seconds": float(delays[number]),
                "waits": float(waiting.seconds[number]),
                "gives_up": float(waiting.late[number]),
                "per_second": entered[number],
            }
            for number, state in enumerate(self.spec.states)
        }

    def _resources(self) -> dict[str, Any]:
        waiting = self.expectation.waiting
        return {
            name: {
                "capacity": int(line.capacity),
                "utilisation": line.busy / max(line.capacity, 1),
                "waiting": line.waiting,
                "wait_seconds": line.seconds,
                "grows": line.grows or self._is_too_busy(name, line.capacity),
                "how": "pilot" if waiting.is_measured else "closed form",
            }
            for name, line in waiting.lines.items()
        }

    def _is_too_busy(self, name: str, capacity: float) -> bool:
        """Return whether more is asked of a resource than there is, and who asks waits for ever."""
        visits, expected = self.expectation.visits, self.expectation
        asking = [
            (state, number, request.units)
            for number, state in enumerate(expected.settled.states)
            for request in state.use
            if request.resource == name
        ]
        if visits is None or any(state.timeout is not None for state, _, _ in asking):
            return False
        delays = [units * state.mean_delay for state, _, units in asking]
        work = sum(float(visits[number]) * delay for (_, number, _), delay in zip(asking, delays, strict=True))
        return expected.rate * work >= capacity

    def _incidents(self) -> dict[str, Any]:
        start, warm_up = self.start or BEGIN, warm_up_of(self.spec)
        plan, seed = Plan(self.spec, start, warm_up), self.options.seed or 0
        families = [life["family"]["records"] for life in Lives(self.expectation, self.emits).trees()]
        brought = {flow.source.name: records for flow, records in zip(self.expectation.inflows, families, strict=True)}
        made = {path: brought.get(source.name) for path, source in self.spec.placed_sources()}
        return Incidents(self.spec, self.data, plan, seed, self.span, made, self._long_run).found()

    def _long_run(self, spec: Spec) -> Run:
        """Return what another spec would make in the long run."""
        made = replace(self, spec=spec, span=None)
        expected, states = made.expectation, made._states()
        shares = {f"{state.name} → {way.next}": 0.0 for state in expected.settled.states for way in state.ways}
        for state in expected.settled.states:
            for way in state.ways:
                shares[f"{state.name} → {way.next}"] += way.share / sum(one.share for one in state.ways)
        return Run(
            made._mean(made.records),
            {name: {key: one[key] for key in ("seconds", "per_second")} for name, one in states.items()},
            {name: {"share": share} for name, share in shares.items()},
            {
                name: {key: one[key] for key in ("utilisation", "wait_seconds")}
                for name, one in made._resources().items()
            },
            expected.uses_pilot,
            bool(expected.fault),
        )

    def _emitters(self) -> dict[str, Any]:
        visits = self.expectation.visits
        made = {}
        for emitter in self.spec.emitters:
            is_own = np.array([1.0 if state.emitter == emitter.name else 0.0 for state in self.spec.states])
            own = is_own * self.emits
            records = self._mean(self.makes(own))
            bytes_ = None if self.sizes is None else self._mean(self.makes(own * self.sizes.means))
            made[self.spec.shown[emitter.name]] = {
                "records_per_second": records,
                "records_per_life": None if visits is None else float(visits @ own),
                "bytes_per_record": bytes_ / records if records and bytes_ else None,
            }
        return made

    def _run(self) -> dict[str, Any]:
        """Return how much the run makes that is asked for, and how long it takes on its clock and to compute."""
        each, wanted = self._record()["per_record"], self.options.records
        if self.options.bytes is not None and each and self.formatter.is_json and not self.formatter.model_fields_set:
            wanted = min(ceil(self.options.bytes / each), NEVER if wanted is None else wanted)
        records = seconds = None
        if self.span is not None:
            records, seconds = self._reached(wanted)
        elif wanted is not None and self.records is not None:
            records, seconds = self._long_enough(wanted)
        return {
            "records": records,
            "seconds": seconds,
            "bytes": records * each if records is not None and each is not None else None,
            "computing_seconds": records * self.sizes.seconds_each if records is not None and self.sizes else None,
        }

    def _reached(self, wanted: int | None) -> tuple[int | None, float | None]:
        """Return how many records the run makes, no more than are wanted, and in how many seconds."""
        seconds = (self.span or 0) / 1e9
        if self.records is None or not seconds:
            return None if seconds else 0, seconds
        made = self.records[self.timeline.early :] * self.timeline.seconds
        sums = np.concatenate([[0.0], np.cumsum(made)])
        if wanted is None or sums[-1] < wanted:
            return round(sums[-1]), seconds
        return wanted, float(np.interp(wanted, sums, np.arange(len(sums)) * self.timeline.seconds))

    def _long_enough(self, wanted: int) -> tuple[int | None, float | None]:
        """Return how many records are made of those wanted, and in how many seconds; None when they never all are."""
        most = time_left(self.start or BEGIN)
        span = min(round(1.1e9 * wanted / max(self._mean(self.records) or 0.0, 1e-9)) + _SECOND, most)
        while True:
            records, seconds = replace(self, span=span)._reached(wanted)
            if records is None or records >= wanted:
                return records, seconds
            if span == most:
                return records, None
            span = min(4 * span, most)

    def _by_row(self) -> Iterator[str]:
        """Yield what is made row by row, and so slowly, in words."""
        yield from sorted({part.kind for part in parts_of(self.spec) if _is_plugin(part)})
        for part in parts_of(self.spec):
            if isinstance(part, Plugin):
                yield from part.by_row()
        for circle in Plan(self.spec, BEGIN).circles:
            yield f"variables that read each other in a circle ({' → '.join(circle)})"

    def _entered(self, count: int) -> list[float | None]:
        """Return how often a second each state is entered."""
        return [self._mean(self.makes(np.eye(1, count, number)[0])) for number in range(count)]

    def _curve(self, curve: Floats | None) -> dict[str, Any]:
        if curve is None:
            return {"mean": None, "peak": None, "by_hour": None}
        by_hour = [None if np.isnan(mean) else mean for mean in self.timeline.by_hour(curve).tolist()]
        return {"mean": self.timeline.mean(curve), "peak": self.timeline.most(curve), "by_hour": by_hour}

    def _mean(self, curve: Floats | None) -> float | None:
        return None if curve is None else self.timeline.mean(curve)


def _is_plugin(part: Any) -> bool:
    return isinstance(part, Plugin) and not type(part).__module__.startswith("datagen.")
