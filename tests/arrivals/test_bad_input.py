"""What is wrong with a source of arrivals is said with its place, all at once, before anything runs."""

import pytest

from tests.worlds import constant, state

POISSON = {"type": "poisson", "rate": 1}
NAMED = POISSON | {"name": "a"}
EVERY = {"type": "every", "every": 60}
EVEN = {"type": "even"}
CRON = {"type": "cron", "expression": "0 0 * * *"}
PERIODIC = {"type": "periodic", "period": "1D", "multiplier": 3}
TIMES, REPLAY = {"type": "timestamps"}, {"type": "replay"}
STAGES = {"type": "stages", "stages": []}
SPEC = {"states": [state("s")], "emitters": [{"name": "e", "dimensions": []}]}
OUTAGE = {"incidents": {"outage": {"from": "+1H", "until": "+2H"}}}
TABLE = {"tables": {"t": {"columns": ["at", "n"], "rows": [["2024-01-01", 7], [None, 8]]}}}
NO_NAME = '"name" is required where there are several sources'


def spec_of(*sources: dict, **keys: object) -> dict:
    return SPEC | {"arrivals": list(sources)} | keys


def problems_of(generate, spec: dict) -> list[str]:
    """Return the path and text of each problem."""
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    return [line.split(": ", 1)[1] for line in outcome.err.splitlines()[:-1]]


@pytest.mark.parametrize(
    ("source", "path", "text"),
    [
        (CRON | {"expression": "0 0 31 2 *"}, "expression", "never matches"),
        (CRON | {"expression": "0 0 30 2 *"}, "expression", "never matches"),
        (CRON | {"expression": "61 * * * *"}, "expression", "not a cron expression: bad minute"),
        (CRON | {"expression": "* * *"}, "expression", "not a cron expression: wrong number of fields"),
        (CRON | {"expression": "@reboot"}, "expression", "not a cron expression"),
        (CRON | {"expression": " "}, "expression", "not a cron expression"),
        (CRON | {"expression": ""}, "expression", "must not be empty"),
        (CRON | {"timezone": "Europe/Berln"}, "timezone", 'unknown time zone "Europe/Berln"; did you mean'),
        (CRON | {"profile": 2}, "profile", 'unknown key "profile"'),
        (POISSON | {"profile": -1}, "profile", "must lie between 0 and"),
        (POISSON | {"profile": {"type": "hour_of_day", "factors": {"3": -1}}}, "profile.factors.3", "number from 0 to"),
        (POISSON | {"profile": "dya"}, "profile", 'unknown profile "dya"'),
        (POISSON | {"from": "+2H", "until": "+1H"}, "until", 'must be after "from"'),
        (POISSON | {"from": "+1H", "until": "+1H"}, "until", 'must be after "from"'),
        (POISSON | {"from": "2024-01-02T00:00:00Z", "until": "2024-01-02T00:00:00+01:00"}, "until", "must be after"),
        (POISSON | {"rate": 0}, "rate", "must be above 0"),
        (POISSON | {"rate": "0/s"}, "rate", "must be above 0"),
        (POISSON | {"rate": -1}, "rate", "must be above 0"),
        (POISSON | {"rate": "5/y"}, "rate", "or a rate such as 5/s"),
        (POISSON | {"state": "t"}, "state", 'unknown state "t"; known: s'),
        (POISSON | {"when_full": {"state": "t"}}, "when_full.state", 'unknown state "t"; known: s'),
        (POISSON | {"from": {"after": "b"}}, "from.after", 'unknown source "b"'),
        (NAMED | {"from": {"after": "a"}}, "from.after", "a source can't wait for itself"),
        (NAMED | {"until": {"after": "a"}}, "until.after", "a source can't wait for itself"),
        (POISSON | {"count": 0}, "count", "must be a whole number from 1 to 10000000, or a distribution, found 0"),
        (POISSON | {"count": 1.5}, "count", "must be a whole number or a distribution, found 1.5"),
        (POISSON | {"count": constant(0.7)}, "count", "is never above 0, so there would never be a worker"),
        (POISSON | {"most": 0}, "most", "must be greater than or equal to 1"),
        (POISSON | {"max_workers": 0}, "max_workers", "must be greater than or equal to 1"),
        (POISSON | {"rat": 1}, "rat", 'unknown key "rat"; did you mean "rate"?'),
        (EVERY | {"size": 0}, "size", "must be a whole number from 1 to 10000000"),
        (EVERY | {"size": 10**9}, "size", "must be a whole number from 1 to 10000000"),
        (EVERY | {"size": {"type": "exponential", "mean": 10**9}}, "size", "a length must not be above 10000000"),
        (EVERY | {"size": {"table": "x"}}, "size.table", 'unknown table "x"; known: t'),
        (EVERY | {"size": {"table": ""}}, "size.table", 'must be the name of a table, found ""'),
        (EVERY | {"size": {"table": "t", "most": 1}}, "size.most", 'unknown key "most"; known: table'),
        (EVERY | {"every": 0}, "every", "must be longer than 0"),
        (EVERY | {"times": 0}, "times", "must be greater than or equal to 1"),
        (EVERY | {"vary": {"low": 2, "high": 1}}, "vary", '"low" must not be above "high"'),
        (EVERY | {"vary": {"low": 0, "high": 0}}, "vary.high", "must be greater than 0"),
        (EVEN, "", 'needs either "rate" or "total"'),
        (EVEN | {"rate": 1, "total": 3, "until": "+1H"}, "", 'needs either "rate" or "total"'),
        (EVEN | {"total": 3}, "", '"total" needs an "until"'),
        (EVEN | {"rate": 3, "endpoint": True}, "", '"endpoint" needs a "total"'),
        ({"type": "at_start", "total": 0}, "total", "must be greater than or equal to 1"),
        ({"type": "timestamps", "values": []}, "values", "must not be empty"),
        ({"type": "timestamps", "values": ["+1H", "x"]}, "values[1]", "must be an ISO 8601 time or an offset"),
        (TIMES | {"table": "x", "column": "at"}, "table", 'unknown table "x"; known: t'),
        (TIMES | {"table": "t", "column": "a"}, "column", 'table "t" has no column "a"; did you mean "at"?'),
        (TIMES | {"table": "t", "column": "n"}, "column", 'row 1: must be a time in ISO 8601, found "7"'),
        (TIMES | {"table": "t", "column": "at"}, "column", "row 2: must be a time in ISO 8601, found null"),
        (TIMES | {"table": "t"}, "", '"column" is required with a "path" or a "table"'),
        (TIMES | {"table": "t", "values": ["+1H"]}, "", 'either "values", a "path" or a "table" is required'),
        (REPLAY | {"table": "x", "time": {"column": "at"}}, "table", 'unknown table "x"; known: t'),
        (REPLAY | {"table": "t", "time": {"column": "a"}}, "time.column", 'table "t" has no column "a"'),
        (REPLAY | {"table": "t", "time": {"column": "n"}}, "table", "no record has a time that can be read"),
        (REPLAY | {"table": "t", "time": {"patterns": [["x", "iso"]]}}, "time", '"column" is required with a "table"'),
        (REPLAY | {"time": {"column": "at"}}, "", 'either a "path" or a "table" is required'),
        (PERIODIC | {"multiplier": 0}, "multiplier", "must be greater than 0"),
        (PERIODIC | {"deviation": 2}, "deviation", "must be less than or equal to 1"),
        (STAGES, "stages", "must not be empty"),
        (STAGES | {"stages": [{"for": 1, "rate": 1, "alive": 1}]}, "stages[0]", 'needs either "rate" or "alive"'),
        ({"type": "incident", "incident": "outag"}, "incident", 'unknown incident "outag"; did you mean "outage"?'),
        ({"type": "poison"}, "type", 'unknown arrival type "poison"; did you mean "poisson"?'),
        ({"rate": 1}, "", '"type" is required'),
        (1, "", "must be an object with a type, found 1"),
    ],
)
def test_a_mistake_in_a_source_is_one_problem_at_its_place(generate, source: object, path: str, text: str) -> None:
    [problem] = problems_of(generate, spec_of(source, **OUTAGE, **TABLE))
    assert problem.startswith(f"arrivals[0]{'.' * bool(path)}{path}: ")
    assert text in problem


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SPEC, ['interarrival: "interarrival" is required, or "arrivals"']),
        (spec_of(), ["arrivals: must not be empty"]),
        (
            spec_of(POISSON, interarrival=constant(1)),
            ['interarrival: there can be either "interarrival" or "arrivals"; put it among these, with a name'],
        ),
        (SPEC | {"arrivals": None}, ["arrivals: must be an object with a type, found null"]),
        (spec_of(NAMED, NAMED), ['arrivals[1].name: the name "a" is taken already; names must be unique']),
    ],
)
def test_a_spec_has_an_interarrival_or_arrivals(generate, spec: dict, expected: list[str]) -> None:
    assert problems_of(generate, spec) == expected


def test_a_source_among_several_needs_a_name(generate) -> None:
    problems = problems_of(generate, spec_of(POISSON, NAMED, POISSON))
    assert [problem.split(": ")[0] for problem in problems] == ["arrivals[0]", "arrivals[2]"]
    assert all(NO_NAME in problem for problem in problems)


def test_sources_that_wait_for_each_other_are_named(generate) -> None:
    first, second = NAMED | {"from": {"after": "b"}}, POISSON | {"name": "b", "until": {"after": "a"}}
    expected = ["arrivals[0].from.after: sources wait for each other (a → b → a)"]
    assert problems_of(generate, spec_of(first, second)) == expected


def test_all_mistakes_are_said_at_once(generate) -> None:
    sources = [POISSON | {"rate": 0}, NAMED | {"state": "q"}, CRON | {"name": "c", "expression": "0 0 31 2 *"}]
    problems = problems_of(generate, spec_of(*sources, timezone="Mars"))
    paths = {problem.split(": ")[0] for problem in problems}
    assert paths == {"arrivals[0]", "arrivals[0].rate", "arrivals[1].state", "arrivals[2].expression", "timezone"}


@pytest.mark.parametrize(
    ("expression", "is_odd"),
    [("0 0 9 * * *", True), ("* * * * * *", False), ("0 9 * * 1 30", False), ("0 9 * * 1", False), ("@daily", False)],
)
def test_six_fields_that_can_be_read_in_two_ways_are_odd(generate, expression: str, is_odd: bool) -> None:
    outcome = generate(spec_of(CRON | {"expression": expression}), "--check")
    if expression.endswith("30"):
        assert outcome.code == 2
    text = 'arrivals[0].expression: its first field is read as seconds; say so, or that its last one is, with "seconds"'
    assert (text in outcome.err) == is_odd
    for seconds in ("first", "last"):
        said = generate(spec_of(CRON | {"expression": expression, "seconds": seconds}), "--check")
        assert said.code in (0, 2)
        assert text not in said.err
