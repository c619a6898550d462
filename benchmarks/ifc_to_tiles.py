"""IFC to tiles: what our whole chain costs beside the bare default `ifcopenshell.geom.iterator`, file by file, in one run.

Ours: `twin import bim` and `twin tiles build` into an empty home with a cold cache: structure, properties, rooms, geometry,
store, tiles, gzip. The peer: open the file and run the iterator with its default settings, keeping nothing.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from lib.measure import Measured, run_measured
from lib.record import DATA, ROOT, arguments, keep, table

TWIN = str(ROOT / ".venv" / "bin" / "twin")
ORIGIN = "119.2946,26.0896,30"
ANCHOR_POINTS = {"linear_placement_of_signal_4x3.ifc": "453202,4539832,0"}
"""What `--anchor` names where the model lies far from its own origin."""
SMOKE_FILES = {"geographic_referencing_utm_4x3.ifc", "building_architecture_ifc4.ifc"}
BARE_ITERATOR = """
import sys, ifcopenshell, ifcopenshell.geom
file = ifcopenshell.open(sys.argv[1])
iterator = ifcopenshell.geom.iterator(ifcopenshell.geom.settings(), file, 1)
shapes = triangles = 0
if iterator.initialize():
    while True:
        shapes += 1
        triangles += len(iterator.get().geometry.faces) // 3
        if not iterator.next():
            break
sys.stderr.write(f"{shapes} {triangles}")
"""


def ours(path: Path) -> dict[str, Any]:
    """The figures of our chain for one file."""
    with tempfile.TemporaryDirectory() as home:
        env = {"TWIN_HOME": home}
        site = ["site", "add", "bench", "--name", "bench", "--origin", ORIGIN, "--crs", "EPSG:4549", "--geoid-separation", "10"]
        run_measured([TWIN, *site], env=env)
        place = ["--anchor", f"{ORIGIN},0", "--anchor-point", ANCHOR_POINTS.get(path.name, "0,0,0")]
        imported = run_measured([TWIN, "import", "bim", str(path), "--site", "bench", "--model", "bench", *place, "--json"], env=env)
        document = json.loads(imported.stdout)
        if "error" in document:
            return {"refused": document["error"]["code"]}
        tiled = run_measured([TWIN, "tiles", "build", "--json"], env=env)
        layers = json.loads(tiled.stdout)["sites"][0]["layers"]
        return {
            "cpu_s": imported.cpu_s + tiled.cpu_s,
            "import_cpu_s": imported.cpu_s,
            "tiles_cpu_s": tiled.cpu_s,
            "wall_s": imported.wall_s + tiled.wall_s,
            "peak_mb": max(imported.peak_mb, tiled.peak_mb),
            "served_kb": sum(layer["bytes"] for layer in layers) / 1e3,
            "elements": document["elements"]["read"],
            "placed": document["elements"]["placed"],
            "rooms": document["rooms"],
        }


def bare(path: Path) -> dict[str, Any]:
    """The figures of the bare iterator for one file."""
    result: Measured = run_measured([sys.executable, "-c", BARE_ITERATOR, str(path)])
    if result.returncode != 0:
        return {"ended": f"exit {result.returncode}"}
    shapes, triangles = result.stderr.split()[-2:]
    figures = {"cpu_s": result.cpu_s, "wall_s": result.wall_s, "peak_mb": result.peak_mb}
    return figures | {"shapes": int(shapes), "triangles": int(triangles)}


def main() -> None:
    """Run every file of ../shared/data/ifc, print the table, keep the result."""
    options = arguments(__doc__)
    os.environ["PYTHONWARNINGS"] = "ignore"
    folder = DATA / "ifc"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            sys.exit(f"{folder} is missing, and CI=true")
        print(f"skipped: {folder} is missing")
        return
    files = sorted(folder.glob("*.ifc")) if not options.smoke else sorted(path for path in folder.glob("*.ifc") if path.name in SMOKE_FILES)
    figures = []
    for path in files:
        mine, peer = ours(path), bare(path)
        ratio = mine["cpu_s"] / peer["cpu_s"] if "cpu_s" in mine and "cpu_s" in peer else None
        figures.append({"file": path.name, "file_kb": path.stat().st_size / 1e3, "ours": mine, "bare_iterator": peer, "cpu_ratio": ratio})
        print(f"  {path.name}: ours {mine.get('cpu_s', mine)} s, bare {peer.get('cpu_s', peer)} s", file=sys.stderr)
    rows = [
        {"file": row["file"], "ratio": row["cpu_ratio"], "kb": row["ours"].get("served_kb"), "mb": row["ours"].get("peak_mb")}
        | {"cpu": row["ours"].get("cpu_s"), "wall": row["ours"].get("wall_s"), "bare": row["bare_iterator"].get("cpu_s")}
        | {"bare_mb": row["bare_iterator"].get("peak_mb"), "refused": row["ours"].get("refused")}
        for row in figures
    ]
    heads = {"file": "file", "cpu": "ours CPU s", "wall": "wall s", "mb": "peak MB", "kb": "served kB"}
    table(rows, heads | {"bare": "bare CPU s", "bare_mb": "bare MB", "ratio": "CPU ratio", "refused": "refused"})
    keep("ifc_to_tiles", figures, [], smoke=options.smoke, note="no bounds yet; ours includes two Python starts")


if __name__ == "__main__":
    main()
