import numpy as np
import numpy.typing as npt

def waits(
    family: int,
    offset: float,
    scale: float,
    rows: npt.NDArray[np.uint64],
    purpose: np.uint64,
    drawn: npt.NDArray[np.int64],
) -> None: ...
