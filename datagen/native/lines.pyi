from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

def write(
    table: Integers,
    parts: Integers,
    owners: npt.NDArray[np.int32],
    constants: bytes,
    ends: Integers,
    allocate: Callable[[int], Any],
) -> Any: ...
