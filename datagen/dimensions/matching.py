"""From a regular expression of Python to the ways in which a text can match it."""

import re
import warnings
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from datagen.dimensions.ways import Branch, Repeat, Sequence, Texts, Way
from datagen.problems import show

MOST_STEPS = 4096  # parts of a text; the numbers of ways have as many digits
_PRINTABLE = frozenset(map(chr, range(0x20, 0x7F)))
_DIGITS = frozenset("0123456789")
_WORD = frozenset(char for char in _PRINTABLE if char.isalnum() or char == "_")
_SPACE = frozenset(" ")
_CATEGORIES = {
    codes.CATEGORY_DIGIT: _DIGITS,
    codes.CATEGORY_NOT_DIGIT: _PRINTABLE - _DIGITS,
    codes.CATEGORY_WORD: _WORD,
    codes.CATEGORY_NOT_WORD: _PRINTABLE - _WORD,
    codes.CATEGORY_SPACE: _SPACE,
    codes.CATEGORY_NOT_SPACE: _PRINTABLE - _SPACE,
}
# What no text is drawn for. Python's parser keeps no places, so it is looked for beside it; the last line passes over
# what is escaped, in a class or in a comment.
_REFUSED = re.compile(
    r"""(?P<back_reference>\\(?![0-3][0-7]{2})[1-9]|\(\?P=|\(\?\()
    |(?P<look_around>\(\?<?[=!])
    |(?P<possessive_part>\(\?>|(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})\+)
    |(?P<flag>\(\?[aiLmsux-]+[:)])
    |(?P<anchor_inside>\\[AbBZ]|[\^$])
    |\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?\#[^)]*\)""",
    re.VERBOSE | re.DOTALL,
)
_OUTER = {("^", True), (r"\A", True), ("$", False), (r"\Z", False)}  # anchors that may stand at the begin, at the end


def refusals(pattern: str) -> Iterator[str]:
    """Yield what in a pattern can't be drawn, each with its place."""
    for found in _REFUSED.finditer(pattern):
        text, begin = found[0], found.start() == 0
        is_outer = (begin or found.end() == len(pattern)) and (text, begin) in _OUTER
        if found.lastgroup and not is_outer:
            what = found.lastgroup.replace("_", " ")
            yield f"can't draw texts for this {what}: {show(text)} at character {found.start() + 1}"


def ways_of(pattern: str, most: int) -> Way:
    """Return the ways to match a pattern of which nothing is refused; what has no end comes at most so many times.

    Raises ValueError when it is no regular expression, when nothing matches, and when there is too much.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of brackets in a class, which may mean another thing some day
            made = _sequence(parser.parse(pattern), most)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    except (RecursionError, OverflowError) as error:
        raise ValueError("is no regular expression that can be drawn: it goes too deep or too far") from error
    if made.steps > MOST_STEPS:
        raise ValueError(f"a text may have {made.steps} parts; at most {MOST_STEPS} can be drawn")
    return made


def _sequence(items: Any, most: int) -> Way:
    parts = [_way(code, value, most) for code, value in items]
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))


def _way(code: Any, value: Any, most: int) -> Way:
    if code is codes.AT:  # only outer ones are left
        return Texts(("",))
    if code is codes.SUBPATTERN:
        return _sequence(value[-1], most)
    if code is codes.BRANCH:
        return Branch(tuple(_sequence(items, most) for items in value[1]))
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        low, high, items = value
        return Repeat(_sequence(items, most), low, max(low, most) if high is codes.MAXREPEAT else high)
    return Texts(tuple(sorted(_characters([(code, value)]))))


def _characters(items: Any) -> set[str]:
    """Return the characters of a class that are drawn; raises ValueError when there are none."""
    found: set[str] = set()
    without: bool = False
    for code, value in items:
        if code is codes.IN:
            return _characters(value)
        if code is codes.NEGATE:
            without = True
        elif code is codes.ANY:
            found |= _PRINTABLE
        elif code is codes.CATEGORY:
            found |= _CATEGORIES[value]
        elif code is codes.RANGE:
            found |= set(map(chr, range(value[0], value[1] + 1)))
        elif code is codes.LITERAL:
            found.add(chr(value))
        elif code is codes.NOT_LITERAL:
            found |= _PRINTABLE - {chr(value)}
        else:
            raise ValueError(f"can't draw texts for {code}")
    found = set(_PRINTABLE - found) if without else {char for char in found if not 0xD800 <= ord(char) < 0xE000}
    if not found:
        text = (
            "a class has no character that is drawn; where it doesn't name them, they are the printable ones of ASCII"
        )
        raise ValueError(text)
    return found
