"""Makes up values that all workers share, of a spec and of rows of a table, and puts them into specs."""

from hypothesis import strategies as st

from tests.engine.conditions import FACTS, Maker

Spec = dict

OF_SPEC = {"many": ("int", 3), "much": ("float", 0.5), "open": ("bool", False)}
OF_ROWS = {"left": ("int", "k * 10 - 5"), "seen": ("int", 0), "level": ("float", "k / 2"), "hot": ("bool", "k = 1")}
HOLDER = "account"
TABLE = {"columns": ["k", "name"], "rows": [[1, "x"], [2, "y"], [1, "x"]]}
PICKS = [{}, {}, {"percent_nulls": 30}, {"distribution": {"type": "exponential", "mean": 1}}, {"percent_missing": 40}]


def add_shared(draw: st.DrawFn, spec: Spec) -> None:
    """Let states of a spec change what workers share, and conditions, variables and records read it."""
    spec["shared"] = {name: start for name, (_, start) in OF_SPEC.items()}
    shared = {name: start for name, (_, start) in OF_ROWS.items()}
    spec["tables"] = spec.get("tables", {}) | {"accounts": TABLE | {"shared": shared}}
    types = {name: type_ for name, (type_, _) in OF_SPEC.items()}
    if owners := held(draw, spec):
        types |= {f"{HOLDER}.{name}": type_ for name, (type_, _) in OF_ROWS.items()}
    maker = Maker(draw, FACTS | types, [])
    for state in spec["states"]:
        change(draw, state, types, maker)
    for owner in (*spec["emitters"], *spec["states"]):
        if draw(st.booleans()):
            key = (
                "variables"
                if "dimensions" not in owner and "name" in owner and owner in spec["states"]
                else "dimensions"
            )
            owner[key] = [
                *owner.get(key, []),
                *readers(draw, owner["name"], types, maker, in_record=key == "dimensions"),
            ]
    spawn(draw, spec, owners, types, maker)


def held(draw: st.DrawFn, spec: Spec) -> list[Spec]:
    """Let workers hold rows, from a state or from their birth on; return who sets these."""
    owners = draw(st.lists(st.sampled_from(spec["states"]), max_size=2, unique_by=id))
    if draw(st.integers(0, 3)) == 0:
        owners = spec.get("arrivals", [])
    for owner in owners:
        made = {"name": HOLDER, "type": "row", "table": "accounts"} | draw(st.sampled_from(PICKS))
        if draw(st.integers(0, 3)) == 0:
            made = {"name": HOLDER, "type": "row", "table": "accounts", "pick": "worker"}
        owner["variables"] = [made, *owner.get("variables", [])]
    return owners


def change(draw: st.DrawFn, state: Spec, types: dict[str, str], maker: Maker) -> None:
    """Let a state change some values, and leave it by some."""
    targets = draw(st.lists(st.sampled_from(list(types)), max_size=3, unique=True))
    if targets:
        more = {name: f"{name} + coalesce({maker.of('int')}, 1) % 3" for name, type_ in types.items() if type_ == "int"}
        state["set"] = {
            name: draw(st.sampled_from([maker.of(types[name]), more.get(name, maker.of(types[name]))]))
            for name in targets
        }
    if any(types[name] == "float" for name in targets) and draw(st.booleans()):
        name = next(name for name in targets if types[name] == "float")
        state["set"][name] = maker.of("int")
    for way in state.get("transitions", []):
        if "when" in way and draw(st.booleans()):
            way["when"] = maker.of("bool")
    for key in ("acquire", "use"):
        if isinstance(state.get(key), dict) and draw(st.booleans()):
            state[key]["priority"] = draw(st.sampled_from(["many % 3", "much"]))


def readers(draw: st.DrawFn, owner: str, types: dict[str, str], maker: Maker, *, in_record: bool) -> list[Spec]:
    """Make fields, or variables, that read what is shared."""
    names = draw(st.lists(st.sampled_from(list(types)), min_size=1, max_size=3))
    made = [
        {
            "name": f"{owner} {place}",
            "type": "expression",
            "value": draw(st.sampled_from([name, maker.of(types[name])])),
        }
        for place, name in enumerate(names)
    ]
    if draw(st.booleans()):
        number = {
            "type": "constant",
            "value": f"coalesce({maker.pick([n for n, t in types.items() if t == 'int'])}, 1) % 7",
        }
        made.append({"name": f"{owner} drawn", "type": "int", "distribution": number})
    if in_record and draw(st.integers(0, 3)) == 0:
        made.insert(0, {"name": "many", "type": "constant", "value": 77})
    return made


def spawn(draw: st.DrawFn, spec: Spec, owners: list[Spec], types: dict[str, str], maker: Maker) -> None:
    """Let children be as many as what is shared says, be given some of it, and hold the rows of their parents."""
    for state in spec["states"]:
        for entry in state.get("spawn", []):
            if draw(st.booleans()):
                entry["count"] = draw(st.sampled_from(["many % 3", "open ? 1 : 2"]))
            given = entry.get("variables", [])
            if owners and draw(st.booleans()):
                given = [{"name": HOLDER, "type": "variable", "variable": HOLDER}, *given]
            if draw(st.booleans()):
                name = draw(st.sampled_from(list(types)))
                given = [*given, {"name": f"given {types[name]}", "type": "expression", "value": name}]
            if given:
                entry["variables"] = given
