"""Changes by index since a position, and what left to whom (docs/decisions/030)."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PACKAGE = (
    "receiver", "dataset", "kind", "state", "reason", "definition", "position", "manifest_sha256", "manifest", "folder", "who",
)  # fmt: skip


def upgrade() -> None:
    """Add the range of record ids of each import, the indexes, the tables, and the key of this store's tokens."""
    for name in ("first_record", "last_record"):
        op.add_column("register_revision", sa.Column(name, sa.BigInteger()))
    _find_ranges()
    op.drop_index("ix_change_since", "change")
    op.create_index("ix_change_since", "change", ["kind", "since", "id"])
    op.create_index("ix_register_revision_clock", "register_revision", ["kind", "clock"])
    for name in ("revision_from", "revision_to"):
        op.create_index(f"ix_feature_{name}", "feature", [name, "identity_id"])
    facts = op.create_table(
        "store_fact",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_store_fact"),
    )
    op.bulk_insert(facts, [{"name": "changes_key", "value": secrets.token_hex(32)}])
    op.create_table(
        "share_package",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in PACKAGE),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share_package"),
        sa.UniqueConstraint("receiver", "dataset", "sequence", name="uq_share_package_receiver_dataset_sequence"),
    )


def _find_ranges() -> None:
    """The records that imports of before brought: one pass over each kind that has any."""
    connection = op.get_bind()
    connection.exec_driver_sql("UPDATE register_revision SET first_record = 0, last_record = -1")
    tables = sa.inspect(connection)
    for name in tables.get_table_names():
        if not {"record_id", "revision_id", "row_hash"} <= {column["name"] for column in tables.get_columns(name)}:
            continue
        table = sa.table(name, sa.column("revision_id"), sa.column("record_id"))
        query = sa.select(table.c.revision_id, sa.func.min(table.c.record_id), sa.func.max(table.c.record_id))
        found = connection.execute(query.where(table.c.revision_id.is_not(None)).group_by(table.c.revision_id)).all()
        revisions = sa.table("register_revision", *map(sa.column, ("id", "first_record", "last_record")))
        for revision_id, first, last in found:
            change = sa.update(revisions).where(revisions.c.id == revision_id).values(first_record=first, last_record=last)
            connection.execute(change)
