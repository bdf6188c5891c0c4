"""The field generator ``regex``: what it makes matches, each way is as likely, and what it can't make is refused."""

import re
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import datagen
from datagen import draw
from datagen.dimensions.matching import ways_of
from datagen.dimensions.program import Writer
from datagen.problems import InvalidInput
from tests.worlds import constant, values_of, world

SIZE = 6000
NO_CHARACTER = (
    "a class has no character that is drawn; where it doesn't name them, they are the printable ones of ASCII"
)


def regex(pattern: str, **keys: object) -> dict:
    return {"name": "v", "type": "regex", "pattern": pattern, **keys}


def problems_of(dimension: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(world(dimension))
    return [
        f"{problem.path}: {problem.message}".removeprefix("emitters[0].dimensions[0].")
        for problem in caught.value.problems
    ]


def test_the_parser_of_python_that_it_builds_on_is_there() -> None:
    """It is not a documented one: a new version of Python that has none, or another, is to be noticed here."""
    found = re._parser.parse("a[b-d]{2,}|.?$")
    assert str(found) == (
        "[(BRANCH, (None, [[(LITERAL, 97), (MAX_REPEAT, (2, MAXREPEAT, [(IN, [(RANGE, (98, 100))])]))], "
        "[(MAX_REPEAT, (0, 1, [(ANY, None)])), (AT, AT_END)]]))]"
    )


# Every way that there is, by its text; where two ways give the same text it stands twice.
LANGUAGES = {
    "abc": ["abc"],
    "[a-c]": ["a", "b", "c"],
    "[a-cb]": ["a", "b", "c"],
    "a?": ["", "a"],
    "a{2,4}": ["aa", "aaa", "aaaa"],
    "(ab|c)d": ["abd", "cd"],
    "ab|[a-c]b": ["ab", "ab", "bb", "cb"],
    "foo|foo|bar": ["foo", "foo", "bar"],
    "(a|bc){0,2}": ["", "a", "bc", "aa", "abc", "bca", "bcbc"],
    "[01]{3}x?": [f"{a}{b}{c}{x}" for a, b, c in product("01", repeat=3) for x in ("", "x")],
    r"^\.\d$": [f".{digit}" for digit in range(10)],
    "(?:é|€{2}|😀)+?": ["".join(made) for n in (1, 2, 3) for made in product(["é", "€€", "😀"], repeat=n)],
    "[^ -}]*": ["~" * count for count in range(4)],
    "(a?){2}": ["", "a", "a", "aa"],
}


@pytest.mark.parametrize("pattern", LANGUAGES)
def test_every_way_to_match_is_equally_likely(pattern: str) -> None:
    found = Counter(values_of(regex(pattern, most=3), SIZE))
    expected = Counter(LANGUAGES[pattern])
    assert found.keys() == expected.keys()
    counts = np.array([found[text] for text in expected])
    shares = np.array(list(expected.values())) / expected.total()
    assert len(expected) == 1 or stats.chisquare(counts, shares * SIZE).pvalue > 1e-4


@pytest.mark.parametrize("pattern", LANGUAGES)
def test_each_number_is_the_text_of_its_way(pattern: str) -> None:
    ways = ways_of(pattern, most=3)
    assert ways.count == len(LANGUAGES[pattern])
    found = Writer(ways).numbered(np.arange(ways.count)).to_pylist()
    assert found == list(ways.texts())
    assert Counter(found) == Counter(LANGUAGES[pattern])


MANY = ["[A-Z]{3}-[0-9]{4}", r"\w+@[a-z]{3,8}\.(com|org|net)", "[A-Z0-9]{16}", r"(\d{1,3}\.){3}\d{1,3}", ".{40}|x",
        r"\S{0,30}\s\D\W", r"(a{0,20}|[bc]{60,70}){1,3}", "[\u0000-\u07ff]{9}"]  # fmt: skip


@pytest.mark.parametrize("pattern", MANY)
def test_every_text_matches(pattern: str) -> None:
    assert all(re.fullmatch(pattern, text) for text in values_of(regex(pattern), 2000))


pieces = st.sampled_from(["a", "b", "[ab]", "é", "x{2}", "[a-c]{1,3}", "y?", "z*", r"\d", ""])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.recursive(
        pieces,
        lambda inner: st.builds("({}|{}){}{}".format, inner, inner, st.sampled_from(["", "?", "{2}", "{0,2}"]), inner),
        max_leaves=6,
    )
)
def test_the_ways_of_any_pattern_are_as_many_as_its_texts_and_all_match(pattern: str) -> None:
    ways = ways_of(pattern, most=2)
    numbers = np.arange(min(ways.count, 3000))
    found = Writer(ways).numbered(numbers).to_pylist()
    if ways.count <= 3000:
        assert found == list(ways.texts())
    assert all(re.fullmatch(pattern, text) for text in found)
    assert {*map(len, found)} <= {*range(ways.lengths[0], ways.lengths[1] + 1)}
    if ways.is_clear and ways.count <= 3000:
        assert len(set(found)) == ways.count


def test_of_too_many_ways_for_one_number_each_is_as_likely() -> None:
    """Of `[01]{62,64}` 4 of 7 have 64 digits, and every digit is as often 0 as 1."""
    ways = ways_of("[01]{62,64}", most=8)
    found = Writer(ways).drawn(draw.worker_keys(1, np.arange(SIZE)), np.uint64(7)).to_pylist()
    lengths = Counter(map(len, found))
    assert stats.chisquare([lengths[62], lengths[63], lengths[64]], np.array([1, 2, 4]) / 7 * SIZE).pvalue > 1e-4
    ones = [sum(text[place] == "1" for text in found) for place in range(62)]
    assert min(stats.binomtest(count, SIZE).pvalue for count in ones) > 1e-5


def test_what_has_no_end_comes_at_most_so_many_times() -> None:
    assert {len(text) for text in values_of(regex("a*"), SIZE)} == set(range(9))
    assert {len(text) for text in values_of(regex("a+", most=3), SIZE)} == {1, 2, 3}
    assert {len(text) for text in values_of(regex("a{5,}", most=3), 100)} == {5}


def test_a_dot_is_any_printable_character_of_ascii() -> None:
    assert set(values_of(regex("."), SIZE)) == set(map(chr, range(0x20, 0x7F)))


def test_unique_texts_are_all_of_them() -> None:
    found = values_of(regex("[a-z][0-9]{2}", unique=True), 2600)
    assert len(set(found)) == 2600
    assert found != sorted(found)


def test_a_pool_of_all_texts_has_all_of_them() -> None:
    pool = regex("[ab]{1,2}", cardinality=6, cardinality_distribution={"type": "uniform", "min": 0, "max": 5})
    assert set(values_of(pool, 500)) == {"a", "b", "aa", "ab", "ba", "bb"}


@pytest.mark.parametrize(
    ("pattern", "is_clear"),
    [
        ("[A-Z]{3}[0-9]+", True),
        ("[a-z]+-[0-9]+", True),
        ("[a-z]{3,8}[0-9]{2,4}", True),
        ("a|bc|d?", True),
        ("(ab?){1}c", True),
        ("a|ab", True),
        ("ab|[a-c]b", False),
        ("a*a*", False),
        ("(a|ab)(c|bc)", False),
        ("(a?){2}", False),
        ("(ab?)*", False),  # though it is: that each `a` begins another time is more than is looked at
    ],
)
def test_texts_are_only_unique_where_they_surely_match_in_one_way(pattern: str, is_clear: bool) -> None:
    ways = ways_of(pattern, most=3)
    assert ways.is_clear == is_clear
    if is_clear and ways.count < 10**5:
        assert len(set(ways.texts())) == ways.count


@pytest.mark.parametrize(
    ("pattern", "problems"),
    [
        (r"a(?=b)", ['can\'t draw texts for this look around: "(?=" at character 2']),
        (r"[(?=]a(?<!b)", ['can\'t draw texts for this look around: "(?<!" at character 7']),
        (r"(a)\1", ['can\'t draw texts for this back reference: "\\\\1" at character 4']),
        (r"(?P<x>a)(?P=x)", ['can\'t draw texts for this back reference: "(?P=" at character 9']),
        (
            r"a^b\$$c",
            [
                f'can\'t draw texts for this anchor inside: "{char}" at character {at}'
                for char, at in (("^", 2), ("$", 6))
            ],
        ),
        (r"\bx", ['can\'t draw texts for this anchor inside: "\\\\b" at character 1']),
        (r"a*+b", ['can\'t draw texts for this possessive part: "*+" at character 2']),
        (r"(?>a)", ['can\'t draw texts for this possessive part: "(?>" at character 1']),
        (r"(?i)a", ['can\'t draw texts for this flag: "(?i)" at character 1']),
        (r"a(b", ["is no regular expression: missing ), unterminated subpattern at position 1"]),
        (r"[b-a]", ["is no regular expression: bad character range b-a at position 1"]),
        (r"a{9999}", ["a text may have 10000 parts; at most 4096 can be drawn"]),
        (r"()", ["matches only the empty text"]),
        (
            r"x[\ud800]",
            [NO_CHARACTER],
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_place(pattern: str, problems: list[str]) -> None:
    assert problems_of(regex(pattern)) == [f"pattern: {problem}" for problem in problems]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("ab|[a-c]b", "needs a pattern of which it is sure that no text matches in two ways, and is not of this one"),
        ("[a-z]{99}", f"can only tell fewer than {2**63} texts apart, and more match this pattern"),
    ],
)
def test_what_cannot_be_unique_is_refused(pattern: str, problem: str) -> None:
    assert problems_of(regex(pattern, unique=True)) == [f"unique: {problem}"]


def test_a_pool_of_too_few_texts_is_refused() -> None:
    with pytest.raises(InvalidInput, match="could make only 3 different values"):
        values_of(regex("a|b|ab", cardinality=4, cardinality_distribution=constant(0)), 1)
