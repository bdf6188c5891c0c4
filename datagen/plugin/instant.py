"""Times and durations as keys of a spec."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PlainValidator, ValidationInfo, WithJsonSchema

from datagen.moment import Moment, parse_duration, parse_moment
from datagen.plugin.namespace import zone_of
from datagen.problems import show
from datagen.when import moment_in
from datagen.zone import Zone


def _duration(given: Any) -> int:
    return parse_duration(given)


def _above_zero(nanoseconds: int) -> int:
    if nanoseconds == 0:
        raise ValueError("must be longer than 0")
    return nanoseconds


# Nanoseconds; in a spec a number of seconds or a text.
Duration = Annotated[
    int,
    PlainValidator(_duration),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\s*[PpTt0-9][0-9.A-Za-z]*\s*$"}]}
    ),
]


def parse_warm_up(given: Any) -> int | Literal["auto"]:
    """Return a duration in ns, or ``auto``. Raises ValueError when it is neither."""
    if isinstance(given, str) and given.strip().lower() == "auto":
        return "auto"
    try:
        return parse_duration(given)
    except ValueError as error:
        raise ValueError(f'{error}; or "auto"') from error


# A duration, or ``auto``.
WarmUp = Annotated[
    int | Literal["auto"],
    PlainValidator(parse_warm_up),
    WithJsonSchema({"type": ["number", "string"], "minimum": 0}),
]
# A duration above 0.
Period = Annotated[Duration, AfterValidator(_above_zero)]


@dataclass(frozen=True)
class At:
    """A time of a spec: a moment, or an offset from the start."""

    moment: Moment | None = None
    after: int = 0  # ns from the start, when there is no moment

    def microseconds(self, start: Moment, zone: Zone) -> int:
        """Return when it is, in µs since 1970; a moment without an offset is wall time in the zone."""
        if self.moment is None:
            return start.microseconds + self.after // 1000
        return zone.instant(self.moment.microseconds) if self.moment.zone is None else self.moment.microseconds

    @property
    def form(self) -> str:
        """Return how it is said; only times of one form can be compared without a run."""
        if self.moment is None:
            return "offset"
        return "wall time" if self.moment.zone is None else "time with an offset from UTC"

    @property
    def place(self) -> int:
        """Return where it is among times of its form, in µs."""
        return self.after // 1000 if self.moment is None else self.moment.microseconds


def parse_at(given: Any) -> At:
    """Return the time that a text says, ISO 8601 or an offset such as ``+2H``. Raises ValueError when it is neither."""
    text = given.strip() if isinstance(given, str) else ""
    if text[:1] not in ("+", "-"):
        try:
            return At(parse_moment(given))
        except ValueError as error:
            ending = str(error).removeprefix("must be an ISO 8601 time such as 2001-12-20T13:13:12")
            raise ValueError(f"must be an ISO 8601 time or an offset from the start such as +2H{ending}") from error
    try:
        after = parse_duration(text[1:])
    except ValueError as error:
        raise ValueError(f"must be an offset from the start such as +2H or +1D12H, found {show(given)}") from error
    return At(after=-after if text[0] == "-" else after)


def instant(given: Any, info: "ValidationInfo[Any]") -> At:
    """Return the time that a text says in a spec, where a population may have a clock of its own; raises as above."""
    at, zone = parse_at(given), zone_of(info)
    if zone is None or at.moment is None or at.moment.zone is not None:
        return at
    return At(moment_in(zone, zone.instant(at.moment.microseconds)))


# When something is; in a spec a text.
Instant = Annotated[
    At,
    PlainValidator(instant),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
