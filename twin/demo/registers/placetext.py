"""How clerks write where a thing stands: one place, ten hands."""

from dataclasses import dataclass

import pyarrow as pa

from twin.demo.registers.buildings import COMPOUND, Building, storey_name, storey_words
from twin.demo.registers.offices import Room
from twin.demo.registers.world import World

__all__ = ["STYLES", "PlaceTexts", "place_texts", "room_texts"]

STYLES = 10
WIDE = str.maketrans("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-", "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ－")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTexts:
    """Texts of building, storey and room; that of room r in style s stands at r · STYLES + s, empty where the style leaves it out."""

    building: pa.Array
    storey: pa.Array
    room: pa.Array


def place_texts(world: World) -> PlaceTexts:
    """The texts of all rooms in all styles."""
    texts = [text for room in world.rooms for text in room_texts(world.buildings[room.building], room)]
    building, storey, room = zip(*texts, strict=True) if texts else ((), (), ())
    return PlaceTexts(building=pa.array(building, pa.string()), storey=pa.array(storey, pa.string()), room=pa.array(room, pa.string()))


def room_texts(house: Building, room: Room) -> tuple[tuple[str, str, str], ...]:
    """Building, storey and room as each hand writes them; style 0 is the register's own."""
    number, storey = room.number, room.storey
    at_home = house.site == COMPOUND
    short = house.number if at_home else house.name
    digits = house.number.removesuffix("号楼")
    spelled, hashed = house.name, short
    if at_home and digits.isdigit():
        spelled, hashed = f"{storey_name(int(digits))}号楼", f"{digits}#楼"
    padded = f"{number[:-3]}{number[-3:].rjust(4, '0')}" if number[-3:].isdigit() else number
    return (
        (house.name, storey_words(storey, house.style), number),
        (short, f"{storey}层" if storey > 0 else "负一层", f"{number}室"),
        (spelled, storey_words(storey, 2), number),
        (hashed, str(storey), number.translate(WIDE)),
        ("", "", f"{short}{number}室"),
        (house.name, "", f"{number}房间"),
        (short, storey_words(storey, 4), padded),
        ("", "", f"{house.name}{storey_words(storey, 2)}{number}"),
        (short, storey_words(storey, 0), f"{room.name}{number}"),
        (short, "", f"{storey}-{number}" if storey > 0 else number),
    )
