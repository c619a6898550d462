"""Buildings as written in a register → the buildings they may be."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from sys import intern

from twin.link.number import Reading, parse_number
from twin.link.written import unify

__all__ = ["NOWHERE", "BuildingFact", "BuildingIndex", "BuildingMatch", "RoomText"]

_ALIKE = 0.8
_CLEARLY = 0.08
_NEVER_NEAR = _ALIKE - _CLEARLY - 0.01
"""Names whose likeness is surely below need not be compared: they are neither the best nor near it."""
_SHORTEST = 4
_NAMED = ("code", "name", "number")
_ANOTHER_COMPOUND = re.compile(r"(?:大院|院区|园区|办公区|小区|院|(?:行政|政务)中心)第?[0-9A-Z]+(?:号|#|栋|幢|座)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingFact:
    """What is known of a building: `names` are its names, long names, numbers and aliases as written anywhere (`3号楼`, `综合楼`,
    `A座`), `code` its codes, `compound` the names of the compound it stands in."""

    id: str
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    compound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingMatch:
    """The buildings a text may mean: none, one, or a tie. `method` is `code`, `name`, `number`, `part of a name` or `alike`; what is
    only alike (`confidence` below 0.8) needs evidence of another kind before anything hangs on it."""

    ids: tuple[str, ...] = ()
    method: str = ""
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class RoomText:
    """A room's text as it can be read: unified; its readings, each with the buildings it names (None: none); their kinds joined."""

    said: str
    readings: tuple[tuple[Reading, BuildingMatch | None], ...]
    form: str


NOWHERE = BuildingMatch()
"""No building."""


class BuildingIndex:
    """Buildings by code, name and number; every text is looked up once."""

    def __init__(self, buildings: Iterable[BuildingFact]) -> None:
        facts = tuple(buildings)
        self.ids = tuple(fact.id for fact in facts)
        self._compounds = sorted({_fold(name) for fact in facts for name in fact.compound if name}, key=len, reverse=True)
        self._of_compound: dict[str, set[str]] = {}
        self._codes: dict[str, set[str]] = {}
        self._names: dict[str, set[str]] = {}
        self._numbers: dict[str, set[str]] = {}
        for fact in facts:
            self._add(fact)
        self._whole = _Beginnings([name for name in self._names if len(name) >= _SHORTEST - 1])
        self._named = {name: BuildingMatch(ids=tuple(sorted(ids)), method="name", confidence=0.98) for name, ids in self._names.items()}
        self._by_digits: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            if len(name) >= _SHORTEST:
                self._by_digits[_digits(name)].append(name)
        self.find = lru_cache(maxsize=1 << 16)(self._find)
        self.read = lru_cache(maxsize=1 << 16)(self._read)

    def find_in(self, reading: Reading) -> BuildingMatch | None:
        """The buildings that a room's text itself names (by number, letter or the words in front); None where it names none."""
        if reading.building:
            return self.find(f"{reading.lead}{reading.building}{'号楼' if reading.building.isdigit() else '座'}")
        found = self.find(reading.lead) if reading.lead else NOWHERE
        return found if found.ids and found.method in _NAMED else None

    def split(self, text: str) -> tuple[BuildingMatch, str]:
        """The building whose whole name a room's text begins with, longest first, and what follows: `办公楼76号` and `701室`."""
        said = unify(text)
        folded = said.replace(" ", "")
        for head in self._whole.of(folded):
            rest = folded[len(head) :]
            if rest and not (head[-1].isdigit() and rest[0].isdigit()):
                return self._named[head], _after(said, len(head)).lstrip(" -/,.:;_|")
        return NOWHERE, said

    def _read(self, room: str) -> RoomText:
        """A room's text as it can be read; a building's whole name in front is cut off."""
        named, rest = self.split(room)
        cut = parse_number(rest) if named.ids else ()
        readings: tuple[tuple[Reading, BuildingMatch | None], ...]
        if cut and not cut[0].building:
            readings = tuple((reading, named) for reading in cut if not reading.building)
        else:
            readings = tuple((reading, self.find_in(reading)) for reading in parse_number(room))
        return RoomText(unify(room), readings, intern("|".join([reading.kind for reading, _ in readings])))

    def _find(self, text: str) -> BuildingMatch:
        """The buildings a text means, by the strongest of: code, name, number, name within the text, likeness.

        >>> index = BuildingIndex([BuildingFact(id="b", names=("3号楼", "综合楼"), compound=("屏山大院",))])
        >>> index.find("屏山大院叁号楼").ids
        ('b',)
        """
        folded = _fold(text)
        if not folded:
            return NOWHERE
        compound = next((name for name in self._compounds if folded.startswith(name) and folded != name), "")
        rest = folded.removeprefix(compound)
        within = self._of_compound.get(compound)
        for table, key, method, confidence in (
            (self._codes, folded, "code", 1.0),
            (self._names, folded, "name", 1.0),
            (self._names, rest, "name", 0.98),
            (self._numbers, _number(rest), "number", 0.97),
        ):
            ids = table.get(key, set()) if key else set()
            ids = ids & within if within and ids & within else ids
            if ids:
                return BuildingMatch(ids=tuple(sorted(ids)), method=method, confidence=confidence)
        return self._holding(rest) or self._alike(rest)

    def _add(self, fact: BuildingFact) -> None:
        for code in fact.codes:
            self._codes.setdefault(_fold(code), set()).add(fact.id)
        for name in fact.names:
            folded = _fold(name)
            self._names.setdefault(folded, set()).add(fact.id)
            if number := _number(_strip(folded, self._compounds)):
                self._numbers.setdefault(number, set()).add(fact.id)
        for compound in fact.compound:
            self._of_compound.setdefault(_fold(compound), set()).add(fact.id)

    def _holding(self, rest: str) -> BuildingMatch | None:
        """The longest name that the text holds, or the names that hold the text."""
        number = next((reading.building for reading in parse_number(rest)), "")
        by_number = self._numbers.get(number, set())
        held = sorted((name for name in self._names if len(name) >= _SHORTEST - 1 and name in rest and not name[0].isdigit()), key=len)
        if held:
            ids = self._names[held[-1]]
            agreed = (ids & by_number or ids | by_number) if number else ids
            return BuildingMatch(ids=tuple(sorted(agreed)), method="name", confidence=0.9)
        if by_number and not _ANOTHER_COMPOUND.search(rest):
            return BuildingMatch(ids=tuple(sorted(by_number)), method="number", confidence=0.85)
        holding = [name for name in self._names if len(rest) >= _SHORTEST - 1 and rest in name and not number]
        ids = {id for name in holding for id in self._names[name]}
        return BuildingMatch(ids=tuple(sorted(ids)), method="part of a name", confidence=0.85) if ids else None

    def _alike(self, rest: str) -> BuildingMatch:
        if len(rest) < _SHORTEST:
            return NOWHERE
        scored: dict[str, float] = {}
        for name in self._by_digits.get(_digits(rest), ()):
            if _likeness_at_most(rest, name) >= _NEVER_NEAR:
                score = SequenceMatcher(None, rest, name, autojunk=False).ratio()
                for id in self._names[name]:
                    scored[id] = max(score, scored.get(id, 0.0))
        best = max(scored.values(), default=0.0)
        if best < _ALIKE:
            return NOWHERE
        near = tuple(sorted(id for id, score in scored.items() if score >= best - _CLEARLY))
        return BuildingMatch(ids=near, method="alike", confidence=round(0.7 * best, 2))


class _Beginnings:
    """Names in order of their letters, each with the longest other that it begins with: a text's beginnings are one such chain."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = sorted(names)
        self._shorter: dict[str, str] = {}
        chain: list[str] = []
        for name in self._names:
            while chain and not name.startswith(chain[-1]):
                chain.pop()
            self._shorter[name] = chain[-1] if chain else ""
            chain.append(name)

    def of(self, text: str) -> Iterator[str]:
        """The names that a text begins with, the longest first."""
        at = bisect_right(self._names, text)
        name = self._names[at - 1] if at else ""
        while name:
            if text.startswith(name):
                yield name
            name = self._shorter[name]


def _likeness_at_most(one: str, other: str) -> float:
    """What the likeness of two texts cannot exceed: all letters of the one that the other has would match."""
    return 2.0 * min(len(other), sum(map(set(other).__contains__, one))) / (len(one) + len(other))


def _after(said: str, letters: int) -> str:
    """What follows the first so many letters, blanks not counted."""
    if " " not in said:
        return said[letters:]
    for at, letter in enumerate(said):
        if not letters:
            return said[at:]
        letters -= letter != " "
    return ""


def _fold(text: str) -> str:
    return unify(text).replace(" ", "")


def _strip(folded: str, compounds: Iterable[str]) -> str:
    return next((folded.removeprefix(name) for name in compounds if name and folded.startswith(name)), folded)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _number(folded: str) -> str:
    """The number or letter a building goes by: 3号楼, 3#, A座, BLDG3, plain 3."""
    if folded.rstrip("#号").isdigit() and len(folded) <= 4:
        return str(int(folded.rstrip("#号")))
    letter = folded.rstrip("#号")
    if len(letter) == 1 and letter.isalpha() and letter.isascii():
        return letter
    readings = parse_number(folded)
    if not readings or any(reading.numbers for reading in readings):
        return ""
    reading = readings[0]
    if reading.building:
        return "" if reading.lead or reading.words else reading.building
    lou = folded.removeprefix("第").removesuffix("楼")
    return str(int(lou)) if folded.endswith("楼") and lou.isdigit() else ""
