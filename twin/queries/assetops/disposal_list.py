"""A list of disposal requests held against the cards: assets without a card, what is lent, cards that know nothing of it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from twin.codes import RecordKind, get_dictionary
from twin.codes.kind import kind_from
from twin.queries.asset_filter import visible_mask
from twin.queries.records.context import Registers
from twin.records.columns import NOTHING, asset_states
from twin.records.scope import Reader

__all__ = ["check_disposals", "disposal_kind"]

UNDER_WAY = frozenset({"disposal_requested", "disposal_approved", "disposed", "written_off"})
LENT = "lent"


@cache
def disposal_kind() -> RecordKind:
    """The columns of a list of disposal requests."""
    return kind_from(tomllib.loads(files("twin.queries.assetops").joinpath("disposal.toml").read_text(encoding="utf-8")))


def check_disposals(
    registers: Registers, reader: Reader, path: Path, *, today: date, profile: str | None = None, mapping: Path | None = None
) -> dict[str, Any]:
    """What is wrong with which line of a list of disposal requests; nothing is kept. Raises LedgerError for a file that is none.

    `DISPOSAL_ASSET_UNKNOWN`: no card has the code (or none that the reader may know of); `DISPOSAL_ASSET_LENT`: what is let or lent
    is not disposed of; `DISPOSAL_CARD_DISAGREES`: the card's state is none of a disposal. Besides, what is wrong with the cells.
    """
    from twin.ledgers import read_ledger

    ledger = read_ledger(path, disposal_kind(), profile=profile, mapping=mapping, today=today)
    rows: list[tuple[int, str, str]] = []
    findings: list[dict[str, Any]] = []
    for batch in ledger.batches():
        typed = batch.typed()
        lines, assets = batch.lines.tolist(), typed.values["asset"].to_pylist()
        numbers = typed.values["number"].to_pylist() if "number" in typed.values else assets
        rows += [(line, number or "", asset) for line, number, asset in zip(lines, numbers, assets, strict=True) if asset]
        cells = zip(*(typed.findings[name].to_pylist() for name in ("row", "code", "message")), strict=True)
        findings += [_finding(lines[row], code, numbers[row] or "", assets[row] or "", message) for row, code, message in cells]
        findings += [_finding(kept.line, kept.code, "", "", kept.message) for kept in batch.quarantined]
    findings += _of_cards(registers, reader, rows)
    findings.sort(key=lambda one: (one["line"], one["code"]))
    counts = dict(sorted(Counter(one["code"] for one in findings).items()))
    return {"file": path.name, "requests": len(rows), "counts": counts, "findings": findings}


def _of_cards(registers: Registers, reader: Reader, rows: list[tuple[int, str, str]]) -> Iterator[dict[str, Any]]:
    states = (*asset_states(), None)
    with registers.store.database.reading() as connection:
        view = registers.shelf.assets(connection)
        seen = visible_mask(view, reader)
    for line, number, asset in rows:
        position = view.columns.find_key(asset)
        if position == NOTHING or (seen is not None and not seen[position]):
            yield _finding(line, "DISPOSAL_ASSET_UNKNOWN", number, asset, f"{asset}: no card has this code")
            continue
        state = states[int(view.columns.arrays["state"][position])]
        said = get_dictionary("asset_state").get(state).zh if state else "no state"
        if state == LENT:
            yield _finding(line, "DISPOSAL_ASSET_LENT", number, asset, f"{asset} is {said}: it comes back first")
        elif state not in UNDER_WAY:
            yield _finding(line, "DISPOSAL_CARD_DISAGREES", number, asset, f"{asset}: its card says {said}")


def _finding(line: int, code: str, number: str, asset: str, message: str) -> dict[str, Any]:
    return {"line": line, "code": code, "request": number or None, "asset": asset or None, "message": message}
