"""The picture of a field: its values as bars, with what is expected behind them."""

import json
from datetime import UTC, datetime
from typing import Any

from datagen.plots.data.value import Values
from datagen.plots.draw import chart, color, text
from datagen.plots.draw.chart import Json
from datagen.plots.draw.figure import Drawing, Figure

_SHOWN = 26  # characters of a value
_EXAMPLE = 44
_FEW = 9  # bins whose numbers are all written
_HOUR = 3_600_000  # ms
# How times are written, by how many hours there are between the first and the last.
_WRITTEN = {0.1: "%H:%M:%S", 60: "%H:%M", 24 * 90: "%-d %b", 24 * 365 * 3: "%b %Y"}


def field_figure(field: Values) -> Figure:
    """Return the picture of a field."""
    kind = "" if field.kind is None else f" ({field.kind})"
    facts = _facts(field)
    drawing: Drawing | None = None
    if field.form == "texts" and field.texts:
        drawing = chart.drawn(_listed(field), chart.NARROW)
    elif field.edges:
        drawing = chart.drawn(_binned(field), chart.NARROW)
    return Figure(f"{field.field}{kind}", facts, drawing, _told(field))


def _facts(field: Values) -> list[str]:
    facts = [fact for fact in (_absent(field), _present(field)) if fact]
    return facts or ["No value."]


def _absent(field: Values) -> str:
    parts = [
        f"{name} {text.share(count / max(of, 1))}{_beside(expected)}"
        for name, count, of, expected in (
            ("missing", field.missing, field.records, field.expected_missing),
            ("null", field.nulls, field.records - field.missing, field.expected_nulls),
        )
        if count or expected
    ]
    return f"{'; '.join(parts)}." if parts else ""


def _present(field: Values) -> str:
    many = f"{field.different:,} different values" if field.different > 1 else "1 value"
    match field.form:
        case "different":
            examples = ", ".join(text.shortened(each, _EXAMPLE) for each in field.texts)
            return f"{many}, such as {examples}." if examples else ""
        case "texts":
            rest = f"; not shown: {text.counted(field.outside, 'record')}" if field.outside else ""
            return f"{many}{rest}." if field.texts else ""
        case "lengths":
            return "How many items the list has."
        case _:
            out = f"; {field.outside:,} far outside are not shown" if field.outside else ""
            return f"{many}{out}." if field.edges else ""


def _beside(expected: float | None) -> str:
    return "" if expected is None else f" (expected {text.share(expected)})"


def _told(field: Values) -> str:
    if field.form == "texts":
        top = zip(field.texts[:5], field.counted, strict=False)
        return "Most frequent: " + ", ".join(f"{each}: {count:,}" for each, count in top) + "."
    if field.edges:
        return f"From {_shown(field, field.edges[0])} to {_shown(field, field.edges[-1])}."
    return ""


def _shown(field: Values, value: float) -> str:
    if field.form == "times":
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    return text.number(value)


def _binned(field: Values) -> Json:
    size = 1000 if field.form == "times" else 1
    rows: list[Json] = [
        {"a": size * begin, "b": size * end, "n": count}
        for begin, end, count in zip(field.edges, field.edges[1:], field.counted, strict=False)
    ]
    if field.expected is not None:
        rows = [{**row, "e": expected} for row, expected in zip(rows, field.expected, strict=True)]
    low, high = rows[0]["a"], rows[-1]["b"]
    if field.form == "times":
        x: Any = {
            "type": "temporal",
            "scale": {"type": "utc", "nice": False},
            "axis": {"title": None, "grid": False, "tickCount": 4, "format": _written(high - low)},
        }
    else:
        whole = all(edge % 1 == 0.5 for edge in field.edges)  # of whole numbers
        title = "items" if field.form == "lengths" else None
        x = chart.number_axis(
            title, max(abs(low), abs(high)), whole=whole, grid=False, domain=[low, high], nice=False, zero=False
        )
        is_short = whole and len(field.edges) <= _FEW
        x["axis"] |= {"values": [edge + 0.5 for edge in field.edges[:-1]]} if is_short else {"tickCount": 5}
    y = chart.number_axis("records", max(field.counted), whole=True)
    return chart.histogram(rows, x, y, has_theory=field.expected is not None, height=110)


def _written(span: float) -> str:
    return next((form for hours, form in _WRITTEN.items() if span <= hours * _HOUR), "%Y")


def _listed(field: Values) -> Json:
    labels = [text.shortened(each, _SHOWN) or "(empty)" for each in field.texts]
    rows: list[Json] = [{"t": number, "n": count} for number, count in enumerate(field.counted)]
    axis = {
        "title": None,
        "labelExpr": f"{json.dumps(labels)}[datum.value]",
        "labelLimit": 170,
        "ticks": False,
        "domain": False,
        "labelOverlap": False,
    }
    y = {"field": "t", "type": "ordinal", "axis": axis, "scale": {"paddingInner": 0.25}}
    x = chart.number_axis("records", max(field.counted), whole=True)
    x["axis"]["tickCount"] = 4
    layers: list[Json] = [
        {"mark": {"type": "bar", "color": color.COUNTED}, "encoding": {"y": y, "x": {"field": "n", **x}}}
    ]
    if field.expected is not None:
        rows = [{**row, "e": expected} for row, expected in zip(rows, field.expected, strict=True)]
        mark = {"type": "tick", "color": color.THEORY, "thickness": 2}
        layers.append({"mark": mark, "encoding": {"y": y, "x": {"field": "e", **x}}})
    return {"data": {"values": rows}, "height": {"step": 17}, "layer": layers}
