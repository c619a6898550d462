"""Observations as rows of an array (OGC 18-088 §12): told by `$resultFormat=dataArray`, taken by CreateObservations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from twin.live.things import TYPES, Entity
from twin.queries.things.answers import Answers
from twin.queries.things.errors import ThingInvalid
from twin.queries.things.members import given_id
from twin.queries.things.odata.nodes import Options
from twin.queries.things.path import Target
from twin.queries.things.view import View

__all__ = ["ARRAY_FORMAT", "array_document", "documents_of"]

ARRAY_FORMAT = "dataArray"
USUAL = ("phenomenonTime", "result", "resultTime", "resultQuality", "validTime", "parameters")
MOST_ROWS = 10_000


def array_document(view: View, answers: Answers, target: Target, options: Options, path: str) -> dict[str, Any]:
    """A page of observations by datastream: `components` name the columns of `dataArray`."""
    rows, more, count = answers.rows(target, options)
    chosen = options.select or ("id", *USUAL)
    names = ["id" if name == "@iot.id" else name for name in chosen if name in ("id", "@iot.id") or name in TYPES["Observation"].members]
    found: dict[str, Any] = {} if count is None else {"@iot.count": count}
    if more:
        found["@iot.nextLink"] = answers.next_link(path, target, options, rows, {"$resultFormat": ARRAY_FORMAT})
    found["value"] = [
        _group(answers, view.one(group[0], "Datastream"), names, group)
        for group in (list(same) for _, same in groupby(rows, key=lambda one: one.links["Datastream"]))
    ]
    return found


def documents_of(body: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each row of CreateObservations as (datastream's id, document); raises ThingInvalid for a body of another form."""
    if not isinstance(body, list) or sum(len(one["dataArray"]) for one in body if _has_rows(one)) > MOST_ROWS:
        raise ThingInvalid(f"CreateObservations takes a list with at most {MOST_ROWS:,} rows", path="body", code="THING_INVALID")
    for group in body:
        if not _has_rows(group) or not isinstance(group.get("Datastream"), dict):
            raise ThingInvalid("each has Datastream, components and dataArray", path="body")
        name = given_id(group["Datastream"])
        components = group.get("components")
        if (
            not isinstance(components, list)
            or not all(isinstance(one, str) for one in components)
            or len(set(components)) < len(components)
        ):
            raise ThingInvalid("components is a list of different names", path="components")
        for row in group["dataArray"]:
            yield name, _document(components, row)


def _group(answers: Answers, datastream: Entity | None, names: Sequence[str], rows: Sequence[Entity]) -> dict[str, Any]:
    values = [[one.id if name == "id" else one.body.get(name) for name in names] for one in rows]
    link = {} if datastream is None else {"Datastream@iot.navigationLink": answers.address(datastream)}
    return {**link, "components": list(names), "dataArray@iot.count": len(values), "dataArray": values}


def _has_rows(group: Any) -> bool:
    return isinstance(group, dict) and isinstance(group.get("dataArray"), list)


def _document(components: Sequence[str], row: Any) -> dict[str, Any]:
    if not isinstance(row, list) or len(row) != len(components):
        raise ThingInvalid(f"a row of {len(components)} values was expected", path="dataArray")
    found: dict[str, Any] = {}
    for name, value in zip(components, row, strict=True):
        if name == "FeatureOfInterest/id":
            found["FeatureOfInterest"] = {"@iot.id": value}
        elif value is not None or name == "result":
            found["@iot.id" if name == "id" else name] = value
    return found
