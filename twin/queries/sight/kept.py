"""What a scene is built of, kept as arrays in one file: reading it takes a tenth of a second, reading the layers takes several.

A file of another state, of another version of the code that made it, or that cannot be read is made anew.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from spatial import surfaces
from spatial.source import bytes_sha256
from spatial.surfaces import Collected, Group
from twin.queries.sight import areas, scene
from twin.queries.sight.samples import Area

__all__ = ["Kept", "State", "find_kept", "write_kept"]

State = tuple[tuple[str, int, str], ...]
"""Model, revision and what its triangles are, of everything that decides on them."""
PARTS = ("vertices", "triangles", "feature")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """The triangles, their digest, what is to be covered, and id → name, class."""

    collected: Collected
    revision: str
    areas: tuple[Area, ...]
    called: Mapping[str, tuple[str, str]]


def find_kept(path: Path, state: State) -> Kept | None:
    """What was kept for exactly this state; None where there is nothing, or something else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            head = json.loads(data["head"].tobytes())
            if head["made_of"] != _made_of(state):
                return None
            fixed, door, glass, ground = (Group(**{part: data[f"{part}{i}"] for part in PARTS}) for i in range(4))
            ids = tuple(head["ids"])
            collected = Collected(ids=ids, is_door=data["is_door"], origin=data["origin"], groups=(fixed, door, glass, ground))
            return Kept(collected=collected, revision=head["revision"], areas=_areas(head, data), called=_called(head))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def write_kept(path: Path, state: State, kept: Kept) -> None:
    """Put it in place whole; a folder that cannot be written is no fault, it is only slower the next time."""
    facts = [(area.id, area.kind, area.floor_z, area.within) for area in kept.areas]
    head = {"made_of": _made_of(state), "revision": kept.revision, "ids": kept.collected.ids, "areas": facts, "called": dict(kept.called)}
    shapes = [area.outline.wkb for area in kept.areas]
    arrays = {f"{part}{i}": getattr(group, part) for i, group in enumerate(kept.collected.groups) for part in PARTS}
    arrays |= {"is_door": kept.collected.is_door, "origin": kept.collected.origin, "ends": np.cumsum([len(shape) for shape in shapes])}
    arrays |= {"shapes": _bytes(b"".join(shapes)), "head": _bytes(json.dumps(head, ensure_ascii=False).encode())}
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            try:
                np.savez(file, **arrays)
                file.flush()
                os.replace(file.name, path)  # noqa: PTH105
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise


@cache
def _code() -> str:
    """A digest of the code that decides what is collected."""
    modules = (surfaces, areas, scene)
    return bytes_sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in modules) + Path(__file__).read_bytes())


def _made_of(state: State) -> str:
    return bytes_sha256(json.dumps([_code(), state]).encode())


def _bytes(content: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(content, dtype=np.uint8)


def _areas(head: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Area, ...]:
    whole, ends = data["shapes"].tobytes(), data["ends"].tolist()
    outlines = shapely.from_wkb([whole[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)])
    return tuple(
        Area(id=name, kind=kind, outline=outline, floor_z=floor_z, within=within)
        for (name, kind, floor_z, within), outline in zip(head["areas"], outlines, strict=True)
    )


def _called(head: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (said[0], said[1]) for name, said in head["called"].items()}
