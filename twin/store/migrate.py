"""Bring the tables up to date, from an installed wheel too; migrations are packaged beside this file."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

__all__ = ["find_version", "migrate", "newest_version"]


def migrate(connection: Connection) -> None:
    """Run the migrations that are missing, inside the transaction of `connection`: all of them or none."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def find_version(connection: Connection) -> str | None:
    """The migration the tables stand at, None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_version() -> str:
    """The migration that this code's tables stand at."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "twin.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
