"""Engines that fail in the ways real ones do; they run in the worker, named by dotted path in a ladder of a test."""

import os
import signal
import sys
import time
from collections.abc import Sequence

import ifcopenshell.geom
import numpy as np

from bim.geometry.child import MEMORY_BYTES
from bim.geometry.engine import Drawn, Part
from bim.geometry.source import SourceFile

VICTIM = "victim"
_VERTICES = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
_TRIANGLES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


class Obedient:
    """Draws a tetrahedron for everything, after what `harm` does to the product named `victim`."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source

    def draw(self, step_ids: Sequence[int]) -> list[Drawn]:
        answers = []
        for step_id in step_ids:
            harmed = self._source.model.by_id(step_id).Name == VICTIM
            part = self.harm() if harmed else Part(vertices=_VERTICES, triangles=_TRIANGLES, rgba=(1, 2, 3, 255), matrix=np.eye(4))
            answers.append(Drawn(step_id=step_id, parts=() if part is None else (part,)))
        return answers

    def harm(self) -> Part | None:
        raise NotImplementedError


class Hangs(Obedient):
    """Never answers, and ignores the polite signal."""

    def harm(self) -> Part | None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
        return None


class LoadsSlowly(Obedient):
    """Takes its time to load, as engines do on a busy machine; harms nothing."""

    def __init__(self, source: SourceFile) -> None:
        super().__init__(source)
        time.sleep(1.6)

    def harm(self) -> Part | None:
        return Part(vertices=_VERTICES, triangles=_TRIANGLES, rgba=(1, 2, 3, 255), matrix=np.eye(4))


class Crashes(Obedient):
    """Dies of signal 11."""

    def harm(self) -> Part | None:
        os.kill(os.getpid(), signal.SIGSEGV)
        return None


class AsksOpencascade(Obedient):
    """Has ifcopenshell place the victim, whatever its placement refers to."""

    def draw(self, step_ids: Sequence[int]) -> list[Drawn]:
        for step_id in step_ids:
            product = self._source.model.by_id(step_id)
            if product.Name == VICTIM:
                ifcopenshell.geom.create_shape(self._source.settings, product)
        return super().draw(step_ids)

    def harm(self) -> Part | None:
        return None


class Raises(Obedient):
    """Raises out of memory."""

    def harm(self) -> Part | None:
        raise MemoryError("too many faces")


class DrawsNothing(Obedient):
    """Answers with a sliver without area, and a lot of noise on stdout."""

    def harm(self) -> Part | None:
        sys.stdout.write("local z: 0,0,1\n" * 100_000)
        os.write(1, b"noise" * 100_000)
        return Part(vertices=np.zeros((3, 3)), triangles=np.array([[0, 1, 2]]), rgba=None, matrix=np.eye(4))


class EatsMemory(Obedient):
    """Maps more than the worker may."""

    def harm(self) -> Part | None:
        np.zeros(MEMORY_BYTES, dtype=np.uint8)
        return None
