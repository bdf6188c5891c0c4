"""Items written out: a state that goes through a list gets a variable for the item, above its own.

Sits behind populations that are written out; the document knows where each part was written.
"""

from dataclasses import replace
from typing import Any

from datagen.language.document import Document
from datagen.plugin.life import ITEM
from datagen.problems import Path_

Json = dict[str, Any]


def with_items(document: Document) -> Document:
    """Return a document in which each state with ``each`` sets the variable of its item.

    What is not understood stays as it is: the models say what is wrong with it.
    """
    states = document.data.get("states") if isinstance(document.data, dict) else None
    found = {number: item for number, state in enumerate(states or ()) if (item := _item(state)) is not None}
    if not isinstance(states, list) or not found:
        return document
    moved = dict(document.moved)
    written = list(states)
    for number, item in found.items():
        own = states[number].get("variables", [])
        path: Path_ = ("states", number, "variables")
        written[number] = states[number] | {"variables": [item, *own]}
        inside = {place: origin for place, origin in moved.items() if place[:3] == path and len(place) > 3}
        for place in inside:
            del moved[place]
        moved |= {(*path, place[3] + 1, *place[4:]): origin for place, origin in inside.items()}
        for index in range(len(own)):
            moved.setdefault((*path, index + 1), document.origin((*path, index)))
        moved[*path, 0] = document.origin(("states", number, "each"))
    return replace(document, data=document.data | {"states": written}, moved=moved)


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
