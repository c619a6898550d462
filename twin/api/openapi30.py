"""The OpenAPI document as version 3.0, which class `oas30` of OGC API Features wants (17-069r4, 9): 3.1 brought JSON Schema's own words.

What 3.0 has no word for is said wider, never narrower: a tuple is an array of any of its items.
"""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["OPENAPI_30", "as_openapi_30"]

OPENAPI_30 = "application/vnd.oai.openapi+json;version=3.0"
VERSION = "3.0.3"
UNKNOWN = ("$defs", "$schema", "contentEncoding", "contentMediaType", "patternProperties", "propertyNames", "unevaluatedProperties")
ONE, MANY, NAMED = ("items", "not", "additionalProperties"), ("allOf", "anyOf", "oneOf"), "properties"
NULL = {"type": "null"}


def as_openapi_30(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same operations in words of 3.0.3; the document that is given stays as it is."""
    found: dict[str, Any] = _walked(document)
    found["openapi"] = VERSION
    schemas = found.get("components", {}).get("schemas", {})
    found["components"] = {**found.get("components", {}), "schemas": {name: _schema(one) for name, one in schemas.items()}}
    return found


def _walked(node: Any) -> Any:
    """Everything outside schemas as it is, `schema` in words of 3.0."""
    if isinstance(node, Mapping):
        return {name: _schema(value) if name == "schema" else _walked(value) for name, value in node.items()}
    return [_walked(one) for one in node] if isinstance(node, list) else node


def _schema(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    found = dict(_members(schema))
    nullable = found.pop("nullable", False)
    for name in ("anyOf", "oneOf"):
        if len(found.get(name, ())) == 1:
            (only,) = found.pop(name)
            found = {**only, **found} if "$ref" not in only else {**found, "allOf": [only]}
    if "$ref" in found and len(found) > 1:
        found = {**{name: value for name, value in found.items() if name != "$ref"}, "allOf": [{"$ref": found["$ref"]}]}
    return {**found, "nullable": True} if nullable else found


def _members(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        if name in UNKNOWN:
            continue
        if name == "type" and isinstance(value, list):
            yield from _types(value)
        elif name == "const":
            yield "enum", [value]
        elif name == "examples":
            yield "example", value[0]
        elif name in ("exclusiveMinimum", "exclusiveMaximum") and not isinstance(value, bool):
            yield name, True
            yield {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}[name], value
        elif name == "prefixItems":
            yield "items", {"anyOf": [_schema(one) for one in value]}
        elif name == NAMED:
            yield name, {key: _schema(one) for key, one in value.items()}
        elif name in MANY:
            yield name, [_schema(one) for one in value if one != NULL]
            if NULL in value:
                yield "nullable", True
        else:
            yield name, _schema(value) if name in ONE else value


def _types(said: list[str]) -> Iterator[tuple[str, Any]]:
    named = [one for one in said if one != "null"]
    if len(named) == 1:
        yield "type", named[0]
    else:
        yield "anyOf", [{"type": one} for one in named]
    if "null" in said:
        yield "nullable", True
