"""A page as one HTML file that needs nothing else."""

from collections.abc import Iterator
from html import escape

from datagen.plots.draw import color
from datagen.plots.draw.chart import FONT
from datagen.plots.draw.figure import Figure, Page, Section

_STYLE = """\
:root { color-scheme: light dark; --paper: #fefefe; --ink: #1c2733; --soft: #566373; --line: #e2e6eb; --card: #f8f9fb; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #12161c; --ink: #e7ebf0; --soft: #a5b0bd; --line: #2c343f; --card: #171c23; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 FONT; }
main { max-width: 1400px; margin: 0 auto; padding: 24px 28px 48px; }
h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 36px 0 4px; }
h3 { font-size: 14px; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; color: var(--soft); max-width: 100ch; overflow-wrap: anywhere; }
figure { margin: 12px 0 0; padding: 14px 16px; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; min-width: 0; }
figure p { font-size: 12.5px; }
figure svg { display: block; max-width: 100%; height: auto; margin-top: 8px; }
.wide > figure > svg { width: 100%; }
.natural > figure > svg { margin-inline: auto; }
.small { display: grid; grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); gap: 12px; margin-top: 12px; }
.small > figure { margin: 0; }
"""


def html(page: Page) -> str:
    """Return a page as HTML."""
    style = _STYLE.replace("FONT", FONT) + color.dark_style()
    return "".join(_lines(page, style))


def _lines(page: Page, style: str) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{escape(page.title)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n<main>\n"
    yield f"<h1>{escape(page.title)}</h1>\n{_facts(page.facts)}"
    for number, section in enumerate(page.sections):
        yield from _section(section, f"p{number}")
    yield "</main>\n</body>\n</html>\n"


def _section(section: Section, key: str) -> Iterator[str]:
    yield f'<section aria-labelledby="{key}">\n<h2 id="{key}">{escape(section.title)}</h2>\n{_facts(section.facts)}'
    yield f'<div class="{"small" if section.small else "natural" if section.natural else "wide"}">\n'
    for number, figure in enumerate(section.figures):
        yield _figure(figure, f"{key}f{number}")
    yield "</div>\n</section>\n"


def _figure(figure: Figure, key: str) -> str:
    head = f"<figcaption><h3>{escape(figure.title)}</h3>\n{_facts(figure.facts)}</figcaption>\n"
    return f"<figure>\n{head}{'' if figure.drawing is None else picture(figure, key)}</figure>\n"


def picture(figure: Figure, key: str) -> str:
    """Return the ``svg`` element of a figure, with its name and description for those who can't see it."""
    drawing = figure.drawing
    assert drawing is not None, "a figure without a picture"
    size = f'width="{drawing.width:g}" height="{drawing.height:g}" viewBox="0 0 {drawing.width:g} {drawing.height:g}"'
    told = f'<title id="{key}t">{escape(figure.title)}</title>'
    about = f' aria-labelledby="{key}t"'
    if figure.description:
        told += f'<desc id="{key}d">{escape(figure.description)}</desc>'
        about += f' aria-describedby="{key}d"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"{about}>{told}{drawing.inner}</svg>\n'


def _facts(facts: list[str]) -> str:
    return "".join(f"<p>{escape(fact)}</p>\n" for fact in facts)
