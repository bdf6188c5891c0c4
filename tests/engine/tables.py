"""Makes up tables, and puts them into specs: fields that pick from them, conditions, and keys of draws."""

import json

from hypothesis import strategies as st

Spec = dict

COLUMNS = ["k", "n", "w"]
ROWS = [["x", 1, 0.5], ["y", 1, 2.0], ["x", 2, 0.0], [None, 3, 1.25], ["é/", 2, 7.0]]
CONDITIONS = ["worker % 2 = 0", "worker % 3 = 1 or worker > 8", "time is null", "true"]
KEYS = ["worker", "worker % 2", "'k'", "null", "time"]
MATCHES = [{"k": "'x'"}, {"n": "worker % 4"}, {"n": "1 + 0.0", "k": "'y'"}, {"n": "1.5"}, {"w": "worker"}]
PICKS = [{}, {}, {"pick": "worker"}, {"pick": "cycle"}, {"pick": "step"}, {"pick": "shuffle"}]
INDEX = {"distribution": {"type": "exponential", "mean": 1.5}}
OWN_INDEX = {"distribution": {"type": "exponential", "mean": "3 / (worker % 3)"}}  # null for each third worker
LENGTHS = [
    {"type": "constant", "value": 3},
    {"type": "uniform", "min": -1, "max": 6},
    {"type": "normal", "mean": "4 / (worker % 3)", "stddev": 1},
]
NAMED = "given/t"


def add_tables(draw: st.DrawFn, spec: Spec) -> None:
    """Give a spec tables, and dimensions and variables that pick rows of them."""
    spec["tables"] = {"t": static(draw), "m/1": made(draw), "p": children(draw)}
    for name in draw(st.permutations(["t", "m/1", "p"])):
        table = spec["tables"][name] = spec["tables"].pop(name)
        if draw(st.integers(0, 3)) == 3:
            table["emit"] = {"emitter": f"row of {name}"} | draw(st.sampled_from([{}, {"time": None}, {"time": "at"}]))
    first = spec["states"][0]
    first["variables"] = [*first.get("variables", []), picking(draw, NAMED, as_row=True)]
    for emitter in spec["emitters"]:
        names = [f"picked{number}" for number in range(draw(st.integers(0, 3)))]
        fields = [picking(draw, name, as_row=draw(st.booleans())) for name in names]
        if draw(st.booleans()):
            several = {"name": "several", "type": "rows", "table": draw(st.sampled_from(["t", "m/1", "p"]))}
            several["length_distribution"] = draw(st.sampled_from(LENGTHS))
            matches = [{}, {}, *MATCHES[:3]] if several["table"] != "t" else [{}, *MATCHES]
            several |= draw(st.sampled_from([{}, {}, INDEX, OWN_INDEX, *PICKS[2:5]]))
            several |= {"match": draw(st.sampled_from(matches))} if several.get("pick") != "cycle" else {}
            fields.append(several)
        if draw(st.booleans()):
            fields.append({"name": "part", "type": "variable", "variable": NAMED, "path": "n"})
        emitter["dimensions"] = [*emitter["dimensions"], *fields]


def add_keys(draw: st.DrawFn, spec: Spec) -> None:
    """Let some dimensions have a condition, or a key that their value follows from."""
    for emitter in spec["emitters"]:
        for field in emitter["dimensions"]:
            in_turn = field.get("pick") in ("cycle", "shuffle")
            if draw(st.integers(0, 5)) == 5 and not in_turn:
                field["when"] = draw(st.sampled_from(CONDITIONS))
            counts = in_turn or '"counter"' in json.dumps(field).lower()
            if draw(st.integers(0, 7)) == 7 and not counts and field["type"].lower() not in ("object", "list"):
                field["keyed_by"] = draw(st.sampled_from(KEYS))
                field.pop("cardinality", None)  # of fields that have one name, pools are one


def picking(draw: st.DrawFn, name: str, *, as_row: bool) -> Spec:
    """Make a field that picks a row of a table, or a column of it."""
    field = {"name": name, "type": "row" if as_row else "column", "table": draw(st.sampled_from(["t", "m/1", "p"]))}
    if not as_row:
        field["column"] = draw(st.sampled_from(COLUMNS[:2]))
    if as_row or draw(st.booleans()):
        field |= draw(st.sampled_from([*PICKS, INDEX, OWN_INDEX]))
    if draw(st.integers(0, 2)) == 2 and field.get("pick") not in ("cycle", "shuffle"):
        field["match"] = draw(st.sampled_from(MATCHES[:3] if field["table"] != "t" else MATCHES))
    if draw(st.integers(0, 2)) == 2:
        picking = {key: field.get(key) for key in ("pick", "distribution", "match")}  # alike in all of one label
        field["as"] = draw(st.sampled_from("ab")) + json.dumps(picking)
    return field


def static(draw: st.DrawFn) -> Spec:
    rows = [*ROWS[:1], *(row for row in ROWS[1:] if draw(st.booleans()))]
    table: Spec = {"columns": COLUMNS, "rows": rows}
    if draw(st.booleans()):
        table = {"rows": [dict(zip(COLUMNS, row, strict=True)) for row in rows]}
    if draw(st.booleans()):
        table["weight"] = draw(st.sampled_from(["n", "w"]))
    if draw(st.integers(0, 3)) == 3:
        table["where"] = "n < 3"
    return table


def made(draw: st.DrawFn) -> Spec:
    texts = {"name": "k", "type": "string", "chars": "xy", "length_distribution": {"type": "constant", "value": 1}}
    numbers = {"name": "n", "type": "int", "distribution": {"type": "uniform", "min": 0, "max": 3}}
    counted = {"name": "c", "type": "counter", "start": draw(st.integers(0, 9))}
    sums = {"name": "e", "type": "expression", "value": "n * 10 + c", "when": "n > 1"}
    picked = {"name": "o", "type": "row", "table": "t", "pick": draw(st.sampled_from(["draw", "cycle"]))}
    columns = [texts | {"percent_nulls": draw(st.sampled_from([0, 40]))}, numbers, counted, sums, picked]
    return {"size": draw(st.integers(1, 6)), "columns": columns}


def children(draw: st.DrawFn) -> Spec:
    count = draw(st.sampled_from([{"type": "constant", "value": 2}, {"type": "uniform", "min": 1, "max": 3}]))
    texts = {"name": "k", "type": "expression", "value": "parent.o.k"}
    numbers = {"name": "n", "type": "expression", "value": "parent.n + 1"}
    return {"per": {"table": "m/1", "count": count}, "columns": [texts, numbers, {"name": "i", "type": "counter"}]}
