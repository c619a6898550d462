"""The worker process: opens one IFC file, draws what it is told, and may be killed at any moment.

Started by `bim.geometry.child`; talks through one pipe, never through stdout, which the engines fill with debug text.
One message at a time: a `Prepare` in, None or a `Refusal` out; a `Request` in, a `Drawing` or a `Refusal` out.
"""

import importlib
import resource
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from bim.geometry.colour import Rgba
from bim.geometry.engine import Drawn, Engine, Part
from bim.geometry.source import SourceFile
from bim.geometry.winding import outward
from spatial.errors import MeshError
from spatial.mesh import Float64, Mesh, crease_shaded

__all__ = ["DrawnPart", "Drawing", "Prepare", "Refusal", "Request", "Start", "Studio", "main"]

FAR_M = 500.0
SELF_DESTRUCT_MARGIN_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first message: which file, and how much memory the worker may map."""

    path: str
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Load the engine of this dotted name, `module:Class`, so that no product pays for it."""

    engine: str
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Draw these products with the engine of this dotted name, `module:Class`."""

    engine: str
    step_ids: tuple[int, ...]
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The engine raised."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnPart:
    """One part of a drawn product; `digest` names a mesh of this or an earlier answer."""

    digest: str
    rgba: Rgba | None
    matrix: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """The answer to a request: parts by step id, the reason where there are none, and the meshes not sent before."""

    parts: dict[int, tuple[DrawnPart, ...]]
    reasons: dict[int, str]
    meshes: tuple[Mesh, ...]


def main(descriptor: int) -> None:
    """Serve requests until the pipe closes."""
    pipe: Connection[object, object] = Connection(descriptor)
    start = pipe.recv()
    if not isinstance(start, Start):
        raise TypeError(f"expected Start, got {type(start).__name__}")
    resource.setrlimit(resource.RLIMIT_AS, (start.memory_bytes, start.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source = SourceFile(Path(start.path))
    source.open()
    pipe.send(None)
    studio = Studio(source)
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        if not isinstance(request, Prepare | Request):
            raise TypeError(f"expected Prepare or Request, got {type(request).__name__}")
        # Should the parent die, nobody kills a hanging engine: the default action of SIGALRM does, without the interpreter.
        signal.alarm(int(request.limit_s) + SELF_DESTRUCT_MARGIN_S)
        try:
            answer: Drawing | Refusal | None = None
            if isinstance(request, Prepare):
                studio.prepare(request)
            else:
                answer = studio.draw(request)
        except Exception as failure:  # noqa: BLE001  an engine may raise anything; the parent records it and goes on
            answer = Refusal(text=f"{type(failure).__name__}: {failure}")
        signal.alarm(0)
        pipe.send(answer)


class Studio:
    """The worker's state: engines of one file, and the meshes sent so far."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._engines: dict[str, Engine] = {}
        self._shaded: dict[object, tuple[Mesh, Float64]] = {}
        self._sent: set[str] = set()

    def prepare(self, request: Prepare) -> None:
        """Load an engine; whatever it raises goes through."""
        self._engine(request.engine)

    def draw(self, request: Request) -> Drawing:
        """Draw, turn outward, shade; whatever the engine raises goes through."""
        engine = self._engine(request.engine)
        parts: dict[int, tuple[DrawnPart, ...]] = {}
        reasons: dict[int, str] = {}
        fresh: dict[str, Mesh] = {}
        for drawn in engine.draw(request.step_ids):
            done = self._parts(request.engine, drawn, fresh)
            if done:
                parts[drawn.step_id] = done
            else:
                reasons[drawn.step_id] = drawn.reason or "only triangles without area"
        self._sent.update(fresh)
        return Drawing(parts=parts, reasons=reasons, meshes=tuple(fresh.values()))

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            module, _, attribute = name.partition(":")
            engine: Engine = getattr(importlib.import_module(module), attribute)(self._source)
            self._engines[name] = engine
        return self._engines[name]

    def _parts(self, engine: str, drawn: Drawn, fresh: dict[str, Mesh]) -> tuple[DrawnPart, ...]:
        result: list[DrawnPart] = []
        for part in drawn.parts:
            try:
                mesh, local = self._shade(engine, part)
            except MeshError:
                continue
            if mesh.digest not in self._sent:
                fresh[mesh.digest] = mesh
            result.append(DrawnPart(digest=mesh.digest, rgba=part.rgba, matrix=part.matrix @ local))
        return tuple(result)

    def _shade(self, engine: str, part: Part) -> tuple[Mesh, Float64]:
        key = None if part.shared is None else (engine, part.shared)
        if key is not None and key in self._shaded:
            return self._shaded[key]
        local = np.eye(4)
        vertices = part.vertices
        if np.abs(vertices).max(initial=0.0) > FAR_M:
            local[:3, 3] = np.rint((vertices.min(axis=0) + vertices.max(axis=0)) / 2)
            vertices = vertices - local[:3, 3]
        result = crease_shaded(vertices, outward(vertices, part.triangles)), local
        if key is not None:
            self._shaded[key] = result
        return result
