import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

def real(family: int, offset: float, scale: float, random: Keys, drawn: Floats) -> None: ...
