"""A real Mosquitto with the lists that `twin bus acl` and `twin bus password` write for a home."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import require
from tests.homes import Run, new_home
from tests.mosquitto import REMEDY, Broker, find_mosquitto, running_broker

__all__ = ["Guarded", "a_guarded_broker"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Guarded:
    """`machines` are user names by the names of their keys, `passwords` by user name."""

    broker: Broker
    machines: Mapping[str, str]
    passwords: Mapping[str, str]

    def url(self, user: str) -> str:
        """Where somebody finds it."""
        return f"mqtt://{user}@127.0.0.1:{self.broker.port}"


@contextmanager
def a_guarded_broker(
    home: Path,
    machines: Mapping[str, Sequence[str]],
    *,
    gateways: Sequence[str] = (),
    devices: Sequence[str] = (),
    database_url: str | None = None,
) -> Iterator[Guarded]:
    """A broker for the length of the block; a key for each machine (its labels by name) is added to the home first. `devices` are user
    names, as `gate/G-1`."""
    program = find_mosquitto()
    require(program is not None, "mosquitto", REMEDY)
    assert program is not None
    cli, folder = new_home(home, database_url=database_url), Path(tempfile.mkdtemp(prefix="twin-lists-"))
    try:
        users = {}
        for name, labels in machines.items():
            scopes = [part for scope in ("site:*", "unit:*", *(f"label:{label}" for label in labels)) for part in ("--scope", scope)]
            users[name] = f"machine.{_done(cli.run_here('key', 'add', name, '--role', 'integrator', *scopes))['prefix']}"
        named = [part for name in ("twin", *gateways) for part in ("--gateway", name)]
        _done(cli.run_here("bus", "acl", folder, *named))
        everybody = ("hub", *(f"gateway.{name}" for name in gateways), *users.values(), *devices)
        asked = [part for user in everybody for part in ("--user", user)]
        passwords = _done(cli.run_here("bus", "password", folder, *named, *asked))["passwords"]
        lines = ["allow_anonymous false", f"acl_file {folder / 'twin.acl'}", f"password_file {folder / 'twin.passwd'}"]
        with running_broker(program, lines=lines) as broker:
            yield Guarded(broker=broker, machines=users, passwords=passwords)
    finally:
        shutil.rmtree(folder)


def _done(done: Run) -> dict[str, Any]:
    assert done.code == 0, done.document
    return done.document
