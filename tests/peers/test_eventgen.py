"""What stanzas of Splunk Eventgen say is said in our language, and gives the events that theirs give."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from datagen.problems import RunFailed
from tests.peers.told import events, lines, sample, told

SAMPLE = {"sample": lines()}
DOOR = """\
2020-05-05 10:00:00 door=north opened
2020-05-05 10:00:04 door=north closed
2020-05-05 10:01:00 door=south opened
"""
STAMP = "%Y-%m-%d %H:%M:%S"


def every(**keys: object) -> dict:
    return {"type": "every", "every": 1, "times": 1} | keys


def test_lines_come_from_the_first_on_in_each_interval_with_times_before_it(tmp_path: Path) -> None:
    """interval, count, end, earliest, a timestamp token."""
    offset = {"type": "uniform", "min": "-10S", "max": 0}
    at = {"type": "now", "format": STAMP, "offset": offset, "step": 1}
    spec = events(every(every=2, size=5, times=2), sample((r"^\S+ \S+", at)), tables=SAMPLE)
    found = told(tmp_path, spec, {"sample.log": DOOR})
    rest = [line.split(" ", 1)[1] for line in DOOR.splitlines()]
    assert [line[20:] for line in found] == [rest[place][9:] for place in (0, 1, 2, 0, 1) * 2]
    ages = [(datetime(2026, 1, 1) - datetime.strptime(line[:19], STAMP)).total_seconds() for line in found]
    assert all(0 <= age <= 10 for age in ages[:5])
    assert all(-2 <= age <= 8 for age in ages[5:])


TOKENS = [
    (r"at=(\d+)", {"type": "now", "format": "%H:%M:%S"}),
    (r"kind=(\w+)", {"type": "enum", "values": ["card", "cash"]}),
    (r"cents=(\d+)", {"type": "int", "distribution": {"type": "uniform", "min": 100, "max": 999}}),
    (r"rate=(\d+)", {"type": "float", "distribution": {"type": "uniform", "min": 0, "max": 1}, "precision": 2}),
    (r"ref=(\w+)", {"type": "text", "value": "{{h|upper}}"}),
    (r"pin=(\w+)", {"type": "regex", "pattern": "[A-Za-z0-9_.~/-]{6}"}),
    (r"uid=(\w+)", {"type": "uuid"}),
    (r"ip=(\S+)", {"type": "ip_in", "networks": ["0.0.0.0/0"]}),
    (r"ip6=(\S+)", {"type": "ipv6"}),
    (r"mac=(\S+)", {"type": "mac"}),
    (r"no=(\d+)", {"type": "counter", "start": 500}),
    ("EUR", {"type": "constant", "value": "CHF"}),
]


def test_each_kind_of_token_has_its_field_generator(tmp_path: Path) -> None:
    """timestamp, random (list, integer, float, hex, string, guid, ipv4, ipv6, mac), integerid, static."""
    text = sample(*TOKENS)
    spec = events(every(size=4), text, {"name": "h", "type": "hex", "length": 8}, tables=SAMPLE)
    found = told(
        tmp_path, spec, {"sample.log": "at=0 kind=x cents=1 rate=1 ref=x pin=x uid=x ip=x ip6=x mac=x no=1 EUR EUR\n"}
    )
    form = (
        r"at=\d\d:\d\d:\d\d kind=(card|cash) cents=[1-9]\d\d rate=[01]\.\d+ ref=[0-9A-F]{8} pin=[\w.~/-]{6}"
        r" uid=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} ip=\d+(\.\d+){3} ip6=[0-9a-f:]+"
        r" mac=[0-9a-f]{2}(:[0-9a-f]{2}){5} no=(\d+) CHF CHF"
    )
    assert all(re.fullmatch(form, line) for line in found)
    assert [line.split()[-3] for line in found] == ["no=500", "no=501", "no=502", "no=503"]


def test_columns_of_one_event_come_from_one_row_and_others_in_turn(tmp_path: Path) -> None:
    """file, mvfile, seqfile."""
    tables = SAMPLE | {
        "places": {"path": "places.csv", "header": False},
        "drivers": lines("drivers.txt"),
        "cars": lines("cars.txt"),
    }
    place = {"type": "column", "table": "places", "as": "place"}
    spec = events(
        every(size=6),
        sample(
            (r"city=(\w+)", place | {"column": "_0"}),
            (r"country=(\w+)", place | {"column": "_1"}),
            (r"driver=(\w+)", {"type": "column", "table": "drivers", "column": "line"}),
            (r"car=(\w+)", {"type": "column", "table": "cars", "column": "line", "pick": "cycle"}),
        ),
        tables=tables,
    )
    files = {"places.csv": "Oslo,NO\nBern,CH\n", "drivers.txt": "ada\nben\n", "cars.txt": "c1\nc2\nc3\nc4\n"}
    found = told(tmp_path, spec, files | {"sample.log": "city=x country=x driver=x car=x\n"})
    assert all(re.fullmatch(r"city=(Oslo country=NO|Bern country=CH) driver=(ada|ben) car=c\d", line) for line in found)
    assert [line[-2:] for line in found] == ["c1", "c2", "c3", "c4", "c1", "c2"]


JOBS = "job 1\n  step a\n  step b\njob 2\n  step a\njob 3\n"
CALL = "ring\ntalk\nhang up\n"


@pytest.mark.parametrize(
    ("arrivals", "table", "text", "expected"),
    [
        (every(size=3), {"record": "^job"}, JOBS, JOBS),  # breaker
        (every(size={"table": "sample"}), {}, CALL, CALL),  # count = -1
        (every(size=6), {}, CALL, CALL * 2),  # bundlelines, count = 2
        (every(every=1, size=50, times=2, profile=[0.5, 0.4, 1]), {}, "GET /\n", "GET /\n" * 20),  # …Rate
        (every(size=1, first=2), {}, "d1\n", "d1\n"),  # delay
    ],
)
def test_as_many_events_come_as_theirs(tmp_path: Path, arrivals: dict, table: dict, text: str, expected: str) -> None:
    tables = {"sample": lines(**table)}
    assert told(tmp_path, events(arrivals, sample(), tables=tables), {"sample.log": text}) == expected.splitlines()


def test_a_volume_a_day_fills_each_interval_with_what_is_left_of_it_carried_on(tmp_path: Path) -> None:
    """perDayVolume = 0.01: 124 characters a second; theirs are 6 lines of 20 in each, ours make up for the rest."""
    text = sample(pick="worker")
    found = told(
        tmp_path, events(every(bytes=124, times=10), text, tables=SAMPLE), {"sample.log": "nineteen chars here\n"}
    )
    assert found == ["nineteen chars here"] * 62


def test_a_text_that_is_none_can_not_fill_an_interval(tmp_path: Path) -> None:
    text = {"type": "enum", "values": ["a", None]}
    with pytest.raises(RunFailed, match="must emit one record, and the text of one is none, or several"):
        told(tmp_path, events(every(bytes=100), text))


VISIT = "2020-01-01 08:00:00.000000 enter\n2020-01-01 08:00:02.000000 look\n2020-01-01 08:00:08.000000 leave\n"
PATTERNS = {"time": {"patterns": [[r"^\S+ \S+", "%Y-%m-%d %H:%M:%S.%f"]]}}


def replayed(**keys: object) -> dict:
    moved = {"match": r"^\S+ \S+", "moved": {"format": "%Y-%m-%d %H:%M:%S.%f"}}
    text = {"type": "replace", "in": {"name": "line", "type": "variable", "variable": "line"}, "with": [moved]}
    return events({"type": "replay", "path": "sample.log"} | PATTERNS | keys, text)


def test_a_file_is_replayed_at_twice_its_speed_with_the_times_of_now(tmp_path: Path) -> None:
    """mode = replay, timeMultiple = 0.5, a replaytimestamp token; the gaps are those that their pages promise."""
    assert told(tmp_path, replayed(speed=2), {"sample.log": VISIT}) == [
        "2026-01-01 00:00:00.000000 enter",
        "2026-01-01 00:00:01.000000 look",
        "2026-01-01 00:00:04.000000 leave",
    ]


def test_a_file_is_replayed_again_after_a_pause(tmp_path: Path) -> None:
    """end = 2, interval = 60 in replay."""
    found = told(tmp_path, replayed(times=2, pause="1M"), {"sample.log": VISIT})
    assert [line[11:19] for line in found] == ["00:00:00", "00:00:02", "00:00:08", "00:01:08", "00:01:10", "00:01:16"]


def test_a_backfill_begins_in_the_past(tmp_path: Path) -> None:
    """backfill = -60s, interval = 10: the intervals that began since then, all at once."""
    at = {"type": "now", "format": STAMP, "offset": {"type": "uniform", "min": 0, "max": 10}, "step": 1}
    spec = events(every(every=10, size=2, times=None), sample((r"^\S+ \S+", at)), tables=SAMPLE)
    found = told(
        tmp_path, spec, {"sample.log": "2020-01-01 00:00:00 tick\n"}, start="2025-12-31T23:59:00Z", duration="1M"
    )
    assert len(found) == 12
    assert all("2025-12-31 23:59:00" <= line[:19] <= "2026-01-01 00:00:00" for line in found)


MAIL = """\
_raw,host,source,sourcetype,index
"from=a@x.org, size=1",mx1,/var/log/in,smtp,mail
from=b@x.org,mx2,/var/log/out,smtp,mail
"""


def test_rows_of_a_csv_have_their_own_metadata(tmp_path: Path) -> None:
    """sampletype = csv; what modinput prints is the format xml, by a template."""
    row = {"name": "row", "type": "row", "table": "mail", "pick": "batch"}
    spec = events(
        every(size={"table": "mail"}),
        {"type": "expression", "value": "row._raw"},
        row,
        tables={"mail": {"path": "mail.csv", "header": True}},
    )
    event = "<event><host>{{row.host}}</host><data>{{row._raw|xml}}</data></event>"
    spec["emitters"][0]["text"] = {"type": "text", "value": event}
    assert told(tmp_path, spec, {"mail.csv": MAIL}) == [
        "<event><host>mx1</host><data>from=a@x.org, size=1</data></event>",
        "<event><host>mx2</host><data>from=b@x.org</data></event>",
    ]


def test_what_stanzas_share_is_defined_once_and_each_is_a_source(tmp_path: Path) -> None:
    """[global] and stanzas whose names are patterns of others."""
    level = {"match": "LEVEL", "value": {"name": "level", "type": "constant", "value": "warn"}}
    spec: dict = {"define": {"app": {"type": "replace", "with": [level]}}}
    spec["tables"] = {name: lines(f"{name}.txt") for name in ("log", "err")}
    spec["arrivals"] = [every(name=name, size=size, state=name) for name, size in (("log", 3), ("err", 1))]
    once = [{"next": "stop", "probability": 1}]
    spec["states"] = [{"name": name, "emitter": name, "transitions": once} for name in ("log", "err")]
    spec["emitters"] = [
        {"name": name, "text": {"uses": "app", "in": {"name": "in", "type": "column", "table": name, "column": "line"}}}
        for name in ("log", "err")
    ]
    found = told(tmp_path, spec, {"log.txt": "LEVEL a\n", "err.txt": "LEVEL b\n"})
    assert sorted(found) == ["warn a", "warn a", "warn a", "warn b"]


def test_a_windbag_numbers_its_events_and_spreads_them_over_the_interval(tmp_path: Path) -> None:
    offset = {"type": "constant", "value": "3 * (batch.index + 1) / batch.size - 3"}
    at = {"name": "at", "type": "now", "offset": offset, "format": "%Y-%m-%d %H:%M:%S"}
    number = {"name": "number", "type": "expression", "value": "batch.index + 1"}
    size = {"name": "size", "type": "expression", "value": "batch.size"}
    text = {"type": "text", "value": "{{at}} -0700 WINDBAG Event {{number}} of {{size}}"}
    assert told(tmp_path, events(every(size=3), text, at, number, size)) == [
        "2025-12-31 23:59:58 -0700 WINDBAG Event 1 of 3",
        "2025-12-31 23:59:59 -0700 WINDBAG Event 2 of 3",
        "2026-01-01 00:00:00 -0700 WINDBAG Event 3 of 3",
    ]


def test_a_template_gives_several_events_a_cycle(tmp_path: Path) -> None:
    """generator = jinja."""
    body = "{{ shop }} cycle {{ batch.index }} of {{ batch.size }} line {{ n }}\n"
    text = {"type": "template", "text": f"{{% for n in range(lines) %}}{body}{{% endfor %}}"}
    text["constants"] = {"shop": "s1", "lines": 3}
    spec = events(every(size=2), text)
    spec["emitters"][0]["split"] = "lines"
    assert told(tmp_path, spec) == [f"s1 cycle {cycle} of 2 line {n}" for cycle in range(2) for n in range(3)]


def test_files_are_rotated_and_the_last_ones_kept(tmp_path: Path) -> None:
    """outputMode = file, fileMaxBytes = 60; ours numbers them upwards, and keeps all."""
    spec = events(every(size=10), sample(), tables=SAMPLE)
    target = {"rotate": {"bytes": 60}}
    told(tmp_path, spec, {"sample.log": "nineteen chars here\n"}, target=target)
    assert sorted(len(path.read_text()) for path in tmp_path.glob("out*")) == [20, 60, 60, 60]


def test_tokens_see_what_those_before_them_left(tmp_path: Path) -> None:
    rules = [(match, {"type": "constant", "value": value}) for match, value in (("1", "22"), ("2", "33"))]
    spec = events(every(), sample(*rules) | {"in_turn": True}, tables=SAMPLE)
    assert told(tmp_path, spec, {"sample.log": "n=1;\n"}) == ["n=3333;"]


def test_the_host_of_an_event_is_drawn_from_a_file(tmp_path: Path) -> None:
    """host.token; a target with metadata reads it as it reads any field."""
    number = {"name": "n", "type": "column", "table": "numbers", "column": "line"}
    spec = events(every(size=20), {"type": "text", "value": "web-{{n}} up"}, number, tables={"numbers": lines("n.txt")})
    assert {line[4] for line in told(tmp_path, spec, {"n.txt": "7\n8\n9\n"})} == {"7", "8", "9"}
