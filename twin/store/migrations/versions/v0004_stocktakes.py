"""Stock-takes: what was expected, scanned and found."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of stock-takes."""
    op.create_table(
        "stock_take",
        _id("id"),
        *_texts("name", "places", "state"),
        _big("opened_us"),
        *_texts("opened_by"),
        _big("closed_us", nullable=True),
        sa.Column("closed_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_stock_take"),
    )
    op.create_index("ix_stock_take_state", "stock_take", ["state"])
    op.create_table(
        "stock_take_expected",
        _id("take_id"),
        _id("record_id"),
        *_texts("code"),
        sa.Column("tag", TEXT, nullable=True),
        _big("place_id", nullable=True),
        *_texts("path"),
        sa.Column("state", TEXT, nullable=True),
        sa.Column("due", sa.Integer(), nullable=False),
        _of_take("stock_take_expected"),
        sa.PrimaryKeyConstraint("take_id", "record_id", name="pk_stock_take_expected"),
    )
    op.create_table(
        "stock_take_scan",
        _id("id"),
        _id("take_id"),
        *_texts("digest", "code"),
        _big("place_id", nullable=True),
        *_texts("path", "said", "who"),
        _big("at_us"),
        _big("received_us"),
        *_texts("source"),
        _of_take("stock_take_scan"),
        sa.PrimaryKeyConstraint("id", name="pk_stock_take_scan"),
        sa.UniqueConstraint("take_id", "digest", name="uq_stock_take_scan_take_id_digest"),
    )
    op.create_table(
        "stock_take_outcome",
        _id("take_id"),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("outcome", "code"),
        *(_big(name, nullable=True) for name in ("record_id", "expected_place_id", "found_place_id", "scan_id")),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        *_texts("findings"),
        _of_take("stock_take_outcome"),
        sa.PrimaryKeyConstraint("take_id", "ordinal", name="pk_stock_take_outcome"),
    )
    op.create_index("ix_stock_take_outcome_record_id", "stock_take_outcome", ["record_id"])


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, BIG, autoincrement=False, nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def _of_take(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["take_id"], ["stock_take.id"], name=f"fk_{table}_take_id")
