"""The checks of shared values: what they are called, and that states set what there is."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from datagen.language.state import State
from datagen.language.visibility import own_name
from datagen.plugin.arrival import BATCH, WORKER
from datagen.plugin.life import readable
from datagen.problems import Path_, is_comment, show
from datagen.records.batch import TIME
from datagen.records.expression.name import root

Found = Iterator[tuple[Path_, str]]
Near = Callable[[str, Collection[str]], str]


class SharedValues:
    """The shared values of a spec, and who sets them."""

    def __init__(
        self,
        shared: Any,
        states: Sequence[tuple[Path_, State]],
        variables: Collection[str],
        populations: Collection[str],
    ) -> None:
        """Take the JSON of what is shared, the states that are valid, and the names of variables and populations."""
        self._populations = populations
        self._names = [name for name in shared if not is_comment(name)] if isinstance(shared, dict) else []
        self._states, self._variables = states, variables

    def problems(self, near: Near) -> Found:
        """Yield what can't be; ``near`` ends a message with the nearest known names."""
        known = {TIME, WORKER, BATCH, *readable((), (), has_populations=True)}
        for whole in self._names:
            path: Path_ = ("shared", whole)
            name = own_name(whole, self._populations)
            if name in self._variables or whole in self._variables:
                yield path, f"there is a variable {show(name)}, too; give one of them another name"
            elif name in known:
                yield path, f"{show(name)} is what expressions read of a worker; give it another name"
            elif "." in name:
                yield path, f"must not have a dot in its name, found {show(name)}"
        for path, state in self._states:
            for name in state.set_:
                if name in self._names or root(self._variables, name) not in ("", name):
                    continue
                if name in self._variables:
                    text = f"{show(name)} is a variable; it is set in `variables`, by an expression that may read it"
                elif not self._names:
                    text = f'unknown shared value {show(name)}; the spec has no "shared"'
                else:
                    text = f"unknown shared value {show(name)}{near(name, self._names)}"
                yield (*path, "set", name), text

    def warnings(self) -> Found:
        """Yield what is valid and hardly meant."""
        changed = {name for _, state in self._states for name in state.set_}
        for name in self._names:
            if name not in changed:
                yield ("shared", name), f"no state sets {show(name)}, so it stays as it is"
