"""Each code has a few words in both languages, in one place, and no words are left of one that is gone."""

import re
from importlib import resources
from pathlib import Path

from twin.codes import IssueCode, find_issue_code, list_issue_codes
from twin.queries.assetops.reconcile.difference import difference_kinds

CODES = Path(__file__).resolve().parents[3] / "docs" / "issue-codes.md"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LONGEST = {"zh": 20, "en": 60}


def test_the_codes_of_the_document_are_those_of_the_table() -> None:
    documented = re.findall(r"^- `([A-Z0-9_]+)`:", CODES.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(one.code for one in list_issue_codes()) == sorted(documented)
    written = re.findall(r"^([A-Z0-9_]+) = ", (resources.files("twin.codes") / "issue_codes.toml").read_text("utf-8"), re.MULTILINE)
    assert sorted(written) == sorted(documented)


def test_a_code_is_said_shortly_in_chinese_and_in_english() -> None:
    assert [one.code for one in list_issue_codes() if not _short_and_in_its_language(one)] == []


def _short_and_in_its_language(one: IssueCode) -> bool:
    in_language = bool(CHINESE.search(one.zh)) and not CHINESE.search(one.en)
    fits = 2 <= len(one.zh) <= LONGEST["zh"] and 4 <= len(one.en) <= LONGEST["en"]
    return in_language and fits and one.zh[-1] != "。" and one.en[-1] != "."


def test_no_two_codes_are_said_alike() -> None:
    for language in ("zh", "en"):
        words = [getattr(one, language) for one in list_issue_codes()]
        assert sorted({word for word in words if words.count(word) > 1}) == []


def test_a_code_that_is_gone_has_no_words_and_differences_say_the_table_s() -> None:
    assert find_issue_code("NO_LONGER_REPORTED") is None
    for code, kind in difference_kinds().items():
        words = find_issue_code(code)
        assert words is not None and (words.zh, words.en) == (kind.zh, kind.en)
