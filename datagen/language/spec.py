"""The models of a spec, and the checks across them: JSON to a frozen, checked ``Spec``, every problem found at once.

The checks across the spec work on the JSON itself, as far as it is usable, so that a mistake in one place does not hide
one in another.
"""

from pydantic import Field, ValidationError

from datagen.language.checks import SMALLEST_DELAY, Checks
from datagen.language.document import Document, problems_in
from datagen.language.population import Emitter, State
from datagen.plugin.distribution import AnyDistribution
from datagen.plugin.model import Maker, Model
from datagen.plugin.target import Targets
from datagen.problems import InvalidInput, Problem


class Spec(Model):
    """A generator spec: the states that workers walk through and the records that they emit."""

    states: list[State] = Field(min_length=1, description="the states; a worker begins in the first")
    emitters: list[Emitter] = Field(description="the kinds of records")
    interarrival: AnyDistribution = Field(description="seconds from one spawn of a worker to the next")
    target: Targets = Field([], description="where records go, one target or several; standard output without it")

    @property
    def stands_still(self) -> bool:
        """Tell whether time never passes: no gap and no delay can be above 0."""
        times = [self.interarrival, *(state.delay for state in self.states)]
        return all(time is None or time.highest() < SMALLEST_DELAY for time in times)


def read_spec(document: Document, registry: Maker) -> tuple[Spec, list[Problem]]:
    """Check a document; give the spec and warnings.

    Raises InvalidInput with all problems of the document.
    """
    spec = None
    problems: list[Problem] = []
    try:
        spec = Spec.model_validate(document.data, context=registry)
    except ValidationError as error:
        problems += problems_in(document, error)
    warnings: list[Problem] = []
    if isinstance(document.data, dict):
        checks = Checks(document.data, registry)
        problems += [document.problem(path, message) for path, message in checks.problems()]
        warnings += [document.problem(path, message) for path, message in checks.warnings()]
    if problems or spec is None:
        raise InvalidInput(in_order(problems))
    return spec, in_order(warnings)


def in_order(problems: list[Problem]) -> list[Problem]:
    """Sort problems by their place and drop those said twice."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line or 0, problem.column or 0))
