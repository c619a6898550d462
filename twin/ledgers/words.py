"""Text as it is kept, and text as keys compare it."""

import unicodedata

from twin.codes import NORMALISERS

__all__ = ["narrow", "normalise", "tidy"]

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def narrow(text: str) -> str:
    """The text with full-width letters, digits and marks made narrow; other characters stay as they are."""
    return text if text.isascii() else text.translate(FULL_WIDTH)


def tidy(text: str) -> str:
    """A value as it is kept: narrow, without outer blanks.

    >>> tidy("　会议室（东）２ ")
    '会议室(东)2'
    """
    return narrow(text).strip().strip("﻿\u200b")


def normalise(text: str, rule: str = "") -> str:
    """A text as keys compare it: compatibility forms unified, blanks within made one; `rule` is a column's (`twin.codes.NORMALISERS`).

    >>> normalise("闽A·１２３４５", "plate")
    '闽A12345'
    """
    if rule:
        return NORMALISERS[rule](text)
    unified = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(unified.split())
