from typing import Any

from datagen.native.agenda import Agenda
from datagen.native.children import Children
from datagen.native.decision import Decision
from datagen.native.fleet import Fleet

class Resources:
    used: bool
    fleet: Fleet
    tickets: int
    culprit: int
    twice: int

    def __init__(self, tables: Any, agenda: Agenda, decision: Decision, children: Children) -> None: ...
    def change(self, resource: int, units: int, now: int) -> None: ...
    def look(self, resource: int, now: int) -> None: ...
    def restore(self, used: int, tickets: int) -> None: ...
    def come_back(self, slot: int) -> None: ...
