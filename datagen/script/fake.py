"""Values that look real, as templates ask for them: ``fake.de.person.full_name()``."""

import json
from typing import Any

from datagen.plugin import fake
from datagen.records.values import given
from datagen.script.numbers import Numbers
from datagen.script.rand import Offered

_POOL = 10_000  # values


class FakeView(Offered):
    """A locale, and what is made in it; with nothing behind ``fake`` all locales."""

    def __init__(self, numbers: Numbers, *names: str) -> None:
        self._numbers, self._names = numbers, names

    def __getattr__(self, name: str) -> "FakeView":
        if name.startswith("_"):
            raise AttributeError(name)
        return FakeView(self._numbers, *self._names, name)

    __getitem__ = __getattr__  # a locale such as pt-br

    def __call__(self, **arguments: Any) -> Any:
        """Return one of the values of a pool, which is the same in every run."""
        locale, *provider = self._names or [""]
        values = fake.pool(".".join(provider), _POOL, locale.replace("_", "-"), json.dumps(arguments, sort_keys=True))
        return given(values[self._numbers.below(len(values))])
