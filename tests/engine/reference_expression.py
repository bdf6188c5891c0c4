"""The oracle of expressions: what a text means for one record, in plain Python, sharing nothing with the program.

Values are those of JSON, and times. Written from the page of expressions; what one record can't know is left out: a
value of a dimension whose records have several types.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache
from hashlib import sha256
from zoneinfo import ZoneInfo

MOST = 10**18 - 1  # units of a decimal
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?P<name>[^\W\d]\w*(?:\.\w+)*)|`(?P<quoted>[^`]+)`"
    r"|'(?P<text>[^']*)'|(?P<mark>!=|<=|>=|[=<>()\[\],+\-*/%?:.]))"
)
LEVELS = [["or"], ["and"], ["=", "!=", "<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]]


@dataclass(frozen=True)
class Time:
    """A time in µs since 1970, and the offset that it is shown with; "" for none."""

    microseconds: int
    offset: str

    def text(self) -> str:
        ahead = datetime.fromisoformat("1970-01-01T00:00:00" + self.offset).utcoffset() or timedelta(0)
        local = EPOCH.replace(tzinfo=None) + ahead + timedelta(milliseconds=self.microseconds // 1000)
        return local.isoformat(timespec="milliseconds") + self.offset

    def wall(self, zone: str) -> datetime:
        moment = EPOCH + timedelta(microseconds=self.microseconds)
        if not self.offset:
            return moment
        if zone[0] in "+-":
            return moment.astimezone(datetime.fromisoformat("1970-01-01T00:00:00" + zone).tzinfo)
        return moment.astimezone(UTC if zone == "Z" else ZoneInfo(zone))


class Constant(float):
    """A float that is calculated of constants alone: beside a decimal it is what is written."""


def evaluate(text: str, names: dict, zone: str) -> object:
    """Return the value of an expression, given the values of names, and the zone of the spec; null is None."""
    return value_of(parsed(text), names, zone or "Z")


@cache
def parsed(text: str) -> tuple:
    tokens = [(match.lastgroup, match[match.lastgroup]) for match in TOKEN.finditer(text)]
    tree, end = choice([*tokens, ("end", "")], 0)
    assert tokens[end:] == [], text
    return tree


def choice(tokens: list, at: int) -> tuple[tuple, int]:
    test, at = operation(tokens, at, 0)
    if tokens[at] != ("mark", "?"):
        return test, at
    then, at = choice(tokens, at + 1)
    assert tokens[at] == ("mark", ":")
    other, at = choice(tokens, at + 1)
    return ("choice", test, then, other), at


def operation(tokens: list, at: int, level: int) -> tuple[tuple, int]:
    if level == 2 and tokens[at] == ("name", "not"):
        inner, at = operation(tokens, at + 1, 2)
        return ("not", inner), at
    if level == len(LEVELS):
        return unary(tokens, at)
    left, at = operation(tokens, at, level + 1)
    while tokens[at][0] in ("mark", "name") and tokens[at][1] in LEVELS[level]:
        operator = tokens[at][1]
        right, at = operation(tokens, at + 1, level + 1)
        left = ("operator", operator, left, right)
    if level == 2 and tokens[at] == ("name", "is"):
        negated = tokens[at + 1] == ("name", "not")
        assert tokens[at + 1 + negated] == ("name", "null")
        left, at = ("not", ("null", left)) if negated else ("null", left), at + 2 + negated
    negated = tokens[at] == ("name", "not")
    if level == 2 and tokens[at + negated] == ("name", "in"):
        values, at = [], at + 1 + negated
        while tokens[at] != ("mark", "]"):
            value, at = unary(tokens, at + 1)
            values.append(value)
        left, at = ("among", left, tuple(values), negated), at + 1
    return left, at


def unary(tokens: list, at: int) -> tuple[tuple, int]:
    kind, text = tokens[at]
    at += 1
    if (kind, text) == ("mark", "-"):
        inner, at = unary(tokens, at)
        return ("operator", "-", ("constant", 0), inner), at
    if (kind, text) == ("mark", "("):
        node, at = choice(tokens, at)
        at += 1
    elif kind in ("number", "text"):
        node = ("constant", text if kind == "text" else int(text) if text.isdecimal() else float(text))
    elif kind == "name" and text in ("true", "false", "null"):
        node = ("constant", {"true": True, "false": False, "null": None}[text])
    elif kind == "name" and tokens[at] == ("mark", "("):
        arguments = []
        while tokens[at] != ("mark", ")"):
            argument, at = choice(tokens, at + 1)
            arguments.append(argument)
        node, at = ("call", text, tuple(arguments)), at + 1
    else:
        node = ("name", text)
    while tokens[at] in (("mark", "["), ("mark", ".")):
        if tokens[at] == ("mark", "."):
            node, at = ("key", node, tokens[at + 1][1]), at + 2
            continue
        place, at = choice(tokens, at + 1)
        node, at = ("item", node, place), at + 1
    return node, at


def value_of(node: tuple, names: dict, zone: str) -> object:
    value = own_value(node, names, zone)
    return Constant(value) if isinstance(value, float) and is_constant(node) else value


@cache
def is_constant(node: tuple) -> bool:
    if node[0] == "name" or node[:2] in [("call", "profile"), ("call", "incident"), ("call", "previous")]:
        return False
    return all(is_constant(part) for part in parts_of(node))


def parts_of(node: tuple) -> tuple:
    match node:
        case ("constant", _):
            return ()
        case ("operator", _, *parts):
            return tuple(parts)
        case ("call", _, parts):
            return parts
        case ("among", node, values, _):
            return (node, *values)
        case (_, *parts):
            return tuple(parts)
    raise AssertionError(node)


def own_value(node: tuple, names: dict, zone: str) -> object:
    match node:
        case ("constant", value):
            return value
        case ("name", name):
            return look_up(name, names)
        case ("choice", test, then, other):
            return value_of(then if value_of(test, names, zone) is True else other, names, zone)
        case ("not", inner):
            return value_of(inner, names, zone) is not True
        case ("null", inner):
            return value_of(inner, names, zone) is None
        case ("among", inner, values, negated):
            value = value_of(inner, names, zone)
            found = any(compared("=", value, value_of(one, names, zone)) for one in values)
            return value is not None and found != negated
        case ("item", inner, place):
            items, place = value_of(inner, names, zone), value_of(place, names, zone)
            is_there = items is not None and place is not None and -len(items) <= place < len(items)
            return items[place] if is_there else None
        case ("key", inner, key):
            value = value_of(inner, names, zone)
            return value.get(key) if isinstance(value, dict) else None
        case ("operator", operator, left, right):
            one, other = value_of(left, names, zone), value_of(right, names, zone)
            if operator in ("-", *LEVELS[2]):
                one = beside(one, other) if is_constant(left) else one
                other = beside(other, one) if is_constant(right) else other
            return operated(operator, one, other)
        case ("call", "profile" | "incident" as course, (("constant", name),)):
            return names[course](name)
        case ("call", "visits" | "free" | "waiting" as fact, (("constant", name),)):
            return names[f"{fact}()"](name)
        case ("call", "previous", (("name", name),)):
            return look_up(name, names["previous"]) if names["previous"] else None
        case ("call", "time", (("constant", text),)):
            return read_time(text)
        case ("call", name, arguments):
            values = [value_of(argument, names, zone) for argument in arguments]
            if name == "coalesce":
                return next((value for value in values if value is not None), None)
            return called(name, values, zone)
    raise AssertionError(node)


def inside(value: object, key: str) -> object:
    """Return what an object has under a key, of a list what its items have."""
    if isinstance(value, list):
        return [inside(item, key) for item in value]
    return value.get(key) if isinstance(value, dict) else None


def look_up(name: str, names: dict) -> object:
    known = name
    while known not in names:
        known = known.rpartition(".")[0]
    value = names[known]
    for key in name[len(known) + 1 :].split(".") if known != name else []:
        value = inside(value, key)
    return value


def operated(operator: str, left: object, right: object) -> object:
    if operator in ("and", "or"):
        return (left is True and right is True) if operator == "and" else (left is True or right is True)
    if operator in LEVELS[2]:
        return compared(operator, left, right)
    if left is None or right is None:
        return None
    if isinstance(left, Time):
        if isinstance(right, Time):
            return (left.microseconds - right.microseconds) / 1e6
        return moved(left, right if operator == "+" else -right)
    if isinstance(left, str) or isinstance(right, str):
        return shown(left) + shown(right)
    return calculated(operator, left, right)


def compared(operator: str, left: object, right: object) -> bool:
    if left is None or right is None:
        return False
    if family(left) != family(right):
        return operator == "!="
    if isinstance(left, Time):
        left, right = left.microseconds, right.microseconds
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        left, right = both_exact(left, right) or (as_float(left), as_float(right))
    if isinstance(left, float) != isinstance(right, float):
        left, right = float(left), float(right)
    return {
        "=": lambda: left == right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }[operator]()


def beside(value: object, other: object) -> object:
    """Return a constant time, or the text of one, as what it is beside another time: without an offset, with its."""
    if not isinstance(other, Time):
        return value
    if isinstance(value, str):
        try:
            value = read_time(value)
        except ValueError:
            return value
    if isinstance(value, Time) and not value.offset and other.offset:
        ahead = datetime.fromisoformat("1970-01-01T00:00:00" + other.offset).utcoffset() or timedelta(0)
        return Time(value.microseconds - ahead // timedelta(microseconds=1), other.offset)
    return value


def read_time(text: str) -> Time:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Time((aware - EPOCH) // timedelta(microseconds=1), "Z" if moment.tzinfo else "")


def family(value: object) -> str:
    """Return what a value is a kind of, where values of different kinds are never equal."""
    return (
        "number"
        if isinstance(value, int | float | Decimal) and value is not True and value is not False
        else type(value).__name__
    )


def exact(value: object) -> Decimal | None:
    """Return a number as a decimal; None for a float that is no constant of few digits."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if not isinstance(value, Constant) or not math.isfinite(value):
        return None
    written = Decimal(repr(float(value)))
    if len(written.as_tuple().digits) > 15 or abs(written) > MOST:
        return None
    written = Decimal(int(written)) if written == int(written) else written
    return written if written.as_tuple().exponent >= -9 else None


def both_exact(*values: object) -> tuple[Decimal, ...] | None:
    found = tuple(map(exact, values))
    return None if None in found else found


def scale_of(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)


def units_of(value: Decimal, scale: int) -> int:
    with localcontext(prec=200):
        return int(value.scaleb(scale))


def of_units(units: int, scale: int) -> Decimal | None:
    return Decimal(units).scaleb(-scale) if abs(units) <= MOST else None


def as_float(value: object) -> float:
    if not isinstance(value, Decimal):
        return float(value)
    return units_of(value, scale_of(value)) / 10.0 ** scale_of(value)


def calculated_exactly(operator: str, left: Decimal, right: Decimal) -> object:
    """Return what decimals give; None where a number has no place, NotImplemented where they are taken as floats."""
    scales = scale_of(left), scale_of(right)
    scale = sum(scales) if operator == "*" else max(scales)
    if scale > 18:
        return NotImplemented
    own = scales if operator == "*" else (scale, scale)
    a, b = units_of(left, own[0]), units_of(right, own[1])
    if max(abs(a), abs(b)) >= 2**63 or (operator == "%" and b == 0):
        return None
    return of_units({"+": a + b, "-": a - b, "*": a * b, "%": a % (b or 1)}[operator], scale)


def calculated(operator: str, left: float, right: float) -> float | Decimal | None:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        pair = both_exact(left, right) if operator != "/" else None
        made = NotImplemented if pair is None else calculated_exactly(operator, *pair)
        if made is not NotImplemented:
            return made
        left, right = as_float(left), as_float(right)
    if operator == "/" or isinstance(left, float) != isinstance(right, float):
        left, right = float(left), float(right)
    try:
        result = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
            "%": lambda: left % right,
        }[operator]()
    except ZeroDivisionError:
        return None
    if isinstance(result, int):
        return result if -(2**63) <= result < 2**63 else None
    return result if math.isfinite(result) else None


def moved(time: Time, seconds: float) -> Time | None:
    microseconds = time.microseconds + round(float(seconds) * 1e6)
    first, last = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC)
    low, high = ((bound - EPOCH) // timedelta(microseconds=1) for bound in (first, last))
    return Time(microseconds, time.offset) if low <= microseconds <= high else None


def shown(value: object) -> str:
    if isinstance(value, Time):
        return value.text()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def called(name: str, values: list, zone: str) -> object:
    first, *others = values
    if name == "contains" and isinstance(first, list):
        return others[0] in first
    if name in ("contains", "starts_with", "ends_with") and not isinstance(first, str):  # among values of several types
        return False
    if None in values:
        return None
    if name in ("min", "max") and any(isinstance(value, Decimal) for value in values):
        return extreme(name, both_exact(*values) or tuple(map(as_float, values)))
    if name == "format" and not isinstance(first, Time):
        text = f"{first:{others[0]}}"
        return text if re.search("[1-9]", text) else f"{0:{others[0]}}"
    if isinstance(first, Time) and name != "text":
        codes = others.pop(0) if name == "format" else ""
        wall = first.wall(others[0] if others else zone)
        return wall.strftime(codes) if codes else PARTS[name](wall)
    return FUNCTIONS[name](first, *others)


PARTS = {
    "year": lambda wall: wall.year,
    "month": lambda wall: wall.month,
    "day": lambda wall: wall.day,
    "hour": lambda wall: wall.hour,
    "minute": lambda wall: wall.minute,
    "second": lambda wall: wall.second,
    "weekday": lambda wall: wall.isoweekday(),
    "date": lambda wall: wall.strftime("%Y-%m-%d"),
}


def fitting(number: float) -> int | None:
    return int(number) if -(2**63) <= number < 2**63 else None


def extreme(name: str, values: tuple) -> object:
    found = (min if name == "min" else max)(values)
    scale = max(map(scale_of, values)) if isinstance(found, Decimal) else 0
    return of_units(units_of(found, scale), scale) if isinstance(found, Decimal) else found


def of_one_type(found: float, numbers: tuple) -> float:
    """Return one of several numbers, with a point where one of them has one."""
    return float(found) if any(isinstance(number, float) for number in numbers) else found


def whole(number: float, rounding: str) -> int | None:
    if isinstance(number, Decimal):
        return int(number.to_integral_value(rounding))
    return fitting({ROUND_FLOOR: math.floor, ROUND_CEILING: math.ceil}[rounding](number))


def to_decimal(value: object, digits: int) -> Decimal | None:
    if isinstance(value, str):
        if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*", value, re.ASCII | re.IGNORECASE):
            return None
        value = value.strip()
    if isinstance(value, float):
        units = value * 10.0**digits
        return of_units(round(units), digits) if math.isfinite(units) and abs(units) < 1e18 else None
    with localcontext(prec=200):
        return of_units(int((Decimal(value) * 10**digits).to_integral_value(ROUND_HALF_EVEN)), digits)


def to_digits(number: float, digits: int | None = None) -> float | None:
    if isinstance(number, Decimal):
        return int(to_decimal(number, 0)) if digits is None else to_decimal(number, min(digits, scale_of(number)))
    if digits is None:
        return fitting(round(number))
    if isinstance(number, int) or abs(number) * 10**digits >= 2**53:
        return number
    return round(number * 10**digits) / 10**digits + 0.0


def of_numbers(items: list) -> list:
    return [item for item in items if item is not None]


FUNCTIONS = {
    "contains": lambda text, part: part in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "replace": str.replace,
    "index": str.find,
    "split": str.split,
    "length": len,
    "text": shown,
    "substring": lambda text, start, length: text[start:][:length] if start >= 0 else text[start:][: max(length, 0)],
    "hash": lambda text: int.from_bytes(sha256(text.encode()).digest()[:8], "big") % 2**63,
    "join": lambda items, between: between.join(map(shown, of_numbers(items))),
    "round": to_digits,
    "floor": lambda number: whole(number, ROUND_FLOOR),
    "ceil": lambda number: whole(number, ROUND_CEILING),
    "decimal": to_decimal,
    "abs": lambda number: None if number == -(2**63) else abs(number),
    "min": lambda *numbers: of_one_type(min(numbers), numbers),
    "max": lambda *numbers: of_one_type(max(numbers), numbers),
    "sqrt": lambda number: math.sqrt(as_float(number)) if number >= 0 else None,
    "sum": lambda items: sum(of_numbers(items)),
    "count": lambda items: len(of_numbers(items)),
}
