"""Bring the tables up to date, from an installed wheel too; migrations are packaged beside this file."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from twin.errors import StoreUnavailable

__all__ = ["is_current", "migrate"]


def migrate(connection: Connection) -> None:
    """Run the migrations that are missing, inside the transaction of `connection`: all of them or none."""
    if is_current(connection):
        return
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_current(connection: Connection) -> bool:
    """Whether the tables stand where this code's do; raises StoreUnavailable where a newer version of the twin made them."""
    script = ScriptDirectory.from_config(_config())
    stands = MigrationContext.configure(connection).get_current_revision()
    if stands is not None and stands not in {known.revision for known in script.walk_revisions()}:
        raise StoreUnavailable(
            f"the records were written by a newer version of the twin (tables {stands}, this one knows {script.get_current_head()})",
            hint="install that version, or name another TWIN_HOME",
        )
    return stands == script.get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "twin.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
