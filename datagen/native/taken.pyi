import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Octets = npt.NDArray[np.uint8]

def take(
    low: Integers,
    high: Integers,
    index: Floats,
    is_share: bool,
    is_once: bool,
    ends: Integers,
    over: Integers,
    tree: Integers,
    there: Octets,
    taken: Integers,
) -> None: ...
