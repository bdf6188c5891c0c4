"""Whom workers bring about, and what becomes of all of them: a branching process of as many types as there are begins.

A child depends on its parent for where it begins alone, so that what families make follows from means (T. Harris, The
Theory of Branching Processes, 1963, chapter II). Knows nothing of how fast parents come.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datagen.draw import Floats
from datagen.engine.chain import Chain
from datagen.engine.waiting import Waiting
from datagen.language.population import Population

_GROWS = 1 - 1e-9  # children of its own type that one has, or more: then there is no end to them


@dataclass(frozen=True)
class Bearing:
    """Children whom one entry of a state brings about."""

    state: int  # number of the state
    place: int  # of the entry in it
    begin: int  # number of the state that they begin in
    count: float  # for each visit, on average


@dataclass(frozen=True)
class Families:
    """The descendants of workers."""

    population: Population  # with the transitions and delays that there are on average
    waiting: Waiting
    bearings: tuple[Bearing, ...]

    @cached_property
    def chains(self) -> dict[int, Chain]:
        """Return what is to be expected of children, by the state that they begin in."""
        begins = sorted({one.begin for one in self.bearings})
        return {number: Chain(self.population, number, self.waiting) for number in begins}

    @cached_property
    def ends(self) -> bool:
        """Return whether all children stop some time, and have no more and more descendants."""
        if any(self.chains[begin].visits is None for begin in self._places):
            return False
        return not len(self._born) or bool(np.abs(np.linalg.eigvals(self._born)).max() < _GROWS)

    def weights(self, own: Floats) -> Floats:
        """Return what a visit to each state makes with all who are brought about there, (states,).

        It is given by what a visit itself makes. Families must have an end.
        """
        if not self._fruitful:
            return own
        made = np.linalg.solve(np.eye(len(self._born)) - self._born, self._visits @ own)
        whole = own.astype(np.float64)
        for one in self._fruitful:
            whole[one.state] += one.count * made[self._places[one.begin]]
        return whole

    @property
    def _fruitful(self) -> list[Bearing]:
        return [one for one in self.bearings if one.count]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {begin: place for place, begin in enumerate(sorted({one.begin for one in self._fruitful}))}

    @cached_property
    def _visits(self) -> Floats:
        """Return how often each type of children is in each state, (types, states)."""
        return np.array([self.chains[begin].visits for begin in self._places], np.float64)

    @cached_property
    def _born(self) -> Floats:
        """Return how many children of each type one of each type has, (types, types)."""
        born = np.zeros((len(self._places), len(self._places)))
        for one in self._fruitful:
            born[:, self._places[one.begin]] += self._visits[:, one.state] * one.count
        return born
