"""Makes up fields that look back at what was made before, and puts them into specs."""

from hypothesis import strategies as st

Spec = dict

PICKS: list[Spec] = [
    {"distribution": {"type": "exponential", "mean": 2}},
    {"distribution": {"type": "uniform", "min": 0, "max": 3}},
    {"distribution": {"type": "normal", "mean": 0.3, "stddev": 0.5}, "relative": True},
    {"distribution": {"type": "uniform", "min": 0, "max": "2 / (worker % 3)"}},
]
STARTS = [3, {"type": "uniform", "min": 0, "max": 9}, {"type": "uniform", "min": 0, "max": "9 / (worker % 3)"}]
DISTURBANCES: list[Spec] = [
    {"stuck": True},
    {"times": 2, "shift": -1},
    {"noise": {"type": "uniform", "min": 0, "max": 1}},
    {"noise": {"type": "uniform", "min": 0, "max": "1 / (worker % 3)"}},
]
DEFAULTS = [None, None, 0, "none", {"k": [1]}]
ECHOES = [
    "coalesce(previous(echo), 0.5) + coalesce(previous(pulse), 0)",
    "coalesce(previous(echo) * 3 - pulse, 1)",
    "pulse > 3 ? 0 : coalesce(previous(echo), 0) + visits",
    "(previous(echo) is null) or previous(pulse) > 2",
    "not coalesce(previous(echo), pulse > 2)",
    "previous(pulse) > 2 ? 'more' : coalesce(previous(echo), 'none')",
    "max(coalesce(previous(echo), 0), coalesce(pulse, 2))",
    "round(coalesce(previous(echo) / pulse, 8.0), 1)",
]
SUMS = ["coalesce(previous(sum), 0) + 1", "coalesce(previous(sum), other) - 3", "1"]


def add_memory(draw: st.DrawFn, spec: Spec) -> None:
    """Let fields of records, and variables, look back at those before of the same worker."""
    for number, state in enumerate(spec["states"]):
        if draw(st.integers(0, 2)) == 2:
            turn = [counting(draw, f"turn{number}"), signal(draw, f"turn{number}", [])]
            state["variables"] = [*state.get("variables", []), draw(st.sampled_from(turn))]
    for number, emitter in enumerate(spec["emitters"]):
        dimensions = emitter["dimensions"]
        if draw(st.booleans()):
            dimensions += looking_up(draw, spec["emitters"][number:])
            state = draw(st.sampled_from(spec["states"]))
            if draw(st.booleans()):
                found = lookup(draw, f"looked{number}", emitter["name"], draw(st.sampled_from(["key", ["who", "key"]])))
                state["variables"] = [*state.get("variables", []), found]
                dimensions.append({"name": "seen", "type": "variable", "variable": f"looked{number}"})
        known = [*(dimension["name"] for dimension in dimensions), "time", "chain"]
        if draw(st.booleans()):
            dimensions.append(counting(draw, "turn"))
        if draw(st.booleans()):
            dimensions.append(signal(draw, "level", [*spec.get("incidents", {})], is_labelled=True))
        fields = [former(draw, f"past{number}", known) for number in range(draw(st.integers(0, 2)))]
        for field in fields:
            dimensions.insert(draw(st.integers(0, len(dimensions))), field)
        dimensions.append(former(draw, "chain", ["chain", *(field["name"] for field in fields)]))
        if draw(st.booleans()):
            dimensions += running(draw, "time" not in known[:-2])


def counting(draw: st.DrawFn, name: str) -> Spec:
    """Make a field that counts for each worker, here and there inside of a list."""
    counter = {"name": name, "type": "counter", "per": "worker"}
    counter |= draw(st.sampled_from([{}, {"start": 3, "increment": -2}]))
    if draw(st.booleans()):
        counter["reset"] = draw(st.sampled_from(["worker % 2 = 0", "worker % 3 = 1"]))
    for key in ("percent_missing", "percent_nulls"):
        if draw(st.integers(0, 4)) == 4:
            counter[key] = 60
    lengths = {"type": "uniform", "min": 0, "max": 3}
    several = {"name": name, "type": "list", "elements": [counter], "length_distribution": lengths}
    others = [counter | {"name": "k"}, {"name": "l", "type": "constant", "value": 0}]
    choice = {"name": name, "type": "one_of", "of": others}
    return draw(st.sampled_from([counter, several, choice]))


def signal(draw: st.DrawFn, name: str, incidents: list[str], *, is_labelled: bool = False) -> Spec:
    """Make a signal, here and there inside of a list."""
    field: Spec = {
        "name": name,
        "type": "signal",
        "start": draw(st.sampled_from(STARTS)),
    }
    field |= draw(st.sampled_from([{}, {"mean": 4, "reversion": 0.3}, {"min": 2.5, "max": 4}, {"max": 5, "min": 1.5}]))
    choices: list[Spec] = [
        {"step": {"type": "normal", "mean": 0.1, "stddev": 2}},
        {"bounds": "clamp"},
        {"step": {"type": "normal", "mean": "1 / (worker % 3)", "stddev": 2}},
        {"noise": {"type": "exponential", "mean": 0.1}},
        {"noise": {"type": "exponential", "mean": "1 / (worker % 2)"}},
        {"outliers": {"share": 0.3, "factor": -2}},
        {"outliers": {"share": 0.3, "factor": -2, "label": "is_odd"}} if is_labelled else {},
        {"base": draw(st.sampled_from(["worker * 10", "worker / (worker % 2)", "worker + 0.5"]))},
        {"precision": 2},
        {"percent_nulls": 40},
        {"percent_missing": 40},
    ]
    for chosen in choices:
        field |= chosen if draw(st.booleans()) else {}
    for incident in incidents:
        field["during"] = {incident: draw(st.sampled_from(DISTURBANCES))}
    lengths = {"type": "uniform", "min": 0, "max": 3}
    several = {"name": name, "type": "list", "elements": [field], "length_distribution": lengths}
    return field if "label" in field.get("outliers", {}) else draw(st.sampled_from([field, field, several]))


def former(draw: st.DrawFn, name: str, of: list[str]) -> Spec:
    field = {"name": name, "type": draw(st.sampled_from(["previous", "Previous"])), "of": draw(st.sampled_from(of))}
    if (default := draw(st.sampled_from(DEFAULTS))) is not None:
        field["default"] = default
    inside = {"name": name, "type": "object", "dimensions": [field | {"name": "was"}]}
    field = draw(st.sampled_from([field, field, inside]))
    for key in ("percent_missing", "percent_nulls"):
        if draw(st.integers(0, 4)) == 4:
            field[key] = draw(st.sampled_from([5, 60]))
    return field


def looking_up(draw: st.DrawFn, emitters: list[Spec]) -> list[Spec]:
    """Make fields of the first of some emitters that look up records of these, also what is made of such fields."""
    own = emitters[0]["name"]
    id_ = {"name": "key", "type": "counter", "percent_nulls": draw(st.sampled_from([0, 0, 30]))}
    fresh = {"name": "fresh", "type": "int", "distribution": {"type": "uniform", "min": 0, "max": 5}}
    known = lookup(draw, "known", own, "who", in_circle=True)
    who = {"name": "who", "type": "one_of", "of": [known, fresh]}
    if draw(st.booleans()):
        who = {"name": "who", "type": "list", "elements": [known, fresh]}
    other = draw(st.sampled_from(emitters))
    names = ["key", "who"]
    if other is not emitters[0]:
        names = list({"time": 0} | {field["name"]: 0 for field in other["dimensions"]})
    several = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    found = lookup(draw, "found", other["name"], draw(st.sampled_from([several[0], several])))
    if other is emitters[0] and draw(st.booleans()):
        found["match"] = {"key": draw(st.sampled_from(["key - 1", "key / 2", "0"]))}
    return [id_, who, *draw(st.sampled_from([[], [found]]))]


def lookup(draw: st.DrawFn, name: str, emitter: str, dimension: object, *, in_circle: bool = False) -> Spec:
    field = {"name": name, "type": "lookup", "emitter": emitter, "dimension": dimension}
    field |= draw(st.sampled_from([{}, {"among": {"recent": 4}}, {"among": "all"}, {"among": "alive"}]))
    field |= draw(st.sampled_from([{}, *PICKS]))
    if not in_circle:
        field |= draw(st.sampled_from([{}, {"once": True}, {"as": "a"} if "among" not in field else {}]))
    for key in ("percent_missing", "percent_nulls"):
        if draw(st.integers(0, 4)) == 4:
            field[key] = 60
    return field


def running(draw: st.DrawFn, knows_time: bool) -> list[Spec]:
    """Make fields that are made of one another, in the record before."""
    total = {"name": "sum", "type": "expression", "value": draw(st.sampled_from(SUMS))}
    other = {"name": "other", "type": "expression", "value": "coalesce(previous(sum), 7) % 5"}
    gap = {"name": "gap", "type": "expression", "value": "time - previous(time)"}
    pulse = {
        "name": "pulse",
        "type": "int",
        "distribution": {"type": "uniform", "min": 0, "max": 5},
        "percent_nulls": 20,
    }
    echo = {"name": "echo", "type": "expression", "value": draw(st.sampled_from(ECHOES))}
    return draw(st.sampled_from([[*([gap] if knows_time else []), pulse, echo], [other, total]]))
