"""The oracle's names: a spec in which own parts of populations have the names that they have in the whole spec.

What is written in a population means its own part of that name, else the common one, else the only one that there is.
"""

import re

Spec = dict  # a JSON object of the spec, as json.loads gives it

KINDS = ("emitters", "tables", "profiles", "incidents", "resources", "shared")
PLACES = {  # keys that hold names of parts
    "emitter": "emitters",
    "table": "tables",
    "incident": "incidents",
    "resource": "resources",
    "acquire": "resources",
    "use": "resources",
    "release": "resources",
    "profile": "profiles",
    "delay_profile": "profiles",
    "limit_profile": "profiles",
    "capacity_profile": "profiles",
    "variable": "held",
}
KEYED = {"during": "incidents", "set": "shared"}  # keys whose objects have names of parts for keys
PLAIN = ("name", "type", "state", "next", "as", "columns", "types", "values", "population", "path")
CALLS = {"profile": "profiles", "incident": "incidents", "free": "resources", "waiting": "resources"}
# Kinds that read a wall clock, and functions that do, with how many arguments they have without a zone.
WALL = (
    "hour_of_day",
    "minute_of_hour",
    "day_of_week",
    "day_of_month",
    "month_of_year",
    "between",
    "peaks",
    "sine",
    "cron",
)
CLOCKS = {"hour": 1, "minute": 1, "second": 1, "day": 1, "weekday": 1, "month": 1, "year": 1, "date": 1, "format": 2}
WORD = re.compile(r"""(["'])(?:(?!\1).)*\1|(?<![\w.`])[^\W\d][\w.]*""")


def with_whole_names(spec: Spec) -> Spec:
    """Return a spec whose populations' own parts, and all that names them, have names that nothing else has."""
    whole = {**spec, "populations": {}}
    for name, own in spec["populations"].items():
        zone = own.get("timezone")
        made = {key: renamed(part, key, meanings(spec, name), zone) for key, part in own.items()}
        whole["populations"][name] = made | {key: called(name, made[key]) for key in KINDS if key in made}
    for key, part in spec.items():
        if key != "populations":
            whole[key] = renamed(part, key, meanings(spec, ""), None)
    return whole


def called(population: str, parts: object) -> object:
    if isinstance(parts, list):
        return [part | {"name": f"{population}/{part['name']}"} for part in parts]
    return {f"{population}/{name}": part for name, part in parts.items()}


def names_of(owner: Spec, kind: str) -> list[str]:
    found = owner.get(kind, {})
    return [part["name"] for part in found] if isinstance(found, list) else list(found)


def meanings(spec: Spec, population: str) -> dict[str, dict[str, str]]:
    """Return what each name of each kind means in a population, or in what is common."""
    found: dict[str, dict[str, str]] = {}
    for kind in KINDS:
        owners: dict[str, list[str]] = {}
        for name, own in spec["populations"].items():
            for part in names_of(own, kind):
                owners.setdefault(part, []).append(name)
        common = names_of(spec, kind)
        found[kind] = {part: f"{having[0]}/{part}" for part, having in owners.items() if len(having) == 1}
        found[kind] |= {part: part for part in common}
        if population:
            own = names_of(spec["populations"][population], kind)
            found[kind] |= {part: f"{population}/{part}" for part in own}
    rows = [spec, *spec["populations"].values()]
    held = {name for owner in rows for name, one in owner.get("resources", {}).items() if "rows" in one}
    found["held"] = {name: meant for name, meant in found["resources"].items() if name in held}
    found["shared"] |= found["held"]  # expressions read the row that is held by the resource's name
    return found


def renamed(part: object, key: str, names: dict, zone: str | None) -> object:
    """Return what stands under a key with the names of the whole spec."""
    if key == "dimensions":  # fields hide shared values from those below them
        made = []
        for place, field in enumerate(part):
            above = {other["name"] for other in part[:place]}
            shared = {name: meant for name, meant in names["shared"].items() if name not in above}
            made.append(renamed(field, "", names | {"shared": shared}, zone))
        return made
    if key == "rows":  # those of a table, or which table has them
        return names["tables"].get(part, part) if isinstance(part, str) else part
    if key == "profiles":
        return {name: renamed(one, "profile", names, zone) for name, one in part.items()}
    if isinstance(part, list):
        return [renamed(one, key, names, zone) for one in part]
    if isinstance(part, dict):
        meant = names[KEYED[key]] if key in KEYED else {}
        is_data = part.get("type") in ("enum", "template", "text") or key in ("columns", "types")
        is_data |= part.get("type") == "constant" and "name" in part  # else it is a distribution
        if zone and (part.get("type") in WALL or (part.get("type") == "now" and "format" in part)):
            part = {"timezone": zone, **part}
        return {
            whole(inner, meant): one if is_data and inner == "value" else renamed(one, inner, names, zone)
            for inner, one in part.items()
        }
    if not isinstance(part, str) or key in PLAIN:
        return part
    return names[PLACES[key]].get(part, part) if key in PLACES else expression(part, names, zone)


def expression(text: str, names: dict, zone: str | None) -> str:
    """Return an expression with the names of the whole spec, and the zone that its population has of its own."""
    text = text if zone is None else in_zone(text, zone)
    for function, kind in CALLS.items():
        text = re.sub(
            rf"\b{function}\((['\"])(.*?)\1\)",
            lambda found, kind=kind, function=function: f"{function}('{names[kind].get(found[2], found[2])}')",
            text,
        )

    def word(found: re.Match) -> str:
        meant = whole(found[0], names["shared"])
        return found[0] if meant == found[0] else f"`{meant}`"

    return WORD.sub(word, text)


def whole(name: str, names: dict[str, str]) -> str:
    """Return a name, which may be that of a column of a row, as it is in the whole spec."""
    first, dot, column = name.partition(".")
    return names.get(first, first) + dot + column


def in_zone(text: str, zone: str) -> str:
    """Return an expression whose functions of times say which zone they read."""
    for called in reversed(list(re.finditer(rf"\b({'|'.join(CLOCKS)})\(", text))):
        depth, commas, quote, place = 1, 0, "", called.end()
        while depth:
            sign = text[place]
            if quote:
                quote = "" if sign == quote else quote
            elif sign in "'\"":
                quote = sign
            else:
                depth += (sign in "([") - (sign in ")]")
                commas += depth == 1 and sign == ","
            place += 1
        if commas + 1 == CLOCKS[called[1]]:
            text = f"{text[: place - 1]}, '{zone}'{text[place - 1 :]}"
    return text
