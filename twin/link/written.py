"""Text as written on doors and in registers, made comparable: full width, dashes, brackets, blanks and Chinese numerals unified."""

import re
import unicodedata
from functools import lru_cache

__all__ = ["find_numeral", "to_arabic", "unify"]

_DIGITS = {
    letter: value
    for value, letters in enumerate(("零〇○", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for letter in letters
}
_POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100}
_NUMERAL = "[" + "".join([*_DIGITS, *_POWERS]) + "]"
_COUNTED = re.compile(rf"(?<![东西南北])(?:{_NUMERAL}+(?=号|栋|幢|座|层|楼|室|房|单元|#|-|/|,|;| |$)|[{''.join(_DIGITS)}]{{3,}})")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘─━ー－"), "-")
_OTHERS = str.maketrans(
    {
        "（": "(",
        "）": ")",
        "【": "(",
        "】": ")",
        "[": "(",
        "]": ")",
        "〔": "(",
        "〕": ")",
        "「": "(",
        "」": ")",
        "〜": "~",
        "、": ",",
        "；": ";",
    }
)
_PLAIN = re.compile("[-0-9A-Za-z#/,;()~\u4e00-\u9fff]+")
"""What is in one spelling already but for its case and numerals, if no two dashes meet."""
_DECIMALS = re.compile(r"^\s*(-?\d+)\.0+\s*$")
_AROUND_BLANKS = re.compile(r"\s*([-/,;()~#])\s*")
_MANY_DASHES = re.compile("-{2,}")
_UNSEEN = re.compile("[\\u200b-\\u200f\\u2060\\ufeff\\u00ad]")


@lru_cache(maxsize=1 << 17)
def unify(text: str) -> str:
    """The text in one spelling: NFKC, capitals, one kind of dash, bracket and comma, single blanks, Arabic numerals where they count.

    >>> unify(" １ — ２０３ ")
    '1-203'
    >>> unify("叁号楼二层二〇三室")
    '3号楼2层203室'
    """
    if text.isascii() and text.replace("-", "").isalnum() and "--" not in text:
        return text.upper()
    if "--" not in text and _PLAIN.fullmatch(text):
        return to_arabic(text.upper())
    seen = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).upper().translate(_DASHES).translate(_OTHERS)
    seen = _DECIMALS.sub(r"\1", seen)
    seen = _AROUND_BLANKS.sub(r"\1", " ".join(seen.split()))
    return to_arabic(_MANY_DASHES.sub("-", seen))


def to_arabic(text: str) -> str:
    """Chinese numerals that count something (栋, 层, 室, the end, three digits or more) as Arabic ones; those in names stay.

    >>> to_arabic("第十二层第一会议室")
    '第12层第一会议室'
    """
    return _COUNTED.sub(_arabic, text)


def find_numeral(text: str) -> int | None:
    """The value of a Chinese numeral, by place (十二, 二百零三) or digit by digit (二〇三); None where it is neither."""
    if not text or any(letter not in _DIGITS and letter not in _POWERS for letter in text):
        return None
    if not any(letter in _POWERS for letter in text):
        return int("".join(str(_DIGITS[letter]) for letter in text))
    total, digit = 0, None
    for letter in text:
        if letter in _POWERS:
            total += (1 if digit is None else digit) * _POWERS[letter]
            digit = None
        elif digit:
            return None
        else:
            digit = _DIGITS[letter]
    return total + (digit or 0)


def _arabic(found: re.Match[str]) -> str:
    said = found.group()
    if said in _DIGITS:
        return str(_DIGITS[said])
    value = find_numeral(said)
    if value is None:
        return said
    zeros = len(said) if all(letter in _DIGITS for letter in said) else 0
    return f"{value:0{zeros}d}"
