"""Formats: json, csv and tsv as other programs read them, and record patterns."""

import csv
import io
import json
import os
from collections.abc import Callable

import pytest

from tests.worlds import START, constant, counter, enum, integer, read, records_of, state, uniform, world, write_json

AWKWARD = [
    "plain",
    "",
    " spaced ",
    "a,b",
    "a\tb",
    'a "b" c',
    '"',
    "a\nb",
    "a\r\nb",
    "a\rb",
    "ä😀",
    "'",
    "=1+1",
    "\\n",
    "#x",
]
OBJECT = {"name": "o", "type": "object", "dimensions": [enum("s", "x,y"), enum("n", 5), enum("z", None)]}
LIST = {"name": "l", "type": "list", "elements": [enum("i", 1)], "length_distribution": constant(2)}


def read_table(data: bytes, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator, strict=True))


@pytest.fixture
def shaped(generate, tmp_path) -> Callable[..., str]:
    """Write records of a spec with a pattern; return all that was printed."""

    def run(pattern: str, spec: dict, count: int = 1, **options: str) -> str:
        path = tmp_path / "pattern.txt"
        path.write_bytes(pattern.encode())
        outcome = generate(spec, "-f", path, "-n", count, *(part for pair in options.items() for part in pair))
        assert outcome.code == 0, outcome.err
        return outcome.out

    return run


# Tables


@pytest.mark.parametrize(("name", "separator"), [("csv", ","), ("tsv", "\t"), ("CSV", ","), ("Tsv", "\t")])
def test_a_table_reads_back_as_what_json_says(generate, name: str, separator: str) -> None:
    spec = world(
        enum("text", *AWKWARD), integer("n", uniform(0, 9), percent_nulls=20), counter("c", percent_missing=20)
    )
    header, *rows = read_table(generate(spec, "-n", 500, "-f", name).data, separator)
    assert header == ["time", "text", "n", "c"]
    for row, record in zip(rows, records_of(spec, 500), strict=True):
        assert row == [str(record.get(key)) if record.get(key) is not None else "" for key in header]


@pytest.mark.parametrize(("name", "separator"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("value", AWKWARD)
def test_a_cell_is_quoted_only_where_it_must_be(generate, name: str, separator: str, value: str) -> None:
    line = generate(world(enum("v", value)), "-n", 1, "-f", name).data.decode().split("\n", 1)[1]
    special = any(character in value for character in (separator, '"', "\r", "\n"))
    cell = '"' + value.replace('"', '""') + '"' if special else value
    assert line == f"{START}.000{separator}{cell}\n"


def test_the_header_is_the_union_of_all_dimensions(generate) -> None:
    spec = world(enum("a", 1), enum("b", 2), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append({"name": "f", "dimensions": [enum("c", 3), enum("a", 4)]})
    rows = read_table(generate(spec, "-n", 2, "-f", "csv").data, ",")
    assert rows == [["time", "a", "b", "c"], [f"{START}.000", "1", "2", ""], [f"{START}.000", "4", "", "3"]]


@pytest.mark.parametrize("name", ["a,b", 'a"b', "a\nb", "ä"])
def test_the_header_is_quoted_like_a_cell(generate, name: str) -> None:
    assert read_table(generate(world(enum(name, 1)), "-n", 1, "-f", "csv").data, ",")[0] == ["time", name]


def test_every_type_has_its_cell(generate) -> None:
    values = [
        enum("t", True),
        enum("f", 0.5),
        enum("x", None),
        enum("mixed", [1], "a,b", cardinality_distribution=constant(1)),
    ]
    header, row = read_table(generate(world(*values, OBJECT, LIST), "-n", 1, "-f", "csv").data, ",")
    assert header == ["time", "t", "f", "x", "mixed", "o", "l"]
    assert row[1:5] == ["true", "0.5", "", "a,b"]
    assert row[5:] == ['{"s":"x,y","n":5,"z":null}', "[1,1]"]


def test_a_table_of_no_records_is_its_header(generate) -> None:
    assert generate(world(enum("a", 1)), "-n", 0, "-f", "csv").out == "time,a\n"


def test_json_is_the_default(generate) -> None:
    outcomes = [generate(world(counter("n")), "-n", 3, *option) for option in ((), ("-f", "json"), ("-p", "JSON"))]
    assert outcomes[0].data == outcomes[1].data == outcomes[2].data
    assert [record["n"] for record in outcomes[0].records] == [0, 1, 2]


# Patterns


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{{a}}", "5"),
        ("{{ a }}", "5"),
        ("{{  a}}", "5"),
        ("<{{a}}{{a}}>", "<55>"),
        ("{a}", "5"),
        ("{a}{s}", "5text"),
        ("{{o.k}}", "7"),
        ("{{ o.in.k }}", "deep"),
        ("{{o}}", '{"k":7,"in":{"k":"deep"}}'),
        ("{{l}}", "[1,1]"),
        ("{{s}}", "text"),
        ("{{f}}", "0.25"),
        ("{{t}}", "true"),
        ("{{time}}", f"{START}.000"),
        ("{time}", f"{START}.000"),
        ("{{time|%d/%b/%Y:%H:%M:%S}}", "01/Jan/2024:00:00:00"),
        ("{{ time |%Y}}", "2024"),
        ("[{{ time|%d/%b/%Y }}]", "[01/Jan/2024]"),
        ("{{when|%Y-%m}}", "2020-02"),
        ("{{when}}", "2020-02-29T00:00:00.000"),
        ("{other}", "{other}"),
        ("{ a }", "{ a }"),
        ("{}", "{}"),
        ("{{}}", "{{}}"),
        ("{", "{"),
        ("}} {", "}} {"),
        ('{"a":{{a}}}', '{"a":5}'),
        ('{"a":{a},"b":{"c":"{s}"}}', '{"a":5,"b":{"c":"text"}}'),
        ('{ "x": {"y": {{o}} } }', '{ "x": {"y": {"k":7,"in":{"k":"deep"}} } }'),
        ("{{{a}}}", "{5}"),
        (r"{{a}}\t{{s}}\n-", "5\ttext\n-"),
        (r"a\\tb", r"a\tb"),
        (r"\\\\", r"\\"),
        (r"\x \" \r", r"\x \" \r"),
        ("ä😀{{a}}", "ä😀5"),
        ("%d %s $a", "%d %s $a"),
        ("tab\there", "tab\there"),
        ("two\nlines", "two\nlines"),
        ("constant", "constant"),
        ("{{gone}}|{{null}}|{{o.none}}", "||"),
        ("{{with space}}", "1"),
        ("{{d.o.t}}", "2"),
        ("{{raw}}", r"\n{a}{{a}}"),
    ],
)
def test_a_pattern_is_the_text_of_one_record(shaped, pattern: str, expected: str) -> None:
    inner = {"name": "in", "type": "object", "dimensions": [enum("k", "deep")]}
    spec = world(
        enum("a", 5),
        enum("s", "text"),
        enum("f", 0.25),
        enum("t", True),
        {"name": "o", "type": "object", "dimensions": [enum("k", 7), inner, enum("none", 1, percent_missing=100)]},
        LIST,
        {"name": "when", "type": "timestamp", "distribution": constant("2020-02-29")},
        enum("gone", 1, percent_missing=100),
        enum("null", 1, percent_nulls=100),
        enum("with space", 1),
        enum("d.o.t", 2),
        enum("raw", r"\n{a}{{a}}"),
    )
    assert shaped(pattern, spec) == expected + "\n"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_line_end_of_the_pattern_file_is_not_a_second_one(shaped, end: str) -> None:
    assert shaped("{{n}}" + end, world(counter("n")), 3) == "0\n1\n2\n"


def test_a_pattern_of_nothing_gives_empty_lines(shaped) -> None:
    assert shaped("", world(), 3) == "\n\n\n"


@pytest.mark.parametrize(
    ("start", "code", "expected"),
    [
        ("2024-01-01T00:00:00", "%z", "+0000"),
        ("2024-01-01T00:00:00Z", "%z", "+0000"),
        ("2024-01-01T00:00:00+05:30", "%d/%b/%Y:%H:%M:%S %z", "01/Jan/2024:00:00:00 +0530"),
        ("2024-01-01T00:00:00-08:00", "%z %Z", "-0800 UTC-08:00"),
        ("2024-01-01T00:00:00.25", "%s.%f", "1704067200.250000"),
        ("1969-12-31T23:59:59", "%Y %j", "1969 365"),
        ("2024-01-01T12:34:56", "%H|%M", "12|34"),
        ("2024-01-01T12:34:56", "%%", "%"),
        ("2024-01-01T02:00:00+02:00", "%s %%s", "1704067200 %s"),
        ("1969-12-31T23:59:59.500", "%s", "-1"),
    ],
)
def test_a_time_is_formatted_with_strftime_codes(command, tmp_path, start: str, code: str, expected: str) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(world()), encoding="utf-8")
    (tmp_path / "pattern").write_text("{{time|" + code + "}}", encoding="utf-8")
    outcome = command("-c", tmp_path / "spec.json", "-f", tmp_path / "pattern", "-s", start, "-n", 1)
    assert outcome.out == expected + "\n"


def test_no_code_depends_on_the_time_zone_of_the_machine(process, tmp_path) -> None:
    write_json(tmp_path / "spec.json", world())
    (tmp_path / "pattern").write_text("{{time|%s %c %x %X %p %z %Z}}")
    run = ("spec.json", "-s", "2024-01-01T02:00:00+02:00", "-n", 1, "-f", "pattern")
    lines = {process(*run, env={**os.environ, "TZ": zone}).out for zone in ("UTC", "Asia/Tokyo")}
    assert lines == {"1704067200 Mon Jan  1 02:00:00 2024 01/01/24 02:00:00 AM +0200 UTC+02:00\n"}


def test_formatted_times_move_on(shaped) -> None:
    assert shaped("{{time|%S}}", world(gap=0.5), 5) == "00\n00\n01\n01\n02\n"


def test_a_name_that_only_another_emitter_has_becomes_nothing(shaped) -> None:
    spec = world(enum("a", 1), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append({"name": "f", "dimensions": [enum("b", 2)]})
    assert shaped("{{a}}-{b}", spec, 2) == "1-\n-2\n"


def test_a_variable_may_stand_in_a_pattern_with_its_keys(shaped) -> None:
    spec = world(read("o"), states=[state("s", variables=[OBJECT])])
    assert shaped("{{o.s}} {{o.n}} {{o.z}}", spec) == "x,y 5 \n"


def test_the_keys_of_an_enum_of_objects_may_stand_in_a_pattern(shaped) -> None:
    spec = world(enum("user", {"id": 7, "name": "Ann", "tags": [1]}))
    assert shaped("{{user.id}} {{user.name}} {{user.tags}} {{user.none}}", spec) == "7 Ann [1] \n"


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("{{tmie}}", ["{{tmie}}", 'did you mean "time"']),
        ("{{a}} {{b}}", ["{{b}}", "no emitter has"]),
        ("{{o.x}}", ["{{o.x}}", "no emitter has"]),
        ("{{a.k}}", ["{{a.k}}", "no emitter has"]),
        ("{{a|%H}}", ["{{a|%H}}", "is not a time"]),
        ("{{x|%H}}", ["{{x|%H}}", "no emitter has"]),
    ],
)
def test_a_double_braced_name_that_no_emitter_has_is_refused(
    generate, tmp_path, pattern: str, parts: list[str]
) -> None:
    path = tmp_path / "pattern.txt"
    path.write_text(pattern, encoding="utf-8")
    outcome = generate(world(enum("a", 1), OBJECT), "-n", 1, "-f", path)
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(part in outcome.err for part in [*parts, "pattern.txt"])


def test_all_wrong_names_of_a_pattern_are_reported_at_once(generate, tmp_path) -> None:
    path = tmp_path / "pattern.txt"
    path.write_text("{{x}} {{y}} {z} {{w.v}}", encoding="utf-8")
    outcome = generate(world(), "-n", 1, "-f", path)
    assert outcome.code == 2
    assert [name in outcome.err for name in ("{{x}}", "{{y}}", "{z}", "{{w.v}}")] == [True, True, False, True]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{{time}} \xe4"])
def test_a_pattern_that_is_not_utf_8_is_refused(generate, tmp_path, content: bytes) -> None:
    path = tmp_path / "pattern.txt"
    path.write_bytes(content)
    outcome = generate(world(), "-n", 1, "-f", path)
    assert (outcome.code, outcome.data) == (2, b"")
    assert "is not UTF-8" in outcome.err


@pytest.mark.parametrize(
    ("name", "parts"),
    [("cvs", ['did you mean "csv"']), ("no/such/file", ["neither a format nor a file"]), (".", ["can't be read"])],
)
def test_an_unknown_format_is_refused(generate, name: str, parts: list[str]) -> None:
    outcome = generate(world(), "-n", 1, "-f", name)
    assert (outcome.code, outcome.data) == (2, b"")
    assert all(part in outcome.err for part in parts)
    assert "Traceback" not in outcome.err
