"""All functions of expressions by name, and the forms that look like functions and are part of the grammar."""

from dataclasses import dataclass
from typing import Any

from datagen.records.expression.function import Function
from datagen.records.expression.moment import MOMENTS
from datagen.records.expression.number import NUMBERS
from datagen.records.expression.sequence import LISTS
from datagen.records.expression.text import TEXTS

GROUPS: dict[str, tuple[Function, ...]] = {"Texts": TEXTS, "Numbers": NUMBERS, "Times": MOMENTS, "Lists": LISTS}
FUNCTIONS = {function.name: function for functions in GROUPS.values() for function in functions}


@dataclass(frozen=True)
class Form:
    """Something that is written like a function and takes what no function takes."""

    signature: str
    text: str
    example: str
    shown: Any


FORMS = {
    "coalesce": Form(
        "coalesce(a, b, …)", "The first value that is not null, of any type.", "coalesce(nick, city)", "London"
    ),
    "exists": Form("exists(a)", "Whether the key is there; the opposite of `a is missing`.", "exists(price)", True),
    "time": Form(
        "time('text')",
        "A time, in ISO 8601.",
        "time - time('2024-03-01T14:00:00Z')",
        309.25,
    ),
}

FORMER = "previous"  # whose one argument is a dimension
COURSES = ("incident", "profile")  # which have a value at each time; their one argument is a name
LIVES = ("free", "visits", "waiting")  # what is known of a worker or a resource; their one argument is a name
