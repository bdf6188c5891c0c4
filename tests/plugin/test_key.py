"""Keys that are one text: two of them are the same only if all their parts are."""

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from datagen.plugin.key import key_texts
from datagen.records.batch import Part
from datagen.records.types import JSON_TEXT


def texts(*columns: pa.Array, names: list[str] | None = None) -> list[str | None]:
    named = {str(number): column for number, column in enumerate(columns)}
    return key_texts(names or [*named], Part("e", np.arange(len(columns[0])), named)).to_pylist()


def test_different_parts_never_make_the_same_text() -> None:
    parts = [None, "", "a", "|", "\\", "\\N", "N", "a|b", "b\\|", "\\\\"]
    for size in (2, 3):
        rows = list(product(parts, repeat=size))
        found = texts(*map(pa.array, zip(*rows, strict=True)))
        assert len(set(found)) == len(rows)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["a|b", "c"], "a\\|b|c"),
        (["a\\", "c"], "a\\\\|c"),
        ([None, "c"], "\\N|c"),
        (["", "c"], "|c"),
        (["", ""], "|"),
        ([None, None], None),
        ([None, 5, 1.5], "\\N|5|1.5"),
        ([None], None),
        ([""], ""),
        (["a|b\\"], "a|b\\"),
    ],
)
def test_a_key_is_the_text_of_its_parts(parts: list, expected: str | None) -> None:
    columns = [pa.array([part], pa.string() if part is None else None) for part in parts]
    assert texts(*columns) == [expected]
    assert texts(*(column.dictionary_encode() for column in columns)) == [expected]


def test_a_null_of_any_type_is_null() -> None:
    mixed = pa.array([b"null", None, b'""', b"1"], JSON_TEXT)
    assert texts(mixed) == [None, None, "", "1"]
    assert texts(pa.array([float("nan"), 1.0])) == [None, "1.0"]
    assert texts(pa.array([1, 2]), names=["0", "gone"]) == ["1|\\N", "2|\\N"]
