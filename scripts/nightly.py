"""The nightly tests, all or those named: each with its outcome, time and what it recorded kept in `benchmarks/results/nightly.json`.

Where some are named, what is kept of the others stays, with the day it was run.
"""

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib.record import ROOT, keep, table


def main() -> None:
    """Run them; exit 1 where one fails or none is found."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "nightly.xml"
        command = [sys.executable, "-m", "pytest", "-m", "nightly", "-o", "junit_family=xunit1", f"--junit-xml={report}", *sys.argv[1:]]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        figures = [_figure(case) for case in ElementTree.parse(report).iter("testcase")]
    figures += _of_others({str(figure["test"]) for figure in figures}) if len(sys.argv) > 1 else []
    table(figures, {"test": "test", "outcome": "outcome", "seconds": "s", "at": "at"})
    whole = {"bound": "every nightly test passes", "value": code, "passed": code == 0}
    each = [{"bound": figure["test"], "value": figure["seconds"], "passed": figure["outcome"] == "passed"} for figure in figures]
    keep("nightly", figures, [whole, *each], smoke=False)


def _of_others(run: set[str]) -> list[dict[str, Any]]:
    """What is kept of tests that were not run now."""
    kept = ROOT / "benchmarks" / "results" / "nightly.json"
    document = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"figures": []}
    return [{"at": document["at"]} | figure for figure in document["figures"] if figure["test"] not in run]


def _figure(case: ElementTree.Element) -> dict[str, Any]:
    outcome = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
    told = {str(one.get("name")): one.get("value") for one in case.iter("property")}
    seconds = round(float(case.get("time") or 0), 1)
    return {
        "test": f"{case.get('classname')}::{case.get('name')}",
        "outcome": outcome,
        "seconds": seconds,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"told": told} if told else {}),
    }


if __name__ == "__main__":
    main()
