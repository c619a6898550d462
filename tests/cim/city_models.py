"""Small CityJSON files made here: a cube of 4 × 4 × 3 m at the site's origin, and changes to it."""

import json
from pathlib import Path
from typing import Any

HERE = ("EPSG:4549", 429430.0, 2886950.0)


def cube(**changes: Any) -> dict[str, Any]:
    corners = [[x, y, z] for z in (0, 3000) for x, y in ((0, 0), (4000, 0), (4000, 4000), (0, 4000))]
    faces = [[[3, 2, 1, 0]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]
    return {
        "type": "CityJSON",
        "version": "2.0",
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549"},
        "transform": {"scale": [0.001] * 3, "translate": [429430.0, 2886950.0, 20.0]},
        "CityObjects": {"b": {"type": "Building", "geometry": [{"type": "Solid", "lod": "1", "boundaries": [faces]}]}},
        "vertices": corners,
        **changes,
    }


def write(folder: Path, document: Any, name: str = "made.city.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def lines(folder: Path, *documents: Any, name: str = "made.city.jsonl") -> Path:
    """A CityJSONSeq of the documents, one a line."""
    path = folder / name
    path.write_text("\n".join(json.dumps(document, ensure_ascii=False) for document in documents) + "\n", encoding="utf-8")
    return path


def faces(document: dict[str, Any]) -> list[Any]:
    """The six faces of the cube."""
    shell: list[Any] = document["CityObjects"]["b"]["geometry"][0]["boundaries"][0]
    return shell
