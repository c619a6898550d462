"""A file with every kind of description we read: sets, quantities, types, classifications, systems, boundaries, claims."""

from pathlib import Path
from typing import Any

from tests.bim.ifc_builder import IfcBuilder

SQUARE = [(0, 0), (5, 0), (5, 4), (0, 4)]


def write_described(path: Path, *, claims: bool = False) -> Path:
    """One room with a fan and a socket in millimetres, IFC4; `claims` adds one claim of position of each kind."""
    builder = IfcBuilder(unit="mm", true_north=(0.0, 1.0))
    room = builder.room("101", SQUARE, 0.0, 3.0)
    fan = builder.box("IfcFan", "排风机", (1, 1, 2), (0.5, 0.5, 0.5), builder.storey, Tag="AHU-01", PredefinedType="NOTDEFINED")
    socket = builder.box("IfcOutlet", "插座", (4, 1, 0.3), (0.1, 0.1, 0.1), builder.storey)
    _describe_fan(builder, fan)
    _describe_room(builder, room, fan)
    _describe_socket(builder, socket)
    if claims:
        _claim(builder)
    return builder.write(path)


def _describe_fan(builder: IfcBuilder, fan: Any) -> None:
    make: Any = builder.make
    builder.property_set("Pset_资产", {"资产编号": "FZ-2024-0001", "价值": 1280.5, "厂家": "福建某厂"}, fan)
    inherited = builder.property_set("Pset_资产", {"厂家": "型号厂家", "型号": "PF-30"})
    kind = builder.root("IfcFanType", "轴流风机", PredefinedType="PROPELLORAXIAL", HasPropertySets=[inherited])
    builder.root("IfcRelDefinesByType", RelatedObjects=[fan], RelatingType=kind)
    system = make("IfcClassification", Name="GB/T 51269", Source="MOHURD", Edition="2017")
    reference = make("IfcClassificationReference", Identification="30-31.10", Name="风机", ReferencedSource=system)
    builder.root("IfcRelAssociatesClassification", RelatedObjects=[fan], RelatingClassification=reference)
    builder.root("IfcRelAssociatesMaterial", RelatedObjects=[fan], RelatingMaterial=make("IfcMaterial", Name="镀锌钢板"))
    air = builder.root("IfcDistributionSystem", "排风系统 P-1")
    builder.root("IfcRelAssignsToGroup", RelatedObjects=[fan], RelatingGroup=air)
    builder.root("IfcRelAssignsToGroup", RelatedObjects=[fan], RelatingGroup=builder.root("IfcAsset", "资产组 7"))


def _describe_room(builder: IfcBuilder, room: Any, fan: Any) -> None:
    make: Any = builder.make
    quantity = make("IfcQuantityArea", Name="NetFloorArea", AreaValue=19.5)
    clear = make("IfcQuantityLength", Name="ClearHeight", LengthValue=2800.0)
    definition = builder.root("IfcElementQuantity", "Qto_SpaceBaseQuantities", Quantities=[quantity, clear])
    builder.root("IfcRelDefinesByProperties", RelatedObjects=[room], RelatingPropertyDefinition=definition)
    planned = {"GrossPlannedArea": make("IfcAreaMeasure", 21.0), "IsExternal": make("IfcBoolean", False)}
    builder.property_set("Pset_SpaceCommon", planned, room)
    builder.root("IfcRelAssignsToGroup", RelatedObjects=[room], RelatingGroup=builder.root("IfcZone", "涉密区"))
    side = {"RelatingSpace": room, "InternalOrExternalBoundary": "INTERNAL"}
    builder.root("IfcRelSpaceBoundary1stLevel", "1stLevel", RelatedBuildingElement=fan, PhysicalOrVirtualBoundary="PHYSICAL", **side)
    virtual = builder.root("IfcVirtualElement", "虚墙")
    builder.contain(builder.storey, virtual)
    builder.root("IfcRelSpaceBoundary2ndLevel", RelatedBuildingElement=virtual, PhysicalOrVirtualBoundary="VIRTUAL", **side)


def _describe_socket(builder: IfcBuilder, socket: Any) -> None:
    make: Any = builder.make

    def labels(*texts: str) -> list[Any]:
        return [make("IfcLabel", text) for text in texts]

    def reals(*numbers: float) -> list[Any]:
        return [make("IfcReal", number) for number in numbers]

    low, high, point = reals(198.0, 235.0, 220.0)
    plate = make("IfcPropertySingleValue", Name="厂家", NominalValue=make("IfcLabel", "福建某厂"))
    properties = [
        make("IfcPropertyEnumeratedValue", Name="状态", EnumerationValues=labels("新建", "临时")),
        make("IfcPropertyListValue", Name="回路", ListValues=labels("L1", "L2")),
        make("IfcPropertyBoundedValue", Name="电压", UpperBoundValue=high, LowerBoundValue=low, SetPointValue=point),
        make("IfcPropertyTableValue", Name="特性", DefiningValues=reals(1.0, 2.0), DefinedValues=reals(10.0, 20.0)),
        make("IfcComplexProperty", Name="铭牌", UsageName="铭牌", HasProperties=[plate]),
        make("IfcPropertyReferenceValue", Name="材料", PropertyReference=make("IfcMaterial", Name="铜")),
        make("IfcPropertySingleValue", Name="空"),
    ]
    definition = builder.root("IfcPropertySet", "Pset_各种", HasProperties=properties)
    builder.root("IfcRelDefinesByProperties", RelatedObjects=[socket], RelatingPropertyDefinition=definition)
    circuit = builder.root("IfcDistributionCircuit", "照明回路 3")
    builder.root("IfcRelAssignsToGroup", RelatedObjects=[socket], RelatingGroup=circuit)


def _claim(builder: IfcBuilder) -> None:
    builder.site.RefLatitude, builder.site.RefLongitude, builder.site.RefElevation = (26, 5, 22, 0), (119, 17, 40, 0), 20_000.0
    numbers = {"Eastings": 429_600.0, "Northings": 2_887_000.0, "OrthogonalHeight": 10.0, "Scale": 1.0}
    builder.property_set("ePset_MapConversion", numbers, builder.site)
    builder.property_set("ePset_ProjectedCRS", {"Name": "EPSG:4549"}, builder.site)
    builder.map_conversion("EPSG:4549", 429_600.0, 2_887_000.0, 10.0)
