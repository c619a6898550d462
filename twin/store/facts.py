"""What a store is by itself: the key under which its tokens of changes are sealed."""

import secrets

from sqlalchemy import Connection, select, update

from twin.store.share_schema import store_fact

__all__ = ["changes_key", "renew_changes_key"]

NAME = "changes_key"


def changes_key(connection: Connection) -> bytes:
    """The key of this store's tokens, 32 bytes."""
    return bytes.fromhex(connection.execute(select(store_fact.c.value).where(store_fact.c.name == NAME)).scalar_one())


def renew_changes_key(connection: Connection) -> None:
    """Make the tokens given out so far those of another store: after a restore what they count may come again."""
    connection.execute(update(store_fact).where(store_fact.c.name == NAME).values(value=secrets.token_hex(32)))
