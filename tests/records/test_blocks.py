"""Files of records: how they are opened."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from datagen.records import blocks


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_what_still_reads_a_file_that_is_left_reads_nothing_of_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Arrow's own files have no lock between a read and their end; see ``_stream``."""
    content = b"a,b\n1,2\n"
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    opened = []
    arrows = pa.input_stream
    monkeypatch.setattr(pa, "input_stream", lambda source, **keys: opened.append(source) or arrows(source, **keys))
    reading = blocks.Blocks(str(tmp_path / name), blocks.Form("csv"))
    assert reading.read(0).to_pylist() == [{"a": "1", "b": "2"}]
    assert reading.read(1) is None
    assert len(opened) == 2
    assert all(hasattr(file, "peek") and file.closed for file in opened)  # buffered, which is what has the lock
