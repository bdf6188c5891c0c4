"""What a value of each field generator takes: the columns of records with several such fields, less those without."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.process import answer
from bench.setting import Setting, ratio
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
# What reads records before, of lives of ten records.
_LIFE = 10
_EARLIER: dict[str, Any] = {"type": "lookup", "emitter": "e", "dimension": "number"}
_STEP = {"type": "normal", "mean": 0, "stddev": 1}
_REMEMBERING: dict[str, tuple[dict[str, Any], float | None]] = {
    "previous": ({"type": "previous", "of": "number"}, None),
    "signal": ({"type": "signal", "start": 20, "step": _STEP, "min": 0, "max": 40}, 60),
    "lookup, recent 1,000": (_EARLIER | {"among": {"recent": 1000}}, 60),
    "lookup, alive": (_EARLIER | {"among": "alive"}, 60),
}
_TEN = [field | {"name": f"t{number}"} for number, field in enumerate([_READ[0], _DIGIT] * 5)]
_PLAIN = ", ".join(f"{field['name']}={{{{ {field['name']} }}}}" for field in _TEN)
_BY_ROW = _PLAIN + "{% if t1 > 5000 %}, large{% endif %}"


def values(setting: Setting) -> Iterator[Line]:
    """Measure a value of each kind, as CPU time on one core."""
    for what, (field, most) in _FIELDS.items():
        yield Line(f"a value: {what}", _each(setting, field, _READ), "ns", most=most)
    for what, (field, most) in _REMEMBERING.items():
        each = _each(setting, field, _READ, _LIFE)
        yield Line(f"a value: {what}, of lives of {_LIFE} records", each, "ns", most=most)
    yield from _template(setting, "template, of ten fields", _PLAIN, 2000, None)
    yield from _template(setting, "template, of ten fields and a condition, by row", _BY_ROW, None, 0.9)


def _template(setting: Setting, what: str, text: str, most: float | None, least: float | None) -> Iterator[Line]:
    """Measure a template that puts ten fields into a text beside Jinja2, which has them as Python's values already."""
    path, records = setting.save("ten.json", _spec(_TEN)), setting.size(200_000)

    def pair() -> tuple[float, float]:
        theirs: float = answer("jinja_loop", "render", path, text, records)[0]
        return _once(setting, {"type": "template", "text": text}, _TEN), theirs

    ours, theirs = zip(*setting.repeat(pair), strict=True)
    yield Line(f"a value: {what}", median(ours), "ns", most=most)
    yield Line("Jinja2 alone, the same in one loop over the records", median(theirs), "ns")
    yield Line(f"ours / Jinja2 alone, a {what}", ratio(theirs, ours), "", least=least)


def _each(setting: Setting, field: dict[str, Any], read: list[dict[str, Any]], life: int = 1) -> float:
    return median(setting.repeat(lambda: _once(setting, field, read, life)))


def _once(setting: Setting, field: dict[str, Any], read: list[dict[str, Any]], life: int = 1) -> float:
    """Return the CPU time of a value, in ns: of records with several such fields beside those that they read."""
    copies = [{"name": f"f{number}"} | field for number in range(_COPIES)]
    paths = [setting.save(f"{len(fields)}.json", _spec(fields, life)) for fields in ([*read, *copies], read)]
    with_copies, without = (answer("engine", "columns", path, setting.size(500_000))[0] for path in paths)
    found: float = (with_copies - without) / _COPIES
    return found


def _spec(fields: list[dict[str, Any]], life: int = 1) -> dict[str, Any]:
    """Return a spec of records with some fields; workers have ``life`` of them, on average, and some 50 are alive."""
    ways: list[dict[str, Any]] = [{"next": "stop", "probability": 1 / life}]
    ways += [{"next": "s", "probability": 1 - 1 / life}] if life > 1 else []
    state: dict[str, Any] = {"name": "s", "emitter": "e", "transitions": ways}
    state |= {"delay": {"type": "exponential", "mean": 0.05 / life}} if life > 1 else {}
    gap = {"type": "constant", "value": 0.001}
    emitter = {"name": "e", "dimensions": fields}
    return {"tables": _TABLES, "interarrival": gap, "states": [state], "emitters": [emitter]}
