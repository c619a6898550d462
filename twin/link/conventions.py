"""What a building does as a rule, learnt from the bulk of its rooms: which storey is which number, and how areas are taken."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from twin.link.facts import SpaceFact
from twin.link.number import parse_number
from twin.link.storey import find_storey

__all__ = ["AREA_AS_IS", "learn_area_ratio", "learn_storey_names", "storeys_of"]

AREA_AS_IS = 1.0
_ENOUGH = 3
_MOSTLY = 0.6
_MANY = 20
_RATIO_SPREAD = 0.02


def storeys_of(spaces: Sequence[SpaceFact]) -> dict[str, str]:
    """Storey id → notation of one building's storeys: by name; where two say the same, or one says nothing, by what most of
    its room numbers begin with; then by lying alone between storeys two apart; else left out.

    >>> storeys_of([SpaceFact(id="a", storey_id="s", storey="Geschoss", number=n) for n in ("301", "302", "303")])
    {'s': '3'}
    """
    names = {space.storey_id: space.storey for space in spaces if space.storey_id}
    said = {storey_id: find_storey(name) for storey_id, name in names.items()}
    counts = Counter(storey for storey in said.values() if storey is not None)
    clear = {storey_id: storey for storey_id, storey in said.items() if storey is not None and counts[storey] == 1}
    heads: dict[str, Counter[str]] = defaultdict(Counter)
    for space in spaces:
        if space.storey_id and space.storey_id not in clear:
            heads[space.storey_id].update(_heads(space.number))
    for storey_id, found in heads.items():
        head, votes = found.most_common(1)[0] if found else ("", 0)
        if votes >= _ENOUGH and votes >= _MOSTLY * found.total() and head not in clear.values():
            clear[storey_id] = head
    return clear | _between(spaces, clear)


def learn_storey_names(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Storey id of the model → the storey that most linked records say for it, from (storey id, storey said) of links that rest
    on numbers alone. Needs three that say one, and 60 % of all; else left out."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for storey_id, said in pairs:
        if storey_id and said:
            votes[storey_id][said] += 1
    learnt = {}
    for storey_id, counts in votes.items():
        said, count = counts.most_common(1)[0]
        if count >= _ENOUGH and count >= _MOSTLY * counts.total():
            learnt[storey_id] = said
    return learnt


def learn_area_ratio(pairs: Sequence[tuple[float, Sequence[float]]]) -> float:
    """By what factor a building's register takes areas otherwise than the model (walls counted in, say), from (area said, areas
    found) in m²: the median ratio where at least 20 links are within 2 % of it in their middle half; else 1.

    >>> learn_area_ratio([(10.8, (10.0,))] * 30)
    1.08
    """
    ratios = sorted(
        min((said / one for one in found if one > 0), key=lambda ratio: abs(ratio - 1)) for said, found in pairs if said > 0 and any(found)
    )
    if len(ratios) < _MANY:
        return AREA_AS_IS
    middle, quarter = median(ratios), len(ratios) // 4
    steady = ratios[-quarter - 1] - ratios[quarter] <= 2 * _RATIO_SPREAD * middle
    return round(middle, 4) if steady and abs(middle - 1) > _RATIO_SPREAD else AREA_AS_IS


def _between(spaces: Sequence[SpaceFact], known: Mapping[str, str]) -> dict[str, str]:
    """Storeys of unknown number that by elevation lie alone between n and n + 2: they are n + 1 (−1 and 2 enclose 1)."""
    levels = {space.storey_id: space.storey_elevation_m for space in spaces if space.storey_id and space.storey_elevation_m is not None}
    order = sorted(levels, key=lambda storey_id: levels[storey_id] or 0.0)
    found = {}
    for below, at, above in zip(order, order[1:], order[2:], strict=False):
        low, high = known.get(below, ""), known.get(above, "")
        if at not in known and low.lstrip("-").isdigit() and high.lstrip("-").isdigit():
            middle = int(low) + 1 or 1
            if (middle + 1 or 1) == int(high):
                found[at] = str(middle)
    return found


def _heads(number: str) -> Iterable[str]:
    for reading in parse_number(number):
        for one in reading.numbers:
            if reading.storey or one.value >= 100:
                yield reading.storey or str(one.value // 100)
        return
