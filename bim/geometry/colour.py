"""Colours of products: what the file's surface styles say, and a quiet table by class where it says nothing."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from bim.attribute import find_attribute, has_attribute

__all__ = ["Rgba", "default_colour", "find_item_colour", "find_material_colour", "find_styles_colour", "to_rgba"]

Rgba = tuple[int, int, int, int]

_QUIET: Rgba = (200, 198, 192, 255)
_BY_CLASS: dict[str, Rgba] = {
    "IfcWall": (236, 230, 218, 255),
    "IfcCurtainWall": (206, 214, 220, 255),
    "IfcPlate": (206, 214, 220, 255),
    "IfcMember": (150, 152, 154, 255),
    "IfcSlab": (178, 178, 176, 255),
    "IfcRoof": (158, 94, 78, 255),
    "IfcCovering": (222, 220, 214, 255),
    "IfcColumn": (186, 184, 180, 255),
    "IfcBeam": (176, 174, 170, 255),
    "IfcFooting": (156, 154, 150, 255),
    "IfcPile": (156, 154, 150, 255),
    "IfcStair": (190, 186, 178, 255),
    "IfcRamp": (190, 186, 178, 255),
    "IfcRailing": (112, 116, 120, 255),
    "IfcDoor": (164, 120, 78, 255),
    "IfcWindow": (228, 230, 232, 255),
    "IfcFurn": (188, 158, 120, 255),
    "IfcSystemFurniture": (188, 158, 120, 255),
    "IfcFlow": (168, 178, 188, 255),
    "IfcDistribution": (168, 178, 188, 255),
    "IfcEnergy": (168, 178, 188, 255),
    "IfcSanitary": (240, 242, 242, 255),
    "IfcLight": (248, 240, 206, 255),
    "IfcSpace": (140, 190, 220, 64),
    "IfcSpatialZone": (140, 190, 220, 64),
    "IfcSite": (150, 164, 122, 255),
    "IfcGeographicElement": (134, 160, 104, 255),
}


def default_colour(class_name: str) -> Rgba:
    """The colour of a product whose file gives none, by its class: `IfcWallStandardCase` → (236, 230, 218, 255)."""
    matches = [key for key in _BY_CLASS if class_name.startswith(key)]
    return _BY_CLASS[max(matches, key=len)] if matches else _QUIET


def to_rgba(red: float, green: float, blue: float, transparency: float) -> Rgba:
    """8-bit straight alpha from IFC's 0–1 colour and transparency: (1, 0, 0, 0.9) → (255, 0, 0, 26)."""
    values = np.clip([red, green, blue, 1.0 - transparency], 0.0, 1.0)
    r, g, b, a = (int(value) for value in np.floor(values * 255.0 + 0.5))
    return r, g, b, a


def find_item_colour(item: Any) -> Rgba | None:
    """Colour of a representation item by its own IfcStyledItem; a boolean result shows its first operand's."""
    while True:
        for styled in item.StyledByItem:
            colour = find_styles_colour(styled.Styles)
            if colour is not None:
                return colour
        if not item.is_a("IfcBooleanResult"):
            return None
        item = item.FirstOperand


def find_material_colour(product: Any) -> Rgba | None:
    """Colour of a product's material, or of its type's, where it has exactly one (a single layer, profile or constituent)."""
    for owner in (product, *_types(product)):
        for relation in owner.HasAssociations if owner.is_a("IfcObjectDefinition") else ():
            if relation.is_a("IfcRelAssociatesMaterial"):
                materials = _materials(relation.RelatingMaterial)
                if len(materials) == 1 and materials[0] is not None:
                    return _of_material(materials[0])
                return None
    return None


def find_styles_colour(styles: Iterable[Any]) -> Rgba | None:
    """Colour of the first surface style among presentation styles (and, in IFC2X3, their assignments)."""
    for style in styles:
        if style.is_a("IfcPresentationStyleAssignment"):
            colour = find_styles_colour(style.Styles)
            if colour is not None:
                return colour
        elif style.is_a("IfcSurfaceStyle"):
            for shading in style.Styles:
                if shading.is_a("IfcSurfaceStyleShading"):
                    return _of_shading(shading)
    return None


def _types(product: Any) -> Iterable[Any]:
    if product.is_a(True).startswith("IFC2X3."):
        relations = [relation for relation in product.IsDefinedBy if relation.is_a("IfcRelDefinesByType")]
    else:
        relations = product.IsTypedBy
    return [relation.RelatingType for relation in relations if relation.RelatingType is not None]


def _materials(select: Any) -> list[Any]:
    if select is None:
        return []
    if select.is_a("IfcMaterial"):
        return [select]
    for usage in ("ForLayerSet", "ForProfileSet"):
        if has_attribute(select, usage):
            return _materials(find_attribute(select, usage))
    for parts in ("MaterialLayers", "MaterialProfiles", "MaterialConstituents"):
        if has_attribute(select, parts):
            return [part.Material for part in find_attribute(select, parts) or ()]
    if has_attribute(select, "Material"):
        return [select.Material]
    return list(find_attribute(select, "Materials") or ())


def _of_material(material: Any) -> Rgba | None:
    for definition in material.HasRepresentation:
        for representation in definition.Representations:
            for styled in representation.Items:
                colour = find_styles_colour(styled.Styles)
                if colour is not None:
                    return colour
    return None


def _of_shading(shading: Any) -> Rgba:
    surface = shading.SurfaceColour
    red, green, blue = surface.Red, surface.Green, surface.Blue
    diffuse = find_attribute(shading, "DiffuseColour")
    if diffuse is not None:
        if diffuse.is_a("IfcColourRgb"):
            red, green, blue = diffuse.Red, diffuse.Green, diffuse.Blue
        else:
            red, green, blue = (part * diffuse.wrappedValue for part in (red, green, blue))
    return to_rgba(red, green, blue, find_attribute(shading, "Transparency") or 0.0)
