"""An IFC file under construction, the same bytes for the same seed.

Lengths go in as metres and are written in the file's unit. Ids are hashes of (seed, model, key), the clock is fixed, and
relations (containment, aggregation, types, property sets, materials, classifications, systems) are collected while
building and written once by `save`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid

from twin.demo.palette import PALETTE

__all__ = ["Entity", "ModelWriter", "Point"]

Entity = Any
Point = tuple[float, float, float]

TIMESTAMP = "2026-03-02T08:00:00"
EPOCH_S = 1772409600
SCHEME = "GB/T 14885"
SCHEME_EDITION = "2022"


class ModelWriter:
    """Writes one IFC4 or IFC2X3 file in metres or millimetres; nothing is on disk before `save`."""

    def __init__(self, *, key: str, schema: str, unit: str, seed: int, project: str, true_north: tuple[float, float] | None = None) -> None:
        self.key, self.schema, self.seed = key, schema, seed
        self.per_metre = {"m": 1.0, "mm": 1000.0}[unit]
        self.old = schema == "IFC2X3"
        self.file = ifcopenshell.file(schema=schema)
        self._keys: Counter[str] = Counter()
        self._cache: dict[object, Entity] = {}
        self._groups: dict[str, dict[int, list[Entity]]] = {
            name: {} for name in ("contain", "aggregate", "type", "pset", "group", "boundary")
        }
        self._materials: dict[str, list[Entity]] = {}
        self._classes: dict[tuple[str, str], list[Entity]] = {}
        self._systems: dict[str, Entity] = {}
        self.history = self._owner_history()
        self.context, self.body = self._contexts(true_north)
        self.project = self.rooted("IfcProject", project, key="project", Name=project, RepresentationContexts=[self.context])
        self.project.UnitsInContext = self._units(unit)

    def new(self, ifc_class: str, *arguments: Any, **attributes: Any) -> Entity:
        """One entity as it is; lengths in file units."""
        return self.file.create_entity(ifc_class, *arguments, **attributes)

    def guid(self, key: str) -> str:
        """A GlobalId from seed, model and key; a key used again gets the next number."""
        self._keys[key] += 1
        digest = hashlib.sha256(f"{self.seed}/{self.key}/{key}/{self._keys[key]}".encode()).hexdigest()
        return str(ifcopenshell.guid.compress(digest[:32]))

    def rooted(self, ifc_class: str, *path: str, key: str | None = None, **attributes: Any) -> Entity:
        """An IfcRoot with its GlobalId (from class and key, else path) and owner history."""
        identity = self.guid(f"{ifc_class}:{key or '/'.join(path)}")
        return self.file.create_entity(ifc_class, GlobalId=identity, OwnerHistory=self.history, **attributes)

    def length(self, metres: float) -> float:
        """Metres in the file's unit, to a hundredth of a millimetre."""
        return round(metres * self.per_metre, 5)

    def point(self, *metres: float) -> Entity:
        """A shared IfcCartesianPoint of two or three coordinates."""
        values = tuple(self.length(value) + 0.0 for value in metres)
        return self._shared(("point", values), lambda: self.new("IfcCartesianPoint", values))

    def direction(self, *ratios: float) -> Entity:
        """A shared IfcDirection."""
        values = tuple(round(float(value), 12) + 0.0 for value in ratios)
        return self._shared(("direction", values), lambda: self.new("IfcDirection", values))

    def axes(self, origin: Point = (0.0, 0.0, 0.0), axis: Point | None = None, reference: Point | None = None) -> Entity:
        """A shared IfcAxis2Placement3D; z up and x along x where not given."""
        place = self.point(*origin)
        turned = None if axis is None and reference is None else (axis or (0.0, 0.0, 1.0), reference or (1.0, 0.0, 0.0))
        if turned is None:
            return self._shared(("axes", place.id()), lambda: self.new("IfcAxis2Placement3D", place))
        z, x = self.direction(*turned[0]), self.direction(*turned[1])
        return self._shared(("axes", place.id(), z.id(), x.id()), lambda: self.new("IfcAxis2Placement3D", place, z, x))

    def placement(self, parent: Entity | None, origin: Point = (0.0, 0.0, 0.0), reference: tuple[float, float] = (1.0, 0.0)) -> Entity:
        """An IfcLocalPlacement relative to another, x axis along `reference` in plan."""
        plain = reference == (1.0, 0.0)
        return self.new("IfcLocalPlacement", parent, self.axes(origin, None, None if plain else (*reference, 0.0)))

    def style(self, colour: str) -> Entity:
        """What IfcStyledItem refers to for a colour of the palette."""

        def make() -> Entity:
            red, green, blue, transparency = PALETTE[colour]
            rendering = self.new(
                "IfcSurfaceStyleRendering",
                SurfaceColour=self.new("IfcColourRgb", None, red, green, blue),
                Transparency=transparency,
                ReflectanceMethod="GLASS" if transparency else "MATT",
            )
            style = self.new("IfcSurfaceStyle", colour, "BOTH", [rendering])
            return self.new("IfcPresentationStyleAssignment", [style]) if self.old else style

        return self._shared(("style", colour), make)

    def coloured(self, item: Entity, colour: str) -> Entity:
        """The item, styled."""
        self.new("IfcStyledItem", item, [self.style(colour)], None)
        return item

    def representation(self, items: Sequence[Entity]) -> Entity:
        """A Body representation, its type taken from the first item."""
        kind = {
            "IfcExtrudedAreaSolid": "SweptSolid",
            "IfcMappedItem": "MappedRepresentation",
            "IfcFacetedBrep": "Brep",
            "IfcTriangulatedFaceSet": "Tessellation",
        }[items[0].is_a()]
        return self.new("IfcShapeRepresentation", self.body, "Body", kind, list(items))

    def shape(self, items: Sequence[Entity]) -> Entity:
        """A product's shape of its own."""
        return self.new("IfcProductDefinitionShape", None, None, [self.representation(items)])

    def mapped_shape(self, representation_map: Entity) -> Entity:
        """A product's shape that shows a type's."""
        target = self._shared(
            "operator", lambda: self.new("IfcCartesianTransformationOperator3D", None, None, self.point(0, 0, 0), 1.0, None)
        )
        return self.shape([self.new("IfcMappedItem", representation_map, target)])

    def contain(self, element: Entity, structure: Entity) -> None:
        """Put an element into a storey or space."""
        self._group("contain", structure, element)

    def aggregate(self, part: Entity, whole: Entity) -> None:
        """Make one thing a part of another."""
        self._group("aggregate", whole, part)

    def assign_type(self, product: Entity, kind: Entity) -> None:
        """Relate an occurrence to its type."""
        self._group("type", kind, product)

    def assign_material(self, product: Entity, material: str) -> None:
        """Relate a product to a material by name."""
        self._materials.setdefault(material, []).append(product)

    def classify(self, product: Entity, code: str, title: str) -> None:
        """Relate a product to a code of GB/T 14885-2022 (codes of the demo are illustrative, not checked against the standard)."""
        self._classes.setdefault((code, title), []).append(product)

    def serve(self, product: Entity, system: str) -> None:
        """Make a product a member of a system by name."""
        if system not in self._systems:
            self._systems[system] = self.rooted("IfcSystem", system, Name=system)
        self._group("group", self._systems[system], product)

    def bound(self, space: Entity, element: Entity, *, external: bool) -> None:
        """A first-level space boundary: this element bounds that room."""
        self.rooted(
            "IfcRelSpaceBoundary",
            str(space.GlobalId),
            str(element.GlobalId),
            RelatingSpace=space,
            RelatedBuildingElement=element,
            PhysicalOrVirtualBoundary="PHYSICAL",
            InternalOrExternalBoundary="EXTERNAL" if external else "INTERNAL",
        )

    def properties(self, values: Mapping[str, tuple[str, Any]]) -> list[Entity]:
        """Single values: name → (IFC value type, value)."""
        return [self.new("IfcPropertySingleValue", name, None, self.new(kind, value), None) for name, (kind, value) in values.items()]

    def property_set(self, owner: str, name: str, values: Mapping[str, tuple[str, Any]]) -> Entity:
        """A property set, not yet related; `owner` only makes its id."""
        return self.rooted("IfcPropertySet", owner, name, Name=name, HasProperties=self.properties(values))

    def shared_property_set(self, product: Entity, name: str, values: Mapping[str, tuple[str, Any]]) -> None:
        """Relate a product to one property set that all products with the same values share."""
        key = ("pset", name, tuple(values.items()))
        self.define(product, self._shared(key, lambda: self.property_set(repr(key), name, values)))

    def define(self, product: Entity, definition: Entity) -> None:
        """Relate a product to a property set or quantity set."""
        self._group("pset", definition, product)

    def quantities(self, product: Entity, name: str, values: Mapping[str, tuple[str, float]]) -> None:
        """A quantity set of one product: name → (Area|Volume|Length, value in m², m³ or file lengths)."""
        rows = [self.new(f"IfcQuantity{kind}", **{"Name": label, f"{kind}Value": float(value)}) for label, (kind, value) in values.items()]
        definition = self.rooted("IfcElementQuantity", str(product.GlobalId), name, Name=name, MethodOfMeasurement="demo", Quantities=rows)
        self.define(product, definition)

    def save(self, path: Path) -> None:
        """Write the relations and the file."""
        self._write_relations()
        header = self.file.header
        header.file_description.description = ("ViewDefinition [ReferenceView]" if not self.old else "ViewDefinition [CoordinationView]",)
        name = header.file_name
        name.name, name.time_stamp = path.name, TIMESTAMP
        name.author, name.organization = ("twin demo",), ("屏山大院 (invented)",)
        name.preprocessor_version = name.originating_system = "twin.demo"
        name.authorization = "none"
        self.file.write(str(path))

    def _write_relations(self) -> None:
        spatial = self._groups["contain"]
        for key, elements in spatial.items():
            self._relate("IfcRelContainedInSpatialStructure", key, RelatedElements=elements, RelatingStructure=self.file.by_id(key))
        for key, parts in self._groups["aggregate"].items():
            self._relate("IfcRelAggregates", key, RelatingObject=self.file.by_id(key), RelatedObjects=parts)
        for key, products in self._groups["type"].items():
            self._relate("IfcRelDefinesByType", key, RelatedObjects=products, RelatingType=self.file.by_id(key))
        for key, products in self._groups["pset"].items():
            self._relate("IfcRelDefinesByProperties", key, RelatedObjects=products, RelatingPropertyDefinition=self.file.by_id(key))
        for key, products in self._groups["group"].items():
            self._relate("IfcRelAssignsToGroup", key, RelatedObjects=products, RelatingGroup=self.file.by_id(key))
        for name, products in self._materials.items():
            self._relate("IfcRelAssociatesMaterial", name, RelatedObjects=products, RelatingMaterial=self.new("IfcMaterial", name))
        self._write_classes()

    def _write_classes(self) -> None:
        if not self._classes:
            return
        scheme = self.new("IfcClassification", Source="国家标准", Edition=SCHEME_EDITION, Name=SCHEME)
        label = "ItemReference" if self.old else "Identification"
        for (code, title), products in self._classes.items():
            reference = self.new("IfcClassificationReference", **{label: code, "Name": title, "ReferencedSource": scheme})
            self._relate("IfcRelAssociatesClassification", code, RelatedObjects=products, RelatingClassification=reference)

    def _relate(self, ifc_class: str, key: int | str, **attributes: Any) -> None:
        self.rooted(ifc_class, str(key), **attributes)

    def _group(self, kind: str, head: Entity, member: Entity) -> None:
        self._groups[kind].setdefault(head.id(), []).append(member)

    def _shared(self, key: object, make: Any) -> Entity:
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def _owner_history(self) -> Entity:
        person = self.new("IfcPerson", FamilyName="演示")
        organisation = self.new("IfcOrganization", Name="twin demo")
        owner = self.new("IfcPersonAndOrganization", person, organisation, None)
        application = self.new("IfcApplication", organisation, "1", "twin.demo", "twin.demo")
        return self.new("IfcOwnerHistory", owner, application, None, "ADDED" if self.old else "NOTDEFINED", None, None, None, EPOCH_S)

    def _contexts(self, true_north: tuple[float, float] | None) -> tuple[Entity, Entity]:
        north = None if true_north is None else self.direction(*true_north)
        precision = 1e-5 * self.per_metre
        model = self.new("IfcGeometricRepresentationContext", None, "Model", 3, precision, self.axes(), north)
        body = self.new(
            "IfcGeometricRepresentationSubContext",
            ContextIdentifier="Body",
            ContextType="Model",
            ParentContext=model,
            TargetView="MODEL_VIEW",
        )
        return model, body

    def _units(self, unit: str) -> Entity:
        rows: Iterable[tuple[str, str | None, str]] = (
            ("LENGTHUNIT", "MILLI" if unit == "mm" else None, "METRE"),
            ("AREAUNIT", None, "SQUARE_METRE"),
            ("VOLUMEUNIT", None, "CUBIC_METRE"),
            ("PLANEANGLEUNIT", None, "RADIAN"),
        )
        return self.new("IfcUnitAssignment", [self.new("IfcSIUnit", None, kind, prefix, name) for kind, prefix, name in rows])
