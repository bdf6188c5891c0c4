"""What the tables of people and companies have in common: rows that nobody is, in a language."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import ClassVar

from pydantic import Field

from datagen.plugin import fake
from datagen.problems import Path_
from datagen.tables.ready import ReadyTable

MOST_ROWS = 1_000_000


class Invented(ReadyTable):
    """A table of so many rows that are drawn, with names and addresses of a locale."""

    libraries_: ClassVar[tuple[str, ...]] = ("mimesis", "anyascii")
    size: int = Field(1000, ge=1, le=MOST_ROWS, description="how many rows")
    locale: str = Field("en", description="the language, and where it matters the country: `de`, `pt-br`")

    def misfits(self) -> Iterator[tuple[Path_, str]]:
        try:
            fake.check_locale(self.locale)
        except fake.FakeProblem as problem:
            yield (problem.key,), str(problem)

    def libraries(self) -> list[str]:
        return list(self.libraries_)


@lru_cache(maxsize=100_000)
def plain_letters(name: str) -> str:
    """Return a name in small letters of ASCII and digits, as addresses hold it; ``x`` where nothing is left."""
    return re.sub("[^a-z0-9]", "", import_module("anyascii").anyascii(name).lower()) or "x"


def numbered_on(names: Iterable[str]) -> list[str]:
    """Return names of which no two are the same: behind a name that was there before stands a number."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        candidate = name
        while candidate in seen:
            seen[name] += 1
            candidate = f"{name}{seen[name]}"
        seen[candidate] = 1
        found.append(candidate)
    return found
