"""How far a run has come in a database, kept there, in the very transactions that bring its records.

So records whose acknowledgement was lost are known to be there, and nothing is written twice. It imports psycopg, so it
is itself imported only where a connection is wanted.
"""

from psycopg.sql import SQL, Identifier

from datagen.plugin.target import Position, Undelivered
from datagen.problems import show
from datagen.targets.postgres.connection import Session

_TABLE = "datagen_progress"


class Progress:
    """The number of a run's records that a database has."""

    def __init__(self, session: Session, run: str, schema: str | None) -> None:
        """Take the name of a run, and the schema of the table of all such numbers, the user's own without one."""
        self._session = session
        self._connection = session.connection
        self._run = run
        self._at = Identifier(*([schema] if schema else []), _TABLE)

    def begin(self, position: Position, create: bool) -> int:
        """Return how many records are there; from nothing on without a position.

        Raises psycopg's Error, or Undelivered when that can't be known.
        """
        with self._session.waiting(), self._connection.transaction():
            self._provide(create)
            if position is None:
                statement = "INSERT INTO {} AS own VALUES (%s, 0) ON CONFLICT (run) DO UPDATE SET records = 0"
                self._connection.execute(SQL(statement).format(self._at), [self._run])
                return 0
            # A transaction of a process that was killed may still be under way; its lock is waited for.
            statement = "SELECT records FROM {} WHERE run = %s FOR UPDATE"
            found = self._connection.execute(SQL(statement).format(self._at), [self._run]).fetchone()
        known: int = found[0] if found else 0
        if known < position["records"]:
            raise Undelivered(
                f"has {known} records of this run, by {self._at.as_string()}, and should have {position['records']}",
                lasting=True,
            )
        return known

    def move(self, before: int, after: int) -> None:
        """Change the number, as a part of a transaction. Raises Undelivered when it is no more what it was."""
        statement = SQL("UPDATE {} SET records = %s WHERE run = %s AND records = %s").format(self._at)
        if self._connection.execute(statement, [after, self._run, before]).rowcount != 1:
            raise Undelivered("another process writes the records of this run", lasting=True)

    def _provide(self, create: bool) -> None:
        columns = "(run text PRIMARY KEY, records bigint NOT NULL)"
        statement = SQL("CREATE TABLE {} " + columns).format(self._at)
        if self._is_there():
            return
        if not create:
            text = f'{show(_TABLE)} does not exist, and "create" is false: {statement.as_string()}'
            raise Undelivered(text, lasting=True)
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_TABLE])
        if not self._is_there():
            self._connection.execute(statement)

    def _is_there(self) -> bool:
        found = self._connection.execute("SELECT to_regclass(%s) IS NOT NULL", [self._at.as_string()]).fetchone()
        return bool(found and found[0])
