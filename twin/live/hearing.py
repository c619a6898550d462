"""Which devices whose silence is an alarm have said nothing for longer than their kind may: columns, and no clock of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twin.live.silence import alarming_kinds, silent_after_us
from twin.live.state import LiveState

__all__ = ["Fallen", "Heard", "Hearing"]

DEAF_US = 30_000_000
"""Who has not looked for longer could not hear: a process that was stopped, a clock that was set."""
AT_ONCE = 2_000
"""So many are told at once; what is more is told when this is asked next, with the same moment."""
NEVER = -1
ROW = np.dtype([("heard_us", "<i8"), ("limit_us", "<i8"), ("since_us", "<i8"), ("position", "<i8")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A device that fell silent: last heard at `heard_us`, silent from `at_us` on, when its `limit_us` had run out."""

    device: str
    heard_us: int
    at_us: int
    limit_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A device that had been told to be silent since `since_us` and spoke at `at_us`, in the batch at `position` of the journal."""

    device: str
    since_us: int
    at_us: int
    position: int


@dataclass(slots=True, eq=False)
class Hearing:
    """Every such device that ever spoke, a row each: when it was last heard by the hub's clock, and, where it was told to be silent, since
    when and from which `position` of the journal on a word of it is news (`NEVER`: it was not told). One that never spoke has no row."""

    devices: list[str] = field(default_factory=list)
    listening_us: int | None = None
    _row_of: dict[str, int] = field(default_factory=dict)
    _rows: NDArray[np.void] = field(default_factory=lambda: np.zeros(64, dtype=ROW))
    _looked_us: int = 0

    @classmethod
    def of(cls, state: LiveState, told: Mapping[str, tuple[int, int]]) -> Self:
        """As a state that was kept leaves it; `told` are the devices that are silent, each since when and from which position on."""
        hearing = cls()
        kinds = alarming_kinds()
        moving = [(state.addresses[row], int(state.rows["received_us"][row])) for row in np.flatnonzero(state.of_kinds(kinds)).tolist()]
        standing = [(device, int(said["received_us"])) for device, said in state.still.items() if hearing.minds(device)]
        known = dict([*moving, *standing])
        hearing.hear(known, 0)
        hearing._rows["heard_us"][: len(known)] = list(known.values())
        hearing._tell(told)
        return hearing

    @property
    def silent(self) -> list[str]:
        """Those that were told to be silent and have not spoken since."""
        return [self.devices[row] for row in np.flatnonzero(self._rows["position"][: len(self.devices)] != NEVER).tolist()]

    @staticmethod
    def minds(device: str) -> bool:
        """Whether the silence of a device is an alarm.

        >>> Hearing.minds("camera/C-1"), Hearing.minds("meter/M-1")
        (True, False)
        """
        return device.partition("/")[0] in alarming_kinds()

    def news(self, said: Iterable[tuple[int, str, int]]) -> list[Heard]:
        """Which of those who spoke (position of the batch, device, when it was received) had been told to be silent; each once."""
        found: dict[str, Heard] = {}
        for position, device, received_us in said:
            row = self._row_of.get(device)
            if row is None or device in found or not NEVER < self._rows["position"][row] <= position:
                continue
            since_us = int(self._rows["since_us"][row])
            found[device] = Heard(device=device, since_us=since_us, at_us=max(received_us, since_us), position=position)
        return list(found.values())

    def hear(self, devices: Iterable[str], now_us: int, news: Sequence[Heard] = ()) -> None:
        """They spoke; those of `news` are silent no more."""
        rows = [self._row(device) for device in devices]
        self._rows["heard_us"][rows] = now_us
        self._rows["position"][[self._row_of[one.device] for one in news]] = NEVER

    def fallen(self, now_us: int, position: int) -> list[Fallen]:
        """Who fell silent since this was last asked, in the order of their moments; `position` is where the journal ends.

        Silence counts from when anybody could hear: who begins to listen, or did not look for half a minute, gives each device its whole
        limit anew.
        """
        known = self._rows[: len(self.devices)]
        if self.listening_us is None or not 0 <= now_us - self._looked_us <= DEAF_US:
            self.listening_us = now_us
            known["heard_us"] = np.minimum(known["heard_us"], now_us)
        self._looked_us = now_us
        since_us = np.maximum(known["heard_us"], self.listening_us) + known["limit_us"]
        rows = np.flatnonzero((known["position"] == NEVER) & (now_us > since_us))
        rows = rows[np.argsort(since_us[rows], kind="stable")][:AT_ONCE]
        known["since_us"][rows], known["position"][rows] = since_us[rows], position
        names = ("heard_us", "since_us", "limit_us")
        return [
            Fallen(device=self.devices[row], heard_us=heard_us, at_us=at_us, limit_us=limit_us)
            for row, heard_us, at_us, limit_us in zip(rows.tolist(), *(known[name][rows].tolist() for name in names), strict=True)
        ]

    def _tell(self, told: Mapping[str, tuple[int, int]]) -> None:
        for device, (since_us, position) in told.items():
            row = self._row(device)
            self._rows["since_us"][row], self._rows["position"][row] = since_us, position

    def _row(self, device: str) -> int:
        row = self._row_of.get(device)
        if row is None:
            row = self._row_of[device] = len(self.devices)
            self.devices.append(device)
            if row >= len(self._rows):
                self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
            self._rows["limit_us"][row], self._rows["position"][row] = silent_after_us([device])[0], NEVER
        return row
