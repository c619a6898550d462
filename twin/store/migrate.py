"""Bring the tables up to date, from an installed wheel too; migrations are packaged beside this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from twin.errors import StoreNewer

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["HEAD", "find_tables", "is_current", "migrate", "missing_steps"]

HEAD = "0010"
"""The newest migration; known here so that a store that is up to date is opened without loading Alembic."""


def migrate(connection: Connection, *, to: str | None = None) -> None:
    """Run the migrations that are missing, up to `to` or all, inside the transaction of `connection`: all of them or none."""
    if is_current(connection):
        return
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to or "head")


def missing_steps(stands: str | None) -> list[tuple[str, str]]:
    """Each migration after `stands` (None: all), the oldest first, with what it says it does."""
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory.from_config(_config()).iterate_revisions("head", stands or "base")
    return [(step.revision, (step.doc or "").strip()) for step in reversed(list(steps))]


def is_current(connection: Connection) -> bool:
    """Whether the tables stand where this code's do; raises StoreNewer where a newer version of the twin made them."""
    stands = find_tables(connection)
    if stands == HEAD:
        return True
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    if stands is not None and stands not in {known.revision for known in script.walk_revisions()}:
        raise StoreNewer(
            f"the records were written by a newer version of the twin (tables {stands}, this one knows {script.get_current_head()})",
            hint="install that version, or name another TWIN_HOME",
        )
    return False


def find_tables(connection: Connection) -> str | None:
    """The migration the tables stand at, None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "twin.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
