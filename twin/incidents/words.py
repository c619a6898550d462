"""What an incident is called, in both languages, by what it is made of."""

from collections.abc import Mapping

from twin.incidents.kinds import AlarmKinds

__all__ = ["leading_kind", "title_of"]


def leading_kind(counts: Mapping[str, int], kinds: AlarmKinds) -> str:
    """The code that stands for all: the most severe, of those the most frequent."""
    return min(counts, key=lambda code: (-kinds.get(code).severity, -counts[code], code))


def title_of(counts: Mapping[str, int], kinds: AlarmKinds) -> dict[str, str]:
    """`{zh, en}`: the leading kind, and how many others there are.

    >>> from datetime import date
    >>> from twin.codes import shipped_tables
    >>> known = AlarmKinds.on(shipped_tables(), date(2026, 12, 1))
    >>> title_of({"door_forced": 1, "door_held": 4}, known)
    {'zh': '门被强开等2类', 'en': 'door forced and 1 other kind'}
    """
    row, more = kinds.get(leading_kind(counts, kinds)), len(counts) - 1
    if not more:
        return {"zh": row.zh, "en": row.en}
    return {"zh": f"{row.zh}等{more + 1}类", "en": f"{row.en} and {more} other {'kind' if more == 1 else 'kinds'}"}
