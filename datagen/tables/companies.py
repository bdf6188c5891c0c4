"""The table ``companies``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.plugin.world import World
from datagen.tables.drawn import Drawn
from datagen.tables.invented import Invented, numbered_on, plain_letters

_STYLES = ("{0}", "{0} & {1}", "{0}-{1}", "{0}, {1} & {2}")  # of three family names
_INDUSTRIES = (
    "Agriculture", "Automotive", "Banking", "Chemicals", "Construction", "Consulting", "Education", "Energy", "Food",
    "Healthcare", "Hospitality", "Insurance", "Logistics", "Machinery", "Media", "Pharmaceuticals", "Real estate",
    "Retail", "Software", "Telecommunications", "Textiles", "Travel",
)  # fmt: skip
_MOST_EMPLOYEES = 20_000


class Companies(Invented):
    """Companies that do not exist; the domain and the e-mail address of each are made of its name, and no two are alike.

    The columns are name, domain, email, industry, employees, founded, phone, street, city, postcode and country. Names of
    people and addresses are those of the library `mimesis`, so they depend on its version; all domains end in
    `.example`, where nobody is. Small companies are more frequent than large ones.

    Example: {"type": "companies", "size": 200, "locale": "en-gb"}
    """

    kind: ClassVar[str] = "companies"

    def names(self) -> list[str]:
        what = ["name", "domain", "email", "industry", "employees", "founded"]
        return [*what, "phone", "street", "city", "postcode", "country"]

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        rows = Drawn(name, self.size, world)
        names = self._names(rows)
        forms = rows.fake("finance.company_type", self.locale, '{"abbr": true}').to_pylist()
        domains = [f"{domain}.example" for domain in numbered_on(map(plain_letters, names))]
        employees = np.floor(draw.power(_MOST_EMPLOYEES, rows.unit("employees"))).astype(np.int64)
        return {
            "name": pa.array([f"{name} {form}" for name, form in zip(names, forms, strict=True)]),
            "domain": pa.array(domains),
            "email": pa.array([f"info@{domain}" for domain in domains]),
            "industry": rows.of("industry", _INDUSTRIES),
            "employees": pa.array(employees),
            "founded": pa.array(1900 + rows.number("founded", 125)),
            **rows.address(self.locale),
        }

    def _names(self, rows: Drawn) -> list[str]:
        family = "person.last_name", self.locale, '{"gender": "male"}'
        families = [rows.fake(*family, purpose=f"name/{place}").to_pylist() for place in range(3)]
        styles = rows.of("style", _STYLES).to_pylist()
        return [style.format(*parts) for style, *parts in zip(styles, *families, strict=True)]
