"""Values that are missing or of the wrong type: a file is read around them or refused by name, and never crashes the reader."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest

import bim.model
from bim import BimError, IfcUnitUnknown, IfcValueInvalid, judge, read_model
from bim.geometry import GeometryResult, Outcome, ProductResult
from spatial.frame import Site, SiteFrame
from spatial.mesh import MeshBuilder
from tests.bim.described_ifc import write_described

FRAME = SiteFrame.of(Site(code="s", name="s", lon=119.2946, lat=26.0896, height_m=20.0, crs="EPSG:4549", geoid_separation_m=10.0))


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Geometry draws nothing here: its faults have tests of their own."""

    def nothing(path: Path, products: Any, **_: object) -> GeometryResult:
        lines = {p.local_id: ProductResult(local_id=p.local_id, outcome=Outcome.FAILED, reason="undrawn", engine="") for p in products}
        return GeometryResult(meshes=MeshBuilder().build(), results=lines, issues=(), worker_starts=0)

    monkeypatch.setattr(bim.model, "mesh_products", nothing)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_described(tmp_path_factory.mktemp("ifc") / "described.ifc", claims=True).read_text()


def damaged(text: str, value: str) -> Iterator[tuple[str, str]]:
    """For each class and attribute that is set: `Class.index` and the file with that attribute of one entity replaced."""
    rng = random.Random(11)
    lines: dict[tuple[str, int], list[tuple[str, list[str]]]] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"#\d+=(\w+)\((.*)\);", line)
        if match:
            values = _values(match.group(2))
            for index, written in enumerate(values):
                if written != "$":
                    lines.setdefault((match.group(1), index), []).append((line, values))
    for (name, index), found in sorted(lines.items()):
        line, values = rng.choice(found)
        head = line[: line.index("(") + 1]
        yield f"{name}.{index}", text.replace(line, f"{head}{','.join([*values[:index], value, *values[index + 1 :]])});")


def _values(inside: str) -> list[str]:
    values, depth, quoted = [""], 0, False
    for char in inside:
        quoted ^= char == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0 and not quoted:
            values.append("")
        else:
            values[-1] += char
    return values


def outcome(path: Path, text: str) -> str:
    """The refusal's code, or `read`, after everything that is made of a model was made."""
    path.write_text(text)
    try:
        model = read_model(path, "m")
    except BimError as refusal:
        assert path.name in refusal.message and refusal.hint
        return refusal.code
    json.dumps([[feature.name, dict(feature.properties)] for feature in model.features], allow_nan=False)
    json.dumps(judge(model.claims, FRAME, [[0.0, 0.0, 0.0], [10.0, 10.0, 10.0]]).as_json(), allow_nan=False)
    return "read"


def test_whatever_is_missing_the_rest_is_read(described: str, tmp_path: Path) -> None:
    found = {name: outcome(tmp_path / "damaged.ifc", text) for name, text in damaged(described, "$")}
    refused = {name for name, code in found.items() if code != "read"}
    assert len(found) > 150
    assert {found[name] for name in refused} == {"IFC_UNIT_UNKNOWN"}
    assert refused <= {"IFCPROJECT.8", "IFCUNITASSIGNMENT.0", "IFCSIUNIT.1", "IFCSIUNIT.3"}


@pytest.mark.parametrize(("first", "value"), [(0, "'text'"), (1, "1.5"), (2, "#1")])
def test_a_value_of_the_wrong_type_is_read_around_or_refused_by_name(first: int, value: str, described: str, tmp_path: Path) -> None:
    every_third = list(damaged(described, value))[first::3]
    found = Counter(outcome(tmp_path / "damaged.ifc", text) for _, text in every_third)
    assert set(found) <= {"read", "IFC_VALUE_INVALID", "IFC_UNIT_UNKNOWN"}
    assert found["IFC_VALUE_INVALID"] > 5 and found["read"] > 5


def test_a_refusal_names_entity_attribute_and_value(described: str, tmp_path: Path) -> None:
    path = tmp_path / "storey.ifc"
    path.write_text(re.sub(r"(IFCBUILDINGSTOREY\(.*),0\.\);", r"\1,'ground');", described))
    with pytest.raises(IfcValueInvalid) as caught:
        read_model(path, "m")
    storey = ifcopenshell.open(path).by_type("IfcBuildingStorey")[0]
    assert caught.value.values == (f"#{storey.id()} IfcBuildingStorey.Elevation = ground",)
    assert caught.value.message.startswith("storey.ifc: 1 values do not fit the schema: #")


def test_a_fault_of_our_own_is_not_blamed_on_the_file(described: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise TypeError("ours")

    monkeypatch.setattr(bim.model, "read_properties", broken)
    path = tmp_path / "sound.ifc"
    path.write_text(described)
    with pytest.raises(TypeError, match="ours"):
        read_model(path, "m")


def test_a_unit_without_a_name_is_no_unit(described: str, tmp_path: Path) -> None:
    path = tmp_path / "unit.ifc"
    path.write_text(described.replace(".LENGTHUNIT.,.MILLI.,.METRE.", ".LENGTHUNIT.,.MILLI.,$"))
    with pytest.raises(IfcUnitUnknown, match=r"unit\.ifc"):
        read_model(path, "m")
