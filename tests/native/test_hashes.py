"""A million draws of every kind stay what they are, to the last bit, on every processor and with every compiler.

``tests/engine/test_fingerprints.py`` says the same of whole records. Write the hashes again, after a change that is
meant to change draws, with ``python -m tests.native.test_hashes``.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from datagen import draw
from datagen.dimensions.bytes import Bytes
from datagen.dimensions.credit_card import CreditCard
from datagen.dimensions.enum import Enum
from datagen.dimensions.float import Float
from datagen.dimensions.geo import Geo, Within
from datagen.dimensions.hex import Hex
from datagen.dimensions.ipaddress import Ipaddress
from datagen.dimensions.ipv6 import Ipv6
from datagen.dimensions.mac import Mac
from datagen.dimensions.regex import Regex
from datagen.dimensions.string import String
from datagen.dimensions.uuid import Uuid
from datagen.distributions.constant import Constant
from datagen.distributions.exponential import Exponential
from datagen.distributions.normal import Normal
from datagen.distributions.uniform import Uniform
from datagen.plugin.dimension import Rows
from datagen.plugin.registry import Registry
from datagen.plugin.world import World

REGISTRY = Registry.load()
HASHES = Path(__file__).with_name("hashes.json")
SIZE = 1_000_000
ROWS = draw.worker_keys(1, np.arange(SIZE))
KEY = draw.purpose_key(1, "hash")
BITS = draw.bits(ROWS, KEY)
Columns = Iterable[np.ndarray]

DISTRIBUTIONS = {
    "constant": Constant(value=-2.5),
    "exact constant": Constant(value=2**53 + 1),
    "uniform": Uniform(min=-1.5, max=12.5),
    "uniform of 64 bits": Uniform(min=-(2**63), max=2**63 - 1),
    "exponential": Exponential(mean=3),
    "normal": Normal(mean=4, stddev=5),
    "wide normal": Normal(mean=0, stddev=1e19),
    **{
        name: REGISTRY.make("distribution", {"type": name.rpartition(" ")[2], **keys})
        for name, keys in {
            "truncated normal": {"mean": 4, "stddev": 5, "least": 3.5, "most": 1000},
            "lognormal": {"median": 12, "sigma": 0.8},
            "gamma": {"shape": 2.5, "scale": 3},
            "small gamma": {"shape": 0.03, "scale": 1e9},
            "beta": {"a": 0.7, "b": 3},
            "weibull": {"shape": 1.5, "scale": 60},
            "pareto": {"min": 2, "alpha": 1.2},
            "triangular": {"min": -1, "mode": 3, "max": 12},
            "poisson": {"mean": 4.5},
            "large poisson": {"mean": 1e6},
            "binomial": {"n": 1000, "p": 0.3},
            "geometric": {"p": 0.2},
            "zipf": {"s": 1.1, "n": 1000},
            "discrete": {"values": [1, 6, 12], "weights": [5, 3, 0.1]},
            "empirical": {"quantiles": [[0, 1], [0.5, 12], [0.99, 300], [1, 2000]]},
            "scaled": {"of": {"type": "beta", "a": 2, "b": 5}, "times": -7, "plus": 9},
            "mixture": {"of": [{"type": "normal", "mean": 1, "stddev": 3}, {"type": "poisson", "mean": 9}], "least": 2},
        }.items()
    },
}
DIMENSIONS = {
    "float": Float(name="v", distribution=DISTRIBUTIONS["normal"], precision=2),
    "string": String(name="v", length_distribution=DISTRIBUTIONS["exponential"], chars="aä€😀"),
    "ipaddress": Ipaddress(name="v", distribution=DISTRIBUTIONS["wide normal"]),
    "uuid": Uuid(name="v"),
    "unique uuid": Uuid(name="v", unique=True),
    "hex": Hex(name="v", length=11),
    "bytes": Bytes(name="v", length=7),
    "mac": Mac(name="v"),
    "ipv6": Ipv6(name="v"),
    "regex": Regex(name="v", pattern=r"[A-Z]{3}-\d{2,4}(é|x+)?"),
    "regex of many ways": Regex(name="v", pattern=r"(\w{3,9}|€+)@[a-z]{9}"),
    "geo": Geo(name="v", within=Within(circle={"lat": 52.5, "lon": 13.4, "km": 9000}), format="array", precision=9),
    "credit_card": CreditCard(name="v", network="discover"),
}
WEIGHTED = Enum(name="v", values=[0, 1, 2, 3], weights=[0.1, 2, 0, 1e-3])


def values(name: str) -> Columns:
    """What the buffers of a dimension's values hold, as far as they are used."""
    made = DIMENSIONS[name].make(Rows(ROWS, "hash", World(1)))
    if made.type == pa.string():
        yield np.frombuffer(made.buffers()[1], np.int32)
    yield np.frombuffer(made.buffers()[-1], np.uint8)


KINDS: dict[str, Callable[[], Columns]] = {
    "bits": lambda: [BITS],
    "numbered": lambda: [draw.numbered(ROWS, np.arange(SIZE) - 5)],
    "items": lambda: [draw.item_keys(ROWS, KEY, np.arange(SIZE) % 3)],
    "unit": lambda: [draw.unit(BITS)],
    "exponential": lambda: [draw.exponential(draw.unit(BITS))],
    "normal": lambda: [draw.normal(draw.unit(BITS))],
    "exp": lambda: [draw.exp(draw.unit(BITS) * 1420.0 - 710.0)],
    "power": lambda: [draw.power(1.1, draw.unit(BITS) * 1000.0)],
    "log": lambda: [draw.log(draw.unit(BITS) + 1e-9)],
    "raised": lambda: [draw.raised(draw.unit(BITS), 2.7)],
    "sine": lambda: [draw.sine(draw.unit(BITS) * 10.0 - 5.0)],
    "shuffled": lambda: [draw.shuffled(np.arange(SIZE), SIZE + 7, KEY)],
    "absences": lambda: draw.absences(ROWS, (KEY, np.uint64(1)), (10, 33.3)),
    **{
        f"below {size}": lambda size=size: [draw.below(BITS, size)]
        for size in (1, 2, 3, 10, 95, 1000, 2**31, 2**32 - 1, 2**32, 10**12, 2**63, 2**64 - 1, 2**64)
    },
    **{
        f"{method}, {name}": lambda one=one, method=method, rest=rest: [getattr(one, method)(ROWS, KEY, *rest)]
        for name, one in DISTRIBUTIONS.items()
        for method, *rest in (("real",), ("whole",), ("length",), ("index", 8))
    },
    **{name: partial(values, name) for name in DIMENSIONS},
    "weighted": lambda: [WEIGHTED.make(Rows(ROWS, "hash", World(1))).indices.to_numpy()],
}


def hash_of(kind: str) -> str:
    made = hashlib.sha256()
    for column in KINDS[kind]():
        made.update(np.ascontiguousarray(column))
    return made.hexdigest()


def test_every_kind_of_draw_has_a_hash() -> None:
    assert set(json.loads(HASHES.read_text())) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_million_draws_are_what_they_were(kind: str) -> None:
    assert hash_of(kind) == json.loads(HASHES.read_text())[kind]


if __name__ == "__main__":
    HASHES.write_text(json.dumps({kind: hash_of(kind) for kind in KINDS}, indent=2) + "\n")
