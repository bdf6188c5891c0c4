"""Makes populations of a spec that has none: each has its states, in another order, and sources and a limit."""

from copy import deepcopy

from hypothesis import strategies as st

Spec = dict

NAMES = ["b", "a", "a b", "Z"]  # "a b" is before "a/…" as a text, and behind "a" as a name
LIMITS = [1, 2, 3, 5, 100]
GAPS = [{"type": "constant", "value": 1}, {"type": "exponential", "mean": 0.5}, {"type": "exponential", "mean": 4}]


def add_populations(draw: st.DrawFn, spec: Spec) -> None:
    """Let several populations go through the states of a spec."""
    states = spec.pop("states")
    moved = {key: spec.pop(key) for key in ("interarrival", "arrivals", "limit_profile") if key in spec}
    if draw(st.booleans()) and "record" not in spec["emitters"][0]:
        where = {"name": "where", "type": "expression", "value": "population + '.' + state"}
        spec["emitters"][0]["dimensions"] = [*spec["emitters"][0].get("dimensions", []), where]
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    spec["populations"] = {}
    for place, name in enumerate(names):
        first = draw(st.integers(0, len(states) - 1)) if "interarrival" in moved else 0
        own = {"states": deepcopy([*states[first:], *states[:first]]), "max_workers": draw(st.sampled_from(LIMITS))}
        own |= deepcopy(moved)
        if place and draw(st.booleans()):
            own.pop("arrivals", None)
            own["interarrival"] = draw(st.sampled_from(GAPS))
        spec["populations"][name] = own
        if draw(st.booleans()):
            way = draw(st.sampled_from(own["states"]))
            told = {"name": "told", "type": "expression", "value": draw(st.sampled_from(["state", "population"]))}
            way["variables"] = [*way.get("variables", []), told]
    for key in ("emitters", "resources", "tables", "profiles", "incidents", "shared"):  # of all, or of one
        if key in spec and draw(st.booleans()):
            spec["populations"][names[-1]][key] = spec.pop(key)
    for own in spec["populations"].values():
        for state in own["states"]:
            for entry in state.get("spawn", []):
                if draw(st.booleans()):
                    entry["population"] = draw(st.sampled_from(names))
