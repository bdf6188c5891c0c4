"""The colours of pictures. Each is written as it is in light; a style sheet replaces it where it is dark."""

from collections.abc import Iterator

PAPER, INK, SOFT, GRID, EMPTY = "#fefefe", "#1c2733", "#566373", "#e2e6eb", "#f1f3f6"
COUNTED, THEORY, LIMIT, BAND = "#6f9bd1", "#b8430a", "#b3261e", "#c5d9f0"
PALETTE = (
    "#4e7fb9", "#e08b2c", "#4f9d57", "#c9504a", "#8466ad", "#2f9c9c",
    "#c5679b", "#8b6d4c", "#a3a13a", "#7d8793", "#78a9dd", "#e6b56c",
)  # fmt: skip
_NAMES = (
    "blue", "orange", "green", "red", "violet", "teal", "pink", "brown", "olive", "grey", "light blue", "sand",
)  # fmt: skip

_DARK = {
    PAPER: "#12161c", INK: "#e7ebf0", SOFT: "#a5b0bd", GRID: "#2c343f", EMPTY: "#1c222b",
    COUNTED: "#4a7ab5", THEORY: "#ffa15c", LIMIT: "#ff8a80", BAND: "#2b4160",
}  # fmt: skip


def of(number: int) -> str:
    """Return a colour of the palette."""
    return PALETTE[number % len(PALETTE)]


def name(number: int) -> str:
    """Return what a colour of the palette is called."""
    return _NAMES[number % len(_NAMES)]


def dark_style() -> str:
    """Return the style sheet that replaces the colours where a reader prefers dark."""
    return f"@media (prefers-color-scheme: dark) {{ {' '.join(_rules())} }}"


def _rules() -> Iterator[str]:
    for light, dark in _DARK.items():
        for attribute in ("fill", "stroke"):
            yield f'svg [{attribute}="{light}"] {{ {attribute}: {dark}; }}'
