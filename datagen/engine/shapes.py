"""What is known of the keys of records that are objects: those that the spec says, a type has, or values have shown."""

from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa

from datagen.engine.objects import Objects, Shape
from datagen.language.emitter import Emitter
from datagen.plugin.dimension import Dimension
from datagen.problems import Path_, show


class Shapes:
    """The shapes of the records of all emitters that have a generator of whole objects."""

    def __init__(self, time: pa.DataType, seen: Mapping[str, Shape]) -> None:
        """Take the type of times, and what values have shown, by emitter, where neither spec nor types say it."""
        self.time = time
        self.unknown: dict[str, Dimension] = {}  # generators of records whose keys nobody has said yet, by emitter
        self.objects: dict[str, Objects] = {}  # by emitter
        self._seen = seen
        self.beside: dict[str, dict[str, pa.DataType]] = {}  # by emitter: types of the fields that its record reads
        self._wrong: dict[str, str] = {}  # emitters whose generator makes no objects, and why

    def empty(self, emitter: Emitter, source: Dimension, made: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Return the columns of no records; what is ``made`` for none by its fields is of the type that they make."""
        self.beside[emitter.name] = {name: array.type for name, array in made.items()}
        shape: Shape | None = None
        try:
            shape = Shape.of_type(made[source.name].type)
        except TypeError as error:
            self._wrong[emitter.name], shape = str(error), Shape({})
        if emitter.columns is not None:
            shape = Shape.told(emitter.columns, self.time)
        shape = shape or self._seen.get(emitter.name)
        if shape is None:
            self.unknown[emitter.name] = source
            return {}
        self.objects[emitter.name] = Objects(shape)
        return {key: pa.nulls(0, type_) for key, type_ in shape.types.items()}

    def misfits(self, emitters: list[Emitter]) -> Iterator[tuple[Path_, str]]:
        """Yield what can't be of records that are objects, each with its path in the JSON."""
        for number, emitter in enumerate(emitters):
            path = ("emitters", number, "record")
            if emitter.name in self._wrong:
                yield path, self._wrong[emitter.name]
            if emitter.incidents in self.keys(emitter.name):
                yield path, f"makes the key {show(emitter.incidents)}, and the incidents that are on are called so"

    def keys(self, emitter: str) -> Collection[str]:
        """Return the keys of the records of an emitter, as far as they are objects."""
        return self.objects[emitter].shape.types if emitter in self.objects else ()
