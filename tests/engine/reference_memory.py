"""The oracle's memories of templates: what these keep, and what states read of it, in plain Python and plain Jinja."""

from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, Template

Spec = dict  # a JSON object of the spec, as json.loads gives it


class Memory:
    """What templates see of a memory."""

    def __init__(self, values: dict) -> None:
        self.set, self.update, self.pop, self.clear = values.__setitem__, values.update, self._pop, values.clear
        self.values = values

    def __getattr__(self, key: str) -> object:
        return self.values.get(key)

    def _pop(self, key: str) -> object:
        return self.values.pop(key, None)


@cache
def compiled(text: str) -> Template:
    return Environment(extensions=["jinja2.ext.do"]).from_string(text)


class Memories:
    """The memories of all templates in the fields of emitters."""

    def __init__(self, spec: Spec) -> None:
        self.declared = list(_declared(spec["emitters"]))
        self.kept: dict[tuple, dict] = {}

    def render(self, field: Spec, path: str, names: dict) -> str:
        """Return the text of a template at a name path."""
        known = {name: Memory(self._of(scope, name, path)) for name, scope in field["memory"].items()}
        return compiled(field["text"]).render(names | known)

    def names(self, state: Spec) -> dict:
        """Return what a state reads of all: of a template of its own emitter, else of the only one there is."""
        return {"memory": {name: self._read(name, state) for name in {name for name, *_ in self.declared}}}

    def _read(self, name: str, state: Spec) -> dict:
        found = [(scope, path, emitter) for own, scope, path, emitter in self.declared if own == name]
        own = [one for one in found if one[2] == state.get("emitter")] or found
        scope, path, _ = own[0]
        return {key: _number(value) for key, value in self._of(scope, name, path).items()}

    def _of(self, scope: str, name: str, path: str) -> dict:
        return self.kept.setdefault((scope, name, path if scope == "template" else ""), {})


def _declared(emitters: list[Spec]) -> Iterator[tuple[str, str, str, str]]:
    """Yield name and scope of each memory that is named, the path of the field that names it, and its emitter."""
    for emitter in emitters:
        for path, field in _fields("emitter/" + _part(emitter["name"]), emitter.get("dimensions", [])):
            for name, scope in field.get("memory", {}).items():
                yield name, scope, path, emitter["name"]


def _fields(path: str, fields: list[Spec]) -> Iterator[tuple[str, Spec]]:
    for field in fields:
        inner = f"{path}/{_part(field['name'])}"
        yield inner, field
        yield from _fields(inner, field.get("dimensions", []))


def _part(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _number(value: object) -> object:
    """Return a number as a float: a key may have values of any type."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
