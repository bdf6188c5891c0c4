"""What is said about columns, for the schemas of other programs: descriptions and tags."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Note:
    """What is said about a column, or about a key inside of one."""

    description: str | None = None
    tags: tuple[str, ...] = ()
    inside: Mapping[str, "Note"] = field(default_factory=dict)  # about the keys of its objects

    @property
    def lines(self) -> list[str]:
        """Return the lines of a comment."""
        tags = [f"tags: {', '.join(self.tags)}"] if self.tags else []
        return [*(self.description or "").splitlines(), *tags]


NOTHING = Note()
NOTHING_SAID: Mapping[str, Note] = MappingProxyType({})


def merged(notes: Iterable[Note]) -> Note:
    """Return what several say about the same: the first description, all tags."""
    notes = list(notes)
    descriptions = (note.description for note in notes if note.description is not None)
    tags = dict.fromkeys(tag for note in notes for tag in note.tags)
    return Note(next(descriptions, None), tuple(tags), merged_by_name(note.inside for note in notes))


def merged_by_name(several: Iterable[Mapping[str, Note]]) -> dict[str, Note]:
    """Return what several say about the same names, each once."""
    found: dict[str, list[Note]] = {}
    for notes in several:
        for name, note in notes.items():
            found.setdefault(name, []).append(note)
    return {name: merged(notes) for name, notes in found.items()}
