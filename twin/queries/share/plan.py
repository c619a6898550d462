"""A dataset and a receiver of a catalogue against the collections there are: what will leave, or why it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spatial.issue import Issue, Severity
from twin.errors import Invalid, NotFound, Refused
from twin.queries.cql2 import Filter, parse
from twin.queries.items.asked import Asked
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.crs import CRS84, OutputCrs, find_crs, list_crs
from twin.queries.items.query import item_query
from twin.queries.share.definition import Dataset, Definition, Receiver, SharedField
from twin.queries.share.fields import GEOMETRY, Field, fields_of
from twin.queries.share.masks import MASKS
from twin.records.scope import Reader

__all__ = ["Plan", "SharedColumn", "check_plans", "make_plan", "require_sound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedColumn:
    """A field as it leaves: its type after the mask, and its names."""

    shared: SharedField
    type: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What leaves of a dataset to a receiver: `columns` without the geometry, which `shape` says of."""

    dataset: Dataset
    receiver: Receiver
    collection: Collection
    reader: ItemReader
    columns: tuple[SharedColumn, ...]
    shape: SharedField | None
    crs: OutputCrs
    filters: tuple[Filter, ...]

    @property
    def needs_key(self) -> bool:
        """Whether a pseudonym is made of anything."""
        return self.dataset.hashed or any(one.shared.mask is not None and one.shared.mask.kind == "hash" for one in self.columns)


def make_plan(catalogue: Catalogue, definition: Definition, receiver: str, dataset: str) -> Plan:
    """The plan of a dataset for a receiver; raises Refused with the first finding on it."""
    require_sound(definition.issues)
    found = definition.datasets.get(dataset)
    if found is None or receiver not in found.receivers:
        raise Refused(f"dataset {dataset} is not shared with {receiver}", code="SHARE_RECEIVER_UNKNOWN", path=receiver)
    plan, issues = _planned(catalogue, definition.receivers[receiver], found)
    require_sound(issues)
    assert plan is not None
    return plan


def check_plans(catalogue: Catalogue, definition: Definition) -> list[Issue]:
    """All that is wrong with a catalogue, against the collections there are too where it is sound by itself."""
    issues = list(definition.issues)
    for dataset in definition.datasets.values():
        for name in dataset.receivers:
            if name in definition.receivers:
                issues += _planned(catalogue, definition.receivers[name], dataset)[1]
    return list(dict.fromkeys(issues))


def require_sound(issues: Sequence[Issue]) -> None:
    """Raise Refused for the first finding, and say how many there are."""
    if issues:
        first = issues[0]
        more = f" (and {len(issues) - 1} more)" if issues[1:] else ""
        raise Refused(
            f"{first.path}: {first.message}{more}", code=first.code, path=first.path, hint="twin export check CATALOGUE lists all"
        )


def reader_for(catalogue: Catalogue, receiver: Receiver) -> ItemReader:
    """What the receiver may know of, as questions to collections take it; no person, and amounts of money only where they may leave."""
    units = None if "*" in receiver.units else receiver.units
    records = Reader(name=receiver.name, labels=receiver.labels, units=units, persons=False, values=receiver.values)
    return catalogue.reader(receiver.sites, receiver.labels, records)


def _planned(catalogue: Catalogue, receiver: Receiver, dataset: Dataset) -> tuple[Plan | None, list[Issue]]:
    issues: list[Issue] = []

    def note(code: str, path: str, message: str) -> None:
        issues.append(Issue(code=code, path=f"dataset.{dataset.name}.{path}", message=message, severity=Severity.ERROR))

    reader = reader_for(catalogue, receiver)
    _check_receiver(catalogue, receiver, issues)
    try:
        collection = catalogue.get(reader, dataset.collection)
    except NotFound:
        note("SHARE_COLLECTION_UNKNOWN", "collection", f"{receiver.name} may know of no collection {dataset.collection!r}")
        return None, issues
    filters: tuple[Filter, ...] = ()
    crs = OutputCrs(CRS84, None, "none")
    try:
        filters = _filters(catalogue, dataset, collection, reader)
        crs = find_crs(dataset.crs, list_crs([site.crs for site in reader.sites.values()])) if dataset.crs else crs
    except Invalid as error:
        note("SHARE_VALUE_INVALID", "filter" if error.code == "FILTER_INVALID" else "crs", error.message)
    if dataset.format == "parquet" and crs.plan is not None:
        note("SHARE_VALUE_INVALID", "crs", f"a GeoParquet file is in degrees: {CRS84}")
    known = fields_of(collection, reader)
    columns: list[SharedColumn] = []
    shape: SharedField | None = None
    for one in dataset.fields:
        here = known.get(one.name)
        if here is None:
            note("SHARE_FIELD_UNKNOWN", f"field.{one.name}", f"no field of {dataset.collection}, or not for {receiver.name}")
            continue
        if one.mask is not None and here.type not in MASKS[one.mask.kind].types:
            note("SHARE_MASK_INVALID", f"field.{one.name}", f"mask {one.mask.kind} is not for a {here.type}")
            continue
        if one.mask is not None and one.mask.kind == "drop":
            continue
        if one.name == GEOMETRY:
            shape = one
            continue
        zh, en = one.zh or here.zh, one.en or here.en
        if not zh or not en:
            note("SHARE_VALUE_MISSING", f"field.{one.name}", "名称 and 名称英文: nobody has named this field yet")
        columns.append(_column(one, here, zh, en))
    if issues:
        return None, issues
    plan = Plan(
        dataset=dataset,
        receiver=receiver,
        collection=collection,
        reader=reader,
        columns=tuple(columns),
        shape=shape,
        crs=crs,
        filters=filters,
    )
    return plan, []


def _filters(catalogue: Catalogue, dataset: Dataset, collection: Collection, reader: ItemReader) -> tuple[Filter, ...]:
    """The filter, asked once so that what it names is known to be there; raises Invalid."""
    if dataset.filter is None:
        return ()
    found = (parse(dataset.filter, "cql2-text"),)
    with catalogue.store.database.reading() as connection:
        item_query(connection, catalogue, collection, reader, Asked(filters=found))
    return found


def _column(shared: SharedField, known: Field, zh: str, en: str) -> SharedColumn:
    return SharedColumn(shared=shared, type=shared.mask.type_of(known.type) if shared.mask else known.type, zh=zh, en=en)


def _check_receiver(catalogue: Catalogue, receiver: Receiver, issues: list[Issue]) -> None:
    sites = catalogue.store.site_ids().values()
    known = {label for site in sites for label in catalogue.store.label_policy(site.code).labels}
    for what, named, there in (("labels", receiver.labels, known), ("sites", receiver.sites - {"*"}, {site.code for site in sites})):
        for name in sorted(named - there):
            path, message = f"receiver.{receiver.name}.{what}", f"there is no {what[:-1]} {name!r}"
            issues.append(Issue(code="SHARE_VALUE_INVALID", path=path, message=message, severity=Severity.ERROR))
