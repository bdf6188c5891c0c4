"""The stage ``corrupt``: what it breaks, that it says so, and that it agrees with plain Python a record at a time."""

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datagen.plugin.registry import Registry
from datagen.records.batch import Batch, Layout
from datagen.records.merge import joined
from datagen.records.types import JSON_TEXT, is_optional, plain_type
from datagen.stages.breakage import BREAKAGES, takes
from datagen.stages.letters import Letters, cut, misread, mistyped
from datagen.stages.replaced import replaced
from tests.stages import reference_corrupt
from tests.stages.test_stages import SHOP, ready, rows_of, scope_of
from tests.worlds import START, counter, enum, integer, read, run_of, state, uniform, world

HOWS = ["truncate", "wrong_type", "out_of_range", "encoding", "swap", "typo", "extra_field", "empty"]
REGISTRY = Registry.load()
ITEM = {"name": "i", "type": "object", "dimensions": [counter("a")]}
# All types; what is missing, null and empty, letters of one to four bytes; a variable, whose values are coded.
VARIED = world(
    counter("n"),
    integer("big", uniform(-(10**6), 10**6)),
    enum("name", "Zoë", "Łukasz", "Bob", "日本", "😀 ok", "", None, percent_missing=10),
    enum("city", "Zürich", "Bern", "l", "Ax1"),
    read("u"),
    enum("flag", True, False),
    {"name": "real", "type": "float", "distribution": uniform(-2, 2), "percent_nulls": 20},
    {"name": "born", "type": "timestamp", "distribution": uniform("1950-01-01T00:00:00Z", "2005-12-31T00:00:00Z")},
    {"name": "deep", "type": "object", "dimensions": [counter("a"), enum("b", 'x"', None, percent_missing=40)]},
    {"name": "many", "type": "list", "length_distribution": uniform(0, 2), "selection_distribution": uniform(0, 0)}
    | {"elements": [ITEM]},
    enum("mixed", 1, "one", [1], None),
    enum("nothing", None),
    states=[state("s", {"s": 0.7, "stop": 0.3}, delay=uniform(0, 1), variables=[enum("u", "ab", "abc", "é")])],
)


def made(spec: dict, count: int) -> tuple[Batch, Layout]:
    run = run_of(spec, count)
    return joined(list(run.batches())), run.layout


def records(batch: Batch) -> list[dict]:
    return [json.loads(line) for _, _, _, line in rows_of(batch)]


def kind_of(type_: pa.DataType) -> str:
    type_ = plain_type(type_)
    type_ = type_.field(0).type if is_optional(type_) else type_
    tests = {"text": pa.types.is_string, "integer": pa.types.is_integer, "number": pa.types.is_floating}
    tests |= {"boolean": pa.types.is_boolean, "object": pa.types.is_struct}
    tests |= {"instant": lambda own: pa.types.is_timestamp(own) and own.tz is not None, "time": pa.types.is_timestamp}
    tests |= {"list": pa.types.is_list, "JSON": lambda own: own == JSON_TEXT, "null": pa.types.is_null}
    return next(kind for kind, fits in tests.items() if fits(type_))


def through(stage: dict, batch: Batch, layout: Layout) -> list[dict]:
    return records(ready({"type": "corrupt", **stage}, layout).through(batch, 0))


def expected(stage: dict, batch: Batch, layout: Layout) -> list[dict]:
    kinds = {emitter: {name: kind_of(type_) for name, type_ in own.items()} for emitter, own in layout.emitters.items()}
    emitter = np.empty(len(batch), object)
    for part in batch.parts:
        emitter[part.rows] = part.emitter
    scope = scope_of({"type": "corrupt"})
    found = []
    for record, key, name in zip(records(batch), batch.key, emitter, strict=True):
        one = np.array([key], np.uint64)
        bits = lambda purpose, one=one: int(scope.bits(one, purpose)[0])  # noqa: E731
        found.append(reference_corrupt.corrupted(stage, record, kinds[name], bits))
    return found


def as_listed(stage: dict) -> dict:
    return stage | {"how": [stage["how"]] if isinstance(stage["how"], str) else stage["how"]}


def agree(stage: dict, batch: Batch, layout: Layout) -> int:
    """Compare with plain Python; return how many records are broken."""
    wanted = expected(as_listed(stage), batch, layout)
    found = through(stage | {"label": "bad"}, batch, layout)
    whole = records(batch)
    assert [{key: value for key, value in record.items() if key != "bad"} for record in found] == wanted
    assert [record["bad"] for record in found] == [one != other for one, other in zip(whole, wanted, strict=True)]
    return sum(record["bad"] for record in found)


@pytest.mark.parametrize("how", HOWS)
def test_each_way_agrees_with_plain_python(how: str) -> None:
    batch, layout = made(VARIED, 600)
    assert agree({"share": 0.6, "how": how}, batch, layout) > 250
    assert agree({"share": 0, "how": how}, batch, layout) == 0


def test_all_ways_agree_with_plain_python_on_two_emitters() -> None:
    batch, layout = made(SHOP, 400)
    ways = [how for how in HOWS if how != "swap"]  # no two of their values could stand in each other's place
    assert agree({"share": 1, "how": ways}, batch, layout) == 400
    assert agree({"share": 0.5, "how": ways[::-1], "weights": [1, 0, 3, 1, 0.5, 2, 0]}, batch, layout) > 150


STAGES = st.fixed_dictionaries(
    {"share": st.sampled_from([0.01, 0.3, 1]), "how": st.lists(st.sampled_from(HOWS), min_size=1, unique=True)},
    optional={
        "fields": st.lists(
            st.sampled_from([field["name"] for field in VARIED["emitters"][0]["dimensions"]] + ["time"]),
            min_size=1,
            unique=True,
        )
    },
)


@settings(max_examples=40, deadline=None)
@given(STAGES, st.integers(1, 200))
@example(
    {"share": 0.3, "how": ["swap"], "fields": ["n", "born", "big", "name", "city", "u", "flag", "real", "time"]}, 2
)
def test_any_stage_agrees_with_plain_python(stage: dict, count: int) -> None:
    batch, layout = made(VARIED, count)
    if REGISTRY.make("stage", {"type": "corrupt", **stage}).misfits(layout, scope_of({"type": "corrupt"})):
        return
    agree(stage, batch, layout)


def test_a_share_of_the_records_is_broken_by_weights() -> None:
    spec = world(enum("a", "Bern"), enum("b", "Genf"), counter("n"))
    batch, layout = made(spec, 40_000)
    found = through({"share": 0.25, "how": ["swap", "empty"], "weights": [1, 3], "label": True}, batch, layout)
    bad = [record for record in found if record["corrupt"]]
    assert abs(len(bad) - 10_000) < 400  # 4.6 standard errors
    swapped = sum(record["a"] == "Genf" for record in bad)
    assert abs(swapped / len(bad) - 0.25) < 0.02
    emptied = Counter(key for record in bad for key in "abn" if record[key] in ("", None))
    assert min(emptied.values()) > 0.3 * len(bad) * 0.75


def test_the_same_records_are_broken_whatever_else_the_target_does(generate, tmp_path) -> None:
    stage = {"type": "corrupt", "share": 0.3, "how": ["typo", "truncate"], "fields": ["u"], "label": True}
    paths = [tmp_path / "feed", tmp_path / "truth"]
    feed = {"type": "file", "path": str(paths[0]), "record_id": True, "through": [stage]}
    truth = {"type": "file", "path": str(paths[1]), "record_id": True}
    truth["through"] = [{"type": "filter", "where": "true"}, stage | {"label": "was_broken"}]
    assert generate(SHOP | {"target": [feed, truth]}, "-n", 200).code == 0
    one, other = ([json.loads(line) for line in path.read_text().splitlines()] for path in paths)
    assert [record.pop("corrupt") for record in one] == [record.pop("was_broken") for record in other]
    assert one == other


# Letters


@given(st.lists(st.tuples(st.text(min_size=1), st.floats(0, 0.999), st.integers(0, 3))))
def test_texts_are_broken_as_plain_python_does(given_: list[tuple[str, float, int]]) -> None:
    texts = pa.array([text for text, _, _ in given_], pa.string())
    places = np.array([int(share * len(text)) for text, share, _ in given_], np.int64)
    ways = np.array([way for _, _, way in given_], np.int64)
    rows = list(zip(texts.to_pylist(), places.tolist(), ways.tolist(), strict=True))
    assert Letters.of(texts).texts().to_pylist() == texts.to_pylist()
    assert cut(texts, places).to_pylist() == [text[:place] for text, place, _ in rows]
    assert mistyped(texts, places, ways).to_pylist() == [reference_corrupt.mistyped(*row) for row in rows]
    assert misread(texts, places).to_pylist() == [reference_corrupt.misread(text, place) for text, place, _ in rows]


@given(st.lists(st.sampled_from(["a", "b", None])), st.data())
def test_some_values_of_a_column_are_replaced(values: list, data) -> None:
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, max(len(values) - 1, 0))))) if values else [], np.int64)
    wanted = [f"new{row}" if row in rows else value for row, value in enumerate(values)]
    array = pa.array(values, pa.string())
    others = pa.array([f"new{row}" for row in rows], pa.string())
    for column in (array, array.dictionary_encode(), array.dictionary_encode().dictionary_encode()):
        assert replaced(column, rows, others).to_pylist() == wanted


# Formats and targets


@pytest.mark.parametrize("how", HOWS)
def test_json_of_records_that_are_not_broken_is_the_same(generate, how: str) -> None:
    options = ("-s", START, "--seed", 1, "-n", 300)
    stage = {"type": "corrupt", "share": 0.2, "how": how, "label": True}
    plain = generate(VARIED, *options).lines
    found = generate(VARIED | {"target": {"type": "stdout", "through": [stage]}}, *options).lines
    whole = [(line, other) for line, other in zip(plain, found, strict=True) if other.endswith('"corrupt":false}')]
    assert len(whole) > 200
    assert all(other == f'{line[:-1]},"corrupt":false}}' for line, other in whole)


@pytest.mark.parametrize(
    ("format_", "columns"), [("csv", False), ("json", False), ("avro", True), ("arrow", True), ("protobuf", True)]
)
def test_where_columns_have_one_type_a_wrong_type_is_warned_about(generate, tmp_path, format_, columns) -> None:
    stage = {"type": "corrupt", "share": 0.2, "how": ["wrong_type", "empty"], "fields": ["n"]}
    target = {"type": "file", "path": str(tmp_path / "out"), "through": [stage], "format": format_}
    outcome = generate(world(counter("n")) | {"target": target}, "-n", 20)
    assert outcome.code == 0
    text = f"target.through[0]: makes values of several types, so their columns in {format_} hold texts of JSON"
    assert (text in outcome.err) == columns


def test_parquet_gets_texts_of_json_where_types_are_mixed(generate, tmp_path) -> None:
    stage = {"type": "corrupt", "share": 0.5, "how": ["wrong_type"], "fields": ["n"]}
    target = {"type": "parquet", "path": str(tmp_path / "out"), "through": [stage]}
    outcome = generate(world(counter("n"), counter("m")) | {"target": target}, "-n", 40)
    assert outcome.code == 0
    assert "so their columns in parquet hold texts of JSON, in all records" in outcome.err
    table = pq.read_table(tmp_path / "out" / "part-00001.parquet")
    assert [str(table.schema.field(name).type) for name in "nm"] == ["string", "int64"]
    assert Counter(text[0] == '"' for text in table["n"].to_pylist())[True] > 8


def test_other_ways_keep_the_types_of_columns(generate, tmp_path) -> None:
    stage = {"type": "corrupt", "share": 1, "how": [how for how in HOWS if how != "wrong_type"]}
    target = {"type": "parquet", "path": str(tmp_path / "out"), "through": [stage]}
    outcome = generate(VARIED | {"target": target}, "-n", 300)
    assert outcome.code == 0
    assert "warning" not in outcome.err
    types = {field.name: str(field.type) for field in pq.read_table(tmp_path / "out" / "part-00001.parquet").schema}
    assert (types["n"], types["born"][:9], types["extra_field"]) == ("int64", "timestamp", "string")


def test_a_time_goes_a_century_away_and_is_written_by_every_format(generate) -> None:
    stage = {"type": "corrupt", "share": 1, "how": "out_of_range", "fields": ["time"]}
    target = {"type": "stdout", "through": [stage]}
    found = generate(world(counter("n")) | {"target": target}, "-s", START, "-n", 40, "--seed", 1).records
    assert {datetime.fromisoformat(record["time"]).year for record in found} == {1924, 2124}


FAR = [
    (pa.uint64(), [0, 5, 10**16], [1000, 6000, 10**19 + 1000]),
    (pa.uint64(), [2**64 - 1], [(2**64 - 1) // 1000]),
    (pa.uint32(), [0, 2**32 - 1], [1000, (2**32 - 1) // 1000]),
    (pa.int64(), [-(2**63)], [(2**63 - 1) // 1000 * 1000]),
    (pa.decimal128(18, 2), [Decimal("0.00"), Decimal("-19.99")], [Decimal(1000), Decimal(20990)]),
    (pa.decimal128(18, 2), [Decimal("9999999999999999.99")], [Decimal("9999999999999990.00")]),
    (pa.decimal128(18, 18), [Decimal("0.5")], [Decimal("0.999999999999999")]),
]


@pytest.mark.parametrize(("type_", "values", "far"), FAR)
def test_numbers_of_every_type_go_as_far_as_it_holds(type_: pa.DataType, values: list, far: list) -> None:
    breakage = BREAKAGES["out_of_range"]
    given_ = pa.array(values, type_)
    assert takes(breakage, given_).to_pylist() == [True] * len(values)
    for up in (0, 1):
        made = breakage.make(given_, lambda purpose, up=up: np.full(len(values), up, np.uint64))
        down = not up and not pa.types.is_unsigned_integer(type_)
        assert (made.type, made.to_pylist()) == (type_, [-number if down else number for number in far])


@pytest.mark.parametrize("how", ["out_of_range", "swap", "wrong_type", "empty"])
def test_exact_decimals_are_broken(generate, how: str) -> None:
    fields = [{"name": name, "type": "decimal", "distribution": uniform(1, 9), "scale": 2} for name in "ab"]
    target = {"type": "stdout", "through": [{"type": "corrupt", "share": 1, "how": how, "label": "bad"}]}
    whole = generate(world(*fields), "-s", START, "-n", 40, "--seed", 1).records
    found = generate(world(*fields) | {"target": target}, "-s", START, "-n", 40, "--seed", 1).records
    changed = [sum(one[name] != other[name] for name in "ab") for one, other in zip(whole, found, strict=True)]
    assert set(changed) == {2 if how == "swap" else 1}
    assert all(record["bad"] for record in found)


# What is refused, what is odd


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"how": "typos"}, "how"),
        ({"how": []}, "must not be empty"),
        ({"how": "typo", "fields": []}, "must not be empty"),
        ({"how": ["typo", "typo"]}, 'how: names "typo" twice'),
        ({"how": "typo", "fields": ["u", "u"]}, 'fields: names "u" twice'),
        ({"how": "typo", "fields": ["uu"]}, 'no emitter has "uu"; did you mean "u"'),
        ({"how": "typo", "fields": ["order"]}, '"how": "typo" needs a text, and no emitter has that to break'),
        ({"how": ["empty", "swap"], "fields": ["u", "order"]}, '"swap" needs two texts, numbers, booleans or times of'),
        ({"how": "out_of_range", "fields": ["u"]}, '"out_of_range" needs a number or a time'),
        ({"how": "wrong_type", "fields": ["mixed"]}, '"wrong_type" needs a value of one type'),
        ({"how": ["typo", "empty"], "weights": [1]}, "weights: must be one for each of the 2 ways, found 1"),
        ({"how": "extra_field", "extra": "u"}, 'there is a dimension "u" already; give another name with "extra"'),
        ({"how": "empty", "label": "u"}, 'there is a dimension "u" already; give another name with "label"'),
        ({"how": "extra_field", "extra": "bad", "label": "bad"}, 'there is a dimension "bad" already'),
        ({"how": "empty", "share": 1.1}, "share"),
    ],
)
def test_a_wrong_stage_is_refused(generate, keys: dict, message: str) -> None:
    target = {"type": "stdout", "through": [{"type": "corrupt", "share": 0.1, **keys}]}
    outcome = generate(SHOP | {"target": target}, "-n", 1)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"type": "corrupt", "share": 0, "how": "typo"}, "through[0].share: 0 chooses no record"),
        ({"type": "drop", "share": 0}, "through[0].share: 0 chooses no record"),
        (
            {"type": "corrupt", "share": 0.1, "how": "extra_field", "fields": ["u"]},
            'through[0].fields: has no effect: "extra_field" breaks none of them',
        ),
    ],
)
def test_a_stage_that_does_nothing_is_warned_about(generate, stage: dict, message: str) -> None:
    outcome = generate(SHOP | {"target": {"type": "stdout", "through": [stage]}}, "-n", 1)
    assert outcome.code == 0
    assert outcome.err.count(message) == 1


INSIDE = world(
    counter("n"),
    {"name": "deep", "type": "object", "percent_missing": 20, "percent_nulls": 20}
    | {
        "dimensions": [
            enum("city", "Bern", "Genf", percent_missing=20),
            {"name": "o", "type": "object", "dimensions": [counter("x")]},
        ]
    },
    enum("deep.dot", "whole"),
)


@pytest.mark.parametrize("how", ["typo", "wrong_type", "empty", "truncate"])
def test_a_part_of_an_object_is_broken_and_nothing_else(how: str) -> None:
    batch, layout = made(INSIDE, 500)
    stage = {"share": 1, "how": how, "fields": ["deep.city"], "label": "bad"}
    running = ready({"type": "corrupt", **stage}, layout)
    found, whole = records(running.through(batch, 0)), records(batch)
    for one, other in zip(found, whole, strict=True):
        has = isinstance(other.get("deep"), dict) and other["deep"].get("city") is not None
        assert one.pop("bad") == has
        if has:
            assert one["deep"].pop("city") != other["deep"].pop("city")
        assert one == other
    told = REGISTRY.make("stage", {"type": "corrupt", **stage}).layout(layout, scope_of({"type": "corrupt"}))
    [part] = running.through(batch, 0).parts
    assert plain_type(told.emitters["e"]["deep"]) == plain_type(part.columns["deep"].type)


def test_parts_are_named_by_their_path_and_whole_names_come_first() -> None:
    batch, layout = made(INSIDE, 300)
    numbers = through({"share": 1, "how": "out_of_range", "fields": ["deep.o.x"]}, batch, layout)
    assert any(abs(one["deep"]["o"]["x"]) > 300 for one in numbers if one.get("deep"))
    dots = through({"share": 1, "how": "truncate", "fields": ["deep.dot"]}, batch, layout)
    assert all(len(one["deep.dot"]) < 5 for one in dots)
    wrong = REGISTRY.make("stage", {"type": "corrupt", "share": 1, "how": "typo", "fields": ["deep.town"]})
    assert wrong.misfits(layout, scope_of({"type": "corrupt"})) == [
        '"fields": no emitter has "deep.town"; did you mean "deep.dot"?'
    ]
    both = REGISTRY.make("stage", {"type": "corrupt", "share": 1, "how": "empty", "fields": ["deep.city", "n", "deep"]})
    assert both.misfits(layout, scope_of({"type": "corrupt"})) == [
        '"fields": "deep.city" is inside of "deep", which stands there too'
    ]
