"""Steps an asset or a request may take, as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

from twin.codes.dictionary import Dictionary
from twin.codes.row import Row, strangers

__all__ = ["Step"]

STATES: Final = MappingProxyType({"asset": "asset_state", "vehicle": "vehicle_state", "dispatch": "dispatch_state"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Row):
    """From one state to another, of an `asset`, a `vehicle`, a `dispatch` order, or a kind of request (those begin as `draft`).

    `by` names who takes it (`proposer`, `owner` the owning unit, `bureau`, `finance`, empty anyone who may write); `needs` are facts that
    must be given, `forbids` facts that must not hold; `request` is the kind of request that alone takes the step, as it is decided (empty:
    no decision is needed). What is not a row is not allowed.
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
    request: str = ""

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """A state that the dictionary of the thing does not have; the states of a request are free."""
        name = STATES.get(self.kind)
        return strangers([self.source_state, self.target_state], dictionaries[name]) if name else ""
