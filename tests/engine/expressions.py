"""Makes up expressions of a known type, and puts them into specs.

Only what all records have in one and the same type is read: the oracle, which sees one record at a time, can't know
that a whole number becomes a float because another record has a float there.
"""

from hypothesis import strategies as st

Spec = dict
Types = dict[
    str, str | None
]  # by name: int, float, text, bool, time, stamp (a time that has its own offset) or unknown

CONSTANTS = {
    "int": ["0", "1", "-3", "7", "1000000007", "9223372036854775807"],
    "float": ["0.5", "-2.25", "1e9", "0.0"],
    "money": [],  # decimals of one scale, so that a record knows which one two of them have
    "text": ["''", "'x'", "'é/'", "' a b '"],
    "bool": ["true", "false"],
    "time": [],
}
OF_KIND = {
    "int": "int",
    "counter": "int",
    "float": "float",
    "decimal": "money",
    "string": "text",
    "ipaddress": "text",
    "bool": "bool",
    "timestamp": "stamp",
}
OF_PYTHON = {int: "int", float: "float", str: "text", bool: "bool"}
DRAWN: dict[str, Spec] = {"int": {"type": "int"}, "float": {"type": "float"}, "money": {"type": "decimal", "scale": 2}}
ZONES = ["Europe/Berlin", "America/New_York", "+05:30", "Asia/Kolkata"]
WRITTEN = ["'12.345'", "'-0.005'", "'x'", "' 7 '"]
CODES = ["%Y-%m-%d", "%H:%M:%S", "%j %a"]


def type_of(field: Spec, types: Types) -> str | None:
    """Say of which type the values of a generator are; None where they have several, or none that is wanted here."""
    kind = field["type"].lower()
    if kind == "decimal" and field["scale"] != 2:
        return None
    if kind == "variable":
        return types.get(field["variable"])
    if kind in ("enum", "constant"):
        found = {OF_PYTHON.get(type(value)) for value in field.get("values", [field.get("value")])}
        return found.pop() if len(found) == 1 else None
    return OF_KIND.get(kind)


def quoted(name: str) -> str:
    return name if name.endswith(")") else f"`{name}`"


class Maker:
    """Makes expressions of a type that read some names."""

    def __init__(self, draw: st.DrawFn, types: Types) -> None:
        self.draw = draw
        self.types = types

    def of(self, type_: str, depth: int = 2) -> str:
        names = [quoted(name) for name, found in self.types.items() if found == type_]
        simple = [*names, *names, *CONSTANTS[type_]]
        if depth == 0 or (simple and self.draw(st.integers(0, 3)) == 0):
            return self.draw(st.sampled_from(simple)) if simple else "null"
        return self.draw(st.sampled_from(self.forms(type_)))(depth - 1)

    def forms(self, type_: str) -> list:
        any_type = [
            lambda d: f"({self.of('bool', d)} ? {self.of(type_, d)} : {self.of(type_, d)})",
            lambda d: f"coalesce({self.of(type_, d)}, {self.of(type_, d)})",
        ]
        return (
            any_type
            + {
                "int": [
                    lambda d: f"({self.of('int', d)} {self.pick('+-*%')} {self.of('int', d)})",
                    lambda d: f"-{self.of('int', d)}",
                    lambda d: f"{self.pick(['length', 'hash'])}({self.of('text', d)})",
                    lambda d: f"index({self.of('text', d)}, 'a')",
                    lambda d: f"{self.pick(['round', 'floor', 'ceil'])}({self.of('float', d)})",
                    lambda d: f"abs({self.of('int', d)})",
                    lambda d: f"{self.pick(['min', 'max'])}({self.of('int', d)}, {self.of('int', d)})",
                    lambda d: f"{self.pick(['hour', 'minute', 'weekday', 'day', 'year'])}({self.instant(d)})",
                    lambda d: f"{self.pick(['round', 'floor', 'ceil'])}({self.of('money', d)})",
                    lambda d: f"hour({self.instant(d)}, '{self.pick(ZONES)}')",
                    lambda d: f"count(split({self.of('text', d)}, 'a'))",
                ],
                "float": [
                    lambda d: f"({self.of('int', d)} / {self.of('float', d)})",
                    lambda d: f"({self.of('float', d)} {self.pick('+-*%')} {self.of(self.pick(['int', 'float']), d)})",
                    lambda d: f"round({self.of('float', d)}, {self.pick('012')})",
                    lambda d: f"sqrt({self.of(self.pick(['float', 'money']), d)})",
                    lambda d: f"({self.of('money', d)} / {self.of(self.pick(['int', 'money']), d)})",
                    lambda d: f"({self.instant(d)} - {self.instant(d)})",
                ],
                "money": [
                    lambda d: f"({self.of('money', d)} {self.pick('+-%')} {self.of('money', d)})",
                    lambda d: f"({self.of('money', d)} {self.pick('+-*%')} {self.of('int', d)})",
                    lambda d: f"({self.of('int', d)} {self.pick('+-*%')} {self.of('money', d)})",
                    lambda d: f"({self.of('money', d)} - {self.pick(['9.99', '0.5', '(0.1 + 0.2 * 3)', '5.0'])})",
                    lambda d: f"round({self.of('money', d)} * {self.pick([self.of('money', d), '0.19'])}, 2)",
                    lambda d: f"decimal({self.of(self.pick(['int', 'float', 'money']), d)}, 2)",
                    lambda d: f"decimal({self.pick(WRITTEN)}, 2)",
                    lambda d: f"abs({self.of('money', d)})",
                    lambda d: f"{self.pick(['min', 'max'])}({self.of('money', d)}, {self.of('money', d)}, 9.95)",
                ],
                "text": [
                    lambda d: f"format({self.of('money', d)}, '{self.pick(['.1f', '.2f', '09.3f', '8.0f'])}')",
                    lambda d: (
                        f"({self.of('text', d)} + {self.of(self.pick(['text', 'int', 'bool', 'time', 'money']), d)})"
                    ),
                    lambda d: f"{self.pick(['upper', 'lower', 'trim', 'text'])}({self.of('text', d)})",
                    lambda d: f"replace({self.of('text', d)}, 'a', 'bc')",
                    lambda d: f"substring({self.of('text', d)}, {self.pick([0, 1, -2])}, {self.pick('0125')})",
                    lambda d: f"split({self.of('text', d)}, 'a')[{self.pick([0, 1, -1])}]",
                    lambda d: f"join(split({self.of('text', d)}, 'b'), '--')",
                    lambda d: f"date({self.instant(d)})",
                    lambda d: f"format({self.instant(d)}, '{self.pick(CODES)}', '{self.pick(ZONES)}')",
                ],
                "bool": [
                    lambda d: f"({self.of('bool', d)} {self.pick(['and', 'or'])} {self.of('bool', d)})",
                    lambda d: f"(not {self.of('bool', d)})",
                    lambda d: f"({self.of(self.pick(['int', 'text', 'float']), d)} is {self.pick(['', 'not '])}null)",
                    lambda d: self.comparison(self.pick(["int", "float", "text"]), d),
                    lambda d: self.comparison("money", d, self.pick(["money", "int", "float"])),
                    self.order,
                    lambda d: f"{self.pick(['contains', 'starts_with', 'ends_with'])}({self.of('text', d)}, 'a')",
                ],
                "time": [
                    lambda d: f"({self.of('time', d)} {self.pick('+-')} {self.of(self.pick(['int', 'float']), d)})"
                ],
            }[type_]
        )

    def comparison(self, type_: str, depth: int, other: str | None = None) -> str:
        operator = self.pick(["=", "!=", "<", "<=", ">", ">="])
        left = self.of(type_, depth)
        right = self.of(other or type_, depth)
        return "true" if "null" in (left, right) else f"({left} {operator} {right})"  # which is refused

    def order(self, depth: int) -> str:
        left, right = self.instant(depth), self.instant(depth)
        return "true" if "null" in (left, right) else f"({left} {self.pick(['<', '>=', '='])} {right})"

    def instant(self, depth: int) -> str:
        stamps = [quoted(name) for name, found in self.types.items() if found == "stamp"]
        return self.draw(st.sampled_from(stamps)) if stamps and self.pick("ab") == "a" else self.of("time", depth)

    def pick(self, choices: list | str) -> object:
        return self.draw(st.sampled_from(list(choices)))

    def small(self) -> str:
        """Make an expression that is a small whole number, or null."""
        return f"{self.of('int')} % 5"

    def distribution(self, whole: bool = True) -> Spec:
        """Make a distribution some of whose numbers are expressions."""
        center = self.small() if whole else f"({self.of(self.pick(['int', 'float', 'money']))}) % 5"
        choices = [
            {"type": "constant", "value": center},
            {"type": "uniform", "min": self.pick([0, -1.5]), "max": f"abs({self.small()})"},
            {"type": "normal", "mean": center, "stddev": self.pick([0, 1.5]), "most": 9},
            {"type": "exponential", "mean": f"0.5 + abs({self.small()})", "most": 9},
            {"type": "uniform", "min": -2.5, "max": 9, "least": f"{self.small()}", "most": f"5 + abs({self.small()})"},
            {
                "type": "lognormal",
                "median": f"1 + abs({self.small()})",
                "sigma": self.pick([0.5, f"abs({self.small()}) / 9"]),
            },
            {"type": "discrete", "values": [center, 1], "weights": [1, f"abs({self.small()})"]},
        ]
        if self.pick("ab") == "a":
            return self.pick(choices)
        two = [self.pick(choices), {"type": "exponential", "mean": 0.7}]
        scaled = {"type": "scaled", "of": self.pick(two), "times": self.pick([0.5, center]), "plus": center}
        mixture = {"type": "mixture", "of": two, "weights": self.pick([[2, 1], [1, f"abs({self.small()})"]])}
        return self.pick([scaled, mixture | self.pick([{}, {"most": 8}])])

    def times(self) -> Spec:
        """Make a distribution of times some of which are expressions."""
        last, far = self.instant(1), f"abs({self.small()})"
        choices = [
            {"type": "constant", "value": last},
            {"type": "uniform", "min": f"{last} - {far}", "max": last},
            {"type": "uniform", "min": self.pick(["0001-01-05", "0001-01-05T12:00:00+02:00"]), "max": last},
            {"type": "normal", "mean": last, "stddev": self.pick([0.5, far])},
            {"type": "triangular", "min": f"{last} - {far}", "mode": last, "max": f"{last} + 1.5"},
        ]
        return self.pick(choices)

    def drawn(self, name: str) -> tuple[Spec, str | None]:
        """Make a generator that draws by numbers of its record, and say of which type its values are."""
        letters = {"type": "enum", "values": ["a", "b", None], "percent_missing": 20}
        numbers = {"type": "counter", "start": 7}
        length = {"length_distribution": self.distribution()}
        kinds: list[tuple[Spec, str | None]] = [
            ({"type": "string", "chars": "abé"} | length, "text"),
            ({"type": "map", "keys": letters | {"name": "k"}, "values": letters | {"name": "v"}} | length, None),
            ({"type": "list", "elements": [letters | {"name": "l"}, numbers | {"name": "n"}]} | length, None),
            ({"type": "ipaddress", "distribution": self.distribution()}, "text"),
            ({"type": "enum", "values": [1, 2, 3], "cardinality_distribution": self.distribution()}, "int"),
            ({"type": "partition", "total": f"abs({self.of('int')}) % 99", "parts": self.distribution()}, None),
        ]
        if {"time", "stamp"} & set(self.types.values()):
            kinds.append(({"type": "timestamp", "distribution": self.times()}, "stamp"))
        if self.types.get("time") == "time":  # else it is a field's name
            moved = {"type": "now", "offset": self.distribution(whole=False)} | self.pick([{}, {"step": 2}])
            kinds.append((moved, "time"))
        pool = {"type": "int", "distribution": {"type": "uniform", "min": 0, "max": 10**6}, "cardinality": 4}
        kinds.append((pool | {"cardinality_distribution": self.distribution()}, "int"))
        code = {"name": "code", "type": "hex", "length": 6}
        pool = {"type": "object", "dimensions": [code], "cardinality": 3}
        kinds.append((pool | {"cardinality_distribution": self.distribution()}, None))
        kind, type_ = self.pick(kinds)
        if kind["type"] == "list" and self.pick("ab") == "a":
            kind["selection_distribution"] = self.distribution()
        return kind | {"name": name}, type_

    def field(self, name: str) -> tuple[Spec, str | None]:
        """Make a generator, and say of which type its values are."""
        if self.draw(st.integers(0, 3)) == 3:
            return self.drawn(name)
        type_ = self.pick([known for known in CONSTANTS if known != "time" or "time" in self.types.values()])
        if type_ in DRAWN and self.draw(st.integers(0, 4)) == 4:
            mean = self.of(self.pick(["int", "float", "money"])) if type_ == "float" else self.of("int") + " % 1000"
            distribution = {"type": "normal", "mean": mean, "stddev": self.pick([0, f"abs({self.of('int')} % 9)"])}
            return DRAWN[type_] | {"name": name, "distribution": distribution}, type_
        field: Spec = {"name": name, "type": self.pick(["expression", "expression", "Expression"])}
        field["value"] = self.of(type_)
        if type_ == "float" and self.pick("ab") == "a":
            field["precision"] = self.pick([0, 2, 9])
        for key in ("percent_missing", "percent_nulls"):
            if self.draw(st.integers(0, 4)) == 4:
                field[key] = self.pick([5, 60, 100])
        return field, type_


def add_expressions(draw: st.DrawFn, spec: Spec) -> None:
    """Let some variables and dimensions of a spec be expressions; others, inside objects, too."""
    types = types_of_variables(spec)
    for number, state in enumerate(spec["states"]):
        if draw(st.integers(0, 2)) == 2:
            field, type_ = Maker(draw, {"time": "time"} | types).field(f"made{number}")
            state["variables"] = [*state.get("variables", []), field]
            types[field["name"]] = type_
    if draw(st.booleans()):
        counting = {"name": "n", "type": "expression", "value": "coalesce(n, 0) + 1"}
        spec["states"][0]["variables"] = [counting, *spec["states"][0].get("variables", [])]
        types["n"] = "int"
    for emitter in spec["emitters"]:
        known: Types = {"time": "time"} | types
        dimensions: list[Spec] = []
        for number, dimension in enumerate(emitter["dimensions"]):
            dimensions.append(dimension)
            known[dimension["name"]] = type_of(dimension, types)
            if draw(st.booleans()):
                field, type_ = Maker(draw, known).field(f"made{number}")
                inner = {"name": f"in{number}", "type": "object", "dimensions": [field]}
                is_inside = draw(st.integers(0, 3)) == 3
                dimensions.append(inner if is_inside else field)
                known[f"in{number}.made{number}" if is_inside else field["name"]] = type_
        emitter["dimensions"] = dimensions


def add_readings(draw: st.DrawFn, spec: Spec) -> None:
    """Let variables and dimensions of a spec with sources read profiles, incidents and what is known of births."""
    known: Types = {"time": "time", "worker": "int", "incident('outage')": "bool"}
    known |= {f"profile('{name}')": "float" for name in spec["profiles"]}
    if any(source["type"] == "every" for source in spec["arrivals"]):
        known |= {f"batch.{key}": "int" for key in ("number", "index", "size")}
    variables = types_of_variables(spec)
    for number, source in enumerate(spec["arrivals"]):
        own: Types = {}
        for name in [f"given{number}{letter}" for letter in "ab" if draw(st.booleans())]:
            field, own[name] = Maker(draw, known | own).field(name)
            source["variables"] = [*source.get("variables", []), field]
        variables |= own
    for number, state in enumerate(spec["states"]):
        if draw(st.booleans()):
            field, _ = Maker(draw, known | variables).field(f"seen{number}")
            state["variables"] = [*state.get("variables", []), field]
    for emitter in spec["emitters"]:
        if draw(st.booleans()):
            hidden = {dimension["name"] for dimension in emitter["dimensions"]}
            types = {name: type_ for name, type_ in (known | variables).items() if name not in hidden}
            field, _ = Maker(draw, types).field("read")
            emitter["dimensions"] = [*emitter["dimensions"], field]


def types_of_variables(spec: Spec) -> Types:
    """Say of which type each variable is, wherever it is set."""
    found: dict[str, set[str | None]] = {}
    for owner in (*spec["states"], *spec.get("arrivals", [])):
        for field in owner.get("variables", []):
            found.setdefault(field["name"], set()).add(type_of(field, {}))
    return {name: types.pop() if len(types) == 1 else None for name, types in found.items()}
