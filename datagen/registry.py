"""Where plug-ins are found: the built-in folders, installed packages, and files of the user."""

import importlib
import importlib.machinery
import inspect
import os
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from datagen.plugin import Plugin, invalid
from datagen.problems import InvalidInput, Problem, did_you_mean, read_text, show

ENTRY_POINT_GROUP = "datagen.plugins"
_FOLDERS = {group: f"datagen.{group}s" for group in ("distribution", "dimension", "formatter", "stage", "target")}


@dataclass
class Registry:
    """The kinds that a run knows, by group and lower-case type.

    Built-in ones are imported when they are asked for: all of them would take a fifth of the start-up.
    """

    _kinds: dict[tuple[str, str], type[Plugin]] = field(default_factory=dict)
    _complete: set[str] = field(default_factory=set)  # groups whose built-in kinds are all imported

    @classmethod
    def load(cls, files: Iterable[str | Path] = ()) -> "Registry":
        """Find the kinds of installed packages and those of the user's files, beside the built-in ones.

        Raises InvalidInput when a file can't be imported or has no plug-in.
        """
        registry = cls()
        for entry in entry_points(group=ENTRY_POINT_GROUP):
            registry.add(entry.load())
        for file in files:
            if not registry.add(_import_file(Path(file))):
                raise InvalidInput([Problem("has no class that is a plug-in (with a `kind`)", str(file))])
        return registry

    def add(self, module: ModuleType) -> int:
        """Add the plug-ins that a module defines; give how many."""
        found = [
            plugin
            for plugin in vars(module).values()
            if inspect.isclass(plugin)
            and issubclass(plugin, Plugin)
            and not inspect.isabstract(plugin)
            and "kind" in vars(plugin)
            and plugin.__module__ == module.__name__
        ]
        for plugin in found:
            self._kinds[plugin.group, plugin.kind.lower()] = plugin
        return len(found)

    def _import(self, group: str, name: str) -> None:
        """Add the kinds of a built-in module that no others have taken the place of."""
        others = self._kinds.copy()
        self.add(importlib.import_module(f"{_FOLDERS[group]}.{name}"))
        self._kinds |= others

    def _find(self, group: str, kind: str) -> type[Plugin] | None:
        """Find a kind; a built-in one mostly stands in a module of its name."""
        key = (group, kind.lower())
        if key not in self._kinds and kind.isidentifier() and find_spec(f"{_FOLDERS[group]}.{kind.lower()}"):
            self._import(group, kind.lower())
        if key not in self._kinds:
            self.of(group)
        return self._kinds.get(key)

    def of(self, group: str) -> dict[str, type[Plugin]]:
        """Give the kinds of a group by their type, built-in ones first, in the order of their modules."""
        names = [module.name for module in pkgutil.iter_modules(importlib.import_module(_FOLDERS[group]).__path__)]
        if group not in self._complete:
            self._complete.add(group)
            for name in names:
                self._import(group, name)
        places = {f"{_FOLDERS[group]}.{name}": number for number, name in enumerate(names)}
        found = [kind for (other, _), kind in self._kinds.items() if other == group]
        return {kind.kind: kind for kind in sorted(found, key=lambda kind: places.get(kind.__module__, len(names)))}

    def make(self, group: str, data: Any) -> Any:
        """Make the plug-in object that a JSON object describes.

        Raises pydantic's ValidationError.
        """
        if not isinstance(data, dict):
            raise invalid(group, [((), f"must be an object with a type, found {show(data)}")])
        kind = data.get("type")
        if kind is None:
            raise invalid(group, [((), f'"type" is required; known: {", ".join(sorted(self.of(group)))}')])
        plugin = self._find(group, kind) if isinstance(kind, str) else None
        if plugin is None:
            text = f"unknown {group} type {show(kind)}{did_you_mean(kind, self.of(group))}"
            raise invalid(group, [(("type",), text)])
        return plugin.model_validate({key: data[key] for key in data if key != "type"}, context=self)

    def formatter(self, described: Any) -> Any:
        """Make a formatter of an object, or of the name of a format or a pattern file.

        Raises pydantic's ValidationError.
        """
        if not isinstance(described, str):
            return self.make("formatter", described)
        known = {kind for kind in self.of("formatter") if kind != "pattern"}
        if described.lower() in known:
            return self.make("formatter", {"type": described})
        if not os.path.exists(described):
            message = f"{show(described)} is neither a format nor a file{did_you_mean(described, known)}"
            raise invalid("formatter", [((), message)])
        try:
            text = read_text(described)
        except InvalidInput as error:
            raise invalid("formatter", [((), f"{described} {error.problems[0].message}")]) from error
        return self.make("formatter", {"type": "pattern", "text": text})


def _import_file(path: Path) -> ModuleType:
    """Run a user's Python file as a module of its own.

    Raises InvalidInput when that fails, in whatever way.
    """
    name = f"datagen_plugin:{path.resolve()}"
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # where pydantic looks up names in annotations
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise InvalidInput([Problem(f"can't be imported: {reason}", str(path))]) from error
    return module
