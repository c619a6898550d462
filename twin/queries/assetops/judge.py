"""What a stock-take found, from what was expected and what was scanned. Pure.

Each asset that is due comes out as exactly one of `found`, `found_elsewhere`, `missing`, `ambiguous`, so these add up to what was due.
Beside them stand `unexpected` (a code on no card), `not_due` (lent, disposed of, no thing at all), `outside` (not of this take, in its
place). A location is never erased: what was not scanned is missing, where it should be stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from twin.records.stocktake import Outcome, StoredScan

__all__ = ["Card", "FOUND", "is_duplicate", "judge", "within"]

FOUND, ELSEWHERE, MISSING, AMBIGUOUS = "found", "found_elsewhere", "missing", "ambiguous"
UNEXPECTED, NOT_DUE, OUTSIDE = "unexpected", "not_due", "outside"
OF_OUTCOME = {
    ELSEWHERE: "STOCKTAKE_FOUND_ELSEWHERE",
    MISSING: "STOCKTAKE_MISSING",
    UNEXPECTED: "STOCKTAKE_UNEXPECTED",
    NOT_DUE: "STOCKTAKE_NOT_DUE",
    AMBIGUOUS: "STOCKTAKE_TAG_DUPLICATE",
}
TAG, TWICE, NOWHERE = "STOCKTAKE_TAG_DUPLICATE", "STOCKTAKE_SCANNED_TWICE", "STOCKTAKE_PLACE_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An asset a code may mean: `path` of its home as of the opening (empty: none), whether it is among the expected, and due."""

    record_id: int
    code: str
    place_id: int | None
    path: str
    expected: bool
    due: bool


def judge(expected: Iterable[Card], cards_of: Mapping[str, Sequence[Card]], scans: Sequence[StoredScan]) -> list[Outcome]:
    """One outcome an asset and one an unknown code; due ones first, in the order given. `cards_of` gives what each scanned code may mean.

    A tag that several cards carry means the one whose home the scan is in; where none or several are, nobody knows: `ambiguous`.
    """
    known = {card.record_id: card for card in expected}
    taken: dict[int, list[StoredScan]] = defaultdict(list)
    doubtful: set[int] = set()
    shared: set[int] = set()
    unknown: dict[str, list[StoredScan]] = defaultdict(list)
    for scan in scans:
        cards = cards_of.get(scan.code, ())
        if not cards:
            unknown[scan.code].append(scan)
            continue
        card = _meant(cards, scan)
        if len(cards) > 1:
            shared |= {one.record_id for one in cards}
        if card is None:
            doubtful |= {one.record_id for one in cards}
            continue
        known.setdefault(card.record_id, card)
        taken[card.record_id].append(scan)
    outcomes = [_of_card(card, taken[card.record_id], doubtful, shared) for card in known.values()]
    return [one for one in outcomes if one is not None] + [_unexpected(code, group) for code, group in unknown.items()]


def is_duplicate(outcome: Outcome) -> bool:
    """Whether the code may be on several things: several cards have it as their tag, or it was read in two places or twice at once."""
    return not {TAG, TWICE}.isdisjoint(outcome.findings)


def within(inner: str, outer: str) -> bool:
    """Whether a path is the other or lies below it; neither may be empty."""
    return bool(outer) and inner.startswith(outer)


def _meant(cards: Sequence[Card], scan: StoredScan) -> Card | None:
    if len(cards) == 1:
        return cards[0]
    here = [card for card in cards if _at_home(scan, card)]
    return here[0] if len(here) == 1 else None


def _at_home(scan: StoredScan, card: Card) -> bool:
    """Whether what a scan says of the place agrees with the card's, the one more exact than the other or not."""
    return within(scan.path, card.path) or (scan.path != "" and within(card.path, scan.path))


def _of_card(card: Card, scans: Sequence[StoredScan], doubtful: set[int], shared: set[int]) -> Outcome | None:
    if not scans:
        if not card.due:
            return None
        outcome = AMBIGUOUS if card.record_id in doubtful else MISSING
        return _outcome(card, outcome, None, ())
    findings = [TAG] if card.record_id in shared else []
    home = [scan for scan in scans if _at_home(scan, card)]
    placed = [scan for scan in scans if scan.path]
    if _several(placed) or _at_once(scans):
        findings.append(TWICE)
    if not placed:
        findings.append(NOWHERE)
        return _outcome(card, FOUND if card.due or not card.expected else NOT_DUE, scans[-1], findings)
    best = max(home or placed, key=lambda scan: (scan.path.count("/"), scan.at_us, scan.id))
    if card.expected and not card.due:
        return _outcome(card, NOT_DUE, best, findings)
    if home:
        return _outcome(card, FOUND if card.expected else OUTSIDE, best, findings)
    found = _outcome(card, ELSEWHERE, best, findings)
    return replace(found, found_place_id=None) if _several(placed) else found


def _several(placed: Sequence[StoredScan]) -> bool:
    """Whether scans name places of which none lies in the other."""
    deepest = max((scan.path for scan in placed), key=len, default="")
    return any(not within(deepest, scan.path) for scan in placed)


def _at_once(scans: Sequence[StoredScan]) -> bool:
    """Whether one person read one code twice at one moment in one place: two things with one tag."""
    return max(Counter((scan.path, scan.who, scan.at_us) for scan in scans).values(), default=0) > 1


def _outcome(card: Card, outcome: str, scan: StoredScan | None, findings: Sequence[str]) -> Outcome:
    own = OF_OUTCOME.get(outcome)
    return Outcome(
        outcome=outcome,
        code=card.code,
        record_id=card.record_id,
        expected_place_id=card.place_id,
        found_place_id=scan.place_id if scan else None,
        scan_id=scan.id if scan else None,
        due=card.due and card.expected,
        findings=tuple(dict.fromkeys(([own] if own else []) + list(findings))),
    )


def _unexpected(code: str, scans: Sequence[StoredScan]) -> Outcome:
    last = scans[-1]
    findings = [OF_OUTCOME[UNEXPECTED], *([TWICE] if _at_once(scans) or _several([one for one in scans if one.path]) else [])]
    return Outcome(
        outcome=UNEXPECTED,
        code=code,
        record_id=None,
        expected_place_id=None,
        found_place_id=last.place_id,
        scan_id=last.id,
        due=False,
        findings=tuple(findings),
    )
