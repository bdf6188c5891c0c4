"""Makes up states where workers wait for each other, and puts them into specs.

All of them lose patience some time, and have made a record before, so that there are some where nobody ever meets.
"""

from hypothesis import strategies as st

Spec = dict

KEYS = [
    "worker % 2",
    "born % 3 / 2",
    "visits",
    "born % 2 = 0",
    "0 / 0",
    "(born % 3 - 1) * 0.0",
    "coalesce(gather.index, 7)",
]
READ = ["gather.number", "gather.index", "coalesce(gather.number, -1) * 10 + coalesce(gather.index, -1)"]
PATIENCE = [{"type": "exponential", "mean": 3}, {"type": "constant", "value": 0.75}]


def add_gathering(draw: st.DrawFn, spec: Spec) -> None:
    """Let some states of a spec gather workers, and records, variables and conditions read what came of it."""
    begins = {spec["states"][0]["name"], *(source.get("state") for source in spec.get("arrivals", []))}
    begins |= {entry["state"] for state in spec["states"] for entry in state.get("spawn", [])}
    variables = [field for state in spec["states"] for field in state.get("variables", [])]
    lists = {field["name"] for field in variables if field["type"] == "list"}  # which are no keys
    known = {field["name"] for field in variables} & {"p", "q"} - lists
    keys = [*KEYS, *sorted(known), *(["many % 2"] if "shared" in spec else [])]
    for state in spec["states"]:
        if state["name"] in begins or draw(st.integers(0, 3)) == 0:
            continue
        state["gather"] = {"size": draw(st.integers(1, 4))}
        if draw(st.booleans()):
            state["gather"]["by"] = draw(st.sampled_from(keys))
        after = draw(st.sampled_from(PATIENCE))
        state["timeout"] = {"after": after, "next": draw(st.sampled_from([spec["states"][0]["name"], "stop"]))}
        for way in state.get("transitions", []):
            if "when" in way and draw(st.booleans()):
                way["when"] = "gather.index = 0 or visits > 3"
    for owner in (*spec["emitters"], *spec["states"]):
        key = "dimensions" if owner in spec["emitters"] else "variables"
        if draw(st.booleans()):
            made = {"name": f"gathered {owner['name']}", "type": "expression", "value": draw(st.sampled_from(READ))}
            owner[key] = [*owner.get(key, []), made]
