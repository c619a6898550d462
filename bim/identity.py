"""Local ids: the GlobalId, made unique where a file uses one twice."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bim.attribute import entity_path, find_text
from spatial.issue import Issue, Severity

__all__ = ["local_ids"]


def local_ids(entities: Iterable[Any], step_order: NDArray[np.int64]) -> tuple[Mapping[int, str], tuple[Issue, ...]]:
    """Local id by step id, and the findings.

    Of equal GlobalIds the first in the order of the file's text keeps it, the next get `~2`, `~3` (`GLOBALID_DUPLICATE`); an
    entity without one is named by its step number, `step-214` (`GLOBALID_MISSING`).
    """
    ids: dict[int, str] = {}
    used: dict[str, int] = {}
    issues: list[Issue] = []
    for entity in _in_order(list(entities), step_order):
        global_id = find_text(entity, "GlobalId")
        if not global_id:
            global_id = f"step-{entity.id()}"
            issues.append(_issue("GLOBALID_MISSING", entity, f"no GlobalId; called {global_id}, which a new export will not keep"))
        count = used.get(global_id, 0) + 1
        used[global_id] = count
        ids[entity.id()] = global_id if count == 1 else f"{global_id}~{count}"
        if count > 1:
            issues.append(_issue("GLOBALID_DUPLICATE", entity, f"{global_id} is used before; called {ids[entity.id()]}"))
    return ids, tuple(issues)


def _in_order(entities: list[Any], step_order: NDArray[np.int64]) -> list[Any]:
    by_number = np.argsort(step_order, kind="stable")
    steps = np.array([entity.id() for entity in entities], dtype=np.int64)
    position = by_number[np.searchsorted(step_order, steps, sorter=by_number)]
    return [entities[index] for index in np.argsort(position, kind="stable")]


def _issue(code: str, entity: Any, message: str) -> Issue:
    return Issue(code=code, path=entity_path(entity), message=message, severity=Severity.WARNING)
