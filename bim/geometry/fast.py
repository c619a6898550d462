"""The fast engine: ifclite-geom for everything with a local placement.

ifclite gives one colour a product, in world coordinates. So it is never asked for the file's products: for each distinct
body and each colour in it, one product of our own is appended to the text, without a placement and with the openings
moved along. What comes back is one colour of one body in its own frame, and a hundred equal windows cost as much as one.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import ifclite_geom
import numpy as np
from numpy.typing import NDArray

from bim.geometry.appendix import Appendix
from bim.geometry.body import Bodies, Body
from bim.geometry.colour import Rgba
from bim.geometry.engine import NO_SURFACE, Drawn, Part
from bim.geometry.source import SourceFile
from bim.placement import PlacementUnresolved
from spatial.mesh import Float64

__all__ = ["FastEngine"]

PRECISE_WITHIN_M = 2000.0
Triangles = tuple[Float64, NDArray[np.int64]]
Ask = tuple[tuple[object, ...], Rgba | None]


class FastEngine:
    """ifclite-geom over one file; what it declines comes back without parts and with the reason."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._text = _step_bytes(source.path)
        self._bodies = Bodies(source.placements)

    def draw(self, step_ids: Sequence[int]) -> list[Drawn]:
        """Meshes of the products, in one call of ifclite; in two where it moves its own origin away from theirs."""
        answers: list[Drawn] = []
        wanted: dict[int, tuple[Body, Float64]] = {}
        for step_id in step_ids:
            product = self._source.model.by_id(step_id)
            try:
                body = self._bodies.of(product)
                matrix = self._source.placements.matrix(product)
            except PlacementUnresolved as refusal:
                answers.append(Drawn(step_id=step_id, parts=(), reason=str(refusal)))
                continue
            if body is None:
                answers.append(Drawn(step_id=step_id, parts=(), reason=NO_SURFACE))
                continue
            wanted[step_id] = body, matrix
        bodies = {body.key: body for body, _ in wanted.values()}
        asks = [(body, rgba) for body in bodies.values() for rgba in dict.fromkeys(body.colours)]
        meshes, shift = self._mesh(asks, np.zeros(3))
        if shift.any():
            meshes |= self._mesh([(body, rgba) for body, rgba in asks if (body.key, rgba) not in meshes], shift)[0]
        answers.extend(_assemble(step_id, body, matrix, meshes) for step_id, (body, matrix) in wanted.items())
        return answers

    def _mesh(self, asks: list[tuple[Body, Rgba | None]], origin: Float64) -> tuple[dict[Ask, Triangles], Float64]:
        """What ifclite makes of each ask put at `origin`, in the body's own frame, and where ifclite put its origin.

        It computes in single precision about an origin of its choice, so what lies far from that is left out.
        """
        if not asks:
            return {}, origin
        appendix = Appendix(self._source.model, self._source.unit_scale, origin)
        named: dict[int, Ask] = {appendix.ask(body, rgba): (body.key, rgba) for body, rgba in asks}
        end = self._text.rindex(b"ENDSEC;")
        answer = ifclite_geom.geometry_data_buffers(b"".join([self._text[:end], appendix.text(), self._text[end:]]), ids=set(named))
        centre = np.array(answer["rtc_offset"], dtype=np.float64)
        meshes: dict[Ask, Triangles] = {}
        for step_id, element in answer["elements"].items():
            vertices = np.frombuffer(element["vertices"], dtype="<f8").reshape(-1, 3)
            triangles = np.frombuffer(element["faces"], dtype="<u4").reshape(-1, 3).astype(np.int64)
            if len(triangles) and np.abs(vertices - centre).max() < PRECISE_WITHIN_M:
                meshes[named[step_id]] = vertices - origin, triangles
        return meshes, centre


def _assemble(step_id: int, body: Body, matrix: Float64, meshes: dict[Ask, Triangles]) -> Drawn:
    parts: list[Part] = []
    for rgba in dict.fromkeys(body.colours):
        ask = (body.key, rgba)
        if ask not in meshes:
            return Drawn(step_id=step_id, parts=(), reason="ifclite made no triangle of it, or only far from its own origin")
        vertices, triangles = meshes[ask]
        parts.append(Part(vertices=vertices, triangles=triangles, rgba=rgba, matrix=matrix, shared=ask))
    return Drawn(step_id=step_id, parts=tuple(parts))


def _step_bytes(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".ifc")]
        return archive.read(names[0])
