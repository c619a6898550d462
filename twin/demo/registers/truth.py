"""What was planted and where, and what everything really is: the answers to the demo's registers."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.demo.registers.sheet import RegisterFile
from twin.demo.registers.vocabulary import table

__all__ = ["Planted", "Planter", "write_truth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One planted error: its name in `planted.toml`, register, row from 0, key, column and texts; `row` is −1 where the row is missing."""

    error: str
    register: str
    row: int
    key: str
    column: str = ""
    was: str = ""
    now: str = ""
    also: str = ""


@dataclass(slots=True, kw_only=True)
class Planter:
    """Chooses rows for the errors of one register and remembers them; a row takes one error at most."""

    register: str
    rng: np.random.Generator
    planted: list[Planted] = field(default_factory=list)
    _taken: set[int] = field(default_factory=set)

    def rows(self, error: str, candidates: Sequence[int] | NDArray[Any], *, of: int | None = None, first: int = 0) -> list[int]:
        """Rows for an error among candidates: its share of `of` rows (default: of the candidates), one at least, none taken before.

        `first` is added to a candidate to get its row in the register (a chunk's first row).
        """
        share = table("planted")[error]["permille"] / 1000.0
        free = [at for at in np.asarray(candidates).tolist() if at + first not in self._taken]
        wanted = share * (len(free) if of is None else of)
        whole = int(wanted) + int(self.rng.random() < wanted - int(wanted))
        count = min(max(whole, 1 if first == 0 else 0), len(free))
        chosen = sorted(int(at) for at in self.rng.choice(free, count, replace=False)) if count else []
        self._taken.update(at + first for at in chosen)
        return chosen

    def note(self, error: str, row: int, key: str, **texts: str) -> None:
        """Remember one planted error."""
        self.planted.append(Planted(error=error, register=self.register, row=row, key=key, **texts))


def write_truth(path: Path, planted: Iterable[Planted], files: Sequence[RegisterFile], *, facts: dict[str, Any]) -> None:
    """Write `truth.json`: what was planted (with file and physical line), counts by error, the table of errors, and facts of the whole."""
    lines = {file.register or file.kind: file for file in files}
    words = table("planted")
    rows = []
    for item in planted:
        file = lines[item.register]
        rows.append(
            {
                "error": item.error,
                "register": item.register,
                "file": file.path.name,
                "line": file.first_line + item.row if item.row >= 0 else None,
                "key": item.key,
                "column": item.column,
                "was": item.was,
                "now": item.now,
                "also": item.also,
                "finding": words[item.error]["finding"],
            }
        )
    counts = Counter(row["error"] for row in rows)
    errors = {name: {**row, "planted": counts[name]} for name, row in words.items() if isinstance(row, dict)}
    written = [{"kind": file.kind, "file": file.path.name, "rows": file.rows, "first_line": file.first_line} for file in files]
    document = {"facts": facts, "files": written, "errors": errors, "planted": rows}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
