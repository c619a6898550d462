"""The tables, for SQLite and PostgreSQL alike. `migrations/` makes them; a test holds the two together.

Ids are integers given by the one writer (`engine.writing`), so both databases number alike and no sequence lags behind.
Text compares by bytes, times are microseconds since 1970 UTC, lengths metres, JSON is canonical text.
An *identity* is a feature id that ever was; a *feature* row is one state of it, current while `revision_to` is null.
The closure is that of the current tree, over identities, with every feature its own ancestor at depth 0: a changed
feature does not touch it. It is derived from `parent` and alone has no foreign keys, whose checks cost more than its rows.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

__all__ = ["access_key", "feature", "feature_closure", "identity", "issue", "ledger", "metadata", "model", "revision", "session", "site"]

BYTES_TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
BIG: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id(name: str = "id") -> Column[int]:
    return Column(name, BIG, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, *, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, BIG, ForeignKey(target), primary_key=primary_key, nullable=nullable, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, BYTES_TEXT, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


def _current(column: str) -> dict[str, Any]:
    return {"sqlite_where": text(column), "postgresql_where": text(column)}


site = Table(
    "site",
    metadata,
    _id(),
    _text("code"),
    _text("name"),
    _number("lon"),
    _number("lat"),
    _number("height_m"),
    _text("crs"),
    _number("geoid_separation_m", nullable=True),
    _number("radius_m"),
    _text("division", nullable=True),
    _text("labels"),
    _text("default_label"),
    Column("scene_revision", BIG, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("code"),
)

model = Table(
    "model",
    metadata,
    _id(),
    _ref("site_id", "site.id"),
    _text("key"),
    _text("kind"),
    _text("name"),
    UniqueConstraint("site_id", "key"),
)

revision = Table(
    "revision",
    metadata,
    _id(),
    _ref("model_id", "model.id"),
    Column("number", Integer, nullable=False),
    _text("status"),
    _text("sha256"),
    _text("options"),
    _text("file"),
    _text("who"),
    Column("recorded_us", BigInteger, nullable=False),
    _text("tool"),
    _text("file_schema"),
    _number("seconds"),
    _text("georeference"),
    _text("similarity", nullable=True),
    _text("mesh_pack", nullable=True),
    _text("counts"),
    UniqueConstraint("model_id", "number"),
    Index("ix_revision_model_id_sha256", "model_id", "sha256"),
    Index("ix_revision_current", "model_id", unique=True, **_current("status = 'current'")),
)

ledger = Table(
    "ledger",
    metadata,
    _ref("revision_id", "revision.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    _text("local_id"),
    _text("entity"),
    _text("class_name"),
    _text("outcome"),
    _text("reason"),
    Index("ix_ledger_revision_id_outcome", "revision_id", "outcome"),
)

issue = Table(
    "issue",
    metadata,
    _ref("revision_id", "revision.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    _text("code"),
    _text("path"),
    _text("message"),
    _text("severity"),
    _text("source"),
)

identity = Table(
    "identity",
    metadata,
    _id(),
    _ref("site_id", "site.id"),
    _ref("model_id", "model.id"),
    _text("feature_id"),
    UniqueConstraint("site_id", "feature_id"),
    Index("ix_identity_model_id", "model_id"),
)

feature = Table(
    "feature",
    metadata,
    _id(),
    _ref("identity_id", "identity.id"),
    _ref("model_id", "model.id"),
    _text("kind"),
    _text("class_name"),
    _text("name", nullable=True),
    _text("long_name", nullable=True),
    _text("order_key"),
    _text("parent", nullable=True),
    _text("building", nullable=True),
    _text("storey", nullable=True),
    _text("space", nullable=True),
    _text("label"),
    Column("footprint", LargeBinary),
    _number("x_min", nullable=True),
    _number("y_min", nullable=True),
    _number("z_min", nullable=True),
    _number("x_max", nullable=True),
    _number("y_max", nullable=True),
    _number("z_max", nullable=True),
    _number("z_low", nullable=True),
    _number("z_high", nullable=True),
    Column("geographic", LargeBinary),
    _number("west", nullable=True),
    _number("south", nullable=True),
    _number("east", nullable=True),
    _number("north", nullable=True),
    _number("low_m", nullable=True),
    _number("high_m", nullable=True),
    _number("area_m2", nullable=True),
    _text("properties"),
    _text("source_file"),
    _text("source_sha256"),
    _text("source_entity"),
    _text("global_id", nullable=True),
    _text("content_hash"),
    _ref("revision_from", "revision.id"),
    _ref("revision_to", "revision.id", nullable=True),
    Index("ix_feature_current", "identity_id", unique=True, **_current("revision_to IS NULL")),
    Index("ix_feature_model_id_kind", "model_id", "kind"),
    Index("ix_feature_history", "identity_id", "revision_from"),
    Index("ix_feature_revision_from", "revision_from", "identity_id"),
    Index("ix_feature_revision_to", "revision_to", "identity_id"),
)

feature_closure = Table(
    "feature_closure",
    metadata,
    _id("ancestor_id"),
    _id("descendant_id"),
    Column("depth", Integer, nullable=False),
    Index("ix_feature_closure_children", "ancestor_id", "depth"),
    Index("ix_feature_closure_path", "descendant_id", "depth"),
    sqlite_with_rowid=False,
)

access_key = Table(
    "access_key",
    metadata,
    _id(),
    _text("name"),
    _text("prefix"),
    _text("salt"),
    _text("digest"),
    _text("role"),
    _text("scopes"),
    _text("created_by"),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("used_us", BigInteger),
    UniqueConstraint("prefix"),
    Index("ix_access_key_in_use", "name", unique=True, **_current("revoked_us IS NULL")),
)

session = Table(
    "session",
    metadata,
    Column("digest", BYTES_TEXT, primary_key=True),
    _ref("key_id", "access_key.id"),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Index("ix_session_key_id", "key_id"),
)
