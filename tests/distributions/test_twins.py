"""The oracle's distributions, in plain Python, against those of the engine: the same to the last bit."""

import numpy as np
import pytest

from tests.distributions.kinds import ENDS, made, numbers
from tests.engine.reference_distribution import drawn, rounded
from tests.engine.strategies import REALS, WHOLES


@pytest.mark.parametrize("described", [*REALS, *WHOLES], ids=str)
def test_the_oracle_draws_what_the_engine_draws(described: dict) -> None:
    distribution, u = made(described), np.concatenate([ENDS, numbers(200)])
    assert distribution.drawn(u).tolist() == [drawn(described, number) for number in u.tolist()]
    for down in (True, False):
        expected = [rounded(described, number, down=down) for number in u.tolist()]
        assert distribution.rounded(u, down=down).tolist() == expected
