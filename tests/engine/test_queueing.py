"""Resources against queueing theory, on a million arrivals each.

L. Kleinrock, Queueing Systems (1975 and 1976). Seeds are fixed. 3 % is three standard deviations or more of the mean
wait at a load of 0.8 and a squared coefficient of variation (scv) of the service of 1, or of 0.7 and 2.
"""

from math import factorial
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy.integrate import solve_ivp

import datagen
from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.moment import parse_moment
from tests.worlds import START, constant, exponential, uniform, world

ARRIVALS = 1_000_000
CLOSE = 0.03
WAITING = "waiting('desk')"
HYPER = {"type": "gamma", "shape": 0.5, "scale": 2}  # a mean of 1, and an scv of 2


class Steps(NamedTuple):
    """What the walk has done: one row for each entry of a worker into a state, in order; times in ns."""

    time: Integers
    worker: Integers
    step: Integers
    state: Integers
    ends: Integers  # when the worker stops; NEVER: it is still alive
    waited: Integers  # ns
    alive: Integers
    waiting: Integers  # for the desk


def desk(*states: dict, load: float = 0.8, capacity: int = 1, **keys: object) -> dict:
    """A world with a desk; workers come at random, as many as keep it busy for so much of the time, a second each."""
    fields = [{"name": name, "type": "expression", "value": name} for name in ("waited", "alive", WAITING, "born")]
    spec = world(*fields, states=list(states), resources={"desk": {"capacity": capacity}})
    del spec["interarrival"]
    return spec | {"arrivals": {"type": "poisson", "rate": load * capacity}} | keys


def served(service: dict, **keys: object) -> dict:
    return {"name": "served", "emitter": "e", "use": "desk", "delay": service, **keys}


def walked(spec: dict, steps: int = ARRIVALS, seed: int = 1) -> Steps:
    """Walk so many steps, or more."""
    walk, taken, made = Walk(Plan(datagen.load(spec).spec, parse_moment(START)), seed, NEVER), [], 0
    while made < steps and not walk.is_over:
        taken.append(walk.advance(NEVER))
        made += len(taken[-1])
    noted = {name: np.concatenate([each.noted[name] for each in taken]) for name in ("waited", "alive", WAITING)}
    time, worker, step, state = (
        np.concatenate([getattr(each, name) for each in taken]) for name in ("time", "worker", "step", "state")
    )
    stops = np.full(int(worker.max()) + 1, NEVER)
    for each in taken:
        stops[each.stops.worker] = each.stops.time
    waited = np.round(noted["waited"] * 1e9).astype(np.int64)
    return Steps(time, worker, step, state, stops[worker], waited, noted["alive"], noted[WAITING])


def measured(steps: Steps, capacity: int = 1) -> tuple[float, float, float]:
    """Return the mean wait (s), the mean number waiting, and the utilisation, where every step is at the desk."""
    span = int(steps.time[-1])
    stays = np.minimum(steps.ends, span) - steps.time
    line = mean_of_line(steps.time - steps.waited, steps.time)
    return steps.waited.mean() / 1e9, line, stays.sum() / span / capacity


def mean_of_line(begin: Integers, end: Integers) -> float:
    """Return how many are on the way from begin to end, on average up to the last end."""
    at = np.concatenate([begin, end])
    order = np.argsort(at, kind="stable")
    count = np.cumsum(np.repeat([1, -1], len(begin))[order])
    return float((count[:-1] * np.diff(at[order])).sum() / (at.max() - at.min()))


def erlang(load: float, servers: int) -> float:
    """Return the share of arrivals that wait, by the work that comes (A. K. Erlang, 1917)."""
    last = load**servers / factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize("servers", [1, 3, 10])
def test_the_line_of_many_servers_is_as_long_as_erlang_says(servers: int) -> None:
    """M/M/c: W = C(c, a) / (c mu - lambda), with a service of 1 s."""
    wait, line, busy = measured(walked(desk(served(exponential(1)), capacity=servers)), servers)
    expected = erlang(0.8 * servers, servers) / (servers - 0.8 * servers)
    assert wait == pytest.approx(expected, rel=CLOSE)
    assert line == pytest.approx(expected * 0.8 * servers, rel=CLOSE)
    assert busy == pytest.approx(0.8, rel=CLOSE)


@pytest.mark.parametrize(
    ("service", "load", "scv"),
    [(constant(1), 0.8, 0), (uniform(0, 2), 0.8, 1 / 3), (HYPER, 0.7, 2)],
    ids=["constant", "uniform", "gamma"],
)
def test_one_server_keeps_workers_waiting_as_pollaczek_and_khinchine_say(
    service: dict, load: float, scv: float
) -> None:
    """M/G/1: W = rho (1 + scv) / 2 (1 - rho), with a service of 1 s."""
    wait, line, busy = measured(walked(desk(served(service), load=load)))
    expected = load * (1 + scv) / (2 * (1 - load))
    assert wait == pytest.approx(expected, rel=CLOSE)
    assert line == pytest.approx(expected * load, rel=CLOSE)
    assert busy == pytest.approx(load, rel=CLOSE)


@pytest.mark.parametrize(("servers", "places"), [(1, 4), (3, 5)])
def test_a_line_with_an_end_turns_away_as_many_as_the_formula_says(servers: int, places: int) -> None:
    """M/M/c/K: births and deaths with p(n) ~ a^n / (n! or c! c^(n - c)) for n up to K."""
    ways = [{"next": "stop", "when": f"waiting('desk') >= {places - servers}"}, {"next": "served"}]
    at_door = {"name": "door", "emitter": "e", "ordered": True, "transitions": ways}
    steps = walked(desk(at_door, served(exponential(1)), capacity=servers), 2 * ARRIVALS)
    load = 0.8 * servers
    weights = [load**n / (factorial(min(n, servers)) * servers ** max(n - servers, 0)) for n in range(places + 1)]
    full = weights[-1] / sum(weights)
    line = sum((n - servers) * weight for n, weight in enumerate(weights) if n > servers) / sum(weights)
    is_served = steps.state == 1
    assert 1 - is_served.sum() / (~is_served).sum() == pytest.approx(full, rel=CLOSE)
    assert steps.waited[is_served].mean() / 1e9 == pytest.approx(line / (load * (1 - full)), rel=CLOSE)


def test_two_priorities_wait_as_long_as_cobham_says() -> None:
    """M/M/1 without pre-emption: W(k) = W0 / (1 - s(k - 1)) (1 - s(k)), W0 = lambda E[S²] / 2 (A. Cobham, 1954)."""
    states = [served(exponential(1), name=str(k), use={"resource": "desk", "priority": k}) for k in range(2)]
    sources = [{"name": str(k), "type": "poisson", "rate": 0.4, "state": str(k)} for k in range(2)]
    steps = walked(desk(*states, arrivals=sources))
    for k, expected in enumerate((0.8 / (1 - 0.4), 0.8 / (1 - 0.4) / (1 - 0.8))):
        assert steps.waited[steps.state == k].mean() / 1e9 == pytest.approx(expected, rel=CLOSE)


def test_who_loses_patience_leaves_as_often_as_palm_says() -> None:
    """M/M/c+M: births and deaths with rates lambda and min(n, c) mu + max(n - c, 0) theta (C. Palm, 1957)."""
    patience, servers, rate = 2.0, 3, 3.0
    lost = {"name": "lost", "emitter": "e"}
    spec = desk(served(exponential(1), timeout={"after": exponential(patience), "next": "lost"}), lost)
    spec |= {"resources": {"desk": {"capacity": servers}}, "arrivals": {"type": "poisson", "rate": rate}}
    steps = walked(spec)
    weights = [1.0]
    for n in range(1, 100):
        weights.append(weights[-1] * rate / (min(n, servers) + max(n - servers, 0) / patience))
    line = sum((n - servers) * weight for n, weight in enumerate(weights) if n > servers) / sum(weights)
    assert (steps.state == 1).mean() == pytest.approx(line / patience / rate, rel=CLOSE)


@pytest.mark.parametrize(("machines", "repairers"), [(5, 1), (12, 2)])
def test_machines_wait_for_a_repairer_as_long_as_palm_says(machines: int, repairers: int) -> None:
    """Machine repair: N machines break after 10 s, and a repair takes 2 s: births and deaths of a finite population."""
    states = [
        {"name": "runs", "emitter": "e", "delay": exponential(10), "next": "served"},
        served(exponential(2), next="runs"),
    ]
    spec = desk(*states, capacity=repairers, arrivals={"type": "at_start", "total": machines})
    steps = walked(spec, 2 * ARRIVALS)
    weights = [1.0]
    for n in range(machines):
        weights.append(weights[-1] * (machines - n) / 10 / (min(n + 1, repairers) / 2))
    chances = np.array(weights) / sum(weights)
    down = np.arange(machines + 1)
    breaks = (chances * (machines - down) / 10).sum()
    line = (chances * np.maximum(down - repairers, 0)).sum()
    is_repair = steps.state == 1
    assert is_repair.sum() / (steps.time[-1] / 1e9) == pytest.approx(breaks, rel=CLOSE)
    assert steps.waited[is_repair].mean() / 1e9 == pytest.approx(line / breaks, rel=CLOSE)


def test_who_comes_at_random_finds_the_mean_line() -> None:
    """Poisson arrivals see time averages (R. Wolff, 1982): what `waiting` says is what the waits add up to."""
    steps = walked(desk({"name": "comes", "emitter": "e", "next": "served"}, served(exponential(1))), 2 * ARRIVALS)
    seen = steps.waiting[steps.state == 0].mean()
    is_served = steps.state == 1
    line = mean_of_line((steps.time - steps.waited)[is_served], steps.time[is_served])
    assert seen == pytest.approx(0.8**2 / 0.2, rel=CLOSE)
    assert seen == pytest.approx(line, rel=0.01)


def test_the_integral_of_the_number_alive_is_the_sum_of_the_stays_to_the_nanosecond() -> None:
    states = [
        {"name": "comes", "emitter": "e", "next": "served"},
        served(exponential(1), next="gone", timeout={"after": exponential(5), "next": "gone"}),
        {"name": "gone", "emitter": "e"},
    ]
    steps = walked(desk(*states, load=1.1, capacity=3))
    window = int(steps.time[-1])
    born, left = steps.time[steps.step == 0], steps.time[steps.state == 2]
    cut = steps.worker[steps.step == 0].size - len(left)
    stays = int(left.sum()) + cut * window - int(born.sum())
    is_first = np.diff(steps.time, prepend=-1) > 0  # at its instant; up to it so many were alive without it
    alive = (steps.alive - (steps.step == 0))[is_first]
    assert int((alive * np.diff(steps.time[is_first], prepend=0)).sum()) == stays


def test_with_a_profile_the_number_alive_follows_the_equations_of_birth_and_death() -> None:
    """M(t)/M/2: A. Kolmogorov's forward equations, solved over ten periods, against means of 11,900 periods."""
    period, amplitude, load, service, most = 7200, 0.8, 0.7, 120, 80
    profiles = {"wave": {"type": "sine", "period": period, "amplitude": amplitude}}
    arrivals = {"type": "poisson", "rate": 2 * load / service, "profile": "wave"}
    steps = walked(desk(served(exponential(service)), capacity=2, profiles=profiles, arrivals=arrivals))

    def change(time: float, share: np.ndarray) -> np.ndarray:
        """Return how the shares of the numbers of workers (most,) change a second."""
        come = 2 * load / service * (1 + amplitude * np.sin(2 * np.pi * time / period)) * share[:-1]
        leave = np.minimum(np.arange(1, most), 2) / service * share[1:]
        return np.diff(leave - come, prepend=0, append=0)

    phases = np.arange(0, period, 120)
    nobody = np.eye(1, most)[0]
    solved = solve_ivp(change, (0, 10 * period), nobody, t_eval=9 * period + phases, rtol=1e-8, atol=1e-10)
    expected = np.arange(most) @ solved.y
    periods = np.arange(10, steps.time[-1] // (period * 10**9))
    at = ((periods[:, None] * period + phases) * 10**9).ravel()
    came, left = (np.searchsorted(np.sort(times), at) for times in (steps.time - steps.waited, steps.ends))
    found = (came - left).reshape(-1, len(phases)).mean(axis=0)
    assert expected.max() > 5 * expected.min()
    assert found == pytest.approx(expected, abs=CLOSE * expected.max())


def test_no_resource_is_ever_used_beyond_its_capacity() -> None:
    """Counted by DuckDB: at every instant, over all intervals [begin, end) of use, in a million records."""
    capacities = {"desk": 3, "hall": 5, "lift": 2}
    uses = {"a": {"desk": 1}, "b": {"hall": 2, "lift": 1}, "c": {"desk": 2, "hall": 1}}
    states = []
    for name, next_ in zip(uses, ("b", "c", "stop"), strict=True):
        asked = [{"resource": of, "units": n, "priority": "0 - born % 3"} for of, n in uses[name].items()]
        timeout = {"after": exponential(6), "next": next_}
        states.append({"name": name, "emitter": "e", "use": asked, "timeout": timeout, "delay": exponential(0.3)})
        states[-1]["next"] = f"{name} done"
        states.append({"name": f"{name} done", "emitter": "e", "next": next_})
    spec = desk(*states, arrivals={"type": "poisson", "rate": 2})
    steps = walked(spec | {"resources": {name: {"capacity": units} for name, units in capacities.items()}})
    rows = pa.table({name: getattr(steps, name) for name in ("time", "worker", "step", "state")})
    asked = pa.Table.from_pylist(
        [{"state": 2 * k, "resource": of, "units": n} for k, each in enumerate(uses.values()) for of, n in each.items()]
    )
    base = duckdb.connect()
    base.register("rows", rows)
    base.register("asked", asked)
    found = base.execute(
        """with used as (select *, lead(time) over (partition by worker order by step) as until from rows),
        changes as (
            select resource, time as moment, units from used join asked using (state)
            union all select resource, until, -units from used join asked using (state) where until is not null),
        at_once as (select resource, moment, sum(units) as units from changes group by all),
        taken as (select resource, sum(units) over (partition by resource order by moment) as units from at_once)
        select resource, max(units) from taken group by 1"""
    ).fetchall()
    assert dict(found) == capacities
