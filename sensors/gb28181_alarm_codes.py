"""What the numbers of an alarm of GB/T 28181 stand for: rows of `gb28181_alarms.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["AlarmRow", "alarm_row"]

UNKNOWN = "gb28181_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """The code of an alarm and its words."""

    code: str
    zh: str
    en: str


def alarm_row(method: int | None, kind: int | None) -> AlarmRow:
    """The row of a type of alarm, else that of its method; numbers that the table does not have are told as they are.

    >>> alarm_row(5, 6).code, alarm_row(5, None).code, alarm_row(9, 9).code
    ('intrusion', 'video', 'gb28181_unknown')
    """
    table = _table()
    row: Mapping[str, Any] | None = table["types"].get(str(method), {}).get(str(kind)) or table["methods"].get(str(method))
    if row is None:
        return AlarmRow(code=UNKNOWN, zh=f"未知报警(方式 {method},类型 {kind})", en=f"unknown alarm (method {method}, type {kind})")
    return AlarmRow(**row)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("sensors").joinpath("gb28181_alarms.toml").read_text("utf-8"))
