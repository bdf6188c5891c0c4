"""The dimension ``user_agent``."""

from functools import cached_property
from typing import ClassVar, Literal, Self

import pyarrow as pa
from pydantic import Field, model_validator

from datagen.plugin.choice import Choice
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.user_agents import EDITION, user_agents


class UserAgent(Dimension):
    """What a browser calls itself, as frequent as it is among visitors of web pages.

    `device`, `platform` and `browser` say which ones. The table `user_agents` has these facts as columns.

    Example: {"type": "user_agent", "name": "agent", "device": "mobile"}
    """

    kind: ClassVar[str] = "user_agent"
    fixed: ClassVar[bool] = True
    device: Literal["desktop", "mobile"] | None = Field(None, description="the device; any when it is not there")
    platform: Literal["android", "ios", "linux", "macos", "windows"] | None = Field(
        None, description="the system; any when it is not there"
    )
    browser: Literal["chrome", "edge", "firefox", "safari"] | None = Field(
        None, description="the browser; any when it is not there"
    )

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if not self._texts:
            raise ValueError(
                "there is no such browser: " + " on ".join(filter(None, (self.browser, self.platform, self.device)))
            )
        return self

    def libraries(self) -> list[str]:
        return [EDITION]

    @cached_property
    def _texts(self) -> dict[str, float]:
        """Return how often each of them comes."""
        wanted = {"device": self.device, "platform": self.platform, "browser": self.browser}
        asked = {key: value for key, value in wanted.items() if value is not None}
        return {
            agent.user_agent: agent.share
            for agent in user_agents()
            if all(getattr(agent, key) == value for key, value in asked.items())
        }

    @cached_property
    def _choice(self) -> Choice:
        return Choice(len(self._texts), list(self._texts.values()))

    def extent(self) -> Extent:
        lengths = [len(text) for text in self._texts]
        return Extent(sum(lengths) / len(lengths), max(lengths))

    def make(self, rows: Rows) -> pa.Array:
        return pa.DictionaryArray.from_arrays(self._choice.of(rows.keys, rows.key("pick")), list(self._texts))
