"""Proofs: the run that a request asks for, computed again and compared with what its targets hold."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

from datagen.delivery.audit import Finding, Unread, audit
from datagen.delivery.resume import open_journal
from datagen.job.identity import targets_of
from datagen.job.job import known_scale, ready
from datagen.job.request import Inputs, Request, load
from datagen.job.volume import scaled
from datagen.moment import parse_moment
from datagen.problems import InvalidInput, Problem


def _nothing(_: object) -> None:
    """Say nothing."""


def prove(request: Request) -> "tuple[Inputs, Iterator[Finding | Unread]]":
    """Compute a run again and compare what its targets hold with it, a finding for each.

    Raises InvalidInput with everything that is wrong with the request.
    """
    inputs = load(request, reads=True)
    return inputs, _findings(request, inputs)


def _findings(request: Request, inputs: Inputs) -> "Iterator[Finding | Unread]":
    with ExitStack() as opened:
        journal = None
        if request.state is not None:
            journal = opened.enter_context(closing(open_journal(request.state, reads=True)))
        options, known = request.options, None if journal is None else journal.run
        if known is not None:
            seed = known["seed"] if options.seed is None else options.seed
            records, duration = known["end"] or (options.records, options.duration)
            start_ = options.start or parse_moment(known["start"])
            options = replace(options, seed=seed, start=start_, records=records, duration=duration)
        options, _ = scaled(inputs.loaded, options, known_scale(journal))
        bounded = options.records is not None or options.duration is not None
        wanted = {
            "seed": options.seed,
            "start": options.start,
            "number of records or duration": bounded or known or None,
        }
        missing = [name for name, value in wanted.items() if value is None]
        if missing:
            raise InvalidInput(
                [Problem(f"an audit needs the {' and the '.join(missing)} of the run that it proves, or its state")]
            )
        run, lanes, identity = ready(inputs, options, None, _nothing)
        limits: list[int | None] = [None] * len(lanes)
        if journal is not None and known is not None:
            kept, asked = known["targets"], targets_of(inputs)
            some = kept if set(asked) <= set(kept) else asked  # not all of the run's targets have to be proved
            journal.check(identity | {"clock": known["clock"], "targets": some})
            if not bounded:
                counts = journal.counts(len(kept))
                limits = [counts[kept.index(target)] for target in asked]
        yield from audit(run, lanes, limits)
