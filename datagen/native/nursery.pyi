from typing import Any

from datagen.native.journal import Journal
from datagen.native.resources import Resources
from datagen.native.stays import Stays

class Nursery:
    def __init__(self, resources: Resources, stays: Stays, journal: Journal) -> None: ...
    def house(self, slots: Any) -> None: ...
