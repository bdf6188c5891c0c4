"""Where plug-ins are found: an index of the built-in ones, installed packages, and files of the user."""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

from datagen.draw import fingerprint
from datagen.plugin.model import Plugin, invalid
from datagen.plugin.namespace import EVERYWHERE, Namespace
from datagen.problems import InvalidInput, Problem, did_you_mean, read_text, show

ENTRY_POINT_GROUP = "datagen.plugins"
# The built-in kinds of each group, and the module that defines each. Importing all of them would take a fifth of the
# start-up, so each is imported when it is asked for.
BUILT_IN = {
    "distribution": {
        "beta": "distributions.beta",
        "binomial": "distributions.binomial",
        "constant": "distributions.constant",
        "discrete": "distributions.discrete",
        "empirical": "distributions.empirical",
        "exponential": "distributions.exponential",
        "gamma": "distributions.gamma",
        "geometric": "distributions.geometric",
        "lognormal": "distributions.lognormal",
        "mixture": "distributions.mixture",
        "normal": "distributions.normal",
        "pareto": "distributions.pareto",
        "poisson": "distributions.poisson",
        "scaled": "distributions.scaled",
        "triangular": "distributions.triangular",
        "uniform": "distributions.uniform",
        "weibull": "distributions.weibull",
        "zipf": "distributions.zipf",
    },
    "arrival": {
        "at_start": "arrivals.at_start",
        "cron": "arrivals.cron",
        "even": "arrivals.even",
        "every": "arrivals.every",
        "incident": "arrivals.incident",
        "interarrival": "arrivals.interarrival",
        "periodic": "arrivals.periodic",
        "poisson": "arrivals.poisson",
        "replay": "arrivals.replay",
        "stages": "arrivals.stages",
        "timestamps": "arrivals.timestamps",
    },
    "dimension": {
        "bool": "dimensions.bool",
        "bytes": "dimensions.bytes",
        "case": "dimensions.case",
        "column": "dimensions.column",
        "constant": "dimensions.constant",
        "counter": "dimensions.counter",
        "credit_card": "dimensions.credit_card",
        "decimal": "dimensions.decimal",
        "enum": "dimensions.enum",
        "expression": "dimensions.expression",
        "fake": "dimensions.fake",
        "float": "dimensions.float",
        "geo": "dimensions.geo",
        "hex": "dimensions.hex",
        "int": "dimensions.int",
        "ip_in": "dimensions.ip_in",
        "ipaddress": "dimensions.ipaddress",
        "ipv6": "dimensions.ipv6",
        "jsonnet": "dimensions.jsonnet",
        "list": "dimensions.list",
        "lookup": "dimensions.lookup",
        "mac": "dimensions.mac",
        "map": "dimensions.map",
        "now": "dimensions.now",
        "object": "dimensions.object",
        "one_of": "dimensions.one_of",
        "partition": "dimensions.partition",
        "port": "dimensions.port",
        "previous": "dimensions.previous",
        "python": "dimensions.python",
        "regex": "dimensions.regex",
        "replace": "dimensions.replace",
        "row": "dimensions.row",
        "rows": "dimensions.rows",
        "signal": "dimensions.signal",
        "string": "dimensions.string",
        "template": "dimensions.template",
        "text": "dimensions.text",
        "timestamp": "dimensions.timestamp",
        "user_agent": "dimensions.user_agent",
        "uuid": "dimensions.uuid",
        "variable": "dimensions.variable",
    },
    "formatter": {
        "apache_combined": "formatters.access_log",
        "apache_common": "formatters.access_log",
        "arrow": "formatters.arrow",
        "avro": "formatters.avro",
        "cef": "formatters.cef",
        "csv": "formatters.csv",
        "jinja": "formatters.jinja",
        "json": "formatters.json",
        "json_schema": "formatters.json_schema",
        "leef": "formatters.cef",
        "logfmt": "formatters.logfmt",
        "msgpack": "formatters.msgpack",
        "nginx": "formatters.access_log",
        "pattern": "formatters.pattern",
        "protobuf": "formatters.protobuf",
        "syslog": "formatters.syslog",
        "tsv": "formatters.csv",
        "xml": "formatters.xml",
    },
    "profile": {
        "between": "profiles.between",
        "day_of_month": "profiles.day_of_month",
        "day_of_week": "profiles.day_of_week",
        "during": "profiles.during",
        "growth": "profiles.growth",
        "holidays": "profiles.holidays",
        "hour_of_day": "profiles.hour_of_day",
        "jitter": "profiles.jitter",
        "minute_of_hour": "profiles.minute_of_hour",
        "month_of_year": "profiles.month_of_year",
        "peaks": "profiles.peaks",
        "points": "profiles.points",
        "sine": "profiles.sine",
        "steps": "profiles.steps",
    },
    "stage": {
        "corrupt": "stages.corrupt",
        "delay": "stages.delay",
        "drop": "stages.drop",
        "duplicate": "stages.duplicate",
        "filter": "stages.filter",
        "late": "stages.late",
        "rate": "stages.rate",
        "statistics": "stages.statistics",
        "throttle": "stages.throttle",
    },
    "table": {
        "airports": "tables.airports",
        "cities": "tables.cities",
        "companies": "tables.companies",
        "countries": "tables.countries",
        "file": "tables.file",
        "made": "tables.made",
        "people": "tables.people",
        "products": "tables.products",
        "rows": "tables.rows",
        "user_agents": "tables.user_agents",
    },
    "target": {
        "amqp": "targets.amqp.target",
        "confluent": "targets.kafka.confluent",
        "delta": "targets.lake.delta",
        "elasticsearch": "targets.search.elasticsearch",
        "file": "targets.files.file",
        "http": "targets.http.target",
        "iceberg": "targets.lake.iceberg",
        "kafka": "targets.kafka.kafka",
        "mqtt": "targets.mqtt.target",
        "nats": "targets.nats.target",
        "opensearch": "targets.search.opensearch",
        "parquet": "targets.files.parquet",
        "postgres": "targets.postgres.target",
        "redis": "targets.redis",
        "stdout": "targets.stdout",
        "syslog": "targets.sockets.syslog",
        "tcp": "targets.sockets.tcp",
        "udp": "targets.sockets.udp",
    },
}


@dataclass
class Registry:
    """The kinds that a run knows, by group and type, in any case. A user's own kind wins over a built-in one."""

    sources: list[str] = field(default_factory=list)  # fingerprints of the modules that are not built in
    folder: str = ""  # of the spec: names of files in it count from there
    namespace: Namespace = EVERYWHERE  # of the part of a spec that is made
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)  # of the spec: of all by ``""``, by population
    templates: Mapping[str, Any] = field(default_factory=dict)  # of the spec: what formats of its own are, by name
    _own: dict[tuple[str, str], type[Plugin]] = field(default_factory=dict)
    _modules: dict[str, ModuleType] = field(default_factory=dict)  # of the user, by the name of the file

    @classmethod
    def load(cls, files: Iterable[str | Path] = ()) -> "Registry":
        """Return the built-in kinds with those of installed packages and of the user's files.

        Raises InvalidInput when a file can't be imported or has no plug-in.
        """
        registry = cls()
        for entry in entry_points(group=ENTRY_POINT_GROUP):
            registry.add(entry.load())
        for file in files:
            module = _import_file(Path(file))
            if not registry.add(module) and not _functions_in(module):
                text = "has no class that is a plug-in (with a `kind`), and no function"
                raise InvalidInput([Problem(text, str(file))])
        return registry

    def add(self, module: ModuleType) -> int:
        """Add the plug-ins that a module defines; return how many."""
        found = {(plugin.group, plugin.kind.lower()): plugin for plugin in _defined_in(module)}
        self._own |= found
        self._modules[module.__name__ if module.__file__ is None else Path(module.__file__).stem] = module
        if module.__file__ is not None:
            self.sources.append(fingerprint(Path(module.__file__).read_bytes()))
        return len(found)

    def inside_of(self, namespace: Namespace) -> "Registry":
        """Return it for where names mean something else."""
        return replace(self, namespace=namespace)

    def inside(self, population: str) -> "Registry":
        """Return it for the parts of a population, ``""`` for those that are common."""
        return self.inside_of(self.namespaces.get(population, EVERYWHERE))

    def _find(self, group: str, kind: str) -> type[Plugin] | None:
        return self._own.get((group, kind.lower())) or _built_in(group, kind.lower())

    def of(self, group: str) -> dict[str, type[Plugin]]:
        """Return the kinds of a group by type, built-in ones first."""
        found = [self._find(group, kind) for kind in self._names_of(group)]
        return {kind.kind: kind for kind in found if kind is not None}

    def _names_of(self, group: str) -> list[str]:
        """Return the names of the kinds of a group in small letters, without an import of what defines them."""
        return list(dict.fromkeys([*BUILT_IN[group], *(kind for other, kind in self._own if other == group)]))

    def make(self, group: str, data: Any) -> Any:
        """Return the plug-in object that a JSON object describes.

        Raises pydantic's ValidationError.
        """
        if not isinstance(data, dict):
            raise invalid(group, [((), f"must be an object{self._such_as(group, data)}, found {show(data)}")])
        kind = data.get("type")
        if kind is None:
            raise invalid(group, [((), f'"type" is required; known: {", ".join(sorted(self.of(group)))}')])
        plugin = self._find(group, kind) if isinstance(kind, str) else None
        if plugin is None:
            text = f"unknown {group} type {show(kind)}{did_you_mean(kind, self.of(group))}"
            raise invalid(group, [(("type",), text)])
        return plugin.model_validate({key: data[key] for key in data if key != "type"}, context=self)

    def kind_of(self, group: str, data: Any) -> type[Plugin] | None:
        """Return the class of the object of a group that JSON describes; None when there is none of that type."""
        kind = data.get("type") if isinstance(data, dict) else None
        return self._find(group, kind) if isinstance(kind, str) else None

    def path(self, name: str) -> str:
        """Return the path of a file that is named in a spec."""
        return os.path.join(self.folder, name)

    def function(self, name: str) -> Callable[..., Any]:
        """Return the function of a user's file, ``module:name``. Raises ValueError when there is none."""
        of, colon, called = name.partition(":")
        if not colon:
            raise ValueError(f'must be such as "module:name", found {show(name)}')
        if of not in self._modules:
            near = did_you_mean(of, self._modules) if self._modules else ""
            raise ValueError(f"there is no module {show(of)}{near}; load its file with --plugins {of}.py")
        functions = _functions_in(self._modules[of])
        if called not in functions:
            raise ValueError(f"{of}.py has no function {show(called)}{did_you_mean(called, functions)}")
        return functions[called]

    def _such_as(self, group: str, data: object) -> str:
        """Return the object that was probably meant."""
        if isinstance(data, str) and self._find(group, data):
            return f" such as {show({'type': data})}"
        if group == "distribution" and isinstance(data, int | float) and not isinstance(data, bool):
            return f" such as {show({'type': 'constant', 'value': data})}"
        return " with a type"

    def formatter(self, described: Any) -> Any:
        """Return the formatter of a JSON object, or of the name of a format or a pattern file.

        Raises pydantic's ValidationError.
        """
        if not isinstance(described, str):
            return self.make("formatter", described)
        if described in self.templates:
            return self.make("formatter", {"type": "jinja", **self.templates[described]})
        known = {kind for kind in self._names_of("formatter") if kind not in ("jinja", "pattern")}.union(self.templates)
        if described.lower() in known:
            return self.make("formatter", {"type": described})
        if not os.path.exists(described):
            message = f"{show(described)} is neither a format nor a file{did_you_mean(described, known)}"
            raise invalid("formatter", [((), message)])
        if described.endswith(".j2"):
            return self.make("formatter", {"type": "jinja", "path": os.path.abspath(described)})
        try:
            text = read_text(described)
        except InvalidInput as error:
            raise invalid("formatter", [((), f"{described} {error.problems[0].message}")]) from error
        return self.make("formatter", {"type": "pattern", "text": text})


@cache
def _built_in(group: str, kind: str) -> type[Plugin] | None:
    """Import a built-in kind; return None when there is none of that name."""
    name = BUILT_IN[group].get(kind)
    if name is None:
        return None
    module = importlib.import_module(f"datagen.{name}")
    return next(plugin for plugin in _defined_in(module) if plugin.kind == kind)


def source_of(interarrival: Plugin) -> Any:
    """Return the source of arrivals that the key ``interarrival`` of a population stands for."""
    kind = _built_in("arrival", "interarrival")
    assert kind is not None, "a kind of the index"
    return kind(distribution=interarrival)  # type: ignore[call-arg]


def always(value: float) -> Any:
    """Return the distribution that always gives a value."""
    kind = _built_in("distribution", "constant")
    assert kind is not None, "a kind of the index"
    return kind(value=value)  # type: ignore[call-arg]


def _defined_in(module: ModuleType) -> Iterator[type[Plugin]]:
    for plugin in vars(module).values():
        if (
            inspect.isclass(plugin)
            and issubclass(plugin, Plugin)
            and not inspect.isabstract(plugin)
            and "kind" in vars(plugin)
            and plugin.__module__ == module.__name__
        ):
            yield plugin


def _functions_in(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the functions that a module defines, by name."""
    found = {name: value for name, value in vars(module).items() if inspect.isfunction(value)}
    return {name: value for name, value in found.items() if value.__module__ == module.__name__ and name[0] != "_"}


class _Source(SourceFileLoader):
    """Compiles the source anew: bytecode kept beside it could be that of another file of the same second and size."""

    def path_stats(self, path: str) -> Any:
        raise OSError("no bytecode is kept")


def _import_file(path: Path) -> ModuleType:
    """Run a user's Python file as a module of its own.

    Raises InvalidInput when that fails, in whatever way.
    """
    name = f"datagen_plugin:{path.resolve()}"
    loader = _Source(name, str(path))
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # where pydantic looks up names in annotations
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_globals is vars(module)]
        where = f" (line {lines[-1]})" if lines else ""
        raise InvalidInput([Problem(f"can't be imported: {reason}{where}", str(path))]) from error
    return module
