"""Case and accents, folded as the standard says (OGC 21-065r2, 7.4 and 7.5), and patterns of LIKE.

`twin.codes.fold` is for dictionaries: it also ignores blanks and unifies full-width forms, which CASEI must not.
"""

import unicodedata
from functools import lru_cache

from twin.queries.cql2.errors import FilterInvalid

__all__ = ["ANY", "ONE", "accenti", "canonical_pattern", "casei", "matches", "pattern_parts"]

ANY, ONE = -1, -2
"""`%` and `_` among the characters of a pattern."""


def casei(text: str) -> str:
    """Text without case, by Unicode's full case folding.

    >>> casei("Straße")
    'strasse'
    """
    return unicodedata.normalize("NFC", text).casefold()


def accenti(text: str) -> str:
    """Text without diacritics: its canonical decomposition without non-spacing marks.

    >>> accenti("débárquér")
    'debarquer'
    """
    kept = (character for character in unicodedata.normalize("NFD", text) if unicodedata.category(character) != "Mn")
    return unicodedata.normalize("NFC", "".join(kept))


@lru_cache(maxsize=256)
def pattern_parts(pattern: str) -> tuple[int, ...]:
    """The characters of a pattern of LIKE as code points, ANY and ONE; a backslash takes the meaning from what follows it.

    Raises FilterInvalid where nothing follows it.
    """
    parts, at = [], 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
            if at == len(pattern):
                raise FilterInvalid("a pattern of LIKE ends with a backslash", path=pattern[:80], hint="write \\\\ for a backslash")
            parts.append(ord(pattern[at]))
        else:
            parts.append({"%": ANY, "_": ONE}.get(character, ord(character)))
        at += 1
    return tuple(part for i, part in enumerate(parts) if part != ANY or i == 0 or parts[i - 1] != ANY)


def canonical_pattern(pattern: str) -> str:
    """The same pattern with a backslash before `%`, `_` and backslash alone: what SQLite and PostgreSQL read alike."""
    special = {ANY: "%", ONE: "_", ord("%"): "\\%", ord("_"): "\\_", ord("\\"): "\\\\"}
    return "".join(special.get(part) or chr(part) for part in pattern_parts(pattern))


def matches(text: str, pattern: str) -> bool:
    """Whether the whole text is of the pattern; takes at most length of text × length of pattern steps."""
    parts = pattern_parts(pattern)
    at = part = 0
    star, resumed = -1, 0
    while at < len(text):
        if part < len(parts) and (parts[part] == ONE or parts[part] == ord(text[at])):
            at, part = at + 1, part + 1
        elif part < len(parts) and parts[part] == ANY:
            star, resumed, part = part, at, part + 1
        elif star >= 0:
            resumed += 1
            at, part = resumed, star + 1
        else:
            return False
    return all(rest == ANY for rest in parts[part:])
