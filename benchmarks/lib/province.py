"""A store with the rooms of a scene and the asset ledger of a province, its assets standing in those rooms."""

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from lib.measure import run_measured
from lib.service import TWIN

__all__ = ["import_assets", "stand_in_rooms"]

SEED = 7
SPREAD_M = 2.0


def import_assets(home: Path, folder: Path, rows: int, *, smoke: bool, as_of: str | None = None) -> None:
    """The buildings, rooms and assets of a province as `twin demo` writes them, imported as people import them."""
    from twin.demo.registers import write_registers

    scale = "small" if smoke else "province"
    files = {one.kind: one.path for one in reversed(write_registers(folder, scale=scale, seed=SEED, assets=rows))}
    held = ["--as-of", as_of] if as_of else []
    for kind, path in (("building", files["building"]), ("room", files["room"]), ("asset", folder / "assets.csv")):
        done = run_measured([TWIN, "import", "register", kind, str(path), *held, "--json"], env={"TWIN_HOME": str(home)})
        if done.returncode not in (0, 3):
            raise SystemExit(done.stdout + done.stderr)
        if kind == "asset":
            print(f"assets: {json.loads(done.stdout)['new']:,} new in {done.wall_s:.0f} s")


def stand_in_rooms(home: Path, footprints: Sequence[Any], low_m: Any) -> tuple[list[str], Any]:
    """Put every asset whose ledger says a location into a room, those of one location into one, those of a location without a building
    (`会议室`, 35,000 of them) into any; their codes in order, and x, y, z (n, 3).

    The ledgers of a province come without models, so where its assets stand is made up: a spot in a room, as the tie would write it.
    """
    from twin.records.column_file import build_apart
    from twin.records.state import note_ties
    from twin.settings import Settings
    from twin.store import Store

    rng, middles = np.random.default_rng(SEED), shapely.get_coordinates(shapely.centroid(np.array(footprints, dtype=object)))
    database = sqlite3.connect(home / "records.sqlite")
    nodes = {feature: place for place, feature in database.execute("SELECT id, feature_id FROM place WHERE feature_id LIKE 'big:r%'")}
    place = np.array([nodes[f"big:r{i}"] for i in range(len(footprints))])
    located = database.execute(
        "SELECT asset.id, location.id, location.building = '', key FROM asset JOIN location ON location.id = location_id ORDER BY key"
    ).fetchall()
    rows, keys = np.array([row[:3] for row in located], dtype=np.int64), [row[3] for row in located]
    room = rng.permutation(len(footprints))[rows[:, 1] % len(footprints)]
    room = np.where(rows[:, 2] == 1, rng.integers(0, len(footprints), len(rows)), room)
    xy = middles[room] + rng.uniform(-SPREAD_M, SPREAD_M, (len(rows), 2))
    z = np.asarray(low_m)[room] + rng.uniform(0.0, SPREAD_M, len(rows))
    values = zip(place[room].tolist(), xy[:, 0].tolist(), xy[:, 1].tolist(), z.tolist(), rows[:, 0].tolist(), strict=True)
    database.executemany(
        "UPDATE asset SET place_id = ?, x_m = ?, y_m = ?, z_m = ?, place_method = 'spot', place_reason = NULL WHERE id = ?",
        values,
    )
    database.commit()
    database.close()
    with Store.open(Settings(home=home).database_url) as store, store.database.writing() as connection:
        note_ties(connection)
    begun = time.perf_counter()
    with Store.open(Settings(home=home).database_url) as store:  # as an import has it done behind itself, which this overtook
        build_apart(store.database, home / "columns")
    print(f"columns: built in {time.perf_counter() - begun:.0f} s by the process that an import leaves behind")
    return keys, np.column_stack([xy, z])
