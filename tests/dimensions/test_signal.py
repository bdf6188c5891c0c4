"""The field generator ``signal``: against the theory of walks, and what readings are made of."""

import re
from collections import defaultdict
from math import sqrt

import numpy as np
import pytest
from scipy import stats

import datagen
from datagen.problems import InvalidInput
from tests.worlds import constant, exponential, normal, records_of, state, uniform, world

ONE_LIFE = [state("s", delay=constant(1), to="s")]


def signal(**keys: object) -> dict:
    return {"name": "x", "type": "signal", "start": 0, **keys}


def readings(count: int = 20_000, spec: dict | None = None, **keys: object) -> np.ndarray:
    """The readings along the life of one worker, one a second."""
    made = world(signal(**keys), states=ONE_LIFE, gap=10**9, **(spec or {}))
    return np.array([record["x"] for record in records_of(made, count, max_workers=1)], float)


def test_a_walk_goes_a_step_with_every_value() -> None:
    x = readings(start=5, step=normal(0.25, 2))
    assert x[0] == 5
    assert stats.kstest(np.diff(x), stats.norm(0.25, 2).cdf).pvalue > 0.01


def test_with_a_reversion_it_is_an_autoregression_of_order_one() -> None:
    reversion, deviation = 0.2, 1.5
    x = readings(50_000, start=normal(7, 1), step=normal(0, deviation), mean=7, reversion=reversion)[100:]
    variance = deviation**2 / (1 - (1 - reversion) ** 2)
    effective = len(x) * reversion / (2 - reversion)  # independent values that tell as much of the mean
    assert abs(x.mean() - 7) < 4 * sqrt(variance / effective)
    assert x.var() == pytest.approx(variance, rel=0.05)
    for lag in (1, 2, 5):
        assert np.corrcoef(x[lag:], x[:-lag])[0, 1] == pytest.approx((1 - reversion) ** lag, abs=0.03)


def test_between_mirrors_all_places_become_equally_likely() -> None:
    x = readings(40_000, start=uniform(-1, 3), step=normal(0, 1), min=-1, max=3)
    assert -1 <= x.min() < x.max() <= 3
    assert stats.kstest(x[::20], stats.uniform(-1, 4).cdf).pvalue > 0.01


def test_a_mirror_gives_back_what_goes_beyond_it() -> None:
    assert readings(8, start=1, step=constant(2), min=0, max=4.5).tolist() == [1, 3, 4, 3, 4, 3, 4, 3]
    assert readings(4, start=1, step=constant(-2), min=0).tolist() == [1, 1, 1, 1]
    assert readings(4, start=9, step=constant(1), max=9.5).tolist() == [9, 9, 9, 9]


def test_a_wall_stops_it() -> None:
    assert readings(4, start=7, step=constant(2), max=10, bounds="clamp").tolist() == [7, 9, 10, 10]
    x = readings(5000, step=normal(0, 1), min=-1, max=1, bounds="clamp")
    assert {x.min(), x.max()} == {-1, 1}


def test_noise_is_not_kept_and_a_base_is_added() -> None:
    x = readings(start=3, noise=normal(0, 2), base="10 * second(time)")
    assert stats.kstest(x - 3 - 10 * (np.arange(len(x)) % 60), stats.norm(0, 2).cdf).pvalue > 0.01
    assert abs(np.corrcoef(x[60:] - x[:-60], np.arange(len(x) - 60))[0, 1]) < 0.03


def test_outliers_are_a_share_of_the_readings_and_leave_the_signal_as_it_was() -> None:
    keys = {"start": 50, "step": normal(0, 1), "min": 40, "max": 60}
    plain, odd = readings(**keys), readings(**keys, outliers={"share": 0.02, "factor": 3})
    is_odd = plain != odd
    assert (odd[is_odd] == plain[is_odd] * 3).all()
    assert stats.binomtest(int(is_odd.sum()), len(odd), 0.02).pvalue > 0.01


def test_outliers_may_be_labelled() -> None:
    odd = {"share": 0.1, "factor": 10, "label": "is_odd"}
    spec = world(signal(start=5, outliers=odd, percent_missing=30), states=ONE_LIFE, gap=10**9)
    records = records_of(spec, 1000, max_workers=1)
    assert [record["is_odd"] for record in records] == [record.get("x") == 50 for record in records]
    assert 40 < sum(record["is_odd"] for record in records) < 100


@pytest.mark.parametrize("label", ["x", "time", "odd", "i"])
def test_a_label_needs_a_name_of_its_own(generate, label: str) -> None:
    other = signal(outliers={"share": 0.1, "factor": 2, "label": "odd"}) | {"name": "y"}
    spec = world(other, signal(outliers={"share": 0.1, "factor": 2, "label": label}))
    spec["emitters"][0]["incidents"] = "i"
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert f'dimensions[1]: there is a field "{label}" already; give the label another name' in outcome.err


def test_only_a_field_of_a_record_has_a_label(generate) -> None:
    labelled = signal(outliers={"share": 0.1, "factor": 2, "label": "odd"})
    inside = {"name": "o", "type": "object", "dimensions": [labelled]}
    for spec in (world(inside), world(states=[state("s", variables=[labelled])])):
        outcome = generate(spec, "--check")
        assert outcome.code == 2
        assert "only a field of a record can have a label" in outcome.err


def test_incidents_disturb_readings_while_they_are_on() -> None:
    incidents = {"hot": {"from": "+10S", "until": "+20S"}, "stuck": {"from": "+15S", "until": "+30S"}}
    during = {"hot": {"times": 2, "shift": 100}, "stuck": {"stuck": True}}
    x = readings(40, {"incidents": incidents}, step=constant(1), during=during)
    assert x[:10].tolist() == [*range(10)]
    assert x[10:15].tolist() == [2 * n + 100 for n in range(10, 15)]
    assert set(x[15:30]) == {x[14]}
    assert x[30:].tolist() == [*range(30, 40)]


def test_noise_of_an_incident_is_only_there_while_it_is_on() -> None:
    incidents = {"shaky": {"from": "+1000S", "until": "+3000S"}}
    x = readings(4000, {"incidents": incidents}, start=5, during={"shaky": {"noise": normal(0, 3)}})
    assert set(x[:1000]) == set(x[3000:]) == {5}
    assert stats.kstest(x[1000:3000] - 5, stats.norm(0, 3).cdf).pvalue > 0.01


def test_every_worker_has_a_signal_of_its_own_over_all_windows() -> None:
    worker = {"name": "worker", "type": "expression", "value": "worker"}
    states = [state("s", {"s": 0.999, "stop": 0.001}, delay=exponential(1))]
    lives = defaultdict(list)
    for record in records_of(world(worker, signal(step=constant(1)), states=states, gap=0.1), 150_000):
        lives[record["worker"]].append(record["x"])
    assert all(life == [*range(len(life))] for life in lives.values())
    assert max(map(len, lives.values())) > 1000


def test_what_is_null_or_missing_is_no_step() -> None:
    spec = world(signal(step=constant(1), percent_missing=40), states=ONE_LIFE, gap=10**9)
    found = [record["x"] for record in records_of(spec, 500, max_workers=1) if "x" in record]
    assert found == [*range(len(found))]


def test_a_reading_is_null_where_its_base_is() -> None:
    found = [
        record["x"]
        for record in records_of(world(signal(base="1 / (second(time) % 2)"), states=ONE_LIFE, gap=10**9), 4)
    ]
    assert found == [None, 1, None, 1]


def test_a_variable_may_drift_and_several_emitters_read_it() -> None:
    shown = {"name": "x", "type": "variable", "variable": "x"}
    states = [state("a", "a", variables=[signal(step=constant(1), precision=0)], delay=constant(1))]
    assert [record["x"] for record in records_of(world(shown, states=states, gap=10**9), 5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"reversion": 0.1}, '.reversion: needs a "mean" to go back to'),
        ({"mean": 3}, '.mean: needs a "reversion", the share of the way that it goes back with every step'),
        ({"min": 3, "max": 2}, r".min: \(3\) must not be above the max \(2\)"),
        ({"base": "'x'"}, ".base: is no number"),
        ({"base": "tmie"}, '.base: "tmie" is not a dimension above, a variable or time'),
        ({"during": {"outgae": {"stuck": True}}}, 'during.*unknown incident "outgae"; did you mean "outage"'),
        ({"during": {"outage": {"shfit": 1}}}, r'during.outage.shfit: unknown key "shfit"; did you mean "shift"'),
        ({"start": "x"}, r'.start: must be an object with a type, found "x"'),
        ({"keyed_by": "worker"}, ".keyed_by: can't be where values are counted"),
    ],
)
def test_what_can_t_be_is_told_with_its_place(keys: dict, message: str, generate) -> None:
    spec = world(signal(**keys), incidents={"outage": {"from": "+1S", "until": "+2S"}})
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert re.search(message, outcome.err)


def test_a_signal_in_a_pool_has_no_worker() -> None:
    pool = {"name": "o", "type": "object", "cardinality": 3, "dimensions": [signal()]}
    with pytest.raises(InvalidInput, match=r"dimensions\[0\].dimensions\[0\]: can't be in a pool, which"):
        datagen.load(world(pool))


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        ({"start": 9, "max": 8}, ".start: can lie outside of the bounds, max 8, and is then moved inside"),
        ({"mean": 1, "reversion": 1}, ".reversion: brings the signal to its mean, and without a step or noise nothing"),
        ({"during": {"outage": {}}}, ".during.outage: changes nothing"),
    ],
)
def test_what_is_hardly_meant_is_told(keys: dict, warning: str) -> None:
    spec = world(signal(**keys), incidents={"outage": {"from": "+1S", "until": "+2S"}})
    assert any(warning in str(found) for found in datagen.load(spec).warnings)


@pytest.mark.parametrize("keys", [{}, {"min": 0}, {"max": 9}])
def test_a_start_without_an_end_is_outside_of_no_bounds_that_are_not_there(keys: dict) -> None:
    start = {
        "type": "normal",
        "mean": 5,
        "stddev": 1,
        **{{"min": "least", "max": "most"}[key]: keys[key] for key in keys},
    }
    assert not datagen.load(world(signal(start=start, **keys))).warnings
