"""The dimension ``ip_in``."""

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen.draw import Keys, Marks
from datagen.plugin.choice import OF_WEIGHTS, Choice, Weights, check_weights
from datagen.plugin.dimension import Rows
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import colons, dotted
from datagen.problems import show

_WORD = 2**64 - 1


def _network(value: Any) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise ValueError(f'must be a network such as "10.0.0.0/8", found {show(value)}')
    try:
        return ip_network(value)
    except ValueError as error:
        raise ValueError(f'must be a network such as "10.0.0.0/8": {error}') from error


Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network), WithJsonSchema({"type": "string"})]


class IpIn(PooledDimension):
    """An address of one of some networks, of IPv4 or IPv6.

    Each network is equally likely, unless `weights` say how often each comes; in it each of its addresses is, the first
    and the last included.

    Example: {"type": "ip_in", "name": "client", "networks": ["10.1.0.0/16", "2001:db8::/32"], "weights": [9, 1]}
    """

    kind: ClassVar[str] = "ip_in"
    networks: list[Network] = Field(min_length=1, description='the networks, as "ADDRESS/LENGTH"')
    weights: Weights | None = Field(None, description=OF_WEIGHTS)

    @model_validator(mode="after")
    def _is_weighted(self) -> Self:
        check_weights(self.kind, self.weights, len(self.networks), "networks")
        return self

    @cached_property
    def _choice(self) -> Choice:
        return Choice(len(self.networks), self.weights)

    @cached_property
    def _first(self) -> Keys:
        """Return the words of the first address of each network, (networks, 2)."""
        return _words([int(network.network_address) for network in self.networks])

    @cached_property
    def _free(self) -> Keys:
        """Return which bits of the words are any, (networks, 2)."""
        return _words([int(network.hostmask) for network in self.networks])

    @cached_property
    def _is_short(self) -> Marks:
        """Return which of the networks are of IPv4, (networks,)."""
        return np.array([network.version == 4 for network in self.networks])

    def different_values(self) -> int:
        return self.networks[0].num_addresses if len(self.networks) == 1 else 0

    def make(self, rows: Rows) -> pa.Array:
        network = self._choice.of(rows.keys, rows.key("pick"))
        words = rows.words(2) & self._free[network] | self._first[network]
        if self._is_short.all():
            return _short(words)
        if not self._is_short.any():
            return colons(words)
        is_short = self._is_short[network]
        order = np.argsort(~is_short, kind="stable")
        made = pa.concat_arrays([_short(words[is_short]), colons(words[~is_short])])
        return made.take(pa.array(np.argsort(order, kind="stable")))


def _words(numbers: list[int]) -> Keys:
    return np.array([(number >> 64, number & _WORD) for number in numbers], np.uint64)


def _short(words: Keys) -> pa.Array:
    return dotted(np.ascontiguousarray(words[:, 1]).view(np.int64))
