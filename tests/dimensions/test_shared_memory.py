"""What templates of several emitters remember together: in the order of events, record by record."""

import json

import pytest

import datagen
from datagen.moment import parse_moment
from datagen.problems import InvalidInput
from tests.stepping import SteppingClock
from tests.worlds import START, counter, enum, integer, records_of, run_of, state, uniform, world

NEXT = "{% do told.set('n', (told.n or 0) + 1) %}{{ told.n }}"


def telling(name: str = "v", text: str = NEXT, scope: str = "population", **keys: object) -> dict:
    return {"name": name, "type": "template", "text": text, "memory": {"told": scope}, **keys}


def spec_of(*first: dict, second: list[dict] | None = None) -> dict:
    """Three states of a long life, of which two emit: records of both emitters come mixed, many at one instant."""
    ways = {"s": 0.4, "t": 0.3, "quiet": 0.2, "stop": 0.1}
    states = [state(name, ways, emitter, delay=uniform(0, 2)) for name, emitter in (("s", "e"), ("t", "f"))]
    spec = world(*first, states=[*states, state("quiet", ways, emitter=None, delay=uniform(0, 1))], gap=0.5)
    spec["emitters"].append({"name": "f", "dimensions": second or [telling()]})
    return spec


def numbers(spec: dict, count: int = 2000, **options: object) -> list[str]:
    return [value for record in records_of(spec, count, **options) for key, value in record.items() if key in "vw"]


@pytest.mark.parametrize("scope", ["population", "run"])
def test_records_of_several_emitters_count_together(scope: str) -> None:
    spec = spec_of(integer("n", uniform(0, 9)), telling(scope=scope), second=[telling(scope=scope)])
    assert numbers(spec) == [str(n) for n in range(1, 2001)]


def test_two_fields_of_a_record_come_in_their_order_and_one_reads_the_other() -> None:
    reading = {"name": "between", "type": "text", "value": "<{{v}}>"}
    spec = spec_of(telling(), reading, telling("w", NEXT + "{% if between != '<%d>'|format(told.n - 1) %}!{% endif %}"))
    assert numbers(spec, 500) == [str(n) for n in range(1, len(numbers(spec, 500)) + 1)]


def test_a_part_of_a_value_remembers_too() -> None:
    inner = {"name": "v", "type": "case", "cases": [{"when": "n < 5", "make": telling("a")}], "default": telling("b")}
    spec = spec_of(integer("n", uniform(0, 9)), inner)
    assert numbers(spec, 500) == [str(n) for n in range(1, 501)]
    rare = telling(percent_missing=50)
    found = numbers(spec_of(counter("n"), rare), 500)
    assert found == [str(n) for n in range(1, len(found) + 1)]


def test_each_scope_is_a_memory_of_its_own_and_so_is_each_name() -> None:
    fields = [
        telling(),
        telling("w", scope="run"),
        {**telling("x"), "text": "{{ told.n }}", "memory": {"told": "template"}},
    ]
    first = records_of(spec_of(*fields, second=[counter("n")]), 100)
    found = [record for record in first if "v" in record]
    assert [record["v"] for record in found] == [record["w"] for record in found]
    assert {record["x"] for record in found} == {"None"}


def test_the_order_is_that_of_events_whatever_the_windows_and_threads() -> None:
    spec = spec_of(integer("n", uniform(0, 9)), telling())
    expected = numbers(spec, 300)
    for window in (10**6, 10**9, 10**10):
        clock = SteppingClock(parse_moment(START), window)
        run = run_of(spec, 300, threads=3, clock=clock)
        lines = [json.loads(line) for batch in run.batches() for line in bytes(batch.json.data).splitlines()]
        assert [line["v"] for line in lines] == expected


def test_a_record_that_is_skipped_keeps_what_it_changed() -> None:
    failing = telling(text=NEXT + "{% if told.n % 3 == 0 %}{{ 1 / 0 }}{% endif %}", on_error="skip")
    assert numbers(spec_of(failing, second=[failing]), 6) == ["1", "2", "4", "5", "7", "8"]
    both = [failing, {**telling("w"), "text": "{{ told.n }}"}]
    assert numbers(spec_of(*both, second=both), 8) == [
        "1",
        "1",
        "2",
        "2",
        "4",
        "4",
        "5",
        "5",
        "7",
        "7",
        "8",
        "8",
        "10",
        "10",
        "11",
        "11",
    ]


def test_only_fields_of_records_can_share() -> None:
    spec = spec_of(telling())
    spec["states"][0]["variables"] = [telling("var")]
    with pytest.raises(
        InvalidInput, match=r"states\[0\]\.variables\[0\]: only what is a field of a record can remember"
    ):
        datagen.load(spec)
    spec = spec_of(telling()) | {"tables": {"t": {"size": 3, "columns": [telling("c")]}}}
    with pytest.raises(InvalidInput, match=r"tables\.t\.columns\[0\]"):
        datagen.load(spec)


def test_a_field_in_between_may_look_up_what_the_other_emitter_made() -> None:
    looking = {
        "name": "w",
        "type": "lookup",
        "emitter": "f",
        "dimension": "v",
        "distribution": {"type": "constant", "value": 0},
    }
    reading = telling(text="{% do told.set('n', (told.n or 0) + 1) %}{{ told.n }}{{ w and '' }}")
    spec = spec_of(looking, reading)
    with pytest.raises(InvalidInput, match="is made of records that are made of it"):
        datagen.load(spec)
    free = [enum("n", 1), {**looking, "dimension": "n"}, telling()]
    spec = spec_of(*free, second=[enum("n", 7), telling()])
    assert [record["v"] for record in records_of(spec, 200)] == [str(n) for n in range(1, 201)]
