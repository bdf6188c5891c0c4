"""A page in the formats of files."""

from datagen.plots.draw.figure import Page
from datagen.plots.draw.page import html
from datagen.plots.draw.sheet import png, svg

ENDINGS = (".html", ".svg", ".png")


def drawn(page: Page, ending: str) -> bytes:
    """Return the bytes of a file with one of the endings."""
    if ending == ".png":
        return png(page)
    return (html if ending == ".html" else svg)(page).encode()
