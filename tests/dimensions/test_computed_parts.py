"""Distributions of fields with expressions inside: of mixtures, of what is scaled, in lists, as bounds."""

import numpy as np
import pytest
from scipy import stats

from datagen.plugin.computed import Computed
from datagen.problems import RunFailed
from tests.distributions.kinds import COUNTS, SMOOTH, named
from tests.worlds import constant, enum, exponential, normal, records_of, uniform, world

N = enum("n", 1, 2, 3, None)
ALL = [
    *((described, None) for described, _ in (*SMOOTH, *COUNTS)),
    (uniform(-3, 8), None),
    (normal(2, 3), None),
    (exponential(2), None),
    (constant(2.5), None),
    ({"type": "discrete", "values": [3, 7, 20.5], "weights": [1, 2, 0.5]}, None),
    ({"type": "empirical", "values": [4, 9, 1.5]}, None),
    ({"type": "empirical", "quantiles": [[0, 1], [0.7, 5], [1, 60]]}, None),
    (
        {
            "type": "mixture",
            "of": [normal(5, 1), uniform(0, 9), {"type": "zipf", "s": 1, "n": 5}],
            "weights": [5, 2, 3],
        },
        None,
    ),
    ({"type": "scaled", "of": {"type": "mixture", "of": [normal(5, 1), exponential(3)]}, "times": -2, "plus": 1}, None),
]


def quoted(part: object) -> object:
    """Return a distribution with each number as an expression."""
    if isinstance(part, dict):
        return {key: quoted(member) for key, member in part.items()}
    if isinstance(part, list):
        return [quoted(member) for member in part]
    return part if isinstance(part, str) else f"0 + {part}" if part >= 0 else f"0 - {-part}"


def field(distribution: object, kind: str = "float") -> dict:
    return {"name": "v", "type": kind, "distribution": distribution}


def drawn(distribution: object, count: int, *others: dict, kind: str = "float") -> list:
    return [record["v"] for record in records_of(world(*others, field(distribution, kind)), count)]


@pytest.mark.parametrize("described", [described for described, _ in ALL], ids=named(ALL))
def test_all_numbers_of_each_kind_may_be_expressions(described: dict) -> None:
    middle = float(np.median(drawn(described, 200)))
    for bounds in ({}, {"least": middle - 1}, {"most": middle + 1}):
        for kind in ("float", "int"):
            written = described | bounds
            assert drawn(quoted(written), 60, kind=kind) == drawn(written, 60, kind=kind)


def test_each_record_has_a_mixture_of_its_own() -> None:
    of = [{"type": "normal", "mean": "10 * n", "stddev": "n"}, {"type": "exponential", "mean": "n / 2"}]
    records = records_of(world(N, field({"type": "mixture", "of": of, "weights": ["n", 1]})), 12_000)
    assert {record["v"] for record in records if record["n"] is None} == {None}
    for n in (1, 2, 3):
        values = [record["v"] for record in records if record["n"] == n]

        def mixed(x: np.ndarray, n: int = n) -> np.ndarray:
            return (n * stats.norm(10 * n, n).cdf(x) + stats.expon(scale=n / 2).cdf(x)) / (n + 1)

        assert stats.kstest(values, mixed).pvalue > 0.001


def test_what_is_scaled_is_scaled_by_the_numbers_of_its_record() -> None:
    of = {"type": "gamma", "shape": "n", "scale": 2}
    records = records_of(world(N, field({"type": "scaled", "of": of, "times": "-n", "plus": "100 * n"})), 12_000)
    for n in (1, 2, 3):
        values = [(record["v"] - 100 * n) / -n for record in records if record["n"] == n]
        assert stats.kstest(values, stats.gamma(n, scale=2).cdf).pvalue > 0.001


def test_a_mixture_of_numbers_that_differ_in_each_record_is_right_in_all() -> None:
    x = {"name": "x", "type": "float", "distribution": uniform(1, 9)}
    of = [{"type": "normal", "mean": "x", "stddev": "x / 9"}, {"type": "uniform", "min": "-x", "max": 0}]
    records = records_of(world(x, field({"type": "mixture", "of": of, "weights": [3, 1]})), 8000)
    below = [-record["v"] / record["x"] for record in records if record["v"] <= 0]
    assert stats.kstest(below, stats.uniform.cdf).pvalue > 0.001
    above = [(record["v"] / record["x"] - 1) * 9 for record in records if record["v"] > 0]
    assert stats.kstest(above, stats.norm.cdf).pvalue > 0.001
    assert stats.binomtest(len(below), len(records), 0.25).pvalue > 0.001


IN_COLUMNS: list[tuple[str, dict]] = [
    ("float", {"type": "normal", "mean": "x", "stddev": "x / 4"}),
    ("int", {"type": "uniform", "min": "-x", "max": "1000 * x"}),
    ("decimal", {"type": "exponential", "mean": "x"}),
    ("int", {"type": "constant", "value": "x * 7"}),
    ("float", {"type": "lognormal", "median": "x", "sigma": "x / 9"}),
    ("int", {"type": "lognormal", "mean": "x", "sigma": 0.5}),
    ("timestamp", {"type": "uniform", "min": "time - 60 * x", "max": "time"}),
    ("timestamp", {"type": "normal", "mean": "time", "stddev": "60 * x"}),
    ("int", {"type": "mixture", "of": [uniform("x", "x + 2"), {"type": "zipf", "s": 1, "n": 5}, exponential("x")]}),
    ("float", {"type": "scaled", "of": {"type": "beta", "a": 2, "b": 5}, "times": "5 - x", "plus": 1}),
    ("float", {"type": "scaled", "of": {"type": "mixture", "of": [normal("x", 1), constant(9)]}, "times": "5 - x"}),
]


@pytest.mark.parametrize(("kind", "distribution"), IN_COLUMNS)
def test_what_is_drawn_in_columns_is_what_one_distribution_after_the_other_draws(
    kind: str, distribution: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record takes 1 µs of it in columns, and 20 to 80 else."""
    x = {"name": "x", "type": "float", "distribution": uniform(1, 9)}
    in_columns = drawn(distribution, 500, x, kind=kind)
    assert len(set(in_columns)) > 5
    monkeypatch.setattr(Computed, "_columnar", lambda *_: None)
    assert drawn(distribution, 500, x, kind=kind) == in_columns


def test_a_time_is_moved_by_steps_of_its_record_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    x = {"name": "x", "type": "float", "distribution": uniform(1, 9)}
    for offset in (uniform("-60 * x", "60 * x"), normal("x", "60 * x")):
        moved = world(x, {"name": "v", "type": "now", "step": 7, "offset": offset})
        in_columns = records_of(moved, 300)
        with monkeypatch.context() as patched:
            patched.setattr(Computed, "_columnar", lambda *_: None)
            assert records_of(moved, 300) == in_columns


def test_bounds_of_the_record_truncate() -> None:
    distribution = {"type": "normal", "mean": 0, "stddev": 2, "least": "-n", "most": "n"}
    records = records_of(world(N, field(distribution)), 8000)
    for n in (1, 2, 3):
        values = [record["v"] for record in records if record["n"] == n]
        assert stats.kstest(values, stats.truncnorm(-n / 2, n / 2, scale=2).cdf).pvalue > 0.001


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (
            {"type": "mixture", "of": [{"type": "normal", "mean": 1, "stddev": "3 - worker"}, constant(1)]},
            r"of\[0\].stddev: must be greater than or equal to 0, found -1; the record of 2024-01-01T00:00:04",
        ),
        (
            {"type": "mixture", "of": [constant(1), constant(2)], "weights": ["3 - worker", "0"]},
            "weights: must not all be 0; the record of 2024-01-01T00:00:03",
        ),
        (
            {"type": "scaled", "of": {"type": "uniform", "min": "worker", "max": 2}},
            r'of: "min" \(3\) must not be above "max" \(2\); the record of 2024-01-01T00:00:03',
        ),
        (
            {"type": "scaled", "of": {"type": "normal", "mean": "pow(10, 90 * worker)", "stddev": 1}, "times": 1e100},
            "its largest draws are beyond 1.8e308; .* the record of 2024-01-01T00:00:03",
        ),
        (
            {"type": "lognormal", "median": "pow(10, 90 * worker)", "sigma": "5 * worker"},
            "its largest draws are beyond 1.8e308; .* the record of 2024-01-01T00:00:03",
        ),
        ({"type": "lognormal", "median": 1, "mean": "worker + 1", "sigma": 1}, "either .* and not both; the record of"),
        ({"type": "exponential", "mean": "2 - worker"}, "mean: must be greater than 0, found 0; .*T00:00:02"),
        (
            {"type": "uniform", "min": 0, "max": 1, "least": "worker / 4"},
            "hardly one draw in four billion lies .*; the record of 2024-01-01T00:00:04",
        ),
    ],
)
def test_numbers_that_will_not_do_end_the_run_with_the_record(distribution: dict, text: str) -> None:
    with pytest.raises(RunFailed, match=f"making emitter/e/v: .*{text}"):
        drawn(distribution, 10)
