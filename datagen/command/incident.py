"""What incidents change, as lines for people."""

from collections.abc import Iterator
from typing import Any

from datagen.command.number import number, span

_MOST = 12  # lines of a kind that are shown
_WIDEST = 90  # letters of what reads an incident

Line = tuple[str, str]  # label and text


def lines(found: dict[str, Any]) -> Iterator[Line]:
    """Yield what each incident changes, by what is found of it."""
    for name, one in found.items():
        yield "incident", f"{name}: {_times(one)}"
        yield from _some([("", _reader(reader)) for reader in one["readers"]])
        yield from _some([("", change) for change in _changes(one)])


def _times(one: dict[str, Any]) -> str:
    """Return how often there is one, and for how long."""
    seconds = span(one["seconds"])
    if one["per_day"] is None:
        times = f"once, for {seconds}" if one["stretches"] == 1 else f"{one['stretches']} times, {seconds} each"
        return times if one["stretches"] else "never"
    if one["share"] is None:
        return "how often is not known"
    if not one["per_day"]:
        return "never in this run"
    return f"{number(one['per_day'])} a day, {seconds} each, {one['share']:.2%} of the time"


def _reader(reader: dict[str, Any]) -> str:
    reads, records = reader["reads"], reader["records"]
    if len(reads) > _WIDEST:
        reads = f"{reads[: _WIDEST - 1]}…"
    brings = "" if records is None else f", records of it and all whom it brings about: {number(records)}"
    return f"{reader['place']}: {reads}{brings}"


def _changes(one: dict[str, Any]) -> Iterator[str]:
    """Yield what is different while it is on."""
    if one["how"] is None:
        yield "what it changes of records and stays is not known"
        return
    records, how = one["records_per_second"], " (by a pilot)" if one["how"] == "pilot" else ""
    if records["on"] == records["off"]:
        yield f"while it is on{how}: as many records, {_rate(records['off'])}"
    else:
        yield f"while it is on{how}: {_rate(records['on'])}, else {_rate(records['off'])}"
    for name, change in one["states"].items():
        if "seconds" in change:
            yield f"{name}: stay {span(change['seconds']['on'])}, else {span(change['seconds']['off'])}"
    for name, change in one["transitions"].items():
        yield f"{name}: {_share(change['share']['on'])}, else {_share(change['share']['off'])}"
    for name, change in one["resources"].items():
        if "utilisation" in change:
            yield f"{name}: {_share(change['utilisation']['on'])} in use, else {_share(change['utilisation']['off'])}"


def _rate(records: float | None) -> str:
    return f"{number(records)} records a second"


def _share(share: float | None) -> str:
    return "never" if not share else f"{share:.1%}"


def _some(rows: list[Line]) -> Iterator[Line]:
    yield from rows[:_MOST]
    if len(rows) > _MOST:
        yield "", f"… and {len(rows) - _MOST} more"
