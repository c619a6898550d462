"""Steps an asset or a request may take, as rows."""

from dataclasses import dataclass
from typing import ClassVar

from twin.codes.row import Row

__all__ = ["Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Row):
    """From one state to another, of an asset (`kind = "asset"`) or of a kind of request.

    `by` names who takes it (`proposer`, `owner` the owning unit, `bureau`, `finance`, empty anyone who may write); `needs` are facts that
    must be given, `forbids` facts that must not hold. What is not a row is not allowed.
    """

    TABLE: ClassVar[str] = "steps"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "source_state", "target_state")

    kind: str
    source_state: str
    target_state: str
    zh: str
    en: str
    by: str = ""
    needs: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
