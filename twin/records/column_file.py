"""Columns of assets as a folder of numpy arrays, mapped by every process that serves; written by whoever builds them first.

Run as a program (`python -m twin.records.column_file FOLDER`, the URL of the store on standard input) it builds and keeps them:
seconds of Python that must not stand in the way of requests, nor with `PATIENT` of whatever else the machine does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from twin.errors import StoreBusy
from twin.records.column_rows import build_columns, origin_of
from twin.records.columns import AssetColumns, asset_states
from twin.records.state import read_state
from twin.store.database import Database, open_database

__all__ = ["build_apart", "build_behind", "are_kept", "keep_columns", "keep_up_to_date", "load_columns"]

FACTS = ("clock", "touched", "ties", "version", "origin")
FORM = 6
"""Grows with every change of what is written."""
POLL_S = 0.2
PATIENT = "patiently"
NICE = 19


def load_columns(connection: Connection, folder: Path) -> AssetColumns | None:
    """The kept columns of this store, mapped; None where there are none that can be read or they are of another store."""
    try:
        facts = json.loads((folder / "assets" / "state.json").read_text())
        if facts["form"] != FORM or facts["states"] != list(asset_states()) or not _known(connection, facts):
            return None
        arrays = {name: np.asarray(np.load(folder / "assets" / f"{name}.npy", mmap_mode="r")) for name in facts["columns"]}
    except (OSError, ValueError, KeyError):
        return None
    return AssetColumns(**{name: facts[name] for name in FACTS}, arrays=arrays)


def keep_columns(columns: AssetColumns, folder: Path) -> None:
    """Write the columns in the place of older ones, whole or not at all; whoever has mapped the older ones keeps them."""
    folder.mkdir(parents=True, exist_ok=True)
    incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
    try:
        for name, array in columns.arrays.items():
            with (incoming / f"{name}.npy").open("wb") as file:
                np.save(file, array)
                os.fsync(file.fileno())
        facts = {name: getattr(columns, name) for name in FACTS}
        facts |= {"form": FORM, "states": list(asset_states()), "columns": list(columns.arrays)}
        (incoming / "state.json").write_text(json.dumps(facts))
        before = Path(tempfile.mkdtemp(prefix=".outgoing-", dir=folder))
        if (folder / "assets").exists():
            (folder / "assets").rename(before / "assets")
        incoming.rename(folder / "assets")
        shutil.rmtree(before, ignore_errors=True)
    except OSError:
        shutil.rmtree(incoming, ignore_errors=True)  # another process was first: its columns serve as well
        raise


def build_apart(database: Database, folder: Path) -> None:
    """Build and keep the columns in a process of its own; waits for another process that is at it."""
    url = database.reader.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-m", __name__, str(folder)], input=url.encode(), check=True)


def build_behind(database: Database, folder: Path) -> int:
    """Begin the same in a process that nobody waits for, behind all others and outliving this one; its id.

    It may be killed at any moment: columns are put in place whole or not at all, and who finds none builds them.
    """
    url = database.reader.url.render_as_string(hide_password=False)
    reading, writing = os.pipe()
    try:
        told = [(os.POSIX_SPAWN_OPEN, output, os.devnull, os.O_WRONLY, 0) for output in (1, 2)]
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", __name__, str(folder), PATIENT],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0), *told],
            setsid=True,
        )
    finally:
        os.close(reading)
        os.write(writing, url.encode())
        os.close(writing)


def are_kept(connection: Connection, folder: Path) -> bool:
    """Whether columns are kept that bulk changes (imports, ties) have not overtaken."""
    known, state = load_columns(connection, folder), read_state(connection)
    return known is not None and (known.clock, known.ties) == (state.clock, state.ties)


def _known(connection: Connection, facts: dict[str, object]) -> bool:
    state = read_state(connection)
    clock, touched = facts["clock"], facts["touched"]
    assert isinstance(clock, int)
    assert isinstance(touched, int)
    if clock > state.clock or touched > state.touched:
        return False
    return clock != state.clock or facts["origin"] == origin_of(connection)


def _main() -> None:
    folder = Path(sys.argv[1])
    if sys.argv[2:] == [PATIENT]:
        os.nice(NICE)
    database = open_database(sys.stdin.read(), lock_timeout_s=30.0)
    try:
        keep_up_to_date(database, folder)
    finally:
        database.close()


def keep_up_to_date(database: Database, folder: Path) -> None:
    """Build and keep the columns in this process unless they are kept as they are; waits for another process that is at it."""
    while True:
        try:
            with database.alone("columns"), database.reading() as connection:
                if not are_kept(connection, folder):
                    _clear(folder)
                    keep_columns(build_columns(connection), folder)
                return
        except StoreBusy:
            time.sleep(POLL_S)


def _clear(folder: Path) -> None:
    """Remove what killed ones have left; whoever builds is alone."""
    for left in (*folder.glob(".incoming-*"), *folder.glob(".outgoing-*")):
        shutil.rmtree(left, ignore_errors=True)


if __name__ == "__main__":
    _main()
