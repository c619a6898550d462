"""Geometry against ifcopenshell's `opencascade` kernel with context-ids set: products lost, boxes off, colours off, CPU, file by file."""

import resource
import sys
import time
from pathlib import Path
from typing import Any

from lib.record import DATA, ROOT, arguments, keep, table

sys.path.insert(0, str(ROOT))

from bim.geometry import Outcome, Product, mesh_products
from tests.bim.geometry.bare_opencascade import compare, draw_bare, products_of

FILES = (
    "duplex_A_20110907.ifc",
    "duplex_A_20110907_georeferenced.ifc",
    "duplex_electrical.ifc",
    "duplex_handover_cobie.ifc",
    "ac20_fzk_haus.ifc",
    "ac11_institute_var2.ifc",
    "sample_house_ifc4.ifc",
    "large_building_bimwhale.ifc",
    "hhs_office_construction.ifc",
    "building_architecture_ifc4.ifc",
    "linear_placement_of_signal_4x3.ifc",
    "geographic_referencing_rigid_operation_4x3.ifc",
    "geographic_referencing_utm_4x3.ifc",
)
SMOKE_FILES = FILES[-4:]


def compared(path: Path) -> dict[str, Any]:
    """The figures of one file."""
    products = [Product(step_id=s, local_id=g, class_name=c, wants_mesh=w) for s, g, c, w in products_of(path)]
    started = time.process_time()
    bare = draw_bare(str(path))
    bare_cpu_s = time.process_time() - started
    before = _children_cpu_s() + time.process_time()
    ours = mesh_products(path, products, cache_dir=None)
    our_cpu_s = _children_cpu_s() + time.process_time() - before
    return {
        "file": path.name,
        "bare_products": len(bare),
        "our_products": sum(line.outcome is Outcome.PLACED for line in ours.results.values()),
        "our_fallbacks": sum(line.engine == "opencascade" for line in ours.results.values()),
        "boxed": sum(line.outcome is Outcome.BOXED for line in ours.results.values()),
        "failed": sum(line.outcome is Outcome.FAILED for line in ours.results.values()),
        **compare(bare, ours.meshes),
        "unique_meshes": len(ours.meshes.meshes),
        "parts": ours.meshes.parts,
        "our_cpu_s": our_cpu_s,
        "bare_cpu_s": bare_cpu_s,
    }


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run every file, print the table, keep the result."""
    options = arguments(__doc__ or "")
    folder = DATA / "ifc"
    if not folder.is_dir():
        print(f"skipped: {folder} is missing")
        return
    figures = [compared(folder / name) for name in (SMOKE_FILES if options.smoke else FILES)]
    rows = [
        row
        | {
            "worst_mm": row["worst_box_m"] * 1e3,
            "lost": len(row["lost"]),
            "off": len(row["boxes_off"]),
            "colours": len(row["colours_off"]),
            "areas": len(row["areas_off"]),
        }
        for row in figures
    ]
    heads = {
        "file": "file",
        "bare_products": "products",
        "lost": "lost",
        "off": "boxes off",
        "colours": "colours off",
        "areas": "areas off",
    }
    heads |= {"our_fallbacks": "by OCC", "worst_mm": "worst mm", "windows_with_glass": "glass windows", "unique_meshes": "meshes"}
    table(rows, heads | {"parts": "parts", "our_cpu_s": "our CPU s", "bare_cpu_s": "bare CPU s"})
    bounds = [
        {"file": row["file"], "bound": f"{what} = 0", "value": len(row[what]), "passed": not row[what]}
        for row in figures
        for what in ("lost", "boxes_off", "colours_off")
    ]
    keep("geometry_parity", figures, bounds, smoke=options.smoke, note="ours includes the start of the worker process")


if __name__ == "__main__":
    main()
