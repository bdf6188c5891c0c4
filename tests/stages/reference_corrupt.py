"""The stage ``corrupt`` a record at a time, in plain Python: it shares nothing with it but the keyed draws.

Values are those of JSON; ``kinds`` says of each field what its column holds: text, integer, number, boolean, time (of
a wall clock), instant (of all the world), object, list or JSON.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

KEYBOARD = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"]
TEXT, TIMES = {"text"}, {"time", "instant"}
ANY = {"text", "integer", "number", "boolean", "object", "list"} | TIMES
TAKES = {
    "truncate": TEXT,
    "typo": TEXT,
    "encoding": TEXT,
    "out_of_range": {"integer", "number"} | TIMES,
    "wrong_type": ANY,
    "empty": ANY | {"JSON"},
}
DURATION = timedelta(days=36_525)
Bits = Callable[[str], int]


def unit(bits: int) -> float:
    return (bits >> 11) * 2.0**-53


def below(bits: int, size: int) -> int:
    return bits * size >> 64


def pick(weights: list[float], u: float) -> int | None:
    """The first whose sum of weights, with those before it, is above a share of the sum of all."""
    total = 0.0
    sums = [total := total + weight for weight in weights]
    return next((number for number, reached in enumerate(sums) if reached > u * total), None) if total else None


def ways(stage: dict, kinds: dict[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """All that may be done to a record."""
    fields = stage.get("fields") or [name for name in kinds if name != "time"]
    fields = [name for name in fields if name in kinds]
    found: list[tuple[str, tuple[str, ...]]] = []
    for how in stage["how"]:
        if how == "extra_field":
            found.append((how, ()))
        elif how == "swap":
            pairs = [(one, other) for place, one in enumerate(fields) for other in fields[place + 1 :]]
            found += [
                (how, pair) for pair in pairs if kinds[pair[0]] == kinds[pair[1]] not in ("object", "list", "JSON")
            ]
        else:
            found += [(how, (name,)) for name in fields if kinds[name] in TAKES[how]]
    return found


def changes(how: str, values: list[object]) -> bool:
    if how == "extra_field":
        return True
    if how == "swap":
        return None not in values and values[0] != values[1]
    return values[0] is not None and (values[0] != "" or how in ("wrong_type", "out_of_range"))


def corrupted(stage: dict, record: dict, kinds: dict[str, str], bits: Bits) -> dict:
    """Return what the stage makes of a record, without a label; the very same one if it is not broken."""
    if not unit(bits("chosen")) < stage["share"]:
        return record
    possible = [(how, names) for how, names in ways(stage, kinds) if changes(how, [record.get(name) for name in names])]
    weights = stage.get("weights") or [1.0] * len(stage["how"])
    open_ = [
        weight * any(other == how for other, _ in possible) for how, weight in zip(stage["how"], weights, strict=True)
    ]
    number = pick(open_, unit(bits("how")))
    if number is None:
        return record
    mine = [names for how, names in possible if how == stage["how"][number]]
    names = mine[pick([1.0] * len(mine), unit(bits("field")))]
    return record | broken(stage["how"][number], names, record, kinds, bits)


def broken(how: str, names: tuple[str, ...], record: dict, kinds: dict[str, str], bits: Bits) -> dict:
    if how == "extra_field":
        return {"extra_field": f"{bits('extra'):016x}"[:8]}
    if how == "swap":
        return {names[0]: record[names[1]], names[1]: record[names[0]]}
    value, kind = record[names[0]], kinds[names[0]]
    if how == "empty":
        return {names[0]: "" if kind == "text" else None}
    if how == "wrong_type":
        return {names[0]: of_another_type(value, kind, bits)}
    if how == "out_of_range":
        return {names[0]: far(value, kind, bits("way") & 1)}
    place = int(unit(bits("place")) * len(value))
    if how == "truncate":
        return {names[0]: value[:place]}
    if how == "typo":
        return {names[0]: mistyped(value, place, below(bits("way"), 4))}
    return {names[0]: misread(value, place)}


def of_another_type(value: object, kind: str, bits: Bits) -> object:
    if kind == "text":
        return below(bits("way"), 1_000_000)
    if kind in TIMES:
        moment = datetime.fromisoformat(value)
        return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def far(value: object, kind: str, up: int) -> object:
    if kind in TIMES:
        moved = datetime.fromisoformat(value) + (DURATION if up else -DURATION)
        return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    made = (abs(value) + 1) * 1000
    return made if up else -made


def mistyped(text: str, place: int, way: int) -> str:
    before, letter, after = text[:place], text[place], text[place + 1 :]
    if way == 0:
        return before + after
    if way == 2 and after[:1] not in ("", letter):
        return before + after[0] + letter + after[1:]
    if way == 3:
        for keys in KEYBOARD:
            if letter.lower() in keys and letter.isascii():
                at = keys.index(letter.lower())
                beside = keys[at + 1] if at + 1 < len(keys) else keys[at - 1]
                return before + (beside.upper() if letter.isupper() else beside) + after
    return before + letter * 2 + after


def misread(text: str, place: int) -> str:
    if text.isascii():
        return f"{text[:place]}\ufffd{text[place + 1 :]}"
    return "".join(
        bytes([byte]).decode("latin-1" if byte in b"\x81\x8d\x8f\x90\x9d" else "cp1252") for byte in text.encode()
    )
