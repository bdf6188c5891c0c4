import numpy as np
import numpy.typing as npt

class Heaps:
    def __init__(self, heaps: npt.NDArray[np.int64]) -> None: ...
