"""A PostgreSQL server of the tests' own, so that it can crash without disturbing others."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.servers.installed import free_port, unavailable


class OwnPostgres:
    """A server with one database, in a directory of its own; it runs as the user postgres where we are root."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "/none")]
        if not found[-1].exists():
            unavailable("needs PostgreSQL's initdb and pg_ctl; install the package postgresql")
        self._programs = found[-1].parent
        self._folder = tempfile.mkdtemp(prefix="own-postgres-")
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres")
        self._port = free_port()
        self._run("initdb", "-D", f"{self._folder}/data", "-A", "trust", "-U", "postgres", "--no-sync")
        self.start()

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it; return when it answers."""
        options = f"-p {self._port} -h 127.0.0.1 -k {self._folder}"
        self._run("pg_ctl", "-D", f"{self._folder}/data", "-o", options, "-l", f"{self._folder}/log", "-w", "start")

    def crash(self) -> None:
        """End it at once, as a crash does; it recovers when it starts again."""
        self._run("pg_ctl", "-D", f"{self._folder}/data", "-m", "immediate", "stop")

    def rows(self, table: str) -> int:
        """Count the rows of a table, 0 when there is none."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() == (None,):
                return 0
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def remove(self) -> None:
        self.crash()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        line = [str(self._programs / program), *arguments]
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run([*as_postgres, *line], capture_output=True, text=True, cwd=self._folder, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
