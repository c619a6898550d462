"""A benchmark's result: machine, commit, versions, every figure, each bound pass or fail."""

import argparse
import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
DATA = ROOT.parent / "shared" / "data"
PACKAGES = ("ifcopenshell", "ifclite-geom", "numpy", "shapely", "pyproj", "meshopt", "rtree", "sqlalchemy")


def arguments(description: str, *, parts: Sequence[str] = ()) -> argparse.Namespace:
    """`--smoke`: small, bounds off, nothing written; `--only` one of the parts, for looking at it: nothing written either."""
    parser = argparse.ArgumentParser(description=description)
    if parts:
        parser.add_argument("--only", choices=parts, help="this part alone; result not written")
    parser.add_argument("--smoke", action="store_true", help="small run, bounds off, result not written")
    return parser.parse_args()


def keep(name: str, figures: list[dict[str, Any]], bounds: list[dict[str, Any]], *, smoke: bool, note: str = "") -> None:
    """Write `results/{name}.json` unless it is a smoke run; exit 1 where a bound fails."""
    if smoke:
        print(f"{name}: smoke run done, {len(figures)} figures")
        return
    document = {
        "benchmark": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain")),
        "machine": {
            "cpu": _cpu(),
            "cores": psutil.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
        "note": note,
        "figures": figures,
        "bounds": bounds,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if any(not bound["passed"] for bound in bounds):
        sys.exit(1)


def table(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Print rows under `columns` (key → heading)."""
    cells = [list(columns.values())] + [[_cell(row.get(key)) for key in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths, strict=True))))


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
