"""The model of what a state goes through item by item."""

from typing import Self

from pydantic import Field, model_validator

from datagen.plugin.model import Model
from datagen.plugin.namespace import TableName


class Each(Model):
    """A list whose items a worker goes through in a state: it sets, records, spawns and stays once for each."""

    variable: str | None = Field(
        None, min_length=1, description="name of a variable that holds a list; this or `table` is required"
    )
    table: TableName | None = Field(
        None, min_length=1, description="name of a table, whose rows are the items, in order"
    )
    as_: str = Field(
        alias="as", min_length=1, description="name of the variable that holds the item, above those of the state"
    )

    @property
    def may_be_empty(self) -> bool:
        """Return whether there may be no item."""
        return self.table is None

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if (self.variable is None) == (self.table is None):
            raise ValueError('either "variable" or "table" is required, and not both')
        if "`" in (self.variable or ""):
            raise ValueError('the name in "variable" must not have a "`"')
        return self
