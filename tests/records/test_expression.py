"""Expressions: against a slow evaluator that goes row by row, and against whatever text may come."""

import json
import math
import re
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.moment import parse_moment
from datagen.records.batch import Layout
from datagen.records.expression import Expression, Given, parse
from datagen.records.expression.parser import ExpressionError
from datagen.records.text import join, json_pieces, offset_milliseconds, plain_text
from datagen.records.types import JSON_TEXT, optional, plain

# Rows and columns. The rows are what the JSON formatter prints of the columns, so that both mean the same.

TEXTS = ["", "a", "aB", "é", "null", "1", "2024-01-01T00:00:01", "Ba\\n"]
NUMBERS = [0, 1, -1, 2, 7, 2**53 + 1, 2**63 - 1, -(2**63), 0.0, -0.0, 0.5, 1.0, -2.5, 1e300, 5e-324]
INTEGERS = [number for number in NUMBERS if isinstance(number, int)]
MIXED = [
    *TEXTS[:4],
    *NUMBERS,
    2**64,
    10**400,
    True,
    False,
    [],
    ["a", 1],
    [1.0, None],
    {"k": 1},
    {"k": "a", "z": None},
    {},
]
ZONE = "+02:00"
TIMES = [0, 1000, 1704067200000, 1704067201000]
SIZE = 30


def calculated(expression: Expression, columns: dict[str, pa.Array], size: int) -> pa.Array:
    """The value of an expression for each record; times as texts, what is JSON as it reads."""
    found = expression.values(Given(columns, size, ZONE))
    return pa.array(as_texts(found)) if pa.types.is_timestamp(found.type) else found


def as_texts(times: pa.Array) -> list[str | None]:
    return [text or None for text in plain_text(times).to_pylist()]


def column(values: list, kind: pa.DataType) -> st.SearchStrategy[list]:
    return st.lists(st.sampled_from([*values, None]), min_size=SIZE, max_size=SIZE).map(
        lambda made: pa.array(made, kind)
    )


def coded(values: list, kind: pa.DataType) -> st.SearchStrategy[pa.Array]:
    """A dictionary array with few entries, null among them, in entries and in indices."""
    indices = st.lists(st.sampled_from([0, 1, 2, 3, None]), min_size=SIZE, max_size=SIZE)
    entries = st.lists(st.sampled_from([*values, None]), min_size=4, max_size=4)
    return st.tuples(indices, entries).map(
        lambda made: pa.DictionaryArray.from_arrays(pa.array(made[0], pa.int32()), pa.array(made[1], kind))
    )


def as_json(values: list) -> list[bytes]:
    return [json.dumps(value, ensure_ascii=False).encode() for value in values]


def partly(arrays: st.SearchStrategy[pa.Array]) -> st.SearchStrategy[pa.Array]:
    """Values of which some are missing."""
    missing = st.lists(st.booleans(), min_size=SIZE, max_size=SIZE)
    return st.tuples(arrays, missing).map(lambda made: optional(made[0], np.array(made[1])))


def objects(made: tuple[pa.Array, pa.Array, list[bool]]) -> pa.Array:
    number, kind, null = made
    fields = [pa.field("a", number.type), pa.field("k", kind.type)]
    return pa.StructArray.from_arrays([number, kind], fields=fields, mask=pa.array(null))


COLUMNS = st.fixed_dictionaries(
    {
        "time": column(TIMES[1:2], pa.timestamp("ms")).map(lambda array: array.fill_null(0)),
        "i": column(INTEGERS, pa.int64()),
        "f": column([float(number) for number in NUMBERS], pa.float64()),
        "s": column(TEXTS, pa.string()),
        "b": column([True, False], pa.bool_()),
        "t": column(TIMES, pa.timestamp("ms")),
        "z": column(TIMES, pa.timestamp("ms", ZONE)),
        "j": column(as_json(MIXED), JSON_TEXT),
        "n": st.just(pa.nulls(SIZE)),
        "m": partly(column(INTEGERS, pa.int64())),
        "ms": partly(column(TEXTS, pa.string())),
        "l": column([[], ["a"], ["a", None, "aB"], ["é"]], pa.list_(pa.string())),
        "o": st.tuples(
            column(INTEGERS, pa.int64()),
            partly(column(TEXTS, pa.string())),
            st.lists(st.booleans(), min_size=SIZE, max_size=SIZE),
        ).map(objects),
        "d": coded(TEXTS, pa.string()),
        "dn": coded(INTEGERS, pa.int64()),
        "dj": coded(as_json(MIXED), JSON_TEXT),
    }
)
NAMES = [
    "i",
    "f",
    "s",
    "b",
    "t",
    "z",
    "j",
    "n",
    "m",
    "ms",
    "l",
    "o",
    "o.a",
    "o.k",
    "j.k",
    "dj.k",
    "j.k.x",
    "d",
    "dn",
    "dj",
    "nosuch",
]
PLAIN_TIMES, WITH_ZONE, MIXED_NAMES = {"t"}, {"z"}, {"j", "dj", "j.k", "dj.k"}
CONSTANTS = [*TEXTS, *NUMBERS, True, False]
REGEXES = ["a", "^a", "[aB]+$", "^$", "\\d"]
FUNCTIONS = ["contains", "starts_with", "ends_with", "matches", "lower", "upper", "length"]

# Expressions as tuples, which are written as text for the parser and evaluated here, row by row.


def nodes() -> st.SearchStrategy[tuple]:
    name = st.sampled_from(NAMES).map(lambda found: ("name", found))
    literal = st.sampled_from(CONSTANTS).map(lambda value: ("constant", value))
    leaf = st.one_of(name, name, literal)

    def larger(inner: st.SearchStrategy[tuple]) -> st.SearchStrategy[tuple]:
        several = st.lists(inner, min_size=2, max_size=3)
        return st.one_of(
            st.tuples(st.just("compare"), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), inner, inner),
            st.tuples(st.just("compare"), st.sampled_from(["=", "!=", "<", ">="]), name, literal),
            st.tuples(
                st.just("in"), inner, st.lists(st.sampled_from(CONSTANTS), min_size=1, max_size=4), st.booleans()
            ),
            st.tuples(st.just("and"), several),
            st.tuples(st.just("or"), several),
            st.tuples(st.just("not"), inner),
            st.tuples(st.just("null"), inner),
            st.tuples(st.just("missing"), name),
            st.tuples(st.just("chain"), st.sampled_from([["+", "-"], ["*", "/", "%"]]), several, st.randoms()).map(
                operators
            ),
            st.tuples(st.just("call"), st.sampled_from(FUNCTIONS), inner, st.sampled_from([*TEXTS, *REGEXES])).filter(
                lambda node: node[1] != "matches" or node[3] in REGEXES
            ),
        )

    return st.recursive(leaf, larger, max_leaves=6).filter(lambda node: node[0] != "name")


def operators(made: tuple) -> tuple:
    _, known, operands, random = made
    return ("chain", operands, [random.choice(known) for _ in operands[1:]])


def written(node: tuple) -> str:
    match node:
        case ("name", name):
            return name
        case ("constant", bool() as value):
            return str(value).lower()
        case ("constant", str() as value):
            return '"' + value.replace("\\", "\\\\") + '"'
        case ("constant", value):
            return repr(value)
        case ("compare", operator, left, right):
            return f"({written(left)}) {operator} ({written(right)})"
        case ("in", inner, values, negated):
            listed = ", ".join(written(("constant", value)) for value in values)
            return f"({written(inner)}) {'not ' * negated}in [{listed}]"
        case ("and" | "or" as word, inner):
            return f" {word} ".join(f"({written(part)})" for part in inner)
        case ("not", inner):
            return f"not ({written(inner)})"
        case ("null", inner):
            return f"({written(inner)}) is null"
        case ("missing", (_, name)):
            return f"{name} is missing"
        case ("chain", operands, between):
            parts = [f"({written(operand)})" for operand in operands]
            return parts[0] + "".join(f" {sign} {part}" for sign, part in zip(between, parts[1:], strict=True))
        case ("call", name, inner, constant):
            second = "" if name in ("lower", "upper", "length") else ", " + written(("constant", constant))
            return f"{name}({written(inner)}{second})"
    raise AssertionError(node)


class Time(int):
    """Microseconds since 1970, UTC, and the offset that they are shown with."""

    zone: str | None = None

    @classmethod
    def of(cls, microseconds: int, zone: str | None) -> "Time":
        made = cls(microseconds)
        made.zone = zone
        return made

    @property
    def text(self) -> str:
        return plain_text(pa.array([self // 1000]).cast(pa.timestamp("ms", self.zone)))[0].as_py()


MISSING = object()


def inside(value: object, key: str) -> object:
    """Look into an object, or into the items of a list."""
    if isinstance(value, list):
        found = (inside(item, key) for item in value)
        return [None if item is MISSING else item for item in found]
    return value.get(key, MISSING) if isinstance(value, dict) else MISSING


def look_up(row: dict, name: str, *, in_items: bool = True) -> object:
    value: object = row
    for key in name.split("."):
        value = inside(value, key) if in_items or not isinstance(value, list) else MISSING
        if value is MISSING:
            return MISSING
    if value is not None and name in PLAIN_TIMES | WITH_ZONE:
        return Time.of(parse_moment(value).microseconds, ZONE if name in WITH_ZONE else None)
    if name in MIXED_NAMES and kind_of(value) == "number":
        return as_float(value)
    return value


def as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Time):
        return "time"
    return "number" if isinstance(value, int | float) else type(value).__name__


def alike(left: float, right: float) -> tuple[float, float]:
    return (left, right) if type(left) is type(right) else (as_float(left), as_float(right))


def as_time(value: object, node: tuple, other: tuple, other_value: object) -> object:
    """Read a constant text as the time that it is compared with."""
    if node[0] != "constant" or not isinstance(value, str) or not isinstance(other_value, Time):
        return value
    try:
        moment = parse_moment(value)
    except ValueError:
        return value
    shift = 1000 * offset_milliseconds(ZONE) if other_value.zone and moment.zone is None else 0
    return Time(moment.microseconds - shift)


def compare(operator: str, left: object, right: object) -> bool:
    if left is None or right is None:
        return False
    kind = kind_of(left)
    if kind != kind_of(right) or kind in ("list", "dict"):
        return operator == "!="
    if kind == "number":
        left, right = alike(left, right)
    if kind == "boolean" and operator not in ("=", "!="):
        return False
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[operator]


def calculate(operator: str, left: object, right: object) -> object:
    kinds = kind_of(left), kind_of(right)
    if operator == "+" and "str" in kinds and set(kinds) <= {"str", "number", "boolean", "time"}:
        return as_text(left) + as_text(right)
    if operator == "-" and kinds == ("time", "time"):
        return (left - right) / 1e6
    if (kinds == ("time", "number") and operator in "+-") or (kinds == ("number", "time") and operator == "+"):
        time, seconds = (left, right) if kinds[0] == "time" else (right, left)
        return moved(time, -as_float(seconds) if operator == "-" else as_float(seconds))
    if kind_of(left) != "number" or kind_of(right) != "number":
        return None
    left, right = alike(left, right)
    if operator == "/":
        left, right = float(left), float(right)
    try:
        result = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
            "%": lambda: left % right,
        }[operator]()
    except (ZeroDivisionError, OverflowError):
        return None
    if isinstance(result, int):
        return result if -(2**63) <= result < 2**63 else None
    return result if math.isfinite(result) else None


def as_text(value: object) -> str:
    if isinstance(value, Time):
        return value.text
    return value if isinstance(value, str) else plain_text(pa.array([value]))[0].as_py()


def moved(time: Time, seconds: float) -> Time | None:
    if not abs(seconds) < 5e11:
        return None
    found = int(time) + round(seconds * 1e6)
    years = [parse_moment(text).microseconds for text in ("0001-01-02", "9999-12-30T23:59:59.999999")]
    return Time.of(found, time.zone) if years[0] <= found <= years[1] else None


def call(name: str, value: object, constant: str) -> object:
    if name == "contains" and isinstance(value, list):
        return any(compare("=", item, constant) for item in value)
    if name == "length" and isinstance(value, list):
        return len(value)
    if not isinstance(value, str):
        return None if name in ("lower", "upper", "length") else False
    return {
        "contains": lambda: constant in value,
        "starts_with": lambda: value.startswith(constant),
        "ends_with": lambda: value.endswith(constant),
        "matches": lambda: re.search(constant, value) is not None,
        "lower": value.lower,
        "upper": value.upper,
        "length": lambda: len(value),
    }[name]()


def evaluate(node: tuple, row: dict) -> object:
    match node:
        case ("name", name):
            value = look_up(row, name)
            return None if value is MISSING else value
        case ("constant", value):
            return value
        case ("compare", operator, left, right):
            a, b = evaluate(left, row), evaluate(right, row)
            return compare(operator, as_time(a, left, right, b), as_time(b, right, left, a))
        case ("in", inner, values, negated):
            value = evaluate(inner, row)
            found = any(compare("=", value, as_time(other, ("constant",), inner, value)) for other in values)
            return found if not negated else value is not None and not found
        case ("and", inner):
            return all(evaluate(part, row) is True for part in inner)
        case ("or", inner):
            return any(evaluate(part, row) is True for part in inner)
        case ("not", inner):
            return evaluate(inner, row) is not True
        case ("null", inner):
            return evaluate(inner, row) is None
        case ("missing", (_, name)):
            return look_up(row, name, in_items=False) is MISSING
        case ("chain", operands, between):
            result = evaluate(operands[0], row)
            for operator, operand in zip(between, operands[1:], strict=True):
                result = calculate(operator, result, evaluate(operand, row))
            return result
        case ("call", name, inner, constant):
            return call(name, evaluate(inner, row), constant)
    raise AssertionError(node)


def rows_of(columns: dict[str, pa.Array]) -> list[dict]:
    return [json.loads(line) for line in join(json_pieces(columns), SIZE).to_pylist()]


def exactly(value: object) -> str:
    """Tell 1 from 1.0 and from true, and not 0.0 from -0.0."""
    return repr(value + 0.0) if isinstance(value, float) else repr(value)


@settings(max_examples=300, deadline=None)
@given(columns=COLUMNS, node=nodes())
def test_columns_agree_with_rows(columns, node) -> None:
    text = written(node)
    found = calculated(parse(text), columns, SIZE)
    found = [json.loads(value) if isinstance(value, bytes) else value for value in found.to_pylist()]
    expected = [evaluate(node, row) for row in rows_of(columns)]
    expected = [value.text if isinstance(value, Time) else value for value in expected]
    assert list(map(exactly, found)) == list(map(exactly, expected)), text


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
def test_every_comparison_of_any_two_values(operator) -> None:
    """All pairs, in columns of mixed JSON, coded ones and constants."""
    pairs = list(product([*MIXED, None], repeat=2))
    left, right = (
        [json.dumps(pair[side]).encode() if pair[side] is not None else None for pair in pairs] for side in (0, 1)
    )
    columns = {"j": pa.array(left, JSON_TEXT), "dj": pa.array(right, JSON_TEXT).dictionary_encode()}
    found = calculated(parse(f"j {operator} dj"), columns, len(pairs)).to_pylist()
    in_row = [tuple(as_float(v) if kind_of(v) == "number" else v for v in pair) for pair in pairs]
    assert found == [compare(operator, *pair) for pair in in_row]


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%"])
def test_whole_numbers_at_the_edge_of_64_bits(operator) -> None:
    edge = [0, 1, -1, 2, -2, 3, 3037000499, 3037000500, -3037000500, 2**62, -(2**62), 2**63 - 1, -(2**63), 2**63 - 2]
    pairs = list(product(edge, repeat=2))
    columns = {side: pa.array([pair[number] for pair in pairs]) for number, side in enumerate("ab")}
    found = calculated(parse(f"a {operator} b"), columns, len(pairs)).to_pylist()
    assert found == [calculate(operator, *pair) for pair in pairs]


# What the parser takes

MARKS = [
    "(",
    ")",
    "[",
    "]",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "==",
    "!=",
    "<",
    ">=",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "?",
    ":",
    ".",
]
WORDS = [
    "missing",
    "true",
    "i",
    "s",
    "`o.a`",
    "contains(",
    "time(",
    "length(",
    '"a"',
    "'b'",
    "1",
    "2.5",
    "1e5",
    "x(",
    "l",
    "t",
    "j",
    "coalesce(",
    "hour(",
    "format(",
    "split(",
    "sum(",
    "max(",
    "substring(",
    '"',
    "$",
    "é",
]


@settings(max_examples=1000, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(MARKS + WORDS), max_size=12).map(" ".join)))
def test_any_text_is_an_expression_or_an_error_with_its_place(text) -> None:
    columns = {
        "i": pa.array([1, None]),
        "s": pa.array(["a", None]),
        "o": pa.array([{"a": 1}, None]),
        "l": pa.array([[{"a": 1}], None]),
        "t": pa.array([5, None], pa.timestamp("ms", "+02:00")),
        "j": pa.array([b'{"a": [1]}', None]),
    }
    layout = Layout({"e": {name: array.type for name, array in columns.items()}})
    try:
        expression = parse(text)
    except ExpressionError as caught:
        error = caught
    else:
        assert all(isinstance(problem, str) for problem in expression.check(layout))
        assert len(calculated(expression, columns, 2)) == 2
        return
    assert 0 <= error.at <= len(text)
    assert f"character {error.at + 1} of" in str(error)


@pytest.mark.parametrize("opening", ["(", "not (", "-", "- (", "lower(", "exists(", "1 + (", "i in [", "contains("])
def test_deep_nesting_is_an_error_and_no_crash(opening) -> None:
    with pytest.raises(ExpressionError):
        parse(opening * 20_000)


@pytest.mark.parametrize("text", ["(" * 50 + "i > 0" + ")" * 50, "-" * 50 + "i > 0", "not " * 9999 + "i = 0"])
def test_what_is_nested_within_reason_is_read(text) -> None:
    assert len(calculated(parse(text), {"i": pa.array([1, 0])}, 2)) == 2


@pytest.mark.parametrize(("word", "count"), [("and i > 0", 5000), ("or i < 0", 5000), ("+ i - i", 5000)])
def test_a_long_chain_is_no_deep_one(word, count) -> None:
    text = "i > 0 " if word[0] in "ao" else "i "
    expression = parse(text + f"{word} " * count)
    assert expression.check(Layout({"e": {"i": pa.int64()}})) == []
    assert calculated(expression, {"i": pa.array([1, 1])}, 2).to_pylist() in ([True, True], [1, 1])


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("i = 1 or i = 2 and s = 'a'", "i = 1 or (i = 2 and s = 'a')"),
        ("not i = 1 and s = 'a'", "(not (i = 1)) and s = 'a'"),
        ("1 + 2 * 3 = 7", "(1 + (2 * 3)) = 7"),
        ("i - 1 - 1", "(i - 1) - 1"),
        ("-i + 1", "(-i) + 1"),
        ("i == 1", "i = 1"),
        ("I_AM = 1 AND NOT s IN ['a'] OR s IS NOT NULL", "I_AM = 1 and not s in ['a'] or s is not null"),
        ("`i`=1", "i = 1"),
        ('s = "it\'s"', "s = 'it\\'s'"),
        ("matches(s, '\\d')", "matches(s, '\\\\d')"),
        ("exists(s)", "s is not missing"),
        ("s\n=\t'a'", "s = 'a'"),
    ],
)
def test_these_mean_the_same(text, same_as) -> None:
    columns = {"i": pa.array([0, 1, 2, None]), "s": pa.array(["a", "it's", None, "5"]), "I_AM": pa.array([1, 2, 1, 1])}
    assert calculated(parse(text), columns, 4).equals(calculated(parse(same_as), columns, 4))


@pytest.mark.parametrize(
    ("text", "at", "part"),
    [
        ("", 0, "found the end"),
        ("i =", 3, "found the end"),
        ("i = 1 i", 6, 'an operator, or the end, is expected, found "i"'),
        ("i = 1 = 2", 6, "comparisons can't follow one another"),
        ("(i = 1", 6, ") is expected"),
        ("i = 1)", 5, "an operator, or the end"),
        ("i = null", 4, "write `is null`"),
        ("null != i", 0, "write `is null`"),
        ("i in 5", 5, "[ is expected after `in`"),
        ("i in []", 6, "is expected"),
        ("i in [j]", 6, "a number, a text, a time, true or false is expected"),
        ("i in [null]", 6, "is expected"),
        ("i not 5", 6, "in is expected after `not`"),
        ("i is 5", 5, "null or missing is expected"),
        ("i + 1 is missing", 0, "only a dimension can be missing"),
        ("startswith(s, 'a')", 0, 'unknown function "startswith"; did you mean "starts_with"?'),
        ("starts_with(s)", 13, ", is expected in starts_with(…)"),
        ("starts_with(s, 5)", 15, "starts_with: the second argument must be a text, found 5"),
        ("starts_with(s, s)", 15, "is expected"),
        ("length(s, 5)", 8, ") is expected at the end of length(…)"),
        ("matches(s, '(')", 11, "missing )"),
        ("time('yesterday') < t", 5, "must be an ISO 8601 time"),
        ("time(t) < t", 5, "time(…) takes a text"),
        ("s = 'a", 4, "its end is missing"),
        ("s & s", 2, '"&" is not understood'),
        ("i = 1e999", 4, "too large"),
        ("i = " + "9" * 500, 4, "too many digits"),
    ],
)
def test_a_mistake_is_told_with_its_place(text, at, part) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert part in str(caught.value)
    assert caught.value.at == at


# What fits the records

LAYOUT = Layout(
    {
        "one": {"time": pa.timestamp("ms"), "i": pa.int64(), "s": pa.string(), "j": JSON_TEXT, "b": pa.bool_()},
        "two": {"time": pa.timestamp("ms"), "i": pa.string(), "l": pa.list_(pa.string()), "n": pa.null()},
    }
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("stats = 1", ['no emitter has "stats"']),
        ("nn = 1 or x.y = 2", ['no emitter has "nn"; did you mean "n"?', 'no emitter has "x.y"']),
        ("s = 1", ["a text and a number can't be compared with ="]),
        ("s * 1 > 2", ["* can't take a text and a number"]),
        ("s + 1 > 2", ["a text and a number can't be compared"]),
        ("time + time > time", ["+ can't take a time and a time"]),
        ("s.k = 1", ['"s" has no "k" inside']),
        ("b < true", ["true or false and true or false can't be compared with <"]),
        ("l = 'a'", ["a list and a text can't be compared"]),
        ("s and b", ["a text is no condition"]),
        ("not (1 + 1)", ["a number is no condition"]),
        ("time > 'noon'", ['must be an ISO 8601 time such as 2001-12-20T13:13:12, found "noon"']),
        ("'noon' = time", ["must be an ISO 8601 time"]),
        ("time in ['2024-01-01', 'noon']", ["must be an ISO 8601 time"]),
        ("time > 5", ["a time and a number can't be compared"]),
        ("s in ['a', 1]", ["a text and a number can't be compared"]),
        ("lower(b) = 'a'", ["lower takes a text, found true or false"]),
        ("length(time) = 1", ["length takes a list or a text, found a time"]),
        ("i = 1 and i = 'a' and starts_with(i, 'a')", []),
        ("j = 1 and j = 'a' and j and length(j) > 1 and j.k = 1", []),
        ("n = 1 and n = 'a' and not n", []),
        ("time > '2024' and time in ['2024-01-01'] and time < time('2024-01-01T00:00:00Z')", []),
    ],
)
def test_a_check_says_what_does_not_fit(text, problems) -> None:
    found = parse(text).check(LAYOUT)
    assert len(found) == len(problems)
    assert all(part in problem for part, problem in zip(problems, found, strict=True))


@pytest.mark.parametrize("coded", [False, True])
def test_of_lists_that_are_json_the_items_are_looked_into(coded: bool) -> None:
    texts = ['[{"p": 2, "q": {"r": 1}}, {"p": 3.5}]', "[]", '{"p": 4}', "7", None]
    column = pa.array(texts, JSON_TEXT)
    columns = {"l": column.dictionary_encode() if coded else column}
    for text, expected in {
        "l.p": [b"[2,3.5]", b"[]", b"4", None, None],
        "l.q.r": [b"[1,null]", b"[]", None, None, None],
        "l[0]": [b'{"p":2,"q":{"r":1}}', None, None, None, None],
        "sum(l.p)": [5.5, 0, None, None, None],
    }.items():
        assert plain(calculated(parse(text), columns, len(texts))).to_pylist() == expected


def test_a_dimension_alone_gives_its_column() -> None:
    column = pa.array(["a", None])
    assert calculated(parse("s"), {"s": column}, 2).equals(column)
    assert calculated(parse("x"), {"s": column}, 2).equals(pa.nulls(2))


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        (None, "t = '1970-01-01T00:00:01'", [False, True]),
        (None, "t = '1970-01-01T01:00:01+01:00'", [False, True]),
        ("+02:00", "t = '1970-01-01T02:00:01'", [False, True]),
        ("+02:00", "t >= '1970-01-01T00:00:01Z'", [False, True]),
        ("UTC", "'1970-01-01' = t", [True, False]),
        ("+02:00", "t in ['1970-01-01T02:00:00', '1970-01-01T00:00:01Z']", [True, True]),
        ("+02:00", "t < time('1970-01-01T02:00:01')", [True, False]),
    ],
)
def test_a_time_without_an_offset_is_read_in_that_of_the_other(zone, text, expected) -> None:
    columns = {"t": pa.array([0, 1000]).cast(pa.timestamp("ms", zone))}
    assert calculated(parse(text), columns, 2).to_pylist() == expected
