"""The checks of what stands in time: names of profiles and incidents, profiles made of themselves, labels.

They see the JSON of a spec, so that a mistake in one place hides none in another.
"""

import re
from collections.abc import Iterator
from typing import Any

from datagen.graph import circles
from datagen.language.visibility import Namespaces, of_name, space_of
from datagen.plugin.namespace import Namespace
from datagen.problems import Path_, did_you_mean, is_comment, show

CALL = re.compile(r"""\b(profile|incident)\(\s*(['"])(.*?)\2\s*\)""")  # in an expression

_BY_NAME = ("profiles", "incidents", "tables", "resources", "populations")

Found = Iterator[tuple[Path_, str]]


def problems(data: dict[str, Any], spaces: Namespaces) -> Found:
    """Yield what is wrong across the profiles and incidents of a spec and those who read them."""
    profiles, incidents = _named(data, "profiles"), _named(data, "incidents")
    for path, value in read_profiles(data):
        for place, key, name in _meant(path, value, space_of(data, path, spaces)):
            known = profiles if key == "profile" else incidents
            if name not in known:
                yield place, f"unknown {key} {show(name)}{_near(key, name, known)}"
    ways = {
        name: [
            other
            for _, key, other in _meant((), value, of_name(name, spaces))
            if key == "profile" and other in profiles
        ]
        for name, value in profiles.items()
    }
    for circle in circles(ways):
        way = f" ({' → '.join(circle)})" if len(circle) > 2 else ""
        yield ("profiles", circle[0]), f"profile {show(circle[0])} is made of itself{way}"
    for path, source in _sources(data):
        read = source.get("incident")
        if str(source.get("type")).lower() == "incident" and isinstance(read, str):
            name = space_of(data, path, spaces).meant("incidents", read)
            if name not in incidents:
                yield (*path, "incident"), f"unknown incident {show(name)}{_near('incident', name, incidents)}"
    for path, emitter in _objects(data, "emitters"):
        labels = emitter.get("incidents")
        fields = [dimension.get("name") for _, dimension in _objects(emitter, "dimensions")]
        if isinstance(labels, str) and labels in [*fields, "time"]:
            yield (*path, "incidents"), f"there is a field {show(labels)} already"


def warnings(data: dict[str, Any], spaces: Namespaces) -> Found:
    """Yield what is valid and hardly meant."""
    for path, emitter in _objects(data, "emitters"):
        if isinstance(emitter.get("incidents"), str) and not _named(data, "incidents"):
            yield (*path, "incidents"), 'the spec has no "incidents", so this list is always empty'
    used = set(_all_used(data, spaces))
    for kind in ("profile", "incident"):
        if (kind, None) not in used:
            unused = (name for name in _named(data, f"{kind}s") if (kind, name) not in used)
            yield from (((f"{kind}s", name), f"nothing in the spec uses {kind} {show(name)}") for name in unused)


def _all_used(data: dict[str, Any], spaces: Namespaces) -> Iterator[tuple[str, str | None]]:
    """Yield the profiles and incidents that a spec uses, by the names that are meant."""
    for path, key, part in _parts(data):
        space = space_of(data, path, spaces)
        yield from ((kind, name and space.meant(f"{kind}s", name)) for kind, name in _used(part, key))


def _parts(data: dict[str, Any]) -> Iterator[tuple[Path_, str, Any]]:
    """Yield the parts of a spec in which names may mean something else, with the key that they stand under."""
    for key, value in data.items():
        if isinstance(value, list):
            yield from (((key, number), key, part) for number, part in enumerate(value))
        elif isinstance(value, dict) and key in _BY_NAME:
            yield from (((key, name), key, {name: part}) for name, part in value.items())
        else:
            yield (key,), "", {key: value}


def _used(part: Any, key: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield the profiles and incidents that a part of a spec uses; no name stands for all of them."""
    if isinstance(part, dict):
        for own, value in ((own, value) for own, value in part.items() if not is_comment(own)):
            if key == "emitters" and own == "incidents":
                yield "incident", None
            elif key == "profiles" or own == "profile" or own.endswith("_profile"):
                yield from ((kind, name) for _, kind, name in _references((), value))
            elif own == "incident" and isinstance(value, str):
                yield "incident", value
            elif own == "during" and isinstance(value, dict):
                yield from (("incident", name) for name in value)
            yield from _used(value, own)
    elif isinstance(part, list):
        for member in part:
            yield from _used(member, key)
    elif isinstance(part, str):
        yield from ((kind, name) for kind, _, name in CALL.findall(part))


def _meant(path: Path_, value: Any, space: Namespace) -> Iterator[tuple[Path_, str, str]]:
    """Yield the names that a profile is made of, as ``_references`` does, those that are meant."""
    for place, key, name in _references(path, value):
        yield place, key, space.meant(f"{key}s", name)


def _near(key: str, name: str, known: dict[str, Any]) -> str:
    return did_you_mean(name, known) if known else f'; the spec has no "{key}s"'


def _named(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return what is named in an object of a spec."""
    named = data.get(key)
    return {name: value for name, value in named.items() if not is_comment(name)} if isinstance(named, dict) else {}


def _objects(data: dict[str, Any], key: str) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Yield the object that a key holds, or those in its list, with their paths."""
    found = data.get(key)
    if isinstance(found, dict):
        yield (key,), found
    for number, part in enumerate(found if isinstance(found, list) else []):
        if isinstance(part, dict):
            yield (key, number), part


def _sources(data: dict[str, Any]) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Yield the sources of a spec, and those whose times states wait for."""
    yield from _objects(data, "arrivals")
    for path, state in _objects(data, "states"):
        if isinstance(state.get("delay"), dict):
            yield from (((*path, "delay", *inner), one) for inner, one in _objects(state["delay"], "source"))


def read_profiles(data: dict[str, Any]) -> Iterator[tuple[Path_, Any]]:
    """Yield the places where a profile stands."""
    yield from ((("profiles", name), value) for name, value in _named(data, "profiles").items())
    for path, source in _sources(data):
        if "profile" in source:
            yield (*path, "profile"), source["profile"]
    for name, resource in _named(data, "resources").items():
        if isinstance(resource, dict) and "capacity_profile" in resource:
            yield ("resources", name, "capacity_profile"), resource["capacity_profile"]
    for path, state in _objects(data, "states"):
        if "delay_profile" in state:
            yield (*path, "delay_profile"), state["delay_profile"]
    for name, own in _named(data, "populations").items():
        if isinstance(own, dict) and "limit_profile" in own:
            yield ("populations", name, "limit_profile"), own["limit_profile"]
    if "limit_profile" in data:
        yield ("limit_profile",), data["limit_profile"]


def _references(path: Path_, value: Any) -> Iterator[tuple[Path_, str, str]]:
    """Yield the names that a profile is made of, as (path, ``profile`` or ``incident``, name)."""
    if isinstance(value, str):
        yield path, "profile", value
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _references((*path, number), part)
    elif isinstance(value, dict) and isinstance(value.get("incident"), str):
        yield (*path, "incident"), "incident", value["incident"]
