"""Columns of assets as a folder of numpy arrays, mapped by every process that serves; written by whoever builds them first.

Run as a program (`python -m twin.records.column_file FOLDER`, the URL of the store on standard input) it builds and keeps them:
seconds of Python that must not stand in the way of requests.
"""

from __future__ import annotations

import json
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

__all__ = ["build_apart", "keep_columns", "load_columns"]

FACTS = ("clock", "touched", "ties", "version", "origin")
FORM = 6
"""Grows with every change of what is written."""
POLL_S = 0.2


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
            np.save(incoming / f"{name}.npy", array)
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
    database = open_database(sys.stdin.read(), lock_timeout_s=30.0)
    try:
        _build(database, folder)
    finally:
        database.close()


def _build(database: Database, folder: Path) -> None:
    while True:
        try:
            with database.alone("columns"), database.reading() as connection:
                known, state = load_columns(connection, folder), read_state(connection)
                if known is None or (known.clock, known.ties) != (state.clock, state.ties):
                    keep_columns(build_columns(connection), folder)
                return
        except StoreBusy:
            time.sleep(POLL_S)


if __name__ == "__main__":
    _main()
