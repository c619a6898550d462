"""CityJSON 1.0, 1.1, 2.0 and CityJSONSeq to features and meshes in the site frame."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cim.city_layer import FAILED, PLACED, WITHOUT_GEOMETRY, CityLayer, LedgerRow, Outcome, Progress, agreed_crs, height_datum
from cim.cityjson_geometry import Surfaces, best_geometries, colours, level_of, surfaces_of
from cim.cityjson_template import add_instance
from cim.errors import CityFileInvalid, CityJsonVersionUnsupported
from cim.shade import add_flat
from spatial.errors import CrsError, MeshError, OutsideSite
from spatial.feature import Feature, FeatureId, Kind, feature_id
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64, MeshBuilder
from spatial.scene import LayerKind
from spatial.source import Source, sha256_of

__all__ = ["is_cityjson", "read_cityjson"]

VERSIONS = ("1.0", "1.1", "2.0")
NAMES = ("name", "gml:name", "名称", "建物名称", "bezeichnung")
MEMBERS = frozenset({"type", "geometry", "attributes", "parents", "children"})


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    version: str
    reference_system: str | None
    templates: Sequence[Mapping[str, Any]]
    template_vertices: Float64
    objects: Mapping[str, Mapping[str, Any]]
    block: Mapping[str, int]
    vertices: Sequence[Float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    outcome: Outcome
    reason: str = ""
    footprint: BaseGeometry | None = None
    z_range: tuple[float, float] | None = None
    lod: str | None = None


def is_cityjson(path: Path) -> bool:
    """Whether a file says it is CityJSON or CityJSONSeq, told from its name or its content."""
    if path.name.lower().endswith((".city.json", ".city.jsonl", ".jsonl")):
        return True
    if path.suffix.lower() != ".json":
        return False
    return b'"CityObjects"' in path.read_bytes()


def read_cityjson(
    path: Path,
    layer_key: str,
    site_frame: SiteFrame,
    *,
    crs: str | None = None,
    force_crs: bool = False,
    source_name: str | None = None,
    progress: Progress | None = None,
) -> CityLayer:
    """A CityJSON file as a city layer: every city object a feature, the highest level of detail that has surfaces drawn.

    Heights are 1985 heights unless the CRS says else. What lies wholly outside the site's radius is `failed`, with the
    finding GEOREF_OUTSIDE_SITE. Raises CityFileInvalid, CityJsonVersionUnsupported, CrsError, CrsDisagrees,
    HeightDatumUnknown, and OutsideSite where nothing lies inside.
    """
    file = source_name or path.name
    model = _read_model(path, file)
    agreed = agreed_crs(model.reference_system, crs, force=force_crs, what=file)
    reader = _Reader(model, layer_key, site_frame, agreed, file, sha256_of(path))
    for number, name in enumerate(model.objects):
        reader.shape(name)
        if progress is not None:
            progress(number + 1, len(model.objects))
    return reader.layer()


class _Reader:
    def __init__(self, model: _Model, layer_key: str, site_frame: SiteFrame, crs: str, file: str, digest: str) -> None:
        self.model, self.key, self.frame, self.crs, self.file, self.digest = model, layer_key, site_frame, crs, file, digest
        self.builder = MeshBuilder()
        self.issues: list[Issue] = []
        self.shapes: dict[str, _Shape] = {}
        datum = height_datum(crs)
        try:
            self.site = [site_frame.from_projected(crs, v[:, :2], v[:, 2], datum) if len(v) else np.zeros((0, 3)) for v in model.vertices]
        except CrsError as error:
            raise CrsError(f"{file}: {error}", hint=error.hint) from error
        self.parents = _parents(model.objects)

    def shape(self, name: str) -> None:
        entity = self.model.objects[name]
        geometries = entity.get("geometry") or []
        if not geometries:
            self.shapes[name] = _Shape(WITHOUT_GEOMETRY)
            return
        best = best_geometries(geometries, self.model.templates)
        if not best:
            kinds = ", ".join(sorted({str(g.get("type")) for g in geometries}))
            self.shapes[name] = _Shape(FAILED, f"{kinds}: no surface to draw")
            return
        try:
            self.shapes[name] = self._drawn(name, str(entity["type"]), best)
        except (IndexError, KeyError, TypeError, ValueError, MeshError) as error:
            self.shapes[name] = _Shape(FAILED, f"{type(error).__name__}: {error}")
        if self.shapes[name].outcome == FAILED:
            outside = "radius" in self.shapes[name].reason
            self._issue("GEOREF_OUTSIDE_SITE" if outside else "GEOMETRY_EMPTY", name, self.shapes[name].reason, Severity.ERROR)

    def _drawn(self, name: str, class_name: str, best: Sequence[Mapping[str, Any]]) -> _Shape:
        vertices = self.site[self.model.block[name]]
        found = [self._surfaces(geometry, name, class_name, vertices) for geometry in best]
        corners = np.concatenate([surfaces.corners for surfaces in found])
        lost, faces = sum(s.lost for s in found), sum(s.faces for s in found)
        if not len(corners):
            return _Shape(FAILED, f"none of {faces} faces has an area")
        if float(np.linalg.norm(corners[:, :, :2].reshape(-1, 2), axis=1).min()) > self.frame.site.radius_m:
            return _Shape(FAILED, f"outside the site's radius of {self.frame.site.radius_m:,.0f} m")
        identity = feature_id(self.key, name)
        family = self._root(name)
        for geometry, surfaces in zip(best, found, strict=True):
            if geometry["type"] == "GeometryInstance":
                template = self.model.templates[int(geometry["template"])]
                add_instance(
                    self.builder, identity, geometry, template, self.model.template_vertices, self._placed(name), class_name, family
                )
                continue
            for rgba, mask in colours(surfaces.types, class_name, family):
                add_flat(self.builder, identity, surfaces.corners[mask], rgba)
        if lost:
            self._issue("FACES_LOST", name, f"{lost} of {faces} faces have no area and are left out", Severity.WARNING)
        types = np.concatenate([surfaces.types for surfaces in found])
        lod = level_of(best[0], self.model.templates)
        return _Shape(PLACED, "", _footprint(corners, types), _z_range(corners), None if lod < 0 else f"{lod:g}")

    def _surfaces(self, geometry: Mapping[str, Any], name: str, class_name: str, vertices: Float64) -> Surfaces:
        if geometry["type"] != "GeometryInstance":
            return surfaces_of(geometry, vertices, class_name)
        template = self.model.templates[int(geometry["template"])]
        matrix = np.array(geometry["transformationMatrix"], dtype=np.float64).reshape(4, 4)
        local = self.model.template_vertices @ matrix[:3, :3].T + matrix[:3, 3]
        anchor = self.model.vertices[self.model.block[name]][int(geometry["boundaries"][0])]
        return surfaces_of(template, self._to_site(local + anchor), class_name)

    def _placed(self, name: str) -> Any:
        points = self.model.vertices[self.model.block[name]]
        return lambda index, offsets: self._to_site(points[index] + offsets)

    def _to_site(self, points: Float64) -> Float64:
        return self.frame.from_projected(self.crs, points[:, :2], points[:, 2], height_datum(self.crs))

    def _issue(self, code: str, name: str, message: str, severity: Severity) -> None:
        path = f"CityObjects/{name} {self.model.objects[name].get('type')}"
        self.issues.append(Issue(code=code, path=path, message=message, severity=severity, source=self.file))

    def _root(self, name: str) -> str:
        seen = {name}
        while (above := self.parents.get(name)) is not None and above not in seen:
            seen.add(above)
            name = above
        return name

    def layer(self) -> CityLayer:
        placed = [shape for shape in self.shapes.values() if shape.outcome == PLACED]
        if not placed and any("radius" in shape.reason for shape in self.shapes.values()):
            raise OutsideSite(
                f"nothing of {self.file} lies within {self.frame.site.radius_m:,.0f} m of site {self.frame.site.code}",
                hint="wrong site, wrong CRS, or a larger --radius-m",
            )
        below = _descendants(self.parents)
        features, ledger = [], []
        for name, entity in self.model.objects.items():
            shape = self.shapes[name]
            own = [self.shapes[child] for child in below.get(name, ())] if shape.footprint is None else [shape]
            features.append(self._feature(name, entity, shape, own))
            source = f"CityObjects/{name}"
            ledger.append(
                LedgerRow(local_id=name, entity=source, class_name=str(entity["type"]), outcome=shape.outcome, reason=shape.reason)
            )
        return CityLayer(
            key=self.key,
            kind=LayerKind.CITY,
            features=tuple(features),
            meshes=self.builder.build(),
            ledger=tuple(ledger),
            schema=f"CityJSON {self.model.version}",
            crs=self.crs,
            issues=tuple(self.issues),
            sha256=self.digest,
            ground_dependent=False,
        )

    def _feature(self, name: str, entity: Mapping[str, Any], shape: _Shape, own: Sequence[_Shape]) -> Feature:
        attributes = dict(entity.get("attributes") or {})
        known = [s.footprint for s in own if s.footprint is not None]
        ranges = [s.z_range for s in own if s.z_range is not None]
        parent = self.parents.get(name)
        root = self._root(name)
        building = root if root != name and str(self.model.objects[root].get("type")).startswith("Building") else None
        properties: dict[str, Any] = {"attributes": attributes}
        if shape.lod is not None:
            properties["lod"] = shape.lod
        members = {key: value for key, value in entity.items() if key not in MEMBERS}
        if members:
            properties["members"] = members
        title = next((str(attributes[key]) for key in NAMES if attributes.get(key)), None)
        return Feature(
            id=feature_id(self.key, name),
            kind=Kind.CITY_OBJECT,
            class_name=str(entity["type"]),
            source=Source(file=self.file, sha256=self.digest, entity=f"CityObjects/{name}"),
            name=title,
            parent=FeatureId(f"{self.key}:{parent}") if parent is not None else None,
            building=FeatureId(f"{self.key}:{building}") if building is not None else None,
            footprint=(known[0] if len(known) == 1 else shapely.union_all(known)) if known else None,
            z_range=(min(r[0] for r in ranges), max(r[1] for r in ranges)) if ranges else None,
            properties=properties,
        )


def _read_model(path: Path, file: str) -> _Model:
    try:
        text = path.read_text(encoding="utf-8-sig")
        documents = (
            [json.loads(line) for line in text.splitlines() if line.strip()] if path.name.lower().endswith(".jsonl") else [json.loads(text)]
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CityFileInvalid(f"{file} is not JSON: {error}", hint="is the file complete?") from error
    head = documents[0] if documents else {}
    if not isinstance(head, dict) or head.get("type") != "CityJSON":
        raise CityFileInvalid(f"{file} does not start with a CityJSON object", hint="CityJSON 1.0, 1.1 or 2.0, or CityJSONSeq")
    version = str(head.get("version", ""))
    if version not in VERSIONS and not version.startswith(tuple(f"{v}." for v in VERSIONS)):
        raise CityJsonVersionUnsupported(f"{file} is CityJSON {version or 'of no version'}", hint="upgrade it to 1.0 or later with cjio")
    try:
        return _assembled(version, head, documents)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CityFileInvalid(f"{file}: {type(error).__name__} {error} in its CityJSON structure", hint="check it with cjval") from error


def _assembled(version: str, head: Mapping[str, Any], documents: Sequence[Mapping[str, Any]]) -> _Model:
    transform = head.get("transform")
    scale = np.array(transform["scale"], dtype=np.float64) if transform else np.ones(3)
    translate = np.array(transform["translate"], dtype=np.float64) if transform else np.zeros(3)
    objects: dict[str, Mapping[str, Any]] = {}
    block: dict[str, int] = {}
    vertices: list[Float64] = []
    for document in documents:
        vertices.append(np.array(document.get("vertices", []), dtype=np.float64).reshape(-1, 3) * scale + translate)
        for name, entity in document["CityObjects"].items():
            entity["type"]
            objects[name] = entity
            block[name] = len(vertices) - 1
    templates = head.get("geometry-templates") or {}
    metadata = head.get("metadata") or {}
    template_vertices = np.array(templates.get("vertices-templates", []), dtype=np.float64).reshape(-1, 3)
    return _Model(version, metadata.get("referenceSystem"), templates.get("templates", []), template_vertices, objects, block, vertices)


def _parents(objects: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    result = {name: str(entity["parents"][0]) for name, entity in objects.items() if entity.get("parents")}
    for name, entity in objects.items():
        for child in entity.get("children") or ():
            if child in objects:
                result.setdefault(str(child), name)
    return {child: parent for child, parent in result.items() if parent in objects}


def _descendants(parents: Mapping[str, str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for name in parents:
        above, seen = parents.get(name), {name}
        while above is not None and above not in seen:
            seen.add(above)
            result.setdefault(above, []).append(name)
            above = parents.get(above)
    return result


def _footprint(corners: Float64, types: Any) -> BaseGeometry:
    floor = types == "GroundSurface"
    flat = corners[floor] if floor.any() else corners
    plan = np.asarray(shapely.polygons(flat[:, :, :2]), dtype=object)
    plan = plan[shapely.area(plan) > 1e-4]
    if not len(plan):
        return shapely.MultiPoint(corners.reshape(-1, 3)[:, :2]).convex_hull
    return shapely.union_all(plan)


def _z_range(corners: Float64) -> tuple[float, float]:
    return float(corners[:, :, 2].min()), float(corners[:, :, 2].max())
