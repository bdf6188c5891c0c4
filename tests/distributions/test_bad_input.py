"""What a distribution refuses, at the key that is wrong."""

import pytest
from pydantic import ValidationError

from tests.distributions.kinds import made
from tests.worlds import normal

CASES = [
    ({"type": "lognormal", "median": 1, "sigma": -1}, ("sigma",), "must be greater than or equal to 0"),
    ({"type": "lognormal", "sigma": 1}, (), 'either "median" or "mean" is required, and not both'),
    ({"type": "lognormal", "median": 1, "mean": 2, "sigma": 1}, (), 'either "median" or "mean" is required'),
    ({"type": "lognormal", "median": 1e300, "sigma": 20}, (), "its largest draws are beyond 1.8e308"),
    ({"type": "gamma", "shape": 0, "scale": 1}, ("shape",), "must be greater than or equal to 0.01"),
    ({"type": "beta", "a": 1, "b": 1e9}, ("b",), "must be less than or equal to 1000000"),
    ({"type": "weibull", "shape": 0.001, "scale": 1}, (), "its largest draws are beyond 1.8e308"),
    ({"type": "pareto", "min": 1, "alpha": 0.01}, (), "its largest draws are beyond 1.8e308"),
    ({"type": "pareto", "min": 0, "alpha": 1}, ("min",), "must be greater than 0"),
    ({"type": "triangular", "min": 3, "mode": 1, "max": 4}, (), '"min" (3), "mode" (1) and "max" (4) must ascend'),
    ({"type": "poisson", "mean": -1}, ("mean",), "must be greater than or equal to 0"),
    ({"type": "binomial", "n": 0, "p": 0.5}, ("n",), "must be greater than or equal to 1"),
    ({"type": "binomial", "n": 1, "p": 1.5}, ("p",), "must be less than or equal to 1"),
    ({"type": "geometric", "p": 0}, ("p",), "must be greater than 0"),
    ({"type": "zipf", "s": 1, "n": 0}, ("n",), "must be greater than or equal to 1"),
    ({"type": "zipf", "s": 1, "n": 10**7 + 1}, ("n",), "must be less than or equal to 10000000"),
    ({"type": "discrete", "values": []}, ("values",), "must not be empty"),
    ({"type": "discrete", "values": [1, 2], "weights": [1, -1]}, ("weights", 1), "must be greater than or equal to 0"),
    ({"type": "discrete", "values": [1, 2], "weights": [0, 0]}, ("weights",), "must not all be 0"),
    (
        {"type": "discrete", "values": [1, 2], "weights": [1]},
        ("weights",),
        "must be one for each of the 2 values, found 1",
    ),
    ({"type": "mixture", "of": []}, ("of",), "must not be empty"),
    (
        {"type": "mixture", "of": [normal(1, 1)], "weights": [1, 1]},
        ("weights",),
        "must be one for each of the 1 members, found 2",
    ),
    ({"type": "mixture", "of": [normal(1, 1), {"type": "nrmal"}]}, ("of", 1, "type"), 'did you mean "normal"?'),
    ({"type": "empirical"}, (), 'either "values" or "quantiles" is required, and not both'),
    ({"type": "empirical", "values": []}, ("values",), "must not be empty"),
    (
        {"type": "empirical", "quantiles": [[0, 1], [0.9, 2]]},
        ("quantiles",),
        "must begin with the share 0 and end with",
    ),
    (
        {"type": "empirical", "quantiles": [[0, 2], [1, 1]]},
        ("quantiles", 1, 1),
        "must not be below the one before it, 2",
    ),
    ({"type": "empirical", "quantiles": [[0, 2], [1]]}, ("quantiles", 1), "must not be"),
    ({"type": "scaled", "times": 2}, ("of",), '"of" is required'),
    ({"type": "scaled", "of": {"type": "poisson"}}, ("of", "mean"), '"mean" is required'),
    ({"type": "scaled", "of": normal(1e300, 1), "times": 1e10}, (), "its largest draws are beyond 1.8e308"),
]


@pytest.mark.parametrize(("described", "path", "message"), CASES, ids=str)
def test_a_problem_is_told_at_its_key(described: dict, path: tuple, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(described)
    [line] = caught.value.errors()
    assert line["loc"] == path
    assert message in line["msg"]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        made({"type": "empirical", "quantiles": [[0.1, 5], [0.05, 6], [0.9, 1]]})
    assert [line["loc"] for line in caught.value.errors()] == [("quantiles", 1, 0), ("quantiles", 2, 1), ("quantiles",)]


def test_a_tail_that_most_cuts_off_may_be_beyond_all_numbers() -> None:
    assert made({"type": "pareto", "min": 1, "alpha": 0.01, "most": 1e6}).mean_wait() < 1e6
