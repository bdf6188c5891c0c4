"""The reference page of expressions: the grammar in words, and tables made from the declarations of functions."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from datagen.records.expression.catalogue import FORMS, GROUPS, Form
from datagen.records.expression.function import Function

# What the examples of the page are calculated on.
RECORD: dict[str, Any] = {
    "time": "2024-03-01T14:05:09.250Z",
    "city": "London",
    "nick": None,
    "price": 2.5,
    "tags": ["new", "red"],
    "items": [{"price": 2.5, "n": 1}, {"price": 4.0, "n": 3}],
}

_NAMES = """\
A dimension [expression](dimensions.md#expression) reads the dimensions of its record that stand above it and the
variables of the worker; a variable reads variables. Both also read:

| name | value |
|---|---|
| `time` | the time of the record, or that at which the variable is set |
| `worker` | the worker's number in its [source](arrivals.md), from 0 on |
| `visits`, `visits('state')`, `steps` | how often the worker has entered this state, or another, and how many in all |
| `age`, `waited` | seconds since its birth, and that it waited for [resources](../states.md#what-workers-share) here |
| `born`, `alive` | its number among all workers, from 0 on, and how many are alive |
| `free('desk')`, `waiting('desk')` | units of a resource that nobody has, and workers in line for it |
| `driver.name` | of the [row](../states.md#which-of-them-one-has-rows-of-a-table) of a resource that the worker holds |
| `failures`, `account.balance` | a [shared value](../states.md#what-workers-change), of the spec or of a row |
| `gather.number`, `gather.index` | its [group](../states.md#when-workers-wait-for-each-other), and its place there |
| `each.index` | the place of its [item](../states.md#once-for-each-item-of-a-list) in the list, from 0 on |
| `batch.number` | of workers of a source [every](arrivals.md#every): the number of the beat, from 0 on |
| `batch.index`, `batch.size` | the worker's place in the beat, from 0 on, and how many workers that has |
| `profile('name')` | the factor of a [profile](profiles.md) of the spec at that time |
| `incident('name')` | whether an incident of the spec is on at that time |
| `previous(name)` | in a record: what the worker's last record of the same emitter had there, null in its first one |

Numbers of workers count all that come due, also those for whom no place is free, and numbers of beats also those
without workers. `batch` is null for workers of other sources.

`previous` takes any dimension of the record, also one that stands below or is the field itself, or a key inside of it;
`previous(time)` is the time of the last record. Variables have no record before them; by their own name they read what
they were before.

A dimension or variable of the spec that has one of these names is what the name stands for. A filter reads the
dimensions of the records, `profile('name')` and `incident('name')`; these two are of the time at which a record came to
be, also where it comes later. What is to be filtered by `worker` has to be a dimension."""

_VALUES = """\
An expression is calculated for every record, on the values that it names. It stands in the `where` of a
[filter](stages.md#filter) and the `value` of a dimension [expression](dimensions.md#expression); its grammar is the
same everywhere.

**Values** are numbers, texts in double or single quotes, `true`, `false`, `null`, and names. Write `status` for a
dimension, `cart.total` for a key inside an object, `items[0]` for the first item of a list and `items[-1]` for the
last, `items.price` for the list of what its items have under that key. Use backquotes for a name with other
characters or one that is a word of the grammar: `` `user-agent` ``. In a text, `\\n` and `\\t` stand for a line feed
and a tab, and `\\\\`, `\\"` and `\\'` for the character itself. Any other backslash stands for itself, so you don't
have to double the backslashes in regular expressions.

**Operators** bind in this order, the loosest first: `? :`, `or`, `and`, `not`, then comparisons, then `+ -`,
then `* / %`, then a minus sign. Parentheses group as usual. Keywords are not case-sensitive."""

_OPERATORS = (
    (
        "`a = b`, `a != b`, `a < b`, `a <= b`, `a > b`, `a >= b`",
        "true where the comparison holds; texts are ordered by the code points of their characters; `==` is "
        "the same as `=`",
    ),
    ('`a in [1, 2]`, `a not in ["x", "y"]`', "true where the value is, or is not, one of these constants"),
    (
        "`a is null`, `a is not null`",
        "true where there is no value, or where there is one; a value that is null, a key that is missing and "
        "a dimension that the emitter does not have all count as null",
    ),
    ("`a is missing`", "true where the key is left out or the emitter does not have it"),
    ("`a ? b : c`", "`b` where `a` is true, else `c`; `a ? 1 : b ? 2 : 3` goes on"),
    (
        "`a + b`, `a - b`, `a * b`, `a / b`, `a % b`",
        "for numbers; whole numbers stay whole in `+ - * %`; `/` always gives a float; `%` has the sign of the divisor",
    ),
    ("`time + 90`, `time - 90`", "the time so many seconds later, earlier"),
    ("`time - other`", "the seconds between two times"),
    (
        "`'a' + b`, `b + 'a'`",
        "the texts joined; a number, a boolean or a time becomes text as in a cell of a table",
    ),
)

_RULES = """\
**Null.** A comparison with null is false, including `!=` and `not in`. So are `contains`, `starts_with`, `ends_with`
and `matches` of null, and a condition that is null. Anything else that is calculated with null is null. `not`
inverts: `not (a = 1)` is true where `a` is null, but `a != 1` is not. What can't be calculated is null: a division by
0, a number that does not fit into 64 bits, a time outside of the years 1 to 9999, an item that the list does not
have.

**Types.** What can never be calculated or compared, such as a number times a text, is refused before the run starts.
Where a dimension holds several types, each record is taken by the type it has: `1` and `"1"` are different, and
neither is less than the other; its numbers count as floats. Where the two sides of `? :` or the values of `coalesce`
are whole numbers and floats, the result is a float; where they are of different types, so are the values.

**Times** are compared with another time, with a text in ISO 8601 (`time >= "2024-01-01T08:00:00"`), or with
`time("2024-01-01T07:00:00Z")`. A time without an offset is read with the offset of the time it is compared with.
Functions of times read a wall clock in the `timezone` of the spec (else in the zone of its start, UTC if that has
none), or in the zone that they are given: a name such as `'Europe/Berlin'`, or an offset such as `'+02:00'`. A time
that was written without an offset is one of a wall clock already.

The results are the same on every machine: `exp`, `log` and `pow` have their own arithmetic, and sums go from the
first item to the last."""


_DECIMALS = """\
The numbers of a dimension [decimal](dimensions.md#decimal), and of columns that hold such, are calculated with exactly,
as one does with money. So they are in all of these, where `price` is 19.99 and `n` is 3:"""

# What decimals give, by the expression; a test calculates them.
DECIMALS = {
    "price * n": "59.97",
    "price + 0.01": "20.00",
    "price * 0.19": "3.7981",
    "round(price * 0.19, 2)": "3.80",
    "price % 5": "4.99",
    "price / n": "6.663333333333333",
    "decimal(price / n, 2)": "6.66",
    "price > 19.985": "true",
    "min(price, 9.9)": "9.90",
    "format(price, '.1f')": '"20.0"',
}

_DECIMAL_RULES = """\
Beside a decimal a whole number is exact, and so is a constant with a point, as it is written: 0.19 is 19 hundredths (up
to 15 digits, 9 of them after the point). Beside any other float, such as a dimension `float`, a decimal becomes one,
and so does the result; `decimal(x, 2)` makes it exact again. `+`, `-` and `%` give as many digits after the point as
the longer side has, `*` as many as both together, where more than 18 are a float. `/` and `avg` always give a float.
Of the functions `abs`, `ceil`, `decimal`, `floor`, `format`, `max`, `min`, `round`, `sum` and `text` are exact; others
take a decimal as a float. A decimal has at most 18 digits, and what needs more is null. Where a dimension holds several
types, its decimals are floats."""


def expression_page() -> Iterator[str]:
    """Yield the blocks of the page."""
    yield "# Expressions"
    yield _VALUES
    rows = [f"| {written} | {text} |" for written, text in _OPERATORS]
    yield "\n".join(["| expression | value |", "|---|---|", *rows])
    yield _RULES
    yield "## Exact decimals"
    yield _DECIMALS
    rows = [f"| `{written}` | `{given}` |" for written, given in DECIMALS.items()]
    yield "\n".join(["| expression | value |", "|---|---|", *rows])
    yield _DECIMAL_RULES
    yield "## Names"
    yield _NAMES
    yield "## Functions"
    yield (
        "What stands in quotes in a signature is a constant, what stands in brackets may be left out. The examples are "
        "calculated on this record:"
    )
    yield f"```json\n{json.dumps(RECORD)}\n```"
    for heading, functions in GROUPS.items():
        yield f"### {heading}"
        yield _table(functions)
    yield "### Any type"
    yield _table(tuple(FORMS.values()))


def _table(functions: tuple[Function | Form, ...]) -> str:
    rows = ["| function | gives | example | |", "|---|---|---|---|"]
    for one in functions:
        shown = str(one.shown) if isinstance(one.shown, Decimal) else json.dumps(one.shown, ensure_ascii=False)
        rows.append(f"| `{one.signature}` | {one.text} | `{one.example}` | `{shown}` |")
    return "\n".join(rows)
