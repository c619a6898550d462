"""Recording a revision: what stayed keeps its row, what changed gets a new one, what vanished is ended. One transaction."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from spatial.feature import DEVICES, Feature
from spatial.frame import SiteFrame
from spatial.issue import Issue
from spatial.mesh import Float64
from twin.errors import Invalid, LabelUnknown, ModelKeyTaken
from twin.store import schema
from twin.store.closure import replace_closure
from twin.store.database import insert_rows, next_id
from twin.store.encode import encoded_features
from twin.store.revisions import find_current, revision_row, share_of_known_ids
from twin.store.rows import LedgerEntry, ModelKind, NewRevision, Outcome, RevisionRow, RevisionStatus
from twin.store.sites import count_change, get_policy, site_row
from twin.store.values import to_json, to_microseconds, to_text

__all__ = ["Progress", "encoded", "record_revision"]

Progress = Callable[[int, int], None]
MODEL_KEY = re.compile(r"[a-z0-9_-]{1,128}")


def encoded(new: NewRevision, features: Sequence[Feature], boxes: Mapping[str, Float64], frame: SiteFrame) -> list[dict[str, Any]]:
    """The features as columns of their table. Raises Invalid for the key's form, ModelKeyTaken for a key of devices, ValueError for
    what a reader must not produce."""
    reserved = new.model_key in DEVICES
    if reserved != (ModelKind(new.kind) is ModelKind.DEVICE):
        raise ModelKeyTaken(
            f"{new.model_key!r} is the model of a register of devices", path=new.model_key, hint="choose another key: --model, --layer"
        )
    if not MODEL_KEY.fullmatch(new.model_key):
        raise Invalid(f"{new.model_key!r} is not a model key", path=new.model_key, hint="lower-case letters, digits, - and _, at most 128")
    ids = [feature.id for feature in features]
    known = set(ids)
    if len(known) < len(ids):
        raise ValueError(f"{Counter(ids).most_common(1)[0][0]} occurs twice")
    for feature in features:
        if not feature.id.startswith(f"{new.model_key}:"):
            raise ValueError(f"{feature.id} is not an id of model {new.model_key}")
        if feature.parent is not None and feature.parent not in known:
            raise ValueError(f"{feature.id} lies under {feature.parent}, which is not among the features")
    return list(encoded_features(features, boxes, frame))


def record_revision(
    connection: Connection,
    new: NewRevision,
    features: Sequence[Feature],
    rows: Sequence[Mapping[str, Any]],
    ledger: Sequence[LedgerEntry],
    issues: Sequence[Issue],
    *,
    now: datetime,
    shared_ids_at_least: float,
    progress: Progress | None,
) -> RevisionRow:
    """The revision recorded, or the current one where bytes and options are its own; see `Store.record_revision`.

    `rows` are the features `encoded`: made before the lock is taken, because nobody else writes while it is held.
    """
    _check_labels(new, features, get_policy(connection, new.site).labels)
    site_id = int(site_row(connection, new.site)["id"])
    current = find_current(connection, new.site, new.model_key)
    if current is not None and current.kind != new.kind:
        raise ModelKeyTaken(
            f"{new.model_key!r} is a {current.kind} model of site {new.site}", path=new.model_key, hint="choose another key"
        )
    if current is not None and (current.sha256, to_json(current.options, canonical=True)) == _sameness(new):
        return current
    share = share_of_known_ids(connection, new.site, new.model_key, [entry.local_id for entry in ledger])
    if share < shared_ids_at_least:
        raise ModelKeyTaken.by_share(new.model_key, share)
    model_id = _model(connection, site_id, new)
    revision_id = _insert_revision(connection, model_id, new, current.number + 1 if current else 1, now)
    _write_features(connection, site_id, model_id, revision_id, features, rows, progress or _silent)
    _write_findings(connection, revision_id, ledger, issues)
    count_change(connection, site_id)
    return revision_row(connection, revision_id)


def _check_labels(new: NewRevision, features: Sequence[Feature], labels: Sequence[str]) -> None:
    for feature in features:
        if feature.label not in labels:
            raise LabelUnknown(f"{feature.id} is labelled {feature.label!r}; site {new.site} knows {', '.join(labels)}", path=feature.id)


def _sameness(new: NewRevision) -> tuple[str, str]:
    return new.sha256, to_json(new.options, canonical=True)


def _model(connection: Connection, site_id: int, new: NewRevision) -> int:
    table = schema.model
    found = connection.execute(select(table.c.id).where(table.c.site_id == site_id, table.c.key == new.model_key)).scalar_one_or_none()
    facts = {"kind": new.kind, "name": to_text(new.name)}
    if found is not None:
        connection.execute(update(table).where(table.c.id == found).values(facts))
        return int(found)
    model_id = next_id(connection, table)
    connection.execute(insert(table).values(id=model_id, site_id=site_id, key=new.model_key, **facts))
    return model_id


def _insert_revision(connection: Connection, model_id: int, new: NewRevision, number: int, now: datetime) -> int:
    table = schema.revision
    revision_id = next_id(connection, table)
    connection.execute(
        update(table).where(table.c.model_id == model_id, table.c.status == RevisionStatus.CURRENT).values(status=RevisionStatus.SUPERSEDED)
    )
    connection.execute(
        insert(table).values(
            id=revision_id,
            model_id=model_id,
            number=number,
            status=RevisionStatus.CURRENT,
            sha256=new.sha256,
            options=to_json(new.options, canonical=True),
            file=to_text(new.file),
            who=to_text(new.who),
            recorded_us=to_microseconds(now),
            tool=to_text(new.tool),
            file_schema=new.schema,
            seconds=new.seconds,
            georeference=to_json(new.georeference),
            similarity=None if new.similarity is None else to_json(new.similarity),
            mesh_pack=new.mesh_pack,
            counts=to_json(new.counts),
        )
    )
    return revision_id


def _write_features(
    connection: Connection,
    site_id: int,
    model_id: int,
    revision_id: int,
    features: Sequence[Feature],
    rows: Sequence[Mapping[str, Any]],
    progress: Progress,
) -> None:
    identities = _identities(connection, site_id, model_id, [to_text(feature.id) for feature in features])
    table = schema.feature
    stored = {
        row.identity_id: row
        for row in connection.execute(
            select(table.c.id, table.c.identity_id, table.c.parent, table.c.content_hash).where(
                table.c.model_id == model_id, table.c.revision_to.is_(None)
            )
        )
    }
    first = next_id(connection, table)
    fresh: list[dict[str, Any]] = []
    kept: set[int] = set()
    for feature, columns in zip(features, rows, strict=True):
        identity_id = identities[to_text(feature.id)]
        before = stored.get(identity_id)
        if before is not None and before.content_hash == columns["content_hash"]:
            kept.add(identity_id)
            continue
        keys = {"id": first + len(fresh), "identity_id": identity_id, "model_id": model_id, "revision_from": revision_id}
        fresh.append({**columns, **keys})
    ended = [row.id for identity_id, row in stored.items() if identity_id not in kept]
    if ended:
        end = update(table).where(table.c.id == bindparam("ended")).values(revision_to=revision_id)
        connection.execute(end, [{"ended": row} for row in ended])
    progress(len(kept), len(features))
    for done in insert_rows(connection, table, fresh):
        progress(len(kept) + done, len(features))
    tree = {identities[to_text(f.id)]: None if f.parent is None else identities[to_text(f.parent)] for f in features}
    numbered = {identity_id: identities.get(row.parent) for identity_id, row in stored.items()}
    if tree != numbered:
        replace_closure(connection, model_id, tree)


def _identities(connection: Connection, site_id: int, model_id: int, ids: Sequence[str]) -> dict[str, int]:
    table = schema.identity
    known: dict[str, int] = {
        row.feature_id: row.id for row in connection.execute(select(table.c.feature_id, table.c.id).where(table.c.model_id == model_id))
    }
    first = next_id(connection, table)
    fresh = [name for name in ids if name not in known]
    rows = [{"id": first + i, "site_id": site_id, "model_id": model_id, "feature_id": name} for i, name in enumerate(fresh)]
    for _ in insert_rows(connection, table, rows):
        pass
    return known | dict(zip(fresh, range(first, first + len(fresh)), strict=True))


def _write_findings(connection: Connection, revision_id: int, ledger: Sequence[LedgerEntry], issues: Sequence[Issue]) -> None:
    entries = [
        {
            "revision_id": revision_id,
            "ordinal": ordinal,
            "local_id": to_text(entry.local_id),
            "entity": to_text(entry.entity),
            "class_name": to_text(entry.class_name),
            "outcome": Outcome(entry.outcome).value,
            "reason": to_text(entry.reason),
        }
        for ordinal, entry in enumerate(ledger)
    ]
    findings = [
        {
            "revision_id": revision_id,
            "ordinal": ordinal,
            "code": issue.code,
            "path": to_text(issue.path),
            "message": to_text(issue.message),
            "severity": issue.severity.value,
            "source": to_text(issue.source),
        }
        for ordinal, issue in enumerate(issues)
    ]
    for table, rows in ((schema.ledger, entries), (schema.issue, findings)):
        for _ in insert_rows(connection, table, rows):
            pass


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
