"""What a value of each field generator takes: the columns of records with several such fields, less those without."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.process import answer
from bench.setting import Setting
from bench.table import Line

_COPIES = 4
_LINE = "2014-01-04 20:00:{:02d} WINDBAG Event {} of 12 randint @@i and @@j"
_DIGIT = {"type": "int", "distribution": {"type": "uniform", "min": 0, "max": 9}}
_TABLES = {
    "cities": {"type": "cities"},
    "lines": {"columns": ["line"], "rows": [[_LINE.format(number, number)] for number in range(12)]},
}
# What others read.
_READ: list[dict[str, Any]] = [
    {"name": "word", "type": "enum", "values": ["ann", "ben", "cleo"]},
    {"name": "number", "type": "int", "distribution": {"type": "uniform", "min": 1, "max": 9999}},
]
_NUMBERED = [
    (r"\d{4}-\S+ \S+", {"name": "at", "type": "now", "format": "%Y-%m-%d %H:%M:%S"}),
    ("@@i", {"name": "i"} | _DIGIT),
    ("@@j", {"name": "j"} | _DIGIT),
]
# Each kind, and how many ns a value may take.
_FIELDS: dict[str, tuple[dict[str, Any], float | None]] = {
    "enum, with weights": ({"type": "enum", "values": ["a", "b", "c", "d"], "weights": [5, 3, 1, 1]}, 30),
    "column, by the weights of 5,445 rows": ({"type": "column", "table": "cities", "column": "name"}, 30),
    "text, of two values": ({"type": "text", "value": "{{word}}-{{number}}"}, 30),
    "expression": ({"type": "expression", "value": "number * 2 + 1"}, 30),
    "case, of two constants": (
        {
            "type": "case",
            "cases": [{"when": "number > 5000", "make": {"name": "c", "type": "constant", "value": "large"}}],
            "default": {"name": "d", "type": "constant", "value": "small"},
        },
        30,
    ),
    "uuid": ({"type": "uuid"}, 30),
    "now, as epoch_ms": ({"type": "now", "format": "epoch_ms"}, 30),
    "now, with strftime codes": ({"type": "now", "format": "%d/%b/%Y:%H:%M:%S"}, None),
    "int, uniform": (_DIGIT, None),
    "decimal, exponential": ({"type": "decimal", "distribution": {"type": "exponential", "mean": 4}}, None),
    "decimal, a product rounded": ({"type": "expression", "value": "round(decimal(number, 2) * 1.19, 2)"}, None),
    "float, exponential": ({"type": "float", "distribution": {"type": "exponential", "mean": 4}, "precision": 2}, None),
    "regex, [A-Z]{3}-[0-9]{4}": ({"type": "regex", "pattern": "[A-Z]{3}-[0-9]{4}"}, 150),
    "ipaddress": ({"type": "ipaddress", "distribution": {"type": "uniform", "min": 0, "max": 4294967295}}, None),
    "hex, 32": ({"type": "hex", "length": 32}, None),
    "fake, of a pool": ({"type": "fake", "provider": "person.full_name"}, None),
    "replace, 3 rules": (
        {
            "type": "replace",
            "in": {"name": "in", "type": "column", "table": "lines", "column": "line"},
            "with": [{"match": match, "value": value} for match, value in _NUMBERED],
        },
        400,
    ),
}


def values(setting: Setting) -> Iterator[Line]:
    """Measure a value of each kind, as CPU time on one core."""
    records = setting.size(500_000)

    def columns(fields: list[dict[str, Any]]) -> float:
        emitter = {"name": "e", "dimensions": [*_READ, *fields]}
        state = {"name": "s", "emitter": "e", "transitions": [{"next": "stop", "probability": 1}]}
        gap = {"type": "constant", "value": 0.001}
        spec = {"tables": _TABLES, "interarrival": gap, "states": [state], "emitters": [emitter]}
        found: float = answer("engine", "columns", setting.save("spec.json", spec), records)[0]
        return found

    for what, (field, most) in _FIELDS.items():
        copies = [{"name": f"f{number}"} | field for number in range(_COPIES)]
        each = median(setting.repeat(lambda: (columns(copies) - columns([])) / _COPIES))  # noqa: B023
        yield Line(f"a value: {what}", each, "ns", most=most)
