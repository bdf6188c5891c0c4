"""Makes up resources that states ask for, and puts them into specs.

Nobody waits for ever: of two resources, the first is asked for before the other, and what is held beyond a state is the
first alone. A state that asks for something gives it back before.
"""

from hypothesis import strategies as st

Spec = dict

NAMES = ["desk", "lift's"]
FACTS = ["visits", "steps", "age", "waited", "alive", "born", "free('desk')", "waiting('desk')"]
PRIORITIES = ["-visits", "born % 3", "0 - steps", "age", "worker % 2 - 0.5", "waiting('desk')", "0 / 0"]


def request(draw: st.DrawFn, name: str, capacity: int) -> object:
    """Make what a state asks of a resource."""
    made: Spec = {"resource": name}
    if draw(st.booleans()):
        made["units"] = draw(st.integers(1, capacity))
    if draw(st.booleans()):
        made["priority"] = draw(st.sampled_from([-1, 0.5, *PRIORITIES]))
    return name if len(made) == 1 else made


def add_resources(draw: st.DrawFn, spec: Spec) -> None:
    """Let states of a spec share one or two resources."""
    names = NAMES[: draw(st.integers(1, 2))]
    spec["resources"] = {name: {"capacity": draw(st.integers(1, 3))} for name in names}
    states = [state["name"] for state in spec["states"]]
    for state in spec["states"]:
        asks = draw(st.sampled_from([[], [], ["use"], ["use"], ["acquire"], ["acquire", "use"]]))
        wanted = names if "use" in asks and draw(st.booleans()) else names[:1]
        if "acquire" in asks:
            state["acquire"] = request(draw, names[0], spec["resources"][names[0]]["capacity"])
            wanted = [name for name in wanted if name != names[0]] or names[1:]
        if "use" in asks and wanted:
            used = [request(draw, name, spec["resources"][name]["capacity"]) for name in wanted]
            state["use"] = used[0] if len(used) == 1 and draw(st.booleans()) else used
        if asks or draw(st.booleans()):
            state["release"] = names[0]
        if ("acquire" in state or "use" in state) and draw(st.booleans()):
            after = draw(st.sampled_from([{"type": "exponential", "mean": 2}, {"type": "constant", "value": 0.25}]))
            state["timeout"] = {"after": after, "next": draw(st.sampled_from([*states, "stop"]))}


def add_levels(draw: st.DrawFn, spec: Spec) -> None:
    """Let limits and capacities of a spec with profiles follow the time, and transitions read its incidents."""
    profiles = st.sampled_from(["wave", "day", ["wave", "day"], [0.5, "wave", 3]])
    if draw(st.booleans()):
        spec["limit_profile"] = draw(profiles)
    for resource in spec.get("resources", {}).values():
        if draw(st.booleans()):
            resource["capacity_profile"] = draw(profiles)
    for state in spec["states"]:
        ways = state.get("transitions", [])
        if ways and not state.get("ordered") and draw(st.booleans()):
            way = draw(st.sampled_from(ways))
            way["when"] = draw(st.sampled_from(["incident('outage')", "not incident('outage') or visits > 2"]))


def add_notes(draw: st.DrawFn, spec: Spec) -> None:
    """Let fields of records and variables read what is known of workers."""
    states = [state["name"] for state in spec["states"] if "'" not in state["name"]]
    facts = [*FACTS[: 6 if "resources" not in spec else 8], *(f"visits('{name}')" for name in states)]
    for owner in (*spec["emitters"], *spec["states"]):
        key = "dimensions" if owner in spec["emitters"] else "variables"
        if draw(st.booleans()):
            made = {"name": f"noted {owner['name']}", "type": "expression", "value": draw(st.sampled_from(facts))}
            owner[key] = [*owner.get(key, []), made]
