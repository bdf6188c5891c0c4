"""What inputs and formatters of Eventum say is said in our language, and gives the events that theirs give.

Its templates are in ``tests/dimensions/test_eventum.py``.
"""

from pathlib import Path

import pytest

from tests.peers.told import events, told


def stamped(arrivals: dict | list, form: str = "iso_us", text: str = "{{at}}", **keys: object) -> dict:
    """Return a spec of events that say when they are."""
    at = {"name": "at", "type": "now", "format": form}
    return events(arrivals, {"type": "text", "value": text}, at, **keys)


def tagged(name: str, **keys: object) -> dict:
    tags = {"name": "tags", "type": "constant", "value": name}
    return {"name": name, "variables": [tags]} | keys


SECONDS = {"type": "cron", "expression": "* * * * * *", "seconds": "last", "until": "+3S"}


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        (  # equal times go by the order of the inputs: here by that of their names
            [tagged("first", **SECONDS), tagged("second", count=2, **SECONDS)],
            [f"0{second}.000000 {tag}" for second in range(3) for tag in ("first", "second", "second")],
        ),
        (  # linspace: the end is included, unless `endpoint` is false
            [
                tagged("a", type="even", total=4, until="+1S", endpoint=True),
                tagged("b", type="even", total=3, **{"from": "+10S", "until": "+11S"}),
            ],
            ["00.000000 a", "00.333333 a", "00.666666 a", "01.000000 a", "10.000000 b", "10.333333 b", "10.666666 b"],
        ),
        (  # timer: the first after one period
            tagged("t", type="every", every=2.5, first=2.5, times=2, size=2),
            ["02.500000 t", "02.500000 t", "05.000000 t", "05.000000 t"],
        ),
        (tagged("s", type="at_start", total=5), ["00.000000 s"] * 5),  # static
        (  # timestamps: ours are sorted
            tagged("l", type="timestamps", values=["2026-01-01T00:00:10", "2026-01-01T03:00:01+03:00"]),
            ["01.000000 l", "10.000000 l"],
        ),
    ],
)
def test_events_come_when_an_input_says(tmp_path: Path, arrivals: dict | list, expected: list[str]) -> None:
    assert [
        line[17:].replace("Z", "") for line in told(tmp_path, stamped(arrivals, text="{{at}} {{tags}}"))
    ] == expected


@pytest.mark.parametrize(
    ("expression", "start", "until", "expected"),
    [
        (  # bounds are included there; `until` is not
            "*/30 * * * *",
            "2026-03-29T00:30:00+01:00",
            "2026-03-29T02:01:00Z",
            ["00:30 +0100", "01:00 +0100", "01:30 +0100", "03:00 +0200", "03:30 +0200", "04:00 +0200"],
        ),
        ("0 12 * * *", "2026-03-28T00:00:00+01:00", "+3D", ["12:00 +0100", "12:00 +0200", "12:00 +0200"]),
    ],
)
def test_cron_follows_the_zone_over_a_change_of_clocks(
    tmp_path: Path, expression: str, start: str, until: str, expected: list[str]
) -> None:
    source = {"type": "cron", "expression": expression, "until": until}
    spec = stamped(source, "%H:%M %z", timezone="Europe/Berlin")
    assert told(tmp_path, spec, start=start) == expected


def test_a_pattern_spreads_its_events_over_each_period(tmp_path: Path) -> None:
    """time_patterns: oscillator, multiplier, randomizer, spreader."""
    source = {"type": "periodic", "period": "1H", "multiplier": 4, "deviation": 0, "direction": "mixed"}
    source |= {"spread": {"type": "uniform", "low": 0.25, "high": 0.75}, "until": "+2.5H"}
    found = [line[11:16] for line in told(tmp_path, stamped(source))]
    assert [sum(line[:2] == hour for line in found) for hour in ("00", "01")] == [4, 4]
    assert len(found) <= 12
    assert all("15" <= line[3:] <= "45" for line in found)


TEXT = '{"b" : 1.50,\n "a":[1,  2], "a": 3, "u":"\\u00e9é"}'


def test_json_is_put_on_one_line_with_its_order_numbers_and_escapes(tmp_path: Path) -> None:
    """The formatter json; there a space stands behind each comma and colon."""
    spec = events({"type": "at_start", "total": 2}, {"type": "constant", "value": TEXT})
    spec["emitters"][0]["check"] = "json"
    assert told(tmp_path, spec) == ['{"b":1.50,"a":[1,2],"a":3,"u":"\\u00e9é"}'] * 2


def test_events_are_put_together_by_their_number(tmp_path: Path) -> None:
    """The formatters template-batch and json-batch: here of so many records, not of so many as were due."""
    batch = {"header": "[", "body": "{{ text }}", "footer": "]", "records": 2}
    spec = events({"type": "at_start", "total": 4}, {"type": "constant", "value": '{"a":1}'})
    spec["templates"] = {"batch": batch}
    found = told(tmp_path, spec, format="batch")
    assert found == ["[", '{"a":1}', '{"a":1}', "]"] * 2


def test_parameters_are_set_for_a_run(tmp_path: Path) -> None:
    """${params.n}: a parameter has a default here, and its type."""
    spec = {"parameters": {"n": 1, "deep": 7}} | events(
        {"type": "at_start", "total": "${n}"}, {"type": "constant", "value": "${deep}"}
    )
    assert told(tmp_path, spec) == ["7"]
    assert told(tmp_path, spec, parameters={"n": 3}) == ["7"] * 3
