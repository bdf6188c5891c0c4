"""What in a spec reads its incidents, and where: profiles, expressions, sources, signals, labels.

Reads the JSON of a spec as it was checked, in which populations are written out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from datagen.language.times import CALL, read_profiles
from datagen.problems import Path_, is_comment


@dataclass(frozen=True)
class Reading:
    """A part of a spec that is another one while an incident is on."""

    incident: str
    path: Path_
    what: str  # in words, or the expression

    def place(self, data: Any) -> str:
        """Return where it stands, for people: what has a name in a list is called by it."""
        text = ""
        for key in self.path:
            data = data[key]
            named = data.get("name") if isinstance(key, int) and isinstance(data, dict) else None
            text += f"[{key}]" if isinstance(key, int) and named is None else f".{named or key}"
        return text.removeprefix(".")


def readings(data: dict[str, Any]) -> Iterator[Reading]:
    """Yield what reads the incidents of a spec, in the order of the spec, profiles first.

    A reading of all incidents has "" as the name.
    """
    profiles = data.get("profiles") or {}
    for path, value in read_profiles(data):
        if path[0] != "profiles":
            yield from (Reading(name, path, what) for name, what in _of_profile(value, profiles))
    yield from _within((), data, profiles)


def _of_profile(value: Any, profiles: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the incidents that a profile reads, itself or by another one, each with what it makes of it."""
    if isinstance(value, list):
        for part in value:
            yield from _of_profile(part, profiles)
    elif isinstance(value, str):
        yield from _of_profile(profiles.get(value), profiles)
    elif isinstance(value, dict) and isinstance(value.get("incident"), str):
        yield value["incident"], f"factor {value.get('factor')}"


def _within(path: Path_, part: Any, profiles: dict[str, Any]) -> Iterator[Reading]:
    """Yield what reads incidents in a part of a spec, but for where a profile stands."""
    if isinstance(part, dict):
        yield from _in_object(path, part)
        inner: Any = part.items()
    else:
        inner = enumerate(part) if isinstance(part, list) else ()
    if isinstance(part, str):
        read = [
            [name] if kind == "incident" else [one for one, _ in _of_profile(name, profiles)]
            for kind, _, name in CALL.findall(part)
        ]
        yield from (Reading(name, path, part) for name in dict.fromkeys(name for names in read for name in names))
    for key, member in inner:
        if not is_comment(key):
            yield from _within((*path, key), member, profiles)


def _in_object(path: Path_, part: dict[str, Any]) -> Iterator[Reading]:
    if str(part.get("type")).lower() == "incident" and isinstance(part.get("incident"), str):
        does = "waits for" if "delay" in path else "a worker at"
        yield Reading(part["incident"], path, f"{does} its {part.get('at', 'begin')}")
    if path[:1] == ("emitters",) and len(path) == 2 and isinstance(part.get("incidents"), str):
        yield Reading("", (*path, "incidents"), "names it while it is on")
    if str(part.get("type")).lower() == "signal" and isinstance(part.get("during"), dict):
        for name, does in part["during"].items():
            yield Reading(name, (*path, "during", name), _disturbed(does))


def _disturbed(does: Any) -> str:
    if not isinstance(does, dict):
        return ""
    shown = {key: value for key, value in does.items() if not is_comment(key)}
    return ", ".join(key if isinstance(value, bool | dict) else f"{key} {value}" for key, value in shown.items())
