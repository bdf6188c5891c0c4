import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

def take(low: Integers, high: Integers, index: Floats, is_share: bool, tree: Integers, taken: Integers) -> None: ...
