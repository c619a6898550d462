"""Room numbers as written, read into every sense they can have.

`1-203` is room 203 of building 1, or of storey 1; `203-1` a part of room 203; `203、205` two rooms. Nothing is decided
here: a text gives readings, the likeliest first, and what exists decides between them (`twin.link.shelf`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from twin.link.tokens import RoomNumber, Token, TokenKind, cut
from twin.link.written import unify

__all__ = ["Reading", "RoomNumber", "parse_number"]

_LISTS = frozenset(",;和及与&+")
_RANGES = frozenset("~至到")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One sense of a text. `kind` names the sense of its form (`building-room`, `room-part`, …), so that texts of one form
    can be decided together; `building` is a number or a letter, `lead` the words before all numbers (a building's proper name,
    perhaps), `storey` as in `twin.link.storey`, `words` the words behind them (the room's name, mostly)."""

    kind: str
    building: str = ""
    lead: str = ""
    storey: str = ""
    numbers: tuple[RoomNumber, ...] = ()
    words: str = ""

    def canonical(self) -> str:
        """`building|numbers` with the storey within the number where it says one: `3|203`, `|-105`, `A|203A`, `1|203+205`."""
        return f"{self.building}|{'+'.join(_signed(number, self.storey) for number in self.numbers)}"


@lru_cache(maxsize=1 << 17)
def parse_number(text: str) -> tuple[Reading, ...]:
    """Every sense of a room number as written, the likeliest first; empty for an empty text. A text without any number gives
    one reading `words`, with the storey and building it may name.

    >>> [(reading.kind, reading.building, reading.storey) for reading in parse_number("1-203")]
    [('building-room', '1', ''), ('storey-room', '', '1')]
    >>> {parse_number(text)[0].canonical() for text in ("２０３", "0203", "2-03", "2F-203", "二层203室", "二〇三")}
    {'|203'}
    """
    said = unify(text)
    if not said:
        return ()
    outside, inside = _without_brackets(said)
    readings = _read(cut(outside), inside)
    if inside and not any(reading.numbers for reading in readings):
        readings = _read(cut(said.replace("(", " ").replace(")", " ").strip()), "")
    return readings


def _without_brackets(said: str) -> tuple[str, str]:
    outside: list[str] = []
    inside: list[str] = []
    depth = 0
    for letter in said:
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(0, depth - 1)
        else:
            (inside if depth else outside).append(letter)
    return "".join(outside).strip(), "".join(inside).strip()


@dataclass(slots=True, kw_only=True)
class _Parts:
    building: str = ""
    storey: str = ""
    floor_or_building: str = ""
    rooms: list[Token]
    joints: list[str]
    lead: str = ""
    words: str = ""


def _read(tokens: Sequence[Token], note: str) -> tuple[Reading, ...]:
    parts = _sort(tokens)
    side = note if note in _SIDES else ""
    words = parts.words if side or not note else f"{parts.words}{note}"
    readings = list(_dedupe(_senses(parts, words, side)))
    return tuple(readings) or (
        Reading(kind="words", building=parts.building, storey=parts.storey or parts.floor_or_building, lead=parts.lead, words=words),
    )


_SIDES = frozenset(side + tail for side in "东西南北中内外里左右前后" for tail in ("", "侧", "间", "半", "面", "边"))


def _sort(tokens: Sequence[Token]) -> _Parts:
    parts = _Parts(rooms=[], joints=[])
    joint, structural = "", False
    for token in tokens:
        if token.kind is TokenKind.JOINT:
            joint += token.text
            continue
        if token.kind is TokenKind.BUILDING and not parts.building:
            parts.building = token.value
        elif token.kind is TokenKind.STOREY:
            parts.storey = parts.storey or token.value
        elif token.kind is TokenKind.FLOOR_OR_BUILDING:
            parts.floor_or_building = parts.floor_or_building or token.value
        elif token.kind is TokenKind.ROOM:
            if parts.rooms:
                parts.joints.append(joint)
            parts.rooms.append(token)
        elif token.kind is TokenKind.WORDS:
            if structural:
                parts.words += token.text
            else:
                parts.lead += token.text
        structural = structural or token.kind is not TokenKind.WORDS
        joint = ""
    return parts


def _senses(parts: _Parts, words: str, side: str) -> Iterable[Reading]:
    for building, storey, kind in _floors(parts):
        for reading in _by_form(parts.rooms, parts.joints, bool(building), bool(storey)):
            numbers = reading.numbers
            if side and len(numbers) == 1 and not numbers[0].suffix:
                numbers = (RoomNumber(value=numbers[0].value, letter=numbers[0].letter, suffix=side[0]),)
            yield Reading(
                kind=f"{kind}{reading.kind}",
                building=building or reading.building,
                lead=parts.lead,
                storey=storey or reading.storey,
                numbers=numbers,
                words=words,
            )


def _floors(parts: _Parts) -> list[tuple[str, str, str]]:
    """Building, storey and the kind's beginning, for 3楼, which is a storey or a building."""
    doubtful = parts.floor_or_building
    if not doubtful:
        return [(parts.building, parts.storey, "")]
    if parts.building:
        return [(parts.building, parts.storey or doubtful, "")]
    if parts.storey:
        return [(doubtful, parts.storey, "")]
    as_storey, as_building = ("", doubtful, "楼=storey "), (doubtful, "", "楼=building ")
    number = parts.rooms[-1].number.value if parts.rooms else 0
    return [as_building, as_storey] if number >= 100 and number // 100 != int(doubtful) else [as_storey, as_building]


def _by_form(rooms: Sequence[Token], joints: Sequence[str], has_building: bool, has_storey: bool) -> Iterable[Reading]:
    if not rooms:
        return
    if len(rooms) == 1:
        yield from _single(rooms[0], has_building, has_storey)
    elif any(_RANGES & {*joint} for joint in joints):
        yield Reading(kind="range", numbers=_listed(rooms))
    elif any(_LISTS & {*joint} for joint in joints):
        yield Reading(kind="list", numbers=_listed(rooms))
    elif len(rooms) == 2:
        yield from _pair(rooms[0], rooms[1], joints[0], has_building, has_storey)
    elif len(rooms) == 3:
        yield from _triple(rooms, has_building, has_storey)
    elif all(room.width >= 3 for room in rooms):
        yield Reading(kind="list", numbers=_listed(rooms))


def _single(room: Token, has_building: bool, has_storey: bool) -> Iterable[Reading]:
    number = room.number
    if room.storey:
        yield Reading(kind="below", storey=room.storey, numbers=(number,))
        return
    yield Reading(kind="letter-room" if number.letter else "room", numbers=(number,))
    if number.letter[:1].isdigit():  # 2L1: a kind of room (lift lobby), counted by storey
        return
    bare = RoomNumber(value=number.value, suffix=number.suffix)
    if number.letter == "B" and room.width == 3 and number.value >= 101:
        yield Reading(kind="below", storey=f"-{number.value // 100}", numbers=(RoomNumber(value=number.value % 100, suffix=number.suffix),))
    if number.letter == "B" and room.width <= 2 and not has_storey:
        yield Reading(kind="below", storey="-1", numbers=(bare,))
    if number.letter and not has_building:
        yield Reading(kind="letter=building", building=number.letter, numbers=(bare,))
    if not has_building and not number.letter and room.width in (4, 5, 6) and (room.width == 6 or not room.padded):
        head, tail = (room.digits[:2], room.digits[2:]) if room.width == 6 else (room.digits[:1], room.digits[1:])
        if int(tail) >= 100:
            packed = RoomNumber(value=int(tail), suffix=number.suffix)
            yield Reading(kind=f"packed {room.width}", building=str(int(head)), numbers=(packed,))


def _pair(first: Token, last: Token, joint: str, has_building: bool, has_storey: bool) -> Iterable[Reading]:
    number, head = last.number, first.digits and str(int(first.digits))
    if not first.digits:
        if not has_building:
            yield Reading(kind="building-room", building=first.letter, numbers=(number,))
        yield Reading(kind="letter-room", numbers=(RoomNumber(value=number.value, letter=first.letter, suffix=number.suffix),))
        return
    if first.letter or first.width >= 3:
        yield from _room_first(first, last, joint, has_building)
        return
    part = RoomNumber(value=first.number.value, suffix=last.digits.lstrip("0") or last.letter)
    if last.width >= 3:
        if not has_building:
            yield from (replace(sense, kind=f"building-{sense.kind}", building=head) for sense in _single(last, True, has_storey))
        if not has_storey and int(head):
            yield Reading(kind="storey-room", storey=head, numbers=(number,))
        return
    if not has_storey and int(head):
        yield Reading(kind="storey-ordinal", storey=head, numbers=(number,))
    if not has_building:
        yield Reading(kind="building-room", building=head, numbers=(number,))
    if last.width == 1 and has_storey:
        yield Reading(kind="room-part", numbers=(part,))


def _room_first(first: Token, last: Token, joint: str, has_building: bool) -> Iterable[Reading]:
    whole = first.number
    if last.width >= 3 or (last.digits and joint == "/"):
        yield Reading(kind="range" if "-" in joint else "list", numbers=_listed((first, last)))
        if not has_building and not first.letter and first.width == last.width == 3:
            yield Reading(kind="building-room", building=str(int(first.digits)), numbers=(last.number,))
    elif last.width < 3:
        part = last.digits.lstrip("0") or last.letter
        yield Reading(kind="room-part", numbers=(RoomNumber(value=whole.value, letter=whole.letter, suffix=part),))
        if first.letter and first.digits and not first.number.suffix:
            yield Reading(kind="building-room", building=f"{first.letter}{int(first.digits)}", numbers=(last.number,))


def _triple(rooms: Sequence[Token], has_building: bool, has_storey: bool) -> Iterable[Reading]:
    first, middle, last = rooms
    head = first.letter if not first.digits else first.digits and str(int(first.digits))
    if middle.digits and middle.width <= 2 and last.digits and not has_building and not has_storey:
        yield Reading(kind="building-storey-room", building=head, storey=str(int(middle.digits)), numbers=(last.number,))
        if last.width >= 3:
            yield Reading(kind="building-unit-room", building=head, numbers=(last.number,))
    if middle.width >= 3 and last.width <= 2:
        part = RoomNumber(value=middle.number.value, letter=middle.letter, suffix=last.digits.lstrip("0") or last.letter)
        yield Reading(kind="building-room-part", building=head, numbers=(part,))
        yield Reading(kind="storey-room-part", storey=head, numbers=(part,))
    if all(room.width >= 3 for room in rooms):
        yield Reading(kind="list", numbers=_listed(rooms))


def _listed(rooms: Sequence[Token]) -> tuple[RoomNumber, ...]:
    """Numbers of a list; 203、5 is 203 and 205."""
    first = rooms[0]
    listed = [first.number]
    for room in rooms[1:]:
        digits = first.digits[: len(first.digits) - len(room.digits)] + room.digits if 0 < room.width < first.width else room.digits
        if digits:
            listed.append(RoomNumber(value=int(digits), letter=room.letter or first.letter, suffix=room.number.suffix))
    return tuple(listed)


def _dedupe(readings: Iterable[Reading]) -> Iterable[Reading]:
    seen: set[tuple[str, str, tuple[RoomNumber, ...]]] = set()
    for reading in readings:
        sense = (reading.building, reading.storey, reading.numbers)
        if sense not in seen:
            seen.add(sense)
            yield reading


def _signed(number: RoomNumber, storey: str) -> str:
    value = number.value
    if storey.lstrip("-").isdigit() and value < 100:
        text = f"{storey}{value:02d}"
    elif storey.startswith("-") and value // 100 == int(storey[1:] if storey[1:].isdigit() else 0):
        text = f"-{value}"
    else:
        text = str(value)
    return f"{number.letter}{text}{number.suffix}"
