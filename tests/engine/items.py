"""Makes up states that go through lists, item by item, and puts them into specs.

Behind each state whose list may be empty stands one that takes time, so that there is no circle in which nobody waits,
and emits, so that there are records.
"""

import json
import re

from hypothesis import strategies as st

Spec = dict

CART, ITEM = "cart", "item"
TABLE = {
    "columns": ["k", "name"],
    "rows": [[1, "x"], [2, "y"], [3, None]],
    "shared": {"times": 0, "level": "k / 2"},
}
FEW = {"type": "uniform", "min": 0, "max": 3}
NUMBER = {"name": "n", "type": "int", "distribution": {"type": "uniform", "min": 0, "max": 9}}
REAL = NUMBER | {"type": "float"}
# Lists of one type each; of the last ones the walk knows no items, as they follow from more than the draw.
LISTS: dict[str, list[Spec]] = {
    "numbers": [
        {"type": "constant", "value": [3.5, 1.25, 2.5]},
        {"type": "constant", "value": []},
        {"type": "list", "elements": [REAL], "length_distribution": FEW, "cardinality": 5},
        {"type": "enum", "values": [[4.5], [5.5, 6.25], None, []]},
    ],
    "drawn": [
        {"type": "list", "elements": [REAL], "length_distribution": FEW},
        {"type": "list", "elements": [REAL | {"percent_missing": 40}], "length_distribution": FEW},
        {"type": "list", "elements": [REAL, REAL | {"name": "m"}], "percent_nulls": 30},
        {"type": "list", "elements": [REAL], "length_distribution": FEW, "percent_missing": 30},
        {"type": "constant", "value": [7.5, 8.5]},
    ],
    "rows": [
        {"type": "rows", "table": "goods", "length_distribution": FEW},
        {"type": "rows", "table": "goods", "length_distribution": FEW, "percent_nulls": 20},
        {"type": "rows", "table": "goods", "length_distribution": FEW, "distribution": FEW},
    ],
    "rows in turn": [
        {"type": "rows", "table": "goods", "length_distribution": FEW},
        {"type": "rows", "table": "goods", "length_distribution": FEW, "pick": "cycle"},
        {"type": "rows", "table": "goods", "length_distribution": FEW, "pick": "step", "percent_nulls": 20},
    ],
}
WAYS = ["each.index > 0", "coalesce(each.index, 5) % 2 = 0", "visits > 2", "steps % 3 = 0"]
# What is known of lists, and of their items.
KNOWN = {
    "numbers": [
        f"{ITEM} > 1",
        f"{CART}[-1] = {ITEM}",
        f"sum({CART}) > 2",
        f"{CART}[each.index] < 1",
        f"{ITEM} is null",
    ],
    "rows": [
        *(f"{ITEM}.name = 'x'", f"{CART}[visits - 1].name != 'x'", f"contains({CART}.name, 'y')"),
        *(f"{ITEM} is null", f"sum({CART}.k) > 3", f"{CART}[0].k > {ITEM}.k"),
    ],
}
COUNTS = ["each.index", "each.index + 1", 1]


def add_items(draw: st.DrawFn, spec: Spec) -> None:
    """Let states of a spec go through lists, or the rows of a table, and let all else read of it."""
    spec.pop("warm_up", None)  # what reads its own former value is made step by step, which takes long
    spec["tables"] = spec.get("tables", {}) | {"goods": TABLE}
    kind = draw(st.sampled_from([*LISTS, "rows of a table"]))
    known = kind != "rows in turn"
    number = f"{ITEM}.k, 2" if "rows" in kind else f"{ITEM}, 0.5"  # all of them of one type
    ways = WAYS + (KNOWN["rows" if "rows" in kind else "numbers"] if known and kind != "rows of a table" else [])
    states = list(spec["states"])
    made_of_others = re.search('"type": "(expression|variable)"', json.dumps(spec["states"]), re.IGNORECASE)
    if kind in LISTS and spec.get("arrivals") and not made_of_others and draw(st.booleans()):
        source = draw(st.sampled_from(spec["arrivals"]))
        source["variables"] = [*source.get("variables", []), {"name": CART} | draw(st.sampled_from(LISTS[kind]))]
    # What is set at birth and by a state can't be made of itself.
    sums = not any(source.get("variables") or source["type"] == "replay" for source in spec.get("arrivals", []))
    goers = draw(st.lists(st.sampled_from(states), min_size=1, max_size=2, unique_by=id))
    begins = {states[0]["name"], *(source.get("state") for source in spec.get("arrivals", []))}
    for place, state in enumerate(goers):
        if state.get("timeout") and "gather" not in state and draw(st.booleans()):
            del state["timeout"]
        through(draw, spec, state, kind)
        read(draw, state, number if known else None, place, sums=sums)
        if kind != "rows of a table":
            later = {key: state.pop(key) for key in ("transitions", "next", "ordered") if key in state}
            behind = f"behind {place}"
            stays = {"delay": {"type": "constant", "value": 0.5}, "emitter": spec["emitters"][0]["name"]}
            spec["states"].append({"name": behind, **stays, **later})
            state["next"] = behind
            if draw(st.booleans()):
                state["transitions"] = [{"next": behind, "when": draw(st.sampled_from(ways))}, {"next": behind}]
                del state["next"]
        else:
            for way in state.get("transitions", []):
                if "when" in way and draw(st.booleans()):
                    way["when"] = draw(st.sampled_from(WAYS))
    givers = [state for state in states if state not in goers or kind == "rows of a table"]
    for state in givers if kind != "rows of a table" else []:
        if draw(st.booleans()) or state["name"] in begins:
            made = {"name": CART} | draw(st.sampled_from(LISTS[kind]))
            state["variables"] = [*state.get("variables", []), made]
    if not any(one["name"] == CART for state in givers for one in state.get("variables", [])):
        first = {"name": "filling", "variables": [{"name": CART} | LISTS.get(kind, LISTS["drawn"])[0]]}
        first |= {"next": states[0]["name"], "delay": {"type": "constant", "value": 0.25}}
        spec["states"].insert(0, first)
    show(draw, spec, number, is_shared=kind == "rows of a table")


def through(draw: st.DrawFn, spec: Spec, state: Spec, kind: str) -> None:
    """Let a state go through what there is."""
    state["each"] = {"table": "goods", "as": ITEM} if kind == "rows of a table" else {"variable": CART, "as": ITEM}
    if draw(st.booleans()):
        state["emitter"] = draw(st.sampled_from(spec["emitters"]))["name"]
    if draw(st.integers(0, 2)) == 0 and state.get("delay", {}).get("type") != "next":
        state.pop("delay", None)
        state.pop("delay_profile", None)
        if kind == "rows of a table":
            state["delay"] = {"type": "constant", "value": 0.25}
    if kind == "rows of a table" and draw(st.booleans()):
        state["set"] = state.get("set", {}) | {f"{ITEM}.times": f"{ITEM}.times + 1 + each.index"}


def read(draw: st.DrawFn, state: Spec, number: str | None, place: int, *, sums: bool) -> None:
    """Let a state read its item, or the place of it: in variables, delays, and in what it spawns."""
    values = ["each.index", "visits * 10 + each.index"]
    values += [f"coalesce(running{place}, 0) + each.index"] if sums else []
    values += [f"coalesce({number}) * 2"] if number else []
    own = draw(st.lists(st.sampled_from(values), max_size=2, unique=True))
    made = [{"name": f"running{place}", "type": "expression", "value": value} for value in own[:1]]
    made += [
        {"name": f"other{place}", "type": "expression", "value": value} for value in own[1:] if "running" not in value
    ]
    state["variables"] = [*state.get("variables", []), *made]
    if draw(st.integers(0, 2)) == 0 and state.get("delay", {}).get("type") in ("constant", "exponential"):
        by = f"1 + coalesce({number})" if number else "0.5 + each.index"
        key = "value" if state["delay"]["type"] == "constant" else "mean"
        state["delay"] = state["delay"] | {key: by}
    for entry in state.get("spawn", []):
        if draw(st.booleans()):
            entry["count"] = draw(st.sampled_from(COUNTS))
        given = [{"name": ITEM, "type": "variable", "variable": ITEM}]
        if draw(st.booleans()):
            given.append({"name": "of item", "type": "expression", "value": "each.index * 100 + spawn.index"})
        if draw(st.booleans()):
            entry["variables"] = [*entry.get("variables", []), *given]


def show(draw: st.DrawFn, spec: Spec, number: str, *, is_shared: bool) -> None:
    """Let records show items."""
    inside = [f"coalesce({number}) + coalesce(each.index, -10)", "each.index", f"length({CART})"]
    inside += [f"{ITEM}.times", f"{ITEM}.level"] if is_shared else []
    for emitter in spec["emitters"]:
        fields = [{"name": "of item", "type": "variable", "variable": ITEM}] if draw(st.booleans()) else []
        for place, value in enumerate(draw(st.lists(st.sampled_from(inside), max_size=2, unique=True))):
            fields.append({"name": f"item {place}", "type": "expression", "value": value})
        emitter["dimensions"] = [*emitter.get("dimensions", []), *fields]
