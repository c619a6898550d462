"""Chains of placements: composed in metres, each walked once, never the identity where the file is broken."""

from typing import Any

import ifcopenshell.geom
import numpy as np
import pytest

from bim.placement import Placements, PlacementUnresolved, transformation_operator
from tests.bim.geometry.small_ifc import MILLIMETRE, SmallIfc


@pytest.fixture
def ifc() -> SmallIfc:
    return SmallIfc(MILLIMETRE)


def product(ifc: SmallIfc, placement: Any) -> Any:
    return ifc.product("IfcWall", placement, None)


def test_a_chain_is_composed_as_the_opencascade_kernel_composes_it(ifc: SmallIfc) -> None:
    rng = np.random.default_rng(7)
    placement = None
    for _ in range(5):
        at, z, x = (tuple(float(v) for v in rng.normal(size=3) * size) for size in (5000.0, 1.0, 1.0))
        placement = ifc.placement(at, placement, z, x)
    shape: Any = ifcopenshell.geom.create_shape(ifcopenshell.geom.settings(), placement)
    theirs = np.array(shape.matrix).reshape(4, 4).T
    assert np.allclose(Placements(0.001).matrix(product(ifc, placement)), theirs, atol=1e-9)


def test_a_product_without_a_placement_stands_in_the_world(ifc: SmallIfc) -> None:
    assert np.array_equal(Placements(0.001).matrix(product(ifc, None)), np.eye(4))


def test_what_hangs_on_a_ring_is_cyclic_and_found_once(ifc: SmallIfc) -> None:
    one = ifc.placement((1.0, 0.0, 0.0))
    other = ifc.placement((1.0, 0.0, 0.0), one)
    one.PlacementRelTo = other
    hanging = [product(ifc, ifc.placement((0.0, 0.0, 0.0), other)) for _ in range(3)]
    placements = Placements(0.001)
    assert [placements.find_matrix(thing) for thing in hanging] == [None, None, None]
    assert [(issue.code, issue.path) for issue in placements.issues] == [("PLACEMENT_CYCLIC", f"#{hanging[0].id()} IfcWall")]
    with pytest.raises(PlacementUnresolved, match="refers to itself"):
        placements.matrix(hanging[1])


def test_a_placement_without_axes_is_a_missing_reference_for_all_that_hangs_on_it(ifc: SmallIfc) -> None:
    broken = ifc.placement((0.0, 0.0, 0.0))
    broken.RelativePlacement = None
    placements = Placements(0.001)
    assert placements.find_matrix(product(ifc, ifc.placement((1.0, 0.0, 0.0), broken))) is None
    assert [issue.code for issue in placements.issues] == ["REFERENCE_MISSING"]


def test_a_direction_without_length_is_no_direction(ifc: SmallIfc) -> None:
    placements = Placements(0.001)
    assert placements.find_matrix(product(ifc, ifc.placement((0.0, 0.0, 0.0), z=(0.0, 0.0, 0.0)))) is None
    assert [issue.code for issue in placements.issues] == ["REFERENCE_MISSING"]


def test_a_placement_on_a_grid_is_no_fault_of_the_file_and_left_to_who_can_resolve_it(ifc: SmallIfc) -> None:
    grid = ifc.file.create_entity("IfcGridPlacement")
    hanging = product(ifc, ifc.placement((1000.0, 0.0, 0.0), grid))
    placements = Placements(0.001)
    assert placements.find_matrix(hanging) is None
    assert placements.issues == ()
    there = np.eye(4)
    there[:3, 3] = 10.0, 20.0, 30.0
    assert Placements(0.001, lambda link: there).matrix(hanging)[:3, 3] == pytest.approx([11.0, 20.0, 30.0])


def test_an_operator_mirrors_and_scales_unevenly(ifc: SmallIfc) -> None:
    operator = ifc.file.create_entity(
        "IfcCartesianTransformationOperator3DnonUniform",
        Axis1=ifc.direction((1.0, 0.0, 0.0)),
        Axis2=ifc.direction((0.0, -1.0, 0.0)),
        Axis3=ifc.direction((0.0, 0.0, 1.0)),
        LocalOrigin=ifc.file.create_entity("IfcCartesianPoint", Coordinates=(1000.0, 0.0, 0.0)),
        Scale=2.0,
        Scale2=3.0,
    )
    assert np.allclose(transformation_operator(operator, 0.001), [[2, 0, 0, 1], [0, -3, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])
