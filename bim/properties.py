"""Property sets, quantities, types, materials, classifications and groups of all objects, each relation read once.

`ifcopenshell.util.element.get_psets` walks the relations of one element; for a whole file it is cheaper to walk the relations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import ifcopenshell

from bim.attribute import find_attribute, find_text
from bim.units import Units, find_unit

__all__ = ["Measure", "Properties", "json_value", "read_properties"]

_QUANTITY_UNIT = {
    "IfcQuantityLength": ("LengthValue", "LENGTHUNIT"),
    "IfcQuantityArea": ("AreaValue", "AREAUNIT"),
    "IfcQuantityVolume": ("VolumeValue", "VOLUMEUNIT"),
    "IfcQuantityWeight": ("WeightValue", "MASSUNIT"),
    "IfcQuantityTime": ("TimeValue", "TIMEUNIT"),
    "IfcQuantityCount": ("CountValue", None),
    "IfcQuantityNumber": ("NumberValue", None),
}
_DECLARED = {"IfcAreaMeasure": "AREAUNIT", "IfcVolumeMeasure": "VOLUMEUNIT"}
_DECLARED_QUANTITIES = frozenset({"IfcQuantityLength", "IfcQuantityArea", "IfcQuantityVolume"})
_ROOT_ATTRIBUTES = frozenset({"id", "type", "GlobalId", "OwnerHistory", "Name", "Description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A length, area or volume as a file states it: in the file's unit and, where that has a factor, in SI."""

    pset: str
    name: str
    value: float
    unit: str | None
    value_si: float | None


@dataclass(slots=True)
class _Set:
    name: str
    is_quantity: bool
    values: dict[str, Any] = field(default_factory=dict)
    measures: list[Measure] = field(default_factory=list)


class Properties:
    """What the relations of a file say about its objects, asked by step id; all answers are JSON."""

    def __init__(self, ifc: Any, units: Units) -> None:
        self._units = units
        self._sets: dict[int, _Set] = {}
        self._sets_of: dict[int, list[Any]] = {}
        self._type_of: dict[int, Any] = {}
        self._type_rows: dict[int, dict[str, Any]] = {}
        self._materials_of: dict[int, list[str]] = {}
        self._classes_of: dict[int, list[dict[str, Any]]] = {}
        self._groups_of: dict[int, list[tuple[Any, dict[str, Any]]]] = {}
        self._read_definitions(ifc)
        self._read_types(ifc)
        self._read_associations(ifc)
        self._read_groups(ifc)

    def of(self, entity: Any) -> dict[str, Any]:
        """`property_sets`, `quantities`, `type`, `materials`, `classifications`, `systems`, `zones`, `groups`; empty ones left out.

        Sets of the type are inherited, values of the occurrence win.
        """
        step = entity.id()
        kind = self._type_of.get(step)
        result: dict[str, Any] = {}
        property_sets: dict[str, dict[str, Any]] = {}
        quantities: dict[str, dict[str, Any]] = {}
        for one in self._all_sets(step):
            target = quantities if one.is_quantity else property_sets
            if not one.values:
                continue
            target.setdefault(one.name, {}).update(one.values)
        type_step = kind.id() if kind is not None else -1
        groups = self._groups_of.get(step, [])
        found = {
            "property_sets": property_sets,
            "quantities": quantities,
            "type": self._type_row(kind) if kind is not None else None,
            "materials": self._materials_of.get(step) or self._materials_of.get(type_step),
            "classifications": [*self._classes_of.get(step, []), *self._classes_of.get(type_step, [])],
            "systems": [row for group, row in groups if group.is_a("IfcSystem") and not group.is_a("IfcZone")],
            "zones": [row for group, row in groups if group.is_a("IfcZone")],
            "groups": [row for group, row in groups if not (group.is_a("IfcSystem") or group.is_a("IfcZone"))],
        }
        result.update({key: value for key, value in found.items() if value})
        return result

    def find_type(self, step: int) -> Any:
        """The type object of an occurrence, None where it has none."""
        return self._type_of.get(step)

    def measures(self, step: int) -> list[Measure]:
        """Every length, area and volume quantity and every area or volume property an object declares, its type's included."""
        return [measure for one in self._all_sets(step) for measure in one.measures]

    def _all_sets(self, step: int) -> list[_Set]:
        kind = self._type_of.get(step)
        inherited = (kind.HasPropertySets or ()) if kind is not None else ()
        return [self._parsed(definition) for definition in (*inherited, *self._sets_of.get(step, ()))]

    def _read_definitions(self, ifc: Any) -> None:
        for relation in ifc.by_type("IfcRelDefinesByProperties"):
            definition = relation.RelatingPropertyDefinition
            if definition is None:
                continue
            several = definition.wrappedValue if definition.is_a("IfcPropertySetDefinitionSet") else (definition,)
            for thing in relation.RelatedObjects or ():
                self._sets_of.setdefault(thing.id(), []).extend(several)

    def _read_types(self, ifc: Any) -> None:
        for relation in ifc.by_type("IfcRelDefinesByType"):
            for thing in relation.RelatedObjects or ():
                self._type_of[thing.id()] = relation.RelatingType

    def _read_associations(self, ifc: Any) -> None:
        for relation in ifc.by_type("IfcRelAssociatesMaterial"):
            names = list(dict.fromkeys(_material_names(relation.RelatingMaterial)))
            for thing in relation.RelatedObjects or ():
                self._materials_of.setdefault(thing.id(), []).extend(names)
        for relation in ifc.by_type("IfcRelAssociatesClassification"):
            if relation.RelatingClassification is None:
                continue
            row = _classification(relation.RelatingClassification)
            for thing in relation.RelatedObjects or ():
                self._classes_of.setdefault(thing.id(), []).append(row)

    def _read_groups(self, ifc: Any) -> None:
        for relation in ifc.by_type("IfcRelAssignsToGroup"):
            group = relation.RelatingGroup
            if group is None:
                continue
            row = {"class_name": group.is_a(), "global_id": find_text(group, "GlobalId"), "name": find_text(group, "Name")}
            for thing in relation.RelatedObjects or ():
                self._groups_of.setdefault(thing.id(), []).append((group, row))

    def _type_row(self, kind: Any) -> dict[str, Any]:
        row = self._type_rows.get(kind.id())
        if row is None:
            row = {"class_name": kind.is_a(), "global_id": find_text(kind, "GlobalId"), "name": find_text(kind, "Name")}
            self._type_rows[kind.id()] = row
        return row

    def _parsed(self, definition: Any) -> _Set:
        known = self._sets.get(definition.id())
        if known is None:
            known = self._sets[definition.id()] = self._parse(definition)
        return known

    def _parse(self, definition: Any) -> _Set:
        name = find_text(definition, "Name") or definition.is_a()
        if definition.is_a("IfcElementQuantity"):
            result = _Set(name, True)
            self._parse_quantities(result, result.values, definition.Quantities or ())
            return result
        result = _Set(name, False)
        if definition.is_a("IfcPropertySet"):
            for item in definition.HasProperties or ():
                result.values[find_text(item, "Name") or ""] = self._property(result, item)
        else:
            info = definition.get_info(include_identifier=False, recursive=False)
            result.values = {key: json_value(value) for key, value in info.items() if key not in _ROOT_ATTRIBUTES and value is not None}
        return result

    def _parse_quantities(self, result: _Set, values: dict[str, Any], quantities: Sequence[Any]) -> None:
        for quantity in quantities:
            kind = quantity.is_a()
            if kind == "IfcPhysicalComplexQuantity":
                self._parse_quantities(result, values.setdefault(find_text(quantity, "Name") or "", {}), quantity.HasQuantities or ())
                continue
            attribute, unit_type = _QUANTITY_UNIT[kind]
            value = find_attribute(quantity, attribute)
            if value is None:
                continue
            measure = self._measure(result.name, find_text(quantity, "Name") or "", value, quantity.Unit, unit_type)
            values[measure.name] = {"value": json_value(value), "unit": measure.unit, "value_si": measure.value_si}
            if kind in _DECLARED_QUANTITIES:
                result.measures.append(measure)

    def _measure(self, pset: str, name: str, value: float, own_unit: Any, unit_type: str | None) -> Measure:
        unit = find_unit(own_unit) if own_unit is not None else self._units.by_type.get(unit_type or "")
        si = float(f"{value * unit.to_si:.12g}") if unit is not None and unit.to_si is not None else None
        return Measure(pset=pset, name=name, value=float(value), unit=unit.name if unit else None, value_si=si)

    def _property(self, result: _Set, item: Any) -> Any:
        if item.is_a("IfcPropertySingleValue"):
            value = item.NominalValue
            if value is None:
                return None
            unit_type = _DECLARED.get(value.is_a())
            if unit_type is not None and isinstance(value.wrappedValue, float):
                result.measures.append(self._measure(result.name, find_text(item, "Name") or "", value.wrappedValue, item.Unit, unit_type))
            return json_value(value)
        if item.is_a("IfcPropertyEnumeratedValue"):
            return json_value(item.EnumerationValues or ())
        if item.is_a("IfcPropertyListValue"):
            return json_value(item.ListValues or ())
        if item.is_a("IfcPropertyBoundedValue"):
            bounds = {"lower": item.LowerBoundValue, "upper": item.UpperBoundValue, "set_point": find_attribute(item, "SetPointValue")}
            return {name: json_value(bound) for name, bound in bounds.items() if bound is not None}
        if item.is_a("IfcPropertyTableValue"):
            return {"defining": json_value(item.DefiningValues or ()), "defined": json_value(item.DefinedValues or ())}
        if item.is_a("IfcComplexProperty"):
            return {find_text(part, "Name") or "": self._property(result, part) for part in item.HasProperties or ()}
        return json_value(find_attribute(item, "PropertyReference"))


def read_properties(ifc: Any, units: Units) -> Properties:
    """The properties of a file, relations read once; sets are parsed when an object that has them is asked for."""
    return Properties(ifc, units)


def json_value(value: Any) -> Any:
    """A value of ifcopenshell as JSON: measures unwrapped, tuples as lists, entities by name, not-finite numbers as text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, tuple | list):
        return [json_value(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): json_value(part) for key, part in value.items()}
    if isinstance(value, ifcopenshell.entity_instance):
        return find_text(value, "Name") or value.is_a() if value.is_entity() else json_value(value.wrappedValue)
    return str(value)


def _material_names(material: Any) -> list[str]:
    if material is None:
        return []
    if material.is_a("IfcMaterial"):
        name = find_text(material, "Name")
        return [name] if name else []
    parts: Sequence[Any] = ()
    for attribute in ("Materials", "MaterialLayers", "MaterialProfiles", "MaterialConstituents"):
        parts = find_attribute(material, attribute) or parts
    for attribute in ("ForLayerSet", "ForProfileSet", "Material"):
        single = find_attribute(material, attribute)
        parts = (*parts, single) if single is not None else parts
    return [name for part in parts for name in _material_names(part)]


def _classification(reference: Any) -> dict[str, Any]:
    if reference.is_a("IfcClassification"):
        return {"system": find_text(reference, "Name"), "code": None, "name": None}
    source, depth = find_attribute(reference, "ReferencedSource"), 0
    while source is not None and source.is_a("IfcClassificationReference") and depth < 32:
        source, depth = source.ReferencedSource, depth + 1
    code = find_text(reference, "Identification") or find_text(reference, "ItemReference")
    return {"system": find_text(source, "Name"), "code": code, "name": find_text(reference, "Name")}
