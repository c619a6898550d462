"""Reading revisions, their ledgers and their findings."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from spatial.issue import Issue, Severity
from twin.errors import NotFound
from twin.store import schema
from twin.store.rows import LedgerEntry, ModelKind, RevisionRow, RevisionStatus
from twin.store.sites import site_row
from twin.store.values import from_json, from_microseconds, to_json, to_text

__all__ = [
    "find_current",
    "find_revision",
    "list_issues",
    "list_ledger",
    "list_models",
    "list_revisions",
    "revision_row",
    "share_of_known_ids",
]

MODEL, REVISION, SITE = schema.model.c, schema.revision.c, schema.site.c


def find_current(connection: Connection, site: str, model_key: str) -> RevisionRow | None:
    """The revision of a model that readers see."""
    row = connection.execute(_of_model(site, model_key).where(REVISION.status == RevisionStatus.CURRENT)).mappings().one_or_none()
    return None if row is None else _decoded(row)


def find_revision(connection: Connection, site: str, model_key: str, sha256: str, options: Mapping[str, Any]) -> RevisionRow | None:
    """The newest revision of a model that came from these bytes with these options."""
    same = (REVISION.sha256 == sha256) & (REVISION.options == to_json(options, canonical=True))
    row = connection.execute(_of_model(site, model_key).where(same).order_by(REVISION.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _decoded(row)


def list_models(connection: Connection, site: str) -> list[RevisionRow]:
    """The current revision of every model of a site, by key; raises SiteUnknown."""
    site_row(connection, site)
    rows = connection.execute(_revisions().where(SITE.code == site, REVISION.status == RevisionStatus.CURRENT).order_by(MODEL.key))
    return [_decoded(row) for row in rows.mappings()]


def list_revisions(connection: Connection, site: str, model_key: str) -> list[RevisionRow]:
    """Every revision of a model, oldest first; none where there is no such model."""
    return [_decoded(row) for row in connection.execute(_of_model(site, model_key).order_by(REVISION.number)).mappings()]


def revision_row(connection: Connection, revision_id: int) -> RevisionRow:
    """A revision by its id; raises NotFound."""
    row = connection.execute(_revisions().where(REVISION.id == revision_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no revision {revision_id}", path=str(revision_id))
    return _decoded(row)


def share_of_known_ids(connection: Connection, site: str, model_key: str, local_ids: Collection[str]) -> float:
    """Of the smaller of the two sets of ids, the file's and the model's ledger now, the share that is in both: 0.0 to 1.0.

    1.0 where the model is unknown or its ledger empty (nothing contradicts), 0.0 where only the file is empty.
    """
    ledger = schema.ledger.c
    current = (
        select(ledger.local_id)
        .join(schema.revision, REVISION.id == ledger.revision_id)
        .join(schema.model, MODEL.id == REVISION.model_id)
        .join(schema.site, SITE.id == MODEL.site_id)
        .where(SITE.code == site, MODEL.key == model_key, REVISION.status == RevisionStatus.CURRENT)
    )
    known = set(connection.execute(current).scalars())
    asked = {to_text(name) for name in local_ids}
    if not known:
        return 1.0
    return len(known & asked) / min(len(known), len(asked)) if asked else 0.0


def list_ledger(connection: Connection, revision_id: int, outcome: str | None) -> list[LedgerEntry]:
    """The ledger of a revision in the order it was read, or only one outcome of it; raises NotFound."""
    revision_row(connection, revision_id)
    table = schema.ledger.c
    query = select(schema.ledger).where(table.revision_id == revision_id).order_by(table.ordinal)
    if outcome is not None:
        query = query.where(table.outcome == outcome)
    return [
        LedgerEntry(local_id=row.local_id, entity=row.entity, class_name=row.class_name, outcome=row.outcome, reason=row.reason)
        for row in connection.execute(query)
    ]


def list_issues(connection: Connection, revision_id: int) -> list[Issue]:
    """The findings of a revision in the order they were made; raises NotFound."""
    revision_row(connection, revision_id)
    table = schema.issue.c
    rows = connection.execute(select(schema.issue).where(table.revision_id == revision_id).order_by(table.ordinal))
    return [Issue(code=row.code, path=row.path, message=row.message, severity=Severity(row.severity), source=row.source) for row in rows]


def _revisions() -> Select[Any]:
    named = (SITE.code.label("site"), MODEL.key.label("model_key"), MODEL.kind, MODEL.name.label("model_name"))
    return select(schema.revision, *named).join(schema.model, MODEL.id == REVISION.model_id).join(schema.site, SITE.id == MODEL.site_id)


def _of_model(site: str, model_key: str) -> Select[Any]:
    return _revisions().where(SITE.code == site, MODEL.key == model_key)


def _decoded(row: RowMapping) -> RevisionRow:
    return RevisionRow(
        id=row["id"],
        site=row["site"],
        model_key=row["model_key"],
        kind=ModelKind(row["kind"]),
        model_name=row["model_name"],
        number=row["number"],
        status=RevisionStatus(row["status"]),
        file=row["file"],
        sha256=row["sha256"],
        options=from_json(row["options"]),
        who=row["who"],
        imported_at=from_microseconds(row["recorded_us"]),
        tool=row["tool"],
        schema=row["file_schema"],
        seconds=row["seconds"],
        georeference=from_json(row["georeference"]),
        similarity=None if row["similarity"] is None else from_json(row["similarity"]),
        mesh_pack=row["mesh_pack"],
        counts=from_json(row["counts"]),
    )
