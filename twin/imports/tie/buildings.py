"""Buildings of the registers by every name they go by, and which building of the scene each is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spatial.feature import Feature, Kind
from twin.imports.tie.record_rows import RecordRow, TiedRecords
from twin.imports.tie.scene import Scene
from twin.link.building import BuildingFact, BuildingIndex, BuildingMatch
from twin.link.facts import Decision, Evidence, Link, Unmatched, WorkItem

__all__ = ["buildings_of_rooms", "names_of_record", "record_buildings", "scene_buildings", "tie_buildings"]

SURE = 0.8
"""A building that is only alike in name is a candidate, never a link."""
NAMED = 0.95
"""What a building must be named by where the register puts it into another compound than ours: its code or whole name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    record: RecordRow
    home: bool
    match: BuildingMatch


def record_buildings(records: Sequence[RecordRow], scene: Scene) -> BuildingIndex:
    """The building records, as texts of the registers are looked up among them."""
    homes = any(scene.is_home(one.values["site"] or "") for one in records)
    return BuildingIndex(
        BuildingFact(
            id=str(one.id),
            names=names_of_record(one, scene, homes=homes),
            codes=(one.key,),
            compound=(one.values["site"],) if one.values["site"] and (not homes or scene.is_home(one.values["site"])) else (),
        )
        for one in records
    )


def names_of_record(record: RecordRow, scene: Scene, *, homes: bool) -> tuple[str, ...]:
    """What a building record is called. A bare number (3号楼) is one of our own compound: elsewhere it is said with its compound."""
    name, number, compound = record.values["name"], record.values["number"], record.values["site"]
    foreign = homes and scene.is_home(compound or "") is False
    said = (name, f"{compound}{number}" if foreign and number else number)
    return tuple(dict.fromkeys(filter(None, said)))


def scene_buildings(scene: Scene, records: Sequence[RecordRow], feature_of: Mapping[str, str]) -> BuildingIndex:
    """The buildings of the scene, by their own names and those of the record tied to each."""
    record_at = {feature_of[str(one.id)]: one for one in records if str(one.id) in feature_of}
    return BuildingIndex(_fact(key, site_id, feature, scene, record_at.get(key)) for key, site_id, feature in scene.buildings())


def tie_buildings(
    records: Sequence[RecordRow], scene: Scene, decided: Sequence[Decision], stated: Mapping[str, str] | None = None
) -> TiedRecords:
    """Building records ↔ buildings of the scene by code, name or number, one to one; what is not clear is work for a person.

    `stated` (`buildings_of_rooms`) tells buildings by the GlobalIds of their rooms; it outweighs names.
    """
    told = stated or {}
    index = scene_buildings(scene, (), {})
    made = {one.record_id: one.space_id for one in decided if one.made}
    refused = {(one.record_id, one.space_id) for one in decided if not one.made}
    links = [
        Link(record_id=record, space_id=feature, method="manual", confidence=1.0, evidence=Evidence())
        for record, feature in made.items()
        if feature in scene.rows
    ]
    gone = [(record, feature) for record, feature in made.items() if feature not in scene.rows]
    message = "a person linked the two, and the building is gone"
    items = [WorkItem(code="LINK_DECIDED_LOST", record_ids=(one,), space_ids=(feature,), message=message) for one, feature in gone]
    taken = {link.space_id for link in links}
    unmatched: list[Unmatched] = []
    claims: dict[str, list[_Claim]] = defaultdict(list)
    for record in records:
        known = str(record.id)
        if any(link.record_id == known for link in links):
            continue
        home = scene.is_home(record.values["site"] or "")
        match = BuildingMatch(ids=(told[known],), method="code", confidence=1.0) if known in told else _find(index, record, home)
        found = [one for one in _of_models(match.ids, scene) if (known, one) not in refused and one not in taken]
        if len(found) == 1:
            claims[found[0]].append(_Claim(record=record, home=home is True, match=match))
        elif found:
            items.append(_may_be(record, found))
            unmatched.append(Unmatched(id=known, reason="ambiguous", candidates=tuple(found)))
        else:
            unmatched.append(Unmatched(id=known, reason="not in the scene"))
    for feature, rivals in claims.items():
        rivals.sort(key=_rank, reverse=True)
        if len(rivals) > 1 and _rank(rivals[0]) == _rank(rivals[1]):
            records_of = tuple(str(one.record.id) for one in rivals)
            message = f"{len(rivals)} building records may be {feature}"
            items.append(WorkItem(code="LINK_AMBIGUOUS", record_ids=records_of, space_ids=(feature,), message=message))
            unmatched += [Unmatched(id=one, reason="ambiguous", candidates=(feature,)) for one in records_of]
            continue
        best, *others = rivals
        sure = round(0.97 * best.match.confidence, 3)
        links.append(Link(record_id=str(best.record.id), space_id=feature, method="name", confidence=sure, evidence=Evidence(name=True)))
        unmatched += [Unmatched(id=str(one.record.id), reason="another is it rather", candidates=(feature,)) for one in others]
    return TiedRecords(links=links, items=items, unmatched=unmatched)


def buildings_of_rooms(rooms: Sequence[RecordRow], index: BuildingIndex, scene: Scene) -> dict[str, str]:
    """Building record → building of the scene, where the rooms of the one that state a GlobalId all lie in the other."""
    spaces = scene.spaces_by_global_id()
    found: dict[str, set[str]] = defaultdict(set)
    for room in rooms:
        space = spaces.get(room.global_id) if room.global_id else None
        named = index.find(room.values["building"] or "").ids if space else ()
        if space and len(named) == 1:
            site_id, row = scene.rows[space]
            found[named[0]].add(scene.building_of(site_id, row.feature))
    return {record: next(iter(keys)) for record, keys in found.items() if len(keys) == 1 and keys != {""}}


def _rank(claim: _Claim) -> tuple[bool, float]:
    return claim.home, claim.match.confidence


def _find(index: BuildingIndex, record: RecordRow, home: bool | None) -> BuildingMatch:
    foreign = home is False
    texts = (record.global_id, record.key, record.values["name"], *(() if foreign else (record.values["number"],)))
    for text in texts:
        match = index.find(text) if text else BuildingMatch()
        if match.ids and match.confidence >= (NAMED if foreign else SURE) and not (foreign and match.method == "number"):
            return match
    return BuildingMatch()


def _of_models(ids: Sequence[str], scene: Scene) -> list[str]:
    """Of several, those that a model draws rather than the city's block of the same name."""
    drawn = [one for one in ids if scene.rows[one][1].feature.kind is Kind.BUILDING]
    return drawn or list(ids)


def _may_be(record: RecordRow, found: Sequence[str]) -> WorkItem:
    said = f"{record.values['name'] or record.key} may be {len(found)} buildings of the scene"
    return WorkItem(code="LINK_AMBIGUOUS", record_ids=(str(record.id),), space_ids=tuple(found), message=said)


def _fact(key: str, site_id: int, feature: Feature, scene: Scene, record: RecordRow | None) -> BuildingFact:
    own = [feature.name, feature.long_name]
    if record is not None:
        own += [record.values["name"], record.values["number"]]
    return BuildingFact(
        id=key,
        names=tuple(dict.fromkeys(filter(None, own))),
        codes=(feature.id, feature.id.split(":", 1)[-1], *((record.key,) if record else ())),
        compound=(scene.sites[site_id].name,),
    )
