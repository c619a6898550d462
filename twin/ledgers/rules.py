"""How cells are to be read where the file itself does not say: what a mapping or profile states, and the day of reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Protocol

from spatial.issue import Severity
from twin.codes import Dictionary

__all__ = ["Checks", "ChecksBeside", "Fault", "Reading", "Rules", "Trouble"]


class Fault(Protocol):
    """What an identifier's check finds (`twin.codes.checks_of`)."""

    @property
    def code(self) -> str:
        """UPPER_SNAKE, as the finding says it."""

    @property
    def message(self) -> str:
        """What is wrong with the identifier."""


Checks = Mapping[str, Callable[[str], Fault | None]]
"""Check of a value by the name that columns call it by."""
ChecksBeside = Mapping[str, tuple[tuple[str, ...], Callable[..., Fault | None]]]
"""By that name the other columns a check needs, and the check of all their values (`twin.codes.checks_beside_of`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with a cell: an `error` makes it null, a `warning` leaves the value as it was read."""

    code: str
    message: str
    severity: Severity = Severity.ERROR


Reading = tuple[object, Trouble | None]
"""A value as its column keeps it (None for an empty cell) and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`century_pivot` 30: years 00–29 are 20xx, 30–99 are 19xx; `date_order` is that of 3/4/2015: `ymd`, `dmy` or `mdy`; `empty`
    are words that mean no value; without `today` no date is too late; a dictionary not among `dictionaries` is the shipped one."""

    timezone: str = ""
    date_order: str = ""
    century_pivot: int | None = None
    decimal_comma: bool = False
    empty: frozenset[str] = frozenset()
    serial_dates: bool = False
    today: date | None = None
    dictionaries: Mapping[str, Dictionary] = field(default_factory=lambda: MappingProxyType({}))
