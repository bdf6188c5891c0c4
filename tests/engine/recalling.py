"""Makes up templates that remember, and states that read it, and puts them into specs.

A key holds numbers, or truth, or values of all types; what is calculated with is never of the third kind.
"""

from hypothesis import strategies as st

from tests.engine.conditions import Maker

Spec = dict

VALUES = ["x", "y", None, 1, 2.5, True, False, "é"]
TEXTS = [
    "{% do told.set('count', (told.count or 0) + 1) %}{{ told.count }}",
    "{% do told.set('count', (told.count or 0.5) * 1.5 % 7) %}{% do told.set('last', heard) %}-",
    "{% if heard is string %}{% do told.pop('count') %}{% else %}{% do told.set('hot', not told.hot) %}{% endif %}.",
    "{% if told.count and told.count > 5 %}{% do told.clear() %}{% else %}"
    "{% do told.set('count', (told.count or 0) + 2) %}{% do told.set('hot', heard is none) %}{% endif %}:",
    "{% do told.update({'last': [heard, 1.5, 'x', true, none, {'k': heard}][told.count|int % 6], 'hot': true}) %}"
    "{% do told.set('count', (told.count or 0) + 1) %}{{ told.hot }}",
]
TYPES = {
    "memory.told.count": "float",
    "memory.told.hot": "bool",
    "(memory.told.count > 2)": "bool",
    "(memory.told.last is null)": "bool",
    "(memory.told.last = 'x')": "bool",
    "(memory.told.last != 2.5)": "bool",
    "('y' != memory.told.last)": "bool",
    "(memory.told.last < 2)": "bool",
    "(memory.told.last in ['x', 1, true])": "bool",
    "(memory.told.last not in ['y', 2.5])": "bool",
    "(memory.told.last = memory.told.hot)": "bool",
    "(memory.told.last.k = 'x')": "bool",
    "coalesce(memory.told.never, memory.told.hot, false)": "bool",
    "(memory.told.hot ? memory.told.count : 0.5)": "float",
}
# What variables are made of, with the type that conditions may read them as; "any" is only read as what TYPES has.
HEARD = {
    "memory.told.count": "float",
    "memory.told.hot": "bool",
    "memory.told.last": "any",
    "coalesce(memory.told.never, memory.told.last)": "any",
    "(memory.told.hot ? memory.told.last : memory.told.count)": "any",
    "coalesce(memory.told.last, 'x')": "any",
    "(memory.told.hot ? 'y' : memory.told.last)": "any",
    "round(memory.told.count)": "int",
    "memory.told.count - 1.5": "float",
    "memory.told.last = 'x'": "bool",
}
OWN = {  # and of what they were before
    "coalesce(memory.told.last, heard)": "any",
    "coalesce(heard, 0.5) + memory.told.count": "float",
    "coalesce(memory.told.count, heard) / 2": "float",
}
NAMES = {f"heard_{number}": text for number, text in enumerate(HEARD | OWN)}
KEYS = [
    "memory.told.last",
    "memory.told.count",
    "memory.told.hot",
    "coalesce(memory.told.last, 0.5)",
    "round(memory.told.count) % 2",
]
MATCHES = [
    {"name": "memory.told.last"},
    {"name": "(memory.told.hot ? 'x' : memory.told.last)"},
    {"k": "memory.told.count"},
    {"k": "memory.told.count % 3 + 1", "odd": "memory.told.hot"},
    {"share": "memory.told.count"},
    {"share": "memory.told.last"},
    {"odd": "memory.told.last"},
    {"odd": "memory.told.count > 2"},
]
LOOKS = [
    "memory.told.hot",
    "memory.told.count % 2 > 0 or k > 1",
    "name = memory.told.last",
    "coalesce(memory.told.count, 1) < k + 2",
]
NUMBERS = ["memory.told.count", "memory.told.count / 2", "(memory.told.hot ? 2 : 0.75)"]
COUNTS = ["memory.told.count % 3", "(memory.told.hot ? 2 : 0)"]


def add_recall(draw: st.DrawFn, spec: Spec) -> None:
    """Let templates of some emitters remember, and states of the spec read it."""
    scope = draw(st.sampled_from(["template", "population", "run"]))
    owners = draw(st.lists(st.sampled_from(spec["emitters"]), min_size=1, max_size=3, unique_by=id))
    for emitter in owners:
        emitter["dimensions"].append({"name": "heard", "type": "enum", "values": VALUES})
        for number in range(1 if scope == "template" else draw(st.integers(1, 2))):
            emitter["dimensions"].append(template(draw, f"told{number}", scope))
    named = {emitter["name"] for emitter in owners}
    has_variables = any(source.get("variables") for source in spec.get("arrivals", []))
    for state in spec["states"]:
        if scope != "template" or len(named) == 1 or state.get("emitter") in named:
            read(draw, state, [name for name in ("p", "q", "r") if is_list(spec, name)])
            set_heard(draw, state, HEARD if has_variables else HEARD | OWN)
            meet(draw, state, spec)
    for resource in spec.get("resources", {}).values():
        if "rows" in resource and (scope != "template" or len(named) == 1) and draw(st.booleans()):
            resource["available"] = draw(st.sampled_from(LOOKS))
    read_heard(draw, spec)


def set_heard(draw: st.DrawFn, state: Spec, texts: dict[str, str]) -> None:
    """Let a state, and those whom it spawns, set variables by what is remembered."""
    for owner in (state, *state.get("spawn", [])):
        names = [name for name, text in NAMES.items() if text in texts]
        for name in draw(st.lists(st.sampled_from(names), max_size=2, unique=True)):
            made = {"name": name, "type": "expression", "value": NAMES[name].replace("heard", name)}
            owner["variables"] = (
                [*owner.get("variables", []), made] if draw(st.booleans()) else owner.get("variables", [])
            )


def meet(draw: st.DrawFn, state: Spec, spec: Spec) -> None:
    """Let a state gather, and match rows, by what is remembered."""
    if "gather" in state and draw(st.booleans()):
        state["gather"]["by"] = draw(st.sampled_from(KEYS))
    for key in ("acquire", "use"):
        asked = state.get(key, [])
        for one in asked if isinstance(asked, list) else []:
            if isinstance(one, dict) and "rows" in spec["resources"][one["resource"]] and draw(st.booleans()):
                one["match"] = draw(st.sampled_from(MATCHES))


def read_heard(draw: st.DrawFn, spec: Spec) -> None:
    """Let records show variables that are set by what is remembered, and states read them."""
    owners = [owner for state in spec["states"] for owner in (state, *state.get("spawn", []))]
    found = {
        field["name"] for owner in owners for field in owner.get("variables", []) if field["name"].startswith("heard_")
    }
    types = {name: (HEARD | OWN)[NAMES[name]] for name in sorted(found)}
    shown = [{"name": f"shown {name}", "type": "variable", "variable": name} for name in types]
    for emitter in spec["emitters"]:
        emitter["dimensions"] += [field for field in shown if draw(st.booleans())]
    known = {name: type_ for name, type_ in types.items() if type_ != "any"} | {"visits": "int"}
    for name, type_ in types.items():
        known |= {f"({name} is null)": "bool"}
        if type_ == "any":
            known |= {f"({name} = 'x')": "bool", f"({name} != 1)": "bool", f"({name} < 2)": "bool"}
    maker = Maker(draw, known, [])
    for state in spec["states"]:
        for way in state.get("transitions", []):
            if types and "when" in way and draw(st.booleans()):
                way["when"] = maker.of("bool")
        if types and "by" in state.get("gather", {}) and draw(st.booleans()):
            state["gather"]["by"] = draw(st.sampled_from(sorted(types)))


def template(draw: st.DrawFn, name: str, scope: str) -> Spec:
    """Make a template that remembers, here and there inside of an object."""
    made = {"name": name, "type": "template", "memory": {"told": scope}, "text": draw(st.sampled_from(TEXTS))}
    made |= draw(st.sampled_from([{}, {}, {}, {"percent_missing": 30}]))
    return {"name": name, "type": "object", "dimensions": [made]} if draw(st.integers(0, 4)) == 0 else made


def is_list(spec: Spec, name: str) -> bool:
    """Return whether a variable has a list of values in all states that set it."""
    found = [field for state in spec["states"] for field in state.get("variables", []) if field["name"] == name]
    return bool(found) and all(
        field["type"] == "enum" or (field.get("cardinality") and field["type"] != "list") for field in found
    )


def read(draw: st.DrawFn, state: Spec, lists: list[str]) -> None:
    """Let a state read what is remembered, wherever it may."""
    types = TYPES | {f"({name} {mark} memory.told.last)": "bool" for name in lists for mark in ("=", "!=")}
    maker = Maker(draw, types | dict.fromkeys(["steps", "visits"], "int"), [])
    for way in state.get("transitions", []):
        if "when" in way and draw(st.integers(0, 3)):
            way["when"] = maker.of("bool")
        if isinstance(way.get("probability"), str) and draw(st.booleans()):
            way["probability"] = f"({maker.of('float')} > 1 ? 2 : 0.5)"
    for key, type_ in (("many", "int"), ("much", "float"), ("open", "bool")):
        if key in state.get("set", {}) and draw(st.booleans()):
            own = maker.of(type_)
            state["set"][key] = own if type_ != "int" else f"coalesce(round(memory.told.count), {own})"
    for entry in state.get("spawn", []):
        if draw(st.booleans()):
            entry["count"] = draw(st.sampled_from(COUNTS))
    for key in ("acquire", "use"):
        if isinstance(state.get(key), dict) and draw(st.booleans()):
            state[key]["priority"] = draw(st.sampled_from(["memory.told.count", "memory.told.hot ? 1 : 2"]))
    delay = state.get("delay", {})
    if delay.get("type") in ("constant", "exponential") and draw(st.booleans()):
        number = draw(st.sampled_from(NUMBERS))
        state["delay"] = {
            key: f"({number} > 0.5 and {number} < 9 ? {number} : 0.75)" if key in ("value", "mean") else value
            for key, value in delay.items()
        }
