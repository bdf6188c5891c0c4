"""Times as text with strftime codes: the same as Python writes them one by one."""

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from datagen.records.strftime import formatted_time

ZONES = {None: 0, "UTC": 0, "+05:30": 330, "-08:00": -480}
CODES = [f"%{code}" for code in "aAbBcdDeFgGhHIjklmMnpPrRSTtuUVwWxXyYzZ%f"]
TOKENS = st.sampled_from([*CODES, *CODES, "%-d", "%_H", "%^a", "%Ey", "%5Y", "%-S", " ", "/", "T", "é", "d"])
MOMENTS = st.integers(1704067190000, 1704067260000) | st.integers(-(10**12), 10**13)


def expected(moment: int | None, pattern: str, minutes: int) -> str:
    if moment is None:
        return ""
    zone = timezone(timedelta(minutes=minutes)) if minutes else UTC
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).astimezone(zone).strftime(pattern)


@given(st.lists(TOKENS, max_size=6), st.lists(MOMENTS | st.none(), max_size=6), st.sampled_from(list(ZONES)))
def test_times_are_written_as_one_by_one(tokens: list[str], moments: list[int | None], zone: str | None) -> None:
    pattern = "".join(tokens)
    texts = formatted_time(pa.array(moments, pa.int64()).cast(pa.timestamp("ms", zone)), pattern).to_pylist()
    assert texts == [expected(moment, pattern, ZONES[zone]) for moment in moments]


@given(st.lists(MOMENTS, max_size=4))
def test_the_seconds_since_1970_are_those_of_utc(moments: list[int]) -> None:
    texts = formatted_time(pa.array(moments, pa.int64()).cast(pa.timestamp("ms", "+02:00")), "<%s>%%s").to_pylist()
    assert texts == [f"<{moment // 1000}>%s" for moment in moments]
