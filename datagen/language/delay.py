"""What the delay of a state may be: a distribution, one whose numbers are expressions, or the wait for a time."""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from datagen.plugin.arrival import After, Arrival
from datagen.plugin.computed import Computed, Tabled
from datagen.plugin.description import described, is_sound
from datagen.plugin.distribution import OF_TABLES, Distribution
from datagen.plugin.model import COMMENTS, Model, each_of, invalid, make_of_group, without_comments
from datagen.plugin.seconds import in_seconds
from datagen.problems import Path_, show

_KINDS = ("every", "even", "cron", "timestamps", "incident")


class Times(Model):
    """The times of a source, for workers who are there already."""

    arrival: Arrival
    only_times: bool = False  # one an instant, however many workers there would be


def _times(value: Any, info: Any) -> Times:
    if isinstance(value, Times):
        return value
    data = without_comments(value)
    only_times = isinstance(data, dict) and data.get("count") == 0 and data["count"] is not False
    given = {key: part for key, part in data.items() if key != "count"} if only_times else value
    arrival: Arrival = make_of_group("arrival", given, info)
    lines: list[tuple[Path_, str]] = []
    if arrival.kind not in _KINDS:
        lines.append(
            (("type",), f"{show(arrival.kind)} has no times of its own; those that do are {', '.join(_KINDS)}")
        )
    for key in sorted({"state", "max_workers", "when_full"} & arrival.model_fields_set):
        lines.append(((key,), "is for workers who are born; here one waits for the times of the source"))
    for key, at in (("from", arrival.from_), ("until", arrival.until)):
        if isinstance(at, After):
            lines.append(((key,), "must be a time; this source is no one that others could wait for"))
    if arrival.variables and only_times:
        lines.append((("variables",), 'can\'t be with "count" 0, where the source only gives times'))
    if arrival.measures or [*arrival.tables()]:
        lines.append(((), 'can\'t have "bytes", or as many workers as a table has rows, or times of a table'))
    if lines:
        raise invalid(arrival.kind, lines)
    return Times(arrival=arrival, only_times=only_times)


def _sources(value: Any, info: Any) -> tuple[Times, ...]:
    if isinstance(value, list | tuple) and not value:
        raise ValueError("must not be empty")
    if not isinstance(value, list | tuple):
        return (_times(value, info),)
    found = each_of(value, lambda one: _times(one, info))
    names = [one.arrival.name for one in found]
    lines: list[tuple[Path_, str]] = []
    for number, name in enumerate(names):
        if name is None and len(names) > 1:
            lines.append(
                ((number,), '"name" is required where there are several sources: it keys what is drawn for each')
            )
        elif name in names[:number]:
            lines.append(((number, "name"), f"the name {show(name)} is taken already; give it another one"))
    if lines:
        raise invalid("next", lines)
    return found


_ONE: dict[str, Any] = {"group": "arrival"}
_SOURCES = {"anyOf": [_ONE, {"type": "array", "minItems": 1, "items": _ONE}]}


class Next(Model):
    """Until the next worker would come of a source with times of its own: a timetable that workers wait for."""

    type: Literal["next"]
    source: Annotated[tuple[Times, ...], PlainValidator(_sources), WithJsonSchema(_SOURCES)] = Field(
        description="a source of the type every, even, cron, timestamps or incident, or a list of such"
    )


def _delay(value: Any, info: Any) -> Any:
    if isinstance(value, Next):
        return value
    if isinstance(value, dict) and str(value.get("type")).lower() == "next":
        return Next.model_validate(value | {"type": "next"}, context=info.context)
    found = described(is_sound, in_seconds(value), info)
    if isinstance(found, Tabled):
        raise invalid("delay", [(("table",), f"can't be here: {OF_TABLES}")])
    return found


_NEXT = {
    "type": "object",
    "properties": {"type": {"const": "next"}, "source": _SOURCES},
    "patternProperties": {COMMENTS: {}},
    "required": ["type", "source"],
    "additionalProperties": False,
}
Delay = Distribution | Computed | Next
AnyDelay = Annotated[
    Delay, PlainValidator(_delay), WithJsonSchema({"anyOf": [{"group": "number_distribution"}, _NEXT]})
]
