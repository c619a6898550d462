"""What stands in a package beside its rows: the manifest with hashes, counts and the package before it, and the schema of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spatial.source import bytes_sha256
from twin.queries.share.fields import GEOMETRY, NAMES
from twin.queries.share.masks import MASKS
from twin.queries.share.plan import Plan
from twin.queries.share.terms import DATASET, FORMATS
from twin.store.values import to_json

__all__ = ["FORM", "MANIFEST", "REMOVED", "SCHEMA", "Counts", "definition_of", "file_entry", "rows_name", "schema_document", "written"]

FORM = "twin-share-1"
MANIFEST, SCHEMA, REMOVED = "manifest.json", "schema.json", "removed.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of a package: `rows = added + changed`; `total` is what the receiver holds after it: what it held + added - removed."""

    rows: int
    added: int
    changed: int
    removed: int
    total: int

    def to_json(self) -> dict[str, int]:
        """As the manifest says them."""
        return asdict(self)


def rows_name(plan: Plan) -> str:
    """The file of rows."""
    return f"rows.{FORMATS[plan.dataset.format].suffix}"


def definition_of(plan: Plan, key_fingerprint: str) -> str:
    """SHA-256 of all that says what leaves: another one makes a new full package."""
    dataset, receiver = asdict(plan.dataset), asdict(plan.receiver)
    for one in (dataset, receiver):
        one |= {name: sorted(value) for name, value in one.items() if isinstance(value, frozenset)}
    names = [(column.shared.name, column.type, column.zh, column.en) for column in plan.columns]
    return bytes_sha256(to_json([FORM, dataset, receiver, names, plan.crs.uri, key_fingerprint], canonical=True).encode())


def schema_document(plan: Plan) -> dict[str, Any]:
    """信息项: each field with its names in Chinese and English, its type and what was done to it; JSON."""
    masked_id = "hash" if plan.dataset.hashed else None
    fields = [_field("id", "string", *NAMES["id"], masked_id, "行的标识 · identifier of the row")]
    for column in plan.columns:
        mask = column.shared.mask
        fields.append(_field(column.shared.name, column.type, column.zh, column.en, mask.kind if mask else None, column.shared.about))
    if plan.shape is not None:
        mask = plan.shape.mask
        fields.append(_field(GEOMETRY, GEOMETRY, *NAMES[GEOMETRY], mask.kind if mask else None, plan.shape.about))
    return {
        "form": FORM,
        "dataset": plan.dataset.name,
        "crs": plan.crs.uri if plan.shape is not None else None,
        "信息项": fields,
    }


def dataset_document(plan: Plan) -> dict[str, Any]:
    """What the catalogue says of the dataset, by the names of the guide, with their English."""
    terms = {**plan.dataset.terms, "信息资源格式": FORMATS[plan.dataset.format].named}
    english = {name: DATASET[name].en if name in DATASET else "format" for name in terms}
    return {"name": plan.dataset.name, **terms, "en": english}


def receiver_document(plan: Plan) -> dict[str, Any]:
    """Who receives."""
    return {"name": plan.receiver.name, **plan.receiver.terms}


def written(path: Path, document: Mapping[str, Any]) -> str:
    """Write a document, the same bytes for the same content; its SHA-256."""
    content = (to_json(document, canonical=True) + "\n").encode()
    path.write_bytes(content)
    return bytes_sha256(content)


def file_entry(path: Path) -> dict[str, Any]:
    """Name, length and SHA-256 of a file of the package."""
    import hashlib

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}


def _field(name: str, type_: str, zh: str, en: str, mask: str | None, about: str) -> dict[str, Any]:
    words = {"zh": MASKS[mask].zh, "en": MASKS[mask].en} if mask else None
    return {"name": name, "名称": zh, "en": en, "数据类型": type_, "mask": words and {"kind": mask, **words}, "描述": about}
