"""Which files of a day hold its rows now: one small file, replaced at once; what it does not name is not there.

`through` is the journal position below which everything of this day stands in its runs.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from twin.history.durable import replace_text
from twin.history.errors import HistoryDamaged

__all__ = ["MANIFEST", "Manifest", "Part", "Run", "read_manifest", "write_manifest"]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file: its rows, and from which to which handle and moment they go, both included."""

    file: str
    rows: int
    first_handle: int
    last_handle: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rows in order of handles (`tracks`, parts one after another), and again in order of time (`moments`; empty where `tracks` serve)."""

    level: int
    tracks: tuple[Part, ...]
    moments: tuple[Part, ...] = ()

    @property
    def rows(self) -> int:
        """How many."""
        return sum(part.rows for part in self.tracks)

    @property
    def files(self) -> set[str]:
        """Every file of it."""
        return {part.file for part in (*self.tracks, *self.moments)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a day consists of; `next` numbers its next file, `closed` is told of a day that was merged whole once, `swept` names the kinds
    that are kept no longer and were left out."""

    through: int = 0
    next: int = 1
    closed: bool = False
    swept: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a day's folder; an empty one where there is none. Raises HistoryDamaged for one that cannot be read."""
    path = folder / MANIFEST
    try:
        told = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Manifest()
    except ValueError as error:
        raise HistoryDamaged(f"the manifest of {folder.name} cannot be read", path=str(path), hint="restore it from a backup") from error
    runs = tuple(Run(level=one["level"], tracks=_parts(one["tracks"]), moments=_parts(one["moments"])) for one in told["runs"])
    swept = tuple(told.get("swept", ()))
    return Manifest(through=told["through"], next=told["next"], closed=told["closed"], swept=swept, runs=runs)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make this the manifest, durably. Raises HistoryFull or HistoryUnavailable; then the old one stands."""
    replace_text(folder / MANIFEST, json.dumps(asdict(manifest), separators=(",", ":")))


def _parts(told: list[dict[str, int | str]]) -> tuple[Part, ...]:
    return tuple(Part(**one) for one in told)  # type: ignore[arg-type]
