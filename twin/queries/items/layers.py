"""Layers of GIS files as they were imported: what their rows are called, and their attributes with the type of all values of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from spatial.feature import Kind
from twin.auth import Labels
from twin.store import Store, schema
from twin.store.values import from_json

__all__ = ["Layer", "attribute_type", "read_layers"]

ROW = " fid "
"""What a row of a vector file is named by in it: `roads fid 3`."""
FEATURE, IDENTITY, MODEL, SITE = schema.feature.c, schema.identity.c, schema.model.c, schema.site.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of an imported file: `name` in the file, and `alone` where the file has no other.

    `attributes` are its columns in their order → `integer`, `number`, `boolean` or `string`; `labels` are those its rows have.
    """

    site: str
    model: str
    name: str
    alone: bool
    attributes: Mapping[str, str]
    labels: frozenset[str]

    @property
    def id(self) -> str:
        """What its collection is called: the key it was imported under, with its own name where the file has several layers."""
        return self.model if self.alone else f"{self.model}.{self.name}"

    @property
    def prefix(self) -> str:
        """What the ids of its features begin with."""
        return f"{self.model}:{self.name}/"

    def is_seen_by(self, labels: Labels) -> bool:
        """Whether a reader with these labels may know of a row of it."""
        return labels is None or bool(self.labels & labels)


def read_layers(store: Store, site: str, model: str) -> list[Layer]:
    """The layers of a model as they are now, by name; none where it was read from something else than a vector file."""
    query = (
        select(FEATURE.source_entity, FEATURE.properties, FEATURE.label)
        .join(schema.model, MODEL.id == FEATURE.model_id)
        .join(schema.site, SITE.id == MODEL.site_id)
        .where(SITE.code == site, MODEL.key == model, FEATURE.revision_to.is_(None), FEATURE.kind == Kind.CITY_OBJECT)
        .order_by(FEATURE.id)
    )
    found: dict[str, dict[str, set[type]]] = {}
    labels: dict[str, set[str]] = {}
    with store.database.reading() as connection:
        for entity, properties, label in connection.execution_options(yield_per=1000).execute(query):
            name, row, _ = str(entity).partition(ROW)
            if row:
                labels.setdefault(name, set()).add(label)
                _note(found.setdefault(name, {}), from_json(properties).get("attributes", {}))
    alone = len(found) == 1
    return [
        Layer(
            site=site,
            model=model,
            name=name,
            alone=alone,
            attributes={column: attribute_type(types) for column, types in columns.items()},
            labels=frozenset(labels[name]),
        )
        for name, columns in sorted(found.items())
    ]


def attribute_type(types: Iterable[type]) -> str:
    """The type of a column whose values have these types.

    >>> attribute_type([int, float]), attribute_type([int]), attribute_type([int, str]), attribute_type([])
    ('number', 'integer', 'string', 'string')
    """
    known = set(types)
    if known == {bool}:
        return "boolean"
    if known == {int}:
        return "integer"
    return "number" if known and known <= {int, float} else "string"


def _note(columns: dict[str, set[type]], attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        types = columns.setdefault(name, set())
        if value is not None:
            types.add(type(value))
