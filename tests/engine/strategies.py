"""Makes up small valid specs, and runs of them, for hypothesis.

What the contract refuses is kept out by construction or mended: a cycle of states that takes no time, a run that emits
nothing or only after very many steps, a variable that is set nowhere, a pool that can't be filled. Values of variables
grow at most by a constant with every step: a value made of other values reads only one variable, and only once.
"""

import json
import re

from hypothesis import strategies as st

from tests.engine.batches import add_beat, read_in_children
from tests.engine.children import add_children
from tests.engine.conditions import add_conditions
from tests.engine.delays import add_delays
from tests.engine.expressions import add_expressions, add_readings
from tests.engine.fleet import add_fleet
from tests.engine.gathering import add_gathering
from tests.engine.items import add_items
from tests.engine.looking_back import add_memory
from tests.engine.populations import add_populations
from tests.engine.recalling import add_recall
from tests.engine.resources import add_levels, add_notes, add_resources
from tests.engine.shared import add_shared
from tests.engine.tables import add_keys, add_tables
from tests.engine.whole_texts import add_objects, add_texts

Spec = dict  # a JSON object of the spec

PLAIN_VALUES = ["x", "", 'é"\\', "😀", 0, 1, -7, 0.5, 1e-9, 12345678.25, True, False, None]
ENUM_VALUES = [*PLAIN_VALUES, [], [1, [None]], {}, {"k": {"_": "v"}}]
DIMENSION_NAMES = ["a", "b", "id", "time", "__time", "u/v", "w~1", "x y", "ä", 'q"q', "e.f"]
STATE_NAMES = ["login", "Login", "pay/now", "end~"]
EMITTER_NAMES = ["click", "log/~x"]
VARIABLE_NAMES = ["v", "w", "x/y"]
CHARS = ["abcdefghij", "0123456789ABCDEF", 'é"\\\t😀-/{}&', "z"]
OFFSETS = ["Z", "+02:00", "-05:30"]
STARTS = [
    "2001-12-20T13:13:12.132",
    "2024-02-29T23:59:59.9996Z",
    "1969-12-31T23:59:59.5-08:00",
    "2020-01-01T00:00:00+05:30",
]
TIMES = ["1969-12-31T23:59:59.999", "2001-12-20T13:13:12.132", "2024-02-29T00:00:00", "2038-01-19T03:14:08.5"]
FEW_VALUES = ["enum", "bool", "constant", "counter"]  # those that no pool is made of
LEAVES = [*FEW_VALUES, "int", "float", "decimal", "string", "timestamp", "ipaddress", "token"]
WEIGHTS = [0, 1, 2.5, 1e-3, 1e17]
PERCENTS = [0, 5, 30.5, 60, 100]
MOST_STEPS_A_RECORD = 8


def constant(value: float | str) -> Spec:
    return {"type": "constant", "value": value}


def uniform(low: float | str, high: float | str) -> Spec:
    return {"type": "uniform", "min": low, "max": high}


def exponential(mean: float | str) -> Spec:
    return {"type": "exponential", "mean": mean}


def normal(mean: float | str, stddev: float) -> Spec:
    return {"type": "normal", "mean": mean, "stddev": stddev}


# Of the kinds that have a formula, on which the oracle stands.
LOGNORMAL = {"type": "lognormal", "median": 2, "sigma": 0.7, "most": 50}
ZIPF = {"type": "zipf", "s": 1.2, "n": 5, "first": 0}
SKEWED = [
    LOGNORMAL,
    {"type": "lognormal", "mean": 3, "sigma": 0.5, "least": 1},
    {"type": "weibull", "shape": 1.5, "scale": 2},
    {"type": "pareto", "min": 0.5, "alpha": 2, "most": 40},
    {"type": "triangular", "min": 0, "mode": 1, "max": 9},
    {"type": "empirical", "values": [3, 0.5, 8, 3]},
    {"type": "empirical", "quantiles": [[0, 1], [0.5, 2], [0.5, 4], [1, 30]]},
    {"type": "scaled", "of": exponential(2), "times": 0.5, "plus": 0.2},
    exponential(2) | {"least": 0.5, "most": 7},
    {"type": "mixture", "of": [LOGNORMAL, constant(0.5), uniform(3, 9)], "weights": [5, 1, 2]},
    {"type": "mixture", "of": [normal(3, 2), exponential(2), ZIPF], "least": 1, "most": 5.5},
]
COUNTS = [
    ZIPF,
    {"type": "geometric", "p": 0.6},
    {"type": "discrete", "values": [3, 0, 1], "weights": [1, 2, 5]},
    {"type": "mixture", "of": [uniform(0, 3), {"type": "geometric", "p": 0.5}]},
    {"type": "scaled", "of": {"type": "geometric", "p": 0.5}, "times": -1, "plus": 3, "least": 0},
]
REALS = [
    *map(constant, [0, 1, -2.5, 1e9, 0.1]),
    *[uniform(0, 1), uniform(-3.5, 100), uniform(7, 7), uniform(-1e6, 1e12)],
    *[exponential(1), exponential(0.001), exponential(12345.678)],
    *[normal(0, 1), normal(-2.5, 0), normal(1e5, 1e4), normal(0, 1e-3)],
    *SKEWED,
    *COUNTS,
]
WHOLES = [
    *map(constant, [0, 2.5, 3.5, -1, 2**31, -0.4]),
    *[uniform(0, 9), uniform(-5, 5), uniform(0.5, 9.2), uniform(3, 3), uniform(-(2**62), 2**62), uniform(0, 2**32)],
    *[exponential(4), exponential(1e6)],
    *[normal(0, 3), normal(100, 1e5), normal(4.5, 0)],
    *COUNTS,
]
WIDE_WHOLES = [uniform(0, 99), uniform(-1000, 1e6), uniform(0, 2**32 - 1), exponential(1e4), normal(0, 1e5)]
POSITIONS = [
    *map(constant, [0, 1, 2.9, -1, 50]),
    *[uniform(0, 1), uniform(0, 3), uniform(-1, 2), uniform(0.5, 1.5), exponential(1), exponential(0.2), normal(1, 1)],
    *COUNTS,
]
LENGTHS = [distribution for distribution in POSITIONS if distribution != constant(50)]
DELAYS = [
    *map(constant, [0, 0.5, 1, 0.25, -1, 3600]),
    *[uniform(0, 1), uniform(-1, 1), uniform(0.5, 0.5), uniform(-2, 0)],
    *[exponential(0.5), exponential(20), normal(1, 0.3), normal(0, 1), normal(0.5, 0), normal(0, 0)],
    *SKEWED[::2],
]
GAPS = [
    *map(constant, [1, 0.5, 0, 0.1, -3]),
    *[uniform(0, 1), uniform(-1, 1), uniform(0.5, 0.5)],
    *[exponential(1), exponential(0.05), exponential(60), normal(0, 1), normal(0.5, 0)],
    *SKEWED[::3],
]


TOKENS: list[Spec] = [
    *[{"type": "hex", "length": 5}, {"type": "hex", "length": 32}],
    *[{"type": "bytes", "length": length} for length in (2, 9, 24)],
    *[{"type": "uuid"}, {"type": "mac"}, {"type": "ipv6"}, {"type": "port"}],
    {"type": "ip_in", "networks": ["10.0.0.0/8", "2001:db8::/32", "::/64"], "weights": [2, 1, 0.5]},
    {"type": "ip_in", "networks": ["192.168.0.0/16"]},
    {"type": "partition", "total": "99.97", "parts": uniform(0, 4), "precision": 2},
    {"type": "partition", "total": "10", "parts": constant(3), "least": 2},
    {"type": "partition", "total": "decimal(100.01, 3)", "parts": uniform(0, 4), "least": 0.01},
    {"type": "partition", "total": "decimal(9.995, 3)", "parts": constant(2), "precision": 2},
    *[
        {"type": "regex", "pattern": pattern}
        for pattern in ("[A-Z]{3}-[0-9]{4}", "(a|b{1,3}|é?)+[^x]$", "^.*[a-c]{30}")
    ],
    {"type": "regex", "pattern": r"(x{2,}|\d{15,20}|foo|bar)+?", "most": 3},
]


# Of keys in a map; as a float is written as text, it is not for the oracle to know.
KEYS: list[Spec] = [
    {"type": "enum", "values": ["x", 'é"', 1, True, None, [1]]},
    *[{"type": "bool"}, {"type": "counter"}, {"type": "hex", "length": 1}],
]
KEY_GAPS: list[Spec] = [{}, {"percent_missing": 30}, {"percent_nulls": 30}]
# Texts with tokens, and what is put in their places, which is no token.
SAMPLES = [["@a @b1 @a", "@b2@b3", "nothing", ""], ["(@a)", "@b1 @a@a @b"], [1, None, "@b7"]]
TOKENS_IN_SAMPLES = ["@a", r"@b(\d)", r"@b\d?", "(?<=@)a", "^"]
PUT: list[Spec] = [
    *[{"type": "counter"}, {"type": "constant", "value": None}],
    {"type": "string", "chars": "01cdef", "length_distribution": constant(3)},
    *[
        {"type": "enum", "values": ["x\n", "é", '"'], "percent_missing": 30},
        {"type": "int", "distribution": uniform(0, 99)},
    ],
]


def rarely(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 9)) == 9


def spelled(draw: st.DrawFn, kind: str) -> str:
    return draw(st.sampled_from([kind.upper(), kind.capitalize()])) if rarely(draw) else kind


def one_of(draw: st.DrawFn, distributions: list[Spec]) -> Spec:
    distribution = dict(draw(st.sampled_from(distributions)))
    return distribution | {"type": spelled(draw, distribution["type"])}


def some(draw: st.DrawFn, names: list[str], least: int, most: int) -> list[str]:
    return draw(st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True))


def times(draw: st.DrawFn, wide: bool) -> Spec:
    """Make a distribution of a timestamp; ``wide`` ones give nearly always a different value."""
    early, late = draw(st.sampled_from(TIMES[:2])), draw(st.sampled_from(TIMES[2:]))
    first = draw(st.sampled_from(["", *OFFSETS]))
    second = first and draw(st.sampled_from(OFFSETS))
    kinds = [uniform(early + first, late + second), normal(early + first, 86400.5)]
    return one_of(draw, kinds if wide else [*kinds, constant(early + first), uniform(late + first, late + first)])


def leaf(draw: st.DrawFn, name: str, wide: bool) -> Spec:
    """Make a generator with nothing inside; ``wide`` ones give many different values."""
    kind = draw(st.sampled_from([kind for kind in LEAVES if kind not in FEW_VALUES] if wide else LEAVES))
    field: Spec = {"name": name, "type": spelled(draw, kind)}
    match kind:
        case "enum":
            field["values"] = draw(st.lists(st.sampled_from(ENUM_VALUES), min_size=1, max_size=4))
            match draw(st.integers(0, 2)):
                case 1:
                    field["cardinality_distribution"] = one_of(draw, POSITIONS)
                case 2:
                    field["weights"] = weights(draw, len(field["values"]))
        case "bool":
            field |= draw(st.sampled_from([{}, {"probability": 0.75}, {"probability": 1}]))
        case "constant":
            field["value"] = draw(st.sampled_from(ENUM_VALUES))
        case "int" | "ipaddress":
            field["distribution"] = one_of(draw, WIDE_WHOLES if wide else WHOLES)
        case "float":
            field["distribution"] = one_of(draw, [uniform(-3.5, 100), exponential(12.5)] if wide else REALS)
            if draw(st.booleans()):
                field["precision"] = draw(st.integers(1 if wide else 0, 6))
        case "decimal":
            field["distribution"] = one_of(draw, [uniform(-3.5, 100), exponential(12.5)] if wide else REALS)
            field["scale"] = draw(st.sampled_from([2, 6] if wide else [2, 2, 0, 4, 18]))
        case "string":
            field["length_distribution"] = one_of(draw, [constant(3), uniform(2, 5)] if wide else LENGTHS)
            if wide or draw(st.booleans()):
                field["chars"] = draw(st.sampled_from(CHARS[:3] if wide else CHARS))
        case "timestamp":
            field["distribution"] = times(draw, wide)
        case "token":
            token = draw(st.sampled_from(TOKENS))
            field |= token | {"type": spelled(draw, token["type"])}
        case "counter":
            field |= draw(st.sampled_from([{}, {"start": 5}, {"increment": -3}, {"start": -1, "increment": 10}]))
    return field


def weights(draw: st.DrawFn, size: int) -> list[float]:
    made = draw(st.lists(st.sampled_from(WEIGHTS), min_size=size, max_size=size))
    return made if any(made) else [*made[1:], 1]


def gaps_in(draw: st.DrawFn, field: Spec) -> Spec:
    """Let some of a generator's values be missing or null."""
    for key in ("percent_missing", "percent_nulls"):
        if draw(st.integers(0, 3)) == 3:
            field[key] = draw(st.sampled_from(PERCENTS))
    return field


def generator(draw: st.DrawFn, name: str, readable: list[str], depth: int) -> Spec:
    """Make any generator, with at most ``depth`` objects and lists around its leaves, that may read some variables."""
    nesting_kinds = ["object", "list", "one_of", "map", "replace"]
    kinds = ["leaf", "leaf", "pool"] + ["variable"] * bool(readable) + nesting_kinds * (depth > 0)
    match draw(st.sampled_from(kinds)):
        case "leaf":
            field = leaf(draw, name, wide=False)
        case "pool":
            field = pool(draw, name, depth)
        case "variable":
            field = variable(draw, name, readable)
        case "object":
            children = [generator(draw, child, readable, depth - 1) for child in some(draw, DIMENSION_NAMES, 1, 3)]
            field = nesting(draw, name, "object", children)
        case "map":
            keys = {"name": "k"} | draw(st.sampled_from([*KEYS, *RANGES])) | draw(st.sampled_from(KEY_GAPS))
            values = generator(draw, "v", readable, depth - 1)
            length = one_of(draw, LENGTHS)
            field = {"name": name, "type": "map", "keys": keys, "values": values, "length_distribution": length}
        case "replace":
            texts = (
                {"name": "in"}
                | {"type": "enum", "values": draw(st.sampled_from(SAMPLES))}
                | draw(st.sampled_from(KEY_GAPS))
            )
            rules = [
                {
                    "match": draw(st.sampled_from(TOKENS_IN_SAMPLES)),
                    "value": {"name": f"v{place}"} | draw(st.sampled_from(PUT)),
                }
                for place in range(draw(st.integers(1, 3)))
            ]
            field = {"name": name, "type": spelled(draw, "replace"), "in": texts, "with": rules}
            field |= {"in_turn": True} if draw(st.booleans()) else {}
        case "one_of":
            children = [generator(draw, child, readable, depth - 1) for child in some(draw, DIMENSION_NAMES, 1, 3)]
            field = {"name": name, "type": spelled(draw, "one_of"), "of": children}
            if draw(st.booleans()):
                field["weights"] = weights(draw, len(children))
        case _:
            children = [generator(draw, child, readable, depth - 1) for child in some(draw, DIMENSION_NAMES, 1, 3)]
            length = one_of(draw, LENGTHS) if draw(st.integers(0, 2)) else None
            field = nesting(draw, name, "list", children, length)
            if length and draw(st.booleans()):
                field["selection_distribution"] = one_of(draw, POSITIONS)
    return gaps_in(draw, field)


def variable(draw: st.DrawFn, name: str, readable: list[str]) -> Spec:
    return {"name": name, "type": spelled(draw, "variable"), "variable": draw(st.sampled_from(readable))}


def nesting(draw: st.DrawFn, name: str, kind: str, children: list[Spec], length: Spec | None = None) -> Spec:
    """Put children into an object or a list."""
    if kind == "object":
        return {"name": name, "type": spelled(draw, kind), "dimensions": children}
    return {"name": name, "type": spelled(draw, kind), "elements": children} | (
        {"length_distribution": length} if length else {}
    )


# Generators of four or five values, so that some pools use them up.
RANGES = [
    {"type": "int", "distribution": uniform(-1.5, 2)},
    {"type": "ipaddress", "distribution": uniform(2**32 - 2, 2**32 + 2)},
    {"type": "timestamp", "distribution": uniform("1969-12-31T23:59:59.998+01:00", "1970-01-01T00:00:00.002+01:00")},
    {"type": "string", "length_distribution": constant(2), "chars": "é/"},
]


def pool(draw: st.DrawFn, name: str, depth: int) -> Spec:
    """Make a generator with a small cardinality whose pool is soon filled: something in it takes many values."""
    kind = draw(st.sampled_from(["leaf", "range", "object", "list"] if depth else ["leaf", "range"]))
    if kind == "range":
        field = {"name": name} | draw(st.sampled_from(RANGES))
    elif kind == "leaf":
        field = leaf(draw, name, wide=True)
    else:
        first, *others = some(draw, DIMENSION_NAMES, 1, 3 if kind == "object" else 2)
        children = [leaf(draw, first, wide=True), *(generator(draw, other, [], depth - 1) for other in others)]
        field = nesting(draw, name, kind, children, one_of(draw, [constant(1), constant(2), uniform(1, 3)]))
    if kind in ("leaf", "range") or draw(st.booleans()):
        field["cardinality_distribution"] = one_of(draw, POSITIONS)
    return field | {"cardinality": draw(st.integers(1, 4))}


def setting(draw: st.DrawFn, name: str, readable: list[str]) -> Spec:
    """Make a generator of a variable: of its own, a copy of a variable, or something that holds one variable once."""
    kind = draw(st.sampled_from(["own", "own", "copy", "object", "list"]))
    if kind == "own":
        return generator(draw, name, [], depth=1)
    if kind == "copy":
        return gaps_in(draw, variable(draw, name, readable))
    inner = gaps_in(draw, variable(draw, "former", readable))
    if draw(st.booleans()):
        inner = gaps_in(draw, nesting(draw, "in", "list", [inner], one_of(draw, [constant(1), uniform(0, 1)])))
    children = draw(st.permutations([inner, gaps_in(draw, leaf(draw, "n", wide=False))]))
    return gaps_in(draw, nesting(draw, name, kind, children, one_of(draw, [constant(1), uniform(-1, 1)])))


def read_time(draw: st.DrawFn, part: object) -> None:
    """Let some generators read the record's time, which those in a pool can't."""
    if isinstance(part, dict) and not part.get("cardinality"):
        kind = str(part.get("type")).lower()
        if kind in ("uuid", "counter") and draw(st.booleans()):
            part |= {"version": 7} if kind == "uuid" else {"reset": "second(time) % 3 = 0"}
        for member in part.values():
            read_time(draw, member)
    for member in part if isinstance(part, list) else []:
        read_time(draw, member)


def transitions(draw: st.DrawFn, states: list[str]) -> list[Spec]:
    targets = some(draw, [*states, draw(st.sampled_from(["stop", "STOP", "Stop"]))], 1, 4)
    cuts = sorted(draw(st.sets(st.integers(1, 19), min_size=len(targets) - 1, max_size=len(targets) - 1)))
    probabilities = [round((high - low) / 20, 2) for low, high in zip([0, *cuts], [*cuts, 20], strict=True)]
    if rarely(draw):
        probabilities[0] = round(probabilities[0] - 0.004, 3)
    return [{"next": to, "probability": p} for to, p in zip(targets, probabilities, strict=True)]


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """Make up a valid spec with 1 to 4 states and 1 or 2 emitters."""
    names = some(draw, STATE_NAMES, 1, 4)
    settings = {name: some(draw, VARIABLE_NAMES, 0, 3) for name in names}
    readable = sorted({variable for variables in settings.values() for variable in variables})
    emitters = [
        {
            "name": emitter,
            "dimensions": [
                generator(draw, name, readable, depth=2)
                for name in some(draw, DIMENSION_NAMES, 0 if rarely(draw) else 1, 4)
            ],
        }
        for emitter in some(draw, EMITTER_NAMES, 1, 2)
    ]
    states = []
    for name in names:
        state: Spec = {"name": name, "transitions": transitions(draw, names)}
        if settings[name]:
            state["variables"] = [setting(draw, variable, readable) for variable in settings[name]]
        if draw(st.integers(0, 3)):
            state["emitter"] = draw(st.sampled_from(emitters))["name"]
        if draw(st.integers(0, 5)):
            state["delay"] = one_of(draw, DELAYS)
        states.append(state)
    spec = {"states": states, "emitters": emitters, "interarrival": one_of(draw, GAPS)}
    if draw(st.booleans()):
        add_expressions(draw, spec)
    if '"name": "time"' not in json.dumps(spec):
        read_time(draw, [spec["states"], spec["emitters"]])
    if draw(st.integers(0, 2)) == 2:
        add_tables(draw, spec)
        add_keys(draw, spec)
    mend_clock(spec)
    mend_silence(spec)
    return ({"$schema": "generator.json", "_comment": {"any": 1}} if rarely(draw) else {}) | spec


@st.composite
def crowds(draw: st.DrawFn) -> Spec:
    """Make up a spec of a place that is soon full: some workers stay long, and many newcomers stop at their birth."""
    leave = draw(st.sampled_from([0.2, 0.5, 0.8, 0.95]))
    first = {
        "name": "door",
        "emitter": "click",
        "transitions": [{"next": "inside", "probability": round(1 - leave, 2)}, {"next": "stop", "probability": leave}],
    }
    if draw(st.booleans()):
        first["delay"] = one_of(draw, [constant(0), constant(-1), uniform(-1, 1)])
    inside = {
        "name": "inside",
        "emitter": "click",
        "delay": one_of(draw, [constant(1), constant(60), exponential(20), uniform(0, 5)]),
        "transitions": [{"next": "inside", "probability": 0.7}, {"next": "stop", "probability": 0.3}],
    }
    gap = one_of(draw, [constant(0.1), constant(1), exponential(0.3), uniform(0, 1)])
    emitter = {"name": "click", "dimensions": [generator(draw, "a", [], depth=0)]}
    return {"states": [first, inside], "emitters": [emitter], "interarrival": gap}


def runs() -> st.SearchStrategy[dict]:
    """Make up the seed, start, limit and length of a run: the keyword arguments of ``simulate``."""
    return st.fixed_dictionaries(
        {
            "seed": st.integers(0, 2**64 - 1),
            "start": st.sampled_from(STARTS),
            "max_workers": st.sampled_from([1, 2, 3, 4, 5, 6, 100]),
            "records": st.sampled_from([1, 2, 5, 10, 20, 30, 40, 60]),
        }
    )


def takes_no_time(distribution: Spec | None) -> bool:
    """Say whether a delay or gap is always 0."""
    match distribution:
        case None:
            return True
        case {"value": value}:
            return value <= 0
        case {"max": high}:
            return high <= 0
        case {"stddev": stddev, "mean": mean}:
            return stddev == 0 and mean <= 0
    return False


def mend_clock(spec: Spec) -> None:
    """Give a delay to a state of every cycle without one, and to the first if most workers would stop at their birth.

    The latter only if there is no time between births either.
    """
    states = {state["name"]: state for state in spec["states"]}
    first = spec["states"][0]

    def next_timeless(name: str) -> list[str]:
        nexts = [transition["next"] for transition in states[name]["transitions"]]
        return [other for other in nexts if other in states and takes_no_time(states[other].get("delay"))]

    def reached_at_once(name: str) -> set[str]:
        reached, left = set(), next_timeless(name)
        while left:
            other = left.pop()
            if other not in reached:
                reached.add(other)
                left += next_timeless(other)
        return reached

    for name, state in states.items():
        if name in reached_at_once(name):
            state["delay"] = constant(0.5)

    def stops_at_once(name: str) -> float:
        if name not in states:
            return 1.0
        if not takes_no_time(states[name].get("delay")):
            return 0.0
        return sum(step["probability"] * stops_at_once(step["next"]) for step in states[name]["transitions"])

    if takes_no_time(spec["interarrival"]) and stops_at_once(first["name"]) > 0.8:
        first["delay"] = constant(1)


def mend_silence(spec: Spec) -> None:
    """Give an emitter to states from which the next record is too many steps away, on average; spawns follow stops."""
    first = spec["states"][0]["name"]
    while True:
        steps = {state["name"]: 0.0 for state in spec["states"]}
        for _ in range(10 * MOST_STEPS_A_RECORD):
            for state in spec["states"]:
                far = sum(way["probability"] * steps.get(way["next"], steps[first]) for way in state["transitions"])
                steps[state["name"]] = 0.0 if "emitter" in state else 1 + far
        farthest = max(spec["states"], key=lambda state: steps[state["name"]])
        if steps[farthest["name"]] <= MOST_STEPS_A_RECORD:
            return
        farthest["emitter"] = spec["emitters"][0]["name"]


LONGEST_STAY = 60  # seconds: while a limit is full, dropped workers come and go without a record
PACES = [
    [0.5],
    ["day"],
    [{"type": "sine", "period": "20M", "amplitude": 0.9}, 2],
    [{"type": "jitter", "low": 0.2, "high": 3, "each": "10M"}],
    [{"type": "points", "values": [["+0S", 0], ["+30S", 4], ["+2M", 0.5]]}, "day"],
    [{"type": "during", "incident": "outage", "factor": 0}],
    [{"type": "hour_of_day", "factors": {"0": 3, "23": 0.1}, "timezone": "Europe/Berlin"}],
]
TIMES_OF_DAY = {
    "profiles": {
        "wave": {"type": "sine", "period": "20M", "amplitude": 0.9},
        "day": [{"type": "minute_of_hour", "factors": {"0": 5, "59": 0.2, "13": 7}}, 1.5],
    },
    "incidents": {"outage": [{"from": "+10S", "until": "+40S"}, {"from": "+2M", "until": "+150S"}]},
}
LOG = [
    ["2020-02-29T10:00:00Z", 1],
    ["2020-02-29T10:00:07.25Z", 2],
    ["2020-02-29T10:00:03Z", None],
    ["2020-02-29T10:00:20Z", 4],
]
COUNTS = [1, 1, 1, 2, uniform(0, 2), constant(1.7)]
PACED = ["poisson", "interarrival", "even", "every", "periodic"]
POSITIVE_GAPS = [constant(0.7), constant(10), exponential(3), uniform(0, 2), normal(1, 1)]


def chosen(draw: st.DrawFn, choices: list) -> object:
    return draw(st.sampled_from(choices))


def source(draw: st.DrawFn, name: str, states: list[str], others: list[str]) -> Spec:
    """Make up a source of arrivals."""
    kind = draw(
        st.sampled_from(["poisson", "interarrival", "even", "at_start", "every", "periodic", "stages", "other"])
    )
    made: Spec = {"type": kind, "name": name}
    match kind:
        case "poisson":
            made["rate"] = chosen(draw, [0.5, "30/M", "4/s"])
        case "interarrival":
            made["distribution"] = one_of(draw, POSITIVE_GAPS)
        case "even":
            if draw(st.booleans()):
                made["rate"] = chosen(draw, [0.3, "100/M"])
            else:
                made |= {"total": draw(st.integers(1, 7)), "until": "+90S", "endpoint": draw(st.booleans())}
        case "at_start":
            made |= {"total": draw(st.integers(1, 6)), "spread": chosen(draw, [0, "7S"])}
        case "every":
            made |= {"every": chosen(draw, ["10S", "1M"]), "size": chosen(draw, [1, 3, uniform(0, 3)])}
            if draw(st.booleans()):
                made |= {"vary": {"low": 0.5, "high": 1.7}, "first": "3S", "times": 5}
        case "periodic":
            made |= {"period": "20S", "multiplier": chosen(draw, [3, 4.6])}
            if draw(st.booleans()):
                made |= {"deviation": 0.5, "direction": chosen(draw, ["increase", "decrease", "mixed"])}
                made["spread"] = chosen(draw, [{"type": "uniform", "low": 0.5}, {"type": "triangular", "mode": 0.1}])
        case "stages":
            choices: list[Spec] = [{"rate": 1}, {"rate": 0, "to": "60/M"}, {"alive": 2}, {"alive": 0, "to": 5}]
            made["stages"] = [{"for": "20S"} | choices[number] for number in some(draw, range(4), 1, 4)]
        case _:
            given: Spec = {"type": "timestamps", "values": ["+9S", "+3S", "+3S"]}
            cron: Spec = {"type": "cron", "expression": "*/2 * * * *"}
            incident: Spec = {"type": "incident", "incident": "outage", "at": chosen(draw, ["begin", "end"])}
            replay: Spec = {"type": "replay", "table": "log", "time": {"column": "at"}, "times": 2, "speed": 1.5}
            made |= chosen(draw, [given, cron, incident, replay])
    if kind in PACED and draw(st.booleans()) and "total" not in made:
        pace = chosen(draw, PACES)
        made["profile"] = pace[0] if len(pace) == 1 else pace
        if made.get("size") == 1:
            made["size"] = 4  # half of 1, rounded, would be none for ever
    if made["type"] not in ("stages", "replay") and (count := chosen(draw, COUNTS)) != 1:
        made["count"] = count
    if draw(st.booleans()):
        made["state"] = chosen(draw, states)
    if draw(st.booleans()):
        made["when_full"] = chosen(draw, ["wait", "drop", {"state": states[0]}])
        made["max_workers"] = draw(st.integers(1, 3))
    if rarely(draw):
        made["most"] = draw(st.integers(1, 9))
    if "until" not in made and rarely(draw):
        made["until"] = chosen(draw, ["+1M", *({"after": other} for other in others)])
    if rarely(draw):
        made["from"] = chosen(draw, ["+5S", "-8S", *({"after": other} for other in others)])
    return made


@st.composite
def timed_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec with one to three sources of arrivals, profiles and incidents; all states emit and take time."""
    spec = draw(specs()) | TIMES_OF_DAY
    del spec["interarrival"]
    for state in spec["states"]:
        state.setdefault("emitter", spec["emitters"][0]["name"])
        if takes_no_time(state.get("delay")):
            state["delay"] = constant(0.5)
        if state["delay"].get("value", 0) > LONGEST_STAY:
            state["delay"] = constant(LONGEST_STAY)
    names = some(draw, ["b", "a", "Z", "c/d"], 1, 3)
    states = [state["name"] for state in spec["states"]]
    spec["arrivals"] = [source(draw, name, states, names[:place]) for place, name in enumerate(names)]
    take_rows(draw, spec)
    if rarely(draw):
        spec["warm_up"] = chosen(draw, ["7S", 65])
    readable = sorted({variable["name"] for state in spec["states"] for variable in state.get("variables", [])})
    typed = '"expression"' in json.dumps(spec)  # which wants variables of a type
    if draw(st.booleans()) and readable and not typed and not reads_variables(spec["states"]):
        spec["arrivals"][0]["variables"] = [generator(draw, chosen(draw, readable), [], depth=1)]
    if draw(st.booleans()):
        add_readings(draw, spec)
    if draw(st.booleans()):
        spec["timezone"] = chosen(draw, ["Europe/Berlin", "Asia/Kolkata"])
    return spec


def take_rows(draw: st.DrawFn, spec: Spec) -> None:
    """Let sources take the rows of tables: of a log, and as many as a table has."""
    tables = spec.get("tables", {})
    for made in spec["arrivals"]:
        if made["type"] == "every" and tables and draw(st.booleans()):
            made["size"] = {"table": chosen(draw, sorted(tables))}
        if made["type"] == "replay":
            spec["tables"] = tables | {"log": {"columns": ["at", "played"], "rows": LOG}}
            there = {field["name"] for field in spec["emitters"][0]["dimensions"]}
            played = sorted({"played", "shift"} - there)
            spec["emitters"][0]["dimensions"] += [
                {"name": name, "type": "variable", "variable": name} for name in played
            ]


def reads_variables(states: list[Spec]) -> bool:
    """Say whether a variable is made of others: in a circle, none of them could be set by a source, too."""
    kinds = re.findall('"type": "([a-zA-Z]+)"', json.dumps([state.get("variables", []) for state in states]))
    return not {"variable", "expression"}.isdisjoint(map(str.lower, kinds))


@st.composite
def remembering_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose fields look back at what was made before them."""
    spec = draw(st.one_of(specs(), specs(), timed_specs()))
    add_memory(draw, spec)
    return spec


@st.composite
def speaking_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec with records that are whole texts."""
    spec = draw(st.one_of(specs(), timed_specs(), remembering_specs()))
    add_texts(draw, spec, lambda name: generator(draw, name, [], depth=1))
    return spec


@st.composite
def objective_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec with records that are whole objects."""
    spec = draw(st.one_of(specs(), timed_specs(), remembering_specs()))
    add_objects(draw, spec, lambda name: generator(draw, name, [], depth=1))
    if takes_no_time(spec.get("interarrival", constant(1))):  # without a limit, as for the first values, all are births
        for emitter in spec["emitters"]:
            if emitter.get("record", {}).get("type") == "enum":
                emitter.setdefault("columns", {"a": "integer", "b": "text", "c": "json"})
    return spec


@st.composite
def conditional_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec with transitions by condition and weight, perhaps with fields that look at lives."""
    spec = draw(st.one_of(specs(), crowds(), timed_specs(), remembering_specs()))
    add_conditions(draw, spec)
    return spec


@st.composite
def sharing_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose workers share resources, perhaps with conditions, and with records that tell of it."""
    spec = draw(st.one_of(crowds(), timed_specs(), conditional_specs()))
    for state in spec["states"]:
        state.setdefault("emitter", spec["emitters"][0]["name"])
        if takes_no_time(state.get("delay")):
            state["delay"] = constant(0.5)
        if state["delay"].get("value", 0) > LONGEST_STAY:
            state["delay"] = constant(LONGEST_STAY)
    add_resources(draw, spec)
    if "profiles" in spec:
        add_levels(draw, spec)
    if not any(source.get("type") == "every" and "bytes" in source for source in spec.get("arrivals", [])):
        add_notes(draw, spec)
        if draw(st.booleans()):
            add_fleet(draw, spec)
    return spec


@st.composite
def bearing_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose workers bring about others, and perhaps share resources."""
    spec = draw(sharing_specs())
    if any("bytes" in source for source in spec.get("arrivals", [])):
        return spec
    add_children(draw, spec, [emitter["name"] for emitter in spec["emitters"]])
    return spec


@st.composite
def batched_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose workers come in batches, which its states read, and perhaps those who spawn children."""
    spec = draw(timed_specs())
    add_beat(draw, spec)
    add_conditions(draw, spec)
    if draw(st.booleans()):
        add_children(draw, spec, [emitter["name"] for emitter in spec["emitters"]])
        read_in_children(draw, spec)
    return spec


@st.composite
def lingering_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose workers stay as long as numbers by expression, and profiles, say."""
    spec = draw(st.one_of(conditional_specs(), timed_specs(), sharing_specs(), bearing_specs()))
    for state in spec["states"]:
        if state.get("delay", {}).get("value", 0) > LONGEST_STAY:
            state["delay"] = constant(LONGEST_STAY)
        if takes_no_time(state.get("delay")):
            state["delay"] = constant(0.5)
    add_delays(draw, spec, TIMES_OF_DAY)
    return spec


@st.composite
def changing_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose workers change values that all see, and perhaps share resources and have children."""
    spec = draw(st.one_of(conditional_specs(), sharing_specs(), bearing_specs()))
    if any("bytes" in source for source in spec.get("arrivals", [])):
        return spec
    add_shared(draw, spec)
    return spec


@st.composite
def gathering_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose workers wait for each other, and do what else they may."""
    spec = draw(st.one_of(sharing_specs(), bearing_specs(), changing_specs()))
    if any("bytes" in source for source in spec.get("arrivals", [])):
        return spec
    add_gathering(draw, spec)
    return spec


@st.composite
def recalling_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose states read what templates remember, and whose workers do what else they may."""
    kinds = conditional_specs(), sharing_specs(), bearing_specs(), lingering_specs(), changing_specs()
    spec = draw(st.one_of(*kinds, gathering_specs(), itemized_specs()))
    is_plain = "populations" not in spec and all("dimensions" in emitter for emitter in spec["emitters"])
    if is_plain and not any("bytes" in source for source in spec.get("arrivals", [])):
        add_recall(draw, spec)
    return spec


@st.composite
def populous_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec with several populations, who share emitters, resources and whatever else there is."""
    kinds = crowds(), timed_specs(), remembering_specs(), conditional_specs(), bearing_specs(), lingering_specs()
    kinds += changing_specs(), gathering_specs()
    spec = draw(st.one_of(*kinds))
    if not any("bytes" in source for source in spec.get("arrivals", [])):
        add_populations(draw, spec)
    return spec


@st.composite
def itemized_specs(draw: st.DrawFn) -> Spec:
    """Make up a spec whose workers go through lists in some states, and do what else they may."""
    kinds = conditional_specs(), sharing_specs(), bearing_specs(), lingering_specs(), changing_specs()
    spec = draw(st.one_of(*kinds, gathering_specs(), remembering_specs()))
    if any("bytes" in source for source in spec.get("arrivals", [])):
        return spec
    add_items(draw, spec)
    if draw(st.integers(0, 4)) == 0:
        add_populations(draw, spec)
    return spec
