"""Distributions for the oracle: what each makes of one number in [0, 1), in plain Python.

It shares the functions of ``datagen.draw`` with the engine, and gives them one number at a time. Those without a
formula are left to the comparison with scipy.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from itertools import accumulate

import numpy as np

from datagen import draw

Spec = dict  # a JSON object of the spec, as json.loads gives it

STEPS = 2**53  # a draw is made of a multiple of 1 / STEPS
LARGEST = (STEPS - 1) / STEPS


def drawn(distribution: Spec, u: float) -> float:
    """Return the draw of a number in [0, 1)."""
    if "least" not in distribution and "most" not in distribution:
        return sample(distribution, u) + 0.0
    kept = kept_numbers(json.dumps(distribution))
    place = min(math.floor(u * sum(map(len, kept))), sum(map(len, kept)) - 1)
    for numbers in kept:
        if place < len(numbers):
            return sample(distribution, numbers[place] / STEPS) + 0.0
        place -= len(numbers)
    raise ValueError(place)


@cache
def kept_numbers(text: str) -> list[range]:
    """Return the numbers, as multiples of 1 / STEPS, whose samples lie inside, in each stretch that samples rise in."""
    distribution = json.loads(text)
    least, most = distribution.get("least", -math.inf), distribution.get("most", math.inf)
    kept = []
    for begin, end in stretches(distribution):
        numbers = range(begin, end)
        first = halved(numbers, lambda number: sample(distribution, number / STEPS) >= least)
        last = halved(numbers, lambda number: sample(distribution, number / STEPS) > most)
        kept.append(range(first, last))
    return kept


def halved(numbers: range, reached) -> int:
    """Return the first number that has reached something; the end when none has."""
    low, high = numbers.start, numbers.stop
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low


def stretches(distribution: Spec) -> list[tuple[int, int]]:
    if distribution["type"].lower() != "mixture":
        return [(0, STEPS)]
    ends = parts(distribution)
    return list(zip([0, *ends], ends, strict=False))


def sample(distribution: Spec, u: float) -> float:
    """Return what a distribution without ``least`` and ``most`` makes of a number in [0, 1)."""
    match distribution["type"].lower(), distribution:
        case "constant", {"value": value}:
            return float(value)
        case "uniform", {"min": low, "max": high}:
            return low + (high - low) * u
        case "exponential", {"mean": mean}:
            return mean * exponential(u)
        case "normal", {"mean": mean, "stddev": stddev}:
            return mean + stddev * normal(u)
        case "lognormal", {"median": median, "sigma": sigma}:
            return median * exp(sigma * normal(u))
        case "lognormal", {"mean": mean, "sigma": sigma}:
            return mean * exp(-sigma * sigma / 2) * exp(sigma * normal(u))
        case "weibull", {"scale": scale, "shape": shape}:
            return scale * float(draw.raised(np.array([exponential(u)]), 1 / shape)[0])
        case "pareto", {"min": low, "alpha": alpha}:
            return low * exp(exponential(u) / alpha)
        case "triangular", {"min": low, "mode": mode, "max": high}:
            rising = (mode - low) / (high - low)
            if u < rising:
                return min(low + (high - low) * math.sqrt(u * rising), mode)
            return max(high - (high - low) * math.sqrt((1 - u) * (1 - rising)), mode)
        case "geometric", {"p": p}:
            return math.floor(exponential(u) / (exponential(1 - (1 - p)) * (p / (1 - (1 - p))))) + 1
        case "zipf", {"s": s, "n": n}:
            weights = [exp(-s * float(draw.log(np.array([float(rank)]))[0])) for rank in range(1, n + 1)]
            return distribution.get("first", 1) + bisect_right(shares(weights), u)
        case "discrete", {"values": values}:
            pairs = sorted(zip(values, weights_of(distribution, values), strict=True), key=lambda pair: pair[0])
            return pairs[bisect_right(shares([weight for _, weight in pairs]), u)][0]
        case "empirical", _:
            return measured(distribution, u)
        case "scaled", {"of": of}:
            times = distribution.get("times", 1)
            return drawn(of, LARGEST - u if times < 0 else u) * times + distribution.get("plus", 0)
        case "mixture", _:
            return drawn(*member(distribution, u))
    raise ValueError(distribution["type"])


def rounded(distribution: Spec, u: float, *, down: bool) -> int:
    """Return the whole draw of a number in [0, 1)."""
    if distribution["type"].lower() == "mixture" and "least" not in distribution and "most" not in distribution:
        inner, u = member(distribution, u)
        return rounded(inner, u, down=down)
    if distribution["type"].lower() == "uniform":
        low, high = whole_ends(distribution)
        return low + math.floor(u * (high - low + 1))
    return math.floor(drawn(distribution, u)) if down else round(drawn(distribution, u))


def whole_ends(uniform: Spec, step: float = 1) -> tuple[int, int]:
    """Return the first and the last whole number of steps that a uniform distribution draws."""
    low = max(uniform["min"], uniform.get("least", -math.inf))
    return math.ceil(low / step), math.floor(min(uniform["max"], uniform.get("most", math.inf)) / step)


def member(mixture: Spec, u: float) -> tuple[Spec, float]:
    """Return the member of a mixture that draws, and the number that it makes its draw of."""
    ends = parts(mixture)
    chosen = bisect_right(ends, u * STEPS)
    begin = ends[chosen - 1] if chosen else 0
    return mixture["of"][chosen], min((u * STEPS - begin) / (ends[chosen] - begin), LARGEST)


def parts(mixture: Spec) -> list[int]:
    """Return where the part of each member ends, in multiples of 1 / STEPS."""
    return [math.ceil(share * STEPS) for share in shares(weights_of(mixture, mixture["of"]))]


def measured(distribution: Spec, u: float) -> float:
    if "values" in distribution:
        values = sorted(distribution["values"])
        points = [(number / (len(values) - 1), value) for number, value in enumerate(values)]
    else:
        points = distribution["quantiles"]
    after = bisect_right([share for share, _ in points[:-1]], u)
    (begin, low), (end, high) = points[after - 1], points[after]
    return min(low + (high - low) * ((u - begin) / (end - begin)), high)


def weights_of(distribution: Spec, things: list) -> list[float]:
    return list(map(float, distribution.get("weights", [1] * len(things))))


def with_numbers(part: object, number: Callable[[str], float | None]) -> object:
    """Return a distribution with numbers for the texts in it and inside of it; None where one of these is null."""
    if isinstance(part, str):
        return number(part)
    if isinstance(part, list):
        made = [with_numbers(member, number) for member in part]
        return None if None in made else made
    if not isinstance(part, dict):
        return part
    made = {key: member if key == "type" else with_numbers(member, number) for key, member in part.items()}
    return None if None in made.values() else made


def shares(weights: list[float]) -> list[float]:
    """Return the share of each and all before it."""
    sums = list(accumulate(weights))
    return [sum_ / sums[-1] for sum_ in sums]


def exponential(u: float) -> float:
    return float(draw.exponential(np.array([u]))[0])


def normal(u: float) -> float:
    return float(draw.normal(np.array([u]))[0])


def exp(x: float) -> float:
    return float(draw.exp(np.array([float(x)]))[0])
