"""The command ``explain``: what a run would make, as text for people or as JSON for programs."""

import argparse
import json
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

from datagen.command import incident, tree
from datagen.command.arguments import request_of
from datagen.command.number import number, size, span
from datagen.command.voice import Voice
from datagen.job.limit import about
from datagen.job.scale import shown_error

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BARS = " ▁▂▃▄▅▆▇█"
_MOST_ROWS = 30  # states or emitters that are shown
_INDENT = 11
_DAY = 24  # hours


def explain(arguments: argparse.Namespace, voice: Voice) -> bool:
    """Print what a run would make."""
    from datagen.job.explain import explain as explained

    inputs, found = explained(request_of(arguments))
    voice.secrets += inputs.secrets
    voice.warn(inputs.warnings)
    if arguments.json:
        voice.print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        voice.print("\n".join(_lines(found)))
    return True


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield from (_labelled(label, text) for label, text in _summary(found))
    by_hour = found["records_per_second"]["by_hour"] or []
    known = [rate for rate in by_hour if rate is not None]
    if len(known) >= _DAY and max(known) > 1.01 * min(known):  # the first hours of a run are a little lower
        yield from _week(by_hour, max(known))
    if len(found["sources"]) > 1:
        rows = [
            (
                source["name"],
                source["type"],
                number(source["workers_per_second"]),
                "" if source["workers_altogether"] is None else number(source["workers_altogether"]),
                span(source["life_seconds"]),
            )
            for source in found["sources"]
        ]
        yield from _table(("source", "type", "workers/s", "altogether", "life"), rows)
    stops = found["life"]["always_stops"]
    yield from _table(
        ("state", *(["visits a life"] if stops else []), "entered/s", "stay"),
        [
            (
                name,
                *([_own(state["visits"], state["per_second"])] if stops else []),
                number(state["per_second"]),
                span(state["seconds"]),
            )
            for name, state in found["states"].items()
        ],
    )
    if tree.has_children(found["lives"]):
        yield from _table(tree.HEAD, list(tree.rows(found["lives"])))
    yield from _lines_of_resources(found["resources"])
    if found["incidents"]:
        yield ""
        yield from (_labelled(label, text) for label, text in incident.lines(found["incidents"]))
    yield from _table(
        ("emitter", *(["records a life"] if stops else []), "records/s", "bytes each"),
        [
            (
                name,
                *([_own(each["records_per_life"], each["records_per_second"])] if stops else []),
                number(each["records_per_second"]),
                number(each["bytes_per_record"]),
            )
            for name, each in found["emitters"].items()
        ],
    )


def _own(of_a_life: float | None, per_second: float | None) -> str:
    """Write what is so of a life, which is nothing where only those come whom others bring about."""
    return "" if of_a_life == 0 and per_second else number(of_a_life)


def _lines_of_resources(resources: dict[str, Any]) -> Iterator[str]:
    rows = [
        (
            name,
            str(each["capacity"]),
            f"{each['utilisation']:.1%}",
            number(each["waiting"]),
            span(each["wait_seconds"]),
        )
        for name, each in resources.items()
    ]
    if rows:
        yield from _table(("resource", "capacity", "in use", "waiting", "wait"), rows)


def _summary(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines at the top, each with its label."""
    records, bytes_, life = found["records_per_second"], found["bytes_per_second"], found["life"]
    if records["mean"] is None:
        yield "records", "how many is unknown"
    else:
        peak = records["peak"] > 1.001 * records["mean"]
        most = f"; at most {number(records['peak'])} a second" if peak else ""
        yield "records", f"{number(records['mean'])} a second, {number(86400 * records['mean'])} a day{most}"
    if bytes_["mean"] is not None:
        each = f"{number(bytes_['per_record'])} bytes a record{shown_error(bytes_['error'])}"
        yield (
            "bytes",
            f"{size(bytes_['mean'])} a second, {size(86400 * bytes_['mean'])} a day as {bytes_['format']}, {each}",
        )
    if not life["always_stops"]:
        yield "life", "workers may never stop"
    elif life["seconds"] is not None:
        yield "life", f"{span(life['seconds'])} and {number(life['records'])} records for each worker"
    workers = found["workers"]
    coming = workers["coming_per_second"]
    came = "" if not coming or not life["always_stops"] else f"{number(coming)} come in a second; "
    yield "workers", f"{came}{'unknown how many' if workers['alive'] is None else number(workers['alive'])} are alive"
    yield from _scales(found)
    for name, one in (found["populations"] or {"": found}).items():
        text = _limit(one["limit"], one["life"]["always_stops"], one["workers"]["alive"])
        yield "limit", f"{name}: {text}" if name else text
    run = found["run"]
    if run["records"] is not None:
        parts = [f"{number(run['records'])} records"]
        parts += [] if run["seconds"] is None else [f"{span(run['seconds'])} on the clock of the run"]
        parts += [] if run["bytes"] is None else [size(run["bytes"])]
        yield "this run", ", ".join(parts)
    if run["computing_seconds"]:
        yield "computing", f"about {_long(run['computing_seconds'])} on one processor of this machine, an estimate"
    yield from _caveats(found)


def _scales(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield how many times more workers there are, of populations that have a volume of their own and of the others."""
    own = {name: one["volume_scale"] for name, one in found["populations"].items() if one["volume_scale"]}
    for name, scale in {**own, "all others" if own else "": found["volume_scale"]}.items():
        if scale is not None:
            text = f"{scale['constant']:.8g} times as many workers as the spec says{shown_error(scale['error'])}"
            yield "scale", f"{name}: {text}" if name else text


def _caveats(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the numbers rest on, and what they leave out, each with its label."""
    ending = [source["name"] or source["type"] for source in found["sources"] if _is_cut_short(source)]
    if ending and found["means_of"] == "long run":
        yield "ends", f"{', '.join(ending)}: counted as if it went on; -r or --until counts what a run has of it"
    if found["at_start"]:
        rows = ", ".join(f"{count} of {emitter}" for emitter, count in found["at_start"].items())
        yield "at start", f"{rows}: rows of tables, which count in no other line"
    if found["texts"]:
        error = shown_error(found["records_per_second"]["error"])
        yield "several", f"{', '.join(found['texts'])}: a step may make none or several, as many as in a pilot{error}"
    if found["transitions"] == "pilot":
        limit = "" if found["resources"] else " without a limit"
        yield "conditions", f"how often each transition by condition is taken was measured by a pilot{limit}"
    if found["items_measured"]:
        yield "items", f"how many there are in {', '.join(found['items_measured'])} was measured by a pilot"
    if found["stays_measured"]:
        yield "delays", f"how long workers stay in {', '.join(found['stays_measured'])} was measured by a pilot"
    if counted := sorted(set(tree.counted_by_pilot(found["lives"]))):
        yield "children", f"how many there are of {', '.join(counted)} was measured by a pilot"
    yield from _waits(found["resources"])
    if not found["resources"] and any(state["waits"] for state in found["states"].values()):
        yield "waits", "of those who wait for others, measured by a pilot"
    if found["left_out"]:
        yield "left out", "; ".join(found["left_out"])
    if found["by_row"]:
        yield "by row", f"{'; '.join(found['by_row'])}: slow, or as fast as they are themselves"


def _waits(resources: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where the numbers of resources come from, and which are asked for too much."""
    if resources:
        is_measured = any(each["how"] == "pilot" for each in resources.values())
        yield "waits", "measured by a pilot" if is_measured else "by the formula of M/M/c"
    for name, each in resources.items():
        if each["grows"]:
            yield "line", f"{name}: more is asked of it than there is, so those who wait are more and more, without end"


def _is_cut_short(source: dict[str, Any]) -> bool:
    """Return whether a source has a rate, but not for ever."""
    return bool(source["ends"] and source["workers_per_second"])


def _limit(limit: dict[str, Any], always_stops: bool, alive: float | None) -> str:
    if limit["workers"] is None:
        return "none"
    if not always_stops and alive is not None and alive < limit["workers"]:
        return f"{limit['workers']} workers, which is enough"
    if not always_stops:
        return f"{limit['workers']} workers: as many are alive in the end"
    if not limit["binds"]:
        return f"{limit['workers']} workers, which is enough (about {about(limit['sufficient'])} would do)"
    lost = limit["records_lost_per_second"]
    what = f"costs {number(lost)} records a second" if lost else "lets some workers wait, or turns them away"
    if limit["queue_grows"]:
        what += ", and those who wait are more and more"
    how = ", by a pilot" if limit["how"] == "pilot" else ""
    enough = "" if limit["sufficient"] is None else f"; about {about(limit['sufficient'])} would do"
    return f"{limit['workers']} workers, which {what}{how}{enough}"


def _week(by_hour: list[float | None], most: float) -> Iterator[str]:
    """Yield a picture of a week, a line a day, with a gap for each hour that the run does not come to."""
    yield ""
    yield f"{'':{_INDENT}}0h    6h    12h   18h      mean     most   (records a second)"
    for place, day in enumerate(_DAYS):
        own = by_hour[24 * place : 24 * place + 24]
        bars = "".join(" " if rate is None else _BARS[ceil(8 * rate / most)] for rate in own)
        known = [rate for rate in own if rate is not None]
        if known:
            yield f"{day:{_INDENT}}{bars} {number(sum(known) / len(known)):>8} {number(max(known)):>8}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Iterator[str]:
    """Yield a table, of texts in the first column and numbers in the others."""
    shown = [[cell or "" for cell in row] for row in rows[:_MOST_ROWS]]
    widths = [max(map(len, column)) for column in zip(head, *shown, strict=True)]
    widths[0] = max(widths[0], _INDENT - 2)
    yield ""
    for row in [head, *shown]:
        cells = [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([f"{row[0]:{widths[0]}}", *cells]).rstrip()
    if len(rows) > _MOST_ROWS:
        yield f"… and {len(rows) - _MOST_ROWS} more"


def _labelled(label: str, text: str) -> str:
    return f"{label:{_INDENT}}{text}"


def _long(seconds: float) -> str:
    """Write how long a computation takes, to a tenth of a second while that can be waited for."""
    return f"{max(seconds, 0.1):.1f} s" if seconds < 600 else span(seconds)
