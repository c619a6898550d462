"""What each finding code means in a few words, in both languages, from `issue_codes.toml`: what pages and reports show for it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["IssueCode", "find_issue_code", "list_issue_codes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCode:
    """A code of docs/issue-codes.md with its meaning in Chinese and English."""

    code: str
    zh: str
    en: str


def list_issue_codes() -> tuple[IssueCode, ...]:
    """Every code, in the order of the table."""
    return tuple(_by_code().values())


def find_issue_code(code: str) -> IssueCode | None:
    """The meaning of a code; None for one that an older version reported and the table no longer has.

    >>> find_issue_code("CARD_MISSING").zh
    '有账无卡'
    """
    return _by_code().get(code)


@cache
def _by_code() -> Mapping[str, IssueCode]:
    table = tomllib.loads(files("twin.codes").joinpath("issue_codes.toml").read_text("utf-8"))
    groups = [group for group in table.values() if isinstance(group, dict)]
    return MappingProxyType({code: IssueCode(code=code, **words) for group in groups for code, words in group.items()})
