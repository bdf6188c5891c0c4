"""The oracle: what a generator spec means, one record at a time, in plain Python.

It is a transcription of the contract for valid specs, made to be read and not to be fast. It shares nothing with the
engine but the keyed draws of ``datagen.draw``, and asks those for one row at a time.
"""

import base64
import dataclasses
import functools
import heapq
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from ipaddress import IPv6Address, ip_network
from uuid import UUID

import numpy as np
import pyarrow as pa

from datagen import draw
from tests.engine.reference_arrivals import MOST_NS, NEVER, Source, duration, stretches
from tests.engine.reference_distribution import drawn, whole_ends, with_numbers
from tests.engine.reference_distribution import rounded as rounded_draw
from tests.engine.reference_expression import Time, as_float, beside, compared, evaluate, to_digits
from tests.engine.reference_levels import Level
from tests.engine.reference_memory import Memories
from tests.engine.reference_populations import limits_of, population_of, written_out
from tests.engine.reference_resources import GIVE_UP, GO_ON, MOVE, Fleet, Resources
from tests.reference_profiles import ReferenceRhythm

Spec = dict  # a JSON object of the spec, as json.loads gives it
Record = dict[str, object]
Worker = tuple[int, str, int]  # 0, 1 of who is still to be born; the population; the number in that
Rows = draw.Keys  # here always of length 1: the key of one row

MISSING = object()
NULL = object()  # a distribution one of whose numbers is null
VISITS = object()  # the key of the counts of all visits
WORKER = object()  # the key of whose a record is
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
DISTRIBUTIONS = ("constant", "uniform", "exponential", "normal", "lognormal", "weibull", "pareto", "triangular")
DISTRIBUTIONS += ("mixture", "scaled", "discrete", "empirical", "geometric", "zipf")
TIMES = ("value", "min", "max", "mean", "mode", "least", "most")
ISO = re.compile(r"\d{4}-\d\d-\d\d")
OF_POOL = "cardinality_distribution"


def simulate(
    spec: Spec,
    *,
    seed: int,
    start: str | None = None,
    max_workers: int | dict[str, int] = 100,
    records: int | None = None,
    duration_seconds: float | None = None,
    spawns: dict[tuple | str, list[int]] | None = None,
) -> Iterator[Record]:
    """Yield the records of a run in order, without end where neither ``records`` nor ``duration_seconds`` is given.

    Without ``start`` the clock starts at 1970-01-01T00:00:00. ``spawns`` gets for each worker when its spawn was due,
    and when it was born if it was.
    """
    start = start or "1970-01-01T00:00:00"
    spec = written_out(spec)
    emitted = emit(spec, seed, start, max_workers, {} if spawns is None else spawns)
    if duration_seconds is not None:
        end_ns = round(duration_seconds * 1e9)
        emitted = itertools.takewhile(lambda pair: pair[0] < end_ns, emitted)
    made = (record for _, record in emitted if record is not None)
    return itertools.islice(made, records)


def emit(
    spec: Spec, seed: int, start: str, max_workers: int | dict[str, int], spawns: dict[tuple | str, list[int]]
) -> Iterator[tuple[int, Record | None]]:
    """Yield the time (ns since the start) and the record, if there is one, of every state entry from the start on.

    The simulation begins a warm-up before it, whose records nobody gets.
    """
    warm_up = duration(spec.get("warm_up", 0))
    maker = Maker(spec, seed, start)
    rows = maker.rows()
    values = maker.values
    for entry in walk(spec, seed, start, max_workers, spawns, maker.zone, values.alive, values.shared, values.memories):
        now, worker, state, row, variables = entry.time - warm_up, entry.worker, entry.state, entry.row, entry.variables
        if now >= 0:
            yield from ((0, row) for row in rows)
        maker.values.worker = worker
        maker.values.step = entry.step
        if entry.gift:
            maker.give(now, entry)
            continue
        if entry.spawn:
            maker.conceive(now, entry, warm_up)
            continue
        if state is None:
            maker.bear(now, row, variables, entry.source)
            continue
        maker.enter(now, state, row, variables, entry.facts)
        maker.change(state, variables)
        if now >= 0:
            for record in maker.records(state, row, variables) if "emitter" in state else [None]:
                yield now, record
    yield from ((0, row) for row in rows)


def alone(source: Source, number: int, simulated: int) -> int:
    """Return the bytes of the only record of a worker who is born at a time, with its line end."""
    spec, now = source.world, simulated - source.warm_up
    maker = Maker(spec, source.seed, source.start)
    state = next(state for state in spec["states"] if state["name"] == source.spec.get("state", state["name"]))
    variables: Record = {}
    born = replace(source, number=number + 1)
    row = draw.numbered(replace(source, number=number).key(), np.array([0]))
    maker.bear(now, row, variables, born)
    maker.enter(now, state, row, variables, {})
    return len(text_of(maker.record(state, row, variables)).encode()) + 1


class Maker:
    """Makes what workers have and emit when they enter a state."""

    def __init__(self, spec: Spec, seed: int, start: str) -> None:
        self.emitters = {emitter["name"]: emitter for emitter in spec["emitters"]}
        self.start_ns, self.offset = time_ns(start), offset_text(start)
        self.values = Values(seed, self.offset, unset_of(spec))
        self.zone = zone_of(spec, self.offset)
        self.courses = Courses(spec, seed, self.start_ns, self.zone)
        self.values.offset = spec.get("timezone", self.offset)
        self.last: dict[tuple[Worker, str], Record] = {}  # record of a worker and an emitter
        self.values.tables = Tables(spec.get("tables", {}), seed, self.values.offset)
        self.values.shared, self.values.memories = Shared(spec, self.values.tables), Memories(spec)

    def begin(self, now: int) -> None:
        """Let it be a time."""
        values, courses = self.values, self.courses
        values.begin_record(Time((self.start_ns + now) // 1000, self.offset))
        values.courses = {"profile": partial(courses.factor, now), "incident": partial(courses.is_on, now)}

    def bear(self, now: int, row: Rows, variables: Record, source: Source) -> None:
        """Set the variables that a worker is born with."""
        values = self.values
        self.begin(now)
        batch = None if "bytes" in source.spec else source.batch(source.number - 1)
        born = {"worker": source.number - 1, "batch": batch}
        variables |= {name: value for name, value in born.items() if name not in values.unset}
        variables |= source.recorded(now)
        for field in source.spec.get("variables", []):
            path = join("source", source.name, field["name"])
            variables[field["name"]] = values.make(field, path, row, variables)

    def conceive(self, now: int, entry: "Entry", warm_up: int) -> None:
        """Set the variables of a child, which may read those of its parent, at the time of its parent's record."""
        values, own = self.values, entry.variables
        self.begin(now)
        values.courses |= entry.facts | values.memories.names(entry.parent_state)
        path = ("state", entry.parent_state["name"], "spawn", entry.spawn.get("name", entry.spawn["state"]))
        values.worker = values.worker[0], "unborn", int(entry.row[0])  # who counts for itself from the first value on
        for field in entry.spawn.get("variables", []):
            made = values.make(field, join(*path, field["name"]), entry.row, entry.parent | own)
            own[field["name"]] = made

    def give(self, now: int, entry: "Entry") -> None:
        """Set the variables of the source whose time a worker has waited for."""
        values, (path, fields) = self.values, entry.gift
        self.begin(now)
        values.courses |= entry.facts | values.memories.names(entry.parent_state)
        for field in fields:
            made = values.make(field, path + join(field["name"]), entry.row, entry.variables)
            entry.variables[field["name"]] = made

    def enter(self, now: int, state: Spec, row: Rows, variables: Record, facts: Record) -> None:
        """Set the variables of a worker who enters a state."""
        values = self.values
        self.begin(now)
        values.courses |= facts | values.memories.names(state)
        for field in state.get("variables", []):
            path = join("state", state["name"], field["name"])
            variables[field["name"]] = values.make(field, path, row, variables)

    def change(self, state: Spec, variables: Record) -> None:
        """Change the shared values that a state sets, once its variables are set; what is null changes nothing."""
        self.values.courses |= self.values.memories.names(state)
        for target, text in state.get("set", {}).items():
            self.values.shared.change(target, variables, self.values.expression({"value": text}, variables))

    def rows(self) -> Iterator[Record]:
        """Yield the rows of tables as records: those of the tables that another is made of before its own."""
        tables = self.values.tables.spec
        behind = {name: [*named(tables[name])] for name in tables}
        in_order: list[str] = []
        for name in tables:
            in_order += [other for other in (*before(behind, name), name) if other not in in_order]
        for name in in_order:
            if emit := tables[name].get("emit"):
                called = emit.get("time", "time")
                time = {called: Time(self.start_ns // 1000, self.offset)} if called else {}
                yield from (printed(time | row) for row in self.values.tables.rows(name)[0])

    def records(self, state: Spec, row: Rows, variables: Record) -> list[Record]:
        """Return the records that a worker emits in a state: one, or what its whole text or object comes to."""
        emitter = self.emitters[state["emitter"]]
        record = self.record(state, row, variables)
        if "record" in emitter:
            return self.objects(emitter, row, variables)
        if "text" not in emitter:
            return [record]
        name = emitter["text"].get("name", "text")
        made = self.values.make(emitter["text"], join("emitter", emitter["name"], name), row, variables)
        texts = [text_of(item) for item in (made if isinstance(made, list) else [made]) if item not in (None, MISSING)]
        if emitter.get("split") == "lines":
            texts = [line for text in texts for line in re.split("\r?\n", text) if line.strip()]
        return [{name: on_one_line(text) if emitter.get("check") == "json" else text} for text in texts]

    def objects(self, emitter: Spec, row: Rows, variables: Record) -> list[Record]:
        """Return the records that are objects: of a list each of its items, but null."""
        name = emitter["record"].get("name", "record")
        made = self.values.make(emitter["record"], join("emitter", emitter["name"], name), row, variables)
        items = [item for item in (made if isinstance(made, list) else [made]) if item not in (None, MISSING)]
        numbers = {key for key, kind in emitter.get("columns", {}).items() if kind == "number"}
        found = []
        for item in items:
            shown = {key: float(value) if key in numbers else value for key, value in printed(item).items()}
            has_time = "time" in shown or all(one["name"] != "time" for one in emitter.get("dimensions", []))
            time = {"time": shown.get("time", self.values.time.text())} if has_time else {}
            found.append(time | shown)
        return found

    def record(self, state: Spec, row: Rows, variables: Record) -> Record:
        """Return the record that a worker emits in a state, of its dimensions."""
        dimensions = self.emitters[state["emitter"]].get("dimensions", [])
        record = {}
        values = self.values
        values.former = self.last.get((values.worker, state["emitter"]), {})
        for field in dimensions:
            made = values.make(field, join("emitter", state["emitter"], field["name"]), row, variables)
            values.earlier[field["name"]] = made
            if made is not MISSING:
                record[field["name"]] = made
        for field in dimensions:
            if label := field.get("outliers", {}).get("label"):
                path = join("emitter", state["emitter"], field["name"])
                record[label] = record.get(field["name"]) is not None and values.is_outlier(field, path, row)
        kept = {WORKER: values.worker, "time": values.time} | values.earlier
        self.last[values.worker, state["emitter"]] = kept
        values.log.setdefault(state["emitter"], []).append(kept)
        record = printed(record)
        if all(dimension["name"] != "time" for dimension in dimensions):
            record["time"] = values.time.text()
        first = {"time": record["time"]} if "time" in record else {}
        return first | record


@dataclass
class Entry:
    """A worker who enters a state, once it has what it waits for there; or who is born, without a state."""

    time: int
    worker: Worker
    state: Spec | None
    step: int
    row: Rows
    variables: Record  # of the worker
    source: Source | None = None  # of who is born
    facts: Record = dataclasses.field(default_factory=dict)  # what else is known of it then
    spawn: Spec = dataclasses.field(default_factory=dict)  # which made the child whose variables are to be set,
    parent: Record = dataclasses.field(default_factory=dict)  # and read those of its parent
    parent_state: Spec = dataclasses.field(default_factory=dict)
    gift: tuple = ()  # path and fields of what a worker is given at a time that it has waited for, in that state


def walk(
    spec: Spec,
    seed: int,
    start: str,
    max_workers: int | dict[str, int],
    spawns: dict[tuple | str, list[int]],
    zone: str,
    alive: dict[Worker, tuple],
    shared: "Shared",
    memories: Memories,
) -> Iterator[Entry]:
    """Yield every birth and every entry of a state, in order.

    ``alive`` has the workers who are, with a source, whether they are outside of the limit, a key and variables.
    Who gets an entry sets its variables, changes what is ``shared``, and makes its record, which may change what is in
    ``memories``, before the next one is asked for.

    Of the events that are due the next is the one with the least (time, population, worker); the birth of a worker
    stands behind all who are there: first those of children, by population, then those of sources, by population, of
    each the one that came due first, then the one whose source's name is first. A worker's birth is its step 0, its
    stop is a step after its last.
    """
    warm_up = duration(spec.get("warm_up", 0))
    states = {state["name"]: state for state in spec["states"]}
    unset = unset_of(spec)
    sources = sources_of(spec, seed, start, zone)
    for source in sources:
        if not isinstance(source.spec.get("from"), dict):
            source.begin(source.time("from", 0))
    events: list[tuple[int, Worker, int, int, str | Leaving]] = []
    lives: dict[Worker, Life] = {}
    resources = Resources(spec)
    children: dict[Worker, Child] = {}  # unborn, by the numbers that stand for theirs in the order of events
    turns: dict[Worker, Worker] = {}  # who goes on before all others, by numbers that stand for theirs
    now, conceived = 0, 0
    run = spec, seed, time_ns(start), zone
    zero = time_ns(start) // 1000 - warm_up // 1000
    begins = [source.time("from", 0) for source in sources if not isinstance(source.spec.get("from"), dict)]
    first = zero + min([0, *begins]) // 1000
    now = (first - zero) * 1000
    born: dict[str, int] = {}
    limits: dict[str, Level] = {}
    levels: list[Level] = []
    for name, most in limits_of(spec, max_workers).items():
        own = spec["populations"][name] if name else spec
        path = join("population", name, "limit_profile") if name else "limit_profile"
        born[name], limits[name] = 0, Level(most, 1, own.get("limit_profile", 1), path, run)
        limits[name].begin(zero, first)
        levels += [limits[name]] if "limit_profile" in own else []
    for name, resource in spec.get("resources", {}).items():
        if "capacity_profile" in resource:
            path = join("resource", name, "capacity_profile")
            level = Level(resource["capacity"], 0, resource["capacity_profile"], path, run)
            level.begin(zero, first)
            resources.follow(name, level)
    levels += resources.levels.values()
    minutes: list[Fleet] = []
    courses = Courses(spec, seed, time_ns(start), zone)
    places = {state["name"]: Stay(state, run, courses.incidents) for state in spec["states"]}

    def of_time() -> dict:
        """What states read of the time, and whose wall clock they read it on."""
        offset = offset_text(start)
        time = Time((time_ns(start) + now - warm_up) // 1000, offset)
        named = {"profile": partial(courses.factor, now - warm_up), "incident": partial(courses.is_on, now - warm_up)}
        return {"time": time, "zone": spec.get("timezone", offset)} | named

    def next_number(population: str) -> Worker:
        born[population] += 1
        return 0, population, born[population] - 1

    def hand_on(served: list[Worker]) -> None:
        for one in served:
            heapq.heappush(events, (now, one, resources.waits[one].step, GO_ON, lives[one].state))

    def let_go(together: list[Worker]) -> None:
        for one in together:  # before all others, in their order
            place = -1, "", len(turns)
            turns[place] = one
            heapq.heappush(events, (now, place, resources.waits[one].step, GO_ON, lives[one].state))

    def is_available(resource: Spec, row: Spec, holder: str) -> bool:
        names = of_time() | shared.values | memories.names({})
        if holder in shared.held:
            own = shared.names({holder: row})
            names |= {name[len(holder) + 1 :]: own[name] for name in own if name.startswith(f"{holder}.")}
        return evaluate(resource["available"], names | row, names["zone"]) is True if "available" in resource else True

    def looking(name: str, resource: Spec, rows: list[Record]) -> Callable:
        return lambda place: is_available(resource, rows[place], name)

    def holding(name: str) -> Callable:
        return lambda worker, row: alive[worker][3].update({name: row})

    for name, resource in spec.get("resources", {}).items():
        if "rows" in resource:
            rows = shared.tables.rows(resource["rows"])[0]
            fleet = Fleet(rows, resource.get("capacity", 1), looking(name, resource, rows), holding(name))
            resources.begin(name, fleet, zero, first)
            minutes.append(fleet)

    see_ends(sources, now)
    while True:
        arrival = min((key for source in sources if (key := turn(source, sources, now, limits))), default=None)
        changes = any(source.changes for source in sources) or ((levels or minutes) and alive)
        if not events and arrival is None and not changes:
            spawns |= {source.name: [NEVER] for source in sources if source.due is None}
            return
        first = min(events[0][0] if events else math.inf, arrival[0] if arrival else math.inf)
        change = min((source.changes[0][0] for source in sources if source.changes), default=math.inf)
        change = min([change, *(level.next for level in (*levels, *minutes))])
        if change <= first:
            now = change
            for level in limits.values():
                level.change(now)
            hand_on(resources.change(now))
            for source in sources:
                source.change(now)
            see_ends(sources, now)
            continue
        newborn, goes_on = None, False
        if arrival is None or (events and events[0][0] <= arrival[0]):
            now, worker, step, kind, name = heapq.heappop(events)
            worker = turns.get(worker, worker)
            if kind == GIVE_UP and (worker not in resources.waits or resources.waits[worker].step != step):
                continue
            if worker in children:
                child = children.pop(worker)
                worker = next_number(worker[1])
                alive[worker] = None, False, child.key, child.variables
                lives[worker] = Life(now, None, Counter(), parent=child.parent)
            source, is_outside, key, variables = alive[worker]
            goes_on = kind == GO_ON
            if kind == GIVE_UP:
                hand_on(resources.give_up(worker))
                name, step = states[name]["timeout"]["next"], step + 1
            elif kind == MOVE and step > 0:
                life = lives[worker]
                if life.gift:
                    *gift, row = life.gift
                    life.gift = ()
                    facts = known_of(worker, step, now, variables, life, alive, unset) | resources.facts()
                    facts |= {"visits": life.visits[life.state], "visits()": life.visits.__getitem__}
                    del facts["variables"], facts["worker"]
                    own = Entry(now, worker, None, 0, row, variables, facts=facts, gift=tuple(gift))
                    yield replace(own, parent_state=states[life.state])
                if life.items:
                    name = life.state
                else:
                    hand_on(resources.leave(worker, states[life.state]))
            if isinstance(name, Leaving):
                names = known_of(worker, step, now, variables, lives[worker], alive, unset) | resources.facts()
                names |= of_time() | {"gather": resources.marks.get(worker)} | shared.names(variables)
                names |= memories.names(name.state)
                row = draw.numbered(key, np.array([step - 1]))
                name = name.next_state(names, bits(seed, "transition", row))
            if name.lower() == "stop":
                hand_on(resources.stop(worker))
                hand_on(resources.lose(lives[worker].parent))
                del alive[worker]
                resources.children.pop(worker, None)
                resources.marks.pop(worker, None)
                if source is not None:
                    source.outside -= is_outside
                    source.alive -= not is_outside
                    see_ends(sources, now)
                continue
        else:
            now, _, due, _, _, source = arrival
            is_full = full(source, sources, limits)
            rule = source.rule
            key = source.key()
            source.number += 1
            source.go_on(now)
            if is_full and rule == "drop":
                source.dropped += 1
                see_ends(sources, now)
                continue
            is_outside, variables, step, newborn = is_full, {}, 0, source
            worker = next_number(source.population)
            if now >= warm_up:
                spawns[worker] = [(due if source.kept is None else now) - warm_up, now - warm_up]
            name = rule["state"] if is_full else source.spec.get("state", spec["states"][0]["name"])
            alive[worker] = source, is_outside, key, variables
            lives[worker] = Life(now, source.number - 1, Counter())
            source.outside += is_outside
            source.alive += not is_outside
        for source in sources:
            waits = source.rule == "wait" and source.due is not None and source.kept is None
            spawns[source.name] = [source.due - warm_up if waits else NEVER]
        row = draw.numbered(key, np.array([step]))
        life, state = lives[worker], states[name]
        if newborn is not None:
            yield Entry(now, worker, None, step, row, variables, newborn)
        goes_on = goes_on or bool(life.items)
        if not goes_on:
            life.state = name
            life.visits[name] += 1
            hand_on(resources.enter(worker, state, step, now))
            if "timeout" in state:
                after = wait_ns(state["timeout"]["after"], bits(seed, "timeout", row))
                heapq.heappush(events, (now + after, worker, step, GIVE_UP, name))
        names = known_of(worker, step + 1, now, variables, life, alive, unset) | resources.facts()
        names = names | {"visits": life.visits[name], "visits()": names["visits"]} | of_time()
        names |= shared.names(variables) | memories.names(state)
        names["gather"] = resources.marks[worker]
        ways = state.get("transitions", [{"next": state.get("next", "stop"), "probability": 1}])
        leaving = Leaving(state, ways)
        following = leaving if leaving.is_conditional else next_state(ways, bits(seed, "transition", row))
        if not life.items:
            asking = [partial(one, names) for one in (priority_of, key_of, match_of)]
            if not resources.go_on(worker, *asking, let_go, hand_on):
                continue
            life.waited = now - resources.waits.pop(worker).since
            if "each" in state:
                life.items, life.index = items_of(state["each"], variables, shared), -1
                if not life.items:
                    life.index = None
                    heapq.heappush(events, (now, worker, step + 1, MOVE, following))
                    continue
        if life.items:
            variables[state["each"]["as"]] = life.items.pop(0)
            life.index += 1
        names["each"] = {"index": life.index}
        facts = known_of(worker, step + 1, now, variables, life, alive, unset) | resources.facts()
        facts |= {"visits": life.visits[name], "visits()": facts["visits"]}
        del facts["variables"], facts["worker"]
        facts |= {"gather": resources.marks[worker], "each": {"index": life.index}}
        yield Entry(now, worker, state, step, row, variables, facts=facts)
        for entry in state.get("spawn", []):
            called = entry.get("name", entry["state"])
            made = bits(seed, join("state", name, "spawn", called), row)
            known = facts | {"worker": life.number} | of_time() | shared.names(variables) | memories.names(state)
            for place in range(count_of(entry, known | unset | variables)):
                child = Child(draw.numbered(made, np.array([place])), {}, worker)
                first = draw.numbered(child.key, np.array([0]))
                facts["spawn.index"] = place
                own = Entry(now, worker, None, 0, first, child.variables, facts=facts)
                yield replace(own, spawn=entry, parent=variables, parent_state=state)
                after = wait_ns(entry["delay"], bits(seed, "spawn", first)) if "delay" in entry else 0
                conceived += 1
                unborn = 1, population_of(spec, entry["state"]), conceived
                children[unborn] = child
                resources.children[worker] = resources.children.get(worker, 0) + 1
                heapq.heappush(events, (now + after, unborn, 0, MOVE, entry["state"]))
        names |= shared.names(variables) | memories.names(state)
        names |= {"variables": known_of(worker, step, now, variables, life, alive, unset)["variables"]}
        until = places[name].until(names, now, bits(seed, "delay", row), life)
        if until is None:
            life.items = []
            until, following = now, "stop"
        heapq.heappush(events, (until, worker, step + 1, MOVE, following))


def items_of(each: Spec, variables: Record, shared: "Shared") -> list:
    """Return what a worker goes through in a state, one after the other."""
    if "table" in each:
        return list(shared.tables.rows(each["table"])[0])
    items = variables.get(each["variable"])
    return list(items) if isinstance(items, list) else []


def count_of(entry: Spec, names: dict) -> int:
    """Return how many children an entry brings about."""
    count = entry.get("count", 1)
    if isinstance(count, str):
        known = {name: None if value is MISSING else value for name, value in names.items()}
        count = evaluate(count, known, names["zone"]) or 0
    return max(math.floor(count), 0)


def priority_of(names: dict, wanted: Spec) -> float:
    """Return the priority that a worker asks with."""
    given = wanted.get("priority", 0)
    if isinstance(given, str):
        names = names | {name: value for name, value in names["variables"].items() if value is not MISSING}
        given = evaluate(given, names, names["zone"]) or 0
    return float(given) + 0.0


def match_of(names: dict, wanted: Spec) -> dict:
    """Return what the row that a worker asks for is to have, by column."""
    names = names | {name: value for name, value in names["variables"].items() if value is not MISSING}
    return {column: evaluate(text, names, names["zone"]) for column, text in wanted.get("match", {}).items()}


class Shared:
    """The values that all workers see: of the spec, by name, and of rows of tables, by table, row and column."""

    def __init__(self, spec: Spec, tables: "Tables | None") -> None:
        self.values: Record = dict(spec.get("shared", {}))
        self.starts = {name: table["shared"] for name, table in spec.get("tables", {}).items() if "shared" in table}
        self.tables, self.cells = tables, {}
        self.held: dict[str, str] = {}  # the table whose rows a variable holds
        if spec:
            owners = [*spec["states"], *(entry for state in spec["states"] for entry in state.get("spawn", []))]
            arrivals = spec.get("arrivals", [])
            owners += arrivals if isinstance(arrivals, list) else [arrivals]
            fields = [field for owner in owners for field in owner.get("variables", [])]
            fields += [state["each"] | {"name": state["each"]["as"]} for state in spec["states"] if "each" in state]
            self.held = {one["name"]: one["table"] for one in fields if one.get("table") in self.starts}
            rows = {name: one["rows"] for name, one in spec.get("resources", {}).items() if "rows" in one}
            self.held |= {name: table for name, table in rows.items() if table in self.starts}

    def cell(self, target: str, variables: Record) -> tuple | None:
        """Return where a value of a row is; None where the variable holds none."""
        variable, _, column = target.rpartition(".")
        row = variables.get(variable)
        if not isinstance(row, dict):
            return None
        table = self.held[variable]
        rows = self.tables.rows(table)[0]
        cell = table, next(place for place, one in enumerate(rows) if one is row), column
        if cell not in self.cells:
            start = self.starts[table][column]
            self.cells[cell] = evaluate(start, row, "UTC") if isinstance(start, str) else start
        return cell

    def names(self, variables: Record) -> Record:
        """Return all that can be read, by name."""
        found = dict(self.values)
        for variable, table in self.held.items():
            for column in self.starts[table]:
                cell = self.cell(f"{variable}.{column}", variables)
                found[f"{variable}.{column}"] = None if cell is None else self.cells[cell]
        return found

    def change(self, target: str, variables: Record, value: object) -> None:
        cell = target if target in self.values else self.cell(target, variables)
        values = self.values if target in self.values else self.cells
        if value is not None and cell is not None:
            values[cell] = float(value) if isinstance(values[cell], float) else value


def key_of(names: dict, wanted: Spec) -> object:
    """Return what those have in common who wait for each other."""
    names = names | {name: value for name, value in names["variables"].items() if value is not MISSING}
    found = evaluate(wanted["by"], names, names["zone"]) if "by" in wanted else None
    return json_of(found) if isinstance(found, dict | list) else found


@dataclass
class Child:
    """A worker that another one has spawned and that is still to be born."""

    key: Rows
    variables: Record
    parent: Worker


def unset_of(spec: Spec) -> Record:
    """Return all variables of a spec, as they are before they are set."""
    arrivals = spec.get("arrivals", [])
    owners = [*spec["states"], *(arrivals if isinstance(arrivals, list) else [arrivals])]
    owners += [entry for state in spec["states"] for entry in state.get("spawn", [])]
    for given in (state["delay"]["source"] for state in spec["states"] if "source" in state.get("delay", {})):
        owners += given if isinstance(given, list) else [given]
    unset = {state["each"]["as"]: None for state in spec["states"] if "each" in state}
    unset |= {name: None for name, resource in spec.get("resources", {}).items() if "rows" in resource}
    return unset | {field["name"]: None for owner in owners for field in owner.get("variables", [])}


@dataclass
class Life:
    """What conditions read of a worker besides its variables."""

    born: int
    number: int | None  # in its source
    visits: Counter
    state: str = ""
    waited: int = 0
    parent: Worker | None = None
    taken: Counter = dataclasses.field(default_factory=Counter)  # of the times that states wait for, by their names
    gift: tuple = ()  # path, fields and row of what it is given when its delay is over
    items: list = dataclasses.field(default_factory=list)  # that it still has to go through in its state
    index: int | None = None  # of the last one that it has come to


@dataclass
class Leaving:
    """A state that a worker leaves at the end of its delay."""

    state: Spec
    ways: list[Spec]

    @property
    def is_conditional(self) -> bool:
        has_expressions = any("when" in way or isinstance(way.get("probability"), str) for way in self.ways)
        return has_expressions or self.state.get("ordered", False)

    def next_state(self, names: dict, random: Rows) -> str:
        names = names | {"visits": names[VISITS][self.state["name"]], "visits()": names["visits"]}
        names |= {name: value for name, value in names["variables"].items() if value is not MISSING}
        zone = names["zone"]
        left = [way for way in self.ways if "when" not in way or evaluate(way["when"], names, zone) is True]
        if not left or self.state.get("ordered"):
            return left[0]["next"] if left else "stop"
        weights = [way.get("probability", 1) for way in left]
        weights = [(evaluate(one, names, zone) or 0) if isinstance(one, str) else one for one in weights]
        return left[weighted(weights, random)]["next"]


class Stay:
    """How long workers stay in a state."""

    def __init__(self, state: Spec, run: tuple[Spec, int, int, str], incidents: dict) -> None:
        """Take a state, with a spec, a seed, the start of the run in ns since 1970, and the zone."""
        spec, seed, start_ns, zone = run
        self.delay, self.rhythm, self.warm_up = state.get("delay"), None, duration(spec.get("warm_up", 0))
        self.name, self.known = state["name"], []
        if (self.delay or {}).get("type") == "next":
            given = self.delay["source"]
            sources = given if isinstance(given, list) else [given]
            self.times = heapq.merge(*(departures(place, one, self.name, run) for place, one in enumerate(sources)))
        if "delay_profile" in state:
            given = state["delay_profile"]
            start = EPOCH + timedelta(microseconds=start_ns // 1000)
            self.rhythm = ReferenceRhythm([], start, zone, seed, spec.get("profiles", {}), incidents)
            path = join("state", state["name"], "delay_profile")
            self.rhythm.members = [*self.rhythm.resolved(given if isinstance(given, list) else [given], path)]

    def until(self, names: dict, now: int, random: Rows, life: "Life") -> int | None:
        """Return until when one stays, given what is known when that begins; None: one stops."""
        if self.delay is None:
            return now
        if self.delay["type"] == "next":
            for number in itertools.count(life.taken[self.name]):
                if number == len(self.known) and (time := next(self.times, None)) is not None:
                    self.known.append(time)
                if number == len(self.known):
                    return None
                time, *_, gift = self.known[number]
                if time >= now:
                    life.taken[self.name], life.gift = number + 1, gift
                    return time
        names = names | names["variables"]
        known = {name: None if value is MISSING else value for name, value in names.items()}
        delay = with_numbers(self.delay, lambda text: as_float(evaluate(text, known, names["zone"])))
        delay = wait_ns(delay, random)
        if self.rhythm is None:
            return min(now + delay, NEVER)
        begin = now - self.warm_up
        [over] = self.rhythm.over(begin, [delay], begin + MOST_NS)
        return NEVER if over is None else over + self.warm_up


def departures(place: int, given: Spec, state: str, run: tuple[Spec, int, int, str]) -> Iterator[tuple]:
    """Yield when workers would be born of a source that a state waits for, in order, and what each would have."""
    spec, seed, start_ns, zone = run
    path = join("state", state, "delay") + "/" + (join("source", given["name"]) + "/" if "name" in given else "")
    only_times = given.get("count") == 0
    source = Source({**given, "count": 1} if only_times else given, seed, path, start_ns, world=spec, zone=zone)
    if isinstance(given.get("until"), str):
        source.until = source.time("until", 0) + bool(given.get("endpoint"))
    source.begin(source.time("from", 0))
    last = None
    while source.due is not None:
        if not only_times or source.due != last:
            fields = given.get("variables", [])
            gift = (path, fields, draw.numbered(source.key(), np.array([0]))) if fields else ()
            yield source.due, place, source.number, gift
        last = source.due
        source.number += 1
        source.go_on()


def known_of(worker: Worker, step: int, now: int, variables: Record, life: Life, alive: dict, unset: Record) -> dict:
    """Return what the conditions of transitions read of a worker at the end of a delay."""
    population = worker[1]
    fellows = sum(other[1] == population for other in alive)
    facts = {"steps": step, "age": (now - life.born) / 1e9, "alive": fellows, "born": worker[2], "worker": life.number}
    facts |= {"batch": None}  # but of whom ``variables`` have it

    def visits(state: str) -> int:
        return life.visits[f"{population}/{state}" if population else state]

    facts |= {"waited": life.waited / 1e9, "each": {"index": life.index}}
    missing = {name: None for name, value in variables.items() if value is MISSING}
    facts |= {"visits": visits, VISITS: life.visits}
    facts |= {"population": population, "state": life.state[len(population) + 1 if population else 0 :]}
    return facts | {"variables": unset | variables | missing}


def sources_of(spec: Spec, seed: int, start: str, zone: str) -> list[Source]:
    """Return the sources of arrivals, by their names."""
    if "interarrival" in spec:
        given = [{"type": "interarrival", "distribution": spec["interarrival"]}]
    else:
        given = spec["arrivals"] if isinstance(spec["arrivals"], list) else [spec["arrivals"]]
    made = []
    for source in sorted(given, key=lambda source: source.get("name", "")):
        population = population_of(spec, source.get("name", ""))
        path = join("source", source["name"]) + "/" if "name" in source else ""
        made.append(Source(source, seed, path, time_ns(start), world=spec, zone=zone, start=start))
        made[-1].population = population
        made[-1].scale = spec.get("populations", {}).get(population, {}).get("volume_scale", 1)
        if isinstance(source.get("until"), str):
            made[-1].until = made[-1].time("until", 0) + bool(source.get("endpoint"))
    return made


def full(source: Source, sources: list[Source], limits: dict[str, Level]) -> bool:
    fellows = (other for other in sources if other.population == source.population)
    own = min(source.spec.get("max_workers", math.inf), math.inf if source.kept is None else source.kept)
    return sum(other.alive for other in fellows) >= limits[source.population].value or source.alive >= own


def turn(source: Source, sources: list[Source], now: int, limits: dict[str, Level]) -> tuple | None:
    """Return when the next worker of a source comes, with what decides among several; None when none does now."""
    if source.due is None:
        return None
    if source.rule != "wait":
        return source.due, source.population, source.due, source.name, id(source), source
    if full(source, sources, limits):
        return None
    return max(source.due, now), source.population, source.due, source.name, id(source), source


def see_ends(sources: list[Source], now: int) -> None:
    """Let begin, and end, who waits for a source that is over."""
    while True:
        over = {source.name for source in sources if source.over}
        for source in sources:
            begins, ends = source.spec.get("from"), source.spec.get("until")
            if isinstance(ends, dict) and ends["after"] in over and source.until is None:
                source.until = now
                source.due = source.due if source.due is not None and source.due < now else None
            if isinstance(begins, dict) and begins["after"] in over and source.begun is None:
                source.begin(now)
        if over == {source.name for source in sources if source.over}:
            return


def next_state(transitions: list[Spec], random: Rows) -> str:
    return transitions[weighted([transition["probability"] for transition in transitions], random)]["next"]


def zone_of(spec: Spec, offset: str) -> str:
    """Return whose wall clock is meant where none is named."""
    return spec.get("timezone") or (offset if offset not in ("", "Z") else "UTC")


class Courses:
    """The profiles and incidents of a spec, as expressions read them."""

    def __init__(self, spec: Spec, seed: int, start_ns: int, zone: str) -> None:
        self.incidents, self.start, named = stretches(spec, start_ns), start_ns, spec.get("profiles", {})
        start = EPOCH + timedelta(microseconds=start_ns // 1000)
        self.rhythms = {name: ReferenceRhythm([name], start, zone, seed, named, self.incidents) for name in named}

    def factor(self, now: int, name: str) -> float:
        return self.rhythms[name].factor(now)

    def is_on(self, now: int, name: str) -> bool:
        return any(begin <= (self.start + now) // 1000 < end for begin, end in self.incidents[name])


class Values:
    """Makes the values of field generators; keeps the counters and the pools, each by its path."""

    def __init__(self, seed: int, offset: str = "", set_somewhere: Iterable[str] = ()) -> None:
        self.seed = seed
        self.offset = offset
        self.unset = dict.fromkeys(set_somewhere)
        self.courses: dict = {}  # of time
        self.time: Time | None = None  # of the record; a table has none
        self.earlier: Record = {}  # dimensions of the record, as far as they are made
        self.former: Record = {}  # dimensions of the record before of the same worker and emitter, and its time
        self.counted: Counter[str | tuple[str, Worker]] = Counter()
        self.pools: dict[str, list] = {}
        self.tables: Tables | None = None
        self.shared, self.memories = Shared({}, None), Memories({"emitters": []})
        self.step, self.worker = 0, (0, "", 0)
        self.alive: dict[Worker, tuple] = {}  # the workers
        self.log: dict[str, list[Record]] = {}  # the records so far, by emitter
        self.taken: dict[str, set[int]] = {}  # of these, by the field that takes each once
        self.lives: dict[tuple[str, Worker], list] = {}  # of signals: where they are, and the last reading

    def begin_record(self, time: Time) -> None:
        self.time, self.earlier = time, {}

    def expression(self, field: Spec, variables: Record) -> object:
        names = (
            self.courses | {"time": self.time, "worker": None, "batch": None} | self.unset | variables | self.earlier
        )
        own = {name: value for name, value in self.earlier.items() if name in self.shared.values}
        names |= self.shared.names(variables) | own
        known = {name: None if value is MISSING else value for name, value in names.items()}
        known["previous"] = {name: None if value is MISSING else value for name, value in self.former.items()}
        value = evaluate(field["value"], known, self.offset)
        if isinstance(value, Time):  # what is kept has whole milliseconds
            return Time(value.microseconds // 1000 * 1000, value.offset)
        if isinstance(value, Decimal) and "precision" in field:
            return to_digits(value, field["precision"])
        return rounded(value, field.get("precision")) if isinstance(value, float) else value

    def make_object(self, dimensions: list[Spec], path: str, row: Rows, variables: Record) -> Record:
        made = {field["name"]: self.make(field, join(path, field["name"]), row, variables) for field in dimensions}
        return {name: value for name, value in made.items() if value is not MISSING}

    def make(self, field: Spec, path: str, row: Rows, variables: Record) -> object:
        if "when" in field and self.expression({"value": field["when"]}, variables) is not True:
            return MISSING
        if "keyed_by" in field:
            key = json_of(printed(self.expression({"value": field["keyed_by"]}, variables)))
            row, path = draw.text_keys(pa.array([key])), join("keyed", field["name"])
        if self.happens(field.get("percent_missing", 0), path + "/missing", row):
            return MISSING
        if self.happens(field.get("percent_nulls", 0), path + "/null", row):
            return None
        size = field.get("cardinality", 0)
        if size > 0:
            pool = self.pool(field, path, size)
            picker = self.numbered(field.get("cardinality_distribution"), variables)
            return None if picker is NULL else pool[index(picker, self.bits(path + "/pick", row), size)]
        return self.fresh(field, path, row, variables)

    def fresh(self, field: Spec, path: str, row: Rows, variables: Record) -> object:
        if field["type"].lower() not in ("timestamp", "list", "rows", "signal"):  # which have texts, or see to it
            own = {key: part for key, part in field.items() if key != OF_POOL or field["type"].lower() == "enum"}
            field = {key: self.numbered(part, variables) for key, part in own.items()}
            if NULL in field.values() and field["type"].lower() != "lookup":
                return None
        distribution = field.get("distribution", {})
        match field["type"].lower():
            case "enum":
                random = self.bits(path + "/pick", row)
                return field["values"][chosen(field, random, len(field["values"]))]
            case "bool":
                return bool(draw.unit(self.bits(path + "/value", row))[0] < field.get("probability", 0.5))
            case "constant":
                return field["value"]
            case "one_of":
                one = field["of"][chosen(field, self.bits(path + "/pick", row), len(field["of"]))]
                return self.make(one, join(path, one["name"]), row, variables)
            case "int":
                return whole(distribution, self.bits(path + "/value", row))
            case "float":
                return rounded(real(distribution, self.bits(path + "/value", row)), field.get("precision"))
            case "decimal":
                number = real(distribution, self.bits(path + "/value", row)) * 10.0 ** field.get("scale", 2)
                units = min(max(round(number), 1 - 10**18), 10**18 - 1)
                return Decimal(units).scaleb(-field.get("scale", 2))
            case "string":
                return self.string(field, path, row)
            case "timestamp":
                times = self.times_of(distribution, variables)
                return times and Time(*timestamp(*times, self.bits(path + "/value", row)))
            case "ipaddress":
                return dotted(whole(distribution, self.bits(path + "/value", row)))
            case "counter":
                counter = (path, self.worker) if field.get("per") == "worker" else path
                if "reset" in field and self.expression({"value": field["reset"]}, variables) is True:
                    self.counted[counter] = 0
                self.counted[counter] += 1
                return field.get("start", 0) + (self.counted[counter] - 1) * field.get("increment", 1)
            case "object":
                return self.make_object(field["dimensions"], path, row, variables)
            case "list" if "length_distribution" not in field:
                made = self.make_object(field["elements"], path, row, variables)
                return list(made.values())
            case "list":
                field = field | {"length_distribution": self.numbered(field["length_distribution"], variables)}
                if field["length_distribution"] is NULL:
                    return None
                made = [self.element(field, path, place, variables) for place in self.places(field, path, row)]
                return [value for value in made if value is not MISSING]
            case "map":
                made = {}
                for place in self.places(field, path, row):
                    pair = [
                        self.make(part, join(path, part["name"]), place, variables)
                        for part in (field["keys"], field["values"])
                    ]
                    if pair[0] not in (MISSING, None) and pair[1] is not MISSING:
                        made.setdefault(text_of(pair[0]), pair[1])
                return made
            case "partition":
                return self.partition(field, path, row, variables)
            case "uuid":
                return self.uuid(field, path, row)
            case "hex":
                count = -(-field["length"] // 16)
                return f"{self.words(path, row, count):0{16 * count}x}"[: field["length"]]
            case "bytes":
                count = -(-field["length"] // 8)
                octets = self.words(path, row, count).to_bytes(8 * count, "big")[: field["length"]]
                return base64.b64encode(octets).decode()
            case "mac":
                octets = (self.words(path, row, 1) >> 16).to_bytes(6, "big")
                return ":".join(f"{octet:02x}" for octet in (octets[0] & 0xFC | 2, *octets[1:]))
            case "ipv6":
                return str(IPv6Address(self.words(path, row, 2) % 2**125 + 2**125))
            case "ip_in":
                networks = field["networks"]
                network = ip_network(networks[chosen(field, self.bits(path + "/pick", row), len(networks))])
                return str(network[self.words(path, row, 2) & int(network.hostmask)])
            case "regex":
                return matching(field, self.bits(path + "/value", row))
            case "port":
                return 1 + int(draw.below(self.bits(path + "/value", row), 65535)[0])
            case "variable":
                value = variables.get(field["variable"])
                for key in field["path"].split(".") if "path" in field else []:
                    value = value.get(key) if isinstance(value, dict) else None
                return value
            case "signal":
                return self.signal(field, path, row, variables)
            case "lookup":
                record = self.looked_up(field, path, row, variables)
                if record is None or isinstance(field["dimension"], str):
                    return None if record is None else record[field["dimension"]]
                return {name: record[name] for name in field["dimension"] if record[name] is not MISSING}
            case "previous":
                return self.former[field["of"]] if self.former else field.get("default")
            case "column" if field.get("unique"):
                rows = [row[field["column"]] for row in self.tables.rows(field["table"])[0]]
                different = list({json_of(value): value for value in reversed(rows) if value is not None}.values())[
                    ::-1
                ]
                self.counted[path] += 1
                key = draw.purpose_key(self.seed, path + "/unique")
                return different[shuffled(self.counted[path] - 1, len(different), key)]
            case "row" | "column":
                found = self.picked(field, path, row, variables)
                return found if field["type"] == "row" or found is None else found.get(field["column"])
            case "rows":
                return self.several(field, path, row, variables)
            case "expression":
                return self.expression(field, variables)
            case "now":
                return Time(self.moved(field, path, row) // 1000 * 1000, self.time.offset)
            case "template":
                known = {name: value for name, value in self.earlier.items() if value is not MISSING}
                return self.memories.render(field, path, known | {"time": self.time.wall("Z")})
            case "replace":
                return self.replaced(field, path, row, variables)
        raise ValueError(field["type"])

    def numbered(self, part: object, variables: Record) -> object:
        """Return a distribution with numbers for expressions; NULL where one of these is null."""
        if not isinstance(part, dict) or "name" in part or str(part.get("type")).lower() not in DISTRIBUTIONS:
            return part
        found = with_numbers(part, partial(self.number, variables))
        return NULL if found is None else found

    def number(self, variables: Record, text: str) -> float | None:
        value = self.expression({"value": text}, variables)
        return None if value is None else as_float(value)

    def times_of(self, distribution: Spec, variables: Record) -> tuple[Spec, str] | None:
        """Return a distribution of times with milliseconds for them, and their offset; None where one is null.

        The offset is the first that is written out, else that of the first expression that has one; those without one
        are read with that.
        """
        texts = {key: distribution[key] for key in TIMES if key in distribution}
        written = {key: text for key, text in texts.items() if ISO.match(text)}
        written = {key: Time(time_ns(text) // 1000, offset_text(text)) for key, text in written.items()}
        others = {key: self.expression({"value": text}, variables) for key, text in texts.items() if key not in written}
        numbers = with_numbers({"stddev": distribution.get("stddev", 0)}, partial(self.number, variables))
        if None in others.values() or numbers is None:
            return None
        offset = next((time.offset for time in [*written.values(), *others.values()] if time.offset), "")
        times = {key: beside(time, Time(0, offset)) for key, time in (written | others).items()}
        milliseconds = {key: time.microseconds // 1000 for key, time in times.items()}
        return distribution | milliseconds | {"stddev": numbers["stddev"] * 1000}, offset

    def moved(self, field: Spec, path: str, row: Rows) -> int:
        """Return the time of the record with what is added to it, in µs."""
        at, offset = self.time.microseconds, field.get("offset")
        random = self.bits(path + "/offset", row)
        if "step" not in field:
            return at + (round(real(offset, random) * 10**6) if offset else 0)
        step = field["step"]
        if offset and offset["type"].lower() == "uniform":
            first, last = whole_ends(offset, step)
            steps = first + int(draw.below(random, max(last - first + 1, 1))[0])
        else:
            steps = round(real(offset, random) / step) if offset else 0
        return (at // (step * 10**6) + steps) * step * 10**6

    def replaced(self, field: Spec, path: str, row: Rows, variables: Record) -> str | None:
        text = self.make(field["in"], join(path, field["in"]["name"]), row, variables)
        if text is None or text is MISSING:
            return None
        text = text_of(text)
        for rule in field["with"]:
            if re.search(rule["match"], text):
                value = self.make(rule["value"], join(path, rule["value"]["name"]), row, variables)
                put = "" if value is None or value is MISSING else text_of(value)
                text = re.sub(rule["match"], lambda match, put=put: with_group(match, put), text)
        return text

    def looked_up(self, field: Spec, path: str, row: Rows, variables: Record) -> Record | None:
        """Return the record that a field looks up; None when there is none."""
        log = self.log.get(field["emitter"], [])
        among = field.get("among", {"recent": 100_000})
        found = list(range(max(len(log) - among["recent"], 0) if isinstance(among, dict) else 0, len(log)))
        if among == "alive":
            found = [number for number in found if log[number][WORKER] in self.alive]
        for name, text in field.get("match", {}).items():
            wanted = self.expression({"value": text}, variables)
            found = [number for number in found if alike(log[number][name], wanted)]
        taken = self.taken.setdefault(path, set())
        found = [number for number in reversed(found) if number not in taken]
        if not found or field.get("distribution") is NULL:
            return None
        drawn = path
        if "as" in field:
            drawn = join("/".join(path.split("/")[:2]), f"lookup:{field['emitter']}", field["as"])
        random = self.bits(drawn + "/pick", row)
        if "distribution" not in field:
            place = math.floor(float(draw.unit(random)[0]) * len(found))
        elif field.get("relative"):
            place = math.floor(max(real(field["distribution"], random), 0.0) * len(found))
        else:
            place = index(field["distribution"], random, 2**53)
        number = found[min(place, len(found) - 1)]
        if field.get("once"):
            taken.add(number)
        return log[number]

    def is_outlier(self, field: Spec, path: str, row: Rows) -> bool:
        return bool(draw.unit(self.bits(path + "/outlier", row))[0] < field["outliers"]["share"])

    def signal(self, field: Spec, path: str, row: Rows, variables: Record) -> float | None:
        at, read = self.lives.setdefault((path, self.worker), [None, None])
        if at is None:
            start = self.numbered(field["start"], variables)
            at = real(start, self.bits(path + "/start", row)) if isinstance(start, dict) else start
            at = math.nan if at is NULL else mirrored(float(at), field)
        else:
            step = self.numbered(field.get("step", NULL), variables)
            step = 0.0 if step is NULL else real(step, self.bits(path + "/step", row))
            at = mirrored(at + field.get("reversion", 0.0) * (field.get("mean", 0.0) - at) + step, field)
        reading = at
        if "base" in field:
            base = self.expression({"value": field["base"]}, variables)
            reading = math.nan if base is None else reading + base
        if "noise" in field:
            noise = self.numbered(field["noise"], variables)
            reading += math.nan if noise is NULL else real(noise, self.bits(path + "/noise", row))
        if "outliers" in field and self.is_outlier(field, path, row):
            reading *= field["outliers"]["factor"]
        on = [(name, do) for name, do in field.get("during", {}).items() if self.courses["incident"](name)]
        for name, do in on:
            reading = reading * do.get("times", 1) + do.get("shift", 0)
            if "noise" in do:
                noise = self.numbered(do["noise"], variables)
                drawn = self.bits(join(path, "during", name) + "/noise", row)
                reading += math.nan if noise is NULL else real(noise, drawn)
        if any(do.get("stuck") for _, do in on) and read is not None:
            reading = read
        self.lives[path, self.worker] = [None if math.isnan(at) else at, None if math.isnan(reading) else reading]
        return None if math.isnan(reading) else rounded(reading + 0.0, field.get("precision"))

    def words(self, path: str, row: Rows, count: int) -> int:
        """Draw so many times 64 bits as one number, the first ones highest."""
        key = self.bits(path + "/value", row)
        made = (int(draw.numbered(key, np.array([number]))[0]) for number in range(count))
        return functools.reduce(lambda high, low: high << 64 | low, made)

    def uuid(self, field: Spec, path: str, row: Rows) -> str:
        drawn = self.words(path, row, 2)
        if field.get("version", 4) == 4:
            return str(UUID(int=drawn, version=4))
        time = self.earlier.get("time", self.time)
        microseconds = max(time.microseconds, 0)
        head = microseconds // 1000 << 16 | 7 << 12 | microseconds % 1000 * 4096 // 1000
        return str(UUID(int=head << 64 | 2 << 62 | drawn % 2**62))

    def partition(self, field: Spec, path: str, row: Rows, variables: Record) -> list | None:
        total = self.expression({"value": field["total"]}, variables)
        count = max(position(field["parts"], self.bits(path + "/parts", row)), 1)
        precision = field.get("precision", -total.as_tuple().exponent if isinstance(total, Decimal) else 0)
        if isinstance(total, Decimal):
            units = int(total.scaleb(precision).to_integral_value(ROUND_HALF_EVEN))
        else:
            units = round(float(total) * 10**precision) if isinstance(total, int | float) else 2**53
        if abs(units) >= 2**53:
            return None
        least = math.ceil(field.get("least", 0) * 10**precision)
        count = 1 if units < 0 else min(count, max(units // least, 1)) if least else count
        least = least if count > 1 else 0
        free = units - count * least
        key = self.bits(path + "/place", row)
        places = [draw.numbered(key, np.array([number])) for number in range(count - 1)]
        cuts = sorted(math.floor(draw.unit(self.bits(path + "/cut", place))[0] * (free + 1)) for place in places)
        parts = [high - low + least for low, high in itertools.pairwise([0, *cuts, free])]
        if isinstance(total, Decimal):
            return [Decimal(part).scaleb(-precision) for part in parts]
        return [part / 10**precision for part in parts] if precision else parts

    def string(self, field: Spec, path: str, row: Rows) -> str:
        chars = field.get("chars", PRINTABLE)
        randoms = [self.bits(path + "/character", place) for place in self.places(field, path, row)]
        return "".join(chars[int(draw.below(random, len(chars))[0])] for random in randoms)

    def element(self, field: Spec, path: str, place: Rows, variables: Record) -> object:
        elements = field["elements"]
        random = self.bits(path + "/select", place)
        picker = self.numbered(field.get("selection_distribution"), variables)
        if picker is NULL:
            return None
        chosen = elements[index(picker, random, len(elements))]
        return self.make(chosen, join(path, chosen["name"]), place, variables)

    def several(self, field: Spec, path: str, row: Rows, variables: Record) -> list[Record] | None:
        """Return different rows of a table: drawn among those that are left, or one that follows the other."""
        field = field | {"length_distribution": self.numbered(field["length_distribution"], variables)}
        if field["length_distribution"] is NULL:
            return None
        rows, weights = self.tables.rows(field["table"])
        pick, by_index = field.get("pick", "draw"), self.numbered(field.get("distribution"), variables)
        weights = weights if pick == "draw" and by_index is None else None
        left = [number for number in range(len(rows)) if weights is None or weights[number] > 0]
        for column, text in field.get("match", {}).items():
            wanted = self.expression({"value": text}, variables)
            left = [number for number in left if alike(rows[number].get(column), wanted)]
        places = self.places(field, path, row)[: len(left)]
        if places and by_index is NULL:
            return None
        if pick != "draw":
            number = self.counted[path] if pick == "cycle" else self.number_of(pick, variables)
            if number is None:
                return []
            self.counted[path] += len(places) if pick == "cycle" else 0
            return [rows[left[(number + place) % len(left)]] for place in range(len(places))]
        made = []
        for place in places:
            random = self.bits(path + "/pick", place)
            u = float(draw.unit(random)[0])
            at = math.floor(u * len(left)) if weights is None else by_weight(u, [weights[n] for n in left])
            if by_index is not None:
                at = min(index(by_index, random, len(rows)), len(left) - 1)
            made.append(rows[left.pop(at)])
        return made

    def number_of(self, pick: str, variables: Record) -> int | None:
        """Return by which number a worker picks; None where there is none."""
        batch = (variables.get("batch") or {"index": 0})["index"]
        return {"worker": variables.get("worker"), "step": self.step, "batch": batch}[pick]

    def picked(self, field: Spec, path: str, row: Rows, variables: Record) -> Record | None:
        """Return the row of a table that a field picks; None when none matches."""
        rows, weights = self.tables.rows(field["table"])
        chosen = list(range(len(rows)))
        for column, text in field.get("match", {}).items():
            wanted = self.expression({"value": text}, variables)
            chosen = [number for number in chosen if alike(rows[number].get(column), wanted)]
        if not chosen:
            return None
        pick, drawn = field.get("pick", "draw"), path
        if "as" in field:
            parts = path.split("/")  # of an emitter, a state or a source; what is keyed shares rows everywhere
            drawn = join(parts[0] if parts[0] == "keyed" else "/".join(parts[:2]), f"as:{field['table']}", field["as"])
        if pick == "draw" and "distribution" in field:
            place = index(field["distribution"], self.bits(drawn + "/pick", row), len(chosen))
        elif pick == "draw" and weights is not None and not field.get("match"):
            place = weighted(weights, self.bits(drawn + "/pick", row))
        elif pick == "draw":
            u = float(draw.unit(self.bits(drawn + "/pick", row))[0])
            place = math.floor(u * len(chosen)) if weights is None else by_weight(u, [weights[n] for n in chosen])
        elif pick in ("cycle", "shuffle"):
            place = self.counted[path]
            self.counted[path] += 1
        else:
            place = self.number_of(pick, variables)
        if pick == "shuffle":
            turn, at = divmod(place, len(rows))
            key = draw.numbered(np.array([draw.purpose_key(self.seed, drawn + "/shuffle")]), np.array([turn]))
            place = shuffled(at, len(rows), key[0])
        return None if place is None else rows[chosen[place % len(chosen)]]

    def places(self, field: Spec, path: str, row: Rows) -> list[Rows]:
        """Return the row of each place in a list or string, of which a length is drawn."""
        length = max(0, position(field["length_distribution"], self.bits(path + "/length", row)))
        return [draw.numbered(self.bits(path + "/place", row), np.array([place])) for place in range(length)]

    def pool(self, field: Spec, path: str, size: int) -> list:
        """Return the different values that are picked from; made before the run, so their counters are others."""
        key, whole = draw.purpose_key(self.seed, path + "/pool"), all_values(field, size)
        if path not in self.pools and 4 * size > 3 * len(whole) > 0:
            self.pools[path] = [whole[shuffled(place, len(whole), key)] for place in range(size)]
        if path not in self.pools:
            maker = Values(self.seed)
            maker.begin_record(Time(0, ""))  # of no matter: what is in a pool reads no time
            different: dict[str, object] = {}
            for attempt in itertools.count():
                row = draw.numbered(np.array([key]), np.array([attempt]))
                value = maker.fresh(field, path, row, {})
                different.setdefault(json_of(printed(value)), value)
                if len(different) == size:
                    break
            self.pools[path] = list(different.values())
        return self.pools[path]

    def happens(self, percent: float, path: str, row: Rows) -> bool:
        return draw.unit(self.bits(path, row))[0] * 100 < percent

    def bits(self, path: str, row: Rows) -> Rows:
        return bits(self.seed, path, row)


class Tables:
    """The tables of a spec, made when they are asked for."""

    def __init__(self, spec: Spec, seed: int, offset: str) -> None:
        self.spec, self.seed, self.offset = spec, seed, offset
        self.made: dict[str, tuple[list[Record], list[float] | None]] = {}

    def rows(self, name: str) -> tuple[list[Record], list[float] | None]:
        """Return the rows of a table, and their weights if it has any."""
        if name not in self.made:
            table = self.spec[name]
            rows = list(self.fresh(name, table))
            if "where" in table:
                rows = [row for row in rows if evaluate(table["where"], row, self.offset) is True]
            weight = table.get("weight")
            self.made[name] = rows, None if weight is None else [float(row[weight] or 0) for row in rows]
        return self.made[name]

    def fresh(self, name: str, table: Spec) -> Iterator[Record]:
        for row in table.get("rows", []):
            yield dict(zip(table["columns"], row, strict=True)) if isinstance(row, list) else row
        if "rows" not in table:
            values = Values(self.seed, self.offset)
            values.tables = self
            path = join("table", name)
            for key, above in self.keys(path, table):
                values.earlier = dict(above)
                for field in table["columns"]:
                    values.earlier[field["name"]] = values.make(field, join(path, field["name"]), key, {})
                columns = {field["name"]: values.earlier[field["name"]] for field in table["columns"]}
                yield {column: value for column, value in columns.items() if value is not MISSING}

    def keys(self, path: str, table: Spec) -> Iterator[tuple[Rows, Record]]:
        """Yield the row key of each row of a table, with what its columns may read."""
        if "per" not in table:
            for number in range(table["size"]):
                yield draw.numbered(np.array([draw.purpose_key(self.seed, path + "/row")]), np.array([number])), {}
            return
        for number, parent in enumerate(self.rows(table["per"]["table"])[0]):
            key = draw.numbered(np.array([draw.purpose_key(self.seed, path + "/parent")]), np.array([number]))
            count = max(0, position(table["per"]["count"], bits(self.seed, path + "/count", key)))
            for place in range(count):
                yield draw.numbered(bits(self.seed, path + "/row", key), np.array([place])), {"parent": parent}


def mirrored(at: float, field: Spec) -> float:
    """Return what the bounds of a signal make of a place beyond them."""
    low, high = field.get("min", -1e300), field.get("max", 1e300)
    if low <= at <= high:
        return at
    if field.get("bounds") != "clamp":
        if "min" in field and "max" in field and low < high:
            ahead = math.fmod(at - low, 2.0 * (high - low))
            ahead += 2.0 * (high - low) if ahead < 0 else 0.0
            at = low + min(ahead, 2.0 * (high - low) - ahead)
        else:
            at = 2.0 * low - at if at < low else 2.0 * high - at
    return min(max(at, low), high)


def alike(value: object, wanted: object) -> bool:
    """Return whether two values are equal, and of one type; the numbers are one."""
    numbers = [isinstance(one, int | float | Decimal) and not isinstance(one, bool) for one in (value, wanted)]
    if all(numbers):
        return compared("=", value, wanted)
    return value is not None and value == wanted and type(value) is type(wanted)


def by_weight(u: float, weights: list[float]) -> int | None:
    """Return which of some weights, side by side, a share of their sum falls on; None when all are 0."""
    sums = [0.0, *np.cumsum(weights).tolist()]
    return next((place for place, high in enumerate(sums[1:]) if high > u * sums[-1]), None)


def all_values(field: Spec, size: int) -> list:
    """Return all values in order, where each is as likely as any other and a pool of the size has most of them."""
    distribution = field.get("distribution", {})
    kind, is_even = field["type"].lower(), distribution.get("type", "").lower() == "uniform"
    if kind == "string" and field["length_distribution"]["type"].lower() == "constant":
        chars, length = field.get("chars", PRINTABLE), math.floor(field["length_distribution"]["value"])
        few = length > 0 and len(set(chars)) == len(chars) and len(chars) ** length < 2 * size
        return ["".join(made) for made in itertools.product(chars, repeat=length)] if few else []
    if kind not in ("int", "ipaddress", "timestamp") or not is_even:
        return []
    if kind == "timestamp":
        low, high = (time_ns(distribution[key]) // 10**6 for key in ("min", "max"))
    else:
        low, high = math.ceil(distribution["min"]), math.floor(distribution["max"])
    numbers = range(low, high + 1) if high - low < 2 * size else ()
    match kind:
        case "int":
            return list(numbers)
        case "ipaddress":
            return [dotted(number) for number in numbers]
    return [Time(number * 1000, offset_text(distribution["min"])) for number in numbers]


def printed(value: object) -> object:
    """Return a value as JSON has it, with times as texts."""
    if isinstance(value, Time):
        return value.text()
    if isinstance(value, dict):
        return {key: printed(member) for key, member in value.items()}
    return [printed(member) for member in value] if isinstance(value, list) else value


def text_of(value: object) -> str:
    shown = printed(value)
    return shown if isinstance(shown, str) else json_of(shown)


def json_of(value: object) -> str:
    """Write a value as compact JSON, decimals with all their digits."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_of(key)}:{json_of(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_of, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def named(part: object) -> Iterator[str]:
    """Yield the tables that stand in a part of a spec, the key ``table``."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "table")
    for member in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from named(member)


def before(behind: dict[str, list[str]], name: str) -> Iterator[str]:
    for other in behind[name]:
        yield from (*before(behind, other), other)


def on_one_line(text: str) -> str:
    """Return JSON without the space outside of its strings."""
    json.loads(text)
    return "".join(re.findall(r'"(?:[^"\\]|\\.)*"|[^ \t\n\r"]+', text))


def dotted(address: int) -> str:
    return ".".join(str(address >> shift & 0xFF) for shift in (24, 16, 8, 0))


def shuffled(place: int, size: int, key: np.uint64) -> int:
    """Return which of ``size`` numbers stands at a place of their shuffle: by eight rounds over two digits."""
    side = math.isqrt(size - 1) + 1
    number = place
    while True:
        left, right = divmod(number, side)
        for turn in range(8):
            row = draw.numbered(draw.numbered(np.array([key]), np.array([turn])), np.array([right]))
            left, right = right, (left + int(draw.below(row, side)[0])) % side
        number = left * side + right
        if number < size:
            return number


def bits(seed: int, path: str, row: Rows) -> Rows:
    return draw.bits(row, draw.purpose_key(seed, path))


def join(path: str, *names: str) -> str:
    return "/".join([path, *(name.replace("~", "~0").replace("/", "~1") for name in names)])


def real(distribution: Spec, random: Rows) -> float:
    return drawn(distribution, float(draw.unit(random)[0]))


def whole(distribution: Spec, random: Rows) -> int:
    if distribution["type"].lower() == "uniform":
        low, high = whole_ends(distribution)
        return low + int(draw.below(random, high - low + 1)[0])
    return rounded_draw(distribution, float(draw.unit(random)[0]), down=False)


def position(distribution: Spec, random: Rows) -> int:
    """Draw a length or an index: as ``whole``, but rounded down."""
    if distribution["type"].lower() == "uniform":
        return whole(distribution, random)
    return rounded_draw(distribution, float(draw.unit(random)[0]), down=True)


def index(distribution: Spec | None, random: Rows, size: int) -> int:
    if distribution is None:
        return int(draw.below(random, size)[0])
    return min(max(position(distribution, random), 0), size - 1)


def weighted(weights: list[float], random: Rows) -> int:
    cumulative = np.cumsum(np.array(weights, dtype=np.float64))
    return next(i for i, bound in enumerate(cumulative / cumulative[-1]) if bound > draw.unit(random)[0])


def chosen(field: Spec, random: Rows, size: int) -> int:
    """Draw which of several: by weights, where there are any."""
    if "weights" in field:
        return weighted(field["weights"], random)
    return index(field.get("cardinality_distribution"), random, size)


def wait_ns(distribution: Spec, random: Rows) -> int:
    return int(np.rint(max(real(distribution, random), 0.0) * 1e9))


def rounded(number: float, precision: int | None) -> float:
    if precision is None or abs(number) * 10**precision >= 2**53:
        return number
    return float(np.rint(number * 10**precision)) / 10**precision + 0.0


def timestamp(milliseconds: Spec, offset: str, random: Rows) -> tuple[int, str]:
    """Draw a time in whole milliseconds, here in µs, with its offset."""
    return whole(milliseconds, random) * 1000, offset


PRINTED = set(map(chr, range(0x20, 0x7F)))
TOO_MANY = 2**63  # ways for a single number


def matching(field: Spec, key: Rows) -> str:
    """Draw a text that matches a regular expression: by the number of its way, or part by part if there are many."""
    tree = ways_in(re._parser.parse(field["pattern"]), field.get("most", 8))
    numbers = (draw.numbered(key, np.array([place])) for place in itertools.count())

    def text(way: tuple, number: int | None) -> str:
        kind, count, *parts = way
        many = count >= TOO_MANY or (kind == "times" and number is None)
        if number is None and not (many and kind in ("all", "times")):
            drawn = next(numbers)
            number = int(drawn[0]) >> 11 if many else int(draw.below(drawn, count)[0])
        if kind == "char":
            return parts[number]
        if kind == "one":
            sums = list(itertools.accumulate(part[1] for part in parts))
            whole, scale = (count, 2**53) if many else (1, 1)
            place = next(i for i, total in enumerate(sums) if total * scale > number * whole)
            return text(parts[place], None if many else number - (sums[place] - parts[place][1]))
        digits = []
        for part in reversed(parts):
            number, digit = (None, None) if many else divmod(number, part[1])
            digits.append(digit)
        return "".join(text(part, digit) for part, digit in zip(parts, reversed(digits), strict=True))

    return text(tree, None)


def ways_in(items: Iterable, most: int) -> tuple:
    """Return the ways to match what Python's parser found: a kind, how many there are, and the parts."""
    found = []
    for code, value in items:
        match str(code):
            case "SUBPATTERN":
                found.append(ways_in(value[-1], most))
            case "BRANCH":
                found.append(one_way_of([ways_in(part, most) for part in value[1]]))
            case "MAX_REPEAT" | "MIN_REPEAT":
                low, high, part = value
                times = range(low, (max(low, most) if str(high) == "MAXREPEAT" else high) + 1)
                found.append(one_way_of([("times", *all_ways_of([ways_in(part, most)] * n)[1:]) for n in times]))
            case "AT":
                found.append(("char", 1, ""))
            case _:
                known = sorted(letters(value if str(code) == "IN" else [(code, value)]))
                found.append(("char", len(known), *known))
    return found[0] if len(found) == 1 else all_ways_of(found)


def letters(items: Iterable) -> set[str]:
    found: set[str] = set()
    for code, value in items:
        match str(code), str(value):
            case ("LITERAL", _):
                found.add(chr(value))
            case ("NOT_LITERAL", _):
                found |= PRINTED - {chr(value)}
            case ("RANGE", _):
                found |= set(map(chr, range(value[0], value[1] + 1)))
            case ("ANY", _):
                found |= PRINTED
            case (_, "CATEGORY_DIGIT"):
                found |= set("0123456789")
    return PRINTED - found if str(items[0][0]) == "NEGATE" else found


def one_way_of(parts: list[tuple]) -> tuple:
    return "one", sum(part[1] for part in parts), *parts


def all_ways_of(parts: list[tuple]) -> tuple:
    return "all", math.prod(part[1] for part in parts), *parts


def with_group(match: re.Match, put: str) -> str:
    """Put a text in place of group 1 of a match, or of all of it where that took no part."""
    if not match.re.groups or match[1] is None:
        return put
    first, last = (place - match.start() for place in match.span(1))
    return match[0][:first] + put + match[0][last:]


def time_ns(text: str) -> int:
    """Read an ISO 8601 time as nanoseconds since 1970; without an offset it is taken as UTC."""
    time = datetime.fromisoformat(text)
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH
    return since // timedelta(microseconds=1) * 1000


def offset_text(text: str) -> str:
    found = re.search(r"[T ].*?(Z|[+-].*)$", text)
    return found[1] if found else ""
