"""The table ``people``."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.plugin.world import World
from datagen.tables.drawn import Drawn
from datagen.tables.invented import Invented, numbered_on, plain_letters

_FAMILY_NAME_FIRST = {"hu": "{1} {0}", "ja": "{1} {0}", "ko": "{1}{0}", "zh": "{1}{0}"}
_USERNAMES = (
    "{f}{last}",
    "{first}.{last}",
    "{first}_{last}",
    "{first}{year:02d}",
    "{last}.{first}",
    "{last}{year:02d}",
)
_DOMAINS = ("example.com", "example.net", "example.org")  # RFC 2606, section 3: nobody's, so nobody gets mail
_FIRST_DAY, _LAST_DAY = np.datetime64("1940-01-01"), np.datetime64("2007-12-31")


class People(Invented):
    """People who do not exist, and whose facts agree: the e-mail address and the user name are made of the name, and the
    name fits the gender; no two people have the same address. All mail goes to domains that are nobody's.

    The columns are first_name, last_name, name, gender, email, username, birthdate, phone, street, city, postcode and
    country. Names and addresses are those of the library `mimesis`, so they depend on its version.

    Example: {"type": "people", "size": 500, "locale": "de"}
    """

    kind: ClassVar[str] = "people"

    def names(self) -> list[str]:
        who = ["first_name", "last_name", "name", "gender", "email", "username", "birthdate"]
        return [*who, "phone", "street", "city", "postcode", "country"]

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        rows = Drawn(name, self.size, world)
        is_female = pa.array(rows.number("gender", 2) == 1)
        first, last = (
            pc.if_else(
                is_female,
                rows.fake(f"person.{which}_name", self.locale, '{"gender": "female"}'),
                rows.fake(f"person.{which}_name", self.locale, '{"gender": "male"}'),
            )
            for which in ("first", "last")
        )
        days = rows.number("birthdate", int((_LAST_DAY - _FIRST_DAY).astype(int)) + 1)
        born = _FIRST_DAY + days
        full = _FAMILY_NAME_FIRST.get(self.locale, "{0} {1}")
        pairs = list(zip(first.to_pylist(), last.to_pylist(), strict=True))
        accounts = self._accounts(pairs, born, rows)
        return {
            "first_name": first,
            "last_name": last,
            "name": pa.array([full.format(*pair) for pair in pairs]),
            "gender": pc.if_else(is_female, "female", "male"),
            **accounts,
            "birthdate": pa.array(born).cast(pa.string()),
            **rows.address(self.locale),
        }

    def _accounts(
        self, pairs: list[tuple[str, str]], born: npt.NDArray[np.datetime64], rows: Drawn
    ) -> dict[str, pa.Array]:
        """Return the e-mail addresses and the user names; a loop over people, 3 µs each."""
        letters = [tuple(map(plain_letters, pair)) for pair in pairs]
        years = born.astype("datetime64[Y]").astype(int) % 100 + 1970 % 100
        styles, domains = rows.number("username", len(_USERNAMES)), rows.of("domain", _DOMAINS).to_pylist()
        names = [
            _USERNAMES[style].format(first=first, last=last, f=first[:1], year=year % 100)
            for (first, last), style, year in zip(letters, styles.tolist(), years.tolist(), strict=True)
        ]
        boxes = numbered_on(f"{first}.{last}" for first, last in letters)
        return {
            "email": pa.array([f"{box}@{domain}" for box, domain in zip(boxes, domains, strict=True)]),
            "username": pa.array(numbered_on(names)),
        }
