"""What a child process of ours does without."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["do_without"]


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
