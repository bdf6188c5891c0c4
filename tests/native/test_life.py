"""What goes on along lives: columns that don't fit are refused before anything is written."""

from collections.abc import Callable

import numpy as np
import pytest

from datagen.native import life

BACK = np.array([-1, 0, -3])
ORIGIN = np.array([0, 2, 2])
NOTHING = np.full(3, np.nan)


def walked(
    back: np.ndarray = BACK, origin: np.ndarray = ORIGIN, sizes: tuple[int, ...] = (3, 3, 3, 3, 3)
) -> np.ndarray:
    begun, starts, steps, made, left = (np.full(size, np.nan) for size in sizes)
    starts[:], steps[:], made[:] = 5, 1, -1
    try:
        life.walk(back, begun, origin, starts, steps, 0.0, 0.0, -9.0, 9.0, True, 18.0, made, left)
    except ValueError:
        assert (made == -1).all()
        raise
    return made


def test_values_of_one_row_follow_one_another() -> None:
    assert walked().tolist() == [5, 5, 6]
    assert walked(origin=np.array([0, 1, 1])).tolist() == [5, 6, 7]


@pytest.mark.parametrize(
    "given",
    [
        {"back": np.array([-1, 1, -1])},
        {"back": np.array([-1, -1, 7])},
        {"origin": np.array([0, 2, 1])},
        {"origin": np.array([0, 1, 3])},
        {"origin": np.array([-1, 1, 2])},
        *({"sizes": tuple(3 - (place == short) for place in range(5))} for short in range(5)),
    ],
)
def test_rows_out_of_order_and_other_lengths_are_refused(given: dict) -> None:
    with pytest.raises(ValueError, match="not in order, or columns of other lengths"):
        walked(**given)


FLAGS = np.zeros(3, np.uint8)
MISFITS: dict[str, Callable[[], None]] = {
    "readings of another length": lambda: life.hold(BACK, NOTHING, ORIGIN, FLAGS, NOTHING[:2].copy(), NOTHING.copy()),
    "too few that say what is stuck": lambda: life.hold(
        BACK, NOTHING, ORIGIN, FLAGS[:2], NOTHING.copy(), NOTHING.copy()
    ),
    "too few counts": lambda: life.count(BACK, BACK, ORIGIN, FLAGS, np.zeros(2, int), np.zeros(3, int)),
    "counts of another batch": lambda: life.count(BACK, BACK, ORIGIN + 1, FLAGS, np.zeros(3, int), np.zeros(3, int)),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_is_refused(misfit: str) -> None:
    with pytest.raises(ValueError, match="not in order, or columns of other lengths"):
        MISFITS[misfit]()
