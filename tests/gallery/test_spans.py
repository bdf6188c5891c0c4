"""The gallery's traces: a call lies within the one that it is part of, and is told of behind it."""

from pathlib import Path

import duckdb
import pytest

import datagen
from tests.worlds import ROOT

MANY = 1_000_000


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory):
    """Return what answers a question about a million spans, each with its ``place`` among the others."""
    path: Path = tmp_path_factory.mktemp("spans") / "records.jsonl"
    target = {"type": "file", "path": str(path)}
    datagen.run(ROOT / "conf/gen/spans.json", target, start="2024-01-15T00:00:00", records=MANY, seed=7)
    base = duckdb.connect()
    base.execute(f"create table r as select row_number() over () place, * from read_json('{path}')")
    return lambda question: base.execute(question).fetchall()


def test_no_child_comes_before_its_parent_and_none_lies_outside(ask) -> None:
    [(spans, ids, roots, traces)] = ask(
        """select count(*), count(distinct span_id), count(*) filter (parent_id is null), count(distinct trace_id)
        from r"""
    )
    assert spans == ids == MANY
    assert roots == traces
    [(children, dangling, early, outside)] = ask(
        """select count(*), count(*) filter (p.span_id is null or p.trace_id != r.trace_id),
            count(*) filter (p.place > r.place or p.start_us > r.start_us),
            count(*) filter (r.start_us + r.duration_us > p.start_us + p.duration_us)
        from r left join r p on r.parent_id = p.span_id where r.parent_id is not null"""
    )
    assert children == spans - roots > 0.6 * MANY
    assert (dangling, early, outside) == (0, 0, 0)
