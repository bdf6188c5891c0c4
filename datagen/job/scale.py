"""Scales: how many times more workers come than a spec says, of a population or of all; what a state keeps of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from datagen.plugin.volume import Volume
from datagen.problems import show

Known = Mapping[str, tuple[str, float]]  # of a run that is continued, by population: a volume and its constant
DIGITS = 8  # of a constant


@dataclass(frozen=True)
class Scale:
    """How many times more workers there are than the spec says."""

    constant: float
    volume: Volume | None = None  # None: the spec says the constant itself
    error: float = 0.0  # relative, of the volume
    population: str = ""  # whose workers; without a name of all that have no scale of their own

    def __str__(self) -> str:
        what = "volume_scale" if self.volume is None else f"volume {self.volume}"
        of = f" of {show(self.population)}" if self.population else ""
        return f"{what}{of}: {self.constant:.{DIGITS}g} times as many workers as the spec says{shown_error(self.error)}"


def shown_error(error: float | None) -> str:
    """Return the end of a text about a number with a relative error, if it has one."""
    return f" (± {max(error, 0.0001):.2%})" if error else ""


def described(scales: Iterable[Scale], population: str) -> dict[str, float] | None:
    """Return the scale of a population as an object of JSON; None where it has none of its own."""
    found = (scale for scale in scales if scale.population == population)
    return next(({"constant": scale.constant, "error": scale.error} for scale in found), None)


def volumes_of(scales: Iterable[Scale]) -> dict[str, str]:
    """Return the volumes that a run was asked for, to be kept with its constants."""
    return {_key(scale.population): str(scale.volume) for scale in scales if scale.volume is not None}


def known_scales(run: Mapping[str, Any] | None) -> Known:
    """Return the volumes of a run that was kept, with their constants."""
    if not run or not run["scale"]:
        return {}
    constants = {"": run["scale"][0], **(run["scale"][1] if len(run["scale"]) > 1 else {})}
    asked = run["asked"]
    return {name: (asked[_key(name)], constant) for name, constant in constants.items() if _key(name) in asked}


def _key(population: str) -> str:
    return f"volume/{population}" if population else "volume"
