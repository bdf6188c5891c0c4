"""Functions of expressions: the examples of their page, against libraries, and at their edges."""

import math
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.language.expressions import RECORD
from datagen.records.batch import Layout
from datagen.records.expression import ExpressionError, Given, parse
from datagen.records.expression import real as arithmetic
from datagen.records.expression.catalogue import FORMS, FUNCTIONS

KNOWN = [*FUNCTIONS.values(), *FORMS.values()]


def columns_of(record: dict) -> dict[str, pa.Array]:
    columns = {name: pa.array([value]) for name, value in record.items()}
    time = datetime.fromisoformat(record["time"])
    return columns | {"time": pa.array([time], pa.timestamp("us", "UTC"))}


def values(text: str, zone: str = "UTC", **columns: pa.Array) -> list:
    size = len(next(iter(columns.values()))) if columns else 1
    return parse(text).values(Given(columns, size, zone)).to_pylist()


def value(text: str) -> object:
    return values(text)[0]


def at(*times: str, zone: str | None = "UTC") -> pa.Array:
    moments = [datetime.fromisoformat(time).replace(tzinfo=UTC) for time in times]
    return pa.array(moments, pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone))


@pytest.mark.parametrize("one", KNOWN, ids=[one.signature for one in KNOWN])
def test_the_example_of_a_function_gives_what_its_page_shows(one) -> None:
    columns = columns_of(RECORD)
    expression = parse(one.example)
    assert expression.check(Layout({"e": {name: array.type for name, array in columns.items()}})) == []
    found = expression.values(Given(columns, 1)).to_pylist()[0]
    assert (type(found), found) == (type(one.shown), one.shown)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_of_nothing_but_nulls_and_of_no_rows_at_all_has_the_same_type(function) -> None:
    columns = columns_of(RECORD)
    some = parse(function.example).values(Given(columns, 1)).type
    for size in (0, 3):
        none = {name: pa.nulls(size, array.type) for name, array in columns.items()}
        assert parse(function.example).values(Given(none, size)).type == some


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true ? 1 : 2", 1),
        ("null ? 1 : 2", 2),
        ("1 > 2 ? 'a' : 2 > 1 ? 'b' : 'c'", "b"),
        ("true ? (false ? 1 : 2) : 3", 2),
        ("true ? 1 : 2.5", 1.0),
        ("true ? null : 2", None),
        ("coalesce(null, null, 3)", 3),
        ("coalesce(null)", None),
        ("'a' + 1 + 2", "a12"),
        ("1 + 2 + 'a'", "3a"),
        ("'a' + true", "atrue"),
        ("'a' + null", None),
        ("'at ' + time('2024-01-01T00:00:00.1239Z')", "at 2024-01-01T00:00:00.123Z"),
        ("-(-3)", 3),
        ("7 % -3", -2),
        ("1 / 0", None),
        ("time('2024-01-02T00:00:00Z') - time('2024-01-01T00:00:00.5Z')", 86399.5),
        ("time('9999-12-31T00:00:00Z') + 1e9", None),
        ("split('a,b', ',')[0]", "a"),
        ("split('a,b', ',')[-1]", "b"),
        ("split('a,b', ',')[2]", None),
        ("split('a,b', ',')[0.5]", None),
        ("length(split('', ','))", 1),
        ("join(split('a-b', '-'), '+')", "a+b"),
        ("substring('héllo', 1, 3)", "éll"),
        ("substring('héllo', -2)", "lo"),
        ("substring('héllo', -3, 2)", "ll"),
        ("substring('x', -2, 1)", "x"),
        ("substring('héllo', 9)", ""),
        ("substring('héllo', 1, -1)", ""),
        ("index('häuser', 's')", 3),
        ("index('a', 'b')", -1),
        ("round(2.5)", 2),
        ("round(-3.5)", -4),
        ("round(1e300)", None),
        ("round(2.125, 2)", 2.12),
        ("round(7, 2)", 7),
        ("floor(-0.5)", -1),
        ("ceil(1)", 1),
        ("abs(-9223372036854775807 - 1)", None),
        ("min(1, null)", None),
        ("log(0)", None),
        ("log(8, 2)", 3.0),
        ("exp(1000)", None),
        ("exp(-1000)", 0.0),
        ("pow(0, -1)", None),
        ("pow(-2, 3)", -8.0),
        ("pow(-2, 0.5)", None),
        ("pow(4, 0.5)", 2.0),
        ("sqrt(-1)", None),
        ("number('x')", None),
        ("number(' +1.5e3 ')", 1500.0),
        ("number('1e999')", None),
        ("format(3.14159, '.2f')", "3.14"),
        ("format(-3.14159, '08.2f')", "-0003.14"),
        ("format(7, '05d')", "00007"),
        ("format(7, '5d')", "    7"),
        ("format(-7, '04d')", "-007"),
        ("format(0.5, '.0f')", "0"),
        ("format(12, '.1f')", "12.0"),
        ("hash('')", int.from_bytes(sha256(b"").digest()[:8], "big") % 2**63),
        ("upper(null)", None),
        ("weekday(time('2024-01-07T12:00:00Z'))", 7),
        ("year(time('1969-12-31T23:59:59Z'))", 1969),
        ("day(time('2024-02-29T23:59:59Z'))", 29),
        ("second(time('1969-12-31T23:59:59.5Z'))", 59),
        ("hour(time('2024-03-31T01:30:00Z'), '+05:30')", 7),
    ],
)
def test_an_expression_of_constants(text, expected) -> None:
    found = value(text)
    assert (type(found), found) == (type(expected), expected)


def test_a_zone_is_that_of_the_spec_or_the_one_given_over_a_change_of_clocks() -> None:
    times = at("2024-03-31T00:59:59", "2024-03-31T01:00:00", "2024-10-27T00:59:59", "2024-10-27T01:00:00")
    wall = [moment.astimezone(ZoneInfo("Europe/Berlin")) for moment in times.to_pylist()]
    assert values("hour(t)", "Europe/Berlin", t=times) == [moment.hour for moment in wall] == [1, 3, 2, 2]
    assert values("hour(t, 'Europe/Berlin')", "Asia/Tokyo", t=times) == [1, 3, 2, 2]
    codes = "%d %H:%M %z"
    assert values(f"format(t, '{codes}')", "Europe/Berlin", t=times) == [moment.strftime(codes) for moment in wall]
    assert values("date(t, 'Pacific/Kiritimati')", t=times)[0] == "2024-03-31"


def test_a_time_without_an_offset_is_one_of_a_wall_clock() -> None:
    times = at("2024-03-31T00:59:59", zone=None)
    assert values("hour(t)", "Asia/Tokyo", t=times) == [0]
    assert values("format(t, '%H:%M')", "Asia/Tokyo", t=times) == ["00:59"]


@pytest.mark.parametrize(
    ("name", "function", "numbers"),
    [
        ("exp", math.exp, np.linspace(-700, 700, 20_001)),
        ("log", math.log, np.exp(np.linspace(-740, 700, 20_001))),
        ("log", math.log, np.linspace(0.5, 2, 20_001)),
    ],
)
def test_own_functions_are_those_of_a_library_to_one_unit_in_the_last_place(name, function, numbers) -> None:
    found = np.array(values(f"{name}(x)", x=pa.array(numbers)))
    expected = np.array([function(number) for number in numbers.tolist()])
    assert (np.abs(found - expected) <= np.spacing(np.abs(expected))).all()


def test_powers_are_exact_where_they_are_multiplied_out_and_close_elsewhere() -> None:
    base, exponent = np.linspace(0.1, 50, 5000), np.linspace(-20, 20, 5000)
    found = arithmetic.power(base, exponent)
    assert np.allclose(found, base**exponent, rtol=1e-13, atol=0)
    assert values("pow(x, 5)", x=pa.array([3, -7, 0])) == [243.0, -16807.0, 0.0]


LISTS = pa.array([[1.5, None, 2.0], [], None, [0.1] * 10])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(l)", [3.5, 0.0, None, 0.9999999999999999]),
        ("count(l)", [2, 0, None, 10]),
        ("length(l)", [3, 0, None, 10]),
        ("avg(l)", [1.75, None, None, 0.09999999999999999]),
        ("min(l)", [1.5, None, None, 0.1]),
        ("max(l)", [2.0, None, None, 0.1]),
        ("l[1]", [None, None, None, 0.1]),
        ("l[-1] + 1", [3.0, None, None, 1.1]),
        ("l[length(l) - 1]", [2.0, None, None, 0.1]),
        ("join(l, ';')", ["1.5;2.0", "", None, ";".join(["0.1"] * 10)]),
    ],
)
def test_functions_of_lists(text, expected) -> None:
    assert values(text, l=LISTS) == expected
    assert values(text, l=pa.concat_arrays([LISTS, LISTS]).slice(4)) == expected


def test_a_sum_of_whole_numbers_is_exact_and_null_where_64_bits_do_not_hold_it() -> None:
    large = 2**62
    lists = pa.array([[large, large, -large], [large, large], [-large, -large], [-1, 3]])
    assert values("sum(l)", l=lists) == [large, None, -(2**63), 2]


def test_a_name_leads_into_objects_in_lists() -> None:
    orders = pa.array([{"lines": [{"price": 2, "tax": {"rate": 0.5}}, {"price": 3, "tax": None}]}, None])
    assert values("sum(o.lines.price)", o=orders) == [5, None]
    assert values("o.lines[0].tax.rate", o=orders) == [0.5, None]
    assert values("max(o.lines.tax.rate)", o=orders) == [0.5, None]
    mixed = pa.array([b'{"lines": [{"price": 2}, {"price": "x"}, 5]}', b"7", None], pa.binary())
    assert values("j.lines[0].price", j=mixed) == [b"2.0", None, None]


def test_a_value_of_several_types_is_json() -> None:
    assert values("x > 1 ? 'a' : x", x=pa.array([1, 2, None])) == [b"1", b'"a"', None]
    assert values("x > 1 ? t : x", x=pa.array([1, 2]), t=at("2024-01-01", "2024-01-02")) == [
        b"1",
        b'"2024-01-02T00:00:00.000Z"',
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("true ? 1", ": is expected between the two values of ?"),
        ("hour(t, 'Europe/Berln')", 'unknown time zone "Europe/Berln"; did you mean "Europe/Berlin"?'),
        ("format(t, 'abc')", "the format must be strftime codes"),
        ("split(s, '')", "must not be empty"),
        ("round(x, 99)", "digits must be a whole number from 0 to 15"),
        ("log(x, 1)", "a base must be above 0 and not 1"),
        ("a[0", "] is expected"),
        ("a[0].", "the name of a key is expected"),
        ("substring()", "a dimension, a constant, a function or ( is expected"),
        ("pow(2)", ", is expected in pow(…)"),
        ("replace(s, 'a')", ", is expected in replace(…), with a constant behind it"),
    ],
)
def test_what_is_no_expression_is_told(text, part) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert part in str(caught.value)


# Any expression at all, of any function, of values of any type

ANY = {
    "i": pa.array([0, 1, -3, 2**62, None, 7]),
    "f": pa.array([0.5, -2.25, 1e300, None, 0.0, -1e-9]),
    "s": pa.array(["", "aé", "b a", None, "2024-01-01", "😀a"]),
    "b": pa.array([True, None, False, True, False, None]),
    "t": pa.array([0, -1, 10**15, None, 10**14 + 5, 2 * 10**15], pa.timestamp("us", "+02:00")),
    "u": pa.array([0, 1, None, 10**12, -(10**12), 5], pa.timestamp("ms")),
    "n": pa.nulls(6),
    "l": pa.array([[1.5, None], [], None, [3.0], [0.1] * 3, [-1.0]]),
    "k": pa.array([["a", "b"], [], None, [None], ["é"], [""]]),
    "o": pa.array([{"a": [{"b": 1}], "c": "x"}, None, {"a": [], "c": None}, {"a": None, "c": "y"}, None, None]),
    "j": pa.array([b"1", b'"a"', b"[1, {}]", b'{"a": [2]}', None, b"true"]),
    "d": pa.array(["a", "b", "a", "a", None, "b"]).dictionary_encode(),
}
CONSTANTS = {
    ("format", "codes"): ["%H:%M", ".2f", "05d", "%z"],
    "zone": ["Europe/Berlin", "-03:30", "UTC"],
    "regular expression": ["a+", "^$", "[0-9]"],
    "digits": [0, 2, 15],
    "base": [2, 10.5],
}
LEAVES = st.sampled_from([*ANY, "o.a", "o.a.b", "j.a", "o.c", "1", "-2.5", "'a'", "true", "null", "time('2024-01-01')"])


def constants(function: str, argument: str) -> st.SearchStrategy[str]:
    known = CONSTANTS.get((function, argument), CONSTANTS.get(argument, ["a", "é ", "b"]))
    return st.sampled_from(list(map(repr, known)))


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def call(function) -> st.SearchStrategy[str]:
        least = sum(not argument.optional for argument in function.takes)

        def of(count: int) -> st.SearchStrategy[str]:
            arguments = [function.argument(place) for place in range(count)]
            parts = [constants(function.name, one.name) if one.constant else inner for one in arguments]
            return st.tuples(*parts).map(lambda made: f"{function.name}({', '.join(made)})")

        return st.integers(least, len(function.takes)).flatmap(of)

    return st.sampled_from(list(FUNCTIONS.values())).flatmap(call)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "%", "=", "!=", "<", ">=", "and", "or"])
    return st.one_of(
        calls(inner),
        calls(inner),
        st.tuples(inner, operators, inner).map(lambda made: f"({made[0]}) {made[1]} ({made[2]})"),
        st.tuples(inner, inner, inner).map(lambda made: f"({made[0]}) ? ({made[1]}) : ({made[2]})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda made: f"coalesce({', '.join(made)})"),
        st.tuples(inner, inner).map(lambda made: f"({made[0]})[{made[1]}]"),
        inner.map(lambda made: f"({made})[0].a"),
    )


def of_rows(expression, start: int, stop: int) -> pa.Array:
    columns = {name: array.slice(start, stop - start) for name, array in ANY.items()}
    return expression.values(Given(columns, stop - start, "Europe/Berlin"))


@settings(max_examples=500, deadline=None)
@given(st.recursive(LEAVES, larger, max_leaves=6))
def test_any_expression_gives_the_same_for_a_part_of_the_rows_and_has_its_type_without_any(text) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    layout = Layout({"e": {name: array.type for name, array in ANY.items()}})
    assert all(isinstance(problem, str) for problem in expression.check(layout))
    whole = of_rows(expression, 0, 6)
    assert of_rows(expression, 0, 0).type == whole.type
    parts = [of_rows(expression, *bounds) for bounds in ((0, 1), (1, 4), (4, 6))]
    assert [value for part in parts for value in map(repr, part.to_pylist())] == list(map(repr, whole.to_pylist()))
