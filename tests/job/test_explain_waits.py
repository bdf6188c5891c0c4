"""Explanations of specs whose workers share resources: waits by theory, and by a pilot that says so."""

import pytest

import datagen
from datagen.engine.expectation import Expectation
from tests.engine.test_queueing import desk, erlang, served, walked
from tests.worlds import constant, exponential, uniform, world, write_json

AGAIN = [{"next": "b", "probability": 0.5}, {"next": "stop", "probability": 0.5}]
LOST = {"name": "lost", "emitter": "e"}


def of_desk(spec: dict, **options: object) -> dict:
    return datagen.explain(spec, **options)["resources"]["desk"]


@pytest.mark.parametrize("servers", [1, 5])
def test_waits_are_those_of_erlang_where_workers_come_and_stay_at_random(servers: int) -> None:
    first = {"name": "first", "emitter": "e", "delay": uniform(1, 9), "next": "served"}
    found = datagen.explain(desk(first, served(exponential(1)), capacity=servers))
    wait = erlang(0.8 * servers, servers) / (servers - 0.8 * servers)
    assert found["resources"]["desk"] == {
        "capacity": servers,
        "utilisation": pytest.approx(0.8),
        "waiting": pytest.approx(0.8 * servers * wait),
        "wait_seconds": pytest.approx(wait),
        "grows": False,
        "how": "closed form",
    }
    assert found["states"]["served"]["seconds"] == pytest.approx(wait + 1)
    assert found["life"]["seconds"] == pytest.approx(5 + wait + 1)
    assert found["workers"]["alive"] == pytest.approx(0.8 * servers * (6 + wait))


def test_other_waits_are_measured_by_a_pilot() -> None:
    """As Pollaczek and Khinchine say: 2 s at a load of 0.8, here within the error of 100,000 arrivals."""
    found = datagen.explain(desk(served(constant(1))))
    assert found["resources"]["desk"]["how"] == "pilot"
    assert found["resources"]["desk"]["utilisation"] == pytest.approx(0.8, rel=0.05)
    assert found["resources"]["desk"]["wait_seconds"] == pytest.approx(2, rel=0.1)
    assert found["states"]["served"]["waits"] == pytest.approx(2, rel=0.1)
    assert found["records_per_second"]["mean"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    "spec",
    [
        desk(
            {"name": "comes", "emitter": "e", "next": "served"},
            served(exponential(1), timeout={"after": exponential(2), "next": "lost"}),
            LOST,
            load=1.1,
            capacity=2,
        ),
        desk(
            {"name": "tries", "emitter": "e", "delay": constant(1), "next": "served"},
            served(exponential(1), timeout={"after": constant(3), "next": "tries"}, next="lost"),
            LOST,
            load=0.6,
        ),
        desk(
            {"name": "door", "emitter": "e", "ordered": True}
            | {"transitions": [{"next": "stop", "when": "waiting('desk') >= 3"}, {"next": "served"}]},
            served(exponential(1)),
        ),
        desk(
            {"name": "takes", "emitter": "e", "acquire": "desk", "delay": uniform(0, 1), "next": "keeps"},
            {"name": "keeps", "emitter": "e", "delay": exponential(0.3), "next": "gone"},
            {"name": "gone", "emitter": "e", "release": "desk", "delay": exponential(3)},
        ),
    ],
    ids=["patience", "tries again", "short line", "held"],
)
def test_what_is_made_with_waits_is_that_of_a_long_run(spec: dict) -> None:
    found = datagen.explain(spec, max_workers=10_000)
    steps = walked(spec, 300_000, seed=9)
    seconds = steps.time[-1] / 1e9
    for number, state in enumerate(found["states"].values()):
        assert state["per_second"] == pytest.approx((steps.state == number).sum() / seconds, rel=0.02)
    is_one = 1  # of them: who comes at random sees the mean, and counts himself
    assert found["workers"]["alive"] == pytest.approx(steps.alive[steps.step == 0].mean() - is_one, rel=0.05)


def test_machines_and_their_repairer_are_a_fleet() -> None:
    """Machine repair with 5 machines: 0.358 breakdowns a second, which keep the repairer busy for 72 % of the time."""
    states = [
        {"name": "runs", "emitter": "e", "delay": exponential(10), "next": "served"},
        served(exponential(2), next="runs"),
    ]
    found = datagen.explain(desk(*states, arrivals={"type": "at_start", "total": 5}))
    assert found["states"]["runs"]["per_second"] == pytest.approx(0.358, rel=0.02)
    assert found["resources"]["desk"]["utilisation"] == pytest.approx(0.717, rel=0.05)


def test_a_line_without_end_is_told(command, tmp_path) -> None:
    spec = desk(served(constant(1)), load=1.25)
    said = command("explain", write_json(tmp_path / "spec.json", spec), "-m", "1000000").out
    assert "line       desk: more is asked of it than there is, so those who wait are more and more" in said
    found = datagen.explain(spec, max_workers=10**6)
    assert found["records_per_second"]["mean"] == pytest.approx(1, rel=0.02)  # no more than the desk can do
    assert found["workers"]["alive_without_limit"] is None
    assert datagen.explain(spec, max_workers=50)["workers"]["alive"] == pytest.approx(50, rel=0.01)


def test_who_gives_up_does_not_make_a_line_without_end() -> None:
    spec = desk(served(constant(1), timeout={"after": constant(20), "next": "stop"}), load=1.25)
    assert not of_desk(spec)["grows"]


def test_resources_are_shown_to_people(command, tmp_path) -> None:
    said = command("explain", write_json(tmp_path / "spec.json", desk(served(exponential(1))))).out
    assert "waits      by the formula of M/M/c" in said
    assert "resource   capacity  in use  waiting  wait\ndesk              1   80.0%      3.2   4 s" in said


def test_where_nobody_waits_there_is_no_pilot() -> None:
    waiting = Expectation(datagen.load(world()).spec).waiting
    assert not waiting.is_measured
    assert not waiting.seconds.any()


def test_a_volume_is_reached_although_more_workers_wait_longer() -> None:
    """Who is served makes two records, and who gives up one."""
    states = [served(exponential(1), timeout={"after": constant(1), "next": "lost"}, next="lost"), LOST]
    spec = desk(*states, capacity=2) | {"volume": "3.5/s"}
    found = datagen.explain(spec)
    assert found["records_per_second"]["mean"] == pytest.approx(3.5, rel=0.01)
    scale = found["volume_scale"]["constant"]
    steps = walked(desk(*states, capacity=2, load=0.8 * scale), 200_000)
    assert len(steps.time) / (steps.time[-1] / 1e9) == pytest.approx(3.5, rel=0.02)


def test_a_volume_that_no_number_of_workers_makes_is_refused() -> None:
    with pytest.raises(datagen.InvalidInput, match="there is not enough of the resources"):
        datagen.explain(desk(served(constant(1))) | {"volume": "3/s"})


@pytest.mark.parametrize(
    ("waits", "message"),
    [
        ({"acquire": "desk", "delay": constant(1), "transitions": AGAIN}, 'asks for "desk", which it has already'),
        ({"acquire": "desk", "delay": constant(1), "next": "c"}, "nothing can happen any more; waiting are 1 worker"),
    ],
)
def test_where_a_pilot_can_not_go_on_that_is_told(waits: dict, message: str) -> None:
    states = [
        {"name": "a", "transitions": [{"next": "b", "probability": 0.5}, {"next": "d", "probability": 0.5}]},
        {"name": "b", "emitter": "e", **waits},
        {"name": "c", "emitter": "e", "use": "hall", "delay": constant(5)},
        {"name": "d", "acquire": "hall", "delay": constant(1), "next": "e"},
        {"name": "e", "emitter": "e", "use": "desk", "delay": constant(5)},
    ]
    spec = desk(*states) | {"resources": {"desk": {"capacity": 1}, "hall": {"capacity": 1}}, "max_workers": 2}
    with pytest.raises(datagen.RunFailed, match=message):
        datagen.explain(spec)


def test_what_the_numbers_do_not_count_with_is_told() -> None:
    kid = {"name": "kid", "emitter": "e", "delay": constant(1)}
    parent = {"name": "a", "emitter": "e", "use": "desk", "delay": constant(1), "spawn": [{"state": "kid"}]}
    resources = {"desk": {"capacity": 2, "capacity_profile": 1}}
    spec = world(states=[parent, kid], gap=constant(10), resources=resources, limit_profile=0.5)
    assert [text.split()[0] for text in datagen.explain(spec)["left_out"]] == [
        "limit_profile,",
        "capacity_profile",
    ]
    assert datagen.explain(world(states=[kid]))["left_out"] == []
    again = {"name": "a", "emitter": "e", "use": "desk", "transitions": [{"next": "a", "when": "steps < 3"}]}
    spec = world(states=[again | {"delay": constant(1)}], gap=constant(10), resources={"desk": {"capacity": 2}})
    assert datagen.explain(spec)["left_out"] == [
        "that a wait is no step: a pilot counts each, and each list, as one more of `steps`"
    ]


def test_a_capacity_that_follows_the_time_is_no_matter_of_theory() -> None:
    spec = desk(served(exponential(1)), capacity=2)
    spec["resources"]["desk"]["capacity_profile"] = 1
    assert of_desk(spec)["how"] == "pilot"
