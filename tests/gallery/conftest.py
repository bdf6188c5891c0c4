"""What a ready spec has delivered, as a table that a program of somebody else reads and counts."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import datagen
from tests.worlds import ROOT

Ask = Callable[[str], list[tuple[Any, ...]]]
MONDAY, MANY = "2024-01-15T00:00:00", 100_000


@pytest.fixture(scope="module")
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Return what answers a question in SQL about the table ``r``: the records of the spec that the module names.

    Of each it knows the ``place`` among the others, the ``time`` on the wall, and the ``instant`` in ms since 1970; and
    where the module has ``RECORD_ID``, the ``record_id``, which says the worker.
    """
    path = tmp_path_factory.mktemp("gallery") / "records.jsonl"
    spec, target = ROOT / f"conf/gen/{request.module.SPEC}.json", {"type": "file", "path": str(path)}
    target |= {"record_id": True} if getattr(request.module, "RECORD_ID", False) else {}
    datagen.run(spec, target, start=MONDAY, records=getattr(request.module, "RECORDS", MANY), seed=7)
    base = duckdb.connect()
    base.execute(
        f"""create table r as
        select row_number() over () place, epoch_ms("time"::timestamptz) instant,
               * replace (epoch_ms(epoch_ms("time"::timestamptz) + {_offset(path)}) as "time")
        from read_json('{path}', sample_size = {MANY}, map_inference_threshold = -1)"""
    )

    def answer(question: str) -> list[tuple[Any, ...]]:
        return base.execute(question).fetchall()

    return answer


def _offset(path: Path) -> int:
    """Return how many ms the first record is ahead of UTC."""
    with path.open() as file:
        time = file.readline().split('"time":"')[1].split('"')[0]
    offset = datetime.fromisoformat(time).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() * 1000)
