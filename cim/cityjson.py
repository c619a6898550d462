"""CityJSON 1.0, 1.1, 2.0 and CityJSONSeq to features and meshes in the site frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from cim.city_layer import FAILED, PLACED, WITHOUT_GEOMETRY, CityLayer, LedgerRow, Outcome, Progress, agreed_crs, height_datum
from cim.cityjson_file import CityModel, is_cityjson, read_city_model
from cim.cityjson_geometry import Geometry, Part, Surfaces, colours, level_of, levels, surfaces_of
from cim.cityjson_template import read_instance
from cim.coordinates import find_reading
from cim.shade import local_origin
from spatial.errors import CrsError, MeshError, OutsideSite
from spatial.feature import Feature, FeatureId, Kind, feature_id
from spatial.frame import SiteFrame
from spatial.issue import Issue, Severity
from spatial.mesh import Float64, MeshBuilder, flat_shaded
from spatial.scene import LayerKind
from spatial.source import Source, sha256_of

__all__ = ["is_cityjson", "read_cityjson"]

NAMES = ("name", "gml:name", "名称", "建物名称", "bezeichnung")
MEMBERS = frozenset({"type", "geometry", "attributes", "parents", "children"})
COVERED_SHARE = 0.8
MALFORMED = (IndexError, KeyError, TypeError, ValueError, AttributeError, MeshError, GEOSException)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Shape:
    outcome: Outcome
    code: str = "GEOMETRY_EMPTY"
    reason: str = ""
    footprint: BaseGeometry | None = None
    z_range: tuple[float, float] | None = None
    level: float = -1.0


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
    """A CityJSON file as a city layer: every city object a feature, the highest level of detail that can be drawn drawn.

    A building whose parts show its plan in a higher level is not drawn a second time. Heights are 1985 heights unless the CRS
    says else. What lies wholly outside the site's radius is `failed`, with the finding GEOREF_OUTSIDE_SITE. Raises
    CityFileInvalid, CityJsonVersionUnsupported, CrsError, CrsDisagrees, HeightDatumUnknown, and OutsideSite where nothing
    lies inside.
    """
    file = source_name or path.name
    model = read_city_model(path, file)
    agreed = agreed_crs(model.reference_system, crs, force=force_crs, what=file)
    reader = _Reader(model, layer_key, site_frame, agreed, file, sha256_of(path))
    for number, name in enumerate(reader.parts_first()):
        reader.shape(name)
        if progress is not None:
            progress(number + 1, len(model.objects))
    return reader.layer()


class _Reader:
    def __init__(self, model: CityModel, layer_key: str, site_frame: SiteFrame, crs: str, file: str, digest: str) -> None:
        self.model, self.key, self.frame, self.crs, self.file, self.digest = model, layer_key, site_frame, crs, file, digest
        self.builder = MeshBuilder()
        self.issues = list(model.issues)
        self.shapes: dict[str, _Shape] = {}
        self.datum = height_datum(crs)
        try:
            self.reading = find_reading(np.concatenate(model.vertices), crs, site_frame)
            self.site = [self.reading.to_site(vertices, self.datum, site_frame) for vertices in model.vertices]
        except CrsError as error:
            raise CrsError(f"{file}: {error}", hint=error.hint) from error
        self.issues += self.reading.issues("vertices", file)
        self.parents = self._parents()
        self.children = _by_parent(self.parents)

    def parts_first(self) -> list[str]:
        """The ids of all objects, those that have building parts below them last: whether they are drawn hangs on those."""
        whole = {name for name in self.model.objects if self._parts(name)}
        return [name for name in self.model.objects if name not in whole] + [name for name in self.model.objects if name in whole]

    def shape(self, name: str) -> None:
        entity = self.model.objects[name]
        geometries = entity.get("geometry") or []
        by_level = levels(geometries, self.model.templates)
        if not geometries:
            self.shapes[name] = _Shape(outcome=WITHOUT_GEOMETRY)
            return
        if not by_level:
            kinds = ", ".join(sorted({str(g.get("type")) for g in geometries}))
            self._failed(name, _Shape(outcome=FAILED, reason=f"{kinds}: no surface to draw"))
            return
        tried: list[_Shape] = []
        for candidates in by_level:
            level = level_of(candidates[0], self.model.templates)
            try:
                found = self._drawn(name, str(entity["type"]), candidates, level)
            except MALFORMED as error:
                found = _Shape(outcome=FAILED, reason=f"{type(error).__name__}: {error}", level=level)
            if found.outcome != FAILED:
                self.shapes[name] = found
                for worse in tried:
                    message = f"LoD {worse.level:g} cannot be drawn ({worse.reason}); LoD {level:g} is"
                    self._find("LOD_FALLBACK", name, message, Severity.WARNING)
                return
            tried.append(found)
        self._failed(name, tried[0])

    def layer(self) -> CityLayer:
        """The finished layer; raises OutsideSite where nothing lies within the site's radius."""
        placed = any(shape.outcome == PLACED for shape in self.shapes.values())
        if not placed and any(shape.code == "GEOREF_OUTSIDE_SITE" for shape in self.shapes.values()):
            raise OutsideSite(
                f"nothing of {self.file} lies within {self.frame.site.radius_m:,.0f} m of site {self.frame.site.code}",
                hint="wrong site, wrong CRS, or a larger --radius-m",
            )
        features, ledger = [], []
        for name, entity in self.model.objects.items():
            shape = self.shapes[name]
            features.append(self._feature(name, entity, shape))
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

    def _drawn(self, name: str, class_name: str, best: Sequence[Geometry], level: float) -> _Shape:
        family = self._root(name)
        surfaces, parts = self._surfaces(name, class_name, family, best)
        corners = np.concatenate([found.corners for found in surfaces])
        faces, lost = (sum(getattr(found, count) for found in surfaces) for count in ("faces", "lost"))
        if not len(corners) or not parts:
            return _Shape(outcome=FAILED, reason=f"none of {faces} faces has an area", level=level)
        if not np.isfinite(corners).all():
            return _Shape(outcome=FAILED, reason="coordinates that are no numbers, or outside the domain of the CRS", level=level)
        footprint = _footprint(corners, np.concatenate([found.types for found in surfaces]))
        radius = self.frame.site.radius_m
        near = float(np.linalg.norm(corners[:, :, :2].reshape(-1, 2), axis=1).min()) <= radius
        if not near and footprint.distance(shapely.Point(0, 0)) > radius:
            return _Shape(outcome=FAILED, code="GEOREF_OUTSIDE_SITE", reason=f"outside the site's radius of {radius:,.0f} m", level=level)
        if self._shown_by_parts(name, footprint, level):
            reason = f"its parts show it in a higher level; its own LoD {level:g} is its plan"
            return _Shape(outcome=WITHOUT_GEOMETRY, reason=reason, footprint=footprint)
        for mesh, rgba, matrix in parts:
            self.builder.add_mesh(feature_id(self.key, name), mesh, rgba, matrix)
        if lost:
            self._find("FACES_LOST", name, f"{lost} of {faces} faces have no area and are left out", Severity.WARNING)
        self._note(name, surfaces)
        z = corners[:, :, 2]
        return _Shape(outcome=PLACED, footprint=footprint, z_range=(float(z.min()), float(z.max())), level=level)

    def _surfaces(self, name: str, class_name: str, family: str, best: Sequence[Geometry]) -> tuple[list[Surfaces], list[Part]]:
        block = self.model.block[name]
        surfaces: list[Surfaces] = []
        parts: list[Part] = []
        for geometry in best:
            if geometry["type"] == "GeometryInstance":
                instance = read_instance(
                    geometry,
                    self.model.templates,
                    self.model.template_vertices,
                    self.model.vertices[block],
                    self.reading,
                    self.datum,
                    self.frame,
                )
                surfaces.append(instance.surfaces(class_name))
                parts += instance.parts(class_name, family)
                continue
            found = surfaces_of(geometry, self.site[block], class_name)
            surfaces.append(found)
            parts += [_part(found.corners[mask], rgba) for rgba, mask in colours(found.types, class_name, family)]
        return surfaces, parts

    def _note(self, name: str, surfaces: Sequence[Surfaces]) -> None:
        turned, untyped = sum(found.turned for found in surfaces), sum(found.untyped for found in surfaces)
        if turned:
            self._find("FACES_TURNED", name, f"{turned} shells faced inward and were turned round", Severity.INFO)
        if untyped:
            self._find("SEMANTICS_INVALID", name, f"{untyped} faces name a semantic surface that is not there", Severity.WARNING)

    def _shown_by_parts(self, name: str, plan: BaseGeometry, level: float) -> bool:
        shapes = [self.shapes[part] for part in self._parts(name) if part in self.shapes]
        higher = [s.footprint for s in shapes if s.outcome == PLACED and s.footprint is not None and np.floor(s.level) > np.floor(level)]
        if not higher or plan.area <= 0:
            return False
        return bool(plan.intersection(shapely.union_all(higher)).area >= COVERED_SHARE * plan.area)

    def _parts(self, name: str) -> list[str]:
        return [child for child in self.children.get(name, ()) if str(self.model.objects[child]["type"]).endswith("Part")]

    def _failed(self, name: str, shape: _Shape) -> None:
        self.shapes[name] = shape
        self._find(shape.code, name, shape.reason, Severity.ERROR)

    def _find(self, code: str, name: str, message: str, severity: Severity) -> None:
        path = f"CityObjects/{name} {self.model.objects[name].get('type')}"
        self.issues.append(Issue(code=code, path=path, message=message, severity=severity, source=self.file))

    def _parents(self) -> dict[str, str]:
        """Child → the object above it; a CityObjectGroup is above what nothing else is."""
        objects = self.model.objects
        result: dict[str, str] = {}
        grouped: dict[str, str] = {}
        for name, entity in objects.items():
            pairs = [(name, above) for above in entity.get("parents") or ()] + [(below, name) for below in entity.get("children") or ()]
            for child, parent in pairs:
                missing = next((one for one in (child, parent) if one not in objects), None)
                if missing is not None:
                    self._find("REFERENCE_MISSING", name, f"refers to {missing}, which is not in the file", Severity.WARNING)
                elif objects[parent]["type"] == "CityObjectGroup":
                    grouped.setdefault(child, parent)
                else:
                    result.setdefault(child, parent)
        return {name: result.get(name, grouped.get(name, "")) for name in objects if name in result or name in grouped}

    def _above(self, name: str) -> Iterator[str]:
        seen = {name}
        while (parent := self.parents.get(name)) is not None and parent not in seen:
            seen.add(parent)
            name = parent
            yield name

    def _root(self, name: str) -> str:
        """The highest object it is part of; a group is no such thing."""
        return [name, *(above for above in self._above(name) if self.model.objects[above]["type"] != "CityObjectGroup")][-1]

    def _below(self, name: str) -> list[str]:
        result, stack, seen = [], list(self.children.get(name, ())), {name}
        while stack:
            child = stack.pop()
            if child not in seen:
                seen.add(child)
                result.append(child)
                stack += self.children.get(child, ())
        return result

    def _feature(self, name: str, entity: Mapping[str, Any], shape: _Shape) -> Feature:
        attributes = dict(entity.get("attributes") or {})
        family = [self.shapes[child] for child in self._below(name)]
        plans = [shape.footprint] if shape.footprint is not None else [s.footprint for s in family if s.footprint is not None]
        ranges = [shape.z_range] if shape.z_range is not None else [s.z_range for s in family if s.z_range is not None]
        parent, root = self.parents.get(name), self._root(name)
        building = root if root != name and str(self.model.objects[root].get("type")).startswith("Building") else None
        title = next((str(attributes[key]) for key in NAMES if attributes.get(key)), None)
        return Feature(
            id=feature_id(self.key, name),
            kind=Kind.CITY_OBJECT,
            class_name=str(entity["type"]),
            source=Source(file=self.file, sha256=self.digest, entity=f"CityObjects/{name}"),
            name=title,
            parent=FeatureId(f"{self.key}:{parent}") if parent is not None else None,
            building=FeatureId(f"{self.key}:{building}") if building is not None else None,
            footprint=(plans[0] if len(plans) == 1 else shapely.union_all(plans)) if plans else None,
            z_range=(min(r[0] for r in ranges), max(r[1] for r in ranges)) if ranges else None,
            properties=self._properties(entity, attributes, shape),
        )

    def _properties(self, entity: Mapping[str, Any], attributes: Mapping[str, Any], shape: _Shape) -> dict[str, Any]:
        properties: dict[str, Any] = {"attributes": attributes}
        if shape.outcome == PLACED and shape.level >= 0:
            properties["lod"] = f"{shape.level:g}"
        known = sorted({level for g in entity.get("geometry") or () if (level := level_of(g, self.model.templates)) >= 0})
        if len(known) > 1:
            properties["lods"] = [f"{level:g}" for level in known]
        members = {key: value for key, value in entity.items() if key not in MEMBERS}
        if len(entity.get("parents") or ()) > 1:
            members["parents"] = entity["parents"]
        if members:
            properties["members"] = members
        return properties


def _part(corners: Float64, rgba: tuple[int, int, int, int]) -> Part:
    matrix = local_origin(corners)
    points = corners.reshape(-1, 3) - matrix[:3, 3]
    return flat_shaded(points, np.arange(len(points)).reshape(-1, 3)), rgba, matrix


def _by_parent(parents: Mapping[str, str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for child, parent in parents.items():
        result.setdefault(parent, []).append(child)
    return result


def _footprint(corners: Float64, types: Any) -> BaseGeometry:
    floor = types == "GroundSurface"
    flat = corners[floor] if floor.any() else corners
    plan = np.asarray(shapely.polygons(flat[:, :, :2]), dtype=object)
    plan = plan[shapely.area(plan) > 1e-4]
    if not len(plan):
        return shapely.MultiPoint(corners.reshape(-1, 3)[:, :2]).convex_hull
    return shapely.union_all(plan)
