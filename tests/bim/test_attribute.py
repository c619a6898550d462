"""Attributes by name, without ifcopenshell's price for those a class does not have."""

import sys
from typing import Any

import ifcopenshell
import pytest

from bim.attribute import find_attribute, has_attribute


@pytest.fixture(params=["IFC2X3", "IFC4", "IFC4X3_ADD2"])
def wall(request: pytest.FixtureRequest) -> Any:
    return ifcopenshell.file(schema=request.param).create_entity("IfcWall", GlobalId="0" * 22, Name="墙", Tag="W-1")


def test_what_is_set_unset_or_unknown_is_a_value_or_none(wall: Any) -> None:
    assert (find_attribute(wall, "Name"), find_attribute(wall, "Tag")) == ("墙", "W-1")
    assert find_attribute(wall, "Description") is None
    assert find_attribute(wall, "OverallHeight") is None
    assert find_attribute(None, "Name") is None
    assert has_attribute(wall, "Description") and not has_attribute(wall, "OverallHeight")


def test_an_attribute_the_class_has_not_loads_no_rules_of_the_schema(wall: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("ifcopenshell.express.rules.")]:
        monkeypatch.delitem(sys.modules, name)
    find_attribute(wall, "OverallHeight")
    assert not [name for name in sys.modules if name.startswith("ifcopenshell.express.rules.")]


def test_a_measure_has_no_attributes() -> None:
    measure = ifcopenshell.file(schema="IFC4").create_entity("IfcLengthMeasure", 2.0)
    assert find_attribute(measure, "Name") is None
