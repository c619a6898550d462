"""The real IFC files of point 2, each with a place of its own in one site of the test's."""

import json
from pathlib import Path
from typing import Any

SITE = ("119.2946", "26.0896", "30.0")
SITE_ARGUMENTS = ("--name", "试验场", "--origin", ",".join(SITE), "--crs", "EPSG:4549", "--geoid-separation", "10")
FILES = {
    "duplex": "duplex_A_20110907.ifc",
    "duplex-georeferenced": "duplex_A_20110907_georeferenced.ifc",
    "duplex-electrical": "duplex_electrical.ifc",
    "duplex-cobie": "duplex_handover_cobie.ifc",
    "fzk": "ac20_fzk_haus.ifc",
    "institute": "ac11_institute_var2.ifc",
    "sample-house": "sample_house_ifc4.ifc",
    "bimwhale": "large_building_bimwhale.ifc",
    "hhs": "hhs_office_construction.ifc",
    "architecture": "building_architecture_ifc4.ifc",
    "utm": "geographic_referencing_utm_4x3.ifc",
    "rigid": "geographic_referencing_rigid_operation_4x3.ifc",
    "signal": "linear_placement_of_signal_4x3.ifc",
}


def facts_of(data_dir: Path, name: str) -> dict[str, Any]:
    """The published facts of a file (`facts.json`)."""
    facts: dict[str, Any] = json.loads((data_dir / "facts.json").read_text(encoding="utf-8"))[f"shared/ifc/{FILES[name]}"]
    return facts
