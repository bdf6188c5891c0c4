"""The text of a template with all that it includes, read once, and what it reads of a record.

A file is looked for in the folder of the spec, then in that of the template.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from jinja2 import FileSystemLoader, FunctionLoader, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from datagen.problems import did_you_mean, show
from datagen.script.dialect import OURS, Dialect
from datagen.script.environment import Environment
from datagen.script.source import Source
from datagen.zone import Zone

MAIN = ""  # the name of the template itself among the files
_INCLUDING = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)
_UNSURE = ("defined", "undefined", "default", "d")  # tests and filters for what may not be there

_CHANGEABLE = (nodes.Call, nodes.Dict, nodes.Filter, nodes.List)  # expressions of what may be changed later
_CHANGING = re.compile(
    r"\b(add|append|attr|clear|discard|extend|insert|joiner|map|namespace|next|pop|popitem|remove|reset|reverse|"
    r"setdefault|sort|update)\b"
)


@dataclass(frozen=True)
class File:
    """A file that a template includes, or the template itself, with what it is parsed to."""

    text: str
    path: str

    def place(self, line: int | None) -> str:
        """Return where something stands: the file with the line, or the line of the text in the spec."""
        if line is None:
            return self.path or "the template"
        return f"{self.path}:{line}" if self.path else f"line {line}"


@dataclass
class Closure:
    """A template with all that it includes, and what is read there; it is complete once it is made."""

    source: Source
    dialect: Dialect = OURS
    files: dict[str, File] = field(default_factory=dict)  # by name
    names: set[str] = field(default_factory=set)  # that it gives no value itself where it reads them
    unsure: set[str] = field(default_factory=set)  # that it asks for, or that a file has from one that includes it
    tables: dict[str, str] = field(default_factory=dict)  # those that it names, each with a place
    fakes: dict[tuple[str, ...], str] = field(default_factory=dict)  # locales and providers named, each with a place
    chooses_tables: bool = False  # whether it also computes which table it reads
    draws: bool = False
    imports: bool = False
    has_state: bool = False  # whether a file that is imported gives names to what can be changed
    inherits: bool = False

    @classmethod
    def of(cls, source: Source, dialect: Dialect = OURS) -> "Closure":
        """Read all that a template includes. Raises ValueError with the place of what is wrong."""
        made = cls(source, dialect, {MAIN: File(source.text, source.file)})
        todo = [MAIN]
        while todo:
            file = made.files[todo.pop()]
            tree = made._parsed(file)
            made._note(tree, file)
            for name, found in made._included(tree, file):
                if name not in made.files:
                    made.files[name] = found
                    todo.append(name)
        return made

    def environment(self, zone: Zone = Zone(), *, strict: bool = False) -> Environment:  # noqa: B008  (frozen)
        """Return an environment that knows these texts."""
        return Environment(FunctionLoader(self._load), zone, strict=strict)

    def doubtful(self, constants: Collection[str]) -> set[str]:
        """Return the names that have to stand for something in the spec."""
        return self.names - self.unsure - self.dialect.names.union(constants)

    @property
    def may_remember(self) -> bool:
        """Return whether what an imported file has made could be changed from one record to the next."""
        return self.has_state and any(_CHANGING.search(file.text) for file in self.files.values())

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        file = self.files.get(name)
        return None if file is None else (file.text, file.path, lambda: True)

    def _parsed(self, file: File) -> nodes.Template:
        environment = self.environment()
        try:
            self.names |= find_undeclared_variables(environment.parse(file.text))
            environment.compile(file.text)
            return environment.parse(file.text)
        except TemplateSyntaxError as error:
            raise ValueError(f"{file.place(error.lineno)}: {_said(error, environment)}") from error
        except (RecursionError, ValueError) as error:  # of too many brackets, of a number with too many digits
            text = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise ValueError(f"{file.place(None)}: {text}") from error
        except SyntaxError as error:  # of the Python that it is compiled to, such as a break that is in no loop
            raise ValueError(f"{file.place(None)}: {error.msg}") from error

    def _included(self, tree: nodes.Template, file: File) -> Iterator[tuple[str, File]]:
        """Yield the files that another one includes and that are there. Raises ValueError."""
        for node in tree.find_all(_INCLUDING):
            names = _constant(node.template)  # type: ignore[attr-defined]
            if names is None:
                text = "which file is meant must stand there as a text: all are read before the run"
                raise ValueError(f"{file.place(node.lineno)}: {text}")
            there = [(name, found) for name in names if (found := self._found(name)) is not None]
            if not there and not getattr(node, "ignore_missing", False):
                raise ValueError(f"{file.place(node.lineno)}: {self._missing(names)}")
            yield from there

    def _found(self, name: str) -> File | None:
        try:
            text, path, _ = FileSystemLoader(self.source.searched).get_source(Environment.bare(), name)
        except TemplateNotFound:
            return None
        except UnicodeDecodeError as error:
            raise ValueError(f"{name} is not UTF-8 text (byte {error.start})") from error
        except OSError as error:
            raise ValueError(f"{name} can't be read: {error.strerror}") from error
        return File(text, os.path.normpath(path))

    def _missing(self, names: list[str]) -> str:
        known = sorted(
            {name for folder in self.source.searched if os.path.isdir(folder) for name in os.listdir(folder)}
        )
        near = did_you_mean(names[0], known)
        text = f"there is no file {' or '.join(map(show, names))} in {' or in '.join(self.source.searched)}"
        return text + (near if "did you mean" in near else "")

    def _note(self, tree: nodes.Template, file: File) -> None:
        """Note what a file reads and does."""
        for node in tree.find_all((nodes.Name, nodes.Test, nodes.Filter, nodes.Const)):
            if isinstance(node, nodes.Name) and node.ctx != "load":
                self.unsure.add(node.name)
            elif isinstance(node, nodes.Test | nodes.Filter):
                self.draws |= node.name in self.dialect.drawing
                if node.name in _UNSURE and isinstance(node.node, nodes.Name):
                    self.unsure.add(node.node.name)
            elif isinstance(node, nodes.Const):
                self.draws |= isinstance(node.value, str) and node.value in self.dialect.drawing  # as in map('random')
        for call in tree.find_all(nodes.Call):
            root, *names = _chain(call.node)
            if root == "fake" and names and "" not in names:
                self.fakes.setdefault(tuple(names), file.place(call.lineno))
        for defining in tree.find_all((nodes.Import, nodes.FromImport, nodes.Macro)):
            self.unsure |= _defined(defining)
            self.imports |= not isinstance(defining, nodes.Macro)
        if file is not self.files[MAIN]:
            self.has_state |= any(set(made.find_all(_CHANGEABLE)) for made in tree.find_all(nodes.Assign))
        self.draws |= bool(self.names & self.dialect.drawing)
        self.inherits |= any(True for _ in tree.find_all((nodes.Extends, nodes.Block)))
        self._note_tables(tree, file)

    def _note_tables(self, tree: nodes.Template, file: File) -> None:
        named, called = 0, self.dialect.tables
        for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
            of = node.node  # type: ignore[attr-defined]
            name = node.attr if isinstance(node, nodes.Getattr) else _text(node.arg)  # type: ignore[attr-defined]
            if isinstance(of, nodes.Name) and of.name == called and name is not None:
                named += 1
                self.tables.setdefault(name, file.place(node.lineno))
        self.chooses_tables |= named < sum(name.name == called for name in tree.find_all(nodes.Name))


def _constant(node: nodes.Node) -> list[str] | None:
    """Return the names of files that stand in a template, of which the first counts that is there; None for others."""
    given = [_text(item) for item in (node.items if isinstance(node, nodes.List | nodes.Tuple) else [node])]
    names = [name for name in given if name is not None]
    return names if len(names) == len(given) else None


def _text(node: nodes.Node) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def _chain(node: nodes.Node) -> list[str]:
    """Return the names of a chain such as ``fake.de.person.name``, "" for all that is none."""
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        return [*_chain(node.node), node.attr if isinstance(node, nodes.Getattr) else _text(node.arg) or ""]
    return [node.name if isinstance(node, nodes.Name) else ""]


def _defined(node: nodes.Node) -> set[str]:
    """Return the names that an import or a macro defines."""
    if isinstance(node, nodes.FromImport):
        return {name if isinstance(name, str) else name[1] for name in node.names}
    return {node.target if isinstance(node, nodes.Import) else node.name}  # type: ignore[attr-defined]


def _said(error: TemplateSyntaxError, environment: Environment) -> str:
    """Return what is wrong, with the nearest known filter or test where one is unknown."""
    message = (error.message or "can't be read").rstrip(".")
    for what, known in (("filter", environment.filters), ("test", environment.tests)):
        if message.startswith(f"No {what} named"):
            name = message.split("'")[1]
            return f"unknown {what} {show(name)}{did_you_mean(name, known)}"
    return message
