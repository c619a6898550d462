"""Storeys as written, in one notation: `2`, `-1` (first basement), `1.5` (mezzanine over the first), `R` (roof)."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from twin.link.written import unify

__all__ = ["find_storey"]

_BELOW = re.compile(r"(?:LEVEL |FLOOR |第)?(?:地下|负|B|-)第?(\d{1,2})(?:层|楼|F|/F| FLOOR)?(?!\d)")
_MEZZANINE = re.compile(r"(\d{1,2})(?:(?:层|F|楼)?夹层|M(?:EZZANINE)?(?![A-Z]))|M(\d)(?!\d)")
_ABOVE = re.compile(
    r"第?(\d{1,2})(?:层|楼|F|/F)|(?:LEVEL|FLOOR|STOREY|STORY|标高|F|L|FL|LV)[ .]?(\d{1,2})(?!\d)"
    r"|(\d{1,2})(?:ST|ND|RD|TH)? FLOOR|(\d{1,2})$"
)
_OVER_GROUND = re.compile(r"(\d{1,2})\. ?([A-Z]+)")


@lru_cache(maxsize=1 << 14)
def find_storey(text: str) -> str | None:
    """The storey that a name or a column says, in the notation above; None where it says none.

    Ground floors are `1`, as Chinese registers count; what follows the storey in the text is ignored.

    >>> [find_storey(text) for text in ("负一层", "2F 人事处", "Level 3", "一层夹层", "屋面", "仓库")]
    ['-1', '2', '3', '1.5', 'R', None]
    """
    said = unify(text)
    if not said:
        return None
    words = _words()
    if said in words:
        return words[said]
    if found := _MEZZANINE.match(said):
        return f"{int(found.group(1) or found.group(2))}.5"
    if found := _BELOW.match(said):
        return f"-{int(found.group(1))}" if int(found.group(1)) else None
    if (found := _OVER_GROUND.match(said)) and found.group(2) in _over_ground():
        return str(int(found.group(1)) + 1)
    if found := _ABOVE.match(said):
        number = int(next(group for group in found.groups() if group))
        return str(number) if number else "1"
    return words.get(said.split(" ")[0])


@cache
def _table() -> Mapping[str, object]:
    return MappingProxyType(tomllib.loads((files("twin.link") / "data" / "storey_words.toml").read_text("utf-8")))


@cache
def _words() -> Mapping[str, str]:
    storeys = _table()["storeys"]
    if not isinstance(storeys, dict):
        raise TypeError("storey_words.toml: [storeys] is no table")
    return MappingProxyType({unify(word): storey for storey, words in storeys.items() for word in words})


@cache
def _over_ground() -> frozenset[str]:
    above = _table()["above_ground"]
    if not isinstance(above, dict):
        raise TypeError("storey_words.toml: [above_ground] is no table")
    return frozenset(above["words"])
