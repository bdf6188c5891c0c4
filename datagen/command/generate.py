"""The commands ``run`` and ``check``: generate events, or only say what is wrong."""

import argparse
from contextlib import closing, nullcontext
from dataclasses import replace

from datagen.command.arguments import request_of
from datagen.command.signals import Signals
from datagen.command.voice import Voice
from datagen.command.watch import Watch, on_terminal, progress, say_end
from datagen.delivery.deliver import Report
from datagen.job import job as jobs
from datagen.job.limit import Limit
from datagen.job.request import Request
from datagen.job.rows import with_rows
from datagen.job.times import settle
from datagen.job.volume import scaled
from datagen.language.spec import Spec
from datagen.problems import Path_

_LOOK_EVERY = 0.05  # seconds


def run(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Generate events until the run is over or is stopped."""
    request = request_of(arguments)
    if arguments.check or arguments.connect:
        return _check(request, voice, connect=arguments.connect)
    with closing(jobs.prepare(request, voice.say)) as job:
        voice.secrets += job.inputs.secrets
        voice.warn(job.inputs.warnings)
        for scale in () if arguments.quiet else job.scales:
            of = {"population": scale.population} if scale.population else {}
            voice.say(str(scale), volume_scale=scale.constant, error=scale.error, **of)
        arguments.signals.run_has_begun = True
        watch = Watch(job, voice, arguments.signals, quiet=arguments.quiet, verbose=arguments.verbose)
        report = _follow(job, watch, arguments.signals, shows_progress=not (arguments.quiet or voice.as_json))
    if not arguments.quiet:
        say_end(report, job.options, job.limit, voice, job.libraries)
    return True


def check(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Say what is wrong or odd, and generate nothing."""
    return _check(request_of(arguments), voice, connect=arguments.connect)


def _check(request: Request, voice: Voice, *, connect: bool) -> bool:
    inputs = jobs.check(request, connect=connect)
    voice.secrets += inputs.secrets
    voice.warn(inputs.warnings)
    times = settle(request.options, inputs.loaded.spec.timezone)
    options = replace(times.options, seed=request.options.seed or 0)
    loaded = with_rows(inputs.loaded, options, times.start)
    options, scales = scaled(loaded, options, times.start)
    forecast = Limit.of(options, loaded.spec).forecast()
    if forecast:
        voice.warn([inputs.loaded.document.problem(_source_of(inputs.loaded.spec), forecast)])
    for scale in scales:
        voice.say(str(scale))
    voice.say("spec, target and format are valid")
    return True


def _source_of(spec: Spec) -> Path_:
    if spec.populations:
        return ("populations",)
    return ("arrivals",) if spec.interarrival is None else ("interarrival",)


def _follow(job: jobs.Job, watch: Watch, signals: Signals, *, shows_progress: bool) -> Report:
    """Look at a run until it is over; stop it when that is asked for.

    Raises RunFailed when it has failed.
    """
    records, span = job.options.records, job.options.span(job.run.clock.start)
    shown = shows_progress and on_terminal() and (records is not None or span is not None)
    with progress(records, span) if shown else nullcontext() as show:
        handle = job.start()
        while not handle.is_done:
            report = handle.wait(_LOOK_EVERY)
            if signals.asked_to_stop:
                handle.stop()
            watch.look(report)
            if show is not None:
                show(report)
        return handle.wait()
