"""Where the code of users stands: in a spec, or in a file beside it."""

import os
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationInfo

from datagen.plugin.model import Maker
from datagen.plugin.namespace import Names, namespace_of
from datagen.problems import InvalidInput, read_text, show


@dataclass(frozen=True)
class Source:
    """A text as it stands in a spec, or in a file."""

    text: str
    file: str = ""  # "" for one that stands in a spec
    folders: tuple[str, ...] = ()  # where others are looked for
    tables: Names = field(default_factory=dict, compare=False)  # what names of tables mean where it stands

    @classmethod
    def of_text(cls, value: Any, info: "ValidationInfo[Maker]") -> "Source":
        """Return what a key of a spec holds. Raises ValueError when it is no text."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError(f"must be a text, found {show(value)}")
        return cls(value, "", (_folder(info),), _tables(info))

    @classmethod
    def of_file(cls, value: Any, info: "ValidationInfo[Maker]") -> "Source":
        """Read the file that a key of a spec names. Raises ValueError when that can't be done."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str) or not value or "\0" in value:
            raise ValueError(f"must be the name of a file, found {show(value)}")
        path = value if info.context is None else info.context.path(value)
        try:
            return cls(read_text(path), path, (_folder(info), os.path.dirname(path)), _tables(info))
        except InvalidInput as error:
            raise ValueError(f"{path} {error.problems[0].message}") from error

    @property
    def searched(self) -> list[str]:
        """Return the folders where others are looked for."""
        return list(dict.fromkeys(folder or os.curdir for folder in self.folders))


def _tables(info: "ValidationInfo[Maker]") -> Names:
    return namespace_of(info).names.get("tables", {})


def _folder(info: "ValidationInfo[Maker]") -> str:
    return "" if info.context is None else info.context.path("")
