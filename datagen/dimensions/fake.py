"""The dimension ``fake``."""

import json
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen import draw
from datagen.plugin import fake
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.model import invalid
from datagen.records.conversion import from_json


class Fake(Dimension):
    """A value that looks real, from a pool that the Python library `mimesis` makes: a name, a street, a job, a sentence.

    `provider` is the name of a group of its methods and of one of them; [its documentation](https://mimesis.name) lists
    them. Each value is by itself: a name and an e-mail address do not know of each other. For people whose facts agree
    there is the table `people`. The pool depends on the version of the library, and not on the seed.

    Example: {"type": "fake", "name": "job", "provider": "person.occupation", "locale": "fr"}
    Example: {"type": "fake", "name": "price", "provider": "finance.price", "arguments": {"minimum": 5, "maximum": 9}}
    """

    kind: ClassVar[str] = "fake"
    fixed: ClassVar[bool] = True
    provider: str = Field(description="what makes the values, such as `person.full_name` or `address.city`")
    locale: str = Field("en", description="the language, and where it matters the country: `de`, `pt-br`")
    arguments: dict[str, Any] = Field({}, description="arguments of the method")
    pool: int = Field(10_000, ge=1, le=1_000_000, description="how many values are made, some of them more than once")

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        try:
            fake.pool(self.provider, 1, self.locale, json.dumps(self.arguments))
        except fake.FakeProblem as problem:
            raise invalid(self.kind, [((problem.key,), str(problem))]) from problem
        return self

    def libraries(self) -> list[str]:
        return list(fake.LIBRARIES)

    @cached_property
    def _values(self) -> pa.Array:
        return from_json(list(fake.pool(self.provider, self.pool, self.locale, json.dumps(self.arguments))))

    def extent(self) -> Extent:
        lengths = [len(value) if isinstance(value, str) else 1 for value in self._values.to_pylist()]
        return Extent(sum(lengths) / len(lengths), max(lengths))

    def make(self, rows: Rows) -> pa.Array:
        index = draw.evenly(rows.keys, rows.key("pick"), 0, self.pool).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(index), self._values)
