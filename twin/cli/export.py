"""`twin export`: what leaves to whom, whether it arrived whole, and what left before."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import REFUSED, JsonFlag, Outcome, command, count

if TYPE_CHECKING:
    from spatial.issue import Issue
    from twin.queries.items.catalogue import Catalogue
    from twin.queries.share.audit import Package
    from twin.queries.share.export import Shared
    from twin.settings import Settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="catalogue of what is shared, TOML: docs/sharing.md")]


@app.command(name="share")
@command
def share(
    catalogue: File,
    receiver: Annotated[str, typer.Option(help="who receives, as the catalogue names them")],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder the packages are laid in: OUT/RECEIVER/DATASET/000001-full")],
    dataset: Annotated[list[str] | None, typer.Option(help="only this dataset; repeatable")] = None,
    full: Annotated[bool, typer.Option("--full", help="a full package even where changes would do")] = False,
    empty: Annotated[bool, typer.Option("--empty", help="a package even where nothing changed")] = False,
    as_json: JsonFlag = False,
) -> Outcome:
    """The next package of each dataset for a receiver: whole first, then what changed since the last."""
    from twin.auth import local_administrator
    from twin.errors import Refused
    from twin.queries.share.definition import read_definition
    from twin.queries.share.export import share as share_one
    from twin.queries.share.plan import make_plan, require_sound

    definition = read_definition(catalogue)
    require_sound(definition.issues)
    names = dataset or [name for name, one in definition.datasets.items() if receiver in one.receivers]
    if not names:
        raise Refused(
            f"nothing is shared with {receiver!r}", code="SHARE_RECEIVER_UNKNOWN", path=receiver, hint="twin export check CATALOGUE"
        )
    principal = replace(local_administrator(), name=getpass.getuser())
    with _collections() as (settings, collections):
        plans = [make_plan(collections, definition, receiver, name) for name in names]
        now = datetime.now(UTC)
        done = [share_one(collections, settings.home, plan, out.absolute(), principal, now=now, full=full, empty=empty) for plan in plans]
    words = "\n".join(map(_said, done))
    return Outcome(document={"receiver": receiver, "datasets": list(map(_shared_document, done))}, words=words)


@app.command(name="check")
@command
def check(catalogue: File, as_json: JsonFlag = False) -> Outcome:
    """Every finding on a catalogue, also against the collections and labels there are; nothing leaves."""
    from twin.queries.share.definition import read_definition
    from twin.queries.share.plan import check_plans

    definition = read_definition(catalogue)
    with _collections() as (_, collections):
        issues = check_plans(collections, definition)
    document = {
        "receivers": sorted(definition.receivers),
        "datasets": sorted(definition.datasets),
        "issues": [_issue(one) for one in issues],
    }
    sound = f"{count(len(definition.datasets), 'dataset')} for {count(len(definition.receivers), 'receiver')}: sound"
    return Outcome(document=document, words="\n".join(map(_issue_line, issues)) or sound, exit_code=REFUSED if issues else 0)


@app.command(name="verify")
@command
def verify(
    folder: Annotated[Path, typer.Argument(help="folder of packages: that of -o, of a receiver or of a dataset")], as_json: JsonFlag = False
) -> Outcome:
    """The receiver's check, without any store: hashes, the chain, counts, and the replay of all packages."""
    from twin.queries.share.verify import verify as verify_all

    replayed = verify_all(folder)
    documents = [{**asdict(one), "issues": [_issue(issue) for issue in one.issues]} for one in replayed]
    lines = [
        f"{one.receiver}/{one.dataset}: {count(one.packages, 'package')}, {count(one.rows, 'row')} after {one.sequence}" for one in replayed
    ]
    issues = [issue for one in replayed for issue in one.issues]
    words = "\n".join([*lines, *map(_issue_line, issues), *([] if issues else ["all whole"])])
    return Outcome(document={"datasets": documents}, words=words, exit_code=REFUSED if issues else 0)


@app.command(name="list")
@command
def list_exports(
    receiver: Annotated[str | None, typer.Option(help="only what left to them")] = None,
    dataset: Annotated[str | None, typer.Option(help="only of this dataset")] = None,
    limit: Annotated[int, typer.Option(min=1, help="the newest so many; the document says whether there are more")] = 100,
    as_json: JsonFlag = False,
) -> Outcome:
    """What left to whom, when, by whose hand: the newest first."""
    from twin.queries.share.audit import list_packages, package_document

    with opened() as (_, store), store.database.reading() as connection:
        found = list_packages(connection, receiver, dataset, limit=limit + 1)
    lines = [_line(one) for one in found[:limit]]
    more = len(found) > limit
    document = {"exports": [package_document(one) for one in found[:limit]], "more": more}
    words = "\n".join([*lines, *(["older ones: --limit"] if more else [])]) or "nothing has left yet"
    return Outcome(document=document, words=words)


@contextmanager
def _collections() -> Iterator[tuple[Settings, Catalogue]]:
    from twin.queries.items.catalogue import Catalogue
    from twin.queries.records.context import Registers

    with opened() as (settings, store):
        yield settings, Catalogue(Registers.of(store, settings.home / "columns", settings))


def _shared_document(one: Shared) -> dict[str, Any]:
    from twin.queries.share.audit import package_document

    package = one.package
    if package is None:
        last = package_document(one.last) if one.last else None
        return {"dataset": one.plan.dataset.name, "changed": False, "package": None, "last": last}
    return {"dataset": one.plan.dataset.name, "changed": True, "resumed": one.resumed, "package": package_document(package)}


def _said(one: Shared) -> str:
    if one.package is None:
        return f"{one.plan.dataset.name}: nothing has changed since {one.last.name if one.last else '?'}"
    return _line(one.package) + (" (recorded by a run before)" if one.resumed else "")


def _line(one: Package) -> str:
    counts = one.manifest["counts"]
    told = f"{counts['added']:,} added, {counts['changed']:,} changed, {counts['removed']:,} removed, {counts['total']:,} in all"
    return f"{one.recorded_at:%Y-%m-%d %H:%M} {one.receiver}/{one.dataset}/{one.name} ({one.reason}): {told}; {one.who}"


def _issue(issue: Issue) -> dict[str, Any]:
    return {"code": issue.code, "path": issue.path, "message": issue.message, "severity": issue.severity.value}


def _issue_line(issue: Issue) -> str:
    return f"{issue.code} {issue.path}: {issue.message}"
