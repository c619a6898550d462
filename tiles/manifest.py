"""The manifest of a layer's tiles (`layer.json`): which contents there are, who may know of them, where they hang.

A `tileset.json` is made from it for each set of permitted labels (tiles.tileset); the glbs are the same for all.
"""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from spatial.mesh import Float64
from spatial.scene import LayerKind
from tiles.errors import ManifestInvalid

__all__ = ["MANIFEST", "Building", "Content", "Manifest", "read_manifest"]

MANIFEST = "layer.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One glb: `box` is low x, y, z, high x, y, z in metres around the layer's origin (z up); `geometric_error` metres, of leaving it out.

    `bytes` is the glb, `gzip_bytes` what is served; `triangles` counts repeats. `storey` is "" for what has none, `cell`
    the quadkey of a city content.
    """

    sha256: str
    label: str
    group: str
    storey: str
    cell: str
    box: tuple[float, ...]
    geometric_error: float
    features: int
    triangles: int
    bytes: int
    gzip_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A building the layer shows, and its label."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One layer's tiles. `origin` (x, y, z) site-frame metres is the tiles' own origin, axes parallel to the site's.

    `site_to_ecef` is 4×4, row by row, 16 numbers.
    """

    key: str
    kind: str
    name: str
    revision: str
    origin: tuple[float, ...]
    site_to_ecef: tuple[float, ...]
    buildings: tuple[Building, ...]
    contents: tuple[Content, ...]

    @property
    def features(self) -> int:
        """How many features the contents show; none is in two."""
        return sum(content.features for content in self.contents)

    @property
    def served_bytes(self) -> int:
        """Bytes of all contents as served (gzip)."""
        return sum(content.gzip_bytes for content in self.contents)

    @property
    def building_ids(self) -> tuple[str, ...]:
        """Ids of the buildings in it."""
        return tuple(building.id for building in self.buildings)

    @property
    def box(self) -> Float64 | None:
        """Box (2, 3) of all contents in the site frame, metres; None where there are none."""
        if not self.contents:
            return None
        boxes = np.array([content.box for content in self.contents]).reshape(-1, 2, 3)
        low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
        return np.asarray(np.array([low, high]) + np.array(self.origin))

    @property
    def z_range(self) -> list[float] | None:
        """Lowest and highest z in the site frame, metres."""
        box = self.box
        return None if box is None else [float(box[0, 2]), float(box[1, 2])]

    def label_of(self, sha256: str) -> str | None:
        """The label of a content; None where the layer has no such content."""
        return next((content.label for content in self.contents if content.sha256 == sha256), None)

    def missing_files(self, folder: Path) -> list[str]:
        """The files of the contents that are not in `folder`, or not as long as they were written."""
        wanted = {f"{content.sha256}.glb": content.bytes for content in self.contents}
        wanted |= {f"{content.sha256}.glb.gz": content.gzip_bytes for content in self.contents}
        return [name for name, size in wanted.items() if not (folder / name).is_file() or (folder / name).stat().st_size != size]

    def seen_by(self, permitted: Collection[str] | None) -> Self:
        """The manifest with what these labels may know of, and nothing else; None is every label."""
        if permitted is None:
            return self
        return replace(
            self,
            buildings=tuple(building for building in self.buildings if building.label in permitted),
            contents=tuple(content for content in self.contents if content.label in permitted),
        )

    def to_json(self) -> dict[str, Any]:
        """As written to layer.json."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """From the document of a layer.json; raises ManifestInvalid."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ManifestInvalid(f"layer.json is not of format {FORMAT}", hint="twin tiles build")
        try:
            return cls(
                key=document["key"],
                kind=LayerKind(document["kind"]).value,
                name=document["name"],
                revision=document["revision"],
                origin=tuple(document["origin"]),
                site_to_ecef=tuple(document["site_to_ecef"]),
                buildings=tuple(Building(**building) for building in document["buildings"]),
                contents=tuple(Content(**(content | {"box": tuple(content["box"])})) for content in document["contents"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ManifestInvalid(f"layer.json: {error!r}", hint="twin tiles build") from error


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a layer's folder; raises ManifestInvalid where it is missing or broken."""
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestInvalid(f"{path} is missing", hint="twin tiles build") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ManifestInvalid(f"{path} is no JSON: {error}", hint="twin tiles build") from error
    return Manifest.from_json(document)
