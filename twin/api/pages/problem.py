"""The page of what was declined: words and advice, and in a fold what an engineer reads."""

from twin.api.negotiation import Language
from twin.api.pages.frame import Page, text
from twin.api.pages.words import WORDS
from twin.codes import ProblemWords
from viewer.document import Words

__all__ = ["problem_page"]

END = {"zh": "。", "en": "."}


def problem_page(said: ProblemWords, exact: str, language: Language) -> Page:
    """`exact` is status, code, fact and hint as programs get them; the address has no other form of the same."""
    advice = f"<p>{text(_begun(said.advice[language]))}{END[language]}</p>"
    fold = f'<details><summary>{text(WORDS["exact"], language)}</summary><p><code lang="en">{text(exact)}</code></p></details>'
    return Page(title=Words(_begun(said.words["zh"]), _begun(said.words["en"])), body=advice + fold, forms=())


def _begun(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
