"""Assets ↔ BIM elements by GlobalId, asset code, tag and serial; columns in, columns out (two million assets, fifty thousand elements)."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from twin.link.facts import WorkItem
from twin.link.families import classes_agree

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ELEMENT_COLUMNS", "ElementLinks", "element_row", "match_elements"]

ELEMENT_COLUMNS = ("id", "class_name", "global_id", "asset_identifier", "bar_code", "tag_number", "tag", "serial")
"""What `match_elements` reads of an element, all text; `element_row` makes them."""

_KEYS = (
    ("global_id", "global_id", 1.0),
    ("code", "asset_identifier", 0.99),
    ("tag", "bar_code", 0.97),
    ("tag", "tag_number", 0.97),
    ("code", "tag_number", 0.95),
    ("serial", "serial", 0.95),
    ("tag", "tag", 0.9),
)
_CLASS_DIFFERS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementLinks:
    """`links`: columns asset_id, element_id, method (`asset column=element column`), confidence; `items` the contradictions."""

    links: "pa.Table"
    items: tuple[WorkItem, ...]


def element_row(feature_id: str, global_id: str, class_name: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """One element as `match_elements` reads it, from the properties of its feature (`property_sets`, `attributes.tag`)."""
    stated: dict[str, str] = {}
    for values in (properties.get("property_sets") or {}).values():
        for name, value in values.items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                stated.setdefault(_fold_name(name), str(value))
    row = {"id": feature_id, "class_name": class_name, "global_id": global_id}
    for column, names in _words("properties").items():
        row[column] = next((stated[name] for name in map(_fold_name, names) if name in stated), "")
    row["tag"] = str((properties.get("attributes") or {}).get("tag") or "")
    return row


def match_elements(assets: "pa.Table", elements: "pa.Table") -> ElementLinks:
    """Links of assets (text columns id and, as far as they exist, global_id, code, tag, serial, name, class_code) to elements
    (`ELEMENT_COLUMNS`). A key that several elements bear, or that is a placeholder, ties nothing; an asset whose keys lead to
    different elements, and assets that claim one element with equal keys, are not linked.

    Findings: `LINK_ASSETS_SHARE_ELEMENT`, `LINK_CLASS_DIFFERS`, `LINK_KEYS_DISAGREE`, `LINK_KEY_NOT_UNIQUE`.
    """
    import numpy as np

    items: list[WorkItem] = []
    claims: dict[int, dict[int, tuple[float, str]]] = {}
    for asset_column, element_column, confidence in _KEYS:
        if asset_column not in assets.column_names or element_column not in elements.column_names:
            continue
        keys, rows, doubled = _unique(elements[element_column].to_pylist(), exact=element_column == "global_id")
        items += _doubled(element_column, doubled, elements)
        found = _look_up(assets[asset_column], keys, exact=element_column == "global_id")
        for asset in np.flatnonzero(found >= 0).tolist():
            claim = claims.setdefault(asset, {})
            claim.setdefault(rows[found[asset]], (confidence, f"{asset_column}={element_column}"))
    return _decide(claims, assets, elements, items)


def _decide(
    claims: Mapping[int, Mapping[int, tuple[float, str]]], assets: "pa.Table", elements: "pa.Table", items: list[WorkItem]
) -> ElementLinks:
    import pyarrow as pa

    asset_at, element_at = _cells(assets, "id"), _cells(elements, "id")
    by_element: dict[int, list[tuple[float, int, str]]] = {}
    for asset, claim in claims.items():
        if len(claim) > 1:
            items.append(_disagree(asset_at(asset), {element_at(row): method for row, (_, method) in claim.items()}))
            continue
        ((row, (confidence, method)),) = claim.items()
        by_element.setdefault(row, []).append((confidence, asset, method))
    linked: dict[str, list[Any]] = {"asset_id": [], "element_id": [], "method": [], "confidence": []}
    name, code, ifc_class = _cells(assets, "name"), _cells(assets, "class_code"), _cells(elements, "class_name")
    for row, rivals in by_element.items():
        rivals.sort(key=lambda rival: (-rival[0], rival[1]))
        if len(rivals) > 1:
            items.append(_shared(element_at(row), [asset_at(asset) for _, asset, _ in rivals], rivals[0][0] > rivals[1][0]))
            if rivals[0][0] == rivals[1][0]:
                continue
        confidence, asset, method = rivals[0]
        if classes_agree(name(asset), code(asset), ifc_class(row)) is False:
            items.append(_class_differs(asset_at(asset), element_at(row), name(asset) or code(asset), ifc_class(row)))
            confidence = round(confidence - _CLASS_DIFFERS, 3)
        for column, value in zip(linked, (asset_at(asset), element_at(row), method, confidence), strict=True):
            linked[column].append(value)
    schema = pa.schema([("asset_id", pa.string()), ("element_id", pa.string()), ("method", pa.string()), ("confidence", pa.float64())])
    return ElementLinks(links=pa.table(linked, schema=schema), items=tuple(items))


def _look_up(column: "pa.ChunkedArray", keys: Sequence[str], *, exact: bool) -> Any:
    """Row number of each text among the keys, −1 where it is none: int64 (n,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = column.cast(pa.string())
    if not exact:
        text = pc.replace_substring_regex(pc.utf8_upper(pc.utf8_normalize(text, form="NFKC")), pattern=r"\s+", replacement="")
    return pc.fill_null(pc.index_in(text, value_set=pa.array(keys, pa.string())), -1).to_numpy()


def _unique(texts: Iterable[str | None], *, exact: bool) -> tuple[list[str], list[int], dict[str, list[int]]]:
    """Keys that one element alone bears, their rows, and those that several bear; placeholders are neither."""
    rows: dict[str, list[int]] = {}
    placeholders = _placeholders()
    for row, text in enumerate(texts):
        key = (text or "") if exact else _fold(text or "")
        if key and key not in placeholders:
            rows.setdefault(key, []).append(row)
    alone = [key for key, at in rows.items() if len(at) == 1]
    return alone, [rows[key][0] for key in alone], {key: at for key, at in rows.items() if len(at) > 1}


def _cells(table: "pa.Table", column: str) -> Any:
    if column not in table.column_names:
        return lambda _row: ""
    cells = table[column].combine_chunks()
    return lambda row: str(cells[row].as_py() or "")


def _doubled(column: str, doubled: Mapping[str, Sequence[int]], elements: "pa.Table") -> list[WorkItem]:
    at = _cells(elements, "id")
    return [
        WorkItem(
            code="LINK_KEY_NOT_UNIQUE",
            record_ids=(),
            space_ids=tuple(at(row) for row in rows),
            message=f"{len(rows)} elements bear the {column} {key!r}: it ties nothing",
            facts={"column": column, "key": key},
        )
        for key, rows in doubled.items()
    ]


def _disagree(asset_id: str, found: Mapping[str, str]) -> WorkItem:
    message = "its keys lead to different elements: " + ", ".join(f"{method} to {element}" for element, method in found.items())
    return WorkItem(code="LINK_KEYS_DISAGREE", record_ids=(asset_id,), space_ids=tuple(found), message=message, facts=dict(found))


def _shared(element_id: str, asset_ids: Sequence[str], decided: bool) -> WorkItem:
    outcome = f"{asset_ids[0]} has the stronger key" if decided else "none is linked"
    return WorkItem(
        code="LINK_ASSETS_SHARE_ELEMENT",
        record_ids=tuple(asset_ids),
        space_ids=(element_id,),
        message=f"{len(asset_ids)} assets claim one element; {outcome}",
    )


def _class_differs(asset_id: str, element_id: str, said: str, ifc_class: str) -> WorkItem:
    return WorkItem(
        code="LINK_CLASS_DIFFERS",
        record_ids=(asset_id,),
        space_ids=(element_id,),
        message=f"the register says {said!r}, the model {ifc_class}",
        facts={"register": said, "model": ifc_class},
    )


def _fold(text: str) -> str:
    import unicodedata

    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def _fold_name(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads((files("twin.link") / "data" / "element_keys.toml").read_text("utf-8"))


def _words(section: str) -> Mapping[str, Sequence[str]]:
    words: Mapping[str, Sequence[str]] = _table()[section]
    return words


@cache
def _placeholders() -> frozenset[str]:
    return frozenset(_fold(word) for word in _words("placeholders")["words"])
