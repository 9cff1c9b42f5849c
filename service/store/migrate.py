"""The database is brought to the form that this version of the program knows."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from service.store.nouns import StoreError

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Within the transaction of `connection`. Raises StoreError for a database of a newer version."""
    config = Config()
    # In Alembic's settings a per cent sign begins a variable.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    there = set(MigrationContext.configure(connection).get_current_heads())
    if there - known:
        raise StoreError(
            "The database was made by a newer version of llocust: update llocust, or give another with --database."
        )
    command.upgrade(config, "head")
