"""What a person reads where the service declines, in both languages, from `problems.toml` and `issue_codes.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from twin.codes.issue_code import find_issue_code

__all__ = ["ProblemWords", "live_problem_words", "problem_words"]

Both = Mapping[str, str]
BEFORE_NAME = {"zh": "：", "en": ": "}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemWords:
    """Of one problem, each by language (`zh`, `en`): the phrase of its status, what was declined, what to do about it."""

    phrase: Both
    words: Both
    advice: Both


def problem_words(status: int, code: str, named: str = "") -> ProblemWords:
    """The words of a problem; `named` is what of the request they are about, such as a parameter, and ends `words`.

    A code that says nothing of its own has the phrase and the advice of its status, a status without a row those of 400 or 500.

    >>> problem_words(409, "STOCKTAKE_OPEN").advice["zh"]
    '请在已开的盘点中扫描，或先结束它'
    >>> problem_words(400, "PARAMETER_INVALID", "limit").words["en"]
    'an invalid parameter: limit'
    """
    table = _table()
    row = str(status) if str(status) in table["phrase"] else "400" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "500"
    phrase = {"zh": table["phrase"][row], "en": HTTPStatus(status).phrase}
    meaning = find_issue_code(code)
    words = phrase if meaning is None else {"zh": meaning.zh, "en": meaning.en}
    if named:
        words = {language: f"{words[language]}{before}{named}" for language, before in BEFORE_NAME.items()}
    return ProblemWords(phrase=phrase, words=words, advice=table["code"].get(code) or table["status"][row])


def live_problem_words(name: str) -> Both:
    """The words of what `/live` says beside its frames, by its name in the table; the English is its title.

    >>> live_problem_words("hub_away")["en"]
    'the hub is away'
    """
    words: Both = _table()["live"][name]
    return words


@cache
def _table() -> Mapping[str, Any]:
    return MappingProxyType(tomllib.loads(files("twin.codes").joinpath("problems.toml").read_text("utf-8")))
