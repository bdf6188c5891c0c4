"""The formatter ``xml``."""

import re
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.plugin.formatter import Formatter, LineWriter, PieceWriter
from datagen.records.batch import Layout
from datagen.records.decimal import is_decimal
from datagen.records.escape import Escape
from datagen.records.schema.name import clashes
from datagen.records.table import Table
from datagen.records.text import Pieces, plain_text, put_plain, put_valid
from datagen.records.types import plain_type

_UNKNOWN = "\ufffd"
_CONTROL = {octet: _UNKNOWN.encode() for octet in range(0x20) if octet not in (9, 10, 13)}  # XML 1.0, section 2.2
_ESCAPE = Escape(
    _CONTROL | {0x26: b"&amp;", 0x3C: b"&lt;", 0x3E: b"&gt;", 0x09: b"&#9;", 0x0A: b"&#10;", 0x0D: b"&#13;"}
)
_NO_CHARACTER = "[\ufffe\uffff]"
_ITEM = "item"
# XML 1.0 (fifth edition), section 2.3, without the colon, which is for namespaces.
_FIRST = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_OTHERS = rf"{_FIRST}\-.0-9\xb7\u0300-\u036f\u203f\u2040"


class Xml(Formatter):
    """An XML element a line, with an element in it for each dimension.

    Objects are elements inside of their element, and each item of a list is an element `item`. What is missing or null
    has no element. A character that no name of an element may have becomes `_`; a character of a text that XML does
    not know, such as a control character, becomes the replacement character.

    A line is a document of its own, and a file of several lines is not: for that, put an element around them.

    Example: {"type": "xml"}
    Example: {"type": "xml", "element": "event"}
    """

    kind: ClassVar[str] = "xml"
    media_type: ClassVar[str] = "application/xml"
    element: str = Field(
        "record", pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", description="name of the element that holds a record"
    )

    def misfits(self, layout: Layout) -> list[str]:
        emitters = layout.shown().emitters.values()
        plain = ({name: plain_type(type_) for name, type_ in types.items()} for types in emitters)
        return list(dict.fromkeys(text for types in plain for text in clashes(types, _name)))

    def begin(self, layout: Layout) -> LineWriter:
        return PieceWriter(self._pieces)

    def _pieces(self, columns: Mapping[str, pa.Array]) -> Pieces:
        elements = [partial(_put_element, array, name=_name(name)) for name, array in columns.items()]
        return [f"<{self.element}>", *elements, f"</{self.element}>\n"]


def _put_element(array: pa.Array, table: Table, name: str) -> None:
    put_valid(array, partial(_put_valid, name=name), "", table)


def _put_valid(array: pa.Array, table: Table, name: str) -> None:
    table.text(f"<{name}>")
    _put_content(array, table)
    table.text(f"</{name}>")


def _put_content(array: pa.Array, table: Table) -> None:
    type_ = array.type
    if pa.types.is_struct(type_):
        for index, field in enumerate(type_):
            _put_element(array.field(index), table, _name(field.name))
    elif pa.types.is_list(type_):
        _put_element(table.begin_list(array, between=""), table, _ITEM)
        table.end()
    elif pa.types.is_primitive(type_) or is_decimal(type_):
        put_plain(array, table)
    else:
        table.strings(_escaped(plain_text(array)))


def _escaped(texts: pa.Array) -> pa.Array:
    texts = _ESCAPE(texts)
    if pc.any(pc.match_substring_regex(texts, _NO_CHARACTER)).as_py():
        texts = pc.replace_substring_regex(texts, _NO_CHARACTER, _UNKNOWN)
    return texts


def _name(name: str) -> str:
    """Return a name that an element may have."""
    name = re.sub(f"[^{_OTHERS}]", "_", name)
    return name if re.match(f"[{_FIRST}]", name) else f"_{name}"
