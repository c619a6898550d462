"""Furniture and equipment of a unit against the limits: how many for its staff, at what price, for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from twin.codes import Fault, Tables, shipped_tables
from twin.codes.item import ItemLimit

__all__ = ["ItemLine", "check_item", "group_of", "judge_items"]

BUREAU_RANKS: Final = frozenset({"ministry_chief", "ministry_deputy", "bureau_chief", "bureau_deputy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One item, or the items of one choice (`sofa_three`, `sofa_one`), with pieces allowed and held; None: the standard gives no number.

    Of a choice, pieces are counted in offices: two small sofas are one office's worth, and what offices of other groups may have besides
    is taken off first.
    """

    items: tuple[str, ...]
    allowed: float | None
    held: float
    excess: float
    rule: str
    zh: str
    en: str


def group_of(rank: str) -> str:
    """The group of the table a rank belongs to: `bureau` 司局级 and above, else `division` 处级及以下."""
    return "bureau" if rank in BUREAU_RANKS else "division"


def judge_items(
    ranks: Mapping[str, int],
    offices: Mapping[str, int],
    held: Mapping[str, float],
    *,
    on: date,
    tables: Tables | None = None,
) -> tuple[ItemLine, ...]:
    """What a unit holds of each item against what its staff by rank and its offices by group (`bureau`, `division`) allow.

    40 people of 处级及以下 may have 40 desks and 20 laptops. Of a choice, one piece takes its share of the whole: a large sofa or two small
    ones. An item the table does not have is not judged.
    """
    staff = {"bureau": 0, "division": 0, "all": sum(ranks.values())}
    for rank, number in ranks.items():
        staff[group_of(rank)] += number
    rooms = {"bureau": 0, "division": 0} | dict(offices)
    rooms["all"] = rooms["bureau"] + rooms["division"]
    bases = {"person": staff, "staff": staff, "office": rooms}
    rows = (tables or shipped_tables()).rows_on(ItemLimit, on)
    families: dict[str, list[ItemLimit]] = {}
    choices = {row.item: row.choice for row in rows if row.choice}
    for row in rows:
        families.setdefault(choices.get(row.item, row.item), []).append(row)
    return tuple(_line(family, bases, held) for family in families.values())


def check_item(item: str, rank: str, *, price_yuan: float, on: date, tables: Tables | None = None) -> Fault | None:
    """`ITEM_PRICE_OVER` where one piece for a person of that rank cost more than the table allows, else None.

    A desk of 3,200 yuan is over for 处级 (3,000) and within for 司局级 (4,500).
    """
    rows = [row for row in (tables or shipped_tables()).rows_on(ItemLimit, on) if row.item == item]
    row = next((row for row in rows if row.group in {group_of(rank), "all"}), None)
    if row is None or row.price_yuan is None or price_yuan <= row.price_yuan:
        return None
    message = f"{row.zh} ({row.en}) {price_yuan:g} yuan, at most {row.price_yuan:g} · {row.source}"
    return Fault(code="ITEM_PRICE_OVER", message=message)


def _line(rows: list[ItemLimit], bases: Mapping[str, Mapping[str, int]], held: Mapping[str, float]) -> ItemLine:
    plain = {row.item: 0.0 for row in rows}
    allowed_by_choice: dict[str, float] = {}
    weight: dict[str, float] = {}
    for row in rows:
        base = bases[row.per][row.group] if row.count is not None else 0
        if row.choice and row.count:
            allowed_by_choice[row.group] = base
            weight[row.item] = 1 / row.count
        elif row.count is not None:
            plain[row.item] += row.count * base
    items = tuple(dict.fromkeys(row.item for row in rows))
    if all(row.count is None for row in rows):
        return _said(rows, items, None, sum(held.get(item, 0) for item in items))
    if not weight:
        return _said(rows, items, plain[items[0]], held.get(items[0], 0))
    beyond = sum(max(held.get(item, 0) - plain[item], 0) * weight[item] for item in items)
    return _said(rows, items, sum(allowed_by_choice.values()), beyond)


def _said(rows: list[ItemLimit], items: tuple[str, ...], allowed: float | None, held: float) -> ItemLine:
    excess = 0.0 if allowed is None else max(held - allowed, 0.0)
    names = {row.item: (row.zh, row.en) for row in rows}
    zh, en = (" / ".join(words) for words in zip(*names.values(), strict=True))
    rule = rows[0].source
    if allowed is None:
        says_zh, says_en = f"{held:g}, 按需配置", f"{held:g}, as needed"
    elif excess:
        says_zh, says_en = f"超 {excess:g}(上限 {allowed:g}, 现有 {held:g})", f"over by {excess:g} (at most {allowed:g}, {held:g} held)"
    else:
        says_zh, says_en = f"未超标(上限 {allowed:g}, 现有 {held:g})", f"within (at most {allowed:g}, {held:g} held)"
    return ItemLine(
        items=items, allowed=allowed, held=held, excess=excess, rule=rule, zh=f"{zh} {says_zh} · {rule}", en=f"{en} {says_en} · {rule}"
    )
