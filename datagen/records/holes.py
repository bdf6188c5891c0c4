"""Texts with holes: what regular expressions find in a text is cut out of it, and other texts are put there."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.records.text import Piece, written

Values: TypeAlias = tuple[Integers, pa.Array]


class Cut(NamedTuple):
    """A text in pieces, with a hole between one and the next."""

    pieces: tuple[str, ...]
    holes: tuple[int, ...]  # by the number of the regular expression that each is of
    found: dict[int, str]  # what was in the first hole of each


def cut(text: str, expressions: Sequence[re.Pattern[str]]) -> Cut | None:
    """Return a text in pieces; None when matches of two regular expressions overlap."""
    matches = [
        (*match.span(), *match.span(_group(match)), number)
        for number, expression in enumerate(expressions)
        for match in expression.finditer(text)
    ]
    matches.sort()
    pieces: list[str] = []
    holes: list[int] = []
    found: dict[int, str] = {}
    end_of_match = at = -1
    for begin, end, first, last, number in matches:
        if begin < end_of_match or first < at or (first, last) == (at, at):
            return None
        pieces.append(text[max(at, 0) : first])
        holes.append(number)
        found.setdefault(number, text[first:last])
        end_of_match, at = end, last
    return Cut((*pieces, text[max(at, 0) :]), tuple(holes), found)


def first_found(text: str, expression: re.Pattern[str]) -> str | None:
    """Return what of a text the first match would have replaced; None where nothing matches."""
    match = expression.search(text)
    return None if match is None else match[_group(match)]


def put_into(text: str, expression: re.Pattern[str], value: str) -> str:
    """Return a text with a value in place of group 1 of each match, or of the whole match where there is none."""

    def put(match: re.Match[str]) -> str:
        (begin, end), (first, last) = match.span(), match.span(_group(match))
        return text[begin:first] + value + text[last:end]

    return expression.sub(put, text)


def filled(cuts: Sequence[Cut], codes: Integers, rows: Integers, values: Mapping[int, Values]) -> pa.Array:
    """Return texts with their holes filled, (m,).

    ``codes`` (m,) says which of the cuts each is of; the texts stand in ``rows`` (m,), ascending. ``values`` are those
    of each regular expression, with the rows that they are for.
    """
    kinds: dict[tuple[int, ...], int] = {}
    kind_of = np.array([kinds.setdefault(one.holes, len(kinds)) for one in cuts], np.int64)
    place = np.zeros(len(cuts), np.int32)  # among those of its kind
    parts = []
    for holes, kind in kinds.items():
        own = np.flatnonzero(kind_of == kind)
        place[own] = np.arange(len(own))
        chosen = np.flatnonzero(kind_of[codes] == kind)
        index = pa.array(place[codes[chosen]])
        pieces: list[Piece] = []
        for number, texts in enumerate(zip(*(cuts[int(one)].pieces for one in own), strict=True)):
            pieces.append(pa.DictionaryArray.from_arrays(index, pa.array(texts, pa.string())))
            if number < len(holes):
                of, array = values[holes[number]]
                is_just_these = len(of) == len(chosen)
                pieces.append(array if is_just_these else array.take(pa.array(np.searchsorted(of, rows[chosen]))))
        parts.append((chosen, pieces))
    return written(parts, len(codes)).array()


def _group(match: re.Match[str]) -> int:
    return 1 if match.re.groups and match.start(1) >= 0 else 0
