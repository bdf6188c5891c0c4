"""Records: what stands in a line, in which order and with which types."""

import json

import pytest

from tests.worlds import START, constant, counter, enum, exponential, integer, read, records_of, state, uniform, world

VALUES = [
    "x",
    "",
    "ä😀",
    'a "quote"',
    "back\\slash",
    "tab\tline\nnul\x00",
    "\x7f\u2028",
    0,
    1,
    -7,
    10**18,
    0.5,
    1e-9,
    -0.25,
]
VALUES += [1.5e300, True, False, None, [], [1, [None, "x"]], {}, {"k": {"n": None}, "l": [True]}]


def test_time_comes_first_and_then_the_dimensions_in_their_order() -> None:
    spec = world(enum("z", 1), enum("a", 2), enum("m", 3))
    assert [list(record) for record in records_of(spec, 2)] == [["time", "z", "a", "m"]] * 2


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2001-12-20T13:13:12.132", "2001-12-20T13:13:12.132"),
        ("2001-12-20T13:13:12", "2001-12-20T13:13:12.000"),
        ("2001-12-20", "2001-12-20T00:00:00.000"),
        ("2001-12-20T13:13", "2001-12-20T13:13:00.000"),
        ("20011220T131312", "2001-12-20T13:13:12.000"),
        ("2001-12-20 13:13:12", "2001-12-20T13:13:12.000"),
        ("2009-05-21:08:00:10", "2009-05-21T08:00:10.000"),
        ("2001-12-20T13:13:12.1329", "2001-12-20T13:13:12.132"),
        ("2001-12-20T13:13:12Z", "2001-12-20T13:13:12.000Z"),
        ("2001-12-20T13:13:12+02:00", "2001-12-20T13:13:12.000+02:00"),
        ("2001-12-20T13:13:12-0530", "2001-12-20T13:13:12.000-05:30"),
        ("2001-12-20T13:13:12+00:00", "2001-12-20T13:13:12.000+00:00"),
        ("1969-12-31T23:59:59.999", "1969-12-31T23:59:59.999"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00.000"),
        ("2024-02-29T12:00:00", "2024-02-29T12:00:00.000"),
    ],
)
def test_time_has_milliseconds_and_the_offset_of_the_start(command, tmp_path, start: str, expected: str) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(world()), encoding="utf-8")
    outcome = command("-c", tmp_path / "spec.json", "-s", start, "-n", 1)
    assert outcome.lines == [f'{{"time":"{expected}"}}']


def test_time_moves_on_with_the_offset_over_midnight_and_a_new_year() -> None:
    records = records_of(world(gap=0.75), 3, start="2023-12-31T23:59:59+14:00")
    assert [record["time"] for record in records] == [
        "2023-12-31T23:59:59.000+14:00",
        "2023-12-31T23:59:59.750+14:00",
        "2024-01-01T00:00:00.500+14:00",
    ]


def test_time_is_cut_to_milliseconds_and_not_rounded() -> None:
    assert [record["time"][-6:] for record in records_of(world(gap=0.0009), 4)] == [
        "00.000",
        "00.000",
        "00.001",
        "00.002",
    ]


@pytest.mark.parametrize("dimension", [enum("time", "noon"), counter("time"), integer("time", constant(7))])
def test_a_dimension_named_time_takes_its_place(dimension: dict) -> None:
    record = records_of(world(enum("a", 1), dimension, enum("b", 2)), 1)[0]
    assert list(record) == ["time", "a", "b"]
    assert record["time"] in ("noon", 0, 7)


def test_a_missing_dimension_named_time_leaves_no_time() -> None:
    records = records_of(world(enum("a", 1), enum("time", "noon", percent_missing=50)), 200)
    assert {tuple(record) for record in records} == {("time", "a"), ("a",)}
    assert {record.get("time", "noon") for record in records} == {"noon"}


def test_json_is_compact_and_one_record_a_line(generate) -> None:
    spec = world(
        {"name": "o", "type": "object", "dimensions": [enum("l", [1, {"a": 2}]), enum("s", "x, y: z")]}, enum("n", 3)
    )
    outcome = generate(spec, "-n", 2)
    rest = '"o":{"l":[1,{"a":2}],"s":"x, y: z"},"n":3}\n'
    assert outcome.out == "".join(f'{{"time":"2024-01-01T00:00:0{second}.000",{rest}' for second in range(2))


def test_json_is_utf_8_and_not_escaped_more_than_needed(generate) -> None:
    outcome = generate(world(enum("größe", "ä😀/é")), "-n", 1)
    assert '"größe":"ä😀/é"}\n'.encode() in outcome.data


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("others", [[], VALUES], ids=["alone", "among others"])
def test_an_enum_value_keeps_its_json_type(value: object, others: list) -> None:
    picker = constant(0)
    found = records_of(world(enum("v", value, *others, cardinality_distribution=picker)), 1)[0]["v"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("dimension", "kind"),
    [
        (integer("v", uniform(0, 9)), int),
        (integer("v", exponential(3)), int),
        ({"name": "v", "type": "float", "distribution": uniform(0, 9)}, float),
        ({"name": "v", "type": "float", "distribution": constant(3)}, float),
        ({"name": "v", "type": "float", "distribution": uniform(0, 9), "precision": 0}, float),
        ({"name": "v", "type": "string", "length_distribution": constant(3)}, str),
        ({"name": "v", "type": "timestamp", "distribution": constant(START)}, str),
        ({"name": "v", "type": "ipaddress", "distribution": constant(1)}, str),
        (counter("v"), int),
        ({"name": "v", "type": "object", "dimensions": []}, dict),
        ({"name": "v", "type": "list", "elements": [enum("x", 1)], "length_distribution": constant(0)}, list),
    ],
)
def test_every_value_keeps_its_json_type(dimension: dict, kind: type) -> None:
    spec = world(dimension, read("w"), states=[state("s", variables=[dimension | {"name": "w"}])])
    for record in records_of(spec, 20):
        assert type(record["v"]) is type(record["w"]) is kind


def test_a_record_of_nothing_but_its_time_is_one() -> None:
    assert records_of(world(), 1) == [{"time": f"{START}.000"}]


def test_emitters_with_different_dimensions_share_a_stream() -> None:
    spec = world(enum("a", 1), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append({"name": "f", "dimensions": [enum("b", "x"), enum("a", "y")]})
    assert [list(record.items())[1:] for record in records_of(spec, 2)] == [[("a", 1)], [("b", "x"), ("a", "y")]]


@pytest.mark.parametrize(
    "name", ["with space", 'q"uote', "back\\slash", "sl/ash", "d.ot", "ti~lde", "{brace}", "ключ", "\t"]
)
def test_a_dimension_may_have_any_name(name: str) -> None:
    assert records_of(world(enum(name, 5)), 1)[0][name] == 5


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-7, 123456789.125, 1e15, 1e16, 1.25e299 / 3, -5e-300, 2**53 + 2.0])
def test_a_float_reads_back_as_the_same_float(generate, value: float) -> None:
    outcome = generate(world({"name": "v", "type": "float", "distribution": constant(value)}), "-n", 1)
    assert outcome.records[0]["v"] == value


@pytest.mark.parametrize("value", [2**53 + 1, -(2**63), 2**63 - 1, 10**18 + 7])
def test_a_large_whole_number_loses_no_digit(value: int) -> None:
    assert records_of(world(integer("v", constant(value))), 1)[0]["v"] == value
