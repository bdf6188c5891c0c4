"""From the data of a spec to a page: which pictures there are, and what is said beside them."""

import json
from collections.abc import Iterator
from datetime import timedelta

from datagen.plots.data.alive import Alive, alive
from datagen.plots.data.arrival import Arrivals, Source, arrivals
from datagen.plots.data.incident import Band, bands
from datagen.plots.data.life import Lives, lives
from datagen.plots.data.pilot import MOST_RECORDS, Pilot
from datagen.plots.data.state import State, States, states
from datagen.plots.data.value import values
from datagen.plots.draw import chart, color, text
from datagen.plots.draw.chart import Json
from datagen.plots.draw.field import field_figure
from datagen.plots.draw.figure import Figure, Page, Section
from datagen.plots.draw.graph import graph

_DAY = 86_400
_MOST_SOURCES = 12  # charts one below the other
_FAR = 4  # a limit so many times above what is alive would flatten the curve
_HELD = 5
_FIRST_COLOR = 1  # of the palette, for incidents: the first is that of the workers


def page(pilot: Pilot, name: str) -> Page:
    """Return the page of a spec of some name."""
    walked = pilot.walked
    begin, end = pilot.start.text, (pilot.busy if walked.is_over else walked.reached) / 1e9
    run = f"One run from {text.moment(begin)}, seed {pilot.seed}, at most {text.counted(pilot.limit, 'worker')} alive"
    steps = int((walked.state < len(pilot.population.states)).sum())
    work = f"{text.counted(steps, 'step')} of {text.counted(len(pilot.births[0]), 'worker')}"
    facts = [f"{run}: {work} in {text.span(end)}."]
    if walked.is_cut:
        facts.append(
            f"It was cut at {text.moment(begin, end)}, because it has more steps than a picture may take; "
            f"it would have gone on for {text.span(pilot.span / 1e9)} in all."
        )
    busy = _round_up(pilot.busy)
    sections = [
        Section("When workers arrive", [_legend(pilot)], list(_arrivals(pilot))),
        _moves(states(pilot)),
        Section("How many workers are alive", [], [_alive(alive(pilot, busy), bands(pilot, busy))]),
        Section(
            "Lives of some workers",
            [],
            [_lives(lives(pilot), [state.name for state in pilot.watched.population.states])],
        ),
        *_values(pilot),
    ]
    return Page(name, facts, sections)


def _legend(pilot: Pilot) -> str:
    line = "Bars: workers who were born in the run. Line: workers who are expected"
    return f"{line}, if no limit held any back." if pilot.limit else f"{line}."


def _arrivals(pilot: Pilot) -> Iterator[Figure]:
    """Yield arrivals over the whole span, and close up."""
    near = min(_DAY * 10**9, pilot.span, max(_round_up(pilot.busy), 1))
    is_all = pilot.walked.is_over and pilot.busy <= near
    if near < pilot.span:
        yield _over("the whole run" if is_all else "close up", arrivals(pilot, near), bands(pilot, near))
    if near == pilot.span or not is_all:
        yield _over("the whole span", arrivals(pilot), bands(pilot, pilot.span))


def _round_up(nanoseconds: int) -> int:
    """Return a round time that is no earlier; what is above a day stays as it is."""
    seconds = nanoseconds / 1e9
    steps = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 28800, 43200, _DAY)
    return next((step * 10**9 for step in steps if step >= seconds), nanoseconds)


def _over(what: str, data: Arrivals, incidents: list[Band]) -> Figure:
    end = data.seconds[-1] + data.bin_seconds
    first = text.milliseconds(data.start)
    shown = data.sources[:_MOST_SOURCES]
    unit = text.per(data.bin_seconds)
    x = chart.time_axis(first, first + end * 1000)
    parts = []
    for source in shown:
        rows = list(_bars(source, data, first))
        held = _is_held(source)
        rows = [{"a": row["a"], "b": row["b"], "n": row["n"]} for row in rows] if held else rows
        most = max([row["n"] or 0 for row in rows] + [row.get("e", 0) for row in rows])
        y = chart.number_axis(f"workers {unit}", most, whole=True)
        title = source.name if source.name == source.kind else f"{source.name} ({source.kind})"
        made = chart.histogram(rows, x, y, has_theory=source.expected is not None and not held, height=96)
        if data.is_cut and data.reached_seconds < end:
            made["layer"].insert(0, _not_run(first + data.reached_seconds * 1000, first + end * 1000, x))
        made["layer"][:0] = _shaded(incidents, first, x)
        parts.append({"title": text.shortened(title, 80), **made})
    facts = [*_named(incidents), *(_holding(source, unit) for source in shown if _is_held(source))]
    facts += [
        f"{source.name}: no line: who comes depends on who stops, or they are too many."
        for source in shown
        if source.expected is None
    ]
    if data.is_cut and data.reached_seconds < end:
        facts.append(f"Grey: not run, since the run was cut after {text.span(data.reached_seconds)}.")
    if len(data.sources) > len(shown):
        facts.append(f"The first {len(shown)} of {len(data.sources)} sources.")
    born = [sum(count or 0 for count in source.counted) for source in shown]
    told = "; ".join(f"{source.name}: {count:,} born" for source, count in zip(shown, born, strict=True))
    title = f"Arrivals, {what}: {text.moment(data.start)} and {text.span(end)} on"
    return Figure(title, facts, chart.drawn(chart.stacked(parts), chart.WIDE), f"Workers {unit}. {told}.")


def _shaded(incidents: list[Band], first: float, x: Json) -> Iterator[Json]:
    """Yield the backgrounds of incidents, each in its colour."""
    for place, name in enumerate(_names(incidents)):
        values = [
            {"a": first + band.begin * 1000, "b": first + band.end * 1000}
            for band in incidents
            if band.incident == name
        ]
        mark = {"type": "rect", "color": color.of(_FIRST_COLOR + place), "opacity": 0.25}
        yield {"data": {"values": values}, "mark": mark, "encoding": {"x": {"field": "a", **x}, "x2": {"field": "b"}}}


def _names(incidents: list[Band]) -> list[str]:
    return list(dict.fromkeys(band.incident for band in incidents))


def _named(incidents: list[Band]) -> Iterator[str]:
    """Yield what the backgrounds are."""
    if incidents:
        shown = (f"{name} ({color.name(_FIRST_COLOR + place)})" for place, name in enumerate(_names(incidents)))
        yield f"Shaded: incidents, {', '.join(shown)}."


def _is_held(source: Source) -> bool:
    """Return whether far more workers are expected than a limit lets in: then the line would flatten the bars."""
    if source.expected is None:
        return False
    both = zip(source.counted, source.expected, strict=True)
    seen = [(count, expected) for count, expected in both if count is not None]
    return sum(expected for _, expected in seen) > _HELD * max(sum(count for count, _ in seen), 1)


def _holding(source: Source, unit: str) -> str:
    mean = sum(source.expected or []) / len(source.counted)
    come = f"{text.number(mean)} workers {unit}"
    return f"{source.name}: without the limit {come} would come, so many more that there is no line."


def _bars(source: Source, data: Arrivals, first: float) -> Iterator[Json]:
    for number, (begin, count) in enumerate(zip(data.seconds, source.counted, strict=True)):
        end = data.seconds[number + 1] if number + 1 < len(data.seconds) else begin + data.bin_seconds
        row = {"a": first + begin * 1000, "b": first + end * 1000, "n": count}
        yield row if source.expected is None else {**row, "e": source.expected[number]}


def _not_run(begin: float, end: float, x: Json) -> Json:
    """Return a grey background of what the run did not get to."""
    encoding = {"x": {"field": "a", **x}, "x2": {"field": "b"}}
    mark = {"type": "rect", "color": color.EMPTY}
    return {"data": {"values": [{"a": begin, "b": end}]}, "mark": mark, "encoding": encoding}


def _moves(data: States) -> Section:
    picture = graph(data)
    facts = [
        "Arrows: the share of workers who go there. In each state: the mean stay, and how often a worker enters it."
    ]
    if any(state.children for state in data.states):
        facts[0] += " Dashed: whom a worker brings about there, and how many; their states count with its life."
    if data.is_measured:
        limit = "" if data.lines else " without a limit"
        facts.append(f"How often each transition by condition is taken was measured by a pilot{limit}.")
    facts += _lines(data)
    if data.life is not None:
        facts.append(f"A life lasts {text.span(data.life)} on average, from birth to stop.")
    else:
        facts.append("Workers may never stop; how often a state is entered is counted in the run.")
    told = [f"{state.name}: {', '.join([*_ways(state), *_children(state)])}" for state in data.states]
    if picture is None:
        return Section("How workers move", [*facts, f"There are {len(data.states)} states: too many for a picture."])
    return Section("How workers move", facts, [Figure("States", [], picture, ". ".join(told) + ".")], natural=True)


def _ways(state: State) -> Iterator[str]:
    yield from (f"{text.share(way.probability)} to {way.next}" for way in state.ways)


def _children(state: State) -> Iterator[str]:
    yield from (f"brings about {text.number(child.count)} in {child.state}" for child in state.children)


def _lines(data: States) -> Iterator[str]:
    """Yield what is to be said of resources."""
    if data.lines:
        how = "measured by a pilot" if data.waits_are_measured else "by the formula of M/M/c"
        yield f"A stay counts from when a worker begins to wait for resources; waits are {how}."
    for name, line in data.lines.items():
        busy = f"{text.share(line.busy / max(line.capacity, 1))} of {text.counted(int(line.capacity), 'unit')} in use"
        grows = "; the line grows without end" if line.grows else ""
        waiting = f"{text.number(line.waiting)} waiting, for {text.span(line.seconds)}"
        yield f"{name}: {busy}, {waiting} on average{grows}."


def _alive(data: Alive, incidents: list[Band]) -> Figure:
    first = text.milliseconds(data.start)
    ends = [*data.seconds[1:], data.seconds[-1] + data.bin_seconds]
    most = max(data.highest)
    title = f"Workers alive from {text.moment(data.start)}, for {text.span(ends[-1])}"
    if not most:
        return Figure(title, ["Nobody is alive for longer than an instant: no worker stays in a state."], None)
    x = chart.time_axis(first, first + ends[-1] * 1000)
    near = data.limit <= _FAR * max(most, 1)
    y = chart.number_axis("workers alive", most, whole=True, domainMin=0)
    if near:
        y["scale"]["domainMax"] = 1.05 * data.limit
    expected = data.expected or []
    shown = bool(expected) and max(expected) <= max(1.5 * most, data.limit)
    rows = [
        {"a": first + begin * 1000, "m": mean, "l": low, "h": high, "e": expected[number] if shown else None}
        for number, (begin, mean, low, high) in enumerate(
            zip(data.seconds, data.mean, data.lowest, data.highest, strict=True)
        )
    ]
    rows.append({**rows[-1], "a": first + ends[-1] * 1000})
    along = {"field": "a", **x}
    step = {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5}
    dashed = {"strokeDash": [5, 4], "strokeWidth": 1.3}
    band = {"type": "area", "color": color.BAND, "interpolate": "step-after"}
    layers: list[Json] = [
        *_shaded(incidents, first, x),
        {"mark": band, "encoding": {"x": along, "y": {"field": "l", **y}, "y2": {"field": "h"}}},
        {"mark": {**step, "color": color.PALETTE[0]}, "encoding": {"x": along, "y": {"field": "m", **y}}},
    ]
    facts = ["Line: the mean. Band: from the fewest to the most at any time.", *_named(incidents)]
    if near:
        rule = {"mark": {"type": "rule", "color": color.LIMIT, **dashed}, "encoding": {"y": {"field": "v", **y}}}
        layers.append({"data": {"values": [{"v": data.limit}]}, **rule})
    if shown:
        line = {**step, **dashed, "color": color.THEORY}
        layers.append({"mark": line, "encoding": {"x": along, "y": {"field": "e", **y}}})
    facts.append(
        f"Red, dashed: the limit, {data.limit:,}." if near else f"The limit, {data.limit:,}, is far above the picture."
    )
    if expected:
        usual = text.number(sum(expected) / len(expected))
        where = "Orange, dashed: to be expected in an ordinary week" if shown else "To be expected without the limit"
        facts[-1] += f" {where}, {usual} on average."
    made = {"data": {"values": rows}, "height": 180, "layer": layers}
    mean = sum(data.mean) / len(data.mean)
    told = f"{text.number(mean)} workers are alive on average, {most:,} at most; the limit is {data.limit:,}."
    return Figure(title, facts, chart.drawn(made, chart.WIDE), told)


def _lives(data: Lives, names: list[str]) -> Figure:
    title = f"{len(data.lives)} of {text.counted(data.born, 'worker')}, from birth on"
    if not data.lives:
        return Figure("No worker was born", [], None)
    end = max(stay.begin + stay.seconds for life in data.lives for stay in life.stays)
    if not end:
        return Figure(title, ["Each is over in an instant: no worker stays in a state."], None)
    unit, size = text.unit(end)
    rows: list[Json] = []
    for number, life in enumerate(data.lives):
        for stay in life.stays:
            begin, stop = stay.begin / size, (stay.begin + stay.seconds) / size
            rows.append({"w": number, "a": begin, "b": stop, "s": stay.state, "k": "stay" if stop > begin else "tick"})
        if not life.ends:
            rows.append({"w": number, "a": rows[-1]["b"], "b": 0, "s": "", "k": "on"})
    seen = {row["s"] for row in rows}
    shown = [name for name in names if name in seen]
    scale = {"domain": shown, "range": [color.of(names.index(name)) for name in shown]}
    legend = {"title": None, "orient": "top", "columns": 8, "symbolType": "square"}
    tint = {"field": "s", "type": "nominal", "scale": scale, "legend": legend}
    only = len({life.source for life in data.lives}) == 1
    labels = [_worker(life.worker, None if only else life.source, life.born, data.start) for life in data.lives]
    axis = {
        "title": None,
        "labelExpr": f"{json.dumps(labels)}[datum.value]",
        "labelLimit": 230,
        "labelOverlap": False,
        "ticks": False,
    }
    y = {"field": "w", "type": "ordinal", "axis": {**axis, "domain": False}, "scale": {"paddingInner": 0.3}}
    x = chart.number_axis(f"{unit} since birth", end / size)
    x["axis"]["tickCount"] = 12
    layers: list[Json] = [
        {
            "transform": [{"filter": "datum.k == 'stay'"}],
            "mark": {"type": "bar", "stroke": color.PAPER, "strokeWidth": 0.6},
            "encoding": {"x": {"field": "a", **x}, "x2": {"field": "b"}, "y": y, "color": tint},
        },
        {
            "transform": [{"filter": "datum.k == 'tick'"}],
            "mark": {"type": "tick", "thickness": 2.5},
            "encoding": {"x": {"field": "a", **x}, "y": y, "color": tint},
        },
        {
            "transform": [{"filter": "datum.k == 'on'"}],
            "mark": {"type": "text", "text": "►", "align": "left", "dx": 2, "color": color.SOFT},
            "encoding": {"x": {"field": "a", **x}, "y": y},
        },
    ]
    facts = ["Bars: stays in states, by colour. Ticks: states without a stay. ►: it goes on."]
    made = {"data": {"values": rows}, "height": {"step": 17}, "layer": layers}
    told = ". ".join(
        f"{label}: {', '.join(stay.state for stay in life.stays[:12])}"
        for label, life in zip(labels, data.lives, strict=True)
    )
    return Figure(title, facts, chart.drawn(made, chart.WIDE), told + ".")


def _worker(number: int, source: str | None, born: float, start: str) -> str:
    time = text.local(start) + timedelta(seconds=born)
    name = "worker" if source is None else text.shortened(source, 16)
    return f"{name} {number:,} · {time:%a %H:%M:%S}"


def _values(pilot: Pilot) -> Iterator[Section]:
    """Yield a section of fields for each emitter."""
    found = values(pilot)
    for emitter in pilot.population.emitters:
        own = [field for field in found if field.emitter == pilot.population.shown[emitter.name]]
        columns = pilot.records.get(pilot.population.shown[emitter.name], {})
        records = len(columns["time"]) if columns else 0
        of = text.counted(min(MOST_RECORDS, _all(pilot)), "record")
        facts = [f"Of the run's first {of}, {records:,} are of this emitter."]
        if any(field.expected is not None for field in own):
            facts.append("Bars: how often each value came. Orange: how often it is expected.")
        yield Section(
            f"Fields of {pilot.population.shown[emitter.name]}",
            facts if own or records else ["It emitted no record in the run."],
            [field_figure(field) for field in own],
            small=True,
        )


def _all(pilot: Pilot) -> int:
    return sum(len(columns["time"]) for columns in pilot.records.values() if columns)
