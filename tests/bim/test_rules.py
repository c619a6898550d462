"""The one-rule files of buildingSMART's checks: each is read to the end, and what its name says is wrong is found."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bim import BimError, Georeference, judge, read_model
from bim.model import BimModel
from spatial.frame import Site, SiteFrame
from spatial.issue import count_codes

SITE = Site(code="s", name="s", lon=119.2946, lat=26.0896, height_m=20.0, crs="EPSG:4549", geoid_separation_m=10.0)
HOUSE = [[0.0, 0.0, 0.0], [10.0, 10.0, 10.0]]

# File → what its claims are doubted for, one tuple a claim, wherever the site is (GEOREF_OUTSIDE_SITE left out).
CLAIMS: dict[str, list[tuple[str, ...]]] = {
    "pass-grf000-correct_georeferencing": [("GEOREF_SCALE_CONTRADICTS_UNITS",), ()],
    "pass-grf002-valid_epsg_code": [("GRID_SCALE",)],
    "fail-grf002-invalid_epsg_code": [("CRS_MISSING",)],
    "fail-grf002-no_espg_code": [("CRS_MISSING",)],
    "fail-grf004-invalid_epsg_code_non_numerical": [("CRS_MISSING",)],
    "fail-grf005-scaled_foot_to_metre": [("GEOREF_SCALE_CONTRADICTS_UNITS", "GRID_SCALE")],
    "pass-grf006-valid_wkt_specification": [("GEOREF_DEFAULT_PLACE", "GRID_SCALE"), ("GEOREF_DEFAULT_PLACE",)],
    "fail-grf006-wkt_in_name_but_no_specification": [("CRS_MISSING",), ("GEOREF_DEFAULT_PLACE",)],
    "pass-sps007-scenario02-annotation_hosted_element": [("CRS_MISSING",)],
    "na-grf000-no_georeferencing": [],
}
FINDINGS = {
    "fail-sps005-element_without_spatial_relationship": {"ELEMENT_OUTSIDE_STRUCTURE": 1, "STOREY_EMPTY": 3},
    "fail-sps001-scenario01-2_sites_2_buildings_variant_0": {"BUILDINGS_MANY": 1},
    "fail-ojp001-scenario01-wrong_ifclocalplacement_linked_chain": {"ELEMENT_OUTSIDE_STRUCTURE": 4, "GLOBALID_DUPLICATE": 2},
    "pass-sps006-without_position_with_reference": {},
    "na-grf005-no_map_conversion": {"ELEMENT_OUTSIDE_STRUCTURE": 1},
    "na-grf003-railway_with_georeferencing": {"COORDINATES_LARGE": 1},
}


@pytest.fixture(scope="module")
def rules(data_dir: Path, real_meshes: Path) -> dict[str, BimModel | BimError]:
    """Every file of `data/ifc_rules` by its stem: its model, or why it was refused."""
    found: dict[str, BimModel | BimError] = {}
    for path in sorted((data_dir / "ifc_rules").rglob("*.ifc")):
        try:
            found[path.stem] = read_model(path, "m", cache_dir=real_meshes)
        except BimError as refusal:
            found[path.stem] = refusal
    return found


def judged(model: BimModel) -> Georeference:
    return judge(model.claims, SiteFrame.of(SITE), HOUSE)


def test_every_file_is_read_and_one_without_a_unit_refused(rules: dict[str, BimModel | BimError]) -> None:
    refused = {stem: model.code for stem, model in rules.items() if isinstance(model, BimError)}
    assert refused == {"pass-sps007-compliant_annotation_grid_wall": "IFC_UNIT_UNKNOWN"}
    assert len(rules) == 66
    for model in rules.values():
        if isinstance(model, BimModel):
            outcomes = Counter(row.outcome for row in model.ledger)
            assert outcomes["placed"] + outcomes["without_geometry"] == len(model.ledger)
            assert len({feature.id for feature in model.features}) == len(model.features)
            json.dumps([dict(feature.properties) for feature in model.features], allow_nan=False)
            json.dumps(judged(model).as_json(), allow_nan=False)


@pytest.mark.parametrize("stem", CLAIMS)
def test_a_claim_is_doubted_for_what_the_file_is_named_after(stem: str, rules: dict[str, BimModel | BimError]) -> None:
    model = rules[stem]
    assert isinstance(model, BimModel)
    verdict = judged(model)
    assert [tuple(code for code in claim.suspicious if code != "GEOREF_OUTSIDE_SITE") for claim in verdict.claims] == CLAIMS[stem]
    assert ("GEOREF_NONE" in count_codes(verdict.issues)) == (not CLAIMS[stem])


@pytest.mark.parametrize("stem", FINDINGS)
def test_a_structure_is_found_wrong_for_what_the_file_is_named_after(stem: str, rules: dict[str, BimModel | BimError]) -> None:
    model = rules[stem]
    assert isinstance(model, BimModel)
    assert count_codes(model.issues) == FINDINGS[stem]
