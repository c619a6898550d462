"""Words in both languages, and how they stand side by side in a page."""

from dataclasses import dataclass
from html import escape

__all__ = ["Words", "say", "words_html"]


@dataclass(frozen=True, slots=True)
class Words:
    """One text in Chinese and in English; a name that has no translation is the same in both."""

    zh: str
    en: str

    @classmethod
    def same(cls, text: str) -> "Words":
        """A name, a number or a code, which no language changes."""
        return cls(text, text)


def say(text: "Words | str") -> Words:
    """Words of either: `say("A203")` is the same in both languages."""
    return text if isinstance(text, Words) else Words.same(text)


def words_html(text: Words | str) -> str:
    """Escaped HTML of both languages, of which the page shows one: `<span class="zh" lang="zh-CN">楼</span><span class="en" …`."""
    words = say(text)
    if words.zh == words.en:
        return escape(words.zh)
    return f'<span class="zh" lang="zh-CN">{escape(words.zh)}</span><span class="en" lang="en">{escape(words.en)}</span>'
