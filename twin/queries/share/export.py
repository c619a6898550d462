"""Writing packages: whole first, then what differs from what the receiver holds; recorded before it leaves, seen whole or not at all.

Whatever is killed at any point, the next run goes on: what was not recorded leaves no trace, what was recorded is laid where it
belongs or made again under the same number.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from spatial.source import bytes_sha256
from twin.auth import Action, Principal, Protected, authorise
from twin.queries.items.asked import Asked
from twin.queries.items.catalogue import Catalogue
from twin.queries.items.query import ItemQuery, item_query
from twin.queries.share import manifest as documents
from twin.queries.share.audit import ABANDONED, PREPARED, PUBLISHED, Package, last_package, record_package, set_state
from twin.queries.share.forms import Form, digest_of, forms_of, id_of, masked_items, open_rows
from twin.queries.share.held import Held, held_file
from twin.queries.share.manifest import MANIFEST, REMOVED, SCHEMA, Counts
from twin.queries.share.plan import Plan
from twin.queries.share.secret import fingerprint, key_of
from twin.store import record_schema, schema
from twin.store.backup.files import sync_folder
from twin.store.staging import staging
from twin.store.values import from_microseconds, to_json

__all__ = ["Shared", "iter_forms_of", "share", "source_position"]

ITEMS_AT_ONCE = 4_999
"""One less than a multiple of what record pages read at once: a page looks one item further."""
POSITION = "position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What an export did: the package that left, or None where nothing had changed since `last`; `resumed` one that was recorded before."""

    plan: Plan
    package: Package | None
    last: Package | None
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One run: where things lie and what was before."""

    plan: Plan
    key: bytes
    definition: str
    last: Package | None
    reason: str
    folder: Path
    states: Path
    who: str
    now: datetime

    @property
    def sequence(self) -> int:
        return self.last.sequence + 1 if self.last else 1

    @property
    def kind(self) -> str:
        return "full" if self.reason else "increment"


def share(
    catalogue: Catalogue, home: Path, plan: Plan, out: Path, principal: Principal, *, now: datetime, full: bool = False, empty: bool = False
) -> Shared:
    """Make the next package of a plan below `out`; `full` whole in any case, `empty` also where nothing changed.

    Raises Forbidden and NotFound where the principal may not share these sites and labels, StoreBusy where the same is being shared.
    """
    _require_allowed(principal, plan)
    receiver, dataset = plan.receiver.name, plan.dataset.name
    key = key_of(home / "share-keys", receiver) if plan.needs_key else b""
    database = catalogue.store.database
    with database.alone(f"share-{receiver}-{dataset}"):
        with database.reading() as connection:
            last = last_package(connection, receiver, dataset)
        folder, states = out / receiver / dataset, home / "exports" / receiver / dataset
        if last is not None and last.state == PREPARED:
            if _laid(catalogue, last):
                last = replace(last, state=PUBLISHED)
                return Shared(plan=plan, package=last, last=last, resumed=True)
            with database.reading() as connection:
                last = last_package(connection, receiver, dataset)
        definition = documents.definition_of(plan, fingerprint(key) if key else "")
        task = _Task(
            plan=plan,
            key=key,
            definition=definition,
            last=last,
            reason=_reason(last, definition, states, full=full),
            folder=folder,
            states=states,
            who=principal.name,
            now=now,
        )
        return Shared(plan=plan, package=_made(catalogue, task, empty=empty), last=last)


def iter_forms_of(connection: Connection, catalogue: Catalogue, plan: Plan, key: bytes) -> Iterator[list[Form]]:
    """The rows a receiver may have now, some thousands at a time."""
    query: ItemQuery = item_query(connection, catalogue, plan.collection, plan.reader, Asked(filters=plan.filters))
    after: str | None = ""
    while after is not None:
        page = query.page(after=after, limit=ITEMS_AT_ONCE)
        if page.items:
            yield forms_of(masked_items(page.items, plan, key), plan)
        after = page.after


def source_position(connection: Connection) -> tuple[str, int]:
    """A digest that is another whenever anything of the store was changed that a package could tell, and when that was last recorded."""
    clock, counter = record_schema.clock.c, record_schema.counter.c
    clocks = connection.execute(select(clock.kind, clock.now).order_by(clock.kind)).all()
    counters = connection.execute(select(counter.name, counter.next).where(counter.name.in_(("change", "touched"))).order_by(counter.name))
    sites = connection.execute(select(schema.site.c.code, schema.site.c.scene_revision, schema.site.c.labels).order_by(schema.site.c.code))
    revision, imported, change = schema.revision.c, record_schema.register_revision.c, record_schema.change.c
    scene = connection.execute(select(func.max(revision.id), func.max(revision.recorded_us))).one()
    seen = imported.status.in_(("current", "sweeping", "superseded"))
    ledgers = connection.execute(select(func.max(imported.recorded_us)).where(seen)).scalar_one()
    last = connection.execute(select(change.recorded_us).order_by(change.id.desc()).limit(1)).scalar_one_or_none()
    facts = [list(map(tuple, clocks)), list(map(tuple, counters)), list(map(tuple, sites)), tuple(scene)]
    digest = bytes_sha256(to_json(facts, canonical=True).encode())
    return digest, max(scene[1] or 0, ledgers or 0, last or 0)


def _require_allowed(principal: Principal, plan: Plan) -> None:
    """Nobody shares what they may not know of themselves: labels, sites, units and amounts of money of the receiver are theirs too."""
    path = plan.dataset.name
    authorise(principal, Action.SHARE, None)
    for label in sorted(plan.receiver.labels):
        authorise(principal, Action.SHARE, Protected(label=label, path=path))
    for site in sorted(plan.reader.sites):
        authorise(principal, Action.SHARE, Protected(site=site, path=path))
    if plan.collection.record is None:
        return
    authorise(principal, Action.READ_RECORD, None)
    for units in [()] if "*" in plan.receiver.units else [(unit,) for unit in sorted(plan.receiver.units)]:
        authorise(principal, Action.READ_RECORD, Protected(units=units, path=path))
    if plan.receiver.values:
        authorise(principal, Action.READ_VALUE, None)


def _reason(last: Package | None, definition: str, states: Path, *, full: bool) -> str:
    """Why the package is a full one; empty for an increment."""
    if last is None:
        return "first"
    if full:
        return "asked"
    if last.definition != definition:
        return "catalogue changed"
    return "" if (states / f"{last.sequence:06d}.sqlite").is_file() else "state lost"


def _made(catalogue: Catalogue, task: _Task, *, empty: bool) -> Package | None:
    database = catalogue.store.database
    before = task.states / f"{task.last.sequence:06d}.sqlite" if task.last and not task.reason else None
    with ExitStack() as stack:
        connection = stack.enter_context(database.reading())
        position, recorded_us = source_position(connection)
        if before is not None and not empty:
            with held_file(before) as held:
                if held.find(POSITION) == position:
                    return None
        incoming = stack.enter_context(staging(task.folder)) / "package"
        coming = stack.enter_context(staging(task.states)) / "held.sqlite"
        incoming.mkdir()
        counts, total = _write_rows(connection, catalogue, task, incoming, before, coming)
        connection.rollback()
        if before is not None and counts.added + counts.changed + counts.removed == 0 and not empty:
            with held_file(before) as held:
                held.note(POSITION, position)
            return None
        with held_file(coming) as held:
            held.note(POSITION, position)
        package = _described(task, incoming, counts, total, position, recorded_us)
        sync_folder(incoming)
        coming.replace(task.states / f"{task.sequence:06d}.sqlite")
        with database.writing() as writer:
            record_package(writer, package)
        _lay(incoming, Path(package.folder))
        with database.writing() as writer:
            set_state(writer, package, PUBLISHED)
    for old in task.states.glob("*.sqlite"):
        if old.name < f"{task.sequence:06d}.sqlite":
            old.unlink()
    return replace(package, state=PUBLISHED)


def _write_rows(
    connection: Connection, catalogue: Catalogue, task: _Task, incoming: Path, before: Path | None, coming: Path
) -> tuple[Counts, int]:
    """Write the rows that differ from those held before, and what is held after; one pass over what the receiver may have."""
    added = changed = removed = rows = 0
    with ExitStack() as stack:
        file = stack.enter_context(closing(open_rows(incoming / documents.rows_name(task.plan), task.plan)))
        old: Held | None = stack.enter_context(held_file(before)) if before else None
        with held_file(coming) as new:
            for forms in iter_forms_of(connection, catalogue, task.plan, task.key):
                digests = [(id_of(form), digest_of(form)) for form in forms]
                new.add(digests)
                rows += len(forms)
                known = old.digests([name for name, _ in digests]) if old else {}
                differing = [form for form, (name, digest) in zip(forms, digests, strict=True) if known.get(name) != digest]
                changed += sum(id_of(form) in known for form in differing)
                added += sum(id_of(form) not in known for form in differing)
                if differing:
                    file.write(differing)
            new.index()
            total = new.total
        if old is not None:
            removed = _write_removed(old.missing_in(coming), incoming / REMOVED)
    return Counts(rows=added + changed, added=added, changed=changed, removed=removed, total=rows), total


def _write_removed(ids: Iterator[str], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["id"])
        for one in ids:
            writer.writerow([one])
            count += 1
    return count


def _described(task: _Task, incoming: Path, counts: Counts, total: int, position: str, recorded_us: int) -> Package:
    plan, last = task.plan, task.last
    documents.written(incoming / SCHEMA, documents.schema_document(plan))
    document: dict[str, Any] = {
        "form": documents.FORM,
        "kind": task.kind,
        "reason": task.reason or "changes",
        "sequence": task.sequence,
        "previous": {"sequence": last.sequence, "manifest_sha256": last.manifest_sha256} if last else None,
        "receiver": documents.receiver_document(plan),
        "dataset": documents.dataset_document(plan),
        "definition": task.definition,
        "fields": {one.shared.name: one.shared.mask.kind if one.shared.mask else None for one in plan.columns},
        "source": {"revision": position, "recorded_until": from_microseconds(recorded_us).isoformat()},
        "counts": counts.to_json(),
        "state": {"rows": counts.total, "sum": f"{total:064x}"},
        "files": [documents.file_entry(path) for path in sorted(incoming.iterdir())],
    }
    sha256 = documents.written(incoming / MANIFEST, document)
    package = Package(
        receiver=plan.receiver.name,
        dataset=plan.dataset.name,
        sequence=task.sequence,
        kind=task.kind,
        state=PREPARED,
        reason=str(document["reason"]),
        definition=task.definition,
        position=position,
        manifest_sha256=sha256,
        manifest=document,
        folder="",
        who=task.who,
        recorded_at=task.now,
    )
    return replace(package, folder=str((task.folder / package.name).absolute()))


def _lay(incoming: Path, folder: Path) -> None:
    incoming.replace(folder)
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _laid(catalogue: Catalogue, package: Package) -> bool:
    """Whether a package that was recorded lies where it belongs; one that does not never left, and gives its number back."""
    path = Path(package.folder) / MANIFEST
    laid = path.is_file() and bytes_sha256(path.read_bytes()) == package.manifest_sha256
    with catalogue.store.database.writing() as connection:
        set_state(connection, package, PUBLISHED if laid else ABANDONED)
    return laid
