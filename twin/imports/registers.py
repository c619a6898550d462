"""Import of several ledgers that belong together: one after the other, tied to the scene once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twin.codes import get_kind
from twin.imports.ready import make_ready
from twin.imports.register import ImportedRegister, import_register
from twin.imports.tie import Tied, tie
from twin.imports.tie.place_again import LOCATED
from twin.settings import Settings
from twin.store import Store

__all__ = ["Ledger", "import_registers"]

TREE_KINDS = ("building", "room")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A file and how it is read: see `import_register`."""

    kind: str
    path: Path
    source: str | None = None
    profile: str | None = None


def import_registers(
    store: Store,
    settings: Settings,
    ledgers: Sequence[Ledger],
    *,
    who: str,
    now: datetime,
    progress: Callable[[Ledger, int], None] | None = None,
) -> tuple[list[ImportedRegister], Tied]:
    """Import ledgers in their order and tie them; what is there already is left as it is.

    What stands somewhere (people, assets, meters) comes to a tree that has its buildings and rooms: a tie goes before it.
    `progress` is told rows read. Raises what `import_register` raises; the ledgers before it are then in, and the next call goes on.
    """
    done: list[ImportedRegister] = []
    tied = Tied()
    tree_changed = False
    for ledger in ledgers:
        if tree_changed and get_kind(ledger.kind).name in LOCATED:
            tied += tie(store, who=who, now=now, settings=settings)
            tree_changed = False
        done.append(
            import_register(
                store,
                settings,
                ledger.kind,
                ledger.path,
                who=who,
                now=now,
                source=ledger.source,
                profile=ledger.profile,
                tie_after=False,
                progress=(lambda rows, of=ledger: progress(of, rows)) if progress else None,  # type: ignore[misc]
            )
        )
        tree_changed = tree_changed or (done[-1].added and ledger.kind in TREE_KINDS)
    tied += tie(store, who=who, now=now, settings=settings)
    make_ready(store, settings)
    return done, tied
