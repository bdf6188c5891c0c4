"""Makes up states whose workers bring about others, and puts them into specs.

Children have states of their own and no children, so that there is an end to it; what they wait for nobody holds who
waits for them.
"""

from hypothesis import strategies as st

from tests.engine.conditions import odd_counter

Spec = dict

COUNTS = [0, 2, "visits % 3", "coalesce(rank, 1) % 4", "born % 3", "waited > 1 ? 2.75 : 1.5", "0 - 1", "0 / 0"]
DELAYS = [{"type": "exponential", "mean": 1}, {"type": "constant", "value": 0}, {"type": "constant", "value": 0.5}]
FOREIGN = [{"type": "lognormal", "mean": 1, "sigma": 0.5}]
LOTS = [  # the first one the core draws itself
    {"type": "uniform", "min": 0, "max": 9},
    {"type": "geometric", "p": 0.2},
    {"type": "lognormal", "median": 4, "sigma": 1, "most": 9},
]
BAG = {"name": "bag", "type": "list", "elements": [{"name": "n", "type": "int", "distribution": LOTS[0]}]}
RANKS = (("spawn.index", "coalesce(rank, 0) + 1", "visits + spawn.index"), ("age", "age + coalesce(rank, 0.5)"))


def variables(draw: st.DrawFn, names: list[str], ranks: list[Spec]) -> list[Spec]:
    """Make what children are given: what their parents have, what follows from that, and what is drawn."""
    made: list[Spec] = []
    if names and draw(st.booleans()):
        name = draw(st.sampled_from(names))
        made.append({"name": name, "type": "variable", "variable": name})
    if draw(st.booleans()):
        made.append({"name": "rank"} | draw(st.sampled_from(ranks)))
    if draw(st.booleans()):
        made.append({"name": "lot", "type": "int", "distribution": draw(st.sampled_from(LOTS))})
        made.append({"name": "twice", "type": "expression", "value": "2 * lot"})
    if draw(st.booleans()):
        made.append(BAG | {"length_distribution": {"type": "uniform", "min": 0, "max": 3}})
    if "tally" in names and all(one["name"] != "tally" for one in made) and draw(st.booleans()):
        made.append(odd_counter(draw, ["visits > 1"]))
    return made


def add_children(draw: st.DrawFn, spec: Spec, emitters: list[str]) -> None:
    """Let states of a spec spawn."""
    names = [
        field["name"] for state in spec["states"] for field in state.get("variables", []) if "." not in field["name"]
    ]
    real = draw(st.booleans())  # all of one type
    ranks = [{"type": "constant", "value": 1.5 if real else 1}]
    ranks += [{"type": "expression", "value": value} for value in RANKS[real]]
    if {field["name"] for one in spec.get("arrivals", []) for field in one.get("variables", [])} & {*names}:
        ranks = ranks[:1]  # what is set at birth and by a state can't be made of itself
    parents = list(spec["states"])
    uses = {"resources": spec.get("resources", {}) | {"hall": {"capacity": draw(st.integers(1, 2))}}}
    kids: list[Spec] = []
    for name in ("kid", "grown kid"):
        kid = {
            "name": name,
            "emitter": draw(st.sampled_from(emitters)),
            "delay": draw(st.sampled_from(DELAYS + FOREIGN)),
        }
        if draw(st.booleans()):
            kid["use"] = "hall"
            spec |= uses
        kids.append(kid)
    kids[0]["transitions"] = [{"next": "grown kid", "when": "rank > 0"}, {"next": "stop"}]
    if draw(st.booleans()):
        kids[0] |= {"transitions": [{"next": "grown kid", "probability": 0.5}, {"next": "stop", "probability": 0.5}]}
    reads_lots = draw(st.booleans())
    for state in parents:
        entries = []
        for name in draw(st.sampled_from([[], ["a"], ["a", "b"]])):
            entry: Spec = {"name": name, "state": draw(st.sampled_from(["kid", "grown kid"]))}
            if draw(st.booleans()):
                entry["count"] = draw(st.sampled_from(COUNTS))
            if draw(st.booleans()):
                entry["delay"] = draw(st.sampled_from(DELAYS + FOREIGN))
            if draw(st.booleans()):
                entry["variables"] = variables(draw, names, ranks)
            entries.append(entry)
        if entries:
            state["spawn"] = entries
        if draw(st.integers(0, 2)) == 0:
            state["join"] = True
            if draw(st.booleans()):
                state.setdefault("timeout", {"after": {"type": "constant", "value": 0.75}, "next": "stop"})
    given = [
        field["name"] for state in parents for entry in state.get("spawn", []) for field in entry.get("variables", [])
    ]
    if "lot" in given and reads_lots:
        ways = [{"next": "grown kid", "when": "coalesce(twice, 9) > 6 or lot = 2"}, {"next": "stop"}]
        kids[0] |= {"transitions": ways}
    elif "bag" in given and reads_lots:
        ways = [{"next": "grown kid", "when": "length(bag) > 1 or sum(bag) > 6 or bag[0] is null"}, {"next": "stop"}]
        kids[0] |= {"transitions": ways}
    elif "tally" in given:
        kids[0]["transitions"] = [{"next": "grown kid", "when": "tally > 0 or tally is null"}, {"next": "stop"}]
    if "rank" not in given:
        kids[0]["variables"] = [{"name": "rank"} | ranks[0]]
    spec["states"] = [*parents, *kids]
