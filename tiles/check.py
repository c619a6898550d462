"""The check of written tiles: everything is read back from the files, in float64, by code the writer does not use.

It finds what the official validator is silent about: content outside its box, a child outside its parent, exchanged box
axes, REPLACE children that leave a gap, a backslash in a URI, a wrong place on Earth, feature ids that are not the
ledger's, a feature twice under ADD; what CesiumJS would draw or pick wrongly without a word (tiles.rules); and what would
be served to whom it must not be, or not as it was checked.
"""

import gzip
import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from spatial.frame import Site
from spatial.issue import Issue, Severity
from spatial.mesh import Float64
from spatial.source import bytes_sha256
from tiles.drawn import INSIDE_M, PLACE_M, Content, check_boxes, check_place, check_step, read_content
from tiles.errors import ManifestInvalid
from tiles.manifest import MANIFEST, Manifest, read_manifest
from tiles.place import SitePlace
from tiles.shape import Json, member, numbers, objects, wrongs_of_tile, wrongs_of_tileset
from tiles.volume import Box

__all__ = ["check_tileset"]

MAX_DEPTH = 200


def check_tileset(
    folder_or_path: Path,
    *,
    expected_ids: Collection[str] | None = None,
    expected_boxes: Mapping[str, Float64] | None = None,
    expected_labels: Mapping[str, str] | None = None,
    site: Site | None = None,
) -> list[Issue]:
    """Findings on a tileset.json (or the folder that holds one), its external tilesets and glbs; none where all is well.

    `expected_ids`: the features that must be drawn, as a set. `expected_labels`: id → label; who may see a content may know
    of all that is in it. `site`: where on Earth it must lie (within `radius_m` of the origin), and whose east-north-up frame
    the z columns, the manifests' origins and `expected_boxes` (id → (2, 3) metres) are in. All codes start with `TILES_`.
    """
    path = folder_or_path / "tileset.json" if folder_or_path.is_dir() else folder_or_path
    walk = _Walk(path.parent, SitePlace.of(site) if site else None, expected_boxes or {}, expected_labels)
    shown = walk.tileset(path, np.eye(4), None)
    walk.check_manifests()
    if expected_ids is not None:
        _check_ledger(walk, set(shown), set(expected_ids))
    return walk.issues


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A tile on the way down: its box in the outermost frame, its error, how it is refined, the tile above, how deep it is."""

    box: Box | None
    error: float
    refine: str
    above: "_Tile | None"
    depth: int

    def boxes(self) -> list[Box]:
        """Its own box and those above."""
        own = [] if self.box is None else [self.box]
        return own if self.above is None else own + self.above.boxes()


@dataclass(slots=True)
class _Walk:
    base: Path
    place: SitePlace | None
    boxes: Mapping[str, Float64]
    labels: Mapping[str, str] | None
    issues: list[Issue] = field(default_factory=list)
    open: list[Path] = field(default_factory=list)
    manifests: dict[Path, Manifest] = field(default_factory=dict)
    contents: dict[Path, set[str]] = field(default_factory=dict)

    def report(self, code: str, where: str, message: str) -> None:
        self.issues.append(Issue(code=code, path=where, message=message, severity=Severity.ERROR, source=self.base.name))

    def tileset(self, path: Path, matrix: Float64, parent: _Tile | None) -> dict[str, str]:
        """Features drawn under a tileset.json: id → the content that draws it."""
        where = _relative(path, self.base)
        if path.resolve() in self.open:
            self.report("TILES_JSON_INVALID", where, "external tilesets name each other in a circle")
            return {}
        document = self._json(path, where)
        if document is None:
            return {}
        for wrong in wrongs_of_tileset(document):
            self.report("TILES_JSON_INVALID", where, wrong)
        if not isinstance(document.get("root"), dict):
            return {}
        self._read_manifest(path.parent, matrix @ self._transform(document["root"], where, silent=True), where)
        self.open.append(path.resolve())
        shown = self.tile(document["root"], f"{where}#root", path, matrix, parent, is_root=True)
        self.open.pop()
        return shown

    def tile(self, tile: Json, where: str, path: Path, matrix: Float64, parent: _Tile | None, *, is_root: bool = False) -> dict[str, str]:
        """Features drawn under a tile."""
        for wrong in wrongs_of_tile(tile, is_root=is_root):
            self.report("TILES_JSON_INVALID", where, wrong)
        matrix = matrix @ self._transform(tile, where)
        local = Box.parsed(member(tile, "boundingVolume").get("box"))
        own = self._descended(tile, local, matrix, parent, where)
        if own.depth > MAX_DEPTH:
            self.report("TILES_JSON_INVALID", where, f"tiles nest deeper than {MAX_DEPTH}; nothing below is checked")
            return {}
        self._check_in_parent(local, own, matrix, where)
        drawn: list[tuple[str, Content]] = []
        below: list[dict[str, str]] = []
        for content in ([member(tile, "content")] if "content" in tile else []) + objects(tile, "contents"):
            target = self._target(content.get("uri"), path, where) if "implicitTiling" not in tile else None
            if target is not None and target.suffix == ".json":
                below.append(self.tileset(target, matrix, own))
            elif target is not None:
                drawn += self._drawn(target, content, local, own, matrix)
        children = objects(tile, "children")
        for number, child in enumerate(children):
            below.append(self.tile(child, f"{where}/{number}", path, matrix, own))
        if not is_root and not children and not {"content", "contents", "implicitTiling"} & tile.keys():
            self.report("TILES_TILE_EMPTY", where, "a tile with neither content nor children")
        if own.refine == "REPLACE" and children:
            self._check_covered(drawn, children, below, where)
        return self._merged(drawn, below, own.refine)

    def _descended(self, tile: Json, local: Box | None, matrix: Float64, parent: _Tile | None, where: str) -> _Tile:
        error = tile.get("geometricError")
        error_m = float(error) if isinstance(error, int | float) and np.isfinite(error) and error >= 0 else 0.0
        refine = tile.get("refine", parent.refine if parent else "ADD")
        if local is None:
            self.report("TILES_VOLUME_UNCHECKED", where, "the bounding volume is no box of twelve numbers; nothing is checked against it")
        if "implicitTiling" in tile:
            self.report("TILES_IMPLICIT_UNCHECKED", where, "the tile is divided implicitly; nothing below it is checked")
        if parent is not None and error_m > parent.error:
            self.report("TILES_GEOMETRIC_ERROR", where, f"geometric error {error_m:g} m is above its parent's {parent.error:g} m")
        box = local.moved(matrix) if local else None
        return _Tile(box, error_m, "REPLACE" if refine == "REPLACE" else "ADD", parent, parent.depth + 1 if parent else 0)

    def _drawn(self, target: Path, content: Json, local: Box | None, own: _Tile, matrix: Float64) -> list[tuple[str, Content]]:
        name = _relative(target, self.base)
        read, findings = read_content(target)
        self.contents.setdefault(target.parent, set()).add(target.name)
        findings += self._served_otherwise(target)
        if read is not None:
            narrow = Box.parsed(member(content, "boundingVolume").get("box"))
            findings += check_boxes(read, local, own.boxes() + ([narrow.moved(matrix)] if narrow else []), matrix)
            findings += check_step(read)
            findings += self._seen_by_others(target, read)
            if self.place is not None:
                findings += check_place(read, self.place, matrix, self.boxes)
        for code, message in findings:
            self.report(code, name, message)
        return [] if read is None else [(name, read)]

    def _served_otherwise(self, target: Path) -> list[tuple[str, str]]:
        """The service trusts the name to be the hash, and sends the .gz."""
        if target.parent not in self.manifests:
            return []
        data, packed = target.read_bytes(), target.with_name(target.name + ".gz")
        if bytes_sha256(data) != target.stem:
            return [("TILES_SERVED_DIFFERS", "the content's name is not its SHA-256: clients that hold the old one would keep it")]
        try:
            same = gzip.decompress(packed.read_bytes()) == data
        except (OSError, EOFError, zlib.error):
            same = False
        return [] if same else [("TILES_SERVED_DIFFERS", f"{packed.name} is missing or holds something else")]

    def _seen_by_others(self, target: Path, content: Content) -> list[tuple[str, str]]:
        manifest = self.manifests.get(target.parent)
        label = None if manifest is None else manifest.label_of(target.stem)
        if label is None or self.labels is None:
            return []
        wrong = sorted(name for name in content.features if self.labels.get(name, label) != label)
        message = f"{len(wrong)} features of another label are in a content for {label}, first {wrong[0]}" if wrong else ""
        return [("TILES_LABEL_DIFFERS", message)] if wrong else []

    def _merged(self, drawn: list[tuple[str, Content]], below: list[dict[str, str]], refine: str) -> dict[str, str]:
        shown: dict[str, str] = {}
        for name, content in drawn:
            self._add(shown, dict.fromkeys(content.features, name))
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
            message = f"{len(twice)} features are drawn by two contents at once, first {first} (also in {shown[first]})"
            self.report("TILES_FEATURE_TWICE", more[first], message)
        shown.update(more)

    def _json(self, path: Path, where: str) -> Json | None:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.report("TILES_CONTENT_MISSING", where, "the file is missing")
            return None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            self.report("TILES_JSON_INVALID", where, f"no JSON: {error}")
            return None
        if not isinstance(document, dict):
            self.report("TILES_JSON_INVALID", where, "no JSON object")
            return None
        return document

    def _transform(self, tile: Json, where: str, *, silent: bool = False) -> Float64:
        if "transform" not in tile:
            return np.eye(4)
        values = numbers(tile["transform"], 16)
        if values is None:
            wrong = "the transform is no sixteen finite numbers"
        else:
            matrix = np.array(values).reshape(4, 4).T
            if matrix[3].tolist() == [0.0, 0.0, 0.0, 1.0]:
                return matrix
            wrong = "the last row is not 0 0 0 1: is it written row by row? it must be column by column"
        if not silent:
            self.report("TILES_TRANSFORM_INVALID", where, wrong)
        return np.eye(4) if values is None else np.array(values).reshape(4, 4).T

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
        target = path.parent / unquote(uri.partition("?")[0])
        if not target.is_file():
            self.report("TILES_CONTENT_MISSING", where, f"{uri!r} is not there")
            return None
        if target.suffix not in (".json", ".glb"):
            self.report("TILES_CONTENT_UNCHECKED", where, f"{uri!r} is neither a tileset.json nor a glb; it is not looked into")
            return None
        return target

    def _check_in_parent(self, local: Box | None, own: _Tile, matrix: Float64, where: str) -> None:
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

    def _check_covered(self, drawn: list[tuple[str, Content]], children: list[Json], below: list[dict[str, str]], where: str) -> None:
        """What a tile draws must still be there when its children have replaced it."""
        under: set[str] = set().union(*below)
        boxes = []
        for child in children:
            box = Box.parsed(member(child, "boundingVolume").get("box"))
            if box is not None:
                boxes.append(box.moved(self._transform(child, where, silent=True)))
        for name, content in drawn:
            lost = sorted(content.features - under)
            if lost:
                self.report("TILES_REPLACE_UNCOVERED", name, f"{len(lost)} features vanish when the children replace it, first {lost[0]}")
            elif not all(_covered(points, boxes) for one in content.drawn for points, _ in one.samples(centroids=True)):
                self.report("TILES_REPLACE_UNCOVERED", name, "the children's boxes leave part of the content uncovered")

    def _read_manifest(self, folder: Path, matrix: Float64, where: str) -> None:
        """Keep a layer's manifest; with a site, the root's axes must be the site's and its origin where the manifest says."""
        if not (folder / MANIFEST).is_file():
            return
        try:
            manifest = self.manifests[folder] = read_manifest(folder)
        except ManifestInvalid as error:
            self.report("TILES_MANIFEST_INVALID", where, str(error))
            return
        if self.place is None:
            return
        axes = matrix[:3, :3].T @ self.place.directions.T
        off = float(np.linalg.norm(self.place.site_xyz(matrix[None, :3, 3])[0] - np.array(manifest.origin)))
        turned = float(np.abs(axes - np.eye(3)).max()) * self.place.site.radius_m
        if max(off, turned) > PLACE_M:
            message = f"the root's transform is {off:,.3f} m from the manifest's origin, its axes {turned:,.3f} m off at the site's radius"
            self.report("TILES_PLACE_DISAGREES", where, message)

    def check_manifests(self) -> None:
        """The service assembles tilesets from the manifest: it must name what the checked tileset does."""
        for folder, manifest in self.manifests.items():
            named = {f"{content.sha256}.glb" for content in manifest.contents}
            off = sorted(named ^ self.contents.get(folder, set()))
            if off:
                where = _relative(folder / MANIFEST, self.base)
                self.report("TILES_MANIFEST_DIFFERS", where, f"{len(off)} contents are in the manifest or the tileset only, first {off[0]}")


def _check_ledger(walk: _Walk, shown: set[str], expected: set[str]) -> None:
    missing, unknown = sorted(expected - shown), sorted(shown - expected)
    if missing:
        message = f"{len(missing)} features of the ledger are drawn nowhere, first {missing[0]}"
        walk.report("TILES_LEDGER_DIFFERS", "tileset.json", message)
    if unknown:
        message = f"{len(unknown)} features are drawn that the ledger does not hold, first {unknown[0]}"
        walk.report("TILES_LEDGER_DIFFERS", "tileset.json", message)


def _covered(points: Float64, boxes: list[Box]) -> bool:
    left = points
    for box in boxes:
        left = left[box.outside(left, INSIDE_M)]
    return len(left) == 0


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
