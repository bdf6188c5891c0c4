"""The table ``user_agents``."""

from typing import Any, ClassVar

import pyarrow as pa
from pydantic import Field, model_validator

from datagen import draw
from datagen.plugin.user_agents import EDITION, UserAgent, user_agents
from datagen.plugin.world import World
from datagen.tables.drawn import Drawn
from datagen.tables.invented import MOST_ROWS
from datagen.tables.ready import OF_WEIGHT, ReadyTable


class UserAgents(ReadyTable):
    """Browsers, and what they call themselves, as frequent as they are among visitors of web pages.

    The columns are user_agent, browser, version, platform, device and share. Without a `size` there is one row for each
    browser, drawn by its share, unless `weight` says otherwise. With a `size` there are so many rows, each a browser that
    is drawn by its share, all of them equally likely then: those of so many visitors. They are a table of our own, whose
    date is part of what a run depends on.

    Example: {"type": "user_agents", "where": "device == 'mobile'"}
    Example: {"type": "user_agents", "size": 500}
    """

    kind: ClassVar[str] = "user_agents"
    size: int | None = Field(
        None, ge=1, le=MOST_ROWS, description="how many rows, drawn by their share; without it, each browser once"
    )
    weight: str | None = Field("share", description=f"{OF_WEIGHT}; with a `size` they are, unless this is there")

    @model_validator(mode="before")
    @classmethod
    def _is_weighted_once(cls, data: Any) -> Any:
        return {"weight": None} | data if isinstance(data, dict) and "size" in data else data

    def libraries(self) -> list[str]:
        return [EDITION]

    def names(self) -> list[str]:
        return list(UserAgent._fields)

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        agents = user_agents()
        found = {key: pa.array(column) for key, column in zip(self.names(), zip(*agents, strict=True), strict=True)}
        if self.size is None:
            return found
        drawn = draw.Weighted([agent.share for agent in agents])
        rows = pa.array(Drawn(name, self.size, world).weighted("user_agent", drawn))
        return {key: column.take(rows) for key, column in found.items()}
