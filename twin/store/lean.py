"""What makes a process of ours that does one large thing lean."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["do_without", "keep_freed_memory", "seldom_collected"]

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
TRIMMED_BYTES, KEPT_BYTES = 24 * 2**20, 64 * 2**20


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next batch, where it is glibc (mallopt(3)): else each batch is paged in anew."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for option, size in ((M_TRIM_THRESHOLD, TRIMMED_BYTES), (M_TOP_PAD, KEPT_BYTES // 8), (M_MMAP_THRESHOLD, KEPT_BYTES)):
            library.mallopt(option, size)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """What is there already lives on, and few cycles come: looking for them costs a third of the time of a large import."""
    threshold = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()


def do_without(module: str) -> None:
    """Let a module not be found from now on: Arrow loads pandas when it is handed a list (45 MB, a third of a second), and goes on
    without it where there is none. For a process of our own that nobody else uses."""
    sys.meta_path.insert(0, _Hidden(module))


class _Hidden(MetaPathFinder):
    def __init__(self, module: str) -> None:
        self._module = module

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname == self._module:
            raise ModuleNotFoundError(f"this process does without {fullname}", name=fullname)
        return None
