import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Octets = npt.NDArray[np.uint8]

def walk(
    back: Integers,
    begun: Floats,
    origin: Integers,
    starts: Floats,
    steps: Floats,
    mean: float,
    reversion: float,
    low: float,
    high: float,
    reflects: bool,
    span: float,
    made: Floats,
    left: Floats,
) -> None: ...
def hold(back: Integers, begun: Floats, origin: Integers, stuck: Octets, readings: Floats, left: Floats) -> None: ...
def count(
    back: Integers, begun: Integers, origin: Integers, resets: Octets, made: Integers, left: Integers
) -> None: ...
