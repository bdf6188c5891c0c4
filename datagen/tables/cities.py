"""The table ``cities``."""

from typing import ClassVar

from pydantic import Field

from datagen.tables.ready import OF_WEIGHT
from datagen.tables.shipped import Shipped


class Cities(Shipped):
    """The 5,445 largest cities of the world, the largest first, and at least one of each country.

    The columns are name, country (ISO 3166-1, two letters), country_name, latitude, longitude, population and timezone.
    Cities are drawn by their population, unless `weight` says otherwise. The data is that of [GeoNames](https://www.geonames.org), CC BY 4.0.

    Example: {"type": "cities", "where": "country == 'DE'"}
    """

    kind: ClassVar[str] = "cities"
    weight: str | None = Field("population", description=OF_WEIGHT)
