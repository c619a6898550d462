"""Import of a ledger: its rows become records of a kind, with findings, quarantine and history (contracts: records and history)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from spatial.issue import Issue
from twin.codes import RecordKind, get_kind, list_kinds, read_tables
from twin.errors import Refused
from twin.imports.begun import Begun, begin
from twin.imports.originals import file_sha256, is_original_kept, keep_original, staged_copy
from twin.imports.ready import make_ready
from twin.imports.tie import Placing, open_locations_of, placer_of, tie
from twin.records.existing import Existing, load_existing
from twin.records.feed import Feed, HereFeed, Prepared, ProcessFeed
from twin.records.known import known_file
from twin.records.ledger import Merged, NewLedger
from twin.records.merge import Writer, exclusively, merge_ledger
from twin.records.register_revision import find_same, get_register_revision, has_revision
from twin.settings import Settings
from twin.store import Store
from twin.store.bulk import bulk_writer
from twin.store.database import Database
from twin.store.lean import keep_freed_memory, seldom_collected
from twin.store.row_writer import RowWriter
from twin.store.values import from_json

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as Pipe
    from multiprocessing.process import BaseProcess

    from twin.ledgers import Ledger
    from twin.ledgers.encoding import TextForm

__all__ = ["ImportedRegister", "import_register", "kind_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRegister:
    """What came of an import: its document, whether it added anything, whether a person must look at what it put aside."""

    document: dict[str, Any]
    added: bool
    needs_decision: bool


def kind_named(name: str) -> RecordKind:
    """The kind of that name, singular or plural; raises Refused (`KIND_UNKNOWN`)."""
    by_name = {kind.name: kind for kind in list_kinds()} | {kind.plural: kind for kind in list_kinds()}
    if name not in by_name:
        known = ", ".join(kind.name for kind in list_kinds())
        raise Refused(f"there is no register of {name!r}", code="KIND_UNKNOWN", path=name, hint=f"one of: {known}")
    return by_name[name]


def import_register(
    store: Store,
    settings: Settings,
    kind_name: str,
    path: Path,
    *,
    who: str,
    now: datetime,
    source: str | None = None,
    profile: str | None = None,
    mapping: Path | None = None,
    as_of: date | None = None,
    dry_run: bool = False,
    tie_after: bool = True,
    progress: Callable[[int], None] | None = None,
    begun: Begun | None = None,
) -> ImportedRegister:
    """Merge a ledger into the records of a kind; the same bytes, read the same way, return the revision that is there.

    `source` names which ledger of the kind the file is a whole copy of (default: the kind's one ledger), so that rows it no
    longer has are listed as vanished. `as_of` is the day its values hold from, default the day of the import. A dry run reads
    and checks every row and writes nothing. Who imports several leaves out `tie_after` and ties once; who began
    before this module was loaded hands over what is `begun`.
    Raises the errors of `twin.ledgers`, Refused, StoreBusy.
    """
    started = time.perf_counter()
    kind = kind_named(kind_name)
    ledger_name = source or kind.name
    codes, tables = settings.home / "codes", read_tables(settings.home / "codes")

    def opened(staged: Path, form: TextForm | None = None) -> partial[Ledger]:
        return partial(open_ledger, staged, kind.name, profile, mapping, now.date(), codes, form)

    new = NewLedger(kind=kind, source=ledger_name, sha256="", options={}, file=path.name, who=who, as_of=as_of or now.date(), facts={})
    with (
        nullcontext(begun) if begun else begin(path, reads=not dry_run) as early,
        nullcontext(None) if dry_run else _feeding(store, new, early.reader, settings) as feeding,
    ):
        sha256 = early.sha256.result() if path.is_file() else file_sha256(path)
        options = _options(profile, mapping, as_of, tables.reading)
        new = replace(new, sha256=sha256, options=options)
        if feeding is None:
            with staged_copy(path, settings.models_dir) as staged:
                ledger = opened(staged)()
                return _dry(ledger, replace(new, facts=_facts(ledger, tables.issues)), started, progress)
        with store.database.reading() as connection:
            same = find_same(connection, kind.name, ledger_name, sha256, options)
        if same is not None:
            _keep_if_lost(path, sha256, settings)
            if tie_after:  # a no-op but where the run that brought these bytes was killed before its own
                _tie(store, settings, who, now)
            return _reported(same, added=False)
        place = placer_of(store, kind.name)
        with exclusively(store.database, kind), staged_copy(path, settings.models_dir, lambda: feeding.begin(place)) as staged:
            ledger = opened(staged)()
            merged = merge_ledger(
                store.database,
                replace(new, facts=_facts(ledger, tables.issues)),
                feeding.feed(ledger, opened(staged, getattr(ledger.source, "form", None))),
                feeding.writer,
                now=now,
                place=place,
                progress=progress,
                seconds=lambda: time.perf_counter() - started,
            )
            keep_original(staged, sha256, settings.models_dir)
        if tie_after:
            _tie(store, settings, who, now, place.grounds if place else None)
    with store.database.reading() as connection:
        return _reported(get_register_revision(connection, merged.revision_id), added=merged.new + merged.changed > 0)


def _options(profile: str | None, mapping: Path | None, as_of: date | None, codes: Any) -> dict[str, Any]:
    """How the bytes are read: with the same ones the same bytes are the same revision."""
    said = {"profile": profile, "mapping": file_sha256(mapping) if mapping else None, "as_of": as_of.isoformat() if as_of else None}
    return said | ({"codes": codes} if codes else {})


def _tie(store: Store, settings: Settings, who: str, now: datetime, known: Any = None) -> None:
    tie(store, who=who, now=now, settings=settings, known=known)
    make_ready(store, settings)


def _keep_if_lost(path: Path, sha256: str, settings: Settings) -> None:
    """The original of a revision that is there, where nobody keeps it any more."""
    if not is_original_kept(sha256, settings.models_dir):
        with staged_copy(path, settings.models_dir) as staged:
            keep_original(staged, sha256, settings.models_dir)


def open_ledger(
    path: Path, kind_name: str, profile: str | None, mapping: Path | None, today: date, codes: Path, form: TextForm | None = None
) -> Ledger:
    """A ledger as every process of an import opens it; `codes` is the folder of the bureau's own tables, `form` what another found
    of its text."""
    from twin.ledgers import read_ledger

    return read_ledger(path, get_kind(kind_name), profile=profile, mapping=mapping, tables=read_tables(codes), today=today, form=form)


class _Feeding(Protocol):
    """How a ledger is read, and what writes its rows."""

    writer: Writer

    def begin(self, place: Placing | None) -> None:
        """Get ready, while the file is copied; what the store holds may be read from now on."""

    def feed(self, ledger: Ledger, open_again: Callable[[], Ledger]) -> Feed:
        """The rows of a ledger that is open here, and may be opened elsewhere."""


@dataclass(slots=True, kw_only=True)
class _Here:
    """In this process."""

    database: Database
    kind: RecordKind
    source: str
    day: date
    known: Path
    writer: Writer
    resolver: Prepared | None = None

    def begin(self, place: Placing | None) -> None:
        """Nothing takes long."""
        self.resolver = Prepared(place.locations) if place else None

    def feed(self, ledger: Ledger, _: Callable[[], Ledger]) -> Feed:
        """The rows as they are read."""

        def existing() -> Existing:
            with self.database.reading() as connection:
                return load_existing(connection, self.kind, self.source, self.known, self.day)

        return HereFeed(ledger.batches, self.kind, existing, self.known, self.resolver)


@dataclass(slots=True, kw_only=True)
class _Apart:
    """With a process that reads and one that writes."""

    reading: ProcessFeed
    came_before: bool
    writer: Writer
    place: Placing | None = None

    def begin(self, place: Placing | None) -> None:
        """Both processes that read load what they need."""
        self.place = place
        self.reading.load(open_locations_of if place else None)

    def feed(self, _: Ledger, open_again: Callable[[], Ledger]) -> Feed:
        """The rows as the child reads them; while it reads the first there is time to get ready for placing them."""
        self.reading.read(open_again)
        if self.place and self.came_before:
            self.place.prepare_to_resolve()
        elif self.place:
            self.place.prepare()
        return self.reading


@contextmanager
def _feeding(store: Store, new: NewLedger, reader: tuple[BaseProcess, Pipe] | None, settings: Settings) -> Iterator[_Feeding]:
    """In this process, or for a large file with two more, the first of which has started."""
    kind, source = new.kind, new.source
    database, known = store.database, known_file(settings.home / "columns", kind.name)
    if reader is None:
        with RowWriter(database) as writer:
            yield _Here(database=database, kind=kind, source=source, day=new.as_of, known=known, writer=writer)
        return
    with database.reading() as connection:
        came_before = has_revision(connection, kind.name, source)
    keep_freed_memory()
    feed = ProcessFeed(*reader, kind, source, database.reader.url.render_as_string(hide_password=False), known, new.as_of)
    with feed as reading, bulk_writer(database) as bulk, seldom_collected():
        yield _Apart(reading=reading, came_before=came_before, writer=bulk)


def _facts(ledger: Ledger, of_tables: Sequence[Issue]) -> dict[str, Any]:
    facts = ledger.facts
    return {
        "columns": dict(facts.columns),
        "constants": dict(facts.constants),
        "unmapped": list(facts.unmapped),
        "header_line": facts.header_line,
        "encoding": facts.source.encoding,
        "format": facts.source.format,
        "issues": [{"code": issue.code, "message": issue.message} for issue in (*facts.issues, *of_tables)],
    }


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """How a file was read; `notes` are what is odd about it as a whole, or about the bureau's tables it was held against."""
    return {name: facts[name] for name in ("columns", "constants", "unmapped", "encoding", "format")} | {"notes": facts["issues"]}


def _dry(ledger: Ledger, new: NewLedger, started: float, progress: Callable[[int], None] | None) -> ImportedRegister:
    merged = Merged(revision_id=0)
    for batch in ledger.batches():
        merged.rows += len(batch.lines) + len(batch.quarantined)
        merged.quarantined += len(batch.quarantined)
        for code in [*batch.typed().findings["code"].to_pylist(), *(row.code for row in batch.quarantined)]:
            merged.issues[code] = merged.issues.get(code, 0) + 1
        if progress:
            progress(merged.rows)
    document = {
        "revision": None,
        "dry_run": True,
        "kind": new.kind.name,
        "source": new.source,
        "file": new.file,
        "sha256": new.sha256,
        "rows": merged.rows,
        "quarantined": merged.quarantined,
        "issues": merged.issues,
        **_shown(new.facts),
        "seconds": round(time.perf_counter() - started, 3),
    }
    return ImportedRegister(document=document, added=False, needs_decision=merged.quarantined > 0)


def _reported(row: dict[str, Any], *, added: bool) -> ImportedRegister:
    counts, facts = from_json(row["counts"]), from_json(row["facts"])
    document = {
        "revision": f"{row['kind']}/{row['source']}@{row['number']}",
        "kind": row["kind"],
        "source": row["source"],
        "file": row["file"],
        "sha256": row["sha256"],
        "as_of": row["as_of"],
        **counts,
        **_shown(facts),
    }
    contradicted = counts["issues"].get("CORRECTION_CONTRADICTED", 0)
    return ImportedRegister(document=document, added=added, needs_decision=counts["quarantined"] > 0 or contradicted > 0)
