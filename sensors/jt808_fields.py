"""The small language in which `jt808_messages.toml` writes bodies: read into reading and writing steps once, then used on bytes.

A value is what JSON knows: whole numbers, texts, hexadecimal digits for bytes, lists, dicts. Times are ISO 8601 in the terminal's own
GMT+8 (`2020-07-07T19:23:59+08:00`); digits that are no time stay digits. Reading then writing gives the same bytes, but for texts that are
not filled or coded as the standard says: `FrameInvalid` is raised only where bytes are missing or left over.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from sensors.errors import FrameInvalid

__all__ = ["TABLES", "Layout", "Value", "items_read", "items_written", "layout_of", "read_layout", "time_read", "time_written"]

Value = Any
"""What JSON knows."""
Read = Callable[[bytes, int, int, str], tuple[Value, int]]
"""(data, from, to, edition) → (value, from where to go on); reads nothing at or beyond `to`."""
Write = Callable[[Value, str], bytes]
TABLES: Final[Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("jt808_messages.toml").read_text(encoding="utf-8"))
FIELD = re.compile(r"(?P<name>\w+(?:\.\.\d+)?) (?P<type>~?\S+(?: [a-z_]+)?)(?P<rest>(?: @\d+| if \w+\.\d+| \?)*)$")
MOST_MADE = 1 << 16
"""No list is longer than the bytes that hold it; its count is not believed before."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its steps, the editions that have it, the bit that says it is there, whether the body may end before it."""

    name: str
    read: Read
    write: Write
    editions: frozenset[str]
    bit: tuple[str, int] | None
    optional: bool

    def stands(self, edition: str, so_far: Mapping[str, Value]) -> bool:
        """Whether it stands in this edition, after what was read."""
        if self.editions and edition not in self.editions:
            return False
        return self.bit is None or bool(so_far.get(self.bit[0], 0) >> self.bit[1] & 1)


Layout = tuple[Field, ...]


def read_layout(layout: Layout, data: bytes, at: int, end: int, edition: str) -> tuple[dict[str, Value], int]:
    """The fields of a layout that stand in `data[at:end]`. Raises FrameInvalid (`body`) where bytes are missing."""
    values: dict[str, Value] = {}
    for field in layout:
        if not field.stands(edition, values):
            continue
        if field.optional and at == end:
            break
        values[field.name], at = field.read(data, at, end, edition)
    return values, at


def write_layout(layout: Layout, values: Mapping[str, Value], edition: str) -> bytes:
    """The bytes of the fields. Raises FrameInvalid (`body`) for a value that is missing or does not fit."""
    parts = []
    for field in layout:
        if not field.stands(edition, values):
            continue
        if field.name not in values:
            if field.optional:
                break
            raise FrameInvalid(f"{field.name} is missing", reason="body", path=field.name)
        try:
            parts.append(field.write(values[field.name], edition))
        except (OverflowError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise FrameInvalid(
                f"{field.name}: {values[field.name]!r} cannot be written: {error}", reason="body", path=field.name
            ) from error
    return b"".join(parts)


@cache
def layout_of(rows: Sequence[str]) -> Layout:
    """The steps of rows of the table."""
    return tuple(field for row in rows for field in _fields(row))


def _fields(row: str) -> list[Field]:
    found = FIELD.match(row)
    if found is None:
        raise ValueError(f"jt808_messages.toml: {row!r} is no field")
    rest = found["rest"]
    bit = re.search(r"if (\w+)\.(\d+)", rest)
    read, write = _steps(found["type"])
    names = [found["name"]]
    if ".." in names[0]:
        first, last = re.findall(r"\d+", names[0])
        names = [f"at_{number:02d}" for number in range(int(first), int(last) + 1)]
    condition = (bit[1], int(bit[2])) if bit else None
    return [Field(name, read, write, frozenset(re.findall(r"@(\d+)", rest)), condition, "?" in rest) for name in names]


@cache
def _steps(kind: str) -> tuple[Read, Write]:
    if kind.startswith("~"):
        prefix, inner = kind[1:].split(" ")
        return _prefixed(_struct(inner), int(prefix[1:]) // 8)
    if found := re.fullmatch(r"(\w+)\[\](?:\.u(\d+))?(?:~u(\d+))?", kind):
        one = _steps(found[1])
        if found[3]:
            one = _prefixed(one, int(found[3]) // 8)
        return _list(one, int(found[2]) // 8 if found[2] else 0)
    if found := re.fullmatch(r"u(8|16|32|64)", kind):
        return _number(int(found[1]) // 8)
    if found := re.fullmatch(r"(text|hex|bcd)(\d+)?(?:\.u(\d+))?", kind):
        plain = TEXT if found[1] == "text" else HEX
        if found[2]:
            return _fixed(plain, int(found[2]))
        return _prefixed(_rest(plain), int(found[3]) // 8) if found[3] else _rest(plain)
    return SPECIAL[kind] if kind in SPECIAL else _struct(kind)


def _struct(name: str) -> tuple[Read, Write]:
    layout = layout_of(tuple(TABLES["struct"][name]))
    return (lambda data, at, end, edition: read_layout(layout, data, at, end, edition)), (
        lambda value, edition: write_layout(layout, value, edition)
    )


def _number(width: int) -> tuple[Read, Write]:
    def read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
        return int.from_bytes(data[at : _after(at, width, end)], "big"), at + width

    return read, lambda value, edition: int(value).to_bytes(width, "big")


def _fixed(plain: tuple[Callable[[bytes], str], Callable[[str], bytes]], width: int) -> tuple[Read, Write]:
    def read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
        return plain[0](data[at : _after(at, width, end)]), at + width

    def write(value: Value, edition: str) -> bytes:
        data = plain[1](value)
        if len(data) > width or (plain is HEX and len(data) != width):
            raise ValueError(f"{len(data)} bytes where {width} stand")
        return data.ljust(width, b"\0")

    return read, write


def _rest(plain: tuple[Callable[[bytes], str], Callable[[str], bytes]]) -> tuple[Read, Write]:
    return (lambda data, at, end, edition: (plain[0](data[at:end]), end)), (lambda value, edition: plain[1](value))


def _prefixed(inner: tuple[Read, Write], width: int) -> tuple[Read, Write]:
    def read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
        start = _after(at, width, end)
        stop = _after(start, int.from_bytes(data[at:start], "big"), end)
        value, reached = inner[0](data, start, stop, edition)
        if reached != stop:
            raise FrameInvalid(f"{stop - reached} bytes left over at byte {reached}", reason="body")
        return value, stop

    def write(value: Value, edition: str) -> bytes:
        data = inner[1](value, edition)
        return len(data).to_bytes(width, "big") + data

    return read, write


def _list(one: tuple[Read, Write], width: int) -> tuple[Read, Write]:
    def read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
        start = _after(at, width, end)
        count = int.from_bytes(data[at:start], "big") if width else end - start
        if count > end - start:
            raise FrameInvalid(f"{count} entries in {end - start} bytes", reason="body")
        values: list[Value] = []
        at = start
        while len(values) < count and (width or at < end):
            value, at = one[0](data, at, end, edition)
            values.append(value)
        return values, at

    def write(value: Value, edition: str) -> bytes:
        count = len(value).to_bytes(width, "big") if width else b""
        return count + b"".join(one[1](entry, edition) for entry in value)

    return read, write


def _after(at: int, width: int, end: int) -> int:
    if at + width > end:
        raise FrameInvalid(f"{width} bytes are needed at byte {at}, the body ends at {end}", reason="body")
    return at + width


def _text_read(data: bytes) -> str:
    stripped = data.rstrip(b"\0")
    try:
        return stripped.decode("gbk")
    except UnicodeDecodeError:
        return stripped.decode("gb18030", errors="replace")


TEXT = (_text_read, lambda text: text.encode("gbk"))
HEX = (bytes.hex, bytes.fromhex)


def time_read(digits: str) -> str:
    """BCD[6] `YYMMDDhhmmss` in GMT+8 as ISO 8601; digits that are no time as they are.

    >>> time_read("200707192359"), time_read("000000000000")
    ('2020-07-07T19:23:59+08:00', '000000000000')
    """
    try:
        if not digits.isdecimal():
            return digits
        pairs = [int(digits[at : at + 2]) for at in range(0, 12, 2)]
        return datetime(2000 + pairs[0], *pairs[1:]).isoformat() + "+08:00"  # type: ignore[arg-type]
    except ValueError:
        return digits


def time_written(text: str) -> bytes:
    """The BCD[6] of what `time_read` gave."""
    return bytes.fromhex(text if "T" not in text else re.sub(r"[-T:]", "", text[2:19]))


def _time_read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
    return time_read(data[at : _after(at, 6, end)].hex()), at + 6


def _signed_read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
    number = int.from_bytes(data[at : _after(at, 2, end)], "big")
    return (number if number < 0x8000 else 0x8000 - number), at + 2


def _signed_write(value: Value, edition: str) -> bytes:
    return int(value if value >= 0 else 0x8000 - value).to_bytes(2, "big")


def items_read(data: bytes, at: int, end: int, edition: str) -> tuple[list[Value], int]:
    """The items (u8 id, u8 length) of a location: `{id, name, value}`, or `{id, raw}` where it is not known or does not fit; what
    remains when a length runs over the end is the last one, `{id, raw, malformed: true}` with all its bytes after the id."""
    return _tagged(data, at, end, edition, ITEM, 1)


def items_written(items: Value, edition: str) -> bytes:
    """The bytes of items."""
    return b"".join(_tag_written(one, edition, ITEM, 1) for one in items)


def _tagged(data: bytes, at: int, end: int, edition: str, table: Mapping[int, Mapping[str, Any]], width: int) -> tuple[list[Value], int]:
    found: list[Value] = []
    while at < end:
        tag, start = int.from_bytes(data[at : at + width], "big"), at + width + 1
        if start > end or start + data[start - 1] > end:
            found.append({"id": tag, "raw": data[at + width : end].hex(), "malformed": True})
            return found, end
        at = start + data[start - 1]
        found.append(_tag_read(tag, data, start, at, edition, table))
    return found, at


def _tag_read(tag: int, data: bytes, start: int, end: int, edition: str, table: Mapping[int, Mapping[str, Any]]) -> Value:
    row = table.get(tag)
    if row is not None:
        read, write = _steps(row["type"])
        try:
            value, reached = read(data, start, end, edition)
            if reached == end and write(value, edition) == data[start:end]:
                return {"id": tag, "name": row["name"], "value": value}
        except (FrameInvalid, ValueError):
            pass
    return {"id": tag, "raw": data[start:end].hex()}


def _tag_written(one: Mapping[str, Any], edition: str, table: Mapping[int, Mapping[str, Any]], width: int) -> bytes:
    tag = int(one["id"]).to_bytes(width, "big")
    if "raw" in one:
        data = bytes.fromhex(one["raw"])
        return tag + data if one.get("malformed") else tag + bytes((len(data),)) + data
    data = _steps(table[one["id"]]["type"])[1](one["value"], edition)
    return tag + bytes((len(data),)) + data


def _params_read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
    start = _after(at, 1, end)
    found, count = [], data[at]
    at = start
    for _ in range(count):
        value = _after(at, 5, end)
        stop = _after(value, data[value - 1], end)
        found.append(_tag_read(int.from_bytes(data[at : at + 4], "big"), data, value, stop, edition, PARAMETER))
        at = stop
    return found, at


def _params_write(value: Value, edition: str) -> bytes:
    return bytes((len(value),)) + b"".join(_tag_written(one, edition, PARAMETER, 4) for one in value)


def _passed_read(data: bytes, at: int, end: int, edition: str) -> tuple[Value, int]:
    known = TABLES["passed"].get(f"0x{data[at - 1]:02x}") if at else None
    if known is not None:
        read, write = _struct(known)
        try:
            value, reached = read(data, at, end, edition)
            if reached == end and write(value, edition) == data[at:end]:
                return value, end
        except FrameInvalid:
            pass
    return data[at:end].hex(), end


def _passed_write(value: Value, edition: str) -> bytes:
    return bytes.fromhex(value) if isinstance(value, str) else _struct("peripherals")[1](value, edition)


SPECIAL: Final[dict[str, tuple[Read, Write]]] = {
    "time": (_time_read, lambda value, edition: time_written(value)),
    "sm16": (_signed_read, _signed_write),
    "items": (items_read, items_written),
    "params.u8": (_params_read, _params_write),
    "passed": (_passed_read, _passed_write),
}
ITEM: Final[Mapping[int, Mapping[str, Any]]] = {int(key, 16): row for key, row in TABLES["item"].items()}
PARAMETER: Final[Mapping[int, Mapping[str, Any]]] = {int(key, 16): row for key, row in TABLES["parameter"].items()} | {
    number: {"name": name, "type": kind} for kind, names in TABLES["parameter_groups"].items() for name, number in names.items()
}
