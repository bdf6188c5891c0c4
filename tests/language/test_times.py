"""Mistakes in profiles and incidents: each with its place and what was expected, all at once."""

import re
from typing import Any

import jsonschema
import pytest

import datagen
from datagen.language.schema import examples, schema
from datagen.plugin.registry import Registry
from tests.worlds import constant, integer, uniform, world, write_json

PEAK = {"hour": 1, "sigma": 1, "weight": 1}
INCIDENT = {"from": "+1H", "until": "+2H"}


def problems(**keys: Any) -> list[str]:
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(world(integer("v", uniform(0, 9)), **keys))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def kind(type_: str, **keys: Any) -> dict:
    return {"type": type_, **{key.rstrip("_"): value for key, value in keys.items()}}


PROFILES = [
    (-1, "", "must lie between 0 and 1000000, found -1"),
    (True, "", "must be an object with a type, found true"),
    ([], "", "must not be empty"),
    ([1, "b"], "[1]", 'unknown profile "b"; known: p'),
    ("p", "", 'profile "p" is made of itself'),
    (kind("growht"), ".type", 'unknown profile type "growht"; did you mean "growth"?'),
    (kind("hour_of_day", factors={"24": 1}), ".factors.24", 'must be a number from 0 to 23, found "24"'),
    (kind("hour_of_day", factors={"3": -1}), ".factors.3", "must be a number from 0 to 1000000, found -1"),
    (kind("hour_of_day", factors={}), ".factors", "must not be empty"),
    (kind("hour_of_day", factors={"_": 0}), ".factors", "must not be empty"),
    (kind("hour_of_day", factors=[1, 2]), ".factors", "must have 24 members, found 2"),
    (kind("day_of_month", factors={"0": 1}), ".factors.0", 'must be a number from 1 to 31, found "0"'),
    (kind("day_of_week", factors={"sun": 1, "7": 2}), ".factors.7", 'is the same as "sun"'),
    (kind("day_of_week", factors={"munday": 1}), ".factors.munday", 'unknown day "munday"; did you mean "sunday"?'),
    (
        kind("hour_of_day", factors={"1": 1}, timezone="Europe/Berln"),
        ".timezone",
        'unknown time zone "Europe/Berln"; did',
    ),
    (kind("between", from_="9:00", until="12:00", factor=1), ".from", "must be a time of day such as 09:00"),
    (kind("between", from_="09:00", until="24:01", factor=1), ".until", "must be a time of day such as 09:00"),
    (kind("between", from_="09:00", until="09:00", factor=1), "", '"from" and "until" must differ'),
    (kind("peaks", days={}), ".days", "must not be empty"),
    (kind("peaks", days={"0": [PEAK]}), ".days.0", 'unknown day "0"; days are 1 to 7'),
    (kind("peaks", days={"1": [PEAK | {"sigma": 0}]}), ".days.1[0].sigma", "must be greater than 0"),
    (kind("peaks", days={"1": [PEAK], "mon": [PEAK]}), ".days.mon", 'is the same as "1"'),
    (kind("sine", period=599, amplitude=1), ".period", "must be at least 10 minutes, found 599 seconds"),
    (kind("sine", period=600, amplitude=1.1), ".amplitude", "must be less than or equal to 1"),
    (kind("jitter", low=0, high=1, each="9M"), ".each", "must be at least 10 minutes, found 540 seconds"),
    (kind("jitter", low=2, high=1, each="1H"), "", '"low" (2) must not be above "high" (1)'),
    (kind("points", values=[["+2H", 1], ["+1H", 1]]), ".values[1][0]", "must be later than the time before it"),
    (kind("points", values=[["+2H", 1], ["2024-01-01", 1]]), ".values", "all times must be of one form"),
    (kind("points", values=[["soon", 1]]), ".values[0][0]", "must be an ISO 8601 time or an offset from the start"),
    (kind("steps", values=[]), ".values", "must be a list of pairs"),
    (kind("steps", values=[["+1H"]]), ".values[0]", "must be a time and a factor"),
    (kind("steps", values=[["+1H", 1], ["+3H", 1]], repeat="2H"), ".repeat", "must be longer than from the first time"),
    (kind("growth", per=0, factor=1), ".per", "must be longer than 0"),
    (kind("growth", per=1, factor=0), ".factor", "must be greater than or equal to"),
    (kind("holidays", country="Germany", factor=1), ".country", 'unknown country "Germany"'),
    (kind("holidays", country="DE", region="XX", factor=1), ".region", 'unknown region "XX"'),
    (kind("during", incident="out", factor=1), ".incident", 'unknown incident "out"; did you mean "outage"?'),
]


@pytest.mark.parametrize(("profile", "place", "text"), PROFILES)
def test_a_wrong_profile_is_refused_where_it_is_wrong(profile: Any, place: str, text: str) -> None:
    found = problems(profiles={"p": profile, "_comment": 1}, incidents={"outage": INCIDENT})
    assert len(found) == 1
    assert found[0].startswith(f"profiles.p{place}: {text}")


INCIDENTS = [
    ({"from": "+2H", "until": "+1H"}, "", '"until" must be after "from"'),
    ({"from": "+2H", "until": "+2H"}, "", '"until" must be after "from"'),
    ({"from": "+2H"}, ".until", '"until" is required'),
    ([{"from": "+1H", "until": "+2H"}, {"from": "soon", "until": "+2H"}], "[1].from", "must be an ISO 8601 time"),
    ([], "", "must not be empty"),
    (3, "", "must be an object with from and until (or every and lasts), or a list, found 3"),
    ({"every": constant(0), "lasts": constant(0)}, "", '"every" and "lasts" are always 0'),
    ({"every": constant(1)}, ".lasts", '"lasts" is required'),
    ({"every": constant(1), "lasts": {"type": "constent"}}, ".lasts.type", "unknown distribution type"),
    ({"fron": "+1H", "until": "+2H"}, ".fron", 'unknown key "fron"; did you mean "from"?'),
]


@pytest.mark.parametrize(("incident", "place", "text"), INCIDENTS)
def test_a_wrong_incident_is_refused_where_it_is_wrong(incident: Any, place: str, text: str) -> None:
    found = problems(incidents={"x": incident, "_": None})
    assert any(line.startswith(f"incidents.x{place}: {text}") for line in found), found


def test_all_are_found_at_once() -> None:
    circle = {"a": ["b", 2], "b": "c", "c": ["a", "nobody", {"type": "sine", "period": 1, "amplitude": 1}]}
    found = problems(profiles=circle, incidents={"x": 3})
    assert len(found) == 4
    assert any(re.fullmatch(r'profiles\.a: profile "a" is made of itself \(a → b → c → a\)', line) for line in found)
    assert 'profiles.c[1]: unknown profile "nobody"; known: a, b, c' in found


def test_a_field_of_labels_needs_a_name_of_its_own() -> None:
    spec = world(integer("v", uniform(0, 9)), incidents={"x": INCIDENT})
    for name in ("v", "time"):
        spec["emitters"][0]["incidents"] = name
        with pytest.raises(datagen.InvalidInput, match=rf'emitters\[0\]\.incidents: there is a field "{name}" already'):
            datagen.load(spec)


def test_labels_without_incidents_are_warned_about() -> None:
    spec = world(integer("v", uniform(0, 9)))
    spec["emitters"][0]["incidents"] = "labels"
    assert 'emitters[0].incidents: the spec has no "incidents"' in str(datagen.load(spec).warnings[0])


def everything() -> dict:
    """A spec with all kinds of profiles and incidents, and comments among them."""
    kinds = Registry().of("profile").values()
    profiles = {kind.kind: example for kind in kinds for example in examples(kind)}
    incidents = {
        "_why": "of a test",
        "outage": INCIDENT,
        "two": [INCIDENT, {"from": "2024-01-01T05:00", "until": "+9H", "_": 1}],
        "drawn": {"every": constant(60), "lasts": constant(5)},
    }
    named = {
        **profiles,
        "_why": "of a test",
        "all": [*profiles, 0.5],
        "one": "all",
        "half": 0.5,
        "_nested": {"type": 3},
    }
    spec = world(integer("v", uniform(0, 9)), profiles=named, incidents=incidents)
    spec["emitters"][0]["incidents"] = "labels"
    return spec


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(Registry()))


def test_the_schema_takes_what_the_program_takes(validator) -> None:
    spec = everything()
    assert all("nothing in the spec uses" in warning.message for warning in datagen.load(spec).warnings)
    validator.validate(spec)


@pytest.mark.parametrize("profile", [-1, True, [], kind("growth", per=1), kind("sine", period=600, amplitude=2)])
def test_the_schema_refuses_a_profile_that_can_be_seen_to_be_wrong(validator, profile: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(everything() | {"profiles": {"p": profile}})


@pytest.mark.parametrize("incident", [3, [], {"from": "+1H"}, {"every": constant(1)}])
def test_the_schema_refuses_an_incident_that_can_be_seen_to_be_wrong(validator, incident: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(everything() | {"incidents": {"outage": incident}})


def warnings(**keys: Any) -> list[str]:
    return [f"{warning.path}: {warning.message}" for warning in datagen.load(world(**keys)).warnings]


@pytest.mark.parametrize(
    "use",
    [
        {"arrivals": {"type": "poisson", "rate": 1, "profile": [2, "p"]}},
        {
            "profiles": {"p": 1, "q": kind("during", incident="i", factor=0)},
            "arrivals": {"type": "poisson", "rate": 1, "profile": ["p", "q"]},
        },
        {"dimensions": [{"name": "x", "type": "expression", "value": "profile('p') + (incident(\"i\") ? 1 : 0)"}]},
        {"target": {"type": "stdout", "through": [{"type": "filter", "where": "profile( 'p' ) > 1"}]}},
    ],
    ids=str,
)
def test_what_something_uses_is_no_warning(use: dict) -> None:
    """The incident is a label of each."""
    spec = world(profiles={"p": 1}, incidents={"i": INCIDENT}) | use
    if "arrivals" in use:
        del spec["interarrival"]
    spec["emitters"] = [{"name": "e", "dimensions": use.pop("dimensions", []), "incidents": "labels"}]
    spec.pop("dimensions", None)
    assert [str(warning) for warning in datagen.load(spec).warnings] == []


def test_a_profile_or_an_incident_that_nothing_uses_is_told() -> None:
    assert warnings(profiles={"p": 1, "_note": "p"}, incidents={"i": INCIDENT}) == [
        'profiles.p: nothing in the spec uses profile "p"',
        'incidents.i: nothing in the spec uses incident "i"',
    ]


LATE = "2024-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"arrivals": {"type": "poisson", "rate": 100, "from": LATE, "until": "+1D"}}, "arrivals.until"),
        ({"incidents": {"i": {"from": "+1D", "until": "2024-01-01T23:00:00"}}}, "incidents.i.until"),
        ({"incidents": {"i": [INCIDENT, {"from": LATE, "until": "+1H"}]}}, "incidents.i[1].until"),
    ],
)
def test_an_end_before_the_begin_in_another_form_is_a_problem_once_the_start_is_known(keys: dict, path: str) -> None:
    spec = world() | keys
    if "arrivals" in keys:
        del spec["interarrival"]
    with pytest.raises(datagen.InvalidInput) as caught:
        list(datagen.records(spec, start="2024-01-01T00:00:00Z", records=1))
    [problem] = caught.value.problems
    assert (problem.path, problem.message[:31]) == (path, 'must be after "from", which is ')
    if "arrivals" in keys:
        assert list(datagen.records(spec, start="2024-01-01T00:00:01Z", duration="2D"))


@pytest.mark.parametrize(("until", "is_over"), [("2024-01-01T00:00:00Z", True), ("2024-01-01T00:00:01Z", False)])
def test_an_incident_that_is_over_before_the_start_is_told(tmp_path, command, until: str, is_over: bool) -> None:
    incidents = {
        "i": [
            {"from": "2023-01-01T00:00:00Z", "until": "2023-01-02T00:00:00Z"},
            {"from": "2023-05-01T00:00:00Z", "until": until},
        ]
    }
    spec = world(integer("v", uniform(0, 9)), incidents=incidents)
    spec["emitters"][0]["incidents"] = "labels"
    said = command("check", write_json(tmp_path / "s.json", spec), "-s", "2024-01-01T00:00:00Z").err
    assert ("incidents.i: is over before the run begins: it ends at 2024-01-01T00:00:00.000000Z" in said) == is_over
