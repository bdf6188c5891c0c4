"""The dimensions ``text`` and ``case``: values put into a text, and one of several generators by a condition."""

import csv
import io
import json
from datetime import UTC, datetime
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import constant, counter, enum, integer, records_of, uniform, world

WILD = ["plain", 'é"\\', "a,b", "line\nbreak", "<&>'", "", "50 %/?", "😀"]
WORD = enum("word", *WILD)
NUMBER = {"name": "x", "type": "float", "distribution": uniform(-10, 1000)}


def text(value: str, name: str = "v", **keys: object) -> dict:
    return {"name": name, "type": "text", "value": value, **keys}


def case(*cases: tuple[str, dict], **keys: object) -> dict:
    return {"name": "v", "type": "case", "cases": [{"when": when, "make": make} for when, make in cases], **keys}


def problems_of(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(spec), start="2024-01-01T00:00:00Z", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def test_values_stand_where_their_names_were() -> None:
    for record in records_of(world(WORD, counter("n"), text("<{{ word }}> {{n}}{{n}}.")), 50):
        assert record["v"] == f"<{record['word']}> {record['n']}{record['n']}."


def test_a_key_inside_an_object_and_the_time_can_be_read() -> None:
    place = {"name": "place", "type": "object", "dimensions": [enum("city", "Rome", "Oslo")]}
    for record in records_of(world(place, text("{{place.city}} {{time}}")), 20):
        assert record["v"] == f"{record['place']['city']} {record['time']}"


def test_braces_that_are_no_placeholder_stand_for_themselves() -> None:
    assert records_of(world(counter("n"), text('{n} {"a": {}} {{n}}')), 1)[0]["v"] == '{n} {"a": {}} 0'


def test_null_is_the_empty_text_and_has_a_default() -> None:
    spec = world(integer("n", uniform(1, 9), percent_nulls=50), text("[{{n}}] [{{n|default:none}}]"))
    records = records_of(spec, 100)
    assert all(record["v"] == ("[] [none]" if record["n"] is None else "[{0}] [{0}]".format(record["n"]))
               for record in records)  # fmt: skip
    assert {record["n"] is None for record in records} == {True, False}


FILTERS = {
    "upper": str.upper,
    "lower": str.lower,
    "json": lambda word: json.dumps(word, ensure_ascii=False),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_makes_of_a_text_what_python_makes_of_it(name) -> None:
    for record in records_of(world(WORD, text(f"{{{{word|{name}}}}}")), 50):
        assert record["v"] == FILTERS[name](record["word"])


def test_what_is_written_for_another_format_is_read_back_by_its_parser() -> None:
    url, xml = text("{{word|url}}", "url"), text("<a b='{{word|xml}}'>{{word|xml}}</a>", "xml")
    trim = text("{{wide|trim}}", "trim")
    spec = world(WORD, url, xml, text("x,{{word|csv}},y", "csv"), text("  {{word}} ", "wide"), trim)
    for record in records_of(spec, 100):
        word = record["word"]
        assert unquote(record["url"]) == word
        assert not set(record["url"]) & set(' /?%"<>&') - {"%"}
        element = ElementTree.fromstring(record["xml"])
        assert (element.text or "") == word
        assert element.get("b") == word.replace("\n", " ")  # as XML reads any line end in an attribute
        assert next(csv.reader(io.StringIO(record["csv"]))) == ["x", word, "y"]
        assert record["trim"] == word.strip()


@pytest.mark.parametrize("format_", [".2f", "08.1f", "05d", "7.0f", ".0f"])
def test_numbers_are_written_as_python_writes_them(format_) -> None:
    field = integer("x", uniform(-50, 10**6)) if format_.endswith("d") else NUMBER
    digits = int(format_[-2]) if "." in format_ else None
    for record in records_of(world(field, text(f"{{{{x|{format_}}}}}")), 300):
        assert record["v"] == format(
            record["x"] if digits is None else round(record["x"], digits) + 0.0, format_
        )  # no -0


def test_times_are_written_with_codes_and_milliseconds() -> None:
    spec = world(text("{{time|%d/%b/%Y:%H:%M:%S.%3f}} {{time|%s}} {{time|%b|upper}} {{time|%H|%M}}"), gap=0.777)
    for record in records_of(spec, 20):
        moment = datetime.fromisoformat(record["time"]).replace(tzinfo=UTC)
        milliseconds = f"{moment.microsecond // 1000:03d}"
        expected = f"{moment:%d/%b/%Y:%H:%M:%S}.{milliseconds} {int(moment.timestamp())} {moment:%b}".upper()
        assert record["v"].upper() == f"{expected} {moment:%H|%M}".upper()
        assert record["v"].split()[2] == "JAN"


def test_filters_work_one_after_the_other() -> None:
    spec = world(enum("word", " a b ", None), text("{{word|trim|default:x y|upper|url}}"))
    assert {record["v"] for record in records_of(spec, 50)} == {"A%20B", "X%20Y"}


def test_the_text_of_a_format_has_the_same_filters(tmp_path) -> None:
    (tmp_path / "line").write_text("{{word|upper}} {{n|03d}}\n")
    spec = world(enum("word", "a"), counter("n"))
    out = tmp_path / "out"
    datagen.run(
        spec, target={"type": "file", "path": str(out)}, format=str(tmp_path / "line"), start="2024-01-01", records=2
    )
    assert out.read_text() == "A 000\nA 001\n"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("{{nn}}", '"nn" is not a dimension above, a variable or time; did you mean "n"?'),
        ("{{n|uper}}", '{{n|uper}}: unknown filter "uper"; did you mean "upper"?'),
        ("{{n|%H}}", '{{n|%H}}: "n" is not a time'),
        ("{{time|.2f}}", '{{time|.2f}}: "time" is not a number'),
        ("{{n|upper|.2f}}", '{{n|upper|.2f}}: filter ".2f" must come first: behind another one there are only texts'),
    ],
)
def test_a_bad_placeholder_is_told_with_its_place(value, problem) -> None:
    assert problems_of(world(counter("n"), text(value))) == [f"emitters[0].dimensions[1].value: {problem}"]


def test_the_first_case_whose_condition_holds_makes_the_value() -> None:
    spec = world(integer("x", uniform(1, 9)), case(("x > 6", enum("big", "big")), ("x > 3", enum("mid", "mid"))))
    expected = [None] * 4 + ["mid"] * 3 + ["big"] * 3
    assert all(record["v"] == expected[record["x"]] for record in records_of(spec, 200))


def test_no_case_makes_the_default() -> None:
    spec = world(integer("x", uniform(1, 9)), case(("x > 6", enum("big", "big")), default=counter("small")))
    records = records_of(spec, 200)
    small = [record["v"] for record in records if record["x"] <= 6]
    assert small == list(range(len(small)))


def test_cases_of_several_types_keep_theirs() -> None:
    spec = world(integer("x", uniform(1, 3)), case(("x = 1", enum("a", 1.5)), ("x = 2", enum("b", {"k": [1]}))))
    expected = {1: 1.5, 2: {"k": [1]}, 3: None}
    assert all(record["v"] == expected[record["x"]] for record in records_of(spec, 50))


def test_a_case_draws_as_if_the_others_were_not_there() -> None:
    one = case(("x > 6", integer("big", uniform(1, 10**6))))
    two = case(("x > 6", integer("big", uniform(1, 10**6))), ("x > 3", integer("mid", uniform(1, 10**6))))
    field = integer("x", uniform(1, 9))
    pairs = zip(records_of(world(field, one), 100), records_of(world(field, two), 100), strict=True)
    assert all(left["v"] == right["v"] for left, right in pairs if left["x"] > 6)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"when": "x"}, "emitters[0].dimensions[1].cases[0].when: is neither true nor false"),
        ({"when": "y > 1"}, 'emitters[0].dimensions[1].cases[0].when: "y" is not a dimension above'),
        ({"make": {"type": "enum"}}, 'emitters[0].dimensions[1].cases[0].make.name: "name" is required'),
    ],
)
def test_a_bad_case_is_told_with_its_place(keys, problem) -> None:
    field = case(("x = 1", enum("a", 1)))
    field["cases"][0] |= keys
    assert problems_of(world(integer("x", constant(1)), field))[0].startswith(problem)


def test_a_time_that_comes_from_a_list_is_written_with_codes() -> None:
    time = {"name": "w", "type": "timestamp", "distribution": uniform("2024-05-01", "2024-05-02"), "cardinality": 3,
            "cardinality_distribution": uniform(0, 2)}  # fmt: skip
    spec = world({"name": "r", "type": "object", "dimensions": [time]}, time, text("{{r.w|%d/%m}} {{w|%d/%m}}"))
    assert {record["v"] for record in records_of(spec, 20)} == {"01/05 01/05"}


def test_a_default_may_have_a_percent_sign_and_null_is_a_word_of_json() -> None:
    spec = world(enum("x", None), text('{{x|default:0%}} {"a":{{x|json}}}'))
    assert records_of(spec, 1)[0]["v"] == '0% {"a":null}'
