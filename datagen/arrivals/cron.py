"""The source ``cron``: workers at the times of a cron expression."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import ClassVar, Literal, Self

import numpy as np
from cronsim import CronSim, CronSimError
from pydantic import Field, model_validator

from datagen.draw import Integers
from datagen.plugin.arrival import Arrival, Scope, Stream
from datagen.plugin.model import invalid
from datagen.plugin.profile import LocalZone
from datagen.problems import Path_, show
from datagen.zone import Zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BLOCK = 64  # matches computed at once; 10 µs or more each
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class Cron(Arrival):
    """Workers at the times of a cron expression, on the wall clock: jobs, reports, backups.

    Five fields (minute, hour, day of month, month, day of week), six with seconds, or `@hourly` and the like. When
    clocks are changed it does what Debian's cron does: with `*` as minute or hour real time counts; of others one that
    is skipped comes at the end of the gap, and one that is repeated comes the first time.
    """

    kind: ClassVar[str] = "cron"
    has_own_times: ClassVar[bool] = True

    expression: str = Field(min_length=1, description='such as "*/5 * * * *", "0 9 * * MON-FRI" or "@hourly"')
    seconds: Literal["first", "last"] = Field("first", description="where seconds stand among six fields")
    timezone: LocalZone = Field(
        None,
        validate_default=True,
        description="whose wall clock it is; without it that of the spec or its population",
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        found = show(self.expression)
        try:
            next(self.after(_EPOCH))
        except CronSimError as error:
            text = (
                f"never matches, found {found}"
                if self._matches_in_other_months()
                else f"{_wrong(error)}, found {found}"
            )
            raise invalid("cron", [(("expression",), text)]) from error
        except StopIteration:
            raise invalid("cron", [(("expression",), f"never matches, found {found}")]) from None
        return self

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        fields = self.expression.split()
        if (
            len(fields) == 6
            and "seconds" not in self.model_fields_set
            and _is_read(fields[1:])
            and _is_read(fields[:-1])
        ):
            other = next(CronSim(" ".join([fields[-1], *fields[:-1]]), _EPOCH), None)
            if other != next(self.after(_EPOCH), None):
                text = 'its first field is read as seconds; say so, or that its last one is, with "seconds"'
                yield ("expression",), text

    def after(self, time: datetime) -> Iterator[datetime]:
        """Return the matches after a time, without end, in its zone."""
        return CronSim(" ".join(self._fields()), time)

    def _fields(self) -> list[str]:
        """Return the fields, the seconds first if there are any."""
        fields = _NICKNAMES.get(self.expression.strip().lower(), self.expression).split()
        return [fields[-1], *fields[:-1]] if len(fields) == 6 and self.seconds == "last" else fields

    def _matches_in_other_months(self) -> bool:
        fields = self._fields()
        return _is_read([*fields[:-2], "*", *fields[-1:]])

    def stream(self, scope: Scope) -> Stream:
        return _Matches(self, scope)


def _is_read(fields: list[str]) -> bool:
    """Return whether fields are a cron expression."""
    try:
        CronSim(" ".join(fields), _EPOCH)
    except CronSimError:
        return False
    return True


def _wrong(error: CronSimError) -> str:
    return f"not a cron expression: {str(error).lower()}"


class _Matches(Stream):
    def __init__(self, source: Cron, scope: Scope) -> None:
        self._source = source
        self._zone = Zone(source.timezone) if source.timezone else scope.zone
        self._zero = scope.zero
        self._last = self._zero + scope.begin // 1000 - 1  # µs since 1970: the match before, or just before the begin
        self._matches = self._after(self._last)

    def _after(self, time: int) -> Iterator[datetime]:
        return self._source.after((_EPOCH + timedelta(microseconds=time)).astimezone(self._zone.info))

    def more(self) -> Integers:
        found = []
        for match in islice(self._matches, _BLOCK):
            found.append((match - _EPOCH) // timedelta(microseconds=1))
        if found:
            self._last = found[-1]
        return (np.array(found, np.int64) - self._zero) * 1000

    def snapshot(self) -> int:
        return self._last

    def restore(self, snapshot: int) -> None:
        self._last = snapshot
        self._matches = self._after(snapshot)
