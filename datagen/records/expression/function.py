"""The functions of expressions: their names, what they take and return, and how they are calculated on columns."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datagen.problems import show
from datagen.records.expression.facets import BOOLEAN, LIST, NUMBER, TEXT, Constant, has_item


@dataclass(frozen=True)
class Function:
    """What ``name(x)`` or ``name(x, constant)`` is: the value types that it takes and returns, and how it works."""

    takes: tuple[str, ...]
    returns: str
    calculate: Callable[[str, Any, Constant], Any]  # value type, values, constant
    takes_constant: bool = True

    def problem(self, value: Constant) -> str | None:
        """Return why a constant can't be the second argument; None when it can."""
        if LIST not in self.takes and not isinstance(value, str):
            return f"the second argument must be a text, found {show(value)}"
        try:
            self.calculate(TEXT, pa.array([""]), value if isinstance(value, str) else "")
        except pa.ArrowInvalid as error:
            return str(error).splitlines()[0]
        return None


def _contains(value_type: str, values: Any, wanted: Constant) -> Any:
    if value_type == LIST:
        return has_item(values, wanted)
    return pc.match_substring(values, wanted) if isinstance(wanted, str) else pa.scalar(False)


def _of_text(function: Callable[..., Any], _: str, values: Any, wanted: Constant) -> Any:
    return function(values, wanted)


def _cased(function: Callable[..., Any], _: str, values: Any, __: Constant) -> Any:
    return function(values)


def _length(value_type: str, values: Any, _: Constant) -> Any:
    return pc.cast((pc.utf8_length if value_type == TEXT else pc.list_value_length)(values), pa.int64())


FUNCTIONS = {
    "contains": Function((TEXT, LIST), BOOLEAN, _contains),
    "starts_with": Function((TEXT,), BOOLEAN, partial(_of_text, pc.starts_with)),
    "ends_with": Function((TEXT,), BOOLEAN, partial(_of_text, pc.ends_with)),
    "matches": Function((TEXT,), BOOLEAN, partial(_of_text, pc.match_substring_regex)),
    "lower": Function((TEXT,), TEXT, partial(_cased, pc.utf8_lower), takes_constant=False),
    "upper": Function((TEXT,), TEXT, partial(_cased, pc.utf8_upper), takes_constant=False),
    "length": Function((TEXT, LIST), NUMBER, _length, takes_constant=False),
}
