"""Makes populations of a spec that has none: each has its states, in another order, and sources and a limit."""

from copy import deepcopy

from hypothesis import strategies as st

Spec = dict

NAMES = ["b", "a", "a b", "Z"]  # "a b" is before "a/…" as a text, and behind "a" as a name
LIMITS = [1, 2, 3, 5, 100]
SCALES = [0.3, 0.5, 2, 3.7]
GAPS = [{"type": "constant", "value": 1}, {"type": "exponential", "mean": 0.5}, {"type": "exponential", "mean": 4}]


def put(spec: Spec, key: str, where: str, names: list[str]) -> None:
    """Let what stands under a key be that of all, of one population, of both, or of each its own."""
    parts = spec[key]
    if where == "all" or (key == "tables" and any("shared" in part for part in parts.values())):
        return  # the latter is read by the name of who holds it
    if where in ("one", "each"):
        del spec[key]
    owners = names if where == "each" else names[-1:]
    for number, name in enumerate(owners):
        spec["populations"][name][key] = varied(key, deepcopy(parts), number + (where == "both"))
    if key == "emitters":
        spec.setdefault(key, [])


def varied(key: str, parts: Spec | list, number: int) -> Spec | list:
    """Return parts of the same names that differ a little."""
    if key == "shared":
        return {name: start if isinstance(start, bool) else start + number for name, start in parts.items()}
    if key == "resources":
        return {
            name: one if "rows" in one else one | {"capacity": one["capacity"] + number} for name, one in parts.items()
        }
    if key == "tables":
        return {
            name: one | {"rows": one["rows"][::-1]} if number and "rows" in one else one for name, one in parts.items()
        }
    if key == "emitters" and number:
        kept = [one for one in parts if "dimensions" in one and "text" not in one and "record" not in one]
        for one in kept:
            one["dimensions"] = [{"name": "own", "type": "constant", "value": number}, *one["dimensions"]]
    return parts


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
        if draw(st.integers(0, 3)) == 0:
            own["volume_scale"] = draw(st.sampled_from(SCALES))
        if draw(st.integers(0, 3)) == 0:
            own["timezone"] = draw(st.sampled_from(["Asia/Kolkata", "America/New_York"]))
        spec["populations"][name] = own
        if draw(st.booleans()):
            way = draw(st.sampled_from(own["states"]))
            told = {"name": "told", "type": "expression", "value": draw(st.sampled_from(["state", "population"]))}
            way["variables"] = [*way.get("variables", []), told]
    each = draw(st.integers(0, 3)) == 0
    for key in ("emitters", "resources", "tables", "profiles", "incidents", "shared"):
        if key in spec:
            put(spec, key, "each" if each else draw(st.sampled_from(["all", "all", "one", "both"])), names)
    for own in spec["populations"].values():
        for state in own["states"]:
            for entry in state.get("spawn", []):
                if draw(st.booleans()):
                    entry["population"] = draw(st.sampled_from(names))
