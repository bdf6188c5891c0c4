"""Whole texts: from what a generator has made at each step to the texts of none, one or several records."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers
from datagen.engine.several import Several
from datagen.language.emitter import Emitter
from datagen.plugin.dimension import Dimension, Failed, Rows
from datagen.plugin.fallible import may_be_skipped
from datagen.problems import RunFailed, show
from datagen.records.text import plain_text
from datagen.records.types import JSON_TEXT, plain, present

_DECODER = json.JSONDecoder()
_LINE_END = "\r?\n"
_BLANK = r"^\s*$"
_STRING_OR_SPACE = r'("(?:[^"\\]|\\.)*")|[ \t\n\r]+'


@dataclass(frozen=True)
class Texts:
    """The texts of the records of some steps, in their order."""

    texts: pa.Array  # (n,) strings
    owner: Integers  # (n,) which of the steps each is of, ascending
    failed: Failed = field(default_factory=dict)  # steps that have none, since one of theirs is not what it must be

    @classmethod
    def of(cls, values: pa.Array) -> "Texts":
        """Return the texts of what was made at steps (k,): of a list one for each item, of null none."""
        values = present(plain(values))
        if pa.types.is_list(values.type):
            owner = np.repeat(np.arange(len(values)), pc.list_value_length(values).fill_null(0).to_numpy())
            return cls._of_items(present(plain(pc.list_flatten(values))), owner)
        if values.type == JSON_TEXT:
            items = [_items(text) for text in values.to_pylist()]
            owner = np.repeat(np.arange(len(values)), [len(texts) for texts in items])
            return cls._of_items(pa.array([text for texts in items for text in texts], JSON_TEXT), owner)
        return cls._of_items(values, np.arange(len(values)))

    @classmethod
    def _of_items(cls, items: pa.Array, owner: Integers) -> "Texts":
        is_there = items.is_valid()
        if items.type == JSON_TEXT:
            is_there = pc.and_(is_there, pc.not_equal(items, pa.scalar(b"null", JSON_TEXT)).fill_null(False))
        return cls(plain_text(items), owner)._where(is_there)

    def _where(self, is_kept: pa.Array) -> "Texts":
        if is_kept.true_count == len(self.texts):
            return self
        return replace(self, texts=self.texts.filter(is_kept), owner=self.owner[is_kept.to_numpy(zero_copy_only=False)])

    def lines(self) -> "Texts":
        """Return the lines of the texts that are not blank."""
        lines = pc.split_pattern_regex(self.texts, _LINE_END)
        owner = np.repeat(self.owner, pc.list_value_length(lines).to_numpy())
        found = Texts(pc.list_flatten(lines), owner)
        return found._where(pc.invert(pc.match_substring_regex(found.texts, _BLANK)))

    def json(self, where: Callable[[int], str]) -> "Texts":
        """Return the texts, which have to be JSON, on one line each; it takes 2 µs a text.

        The order of keys, the digits of numbers and the escapes of strings stay. ``where`` says of a step what it is.
        """
        failed: Failed = {}
        for place, text in enumerate(self.texts.to_pylist()):
            try:
                json.loads(text, parse_constant=_no_number)
            except (ValueError, RecursionError) as error:
                owner = int(self.owner[place])
                why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
                failed.setdefault(owner, partial(_no_json, where, owner, text, why))
        one_line = Texts(pc.replace_substring_regex(self.texts, _STRING_OR_SPACE, r"\1"), self.owner, failed)
        return one_line._where(pa.array(~np.isin(self.owner, list(failed)))) if failed else one_line


def texts_of(emitter: Emitter, text: Dimension, values: pa.Array, rows: Rows) -> Several:
    """Return the whole texts that an emitter makes of the values of their generator, (k,) for rows (k,).

    Raises RunFailed when one is not what it must be, unless its generator leaves out what fails.
    """
    try:
        texts = Texts.of(values)
    except RecursionError as error:
        raise RunFailed(f"making {emitter.name}: an item of a list of texts is nested too deeply to be read") from error
    if emitter.split == "lines":
        texts = texts.lines()
    if emitter.check == "json":
        texts = texts.json(lambda row: f"making {emitter.name}: {rows.described(row)}")
    if texts.failed and not may_be_skipped(text):
        raise next(iter(texts.failed.values()))()
    return Several({text.name: texts.texts}, texts.owner, texts.failed)


def _no_json(where: Callable[[int], str], row: int, text: str, why: str) -> RunFailed:
    return RunFailed(f"{where(row)}: the text is no JSON: {why}, in {show(text)}")


def _items(text: bytes | None) -> list[bytes]:
    """Return the items of a JSON text if it is a list, as they are written; of any other the text."""
    if text is None or not text.lstrip().startswith(b"["):
        return [] if text is None else [text]
    decoded = text.decode()
    found = []
    place = _past_space(decoded, decoded.index("[") + 1)
    while decoded[place] != "]":
        end = _DECODER.raw_decode(decoded, place)[1]
        found.append(decoded[place:end].encode())
        place = _past_space(decoded, end)
        place = _past_space(decoded, place + 1) if decoded[place] == "," else place
    return found


def _past_space(text: str, place: int) -> int:
    while text[place] in " \t\n\r":
        place += 1
    return place


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
