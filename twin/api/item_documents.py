"""The documents of OGC API Features, as OpenAPI describes them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import Link

__all__ = ["CollectionDocument", "CollectionList", "Conformance", "Queryables"]


class Conformance(BaseModel):
    """一致性类 · conformance classes."""

    conformsTo: list[str]


class CollectionDocument(BaseModel):
    """集合 · a collection."""

    id: str
    title: str
    itemType: str
    crs: list[str]
    storageCrs: str
    extent: dict[str, Any] | None = None
    links: list[Link]


class CollectionList(BaseModel):
    """集合列表 · the collections."""

    links: list[Link]
    collections: list[CollectionDocument]


class Queryables(BaseModel):
    """可查询的属性 · a JSON Schema of what a filter may name."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    properties: dict[str, Any] = Field(default_factory=dict)
