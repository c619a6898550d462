"""Assets tied to the elements of the models by GlobalId, code, tag and serial, and where those elements are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, select

from spatial.feature import Feature, Kind
from twin.imports.tie.links import MANUAL, StandingLink, decided_links, standing_links
from twin.imports.tie.placing import TiedElements
from twin.imports.tie.revised import changed_since
from twin.imports.tie.scene import Scene, feature_key
from twin.link import ELEMENT_COLUMNS, Link, WorkItem, element_row, match_elements
from twin.link.facts import Evidence
from twin.placement import Elements
from twin.records.counters import clock_of
from twin.store import FeatureRow, Store
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ElementTie", "tie_elements", "tied_elements"]

FETCH = 50_000
KEYS = ("global_id", "code", "tag", "serial")
NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementTie:
    """Links of assets to elements (ids are record ids and feature keys), findings, and the links that ended with their element."""

    links: list[Link]
    items: list[WorkItem]
    standing: list[StandingLink]
    lost: frozenset[int]


def tie_elements(store: Store, scene: Scene) -> ElementTie:
    """Links of all visible assets to all elements by their keys.

    What a person decided stays; so does a link whose element kept its GlobalId but not its tag, as long as nobody changed the
    asset. A link whose element is gone and that found no other is `LINK_ELEMENT_LOST`.
    """
    elements, there = _element_table(store, scene)
    with store.database.reading() as connection:
        standing, lost_before = standing_links(connection, "asset"), standing_links(connection, "asset", state="lost")
        links, items = _matched(connection, elements) if elements.num_rows else ([], [])
        changed = changed_since(connection, standing)
        refused = {(one.record_id, one.space_id) for one in decided_links(connection, "asset") if not one.made}
    decided = [one.as_link() for one in standing if one.method == MANUAL and one.feature in there]
    links = decided + [link for link in _besides(decided, links) if (link.record_id, link.space_id) not in refused]
    kept = [one.as_link() for one in standing if one.method != MANUAL and one.feature in there and one.id not in changed]
    links += [link for link in _besides(links, kept) if (link.record_id, link.space_id) not in refused]
    linked = {link.record_id for link in links}
    lost = [one for one in standing if one.feature not in there]
    told = {str(one.record_id): one for one in (*lost_before, *lost) if str(one.record_id) not in linked and one.feature not in there}
    return ElementTie(
        links=links,
        items=[*items, *(_lost(one) for one in told.values())],
        standing=standing,
        lost=frozenset(one.id for one in lost if one.method != MANUAL),
    )


def _besides(first: Sequence[Link], then: Sequence[Link]) -> list[Link]:
    """Of the later links those whose asset and element the first ones leave free."""
    taken = {link.record_id for link in first} | {link.space_id for link in first}
    return [link for link in then if not {link.record_id, link.space_id} & taken]


def tied_elements(
    store: Store, connection: Connection, scene: Scene, place_at: Mapping[str, int], row_of_place: Mapping[int, int]
) -> TiedElements:
    """The elements that assets are linked to, with where they stand; `place_at` is feature key → place id."""
    links = standing_links(connection, "asset")
    wanted: dict[int, set[str]] = {}
    for one in links:
        site, feature_id = one.feature.split("/", 1)
        wanted.setdefault(int(site), set()).add(feature_id)
    row_of: dict[str, int] = {}
    xyz: list[tuple[float, float, float]] = []
    places: list[int] = []
    for site_id, ids in wanted.items():
        for row in store.find_features(ids, None, site=scene.sites[site_id].code).values():
            row_of[feature_key(site_id, row.feature.id)] = len(xyz)
            xyz.append(_top(row))
            places.append(row_of_place.get(_place_of(site_id, row.feature, place_at), NONE))
    elements = Elements(xyz=np.array(xyz, dtype=np.float64).reshape(-1, 3), place=np.array(places, dtype=np.int64))
    return TiedElements(elements=elements, of_record={one.record_id: row_of[one.feature] for one in links if one.feature in row_of})


def _top(row: FeatureRow) -> tuple[float, float, float]:
    if row.box is None:
        return (np.nan, np.nan, np.nan)
    low, high = row.box
    return (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2, float(high[2]))


def _place_of(site_id: int, feature: Feature, place_at: Mapping[str, int]) -> int:
    above = (feature.space, feature.storey, feature.building)
    return next((place_at[key] for one in above if one and (key := feature_key(site_id, one)) in place_at), NONE)


def _element_table(store: Store, scene: Scene) -> tuple[pa.Table, set[str]]:
    """The elements that state a key, and what every element is called."""
    import pyarrow as pa

    there: set[str] = set()
    rows: list[dict[str, str]] = []
    for site_id, site in scene.sites.items():
        for row in store.features(site.code, None, kinds={Kind.ELEMENT}):
            feature = row.feature
            there.add(feature_key(site_id, feature.id))
            global_id = feature.source.global_id or ""
            stated = element_row(feature_key(site_id, feature.id), global_id, feature.class_name, feature.properties)
            if any(stated[name] for name in ELEMENT_COLUMNS[2:]):
                rows.append(stated)
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in ELEMENT_COLUMNS}), there


def _matched(connection: Connection, elements: pa.Table) -> tuple[list[Link], list[WorkItem]]:
    """Two passes: which assets an element may be at all, share by share; then what those mean among each other.

    A key that several elements bear is work for a person where an asset bears it too.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    doubled = pa.array([str(item.facts["key"]) for item in match_elements(_no_assets(), elements).items], pa.string())
    kept: list[pa.Table] = [_no_assets()]
    claimed: set[str] = set()
    for share in _assets(connection):
        found = match_elements(share, elements)
        named = {*found.links["asset_id"].to_pylist(), *(one for item in found.items for one in item.record_ids)}
        if named:
            kept.append(share.filter(pc.is_in(share["id"], value_set=pa.array(sorted(named)))))
        claimed |= _borne(share, doubled)
    found = match_elements(pa.concat_tables(kept), elements)
    links = [
        Link(
            record_id=row["asset_id"],
            space_id=row["element_id"],
            method="code",
            confidence=row["confidence"],
            evidence=Evidence(tier="code", reading=row["method"]),
        )
        for row in found.links.to_pylist()
    ]
    return links, [item for item in found.items if item.code != "LINK_KEY_NOT_UNIQUE" or item.facts["key"] in claimed]


def _borne(share: pa.Table, keys: pa.Array) -> set[str]:
    """Which of some keys the assets of a share bear."""
    import pyarrow.compute as pc

    borne: set[str] = set()
    for name in KEYS if len(keys) else ():
        folded = pc.utf8_upper(pc.utf8_normalize(share[name], form="NFKC"))
        folded = pc.replace_substring_regex(folded, pattern=r"\s+", replacement="")
        borne |= set(folded.filter(pc.is_in(folded, value_set=keys)).to_pylist())
    return borne


def _no_assets() -> pa.Table:
    import pyarrow as pa

    return pa.table({name: pa.array([], pa.string()) for name in ("id", *KEYS, "name", "class_code")})


def _assets(connection: Connection) -> Iterator[pa.Table]:
    """The visible assets as `match_elements` takes them, in shares."""
    import pyarrow as pa
    import pyarrow.compute

    asset, article, now = schema.kind_table("asset"), schema.article, clock_of(connection, "asset")
    query = (
        select(asset.c.record_id, asset.c.global_id, asset.c.code, asset.c.tag, asset.c.serial, article.c.name, article.c.class_code)
        .outerjoin(article, article.c.id == asset.c.article_id)
        .where(asset.c.since <= now, asset.c.until > now, asset.c.ended.is_(None))
    )
    names = ("id", *KEYS, "name", "class_code")
    for rows in connection.execution_options(yield_per=FETCH).execute(query).partitions():
        columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True))
        yield pa.table(
            {
                name: pa.array([None if one is None else str(one) for one in column], pa.string())
                for name, column in zip(names, columns, strict=True)
            }
        )


def _lost(link: StandingLink) -> WorkItem:
    return WorkItem(
        code="LINK_ELEMENT_LOST",
        record_ids=(str(link.record_id),),
        space_ids=(link.feature,),
        message=f"the new revision has no {link.feature}",
        facts={"method": link.method},
    )
