import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]

def grouped(group: Codes, starts: Integers, order: Integers) -> None: ...
def place(codes: Codes, begin: int, positions: Codes, first: int, placed: Codes) -> None: ...
