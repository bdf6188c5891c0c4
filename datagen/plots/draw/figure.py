"""Figures: a picture with its title and facts, and sections of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Drawing:
    """What is inside of an ``svg`` element, and its size in pixels."""

    inner: str
    width: float
    height: float


@dataclass(frozen=True)
class Figure:
    """A picture, or only a text, with its title."""

    title: str
    facts: list[str]
    drawing: Drawing | None
    description: str = ""  # for those who can't see the picture


@dataclass(frozen=True)
class Section:
    """A part of a page. Its figures are as wide as the page, ``small`` ones side by side, or ``natural`` in size."""

    title: str
    facts: list[str]
    figures: list[Figure] = field(default_factory=list)
    small: bool = False
    natural: bool = False


@dataclass(frozen=True)
class Page:
    """All that is shown of a spec."""

    title: str
    facts: list[str]
    sections: list[Section]
