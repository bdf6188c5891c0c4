"""Makes up transitions by condition and weight, and variables that they read, and puts them into specs.

Only what the walk can know is read, each in one type. Each state emits, and takes time: conditions may keep a worker in
any circle.
"""

from hypothesis import strategies as st

from tests.engine.batches import read_of, rows_of

Spec = dict

CONSTANTS = {
    "int": ["0", "1", "-3", "2", "9223372036854775807"],
    "float": ["0.5", "-2.25", "1e9", "0.0"],
    "bool": ["true", "false"],
}
FACTS = {"visits": "int", "steps": "int", "age": "float", "alive": "int", "born": "int", "worker": "int"}
TIMES = {
    "hour(time)": "int",
    "minute(time, 'Asia/Kolkata')": "int",
    "second(time)": "int",
    "weekday(time)": "int",
    "day(time) * month(time)": "int",
    "(time - time('2001-12-20T13:13:20'))": "float",
    "(format(time, '%M:%H') > '14:')": "bool",
    "(date(time) = '2024-03-01')": "bool",
    "(time + 1.5 >= '2024-03-01T00:00:07')": "bool",
}
SEEN = {
    "(time - seen)": "float",
    "(time > seen + 2)": "bool",
    "(seen != coalesce(seen, time))": "bool",
    "(seen is null)": "bool",
    "((seen is null ? time : seen) - 0.5 < time)": "bool",
}
LISTS = [
    ["x", "y", None, "é"],
    ["a", 1, None, True, 2.5],
    [3, 200, 404],
    [{"k": "v"}, {"k": None}, {"k": "w"}],
]
COUNTS = ("batch.", "tally")
UNIFORM = {"type": "uniform", "min": -3, "max": 5}
NORMAL = {"type": "normal", "mean": 1, "stddev": 2}
LOGNORMAL = {"type": "lognormal", "median": 1, "sigma": 1, "most": 50}


FEW = {"type": "uniform", "min": 0, "max": 3}
REAL = {"name": "n", "type": "float", "distribution": NORMAL}
DRAWN = [
    {"type": "list", "elements": [REAL], "length_distribution": FEW},
    {"type": "list", "elements": [REAL, REAL | {"name": "m"}], "percent_nulls": 30},
    {"type": "list", "elements": [REAL | {"percent_missing": 40}], "length_distribution": FEW, "percent_missing": 20},
    {"type": "list", "elements": [REAL | {"percent_nulls": 40}, REAL | {"name": "m"}], "length_distribution": FEW},
    {"type": "list", "elements": [REAL], "length_distribution": FEW, "cardinality": 4},
    {"type": "constant", "value": [0.5, 2.25, 1.5]},
]


def of_lists(name: str) -> dict[str, str]:
    """What can be read of lists of numbers, each with its type."""
    return {
        f"length({name})": "int",
        f"count({name})": "int",
        f"sum({name})": "float",
        f"coalesce({name}[0], 2.5)": "float",
        f"{name}[-1]": "float",
        f"{name}[visits - 1]": "float",
        f"({name}[steps % 5 - 2] * 2)": "float",
        f"({name}[1] > {name}[0])": "bool",
        f"contains({name}, 0.5)": "bool",
        f"({name} is null)": "bool",
        f"({name}[1] is null)": "bool",
    }


class Maker:
    """Makes expressions of known types."""

    def __init__(self, draw: st.DrawFn, types: dict[str, str], lists: list[str]) -> None:
        self.draw, self.types, self.lists = draw, types, lists
        self.counts = [name for name in types if name.startswith(COUNTS)]

    def pick(self, choices: list | str) -> object:
        return self.draw(st.sampled_from(list(choices)))

    def of(self, type_: str, depth: int = 3) -> str:
        names = [name for name, found in self.types.items() if found == type_]
        if depth == 0 or self.pick("abc") == "a":
            return self.pick([*names, *names, *CONSTANTS[type_]])
        return self.pick(self.forms(type_))(depth - 1)

    def forms(self, type_: str) -> list:
        any_type = [
            lambda d: f"({self.of('bool', d)} ? {self.of(type_, d)} : {self.of(type_, d)})",
            lambda d: f"coalesce({self.of(type_, d)}, {self.of(type_, d)})",
        ]
        own = {
            "int": [
                lambda d: f"({self.of('int', d)} {self.pick('+-*%')} {self.of('int', d)})",
                lambda d: f"-{self.of('int', d)}",
                lambda d: f"{self.pick(['min', 'max'])}({self.of('int', d)}, {self.of('int', d)})",
                lambda d: f"{self.pick(['floor', 'ceil', 'round'])}({self.of(self.pick(['int', 'float']), d)})",
                lambda d: f"abs({self.of('int', d)})",
            ],
            "float": [
                lambda d: f"({self.of('int', d)} / {self.of('float', d)})",
                lambda d: f"{self.pick(['abs', 'sqrt'])}({self.of('float', d)})",
                lambda d: f"round({self.of('float', d)}, {self.pick('013')})",
                lambda d: f"{self.pick(['min', 'max'])}({self.of('float', d)}, {self.of('int', d)}, 1.5)",
                lambda d: f"({self.of('float', d)} {self.pick('+-*%')} {self.of(self.pick(['int', 'float']), d)})",
            ],
            "bool": [
                lambda d: f"({self.of('bool', d)} {self.pick(['and', 'or'])} {self.of('bool', d)})",
                lambda d: f"(not {self.of('bool', d)})",
                lambda d: f"({self.of(self.pick(['int', 'float', 'bool']), d)} is {self.pick(['', 'not '])}null)",
                lambda d: f"({self.of('int', d)} {self.pick(['=', '!=', '<', '<=', '>', '>='])} {self.of('float', d)})",
                lambda d: f"({self.of('int', d)} {self.pick(['=', '!=', '<', '<=', '>', '>='])} {self.of('int', d)})",
                lambda d: f"({self.of('bool', d)} {self.pick(['=', '!='])} {self.of('bool', d)})",
                *([self.listed] * 2 if self.lists else []),
                *([self.counted] * 3 if self.counts else []),
            ],
        }
        return any_type + own[type_]

    def counted(self, depth: int) -> str:
        """Ask for a counter, or for a batch."""
        name = self.pick(self.counts)
        return self.pick(
            [f"({name} % 2 = {self.pick('01')})", f"({name} > {self.of('int', depth)})", f"({name} is null)"]
        )

    def listed(self, depth: int) -> str:
        """Compare texts of lists, or two lists."""
        name = self.pick(self.lists)
        forms = [
            f"({name} = 'x')",
            f"({name} = {self.pick(self.lists)})",
            f"({name} is null)",
            f"coalesce(starts_with({name}, 'x'), false)",
        ]
        return self.pick(forms)


def field(draw: st.DrawFn, name: str) -> tuple[Spec, str]:
    """Make a generator of a variable, and say of which type it is, or that it is a list."""
    maker = Maker(draw, {}, [])
    forms: dict[str, list[Spec]] = {
        "int": [
            {"type": "int", "distribution": UNIFORM},
            {"type": "int", "distribution": UNIFORM, "percent_nulls": 30},
            {"type": "int", "distribution": UNIFORM, "percent_missing": 30},
            {"type": "int", "distribution": NORMAL, "percent_nulls": 10, "percent_missing": 10},
            {"type": "int", "distribution": LOGNORMAL},
            {"type": "int", "distribution": {"type": "constant", "value": 9223372036854775807}},
            {"type": "int", "distribution": UNIFORM | {"least": 0, "most": 2}},
            {"type": "enum", "values": LISTS[2], "weights": [0, 1, 2.5]},
            {"type": "enum", "values": LISTS[2]},
            {"type": "constant", "value": 7},
            {"type": "counter"},
            {"type": "counter", "start": -4, "increment": 3},
            {"type": "int", "distribution": UNIFORM, "cardinality": 3, "cardinality_distribution": UNIFORM},
        ],
        "float": [
            {"type": "float", "distribution": {"type": "exponential", "mean": 2}},
            {"type": "float", "distribution": UNIFORM, "precision": 1, "percent_nulls": 10},
            {"type": "float", "distribution": NORMAL, "precision": 0},
            {"type": "float", "distribution": LOGNORMAL, "percent_missing": 20},
            {"type": "enum", "values": [0.5, -2.25, None], "percent_nulls": 20},
            {"type": "constant", "value": 0.5},
        ],
        "bool": [{"type": "bool"}, {"type": "bool", "probability": 0.9, "percent_missing": 20}],
        "list": [
            {"type": "enum", "values": LISTS[0]},
            {"type": "enum", "values": LISTS[0], "cardinality_distribution": NORMAL},
            {"type": "enum", "values": LISTS[0], "cardinality_distribution": LOGNORMAL},
            {"type": "enum", "values": LISTS[0], "weights": [3, 0, 1, 1], "percent_missing": 10},
            {"type": "enum", "values": LISTS[1], "percent_nulls": 20},
            {"type": "enum", "values": LISTS[0][:1], "percent_missing": 50},
            {"type": "string", "length_distribution": {"type": "constant", "value": 2}, "chars": "xy", "cardinality": 3}
            | {"cardinality_distribution": UNIFORM},
        ],
        "drawn": DRAWN,
    }
    type_ = maker.pick(list(forms))
    return {"name": name} | maker.pick(forms[type_]), type_


def odd_counter(draw: st.DrawFn, tests: list[str]) -> Spec:
    """Make a counter that begins anew, leaves some out, or counts for each worker; perhaps as more ``tests`` say."""
    tests = [*tests, "coalesce(tally, 0) > 3", "tally is null", "steps % 3 = 0", "worker % 2 = 1", "age > 2.5", "false"]
    others = {
        "per": "worker",
        "increment": -2,
        "reset": draw(st.sampled_from([*tests, "second(time) < 20"])),
        "when": draw(st.sampled_from([*tests, "visits != 2"])),
        "percent_nulls": 30,
        "percent_missing": 20,
    }
    keys = draw(st.sets(st.sampled_from(sorted(others)), min_size=1))
    return {"name": "tally", "type": "counter", "start": 2} | {key: others[key] for key in sorted(keys)}


def add_conditions(draw: st.DrawFn, spec: Spec) -> None:
    """Let some transitions of a spec be by condition or weight."""
    types: dict[str, str] = {}
    lists = rows_of(spec)
    names = [state["name"] for state in spec["states"]]
    for number, name in enumerate(["p", "q", "r"][: draw(st.integers(0, 3))]):
        made, type_ = field(draw, name)
        owners = draw(st.sets(st.sampled_from(range(len(names))), min_size=1, max_size=2))
        for owner in owners:
            variables = spec["states"][owner].get("variables", [])
            spec["states"][owner]["variables"] = [*variables, made] if number % 2 else [made, *variables]
        if type_ == "list":
            lists.append(name)
        elif type_ == "drawn":
            types |= of_lists(name)
        else:
            types[name] = type_
    if draw(st.booleans()):
        types["tally"] = "int"
        tests = ["profile('wave') > 1"] if "profiles" in spec else []
        for owner in draw(st.sets(st.sampled_from(range(len(names))), min_size=1, max_size=2)):
            variables = spec["states"][owner].get("variables", [])
            spec["states"][owner]["variables"] = [*variables, odd_counter(draw, tests)]
    if draw(st.booleans()) and not any(source.get("variables") for source in spec.get("arrivals", [])):
        read = [name for name, type_ in types.items() if type_ == "int"]
        term = draw(st.sampled_from(["1", *read, *read_of(spec)]))
        counting = {"name": "total", "type": "expression", "value": f"coalesce(total, 0) + coalesce({term}, 2)"}
        owner = draw(st.sampled_from(spec["states"]))
        owner["variables"] = [*owner.get("variables", []), counting]
        types["total"] = "int"
        if draw(st.booleans()):
            halved = f"coalesce(part, 0.5) / 2 + coalesce({term}, 2) * 0.3"
            half = {"name": "part", "type": "expression", "value": halved, "precision": draw(st.integers(0, 3))}
            owner["variables"].append(half)
            types["part"] = "float"
    if draw(st.booleans()):
        owner = draw(st.sampled_from(spec["states"]))
        seen = draw(st.sampled_from([{"type": "now"}, {"type": "expression", "value": "time + 1"}]))
        owner["variables"] = [*owner.get("variables", []), {"name": "seen"} | seen]
        types |= SEEN
    if "profiles" in spec:
        types |= {"profile('wave')": "float", "(profile('day') > 1.5)": "bool"}
    known = types | FACTS | TIMES | read_of(spec) | {f"visits('{name}')": "int" for name in names if "'" not in name}
    for state in spec["states"]:
        state.setdefault("emitter", spec["emitters"][0]["name"])
        if draw(st.integers(0, 3)):
            change(draw, state, Maker(draw, known, lists))


def change(draw: st.DrawFn, state: Spec, maker: Maker) -> None:
    """Make the transitions of a state depend on conditions."""
    ways = [{"next": way["next"]} for way in state["transitions"]]
    if draw(st.booleans()):
        state["ordered"] = True
        for way in ways[:-1]:
            way["when"] = maker.of("bool")
        if draw(st.booleans()):
            ways[-1]["when"] = maker.of("bool")
    else:
        for way in ways:
            form = draw(st.sampled_from(["when", "weight", "both", "number", "neither"]))
            if form in ("when", "both", "neither"):
                way["when"] = maker.of("bool")
            if form in ("weight", "both"):
                number = maker.of(draw(st.sampled_from(["int", "float"])))
                way["probability"] = f"(coalesce({number}, 1) > 0 ? 1.5 : 0.25)"
                if draw(st.booleans()):
                    way["probability"] = f"({number} > 0 and {number} < 1000000000 ? {number} : 3)"
            if form == "number":
                way["probability"] = draw(st.sampled_from([0.5, 3, 1e-3]))
        if not any("when" in way or isinstance(way.get("probability"), str) for way in ways):
            ways[0]["when"] = maker.of("bool")
    state["transitions"] = ways
