"""How long a simulation warms up before the start of its records."""

from math import inf

from datagen.engine.expectation import Expectation
from datagen.language.population import Population

_LIVES = 10  # mean lives of workers that ``auto`` takes,
_LONGEST = 7 * 86_400  # seconds, and at most


def warm_up_of(population: Population) -> int:
    """Return the warm-up in ns, whole µs; ``auto`` is ten mean lives, and 0 where workers never stop."""
    if population.warm_up != "auto":
        return population.warm_up // 1000 * 1000
    life = Expectation(population).life
    return 0 if life is None or life == inf else int(min(_LIVES * life, _LONGEST) * 1e6) * 1000
