"""Who sits where: departments, rooms of a storey and their Chinese names, as tables."""

from twin.demo.strips import Use

__all__ = ["CHINESE_NUMERALS", "DEPARTMENTS", "TOWER_NORTH", "TOWER_SOUTH", "WINGS", "rooms_of"]

CHINESE_NUMERALS = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
DEPARTMENTS = (
    "服务大厅",
    "办公室",
    "人事处",
    "财务处",
    "资产管理处",
    "房产管理处",
    "公务用车处",
    "节能管理处",
    "安全保卫处",
    "服务管理处",
    "信息中心",
    "局领导",
)
SECTIONS = ("综合科", "秘书科", "信息科", "计划科", "调配科", "督查科", "宣传科", "统计科", "审核科", "档案科")

# O open office, D director, V deputy, T section head, M meeting, S small meeting, A archive, K tea, E electrical, L lounge
TOWER_SOUTH = ("ODTODTOM", "ODOVOMO", "MOVDOOO", "ODTVTOOM")
TOWER_NORTH = ("OM", "OK")
WINGS = {"outer": "TOMO", "inner": "OO", "short_outer": "DO", "short_inner": "OM"}


def rooms_of(letters: str, storey: int, department: str, **common: object) -> list[Use]:
    """The uses that a row of letters stands for: "OD" is an open office and a director's room."""
    return [_use(letter, storey * 3 + index, department, common) for index, letter in enumerate(letters)]


def _use(letter: str, serial: int, department: str, common: dict[str, object]) -> Use:
    label, english, modules, layout, finish, door = {
        "O": (SECTIONS[serial % len(SECTIONS)], "Section office", 2, "open_office", "carpet", "office"),
        "D": ("处长办公室", "Director's office", 1, "director", "timber_floor", "office"),
        "V": ("副处长办公室", "Deputy director's office", 1, "director", "timber_floor", "office"),
        "T": ("科长办公室", "Section heads' office", 1, "two_person", "timber_floor", "office"),
        "M": ("会议室", "Meeting room", 2, "meeting", "carpet", "double"),
        "S": ("小会议室", "Small meeting room", 1, "small_meeting", "carpet", "office"),
        "A": ("档案室", "Archive", 1, "archive", "terrazzo", "fire"),
        "K": ("开水间", "Tea room", 1, "tea", "wet_tile", "office"),
        "E": ("配电间", "Electrical room", 1, "plant_room", "terrazzo", "fire"),
        "L": ("接待室", "Reception room", 2, "lounge", "carpet", "double"),
        "G": ("值班室", "Guard room", 1, "two_person", "floor_tile", "office"),
        "C": ("消防控制室", "Fire control room", 1, "small_meeting", "floor_tile", "fire"),
    }[letter]
    values: dict[str, object] = {"department": department, "planted": serial % 17 == 5, **common}
    return Use(label=label, english=english, modules=modules, layout=layout, finish=finish, door=door, **values)  # type: ignore[arg-type]
