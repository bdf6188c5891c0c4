"""Objects of a store: each is written as a whole, those of all paths together."""

from collections import Counter
from typing import Any

from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded
from datagen.targets.files.rotation import Rotation
from datagen.targets.files.shipment import Series, Shipment
from datagen.targets.files.sink import FRAMES, FileSink, Style

_OBJECT = 64 << 20  # bytes of text: an object is held in memory until it is sent


class Objects(FileSink, Shipment):
    """The objects of a target, whose texts are held in memory until they are sent."""

    gather = FRAMES

    def __init__(self, style: Style, writer: LineWriter, scope: Scope) -> None:
        rotation = style.rotation or Rotation(bytes=_OBJECT)
        rotation = rotation.model_copy(update={"bytes": rotation.bytes or _OBJECT})
        super().__init__(Series(style.address, style.names, rotation, style.append), writer, scope)
        self.style = style
        self._held: dict[str, list[bytes]] = {}  # texts by path
        self._counts: Counter[str] = Counter()  # of their records

    def _hold(self, encoded: Encoded) -> None:
        for path, _, lines in self.shares(encoded):
            held = self._held.setdefault(path, [])
            held.append(bytes(self.writer.block(lines, self._counts[path]).data))
            self._counts[path] += len(lines)

    def _end(self) -> dict[str, Any]:
        first, last = self.header, self.writer.footer
        ended = {path: self.style.compressed(b"".join([first, *texts, last])) for path, texts in self._held.items()}
        self._held = {}
        self._counts.clear()
        return ended
