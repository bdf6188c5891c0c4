"""What templates remember: under which names, whose it is, and which one a state means that reads it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from datagen.plugin.dimension import Dimension
from datagen.problems import path_part, show

MEMORY = "memory"  # the name in expressions of states that all of it is under

Near = Callable[[str, Collection[str]], str]


def memory_path(path: str, scope: str, name: str) -> str:
    """Return the name path of a memory that a field has; ``path`` is that of the field."""
    return f"{path if scope == 'template' else scope}/{name}"


def shares(part: Dimension) -> list[str]:
    """Return what a field remembers together with others, by the names that all of these have for it."""
    return [memory_path("", scope, name) for name, scope in part.memories().items() if scope != "template"]


def parts_of(name: str) -> tuple[str, str] | None:
    """Return the memory and the key that a name stands for in an expression of a state; None: it is no such name."""
    first, _, rest = name.partition(".")
    memory, _, key = rest.partition(".")
    return (memory, key) if first == MEMORY else None


@dataclass(frozen=True)
class Memory:
    """A memory that a field of an emitter has."""

    name: str
    emitter: str
    path: str  # its name path


class Memories:
    """The memories of the fields of emitters."""

    def __init__(self, fields: Mapping[str, Sequence[Dimension]], path: str = "emitter") -> None:
        """Take the fields by emitter, and the name path above those of the emitters."""
        emitters = fields.items()
        self._all = [one for name, own in emitters for one in _inside(name, f"{path}/{path_part(name)}", own)]

    def __contains__(self, name: str) -> bool:
        return name in {one.name for one in self._all}

    def path(self, name: str, emitter: str | None) -> str:
        """Return the name path of the memory that a state with an emitter means by a name."""
        [path] = self._meant(name, emitter)
        return path

    def emitters(self, path: str) -> set[str]:
        """Return the emitters whose records may change what is in a memory."""
        return {one.emitter for one in self._all if one.path == path}

    def problem(
        self, name: str, emitter: str | None, near: Near, why: str = "this state has not the emitter of just one"
    ) -> str | None:
        """Return why a name that is written in a state with an emitter means no value of a memory; None: it does.

        Where it may mean several, the message has ``why``.
        """
        memory, key = parts_of(name) or ("", "")
        known = {one.name for one in self._all}
        if not known:
            return f'{show(name)} can\'t be read: no template in a field of an emitter has a "memory"'
        if memory not in known:
            return f"unknown memory {show(memory)}{near(memory, known)}"
        if not key:
            return f"{show(name)} is a whole memory; what can be read is what it keeps under a key: {name}.KEY"
        if len(self._meant(memory, emitter)) > 1:
            text = f"several templates have a memory {show(memory)} of their own, and {why}"
            return f'{text}; give it another name, or let them share one by "population" or "run"'
        return None

    def _meant(self, name: str, emitter: str | None) -> set[str]:
        """Return the paths of what a state with an emitter may mean: of a field of that emitter, else of any."""
        found = [one for one in self._all if one.name == name]
        return {one.path for one in found if one.emitter == emitter} or {one.path for one in found}


def _inside(emitter: str, path: str, fields: Sequence[Dimension]) -> Iterator[Memory]:
    for field in fields:
        own = f"{path}/{path_part(field.name)}"
        for name, scope in field.memories().items():
            yield Memory(name, emitter, memory_path(own, scope, name))
        yield from _inside(emitter, own, [nested for _, nested in field.nested()])
