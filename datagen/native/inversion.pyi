import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

def tabulate(a: float, b: float, cells: Floats) -> None: ...
def places(cells: Floats, z: Floats, out: Floats) -> None: ...
