"""The table ``airports``."""

from typing import ClassVar

from pydantic import Field

from datagen.tables.ready import OF_WEIGHT
from datagen.tables.shipped import Shipped


class Airports(Shipped):
    """Airports of large cities, those of the largest first.

    The columns are iata, icao, name, city, country, country_name, latitude, longitude, elevation_m, timezone and
    city_population; city and country are those of the table `cities`. Airports are drawn by the population of their cities,
    unless `weight` says otherwise.

    Example: {"type": "airports", "size": 300}
    """

    kind: ClassVar[str] = "airports"
    weight: str | None = Field("city_population", description=OF_WEIGHT)
