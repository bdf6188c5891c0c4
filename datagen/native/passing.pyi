import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]
Octets = npt.NDArray[np.uint8]

def ending(workers: Integers, stopped: Integers, table: Codes, ends: Codes) -> None: ...
def last(low: Integers, high: Integers, index: Floats, is_share: bool, found: Integers) -> None: ...
def take(
    high: Integers,
    step: Integers,
    index: Floats,
    is_share: bool,
    is_once: bool,
    ends: Codes,
    rows: Integers,
    places: Codes,
    there: Octets,
    room: Codes,
    line: tuple[Codes, Keys, npt.NDArray[np.int16]],
    taken: Codes,
) -> None: ...
