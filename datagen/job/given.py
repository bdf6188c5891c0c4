"""What the functions of the Python interface may be given by name: each option with its type and meaning, once.

A new option is a line here and one in ``options``. The functions are declared with ``Unpack``, for type checkers;
``listed`` lets ``help`` list the options, and refuses others.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import wraps
from inspect import Parameter, getdoc, signature
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any, ParamSpec, TypedDict, TypeVar, get_args, get_type_hints

from datagen.delivery.deliver import Watch
from datagen.plugin.formatter import Formatter

P = ParamSpec("P")
T = TypeVar("T")


class Simulated(TypedDict, total=False):
    """Options of whatever simulates a spec."""

    start: Annotated[str | datetime | None, "simulated clock from then on: ISO 8601, now, today, -7D, now-1D@H"]
    timezone: Annotated[str | None, "zone of times without an offset, such as Europe/Berlin; else the spec's"]
    warm_up: Annotated[str | timedelta | None, "how long before the start the simulation begins, or auto"]
    max_workers: Annotated[
        int | Mapping[str, int] | None,
        "most workers alive at once, of several populations by name; else max_workers of the spec, else 100",
    ]
    rate: Annotated[str | float | None, "so many records a time, such as 5000/s, by more workers"]
    volume: Annotated[str | None, "so many bytes (of compact JSON) or records a time, such as 10GB/D"]
    seed: Annotated[int | None, "whole number; the same seed, spec and start give the same bytes"]


class Looked(Simulated, total=False):
    """Options of a picture of a spec."""

    span: Annotated[str | timedelta | None, "how long the run is; 7D without it; a million steps at most"]


class Computed(Simulated, total=False):
    """Options of a run."""

    records: Annotated[int | None, "stop after that many records"]
    duration: Annotated[str | timedelta | None, "stop after that time, such as 10M, 1H30M, 2D or PT1H30M"]
    until: Annotated[str | datetime | None, "stop before that time: ISO 8601, now, or +30D from the start"]
    bytes: Annotated[str | int | None, "stop with the record that makes so many bytes of JSON full, such as 5GB"]
    then_live: Annotated[bool | None, "what lies in the past comes at once, the rest when it is due; needs a start"]
    speed: Annotated[float | None, "pace of the clock: so many seconds of the run in each second"]
    threads: Annotated[int | None, "threads that compute what need not be waited for; as many as processors"]


class Explained(Computed, total=False):
    """Options of a run whose spec is loaded, and of how its records look."""

    format: Annotated[Formatter | str | Mapping[str, Any] | None, "of targets that bring none of their own; json"]
    plugins: Annotated[Sequence[str | Path], "files with your own kinds"]
    environment: Annotated[Mapping[str, str] | None, "what ${NAME} in a spec or a target reads; nothing without it"]
    only: Annotated[Sequence[str] | None, "names of the populations that are run; all of them without it"]
    parameters: Annotated[Mapping[str, Any] | None, "values in place of the defaults of the spec's parameters"]


class Delivered(Explained, total=False):
    """Options of a run with targets."""

    state: Annotated[str | Path | None, "directory to save progress in, to continue from"]
    progress: Annotated[Watch, "called from time to time, on another thread, with a report of what was delivered"]
    say: Annotated[Callable[[str], None], "called with warnings and what else a user should know"]


def listed(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function whose ``**options`` are a TypedDict, so that its signature and help list these."""
    [options] = get_args(get_type_hints(function)["options"])
    known = {name: get_args(hint) for name, hint in get_type_hints(options, include_extras=True).items()}
    own = signature(function)
    named = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=type_) for name, (type_, _) in known.items()
    ]
    whole = own.replace(parameters=[*(part for part in own.parameters.values() if part.name != "options"), *named])

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        whole.bind(*args, **kwargs)  # raises TypeError, as any function does for a name that it does not know
        return function(*args, **kwargs)

    texts = (
        fill(f"{name}: {text}", 100, initial_indent="    ", subsequent_indent="        ")
        for name, (_, text) in known.items()
    )
    checked.__doc__ = "\n".join(
        [getdoc(function) or "", "", "Options, all by name, None for one that is not given:", *texts]
    )
    checked.__signature__ = whole  # type: ignore[attr-defined]
    return checked
