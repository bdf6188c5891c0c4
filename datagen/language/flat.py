"""Populations written out: a spec with several becomes one document, in which names say what is whose.

Sits between composition and the models. What a population has of its own, states and sources as well as emitters,
tables and so on, stands among what is common and is called ``<population>/<name>`` from here on; the document knows
where each part was written, and a namespace what is meant by the names in each.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from datagen.language.document import Document
from datagen.language.state import STOP
from datagen.language.subpopulation import Subpopulation
from datagen.language.text import Text
from datagen.language.visibility import KEYS, NAMED, called, names_under, namespaces
from datagen.plugin.namespace import Namespace
from datagen.problems import Path_, Problem, did_you_mean, is_comment, show
from datagen.records.worker import MOST_POPULATIONS

_LISTS = ("states", "emitters")
_ALONE = ("states", "interarrival", "arrivals", "max_workers", "limit_profile")  # of a spec without populations
_KEPT = ("max_workers", "limit_profile", "volume", "volume_scale", "off", "timezone")  # what stays where it is

Json = dict[str, Any]


@dataclass
class Flat:
    """A document whose populations are written out, and what was wrong with them."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    namespaces: dict[str, Namespace] = field(default_factory=dict)  # by population, of all by ``""``

    @property
    def lacking(self) -> list[Problem]:
        """Return what may be empty only because of them."""
        keys = ("states", "interarrival", "arrivals") if self.problems else ()
        return [self.document.problem((key,), "must not be empty") for key in keys]


def flat(document: Document, only: Collection[str] = ()) -> Flat:
    """Return a document with its populations written out; if ``only`` some of them are named, the others are off.

    They stay, so that what all share reads the same variables, of the same types.
    """
    data = document.data
    if not isinstance(data, dict) or "populations" not in data:
        return Flat(document)
    if not isinstance(data["populations"], dict):
        text = f"must be an object, found {show(data['populations'])}"
        return Flat(document, [document.problem(("populations",), text)])
    named = {name: own for name, own in data["populations"].items() if not is_comment(name)}
    writer = _Writer(document, named, only)
    if not named:
        writer.find(("populations",), "must not be empty")
    for key in _ALONE:
        if key in data:
            writer.find((key,), f'{show(key)} can\'t stand beside "populations"; put it into these', at_key=True)
    for number, (name, own) in enumerate(named.items()):
        if "/" in name or not name:
            writer.find(("populations", name), 'the name of a population has letters, and no "/"', at_key=True)
        elif number == MOST_POPULATIONS:
            writer.find(("populations", name), f"there are more than {MOST_POPULATIONS:,} populations", at_key=True)
        elif isinstance(own, dict):
            writer.add(name, own)
    if named and not only and all(isinstance(own, dict) and own.get("off") is True for own in named.values()):
        writer.find(("populations",), "all of them are off, so there would never be a worker")
    written = writer.written()
    return Flat(written, writer.problems, namespaces(written.data, named))


def strangers(document: Document, only: Collection[str]) -> Iterator[Problem]:
    """Yield which of some names are those of no populations of a document."""
    known = document.data.get("populations") or {}
    for name in only:
        if name not in known:
            near = did_you_mean(name, known) if known else "; the spec has no populations"
            yield Problem(f"unknown population {show(name)}{near}", "--only")


class _Writer:
    """Writes populations out."""

    def __init__(self, document: Document, named: Json, only: Collection[str]) -> None:
        self.problems: list[Problem] = []
        self._document, self._populations, self._only = document, named, only
        data = document.data
        self._data: Json = {key: value for key, value in data.items() if key != "populations"} | {"states": []}
        self._data |= {key: [*data[key]] for key in ("emitters",) if isinstance(data.get(key), list)}
        self._data |= {key: {**data[key]} for key in NAMED if isinstance(data.get(key), dict)}
        self._data |= {"emitters": self._data.get("emitters", []), "arrivals": []}
        self._spawned = set(_spawned(named.values()))
        self._kept: Json = {}
        for key in KEYS:
            self._refuse_taken(key)
        self._places: dict[Path_, Path_] = {}  # of what stands elsewhere now: where it stood

    def find(self, path: Path_, message: str, *, at_key: bool = False) -> None:
        """Find something wrong."""
        self.problems.append(self._document.problem(path, message, at_key=at_key))

    def _refuse_taken(self, key: str) -> None:
        """Find what is common and is called as parts of a population are."""
        for name in names_under(self._data, key):
            population = name.partition("/")[0]
            if population != name and population in self._populations:
                text = f"{show(name)} is what is called {show(name.partition('/')[2])} in that population"
                self.find((key,), f"{text}; give what is common another name")

    def add(self, name: str, own: Json) -> None:
        """Write a population out."""
        path: Path_ = ("populations", name)
        known = Subpopulation.model_fields
        self._kept[name] = {key: value for key, value in own.items() if key in _KEPT or key not in known}
        for key in Text.model_fields.keys() & own.keys():
            self.find((*path, key), f"{show(key)} must stand in the population itself, not in what it uses")
        for key in _LISTS:
            self._append(key, own.get(key, []), (*path, key), name)
        if not isinstance(own.get("states"), list) or not own["states"]:
            self.find((*path, "states"), '"states" is required: a list of one or more')
        for key in NAMED:
            self._merge(key, own.get(key, {}), (*path, key), name)
        if self._only:
            self._kept[name]["off"] = name not in self._only
        for source, at in self._sources(own, path):
            self._put("arrivals", self._source(name, own, source), at)

    def written(self) -> Document:
        """Return the document."""
        moved = dict(self._document.moved)
        heads = {old: new for new, old in self._places.items()}
        lengths = {len(old) for old in heads}
        for place, origin in self._document.moved.items():
            for length in lengths:
                if place[:length] in heads:
                    moved[(*heads[place[:length]], *place[length:])] = origin
        moved |= {new: self._document.origin(old) for new, old in self._places.items()}
        apart = [name for name in self._populations if not isinstance(self._populations[name], dict)]
        self._data["populations"] = self._kept | {name: self._populations[name] for name in apart}
        return replace(self._document, data=self._data, moved=moved)

    def _put(self, key: str, part: Any, at: Path_) -> None:
        self._places[key, len(self._data[key])] = at
        self._data[key].append(part)

    def _append(self, key: str, given: Any, path: Path_, name: str) -> None:
        if not isinstance(given, list):
            self.find(path, f"must be a list, found {show(given)}")
            return
        for number, part in enumerate(given):
            if isinstance(part, dict):
                is_state = key == "states"
                part = self._state(name, part, (*path, number)) if is_state else _emitter(name, part)
            if isinstance(self._data[key], list):
                self._put(key, part, (*path, number))

    def _merge(self, key: str, given: Any, path: Path_, population: str) -> None:
        common = self._data.setdefault(key, {}) if given else {}
        if not isinstance(given, dict) or not isinstance(common, dict):
            if not isinstance(given, dict):
                self.find(path, f"must be an object, found {show(given)}")
            return
        for name, part in given.items():
            if not is_comment(name):
                self._places[key, called(population, name)] = (*path, name)
                common[called(population, name)] = _table(population, part) if key == "tables" else part

    def _sources(self, own: Json, path: Path_) -> Iterator[tuple[Any, Path_]]:
        given = [key for key in ("interarrival", "arrivals") if key in own]
        if len(given) > 1:
            either = 'there can be either "interarrival" or "arrivals"; put it among these, with a name'
            self.find((*path, given[0]), either)
        elif not given and path[1] not in self._spawned:
            text = '"interarrival" is required, or "arrivals": no other population spawns its workers'
            self.find(path, text)
        elif not given:
            return
        elif given == ["interarrival"]:
            self._places["arrivals", len(self._data["arrivals"]), "distribution"] = (*path, "interarrival")
            yield {"type": "interarrival", "distribution": own["interarrival"]}, path
        elif not isinstance(own["arrivals"], list):
            yield own["arrivals"], (*path, "arrivals")
        else:
            if not own["arrivals"]:
                self.find((*path, "arrivals"), "must not be empty")
            for number, source in enumerate(own["arrivals"]):
                at = (*path, "arrivals", number)
                if len(own["arrivals"]) > 1 and isinstance(source, dict) and "name" not in source:
                    several = "where there are several sources: it keys what is drawn for each"
                    self.find(at, f'"name" is required {several}')
                yield source, at

    def _source(self, name: str, own: Json, source: Any) -> Any:
        if not isinstance(source, dict):
            return source
        state_called = _state_called(name)
        first = next((state.get("name") for state in own.get("states") or () if isinstance(state, dict)), None)
        made = source | {"name": state_called(source["name"]) if "name" in source else name}
        made["state"] = state_called(source.get("state", first))
        for key, inner in (("from", "after"), ("until", "after"), ("when_full", "state")):
            _change(made, key, inner, state_called)
        return made

    def _state(self, name: str, state: Json, path: Path_) -> Json:
        """Return a state with the names of states as they are from here on."""
        state_called = _state_called(name)
        made = {key: state_called(value) if key in ("name", "next") else value for key, value in state.items()}
        _change(made, "timeout", "next", state_called)
        for key, inner in (("transitions", "next"), ("spawn", "state")):
            if isinstance(made.get(key), list):
                made[key] = [{**part} if isinstance(part, dict) else part for part in made[key]]
                for number, part in enumerate(made[key]):
                    if isinstance(part, dict) and inner in part:
                        other = part.pop("population", name) if key == "spawn" else name
                        self._know(other, (*path, key, number, "population"))
                        part[inner] = _state_called(other)(part[inner]) if isinstance(other, str) else part[inner]
        return made

    def _know(self, name: Any, path: Path_) -> None:
        if name not in self._populations:
            near = did_you_mean(name, self._populations) if isinstance(name, str) else ""
            self.find(path, f"unknown population {show(name)}{near}")
        elif self._only and name not in self._only and path[1] in self._only:
            self.find(path[:-1], f"spawns workers of {show(name)}, which --only leaves out; name that, too")


def _spawned(part: Any) -> Iterator[str]:
    """Yield the populations that are named in what states spawn."""
    for own in part:
        for state in own.get("states") or () if isinstance(own, dict) else ():
            entries = state.get("spawn") if isinstance(state, dict) else None
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, dict) and isinstance(entry.get("population"), str):
                    yield entry["population"]


def _emitter(population: str, emitter: Json) -> Json:
    return emitter | {"name": called(population, emitter["name"])} if "name" in emitter else emitter


def _table(population: str, table: Any) -> Any:
    if isinstance(table, dict) and isinstance(table.get("emit"), dict) and "emitter" in table["emit"]:
        return table | {"emit": table["emit"] | {"emitter": called(population, table["emit"]["emitter"])}}
    return table


def _state_called(population: str) -> Callable[[Any], Any]:
    """Return what gives a state or source its name from here on; what ends a worker, and what is no text, stays."""

    def state_called(name: Any) -> Any:
        return name if isinstance(name, str) and name.lower() == STOP else called(population, name)

    return state_called


def _change(part: Json, key: str, inner: str, called: Callable[[Any], Any]) -> None:
    if isinstance(part.get(key), dict) and inner in part[key]:
        part[key] = part[key] | {inner: called(part[key][inner])}
