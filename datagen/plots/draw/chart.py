"""Charts: Vega-Lite descriptions, made into SVG by vl-convert. Knows no spec."""

import json
import re
from collections.abc import Sequence
from typing import Any

from datagen.plots.draw import color
from datagen.plots.draw.figure import Drawing
from datagen.problems import RunFailed

WIDE, NARROW = 1180, 344  # pixels, axes included
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', 'Liberation Sans', sans-serif"
_LEFT, _RIGHT = 62, 14
_SVG = re.compile(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"[^>]*>(.*)</svg>\s*', re.DOTALL)
_TAG, _LONG = re.compile(r"<[^>]*>"), re.compile(r"\d+\.\d{3,}(?:e-\d+)?")
_ASIDE = re.compile(r' (?:class|role|font-family|aria-[a-z]+|pointer-events|opacity="1"|stroke-width="0")(?:="[^"]*")?')
_NOTHING = re.compile(r'<path d="(?:M0,0h0v0h0Z"|" display="none")/>')
_FEW = 4
_TINY, _HUGE = 1e-3, 1e13
_TALL = 108
_LARGE = "replace(format(datum.value, '~s'), 'G', 'B')"  # k, M and B: what people call them

Json = dict[str, Any]


def drawn(chart: Json, width: int) -> Drawing:
    """Return a chart as it is drawn, so wide with its axes."""
    try:
        import vl_convert  # 1 s, with its first chart
    except ImportError as error:
        raise RunFailed('plotting: needs a library that is not installed: pip install "datagen[plot]"') from error
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "width": width,
        "padding": 2 if width == WIDE else {"left": 2, "top": 2, "bottom": 2, "right": 14},  # half of the last number
        "config": _config(),
        **chart,
    }
    found = _SVG.fullmatch(vl_convert.vegalite_to_svg(json.dumps(whole)))
    if found is None:
        raise RunFailed("plotting: vl-convert made no SVG")
    lean = _NOTHING.sub("", _TAG.sub(_lean, found[3]))  # texts have the font of the page
    return Drawing(lean, float(found[1]), float(found[2]))


def _lean(tag: re.Match[str]) -> str:
    """Return a tag without what nobody reads, and with places to a hundredth of a pixel: half of a file is that."""
    return _LONG.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), _ASIDE.sub("", tag[0]))


def _config() -> Json:
    axis = {
        "labelColor": color.SOFT, "titleColor": color.SOFT, "tickColor": color.GRID, "domainColor": color.GRID,
        "gridColor": color.GRID, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
        "labelOverlap": "greedy", "labelSeparation": 6, "labelFlush": False,
    }  # fmt: skip
    return {
        "aria": False,  # a description of every bar would be ten times the picture
        "font": FONT,
        "background": None,
        "view": {"stroke": None},
        "axis": axis,
        "axisY": {"minExtent": _LEFT - 22, "tickCount": 4, "titlePadding": 8, "labelPadding": 5},
        "legend": {"labelColor": color.INK, "titleColor": color.SOFT, "labelFontSize": 11, "labelLimit": 160},
        "title": {"color": color.INK, "fontSize": 12, "fontWeight": 600, "anchor": "start", "offset": 6},
    }


def time_axis(begin: float, end: float, title: str | None = None) -> Json:
    """Return an axis of times (ms since 1970, of a wall clock)."""
    hours = (end - begin) / 3_600_000
    if hours > 24 * 40:
        form = {"format": "%-d %b %Y", "tickCount": 10}
    elif hours > 60:
        form = {"format": "%a %-d %b", "tickCount": {"interval": "day", "step": 1}}
    else:
        form = {"format": "%H:%M" if hours > 0.1 else "%H:%M:%S", "tickCount": 12}
    scale = {"type": "utc", "domain": [begin, end], "nice": False}
    return {"type": "temporal", "scale": scale, "axis": {**form, "title": title, "grid": False}}


def number_axis(title: str | None, most: float, *, whole: bool = False, grid: bool = True, **scale: Any) -> Json:
    """Return an axis of numbers, up to about so much."""
    axis: Json = {"title": title, "grid": grid}
    if whole and most < 10_000:
        axis["format"] = "d"  # a year has no comma
    if whole and most <= _FEW:
        axis["values"] = list(range(int(most) + 1))  # without these there are halves, written as whole numbers
    if 100_000 <= most < _HUGE:
        axis["labelExpr"] = _LARGE
    elif most and not _TINY <= most < _HUGE:
        axis["format"] = "~e"
    return {"type": "quantitative", "axis": axis, "scale": scale}


def histogram(rows: Sequence[Json], x: Json, y: Json, *, has_theory: bool, height: int = _TALL) -> Json:
    """Return bars from ``a`` to ``b`` that are ``n`` high, with a line where they are expected to end, ``e``."""
    bars = {
        "mark": {"type": "bar", "color": color.COUNTED, "binSpacing": 0.6},
        "encoding": {"x": {"field": "a", **x}, "x2": {"field": "b"}, "y": {"field": "n", **y}, "y2": {"datum": 0}},
    }
    layers = [bars]
    if has_theory:
        last = {**rows[-1], "a": rows[-1]["b"]}
        line = {
            "data": {"values": [*rows, last]},
            "mark": {"type": "line", "interpolate": "step-after", "color": color.THEORY, "strokeWidth": 1.5},
            "encoding": {"x": {"field": "a", **x}, "y": {"field": "e", **y}},
        }
        layers.append(line)
    return {"data": {"values": list(rows)}, "height": height, "layer": layers}


def stacked(parts: Sequence[Json]) -> Json:
    """Return charts one below the other; each brings its width."""
    inner = WIDE - _LEFT - _RIGHT
    return {"vconcat": [{**part, "width": inner} for part in parts], "spacing": 14, "autosize": {"type": "pad"}}
