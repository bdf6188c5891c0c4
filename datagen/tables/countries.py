"""The table ``countries``."""

from typing import ClassVar

from pydantic import Field

from datagen.tables.ready import OF_WEIGHT
from datagen.tables.shipped import Shipped


class Countries(Shipped):
    """The countries and territories of the world, by their codes.

    The columns are code, code3 and number (ISO 3166-1), name, continent, capital, currency (ISO 4217), calling_code, domain,
    languages (a list), population and area_km2. They are drawn by their population, unless `weight` says otherwise. The
    data is that of [GeoNames](https://www.geonames.org), CC BY 4.0.

    Example: {"type": "countries", "where": "continent == 'Europe'", "weight": null}
    """

    kind: ClassVar[str] = "countries"
    weight: str | None = Field("population", description=OF_WEIGHT)
