"""`twin key`."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command

if TYPE_CHECKING:
    from twin.store import KeyRow

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="name of the key: who uses it, e.g. 资产处-王工")]


@app.command(name="add")
@command
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, unit_clerk, asset_manager, …; twin key roles lists them")],
    scope: Annotated[list[str] | None, typer.Option(help="site:CODE, unit:CODE (and all below), label:NAME; * is all; repeatable")] = None,
    expires: Annotated[str | None, typer.Option(help="last day on which it opens anything, YYYY-MM-DD, local time")] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Make a key and show it: once, it is kept as a hash. Kinds of scope that are not named get the role's own."""
    from twin.auth import granted

    grant = granted(role, scope or [])
    expires_at = None if expires is None else _end_of(expires)
    with opened() as (_, store):
        row, secret = store.keys.add(name, grant, expires_at=expires_at, who=getpass.getuser(), now=datetime.now(UTC))
    document = _document(row, datetime.now(UTC)) | {"key": secret.reveal()}
    words = [
        secret.reveal(),
        "",
        f"  {row.name}: {row.role}, {' '.join(row.scopes)}",
        "  shown this once; Authorization: Bearer KEY, or /login",
    ]
    return Outcome(document=document, words="\n".join(words))


@app.command(name="list")
@command
def list_keys(as_json: JsonFlag = False) -> Outcome:
    """Every key that ever was: role, scopes, state, last use to the hour; never a secret."""
    now = datetime.now(UTC)
    with opened() as (_, store):
        keys = [_document(row, now) for row in store.keys.list()]
    words = "\n".join(_line(one) for one in keys) or "no key yet: twin key add NAME --role ROLE"
    return Outcome(document={"keys": keys}, words=words)


@app.command(name="revoke")
@command
def revoke(name: Name, as_json: JsonFlag = False) -> Outcome:
    """End a key and its sessions at once, in every worker; its row stays."""
    now = datetime.now(UTC)
    with opened() as (_, store):
        row = store.keys.revoke(name, now=now)
    return Outcome(document=_document(row, now), words=f"{row.name} opens nothing any more")


@app.command(name="roles")
@command
def roles(as_json: JsonFlag = False) -> Outcome:
    """The roles: what each may do, and the scopes of its keys where none are named."""
    from twin.auth import list_roles

    rows = [
        {"role": row.name, "zh": row.zh, "en": row.en, "actions": sorted(row.actions), "scopes": list(row.scopes)} for row in list_roles()
    ]
    words = "\n".join(f"{row['role']:<17} {row['zh']}  {' '.join(row['scopes'])}\n    {' '.join(row['actions'])}" for row in rows)
    return Outcome(document={"roles": rows}, words=words)


def _end_of(day: str) -> datetime:
    try:
        last = date.fromisoformat(day)
    except ValueError as error:
        raise typer.BadParameter(f"--expires takes a day, YYYY-MM-DD, not {day!r}") from error
    return datetime.combine(last + timedelta(days=1), time()).astimezone(UTC)


def _document(row: KeyRow, now: datetime) -> dict[str, Any]:
    times = {"created_at": row.created_at, "expires_at": row.expires_at, "revoked_at": row.revoked_at, "last_used_at": row.last_used_at}
    return {
        "name": row.name,
        "prefix": row.prefix,
        "role": row.role,
        "scopes": list(row.scopes),
        "state": row.state(now),
        "created_by": row.created_by,
        **{name: None if moment is None else moment.isoformat() for name, moment in times.items()},
    }


def _line(key: dict[str, Any]) -> str:
    used = (key["last_used_at"] or "never used")[:16].replace("T", " ")
    return f"{key['state']:<8} {key['prefix']}  {key['name']}: {key['role']}, {' '.join(key['scopes'])}; {used}"
