"""Makes up resources that are the rows of a table, of which workers get one, and puts them into specs.

Whoever asks for a row loses patience, as none may ever match.
"""

from hypothesis import strategies as st

Spec = dict

COLUMNS = ["k", "name", "zone", "places", "odd", "share"]
ROWS = [
    [1, "x", "n", 1, True, 0.5],
    [2, "y", "s", 2, False, 1.0],
    [3, "x", "n", 3, True, 2.0],
    [4, "z", None, None, None, None],
    [1, "y", "s", 1, False, 0.0],
    [2, "x", "n", 2, True, 3.0],
]
LOOKS = [
    "minute(time) % 2 = k % 2",
    "odd",
    "k < 3 or second(time) >= 30",
    "zone = 'n' or name != zone",
    "share > 0 and k > 1",
]
MATCHES = [
    {"zone": "wish"},
    {"zone": "coalesce(wish, 'n')"},
    {"zone": "'n'"},
    {"k": "born % 3 + 1"},
    {"k": "visits"},
    {"share": "visits"},
    {"k": "age + 1"},
    {"odd": "wish = 'n'"},
    {"odd": "born % 2 = 0"},
    {"zone": "wish", "k": "born % 2 + 1"},
]
READS = ["desk.k", "desk.zone", "desk.k + 1", "desk.odd and desk.k > 1", "coalesce(desk.name, 'none')", "desk is null"]


def add_fleet(draw: st.DrawFn, spec: Spec) -> None:
    """Let some resources of a spec be rows, and what is read of a row stand in records, variables and conditions."""
    fleets = [name for name in spec["resources"] if draw(st.booleans())]
    if not fleets:
        return
    rows = [*draw(st.lists(st.sampled_from(ROWS), max_size=6)), draw(st.sampled_from(ROWS[:3]))]
    table: Spec = {"columns": COLUMNS, "rows": rows}
    looks = [*LOOKS, *(["incident('outage') or k > 1"] if "incidents" in spec else [])]
    if worn := draw(st.booleans()):
        table["shared"] = {"worn": "coalesce(k, 7) % 3"}
        looks.append("worn % 4 < 3")
    spec["tables"] = spec.get("tables", {}) | {"fleet": table}
    for name in fleets:
        spec["resources"][name] = made = {"rows": "fleet"}
        if draw(st.booleans()):
            made["capacity"] = draw(st.sampled_from([1, 2, 3, "places"]))
        if draw(st.booleans()):
            made["available"] = draw(st.sampled_from(looks))
    for state in spec["states"]:
        wish = {"name": "wish", "type": "enum", "values": ["n", "s", "n", None, "q"]}
        state["variables"] = [wish, *state.get("variables", [])]
        ask(draw, state, spec)
        if "desk" in fleets:
            read(draw, state, worn)
    spec["states"].append({"name": "lost", "emitter": spec["emitters"][0]["name"]})
    if "desk" in fleets:
        emitter = draw(st.sampled_from(spec["emitters"]))
        emitter["dimensions"] = [*emitter["dimensions"], *fields(draw, "held")]


def ask(draw: st.DrawFn, state: Spec, spec: Spec) -> None:
    """Let a state ask for rows that match, until it loses patience."""
    for key in ("acquire", "use"):
        asked = state.get(key, [])
        listed = [
            {"resource": one} if isinstance(one, str) else one
            for one in (asked if isinstance(asked, list) else [asked])
        ]
        for one in listed:
            resource = spec["resources"][one["resource"]]
            if "rows" in resource:
                most = max(row[3] or 0 for row in spec["tables"]["fleet"]["rows"])
                capacity = resource.get("capacity", 1)
                one["units"] = draw(st.integers(1, max(most if capacity == "places" else capacity, 1)))
                if capacity == "places" and most == 0:
                    resource["capacity"] = 1
                if draw(st.booleans()):
                    one["match"] = draw(st.sampled_from(fitting(spec["tables"]["fleet"]["rows"])))
        if asked:
            state[key] = listed
            after = draw(st.sampled_from([{"type": "exponential", "mean": 20}, {"type": "constant", "value": 0.25}]))
            state.setdefault("timeout", {"after": after})["next"] = (
                "lost"  # which tells of it: else there might never be a record
            )


def fitting(rows: list) -> list[Spec]:
    """Return what rows may be asked to have; what none ever has is refused."""
    zones, odd = {row[2] for row in rows} & {"n", "s"}, {row[4] for row in rows} - {None}
    found = [match for match in MATCHES if "zone" not in match or (zones if "wish" in match["zone"] else "n" in zones)]
    return [match for match in found if match.get("odd") != "wish = 'n'" or odd]


def read(draw: st.DrawFn, state: Spec, worn: bool) -> None:
    """Let a state set variables by the row that is held, change it, and be left by it."""
    if draw(st.integers(0, 2)) == 0:
        state["variables"] = [*state["variables"], *fields(draw, f"of {state['name']}")]
    if worn and draw(st.booleans()):
        state["set"] = state.get("set", {}) | {"desk.worn": "desk.worn + 1"}
    for way in state.get("transitions", []):
        if "when" in way and draw(st.booleans()):
            way["when"] = draw(st.sampled_from(["desk.k > 1", "desk.zone = 'n' or born % 2 = 0", "desk is not null"]))
    for entry in state.get("spawn", []):
        if draw(st.booleans()):
            entry["variables"] = [*entry.get("variables", []), *fields(draw, "given")]


def fields(draw: st.DrawFn, name: str) -> list[Spec]:
    """Make fields, or variables, that read the row."""
    made = [
        {"name": f"{name} a", "type": "variable", "variable": "desk", "path": draw(st.sampled_from(COLUMNS))},
        {"name": f"{name} b", "type": "expression", "value": draw(st.sampled_from(READS))},
        {"name": f"{name} c", "type": "variable", "variable": "desk"},
    ]
    return draw(st.lists(st.sampled_from(made), min_size=1, max_size=3, unique_by=lambda one: one["name"]))
