"""The checks of resources that are rows: whose they are, what they are called, and who may read and match them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from datagen.language.names import Field, Found
from datagen.language.state import State
from datagen.language.visibility import Namespaces, names_of_rows, of_name, own_name
from datagen.plugin.arrival import BATCH, WORKER
from datagen.plugin.life import readable
from datagen.problems import Path_, show
from datagen.records.batch import TIME
from datagen.records.expression.name import root

Columns = Callable[[str], list[str]]


class HeldRows:
    """The resources of a spec that are rows."""

    def __init__(self, resources: Any, states: Sequence[tuple[Path_, State]], spaces: Namespaces) -> None:
        """Take the JSON of resources, the states that are valid, and what names mean in each population."""
        self._resources = resources if isinstance(resources, dict) else {}
        self._states, self._spaces = states, spaces
        self.names = names_of_rows(resources)

    def fields(self) -> Iterator[Field]:
        """Yield what is picked from tables, as fields without a name."""
        for name in self.names:
            one, path = self._resources[name], ("resources", name)
            if isinstance(one["rows"], str):
                table = self._table(name)
                picks: list[tuple[Path_, str, str | None]] = [((*path, "rows"), table, None)]
                if isinstance(one.get("capacity"), str):
                    picks.append(((*path, "capacity"), table, one["capacity"]))
                yield Field(path, None, (), picks=(*picks, *self._matched(name)))

    def _matched(self, name: str) -> Iterator[tuple[Path_, str, str | None]]:
        for path, request in self._requests():
            if request.resource == name:
                table = self._table(name)
                yield from (((*path, "match", column), table, column) for column in request.match)

    def _table(self, name: str) -> str:
        return of_name(name, self._spaces).meant("tables", self._resources[name]["rows"])

    def problems(self, variables: Collection[str], born: Sequence[Field]) -> Found:
        """Yield what can't be; fields that are made at births, when nobody holds anything, are ``born``."""
        known = {TIME, WORKER, BATCH, *readable((), (), has_populations=True)}
        for whole in self.names:
            path: Path_ = ("resources", whole)
            name = own_name(whole, self._spaces)
            if name in variables:
                yield path, f"there is a variable {show(name)}, too; give one of them another name"
            elif name in known:
                yield path, f"{show(name)} is what expressions read of a worker; give it another name"
            elif "." in name:
                yield path, f"must not have a dot in its name, found {show(name)}"
        for path, request in self._requests():
            if request.match and request.resource in self._resources and request.resource not in self.names:
                yield (*path, "match"), f'is for resources that have "rows", and {show(request.resource)} has none'
        for field in born:
            for path, name in (*field.names, *field.reads):
                if root(self.names, name):
                    yield path, f"{show(name)} can only be read by states, and by fields of their records"

    def _requests(self) -> Iterator[tuple[Path_, Any]]:
        for path, state in self._states:
            for key, asked in (("acquire", state.acquire), ("use", state.use)):
                yield from (((*path, key, number), one) for number, one in enumerate(asked))
