"""What is said where code of a user fails: where it stands, for which record, and what that held."""

from collections.abc import Mapping
from traceback import walk_tb

import pyarrow as pa

from datagen.plugin.dimension import Rows
from datagen.problems import RunFailed, show
from datagen.records.values import python_values
from datagen.script.closure import Closure

Known = Mapping[str, pa.Array]  # what code has read, by name, each (n,)

_MOST_SHOWN = 400  # letters of what a record held


def failure(rows: Rows, row: int, error: BaseException, where: str, known: Known) -> RunFailed:
    """Return what to raise where code failed for a row."""
    own = type(error).__module__.startswith(("jinja2.", "datagen."))  # whose messages say it all
    name = "" if own else f"{type(error).__name__}: "
    held = {key: python_values(column.slice(row, 1), rows.world.zone)[0] for key, column in known.items()}
    values = ", ".join(f"{key}={show(value)}" for key, value in held.items())
    values = values if len(values) <= _MOST_SHOWN else f"{values[:_MOST_SHOWN]}…"
    text = f"making {rows.path}: {where}: {name}{error}; {rows.described(row)}{f' held {values}' if values else ''}"
    return RunFailed(text)


def place_in_template(error: BaseException, closure: Closure) -> str:
    """Return where in a template an exception arose."""
    found = closure.files[""].place(None)
    for frame, line in walk_tb(error.__traceback__):
        template = frame.f_globals.get("__jinja_template__")
        if template is not None and template.name in closure.files:
            found = closure.files[template.name].place(template.get_corresponding_lineno(line))
    return found
