"""The values of plain field generators, one at a time, for the walk: what conditions read of them.

Each is drawn with the key that the column of the same values is drawn with, so it is the same to the last bit.
"""

import cython
import numpy as np
from cython.cimports.datagen.native.choice import place_of
from cython.cimports.datagen.native.draws import held, high_word, mix, off, standard, to_whole, unit

EVENLY = cython.declare(cython.int, 0)  # as in plugin.recipe
DOWN = cython.declare(cython.int, 2)
REAL = cython.declare(cython.int, 3)
WEIGHED = cython.declare(cython.int, 4)
TRUTH = cython.declare(cython.int, 5)
KINDS = 6
FAMILIES = 4  # as in draw
WHOLE = 1 << 53  # where weights end


def check_recipes(tables: object) -> None:
    """Raise ValueError when there is a recipe of another kind, or one whose weights don't end where others begin."""
    recipe = tables.recipe
    fits = [recipe["kind"] >= 0, recipe["kind"] < KINDS, recipe["family"] >= 0, recipe["family"] < FAMILIES]
    if not np.all(fits) or (recipe["begin"] < 0).any():
        raise ValueError("a recipe of another kind")
    for row in recipe[recipe["kind"] == WEIGHED]:
        if not 0 <= row["shift"] <= 53 or not row["guide"] >= 0 or not row["bounds"] >= 0:
            raise ValueError("weights that there are not")
        size = WHOLE >> int(row["shift"])
        guide = tables.guide[row["guide"] : row["guide"] + size]
        ends = np.flatnonzero(tables.bounds[row["bounds"] :] == WHOLE)
        if len(guide) != size or not len(ends) or guide.min() < 0 or guide.max() > ends[0]:
            raise ValueError("weights that do not end, or a guide out of them")


@cython.final  # so that its methods are called directly
@cython.cclass
class Recipes:
    """Draws values as recipes say."""

    def __init__(self, tables: object) -> None:
        """Take recipes and the weights that they draw by; raises ValueError when these don't fit together."""
        check_recipes(tables)
        self.recipe, self.bounds, self.guide = tables.recipe, tables.bounds, tables.guide
        self.whole, self.real = 0, 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def draw(self, number: cython.int, row: cython.ulonglong) -> cython.bint:
        """Draw a value for a step, by its key; return whether there is one: null has the first place of a list."""
        recipe: cython.pointer(cython.const[Recipe]) = cython.address(self.recipe[number])
        random: cython.ulonglong = mix(row ^ recipe.purpose)
        if recipe.is_odd and self._is_absent(number, row):
            self.whole, self.real = 0, 0.0
            return recipe.begin > 0
        if recipe.kind == EVENLY:
            self.whole = cython.cast(
                cython.longlong, cython.cast(cython.ulonglong, recipe.first) + high_word(random, recipe.count)
            )
            self.whole = held(self.whole, recipe.least, recipe.most) + recipe.begin
        elif recipe.kind == REAL:
            self.real = self._number(number, random)
            if recipe.digits > 0:
                self.real = off(self.real, recipe.digits)
        else:
            self.whole = self._place(number, random) + recipe.begin
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _is_absent(self, number: cython.int, row: cython.ulonglong) -> cython.bint:
        """Return whether a value is missing or null."""
        if unit(mix(row ^ self.recipe[number].missing)) * 100.0 < self.recipe[number].percent_missing:
            return True
        return unit(mix(row ^ self.recipe[number].null)) * 100.0 < self.recipe[number].percent_nulls

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _number(self, number: cython.int, random: cython.ulonglong) -> cython.double:
        """Return a real number before it is rounded, never -0.0."""
        form: cython.double = standard(self.recipe[number].family, random)
        return self.recipe[number].offset + self.recipe[number].scale * form + 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _place(self, number: cython.int, random: cython.ulonglong) -> cython.longlong:
        """Return a rounded number, or a place in a list."""
        recipe: cython.pointer(cython.const[Recipe]) = cython.address(self.recipe[number])
        if recipe.kind == TRUTH:
            return unit(random) < recipe.offset
        if recipe.kind == WEIGHED:
            return place_of(random >> 11, self.bounds, self.guide, recipe.shift, recipe.bounds, recipe.guide)
        return held(to_whole(self._number(number, random), recipe.kind == DOWN), recipe.least, recipe.most)
