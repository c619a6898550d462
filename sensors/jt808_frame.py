"""A JT/T 808 frame: found in a stream, unescaped, checked, its header read; and written again (JT/T 808-2011, -2013, -2019, clause 4.4).

`7E · header · body · XOR of both · 7E`, escaped after the checksum (7E as 7D 02, 7D as 7D 01). The header has 12 bytes, in the edition
of 2019 (bit 14 of the attributes) 17, and 4 more where the message is one of several packages.
"""

import struct
from dataclasses import dataclass
from typing import Self

from sensors.errors import FrameInvalid

__all__ = ["FLAG", "MOST_BODY", "MOST_FRAME", "Frame", "FrameSplitter", "escape", "unescape", "xor"]

FLAG = b"\x7e"
MOST_BODY = 1023
"""The length of a body has ten bits."""
MOST_FRAME = 2 * (21 + MOST_BODY + 1) + 2
"""Every byte escaped, with both flags."""
HEAD = struct.Struct(">HH6sH")
HEAD_2019 = struct.Struct(">HHB10sH")
PARTS = struct.Struct(">HH")
LENGTH, ENCRYPTION, SUBPACKAGE, VERSION, RESERVED = 0x03FF, 0x1C00, 0x2000, 0x4000, 0x8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame. `terminal` its number as written, 12 digits (20 in 2019); `protocol_version` None before 2019; `encryption` 0 none, 1 RSA,
    else reserved; `total` and `index` (from 1) of a package, 0 where the message is whole; `reserved` bit 15 of the attributes."""

    message_id: int
    terminal: str
    serial: int
    body: bytes = b""
    protocol_version: int | None = None
    encryption: int = 0
    total: int = 0
    index: int = 0
    packaged: bool = False
    reserved: bool = False

    @property
    def is_2019(self) -> bool:
        """Whether the header is that of the edition of 2019."""
        return self.protocol_version is not None

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """The frame between its flags, unescaped. Raises FrameInvalid with the reason `short`, `checksum` or `length`."""
        if len(content) < HEAD.size + 1:
            raise FrameInvalid(f"{len(content)} bytes; a header and its checksum have {HEAD.size + 1}", reason="short")
        if xor(content):
            told = xor(content[:-1])
            raise FrameInvalid(f"the checksum is {content[-1]:02X}, its bytes give {told:02X}", reason="checksum")
        message_id, attributes = struct.unpack_from(">HH", content)
        newer, packaged = bool(attributes & VERSION), bool(attributes & SUBPACKAGE)
        start = (HEAD_2019.size if newer else HEAD.size) + (PARTS.size if packaged else 0)
        if len(content) - 1 - start != attributes & LENGTH:
            raise FrameInvalid(
                f"{max(0, len(content) - 1 - start)} bytes of body where the header says {attributes & LENGTH}", reason="length"
            )
        version: int | None = None
        if newer:
            _, _, version, phone, serial = HEAD_2019.unpack_from(content)
        else:
            _, _, phone, serial = HEAD.unpack_from(content)
        total, index = PARTS.unpack_from(content, start - PARTS.size) if packaged else (0, 0)
        return cls(
            message_id=message_id,
            terminal=phone.hex(),
            serial=serial,
            body=content[start:-1],
            protocol_version=version,
            encryption=(attributes & ENCRYPTION) >> 10,
            total=total,
            index=index,
            packaged=packaged,
            reserved=bool(attributes & RESERVED),
        )

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """The frame of its bytes as received, with or without flags."""
        return cls.parse(unescape(raw.strip(FLAG)))

    def content(self) -> bytes:
        """Header, body and checksum. Raises FrameInvalid (`length`) for a body above 1,023 bytes: it must go as packages."""
        if len(self.body) > MOST_BODY:
            raise FrameInvalid(f"a body of {len(self.body)} bytes; one frame holds {MOST_BODY}", reason="length")
        attributes = len(self.body) | self.encryption << 10 | self.packaged * SUBPACKAGE | self.is_2019 * VERSION | self.reserved * RESERVED
        if self.protocol_version is None:
            head = HEAD.pack(self.message_id, attributes, bytes.fromhex(self.terminal.zfill(12)), self.serial)
        else:
            phone = bytes.fromhex(self.terminal.zfill(20))
            head = HEAD_2019.pack(self.message_id, attributes, self.protocol_version, phone, self.serial)
        whole = head + (PARTS.pack(self.total, self.index) if self.packaged else b"") + self.body
        return whole + bytes((xor(whole),))

    def to_bytes(self) -> bytes:
        """The frame as it goes out: escaped, between its flags."""
        return FLAG + escape(self.content()) + FLAG


class FrameSplitter:
    """Cuts a stream into frames, whatever pieces it comes in. Holds at most one frame's bytes; what is longer than any frame is dropped
    up to the next flag and counted in `dropped` (bytes) and `oversize` (times)."""

    __slots__ = ("_over", "_rest", "dropped", "oversize")

    def __init__(self) -> None:
        self._rest = b""
        self._over = False
        self.dropped = 0
        self.oversize = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, escaped, without flags; garbage between two flags is one of them: parsing refuses it."""
        pieces = (self._rest + data).split(FLAG)
        rest = pieces.pop()
        if self._over and pieces:
            self.dropped += len(pieces[0])
            pieces[0] = b""
            self._over = False
        if len(rest) > MOST_FRAME - 2:
            self.oversize += not self._over
            self.dropped += len(rest)
            rest, self._over = b"", True
        self._rest = rest
        return [piece for piece in pieces if piece and not self._too_long(piece)]

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._rest)

    def _too_long(self, piece: bytes) -> bool:
        if len(piece) <= MOST_FRAME - 2:
            return False
        self.oversize += 1
        self.dropped += len(piece)
        return True


def xor(data: bytes) -> int:
    """The XOR of all bytes: of content with its checksum, 0.

    >>> xor(b"\\x01\\x02\\x04"), xor(b"")
    (7, 0)
    """
    folded = int.from_bytes(data, "big")
    half = 1 << max(0, (len(data) - 1).bit_length() - 1)
    while half:
        folded ^= folded >> (half * 8)
        half >>= 1
    return folded & 0xFF


def escape(content: bytes) -> bytes:
    """7D as 7D 01, then 7E as 7D 02.

    >>> escape(b"\\x30\\x7e\\x08\\x7d").hex()
    '307d02087d01'
    """
    return content.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def unescape(escaped: bytes) -> bytes:
    """The content that was escaped; a lone 7D, which no sender writes, stays: checksum and length judge it.

    >>> unescape(bytes.fromhex("307d02087d01")).hex()
    '307e087d'
    """
    if b"\x7d" not in escaped:
        return escaped
    return escaped.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
