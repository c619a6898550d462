"""The oracle for geometry: ifcopenshell's default kernel with `context-ids` set, and nothing of ours.

Every product's box, and a box for each colour of it, in the file's world in metres.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np

WITHIN_M = 0.01
Colour = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BareProduct:
    """One product as `opencascade` draws it; boxes are (2, 3) float64 metres; colour None where the file has no style."""

    class_name: str
    box: Any
    area_m2: float
    colour_boxes: dict[Colour | None, Any]


def draw_bare(path: str) -> dict[str, BareProduct]:
    """GlobalId → what the bare iterator makes of it, openings left out."""
    model = ifcopenshell.open(path)
    bodies = [r for r in model.by_type("IfcShapeRepresentation") if r.RepresentationIdentifier == "Body"]
    settings = ifcopenshell.geom.settings()
    settings.set("context-ids", sorted({r.ContextOfItems.id() for r in bodies}))
    products = [p for p in model.by_type("IfcProduct") if not p.is_a("IfcFeatureElement") and p.Representation]
    result: dict[str, BareProduct] = {}
    if not products or not bodies:
        return result
    silenced = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        iterator = ifcopenshell.geom.iterator(settings, model, 1, include=products, geometry_library="opencascade")
        if iterator.initialize():
            while True:
                shape = iterator.get()
                result[shape.guid] = _measured(shape, model)
                if not iterator.next():
                    break
    finally:
        os.dup2(silenced, 1)
        os.close(silenced)
        os.close(null)
    return result


def compare(bare: dict[str, BareProduct], meshes: Any) -> dict[str, Any]:
    """What a mesh set lost, put elsewhere (boxes beyond 1 cm), coloured otherwise or cut otherwise (area beyond 2 %), by product."""
    boxes = meshes.part_bounds()
    drawn: dict[str, dict[Colour | None, Any]] = {}
    areas: dict[str, float] = {}
    for part, feature in enumerate(meshes.part_feature):
        name, mesh = meshes.features[feature], meshes.meshes[meshes.part_mesh[part]]
        areas[name] = areas.get(name, 0.0) + _area(mesh.vertices.astype(np.float64)[mesh.triangles])
        of_product = drawn.setdefault(meshes.features[feature], {})
        r, g, b, a = (int(value) for value in meshes.part_rgba[part])
        of_product[r, g, b, a] = _union(of_product.get((r, g, b, a)), boxes[part])
    lost: list[str] = []
    off: list[str] = []
    areas_off: list[str] = []
    colours_off: list[str] = []
    worst_m = 0.0
    for local_id, product in bare.items():
        mine = drawn.get(local_id)
        if mine is None:
            lost.append(f"{product.class_name} {local_id}")
            continue
        whole = None
        for box in mine.values():
            whole = _union(whole, box)
        difference = float(np.abs(whole - product.box).max())
        worst_m = max(worst_m, difference)
        if difference > WITHIN_M:
            off.append(f"{product.class_name} {local_id} {difference:.3f} m")
        if abs(areas[local_id] - product.area_m2) > 0.02 * product.area_m2:
            areas_off.append(f"{product.class_name} {local_id} {areas[local_id]:.2f} for {product.area_m2:.2f} m2")
        theirs = product.colour_boxes
        if None not in theirs and (set(mine) != set(theirs) or any(np.abs(mine[c] - box).max() > WITHIN_M for c, box in theirs.items())):
            colours_off.append(f"{product.class_name} {local_id}")
    glass = sum(p.class_name == "IfcWindow" and any(c is not None and c[3] < 255 for c in p.colour_boxes) for p in bare.values())
    return {
        "lost": lost,
        "boxes_off": off,
        "colours_off": colours_off,
        "areas_off": areas_off,
        "worst_box_m": worst_m,
        "windows_with_glass": glass,
    }


def _union(one: Any, other: Any) -> Any:
    return other if one is None else np.array([np.minimum(one[0], other[0]), np.maximum(one[1], other[1])])


def _measured(shape: Any, model: Any) -> BareProduct:
    geometry = shape.geometry
    transformation = shape.transformation
    matrix = np.array(transformation.matrix).reshape(4, 4).T
    vertices = np.array(geometry.verts).reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    triangles = np.array(geometry.faces).reshape(-1, 3)
    material = np.array(geometry.material_ids)
    colours: dict[Colour | None, list[int]] = {}
    for index in np.unique(material):
        colours.setdefault(_colour(geometry.materials[int(index)], model) if index >= 0 else None, []).append(int(index))
    return BareProduct(
        class_name=shape.type,
        box=_box(vertices[triangles.ravel()]),
        area_m2=_area(vertices[triangles]),
        colour_boxes={colour: _box(vertices[triangles[np.isin(material, ids)].ravel()]) for colour, ids in colours.items()},
    )


def _box(points: Any) -> Any:
    return np.array([points.min(axis=0), points.max(axis=0)])


def _area(corners: Any) -> float:
    return float(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()) / 2


def _colour(style: Any, model: Any) -> Colour | None:
    """ifcopenshell's diffuse colour; where the file gives that as a colour, the file's: ifcopenshell multiplies it with SurfaceColour."""
    red, green, blue = style.diffuse.components
    for shading in model.by_id(style.instance_id()).Styles if style.instance_id() else ():
        if shading.is_a("IfcSurfaceStyleRendering") and shading.DiffuseColour is not None and shading.DiffuseColour.is_a("IfcColourRgb"):
            red, green, blue = shading.DiffuseColour.Red, shading.DiffuseColour.Green, shading.DiffuseColour.Blue
    if style.instance_id() == 0 or not np.isfinite([red, green, blue]).all():
        return None
    alpha = 1.0 - (style.transparency if style.has_transparency() else 0.0)
    r, g, b, a = (int(v * 255 + 0.5) for v in (red, green, blue, alpha))
    return r, g, b, a


def products_of(path: Path) -> list[tuple[int, str, str, bool]]:
    """(STEP id, GlobalId, class, has a representation) of elements, spaces and spatial containers; openings left out."""
    model = ifcopenshell.open(path)
    found = [p for p in model.by_type("IfcProduct") if not p.is_a("IfcFeatureElement") and not p.is_a("IfcAnnotation")]
    return [(p.id(), p.GlobalId, p.is_a(), p.Representation is not None) for p in found]
