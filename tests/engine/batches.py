"""Makes up sources whose workers come in batches, and lets states and children read these, in specs."""

from hypothesis import strategies as st

Spec = dict

READ = dict.fromkeys(["batch.number", "batch.index", "batch.size"], "int")
SIZES = [1, 2, 3, {"type": "uniform", "min": 0, "max": 4}, {"type": "constant", "value": 2.4}]
COUNTS = ["batch.size", "batch.index", "2 - coalesce(batch.index, 1)"]
PLACES = ["batch.index", "coalesce(batch.number, 7) % 3", "batch.size - worker"]

DEVICES = {"columns": ["kind"], "rows": [["x"], ["y"], [None]]}


def rows_of(spec: Spec) -> list[str]:
    """Return what is read of rows that are taken by batch."""
    return ["device.kind"] if "devices" in spec.get("tables", {}) else []


def read_of(spec: Spec) -> dict[str, str]:
    """Return what can be read of batches, with the types; nothing where no workers come in some."""
    sources = spec.get("arrivals", [])
    return READ if any(one["type"] == "every" and "bytes" not in one for one in sources) else {}


def add_beat(draw: st.DrawFn, spec: Spec) -> None:
    """Add a source whose workers come in batches, of which some may be late, dropped or turned away."""
    beat: Spec = {"type": "every", "name": "beat", "size": draw(st.sampled_from(SIZES))}
    beat["every"] = draw(st.sampled_from(["2S", "10S", "25S"]))
    others: Spec = {
        "count": 2,
        "profile": {"type": "sine", "period": "20M", "amplitude": 0.9},
        "vary": {"low": 0.5, "high": 2},
        "from": "-8S",
        "first": "3S",
        "most": 7,
        "max_workers": 2,
        "when_full": draw(st.sampled_from(["drop", {"state": spec["states"][0]["name"]}])),
    }
    beat |= {key: others[key] for key in sorted(draw(st.sets(st.sampled_from(sorted(others)), max_size=3)))}
    if draw(st.booleans()):
        beat["state"] = draw(st.sampled_from(spec["states"]))["name"]
    if draw(st.booleans()):
        at_birth = {"name": "at birth", "type": "expression", "value": draw(st.sampled_from(PLACES))}
        beat["variables"] = [at_birth]
    spec["arrivals"] = [*spec["arrivals"], beat]
    if draw(st.booleans()):
        spec["tables"] = spec.get("tables", {}) | {"devices": DEVICES}
        device = {"name": "device", "type": "row", "table": "devices", "pick": "batch"}
        owner = draw(st.sampled_from([beat, spec["states"][0]]))
        owner["variables"] = [*owner.get("variables", []), device]


def read_in_children(draw: st.DrawFn, spec: Spec) -> None:
    """Let spawns read the batch of the parent; children are of none."""
    entries = [entry for state in spec["states"] for entry in state.get("spawn", [])]
    for entry in entries:
        if draw(st.booleans()):
            entry["count"] = draw(st.sampled_from(COUNTS))
        place = {"name": "place", "type": "expression", "value": draw(st.sampled_from(PLACES))}
        entry["variables"] = [*entry.get("variables", []), place]
    if entries and draw(st.booleans()):
        kid = next(state for state in spec["states"] if state["name"] == "kid")
        when = draw(st.sampled_from(["place > 0", "batch.index is not null or place = 1"]))
        kid["transitions"] = [{"next": "grown kid", "when": when}, {"next": "stop"}]
