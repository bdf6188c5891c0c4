"""The profile ``holidays``."""

from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.model import invalid
from datagen.plugin.profile import Factor, WallProfile, multiples
from datagen.problems import did_you_mean, show
from datagen.zone import DAY


class Holidays(WallProfile):
    """A factor for the public holidays of a country, or of a part of it; 1 on all other days.

    The days are those of the Python library `holidays`, so they depend on its version.

    Example: {"type": "holidays", "country": "DE", "region": "BY", "factor": 0.2}
    """

    kind: ClassVar[str] = "holidays"
    country: str = Field(description="the country, by its code of two letters (ISO 3166-1)")
    region: str | None = Field(None, description="a part of the country, by its code (ISO 3166-2)")
    factor: Factor = Field(description="the factor on its holidays")

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        try:
            known = _library().list_supported_countries()
        except ModuleNotFoundError as error:
            raise ValueError('needs a library that is not installed: pip install "holidays"') from error
        if self.country not in known:
            near = did_you_mean(self.country, [code for code in known if len(code) == 2])
            raise invalid("holidays", [(("country",), f"unknown country {show(self.country)}{near}")])
        if self.region is not None and self.region not in known[self.country]:
            text = f"unknown region {show(self.region)}{did_you_mean(self.region, known[self.country])}"
            raise invalid("holidays", [(("region",), text)])
        return self

    def libraries(self) -> list[str]:
        return ["holidays"]

    def at_wall(self, wall: Integers) -> Floats:
        days = wall // DAY
        years = np.unique(wall.view("datetime64[us]").astype("datetime64[Y]").astype(int)) + 1970
        off = [day for year in years.tolist() for day in _days(self.country, self.region, year)]
        return np.where(np.isin(days, np.array(off, np.int64)), float(self.factor), 1.0)

    def edges(self, begin: int, end: int) -> Integers:
        return multiples(DAY, begin, end)


def _library() -> Any:
    return import_module("holidays")  # takes some time to import, so only where it is used


@lru_cache(maxsize=1024)
def _days(country: str, region: str | None, year: int) -> tuple[int, ...]:
    """Return the holidays of a year, in days since 1970."""
    found = _library().country_holidays(country, subdiv=region, years=year)
    return tuple(sorted((np.array([*found], "datetime64[D]")).astype(int).tolist()))
