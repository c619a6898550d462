"""Crashes, hangs, exceptions and empty answers of an engine cost only the product they concern, and are written down."""

import re
from pathlib import Path

import numpy as np
import pytest

from bim.errors import GeometryWorkerBroken
from bim.geometry import LADDERS, GeometryResult, Outcome, Product, Rung, mesh_products
from spatial.issue import Severity
from tests.bim.geometry.small_ifc import SmallIfc

BOX = LADDERS["reference"][-1]
COUNT = 20
VICTIM = 13


@pytest.fixture
def twenty(tmp_path: Path) -> tuple[Path, list[Product]]:
    """Twenty blocks of 2 × 1 × 3 m in a row; the fourteenth is named `victim`."""
    ifc = SmallIfc()
    made = [ifc.product("IfcWall", ifc.placement((10.0 * i, 0.0, 0.0)), ifc.shape([ifc.block((2.0, 1.0, 3.0))])) for i in range(COUNT)]
    made[VICTIM].Name = "victim"
    path = ifc.write(tmp_path)
    return path, [Product(step_id=p.id(), local_id=p.GlobalId, class_name="IfcWall", wants_mesh=True) for p in made]


def drawn(twenty: tuple[Path, list[Product]], fault: str, monkeypatch: pytest.MonkeyPatch, budget_s: float = 10.0) -> GeometryResult:
    ladder = (Rung(name="faulty", engine=f"tests.bim.geometry.faulty_engines:{fault}", batch=COUNT), BOX)
    monkeypatch.setitem(LADDERS, "faulty", ladder)
    return mesh_products(twenty[0], twenty[1], cache_dir=None, engine="faulty", budget_s=budget_s)


@pytest.mark.parametrize(
    ("fault", "code", "words", "starts"),
    [
        ("Crashes", "GEOMETRY_CRASHED", "signal 11 (SIGSEGV)", 4),
        ("Raises", "GEOMETRY_EMPTY", "MemoryError: too many faces", 1),
        ("EatsMemory", "GEOMETRY_EMPTY", "MemoryError", 1),
        ("DrawsNothing", "GEOMETRY_EMPTY", "without area", 1),
        ("Hangs", "GEOMETRY_TIMEOUT", "no answer within 1.5 s", 4),
    ],
)
def test_one_faulty_product_becomes_a_box_and_the_rest_are_drawn(
    fault: str, code: str, words: str, starts: int, twenty: tuple[Path, list[Product]], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = drawn(twenty, fault, monkeypatch, budget_s=1.5 if fault == "Hangs" else 10.0)
    victim = twenty[1][VICTIM].local_id
    others = [line for local_id, line in result.results.items() if local_id != victim]
    assert len(others) == COUNT - 1
    assert {(line.outcome, line.engine, line.reason) for line in others} == {(Outcome.PLACED, "faulty", None)}
    assert result.results[victim].outcome is Outcome.BOXED
    (issue,) = result.issues
    assert (issue.code, issue.severity) == (code, Severity.WARNING)
    assert victim in issue.path and words in issue.message
    # Twenty, three of them, the one, and its box: each failure costs one worker, what an engine survives costs none.
    assert result.worker_starts == starts
    box = result.meshes.feature_bounds()[victim]
    assert np.allclose(box, [[129.0, -0.5, 0.0], [131.0, 0.5, 3.0]], atol=1e-6)


def test_an_engine_that_is_slow_to_load_costs_no_product_its_shape(
    twenty: tuple[Path, list[Product]], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = drawn(twenty, "LoadsSlowly", monkeypatch, budget_s=0.8)
    assert {line.outcome for line in result.results.values()} == {Outcome.PLACED}
    assert (result.issues, result.worker_starts) == ((), 1)


@pytest.fixture
def cyclic_and_healthy(data_dir: Path, tmp_path: Path) -> tuple[Path, list[Product]]:
    """The shared file whose only placement is relative to itself, called `victim`, and a healthy product beside it."""
    text = (data_dir / "ifc" / "broken" / "cyclic-placement.ifc").read_text()
    named = re.sub(r"(#23=IFCBUILDINGELEMENTPROXY\('[^']*',#\d+,)('[^']*'|\$)", r"\1'victim'", text)
    assert named != text
    healthy = "#30=IFCLOCALPLACEMENT($,#21);\n#31=IFCBUILDINGELEMENTPROXY('0000000000000000000003',#5,'Healthy',$,$,#30,#19,$,$);\n"
    end = named.rindex("ENDSEC;")
    path = tmp_path / "cyclic_and_healthy.ifc"
    path.write_text(named[:end] + healthy + named[end:])
    found = [(23, "0000000000000000000002"), (31, "0000000000000000000003")]
    return path, [Product(step_id=s, local_id=i, class_name="IfcBuildingElementProxy", wants_mesh=True) for s, i in found]


def test_a_placement_that_kills_opencascade_costs_only_its_product(
    cyclic_and_healthy: tuple[Path, list[Product]], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = drawn(cyclic_and_healthy, "AsksOpencascade", monkeypatch)
    dead, healthy = result.results.values()
    assert (dead.outcome, healthy.outcome) == (Outcome.FAILED, Outcome.PLACED)
    assert dead.reason is not None and "signal 11" in dead.reason
    assert [(issue.code, issue.severity) for issue in result.issues] == [("GEOMETRY_CRASHED", Severity.ERROR)]
    # Both, the one, the other and its box: the crash took a worker with it twice.
    assert result.worker_starts == 3


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_a_placement_relative_to_itself_is_seen_before_it_kills_anything(
    engine: str, cyclic_and_healthy: tuple[Path, list[Product]]
) -> None:
    result = mesh_products(*cyclic_and_healthy, cache_dir=None, engine=engine)
    dead, healthy = result.results.values()
    names = "ifclite, opencascade, box" if engine == "fast" else "opencascade, box"
    assert (dead.outcome, dead.reason) == (Outcome.FAILED, f"{names}: placement #22 refers to itself")
    assert healthy.outcome is Outcome.PLACED
    assert [(issue.code, issue.severity) for issue in result.issues] == [("GEOMETRY_EMPTY", Severity.ERROR)]
    assert result.meshes.features == ("0000000000000000000003",)
    assert result.worker_starts == 1


def test_a_missing_placement_fails_with_its_reason(data_dir: Path) -> None:
    path = data_dir / "ifc" / "broken" / "missing-placement.ifc"
    product = Product(step_id=23, local_id="p", class_name="IfcBuildingElementProxy", wants_mesh=True)
    result = mesh_products(path, [product], cache_dir=None)
    assert result.results["p"].outcome is Outcome.FAILED
    assert "placement #22 has no axes" in str(result.results["p"].reason)
    assert [issue.code for issue in result.issues] == ["GEOMETRY_EMPTY"]


def test_a_file_that_no_worker_can_open_is_an_error_at_once(tmp_path: Path) -> None:
    path = tmp_path / "nothing.ifc"
    path.write_text("no STEP at all")
    product = Product(step_id=1, local_id="p", class_name="IfcWall", wants_mesh=True)
    with pytest.raises(GeometryWorkerBroken, match=r"nothing\.ifc"):
        mesh_products(path, [product], cache_dir=None)
