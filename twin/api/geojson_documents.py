"""GeoJSON (RFC 7946) and JSON-FG (OGC 21-045r1) as OpenAPI describes them: what `twin.queries.items.encode` writes."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import Link, bilingual

__all__ = ["GEOJSON_MODELS", "Feature", "FeatureCollection", "JsonFgFeature", "JsonFgFeatureCollection", "reference"]


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _GeoJson(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Geometry(BaseModel):
    """几何 · a geometry: coordinates in the CRS that Content-Crs names, in its authority's order of axes."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"]
    coordinates: list[Any] = Field(default_factory=list)
    geometries: list["Geometry"] = Field(default_factory=list)


class Solid(BaseModel):
    """JSON-FG 的棱柱或几何 · a prism of JSON-FG, several, or a geometry."""

    model_config = ConfigDict(extra="allow")

    type: str


class Interval(_GeoJson):
    """有效时段 · from when until when."""

    interval: list[str] = Field(min_length=2, max_length=2)


class Feature(_GeoJson):
    """要素 · a feature."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry | None
    properties: dict[str, Any] | None
    links: list[Link] = Field(default_factory=list)


class FeatureCollection(_GeoJson):
    """一页要素 · a page of features."""

    type: Literal["FeatureCollection"]
    links: list[Link]
    numberReturned: int
    numberMatched: int = _field("准确数量;不明则无", "exact; left out where it is not counted", default=0)
    features: list[Feature]


class JsonFgFeature(Feature):
    """JSON-FG 要素 · a feature of JSON-FG: `geometry` in degrees, `place` in its CRS or as a prism."""

    featureType: str
    place: Solid | None
    time: Interval | None
    coordRefSys: str
    conformsTo: list[str] = Field(default_factory=list)


class JsonFgFeatureCollection(FeatureCollection):
    """一页 JSON-FG 要素 · a page of features of JSON-FG."""

    features: list[JsonFgFeature]  # type: ignore[assignment]
    conformsTo: list[str]
    featureType: str


GEOJSON_MODELS = (FeatureCollection, JsonFgFeatureCollection)
"""With all they name: what FastAPI does not see, since the bytes are written without it."""


def reference(model: type[BaseModel]) -> dict[str, str]:
    """Where the document keeps the schema of a model."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}
