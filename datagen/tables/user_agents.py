"""The table ``user_agents``."""

from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.user_agents import UserAgent, user_agents
from datagen.plugin.world import World
from datagen.tables.ready import OF_WEIGHT, ReadyTable


class UserAgents(ReadyTable):
    """Browsers, and what they call themselves, as frequent as they are among visitors of web pages.

    The columns are user_agent, browser, version, platform, device and share. They are drawn by their share, unless
    `weight` says otherwise.

    Example: {"type": "user_agents", "where": "device == 'mobile'"}
    """

    kind: ClassVar[str] = "user_agents"
    weight: str | None = Field("share", description=OF_WEIGHT)

    def names(self) -> list[str]:
        return list(UserAgent._fields)

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        columns = zip(*user_agents(), strict=True)
        return {key: pa.array(column) for key, column in zip(self.names(), columns, strict=True)}
