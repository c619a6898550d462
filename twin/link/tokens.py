"""The pieces of a place as written, after `unify`: building, storey, room, words and what joins them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["RoomNumber", "Token", "TokenKind", "cut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomNumber:
    """One number on a door: `value` without its padding, a letter before it, what tells parts of a room apart after it."""

    value: int
    letter: str = ""
    suffix: str = ""


class TokenKind(StrEnum):
    """What a piece is; `FLOOR_OR_BUILDING` is 3楼, `JOINT` dashes, commas and blanks."""

    BUILDING = "building"
    STOREY = "storey"
    FLOOR_OR_BUILDING = "floor or building"
    ROOM = "room"
    WORDS = "words"
    JOINT = "joint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece: `value` is a building's number or letter or a storey's notation; rooms have `digits` as written and letters around."""

    kind: TokenKind
    text: str
    value: str = ""
    storey: str = ""
    letter: str = ""
    digits: str = ""
    suffix: str = ""
    marked: bool = False

    @property
    def width(self) -> int:
        """How many digits are written."""
        return len(self.digits)

    @property
    def padded(self) -> bool:
        """Whether it begins with a zero."""
        return self.digits.startswith("0")

    @property
    def number(self) -> RoomNumber:
        """The room's number; 0 for a letter alone."""
        return RoomNumber(value=int(self.digits or 0), letter=self.letter, suffix=self.suffix)


def cut(said: str) -> list[Token]:
    """The pieces of a unified text in order; letters that are no piece are words."""
    return list(_join(_pieces(said)))


_Found = re.Match[str]


def _building(found: _Found) -> Token:
    said = next(group for group in found.groups() if group)
    return Token(kind=TokenKind.BUILDING, text=found.group(), value=str(int(said)) if said.isdigit() else said)


def _storey(found: _Found) -> Token:
    return Token(kind=TokenKind.STOREY, text=found.group(), value=str(int(next(group for group in found.groups() if group)) or 1))


def _below(found: _Found) -> Token:
    return Token(kind=TokenKind.STOREY, text=found.group(), value=f"-{int(next(group for group in found.groups() if group))}")


def _named(value: str) -> Callable[[_Found], Token]:
    return lambda found: Token(kind=TokenKind.STOREY, text=found.group(), value=value)


def _mezzanine(found: _Found) -> Token:
    return Token(kind=TokenKind.STOREY, text=found.group(), value=f"{int(found.group(1) or 1)}.5")


def _floor_or_building(found: _Found) -> Token:
    return Token(kind=TokenKind.FLOOR_OR_BUILDING, text=found.group(), value=str(int(found.group(1))))


def _below_room(found: _Found) -> Token:
    digits = next(group for group in found.groups() if group)
    return Token(kind=TokenKind.ROOM, text=found.group(), digits=digits[1:], storey=f"-{digits[0]}", marked=True)


def _room(found: _Found) -> Token:
    before, letter, digits, suffix, mark = found.groups()
    return Token(kind=TokenKind.ROOM, text=found.group(), letter=letter, digits=digits, suffix=suffix or "", marked=bool(before or mark))


def _letter(found: _Found) -> Token:
    return Token(kind=TokenKind.ROOM, text=found.group(), letter=found.group(1))


def _unit(found: _Found) -> Token:
    return Token(kind=TokenKind.ROOM, text=found.group(), digits=found.group(1))


def _joint(found: _Found) -> Token:
    return Token(kind=TokenKind.JOINT, text=found.group())


_IN_ENGLISH = re.compile(r"[A-Z]{3,} ?$")
_ALONE = r"(?<![A-Z0-9])"
_MARK = "号房间?|号室|室|房间|房(?!产)|号"
_BEFORE_ROOM = r"(?:(?<![A-Z0-9])|(?<=\dF))(第|ROOM ?|RM\.? ?|NO\.? ?|SUITE ?|OFFICE ?|#)?"
_RULES: tuple[tuple[str, Callable[[_Found], Token]], ...] = (
    (_ALONE + r"第?(?:(\d{1,3}|[A-Z]{1,2})(?:号大?楼|#楼|栋楼?|幢楼?|座楼?)|([A-Z])楼)", _building),
    (_ALONE + r"(?:BUILDING|BLDG|BLOCK|BLK|TOWER)\.? ?(?:NO\.? ?)?(\d{1,3}|[A-Z])(?![A-Z0-9])", _building),
    (_ALONE + r"(\d{1,3}|[A-Z])#(?=-?[\dA-Z负地第])", _building),
    (_ALONE + r"(\d{1,2})单元", _unit),
    (_ALONE + r"(\d{1,2})?(?:层|F|楼)?夹层", _mezzanine),
    (_ALONE + r"(?:第?(?:地下|负)|(?<![号楼栋幢座#])-)(\d{1,2})(?:层|楼|F(?![A-Z]))", _below),
    (_ALONE + r"第?B(\d)(?:层|楼|F(?![A-Z])|(?=[-/, ]|$))", _below),
    (_ALONE + r"(?:LEVEL|FLOOR|FL\.?) ?B(\d{1,2})(?!\d)", _below),
    (r"(?:负|地下)(\d)(?=-\d|$)|^-(\d)(?=-\d)", _below),
    (r"(?:负|地下)(\d{3})(?!\d)(?:号房间?|号室|室|房间|房|号)?|^-(\d{3})(?!\d)(?:号房间?|号室|室|房间|房|号)?", _below_room),
    (r"地下室?|地库", _named("-1")),
    (r"首层|底层|G/F|GF(?![A-Z])", _named("1")),
    (r"屋面层?|屋顶层?|天面层?|楼顶", _named("R")),
    (_ALONE + r"第?(\d{1,2})(?:层|/F(?![A-Z])|F(?![A-Z]))", _storey),
    (_ALONE + r"(?:LEVEL|FLOOR|FL\.?) ?(\d{1,2})(?!\d)|" + _ALONE + r"(\d{1,2})(?:ST|ND|RD|TH)? FLOOR", _storey),
    (_ALONE + r"[FL](\d{1,2})(?=[-/, ]|$)", _storey),
    (_ALONE + r"第?(\d{1,2})楼", _floor_or_building),
    (_BEFORE_ROOM + r"(\d{1,2}[AC-EGHJ-NP-Z])(\d{1,2})()(?![A-Z0-9?*])(?: ?(" + _MARK + r"|#))?", _room),
    (_BEFORE_ROOM + r"([A-Z]{0,2})(\d{1,6})([A-Z](?![A-Z0-9]))?(?![A-Z0-9?*])(?: ?(" + _MARK + r"|#))?", _room),
    (_ALONE + r"([A-Z]{1,2})(?=[- ]\d)", _letter),
    (r"(?<=\d-)([A-Z])(?![A-Z0-9])", _letter),
    (r"[-/,; ~.:_|\\&+]+|[和及与至到](?=[A-Z]?\d)", _joint),
)
_BEGINS_NONE = re.compile(r"[^\dA-Z#第地负首底屋天楼层夹和及与至到\-/,; ~.:_|\\&+]+")
_ANY = re.compile("|".join(f"(?P<_{place}>{pattern})" for place, (pattern, _) in enumerate(_RULES)))
_EACH = {f"_{place}": (re.compile(pattern), make) for place, (pattern, make) in enumerate(_RULES)}


def _pieces(said: str) -> Iterator[Token]:
    at = 0
    while at < len(said):
        token = _idle(said, at) or _piece(said, at)
        if token is None:
            token = Token(kind=TokenKind.WORDS, text=said[at])
        elif token.kind is TokenKind.ROOM and _is_name(said, at, token):
            token = Token(kind=TokenKind.WORDS, text=token.text)
        yield token
        at += len(token.text)


def _idle(said: str, at: int) -> Token | None:
    """The letters there that begin no piece; None where the first may begin one."""
    found = _BEGINS_NONE.match(said, at)
    return None if found is None else Token(kind=TokenKind.WORDS, text=found.group())


def _piece(said: str, at: int) -> Token | None:
    """The piece that begins there, by the first rule that fits; None where none does."""
    fitting = _ANY.match(said, at)
    if fitting is None or fitting.lastgroup is None:
        return None
    pattern, make = _EACH[fitting.lastgroup]
    found = pattern.match(said, at)
    return None if found is None else make(found)


def _is_name(said: str, at: int, room: Token) -> bool:
    """Whether a short number belongs to a name: 2号会议室, 会议室3, Bedroom 2."""
    if room.width >= 3 or room.padded or not room.digits or room.storey or room.letter[:1].isdigit():
        return False
    before, after = said[:at].rstrip(" ")[-1:], said[at + len(room.text) :][:1]
    in_chinese = before.isalpha() and not before.isascii() and before not in "楼层栋幢座院号馆"
    named_before = in_chinese or _IN_ENGLISH.search(said, 0, at) is not None
    ends_room = room.text.endswith(("室", "房", "房间"))
    return not ends_room and (
        (named_before and not room.text.startswith(("ROOM", "RM", "NO", "第"))) or (after.isalpha() and not after.isascii())
    )


def _join(pieces: Iterator[Token]) -> Iterator[Token]:
    """Neighbouring letters as one piece of words."""
    words = ""
    for piece in pieces:
        if piece.kind is TokenKind.WORDS or (words and piece.kind is TokenKind.JOINT and piece.text in " ."):
            words += piece.text
            continue
        if words:
            yield Token(kind=TokenKind.WORDS, text=words.strip())
            words = ""
        yield piece
    if words:
        yield Token(kind=TokenKind.WORDS, text=words.strip())
