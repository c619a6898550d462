"""A second office with other hands than the clerk's: written after the linker, run once before anything was changed (figures below).

Excel's decimals, addresses from the small to the large, quotes, numerals in full. Shares no code with `twin.link`.
"""

from tests.twin.link.clerk import Style, TrueBuilding, TrueRoom

__all__ = ["UNSEEN"]

HUNDREDS = "零一二三四五六七八九"


def _name(building: TrueBuilding) -> str:
    return f"{building.letter}座" if building.letter else f"{building.number}号楼"


def _code(building: TrueBuilding) -> str:
    return building.letter or str(building.number)


def _number(room: TrueRoom) -> str:
    return f"{room.storey}{room.ordinal:02d}" if room.storey > 0 else f"B{-room.storey}{room.ordinal:02d}"


def _in_full(room: TrueRoom) -> str:
    """305 → 三百零五, 1012 → by digits."""
    value = abs(room.storey) * 100 + room.ordinal
    if value >= 1000:
        return "".join(HUNDREDS[int(digit)] for digit in str(value))
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    return f"{HUNDREDS[hundreds]}百" + (f"零{HUNDREDS[ones]}" if not tens else f"{HUNDREDS[tens]}十{HUNDREDS[ones] if ones else ''}")


def _floor(room: TrueRoom) -> str:
    return f"{room.storey}层" if room.storey > 0 else f"负{-room.storey}层"


def _spoken_floor(room: TrueRoom) -> str:
    floor = HUNDREDS[abs(room.storey)] if abs(room.storey) < 10 else str(abs(room.storey))
    return f"{'地下' if room.storey < 0 else ''}{floor}楼"


def _padded_floor(room: TrueRoom) -> str:
    return f"{room.storey:02d}" if room.storey > 0 else f"B{-room.storey}"


UNSEEN: dict[str, Style] = {
    "3F/305": lambda r, g: (_name(r.building), "", f"{r.storey}F/{_number(r)}" if r.storey > 0 else f"B{-r.storey}/{_number(r)}"),
    "三百零五": lambda r, g: (r.building.code, _floor(r), f"{_in_full(r)}室"),
    "1号楼3层05": lambda r, g: ("", "", f"{_name(r.building)}{_floor(r)}{r.ordinal:02d}"),
    "1号楼.305": lambda r, g: ("", "", f"{_name(r.building)}.{_number(r)}"),
    "dashes all along": lambda r, g: ("", "", f"屏山大院-{_name(r.building)}-{_floor(r)}-{_number(r)}"),
    "number in brackets": lambda r, g: (_name(r.building), "", f"{r.name}（{_number(r)}）"),
    "305#": lambda r, g: (_name(r.building), "", g.choice((f"{_number(r)}#", f"#{_number(r)}"))),
    "三楼305房间": lambda r, g: ("", "", f"{_name(r.building)}{_spoken_floor(r)}{_number(r)}房间"),
    "facing south": lambda r, g: (f"{_code(r.building)}＃楼", "", f"{_number(r)}室（朝南）"),
    "blanks and dashes": lambda r, g: ("", "", f"{_code(r.building)}栋 - {_number(r)} 号"),
    "english address": lambda r, g: ("", "", f"Room {_number(r)}, Building {_code(r.building)}"),
    "small to large": lambda r, g: ("", "", f"{_number(r)}室，{_name(r.building)}"),
    "unit behind": lambda r, g: ("", "", f"{_name(r.building)}{_floor(r)}{_number(r)}（财务处）"),
    "01-03-05": lambda r, g: (
        "",
        "",
        f"{_code(r.building).zfill(2).lstrip('0' * r.building.letter.isalpha())}-{_padded_floor(r)}-{r.ordinal:02d}",
    ),
    "number and proper name": lambda r, g: (f"屏山大院{_name(r.building)}（{r.building.proper}）", _floor(r), _number(r)),
    "一号楼3-05": lambda r, g: ("", "", f"{_name(r.building)}{r.storey if r.storey > 0 else f'B{-r.storey}'}-{r.ordinal:02d}"),
    "excel decimals": lambda r, g: (_code(r.building), f"{float(r.storey)}", f"{abs(r.storey)}{r.ordinal:02d}.0"),
    "trailing comma": lambda r, g: ("", "", f"{_name(r.building)}{_number(r)}、"),
    "lower case": lambda r, g: (_name(r.building).lower(), f"{r.storey}f" if r.storey > 0 else f"b{-r.storey}", _number(r).lower()),
    "quoted": lambda r, g: (f"“{_name(r.building)}”", "", f"'{_number(r)}"),
    "full stop": lambda r, g: (_name(r.building), "", f"{_number(r)}室。"),
    "floor with a word": lambda r, g: (_name(r.building), f"第{_floor(r)}", f"{r.ordinal}号房间"),
}
"""Hands that nobody tuned for. First run, seeds 1 to 5: precision 1.0 throughout, recall 1.0, 1.0, 0.987, 0.965, 1.0, invented at most
1.1 % (`A座1-11` lost its storey); mended since."""
