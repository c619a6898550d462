"""Keys, kept as salted hashes, and the sessions of browsers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_USE = sa.text("revoked_us IS NULL")


def upgrade() -> None:
    """Make the tables of keys."""
    op.create_table(
        "access_key",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("name", "prefix", "salt", "digest", "role", "scopes", "created_by")),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("expires_us", "revoked_us", "used_us")),
        sa.PrimaryKeyConstraint("id", name="pk_access_key"),
        sa.UniqueConstraint("prefix", name="uq_access_key_prefix"),
    )
    op.create_index("ix_access_key_in_use", "access_key", ["name"], unique=True, sqlite_where=IN_USE, postgresql_where=IN_USE)
    op.create_table(
        "session",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("key_id", BIG, autoincrement=False, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["access_key.id"], name="fk_session_key_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
    )
    op.create_index("ix_session_key_id", "session", ["key_id"])
