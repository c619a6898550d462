"""Kinds of alarms, their families, what an incident is closed as, what to do, and how long events are kept: as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from twin.codes.dictionary import Dictionary
from twin.codes.row import Row

__all__ = ["AlarmFamily", "AlarmKind", "CloseReason", "EventType", "ProcedureStep"]

HIGHEST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFamily(Row):
    """Alarms of one family make incidents together, those of two never do by themselves.

    Severity is one higher from `kinds_raise` different kinds on (0: never) and at most `highest`; a closed incident is opened again by
    a new alarm within `reopen_s` seconds. Alarms on one site within `together_s` seconds are one incident wherever they are (0: never).
    """

    TABLE: ClassVar[str] = "alarm_families"
    KEY: ClassVar[tuple[str, ...]] = ("family",)

    family: str
    zh: str
    en: str
    kinds_raise: int
    highest: int
    reopen_s: int
    together_s: int = 0

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """A highest severity that is none."""
        return "" if 1 <= self.highest <= HIGHEST else f"a severity is 1 to {HIGHEST}, not {self.highest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmKind(Row):
    """An alarm as a device says it (`code`, or one of `aliases`), its `severity` 1 to 5, and what it is grouped and damped by.

    It joins an incident of its family that had an alarm at the same place, or within `distance_m` metres, at most `time_s` seconds
    before or after. Severity is one higher from `raise_count` alarms of it on (0: never). A device that says it `flap_changes` times
    within `flap_s` seconds flaps (0: never) until it was quiet for `quiet_s`. `procedure` names the steps to take.
    """

    TABLE: ClassVar[str] = "alarm_kinds"
    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    family: str
    zh: str
    en: str
    severity: int
    distance_m: float
    time_s: int
    raise_count: int = 0
    flap_changes: int = 0
    flap_s: int = 0
    quiet_s: int = 0
    procedure: str = ""
    aliases: tuple[str, ...] = ()

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """A severity that is none, or a flapping that has no window or no end."""
        if not 1 <= self.severity <= HIGHEST:
            return f"a severity is 1 to {HIGHEST}, not {self.severity}"
        if self.flap_changes and not (self.flap_s and self.quiet_s):
            return "flap_changes needs flap_s and quiet_s"
        return "" if self.flap_changes != 1 else "one change is no flapping: flap_changes is 0 or at least 2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseReason(Row):
    """What a person closes an incident as; `real` says whether something had happened."""

    TABLE: ClassVar[str] = "close_reasons"
    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    real: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureStep(Row):
    """One step of a procedure, in the order of `step`; `title_zh` and `title_en` of step 1 are those of the procedure."""

    TABLE: ClassVar[str] = "procedures"
    KEY: ClassVar[tuple[str, ...]] = ("procedure", "step")

    procedure: str
    step: int
    zh: str
    en: str
    title_zh: str = ""
    title_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType(Row):
    """A type of events and for how many days they are kept."""

    TABLE: ClassVar[str] = "event_types"
    KEY: ClassVar[tuple[str, ...]] = ("type",)

    type: str
    zh: str
    en: str
    keep_days: int
