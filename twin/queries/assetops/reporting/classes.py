"""Classes as rows of a report: their top level, in words, the edition told where codes of several stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from twin.records.articles import class_words, top_length
from viewer.document import Words

__all__ = ["TopClasses"]

Array: TypeAlias = np.ndarray[Any, Any]
UNSTATED = Words("（分类未填）", "(no class)")


class TopClasses:
    """The top classes of some (edition, code) pairs: `number` is by place of the pair, `codes` and `names` by number.

    One code of two editions is two classes.
    """

    def __init__(self, classes: Sequence[tuple[str, str]]) -> None:
        groups: dict[tuple[str, str], int] = {}
        self.number: Array = np.array(
            [groups.setdefault((edition, code[: top_length(edition)]), len(groups)) for edition, code in classes], dtype=np.int64
        )
        self.codes = [code for _, code in groups]
        self.names = [_name(edition, code) for edition, code in groups]

    def __len__(self) -> int:
        return len(self.codes)


def _name(edition: str, code: str) -> Words:
    zh, en = class_words().get((edition, code), (code, code))
    if not code:
        return UNSTATED
    return Words(f"{zh}（{edition}）", f"{en} ({edition})") if edition else Words.same(zh)
