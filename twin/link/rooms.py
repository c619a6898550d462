"""Room records ↔ spaces of the models: by number within the building, then by name and storey, areas breaking ties."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from twin.link.building import BuildingIndex
from twin.link.by_name import link_by_name, suggest
from twin.link.compare import Rules, Side, area_of, compare, said_storey
from twin.link.contest import Claim, settle
from twin.link.conventions import AREA_AS_IS, learn_area_ratio, learn_storey_names, storeys_of
from twin.link.facts import Decision, Evidence, Link, Policy, RoomRecord, SpaceFact, Unmatched, WorkItem, default_policy
from twin.link.senses import Sense, Text, find_senses, is_far_fetched, learn_habits, pick_sense, read_text
from twin.link.shelf import Shelf, ShelfRoom

__all__ = ["RoomLinks", "match_rooms"]

_CLEAR = 2
"""What storey, name and area must say together (`Evidence.score`) for a building that is only alike, or one of several of
which some have no room here, and for a far-fetched sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLinks:
    """Every record and every space is in `links` or unmatched with its reason; `contradictions` is the work list;
    `conventions` says per building id what was learnt (`area_ratio`, `storeys`: storey id → what records call it)."""

    links: tuple[Link, ...]
    unmatched_records: tuple[Unmatched, ...]
    unmatched_spaces: tuple[Unmatched, ...]
    contradictions: tuple[WorkItem, ...]
    conventions: Mapping[str, Mapping[str, object]]


def match_rooms(
    records: Sequence[RoomRecord],
    spaces: Sequence[SpaceFact],
    buildings: BuildingIndex,
    *,
    decided: Sequence[Decision] = (),
    policy: Policy | None = None,
) -> RoomLinks:
    """Links of records to spaces. What is ambiguous is not linked but told, with its candidates; what a person `decided` is kept
    whatever the rest says. One record has one space and the other way round, but for parts of rooms and numbers that list several.

    Findings: `LINK_AMBIGUOUS`, `LINK_AREA_DIFFERS`, `LINK_AREA_RATIO`, `LINK_BUILDING_CONTRADICTS`, `LINK_DECIDED_LOST`,
    `LINK_NAME_DIFFERS`, `LINK_RECORDS_SHARE_SPACE`, `LINK_STOREY_DIFFERS`.
    """
    work = _Work(records, spaces, buildings, decided, policy or default_policy())
    work.keep_decided()
    work.link_by_code()
    work.link_by_number()
    work.link_by_name()
    return work.result()


class _Work:
    """One run: what is open, linked and found so far."""

    def __init__(
        self,
        records: Sequence[RoomRecord],
        spaces: Sequence[SpaceFact],
        buildings: BuildingIndex,
        decided: Sequence[Decision],
        policy: Policy,
    ) -> None:
        self.buildings = buildings
        self.sides = {record.id: Side(record=record, storey=said_storey(record)) for record in records}
        self.spaces = {space.id: space for space in spaces}
        self.decided = decided
        self.refused = {(one.record_id, one.space_id) for one in decided if not one.made}
        by_building: dict[str, list[SpaceFact]] = defaultdict(list)
        for space in spaces:
            by_building[space.building_id].append(space)
        self.by_building = by_building
        storeys = {storey_id: said for own in by_building.values() for storey_id, said in storeys_of(own).items()}
        self.rules = Rules(policy=policy, storeys=storeys)
        self.links: list[Link] = []
        self.items: list[WorkItem] = []
        self.reasons: dict[str, Unmatched] = {}
        self.taken_records: set[str] = set()
        self.taken_spaces: set[str] = set()

    def keep_decided(self) -> None:
        """Links that a person made, whatever speaks against them."""
        for one in self.decided:
            if not one.made:
                continue
            side, space = self.sides.get(one.record_id), self.spaces.get(one.space_id)
            if side is None or space is None:
                lost = "record" if side is None else "space"
                self.items.append(
                    WorkItem(
                        code="LINK_DECIDED_LOST",
                        record_ids=(one.record_id,),
                        space_ids=(one.space_id,),
                        message=f"a person linked the two, and the {lost} is gone",
                    )
                )
                continue
            self._link(
                side, (space,), Link(record_id=one.record_id, space_id=one.space_id, method="manual", confidence=1.0, evidence=Evidence())
            )

    def link_by_code(self) -> None:
        """Records that state a GlobalId."""
        by_id: dict[str, list[str]] = defaultdict(list)
        for space in self.spaces.values():
            if space.global_id:
                by_id[space.global_id].append(space.id)
        claims = []
        for record_id, side in self.sides.items():
            found = [id for id in by_id.get(side.record.global_id, ()) if self._free(record_id, id)] if side.record.global_id else []
            if record_id not in self.taken_records and len(found) == 1:
                evidence = compare(side, [self.spaces[found[0]]], self.rules, tier="code")
                claims.append(Claim(record_id=record_id, space_ids=(found[0],), base="code", evidence=evidence, building=1.0))
        self._settle(claims)

    def link_by_number(self) -> None:
        """First what numbers alone say, to learn what the buildings do as a rule; then again with the rules."""
        texts = {
            record_id: read_text(side.record.building, side.storey, side.record.number, self.buildings)
            for record_id, side in self.sides.items()
            if record_id not in self.taken_records
        }
        shelves = {
            building_id: Shelf(
                [ShelfRoom(id=space.id, number=space.number, storey=self.rules.storeys.get(space.storey_id, "")) for space in own]
            )
            for building_id, own in self.by_building.items()
        }
        found: dict[str, list[Sense]] = {}
        for record_id, text in texts.items():
            senses, where, clash = find_senses(text, self.buildings, shelves)
            found[record_id] = senses
            if not senses:
                self._explain(record_id, text, where.ids, clash)
        habits = learn_habits((texts[record_id], senses) for record_id, senses in found.items())
        picked = {record_id: pick_sense(texts[record_id], senses, habits) for record_id, senses in found.items()}
        self._learn(picked)
        self._settle(
            claim
            for record_id, senses in picked.items()
            if senses and (claim := self._claim(record_id, senses, is_far_fetched(texts[record_id], senses[0], habits)))
        )

    def link_by_name(self) -> None:
        """What has no number at all, by name and storey; what has one that is nowhere is only told what it may be."""
        open_records = [side for record_id, side in self.sides.items() if record_id not in self.taken_records]
        open_spaces = [space for id, space in self.spaces.items() if id not in self.taken_spaces]
        claims, ambiguous = link_by_name(open_records, open_spaces, self.buildings, self.rules, self.refused)
        self.items += ambiguous
        self._settle(claims)
        open_spaces = [space for space in open_spaces if space.id not in self.taken_spaces]
        open_records = [side for side in open_records if side.record.id not in self.taken_records]
        for record_id, candidates in suggest(open_records, open_spaces, self.buildings, self.rules).items():
            known = self.reasons.get(record_id, Unmatched(id=record_id, reason="number unknown"))
            self.reasons[record_id] = replace(known, candidates=tuple(dict.fromkeys((*known.candidates, *candidates))))

    def result(self) -> RoomLinks:
        """Everything accounted for."""
        self._tell_differences()
        told = {id: item.record_ids for item in self.items for id in item.space_ids}
        return RoomLinks(
            links=tuple(self.links),
            unmatched_records=tuple(
                self.reasons.get(id, Unmatched(id=id, reason="nothing like it")) for id in self.sides if id not in self.taken_records
            ),
            unmatched_spaces=tuple(
                Unmatched(id=id, reason="contested" if id in told else "no record", candidates=told.get(id, ()))
                for id in self.spaces
                if id not in self.taken_spaces
            ),
            contradictions=tuple(self.items),
            conventions=self._conventions(),
        )

    def _free(self, record_id: str, space_id: str) -> bool:
        return space_id not in self.taken_spaces and (record_id, space_id) not in self.refused

    def _explain(self, record_id: str, text: Text, where: Sequence[str], clash: bool) -> None:
        if clash:
            self.items.append(
                WorkItem(
                    code="LINK_BUILDING_CONTRADICTS",
                    record_ids=(record_id,),
                    space_ids=(),
                    message=f"the building column says {text.building!r}, the room number {text.room!r} another building",
                )
            )
        reason = (
            "building contradicts" if clash else "no such room" if where and text.room else "building unknown" if text.room else "no number"
        )
        self.reasons[record_id] = Unmatched(id=record_id, reason=reason)

    def _claim(self, record_id: str, senses: Sequence[Sense], far_fetched: bool) -> Claim | None:
        """What a record claims: the sense and, where a number is several rooms, the room that storey, name and area speak for."""
        side = self.sides[record_id]
        options: dict[tuple[str, ...], tuple[int, Sense, Evidence]] = {}
        for sense in senses:
            for ids in _choices(sense):
                if any((record_id, id) in self.refused or id in self.taken_spaces for id in ids):
                    continue
                tier = "list" if len(sense.found) > 1 else sense.found[0].tier
                said = sense.reading.storey
                evidence = compare(side, [self.spaces[id] for id in ids], self.rules, tier=tier, reading=sense.reading.kind, said=said)
                if ids not in options or evidence.score() > options[ids][0]:
                    options[ids] = (evidence.score(), sense, evidence)
        ranked = sorted(options.items(), key=lambda option: -option[1][0])
        if not ranked:
            self.reasons[record_id] = Unmatched(id=record_id, reason="taken")
            return None
        ids, (score, sense, evidence) = ranked[0]
        unseen = any(id not in self.by_building for id in sense.building.ids)
        if (sense.building.method == "alike" or far_fetched or unseen) and score < _CLEAR:
            self.reasons[record_id] = Unmatched(id=record_id, reason="doubtful", candidates=ids)
            return None
        if len(ranked) > 1 and ranked[1][1][0] >= score:
            self._ambiguous(record_id, [option for option, _ in ranked])
            return None
        base = evidence.tier if evidence.tier in ("part", "whole", "letter") else "number"
        return Claim(record_id=record_id, space_ids=ids, base=base, evidence=evidence, building=sense.building.confidence)

    def _ambiguous(self, record_id: str, options: Iterable[Sequence[str]]) -> None:
        candidates = tuple(dict.fromkeys(id for option in options for id in option))
        self.reasons[record_id] = Unmatched(id=record_id, reason="ambiguous", candidates=candidates)
        number = self.sides[record_id].record.number
        self.items.append(
            WorkItem(
                code="LINK_AMBIGUOUS",
                record_ids=(record_id,),
                space_ids=candidates,
                message=f"{number!r} may be any of {len(candidates)} rooms",
            )
        )

    def _settle(self, claims: Iterable[Claim]) -> None:
        won, items, lost = settle(claims)
        self.items += items
        for record_id, space_ids in lost.items():
            self.reasons[record_id] = Unmatched(id=record_id, reason="shares its room", candidates=space_ids)
        for claim in won:
            confidence = self.rules.policy.confidence(claim.base, claim.evidence, claim.building)
            method = claim.method
            spaces = [self.spaces[id] for id in claim.space_ids]
            for id in claim.space_ids:
                link = Link(record_id=claim.record_id, space_id=id, method=method, confidence=confidence, evidence=claim.evidence)
                self._link(self.sides[claim.record_id], spaces, link)

    def _link(self, side: Side, spaces: Sequence[SpaceFact], link: Link) -> None:
        self.links.append(link)
        self.taken_records.add(side.record.id)
        self.taken_spaces.update(space.id for space in spaces)

    def _learn(self, picked: Mapping[str, Sequence[Sense]]) -> None:
        storeys: list[tuple[str, str]] = []
        areas: dict[str, list[tuple[float, Sequence[float]]]] = defaultdict(list)
        for record_id, senses in picked.items():
            side = self.sides[record_id]
            if len(senses) != 1 or len(senses[0].ids) != 1 or senses[0].found[0].tier != "number":
                continue
            space = self.spaces[senses[0].ids[0]]
            storeys.append((space.storey_id, side.storey))
            if side.record.usable_area_m2:
                areas[space.building_id].append((side.record.usable_area_m2, area_of([space])))
        self.rules.storey_names = learn_storey_names(storeys)
        self.rules.area_ratios = {building_id: learn_area_ratio(pairs) for building_id, pairs in areas.items()}

    def _tell_differences(self) -> None:
        covered: dict[str, list[Link]] = defaultdict(list)
        for link in self.links:
            covered[link.record_id].append(link)
        for record_id, links in covered.items():
            side, spaces = self.sides[record_id], [self.spaces[link.space_id] for link in links]
            evidence = links[0].evidence if links[0].method != "manual" else compare(side, spaces, self.rules)
            self.items += _differences(side, spaces, evidence)
        for building_id, ratio in self.rules.area_ratios.items():
            if ratio != AREA_AS_IS:
                message = f"the register's areas are {ratio} times those of the model throughout: taken otherwise, not wrong one by one"
                self.items.append(
                    WorkItem(
                        code="LINK_AREA_RATIO",
                        record_ids=(),
                        space_ids=(),
                        message=message,
                        facts={"building": building_id, "ratio": ratio},
                    )
                )

    def _conventions(self) -> dict[str, dict[str, object]]:
        return {
            building_id: {
                "area_ratio": self.rules.area_ratios.get(building_id, AREA_AS_IS),
                "storeys": {
                    space.storey_id: self.rules.storey_names.get(space.storey_id) or self.rules.storeys.get(space.storey_id, "")
                    for space in own
                },
            }
            for building_id, own in self.by_building.items()
        }


def _choices(sense: Sense) -> list[tuple[str, ...]]:
    """The sets of rooms that a sense may mean: all of a list and of a whole, one of what a building has twice."""
    if len(sense.found) == 1 and sense.found[0].tier != "whole":
        return [(id,) for id in sense.found[0].ids]
    return [sense.ids]


def _differences(side: Side, spaces: Sequence[SpaceFact], evidence: Evidence) -> list[WorkItem]:
    record, first = side.record, spaces[0]
    told = (
        ("LINK_STOREY_DIFFERS", evidence.storey, record.storey or record.number, first.storey),
        ("LINK_NAME_DIFFERS", evidence.name, record.name, first.long_name),
        ("LINK_AREA_DIFFERS", evidence.area, record.usable_area_m2, list(area_of(spaces))),
    )
    return [
        WorkItem(
            code=code,
            record_ids=(record.id,),
            space_ids=tuple(space.id for space in spaces),
            message=f"the register says {said!r}, the model {found!r}",
            facts={"register": said, "model": found},
        )
        for code, agrees, said, found in told
        if agrees is False
    ]
