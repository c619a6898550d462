"""The one property table of a glb (EXT_structural_metadata): who each feature is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.feature import PUBLIC, Feature, Kind

__all__ = ["CLASS_ID", "NUMBERS", "STRINGS", "Column", "property_columns", "schema", "visible_id"]

CLASS_ID = "feature"
STRINGS = ("id", "global_id", "class", "name", "storey", "space", "kind")
NUMBERS = ("z_min", "z_max")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column: `values` as bytes (uint8, or float32 for a number) and, for strings, `offsets` (rows + 1) uint32 into them."""

    name: str
    values: NDArray[np.uint8] | NDArray[np.float32]
    offsets: NDArray[np.uint32] | None = None


def schema() -> dict[str, Any]:
    """The schema every glb carries; z in metres of the site frame."""
    strings = {name: {"type": "STRING", "required": True} for name in STRINGS}
    numbers = {name: {"type": "SCALAR", "componentType": "FLOAT32", "required": True} for name in NUMBERS}
    return {"id": "pingshan_twin", "classes": {CLASS_ID: {"name": "Feature", "properties": strings | numbers}}}


def property_columns(
    features: Sequence[Feature], label: str, labels: Mapping[str, str], z_low: NDArray[np.float64], z_high: NDArray[np.float64]
) -> list[Column]:
    """The columns of the features of one content, in row order.

    `label` is the content's, `labels` those of all features of the layer: a storey or room that a reader of this content
    may not know of leaves an empty string. `z_low`, `z_high` (n,) site-frame metres, rounded outwards to float32.
    """
    rows: dict[str, list[str]] = {
        "id": [str(feature.id) for feature in features],
        "global_id": [feature.source.global_id or "" for feature in features],
        "class": [feature.class_name for feature in features],
        "name": [feature.name or feature.long_name or "" for feature in features],
        "storey": [visible_id(_own_storey(feature), label, labels) for feature in features],
        "space": [visible_id(feature.space, label, labels) for feature in features],
        "kind": [feature.kind.value for feature in features],
    }
    low, high = z_low.astype(np.float32), z_high.astype(np.float32)
    low = np.where(low > z_low, np.nextafter(low, np.float32(-np.inf)), low).astype(np.float32)
    high = np.where(high < z_high, np.nextafter(high, np.float32(np.inf)), high).astype(np.float32)
    return [_string_column(name, rows[name]) for name in STRINGS] + [Column("z_min", low), Column("z_max", high)]


def visible_id(feature_id: str | None, label: str, labels: Mapping[str, str]) -> str:
    """The id where whoever may read content of `label` may know of the feature (same label, or public), else an empty string.

    Of a feature that `labels` does not hold nobody may know.
    """
    return feature_id if feature_id is not None and labels.get(feature_id) in (PUBLIC, label) else ""


def _own_storey(feature: Feature) -> str | None:
    return feature.id if feature.kind is Kind.STOREY else feature.storey


def _string_column(name: str, texts: Sequence[str]) -> Column:
    encoded = [text.encode() for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in encoded])]).astype(np.uint32)
    return Column(name, np.frombuffer(b"".join(encoded) or b"\0", dtype=np.uint8), offsets)
