"""Sites, models, revisions with their ledgers and findings, features and their closure."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "feature_closure",
        sa.Column("ancestor_id", BIG, autoincrement=False, nullable=False),
        sa.Column("descendant_id", BIG, autoincrement=False, nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ancestor_id", "descendant_id", name="pk_feature_closure"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_feature_closure_children", "feature_closure", ["ancestor_id", "depth"])
    op.create_index("ix_feature_closure_path", "feature_closure", ["descendant_id", "depth"])
    op.create_table(
        "site",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("height_m", sa.Double(), nullable=False),
        sa.Column("crs", TEXT, nullable=False),
        sa.Column("geoid_separation_m", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=False),
        sa.Column("division", TEXT, nullable=True),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("default_label", TEXT, nullable=False),
        sa.Column("scene_revision", BIG, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.UniqueConstraint("code", name="uq_site_code"),
    )
    op.create_table(
        "model",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("site_id", BIG, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_model_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        sa.UniqueConstraint("site_id", "key", name="uq_model_site_id_key"),
    )
    op.create_table(
        "identity",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("site_id", BIG, autoincrement=False, nullable=False),
        sa.Column("model_id", BIG, autoincrement=False, nullable=False),
        sa.Column("feature_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_identity_model_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_identity_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("site_id", "feature_id", name="uq_identity_site_id_feature_id"),
    )
    op.create_index("ix_identity_model_id", "identity", ["model_id"])
    op.create_table(
        "revision",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("model_id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("options", TEXT, nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("tool", TEXT, nullable=False),
        sa.Column("file_schema", TEXT, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("georeference", TEXT, nullable=False),
        sa.Column("similarity", TEXT, nullable=True),
        sa.Column("mesh_pack", TEXT, nullable=True),
        sa.Column("counts", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_revision_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        sa.UniqueConstraint("model_id", "number", name="uq_revision_model_id_number"),
    )
    op.create_index("ix_revision_current", "revision", ["model_id"], unique=True, **_where("status = 'current'"))
    op.create_index("ix_revision_model_id_sha256", "revision", ["model_id", "sha256"])
    op.create_table(
        "feature",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("identity_id", BIG, autoincrement=False, nullable=False),
        sa.Column("model_id", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("class_name", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("long_name", TEXT, nullable=True),
        sa.Column("order_key", TEXT, nullable=False),
        sa.Column("parent", TEXT, nullable=True),
        sa.Column("building", TEXT, nullable=True),
        sa.Column("storey", TEXT, nullable=True),
        sa.Column("space", TEXT, nullable=True),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("footprint", sa.LargeBinary(), nullable=True),
        sa.Column("x_min", sa.Double(), nullable=True),
        sa.Column("y_min", sa.Double(), nullable=True),
        sa.Column("z_min", sa.Double(), nullable=True),
        sa.Column("x_max", sa.Double(), nullable=True),
        sa.Column("y_max", sa.Double(), nullable=True),
        sa.Column("z_max", sa.Double(), nullable=True),
        sa.Column("z_low", sa.Double(), nullable=True),
        sa.Column("z_high", sa.Double(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("properties", TEXT, nullable=False),
        sa.Column("source_file", TEXT, nullable=False),
        sa.Column("source_sha256", TEXT, nullable=False),
        sa.Column("source_entity", TEXT, nullable=False),
        sa.Column("global_id", TEXT, nullable=True),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("revision_from", BIG, autoincrement=False, nullable=False),
        sa.Column("revision_to", BIG, autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name="fk_feature_identity_id"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_feature_model_id"),
        sa.ForeignKeyConstraint(["revision_from"], ["revision.id"], name="fk_feature_revision_from"),
        sa.ForeignKeyConstraint(["revision_to"], ["revision.id"], name="fk_feature_revision_to"),
        sa.PrimaryKeyConstraint("id", name="pk_feature"),
    )
    op.create_index("ix_feature_current", "feature", ["identity_id"], unique=True, **_where("revision_to IS NULL"))
    op.create_index("ix_feature_history", "feature", ["identity_id", "revision_from"])
    op.create_index("ix_feature_model_id_kind", "feature", ["model_id", "kind"])
    op.create_table(
        "issue",
        sa.Column("revision_id", BIG, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_issue_revision_id"),
        sa.PrimaryKeyConstraint("revision_id", "ordinal", name="pk_issue"),
    )
    op.create_table(
        "ledger",
        sa.Column("revision_id", BIG, autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("local_id", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("class_name", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_ledger_revision_id"),
        sa.PrimaryKeyConstraint("revision_id", "ordinal", name="pk_ledger"),
    )
    op.create_index("ix_ledger_revision_id_outcome", "ledger", ["revision_id", "outcome"])


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
