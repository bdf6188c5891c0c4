import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int32]

def weighted(keys: Keys, purpose: np.uint64, bounds: Keys, guide: Codes, shift: int, chosen: Codes) -> None: ...
