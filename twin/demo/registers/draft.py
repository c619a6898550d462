"""A register being written: columns as lists, and the ways an error gets into them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from twin.demo.registers.sheet import Columns
from twin.demo.registers.truth import Planter

__all__ = ["GHOST_UNITS", "Draft"]

GHOST_UNITS = ("福建省机要保密局筹备处", "福州市平台整合专班", "省直机关第九联合工会", "福建省行政学院(旧)", "35000099999")
Candidates = Sequence[int] | NDArray[Any] | None


@dataclass(slots=True, kw_only=True)
class Draft:
    """Columns of one register, the name of its key column, and who plants in it."""

    columns: dict[str, list[Any]]
    key: str
    planter: Planter

    def __len__(self) -> int:
        return len(self.columns[self.key])

    def change(self, error: str, column: str, to: Callable[[int, str], Any], candidates: Candidates = None) -> list[int]:
        """Write something else into a column of some rows (`to(row, old text)`); the rows that were changed."""
        rows = self.planter.rows(error, range(len(self)) if candidates is None else candidates)
        for at in rows:
            was = self.columns[column][at]
            now = to(at, "" if was is None else str(was))
            self.columns[column][at] = now
            self.note(error, at, column, was, now)
        return rows

    def repeat(self, error: str, change: Callable[[dict[str, Any]], dict[str, Any]], candidates: Candidates = None) -> None:
        """Append some rows once more under the same key; `change` says what differs the second time."""
        for at in self.planter.rows(error, range(len(self)) if candidates is None else candidates):
            row = {name: values[at] for name, values in self.columns.items()}
            for name, value in {**row, **change(row)}.items():
                self.columns[name].append(value)
            self.note(error, len(self) - 1, self.key, row[self.key], row[self.key], also=f"row {at}")

    def ghost_unit(self, error: str, column: str) -> None:
        """Name units nobody knows in some rows."""
        self.change(error, column, lambda at, _: GHOST_UNITS[at % len(GHOST_UNITS)])

    def note(self, error: str, row: int, column: str, was: Any, now: Any, also: str = "") -> None:
        """Remember an error of a row."""
        key = str(self.columns[self.key][row])
        texts = {"was": "" if was is None else str(was), "now": "" if now is None else str(now)}
        self.planter.note(error, row, key, column=column, also=also, **texts)

    def arrow(self) -> Columns:
        """The columns as Arrow arrays; a column that holds any text is text throughout."""
        return {name: _array(values) for name, values in self.columns.items()}


def _array(values: list[Any]) -> pa.Array:
    if any(isinstance(value, str) for value in values):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values)
