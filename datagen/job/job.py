"""Jobs: a checked request with its run and its lanes, ready to start, and the handle of one that was started."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import inf

from datagen import draw
from datagen.clock import Clock, SimulatedClock, stopwatch
from datagen.delivery.deliver import Delivery, Report, Watch
from datagen.delivery.encoder import Route
from datagen.delivery.lane import Lane
from datagen.delivery.resume import Journal, open_journal
from datagen.engine.pool import Pools
from datagen.engine.run import Run
from datagen.engine.warm_up import warm_up_of
from datagen.job.identity import identity_of, libraries_of, name_of, targets_of
from datagen.job.limit import Limit, Limits
from datagen.job.options import Options, processors
from datagen.job.request import Inputs, Request, load, spec_of
from datagen.job.rows import with_rows
from datagen.job.scale import Scale, known_scales, volumes_of
from datagen.job.shortage import shortages
from datagen.job.times import Times, settle
from datagen.job.volume import scaled
from datagen.language.load import LoadedSpec
from datagen.language.spec import in_order
from datagen.moment import Moment
from datagen.plugin.registry import Registry
from datagen.plugin.stage import Scope
from datagen.plugin.target import Undelivered
from datagen.problems import InvalidInput, Problem, RunFailed, Unfillable, hidden, reason
from datagen.records.batch import Layout
from datagen.records.types import described
from datagen.when import When

Say = Callable[[str], None]

_GLANCE = 0.2  # seconds: a signal that comes just when a thread falls asleep does not wake it


def _nothing(_: object) -> None:
    """Say and show nothing."""


@dataclass(frozen=True)
class Job:
    """A run and its lanes, ready to start. Close it to release its state."""

    inputs: Inputs
    options: Options  # with the seed that was chosen, and certain times
    run: Run
    lanes: list[Lane]
    journal: Journal | None
    scales: tuple[Scale, ...]  # how many times more workers there are, for volumes
    opened: ExitStack  # what is to be let go of in the end

    @cached_property
    def libraries(self) -> list[str]:
        """Return the libraries whose data its records depend on, each with its version."""
        return libraries_of(self.inputs, self.options)

    @cached_property
    def limit(self) -> Limit | Limits:
        """Return its limit of workers."""
        return Limit.of(self.options, self.inputs.loaded.spec)

    def start(self, watch: Watch = _nothing) -> "Handle":
        """Begin to deliver, on a thread of its own; ``watch`` is called there from time to time with a report."""
        handle = Handle(self, watch)
        handle.begin()
        return handle

    def complete(self, watch: Watch = _nothing) -> Report:
        """Deliver all; Ctrl-C ends the run at a record boundary before it is raised."""
        handle = Handle(self, watch)
        try:
            handle.begin()
            return handle.wait()
        except KeyboardInterrupt:
            handle.stop()
            handle.wait()
            raise

    def close(self) -> None:
        """Let another run use the state; a run that was started does so itself, at its end."""
        self.opened.close()


class Handle:
    """A run on a thread of its own."""

    def __init__(self, job: Job, watch: Watch) -> None:
        self._job = job
        secrets = [*job.inputs.secrets, *(secret for lane in job.lanes for secret in lane.target.secrets())]
        self._delivery = Delivery(job.run, job.lanes, watch, job.journal, secrets)
        self._opened = ExitStack()
        self._error: BaseException | None = None
        self._done = threading.Event()  # CPython 3.11 takes a thread for ended when its join is interrupted
        self._thread = threading.Thread(target=self._work, name="run", daemon=True)

    def begin(self) -> None:
        """Begin to deliver; from here on the run itself lets go of its state, at its end."""
        self._opened = self._job.opened.pop_all()
        self._thread.start()

    @property
    def report(self) -> Report:
        """Return what was delivered so far."""
        return self._delivery.report if self.is_done else self._delivery.reported()

    @property
    def is_done(self) -> bool:
        """Return whether the run has ended, however it did."""
        return self._done.is_set()

    @property
    def seed(self) -> int:
        """Return the seed, given or chosen."""
        return self._job.options.seed or 0

    def stop(self) -> None:
        """End the run at a record boundary, with everything delivered that was emitted. May be called by any thread."""
        self._job.run.stop()

    def wait(self, seconds: float | None = None) -> Report:
        """Wait until the run has ended, or for so many seconds; return what was delivered so far.

        Raises RunFailed when it has failed, and what a ``watch`` raised.
        """
        if self._thread.ident is not None:  # else an interrupt came first
            end = inf if seconds is None else stopwatch() + seconds
            while not self._done.wait(max(min(end - stopwatch(), _GLANCE), 0)) and stopwatch() < end:
                pass
        if self._error is not None:
            raise self._error
        return self.report

    def _work(self) -> None:
        try:
            self._delivery.deliver()
        except BaseException as error:  # for whoever waits
            self._error = error
        finally:
            self._opened.close()
            self._done.set()


def start(request: Request, *, watch: Watch = _nothing, say: Say = _nothing) -> Handle:
    """Start the run that a request asks for; ``watch`` hears reports, ``say`` what the user should know meanwhile.

    Raises InvalidInput with everything that is wrong with the request; then nothing was touched.
    """
    with closing(prepare(request, say)) as job:  # until it has started, which lets go of the state itself
        for warning in job.inputs.warnings:
            say(f"warning: {warning}")
        for scale in job.scales:
            say(str(scale))
        return job.start(watch)


def prepare(request: Request, say: Say = _nothing) -> Job:
    """Make a run ready and touch nothing but its state. Whoever does not start it has to close it.

    Raises InvalidInput with everything that is wrong with the request.
    """
    inputs = load(request)
    with ExitStack() as opened:
        journal = None
        if request.state is not None:
            journal = opened.enter_context(closing(open_journal(request.state)))
        options, times = _resumed(request.options, inputs, journal)
        inputs = replace(inputs, loaded=with_rows(inputs.loaded, options, times.start))
        options, scales = scaled(inputs.loaded, options, times.start, known_scales(journal.run if journal else None))
        clock = partial(times.clock, 0 if journal is None else journal.reached)
        run, lanes, identity = ready(inputs, options, clock, say, journal)
        inputs = _remarked(inputs, times, run)
        if journal is not None:
            journal.begin(identity, lanes, times.asked | volumes_of(scales))
        return Job(inputs, options, run, lanes, journal, scales, opened.pop_all())


def check(request: Request, *, connect: bool = False) -> Inputs:
    """Check a request as ``prepare`` does, and with ``connect`` whether its targets can be reached.

    Raises InvalidInput with everything that is wrong.
    """
    inputs = load(request)
    times = settle(request.options, inputs.loaded.spec.timezone)
    options = replace(times.options, seed=request.options.seed or 0)
    inputs = replace(inputs, loaded=with_rows(inputs.loaded, options, times.start))
    options, _ = scaled(inputs.loaded, options, times.start)
    run, _, _ = ready(inputs, options, times.clock, _nothing, fills=False)
    inputs = _remarked(inputs, times, run)
    problems = []
    for target in (located.target for located in inputs.targets if connect):
        try:
            target.check()
            (target.format or inputs.formatter).check()
        except (OSError, Undelivered, RunFailed) as error:
            secret = [*target.secrets(), *inputs.secrets]
            text = hidden(f"can't be reached: {reason(error)}", secret)
            problems.append(Problem(text, hidden(f"target {target}", secret)))
    if problems:
        raise InvalidInput(problems)
    return inputs


def compute(spec: LoadedSpec, options: Options) -> Run:
    """Make the run of a spec ready, for whoever takes its batches from it.

    Raises InvalidInput when a pool can't be filled, or when the clock could never move on and nothing ends the run.
    """
    if strangers := [*options.strangers(spec.spec)]:
        raise InvalidInput(strangers)
    times = settle(options, spec.spec.timezone)
    options = replace(times.options, seed=draw.new_seed() if options.seed is None else options.seed)
    spec = with_rows(spec, options, times.start)
    options, _ = scaled(spec, options, times.start)
    run = _run(spec, options, times.clock())
    _make_sure_that_it_can_be(run, spec, options)
    if options.is_simulated:
        return run
    run.pools.fill()
    return _run(spec, options, times.clock(), run.pools)


def layout_of(request: Request) -> Layout:
    """Return what the records of a spec look like. Raises InvalidInput when something is wrong with it."""
    spec = spec_of(request, Registry.load(request.plugins))
    return compute(spec, replace(request.options, start=When.of(Moment(0)))).layout.shown()


def columns(request: Request) -> dict[str, dict[str, tuple[str, bool]]]:
    """Return the dimensions of each emitter's records: their Arrow type as text, and whether they may be missing.

    Raises InvalidInput when something is wrong with the spec.
    """
    emitters = layout_of(request).emitters
    return {name: {key: described(type_) for key, type_ in types.items()} for name, types in emitters.items()}


def _resumed(options: Options, inputs: Inputs, journal: Journal | None) -> tuple[Options, Times]:
    """Choose what a request leaves open, as the run did that is continued, if there is one."""
    known = None if journal is None else journal.run
    times = settle(options, inputs.loaded.spec.timezone, known)
    if journal is None or known is None:
        return replace(times.options, seed=draw.new_seed() if options.seed is None else options.seed), times
    if options.start is None and known["clock"] == "simulated":
        text = (
            f"is that of a run on a simulated clock; without its start this would be another one: give {known['start']}"
        )
        raise journal.problem(text)
    if options.bytes is not None and journal.snapshot is not None and journal.snapshot["bytes"] is None:
        raise journal.problem("does not know how many bytes came so far: the run was begun without a number of bytes")
    if options.then_live:
        journal.go_live()
    return replace(times.options, seed=known["seed"] if options.seed is None else options.seed), times


def ready(
    inputs: Inputs,
    options: Options,
    clock: Callable[[], Clock],
    say: Say,
    journal: Journal | None = None,
    pools: Pools | None = None,
    *,
    fills: bool = True,
) -> tuple[Run, list[Lane], dict[str, object]]:
    """Make a run, a lane for each target, and what tells this run from others.

    Pools are filled last, when nothing else is wrong, and then the ``clock`` of a live run is made anew. Raises
    InvalidInput when the records do not fit a target, when the state of a journal is that of another run, or when there
    can't be such a run.
    """
    run = _run(inputs.loaded, options, clock(), pools)
    identity = identity_of(inputs, options, run.clock.start)
    secrets = inputs.secrets
    scope = Scope(
        run.clock.start,
        options.seed or 0,
        name_of(identity),
        lambda text: say(hidden(text, secrets)),
        zone=run.times.zone.name,
        courses=run.times.courses_for_all,
        populations=tuple(inputs.loaded.spec.crowds) if inputs.loaded.spec.populations else (),
    )
    routes = [Route(located.target, inputs.formatter, run.layout, scope) for located in inputs.targets]
    problems = [
        inputs.problem_of(located, replace(misfit, text=hidden(misfit.text, secrets)))
        for located, route in zip(inputs.targets, routes, strict=True)
        for misfit in route.misfits()
    ]
    if problems:
        raise InvalidInput(dict.fromkeys(problems))  # a stage may stand on the way to two targets
    identity |= {"targets": targets_of(inputs)}
    if journal is not None:
        journal.check(identity)
    _make_sure_that_it_can_be(run, inputs.loaded, options)
    if fills and pools is None and not isinstance(run.clock, SimulatedClock):
        run.pools.fill()  # a live run has no time for it later; and it begins now
        return ready(inputs, options, clock, say, journal, run.pools)
    return run, [Lane(route, run.clock, run.crew) for route in routes], identity


def _remarked(inputs: Inputs, times: Times, run: Run) -> Inputs:
    """Return inputs with what is odd about them now that the start is known."""
    found = (inputs.loaded.document.problem(*oddity) for oddity in run.oddities())
    return replace(inputs, remarks=(*times.warnings, *in_order([*found])))


def _run(loaded: LoadedSpec, options: Options, clock: Clock, pools: Pools | None = None) -> Run:
    is_live = options.start is None and options.speed is None  # and so has nothing to catch up with
    spec = options.applied(loaded.spec)
    try:
        run = Run(
            spec,
            clock,
            seed=options.seed or 0,
            max_workers=options.limits(loaded.spec),
            records=options.records,
            duration=options.span(clock.start),
            size=options.bytes,
            warm_up=warm_up_of(spec),
            pools=pools,
            threads=1 if is_live else options.threads or processors(),
            scale=options.scale or 1.0,
        )
        misfits = [loaded.document.problem(*misfit) for misfit in run.misfits()]
    except Unfillable as error:  # a table, or a pool inside of another
        raise InvalidInput([loaded.document.problem(error.path, error.reason)]) from error
    if misfits:
        raise InvalidInput(in_order(misfits))
    return run


def _make_sure_that_it_can_be(run: Run, loaded: LoadedSpec, options: Options) -> None:
    """Raise InvalidInput when a pool can't be filled, or unique values are too few for a run.

    Also when the clock can never move on and nothing ends the run.
    """
    problems = [loaded.document.problem(*problem) for problem in run.pools.problems()]
    found = shortages(loaded.spec, run.pools, options.records)
    problems += [loaded.document.problem(*problem) for problem in found]
    if options.records is None and options.bytes is None and loaded.spec.stands_still:
        message = "no gap and no delay is ever above 0: the clock can never move on; give a number of records"
        problems.append(loaded.document.problem(("interarrival",), message))
    if problems:
        raise InvalidInput(in_order(problems))
