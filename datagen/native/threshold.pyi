from datagen.native.journal import Journal
from datagen.native.resources import Resources
from datagen.native.sources import Sources
from datagen.native.stays import Stays

class Threshold:
    def __init__(self, sources: Sources, resources: Resources, stays: Stays, journal: Journal) -> None: ...
