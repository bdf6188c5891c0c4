from typing import Any

from datagen.native.lasting import Lasting
from datagen.native.resources import Resources
from datagen.native.threshold import Threshold

class Nursery:
    def __init__(self, resources: Resources, threshold: Threshold, lasting: Lasting) -> None: ...
    def house(self, slots: Any) -> None: ...
