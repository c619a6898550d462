"""Packages of one JT/T 808 message put together, within bounds: what is claimed is never allocated, what never completes is given up.

Pure: the caller passes `now_us`. A terminal sends one message of a kind at a time; a package that contradicts one at hand begins anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sensors.errors import FrameInvalid
from sensors.jt808_frame import MOST_BODY, Frame

__all__ = ["Missing", "Packages", "split"]


def split(frame: Frame, *, most: int = MOST_BODY) -> list[Frame]:
    """The frames that carry a message: itself where its body fits, else packages of `most` bytes with serials that follow its own."""
    if len(frame.body) <= most:
        return [frame]
    parts = [frame.body[at : at + most] for at in range(0, len(frame.body), most)]
    return [
        replace(frame, body=part, serial=(frame.serial + row) & 0xFFFF, packaged=True, total=len(parts), index=row + 1)
        for row, part in enumerate(parts)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Packages to be asked for again (0x8003): by the serial of the first and their indexes from 1."""

    terminal: str
    message_id: int
    is_2019: bool
    original_serial: int
    indexes: tuple[int, ...]


@dataclass(slots=True)
class _Open:
    total: int
    first_serial: int
    is_2019: bool
    changed_us: int
    asked: int = 0
    bytes: int = 0
    parts: dict[int, Frame] = field(default_factory=dict)


class Packages:
    """The messages of one connection that wait for packages. At most `most_bytes` in all and `most_messages` at a time: the oldest is
    given up for a newer one. `again_after_us` without a package: ask; `most_asked` times, then give up. `given_up` counts them."""

    def __init__(self, *, most_bytes: int = 4 << 20, most_messages: int = 8, again_after_us: int = 5_000_000, most_asked: int = 3) -> None:
        self.most_bytes, self.most_messages = most_bytes, most_messages
        self.again_after_us, self.most_asked = again_after_us, most_asked
        self.given_up = 0
        self._open: dict[tuple[str, int], _Open] = {}

    def __len__(self) -> int:
        return len(self._open)

    @property
    def bytes(self) -> int:
        """Bytes of all packages at hand."""
        return sum(one.bytes for one in self._open.values())

    def add(self, frame: Frame, now_us: int) -> Frame | None:
        """The whole message when this package completes it (its serial is that of the first package), else None.

        Raises FrameInvalid (`package`) for an index that is not within its total.
        """
        if not 1 <= frame.index <= frame.total:
            raise FrameInvalid(f"package {frame.index} of {frame.total}", reason="package")
        key = (frame.terminal, frame.message_id)
        one = self._open.get(key)
        if one is None or one.total != frame.total or (frame.index in one.parts and one.parts[frame.index].body != frame.body):
            if one is not None:
                self._give_up(key)
            first = (frame.serial - frame.index + 1) & 0xFFFF
            one = self._open[key] = _Open(frame.total, first, frame.is_2019, now_us)
        one.changed_us = now_us
        if frame.index not in one.parts:
            one.parts[frame.index] = frame
            one.bytes += len(frame.body)
        if len(one.parts) == one.total:
            del self._open[key]
            body = b"".join(one.parts[index].body for index in range(1, one.total + 1))
            return replace(one.parts[1], body=body, total=0, index=0, packaged=False)
        self._bound(key)
        return None

    def first_of(self, frame: Frame) -> Frame | None:
        """The first package of the message that a package is of, where it is at hand."""
        if frame.index == 1:
            return frame
        one = self._open.get((frame.terminal, frame.message_id))
        return one.parts.get(1) if one is not None and one.total == frame.total else None

    def due(self, now_us: int) -> list[Missing]:
        """What to ask for again now; what was asked for often enough is given up."""
        found = []
        for key, one in list(self._open.items()):
            if now_us - one.changed_us < self.again_after_us:
                continue
            if one.asked >= self.most_asked:
                self._give_up(key)
                continue
            one.asked, one.changed_us = one.asked + 1, now_us
            indexes = _first_missing(one, 255)
            found.append(
                Missing(terminal=key[0], message_id=key[1], is_2019=one.is_2019, original_serial=one.first_serial, indexes=indexes)
            )
        return found

    def waiting(self) -> Iterable[tuple[str, int, int, int]]:
        """(terminal, message id, packages at hand, total) of each that waits."""
        return [(*key, len(one.parts), one.total) for key, one in self._open.items()]

    def _bound(self, newest: tuple[str, int]) -> None:
        while len(self._open) > self.most_messages or (self.bytes > self.most_bytes and self._open):
            others = [key for key in self._open if key != newest] or [newest]
            self._give_up(min(others, key=lambda key: self._open[key].changed_us))

    def _give_up(self, key: tuple[str, int]) -> None:
        del self._open[key]
        self.given_up += 1


def _missing(key: tuple[str, int], one: _Open) -> Missing:
    return Missing(
        terminal=key[0],
        message_id=key[1],
        is_2019=one.is_2019,
        original_serial=one.first_serial,
        indexes=_first_missing(one, 255),
    )


def _first_missing(one: _Open, most: int) -> tuple[int, ...]:
    found: list[int] = []
    for index in range(1, one.total + 1):
        if index not in one.parts:
            found.append(index)
            if len(found) == most:
                break
    return tuple(found)
