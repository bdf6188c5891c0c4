"""Makes up delays that follow from the instant at which they begin, and puts them into specs.

A number by expression is held between bounds, so that it is right for every kind and no stay is very long.
"""

from hypothesis import strategies as st

Spec = dict

READ = ["visits", "steps", "age", "age / 3", "alive", "born % 3", "worker", "visits - 1.5", "0 / 0"]
OF_TIME = ["hour(time)", "weekday(time, 'Asia/Kolkata')", "second(time) / 7", "profile('wave')", "profile('day') * 2"]
PROFILES = [
    "wave",
    "day",
    ["wave", 3],
    0.5,
    {"type": "jitter", "low": 0.2, "high": 3, "each": "10M"},
    {"type": "points", "values": [["+0S", 0], ["+30S", 4], ["+2M", 0.5]]},
    {"type": "during", "incident": "outage", "factor": 0},
    [{"type": "hour_of_day", "factors": {"0": 3, "23": 0.1}, "timezone": "Europe/Berlin"}, "day"],
]
FORMS = [
    {"type": "constant", "value": 1},
    {"type": "exponential", "mean": 1},
    {"type": "uniform", "min": 0.25, "max": 1},
    {"type": "uniform", "min": -1, "max": 1},
    {"type": "normal", "mean": 1, "stddev": 0.5},
    {"type": "normal", "mean": 1, "stddev": 1},
    {"type": "exponential", "mean": 1, "most": 7},
    {"type": "lognormal", "median": 1, "sigma": 0.7, "most": 50},
    {"type": "weibull", "shape": 1.5, "scale": 1},
    {"type": "scaled", "of": {"type": "exponential", "mean": 2}, "times": 1, "plus": 0.2},
    {"type": "scaled", "of": {"type": "exponential", "mean": 1}, "times": 2, "plus": 1},
    {
        "type": "mixture",
        "of": [{"type": "constant", "value": 1}, {"type": "exponential", "mean": 2}],
        "weights": [3, 1],
    },
]


TIMETABLES = [
    {"type": "every", "every": "10S"},
    {"type": "every", "every": "7S", "size": 3, "first": "2S", "count": 2},
    {"type": "every", "every": "4S", "size": {"type": "uniform", "min": 0, "max": 3}, "vary": {"low": 0.5, "high": 2}},
    {"type": "every", "every": "3S", "size": 2, "profile": "wave", "count": 0},
    {"type": "even", "rate": "30/M", "profile": "day", "from": "+3S", "most": 40},
    {"type": "even", "total": 7, "until": "+90S", "endpoint": True},
    {"type": "timestamps", "values": ["+9S", "+3S", "+3S", "+1M"]},
    {"type": "timestamps", "values": ["+9S", "+3S", "+3S"], "count": {"type": "uniform", "min": 0, "max": 2}},
    {"type": "cron", "expression": "*/2 * * * *", "until": "+20M"},
    {"type": "cron", "expression": "*/3 * * * *", "count": 3},
    {"type": "incident", "incident": "outage", "at": "end"},
]


GIVEN: list[Spec] = [
    {},
    {"variables": [{"name": "line", "type": "int", "distribution": {"type": "uniform", "min": 0, "max": 99}}]},
    {
        "variables": [
            {"name": "line", "type": "enum", "values": [7, 9]},
            {"name": "late", "type": "expression", "value": "coalesce(late, 0) + second(time) + age"},
        ]
    },
    {"variables": [{"name": "line", "type": "constant", "value": 3}, {"name": "left", "type": "now"}]},
    {"variables": [{"name": "line", "type": "counter", "per": "worker", "reset": "line > 4"}]},
    {"variables": [{"name": "line", "type": "counter", "per": "worker", "percent_nulls": 20}]},
    {"variables": [{"name": "line", "type": "counter", "when": "age > 5"}]},
]


def reads_itself(given: Spec) -> bool:
    fields = given.get("variables", [])
    return any(field["name"] in f"{field.get('value')} {field.get('reset')}" for field in fields)


def timetable(draw: st.DrawFn, *, sums: bool) -> Spec:
    """Make a delay that is over when the next worker of some sources would come; ``sums`` may be what they give."""
    gifts = [one for one in GIVEN if sums or not reads_itself(one)]
    found = draw(st.lists(st.sampled_from(TIMETABLES), min_size=1, max_size=3))
    found = [one | ({} if one.get("count") == 0 else draw(st.sampled_from(gifts))) for one in found]
    named = [one | {"name": name} for one, name in zip(found, ["b", "a/c", "Z"], strict=False)]
    return {"type": "next", "source": found[0] if len(found) == 1 and draw(st.booleans()) else named}


def number(draw: st.DrawFn, readable: list[str]) -> str:
    read = draw(st.sampled_from(readable))
    return f"({read} > 0.5 and {read} < 9 ? {read} : 0.75)"


def distribution(draw: st.DrawFn, readable: list[str]) -> Spec:
    """Make a delay some of whose numbers are expressions."""
    return with_expressions(draw, readable, draw(st.sampled_from(FORMS)))


def with_expressions(draw: st.DrawFn, readable: list[str], part: object) -> object:
    """Return a part of a distribution with expressions for each 1 in it."""
    if isinstance(part, dict):
        return {key: with_expressions(draw, readable, member) for key, member in part.items()}
    if isinstance(part, list):
        return [with_expressions(draw, readable, member) for member in part]
    return number(draw, readable) if part == 1 else part


def add_delays(draw: st.DrawFn, spec: Spec, times: Spec) -> None:
    """Let states of a spec stay as their numbers by expression, and profiles, say."""
    for key, named in times.items():
        spec[key] = named | spec.get(key, {})
    # What is set at birth and by a state can't be made of itself.
    sums = not any(source.get("variables") or source["type"] == "replay" for source in spec.get("arrivals", []))
    integers = [
        field["name"]
        for state in spec["states"]
        for field in state.get("variables", [])
        if field["name"] in "pqr" and field["type"] in ("int", "float")
    ]
    for state in spec["states"]:
        kind = draw(st.integers(0, 5))
        if kind >= 4:
            state["delay"] = timetable(draw, sums=sums)
        elif kind > 1:
            state["delay"] = distribution(draw, [*READ, *OF_TIME, *integers])
        if "delay" in state and state["delay"]["type"] != "next" and draw(st.booleans()):
            state["delay_profile"] = draw(st.sampled_from(PROFILES))
    given = {field["name"] for state in spec["states"] for field in given_in(state)}
    if "line" in given and draw(st.booleans()):
        for state in spec["states"]:
            read_line(state)
    for emitter in spec["emitters"]:
        fields = emitter.get("dimensions")
        if fields is not None and "text" not in emitter and "record" not in emitter:
            known = {field["name"] for field in fields}
            fields += [
                {"name": name, "type": "variable", "variable": name} for name in sorted(given) if name not in known
            ]


def read_line(state: Spec) -> None:
    """Let a state where one is given something be left as that says."""
    ways = state.get("transitions", [])
    if any(field["name"] == "line" for field in given_in(state)) and ways and not state.get("ordered"):
        state["transitions"] = [{"next": way["next"], "probability": 1} for way in ways]
        state["transitions"][0]["when"] = "line % 2 = 0 or line is null"


def given_in(state: Spec) -> list[Spec]:
    """Return the variables of the sources that a state waits for."""
    sources = state.get("delay", {}).get("source", [])
    return [
        field for one in (sources if isinstance(sources, list) else [sources]) for field in one.get("variables", [])
    ]
