"""Makes up whole records, texts and objects, and puts them into specs."""

import json
from collections.abc import Callable, Iterator

from hypothesis import strategies as st

Spec = dict

LINES = ["a\nb", "\n", " x \r\n\r\ny\n", None, "one", ""]
JSON_TEXTS = ['{"b": 1e5, "a" : "\\u00e9  x\\\\"}', "[1, 2.50 ]", '"q r"', '{\n "a" : [ ],\t"a": {}}', " -0.0\n"]
# Their keys come in one order: that of columns is the order in which values show them.
OBJECTS = [
    {"a": 1, "b": "x"},
    {"a": 0, "b": None},
    None,
    {"a": 2, "c": [1, {"d": "é"}]},
    [],
    [{"a": 3}, None, {"a": 4}],
]
LENGTHS = {"type": "uniform", "min": 0, "max": 3}


def add_texts(draw: st.DrawFn, spec: Spec, generator: Callable[[str], Spec]) -> None:
    """Let the records of some emitters be whole texts, whose records nobody looks up; ``generator`` makes any field."""
    looked_up = {part["emitter"] for part in parts(spec) if str(part.get("type")).lower() == "lookup"}
    for emitter in spec["emitters"]:
        if emitter["name"] not in looked_up and draw(st.integers(0, 3)):
            emitter["dimensions"].append({"name": "n9", "type": "counter"})
            emitter |= {"text": {"name": "text", "type": "one_of", "of": [text(draw, generator), constant("sure")]}}
            if draw(st.booleans()):
                emitter["split"] = "lines"
            if draw(st.integers(0, 2)) == 2:
                is_json = {"name": "of", "type": "enum", "values": [*draw(st.permutations(JSON_TEXTS))][:3]}
                several = {"name": "of", "type": "list", "elements": [is_json | {"name": "x"}]}
                made = draw(st.sampled_from([is_json, several | {"length_distribution": LENGTHS}]))
                emitter |= {"text": {"type": "one_of", "of": [made, constant(7)]}, "check": "json"}
                emitter.pop("split", None)
            if not draw(st.integers(0, 4)):
                del emitter["dimensions"]
                if "n9" in json.dumps(emitter):
                    emitter["dimensions"] = [{"name": "n9", "type": "counter"}]


def add_objects(draw: st.DrawFn, spec: Spec, generator: Callable[[str], Spec]) -> None:
    """Let the records of some emitters be objects, whose records nobody looks up."""
    looked_up = {part["emitter"] for part in parts(spec) if str(part.get("type")).lower() == "lookup"}
    for emitter in spec["emitters"]:
        if emitter["name"] not in looked_up and "text" not in emitter and draw(st.integers(0, 3)):
            emitter["dimensions"].append({"name": "n9", "type": "counter"})
            emitter["record"] = record(draw, generator)
            if emitter["record"]["type"] == "enum":
                emitter["columns"] = {"a": draw(st.sampled_from(["integer", "number"])), "b": "text", "c": "json"}
                emitter.pop("columns") if draw(st.booleans()) else None


def record(draw: st.DrawFn, generator: Callable[[str], Spec]) -> Spec:
    """Make a field for a record: an object of columns, of JSON, one that reads a dimension of its name, or several."""
    reading = {"name": "n9", "type": "expression", "value": "n9 * 2"}
    inside = {"type": "object", "dimensions": [generator("a"), reading, {"name": "k", "type": "counter"}]}
    listed = {"type": "list", "elements": [inside | {"name": "x"}], "length_distribution": LENGTHS}
    values = {"type": "enum", "values": draw(st.permutations(OBJECTS))}
    made = draw(st.sampled_from([inside, listed, values]))
    return made | draw(st.sampled_from([{}, {}, {"percent_missing": 30}, {"percent_nulls": 30}]))


def text(draw: st.DrawFn, generator: Callable[[str], Spec]) -> Spec:
    """Make a field for a text: any, or one that has several lines, reads a dimension, or makes several."""
    reading = {"name": "of", "type": "expression", "value": "n9 * 2"}
    lines = {"name": "of", "type": "enum", "values": [*draw(st.permutations(LINES))][: draw(st.integers(1, 6))]}
    inner = draw(st.sampled_from([reading, lines])) | {"name": "x"}
    several = {"name": "of", "type": "list", "elements": [inner, {"name": "y", "type": "constant", "value": None}]}
    made = [generator("of"), reading, lines, several | {"length_distribution": LENGTHS}]
    return draw(st.sampled_from(made)) | draw(st.sampled_from([{}, {}, {"percent_missing": 30}, {"percent_nulls": 30}]))


def constant(value: object) -> Spec:
    return {"name": "sure", "type": "constant", "value": value}


def parts(part: object) -> Iterator[Spec]:
    if isinstance(part, dict):
        yield part
    for member in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from parts(member)
