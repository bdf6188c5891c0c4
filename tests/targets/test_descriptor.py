"""Writing to a file descriptor: in pieces, whatever the system takes of each, and whole records counted."""

import errno
import os

import numpy as np
import pytest

from datagen.plugin.target import Undelivered
from datagen.records.lines import Lines
from datagen.targets.descriptor import write_lines, write_whole

LINE = b"x" * 99 + b"\n"
MANY = 30_000


def lines() -> Lines:
    return Lines(memoryview(LINE * MANY), np.arange(1, MANY + 1) * len(LINE))


@pytest.fixture
def sizes(monkeypatch) -> list[int]:
    """Return how many bytes each write has."""
    write, seen = os.write, []

    def counted(file: int, data: memoryview) -> int:
        seen.append(len(data))
        return write(file, data)

    monkeypatch.setattr(os, "write", counted)
    return seen


@pytest.mark.parametrize("whole", [True, False])
def test_much_is_written_in_pieces(tmp_path, sizes: list[int], whole: bool) -> None:
    """In one write it took up to six times as long on a virtual machine, which has to get the memory of large pages."""
    with open(tmp_path / "out", "wb", buffering=0) as file:
        if whole:
            write_whole(file.fileno(), lines().data)
        else:
            write_lines(file.fileno(), lines())
    assert (tmp_path / "out").read_bytes() == LINE * MANY
    assert max(sizes) == 1 << 19
    assert len(sizes) == -(-len(LINE) * MANY // (1 << 19))


def test_records_are_counted_up_to_where_the_system_takes_no_more(monkeypatch) -> None:
    taken = iter([1 << 19, 12_345])

    def full(file: int, data: memoryview) -> int:
        if (size := next(taken, None)) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return size

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Undelivered, match="No space left") as caught:
        write_lines(1, lines())
    assert caught.value.records == ((1 << 19) + 12_345) // len(LINE)
