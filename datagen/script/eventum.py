"""What templates of Eventum see, under its names: a facade over what ours do."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

from datagen.problems import show
from datagen.records.reference import Reference
from datagen.records.values import GivenList, GivenObject, GivenRow
from datagen.script.fake import FakeView
from datagen.script.memory import Memory, check_kept
from datagen.script.numbers import Numbers
from datagen.script.rand import Offered, Rand
from datagen.script.view import TablesView, TableView

GIVEN: Mapping[str, Any] = {"params": GivenObject(), "vars": GivenObject(), "tags": ()}  # where nothing else is
# What is asked of Faker, with what makes it here (docs.mimesis: providers).
_FAKER = {
    "city": "address.city",
    "company": "finance.company",
    "country": "address.country",
    "domain_name": "internet.hostname",
    "email": "person.email",
    "first_name": "person.first_name",
    "hostname": "internet.hostname",
    "ipv4": "internet.ip_v4",
    "ipv6": "internet.ip_v6",
    "job": "person.occupation",
    "last_name": "person.last_name",
    "mac_address": "internet.mac_address",
    "name": "person.full_name",
    "phone_number": "person.phone_number",
    "postcode": "address.postal_code",
    "sentence": "text.sentence",
    "street_address": "address.address",
    "url": "internet.url",
    "user_agent": "internet.user_agent",
    "user_name": "person.username",
    "word": "text.word",
}


class NoText(Exception):
    """A template wants no text for its record."""


def offered(
    tables: Mapping[str, Reference], numbers: Numbers, rand: Rand, zone: str, modules: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a template sees beside the values of a record."""
    return {
        "dispatch": Dispatch(),
        "module": Modules(numbers, rand, modules),
        "samples": Samples(tables, numbers, zone),
        "subprocess": Subprocess(),
    }


class State(Memory):
    """Values by keys, as Eventum keeps them: a list that was kept is the very list, and may be added to."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value. Raises ValueError when it is none that a snapshot could hold."""
        check_kept(key, value)
        self._values[key] = value

    def acquire(self) -> None:
        """Do nothing: records come one after the other."""

    def release(self) -> None:
        """Do nothing."""


class Dispatch(Offered):
    """What becomes of a record."""

    def drop(self) -> None:
        """Make no record; what was remembered stays."""
        raise NoText

    def next(self, *_: Any) -> None:
        """Refuse to pick another template: which one makes a record, states say."""
        raise ValueError("dispatch.next() has no meaning here: which emitter makes a record, its state says")

    def exhaust(self) -> None:
        """Refuse to end the run."""
        raise ValueError(
            "dispatch.exhaust() has no meaning here: say how many records there are with -n, -r or --until"
        )


class Subprocess(Offered):
    """What would run programs."""

    def run(self, *_: Any, **__: Any) -> None:
        raise ValueError("subprocess.run(…) would reach the machine, and not give the same each time")


class Modules(Offered):
    """The modules of Python, as far as they are pure, and what draws."""

    def __init__(self, numbers: Numbers, rand: Rand, modules: Mapping[str, Any]) -> None:
        self.rand, self._modules = rand, modules
        self.faker = SimpleNamespace(locale=Faker(numbers))
        self.mimesis = SimpleNamespace(locale=Mimesis(numbers))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._modules:
            known = ", ".join(("faker", "mimesis", "rand", *self._modules))
            raise ValueError(f"module.{name} can't be read by a template: it could change from run to run; {known} can")
        return self._modules[name]


class Mimesis(Offered):
    """Values that look real, by locale."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def __getattr__(self, locale: str) -> Any:
        if locale.startswith("_"):
            raise AttributeError(locale)
        return FakeView(self._numbers, _locale(locale))

    __getitem__ = __getattr__


class Faker(Mimesis):
    """The same under the names that Faker has for them."""

    def __getattr__(self, locale: str) -> Any:
        return FakerOf(super().__getattr__(locale))

    __getitem__ = __getattr__


class FakerOf(Offered):
    """What is made in a locale."""

    def __init__(self, made: FakeView) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in _FAKER:
            text = f"faker's {show(name)} is not known here, but {', '.join(_FAKER)}"
            raise ValueError(f"{text}; or take module.mimesis.locale.en.person.full_name() and the like")
        provider, method = _FAKER[name].split(".")
        return self._made[provider][method]


def _locale(name: str) -> str:
    """Return the locale of mimesis that is nearest to one such as ``en_US``."""
    from datagen.plugin.fake import locales

    wanted = name.lower().replace("_", "-")
    return wanted if wanted in locales() else wanted.split("-")[0]


class Samples(TablesView):
    """The tables of a run, whose rows are tuples with names."""

    def _view(self, rows: GivenList, columns: list[str]) -> TableView:
        return Sample(GivenList(GivenRow.of(row) for row in rows), columns, self._numbers)


class Sample(TableView):
    """Rows of a table, as tuples."""

    def _reading(self, column: str) -> Callable[[Any], Any]:
        return itemgetter(list(self.columns).index(column))

    def __getitem__(self, key: Any) -> Any:
        """Return a row by its number, several as plain tuples by a slice, or all values of a column by its name."""
        if isinstance(key, slice):
            return [tuple(row) for row in self._rows[key]]
        return super().__getitem__(key)
