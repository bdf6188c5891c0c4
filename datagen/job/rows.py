"""The rows of tables that sources of arrivals take: made before anything else is asked of a spec."""

from dataclasses import replace
from threading import Event

from datagen.engine.pool import Pools
from datagen.job.options import Options
from datagen.language.load import LoadedSpec
from datagen.moment import Moment
from datagen.problems import InvalidInput, Unfillable


def with_rows(loaded: LoadedSpec, options: Options, start: Moment | None) -> LoadedSpec:
    """Return a spec whose sources know the rows of the tables that they take.

    ``start`` is that of the run, if it is known. Raises InvalidInput when a table can't be made, or does not fit.
    """
    if not loaded.spec.takes_rows:
        return loaded
    spec = options.applied(loaded.spec)
    zone = spec.timezone or (start and start.zone) or "UTC"
    try:
        bound = loaded.spec.bound(Pools(spec, options.seed or 0, Event(), zone).tables)
    except Unfillable as error:
        raise InvalidInput([loaded.document.problem(error.path, error.reason)]) from error
    return replace(loaded, spec=bound)
