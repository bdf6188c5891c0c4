"""Distributions of fields whose numbers are expressions."""

import pytest
from scipy import stats

import datagen
from datagen.problems import InvalidInput, RunFailed
from tests.worlds import constant, enum, integer, records_of, state, uniform, world

DEVICES = {"devices": {"rows": [{"base": 10, "n": 3}, {"base": 200, "n": 7}, {"base": None, "n": 1}]}}
DEVICE = {"name": "d", "type": "row", "table": "devices"}


N = enum("n", 0, 1, 2, 3, None)
BY_N = {"type": "constant", "value": "n"}
LETTER = enum("l", "a", "b")
TABLE = {"t": {"rows": [{"x": 0}, {"x": 1}, {"x": 2}, {"x": 3}]}}


def number(kind: str = "float", name: str = "v", **distribution: object) -> dict:
    return {"name": name, "type": kind, "distribution": distribution}


def problems_of(*dimensions: dict, **keys: object) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(world(*dimensions, **keys)), start="2024-01-01T00:00:00Z", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def test_each_record_is_drawn_with_its_own_numbers_and_null_has_none() -> None:
    spec = world(DEVICE, number(type="normal", mean="d.base", stddev="d.n / 2"), tables=DEVICES)
    found: dict[object, list[float]] = {}
    for record in records_of(spec, 6000):
        found.setdefault(record["d"]["base"], []).append(record["v"])
    assert set(found[None]) == {None}
    assert stats.kstest(found[10], stats.norm(10, 1.5).cdf).pvalue > 0.001
    assert stats.kstest(found[200], stats.norm(200, 3.5).cdf).pvalue > 0.001


def test_a_draw_is_that_of_the_same_numbers_written_out() -> None:
    for kind, written in (("float", {"type": "weibull", "shape": 1.5, "scale": 3}), ("int", uniform(2, 9))):
        quoted = {key: value if key == "type" else f"0 + {value}" for key, value in written.items()}
        given, computed = (records_of(world(number(kind, **one)), 300) for one in (written, quoted))
        assert given == computed


def test_whole_numbers_and_truncated_ones_are_drawn_too() -> None:
    spec = world(
        DEVICE,
        number("int", type="uniform", min=1, max="d.n"),
        number("int", "b", type="binomial", n="d.n", p=0.5),
        number("decimal", "m", type="exponential", mean="d.n", most="d.n * 2"),
        tables=DEVICES,
    )
    for record in records_of(spec, 2000):
        n = record["d"]["n"]
        assert 1 <= record["v"] <= n
        assert 0 <= record["b"] <= n
        assert 0 <= record["m"] <= 2 * n


def test_a_field_more_leaves_the_draws_as_they_were() -> None:
    drawn = number(type="normal", mean="worker", stddev=1)
    alone = [record["v"] for record in records_of(world(drawn), 50)]
    assert [record["v"] for record in records_of(world(enum("x", 1), drawn), 50)] == alone


def test_a_variable_and_a_column_of_a_table_are_drawn_with_numbers_of_their_own() -> None:
    columns = [integer("n", uniform(1, 9)), number(type="uniform", min="n", max="n + 0.5")]
    spec = world(
        {"name": "r", "type": "row", "table": "t"},
        {"name": "w", "type": "variable", "variable": "w"},
        states=[
            state(
                "s",
                variables=[
                    {"name": "b", "type": "constant", "value": 5},
                    number("int", "w", type="constant", value="b"),
                ],
            )
        ],
        tables={"t": {"size": 20, "columns": columns}},
    )
    for record in records_of(spec, 30):
        assert record["r"]["n"] <= record["r"]["v"] < record["r"]["n"] + 0.5
        assert record["w"] == 5


def test_numbers_of_a_column_are_drawn_as_if_they_stood_in_the_spec() -> None:
    rows = [{"ms": 5, "w": 1}, {"ms": 80.5, "w": 3}, {"ms": None, "w": 9}, {"ms": 20, "w": 0}]
    for kind, written in (("empirical", {}), ("discrete", {"weights": [1, 3, 0]})):
        given = number(type=kind, values=[5, 80.5, 20], most=80, **written)
        of_table = number(type=kind, table="t", column="ms", most=80)
        tables = {"t": {"rows": rows, "weight": "w"}}
        expected = [record["v"] for record in records_of(world(given), 500)]
        assert [record["v"] for record in records_of(world(of_table, tables=tables), 500)] == expected


@pytest.mark.parametrize(
    ("distribution", "problem"),
    [
        ({"type": "empirical", "table": "t"}, "distribution.column: must be the name of a column, found null"),
        (
            {"type": "discrete", "table": "t", "column": "x", "values": [1]},
            'distribution.values: can\'t stand beside "table", which has the values',
        ),
        ({"type": "discrete", "table": "t", "column": "y"}, 'distribution.column: table "t" has no column "y"'),
        ({"type": "discrete", "table": "u", "column": "x"}, 'distribution.table: unknown table "u"'),
        (
            {"type": "empirical", "table": "t", "column": "x", "most": "age"},
            'distribution.most: can\'t be an expression beside "table"; to hold what is drawn between values of its ',
        ),
    ],
)
def test_a_table_that_can_not_be_drawn_from_is_told_with_its_place(distribution: dict, problem: str) -> None:
    found = problems_of(number(**distribution), tables={"t": {"rows": [{"x": 1}, {"x": 2}]}})
    assert found[0].startswith(f"emitters[0].dimensions[0].{problem}")


def test_a_table_is_no_delay() -> None:
    delay = {"type": "empirical", "table": "t", "column": "x"}
    assert "states[0].delay.table: can't be here: a table can only be in the distribution of a field" in " ".join(
        problems_of(states=[state("s", delay=delay)], tables={"t": {"rows": [{"x": 1}]}})
    )


FIELD = "spec: emitters[0].dimensions[0].distribution"
ELSEWHERE = "; an expression can only be a number of what a field generator draws, and of the delay of a state"


@pytest.mark.parametrize(
    ("distribution", "problem"),
    [
        (
            {"type": "normal", "mean": "a b", "stddev": 1},
            '.mean: an operator, or the end, is expected, found "b" (character 3 of the expression)',
        ),
        ({"type": "normal", "mean": "'a'", "stddev": 1}, ".mean: is no number"),
        ({"type": "normal", "mean": "worker"}, ': "stddev" is required'),
        (
            {"type": "normal", "mean": "1", "stdev": 1, "stddev": 1},
            '.stdev: unknown key "stdev"; here it is "stddev"',
        ),
        ({"type": "normal", "mean": "1", "stddev": -1}, ".stddev: must be greater than or equal to 0, found -1"),
        (
            {"type": "scaled", "times": "2 * age", "of": {"type": "normal", "mean": "x y", "stdev": 1}},
            [
                '.of.stdev: unknown key "stdev"; here it is "stddev"',
                '.of: "stddev" is required',
                '.of.mean: an operator, or the end, is expected, found "y" (character 3 of the expression)',
            ],
        ),
        ({"type": "mixture", "of": [{"type": "constant", "value": "'a'"}]}, ".of[0].value: is no number"),
        (
            {"type": "mixture", "of": [{"type": "discrete", "table": "t", "column": "x"}], "weights": ["age"]},
            ".of[0].table: can't be here: a table can only be in the distribution of a field int, float or decimal",
        ),
        ({"type": "discrete", "values": ["age", True]}, ".values[1]: must be a valid number, found true"),
        ({"type": "discrete", "values": "[1]"}, '.values: must be a valid list, found "[1]"'),
    ],
)
def test_what_is_wrong_is_told_with_its_place(distribution: dict, problem: str | list[str]) -> None:
    problems = [problem] if isinstance(problem, str) else problem
    assert problems_of(number(**distribution)) == [FIELD.removeprefix("spec: ") + one for one in problems]


def test_elsewhere_an_expression_is_refused() -> None:
    delay = {"type": "exponential", "mean": "visits"}
    timeout = {"after": delay, "next": "stop"}
    assert problems_of(states=[state("s", use="desk", timeout=timeout)], resources={"desk": {"capacity": 1}}) == [
        f'states[0].timeout.after.mean: must be a valid number, found "visits"{ELSEWHERE}'
    ]


def test_a_pool_has_no_numbers_of_a_record() -> None:
    pooled = (
        number(type="normal", mean="worker", stddev=1) | {"cardinality": 3} | {"cardinality_distribution": constant(0)}
    )
    assert problems_of(pooled)[0].startswith("emitters[0].dimensions[0].distribution.mean: ")


POOLED: list[dict] = [
    {"type": "string", "length_distribution": constant(4)},
    {"type": "int", "distribution": uniform(0, 3)},
    {"type": "timestamp", "distribution": uniform("2024-01-01", "2024-12-31")},
    {"type": "object", "dimensions": [{"name": "id", "type": "uuid"}]},
]


@pytest.mark.parametrize("field", POOLED, ids=lambda field: field["type"])
def test_what_is_picked_from_a_pool_is_where_the_record_says_and_null_where_that_is(field: dict) -> None:
    field = {"name": "f", "cardinality": 4} | field
    found: dict[object, list] = {n: [] for n in (0, 1, 2, 3, None)}
    for record in records_of(world(N, field | {"cardinality_distribution": BY_N}), 60):
        found[record["n"]].append(record["f"])
    assert set(found.pop(None)) == {None}
    for n, values in found.items():
        [whole] = {
            str(record["f"]) for record in records_of(world(field | {"cardinality_distribution": constant(n)}), 9)
        }
        assert {str(value) for value in values} == {whole}


def test_an_index_into_a_pool_is_held_inside_and_counts_for_the_worker_and_its_variable() -> None:
    index = {"type": "constant", "value": "worker * 2 - 1"}
    pool = {"name": "p", "type": "hex", "length": 9, "cardinality": 3, "cardinality_distribution": index}
    field = {"name": "f", "type": "variable", "variable": "p"}
    found = [record["f"] for record in records_of(world(field, states=[state("s", variables=[pool])]), 6)]
    assert len({found[0], found[1], found[2]}) == 3
    assert set(found[2:]) == {found[2]}


def test_a_pool_inside_of_a_pool_is_picked_from_before_the_run() -> None:
    inner = {"name": "i", "type": "uuid", "cardinality": 3, "cardinality_distribution": BY_N}
    inner |= {"type": "hex", "length": 3}
    outer = {"name": "o", "type": "object", "cardinality": 3, "dimensions": [inner]}
    [problem] = problems_of(N, outer)
    assert problem == (
        "emitters[0].dimensions[1].dimensions[0].cardinality_distribution.value: "
        '"n" can\'t be read here: a pool is made before the run'
    )


def test_a_condition_can_not_read_a_pool_whose_index_is_one_of_the_record() -> None:
    index = {"type": "constant", "value": "worker"}
    pool = {"name": "p", "type": "int", "distribution": uniform(0, 99), "cardinality": 3}
    leaving = [{"next": "s", "probability": 1, "when": "p > 50"}]
    first = state("s", delay=constant(1), variables=[pool | {"cardinality_distribution": index}])
    states = [first | {"transitions": leaving}]
    assert 'what sets it, of the type "int", reads other values' in problems_of(states=states)[0]


def test_numbers_that_no_distribution_has_end_the_run_with_the_record() -> None:
    spec = world(number(type="normal", mean=1, stddev="3 - worker"))
    text = "making emitter/e/v: stddev: must be greater than or equal to 0, found -1; the record of 2024-01-01T00:00:04"
    with pytest.raises(RunFailed, match=text):
        records_of(spec, 10)


@pytest.mark.parametrize(
    ("field", "of"),
    [
        ({"type": "list", "elements": [LETTER], "length_distribution": BY_N}, len),
        ({"type": "string", "length_distribution": BY_N}, len),
        ({"type": "rows", "table": "t", "length_distribution": BY_N}, len),
        ({"type": "rows", "table": "t", "pick": "cycle", "length_distribution": BY_N}, len),
        ({"type": "map", "keys": {"name": "k", "type": "uuid"}, "values": LETTER, "length_distribution": BY_N}, len),
        ({"type": "partition", "total": "9", "parts": BY_N}, lambda parts: len(parts) if len(parts) > 1 else None),
        ({"type": "enum", "values": [0, 1, 2, 3], "cardinality_distribution": BY_N}, int),
        ({"type": "column", "table": "t", "column": "x", "distribution": BY_N}, int),
        ({"type": "ipaddress", "distribution": BY_N}, lambda address: int(address[-1])),
        ({"type": "signal", "start": 0, "noise": BY_N}, int),
        ({"type": "now", "offset": BY_N, "step": 1, "format": "epoch_s"}, None),
    ],
)
def test_lengths_indices_and_noise_are_those_of_the_record_and_null_where_a_number_is(field: dict, of: object) -> None:
    for record in records_of(world(N, {"name": "f"} | field, tables=TABLE), 60):
        assert (record["f"] is None) == (record["n"] is None)
        found = None if of is None or record["f"] is None else of(record["f"])
        assert found in (None, record["n"])


def test_a_time_is_moved_by_what_its_record_says() -> None:
    offset = {"type": "constant", "value": "-60 * n"}
    spec = world(N, {"name": "at", "type": "now", "offset": offset}, number(name="moved", type="constant", value="n"))
    spec["emitters"][0]["dimensions"].append({"name": "gap", "type": "expression", "value": "time - at"})
    for record in records_of(spec, 40):
        assert record["gap"] == (None if record["n"] is None else 60 * record["n"])


def test_a_record_that_is_looked_up_is_as_far_back_as_its_own_says() -> None:
    number_ = {"name": "k", "type": "counter"}
    before = {"name": "b", "type": "lookup", "emitter": "e", "dimension": "k", "distribution": BY_N}
    for record in records_of(world(N, number_, before), 40)[5:]:
        assert record["b"] == (None if record["n"] is None else record["k"] - 1 - record["n"])


def test_a_signal_goes_the_steps_of_its_records_and_rests_where_there_is_none() -> None:
    states = [state("s", "s", delay=constant(1))]
    level = {"name": "f", "type": "signal", "start": 0, "step": BY_N}
    at: float | None = None
    for record in records_of(world(N, level, states=states, max_workers=1, gap=1e6), 40):
        at = 0 if at is None else at + (record["n"] or 0)
        assert record["f"] == at


def test_an_item_is_null_whose_element_is_not_known() -> None:
    chosen = {"name": "f", "type": "list", "elements": [enum("a", "a"), enum("b", "b")]}
    chosen |= {"length_distribution": constant(2), "selection_distribution": BY_N}
    for record in records_of(world(N, chosen), 40):
        item = None if record["n"] is None else "abbb"[record["n"]]
        assert record["f"] == [item, item]


def test_a_list_that_is_too_long_ends_the_run_with_the_record() -> None:
    field = {
        "name": "f",
        "type": "rows",
        "table": "t",
        "length_distribution": {"type": "constant", "value": "n * 1000"},
    }
    with pytest.raises(
        RunFailed, match=r"making emitter/e/f: a length must not be above 1000, and is [23]000; the record"
    ):
        records_of(world(N, field, tables=TABLE), 60)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (constant("15M"), constant(900)),
        (constant("PT1H30M"), constant(5400)),
        (uniform("5M", "10M"), uniform(300, 600)),
        ({"type": "discrete", "values": ["1S", "2M"]}, {"type": "discrete", "values": [1, 120]}),
        (
            {"type": "scaled", "of": {"type": "exponential", "mean": "1H"}, "plus": "1M", "most": "1D"},
            {"type": "scaled", "of": {"type": "exponential", "mean": 3600}, "plus": 60, "most": 86400},
        ),
    ],
)
def test_where_seconds_are_drawn_numbers_may_be_durations(written: dict, plain: dict) -> None:
    def run(one: dict) -> list[dict]:
        moved = {"name": "later", "type": "now", "offset": one}
        return records_of(world(moved, states=[state("s", "s", delay=one)], gap=one), 50)

    assert run(written) == run(plain)


def test_a_time_may_be_moved_back_by_a_duration() -> None:
    earlier = {"name": "at", "type": "now", "offset": constant("-15M"), "format": "%H:%M"}
    assert records_of(world(earlier), 1)[0]["at"] == "23:45"
