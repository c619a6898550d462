"""Names of rooms, compared: a department in front changes nothing, another kind of room behind does."""

import tomllib
from functools import cache, lru_cache
from importlib.resources import files

from twin.link.written import unify

__all__ = ["fold_name", "names_agree"]


@lru_cache(maxsize=1 << 16)
def fold_name(name: str) -> str:
    """A name without blanks, case, width and brackets."""
    return "".join(letter for letter in unify(name) if letter.isalnum())


@lru_cache(maxsize=1 << 16)
def names_agree(one: str, other: str) -> bool | None:
    """True where one name holds the other, False where they call different kinds of room, None where it cannot be said.

    >>> names_agree("财务处会议室", "会议室"), names_agree("档案室", "会议室"), names_agree("302", "会议室")
    (True, False, None)
    """
    first, second = fold_name(one), fold_name(other)
    if not first or not second:
        return None
    kinds = _family(first), _family(second)
    if all(kinds) and kinds[0] != kinds[1]:
        return False
    return True if first in second or second in first else None


@lru_cache(maxsize=1 << 16)
def _family(folded: str) -> str:
    """The family of the word that ends nearest to the end of the name; of several the longest; "" where none is in it."""
    found = [(folded.rfind(word) + len(word), len(word), family) for word, family in _words() if word in folded]
    return max(found)[2] if found else ""


@cache
def _words() -> tuple[tuple[str, str], ...]:
    table = tomllib.loads((files("twin.link") / "data" / "room_words.toml").read_text("utf-8"))
    return tuple((fold_name(word), family) for family, words in table["families"].items() for word in words)
