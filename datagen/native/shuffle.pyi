import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

def shuffled(places: Integers, size: int, side: int, key: np.uint64, found: Integers) -> None: ...
