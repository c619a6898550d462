"""Units of an IFC project, as factors to SI."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bim.attribute import find_attribute
from bim.errors import IfcUnitUnknown

__all__ = ["Unit", "Units", "find_unit", "read_units", "unit_from_label"]

_PREFIX = {
    "EXA": 1e18, "PETA": 1e15, "TERA": 1e12, "GIGA": 1e9, "MEGA": 1e6, "KILO": 1e3, "HECTO": 1e2, "DECA": 1e1,
    "DECI": 1e-1, "CENTI": 1e-2, "MILLI": 1e-3, "MICRO": 1e-6, "NANO": 1e-9, "PICO": 1e-12, "FEMTO": 1e-15, "ATTO": 1e-18,
}  # fmt: skip
_SHORT_PREFIX = {"KILO": "k", "HECTO": "h", "DECA": "da", "DECI": "d", "CENTI": "c", "MILLI": "m", "MICRO": "µ", "MEGA": "M"}
_SHORT = {
    "METRE": "m", "SQUARE_METRE": "m²", "CUBIC_METRE": "m³", "RADIAN": "rad", "GRAM": "g", "SECOND": "s", "WATT": "W", "PASCAL": "Pa",
    "DEGREE_CELSIUS": "°C", "KELVIN": "K", "AMPERE": "A", "VOLT": "V", "HERTZ": "Hz",
    "NEWTON": "N", "JOULE": "J", "LUX": "lx", "LUMEN": "lm",
}  # fmt: skip
_POWER = {"SQUARE_METRE": 2, "CUBIC_METRE": 3}
_LABELS = {
    "METRE": 1.0, "METER": 1.0, "M": 1.0, "MILLIMETRE": 1e-3, "MILLIMETER": 1e-3, "MM": 1e-3, "CENTIMETRE": 1e-2, "CENTIMETER": 1e-2,
    "CM": 1e-2, "KILOMETRE": 1e3, "KM": 1e3, "FOOT": 0.3048, "FEET": 0.3048, "FT": 0.3048, "US SURVEY FOOT": 1200 / 3937, "INCH": 0.0254,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit: short name (`mm`, `m²`, `SQUARE FOOT`) and factor to SI (None: no factor, as for °C or currencies)."""

    name: str
    to_si: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The units of a project by IFC unit type (`LENGTHUNIT`, `AREAUNIT`, …); `length_unit_m` is metres per length unit."""

    by_type: Mapping[str, Unit]
    length_unit_m: float


def read_units(ifc: Any, name: str = "the file") -> Units:
    """The units of the project of a file called `name`; raises IfcUnitUnknown where no length unit with a factor is assigned."""
    by_type: dict[str, Unit] = {}
    for assignment in _assignments(ifc):
        for entity in assignment.Units or ():
            kind = find_attribute(entity, "UnitType")
            unit = find_unit(entity)
            if kind and unit is not None:
                by_type.setdefault(kind, unit)
    length = by_type.get("LENGTHUNIT")
    if length is None or length.to_si is None or not length.to_si > 0.0:
        raise IfcUnitUnknown(
            f"{name}: the project states no length unit that can be turned into metres",
            hint="export it with an IfcUnitAssignment that has a LENGTHUNIT",
        )
    return Units(by_type=by_type, length_unit_m=length.to_si)


def find_unit(entity: Any) -> Unit | None:
    """Name and factor of an IfcSIUnit, IfcConversionBasedUnit (also with offset) or another unit; None for what has no name."""
    if entity is None:
        return None
    if entity.is_a("IfcSIUnit"):
        if entity.Name is None:
            return None
        power = _POWER.get(entity.Name, 1)
        factor = _PREFIX[entity.Prefix] ** power if entity.Prefix else 1.0
        short = _SHORT_PREFIX.get(entity.Prefix, f"{entity.Prefix} ") if entity.Prefix else ""
        if entity.Name == "GRAM":
            factor *= 1e-3
        return Unit(name=short + _SHORT.get(entity.Name, entity.Name), to_si=None if entity.Name == "DEGREE_CELSIUS" else factor)
    if entity.is_a("IfcConversionBasedUnit"):
        measure = entity.ConversionFactor
        base = find_unit(measure.UnitComponent) if measure else None
        if base is None or base.to_si is None or measure.ValueComponent is None:
            return Unit(name=entity.Name, to_si=None)
        return Unit(name=entity.Name, to_si=float(measure.ValueComponent.wrappedValue) * base.to_si)
    name = next((value for label in ("Name", "UserDefinedType", "Currency") if (value := find_attribute(entity, label))), None)
    return Unit(name=str(name), to_si=None) if name else None


def unit_from_label(label: str | None) -> float | None:
    """Metres per unit of a unit written as text in a property set (`METRE`, `Millimetre`, `ft`); None where it is not known."""
    return _LABELS.get(label.strip().upper()) if label else None


def _assignments(ifc: Any) -> list[Any]:
    projects = ifc.by_type("IfcContext") if ifc.schema != "IFC2X3" else ifc.by_type("IfcProject")
    named = [project.UnitsInContext for project in projects if project.UnitsInContext is not None]
    return named or list(ifc.by_type("IfcUnitAssignment"))
