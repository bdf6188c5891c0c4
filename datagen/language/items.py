"""Items written out: a state that goes through a list gets a variable for the item, above its own.

Sits behind populations that are written out; the document knows where each part was written.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from datagen.language.document import Document
from datagen.plugin.dimension import Dimension
from datagen.plugin.life import ITEM
from datagen.plugin.listing import Listing
from datagen.problems import Path_

Json = dict[str, Any]
_WRITTEN = {"name": "as", "table": "table", "pick": "table", "value": "variable"}  # where the keys of an item come from


def with_items(document: Document) -> Document:
    """Return a document in which each state with ``each`` sets the variable of its item.

    What is not understood stays as it is: the models say what is wrong with it.
    """
    states = document.data.get("states") if isinstance(document.data, dict) else None
    if not isinstance(states, list):
        return document
    found = {number: item for number, state in enumerate(states) if (item := _item(state)) is not None}
    if not found:
        return document
    moved = dict(document.moved)
    written = list(states)
    for number, item in found.items():
        own = states[number].get("variables", [])
        path: Path_ = ("states", number, "variables")
        written[number] = states[number] | {"variables": [item, *own]}
        inside = [place for place in moved if place[:3] == path and len(place) > 3]
        behind = {(*path, int(place[3]) + 1, *place[4:]): moved.pop(place) for place in inside}
        moved |= behind
        for index in range(len(own)):
            moved.setdefault((*path, index + 1), document.origin((*path, index)))
        each: Path_ = ("states", number, "each")
        moved[*path, 0] = document.origin(each)
        moved |= {(*path, 0, key): document.origin((*each, _WRITTEN[key])) for key in item if key in _WRITTEN}
    return replace(document, data=document.data | {"states": written}, moved=moved)


def never_empty(owners: Iterable[Any]) -> set[str]:
    """Return the variables that only hold lists with an item, of states, sources and spawns that are models."""
    found: dict[str, bool] = {}
    for owner in owners:
        for one in getattr(owner, "variables", ()):
            is_sure = one.copies() or (_has_an_item(one) and not (one.when or one.percent_nulls or one.percent_missing))
            found[one.name] = found.get(one.name, True) and is_sure
    return {name for name, is_sure in found.items() if is_sure}


def _has_an_item(dimension: Dimension) -> bool:
    value = getattr(dimension, "value", None) if dimension.kind == "constant" else None
    return bool(isinstance(value, list) and value) or (isinstance(dimension, Listing) and dimension.is_never_empty())


def _item(state: Any) -> Json | None:
    """Return the variable of the items of a state; None where there are none, or they are not understood."""
    each = state.get("each") if isinstance(state, dict) else None
    if not isinstance(each, dict) or not isinstance(each.get("as"), str) or not each["as"]:
        return None
    if not isinstance(state.get("variables", []), list):
        return None
    variable, table = each.get("variable"), each.get("table")
    if isinstance(table, str) and variable is None:
        return {"name": each["as"], "type": "row", "table": table, "pick": "each"}
    if isinstance(variable, str) and table is None and variable and "`" not in variable:
        return {"name": each["as"], "type": "expression", "value": f"`{variable}`[{ITEM}]"}
    return None
