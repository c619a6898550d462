"""Whatever is declined is said in Chinese and in English: what it is, and what to do."""

import re
import tomllib
from importlib import resources
from typing import Any

import pytest

from twin.api.problems import REQUEST_STATUS
from twin.codes import list_issue_codes, live_problem_words, problem_words
from twin.errors import HTTP_STATUS

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")
NAMES = {"CSV", "PDF", "Word", "Excel"}
"""What has no Chinese name."""
CODES = [one.code for one in list_issue_codes()]
STATUSES = {*HTTP_STATUS.values(), *REQUEST_STATUS.values(), 421, 500}


def table() -> dict[str, Any]:
    return tomllib.loads((resources.files("twin.codes") / "problems.toml").read_text("utf-8"))


def test_every_code_of_every_error_has_words_of_its_own_and_advice_in_both_languages() -> None:
    """A code that the sources of any package raise and the table lacks fails in `tests/test_docs.py` and `test_issue_code.py`."""
    for code in CODES:
        said = problem_words(409, code)
        assert said.words != said.phrase, code
        for text in (said.words, said.advice):
            assert text.keys() == {"zh", "en"} and CHINESE.search(text["zh"]) and not CHINESE.search(text["en"]), code


def test_no_advice_is_left_of_a_code_that_is_gone() -> None:
    assert sorted(table()["code"].keys() - set(CODES)) == []


def test_every_status_that_is_answered_has_a_phrase_and_advice() -> None:
    written = table()
    assert {str(status) for status in STATUSES} == written["phrase"].keys() == written["status"].keys()


def test_advice_is_a_sentence_without_its_end_in_its_own_language() -> None:
    for group in ("status", "code", "live"):
        for name, text in table()[group].items():
            assert text.keys() == {"zh", "en"}, name
            assert set(LATIN.findall(text["zh"])) <= NAMES and not CHINESE.search(text["en"]), name
            assert text["zh"][-1] not in "。.!" and text["en"][-1] not in "。.!" and text["en"][0].islower(), name


@pytest.mark.parametrize(("status", "like"), [(400, 400), (418, 400), (451, 400), (502, 500), (507, 500)])
def test_a_status_without_a_row_is_said_like_the_first_of_its_class(status: int, like: int) -> None:
    said, first = problem_words(status, "NO_SUCH_CODE"), problem_words(like, "NO_SUCH_CODE")
    assert (said.phrase["zh"], said.advice) == (first.phrase["zh"], first.advice)
    assert said.words == said.phrase


def test_the_parameter_is_named_in_both_languages() -> None:
    said = problem_words(400, "PARAMETER_INVALID", "limit")
    assert said.words == {"zh": "参数无效：limit", "en": "an invalid parameter: limit"}


def test_what_is_said_beside_frames_is_said_in_both_languages() -> None:
    assert live_problem_words("hub_away") == {"zh": "实时中心暂无应答，所示为旧数据", "en": "the hub is away"}
