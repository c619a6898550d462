"""A JT/T 808 message: a whole frame, or the packages of one put together, with its body read by the table of its edition.

>>> message = Message.of(Frame.read(bytes.fromhex("7e800100051234567890120001007b01c803be7e")))
>>> message.name, message.fields["reply_serial"], message.encode().to_bytes().hex()
('platform_answer', 123, '7e800100051234567890120001007b01c803be7e')
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from sensors.errors import FrameInvalid
from sensors.jt808_fields import TABLES, Layout, layout_of, read_layout, write_layout
from sensors.jt808_frame import Frame

__all__ = ["EDITIONS", "Kind", "Message", "body_of", "find_kind", "frame_of", "kinds"]

EDITIONS = (2011, 2013, 2019)
OTHER_COLOURS = range(91, 96)
"""Colours of plates beyond the first ten (JT/T 697.7): green and its kin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A message of the table: its name in words, and its layouts, of which the first that fits to the byte is the one."""

    message_id: int
    name: str
    zh: str
    en: str
    layouts: tuple[Layout, ...]
    least_2013: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a frame says. `fields` by the table, with `raw` alone where the body is not known or could not be read; `items` those of
    a location; `refused` why the body, or a part of it, could not be read (the rest stands)."""

    frame: Frame
    edition: int
    name: str
    fields: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]] = ()
    refused: FrameInvalid | None = field(default=None, compare=False)

    @classmethod
    def of(cls, frame: Frame, *, edition: int | None = None) -> Self:
        """The message of a whole frame. `edition` is that which the terminal registered with: 2011 and 2013 have one header, so without
        it a frame before 2019 is read as of 2013 (a registration is told by its length). Never raises."""
        kind = find_kind(frame.message_id)
        edition = _edition(frame, edition, kind)
        name = kind.name if kind else "unknown"
        raw = {"raw": frame.body.hex()}
        if frame.encryption:
            how = "RSA" if frame.encryption == 1 else f"way {frame.encryption}"
            refused = FrameInvalid(f"the body is encrypted ({how}); its bytes are kept", reason="encrypted")
            return cls(frame=frame, edition=edition, name=name, fields=raw, refused=refused)
        if frame.packaged and frame.total > 1:
            refused = FrameInvalid(f"package {frame.index} of {frame.total}: read when all are here", reason="package")
            return cls(frame=frame, edition=edition, name=name, fields=raw, refused=refused)
        if kind is None:
            return cls(frame=frame, edition=edition, name=name, fields=raw)
        try:
            fields = _fitting(kind, frame.body, str(edition))
        except FrameInvalid as error:
            return cls(frame=frame, edition=edition, name=name, fields=raw, refused=error)
        items = fields.pop("items", [])
        bad = next((one for one in _all_items(fields, items) if one.get("malformed")), None)
        cut = None if bad is None else FrameInvalid(f"item {bad['id']:#04x} runs over the end of the items", reason="items")
        return cls(frame=frame, edition=edition, name=name, fields=_flat(fields), items=items, refused=cut)

    def encode(self) -> Frame:
        """The frame that says this: for one whose body the table reads, written anew from its fields."""
        if set(self.fields) == {"raw"}:
            return replace(self.frame, body=bytes.fromhex(self.fields["raw"]))
        return replace(self.frame, body=body_of(self.frame.message_id, {**self.fields, "items": self.items}, edition=self.edition))


def body_of(message_id: int, fields: Mapping[str, Any], *, edition: int) -> bytes:
    """The body that says `fields` in an edition. Raises FrameInvalid (`body`) where a field is missing or does not fit."""
    kind = find_kind(message_id)
    if kind is None:
        raise FrameInvalid(f"message {message_id:#06x} is not in the table", reason="body")
    values = dict(fields)
    if any(one.name == "location" for one in kind.layouts[0]) and "location" not in values:
        values["location"] = fields
    layout = next((one for one in kind.layouts if _names(one, str(edition)) <= set(values)), kind.layouts[0])
    return write_layout(layout, values, str(edition))


def frame_of(message_id: int, terminal: str, serial: int, fields: Mapping[str, Any], *, edition: int) -> Frame:
    """A whole frame that says `fields`, with the header of its edition."""
    version = 1 if edition >= 2019 else None
    body = body_of(message_id, fields, edition=edition)
    return Frame(message_id=message_id, terminal=terminal, serial=serial, body=body, protocol_version=version)


def find_kind(message_id: int) -> Kind | None:
    """The message of the table, or None."""
    return KINDS.get(message_id)


def kinds() -> Mapping[int, Kind]:
    """All messages of the table by their id."""
    return KINDS


def _edition(frame: Frame, told: int | None, kind: Kind | None) -> int:
    if frame.is_2019:
        return 2019
    if kind is not None and kind.least_2013:
        return 2011 if _is_of_2011(frame.body, kind.least_2013) else 2013
    return told if told in (2011, 2013) else 2013


def _is_of_2011(registration: bytes, least_2013: int) -> bool:
    """Whether a registration is too short for 2013, or has the colour of its plate where 2011 has it and a letter where 2013 has it."""
    if len(registration) < least_2013:
        return True
    colour_2013, colour_2011 = registration[least_2013 - 1], registration[least_2013 - 1 - 12]
    return colour_2013 >= ord("0") and colour_2011 < ord("0") and colour_2013 not in OTHER_COLOURS


def _fitting(kind: Kind, body: bytes, edition: str) -> dict[str, Any]:
    first: FrameInvalid | None = None
    for layout in kind.layouts:
        try:
            fields, at = read_layout(layout, body, 0, len(body), edition)
            if at != len(body):
                raise FrameInvalid(f"{len(body) - at} bytes left over at byte {at} of the body", reason="body")
            if len(kind.layouts) > 1 and "packages" in fields:
                _counted(fields)
            return fields
        except FrameInvalid as error:
            first = first or error
    assert first is not None
    raise first


def _counted(fields: Mapping[str, Any]) -> None:
    count = fields.get("count", fields.get("count_u8", len(fields["packages"])))
    if count != len(fields["packages"]):
        raise FrameInvalid(f"{len(fields['packages'])} packages where {count} are counted", reason="body")


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """The location of a location message is what it says: its fields stand beside the others."""
    if set(fields) <= {"reply_serial", "location"} and "location" in fields:
        return {**{name: value for name, value in fields.items() if name != "location"}, **fields["location"]}
    return fields


def _all_items(fields: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    located = fields.get("locations", ())
    return [*items, *(item for one in located for item in one["items"])]


def _names(layout: Layout, edition: str) -> set[str]:
    return {one.name for one in layout if not one.optional and one.bit is None and (not one.editions or edition in one.editions)}


def _kind(message_id: int, row: Mapping[str, Any]) -> Kind:
    layouts = (layout_of(tuple(row["fields"])), *(layout_of(tuple(one)) for one in row.get("or", ())))
    words = {name: str(row[name]) for name in ("name", "zh", "en")}
    return Kind(message_id=message_id, layouts=layouts, least_2013=int(row.get("least_2013", 0)), **words)


KINDS: Final[Mapping[int, Kind]] = {int(key, 16): _kind(int(key, 16), row) for key, row in TABLES["message"].items()}
