"""The graph of states: DOT text, laid out by Graphviz."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from datagen.plots.data.state import STOP, State, States
from datagen.plots.draw import color, text
from datagen.plots.draw.chart import WIDE
from datagen.plots.draw.figure import Drawing
from datagen.problems import RunFailed

_SVG = re.compile(
    r"<svg width=\"([\d.]+)pt\" height=\"([\d.]+)pt\"[^>]*viewBox=\"([^\"]+)\"[^>]*>(.*)</svg>\s*", re.DOTALL
)
_MOST_STATES = 60  # more are no picture any more
_APART = {"LR": 0.6, "TB": 0.35}  # inches between states, from left to right and from top to bottom
_FONT = "Helvetica,Arial,sans-serif"


def graph(states: States) -> Drawing | None:
    """Return the picture of the states; None when there are too many."""
    if len(states.states) > _MOST_STATES:
        return None
    try:
        import pygraphviz  # noqa: F401  # 30 ms
    except ImportError as error:
        raise RunFailed('plotting: needs a library that is not installed: pip install "datagen[plot]"') from error
    across = _laid_out(states, "LR")
    return across if across.width <= WIDE else min(across, _laid_out(states, "TB"), key=lambda made: made.width)


def _laid_out(states: States, direction: str) -> Drawing:
    import pygraphviz

    with _silence():
        made = pygraphviz.AGraph(string=dot(states, direction)).draw(format="svg", prog="dot").decode()
    found = _SVG.search(re.sub(r"<!--.*?-->", "", made, flags=re.DOTALL))
    if found is None:
        raise RunFailed("plotting: Graphviz made no SVG")
    width, height = (float(size) * 4 / 3 for size in found.group(1, 2))  # points to pixels
    inner = re.sub(r"<title>.*?</title>|<g id=\"[^\"]*\" ", lambda part: "<g " if part[0][1] == "g" else "", found[4])
    return Drawing(f'<svg width="{width:g}" height="{height:g}" viewBox="{found[3]}">{inner}</svg>', width, height)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what Graphviz's libraries say of the fonts of the machine from standard error; it takes some 20 ms."""
    try:
        kept = os.dup(2)
    except OSError:  # closed
        yield
        return
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def dot(states: States, direction: str) -> str:
    """Return the states in the language of Graphviz."""
    numbers = {state.name: f"s{number}" for number, state in enumerate(states.states)}
    lines = [
        "digraph states {",
        f'rankdir={direction}; bgcolor="transparent"; pad=0.1; nodesep=0.35; ranksep={_APART[direction]};',
        f'node [shape=box, style="rounded,filled", fillcolor="{color.EMPTY}", color="{color.SOFT}",'
        f' fontname="{_FONT}", fontsize=11, fontcolor="{color.INK}", margin="0.14,0.08"];',
        f'edge [color="{color.SOFT}", fontname="{_FONT}", fontsize=10, fontcolor="{color.INK}", arrowsize=0.7];',
    ]
    for state in states.states:
        lines.append(f"{numbers[state.name]} [label=<{_label(state, states)}>];")
    if any(way.next == STOP for state in states.states for way in state.ways):
        lines.append(f'{STOP} [label="stop", shape=ellipse, fillcolor="transparent", fontcolor="{color.SOFT}"];')
    for number, state in enumerate(states.states):
        if state.sources:
            lines.append(f'begin{number} [label="", shape=circle, width=0.12, fillcolor="{color.SOFT}"];')
            lines.append(f"begin{number} -> {numbers[state.name]};")
        for way in state.ways:
            width = 0.6 + 2 * way.probability
            end = numbers.get(way.next, STOP)
            lines.append(
                f'{numbers[state.name]} -> {end} [label=" {text.share(way.probability)} ", penwidth={width:.2f}];'
            )
        for child in state.children:
            born = f'label=" {text.number(child.count)} × ", style=dashed, color="{color.THEORY}"'
            lines.append(f"{numbers[state.name]} -> {numbers[child.state]} [{born}];")
    return "\n".join([*lines, "}"])


def _label(state: State, states: States) -> str:
    name = escape(text.shortened(state.name, 40))
    if state.visits is not None:
        often = f"{text.number(state.visits)} × a life"
    else:
        often = f"{text.share(state.entered / max(sum(each.entered for each in states.states), 1))} of all entries"
    small = f'<font point-size="9" color="{color.SOFT}">'
    emits = "" if state.emitter is None else f"<br/>{small}emits {escape(text.shortened(state.emitter, 40))}</font>"
    gap = '<br/><font point-size="3"> </font><br/>'  # lines of different sizes would touch
    return f"<b>{name}</b>{gap}{small}stay {text.span(state.mean_stay)} · {often}</font>{emits}"
