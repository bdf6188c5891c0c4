"""The models of a state that workers are in, and of where they may go from there."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from datagen.language.delay import AnyDelay, Next
from datagen.language.each import Each
from datagen.language.resource import Waiting
from datagen.plugin.computed import Computed
from datagen.plugin.dimension import AnyDimension
from datagen.plugin.distribution import SMALLEST_WAIT, Distribution
from datagen.plugin.expression import AnyExpression, MaybeNumber
from datagen.plugin.model import Maker, Model, Named, invalid
from datagen.plugin.namespace import EmitterName, namespace_of
from datagen.plugin.profile import AnyProfile
from datagen.plugin.seconds import SecondsDistribution
from datagen.problems import Path_, show
from datagen.records.expression import Expression

STOP = "stop"


_NOT_NEGATIVE = WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]})
_Probability = Annotated[MaybeNumber, _NOT_NEGATIVE]


def _check_count(count: int | float | Expression) -> int | float | Expression:
    if not isinstance(count, Expression) and count < 0:
        raise ValueError(f"must be greater than or equal to 0, found {show(count)}")
    return count


_Count = Annotated[MaybeNumber, AfterValidator(_check_count), _NOT_NEGATIVE]


def _meant(changes: dict[str, Expression], info: "ValidationInfo[Maker]") -> dict[str, Expression]:
    return {namespace_of(info).meant("shared", name): expression for name, expression in changes.items()}


class Transition(Model):
    """Where a worker may go from a state."""

    next: str = Field(description='the state to enter next, or "stop"')
    probability: _Probability | None = Field(
        None,
        description="share of workers that go there; with an expression or `when` in the list a weight, 1 if left out",
    )
    when: AnyExpression | None = Field(
        None, description="an expression; the transition is out where it is not true when the worker leaves the state"
    )

    def expressions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its expressions, each with its key."""
        if self.when is not None:
            yield "when", self.when
        if isinstance(self.probability, Expression):
            yield "probability", self.probability

    @property
    def share(self) -> float:
        """Return its probability, or weight, where that is a number."""
        return 1.0 if self.probability is None or isinstance(self.probability, Expression) else self.probability


class Spawn(Model):
    """Other workers that a worker brings about: its children."""

    name: str = Field("", description="name of the entry, which keys what is drawn for them; its `state` without it")
    state: str = Field(description="the state that they begin in")
    population: str | None = Field(None, description="which of several populations that is of; this one without it")
    variables: list[AnyDimension] = Field(
        [], description="variables that they are born with; they may read those of the worker, and `spawn.index`"
    )
    delay: SecondsDistribution | None = Field(
        None, description="how long after the record they are born, in seconds; at once without it"
    )
    count: _Count = Field(1, description="how many; a number, or an expression, which is rounded down")

    @property
    def called(self) -> str:
        """Return its name."""
        return self.name or self.state

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name path of its draws, from that of the state on."""
        return "spawn", self.called

    def json_path(self, place: int) -> Path_:
        """Return where it stands in the JSON of a state that has so many before it."""
        return "spawn", place

    @property
    def is_at_once(self) -> bool:
        """Return whether there is surely a child, at the instant of the record."""
        waits = self.delay is not None and self.delay.bounds().most >= SMALLEST_WAIT
        return not waits and not isinstance(self.count, Expression) and self.count >= 1


class Gift(Spawn):
    """What a worker is given at the time that it has waited for: as one who is born then, but it is no other worker."""

    place: Path_ = Field(description="where the source stands in the JSON of the state")

    @property
    def names(self) -> tuple[str, ...]:
        return ("delay", "source", self.name) if self.name else ("delay",)

    def json_path(self, place: int) -> Path_:
        return self.place


class State(Waiting):
    """A state that workers are in."""

    name: str = Field(min_length=1, description='name of the state, unique, not "stop"')
    each: Each | None = Field(
        None,
        description="the `variable` whose list, or the `table`, to go through, and what to call the item `as`: "
        "variables, `set`, record, `spawn` and delay come once for each, a step of its own; with none a worker goes on",
    )
    emitter: EmitterName | None = Field(
        None, description="name of the emitter whose record is emitted on entering the state"
    )
    variables: list[AnyDimension] = Field([], description="variables of the worker that are set on entering the state")
    set_: Annotated[Named[AnyExpression], AfterValidator(_meant)] = Field(
        {},
        alias="set",
        description="shared values to change once the variables are set, each with an expression: of the spec by name, "
        "or `row.name` of the row that a variable holds",
    )
    delay: AnyDelay | None = Field(
        None, description="how long a worker stays, in seconds; 0 without it; its numbers may be expressions"
    )
    delay_profile: AnyProfile | None = Field(
        None, description="how fast the time of the delay goes by: the profile, or profiles, in whose base time it runs"
    )
    spawn: list[Spawn] = Field([], description="other workers to bring about, who take no place under a limit")
    next: str | None = Field(
        None, description='the state to enter next, or "stop", in place of `transitions`; without both a worker stops'
    )
    transitions: list[Transition] = Field(
        [], min_length=1, description="where to go from here; probabilities sum to 1, but for weights"
    )
    ordered: bool = Field(
        False, description="whether the first of the transitions is taken whose `when` is true; none is drawn then"
    )

    @cached_property
    def ways(self) -> list[Transition]:
        """Return the transitions, also where there are none in the spec."""
        return self.transitions or [Transition(next=self.next or STOP, probability=1)]

    @property
    def drawn_delay(self) -> Distribution | None:
        """Return its delay where that is always of the same distribution."""
        return self.delay if isinstance(self.delay, Distribution) else None

    @property
    def mean_delay(self) -> float:
        """Return the mean of its delay in seconds, 0 where that follows from the instant at which it begins."""
        return 0.0 if self.drawn_delay is None or self.follows_the_instant else self.drawn_delay.mean_wait()

    @cached_property
    def delay_numbers(self) -> dict[Path_, Expression]:
        """Return the numbers of its delay by their paths, where some are expressions."""
        return self.delay.numbers if isinstance(self.delay, Computed) else {}

    @property
    def follows_the_instant(self) -> bool:
        """Return whether how long one stays depends on when that begins, and on what is known then."""
        return self.delay is not None and (self.drawn_delay is None or self.delay_profile is not None)

    @property
    def entries(self) -> list[Spawn]:
        """Return what workers are spawned by, and behind that what one is given at times that it has waited for."""
        return [*self.spawn, *self.gifts]

    @cached_property
    def gifts(self) -> list[Gift]:
        """Return what one is given at times that it has waited for."""
        times = self.delay.source if isinstance(self.delay, Next) else ()
        return [
            Gift.model_construct(
                name=one.arrival.name or "",
                state=self.name,
                variables=one.arrival.variables,
                delay=None,
                count=0,
                place=("delay", "source", *([number] if len(times) > 1 else [])),
            )
            for number, one in enumerate(times)
            if one.arrival.variables
        ]

    def expressions(self) -> Iterator[Expression]:
        """Yield all its expressions but those of variables."""
        yield from self.delay_numbers.values()
        yield from (expression for way in self.transitions for _, expression in way.expressions())
        yield from (expression for _, expression in self.others())

    def others(self) -> Iterator[tuple[Path_, Expression]]:
        """Yield all its expressions but those of variables and transitions, each with its path from here."""
        yield from (*self.priorities(), *self.matches(), *self.counts(), *self.changes())
        if self.gather is not None and self.gather.by is not None:
            yield ("gather", "by"), self.gather.by

    def changes(self) -> Iterator[tuple[tuple[str, str], Expression]]:
        """Yield what shared values are set to, in order, each with its path from here."""
        yield from ((("set", name), expression) for name, expression in self.set_.items())

    def counts(self) -> Iterator[tuple[tuple[str, int, str], Expression]]:
        """Yield how many workers it spawns where that is an expression, each with its path from here."""
        for number, entry in enumerate(self.spawn):
            if isinstance(entry.count, Expression):
                yield ("spawn", number, "count"), entry.count

    @cached_property
    def is_conditional(self) -> bool:
        """Return whether it is only known on leaving the state which transitions there are, and with which weights."""
        return self.ordered or any(True for way in self.transitions for _ in way.expressions())

    @property
    def never_waits(self) -> bool:
        """Return whether every delay is 0."""
        if self.delay is None:
            return True
        return self.drawn_delay is not None and self.drawn_delay.bounds().most < SMALLEST_WAIT

    @property
    def bears_at_once(self) -> list[str]:
        """Return the states that others surely begin in as soon as a worker comes to this one."""
        takes_turns = self.requests and not self.never_waits
        has_nothing = self.each is not None and self.each.may_be_empty
        return [] if takes_turns or has_nothing else [entry.state for entry in self.spawn if entry.is_at_once]

    @model_validator(mode="after")
    def _has_fitting_transitions(self) -> Self:
        lines: list[tuple[Path_, str]] = []
        if self.next is not None and self.transitions:
            lines.append((("next",), 'can\'t stand beside "transitions"; put it among these'))
        if self.delay_profile is not None and self.delay is None:
            lines.append((("delay_profile",), 'is for "delay", and there is none'))
        if self.delay_profile is not None and isinstance(self.delay, Next):
            lines.append((("delay_profile",), "is for a delay that is drawn; this one is over at given times"))
        if self.ordered and not self.transitions:
            lines.append((("ordered",), 'is for "transitions", and there are none'))
        if self.timeout is not None and not self.waits:
            lines.append((("timeout",), 'is for "join", "gather", "acquire" and "use", and there are none'))
        set_here = {one.name for one in (*self.variables, *(one for entry in self.gifts for one in entry.variables))}
        if self.each is not None and self.each.variable in set_here:
            text = f"this state sets {show(self.each.variable)} while it goes through it; set it in a state before"
            lines.append((("each", "variable"), text))
        strangers = (number for number, entry in enumerate(self.spawn) if entry.population is not None)
        lines += [(("spawn", number, "population"), 'the spec has no "populations"') for number in strangers]
        names = [entry.called for entry in self.spawn]
        for number, name in enumerate(names):
            if name in names[:number]:
                text = f"the name {show(name)} is taken already; give it another one"
                lines.append((("spawn", number, "name"), text))
        for number, way in enumerate(self.transitions):
            key, text = self._misfit(number, way)
            if text:
                lines.append((("transitions", number, key), text))
        if lines:
            raise invalid("State", lines)
        return self

    def _misfit(self, number: int, way: Transition) -> tuple[str, str]:
        """Return the key of a transition that does not fit to the others, and why; "" when there is none."""
        given = way.probability
        if self.ordered:
            if given is not None:
                return (
                    "probability",
                    'can\'t be where transitions are "ordered": the first whose "when" is true is taken',
                )
            if way.when is None and number < len(self.transitions) - 1:
                return "when", 'is required where transitions are "ordered", but for the last one: none behind is taken'
            return "", ""
        if given is None:
            return ("", "") if self.is_conditional else ("probability", '"probability" is required')
        if isinstance(given, Expression):
            return "", ""
        if self.is_conditional:
            text = f"must be greater than or equal to 0, found {show(given)}" if given < 0 else ""
            return "probability", text
        if given <= 0:
            return "probability", f"must be greater than 0, found {show(given)}"
        return "probability", f"must be less than or equal to 1, found {show(given)}" if given > 1 else ""
