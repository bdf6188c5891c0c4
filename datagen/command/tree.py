"""The lives of workers as a tree of lines: what one goes through, and whom it brings about."""

from collections.abc import Iterator
from typing import Any

from datagen.command.number import number, span

Row = tuple[str, ...]

HEAD = ("lives, on average", "times", "stay", "records", "with all below")


def has_children(lives: list[dict[str, Any]]) -> bool:
    """Return whether any worker brings about others."""
    return any(state["children"] for life in lives for state in life["states"] or ())


def counted_by_pilot(part: Any) -> Iterator[str]:
    """Yield what of children a pilot has counted, anywhere in a part of lives, each once a place."""
    if isinstance(part, dict):
        if part.get("how") == "pilot":
            yield part["entry"]
        yield from (name for inner in part.values() for name in counted_by_pilot(inner))
    elif isinstance(part, list):
        yield from (name for inner in part for name in counted_by_pilot(inner))


def rows(lives: list[dict[str, Any]]) -> Iterator[Row]:
    """Yield the rows of a table: of a worker of each source, its states, its children, and their states."""
    for life in lives:
        yield _life(life["source"] or life["type"], "1", life)
        yield from _states(life, "  ")


def _life(name: str, count: str, life: dict[str, Any]) -> Row:
    workers, records = life["family"]["workers"], life["family"]["records"]
    if workers is None:
        below = "without end"
    else:
        below = "" if workers == 1 else f"{number(workers)} workers, {number(records)} records"
    return name, count, span(life["seconds"]), number(life["records"]), below


def _states(life: dict[str, Any], indent: str) -> Iterator[Row]:
    if life["again"]:
        yield f"{indent}(as above)", "", "", "", ""
    elif life["states"] is None:
        yield f"{indent}…", "", "", "", ""
    for state in life["states"] or ():
        times = "" if state["visits"] is None else number(state["visits"])
        yield f"{indent}{state['state']}", times, span(state["seconds"]), number(state["records"]), ""
        for child in state["children"]:
            yield _life(f"{indent}  → {_called(child)}", number(child["count"]), child)
            yield from _states(child, f"{indent}      ")


def _called(child: dict[str, Any]) -> str:
    """Return what children are called: by their state, and by the entry if that has a name of its own."""
    named = "" if child["entry"] == child["state"] else f"{child['entry']}: "
    later = f", {span(child['after_seconds'])} later" if child["after_seconds"] else ""
    return f"{named}{child['state']}{later}"
