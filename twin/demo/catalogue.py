"""Types in a model: furniture and equipment, doors and windows, each written once and shown by its occurrences."""

from dataclasses import dataclass

from twin.demo.furniture import ITEMS, Part
from twin.demo.model import Entity, ModelWriter
from twin.demo.shapes import box, cylinder

__all__ = ["DOORS", "WINDOWS", "Catalogue", "Leaf"]

CLASSES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "furniture": (("IfcFurniture", "IfcFurnitureType"), ("IfcFurnishingElement", "IfcFurnitureType")),
    "air": (("IfcUnitaryEquipment", "IfcUnitaryEquipmentType"), ("IfcEnergyConversionDevice", "IfcUnitaryEquipmentType")),
    "sanitary": (("IfcSanitaryTerminal", "IfcSanitaryTerminalType"), ("IfcFlowTerminal", "IfcSanitaryTerminalType")),
    "computer": (("IfcCommunicationsAppliance", "IfcCommunicationsApplianceType"), ("IfcFlowTerminal", "IfcElectricApplianceType")),
    "electric": (("IfcElectricDistributionBoard", "IfcElectricDistributionBoardType"), ("IfcFlowController", "IfcSwitchingDeviceType")),
}
PREDEFINED = {"computer": ("COMPUTER", "COMPUTER"), "electric": ("SWITCHBOARD", "USERDEFINED")}
LEDGE_M = 0.22
SYSTEMS = {"air": "空调系统", "sanitary": "给排水系统", "electric": "供配电系统"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A door or window type: clear opening in metres, panes across, colours, whether it is glass, and a ledge on both sides of the wall."""

    name: str
    width: float
    height: float
    frame: str
    panel: str
    glass: bool
    across: int = 1
    transom: float = 0.0
    bar: float = 0.06
    depth: float = 0.08
    ledge: bool = False

    def parts(self) -> list[Part]:
        """Frame bars, then panes or leaves; origin at the middle of the sill, y through the wall."""
        half, bar, d, top = self.width / 2, self.bar, self.depth / 2, self.height
        sill = bar if self.transom else 0.0
        bars = [
            Part(self.frame, (-half, -d, 0.0), (-half + bar, d, top)),
            Part(self.frame, (half - bar, -d, 0.0), (half, d, top)),
            Part(self.frame, (-half + bar, -d, top - bar), (half - bar, d, top)),
        ]
        if sill:
            bars.append(Part(self.frame, (-half + bar, -d, 0.0), (half - bar, d, bar)))
        if self.transom:
            bars.append(Part(self.frame, (-half + bar, -d, self.transom), (half - bar, d, self.transom + bar)))
        step = (self.width - 2 * bar) / self.across
        panes = []
        for i in range(self.across):
            x0, x1 = -half + bar + i * step, -half + bar + (i + 1) * step
            if i and self.glass:
                bars.append(Part(self.frame, (x0 - 0.025, -d, sill), (x0 + 0.025, d, self.transom or top - bar)))
            gap = (0.025 if self.glass else 0.004) if self.across > 1 else 0.0
            low, high = x0 + (gap if i else 0.0), x1 - (gap if i < self.across - 1 else 0.0)
            thick = 0.006 if self.glass else 0.022
            panes.append(Part(self.panel, (low, -thick, sill), (high, thick, self.transom or top - bar)))
            if not self.transom:
                x = high - 0.09 if i == 0 else low + 0.09
                panes += [Part("chrome", (x - 0.012, y, 0.95), (x + 0.012, y + 0.04, 1.15)) for y in (-thick - 0.04, thick)]
        if self.transom:
            panes.append(Part(self.panel, (-half + bar, -0.006, self.transom + bar), (half - bar, 0.006, top - bar)))
        if self.ledge:
            bars.append(Part("stone", (-half - 0.06, -LEDGE_M, -0.06), (half + 0.06, LEDGE_M, 0.0)))
        return bars + panes


DOORS = {
    "office": Leaf(name="木门 900×2100", width=0.9, height=2.1, frame="wood_dark", panel="wood", glass=False, depth=0.22),
    "double": Leaf(name="双开木门 1500×2100", width=1.5, height=2.1, frame="wood_dark", panel="wood", glass=False, across=2, depth=0.22),
    "fire": Leaf(name="防火门 1200×2100", width=1.2, height=2.1, frame="steel", panel="cabinet", glass=False, across=2, depth=0.22),
    "lift": Leaf(name="电梯门 1000×2200", width=1.0, height=2.2, frame="steel", panel="chrome", glass=False, across=2, depth=0.22),
    "entrance": Leaf(name="玻璃门 1800×2500", width=1.8, height=2.5, frame="aluminium", panel="glass_clear", glass=True, across=2),
    "front": Leaf(name="礼堂玻璃门 1500×2500", width=1.5, height=2.5, frame="aluminium", panel="glass_clear", glass=True, across=2),
}
WINDOWS = {
    "band": Leaf(
        name="铝合金窗 3000×2000", width=3.0, height=2.0, frame="aluminium", panel="glass", glass=True, ledge=True, across=3, transom=1.4
    ),
    "end": Leaf(
        name="铝合金窗 1500×2000", width=1.5, height=2.0, frame="aluminium", panel="glass", glass=True, ledge=True, across=2, transom=1.4
    ),
    "high": Leaf(
        name="铝合金高窗 1800×600",
        width=1.8,
        height=0.6,
        frame="aluminium",
        panel="glass",
        glass=True,
        ledge=True,
        across=2,
        transom=0.3,
        bar=0.05,
    ),
    "brown": Leaf(
        name="推拉窗 1800×1700", width=1.8, height=1.7, frame="brown_frame", panel="glass", glass=True, ledge=True, across=2, transom=1.2
    ),
    "brown_high": Leaf(
        name="高窗 1200×600",
        width=1.2,
        height=0.6,
        frame="brown_frame",
        panel="glass",
        glass=True,
        ledge=True,
        across=2,
        transom=0.3,
        bar=0.05,
    ),
    "tall": Leaf(
        name="礼堂侧窗 1200×2200", width=1.2, height=2.2, frame="aluminium", panel="glass", glass=True, ledge=True, across=1, transom=1.6
    ),
}


class Catalogue:
    """The types of one model, made when first asked for."""

    def __init__(self, model: ModelWriter) -> None:
        self.model = model
        self._types: dict[str, tuple[Entity, Entity]] = {}
        self._serial = 0

    def occurrence(self, name: str, placement: Entity, label: str) -> Entity:
        """One thing of `ITEMS`: shape of its type, asset tag, serial number, classification, material, system."""
        item, model = ITEMS[name], self.model
        kind, representation = self._item_type(name)
        ifc_class = CLASSES[item.kind][model.old][0]
        self._serial += 1
        tag = f"{model.key.upper()}-{item.code}-{self._serial:05d}" if item.asset else None
        product = model.rooted(
            ifc_class,
            label,
            Name=label,
            ObjectType=item.name,
            Description=item.english,
            ObjectPlacement=placement,
            Representation=model.mapped_shape(representation),
            Tag=tag,
        )
        model.assign_type(product, kind)
        model.assign_material(product, item.material)
        if item.asset:
            model.classify(product, item.code, item.code_title)
            serial = f"{model.key[0].upper()}{item.code[1:5]}{model.seed % 100:02d}{self._serial:06d}"
            values = {"SerialNumber": ("IfcIdentifier", serial), "BarCode": ("IfcIdentifier", str(tag))}
            model.define(product, model.property_set(label, "Pset_ManufacturerOccurrence", values))
        if item.kind in SYSTEMS:
            model.serve(product, SYSTEMS[item.kind])
        return product

    def door(self, name: str, placement: Entity, label: str) -> Entity:
        """One IfcDoor of `DOORS`."""
        return self._leaf("IfcDoor", name, DOORS[name], placement, label)

    def window(self, name: str, placement: Entity, label: str) -> Entity:
        """One IfcWindow of `WINDOWS`."""
        return self._leaf("IfcWindow", name, WINDOWS[name], placement, label)

    def _leaf(self, ifc_class: str, name: str, leaf: Leaf, placement: Entity, label: str) -> Entity:
        model = self.model
        kind, representation = self._leaf_type(ifc_class, name, leaf)
        product = model.rooted(
            ifc_class,
            label,
            Name=label,
            ObjectType=leaf.name,
            ObjectPlacement=placement,
            Representation=model.mapped_shape(representation),
            OverallHeight=model.length(leaf.height),
            OverallWidth=model.length(leaf.width),
        )
        model.assign_type(product, kind)
        model.assign_material(product, "玻璃 铝合金" if leaf.glass else "木")
        return product

    def _item_type(self, name: str) -> tuple[Entity, Entity]:
        if name not in self._types:
            item, model = ITEMS[name], self.model
            ifc_class = CLASSES[item.kind][model.old][1]
            extra: dict[str, str | None] = {}
            if item.kind == "furniture":
                extra["AssemblyPlace"] = "NOTDEFINED"
                if not model.old:
                    extra["PredefinedType"] = item.predefined if item.predefined != "NOTDEFINED" else "USERDEFINED"
            else:
                extra["PredefinedType"] = PREDEFINED[item.kind][model.old] if item.kind in PREDEFINED else item.predefined
            width, depth, height = item.size
            psets = [
                model.property_set(
                    name,
                    "Pset_ManufacturerTypeInformation",
                    {"Manufacturer": ("IfcLabel", item.maker), "ModelLabel": ("IfcLabel", item.english)},
                ),
                model.property_set(
                    name,
                    "Pset_FurnitureTypeCommon" if item.kind == "furniture" else "Demo_Dimensions",
                    {
                        "NominalLength": ("IfcPositiveLengthMeasure", model.length(width)),
                        "NominalDepth": ("IfcPositiveLengthMeasure", model.length(depth)),
                        "NominalHeight": ("IfcPositiveLengthMeasure", model.length(height)),
                    },
                ),
            ]
            self._types[name] = self._typed(ifc_class, name, item.name, item.parts, psets, {**extra, "ElementType": item.name})
        return self._types[name]

    def _leaf_type(self, ifc_class: str, name: str, leaf: Leaf) -> tuple[Entity, Entity]:
        key = f"{ifc_class}:{name}"
        if key not in self._types:
            model, door = self.model, ifc_class == "IfcDoor"
            operation = ("DOUBLE_DOOR_SINGLE_SWING" if leaf.across == 2 else "SINGLE_SWING_LEFT") if door else "NOTDEFINED"
            extra: dict[str, object] = {}
            if model.old:
                extra |= {
                    "OperationType": operation,
                    "ConstructionType": "NOTDEFINED",
                    "ParameterTakesPrecedence": False,
                    "Sizeable": False,
                }
            elif door:
                extra |= {"PredefinedType": "DOOR", "OperationType": operation}
            else:
                extra |= {"PredefinedType": "WINDOW", "PartitioningType": "NOTDEFINED"}
            values = {"IsExternal": ("IfcBoolean", leaf.glass), "FireRating": ("IfcLabel", "乙级" if name == "fire" else "无")}
            pset = model.property_set(key, "Pset_DoorCommon" if door else "Pset_WindowCommon", values)
            style = f"{ifc_class}{'Style' if model.old else 'Type'}"
            self._types[key] = self._typed(style, key, leaf.name, leaf.parts(), [pset], extra)
        return self._types[key]

    def _typed(
        self,
        ifc_class: str,
        key: str,
        label: str,
        parts: tuple[Part, ...] | list[Part],
        psets: list[Entity],
        extra: dict[str, object] | dict[str, str | None],
    ) -> tuple[Entity, Entity]:
        model = self.model
        items = [model.coloured(_solid(model, part), part.colour) for part in parts]
        representation = model.new("IfcRepresentationMap", model.axes(), model.representation(items))
        kind = model.rooted(ifc_class, key, Name=label, HasPropertySets=psets, RepresentationMaps=[representation], **extra)
        return kind, representation


def _solid(model: ModelWriter, part: Part) -> Entity:
    if part.radius:
        return cylinder(model, part.low[0], part.low[1], part.radius, part.low[2], part.high[2])
    return box(model, part.low, part.high)
