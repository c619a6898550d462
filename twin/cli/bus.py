"""`twin bus`: who may do what on the broker, their passwords, and whether it does what the twin needs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command, count

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="folder of twin.acl and twin.passwd, e.g. /etc/mosquitto")]
Gateways = Annotated[list[str] | None, typer.Option("--gateway", help="name of a gateway; repeatable; the one of twin serve is twin")]
OWN_GATEWAY = "twin"
ACL, PASSWORDS = "twin.acl", "twin.passwd"
RELOAD = "then: systemctl reload mosquitto"


@app.command(name="acl")
@command
def acl(
    folder: Folder,
    gateway: Gateways = None,
    form: Annotated[str, typer.Option("--format", help="mosquitto or emqx")] = "mosquitto",
    as_json: JsonFlag = False,
) -> Outcome:
    """Write who may publish and hear what, out of the registers and the keys; take the passwords of who may no longer come out."""
    from twin.errors import Refused
    from twin.gateway.bus_passwords import keep_only, read_passwords, write_private
    from twin.gateway.bus_rights import AclFormat, write_acl
    from twin.gateway.bus_users import find_users

    if form not in list(AclFormat):
        raise Refused(f"no broker {form!r}", code="BUS_FORMAT_UNKNOWN", path="--format", hint=" or ".join(AclFormat))
    with opened() as (_, store):
        users = find_users(store, gateway or [OWN_GATEWAY], now=datetime.now(UTC))
    write_private(folder / ACL, write_acl(users.rights, AclFormat(form)), mode=0o640)
    before = read_passwords(folder / PASSWORDS)
    kept = keep_only(before, users.everybody())
    if kept != before:
        write_private(folder / PASSWORDS, _lines(kept), mode=0o640)
    without = sorted(users.everybody() - kept.keys())
    document = {
        "acl": str(folder / ACL),
        "format": form,
        "devices": {kind: len(names) for kind, names in users.devices.items()},
        "others": list(users.others),
        "left_out": [{"name": name, "reason": reason} for name, reason in users.left_out],
        "passwords": {"kept": len(kept), "removed": sorted(before.keys() - kept.keys()), "missing": len(without)},
    }
    words = [
        f"{folder / ACL}: {count(sum(map(len, users.devices.values())), 'device')}, {', '.join(users.others)}",
        *(f"  left out: {name} ({reason})" for name, reason in users.left_out),
        f"  passwords: {len(kept)} kept, {len(before) - len(kept)} taken out, {len(without)} missing (twin bus password)",
        f"  {RELOAD}",
    ]
    return Outcome(document=document, words="\n".join(words))


@app.command(name="password")
@command
def password(
    folder: Folder,
    user: Annotated[
        list[str] | None, typer.Option("--user", help="a user that twin bus acl lists: vehicle/闽A12345, gateway.twin, hub")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="every device of this kind that has none")] = None,
    to: Annotated[Path | None, typer.Option(help="new file for the passwords, readable by you alone; else they are shown once")] = None,
    gateway: Gateways = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Make passwords: shown once, or written to a file; the broker's own file keeps hashes."""
    from twin.errors import Refused
    from twin.gateway.bus_passwords import new_password, password_line, read_passwords, write_private
    from twin.gateway.bus_users import find_users

    with opened() as (_, store):
        users = find_users(store, gateway or [OWN_GATEWAY], now=datetime.now(UTC))
    lines = read_passwords(folder / PASSWORDS)
    if unknown := sorted(set(user or ()) - users.everybody()):
        raise Refused(f"nobody may come as {', '.join(unknown)}", code="BUS_USER_UNKNOWN", path=unknown[0], hint="twin bus acl lists them")
    if kind is not None and kind not in users.devices:
        raise Refused(f"{kind!r} is no kind of devices", code="BUS_USER_UNKNOWN", path=kind, hint=", ".join(users.devices))
    if to is not None and to.exists():
        raise Refused(f"{to} is there already", code="BUS_FILE_INVALID", path=str(to), hint="name a new file")
    made = {name: new_password() for name in user or ()}
    made |= {name: new_password() for name in users.devices.get(kind or "", ()) if name not in lines}
    if to is not None:
        write_private(to, "".join(f"{name},{secret}\n" for name, secret in made.items()))
    lines |= {name: password_line(name, secret) for name, secret in made.items()}
    write_private(folder / PASSWORDS, _lines(lines), mode=0o640)
    shown = made if to is None else {}
    document = {"file": str(folder / PASSWORDS), "made": sorted(made), "passwords": shown, "to": None if to is None else str(to)}
    words = [*(f"{name}  {secret}" for name, secret in shown.items()), f"  {count(len(made), 'password')} made; {RELOAD}"]
    return Outcome(document=document, words="\n".join(words))


@app.command(name="check")
@command
def check(
    gateway: Annotated[str, typer.Option(help="name of the gateway to come as")] = OWN_GATEWAY,
    as_json: JsonFlag = False,
) -> Outcome:
    """Connect to TWIN_BUS_URL as a gateway does, and tell what the broker can do; it publishes nothing and takes nothing from others."""
    from twin.gateway.bus_check import check_broker
    from twin.gateway.bus_settings import bus_address
    from twin.settings import Settings

    address = bus_address(Settings())
    found = asyncio.run(check_broker(address, gateway))
    words = [f"{address}: MQTT {found['mqtt']}, connected and subscribed in {found['milliseconds']} ms", *map(str, found["notes"])]
    return Outcome(document={"url": str(address)} | found, words="\n".join(words))


def _lines(lines: dict[str, str]) -> str:
    return "".join(f"{line}\n" for line in lines.values())
