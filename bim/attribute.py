"""Attributes of ifcopenshell entities by name, also where the class of an entity may not have them.

`getattr(entity, "Tag", None)` costs 6 µs where the class has the attribute and 90 µs, once 0.2 s, where it has not: ifcopenshell
then loads the rules of the whole schema. Here a class's names are listed once.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ifcopenshell import ifcopenshell_wrapper

__all__ = ["entity_path", "find_attribute", "find_text", "has_attribute"]


def find_attribute(entity: Any, name: str) -> Any:
    """The value of a direct (not inverse) attribute; None where it is unset, the class has no such attribute, or there is no entity."""
    if entity is None:
        return None
    index = _positions(entity.is_a(True)).get(name)
    return None if index is None else entity[index]


def find_text(entity: Any, name: str) -> str | None:
    """The text of a direct attribute, None as in `find_attribute`; raises TypeError where the file has something else there."""
    value = find_attribute(entity, name)
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{entity_path(entity)}.{name} is no text")


def has_attribute(entity: Any, name: str) -> bool:
    """Whether the entity's class has a direct attribute of this name."""
    return name in _positions(entity.is_a(True))


def entity_path(entity: Any) -> str:
    """How findings and sources name an entity: `#214 IfcWall`."""
    return f"#{entity.id()} {entity.is_a()}"


@lru_cache(maxsize=4096)
def _positions(qualified: str) -> Mapping[str, int]:
    """Attribute name → position, for a class named `IFC4.IfcWall`."""
    schema, _, name = qualified.partition(".")
    declaration = ifcopenshell_wrapper.schema_by_name(schema).declaration_by_name(name).as_entity()
    return {} if declaration is None else {attribute.name(): index for index, attribute in enumerate(declaration.all_attributes())}
