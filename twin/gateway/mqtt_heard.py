"""What a connection to a broker tells its owner."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Heard", "LinkNews"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as it came; `connection` counts the connections, so that no message of an earlier one is acknowledged on a later."""

    topic: str
    payload: bytes
    qos: int
    mid: int
    connection: int
    duplicate: bool = False
    retained: bool = False
    content_type: str = ""
    properties: Sequence[tuple[str, str]] = ()
    response_topic: str = ""
    correlation: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNews:
    """What changed: told once when the broker is lost, with the reason, once when it is there again, with what it cannot do."""

    up: bool
    reason: str = ""
    notes: tuple[str, ...] = ()
