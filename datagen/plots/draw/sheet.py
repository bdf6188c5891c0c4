"""A page as one SVG, and as a PNG of that."""

from collections.abc import Iterator
from html import escape
from textwrap import wrap

from datagen.plots.draw import color
from datagen.plots.draw.chart import FONT, WIDE
from datagen.plots.draw.figure import Figure, Page, Section
from datagen.plots.draw.page import picture

_EDGE = 30
_GAP = 24
_COLUMNS = 3
_CELL = (WIDE - (_COLUMNS - 1) * _GAP) / _COLUMNS
_LETTER = 0.56  # width of one, of its size


def svg(page: Page) -> str:
    """Return a page as SVG."""
    sheet = _Sheet()
    sheet.write(page.title, 24, bold=True)
    for fact in page.facts:
        sheet.write(fact, 13, soft=True)
    for number, section in enumerate(page.sections):
        sheet.add(section, f"p{number}")
    return sheet.done(page.title)


def png(page: Page) -> bytes:
    """Return a page as PNG, in light."""
    import vl_convert  # whose charts are on the page

    return bytes(vl_convert.svg_to_png(svg(page), scale=1.5))


class _Sheet:
    """An SVG that grows downwards."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._y = float(_EDGE)

    def write(self, line: str, size: float, *, bold: bool = False, soft: bool = False) -> None:
        """Write a paragraph."""
        for part, y in _paragraph(line, _EDGE, self._y, WIDE, size, bold=bold, soft=soft):
            self._parts.append(part)
            self._y = y

    def add(self, section: Section, key: str) -> None:
        """Add a section."""
        self._y += 26
        self.write(section.title, 17, bold=True)
        for fact in section.facts:
            self.write(fact, 12, soft=True)
        columns = _COLUMNS if section.small else 1
        width = _CELL if section.small else float(WIDE)
        for first in range(0, len(section.figures), columns):
            self._y += _GAP / 2
            bottoms = [self._y]
            for place, figure in enumerate(section.figures[first : first + columns]):
                bottoms.append(self._place(figure, _EDGE + place * (width + _GAP), width, f"{key}f{first + place}"))
            self._y = max(bottoms) + _GAP / 2

    def _place(self, figure: Figure, x: float, width: float, key: str) -> float:
        """Draw a figure; return where it ends."""
        y = self._y
        for line, bold in [(figure.title, True), *((fact, False) for fact in figure.facts)]:
            for part, below in _paragraph(line, x, y, width, 13 if bold else 11, bold=bold, soft=not bold):
                self._parts.append(part)
                y = below
        drawing = figure.drawing
        if drawing is None:
            return y
        scale = min(1.0, width / drawing.width)
        self._parts.append(f'<g transform="translate({x:g},{y + 6:g}) scale({scale:.4g})">{picture(figure, key)}</g>')
        return y + 6 + drawing.height * scale

    def done(self, title: str) -> str:
        """Return it whole."""
        width, height = WIDE + 2 * _EDGE, self._y + _EDGE
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
            f' viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}" font-family="{FONT}">'
            f"<style>{color.dark_style()}</style>"
            f'<rect width="100%" height="100%" fill="{color.PAPER}"/>\n{"".join(self._parts)}</svg>\n'
        )


def _paragraph(
    line: str, x: float, y: float, width: float, size: float, *, bold: bool, soft: bool
) -> Iterator[tuple[str, float]]:
    """Yield the lines of a paragraph, each with where the next one begins."""
    for part in wrap(line, max(int(width / size / _LETTER), 8)) or [""]:
        y += size * 1.45
        weight = ' font-weight="600"' if bold else ""
        fill = color.SOFT if soft else color.INK
        at = f'x="{x:g}" y="{y - size * 0.35:g}" font-size="{size:g}"'
        yield f'<text {at} fill="{fill}"{weight}>{escape(part)}</text>\n', y
