"""Proofs: the run that a request asks for, computed again and compared with what its targets hold."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial

from datagen.clock import SimulatedClock
from datagen.delivery.audit import Finding, Unread, audit
from datagen.delivery.last_state import StateFinding
from datagen.delivery.resume import open_journal
from datagen.job.identity import targets_of
from datagen.job.job import ready
from datagen.job.request import Inputs, Request, load
from datagen.job.scale import known_scales
from datagen.job.times import settle
from datagen.job.volume import scaled
from datagen.problems import InvalidInput, Problem


def _nothing(_: object) -> None:
    """Say nothing."""


def prove(request: Request) -> "tuple[Inputs, Iterator[Finding | StateFinding | Unread]]":
    """Compute a run again and compare what its targets hold with it, a finding for each.

    Raises InvalidInput with everything that is wrong with the request.
    """
    inputs = load(request, reads=True)
    return inputs, _findings(request, inputs)


def _findings(request: Request, inputs: Inputs) -> "Iterator[Finding | StateFinding | Unread]":
    with ExitStack() as opened:
        journal = None
        if request.state is not None:
            journal = opened.enter_context(closing(open_journal(request.state, reads=True)))
        known = None if journal is None else journal.run
        times = settle(request.options, inputs.loaded.spec.timezone, known)
        options = times.options
        if known is None and times.asked:
            text = "an audit needs the very times of the run that it proves, as it printed them, or its state"
            raise InvalidInput([Problem(f"{text}: {', '.join(times.asked)} depends on when it is asked")])
        if known is not None:
            options = replace(options, seed=known["seed"] if options.seed is None else options.seed)
            if known["end"]:
                records, duration, size = known["end"]
                options = replace(options, records=records, duration=duration, until=None, bytes=size)
        wanted = {
            "seed": options.seed,
            "start": times.start,
            "number of records or duration": options.is_bounded or known or None,
        }
        missing = [name for name, value in wanted.items() if value is None]
        if missing or times.start is None:
            raise InvalidInput(
                [Problem(f"an audit needs the {' and the '.join(missing)} of the run that it proves, or its state")]
            )
        options, _ = scaled(inputs.loaded, options, times.start, known_scales(known))
        run, lanes, identity = ready(inputs, options, partial(SimulatedClock, times.start), _nothing)
        limits: list[int | None] = [None] * len(lanes)
        if journal is not None and known is not None:
            kept, asked = known["targets"], targets_of(inputs)
            some = kept if set(asked) <= set(kept) else asked  # not all of the run's targets have to be proved
            journal.check(identity | {"clock": known["clock"], "targets": some})
            if not options.is_bounded:
                counts = journal.counts(len(kept))
                limits = [counts[kept.index(target)] for target in asked]
        yield from audit(run, lanes, limits)
