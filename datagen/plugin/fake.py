"""Values that the library mimesis makes, in pools that are always the same for the same version of it.

A pool does not depend on the seed of a run: draws pick from it.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

from datagen.problems import did_you_mean, show

LIBRARIES = ("mimesis",)
_CLOCK = "the clock of this machine decides"
_ORDER = "the order of a set decides, another one in each process"
_NOT_REPEATABLE = {
    "choice": f'{_ORDER}; use the field generator "enum"',
    "cryptographic.jwt": _CLOCK,
    "datetime": f'{_CLOCK}; use the field generator "timestamp"',
    "development.calver": _CLOCK,
    "internet.query_parameters": _ORDER,
    "internet.query_string": _ORDER,
    "path": "the system of this machine decides",
}
_NO_VALUES = {"get_current_locale", "override_locale", "reseed", "update_dataset", "validate_enum"}


class FakeProblem(ValueError):
    """What is asked for can't be made; ``key`` is the one that asks for it."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def check_locale(locale: str) -> None:
    """Raise FakeProblem when the library does not know a locale."""
    if locale not in locales():
        near = did_you_mean(locale.lower().replace("_", "-"), locales())
        raise FakeProblem("locale", f"unknown locale {show(locale)}{near}")


def locales() -> list[str]:
    """Return the codes of the locales that there are."""
    return [locale.value for locale in import_module("mimesis").Locale]


@lru_cache(maxsize=64)
def pool(provider: str, size: int, locale: str = "en", arguments: str = "{}") -> tuple[Any, ...]:
    """Return a pool of JSON values: what a method, like ``person.full_name``, makes when it is called again and again.

    ``arguments`` is a JSON object. Raises FakeProblem when there is no such method, or it does not take these, or makes
    what is no JSON value.
    """
    make = _method(provider, locale)
    given = _as_wanted(make, json.loads(arguments))
    try:
        return tuple(_json(provider, make(**given)) for _ in range(size))
    except FakeProblem:
        raise
    except Exception as error:  # the library says in many ways that it can't make something of its arguments
        key = "arguments" if given else "provider"
        raise FakeProblem(key, f"{show(provider)}: {str(error) or type(error).__name__}") from error


@lru_cache(maxsize=256)
def check(provider: str, locale: str) -> None:
    """Raise FakeProblem when there is no such method, or none that makes the same again and again."""
    _method(provider, locale)


def _method(provider: str, locale: str) -> Callable[..., Any]:
    """Return the method that a provider names, bound to a generator that begins anew."""
    check_locale(locale)
    mimesis = import_module("mimesis")
    generator = mimesis.Generic(mimesis.Locale(locale), seed=provider)
    group, _, name = provider.partition(".")
    why = _NOT_REPEATABLE.get(group, _NOT_REPEATABLE.get(provider))
    if why is not None:
        raise FakeProblem("provider", f"{show(provider)} can't be repeated: {why}")
    if not (_is_public(group) and _is_public(name) and callable(getattr(getattr(generator, group, None), name, None))):
        near = did_you_mean(provider, providers(generator))
        raise FakeProblem("provider", f"unknown provider {show(provider)}{near}")
    return getattr(getattr(generator, group), name)


def providers(generator: Any) -> list[str]:
    """Return what there is to choose from, but for what can't be repeated."""
    groups = [group for group in dir(generator) if _is_public(group) and group not in _NOT_REPEATABLE]
    found = [(group, name) for group in groups for name in dir(getattr(generator, group)) if _is_public(name)]
    named = [f"{group}.{name}" for group, name in found if callable(getattr(getattr(generator, group), name))]
    return [name for name in named if name not in _NOT_REPEATABLE]


def _is_public(name: str) -> bool:
    return name.islower() and name[0] != "_" and name not in _NO_VALUES


def _as_wanted(make: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as a method wants them: the members of its enumerations by their names or values."""
    taken = signature(make).parameters
    for key in arguments:
        if key not in taken and not any(one.kind is Parameter.VAR_KEYWORD for one in taken.values()):
            raise FakeProblem("arguments", f"unknown argument {show(key)}{did_you_mean(key, [*taken])}")
    return {
        key: _member(str(taken[key].annotation), value) if key in taken else value for key, value in arguments.items()
    }


def _member(annotation: str, value: Any) -> Any:
    found = {member.name.lower(): member for kind in _enumerations() if kind.__name__ in annotation for member in kind}
    if not found or not isinstance(value, str):
        return value
    if value.lower() not in found:
        raise FakeProblem("arguments", f"unknown {show(value)}{did_you_mean(value.lower(), [*found])}")
    return found[value.lower()]


def _enumerations() -> Iterator[type[Enum]]:
    enums = import_module("mimesis.enums")
    yield from (one for one in vars(enums).values() if isinstance(one, type) and issubclass(one, Enum))


def _json(provider: str, value: Any) -> Any:
    """Return a value as JSON has it; times and decimal numbers as texts."""
    if isinstance(value, Enum):
        return _json(provider, value.value)
    if isinstance(value, date | time | timedelta | Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _json(provider, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(provider, inner) for inner in value]
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise FakeProblem("provider", f"{show(provider)} makes a {type(value).__name__}, which is no JSON value")
