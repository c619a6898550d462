"""`twin backup`, `twin restore`, `twin upgrade`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import DECIDE, JsonFlag, Outcome, command, count, progress_bar

if TYPE_CHECKING:
    from twin.store.backup import Manifest, Restored, Upgrade

__all__ = ["backup", "restore", "upgrade"]

MEGA = 1_000_000


@command
def backup(
    folder: Annotated[Path, typer.Argument(help="new folder; on another disk, or the files are only linked")], as_json: JsonFlag = False
) -> Outcome:
    """Write one state of the records and all files they refer to, while the service goes on; SQLite and PostgreSQL alike."""
    from twin.store.backup import back_up

    with opened() as (settings, store), progress_bar("files", quiet=as_json) as progress:
        manifest = back_up(store, settings, folder, **_by_whom(), progress=progress)
    document = {"folder": str(folder.absolute()), **_document(manifest)}
    lines = [
        f"{folder}: {count(sum(manifest.rows.values()), 'row')}, {count(len(manifest.files), 'file')}, {manifest.bytes / MEGA:,.1f} MB"
    ]
    lines += [f"  {issue.code}: {issue.path}, {issue.message}" for issue in manifest.issues]
    return Outcome(document=document, words="\n".join(lines), exit_code=DECIDE if manifest.issues else 0)


@command
def restore(
    folder: Annotated[Path, typer.Argument(help="folder of a backup")],
    replace: Annotated[bool, typer.Option("--replace", help="take a backup of what the home holds, then replace it")] = False,
    as_json: JsonFlag = False,
) -> Outcome:
    """Bring a backup into the home, every file compared with its hash first; tiles are made again by twin tiles build."""
    from twin.settings import Settings
    from twin.store.backup import restore as bring_in

    settings = Settings()
    restored = bring_in(settings, folder, replace=replace, **_by_whom())
    return Outcome(document={"home": str(settings.home), **_restored(restored)}, words=_restored_words(restored, settings.home))


@command
def upgrade(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, change nothing")] = False, as_json: JsonFlag = False
) -> Outcome:
    """Bring the tables to this version, with a backup first; a home of a newer version is refused."""
    from twin.settings import Settings
    from twin.store.backup import upgrade as bring_up

    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    result = bring_up(settings, dry_run=dry_run, **_by_whom())
    steps = [{"tables": tables, "does": does} for tables, does in result.steps]
    document = {
        "from": result.stands,
        "to": result.becomes,
        "steps": steps,
        "backup": str(result.backup) if result.backup else None,
        "upgraded": result.done,
    }
    return Outcome(document=document, words=_upgrade_words(result))


def _by_whom() -> dict[str, Any]:
    from twin import __version__

    return {"tool": f"pingshan-twin {__version__}", "who": getpass.getuser(), "now": datetime.now(UTC)}


def _document(manifest: Manifest) -> dict[str, Any]:
    return {
        "written_at": manifest.written_at,
        "tool": manifest.tool,
        "source": manifest.source,
        "tables": manifest.tables,
        "revision": manifest.revision,
        "rows": manifest.rows,
        "files": len(manifest.files),
        "bytes": manifest.bytes,
        "issues": [{"code": one.code, "path": one.path, "message": one.message, "severity": one.severity} for one in manifest.issues],
    }


def _restored(restored: Restored) -> dict[str, Any]:
    return {
        "backup": _document(restored.manifest),
        "replaced": str(restored.kept) if restored.kept else None,
        "live_keys": [row.name for row in restored.live_keys],
        "next": ["twin tiles build"],
    }


def _restored_words(restored: Restored, home: Path) -> str:
    manifest = restored.manifest
    lines = [f"{home}: as of {manifest.written_at}, {count(sum(manifest.rows.values()), 'row')}, {count(len(manifest.files), 'file')}"]
    if restored.kept:
        lines.append(f"  what was there before: {restored.kept}")
    if restored.live_keys:
        lines.append(f"  these keys open the service (again): {', '.join(row.name for row in restored.live_keys)}")
    return "\n".join([*lines, "  next: twin tiles build; a service that runs on this home must be started again"])


def _upgrade_words(result: Upgrade) -> str:
    if not result.steps:
        return f"the tables are up to date ({result.becomes})"
    what = "brought" if result.done else "would be brought"
    lines = [f"the tables {what} from {result.stands or 'nothing'} to {result.becomes}"]
    lines += [f"  {tables}: {does}" for tables, does in result.steps]
    return "\n".join([*lines, *([f"  backup: {result.backup}"] if result.backup else [])])
