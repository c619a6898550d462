"""The text of a CityJSON file or CityJSONSeq: its objects, vertices and templates in the file's own coordinates, nothing placed yet.

What breaks the structure (CityJSON 2.0.1, sections 2 and 4) refuses the file; an id that is used twice keeps both objects.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cim.errors import CityFileInvalid, CityJsonVersionUnsupported
from spatial.issue import Issue, Severity
from spatial.mesh import Float64

__all__ = ["CityModel", "is_cityjson", "read_city_model"]

VERSIONS = ("1.0", "1.1", "2.0")
SNIFF_BYTES = 4096
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class CityModel:
    """A city model: `block[id]` says which array of `vertices` (n, 3) an object's indices count in; templates in their own frame."""

    version: str
    reference_system: str | None
    templates: Sequence[Object]
    template_vertices: Float64
    objects: Mapping[str, Object]
    block: Mapping[str, int]
    vertices: Sequence[Float64]
    issues: tuple[Issue, ...]


def is_cityjson(path: Path) -> bool:
    """Whether a file says it is CityJSON or CityJSONSeq, told from its name or its content."""
    name = path.name.lower()
    if name.endswith((".city.json", ".city.jsonl", ".jsonl", ".cityjson", ".cityjsonl")):
        return True
    with path.open("rb") as stream:
        head = stream.read(SNIFF_BYTES)
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return False
    return b'"CityJSON"' in head or (name.endswith(".json") and b'"CityObjects"' in path.read_bytes())


def read_city_model(path: Path, file: str) -> CityModel:
    """The model of a file that came under the name `file`; raises CityFileInvalid, CityJsonVersionUnsupported."""
    documents = _documents(path, file)
    head = documents[0] if documents else {}
    if not isinstance(head, dict) or head.get("type") != "CityJSON":
        raise CityFileInvalid(f"{file} does not start with a CityJSON object", hint="CityJSON 1.0, 1.1 or 2.0, or CityJSONSeq")
    version = str(head.get("version", ""))
    if version not in VERSIONS and not version.startswith(tuple(f"{v}." for v in VERSIONS)):
        raise CityJsonVersionUnsupported(f"{file} is CityJSON {version or 'of no version'}", hint="upgrade it to 1.0 or later with cjio")
    try:
        return _assembled(version, documents, file)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CityFileInvalid(f"{file}: {type(error).__name__} {error} in its CityJSON structure", hint="check it with cjval") from error


def _documents(path: Path, file: str) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CityFileInvalid(f"{file} is not UTF-8: {error}", hint="export it again as UTF-8") from error
    try:
        return [_parsed(text)]
    except json.JSONDecodeError as whole:
        lines = [line for line in text.split("\n") if line.strip()]
        try:
            first = _parsed(lines[0]) if len(lines) > 1 else None
            if not isinstance(first, dict):
                raise whole
            return [first, *(_parsed(line) for line in lines[1:])]
        except json.JSONDecodeError as error:
            raise CityFileInvalid(f"{file} is not JSON: {error}", hint="is the file complete?") from error


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_with_repeats, parse_constant=lambda _: None)


def _with_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of members of one name the first keeps it, the next are called ~2, ~3."""
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    result = {}
    for name, value in pairs:
        result[_free(name, result)] = value
    return result


def _free(name: str, taken: Iterable[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}~{number}"
    return free


def _assembled(version: str, documents: Sequence[Mapping[str, Any]], file: str) -> CityModel:
    head = documents[0]
    scale, translate = _transform(head.get("transform"))
    objects: dict[str, Object] = {}
    block: dict[str, int] = {}
    vertices: list[Float64] = []
    issues: list[Issue] = []
    for document in documents:
        vertices.append(_points(document.get("vertices", [])) * scale + translate)
        names = {name: _free(name, objects) for name in document["CityObjects"]}
        for name, entity in document["CityObjects"].items():
            _require_object(name, entity)
            known = names[name]
            objects[known] = entity if known == name else {**entity, **_renamed(entity, names)}
            block[known] = len(vertices) - 1
            if known != name or "~" in name:
                issues += _repeat(name, known, document["CityObjects"], file)
    templates = head.get("geometry-templates") or {}
    if not all(isinstance(template, dict) for template in templates.get("templates", [])):
        raise ValueError("a geometry template that is no object")
    issues += _appearance(documents, file)
    system = (head.get("metadata") or {}).get("referenceSystem")
    return CityModel(
        version,
        system if isinstance(system, str) and system.strip() else None,
        templates.get("templates", []),
        _points(templates.get("vertices-templates", [])),
        objects,
        block,
        vertices,
        tuple(issues),
    )


def _transform(transform: Mapping[str, Any] | None) -> tuple[Float64, Float64]:
    if not transform:
        return np.ones(3), np.zeros(3)
    scale, translate = (np.array(transform[key], dtype=np.float64) for key in ("scale", "translate"))
    if scale.shape != (3,) or translate.shape != (3,) or not np.isfinite([scale, translate]).all() or not scale.all():
        raise ValueError("a transform that is not three scales and three translations")
    return scale, translate


def _points(rows: Any) -> Float64:
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _require_object(name: str, entity: Any) -> None:
    if not isinstance(entity, dict) or not isinstance(entity.get("type"), str):
        raise ValueError(f"CityObjects/{name} has no type")
    listed = {member: entity[member] for member in ("geometry", "parents", "children") if entity.get(member) is not None}
    good = isinstance(entity.get("attributes") or {}, dict) and all(isinstance(value, list) for value in listed.values())
    if good:
        names = [*listed.get("parents", ()), *listed.get("children", ())]
        good = all(isinstance(one, str) for one in names)
        good = good and all(isinstance(one, dict) and isinstance(one.get("type"), str) for one in listed.get("geometry", ()))
    if not good:
        raise ValueError(f"CityObjects/{name}: attributes, geometry, parents or children are not what the standard says")


def _renamed(entity: Object, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        member: [names.get(name, name) for name in entity[member]] for member in ("parents", "children") if entity.get(member) is not None
    }


def _repeat(name: str, known: str, beside: Mapping[str, Any], file: str) -> list[Issue]:
    stem, _, number = known.rpartition("~")
    if known == name and not (number.isdigit() and stem in beside):
        return []
    message = f"the id {stem} occurs again; this object is {known}"
    return [Issue(code="ROW_ID_DUPLICATE", path=f"CityObjects/{known}", message=message, source=file)]


def _appearance(documents: Sequence[Mapping[str, Any]], file: str) -> list[Issue]:
    counts = {"materials": 0, "textures": 0}
    for document in documents:
        for kind in counts:
            counts[kind] += len((document.get("appearance") or {}).get(kind) or ())
    if not any(counts.values()):
        return []
    message = f"its {counts['materials']} materials and {counts['textures']} textures are not shown: colours tell the kinds of surface"
    return [Issue(code="APPEARANCE_UNUSED", path="appearance", message=message, severity=Severity.INFO, source=file)]
