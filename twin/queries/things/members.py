"""The members of an entity as a client sends them: looked at, never guessed (OGC 18-088 §8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.live.things import EntityType, Id
from twin.queries.things.derived import GEOJSON
from twin.queries.things.errors import ThingInvalid
from twin.queries.things.odata.values import LiteralInvalid, TimeSpan, as_geometry, as_span, span_text

__all__ = ["checked_members", "given_id", "is_link", "span_of"]

GEOJSON_TYPES = frozenset({GEOJSON, "application/vnd.geo+json", "application/geo+json; charset=utf-8"})
TEXTS = frozenset({"name", "description", "encodingType", "definition", "observationType"})
OBJECTS = frozenset({"properties", "parameters", "unitOfMeasurement"})
TIMES = frozenset({"phenomenonTime", "resultTime", "validTime", "time"})
LONGEST_TEXT = 10_000
LONGEST_ID = 200


def checked_members(kind: EntityType, document: Mapping[str, Any], *, whole: bool = True) -> dict[str, Any]:
    """The members a document gives, times as the service tells them; `whole` where all required ones must be there.

    Names with `@` in them and derived members are passed by: a client may send back what it was told. Raises ThingInvalid.
    """
    found: dict[str, Any] = {}
    for name, value in document.items():
        if "@" in name or name in kind.derived or name in kind.navigations or name == "id":
            continue
        if name not in kind.members:
            raise ThingInvalid(f"a {kind.name} has no {name}", path=name, hint=f"one of {', '.join([*kind.members, *kind.navigations])}")
        if value is None and name not in kind.required:
            found[name] = None
            continue
        found[name] = _checked(kind, name, value)
    missing = sorted(one for one in kind.required if found.get(one) is None and not (one in found and one == "result"))
    if whole and missing:
        raise ThingInvalid(f"a {kind.name} without {', '.join(missing)}", path=missing[0])
    for geometry in ("location", "feature"):
        if geometry in found and str(found.get("encodingType", "")).lower() in GEOJSON_TYPES and as_geometry(found[geometry]) is None:
            raise ThingInvalid(f"{geometry} is no GeoJSON", path=geometry, hint="a geometry or a Feature of RFC 7946, lon lat")
    return found


def given_id(document: Mapping[str, Any]) -> Id | None:
    """The id a client gives, None where it gives none."""
    said = document.get("@iot.id")
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | str):
        raise ThingInvalid("@iot.id is a number or a text", path="@iot.id")
    if isinstance(said, str) and not 0 < len(said) <= LONGEST_ID:
        raise ThingInvalid(f"@iot.id has 1 to {LONGEST_ID} characters", path="@iot.id")
    return said


def is_link(document: Any) -> bool:
    """Whether a document names an entity and says nothing of it."""
    return isinstance(document, dict) and "@iot.id" in document and all("@" in name for name in document)


def span_of(value: Any, name: str) -> TimeSpan:
    """A time as a client writes it; raises ThingInvalid."""
    if not isinstance(value, str):
        raise ThingInvalid(f"{name} is a text of ISO 8601", path=name)
    try:
        return as_span(value)
    except LiteralInvalid as error:
        raise ThingInvalid(f"{name}: {error}", path=name, hint="2026-11-26T08:00:00Z, or two of them with / between") from None


def _checked(kind: EntityType, name: str, value: Any) -> Any:
    if name in TEXTS:
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or (name == "name" and not value.strip()):
            raise ThingInvalid(f"{name} of a {kind.name} is a text of at most {LONGEST_TEXT:,} characters", path=name)
    elif name in OBJECTS:
        if not isinstance(value, dict):
            raise ThingInvalid(f"{name} of a {kind.name} is an object of JSON", path=name)
    elif name in TIMES:
        span = span_of(value, name)
        if name in ("resultTime", "time") and not span.is_instant:
            raise ThingInvalid(f"{name} is one moment", path=name)
        return span_text(span.start_us, span.end_us)
    return value
