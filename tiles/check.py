"""The check of written tiles: everything is read back from the files, in float64, by code the writer does not use.

It finds what the official validator is silent about: content outside its box, a child outside its parent, exchanged box
axes, REPLACE children that leave a gap, a backslash in a URI, a wrong place on Earth, feature ids that are not the
ledger's, a feature twice under ADD; and what CesiumJS would draw or pick wrongly without a word (tiles.rules).
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spatial.frame import Site
from spatial.issue import Issue, Severity
from spatial.mesh import Float64
from tiles.errors import GlbInvalid, ManifestInvalid
from tiles.manifest import MANIFEST, read_manifest
from tiles.place import SitePlace
from tiles.read import Drawn, read_document, read_drawn, read_table
from tiles.rules import check_document, check_rows
from tiles.volume import Box, corners_of

__all__ = ["check_tileset"]

INSIDE_M = 0.001
PLACE_M = 0.005
MAX_DEPTH = 64
Json = dict[str, Any]


def check_tileset(folder_or_path: Path, *, expected_ids: Collection[str] | None = None, site: Site | None = None) -> list[Issue]:
    """Findings on a tileset.json (or the folder that holds one), its external tilesets and glbs; none where all is well.

    `expected_ids`: the features that must be drawn, as a set. `site`: where on Earth it must lie (within `radius_m` of the
    origin), and whose east-north-up frame the z columns and the manifest's origin are in. All codes start with `TILES_`.
    """
    path = folder_or_path / "tileset.json" if folder_or_path.is_dir() else folder_or_path
    walk = _Walk(path.parent, SitePlace.of(site) if site else None)
    shown = walk.tileset(path, np.eye(4), None, None, 0)
    if expected_ids is not None:
        _check_ledger(walk, set(shown), set(expected_ids))
    return walk.issues


@dataclass(frozen=True, slots=True, eq=False)
class _Parent:
    """A tile above: its box in the tileset's outermost frame, its error, the way up."""

    box: Box | None
    error: float
    above: "_Parent | None"


@dataclass(slots=True)
class _Walk:
    base: Path
    place: SitePlace | None
    issues: list[Issue] = field(default_factory=list)

    def report(self, code: str, where: str, message: str) -> None:
        self.issues.append(Issue(code=code, path=where, message=message, severity=Severity.ERROR, source=self.base.name))

    def tileset(self, path: Path, matrix: Float64, parent: _Parent | None, refine: str | None, depth: int) -> dict[str, str]:
        """Features drawn under a tileset.json: id → the content that draws it."""
        where = _relative(path, self.base)
        document = self._json(path, where)
        if document is None:
            return {}
        root = document.get("root")
        if document.get("asset", {}).get("version") != "1.1" or "geometricError" not in document or not isinstance(root, dict):
            self.report("TILES_JSON_INVALID", where, "asset.version 1.1, geometricError and root are required")
            return {}
        if depth > MAX_DEPTH:
            self.report("TILES_JSON_INVALID", where, "external tilesets nest without end")
            return {}
        self._check_manifest(path.parent, matrix @ self._transform(root, where), where)
        return self.tile(root, f"{where}#root", path, matrix, parent, refine or "", depth)

    def tile(self, tile: Json, where: str, path: Path, matrix: Float64, parent: _Parent | None, refine: str, depth: int) -> dict[str, str]:
        """Features drawn under a tile."""
        matrix = matrix @ self._transform(tile, where)
        refine = tile.get("refine", refine)
        if refine not in ("ADD", "REPLACE"):
            self.report("TILES_JSON_INVALID", where, "the root names no refine")
            refine = "ADD"
        error = tile.get("geometricError")
        local = Box.parsed(tile.get("boundingVolume", {}).get("box"))
        if local is None:
            self.report("TILES_VOLUME_UNCHECKED", where, "the bounding volume is no box of twelve numbers; nothing is checked against it")
        if not isinstance(error, int | float) or error < 0:
            self.report("TILES_JSON_INVALID", where, "geometricError is missing or negative")
            error = 0.0
        own = _Parent(local.moved(matrix) if local else None, float(error), parent)
        if parent is not None and own.error > parent.error:
            self.report("TILES_GEOMETRIC_ERROR", where, f"geometric error {own.error:g} m is above its parent's {parent.error:g} m")
        self._check_in_parent(local, own, matrix, where)
        contents = _contents(tile)
        children = tile.get("children", [])
        drawn: list[tuple[str, _Glb]] = []
        below: list[dict[str, str]] = []
        for content in contents:
            target = self._target(content.get("uri"), path, where)
            if target is not None and target.suffix == ".json":
                below.append(self.tileset(target, matrix, own, refine, depth + 1))
            elif target is not None:
                name = _relative(target, self.base)
                glb = self._glb(target, name)
                if glb is not None:
                    drawn.append((name, glb))
                    self._check_content(glb, local, own, matrix, name)
        for number, child in enumerate(children):
            below.append(self.tile(child, f"{where}/{number}", path, matrix, own, refine, depth))
        self._check_depth_of_nothing(tile, contents, children, where)
        if refine == "REPLACE" and children:
            self._check_covered(drawn, children, below, where)
        return self._merged(drawn, below, refine)

    def _merged(self, drawn: list[tuple[str, "_Glb"]], below: list[dict[str, str]], refine: str) -> dict[str, str]:
        shown: dict[str, str] = {}
        for name, glb in drawn:
            self._add(shown, dict.fromkeys(glb.ids, name))
        under: dict[str, str] = {}
        for one in below:
            self._add(under, one)
        if refine == "REPLACE":
            return shown | under
        self._add(shown, under)
        return shown

    def _add(self, shown: dict[str, str], more: dict[str, str]) -> None:
        twice = sorted(shown.keys() & more.keys())
        if twice:
            first = twice[0]
            self.report(
                "TILES_FEATURE_TWICE",
                more[first],
                f"{len(twice)} features are drawn by two contents at once, first {first} (also in {shown[first]})",
            )
        shown.update(more)

    def _json(self, path: Path, where: str) -> Json | None:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.report("TILES_CONTENT_MISSING", where, "the file is missing")
            return None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            self.report("TILES_JSON_INVALID", where, f"no JSON: {error}")
            return None
        if not isinstance(document, dict):
            self.report("TILES_JSON_INVALID", where, "no JSON object")
            return None
        return document

    def _transform(self, tile: Json, where: str) -> Float64:
        numbers = tile.get("transform")
        if numbers is None:
            return np.eye(4)
        matrix = np.array(numbers, dtype=np.float64)
        if matrix.shape != (16,) or not np.isfinite(matrix).all():
            self.report("TILES_TRANSFORM_INVALID", where, "the transform is no sixteen finite numbers")
            return np.eye(4)
        result = matrix.reshape(4, 4).T
        if result[3].tolist() != [0.0, 0.0, 0.0, 1.0]:
            self.report(
                "TILES_TRANSFORM_INVALID", where, "the last row is not 0 0 0 1: is it written row by row? it must be column by column"
            )
        return result

    def _target(self, uri: Any, path: Path, where: str) -> Path | None:
        if not isinstance(uri, str) or not uri:
            self.report("TILES_JSON_INVALID", where, "a content has no uri")
            return None
        if "\\" in uri:
            self.report("TILES_URI_BACKSLASH", where, f"{uri!r}: a URI has forward slashes")
            return None
        if "://" in uri or uri.startswith("/"):
            self.report("TILES_URI_ABSOLUTE", where, f"{uri!r} is not relative")
            return None
        target = path.parent / uri.split("?")[0]
        if not target.is_file():
            self.report("TILES_CONTENT_MISSING", where, f"{uri!r} is not there")
            return None
        return target

    def _glb(self, target: Path, name: str) -> "_Glb | None":
        try:
            document = read_document(target.read_bytes())
            for code, message in check_document(document):
                self.report(code, name, message)
            table, drawn = read_table(document), read_drawn(document)
        except GlbInvalid as error:
            self.report(error.rule, name, str(error))
            return None
        except (KeyError, IndexError, TypeError, ValueError) as error:
            self.report("TILES_GLB_INVALID", name, f"the document does not hold together: {error!r}")
            return None
        ids = table.get("id", [])
        rows = len(ids)
        for code, message in check_rows(drawn, rows):
            self.report(code, name, message)
        used = sorted({int(row) for one in drawn for row in np.unique(one.rows) if 0 <= row < rows})
        shown = [str(ids[row]) for row in used]
        if len(set(shown)) < len(shown):
            self.report("TILES_FEATURE_TWICE", name, f"{len(shown) - len(set(shown))} ids stand in two rows of one table")
        z_range = None
        if "z_min" in table and "z_max" in table:
            z_range = np.stack([np.asarray(table["z_min"]), np.asarray(table["z_max"])])
        return _Glb(frozenset(shown), rows, drawn, z_range)

    def _check_in_parent(self, local: Box | None, own: _Parent, matrix: Float64, where: str) -> None:
        above = own.above
        if local is None or own.box is None or above is None or above.box is None:
            return
        excess = above.box.excess(own.box.corners())
        if excess <= INSIDE_M:
            return
        if any(above.box.excess(swap.moved(matrix).corners()) <= INSIDE_M for swap in local.axis_swaps()):
            self.report("TILES_BOX_AXES_SWAPPED", where, "the box fits its parent only with y and z exchanged")
        else:
            self.report("TILES_CHILD_OUTSIDE_PARENT", where, f"the box reaches {excess:.3f} m out of its parent's")

    def _check_content(self, glb: "_Glb", local: Box | None, own: _Parent, matrix: Float64, name: str) -> None:
        low, high = np.full(3, np.inf), np.full(3, -np.inf)
        z_low, z_high = np.full(glb.rows + 1, np.inf), np.full(glb.rows + 1, -np.inf)
        excess: dict[int, float] = {}
        for one in glb.drawn:
            for points, rows in one.samples():
                low, high = np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))
                world = points @ matrix[:3, :3].T + matrix[:3, 3]
                for level, box in enumerate(_lineage(own)):
                    excess[level] = max(excess.get(level, 0.0), box.excess(world))
                if self.place is not None:
                    rows = np.where((rows >= 0) & (rows < glb.rows), rows, glb.rows)
                    z = self.place.site_xyz(world)[:, 2]
                    np.minimum.at(z_low, rows, z)
                    np.maximum.at(z_high, rows, z)
        if not np.isfinite(low).all():
            self.report("TILES_GLB_INVALID", name, "nothing is drawn, or coordinates are not finite")
            return
        worst = max(excess.values(), default=0.0)
        if worst > INSIDE_M:
            corners = corners_of(low, high)
            if local is not None and any(swap.excess(corners) <= INSIDE_M for swap in local.axis_swaps()):
                self.report("TILES_BOX_AXES_SWAPPED", name, "the content fits its tile's box only with y and z exchanged")
            else:
                self.report(
                    "TILES_CONTENT_OUTSIDE_BOX", name, f"vertices lie up to {worst:.3f} m outside the boxes of its tile or the tiles above"
                )
        if self.place is not None:
            self._check_place(self.place, glb, (low + high) / 2, (z_low[: glb.rows], z_high[: glb.rows]), matrix, name)

    def _check_place(
        self, place: SitePlace, glb: "_Glb", middle: Float64, found: tuple[Float64, Float64], matrix: Float64, name: str
    ) -> None:
        ecef = matrix[:3, :3] @ middle + matrix[:3, 3]
        distance = float(np.linalg.norm(place.site_xyz(ecef[None])[0]))
        if distance > place.site.radius_m:
            self.report(
                "TILES_FAR_FROM_SITE",
                name,
                f"{place.describe(ecef)}: {distance:,.0f} m from the site's origin (radius {place.site.radius_m:,.0f} m)",
            )
            return
        if glb.z_range is None:
            return
        shown = np.isfinite(found[0])
        tolerance = PLACE_M + _step(glb.drawn)
        off = np.maximum(
            np.abs(found[0] - glb.z_range[0])[shown].max(initial=0.0), np.abs(found[1] - glb.z_range[1])[shown].max(initial=0.0)
        )
        if off > tolerance:
            self.report("TILES_PLACE_DISAGREES", name, f"z in the site's frame differs by up to {off:.3f} m from the columns z_min, z_max")

    def _check_manifest(self, folder: Path, matrix: Float64, where: str) -> None:
        """The root's axes are the site's, and its origin is where the manifest says."""
        if self.place is None or not (folder / MANIFEST).is_file():
            return
        try:
            manifest = read_manifest(folder)
        except ManifestInvalid as error:
            self.report("TILES_MANIFEST_INVALID", where, str(error))
            return
        axes = matrix[:3, :3].T @ self.place.directions.T
        off = float(np.linalg.norm(self.place.site_xyz(matrix[None, :3, 3])[0] - np.array(manifest.origin)))
        turned = float(np.abs(axes - np.eye(3)).max()) * self.place.site.radius_m
        if max(off, turned) > PLACE_M:
            self.report(
                "TILES_PLACE_DISAGREES",
                where,
                f"the root's transform is {off:,.3f} m from the manifest's origin, its axes {turned:,.3f} m off at the site's radius",
            )

    def _check_depth_of_nothing(self, tile: Json, contents: list[Json], children: list[Json], where: str) -> None:
        if not contents and not children and not where.endswith("#root"):
            self.report("TILES_TILE_EMPTY", where, "a tile with neither content nor children")

    def _check_covered(self, drawn: list[tuple[str, "_Glb"]], children: list[Json], below: list[dict[str, str]], where: str) -> None:
        """What a tile draws must still be there when its children have replaced it."""
        under = set().union(*below) if below else set()
        boxes = []
        for child in children:
            box = Box.parsed(child.get("boundingVolume", {}).get("box"))
            if box is not None:
                boxes.append(box.moved(self._transform(child, where)))
        for name, glb in drawn:
            lost = sorted(glb.ids - under)
            if lost:
                self.report("TILES_REPLACE_UNCOVERED", name, f"{len(lost)} features vanish when the children replace it, first {lost[0]}")
            elif not all(_covered(points, boxes) for one in glb.drawn for points, _ in one.samples(centroids=True)):
                self.report("TILES_REPLACE_UNCOVERED", name, "the children's boxes leave part of the content uncovered")


@dataclass(frozen=True, slots=True, eq=False)
class _Glb:
    ids: frozenset[str]
    rows: int
    drawn: list[Drawn]
    z_range: Float64 | None


def _check_ledger(walk: _Walk, shown: set[str], expected: set[str]) -> None:
    missing, unknown = sorted(expected - shown), sorted(shown - expected)
    if missing:
        walk.report("TILES_LEDGER_DIFFERS", "tileset.json", f"{len(missing)} features of the ledger are drawn nowhere, first {missing[0]}")
    if unknown:
        walk.report(
            "TILES_LEDGER_DIFFERS", "tileset.json", f"{len(unknown)} features are drawn that the ledger does not hold, first {unknown[0]}"
        )


def _contents(tile: Json) -> list[Json]:
    single = tile.get("content")
    several: list[Json] = tile.get("contents", [])
    return ([single] if single is not None else []) + several


def _lineage(parent: _Parent | None) -> list[Box]:
    boxes = []
    while parent is not None:
        if parent.box is not None:
            boxes.append(parent.box)
        parent = parent.above
    return boxes


def _covered(points: Float64, boxes: list[Box]) -> bool:
    left = points
    for box in boxes:
        left = left[box.outside(left, INSIDE_M)]
    return len(left) == 0


def _step(drawn: list[Drawn]) -> float:
    """The coarsest quantisation step in use, metres: normalised int16 times the largest scale."""
    scales = [float(np.linalg.norm(one.matrices[:, :3, :3], axis=1).max()) for one in drawn]
    return max(scales, default=0.0) / 32767


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
