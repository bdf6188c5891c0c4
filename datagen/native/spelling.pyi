from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

def respell(
    data: Any, ends: npt.NDArray[np.int64], indent: int, ascii: bool, allocate: Callable[[int], Any]
) -> Any: ...
