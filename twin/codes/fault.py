"""What is wrong with one value: a code and words; a finding on the record that holds it, never a reason to lose it."""

from dataclasses import dataclass

__all__ = ["Fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a value or a step. `code` is listed in docs/issue-codes.md, `message` says what and what was expected."""

    code: str
    message: str
